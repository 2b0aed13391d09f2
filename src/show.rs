//! What the command line prints for a person. The words are those of the console (`veda_bus_ui::words`); here they
//! become lines of a terminal.
//!
//! | module | what is in it |
//! |---|---|
//! | [`ansi`] | rows with colours |
//! | [`mod@hit`] | what a search has found |
//! | [`memory`] | what was read of messages, so that later events can say which they are about |
//! | [`start`] | what a bus that starts says of its journal |
//! | [`table`] | columns as wide as what stands in them |
//! | [`whole`] | a message with everything that it says |

pub(crate) mod ansi;
mod hit;
pub(crate) mod memory;
mod start;
pub(crate) mod table;
mod whole;

#[cfg(test)]
pub(crate) mod tests;

use veda_bus_core::event::Recorded;
use veda_bus_core::time::Millis;
use veda_bus_ui::row::Row;
use veda_bus_ui::theme::Role;
use veda_bus_ui::words::{self, Knows};

pub(crate) use hit::hit;
pub(crate) use start::{journal, recovery_faults};
pub(crate) use veda_bus_ui::words::hit::message_of;
pub(crate) use whole::message;

/// How much of the time of an event is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Hours to milliseconds: for what happens now.
    Time,
    /// The date, too.
    DateTime,
}

impl Clock {
    fn show(self, at: Millis) -> String {
        match (self, at.local()) {
            (Self::Time, Some(time)) => time.format("%H:%M:%S%.3f").to_string(),
            _ => at.to_string(),
        }
    }
}

/// An event as one row: when, its number, its name, and what it is about.
pub(crate) fn event(recorded: &Recorded, knows: &dyn Knows, clock: Clock) -> Row {
    let mut row = Row::of(Role::Time, &clock.show(recorded.at));
    row.plain(&format!(" {:>6} ", recorded.seq.0)).append(&words::event(&recorded.event, knows));
    row
}

/// How many columns a text takes, harmless as it will be.
pub(crate) fn width(text: &str) -> usize {
    Row::of(Role::Text, text).width()
}
