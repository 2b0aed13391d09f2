//! Conversations as documents: what was said on the bus, what became of it, and what was decided.
//!
//! | module | what is in it |
//! |---|---|
//! | `gather` | makes the model from the events of a journal, in one pass |
//! | `tree` | messages in the order in which a thread is read |
//! | `told` | what all formats say in the same words |
//! | [`markdown`], [`html`], [`json`], [`csv`] | the formats; each writes the model and nothing else |

pub(crate) mod csv;
mod gather;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod markdown;
mod told;
mod tree;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use veda_bus_core::event::{Held, Refused};
use veda_bus_core::message::Message;
use veda_bus_core::name::{MessageId, RepoName, Seq};
use veda_bus_core::state::negotiation::Negotiation;
use veda_bus_core::state::view::RecordView;
use veda_bus_core::time::Millis;

pub(crate) use gather::Gathering;

/// What is exported.
#[derive(Debug, Default)]
pub(crate) struct Exported {
    /// When it was made.
    pub(crate) made_at: Millis,
    /// The threads, by their first message here.
    pub(crate) conversations: Vec<Conversation>,
    /// What the bus did not accept.
    pub(crate) refusals: Vec<Refusal>,
}

/// What is exported of a thread.
#[derive(Debug)]
pub(crate) struct Conversation {
    /// The id of the message that the thread began with, whether it is here or not.
    pub(crate) thread: MessageId,
    /// Its messages in the order of reading: an answer stands behind what it answers. There is at least one.
    pub(crate) messages: Vec<Told>,
    /// What was put to the vote.
    pub(crate) negotiations: Vec<Negotiation>,
    /// When the thread was held, and when it went on.
    pub(crate) halts: Vec<Halt>,
}

/// A message, and what became of it.
#[derive(Debug)]
pub(crate) struct Told {
    /// When it was accepted, and how far it came with each recipient.
    pub(crate) record: RecordView,
    /// As it is now.
    pub(crate) message: Message,
    /// As it was sent, where the operator changed it.
    pub(crate) sent: Option<Message>,
    /// Why it was held, where it was.
    pub(crate) held: Option<Held>,
    /// What it answers, where that is here.
    pub(crate) parent: Option<Seq>,
    /// How many messages of the thread stand above it.
    pub(crate) depth: usize,
}

/// That a thread was held, or went on.
#[derive(Debug, Clone)]
pub(crate) struct Halt {
    pub(crate) at: Millis,
    /// Why it was held; `None` when it went on.
    pub(crate) reason: Option<String>,
}

/// A message that was not accepted, or a process that was not taken for the operator.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) seq: Seq,
    pub(crate) at: Millis,
    pub(crate) refused: Refused,
}

impl Exported {
    /// How many messages there are.
    pub(crate) fn messages(&self) -> usize {
        self.conversations.iter().map(|one| one.messages.len()).sum()
    }

    /// Everyone who sent or got something, by name.
    pub(crate) fn participants(&self) -> BTreeSet<&RepoName> {
        self.conversations.iter().flat_map(Conversation::participants).collect()
    }

    /// When the first and the last message was accepted.
    pub(crate) fn span(&self) -> Option<(Millis, Millis)> {
        let times = || self.conversations.iter().flat_map(|one| &one.messages).map(|told| told.record.at);
        times().min().zip(times().max())
    }
}

impl Conversation {
    /// Everyone who sent or got something here.
    pub(crate) fn participants(&self) -> BTreeSet<&RepoName> {
        let names = self.messages.iter().flat_map(|told| {
            let to = told.record.ladder.iter().map(|ladder| &ladder.repo);
            std::iter::once(&told.message.from.repo).chain(to)
        });
        names.collect()
    }

    /// When the first and the last message was accepted.
    pub(crate) fn span(&self) -> Option<(Millis, Millis)> {
        let times = || self.messages.iter().map(|told| told.record.at);
        times().min().zip(times().max())
    }

    /// What its first message says in a line, unsafe to show as it is.
    pub(crate) fn headline(&self) -> String {
        let first = self.messages.iter().min_by_key(|told| told.record.seq);
        first.map(|told| told.message.payload.headline()).unwrap_or_default()
    }
}
