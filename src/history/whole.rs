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
    /// The event before which others seem to be missing, and what is told when the one after it confirms it.
    pending: Option<(Seq, String)>,
    bad: u64,
    missing: u64,
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
        self.tell_pending(|before| seq > before);
        if let Some(last) = self.last
            && seq.0.saturating_sub(last.0) > 1 + self.bad_since
        {
            let (first, before) = (last.next(), seq.0 - 1);
            self.pending =
                Some((seq, format!("{}: events {first} to {before} are missing before it", place(line))));
        }
        (self.last, self.bad_since) = (Some(seq), 0);
    }

    /// That a number is too high may be due to itself: then those after it are not above it.
    fn tell_pending(&mut self, is_confirmed: impl FnOnce(Seq) -> bool) {
        if let Some((_, text)) = self.pending.take().filter(|(before, _)| is_confirmed(*before)) {
            self.missing += 1;
            say(&text);
        }
    }

    /// That something is wrong is a failure, after all that could be read.
    pub(crate) fn ended(mut self) -> Result<(), Failure> {
        self.tell_pending(|_| true);
        let bad =
            (self.bad > 0).then(|| format!("{} of the journal can not be read", counted(self.bad, "line")));
        let missing =
            (self.missing > 0).then(|| format!("events are missing in {}", counted(self.missing, "place")));
        match (bad, missing) {
            (None, None) => Ok(()),
            (Some(one), None) | (None, Some(one)) => Err(Failure::Failed(one)),
            (Some(bad), Some(missing)) => Err(Failure::Failed(format!("{bad}, and {missing}"))),
        }
    }
}
