//! Which conversations are listed: all of them, or those that match a filter.
//!
//! A filter looks at one message after another, the newest conversation first, a little at a time; what a message says may
//! have to be fetched first. A conversation matches when one of its messages does.

use std::collections::BTreeMap;
use std::fmt;

use veda_bus_core::filter::FilterError;
use veda_bus_core::message::MessageType;
use veda_bus_core::name::{MessageId, Seq};
use veda_bus_core::time::Millis;

use super::pick::Pick;
use crate::model::texts::Text;
use crate::model::{Model, Said};

/// How many messages are fetched for a filter at a time.
const FETCH: usize = 100;

/// The conversations that match a filter.
pub struct Filtered {
    /// What was typed.
    pub source: String,
    pick: Pick,
    matches: BTreeMap<Seq, MessageId>,
    /// The conversation that is looked at next, by its last message, and how many of its messages were looked at.
    next: Option<(Seq, usize)>,
    /// Conversations that were not looked at yet when something new brought them to the top, and how many of their
    /// messages were since.
    moved: Vec<(MessageId, usize)>,
    looked_at: usize,
}

impl fmt::Debug for Filtered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filtered").field("source", &self.source).finish_non_exhaustive()
    }
}

/// How far a look has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Everything was looked at.
    Done,
    /// There is more to look at.
    More,
    /// First, these messages must be fetched.
    Needs(Vec<Seq>),
}

impl Filtered {
    /// Reads a filter: words, or `=` and a CEL expression.
    ///
    /// # Errors
    /// When the expression is none.
    pub fn new(source: &str, model: &Model) -> Result<Self, FilterError> {
        Ok(Self {
            source: source.to_owned(),
            pick: Pick::new(source)?,
            matches: BTreeMap::new(),
            next: model.threads.ends().map(|(newest, _)| (newest, 0)),
            moved: Vec::new(),
            looked_at: 0,
        })
    }

    /// Whether everything was looked at.
    pub fn is_done(&self) -> bool {
        self.next.is_none() && self.moved.is_empty()
    }

    /// How many conversations were looked at.
    pub fn looked_at(&self) -> usize {
        self.looked_at
    }

    /// How many conversations match so far.
    pub fn len(&self) -> usize {
        self.matches.len()
    }

    /// Whether none matches so far.
    pub fn is_empty(&self) -> bool {
        self.matches.is_empty()
    }

    /// Looks at some more messages, at most `budget`.
    pub fn look(&mut self, model: &Model, now: Millis, mut budget: usize) -> Look {
        while let Some((last, thread, done)) = self.current(model) {
            let messages = model.state.thread(&thread).map(|thread| &thread.messages);
            for (place, seq) in messages.into_iter().flatten().enumerate().skip(done) {
                if budget == 0 {
                    self.interrupt(last, place);
                    return Look::More;
                }
                budget -= 1;
                match self.test(model, seq, now) {
                    Some(true) => {
                        self.matches.insert(last, thread);
                        break;
                    }
                    Some(false) => {}
                    None => {
                        self.interrupt(last, place);
                        return Look::Needs(self.missing(model));
                    }
                }
            }
            self.finish(last);
        }
        Look::Done
    }

    /// The conversation that is looked at, with its last message, and how many of its messages were looked at: the next
    /// one of the list, and after its end those that something new took out of it meanwhile.
    fn current(&mut self, model: &Model) -> Option<(Seq, MessageId, usize)> {
        if let Some((wanted, done)) = self.next {
            if let Some((last, thread)) = model.threads.from(wanted).next() {
                // Where the one that was begun is not any more, another one begins.
                return Some((last, thread.clone(), if last == wanted { done } else { 0 }));
            }
            self.next = None;
        }
        while let Some((thread, done)) = self.moved.last() {
            match model.state.thread(thread).and_then(|known| known.messages.last()) {
                Some(last) => return Some((last, thread.clone(), *done)),
                None => _ = self.moved.pop(),
            }
        }
        None
    }

