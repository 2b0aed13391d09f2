//! Pane 3: what needs the operator.

use ratatui::layout::Rect;
use veda_bus_core::event::Held;
use veda_bus_core::name::{RepoName, Seq};

use super::canvas::{Canvas, below, lines};
use super::{bar, kind_role};
use crate::ago::{ago, left};
use crate::app::drawn::Target;
use crate::app::listing::badge;
use crate::app::pane::Pane;
use crate::app::{App, Cursor};
use crate::model::needs::Need;
use crate::model::texts::Text;
use crate::row::Row;
use crate::theme::Role;
use crate::words::standing::standing_words_role;
use crate::words::{Votes, counted, listed, standing_until, standing_words};

/// How many lines one takes.
pub(crate) const LINES: usize = 2;

/// How many columns the bar of a vote has at most.
const BAR: usize = 10;

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let app = canvas.app;
    let needs = app.needs_now();
    let mut more = Row::default();
    let pressing = app.needs_count();
    if pressing > 0 {
        more.push(Role::High, &pressing.to_string());
    }
    if !app.decisions.marked.is_empty() {
        more.push(Role::Chosen, &format!(" {} marked ", app.decisions.marked.len()));
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
        Need::Held(seq) => held(canvas, seq),
        Need::Halted(seq) => halted(canvas, seq),
        Need::Negotiation(seq) => negotiation(canvas, seq),
        Need::Message(seq) => message(canvas, seq),
        Need::Attempt(seq) => attempt(canvas, seq),
        Need::Rules(seq) => rules(canvas, seq),
        Need::Overdue(seq) => overdue(canvas, seq),
        Need::Expired(seq) => expired(canvas, seq),
    };
    let (first, second) = decided(canvas.app, need, &first, second);
    let mut rows = lines(area);
    for row in [first, second] {
        if let Some(line) = rows.next() {
            canvas.fit(line, &row);
        }
    }
}

