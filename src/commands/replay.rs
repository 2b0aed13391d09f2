//! `veda-bus replay`: a journal, played back: in the console, as lines, or into another bus. It needs no bus but the one
//! that is played into, and starts none.

mod again;
mod chosen;
mod into;
mod print;

use veda_bus_core::journal::named;
use veda_bus_ui::app::past::Recording;
use veda_bus_ui::app::past::player::Speed;
use veda_bus_ui::when::Edge;

use super::{console, is_terminal};
use crate::arguments::Replay;
use crate::context::Context;
use crate::failure::Failure;
use crate::history::{files, moment, open, unreadable};

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
    let files = files(context, &replay.files)?;
    // What is wrong is said before the terminal is taken.
    match named(&files) {
        Some(journal) => drop(open(journal)?),
        None => {
            for file in &files {
                std::fs::File::open(file).map_err(|error| unreadable(file, error))?;
            }
        }
    }
    let time = |flag, text: Option<String>, edge| text.map(|text| moment(flag, &text, edge)).transpose();
    Ok(Recording {
        files,
        at: replay.at,
        since: time("--since", replay.choice.since, Edge::Start)?,
        until: time("--until", replay.choice.until, Edge::End)?,
        thread: replay.choice.thread,
        speed: Some(replay.speed.unwrap_or(Speed::USUAL)),
    })
}
