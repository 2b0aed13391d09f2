//! Threads: a message and all that answer it through `reply_to`.
//!
//! A message's parent is looked up when it is accepted and never again, so a parent is always older than its
//! children: threads are forests, whatever ids senders choose.

use std::collections::VecDeque;

use super::record::Record;
use crate::name::Seq;
use crate::time::Millis;

/// The remembered messages of one thread.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Thread {
    /// Its messages, oldest first.
    pub messages: VecDeque<Seq>,
    /// When something was last said.
    pub last_activity: Millis,
}

impl Thread {
    pub(super) fn add(&mut self, record: &Record) {
        self.messages.push_back(record.seq);
        self.last_activity = record.at;
    }

    pub(super) fn forget(&mut self, seq: Seq) {
        // What is forgotten is usually the oldest.
        if self.messages.front() == Some(&seq) {
            self.messages.pop_front();
        } else {
            self.messages.retain(|&known| known != seq);
        }
    }

    /// Whether none of its messages is remembered.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}
