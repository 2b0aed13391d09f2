//! `veda-bus log`: the journal, readable. It reads the files, so it needs no bus; where one answers, its journal is meant.

pub(super) mod compress;
pub(super) mod prune;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use veda_bus_core::journal::{self, VerifyError};
use veda_bus_ui::words::counted;

use crate::arguments::Log;
use crate::context::{Context, Output};
use crate::failure::Failure;
use crate::history::files::{Files, check};
use crate::history::printer::Printer;
use crate::history::select::Wanted;
use crate::history::source::Source;
use crate::history::{path, unreadable, wanted};
use crate::runtime::{runtime, stop_signal};

/// How often a journal that is followed is looked at: a file tells nobody that it grew.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

pub(crate) fn run(context: &Context, log: &Log) -> Result<(), Failure> {
    let files = Files::of(context, &log.source.files)?;
    if log.follow && journal::named(files.paths()).is_none() {
        return Err(Failure::Usage("--follow: these files do not grow; give one journal".into()));
    }
    let sources = Source::all(files.paths())?;
    let wanted = Wanted { text: log.grep.clone(), ..wanted(&log.choice, &files)? };
    let mut printer = Printer::new(context, wanted);
    for mut source in sources {
        read(&mut printer, &mut source)?;
        if log.follow {
            follow(&mut printer, &mut source)?;
        }
        if !printer.is_over() {
            source.look_at_end(printer.whole())?;
        }
    }
    printer.ended()
}

/// Prints what comes, for as long as it can be wanted, or until we are told to stop.
fn follow(printer: &mut Printer, source: &mut Source) -> Result<(), Failure> {
    runtime()?.block_on(async {
        let stop = stop_signal()?;
        let follow = async {
            while !printer.is_over() {
                tokio::time::sleep(LOOK_AGAIN).await;
                read(printer, source)?;
            }
            Ok(())
        };
        tokio::select! {
            ended = follow => ended,
            () = stop => Ok(()),
        }
    })
}

/// Prints what there is to the end.
fn read(printer: &mut Printer, source: &mut Source) -> Result<(), Failure> {
    while !printer.is_over()
        && let Some(line) = source.next_line()?
    {
        if let Some(recorded) = printer.select(&line)? {
            printer.print(&line, &recorded)?;
        }
    }
    printer.flush()
}

/// `veda-bus log verify`: whether no line was changed or is missing.
pub(crate) fn verify(context: &Context, file: Option<PathBuf>) -> Result<(), Failure> {
    file.as_deref().map_or(Ok(()), check)?;
    let path = file.map_or_else(|| path(context), Ok)?;
    if journal::named(&[&path]).is_none() {
        let file = path.display();
        return Err(Failure::Usage(format!("{file} is one file of a journal; name that without its number")));
    }
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
