//! What was found, as a whole: the event, where in it, and what was said around it.

use std::collections::HashMap;
use std::ops::Range;

use super::around::{Centre, Near};
use super::best::Candidate;
use super::judge::Judge;
use super::walk::{Wish, walk};
use crate::event::{Accepted, Event, Recorded};
use crate::journal::line;
use crate::name::MessageId;

/// An event in which everything was found.
#[derive(Debug, Clone)]
pub struct Hit {
    /// It.
    pub recorded: Recorded,
    /// Its line, without the line break.
    pub line: String,
    /// How well it matches; what it is made of stands in `docs/history.md`.
    pub score: u32,
    /// The texts in which something was found, in their order.
    pub matches: Vec<Match>,
    /// What stands around it, where it was asked for and the event is about a message of a thread.
    pub around: Option<Surroundings>,
}

/// A text in which something was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Its path: `payload.question`, `payload.benefits[0]`, `from.repo`, `reason`.
    pub field: String,
    /// The whole text, unsafe to print as it is.
    pub text: String,
    /// Where in it, in bytes; in their order, none in another.
    pub ranges: Vec<Range<usize>>,
}

/// The thread around a message.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The id of the message that the thread began with.
    pub thread: MessageId,
    /// How many messages the journal has of it, where the whole thread was looked for.
    pub messages: Option<u64>,
    /// What the message answers, as far as the journal has it.
    pub parent: Option<Recorded>,
    /// The messages before it, the oldest first.
    pub before: Vec<Recorded>,
    /// The messages after it, the oldest first.
    pub after: Vec<Recorded>,
}

impl Surroundings {
    pub(super) fn of(centre: Centre, near: Near, messages: Option<u64>) -> Self {
        let all = |lines: std::collections::BTreeMap<_, Vec<u8>>| {
            lines.into_values().filter_map(|line| decoded(&line)).collect()
        };
        Self {
            thread: centre.thread,
            messages,
            parent: near.parent.and_then(|line| decoded(&line)),
            before: all(near.before),
            after: all(near.after),
        }
    }
}

fn decoded(line: &[u8]) -> Option<Recorded> {
    let (recorded, _) = line::decode(std::str::from_utf8(line).ok()?).ok()?;
    Some(recorded)
}

/// A line that was found, and what it says.
#[derive(Debug)]
pub(super) struct Raw {
    recorded: Recorded,
    line: String,
    score: u32,
    file: usize,
}

impl Raw {
    /// `None` when it does not say what a line of its event has to.
    pub(super) fn of(candidate: Candidate) -> Option<Self> {
        let line = String::from_utf8(candidate.line).ok()?;
        let (recorded, _) = line::decode(&line).ok()?;
        Some(Self { recorded, line, score: candidate.score, file: candidate.file })
    }

    /// Which file it is from.
    pub(super) fn file(&self) -> usize {
        self.file
    }

    /// The message that it changed, if it is about that: only the event that accepted it tells its thread.
    pub(super) fn amended(&self) -> Option<MessageId> {
        match &self.recorded.event {
            Event::Amended(amended) => Some(amended.message.id.clone()),
            _ => None,
        }
    }

    /// The message that it is about, in its thread.
    pub(super) fn centre(&self, accepted: &HashMap<MessageId, Centre>) -> Option<Centre> {
        match &self.recorded.event {
            Event::Accepted(event) => {
                let Accepted { thread, parent, .. } = event.as_ref();
                Some(Centre { seq: self.recorded.seq, thread: thread.clone(), parent: *parent })
            }
            Event::Amended(event) => accepted.get(&event.message.id).cloned(),
            _ => None,
        }
    }

    pub(super) fn hit(self, judge: &Judge<'_>, around: Option<Surroundings>) -> Hit {
        let Self { recorded, line, score, file: _ } = self;
        let mut matches = Vec::new();
        // It was read before, so that it can be read.
        let _ =
            walk(line.as_bytes(), Wish { all: judge.has_all(), paths: true, ..Wish::default() }, |field| {
                let ranges = judge.places(&field);
                if !ranges.is_empty() {
                    matches.push(Match { field: field.path.to_owned(), text: field.text.to_owned(), ranges });
                }
            });
        Hit { recorded, line, score, matches, around }
    }
}
