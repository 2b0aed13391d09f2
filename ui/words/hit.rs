//! Where something was found in a text.

use std::ops::Range;

use veda_bus_core::event::{Event, Recorded};
use veda_bus_core::message::Message;
use veda_bus_core::search::Match;

use crate::row::Row;
use crate::theme::Role;

/// How wide a line is.
pub const COLUMNS: usize = 120;

/// How many lines of a text are shown.
const LINES: usize = 3;

/// How much of a line stands before the first match.
const BEFORE: usize = 32;

/// The message that an event holds.
pub fn message_of(recorded: &Recorded) -> Option<&Message> {
    match &recorded.event {
        Event::Accepted(accepted) => Some(&accepted.message),
        Event::Amended(amended) => Some(&amended.message),
        _ => None,
    }
}

/// The lines of a text in which something was found.
pub fn lines(found: &Match) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut start = 0;
    for line in found.text.split_inclusive('\n') {
        let end = start + line.len();
        let here: Vec<_> =
            found.ranges.iter().filter(|range| range.start < end && range.end > start).collect();
        if !here.is_empty() && rows.len() < LINES {
            rows.push(marked(found, start..start + line.trim_end().len(), &here));
        }
        start = end;
    }
    rows
}

/// A line of a text, cut around the first match in it, with all matches marked.
fn marked(found: &Match, line: Range<usize>, ranges: &[&Range<usize>]) -> Row {
    let piece = |from: usize, to: usize| found.text.get(from..to).unwrap_or_default();
    let field = found.field.strip_prefix("payload.").unwrap_or(&found.field);
    let mut row = Row::of(Role::Field, &format!("{field}: "));
    let first = ranges.first().map_or(line.start, |range| range.start.max(line.start));
    let head = piece(line.start, first);
    let mut at = head.char_indices().rev().nth(BEFORE).map_or(line.start, |(at, _)| line.start + at);
    if at > line.start {
        row.push(Role::Dim, "…");
    }
    for range in ranges {
        let (from, to) = (range.start.clamp(at, line.end.max(at)), range.end.clamp(at, line.end.max(at)));
        row.plain(piece(at, from)).push(Role::Match, piece(from, to));
        at = to;
    }
    // What would be cut off anyway is not made harmless first.
    let rest = piece(at, line.end);
    let enough = rest.char_indices().nth(4 * COLUMNS).map_or(rest.len(), |(at, _)| at);
    row.plain(&rest[..enough]);
    row.cut(COLUMNS)
}
