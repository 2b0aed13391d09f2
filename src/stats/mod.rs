//! What a journal comes to in numbers: who talks to whom, how fast answers come, what is open, and how it ended.
//!
//! | module | what is in it |
//! |---|---|
//! | `timeline` | how many in which stretch of time |
//! | `answers` | how long answers took |
//! | `summary` | the numbers, as they are printed |
//! | [`report`] | the numbers as tables |
//!
//! One pass, and as much memory for a long journal as for a short one: what is counted is counts and histograms, and of
//! messages the fold remembers those that are not finished, and the latest that are.

mod answers;
pub(crate) mod report;
mod summary;
mod timeline;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use veda_bus_core::event::{Accepted, Answered, Event, Held, Recorded, Resolved};
use veda_bus_core::message::MessageType;
use veda_bus_core::name::{MessageId, RepoName};
use veda_bus_core::state::record::{Record, Stage};
use veda_bus_core::state::{Keep, State};
use veda_bus_core::time::Millis;

use crate::history::select::Wanted;
use answers::Answers;
use summary::{Delivery, Holds};
use timeline::Timeline;

pub(crate) use summary::Summary;

/// How many finished messages are remembered: an answer that comes later is not timed.
const REMEMBERED: usize = 200_000;

/// Sent and got by a repo, and its answers.
#[derive(Debug, Default)]
struct OfRepo {
    sent: u64,
    got: u64,
    answers: Answers,
}

/// Messages of a type, and the answers to them.
#[derive(Debug, Default)]
struct OfKind {
    messages: u64,
    answers: Answers,
}

/// Negotiations that ended.
#[derive(Debug, Default)]
struct Ended {
    outcomes: BTreeMap<&'static str, u64>,
    decided_by: BTreeMap<&'static str, u64>,
    rounds: BTreeMap<u32, u64>,
    times: Answers,
}

/// Numbers in the making; it takes every event of a journal in order.
pub(crate) struct Counting {
    wanted: Wanted,
    state: State,
    messages: u64,
    span: Option<(Millis, Millis)>,
    timeline: Timeline,
    kinds: BTreeMap<MessageType, OfKind>,
    repos: BTreeMap<RepoName, OfRepo>,
    pairs: BTreeMap<(RepoName, RepoName), u64>,
    delivery: Delivery,
    ended: Ended,
    holds: Holds,
    refused: BTreeMap<&'static str, u64>,
}

impl Counting {
    pub(crate) fn new(wanted: Wanted) -> Self {
        let keep = Keep { retention: Duration::MAX, messages: REMEMBERED, bodies: 0, owed: Keep::OWED };
        Self {
            wanted,
            state: State::new(keep),
            messages: 0,
            span: None,
            timeline: Timeline::default(),
            kinds: BTreeMap::new(),
            repos: BTreeMap::new(),
            pairs: BTreeMap::new(),
            delivery: Delivery::default(),
            ended: Ended::default(),
            holds: Holds::default(),
            refused: BTreeMap::new(),
        }
    }

    /// Takes the next event. What happened after the span that is asked for has not happened.
    pub(crate) fn take(&mut self, recorded: &Recorded) {
        let at = recorded.at;
        if self.wanted.until.is_some_and(|until| at > until) {
            return;
        }
        match &recorded.event {
            Event::Accepted(accepted) if self.wanted.takes(at, accepted) => self.accepted(at, accepted),
            Event::Delivered(moved) => self.moved(&moved.ids, &moved.repo, Stage::Delivered),
            Event::Read(moved) => self.moved(&moved.ids, &moved.repo, Stage::Read),
            Event::Answered(answered) => self.answered(at, answered),
            Event::Expired(expired) => {
                let recipients = expired.unread_by.iter();
                let new = recipients.filter(|repo| self.is_new(&expired.id, repo, Stage::Expired)).count();
                self.delivery.expired += count(new);
                self.holds.expired += self.held(&expired.id);
            }
            Event::Released(released) => self.holds.released += self.held(&released.id),
            Event::Amended(amended) => self.holds.changed += self.held(&amended.message.id),
            Event::Denied(denied) => {
                let held = self.held(&denied.id);
                self.holds.refused += held;
                let record = self.state.message(&denied.id).filter(|_| held > 0);
                let waiting =
                    |record: &Record| record.deliveries.iter().filter(|one| one.stage == Stage::Held).count();
                self.delivery.refused += count(record.map(waiting).unwrap_or_default());
            }
            Event::Halted(halted) if self.thread_counts(at, &halted.thread) => self.holds.threads_halted += 1,
            Event::Continued(on) if self.thread_counts(at, &on.thread) => self.holds.threads_continued += 1,
            Event::Resolved(resolved) => self.resolved(at, resolved),
            Event::Refused(refused) if self.wanted.takes_refusal(at, refused) => {
                *self.refused.entry(refused.code.as_str()).or_default() += 1;
            }
            _ => {}
        }
        self.state.apply(recorded);
    }

