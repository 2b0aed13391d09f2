//! Threads: a message and all that answer it through `reply_to`.
//!
//! A message's parent is looked up when it is accepted and never again, so a parent is always older than its
//! children: threads are forests, whatever ids senders choose.

use std::collections::BTreeSet;

use super::record::Record;
use crate::name::{RepoName, Seq};
use crate::time::Millis;

/// The remembered messages of one thread.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Thread {
    /// Its messages, oldest first.
    pub messages: BTreeSet<Seq>,
    /// Everyone who wrote or was written to.
    pub participants: BTreeSet<RepoName>,
    /// When something was last said.
    pub last_activity: Millis,
}

impl Thread {
    pub(super) fn add(&mut self, record: &Record) {
        self.messages.insert(record.seq);
        self.participants.insert(record.from.clone());
        self.participants.extend(record.deliveries.iter().map(|delivery| delivery.repo.clone()));
        self.last_activity = record.at;
    }

    pub(super) fn forget(&mut self, seq: Seq) {
        self.messages.remove(&seq);
    }

    /// Whether none of its messages is remembered.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}
