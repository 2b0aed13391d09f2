//! What a search has found, as rows: the message, where in it, and what was said around it.

use std::ops::Range;

use veda_bus_core::event::{Event, Recorded};
use veda_bus_core::message::Message;
use veda_bus_core::search::{Hit, Match, Surroundings};
use veda_bus_ui::row::Row;
use veda_bus_ui::theme::Role;
use veda_bus_ui::words::{counted, kind_role};

use super::memory::Memory;
use super::{Clock, event};

/// How many texts of a hit are shown, and how many lines of each.
const TEXTS: usize = 4;
const LINES: usize = 3;

/// How wide a line is, and how much of it stands before the first match.
const COLUMNS: usize = 120;
const BEFORE: usize = 32;

/// A hit with everything that is shown of it.
pub(crate) fn hit(hit: &Hit) -> Vec<Row> {
    let around = hit.around.as_ref();
    let before = around.map(|around| around.before.as_slice()).unwrap_or_default();
    let mut rows = vec![head(hit)];
    rows.extend(around.and_then(|around| answered(around, before)));
    rows.extend(before.iter().map(|recorded| beside("before", recorded)));
    for found in hit.matches.iter().take(TEXTS) {
        rows.extend(lines(found));
    }
    let after = around.map(|around| around.after.as_slice()).unwrap_or_default();
    rows.extend(after.iter().map(|recorded| beside("after", recorded)));
    rows
}

/// The message that an event holds.
pub(crate) fn message_of(recorded: &Recorded) -> Option<&Message> {
    match &recorded.event {
        Event::Accepted(accepted) => Some(&accepted.message),
        Event::Amended(amended) => Some(&amended.message),
        _ => None,
    }
}

/// When, from whom, for whom, what it is; of an event without a message, what it tells.
fn head(hit: &Hit) -> Row {
    let Some(message) = message_of(&hit.recorded) else {
        return event(&hit.recorded, &Memory::new(), Clock::DateTime);
    };
    let mut row = when_and_who(&hit.recorded, message);
    row.plain("  ").push(Role::Id, &message.id.short());
    if matches!(hit.recorded.event, Event::Amended(_)) {
        row.push(Role::Dim, "  as the operator changed it");
    }
    if let Some(Surroundings { messages, thread, .. }) = &hit.around {
        let count = messages.map(|messages| format!(" of {}", counted(messages, "message")));
        row.push(Role::Dim, &format!("  in thread {}{}", thread.short(), count.unwrap_or_default()));
    }
    row
}

fn when_and_who(recorded: &Recorded, message: &Message) -> Row {
    let mut row = Row::of(Role::Time, &Clock::DateTime.show(recorded.at));
    row.plain("  ").push(Role::Repo, message.from.repo.as_str()).push(Role::Dim, " → ");
    row.push(Role::Repo, message.to.repo.as_str()).plain("  ");
    row.push(kind_role(message.kind()), message.kind().as_str());
    row
}

/// What the message answers, unless it stands among those before it.
fn answered(around: &Surroundings, before: &[Recorded]) -> Option<Row> {
    let parent = around.parent.as_ref()?;
    let is_shown = before.iter().any(|recorded| recorded.seq == parent.seq);
    (!is_shown).then(|| beside("answers", parent))
}

/// Another message of the thread, in one line.
fn beside(what: &str, recorded: &Recorded) -> Row {
    let mut row = Row::of(Role::Dim, &format!("    {what:<8}"));
    if let Some(message) = message_of(recorded) {
        row.append(&when_and_who(recorded, message)).plain("  ");
        row.push(Role::Dim, &message.payload.headline());
    }
    row.cut(COLUMNS)
}

/// The lines of a text in which something was found.
fn lines(found: &Match) -> Vec<Row> {
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
    let mut row = Row::of(Role::Field, &format!("    {field}: "));
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
