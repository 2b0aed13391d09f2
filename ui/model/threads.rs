//! Conversations in the order of their last message, and which of them the operator has not looked at.
//!
//! A conversation is named by the number of its last message: the newest has the greatest. So the list is an ordered
//! set, and a page of it costs the same at any depth.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use veda_bus_core::event::Accepted;
use veda_bus_core::name::{MessageId, Seq};
use veda_bus_core::state::State;

/// How many conversations are looked at, for each that is said something in, whether the state still has them.
const SWEPT: usize = 4;

/// Everything up to some event, and single conversations further than that.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Seen {
    /// Whatever was accepted up to this event is read.
    pub upto: Seq,
    /// The last message that was read, by conversation, where that is later.
    pub threads: HashMap<MessageId, Seq>,
}

/// See the [module](self).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Threads {
    /// Conversations by their last message.
    order: BTreeMap<Seq, MessageId>,
    /// Of these, the unread ones.
    unread: BTreeMap<Seq, MessageId>,
    seen: Seen,
    /// Up to where it was looked for what the state has forgotten.
    swept: Seq,
}

impl Threads {
    /// Nothing but what was read.
    pub(super) fn restarted(self) -> Self {
        Self { seen: self.seen, ..Self::default() }
    }

    /// A message was accepted; `before` is the last one that its conversation had.
    pub(super) fn accepted(&mut self, state: &State, seq: Seq, accepted: &Accepted, before: Option<Seq>) {
        let thread = &accepted.thread;
        let mut was_unread = false;
        if let Some(before) = before {
            self.order.remove(&before);
            was_unread = self.unread.remove(&before).is_some();
        }
        self.order.insert(seq, thread.clone());
        if accepted.message.from.repo.is_operator() && !was_unread {
            // What the operator says is no news to the operator.
            if seq > self.seen.upto {
                self.seen.threads.insert(thread.clone(), seq);
            }
        } else if seq > self.seen_of(thread) {
            self.unread.insert(seq, thread.clone());
        }
        self.sweep(state);
    }

    /// Drops what the state has forgotten, a few conversations at a time: what was finished first is forgotten first,
    /// wherever in the order its conversation stands, and nothing tells of it.
    fn sweep(&mut self, state: &State) {
        for _ in 0..SWEPT {
            let mut later = self.order.range(self.swept.next()..);
            let Some((&known, thread)) = later.next().or_else(|| self.order.first_key_value()) else {
                return;
            };
            self.swept = known;
            let last = state.thread(thread).and_then(|thread| thread.messages.last());
            if last == Some(known) {
                continue;
            }
            self.unread.remove(&known);
            let Some(thread) = self.order.remove(&known) else { return };
            match last {
                // Only its latest messages are forgotten: it stands where what is left of it belongs.
                Some(last) => {
                    if last > self.seen_of(&thread) {
                        self.unread.insert(last, thread.clone());
                    }
                    self.order.insert(last, thread);
                }
                None => _ = self.seen.threads.remove(&thread),
            }
        }
    }

    /// The last message of a conversation that was read, or a later event.
    pub fn seen_of(&self, thread: &MessageId) -> Seq {
        self.seen.threads.get(thread).copied().unwrap_or_default().max(self.seen.upto)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// How many are unread.
    pub fn unread(&self) -> usize {
        self.unread.len()
    }

    /// Conversations with activity up to `seq`, the newest first, each with its last message.
    pub fn from(&self, seq: Seq) -> impl Iterator<Item = (Seq, &MessageId)> {
        self.order.range(..=seq).rev().map(|(&last, thread)| (last, thread))
    }

    /// Conversations with activity after `seq`, the oldest first.
    pub fn after(&self, seq: Seq) -> impl Iterator<Item = (Seq, &MessageId)> {
        self.order.range(seq.next()..).map(|(&last, thread)| (last, thread))
    }

    /// The newest and the oldest.
    pub fn ends(&self) -> Option<(Seq, Seq)> {
        Some((*self.order.last_key_value()?.0, *self.order.first_key_value()?.0))
    }

    /// Whether the conversation whose last message is `last` is unread.
    pub fn is_unread(&self, last: Seq) -> bool {
        self.unread.contains_key(&last)
    }

    /// The next unread conversation: with activity before `seq`, or after it.
    pub fn next_unread(&self, seq: Seq, newer: bool) -> Option<Seq> {
        if newer {
            self.unread.range(seq.next()..).next().map(|(&last, _)| last)
        } else {
            self.unread.range(..seq).next_back().map(|(&last, _)| last)
        }
    }

    /// The unread conversations, the oldest first.
    pub fn unread_ones(&self) -> impl Iterator<Item = &MessageId> {
        self.unread.values()
    }

    /// How many messages of a conversation are unread, counted up to 100.
    pub fn unread_in(&self, state: &State, thread: &MessageId) -> usize {
        let seen = self.seen_of(thread);
        let messages = state.thread(thread).into_iter().flat_map(|thread| thread.messages.iter().rev());
        messages.take(100).take_while(|&seq| seq > seen).count()
    }

    /// The operator has looked at a conversation, up to message `seq`; `true` when that is news.
    pub fn saw(&mut self, state: &State, thread: &MessageId, seq: Seq) -> bool {
        if seq <= self.seen_of(thread) {
            return false;
        }
        self.seen.threads.insert(thread.clone(), seq);
        if let Some(last) = state.thread(thread).and_then(|thread| thread.messages.last())
            && last <= seq
        {
            self.unread.remove(&last);
        }
        true
    }

    /// Everything that there is now is read.
    pub fn saw_all(&mut self, upto: Seq) {
        self.seen = Seen { upto: upto.max(self.seen.upto), threads: HashMap::new() };
        self.unread.clear();
    }

    /// What was read.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Takes over what was read in an earlier run, before any event was taken in.
    pub fn remember(&mut self, seen: Seen) {
        self.seen = seen;
    }
}
