//! The wordings of a proposal, the last one first, each with what it says otherwise than the one before.

use std::borrow::Cow;
use std::rc::Rc;

use veda_bus_core::name::Seq;
use veda_bus_core::state::negotiation::{Negotiation, Round};

use super::conversations::repo;
use super::thread::Kept;
use super::{clock, put, text, whole};
use crate::app::App;
use crate::body;
use crate::diff::{self, Change};
use crate::model::texts::Read;
use crate::row::Row;
use crate::text::Break;
use crate::theme::Role;
use crate::words::{Votes, counted};

/// How many rounds are shown.
const ROUNDS: usize = 50;

/// How many lines of a wording are shown.
const MOST: usize = 20;

/// How many columns wordings are indented by.
const INDENT: usize = 2;

/// What wordings say otherwise than those before them, by the event that accepted each, the width that it has, and
/// whether it has marks beside its roles.
pub(crate) type Differences = Kept<(Seq, usize, bool)>;

/// The rows of all rounds, at most `width` wide.
pub(super) fn rows(app: &App, negotiation: &Negotiation, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut earlier = negotiation.earlier.iter().rev();
    let mut round = &negotiation.round;
    for number in (1..=negotiation.earlier.len() + 1).rev().take(ROUNDS) {
        put(&mut rows, &head(app, negotiation, round, number), width, INDENT);
        let Some(before) = earlier.next() else {
            rows.extend(first(app, round, width));
            return rows;
        };
        rows.extend(difference(app, before, round, width).iter().cloned());
        round = before;
    }
    let more = (negotiation.earlier.len() + 1).saturating_sub(ROUNDS);
    rows.push(Row::of(Role::Dim, &format!("and {}", counted(more, "earlier round"))));
    rows
}

/// `round 2, LensSDK 14:05:00: 1 accept, 1 counter`.
fn head(app: &App, negotiation: &Negotiation, round: &Round, number: usize) -> Row {
    let mut row = Row::of(Role::Strong, &format!("round {number}"));
    row.plain(", worded by ");
    repo(&mut row, &round.by);
    row.plain(" ").push(Role::Time, &clock(round.at, app.moment()));
    let is_last = round.seq == negotiation.round.seq;
    let votes = Votes::of(negotiation, round).words();
    if is_last && negotiation.is_open() {
        row.push(Role::Dim, ", now put to the vote");
    } else if !votes.is_empty() {
        row.push(Role::Dim, ": ").push(Role::Dim, &votes);
    }
    row
}

/// The first wording, as it was.
fn first(app: &App, round: &Round, width: usize) -> Vec<Row> {
    let look = body::Look { limit: Some(MOST), ..whole(app) };
    let room = width.saturating_sub(INDENT);
    let rows = match text(app, round.seq) {
        Ok(read) => body::headline(read.wording().unwrap_or(&read.headline), room, &look),
        Err(why) => vec![why],
    };
    rows.iter().map(indented).collect()
}

fn indented(row: &Row) -> Row {
    let mut indented = Row::blank(INDENT);
    indented.append(row);
    indented
}

/// What a wording says otherwise than the one before it.
fn difference(app: &App, before: &Round, round: &Round, width: usize) -> Rc<Vec<Row>> {
    let (old, new) = match (text(app, before.seq), text(app, round.seq)) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(why), _) | (_, Err(why)) => return Rc::new(vec![indented(&why)]),
    };
    // What only colour and weight tell apart is not told everywhere.
    let has_marks = app.look.is_ascii || !app.look.has_colour(Role::Inserted);
    app.differences.get((round.seq, width, has_marks), || {
        let (old, new) = (block(&old), block(&new));
        let pieces = diff::words(&old, &new);
        if pieces.is_empty() {
            return vec![indented(&Row::of(Role::Dim, "the same words"))];
        }
        told(&pieces, has_marks, width, app.look.symbols.ellipsis)
    })
}

/// The wording of a round, harmless.
fn block(read: &Read) -> Cow<'_, str> {
    veda_bus_core::text::block(read.wording().unwrap_or_default())
}

/// Pieces as rows; a line that stayed or is new begins another row.
fn told(pieces: &[(Change, &str)], has_marks: bool, width: usize, ellipsis: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = Row::blank(INDENT);
    for &(change, text) in pieces {
        let (role, open, close) = match change {
            Change::Same => (Role::Text, "", ""),
            Change::Deleted => (Role::Deleted, "[-", "-]"),
            Change::Inserted => (Role::Inserted, "{+", "+}"),
            Change::Omitted => {
                row.push(Role::Dim, " ").push(Role::Dim, ellipsis).push(Role::Dim, " ");
                continue;
            }
        };
        let (open, close) = if has_marks { (open, close) } else { ("", "") };
        row.push(role, open);
        let mut lines = text.split('\n');
        if change == Change::Deleted {
            // Its lines are no lines any more.
            row.push(role, text);
        } else if let Some(line) = lines.next() {
            row.push(role, line);
            for line in lines {
                let done = std::mem::replace(&mut row, Row::blank(INDENT));
                rows.extend(done.wrap(width, &Row::blank(INDENT), Break::Words, MOST));
                row.push(role, line);
            }
        }
        row.push(role, close);
        if rows.len() > MOST {
            break;
        }
    }
    rows.extend(row.wrap(width, &Row::blank(INDENT), Break::Words, MOST));
    if rows.len() > MOST {
        rows.truncate(MOST - 1);
        rows.push(indented(&Row::of(Role::Dim, &format!("{ellipsis} more"))));
    }
    rows
}
