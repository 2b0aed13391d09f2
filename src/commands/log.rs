//! `veda-bus log`: the journal, readable. It reads the files, so it needs no bus; where one answers, its journal is meant.

pub(super) mod compress;
pub(super) mod prune;

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use veda_bus_core::journal::{self, Line, Reader, VerifyError};
use veda_bus_ui::words::counted;

use super::say;
use crate::arguments::Log;
use crate::context::{Context, Output};
use crate::failure::Failure;
use crate::history::select::{Selection, Wanted};
use crate::history::{next_line, open, path, place, unreadable, wanted, whole};
use crate::runtime::{runtime, stop_signal};
use crate::show::memory::Memory;
use crate::show::{self, Clock};

/// How often a journal that is followed is looked at: a file tells nobody that it grew.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

pub(crate) fn run(context: &Context, log: &Log) -> Result<(), Failure> {
    let path = path(context)?;
    let path = path.as_path();
    let mut reader = open(path)?;
    let wanted = Wanted { text: log.grep.clone(), ..wanted(&log.choice, path)? };
    let selection = Selection::new(wanted);
    let (memory, out) = (Memory::new(), Output::new());
    let mut printer = Printer { selection, json: context.json, memory, bad: 0, out };
    printer.read(&mut reader, path)?;
    if log.follow {
        runtime()?.block_on(async {
            let stop = stop_signal()?;
            tokio::select! {
                ended = printer.follow(&mut reader, path) => ended,
                () = stop => Ok(()),
            }
        })?;
    }
    printer.ended()
}

/// Prints what is selected.
struct Printer {
    selection: Selection,
    json: bool,
    memory: Memory,
    /// How many lines could not be read.
    bad: u64,
    out: Output,
}

impl Printer {
    async fn follow(&mut self, reader: &mut Reader, path: &Path) -> Result<(), Failure> {
        while !self.selection.is_over() {
            tokio::time::sleep(LOOK_AGAIN).await;
            self.read(reader, path)?;
        }
        Ok(())
    }

    /// Prints what there is to the journal's end.
    fn read(&mut self, reader: &mut Reader, path: &Path) -> Result<(), Failure> {
        while !self.selection.is_over() {
            match next_line(reader, path)? {
                Some(line) => self.take(&line)?,
                None => break,
            }
        }
        self.out.flush()
    }

    fn take(&mut self, line: &Line<'_>) -> Result<(), Failure> {
        let recorded = match line.decode() {
            Ok((recorded, _)) => recorded,
            Err(error) => {
                self.bad += 1;
                self.out.flush()?;
                say(&format!("{}: {error}", place(line)));
                return Ok(());
            }
        };
        self.memory.learn_event(&recorded);
        let json = || String::from_utf8_lossy(line.bytes);
        match self.selection.of(recorded, json) {
            Some(_) if self.json => self.out.raw_json(&json()),
            Some(recorded) => self.out.row(&show::event(&recorded, &self.memory, Clock::DateTime)),
            None => Ok(()),
        }
    }

    fn ended(self) -> Result<(), Failure> {
        whole(self.bad)
    }
}

/// `veda-bus log verify`: whether no line was changed or is missing.
pub(crate) fn verify(context: &Context) -> Result<(), Failure> {
    let path = path(context)?;
    let path = path.as_path();
    let mut out = Output::new();
    match journal::verify(path) {
        Ok(found) if context.json => {
            let journal::Verified { segments, lines, first, last } = found;
            out.json(&json!({
                "whole": true, "segments": segments, "lines": lines, "first": first, "last": last,
            }))?;
        }
        Ok(found) => out.line(&verified(&found))?,
        Err(VerifyError::Io { source, .. }) => return Err(unreadable(path, source)),
        Err(VerifyError::BadLine(bad)) => {
            if context.json {
                let journal::BadLine { path, line, offset, reason } = &bad;
                let path = path.display().to_string();
                out.json(
                    &json!({ "whole": false, "path": path, "line": line, "byte": offset, "reason": reason }),
                )?;
                out.flush()?;
            }
            return Err(Failure::Failed(bad.to_string()));
        }
    }
    out.flush()
}

fn verified(found: &journal::Verified) -> String {
    let (lines, segments) = (counted(found.lines, "line"), counted(found.segments, "segment"));
    match (found.first, found.last) {
        (Some(first), Some(last)) => format!("{lines} in {segments}, events {first} to {last}: unbroken"),
        _ => "no lines: nothing to check".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use veda_bus_core::name::Seq;

    use super::*;

    #[test]
    fn a_verified_journal_is_summed_up() {
        let found = journal::Verified { segments: 1, lines: 42, first: Some(Seq(3)), last: Some(Seq(44)) };
        assert_eq!(verified(&found), "42 lines in 1 segment, events 3 to 44: unbroken");
    }
}