    fn accepted(&mut self, at: Millis, accepted: &Accepted) {
        let from = &accepted.message.from.repo;
        self.messages += 1;
        self.span = Some((self.span.map_or(at, |(first, _)| first), at));
        self.timeline.count(at);
        self.kinds.entry(accepted.message.kind()).or_default().messages += 1;
        self.repos.entry(from.clone()).or_default().sent += 1;
        match &accepted.held {
            Some(Held::Rule { .. }) => self.holds.by_rule += 1,
            Some(Held::Thread { .. }) => self.holds.by_thread += 1,
            None => {}
        }
        for routing in &accepted.recipients {
            self.delivery.recipients += 1;
            self.delivery.refused += u64::from(routing.refused.is_some());
            if routing.refused.is_none() {
                self.repos.entry(routing.repo.clone()).or_default().got += 1;
                *self.pairs.entry((from.clone(), routing.repo.clone())).or_default() += 1;
            }
        }
    }

    fn moved(&mut self, ids: &[MessageId], repo: &RepoName, stage: Stage) {
        let new = count(ids.iter().filter(|id| self.is_new(id, repo, stage)).count());
        match stage {
            Stage::Delivered => self.delivery.delivered += new,
            _ => self.delivery.read += new,
        }
    }

    fn answered(&mut self, at: Millis, answered: &Answered) {
        let Answered { id, repo, .. } = answered;
        if !self.is_new(id, repo, Stage::Answered) {
            return;
        }
        let Some(record) = self.state.message(id) else { return };
        // What was held asked nobody before it was let go, and what is owed knows since when.
        let owed = self.state.obligations_of(record.seq).iter().find(|one| one.by == *repo);
        let (took, kind) = (at.since(owed.map_or(record.at, |one| one.since)), record.kind);
        self.delivery.answered += 1;
        self.repos.entry(repo.clone()).or_default().answers.record(took, id);
        self.kinds.entry(kind).or_default().answers.record(took, id);
    }

    fn resolved(&mut self, at: Millis, resolved: &Resolved) {
        let Some(one) = self.state.negotiation_of(&resolved.negotiation) else { return };
        if !one.is_open() || !self.is_counted(&one.id) {
            return;
        }
        let began = one.rounds().next().map_or(at, |round| round.at);
        let (took, rounds) = (at.since(began), one.round_number());
        let by = match &resolved.by {
            _ if resolved.overridden => "operator, whatever the votes",
            by if by.is_operator() => "operator",
            by if by.is_bus() => "votes or time",
            _ => "proposer",
        };
        *self.ended.outcomes.entry(resolved.outcome.as_str()).or_default() += 1;
        *self.ended.decided_by.entry(by).or_default() += 1;
        *self.ended.rounds.entry(rounds).or_default() += 1;
        self.ended.times.record(took, &resolved.negotiation);
    }

    /// Whether a message that counts has not been on this step with `repo`.
    fn is_new(&self, id: &MessageId, repo: &RepoName, stage: Stage) -> bool {
        let delivery = self.state.message(id).and_then(|record| record.delivery(repo));
        self.is_counted(id) && delivery.is_some_and(|one| one.steps().all(|(reached, _)| reached != stage))
    }

    /// 1 where the message counts and is held, else 0.
    fn held(&self, id: &MessageId) -> u64 {
        let is_held = self.state.message(id).is_some_and(Record::is_held);
        u64::from(is_held && self.is_counted(id))
    }

    fn is_counted(&self, id: &MessageId) -> bool {
        self.state.message(id).is_some_and(|record| self.counts(record))
    }

    /// Whether a message is one of those that are asked for.
    fn counts(&self, record: &Record) -> bool {
        let Wanted { thread, repo, kind, .. } = &self.wanted;
        let is_of = |repo: &RepoName| record.from == *repo || record.delivery(repo).is_some();
        self.wanted.spans(record.at)
            && thread.as_ref().is_none_or(|thread| *record.thread == *thread)
            && kind.is_none_or(|kind| record.kind == kind)
            && repo.as_ref().is_none_or(is_of)
    }

    /// Whether something that happened to a thread is asked for.
    fn thread_counts(&self, at: Millis, thread: &MessageId) -> bool {
        let Wanted { thread: wanted, repo, kind, .. } = &self.wanted;
        let is_wanted = wanted.as_ref().is_none_or(|wanted| wanted == thread);
        self.wanted.spans(at) && is_wanted && repo.is_none() && kind.is_none()
    }

    /// The numbers at the moment `now`, or at the end of the span that is asked for.
    pub(crate) fn finish(self, now: Millis) -> Summary {
        let now = self.wanted.until.map_or(now, |until| until.min(now));
        Summary::of(self, now)
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
