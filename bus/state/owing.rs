//! The fold of obligations and tasks.

use super::State;
use super::obligation::{Effect, Obligation, Side, Turn, Word, effect};
use super::record::{Delivery, Record, Stage};
use super::task::{Report, Subtask, Task};
use crate::event::Voted;
use crate::message::{Message, MessageType};
use crate::name::{MessageId, RepoName, Seq};
use crate::payload::{Form, Payload, Task as Opening};

impl State {
    /// Message `seq` was accepted; what it says counts unless it is held.
    pub(super) fn said(&mut self, seq: Seq, parent: Option<Seq>, heard: Option<&Payload>) {
        self.requests.answer(seq, parent);
        if let Some(payload) = heard {
            self.heard(seq, payload);
        }
    }

    /// Message `seq`, which was held, was released: what it says by now counts from now on.
    pub(super) fn said_at_last(&mut self, seq: Seq) {
        let text = self.body(seq).and_then(|body| std::str::from_utf8(body).ok());
        if let Some(message) = text.and_then(|text| Message::parse(text, None).ok()) {
            self.heard(seq, &message.payload);
        }
    }

    fn heard(&mut self, seq: Seq, payload: &Payload) {
        match payload {
            Payload::RequestChange(Form::Opening(_)) | Payload::Query(Form::Opening(_)) => {
                self.ask(seq, |_| true);
            }
            Payload::Task(Form::Opening(task)) => {
                self.hand_out(seq, task);
                self.ask(seq, |repo| task.subtasks.contains_key(repo));
            }
            Payload::RequestChange(Form::Answer(_)) | Payload::Query(Form::Answer(_)) => {
                let request = self.request_above(seq);
                self.answer(seq, request, payload);
            }
            Payload::Task(Form::Answer(answer)) => {
                let task = answer.status.and_then(|_| self.task_above(seq));
                if let (Some(task), Some(status), Some(record)) = (task, answer.status, self.records.get(seq))
                {
                    let report = Report { status, seq, id: record.id.clone(), at: self.at };
                    self.tasks.report(task, &record.from, report);
                }
                let request = task.or_else(|| self.request_above(seq));
                self.answer(seq, request, payload);
            }
            Payload::Notify(_) | Payload::Negotiate(_) => {}
        }
    }

    /// The recipients of message `seq` that are asked owe its sender an answer.
    fn ask(&mut self, seq: Seq, is_asked: impl Fn(&RepoName) -> bool) {
        let Some(record) = self.records.get(seq) else { return };
        for repo in reached(record).filter(|repo| is_asked(repo)) {
            self.requests.open(seq, &record.id, &record.thread);
            self.obligations.open(Obligation {
                seq,
                id: record.id.clone(),
                thread: record.thread.clone(),
                kind: record.kind,
                by: repo.clone(),
                to: record.from.clone(),
                since: self.at,
                due: record.expires_at,
                turn: Turn::Debtor,
                word: None,
                counters: None,
            });
        }
    }

    fn hand_out(&mut self, seq: Seq, opening: &Opening) {
        let Some(record) = self.records.get(seq).filter(|_| !opening.subtasks.is_empty()) else { return };
        let handle = |repo| self.repos.get_key_value(repo).map_or(repo, |(known, _)| known).clone();
        let subtasks = opening.subtasks.keys().map(|repo| Subtask { repo: handle(repo), report: None });
        self.requests.open(seq, &record.id, &record.thread);
        self.tasks.open(Task {
            seq,
            id: record.id.clone(),
            thread: record.thread.clone(),
            from: record.from.clone(),
            at: self.at,
            due: record.expires_at,
            subtasks: subtasks.collect(),
            finished_at: None,
        });
    }

    /// The request that message `seq` is about: the nearest one of its type above it that its sender owes.
    fn request_above(&self, seq: Seq) -> Option<Seq> {
        let record = self.records.get(seq)?;
        let is_about = |above| {
            let owed = self.obligations.get(above, &record.from);
            owed.is_some_and(|owed| owed.kind == record.kind && concerns(record, above, &owed.to))
        };
        self.requests.from(seq).find(|&above| is_about(above))
    }