    /// It goes on with message number `place` of the conversation another time.
    fn interrupt(&mut self, last: Seq, place: usize) {
        match (&mut self.next, self.moved.last_mut()) {
            (Some(next), _) => *next = (last, place),
            (None, Some((_, done))) => *done = place,
            (None, None) => {}
        }
    }

    fn finish(&mut self, last: Seq) {
        self.looked_at += 1;
        match self.next {
            Some(_) => self.next = last.0.checked_sub(1).map(|before| (Seq(before), 0)),
            None => _ = self.moved.pop(),
        }
    }

    /// The next messages that are to be fetched.
    fn missing(&self, model: &Model) -> Vec<Seq> {
        let (from, done) = self.next.unwrap_or_default();
        let listed = model.threads.from(from).map(|(_, thread)| (thread, 0));
        let moved = self.moved.iter().rev().map(|(thread, done)| (thread, *done));
        let threads =
            listed.chain(moved).filter_map(|(thread, done)| Some((model.state.thread(thread)?, done)));
        let messages = threads.flat_map(|(thread, done)| thread.messages.iter().skip(done)).skip(done);
        let missing = messages.filter(|&seq| matches!(model.texts.at_hand(&model.state, seq), Text::Coming));
        missing.take(FETCH).collect()
    }

    /// Whether a message matches; `None` when its text is not at hand.
    fn test(&mut self, model: &Model, seq: Seq, now: Millis) -> Option<bool> {
        let record = model.state.record(seq)?;
        match model.texts.at_hand(&model.state, seq) {
            Text::Here(read) => Some(self.pick.takes(record, &read, now)),
            Text::Coming => None,
            Text::Gone => Some(false),
        }
    }

    /// A message was accepted.
    pub fn accepted(&mut self, model: &Model, said: &Said, now: Millis) {
        let matched = said.before.is_some_and(|before| self.matches.remove(&before).is_some());
        if matched || self.test(model, said.seq, now) == Some(true) {
            self.matches.insert(said.seq, said.thread.clone());
        }
        // It is not where it would have been looked at.
        if said.before.is_some_and(|before| self.next.is_some_and(|(next, _)| before <= next)) {
            self.moved.push((said.thread.clone(), 0));
        }
    }
}

/// What the list of conversations goes through.
#[derive(Debug, Clone, Copy)]
pub enum Listing<'a> {
    /// All of them.
    All(&'a Model),
    /// Those that match.
    Matching(&'a Filtered),
}

impl<'a> Listing<'a> {
    /// With activity up to `seq`, the newest first, each with its last message.
    pub fn from(self, seq: Seq) -> Box<dyn Iterator<Item = (Seq, &'a MessageId)> + 'a> {
        match self {
            Self::All(model) => Box::new(model.threads.from(seq)),
            Self::Matching(filtered) => {
                Box::new(filtered.matches.range(..=seq).rev().map(|(&last, thread)| (last, thread)))
            }
        }
    }

    /// With activity after `seq`, the oldest first.
    pub fn after(self, seq: Seq) -> Box<dyn Iterator<Item = (Seq, &'a MessageId)> + 'a> {
        match self {
            Self::All(model) => Box::new(model.threads.after(seq)),
            Self::Matching(filtered) => {
                Box::new(filtered.matches.range(seq.next()..).map(|(&last, thread)| (last, thread)))
            }
        }
    }

    /// How many there are.
    pub fn len(self) -> usize {
        match self {
            Self::All(model) => model.threads.len(),
            Self::Matching(filtered) => filtered.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The last message of the newest and of the oldest.
    pub fn ends(self) -> Option<(Seq, Seq)> {
        match self {
            Self::All(model) => model.threads.ends(),
            Self::Matching(filtered) => {
                Some((*filtered.matches.last_key_value()?.0, *filtered.matches.first_key_value()?.0))
            }
        }
    }
}

/// What a badge says of a type, at most six letters.
pub fn badge(kind: MessageType) -> &'static str {
    match kind {
        MessageType::RequestChange => "change",
        MessageType::Query => "query",
        MessageType::Notify => "notify",
        MessageType::Negotiate => "vote",
        MessageType::Task => "task",
    }
}
