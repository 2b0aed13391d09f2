//! What needs the operator.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use veda_bus_core::event::{Accepted, Event, Expired, Recorded, Refused};
use veda_bus_core::message::MessageType;
use veda_bus_core::name::{MessageId, OPERATOR, RepoName, Seq};
use veda_bus_core::refusal::Code;
use veda_bus_core::state::State;
use veda_bus_core::state::negotiation::Standing;
use veda_bus_core::time::Millis;

/// How many dead letters, and refused attempts to decide, are remembered of each.
const EXPIRED: usize = 1_000;

/// How many things are listed at most.
const LISTED: usize = 2_000;

/// How many overdue answers are looked at, those that were due first.
const OVERDUE: usize = 5_000;

/// Something that needs the operator. It is named by the event that it began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// A message that is kept back until the operator lets it go.
    Held(Seq),
    /// A thread in which everything is kept back.
    Halted(Seq),
    /// A proposal that is put to the vote and has no outcome. While votes are missing it needs the voters, not the
    /// operator, and is listed behind all that does.
    Negotiation(Seq),
    /// A message to the operator, which was not answered.
    Message(Seq),
    /// Somebody who is not the operator wanted to decide, and was refused.
    Attempt(Seq),
    /// Rules that were not taken over, or that may not be meant.
    Rules(Seq),
    /// A request that was not answered in time.
    Overdue(Seq),
    /// A message that somebody never read in time: a dead letter.
    Expired(Seq),
}

impl Need {
    /// The event that it began with.
    pub fn seq(self) -> Seq {
        match self {
            Self::Held(seq)
            | Self::Halted(seq)
            | Self::Negotiation(seq)
            | Self::Message(seq)
            | Self::Attempt(seq)
            | Self::Rules(seq)
            | Self::Overdue(seq)
            | Self::Expired(seq) => seq,
        }
    }
}

/// Somebody who is not the operator wanted to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When.
    pub at: Millis,
    /// As which repo.
    pub repo: RepoName,
    /// Which process, where that is known.
    pub pid: Option<i32>,
    /// On which message, where that is known.
    pub id: Option<MessageId>,
    /// What it was refused with.
    pub reason: String,
}

/// A message that was not read in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The message, where it is remembered.
    pub message: Option<Seq>,
    /// When its time was up.
    pub at: Millis,
    /// Who sent it.
    pub from: RepoName,
    /// Who never read it.
    pub unread_by: Vec<RepoName>,
}

/// See the [module](self).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Needs {
    /// Messages to the operator, and whether each asks for an answer.
    messages: BTreeMap<Seq, bool>,
    /// Open negotiations, with the event since which each awaits the operator.
    votes: BTreeMap<Seq, Option<Seq>>,
    /// Held messages, with the event that told that one is soon stale.
    holds: BTreeMap<Seq, Option<Seq>>,
    attempts: BTreeMap<Seq, Attempt>,
    /// The event that told that something is wrong with the rules.
    rules: Option<Seq>,
    expired: BTreeMap<Seq, DeadLetter>,
    dismissed: HashSet<Seq>,
    /// The last list that was made, while nothing about it changes: a frame asks for it again and again.
    #[serde(skip)]
    listed: RefCell<Option<Listed>>,
}

/// A list, and the time for which it is right.
#[derive(Debug, Clone)]
struct Listed {
    needs: Arc<Vec<Need>>,
    /// How many of them, from the first on, need the operator and nobody else.
    pressing: usize,
    from: Millis,
    until: Option<Millis>,
}

impl Needs {
    /// Nothing but what was dismissed.
    pub(super) fn restarted(self) -> Self {
        Self { dismissed: self.dismissed, ..Self::default() }
    }

    /// Takes the next event in, after `state` did.
    pub(super) fn apply(&mut self, state: &State, recorded: &Recorded) {
        match &recorded.event {
            Event::Accepted(accepted) => self.accepted(recorded.seq, accepted),
            Event::Read(moved) if moved.repo.is_operator() => {
                for record in moved.ids.iter().filter_map(|id| state.message(id)) {
                    // What asks for no answer has done its work when it was read.
                    if self.messages.get(&record.seq) == Some(&false) {
                        self.messages.remove(&record.seq);
                    }
                }
            }
            Event::Expired(expired) => self.expired(state, recorded, expired),
            Event::Refused(refused) if refused.code == Code::OperatorOnly => {
                self.attempted(recorded, refused);
            }
            Event::Proposed(_) | Event::Round(_) | Event::Tallied(_) | Event::Resolved(_) => {
                self.voted(state, recorded);
            }
            Event::Released(_) | Event::Denied(_) | Event::Expiring(_) => self.held(state, recorded),
            Event::Configured(configured) => {
                let is_wrong = !configured.problems.is_empty() || !configured.warnings.is_empty();
                self.rules = is_wrong.then_some(recorded.seq);
            }
            Event::Checkpoint(checkpoint) if self.rules.is_none() => {
                let wrong = checkpoint.configured.as_ref();
                let wrong = wrong.filter(|rules| !rules.problems.is_empty() || !rules.warnings.is_empty());
                self.rules = wrong.map(|_| recorded.seq);
            }
            Event::Answered(_) | Event::Halted(_) | Event::Continued(_) => {}
            _ => return,
        }
        *self.listed.get_mut() = None;
    }

