//! What has been read of messages, so that a later event about one of them can say which it is.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use veda_bus_core::event::{Accepted, Amended, Event, Recorded};
use veda_bus_core::filter::{Facts, MAX_SUMMARY};
use veda_bus_core::message::{Message, MessageType, Priority, Recipient};
use veda_bus_core::name::{MessageId, RepoName};
use veda_bus_core::time::Millis;
use veda_bus_core::wire::answer::HistoryEntry;
use veda_bus_ui::words::{Knows, Mention};

/// How many bytes of messages are remembered, about.
const LIMIT: usize = 16 << 20;

/// What a message weighs beside its headline, about.
const WEIGHT: usize = 512;

/// A message without most of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    kind: MessageType,
    from: RepoName,
    /// What it says in a line, at most [`MAX_SUMMARY`] bytes, unsafe to print as it is.
    headline: String,
    priority: Priority,
    to: Recipient,
    reply_to: Option<MessageId>,
    thread: MessageId,
    at: Millis,
    expires_at: Millis,
}

impl Known {
    fn new(message: &Message, thread: &MessageId, at: Millis, expires_at: Millis) -> Self {
        let mut headline = message.payload.headline();
        let end = (0..=MAX_SUMMARY.min(headline.len())).rev().find(|&end| headline.is_char_boundary(end));
        headline.truncate(end.unwrap_or_default());
        Self {
            kind: message.kind(),
            from: message.from.repo.clone(),
            headline,
            priority: message.priority,
            to: message.to.clone(),
            reply_to: message.reply_to.clone(),
            thread: thread.clone(),
            at,
            expires_at,
        }
    }

    /// The facts of an event about this message: what `event` tells of itself, and what is known of the message.
    pub(crate) fn facts<'a>(&'a self, id: &MessageId, event: &Facts<'a>) -> Facts<'a> {
        Facts {
            priority: self.priority,
            kind: self.kind.as_str(),
            from: self.from.as_str(),
            to: self.to.repo.as_str(),
            age: event.at.since(self.at),
            ttl: Duration::from_secs(self.expires_at.since(self.at).as_secs()),
            capabilities: &self.to.capabilities,
            id: id.to_string().into(),
            thread: self.thread.to_string().into(),
            reply_to: self.reply_to.as_ref().map(ToString::to_string).unwrap_or_default().into(),
            summary: self.headline.as_str().into(),
            text: event.text.clone(),
            event: event.event,
            repo: event.repo,
            seq: event.seq,
            at: event.at,
        }
    }
}

/// The messages that were read last; the older ones are forgotten.
#[derive(Debug)]
pub(crate) struct Memory {
    known: HashMap<MessageId, Known>,
    order: VecDeque<MessageId>,
    bytes: usize,
    limit: usize,
}

impl Memory {
    /// Remembers about so many bytes of messages as need not bother anyone.
    pub(crate) fn new() -> Self {
        Self { known: HashMap::new(), order: VecDeque::new(), bytes: 0, limit: LIMIT }
    }

    /// Takes in what an event says of a message: that it was accepted, or that it says something else now.
    pub(crate) fn learn_event(&mut self, recorded: &Recorded) {
        match &recorded.event {
            Event::Accepted(accepted) => self.learn(recorded.at, accepted),
            Event::Amended(Amended { message }) => {
                if let Some(before) = self.known.get(&message.id) {
                    let known = Known::new(message, &before.thread, before.at, before.expires_at);
                    self.insert(&message.id, known);
                }
            }
            _ => {}
        }
    }

    /// Takes in a message that an event accepted at `at`.
    pub(crate) fn learn(&mut self, at: Millis, accepted: &Accepted) {
        let known = Known::new(&accepted.message, &accepted.thread, at, accepted.expires_at);
        self.insert(&accepted.message.id, known);
    }

    /// Takes in a message of the past.
    pub(crate) fn learn_entry(&mut self, entry: &HistoryEntry) {
        let message = entry.message.as_ref().and_then(|json| Message::parse(&json.to_string(), None).ok());
        if let Some(message) = message {
            let record = &entry.record;
            self.insert(&message.id, Known::new(&message, &record.thread, record.at, record.expires_at));
        }
    }

    /// What is known of a message.
    pub(crate) fn get(&self, id: &MessageId) -> Option<&Known> {
        self.known.get(id)
    }

    fn insert(&mut self, id: &MessageId, known: Known) {
        let weight = |known: &Known| WEIGHT + known.headline.len();
        self.bytes += weight(&known);
        match self.known.insert(id.clone(), known) {
            Some(before) => self.bytes -= weight(&before),
            None => self.order.push_back(id.clone()),
        }
        while self.bytes > self.limit {
            let Some(oldest) = self.order.pop_front() else { break };
            self.bytes -= self.known.remove(&oldest).as_ref().map_or(0, weight);
        }
    }
}

impl Knows for Memory {
    fn mention(&self, id: &MessageId) -> Option<Mention<'_>> {
        let Known { kind, from, headline, .. } = self.get(id)?;
        Some(Mention { kind: *kind, from, headline: Some(headline.as_str().into()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::tests::accepted;

    #[test]
    fn the_oldest_are_forgotten() {
        let mut memory = Memory { limit: 3 * (WEIGHT + 100), ..Memory::new() };
        for number in 0..1000 {
            memory.learn(Millis(number), &accepted(&format!("id-{number}"), "Flagship", "LensSDK", None));
        }
        assert!(memory.get(&"id-0".parse().unwrap()).is_none());
        assert!(memory.get(&"id-999".parse().unwrap()).is_some());
        assert!(memory.known.len() <= 4);
        assert_eq!(memory.known.len(), memory.order.len());
    }
}
