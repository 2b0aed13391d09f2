//! `veda-bus replay`: a journal, played back: in the console, as lines, or into another bus. It needs no bus but the one
//! that is played into, and starts none.

mod again;
mod chosen;
mod into;
mod print;

use veda_bus_core::journal::named;
use veda_bus_ui::app::past::Recording;
use veda_bus_ui::app::past::player::Speed;

use super::{console, is_terminal};
use crate::arguments::Replay;
use crate::context::Context;
use crate::failure::Failure;
use crate::history::files::Files;
use crate::history::{open, unreadable};

pub(crate) fn run(context: &Context, theme: Option<String>, replay: Replay) -> Result<(), Failure> {
    if let Some(socket) = &replay.into {
        return into::run(context, &replay, socket);
    }
    if replay.print {
        return print::run(context, &replay);
    }
    if replay.choice.repo.is_some() || replay.choice.kind.is_some() {
        let what = "--repo and --type are for --print and --into; in the console, / filters";
        return Err(Failure::Usage(what.into()));
    }
    let recording = recording(context, replay)?;
    if !is_terminal() {
        return Err(Failure::Usage(
            "a replay needs a terminal; --print writes what happened to standard output".into(),
        ));
    }
    console::replay(context, theme, recording)
}

/// What is to be played in the console.
fn recording(context: &Context, replay: Replay) -> Result<Recording, Failure> {
    let files = Files::of(context, &replay.files)?;
    // What is wrong is said before the terminal is taken.
    match named(files.paths()) {
        Some(journal) => drop(open(journal)?),
        None => {
            for file in files.paths() {
                std::fs::File::open(file).map_err(|error| unreadable(file, error))?;
            }
        }
    }
    let (since, until) = files.span(&replay.choice)?;
    Ok(Recording {
        files: files.paths().to_vec(),
        at: replay.at,
        since,
        until,
        thread: replay.choice.thread,
        speed: Some(replay.speed.unwrap_or(Speed::USUAL)),
    })
}