    /// The task that message `seq` is about: the nearest one above it in which its sender has a part.
    fn task_above(&self, seq: Seq) -> Option<Seq> {
        let record = self.records.get(seq)?;
        let is_about = |above| {
            let task = self.tasks.get(above);
            task.is_some_and(|task| task.is_for(&record.from) && concerns(record, above, &task.from))
        };
        self.requests.from(seq).find(|&above| is_about(above))
    }

    /// Message `seq` answers `request`, as far as its sender owes that.
    fn answer(&mut self, seq: Seq, request: Option<Seq>, payload: &Payload) {
        let Some((record, request)) = self.records.get(seq).zip(request) else { return };
        let Some(owed) = self.obligations.get(request, &record.from) else { return };
        let (at, due, by, to) = (self.at, record.expires_at, record.from.clone(), owed.to.clone());
        let side = if owed.counters.is_some() { Side::Creditor } else { Side::Debtor };
        match (effect(side, payload), owed.counters) {
            (Effect::Settled, _) => self.obligations.settle(request, &by),
            (Effect::Noted(word, eta), _) => {
                if word == Word::Accepted {
                    self.obligations.take_back(request, &by, at);
                }
                self.obligations.note(request, &by, word, eta.map(|eta| at.plus(eta)));
            }
            (Effect::Passed, Some(countered)) => self.obligations.take_back(countered, &to, due),
            (Effect::Passed, None) if reached(record).any(|repo| *repo == to) => {
                let counter = Obligation {
                    seq,
                    id: record.id.clone(),
                    since: at,
                    due,
                    by: to,
                    to: by.clone(),
                    word: None,
                    turn: Turn::Debtor,
                    counters: Some(request),
                    ..owed.clone()
                };
                self.requests.open(seq, &counter.id, &counter.thread);
                self.obligations.pass(request, &by, counter);
            }
            (Effect::Nothing | Effect::Passed, _) => {}
        }
    }

    /// A round of a negotiation begins: whoever has not voted in it owes its author a vote.
    pub(super) fn votes_wanted(&mut self, negotiation: &MessageId) {
        let Some(found) = self.negotiations.of(negotiation) else { return };
        if let Some(before) = found.earlier.last() {
            self.obligations.settle_all(before.seq);
        }
        for voter in found.waiting_for() {
            self.obligations.open(Obligation {
                seq: found.round.seq,
                id: found.round.message.clone(),
                thread: found.thread.clone(),
                kind: MessageType::Negotiate,
                by: self.repos.get_key_value(voter).map_or(voter, |(known, _)| known).clone(),
                to: found.round.by.clone(),
                since: found.round.at,
                due: found.round.expires_at,
                turn: Turn::Debtor,
                word: None,
                counters: None,
            });
        }
    }

    pub(super) fn vote_given(&mut self, voted: &Voted) {
        if let Some(found) = self.negotiations.of(&voted.negotiation) {
            self.obligations.settle(found.round.seq, &voted.repo);
        }
    }

    /// A negotiation ended: no vote is owed any more.
    pub(super) fn votes_not_wanted(&mut self, negotiation: &MessageId) {
        if let Some(found) = self.negotiations.of(negotiation) {
            self.obligations.settle_all(found.round.seq);
        }
    }

    /// Forgets obligations and tasks whose time is over, and where answers stood that nothing is left for.
    pub(super) fn forget_owed(&mut self) {
        self.obligations.forget(self.at, &self.keep);
        self.tasks.forget(self.at, &self.keep);
        let gone = self.obligations.take_settled().into_iter().chain(self.tasks.take_forgotten());
        for seq in gone {
            if self.obligations.of(seq).is_empty() && self.tasks.get(seq).is_none() {
                self.requests.close(seq);
            }
        }
    }
}

/// The recipients of a message that was accepted or released just now.
fn reached(record: &Record) -> impl Iterator<Item = &RepoName> {
    let goes_out = |delivery: &&Delivery| matches!(delivery.stage, Stage::Queued | Stage::Routed);
    record.deliveries.iter().filter(goes_out).map(|delivery| &delivery.repo)
}

/// Whether a message can be an answer to request `above` of `creditor`: it answers that very message, or goes to who
/// asked.
fn concerns(record: &Record, above: Seq, creditor: &RepoName) -> bool {
    record.parent() == Some(above) || reached(record).any(|repo| repo == creditor)
}
