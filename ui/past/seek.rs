//! Finds the event that a target means.

use std::io;

use veda_bus_core::event::{Event, Recorded};
use veda_bus_core::history::{Found, Kind, Timeline};
use veda_bus_core::name::Seq;

use super::{Stop, Target};
use crate::app::pick::Pick;
use crate::model::Model;

/// Why a target is not gone to.
#[derive(Debug, thiserror::Error)]
pub(super) enum SeekError {
    /// The journal can not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// There is none, and this is why.
    #[error("{0}")]
    NotThere(String),
}

/// The position that `target` means.
pub(super) fn position(timeline: &Timeline<Model>, target: &Target) -> Result<Seq, SeekError> {
    let last = timeline.map().last().map_or(Seq(0), |(last, _)| last);
    Ok(match target {
        Target::Event(seq) => *seq,
        Target::Time(at) => timeline.at_time(*at)?,
        Target::Start => Seq(0),
        Target::End => last,
        Target::Message(id) => message(timeline, id)?,
        Target::Next { from, stop } => {
            let mut test = Test::new(stop)?;
            let found = timeline.next_where(*from, &mut |found| test.is_it(found))?;
            found.ok_or_else(|| nothing(stop, "after"))?
        }
        Target::Previous { from, stop: Stop::Event } => {
            timeline.last_where(*from, &mut |_| true)?.unwrap_or_default()
        }
        Target::Previous { from, stop } => {
            let mut test = Test::new(stop)?;
            let found = timeline.last_where(*from, &mut |found| test.is_it(found))?;
            found.ok_or_else(|| nothing(stop, "before"))?
        }
    })
}

fn nothing(stop: &Stop, side: &str) -> SeekError {
    SeekError::NotThere(match stop {
        Stop::Event => format!("there is no event {side} this one"),
        Stop::Message => format!("there is no message {side} this moment"),
        Stop::Decision => format!("nothing was decided {side} this moment"),
        Stop::Match(source) => format!("no message {side} this moment matches \"{source}\""),
    })
}

/// The event that accepted the message with this id, or the first one whose id begins so.
fn message(timeline: &Timeline<Model>, id: &str) -> Result<Seq, SeekError> {
    // An id stands in its line as it is written here, for it can have no quotes in it.
    let finder = memchr::memmem::Finder::new(id.as_bytes());
    let (mut whole, mut begun) = (None, None);
    timeline.next_where(Seq(0), &mut |found| {
        if !matches!(found.kind(), Kind::Message | Kind::Hold) || finder.find(found.line()).is_none() {
            return false;
        }
        let Some(Recorded { seq, event: Event::Accepted(accepted), .. }) = found.event() else {
            return false;
        };
        let known = &accepted.message.id;
        if known.starts_with(id) {
            begun = begun.or(Some(seq));
            whole = (known.to_string() == id).then_some(seq);
        }
        whole.is_some()
    })?;
    whole.or(begun).ok_or_else(|| SeekError::NotThere(format!("no message in the journal is \"{id}\"")))
}

enum Test {
    Any,
    Message,
    Decision,
    Match(Box<Pick>),
}

impl Test {
    fn new(stop: &Stop) -> Result<Self, SeekError> {
        Ok(match stop {
            Stop::Event => Self::Any,
            Stop::Message => Self::Message,
            Stop::Decision => Self::Decision,
            Stop::Match(source) => {
                let pick = Pick::new(source).map_err(|error| SeekError::NotThere(error.to_string()))?;
                Self::Match(Box::new(pick))
            }
        })
    }

    fn is_it(&mut self, found: Found<'_>) -> bool {
        let is_message = || matches!(found.kind(), Kind::Message | Kind::Hold);
        match self {
            Self::Any => true,
            Self::Message => is_message(),
            Self::Decision => found.kind() == Kind::Decision,
            Self::Match(pick) => {
                let event = if is_message() { found.event() } else { None };
                event.is_some_and(|recorded| match &recorded.event {
                    Event::Accepted(accepted) => pick.takes_accepted(&recorded, accepted),
                    _ => false,
                })
            }
        }
    }
}
