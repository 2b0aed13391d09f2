//! The way through the lines of the files, from any block on: which of them are events, and which are not.

use std::io;
use std::ops::Range;

use super::files::Files;
use super::map::Block;
use crate::journal::line::{self, Parts};
use crate::journal::lines::Lines;
use crate::journal::read_up_to;
use crate::name::Seq;

/// So many bytes have the front of every line in them.
const FRONT: usize = 128;

/// A place between two lines.
#[derive(Debug)]
pub(super) struct Walk {
    segment: usize,
    lines: Lines,
    /// The last event that was come by.
    last: Seq,
}

/// A line that was come by.
pub(super) struct Passed<'a> {
    pub(super) line: &'a [u8],
    /// What stands in it; or why it is no event.
    pub(super) parts: Result<Parts<'a>, String>,
    pub(super) segment: usize,
    pub(super) offset: u64,
}

impl Walk {
    /// From the first line of all.
    pub(super) fn new() -> Self {
        Self { segment: 0, lines: Lines::at(0), last: Seq(0) }
    }

    /// From the first event of a block.
    pub(super) fn from(block: &Block) -> Self {
        // It was judged good when the map was made: nothing before it can make it bad.
        let last = Seq(block.first.0.saturating_sub(1));
        Self { segment: block.segment, lines: Lines::at(block.offset), last }
    }

    /// The next line; `None` at the end, for now.
    pub(super) fn next(&mut self, files: &Files) -> io::Result<Option<Passed<'_>>> {
        let Some((range, offset)) = self.step(files)? else { return Ok(None) };
        let runs_ahead = self.runs_ahead(line::seq_of(self.lines.bytes(range.clone())), files)?;
        let line = self.lines.bytes(range);
        let parts = match Parts::of(line) {
            Ok(_) if runs_ahead => Err("its number is above those after it".into()),
            Ok(parts) if parts.seq > self.last => {
                self.last = parts.seq;
                Ok(parts)
            }
            Ok(_) => Err("its number is not above those before it".into()),
            Err(error) => Err(error.to_string()),
        };
        Ok(Some(Passed { line, parts, segment: self.segment, offset }))
    }

    /// Whether the number of the line that was come by leaves numbers out that come after it: then it is wrong itself, and
    /// must not make those wrong.
    fn runs_ahead(&self, seq: Option<Seq>, files: &Files) -> io::Result<bool> {
        let Some(seq) = seq.filter(|&seq| seq > self.last.next()) else { return Ok(false) };
        let next = self.next_number(files)?;
        Ok(next.is_some_and(|next| next > self.last && next <= seq))
    }

    /// The number of the next line, if it is there and has one.
    fn next_number(&self, files: &Files) -> io::Result<Option<Seq>> {
        let mut front = [0; FRONT];
        let places = [(self.segment, self.lines.offset()), (self.segment + 1, 0)];
        for (segment, offset) in places {
            let Some(segment) = files.segments.get(segment) else { return Ok(None) };
            let read = read_up_to(&segment.file, &mut front, offset)?;
            if read > 0 {
                return Ok(line::front(&front[..read]).map(|front| front.seq));
            }
        }
        Ok(None)
    }

    fn step(&mut self, files: &Files) -> io::Result<Option<(Range<usize>, u64)>> {
        loop {
            let Some(segment) = files.segments.get(self.segment) else { return Ok(None) };
            // The active file is only left when another has come after it.
            let is_over = segment.complete || self.segment + 1 < files.segments.len();
            let offset = self.lines.offset();
            if let Some(range) = self.lines.next(&segment.file, is_over)? {
                return Ok(Some((range, offset)));
            }
            if !is_over || self.segment + 1 >= files.segments.len() {
                return Ok(None);
            }
            self.segment += 1;
            self.lines = Lines::at(0);
        }
    }

    /// How many bytes stand behind the last whole line, where that is the end of the last file.
    pub(super) fn unfinished(&self, files: &Files) -> io::Result<u64> {
        let Some(segment) = files.segments.get(self.segment) else { return Ok(0) };
        Ok(segment.file.metadata()?.len().saturating_sub(self.lines.offset()))
    }

    /// The number of the segment, and the place in it in bytes.
    pub(super) fn place(&self) -> (usize, u64) {
        (self.segment, self.lines.offset())
    }
}
