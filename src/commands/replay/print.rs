//! `veda-bus replay --print`: what happened, as lines, in the rhythm in which it happened.

use tokio::time::Instant;
use veda_bus_ui::app::past::player::Speed;

use crate::arguments::Replay;
use crate::context::Context;
use crate::failure::Failure;
use crate::history::files::Files;
use crate::history::pace::Pace;
use crate::history::printer::Printer;
use crate::history::source::Source;
use crate::history::wanted;
use crate::runtime::{runtime, stop_signal};

/// After so many lines it is looked whether we are told to stop.
const LOOK_UP: u64 = 256;

pub(super) fn run(context: &Context, replay: &Replay) -> Result<(), Failure> {
    let files = Files::of(context, &replay.files)?;
    let mut printer = Printer::new(context, wanted(&replay.choice, &files)?);
    let sources = Source::all(files.paths())?;
    let pace = Pace::new(replay.speed.unwrap_or(Speed::USUAL), replay.shorten);
    runtime()?.block_on(async {
        let stop = stop_signal()?;
        tokio::select! {
            biased;
            () = stop => Ok(()),
            played = play(&mut printer, sources, pace) => played,
        }
    })?;
    printer.ended()
}

async fn play(printer: &mut Printer, sources: Vec<Source>, mut pace: Pace) -> Result<(), Failure> {
    let mut lines: u64 = 0;
    for mut source in sources {
        while !printer.is_over()
            && let Some(line) = source.next_line()?
        {
            lines += 1;
            if lines.is_multiple_of(LOOK_UP) {
                tokio::task::yield_now().await;
            }
            let Some(recorded) = printer.select(&line)? else { continue };
            if let Some(due) = pace.due(recorded.at, Instant::now()) {
                // What is printed already is not kept from anybody meanwhile.
                printer.flush()?;
                tokio::time::sleep_until(due).await;
            }
            printer.print(&line, &recorded)?;
        }
        if !printer.is_over() {
            source.look_at_end(printer.whole())?;
        }
    }
    Ok(())
}