    fn expired(&mut self, state: &State, recorded: &Recorded, expired: &Expired) {
        let message = state.message(&expired.id).map(|record| record.seq);
        if let Some(seq) = message {
            self.holds.remove(&seq);
        }
        let (from, unread_by) = (expired.from.clone(), expired.unread_by.clone());
        self.expired.insert(recorded.seq, DeadLetter { message, at: recorded.at, from, unread_by });
        while self.expired.len() > EXPIRED {
            self.expired.pop_first();
        }
    }

    fn attempted(&mut self, recorded: &Recorded, refused: &Refused) {
        let Refused { repo, id, reason, pid, .. } = refused.clone();
        self.attempts.insert(recorded.seq, Attempt { at: recorded.at, repo, pid, id, reason });
        while self.attempts.len() > EXPIRED {
            self.attempts.pop_first();
        }
    }

    /// What became of a vote. Whenever it comes to something else, it calls for the operator anew.
    fn voted(&mut self, state: &State, recorded: &Recorded) {
        let (id, awaits) = match &recorded.event {
            Event::Proposed(proposed) => (&proposed.negotiation, false),
            Event::Round(round) => (&round.negotiation, false),
            Event::Tallied(tallied) => (&tallied.negotiation, tallied.standing != Standing::Open),
            Event::Resolved(resolved) => (&resolved.negotiation, false),
            _ => return,
        };
        let Some(negotiation) = state.negotiation_of(id) else { return };
        if negotiation.is_open() {
            self.votes.insert(negotiation.seq, awaits.then_some(recorded.seq));
        } else {
            self.votes.remove(&negotiation.seq);
        }
    }

    /// What became of a held message.
    fn held(&mut self, state: &State, recorded: &Recorded) {
        let (id, warning) = match &recorded.event {
            Event::Expiring(expiring) => (&expiring.id, Some(recorded.seq)),
            Event::Released(released) => (&released.id, None),
            Event::Denied(denied) => (&denied.id, None),
            _ => return,
        };
        let Some(seq) = state.message(id).map(|record| record.seq) else { return };
        match warning {
            Some(warning) => _ = self.holds.insert(seq, Some(warning)),
            None => _ = self.holds.remove(&seq),
        }
    }

    fn accepted(&mut self, seq: Seq, accepted: &Accepted) {
        let message = &accepted.message;
        let is_answer = message.payload.is_answer();
        // What is said to everyone is no more for the operator than for others, and what only says that a message arrived
        // needs nobody.
        let is_for_operator = message.to.repo.as_str() == OPERATOR && !message.from.repo.is_operator();
        if is_for_operator && !message.payload.is_acknowledgement() {
            self.messages.insert(seq, !is_answer && message.kind() != MessageType::Notify);
        }
        if let (true, Some(parent)) = (message.from.repo.is_operator(), accepted.parent) {
            self.messages.remove(&parent);
        }
        if accepted.held.is_some() {
            self.holds.insert(seq, None);
        }
    }

    /// What needs the operator at the moment `now`: what is held, what was voted on, messages, then what went wrong, and
    /// in the end what is still voted on. What is held comes in the order in which it will be stale, all else the newest
    /// first.
    pub fn list(&self, state: &State, now: Millis) -> Arc<Vec<Need>> {
        self.listed(state, now, |listed| Arc::clone(&listed.needs))
    }

    /// How many of them need the operator, and nobody else first.
    pub fn count(&self, state: &State, now: Millis) -> usize {
        self.listed(state, now, |listed| listed.pressing)
    }

