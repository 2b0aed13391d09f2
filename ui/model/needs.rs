//! What needs the operator, and who owes whom an answer.
//!
//! An obligation is opened by a request (`RequestChange`, `Query`, `Negotiate`, `Task`) to each of its recipients, and
//! closed by an answer of that recipient. It is overdue when the request's time is up.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use veda_bus_core::event::{Accepted, Event, Recorded};
use veda_bus_core::message::MessageType;
use veda_bus_core::name::{OPERATOR, RepoName, Seq};
use veda_bus_core::payload::{Form, Outcome, Payload, Vote};
use veda_bus_core::state::State;
use veda_bus_core::state::record::Record;
use veda_bus_core::time::Millis;

/// How many dead letters are remembered.
const EXPIRED: usize = 1_000;

/// How many things are listed at most.
const LISTED: usize = 2_000;

/// How many open obligations and negotiations are remembered of each.
const OPEN: usize = 100_000;

/// Something that needs the operator. It is named by the event that it began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// A message to the operator, which was not answered.
    Message(Seq),
    /// A proposal that is put to the vote and has no outcome.
    Negotiation(Seq),
    /// A request that was not answered in time.
    Overdue(Seq),
    /// A message that somebody never read in time: a dead letter.
    Expired(Seq),
}

impl Need {
    /// The event that it began with.
    pub fn seq(self) -> Seq {
        match self {
            Self::Message(seq) | Self::Negotiation(seq) | Self::Overdue(seq) | Self::Expired(seq) => seq,
        }
    }
}

/// A proposal and the votes on it so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiation {
    /// Whose votes count.
    pub voters: Vec<RepoName>,
    /// The last vote of each, with the event that brought it.
    pub votes: BTreeMap<RepoName, (Vote, Seq)>,
    /// Whether every voter has to accept.
    pub requires_consensus: bool,
    /// When it is stale.
    pub expires_at: Millis,
}

impl Negotiation {
    /// How many voters have voted so.
    pub fn count(&self, vote: Vote) -> usize {
        self.voters.iter().filter(|voter| self.votes.get(*voter).is_some_and(|(one, _)| *one == vote)).count()
    }

    /// The voters that have not voted.
    pub fn waiting(&self) -> impl Iterator<Item = &RepoName> {
        self.voters.iter().filter(|voter| !self.votes.contains_key(*voter))
    }
}

/// A message that was not read in time.
#[derive(Debug, Clone, PartialEq, Eq)]
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

#[derive(Debug)]
struct Request {
    from: RepoName,
    owed_by: Vec<RepoName>,
    deadline: Millis,
}

/// How many answers a repo owes, and how many it is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// Answers that it owes.
    pub owes: usize,
    /// Answers that it waits for.
    pub owed: usize,
}

/// See the [module](self).
#[derive(Debug, Default)]
pub struct Needs {
    /// Messages to the operator, and whether each asks for an answer.
    messages: BTreeMap<Seq, bool>,
    requests: BTreeMap<Seq, Request>,
    deadlines: BTreeSet<(Millis, Seq)>,
    negotiations: BTreeMap<Seq, Negotiation>,
    expired: BTreeMap<Seq, DeadLetter>,
    balances: HashMap<RepoName, Balance>,
    dismissed: HashSet<Seq>,
    /// The last list that was made, while nothing about it changes: a frame asks for it again and again.
    listed: RefCell<Option<Listed>>,
}

