//! Whether what was read of a journal is all of it: lines that can not be read, events that are missing, a torn end.

use veda_bus_core::journal::{Line, LineError, Reader};
use veda_bus_core::name::Seq;
use veda_bus_ui::words::counted;

use super::{place, unreadable};
use crate::commands::say;
use crate::failure::Failure;

/// Takes note of every line, in order, and tells on standard error what is wrong.
#[derive(Debug, Default)]
pub(crate) struct Whole {
    last: Option<Seq>,
    /// The lines since then that can not be read; each may be an event.
    bad_since: u64,
    /// What seems to be missing, until the next event confirms it.
    pending: Option<Jump>,
    bad: u64,
    missing: u64,
    /// How many files begin with what was in another one.
    repeated: u64,
}

/// From one event to another that is not the next one.
#[derive(Debug)]
struct Jump {
    last: Seq,
    bad_since: u64,
    to: Seq,
    /// Where that one stands.
    place: String,
}

impl Whole {
    /// What an event's line says; or that it can not be read.
    pub(crate) fn look(&mut self, line: &Line<'_>, read: Result<Seq, &LineError>) {
        match read {
            Ok(seq) => self.event(line, seq),
            Err(error) => {
                self.bad_since += 1;
                self.is_bad(line, &error.to_string());
            }
        }
    }

    /// Nothing more comes of this journal, whose end may be torn.
    pub(crate) fn look_at_end(&mut self, reader: &Reader) -> Result<(), Failure> {
        let torn = reader.torn_end().map_err(|error| unreadable(reader.path(), error))?;
        if let Some(line) = torn {
            self.is_bad(&line, "it is not ended by a line break");
        }
        Ok(())
    }

    fn is_bad(&mut self, line: &Line<'_>, why: &str) {
        self.bad += 1;
        say(&format!("{}: {why}", place(line)));
    }

    fn event(&mut self, line: &Line<'_>, seq: Seq) {
        if let Some(jump) = self.pending.take() {
            if seq > jump.to {
                self.tell(&jump);
            } else {
                // It is the number before this one that was wrong.
                (self.last, self.bad_since) = (Some(jump.last), jump.bad_since + 1);
            }
        }
        let last = self.last.unwrap_or(Seq(seq.0.saturating_sub(1)));
        if seq <= last && line.number == Some(1) && self.last.is_some() {
            self.repeated += 1;
            say(&format!("{}: event {seq} again; what this file repeats is there twice", place(line)));
            (self.last, self.bad_since) = (Some(seq), 0);
            return;
        }
        if seq <= last {
            // Its own number is wrong.
            self.bad_since += 1;
            return;
        }
        if seq.0 - last.0 > 1 + self.bad_since {
            self.pending = Some(Jump { last, bad_since: self.bad_since, to: seq, place: place(line) });
        }
        (self.last, self.bad_since) = (Some(seq), 0);
    }

    fn tell(&mut self, Jump { last, to, place, .. }: &Jump) {
        self.missing += 1;
        say(&format!("{place}: events {} to {} are missing before it", last.next(), to.0 - 1));
    }

    /// Whether the next line may make it tell something.
    pub(crate) fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// That something is wrong is a failure, after all that could be read.
    pub(crate) fn ended(mut self) -> Result<(), Failure> {
        if let Some(jump) = self.pending.take() {
            self.tell(&jump);
        }
        let Self { bad, missing, repeated, .. } = self;
        let told = [
            (bad, format!("{} of the journal can not be read", counted(bad, "line"))),
            (missing, format!("events are missing in {}", counted(missing, "place"))),
            (
                repeated,
                format!(
                    "{} what another one has",
                    if repeated == 1 { "a file repeats" } else { "files repeat" }
                ),
            ),
        ];
        let told: Vec<_> = told.into_iter().filter(|(count, _)| *count > 0).map(|(_, told)| told).collect();
        if told.is_empty() { Ok(()) } else { Err(Failure::Failed(told.join(", and "))) }
    }
}
