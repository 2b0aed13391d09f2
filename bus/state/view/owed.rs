//! Obligations and tasks as plain data.

use serde::{Deserialize, Serialize};

use crate::message::MessageType;
use crate::name::{MessageId, RepoName, Seq};
use crate::payload::TaskStatus;
use crate::state::State;
use crate::state::obligation::{Obligation, Word};
use crate::state::task::{Subtask, Task};
use crate::time::Millis;

/// An answer that one repo owes another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObligationView {
    /// The message that asks: a request, a counter-proposal, the wording of a round.
    pub id: MessageId,
    /// The event that accepted it.
    pub seq: Seq,
    /// The id of the message that its thread began with.
    pub thread: MessageId,
    /// Its type.
    pub kind: MessageType,
    /// Who owes the answer.
    pub by: RepoName,
    /// Who waits for it.
    pub to: RepoName,
    /// Since when.
    pub since: Millis,
    /// When it is overdue.
    pub due: Millis,
    /// Whether it is the other side's turn, to answer a counter-proposal: then it is never overdue.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waiting: bool,
    /// What the debtor has said so far that is no answer yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<Word>,
    /// Where it is the answer to a counter-proposal: the request that it counters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counters: Option<MessageId>,
}

/// Work that was handed out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskView {
    /// The message that handed it out.
    pub id: MessageId,
    /// The event that accepted it.
    pub seq: Seq,
    /// The id of the message that its thread began with.
    pub thread: MessageId,
    /// Who handed it out.
    pub from: RepoName,
    /// When.
    pub at: Millis,
    /// When it is overdue.
    pub due: Millis,
    /// How many parts are done.
    pub done: usize,
    /// How many have failed.
    pub failed: usize,
    /// How many there are.
    pub all: usize,
    /// When the last one was done or had failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Millis>,
    /// The parts, by the names of those who are to do them.
    pub subtasks: Vec<SubtaskView>,
}

/// A repo's part of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubtaskView {
    /// Who is to do it.
    pub repo: RepoName,
    /// How far it said last that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<TaskStatus>,
    /// The message that said so, and with which details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// The event that accepted that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// When that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
}

impl ObligationView {
    /// The view of `one`, which is an obligation in `state`.
    pub fn of(one: &Obligation, state: &State) -> Self {
        let request = one.counters.and_then(|request| state.obligations_of(request).first());
        Self {
            id: one.id.clone(),
            seq: one.seq,
            thread: (*one.thread).clone(),
            kind: one.kind,
            by: one.by.clone(),
            to: one.to.clone(),
            since: one.since,
            due: one.due,
            waiting: !one.is_active(),
            word: one.word,
            counters: request.map(|request| request.id.clone()),
        }
    }

    /// Whether the debtor is late at the moment `now`.
    pub fn is_overdue(&self, now: Millis) -> bool {
        !self.waiting && self.due <= now
    }
}

impl TaskView {
    /// The view of `task`.
    pub fn of(task: &Task) -> Self {
        let progress = task.progress();
        Self {
            id: task.id.clone(),
            seq: task.seq,
            thread: (*task.thread).clone(),
            from: task.from.clone(),
            at: task.at,
            due: task.due,
            done: progress.done,
            failed: progress.failed,
            all: progress.all,
            finished_at: task.finished_at,
            subtasks: task.subtasks.iter().map(SubtaskView::of).collect(),
        }
    }
}

impl SubtaskView {
    fn of(part: &Subtask) -> Self {
        let report = part.report.as_ref();
        Self {
            repo: part.repo.clone(),
            status: part.status(),
            message: report.map(|report| report.id.clone()),
            seq: report.map(|report| report.seq),
            at: report.map(|report| report.at),
        }
    }
}
