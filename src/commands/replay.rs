//! `veda-bus replay`: a journal, played back in the console. It needs no bus, and starts none.

use veda_bus_ui::app::past::Recording;
use veda_bus_ui::when::Edge;

use super::{console, is_terminal};
use crate::arguments::Replay;
use crate::context::Context;
use crate::failure::Failure;
use crate::history::{moment, path, unreadable};

pub(crate) fn run(context: &Context, theme: Option<String>, replay: Replay) -> Result<(), Failure> {
    let recording = recording(context, replay)?;
    if !is_terminal() {
        return Err(Failure::Usage(
            "a replay needs a terminal; --print writes what happened to standard output".into(),
        ));
    }
    console::replay(context, theme, recording)
}

/// What is to be played.
fn recording(context: &Context, replay: Replay) -> Result<Recording, Failure> {
    let files = match replay.files {
        files if files.is_empty() => vec![path(context)?],
        files => files,
    };
    for file in &files {
        // What is wrong is said before the terminal is taken.
        std::fs::File::open(file).map_err(|error| unreadable(file, error))?;
    }
    let time = |flag, text: Option<String>, edge| text.map(|text| moment(flag, &text, edge)).transpose();
    Ok(Recording {
        files,
        at: replay.at,
        since: time("--since", replay.since, Edge::Start)?,
        until: time("--until", replay.until, Edge::End)?,
        thread: replay.thread,
        speed: Some(replay.speed),
    })
}