fn age(canvas: &mut Canvas<'_>, row: &mut Row, seq: Seq) {
    if let Some(record) = canvas.app.model.state.record(seq) {
        let (age, next) = ago(record.at, canvas.app.moment());
        canvas.changes_at(next);
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

/// How far a decision on it is: a mark before what is to be decided with others, and what the bus said.
fn decided(app: &App, need: Need, first: &Row, second: Row) -> (Row, Row) {
    let mut head = Row::default();
    if app.decisions.marked.contains(&need) {
        head.push(Role::Chosen, app.look.symbols.check).plain(" ");
    }
    head.append(first);
    let Some(subject) = app.subject_of_need(need) else { return (head, second) };
    if app.decisions.is_underway(&subject) {
        return (head, Row::of(Role::Info, "  it is being decided; the bus has not answered yet"));
    }
    match app.decisions.problem(&subject) {
        Some(problem) => {
            let mut row = Row::of(Role::Danger, "  not decided: ");
            row.push(Role::Danger, &crate::text::cut(problem, 300));
            (head, row)
        }
        None => (head, second),
    }
}

fn negotiation(canvas: &mut Canvas<'_>, seq: Seq) -> (Row, Row) {
    let app = canvas.app;
    let Some(negotiation) = app.model.state.negotiation(seq) else {
        return (Row::of(Role::Negotiate, "vote"), Row::default());
    };
    let mut row = Row::default();
    if negotiation.is_awaiting() {
        row.push(Role::High, canvas.symbols().alert).plain(" ");
    }
    let votes = Votes::of(negotiation, &negotiation.round);
    row.push(Role::Negotiate, "vote")
        .plain(" ")
        .append(&bar::votes(canvas.symbols(), &votes, BAR))
        .plain(" ");
    row.push(standing_words_role(negotiation), &standing_words(negotiation, app.moment()));
    if let Some(next) = standing_until(negotiation, app.moment()) {
        canvas.changes_at(next);
    }
    let mut second = Row::of(Role::Text, "  ");
    match app.wording(negotiation.round.seq) {
        Some(text) => second.plain(&crate::text::cut(&text, 300)),
        None => second.push(Role::Placeholder, canvas.symbols().ellipsis),
    };
    (row, second)
}

/// `is held by the rule type == "Task"`.
pub(super) fn why_held(held: &Held) -> Row {
    let mut row = Row::of(Role::Held, "is held ");
    match held {
        Held::Rule { rule } => row.plain("by the rule ").push(Role::Code, rule),
        Held::Thread { reason } => row.plain("with its thread, ").plain(reason),
    };
    row
}

fn held(canvas: &mut Canvas<'_>, seq: Seq) -> (Row, Row) {
    let app = canvas.app;
    let mut row = Row::of(Role::Held, canvas.symbols().held);
    row.plain(" ");
    let (Some(record), Some(hold)) = (app.model.state.record(seq), app.model.state.hold(seq)) else {
        return (row, headline(canvas, seq));
    };
    let (time, next) = left(record.expires_at, app.moment());
    canvas.changes_at(next);
    row.push(kind_role(record.kind), badge(record.kind)).plain(" ").push(Role::Repo, record.from.as_str());
    row.plain(&format!(" {} ", canvas.symbols().arrow));
    row.push(Role::Repo, &listed(record.deliveries.iter().map(|delivery| delivery.repo.as_str())));
    row.plain(" ").push(if hold.is_expiring { Role::Danger } else { Role::Time }, &time);
    if hold.is_amended {
        row.push(Role::Operator, ", changed by you");
    }
    row.plain(" ").append(&why_held(&hold.held));
    (row, headline(canvas, seq))
}

fn halted(canvas: &mut Canvas<'_>, seq: Seq) -> (Row, Row) {
    let app = canvas.app;
    let mut row = Row::of(Role::Held, canvas.symbols().held);
    row.push(Role::Held, " thread held");
    let Some((id, held)) = app.model.state.held_threads().find(|(_, held)| held.seq == seq) else {
        return (row, Row::default());
    };
    let (age, next) = ago(held.at, app.moment());
    canvas.changes_at(next);
    row.plain(" ").push(Role::Time, &age).plain(" ").push(Role::Warn, &held.reason);
    match app.model.state.thread(id).and_then(|thread| thread.messages.first()) {
        Some(first) => (row, headline(canvas, first)),
        None => (row, Row::of(Role::Dim, "  what it began with is not remembered any more")),
    }
}

fn attempt(canvas: &mut Canvas<'_>, seq: Seq) -> (Row, Row) {
    let app = canvas.app;
    let mut row = Row::of(Role::Refused, canvas.symbols().alert);
    let Some(attempt) = app.model.needs.attempt(seq) else { return (row, Row::default()) };
    let (age, next) = ago(attempt.at, app.moment());
    canvas.changes_at(next);
    row.push(Role::Refused, " refused: ");
    match attempt.pid {
        _ if !attempt.repo.is_operator() => row.push(Role::Repo, attempt.repo.as_str()),
        Some(pid) => row.push(Role::Strong, &format!("process {pid}")),
        None => row.push(Role::Strong, "a process"),
    };
    row.plain(" wanted to act as you ").push(Role::Time, &age);
    let mut second = Row::of(Role::Text, "  ");
    second.plain(&crate::text::cut(&attempt.reason, 300));
    (row, second)
}

fn rules(canvas: &Canvas<'_>, _: Seq) -> (Row, Row) {
    let Some(rules) = canvas.app.model.state.configured() else { return (Row::default(), Row::default()) };
    let (role, what) = match rules.problems.len() {
        0 => (Role::Warn, format!("rules: {}", counted(rules.warnings.len(), "doubt"))),
        wrong => (Role::Danger, format!("rules not taken over: {}", counted(wrong, "mistake"))),
    };
    let mut row = Row::of(role, canvas.symbols().alert);
    row.push(role, &format!(" {what}"));
    let first = rules.problems.first().or(rules.warnings.first());
    let mut second = Row::of(Role::Text, "  ");
    second.plain(&crate::text::cut(first.map(String::as_str).unwrap_or_default(), 300));
    (row, second)
}

fn overdue(canvas: &mut Canvas<'_>, seq: Seq) -> (Row, Row) {
    let app = canvas.app;
    let mut row = Row::of(Role::Warn, "no answer from ");
    let late = app.model.state.obligations_of(seq).iter().filter(|owed| owed.is_overdue(app.moment()));
    row.push(Role::Repo, &listed(late.map(|owed| owed.by.as_str())));
    if let Some(record) = app.model.state.record(seq) {
        row.plain(" to ").push(Role::Repo, record.from.as_str());
        let (time, next) = left(record.expires_at, app.moment());
        canvas.changes_at(next);
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
    let (age, next) = ago(letter.at, app.moment());
    canvas.changes_at(next);
    row.plain(" ").push(Role::Time, &age);
    let second = match letter.message {
        Some(message) => headline(canvas, message),
        None => Row::of(Role::Dim, "  the message is not remembered any more"),
    };
    (row, second)
}
