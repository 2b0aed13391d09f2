//! Negotiations: proposals, their rounds, and what the votes come to.
//!
//! ```text
//! open ──▶ consensus │ rejected │ split ──▶ approved │ rejected │ expired │ withdrawn
//!   ▲          └──────────┬─────────┘
//!   └──── next round ◀────┘   (a counter-proposal, or the operator's amendment)
//! ```
//!
//! The voters are the `affected_repos` of the proposal. Who words a round and is a voter has accepted it. The last vote
//! of each counts until the negotiation is resolved; votes start again with each round.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Keep;
use crate::event::{Resolved, Tallied, Voted};
use crate::name::{MessageId, RepoName, Seq};
use crate::payload::{Outcome, Vote};
use crate::time::Millis;

/// How many resolved negotiations are remembered.
const RESOLVED: usize = 10_000;

/// What the votes of a round come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Votes are missing, and there is time.
    Open,
    /// The proposal is carried: with `requires_consensus` nobody rejects it, without it more accept than reject it.
    Consensus,
    /// It is not: more reject than accept it, or with `requires_consensus`, somebody rejects it and nobody but who
    /// worded it accepts it.
    Rejected,
    /// Neither.
    Split,
}

impl Standing {
    /// The name as it stands in a frame.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Consensus => "consensus",
            Self::Rejected => "rejected",
            Self::Split => "split",
        }
    }
}

/// A vote as it was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ballot {
    /// What was said.
    pub vote: Vote,
    /// The message that said it.
    pub message: MessageId,
    /// When that was.
    pub at: Millis,
}

/// One wording of the proposal, and the votes on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// The event that accepted the message with the wording.
    pub seq: Seq,
    /// That message.
    pub message: MessageId,
    /// Who worded it.
    pub by: RepoName,
    /// When it began.
    pub at: Millis,
    /// When its time is up.
    pub expires_at: Millis,
    /// The last vote of each voter that has voted.
    pub ballots: BTreeMap<RepoName, Ballot>,
}

/// How a negotiation ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// The end.
    pub outcome: Outcome,
    /// Who said so: the operator, the proposer, or the bus.
    pub by: RepoName,
    /// The message that said it.
    pub message: MessageId,
    /// Whether the operator decided against the votes, or without them.
    pub overridden: bool,
    /// When that was.
    pub at: Millis,
}

/// How many voters have voted how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// For it.
    pub accept: usize,
    /// Against it.
    pub reject: usize,
    /// Neither.
    pub abstain: usize,
    /// Not yet.
    pub waiting: usize,
}

/// A proposal that was put to the vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Negotiation {
    /// The event with which it began: the proposal was accepted, or released.
    pub seq: Seq,
    /// The message with the proposal, which names the negotiation.
    pub id: MessageId,
    /// The id of the message that its thread began with.
    pub thread: Arc<MessageId>,
    /// Who proposed it.
    pub proposer: RepoName,
    /// Whose votes count, sorted.
    pub voters: Vec<RepoName>,
    /// Whether nobody may reject it, or a majority is enough.
    pub requires_consensus: bool,
    /// What was put to the vote before.
    pub earlier: Vec<Round>,
    /// What is, or was last.
    pub round: Round,
    /// What the votes of that round come to, as it was last told.
    pub standing: Standing,
    /// How it ended.
    pub resolution: Option<Resolution>,
}

impl Negotiation {
    /// Every round, the first one first.
    pub fn rounds(&self) -> impl DoubleEndedIterator<Item = &Round> {
        self.earlier.iter().chain([&self.round])
    }

    /// The number of the last round, from 1.
    pub fn round_number(&self) -> u32 {
        u32::try_from(self.earlier.len() + 1).unwrap_or(u32::MAX)
    }

    /// Whether votes still count.
    pub fn is_open(&self) -> bool {
        self.resolution.is_none()
    }

    /// Whether the votes are in, and the operator has the word.
    pub fn is_awaiting(&self) -> bool {
        self.is_open() && self.standing != Standing::Open
    }

    /// Whether `repo`'s vote counts.
    pub fn is_voter(&self, repo: &RepoName) -> bool {
        self.voters.binary_search(repo).is_ok()
    }

    /// Everyone whom it concerns: the proposer, the voters, and who worded a round.
    pub fn involved(&self) -> BTreeSet<&RepoName> {
        let worded = self.rounds().map(|round| &round.by);
        self.voters.iter().chain([&self.proposer]).chain(worded).collect()
    }

    /// The voters that have not voted in the last round.
    pub fn waiting_for(&self) -> impl Iterator<Item = &RepoName> {
        self.voters.iter().filter(|voter| !self.round.ballots.contains_key(*voter))
    }

