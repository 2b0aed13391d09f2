//! Pane 3: what needs the operator.

use ratatui::layout::Rect;
use veda_bus_core::name::{RepoName, Seq};
use veda_bus_core::payload::Vote;

use super::canvas::{Canvas, below, lines};
use super::kind_role;
use crate::ago::{ago, left};
use crate::app::Cursor;
use crate::app::drawn::Target;
use crate::app::listing::badge;
use crate::app::pane::Pane;
use crate::model::needs::{Need, Negotiation};
use crate::model::texts::Text;
use crate::row::Row;
use crate::theme::Role;
use crate::words::listed;

/// How many lines one takes.
pub(crate) const LINES: usize = 2;

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let app = canvas.app;
    let needs = app.needs_now();
    let mut more = Row::default();
    if !needs.is_empty() {
        more.push(Role::High, &needs.len().to_string());
    }
    let inner = canvas.pane(Pane::Needs, area, &more);
    if needs.is_empty() {
        canvas.row(inner, &Row::of(Role::Dim, "nothing"));
        return;
    }
    let height = (usize::from(inner.height) / LINES).max(1);
    let mut cursor = Cursor { selected: app.need_line(&needs), ..app.needs };
    cursor.clamp(needs.len(), height);
    for (place, (index, need)) in needs.iter().enumerate().skip(cursor.top).take(height).enumerate() {
        let lines = below(inner, place * LINES);
        let lines = Rect { height: lines.height.min(2), ..lines };
        item(canvas, lines, *need);
        canvas.target(lines, Target::Need(index));
        if index == cursor.selected {
            super::select(canvas, lines, Pane::Needs);
        }
    }
    let part = |n: usize| super::share(n, needs.len());
    canvas.scrollbar(inner, part(cursor.top), part(cursor.top + height));
}

fn item(canvas: &mut Canvas<'_>, area: Rect, need: Need) {
    let (first, second) = match need {
        Need::Message(seq) => message(canvas, seq),
        Need::Negotiation(seq) => negotiation(canvas, seq),
        Need::Overdue(seq) => overdue(canvas, seq),
        Need::Expired(seq) => expired(canvas, seq),
    };
    let mut rows = lines(area);
    for row in [first, second] {
        if let Some(line) = rows.next() {
            canvas.fit(line, &row);
        }
    }
}

fn age(canvas: &mut Canvas<'_>, row: &mut Row, seq: Seq) {
    if let Some(record) = canvas.app.model.state.record(seq) {
        let (age, next) = ago(record.at, canvas.app.now);
        canvas.drawn.changes_at(next);
        row.plain(" ").push(Role::Time, &age);
    }
}

fn headline(canvas: &Canvas<'_>, seq: Seq) -> Row {
    let mut row = Row::of(Role::Text, "  ");
    match canvas.app.model.texts.get(&canvas.app.model.state, seq) {
        Text::Here(read) => row.plain(&crate::text::cut(&read.headline, 300)),
        Text::Coming => row.push(Role::Placeholder, canvas.symbols().ellipsis),
        Text::Gone => row.push(Role::Dim, "the text is not kept any more"),
    };
    row
}

fn message(canvas: &mut Canvas<'_>, seq: Seq) -> (Row, Row) {
    let mut row = Row::of(Role::High, canvas.symbols().alert);
    row.plain(" ");
    if let Some(record) = canvas.app.model.state.record(seq) {
        row.push(kind_role(record.kind), badge(record.kind)).plain(" from ");
        row.push(Role::Repo, record.from.as_str());
        super::priority(&mut row, record.priority);
    }
    age(canvas, &mut row, seq);
    (row, headline(canvas, seq))
}

fn negotiation(canvas: &mut Canvas<'_>, seq: Seq) -> (Row, Row) {
    let app = canvas.app;
    let mut row = Row::of(Role::Negotiate, "vote");
    let Some(negotiation) = app.model.needs.negotiation(seq) else { return (row, Row::default()) };
    row.plain(" ").append(&votes(negotiation));
    let (time, next) = left(negotiation.expires_at, app.now);
    canvas.drawn.changes_at(next);
    row.push(Role::Dim, ", ").push(Role::Time, &time);
    (row, headline(canvas, seq))
}

/// `2 of 3 accept, 1 rejects, waiting for LensSDK`.
pub(super) fn votes(negotiation: &Negotiation) -> Row {
    let all = negotiation.voters.len();
    let mut row = Row::of(Role::Ok, &format!("{} of {all} accept", negotiation.count(Vote::Accept)));
    for (vote, role, word) in [
        (Vote::Reject, Role::Danger, "reject"),
        (Vote::Counter, Role::Warn, "counter"),
        (Vote::Abstain, Role::Dim, "abstain"),
    ] {
        let count = negotiation.count(vote);
        if count > 0 {
            row.push(Role::Dim, ", ").push(role, &format!("{count} {word}"));
        }
    }
    let waiting = listed(negotiation.waiting().map(RepoName::as_str));
    if !waiting.is_empty() {
        row.push(Role::Dim, ", waiting for ").push(Role::Repo, &waiting);
    }
    row
}

fn overdue(canvas: &mut Canvas<'_>, seq: Seq) -> (Row, Row) {
    let app = canvas.app;
    let mut row = Row::of(Role::Warn, "no answer from ");
    row.push(Role::Repo, &listed(app.model.needs.owed_by(seq).iter().map(RepoName::as_str)));
    if let Some(record) = app.model.state.record(seq) {
        row.plain(" to ").push(Role::Repo, record.from.as_str());
        let (time, next) = left(record.expires_at, app.now);
        canvas.drawn.changes_at(next);
        row.plain(" ").push(Role::Time, &time);
    }
    (row, headline(canvas, seq))
}

fn expired(canvas: &mut Canvas<'_>, seq: Seq) -> (Row, Row) {
    let app = canvas.app;
    let Some(letter) = app.model.needs.dead_letter(seq) else { return (Row::default(), Row::default()) };
    let mut row = Row::of(Role::Expired, "never read by ");
    row.push(Role::Repo, &listed(letter.unread_by.iter().map(RepoName::as_str)));
    row.plain(", from ").push(Role::Repo, letter.from.as_str());
    let (age, next) = ago(letter.at, app.now);
    canvas.drawn.changes_at(next);
    row.plain(" ").push(Role::Time, &age);
    let second = match letter.message {
        Some(message) => headline(canvas, message),
        None => Row::of(Role::Dim, "  the message is not remembered any more"),
    };
    (row, second)
}
