//! Which part of a file is within bounds of time: times in a journal never go back, so that it is searched, not read.

use std::fs::File;
use std::io;
use std::ops::Range;

use super::Bounds;
use crate::journal::line::{self, Front};
use crate::journal::{line_break_after, read_up_to};
use crate::time::Millis;

/// Below so many bytes, lines are read and passed over rather than searched.
const SEARCH_BELOW: u64 = 64 * 1024;

/// How many bytes at a line's front hold its number and its time.
const FRONT: usize = 128;

/// A part of a file, of whole lines.
pub(super) struct Span {
    /// It, and perhaps a little more at both ends.
    pub wanted: Range<u64>,
    /// Whether the file begins before the bounds do, so that no older file has anything within them.
    pub begins_before: bool,
}

/// The part of a file of `length` bytes that is within the bounds.
pub(super) fn within(file: &File, length: u64, bounds: &Bounds) -> io::Result<Span> {
    let first = time_at(file, 0)?;
    let begins_before = bounds.since.zip(first).is_some_and(|(since, first)| first < since);
    let start = match bounds.since.filter(|_| begins_before) {
        Some(since) => search(file, 0..length, |at| at < since)?.start,
        None => 0,
    };
    let end = match bounds.until {
        Some(until) => search(file, start..length, |at| at <= until)?.end,
        None => length,
    };
    Ok(Span { wanted: start..end.max(start), begins_before })
}

/// Two places where lines begin, or the ends of `range`, near each other: `is_before` holds for what is before the first
/// one, and not for what is behind the second one.
fn search(file: &File, range: Range<u64>, is_before: impl Fn(Millis) -> bool) -> io::Result<Range<u64>> {
    let (mut low, mut high, mut behind) = (range.start, range.end, range.end);
    while high - low > SEARCH_BELOW {
        let middle = low + (high - low) / 2;
        match timed_line_after(file, middle, high)? {
            Some((offset, at)) if is_before(at) => low = offset,
            Some((offset, _)) => (high, behind) = (middle, offset),
            None => high = middle,
        }
    }
    Ok(low..behind)
}

/// The first line that begins after `offset` and before `limit` and has a time.
fn timed_line_after(file: &File, mut offset: u64, limit: u64) -> io::Result<Option<(u64, Millis)>> {
    while let Some(start) = line_break_after(file, offset, limit)? {
        if let Some(at) = time_at(file, start)? {
            return Ok(Some((start, at)));
        }
        offset = start;
    }
    Ok(None)
}

/// The time of the line that begins at `offset`, if there is one.
fn time_at(file: &File, offset: u64) -> io::Result<Option<Millis>> {
    let mut front = [0; FRONT];
    let read = read_up_to(file, &mut front, offset)?;
    Ok(line::front(&front[..read]).map(|Front { at, .. }| at))
}
