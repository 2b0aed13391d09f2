//! Holds: messages that are kept back until the operator lets them go, and threads in which all are.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::event::Held;
use crate::name::{MessageId, Seq};
use crate::time::Millis;

/// The operator is told of a held message so long before it is stale, or when a fifth of its time is left, whichever is
/// later.
const WARNING: Duration = Duration::from_secs(60);

/// A message that is kept back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Why.
    #[serde(with = "super::as_json")]
    pub held: Held,
    /// When the operator is to be told that it will soon be stale.
    pub warn_at: Millis,
    /// Whether the operator was told.
    pub is_expiring: bool,
    /// Whether the operator has changed it.
    pub is_amended: bool,
}

/// A thread in which every message is kept back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldThread {
    /// The event since which it is held.
    pub seq: Seq,
    /// When that was.
    pub at: Millis,
    /// Why.
    pub reason: String,
}

/// See the [module](self).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holds {
    messages: BTreeMap<Seq, Hold>,
    warnings: BTreeSet<(Millis, Seq)>,
    threads: BTreeMap<MessageId, HeldThread>,
}

impl Holds {
    pub(super) fn messages(&self) -> impl Iterator<Item = (Seq, &Hold)> {
        self.messages.iter().map(|(&seq, hold)| (seq, hold))
    }

    pub(super) fn get(&self, seq: Seq) -> Option<&Hold> {
        self.messages.get(&seq)
    }

    pub(super) fn threads(&self) -> impl Iterator<Item = (&MessageId, &HeldThread)> {
        self.threads.iter()
    }

    pub(super) fn thread(&self, id: &MessageId) -> Option<&HeldThread> {
        self.threads.get(id)
    }

    /// The event since which the thread is held that has been so for longest.
    pub(super) fn first(&self) -> Option<Seq> {
        self.threads.values().map(|thread| thread.seq).min()
    }

    /// The next time at which the operator is to be told that a message will soon be stale.
    pub(super) fn next_warning(&self) -> Option<Millis> {
        self.warnings.first().map(|&(at, _)| at)
    }

    pub(super) fn warned_by(&self, now: Millis) -> impl Iterator<Item = Seq> {
        self.warnings.iter().take_while(move |&&(at, _)| at <= now).map(|&(_, seq)| seq)
    }

    /// Message `seq`, accepted at `at` and stale at `expires_at`, is kept back.
    pub(super) fn hold(&mut self, seq: Seq, held: Held, at: Millis, expires_at: Millis) {
        let warning = WARNING.min(expires_at.since(at) / 5);
        let warn_at = expires_at.before(warning);
        self.messages.insert(seq, Hold { held, warn_at, is_expiring: false, is_amended: false });
        self.warnings.insert((warn_at, seq));
    }

    pub(super) fn amended(&mut self, seq: Seq) {
        if let Some(hold) = self.messages.get_mut(&seq) {
            hold.is_amended = true;
        }
    }

    pub(super) fn expiring(&mut self, seq: Seq) {
        if let Some(hold) = self.messages.get_mut(&seq) {
            hold.is_expiring = true;
            self.warnings.remove(&(hold.warn_at, seq));
        }
    }

    /// Message `seq` is not kept back any more, for whatever reason.
    pub(super) fn let_go(&mut self, seq: Seq) {
        if let Some(hold) = self.messages.remove(&seq) {
            self.warnings.remove(&(hold.warn_at, seq));
        }
    }

    pub(super) fn hold_thread(&mut self, id: MessageId, seq: Seq, at: Millis, reason: String) {
        self.threads.insert(id, HeldThread { seq, at, reason });
    }

    pub(super) fn let_thread_go(&mut self, id: &MessageId) {
        self.threads.remove(id);
    }
}
