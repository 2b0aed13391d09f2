//! Mailboxes: what waits for a repo, and what is in the hands of its instances.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::message::Priority;
use crate::name::Seq;

/// The order in a mailbox: priority, then arrival.
pub type Order = (Reverse<Priority>, Seq);

/// What a repo has not read yet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mailbox {
    /// Messages that are in nobody's hands.
    pub waiting: BTreeSet<Order>,
    /// How many are unread: those that wait, those in the hands of instances, and those that are held.
    pub unread: usize,
    /// How many of those the operator has not let go.
    pub held: usize,
    /// Their size in bytes, those that are held included.
    pub bytes: usize,
}

impl Mailbox {
    /// Those in nobody's hands that events after `after` accepted, in the mailbox's order.
    pub(super) fn later(&self, after: Seq) -> impl Iterator<Item = Seq> {
        let of = move |priority| (Reverse(priority), after.next())..=(Reverse(priority), Seq(u64::MAX));
        let priorities = [Priority::High, Priority::Normal, Priority::Low].into_iter();
        priorities.flat_map(move |priority| self.waiting.range(of(priority))).map(|&(_, seq)| seq)
    }

    /// A message of `size` bytes was read, answered or expired.
    pub(super) fn take_out(&mut self, order: Order, size: usize) {
        self.waiting.remove(&order);
        self.unread = self.unread.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(size);
    }
}

/// The unread messages in an instance's hands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Hands {
    /// Every one of them with its size in bytes, and whether the client has said that it has it.
    held: BTreeMap<Seq, (usize, bool)>,
    /// How many are still on their way.
    pub on_the_way: usize,
    /// The size of those, in bytes.
    pub bytes_on_the_way: usize,
}

impl Hands {
    /// How many messages.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Those that events after `after` accepted.
    pub(super) fn later(&self, after: Seq) -> impl Iterator<Item = Seq> {
        self.held.range(after.next()..).map(|(&seq, _)| seq)
    }

    /// A message was handed over.
    pub(super) fn give(&mut self, seq: Seq, size: usize) {
        self.remove(seq);
        self.held.insert(seq, (size, false));
        self.on_the_way += 1;
        self.bytes_on_the_way += size;
    }

    /// The client said that it has a message.
    pub(super) fn arrived(&mut self, seq: Seq, size: usize) {
        self.remove(seq);
        self.held.insert(seq, (size, true));
    }

    /// A message is not in these hands any more.
    pub(super) fn remove(&mut self, seq: Seq) {
        if let Some((size, false)) = self.held.remove(&seq) {
            self.on_the_way -= 1;
            self.bytes_on_the_way -= size;
        }
    }

    /// All of them, which leaves the hands empty.
    pub(super) fn take(&mut self) -> Vec<Seq> {
        std::mem::take(self).held.into_keys().collect()
    }
}
