//! `veda-bus stats`: what a journal comes to in numbers. It reads the files, so it needs no bus.

use veda_bus_core::time::Millis;
use veda_bus_ui::theme::Symbols;

use crate::arguments::Stats;
use crate::context::{Context, Output};
use crate::failure::Failure;
use crate::history::files::Files;
use crate::history::{self, each_event};
use crate::stats::Counting;
use crate::stats::report;

pub(crate) fn run(context: &Context, stats: &Stats) -> Result<(), Failure> {
    let files = Files::of(context, &stats.source.files)?;
    let mut counting = Counting::new(history::wanted(&stats.choice, &files)?);
    let whole = each_event(&files, |recorded| counting.take(&recorded))?;
    let summary = counting.finish(Millis::now());
    let mut out = Output::new();
    if context.json {
        out.json(&summary)?;
    } else {
        let symbols = Symbols::detect(&|name| std::env::var(name).ok());
        for row in report::rows(&summary, &symbols) {
            out.row(&row)?;
        }
    }
    out.flush()?;
    whole.ended()
}