/// A list, and the time for which it is right.
#[derive(Debug)]
struct Listed {
    needs: Rc<Vec<Need>>,
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
        *self.listed.get_mut() = None;
        match &recorded.event {
            Event::Accepted(accepted) => self.accepted(state, recorded.seq, accepted),
            Event::Answered(answered) => {
                if let Some(record) = state.message(&answered.id) {
                    self.answered(record.seq, &answered.repo);
                }
            }
            Event::Read(moved) if moved.repo.is_operator() => {
                for record in moved.ids.iter().filter_map(|id| state.message(id)) {
                    // What asks for no answer has done its work when it was read.
                    if self.messages.get(&record.seq) == Some(&false) {
                        self.messages.remove(&record.seq);
                    }
                }
            }
            Event::Expired(expired) => {
                let message = state.message(&expired.id).map(|record| record.seq);
                let letter = DeadLetter {
                    message,
                    at: recorded.at,
                    from: expired.from.clone(),
                    unread_by: expired.unread_by.clone(),
                };
                self.expired.insert(recorded.seq, letter);
                while self.expired.len() > EXPIRED {
                    self.expired.pop_first();
                }
            }
            _ => {}
        }
    }

    fn accepted(&mut self, state: &State, seq: Seq, accepted: &Accepted) {
        let message = &accepted.message;
        let mut recipients: Vec<_> = accepted
            .recipients
            .iter()
            .filter(|one| one.refused.is_none())
            .map(|one| one.repo.clone())
            .collect();
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
        match &message.payload {
            Payload::Negotiate(Form::Opening(opening)) => {
                let proposer = (message.from.repo.clone(), (Vote::Accept, seq));
                let negotiation = Negotiation {
                    voters: opening.affected_repos.clone(),
                    votes: BTreeMap::from([proposer]),
                    requires_consensus: opening.requires_consensus,
                    expires_at: accepted.expires_at,
                };
                self.negotiations.insert(seq, negotiation);
                while self.negotiations.len() > OPEN {
                    self.negotiations.pop_first();
                }
            }
            Payload::Negotiate(Form::Answer(answer)) => {
                self.voted(state, seq, accepted, answer.vote, answer.outcome);
            }
            _ => {}
        }
        let owes = |repo: &RepoName| match &message.payload {
            _ if is_answer => false,
            Payload::Negotiate(Form::Opening(opening)) => opening.affected_repos.contains(repo),
            Payload::Task(Form::Opening(opening)) => opening.subtasks.contains_key(repo),
            payload => payload.kind() != MessageType::Notify,
        };
        recipients.retain(owes);
        self.open(seq, &message.from.repo, recipients, accepted.expires_at);
    }

    /// A vote counts for the nearest proposal that it answers, over whatever was said in between.
    fn voted(
        &mut self,
        state: &State,
        seq: Seq,
        accepted: &Accepted,
        vote: Option<Vote>,
        outcome: Option<Outcome>,
    ) {
        let mut at = accepted.parent;
        while let Some(parent) = at.filter(|parent| !self.negotiations.contains_key(parent)) {
            at = state.record(parent).and_then(Record::parent);
        }
        let Some(proposal) = at else { return };
        if outcome.is_some() {
            self.negotiations.remove(&proposal);
        } else if let (Some(vote), Some(negotiation)) = (vote, self.negotiations.get_mut(&proposal)) {
            negotiation.votes.insert(accepted.message.from.repo.clone(), (vote, seq));
        }
    }

    fn open(&mut self, seq: Seq, from: &RepoName, owed_by: Vec<RepoName>, deadline: Millis) {
        if owed_by.is_empty() {
            return;
        }
        for repo in &owed_by {
            self.balance(repo).owes += 1;
        }
        self.balance(from).owed += owed_by.len();
        self.deadlines.insert((deadline, seq));
        self.requests.insert(seq, Request { from: from.clone(), owed_by, deadline });
        while self.requests.len() > OPEN {
            let Some(&oldest) = self.requests.keys().next() else { break };
            self.close(oldest);
        }
    }

    fn balance(&mut self, repo: &RepoName) -> &mut Balance {
        self.balances.entry(repo.clone()).or_default()
    }

    fn answered(&mut self, seq: Seq, by: &RepoName) {
        let Some(request) = self.requests.get_mut(&seq) else { return };
        let Some(place) = request.owed_by.iter().position(|repo| repo == by) else { return };
        request.owed_by.swap_remove(place);
        let (from, is_done) = (request.from.clone(), request.owed_by.is_empty());
        self.settle(by, &from);
        if is_done {
            self.close(seq);
        }
    }

    fn settle(&mut self, by: &RepoName, from: &RepoName) {
        let debtor = self.balance(by);
        debtor.owes = debtor.owes.saturating_sub(1);
        let creditor = self.balance(from);
        creditor.owed = creditor.owed.saturating_sub(1);
    }

    fn close(&mut self, seq: Seq) {
        let Some(request) = self.requests.remove(&seq) else { return };
        self.deadlines.remove(&(request.deadline, seq));
        for repo in &request.owed_by {
            self.settle(repo, &request.from);
        }
    }

    /// What needs the operator at the moment `now`: messages, then votes, then what is late; in each, the newest first.
    pub fn list(&self, now: Millis) -> Rc<Vec<Need>> {
        let mut listed = self.listed.borrow_mut();
        let is_right = |listed: &&Listed| listed.from <= now && listed.until.is_none_or(|until| now < until);
        if let Some(listed) = listed.as_ref().filter(is_right) {
            return Rc::clone(&listed.needs);
        }
        let needs = Rc::new(self.make_list(now));
        *listed = Some(Listed { needs: Rc::clone(&needs), from: now, until: self.next_deadline(now) });
        needs
    }

    fn make_list(&self, now: Millis) -> Vec<Need> {
        let asks = self.messages.keys().rev().filter(|seq| !self.negotiations.contains_key(seq));
        let messages = asks.map(|&seq| Need::Message(seq));
        let negotiations = self.negotiations.keys().rev().map(|&seq| Need::Negotiation(seq));
        let overdue = self.overdue(now).map(|(_, seq)| Need::Overdue(seq));
        let expired = self.expired.keys().rev().map(|&seq| Need::Expired(seq));
        let all = messages.chain(negotiations).chain(overdue).chain(expired);
        all.filter(|need| !self.dismissed.contains(&need.seq())).take(LISTED).collect()
    }

    fn overdue(&self, now: Millis) -> impl Iterator<Item = (Millis, Seq)> {
        // What somebody never even read is a dead letter already.
        let dead: HashSet<_> = self.expired.values().filter_map(|letter| letter.message).collect();
        let late = self.deadlines.range(..=(now, Seq(u64::MAX))).rev().copied();
        late.filter(move |(_, seq)| !dead.contains(seq) && !self.messages.contains_key(seq)).take(EXPIRED)
    }

    /// The next moment at which something becomes overdue.
    pub fn next_deadline(&self, now: Millis) -> Option<Millis> {
        self.deadlines.range((now, Seq(u64::MAX))..).next().map(|&(deadline, _)| deadline)
    }

    /// The negotiation that message `seq` opened.
    pub fn negotiation(&self, seq: Seq) -> Option<&Negotiation> {
        self.negotiations.get(&seq)
    }

    /// The dead letter of event `seq`.
    pub fn dead_letter(&self, seq: Seq) -> Option<&DeadLetter> {
        self.expired.get(&seq)
    }

    /// Who still owes an answer to message `seq`.
    pub fn owed_by(&self, seq: Seq) -> &[RepoName] {
        self.requests.get(&seq).map_or(&[], |request| &request.owed_by)
    }

    /// What a repo owes and is owed.
    pub fn balance_of(&self, repo: &RepoName) -> Balance {
        self.balances.get(repo).copied().unwrap_or_default()
    }

    /// The requests that a repo has not answered, the oldest first.
    pub fn owed_from(&self, repo: &RepoName) -> impl Iterator<Item = Seq> {
        self.requests.iter().filter(move |(_, request)| request.owed_by.contains(repo)).map(|(&seq, _)| seq)
    }

    /// The operator does not want to see it any more.
    pub fn dismiss(&mut self, need: Need) {
        self.dismissed.insert(need.seq());
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
