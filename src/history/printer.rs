//! The events of a journal, printed: as lines for people, or as the journal has them.

use veda_bus_core::event::Recorded;
use veda_bus_core::journal::Line;

use super::select::{Selection, Wanted};
use super::whole::Whole;
use crate::context::{Context, Output};
use crate::failure::Failure;
use crate::show::memory::Memory;
use crate::show::{self, Clock};

/// Prints what is selected. It sees every line of the journal, in order.
pub(crate) struct Printer {
    selection: Selection,
    json: bool,
    memory: Memory,
    /// What is wrong with what was read.
    whole: Whole,
    out: Output,
}

impl Printer {
    pub(crate) fn new(context: &Context, wanted: Wanted) -> Self {
        let (memory, out) = (Memory::new(), Output::new());
        Self { selection: Selection::new(wanted), json: context.json, memory, whole: Whole::default(), out }
    }

    /// Whether nothing that is still to come can be wanted.
    pub(crate) fn is_over(&self) -> bool {
        self.selection.is_over()
    }

    /// The event of the next line, as far as it is wanted. A line that can not be read is told of.
    pub(crate) fn select(&mut self, line: &Line<'_>) -> Result<Option<Recorded>, Failure> {
        let read = line.decode();
        if read.is_err() || self.whole.is_pending() {
            self.out.flush()?;
        }
        self.whole.look(line, read.as_ref().map(|(recorded, _)| recorded.seq));
        let Ok((recorded, _)) = read else { return Ok(None) };
        self.memory.learn_event(&recorded);
        Ok(self.selection.of(recorded, || String::from_utf8_lossy(line.bytes)))
    }

    /// Prints what was selected of a line.
    pub(crate) fn print(&mut self, line: &Line<'_>, recorded: &Recorded) -> Result<(), Failure> {
        if self.json {
            return self.out.raw_json(&String::from_utf8_lossy(line.bytes));
        }
        self.out.row(&show::event(recorded, &self.memory, Clock::DateTime))
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush()
    }

    /// What is wrong with the journal, as far as it is known.
    pub(crate) fn whole(&mut self) -> &mut Whole {
        &mut self.whole
    }

    /// Nothing more comes.
    pub(crate) fn ended(mut self) -> Result<(), Failure> {
        self.out.flush()?;
        self.whole.ended()
    }
}
