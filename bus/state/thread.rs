//! Threads: a message and all that answer it through `reply_to`.
//!
//! A message's parent is looked up when it is accepted and never again, so a parent is always older than its
//! children: threads are forests, whatever ids senders choose.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::name::{MessageId, Seq};
use crate::time::Millis;

/// How many messages a thread has beside its first one before they take a list of their own.
const FEW: usize = 6;

/// The remembered messages of one thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    id: Arc<MessageId>,
    /// Its messages, oldest first; there is at least one.
    pub messages: Messages,
    /// When something was last said.
    pub last_activity: Millis,
}

impl Thread {
    /// The id of the message that it began with.
    pub fn id(&self) -> &MessageId {
        &self.id
    }
}

/// The messages of one thread, oldest first, by the events that accepted them. A short thread takes no list.
#[derive(Clone, Serialize, Deserialize)]
pub struct Messages(Inner);

#[derive(Clone, Serialize, Deserialize)]
enum Inner {
    /// The first one, and how many events after it each of the others came; 0 is none.
    Few {
        first: Seq,
        later: [u32; FEW],
    },
    Many(VecDeque<Seq>),
}

impl Messages {
    fn new(first: Seq) -> Self {
        Self(Inner::Few { first, later: [0; FEW] })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Inner::Few { later, .. } => 1 + later.iter().take_while(|&&after| after > 0).count(),
            Inner::Many(all) => all.len(),
        }
    }

    /// Whether there is none, which no remembered thread is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The one at `index`, counted from the oldest.
    pub fn get(&self, index: usize) -> Option<Seq> {
        match &self.0 {
            Inner::Few { first, .. } if index == 0 => Some(*first),
            Inner::Few { first, later } => {
                let after = later.get(index - 1).filter(|&&after| after > 0);
                after.map(|&after| Seq(first.0 + u64::from(after)))
            }
            Inner::Many(all) => all.get(index).copied(),
        }
    }

    /// The oldest one.
    pub fn first(&self) -> Option<Seq> {
        self.get(0)
    }

    /// The newest one.
    pub fn last(&self) -> Option<Seq> {
        self.get(self.len().checked_sub(1)?)
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> Iter<'_> {
        Iter { messages: self, left: 0..self.len() }
    }

    fn push(&mut self, seq: Seq) {
        if let Inner::Few { first, later } = &mut self.0 {
            let after = seq.0.checked_sub(first.0).and_then(|after| u32::try_from(after).ok());
            let free = later.iter_mut().find(|after| **after == 0);
            if let (Some(free), Some(after @ 1..)) = (free, after) {
                *free = after;
                return;
            }
            self.0 = Inner::Many(self.iter().collect());
        }
        if let Inner::Many(all) = &mut self.0 {
            all.push_back(seq);
        }
    }

    /// Takes one out; `false` when there is none left then.
    fn forget(&mut self, seq: Seq) -> bool {
        match &mut self.0 {
            // What is forgotten is usually the oldest.
            Inner::Many(all) if all.front() == Some(&seq) => drop(all.pop_front()),
            Inner::Many(all) => all.retain(|&known| known != seq),
            Inner::Few { .. } => {
                let mut left = self.iter().filter(|&known| known != seq);
                let Some(first) = left.next() else { return false };
                let mut fewer = Self::new(first);
                left.for_each(|known| fewer.push(known));
                *self = fewer;
            }
        }
        !self.is_empty()
    }
}

impl PartialEq for Messages {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Messages {}

impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> IntoIterator for &'a Messages {
    type Item = Seq;
    type IntoIter = Iter<'a>;
    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// See [`Messages::iter`].
#[derive(Debug, Clone)]
pub struct Iter<'a> {
    messages: &'a Messages,
    left: Range<usize>,
}

impl Iterator for Iter<'_> {
    type Item = Seq;
    fn next(&mut self) -> Option<Seq> {
        self.messages.get(self.left.next()?)
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Seq> {
        self.messages.get(self.left.next_back()?)
    }
}

impl ExactSizeIterator for Iter<'_> {}

/// Remembered threads, by the id of their first message.
#[derive(Debug, Clone, Default)]
pub(super) struct Threads {
    table: HashTable<Box<Thread>>,
    hasher: RandomState,
}

impl Threads {
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn get(&self, id: &MessageId) -> Option<&Thread> {
        let found = self.table.find(self.hasher.hash_one(id), |thread| *thread.id == *id);
        found.map(|thread| &**thread)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Thread> {
        self.table.iter().map(|thread| &**thread)
    }

    /// Adds a message to its thread; gives the thread's handle for its id, and how many it has now.
    pub(super) fn add(&mut self, id: &MessageId, seq: Seq, at: Millis) -> (Arc<MessageId>, usize) {
        let Self { table, hasher } = self;
        let hash = |id: &MessageId| hasher.hash_one(id);
        match table.entry(hash(id), |thread| *thread.id == *id, |thread| hash(&thread.id)) {
            Entry::Occupied(mut found) => {
                let thread = found.get_mut();
                thread.messages.push(seq);
                thread.last_activity = at;
                (Arc::clone(&thread.id), thread.messages.len())
            }
            Entry::Vacant(free) => {
                let id = Arc::new(id.clone());
                let handle = Arc::clone(&id);
                free.insert(Box::new(Thread { id, messages: Messages::new(seq), last_activity: at }));
                (handle, 1)
            }
        }
    }

    /// Takes a message out of its thread, and forgets a thread without messages.
    pub(super) fn forget(&mut self, id: &MessageId, seq: Seq) {
        let found = self.table.find_entry(self.hasher.hash_one(id), |thread| *thread.id == *id);
        if let Ok(mut found) = found
            && !found.get_mut().messages.forget(seq)
        {
            found.remove();
        }
    }
}

impl Serialize for Threads {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Threads {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut threads = Self::default();
        for thread in Vec::<Thread>::deserialize(deserializer)? {
            let Self { table, hasher } = &mut threads;
            let hash = |id: &MessageId| hasher.hash_one(id);
            table.insert_unique(hash(&thread.id), Box::new(thread), |thread| hash(&thread.id));
        }
        Ok(threads)
    }
}

impl PartialEq for Threads {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|thread| other.get(&thread.id) == Some(thread))
    }
}

impl Eq for Threads {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_thread_takes_no_list() {
        assert!(size_of::<Thread>() <= 56, "{}", size_of::<Thread>());
    }

    #[test]
    fn messages_are_told_back_in_order_however_many_and_far_apart() {
        let far = u64::from(u32::MAX) + 2;
        for seqs in [&[7][..], &[1, 2, 3, 4, 5, 6, 7], &[1, 2, 3, 4, 5, 6, 7, 8, 9], &[1, far, far + 1]] {
            let mut messages = Messages::new(Seq(seqs[0]));
            seqs[1..].iter().for_each(|&seq| messages.push(Seq(seq)));
            let mut left: Vec<_> = seqs.iter().map(|&seq| Seq(seq)).collect();
            assert_eq!(messages.iter().collect::<Vec<_>>(), left);
            assert!(messages.iter().rev().eq(left.iter().rev().copied()));
            // From the middle on, then from the front.
            while left.len() > 1 {
                let gone = left.remove(if left.len() > 4 { left.len() / 2 } else { 0 });
                assert!(messages.forget(gone));
                assert!(messages.into_iter().eq(left.iter().copied()), "{messages:?} without {gone}");
                assert_eq!((messages.len(), messages.get(left.len())), (left.len(), None));
            }
            assert!(!messages.forget(left[0]));
        }
    }
}