    fn listed<T>(&self, state: &State, now: Millis, take: impl FnOnce(&Listed) -> T) -> T {
        let mut listed = self.listed.borrow_mut();
        let is_right = |listed: &Listed| listed.from <= now && listed.until.is_none_or(|until| now < until);
        if let Some(listed) = listed.as_ref().filter(|listed| is_right(listed)) {
            return take(listed);
        }
        let until = state.next_due(now);
        let (needs, pressing) = self.make_list(state, now);
        take(listed.insert(Listed { needs: Arc::new(needs), pressing, from: now, until }))
    }

    fn make_list(&self, state: &State, now: Millis) -> (Vec<Need>, usize) {
        let held = self.held_by_urgency(state).into_iter().map(Need::Held);
        let mut halted: Vec<_> = state.held_threads().map(|(_, thread)| Need::Halted(thread.seq)).collect();
        halted.sort_unstable_by(|one, other| other.cmp(one));
        let votes = |awaiting: bool| {
            let some = self.votes.iter().rev().filter(move |(_, since)| since.is_some() == awaiting);
            some.map(|(&seq, _)| Need::Negotiation(seq))
        };
        let is_more = |seq: &&Seq| self.votes.contains_key(*seq) || self.holds.contains_key(*seq);
        let messages = self.messages.keys().rev().filter(|seq| !is_more(seq)).map(|&seq| Need::Message(seq));
        let attempts = self.attempts.keys().rev().map(|&seq| Need::Attempt(seq));
        let rules = self.rules.map(Need::Rules);
        let overdue = self.overdue(state, now).into_iter().map(Need::Overdue);
        let expired = self.expired.keys().rev().map(|&seq| Need::Expired(seq));
        let asks = held.chain(halted).chain(votes(true)).chain(messages);
        let wrong = attempts.chain(rules).chain(overdue).chain(expired);
        let is_wanted = |need: &Need| !self.dismissed.contains(&self.called(*need));
        let mut needs: Vec<_> = asks.chain(wrong).filter(is_wanted).take(LISTED).collect();
        let pressing = needs.len();
        needs.extend(votes(false).filter(is_wanted).take(LISTED - pressing));
        (needs, pressing)
    }

    /// Held messages: those that are soon stale first, each in the order in which they will be.
    fn held_by_urgency(&self, state: &State) -> Vec<Seq> {
        let ends = |seq: Seq| state.record(seq).map_or(Millis(u64::MAX), |record| record.expires_at);
        let urgency = |(&seq, warned): (&Seq, &Option<Seq>)| (warned.is_none(), ends(seq), seq);
        let mut held: Vec<_> = self.holds.iter().map(urgency).collect();
        held.sort_unstable();
        held.into_iter().map(|(.., seq)| seq).collect()
    }

    /// The event with which something called for the operator last; of a vote that goes on, the event that it began
    /// with.
    pub fn called(&self, need: Need) -> Seq {
        let again = match need {
            Need::Negotiation(seq) => self.votes.get(&seq),
            Need::Held(seq) => self.holds.get(&seq),
            _ => None,
        };
        again.copied().flatten().unwrap_or(need.seq())
    }

    /// Requests that somebody is late to answer, those that were due last first.
    fn overdue(&self, state: &State, now: Millis) -> Vec<Seq> {
        // What somebody never even read is a dead letter already.
        let dead: HashSet<_> = self.expired.values().filter_map(|letter| letter.message).collect();
        let is_listed =
            |seq: &Seq| dead.contains(seq) || self.messages.contains_key(seq) || self.votes.contains_key(seq);
        let late = state.overdue_obligations(now).take(OVERDUE).map(|obligation| obligation.seq);
        let mut late: Vec<_> = late.filter(|seq| !is_listed(seq)).collect();
        late.reverse();
        let mut known = HashSet::new();
        late.retain(|seq| known.insert(*seq));
        late.truncate(EXPIRED);
        late
    }

    /// The dead letter of event `seq`.
    pub fn dead_letter(&self, seq: Seq) -> Option<&DeadLetter> {
        self.expired.get(&seq)
    }

    /// The attempt of event `seq`.
    pub fn attempt(&self, seq: Seq) -> Option<&Attempt> {
        self.attempts.get(&seq)
    }

    /// The operator does not want to see it any more, until it calls anew.
    pub fn dismiss(&mut self, need: Need) {
        self.dismissed.insert(self.called(need));
        *self.listed.get_mut() = None;
    }

    /// What was dismissed.
    pub fn dismissed(&self) -> &HashSet<Seq> {
        &self.dismissed
    }

    /// Takes over what was dismissed in an earlier run.
    pub fn remember(&mut self, dismissed: HashSet<Seq>) {
        self.dismissed = dismissed;
        *self.listed.get_mut() = None;
    }
}
