//! `veda-bus log`: the journal, readable. It reads the files, so it needs no bus; where one answers, its journal is meant.

mod select;
mod when;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::Local;
use serde_json::json;
use veda_bus_core::event::{Event, Recorded};
use veda_bus_core::journal::{self, Line, Reader, VerifyError};
use veda_bus_core::wire::BusFrame;
use veda_bus_ui::words::counted;

use super::watch::say;
use crate::arguments::Log;
use crate::context::{Context, Output};
use crate::failure::Failure;
use crate::runtime::{runtime, stop_signal};
use crate::show::memory::Memory;
use crate::show::{self, Clock};
use select::{Selection, Wanted};

/// How often a journal that is followed is looked at: a file tells nobody that it grew.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

pub(crate) fn run(context: &Context, log: &Log) -> Result<(), Failure> {
    let path = path(context)?;
    let path = path.as_path();
    let mut reader = Reader::open(path).map_err(|error| unreadable(path, error))?;
    let selection = Selection::new(wanted(log, path)?);
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

/// The journal of the bus that answers on the socket; without one, the one that the configuration names.
fn path(context: &Context) -> Result<PathBuf, Failure> {
    let answer = context.connect().ok().and_then(|mut bus| bus.call("state", &json!({})).ok());
    let bus = &context.config.bus;
    let journal = match answer {
        Some(BusFrame::State(state)) => state.journal,
        _ => bus.enable_logging.then(|| bus.log_path.clone()),
    };
    if let Some(journal) = journal {
        return Ok(journal);
    }
    Err(Failure::Failed("there is no journal: bus.enable_logging is false (veda-bus config)".into()))
}

fn unreadable(path: &Path, error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::NotFound {
        let path = path.display();
        return Failure::Failed(format!(
            "there is no journal at {path} yet; a bus writes it: veda-bus serve"
        ));
    }
    Failure::File { path: path.to_owned(), error }
}

fn wanted(log: &Log, path: &Path) -> Result<Wanted, Failure> {
    let now = Local::now();
    let time = |flag: &str, text: &Option<String>, edge| {
        let parse = |text: &String| when::parse(text, &now, edge);
        text.as_ref().map(parse).transpose().map_err(|why| Failure::Usage(format!("{flag}: {why}")))
    };
    Ok(Wanted {
        since: time("--since", &log.since, when::Edge::Start)?,
        until: time("--until", &log.until, when::Edge::End)?,
        thread: log.thread.as_deref().map(|prefix| thread(path, prefix)).transpose()?,
        repo: log.repo.clone(),
        kind: log.kind,
        text: log.grep.clone(),
    })
}

/// The thread of the message that `prefix` names: the whole journal is looked through for it.
fn thread(path: &Path, prefix: &str) -> Result<veda_bus_core::name::MessageId, Failure> {
    let mut reader = Reader::open(path).map_err(|error| unreadable(path, error))?;
    let mut search = select::ThreadSearch::new(prefix);
    while let Some(line) = reader.next_line().map_err(|error| unreadable(path, error))? {
        // A bad line is told of when the journal is printed.
        if let Ok((Recorded { event: Event::Accepted(accepted), .. }, _)) = line.decode() {
            search.look_at(&accepted);
        }
    }
    search.found()
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
            match reader.next_line().map_err(|error| unreadable(path, error))? {
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
        match self.bad {
            0 => Ok(()),
            bad => Err(Failure::Failed(format!("{} of the journal can not be read", counted(bad, "line")))),
        }
    }
}

/// Where a line stands: `FILE:LINE (byte BYTE)`.
fn place(line: &Line<'_>) -> String {
    let number = line.number.map(|number| format!(":{number}")).unwrap_or_default();
    format!("{}{number} (byte {})", line.path.display(), line.offset)
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