    /// The votes of the last round.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally { waiting: self.waiting_for().count(), ..Tally::default() };
        for ballot in self.round.ballots.values() {
            match ballot.vote {
                Vote::Accept => tally.accept += 1,
                Vote::Reject | Vote::Counter => tally.reject += 1,
                Vote::Abstain => tally.abstain += 1,
            }
        }
        tally
    }

    /// What the votes of the last round come to at the moment `now`; `None` when its time is up and they come to nothing.
    pub fn count(&self, now: Millis) -> Option<Standing> {
        let tally = self.tally();
        if tally.waiting > 0 && now < self.round.expires_at {
            return Some(Standing::Open);
        }
        if self.requires_consensus { self.consensus(tally) } else { self.majority(tally) }
    }

    /// A vote that is missing is no consent.
    fn consensus(&self, tally: Tally) -> Option<Standing> {
        if tally.reject == 0 {
            // Where all abstain, nobody stands in its way, and nobody for it.
            let standing = if tally.accept > 0 { Standing::Consensus } else { Standing::Split };
            return (tally.waiting == 0).then_some(standing);
        }
        let is_another =
            |(voter, ballot): (&RepoName, &Ballot)| *voter != self.round.by && ballot.vote == Vote::Accept;
        Some(if self.round.ballots.iter().any(is_another) { Standing::Split } else { Standing::Rejected })
    }

    /// Of the votes that were cast. Where nobody but who worded it has voted in time, silence does not carry it.
    fn majority(&self, tally: Tally) -> Option<Standing> {
        let is_silent = self.round.ballots.keys().all(|voter| *voter == self.round.by);
        if is_silent && tally.waiting > 0 {
            return None;
        }
        Some(match tally.accept.cmp(&tally.reject) {
            Ordering::Greater => Standing::Consensus,
            Ordering::Less => Standing::Rejected,
            Ordering::Equal => Standing::Split,
        })
    }
}

/// Those that are remembered: all that are open, and for a while those that are not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Negotiations {
    all: BTreeMap<Seq, Negotiation>,
    /// The messages that worded a round.
    worded: HashMap<MessageId, Seq>,
    /// When votes stop counting, of those that are still voted on.
    deadlines: BTreeSet<(Millis, Seq)>,
    /// The resolved ones, in the order in which they were.
    resolved: VecDeque<Seq>,
}

impl Negotiations {
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Negotiation> {
        self.all.values()
    }

    pub(super) fn get(&self, seq: Seq) -> Option<&Negotiation> {
        self.all.get(&seq)
    }

    pub(super) fn first(&self) -> Option<Seq> {
        self.all.keys().next().copied()
    }

    /// The one in which `message` worded a round.
    pub(super) fn of(&self, message: &MessageId) -> Option<&Negotiation> {
        self.all.get(self.worded.get(message)?)
    }

    /// How many are not resolved.
    pub(super) fn open_ones(&self) -> usize {
        self.all.len() - self.resolved.len()
    }

    pub(super) fn next_deadline(&self) -> Option<Millis> {
        self.deadlines.first().map(|&(at, _)| at)
    }

    pub(super) fn overdue(&self, now: Millis) -> impl Iterator<Item = &Negotiation> {
        let due = self.deadlines.iter().take_while(move |&&(at, _)| at <= now);
        due.filter_map(|(_, seq)| self.all.get(seq))
    }

    pub(super) fn open(&mut self, negotiation: Negotiation) {
        let (seq, round) = (negotiation.seq, &negotiation.round);
        self.deadlines.insert((round.expires_at, seq));
        self.worded.insert(round.message.clone(), seq);
        self.all.insert(seq, negotiation);
    }

    fn of_mut(&mut self, message: &MessageId) -> Option<&mut Negotiation> {
        self.all.get_mut(self.worded.get(message)?)
    }

    pub(super) fn voted(&mut self, voted: &Voted, at: Millis) {
        let Some(negotiation) = self.of_mut(&voted.negotiation) else { return };
        let ballot = Ballot { vote: voted.vote, message: voted.message.clone(), at };
        negotiation.round.ballots.insert(voted.repo.clone(), ballot);
    }

    /// What was said so far stays as it is, and the votes begin anew.
    pub(super) fn next_round(&mut self, negotiation: &MessageId, round: Round) {
        let Some(found) = self.of_mut(negotiation) else { return };
        let (seq, before, now) = (found.seq, found.round.expires_at, round.expires_at);
        let message = round.message.clone();
        found.earlier.push(std::mem::replace(&mut found.round, round));
        found.standing = Standing::Open;
        self.worded.insert(message, seq);
        self.deadlines.remove(&(before, seq));
        self.deadlines.insert((now, seq));
    }

    pub(super) fn tallied(&mut self, tallied: &Tallied) {
        let Some(found) = self.of_mut(&tallied.negotiation) else { return };
        found.standing = tallied.standing;
        let key = (found.round.expires_at, found.seq);
        self.deadlines.remove(&key);
    }

    pub(super) fn resolved(&mut self, resolved: &Resolved, at: Millis) {
        let Some(found) = self.of_mut(&resolved.negotiation).filter(|found| found.is_open()) else { return };
        let Resolved { outcome, overridden, .. } = *resolved;
        let (by, message) = (resolved.by.clone(), resolved.message.clone());
        found.resolution = Some(Resolution { outcome, by, message, overridden, at });
        let (deadline, seq) = (found.round.expires_at, found.seq);
        self.deadlines.remove(&(deadline, seq));
        self.resolved.push_back(seq);
    }

    /// Forgets those that were resolved at least `keep.retention` before `now`, and the oldest beyond [`RESOLVED`].
    pub(super) fn forget(&mut self, now: Millis, keep: &Keep) {
        while let Some(oldest) = self.resolved.front().and_then(|seq| self.all.get(seq)) {
            let is_fresh = |resolution: &Resolution| now.since(resolution.at) < keep.retention;
            if oldest.resolution.as_ref().is_none_or(is_fresh) && self.resolved.len() <= RESOLVED {
                break;
            }
            let seq = oldest.seq;
            self.resolved.pop_front();
            if let Some(gone) = self.all.remove(&seq) {
                for round in gone.rounds() {
                    if self.worded.get(&round.message) == Some(&seq) {
                        self.worded.remove(&round.message);
                    }
                }
            }
        }
    }
}
