//! Tasks: how far each repo is with its part.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Keep, OWED};
use crate::name::{MessageId, RepoName, Seq};
use crate::payload::TaskStatus;
use crate::time::Millis;

/// Work that was handed out. What it is about stands in its message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The event that accepted it.
    pub seq: Seq,
    /// The message that handed it out.
    pub id: MessageId,
    /// The id of the message that its thread began with.
    pub thread: Arc<MessageId>,
    /// Who handed it out.
    pub from: RepoName,
    /// When: it was accepted, or released.
    pub at: Millis,
    /// When it is overdue.
    pub due: Millis,
    /// The parts, by the names of those who are to do them.
    pub subtasks: Vec<Subtask>,
    /// When the last part was done or had failed.
    pub finished_at: Option<Millis>,
}

/// A repo's part of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subtask {
    /// Who is to do it.
    pub repo: RepoName,
    /// What it said last of how far it is.
    pub report: Option<Report>,
}

/// How far a repo is with its part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// How far.
    pub status: TaskStatus,
    /// The event that accepted the message that says so, and with which details.
    pub seq: Seq,
    /// That message.
    pub id: MessageId,
    /// When it reached the others.
    pub at: Millis,
}

/// How many parts of a task are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Done.
    pub done: usize,
    /// Failed.
    pub failed: usize,
    /// Whatever their state.
    pub all: usize,
}

impl Subtask {
    /// What it said last.
    pub fn status(&self) -> Option<TaskStatus> {
        self.report.as_ref().map(|report| report.status)
    }
}

impl Task {
    /// How many of its parts are done, and how many have failed.
    pub fn progress(&self) -> Progress {
        let count = |wanted| self.subtasks.iter().filter(|part| part.status() == Some(wanted)).count();
        Progress {
            done: count(TaskStatus::Done),
            failed: count(TaskStatus::Failed),
            all: self.subtasks.len(),
        }
    }

    /// Whether a part of it is neither done nor has failed.
    pub fn is_open(&self) -> bool {
        self.finished_at.is_none()
    }

    /// Whether `repo` has a part in it.
    pub fn is_for(&self, repo: &RepoName) -> bool {
        self.place(repo).is_some()
    }

    fn place(&self, repo: &RepoName) -> Option<usize> {
        self.subtasks.binary_search_by(|part| part.repo.cmp(repo)).ok()
    }

    /// From when on it may be forgotten.
    fn end(&self) -> Millis {
        self.finished_at.unwrap_or(self.due)
    }
}

/// Those that are remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tasks {
    all: BTreeMap<Seq, Task>,
    parts: usize,
    /// From when on each may be forgotten.
    ends: BTreeSet<(Millis, Seq)>,
    /// Those that were forgotten, until they are [taken](Self::take_forgotten).
    forgotten: Vec<Seq>,
}

impl Tasks {
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Task> {
        self.all.values()
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn get(&self, seq: Seq) -> Option<&Task> {
        self.all.get(&seq)
    }

    pub(super) fn first(&self) -> Option<Seq> {
        self.all.keys().next().copied()
    }

    pub(super) fn open(&mut self, task: Task) {
        self.parts += task.subtasks.len();
        self.ends.insert((task.end(), task.seq));
        self.all.insert(task.seq, task);
    }

    /// `repo` says how far it is with its part of task `seq`.
    pub(super) fn report(&mut self, seq: Seq, repo: &RepoName, report: Report) {
        let Some(task) = self.all.get_mut(&seq) else { return };
        let Some(place) = task.place(repo) else { return };
        let (before, at) = (task.end(), report.at);
        task.subtasks[place].report = Some(report);
        let Progress { done, failed, all } = task.progress();
        task.finished_at = (done + failed == all).then(|| task.finished_at.unwrap_or(at));
        let after = task.end();
        self.ends.remove(&(before, seq));
        self.ends.insert((after, seq));
    }

    /// Forgets those that were finished, or became due, at least `keep.retention` before `now`, and the oldest when there
    /// are too many.
    pub(super) fn forget(&mut self, now: Millis, keep: &Keep) {
        let retention = keep.retention.min(OWED);
        while let Some(&(end, seq)) = self.ends.first() {
            if end > now || now.since(end) < retention {
                break;
            }
            self.remove(seq);
        }
        while self.parts > keep.owed
            && let Some(oldest) = self.first()
        {
            self.remove(oldest);
        }
    }

    fn remove(&mut self, seq: Seq) {
        let Some(gone) = self.all.remove(&seq) else { return };
        self.parts -= gone.subtasks.len();
        self.ends.remove(&(gone.end(), seq));
        self.forgotten.push(seq);
    }

    /// Those that were forgotten since this was last asked.
    pub(super) fn take_forgotten(&mut self) -> Vec<Seq> {
        std::mem::take(&mut self.forgotten)
    }
}
