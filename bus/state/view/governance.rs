//! Negotiations, held messages and held threads as plain data.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::event::Held;
use crate::message::MessageType;
use crate::name::{MessageId, RepoName, Seq};
use crate::payload::{Outcome, Vote};
use crate::state::hold::{HeldThread, Hold};
use crate::state::negotiation::{Ballot, Negotiation, Resolution, Round, Standing, Tally};
use crate::state::record::Record;
use crate::time::Millis;

/// A proposal that was put to the vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NegotiationView {
    /// The message with the proposal.
    pub id: MessageId,
    /// The event that accepted it.
    pub seq: Seq,
    /// The id of the message that its thread began with.
    pub thread: MessageId,
    /// Who proposed it.
    pub proposer: RepoName,
    /// Whose votes count, sorted.
    pub voters: Vec<RepoName>,
    /// Whether nobody may reject it, or a majority is enough.
    pub requires_consensus: bool,
    /// What the votes of the last round come to.
    pub standing: Standing,
    /// Every wording, the first one first.
    pub rounds: Vec<RoundView>,
    /// The votes of the last round.
    pub tally: Tally,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<ResolutionView>,
}

/// One wording of a proposal, and the votes on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundView {
    /// Its number, from 1.
    pub round: usize,
    /// The message with the wording.
    pub message: MessageId,
    /// The event that accepted it.
    pub seq: Seq,
    /// Who worded it.
    pub by: RepoName,
    /// When it began.
    pub at: Millis,
    /// When its time is up.
    pub expires_at: Millis,
    /// The last vote of each voter that has voted.
    pub ballots: Vec<BallotView>,
}

/// A vote as it was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BallotView {
    /// The voter.
    pub repo: RepoName,
    /// What it said.
    pub vote: Vote,
    /// The message that said it.
    pub message: MessageId,
    /// When that was.
    pub at: Millis,
}

/// How a negotiation ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolutionView {
    /// The end.
    pub outcome: Outcome,
    /// Who said so: the operator, the proposer, or the bus.
    pub by: RepoName,
    /// The message that said it.
    pub message: MessageId,
    /// Whether the operator decided against the votes, or without them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overridden: bool,
    /// When that was.
    pub at: Millis,
}

/// A message that is kept back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldView {
    /// Its id.
    pub id: MessageId,
    /// The event that accepted it.
    pub seq: Seq,
    /// The id of the message that its thread began with.
    pub thread: MessageId,
    /// Who sent it.
    pub from: RepoName,
    /// Who does not get it before it is released.
    pub to: Vec<RepoName>,
    /// Its type.
    pub kind: MessageType,
    /// Why.
    pub held: Held,
    /// Since when.
    pub since: Millis,
    /// When it is stale.
    pub expires_at: Millis,
    /// Whether the operator was told that this is soon.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expiring: bool,
    /// Whether the operator has changed it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub amended: bool,
}

/// A thread in which every message is kept back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldThreadView {
    /// The id of the message that it began with.
    pub thread: MessageId,
    /// Why.
    pub reason: String,
    /// The event since which it is held.
    pub seq: Seq,
    /// When that was.
    pub since: Millis,
}

impl NegotiationView {
    /// The view of `one`.
    pub fn of(one: &Negotiation) -> Self {
        Self {
            id: one.id.clone(),
            seq: one.seq,
            thread: (*one.thread).clone(),
            proposer: one.proposer.clone(),
            voters: one.voters.clone(),
            requires_consensus: one.requires_consensus,
            standing: one.standing,
            rounds: one.rounds().zip(1..).map(|(round, number)| RoundView::of(round, number)).collect(),
            tally: one.tally(),
            resolution: one.resolution.as_ref().map(ResolutionView::of),
        }
    }
}

impl Negotiation {
    /// The negotiation that a view is of; `None` when it has no round.
    pub fn of(view: &NegotiationView) -> Option<Self> {
        let mut earlier: Vec<_> = view.rounds.iter().map(RoundView::round).collect();
        let round = earlier.pop()?;
        Some(Self {
            seq: view.seq,
            id: view.id.clone(),
            thread: Arc::new(view.thread.clone()),
            proposer: view.proposer.clone(),
            voters: view.voters.clone(),
            requires_consensus: view.requires_consensus,
            earlier,
            round,
            standing: view.standing,
            resolution: view.resolution.as_ref().map(ResolutionView::resolution),
        })
    }
}

impl RoundView {
    fn round(&self) -> Round {
        let ballot = |one: &BallotView| {
            let ballot = Ballot { vote: one.vote, message: one.message.clone(), at: one.at };
            (one.repo.clone(), ballot)
        };
        Round {
            seq: self.seq,
            message: self.message.clone(),
            by: self.by.clone(),
            at: self.at,
            expires_at: self.expires_at,
            ballots: self.ballots.iter().map(ballot).collect(),
        }
    }

    fn of(one: &Round, round: usize) -> Self {
        let ballots = one.ballots.iter().map(|(repo, ballot)| BallotView {
            repo: repo.clone(),
            vote: ballot.vote,
            message: ballot.message.clone(),
            at: ballot.at,
        });
        Self {
            round,
            message: one.message.clone(),
            seq: one.seq,
            by: one.by.clone(),
            at: one.at,
            expires_at: one.expires_at,
            ballots: ballots.collect(),
        }
    }
}

impl ResolutionView {
    fn resolution(&self) -> Resolution {
        let Self { outcome, by, message, overridden, at } = self.clone();
        Resolution { outcome, by, message, overridden, at }
    }

    fn of(one: &Resolution) -> Self {
        let Resolution { outcome, by, message, overridden, at } = one.clone();
        Self { outcome, by, message, overridden, at }
    }
}

impl HoldView {
    /// The view of a message and why it is held.
    pub fn of(record: &Record, hold: &Hold) -> Self {
        let to = record.deliveries.iter().filter(|delivery| delivery.stage.is_open());
        Self {
            id: record.id.clone(),
            seq: record.seq,
            thread: (*record.thread).clone(),
            from: record.from.clone(),
            to: to.map(|delivery| delivery.repo.clone()).collect(),
            kind: record.kind,
            held: hold.held.clone(),
            since: record.at,
            expires_at: record.expires_at,
            expiring: hold.is_expiring,
            amended: hold.is_amended,
        }
    }
}

impl HeldThreadView {
    /// The view of a thread and why it is held.
    pub fn of(thread: &MessageId, held: &HeldThread) -> Self {
        Self { thread: thread.clone(), reason: held.reason.clone(), seq: held.seq, since: held.at }
    }
}
