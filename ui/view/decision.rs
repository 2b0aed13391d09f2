//! The dialogue in which something is decided: what exactly, what is said with it, and what stands against it.

use ratatui::layout::{Position, Rect};
use veda_bus_core::name::{RepoName, Seq};
use veda_bus_core::payload::Outcome;
use veda_bus_core::state::negotiation::Negotiation;
use veda_bus_core::time::Millis;

use super::canvas::{Canvas, below, lines};
use super::clock;
use super::composer::area::wrapped;
use super::needs::why_held;
use super::overlays::{boxed, centred, input, keys};
use crate::action::{Action, Scope};
use crate::app::App;
use crate::app::decision::{Decision, Part, Subject, Verb};
use crate::row::Row;
use crate::text::{Break, cut};
use crate::theme::Role;
use crate::words::standing::standing_words_role;
use crate::words::{counted, listed, standing_words};

/// How wide the box is, where there is room.
const WIDTH: u16 = 84;

/// How many rows of a quoted text, or of what is wrong, are shown.
const QUOTED: usize = 3;

/// How many columns of a text are quoted where several things are listed.
const HEADLINE: usize = 200;

/// How many rows a text has to itself at least, and at most.
const TEXT: (usize, usize) = (3, 16);

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let app = canvas.app;
    let Some(decision) = &app.decisions.open else { return };
    let room = usize::from(WIDTH.min(area.width.saturating_sub(2)).saturating_sub(4));
    let what = what(app, decision, room);
    let foot = foot(app, decision, room);
    let text = decision.text().map_or(0, |text| (text.lines().count() + 1).clamp(TEXT.0, TEXT.1));
    let wanted = what.len() + foot.len() + usize::from(decision.takes_comment()) + text + 3;
    let at = centred(area, WIDTH, u16::try_from(wanted).unwrap_or(u16::MAX));
    let inner = boxed(canvas, at, title(decision));
    // From below: the keys, the comment, what is wrong; what is left is for the text, and for what is decided.
    let height = usize::from(inner.height);
    let comment = usize::from(decision.takes_comment());
    let foot_at = height.saturating_sub(foot.len() + comment + 1);
    let least = text.min(TEXT.0);
    let text_at = what.len().min(foot_at.saturating_sub(least));
    rows(canvas, Rect { height: short(text_at), ..inner }, &what);
    rows(canvas, below(inner, foot_at), &foot);
    keys_row(canvas, below(inner, height.saturating_sub(1)), decision);
    let text_area = Rect { height: short(foot_at.saturating_sub(text_at)), ..below(inner, text_at) };
    let comment_area = Rect { height: 1, ..below(inner, height.saturating_sub(1 + comment)) };
    // What has the focus comes last, because the cursor is where it was put last.
    if decision.part == Part::Text {
        comment_line(canvas, comment_area, decision);
        text_lines(canvas, text_area, decision);
    } else {
        text_lines(canvas, text_area, decision);
        comment_line(canvas, comment_area, decision);
    }
}

/// The rows, and in the last line how many there was no room for.
fn rows(canvas: &mut Canvas<'_>, area: Rect, rows: &[Row]) {
    let room = usize::from(area.height);
    let shown = if rows.len() > room { room.saturating_sub(1) } else { room };
    for (line, row) in lines(area).zip(rows.iter().take(shown)) {
        canvas.fit(line, row);
    }
    if rows.len() > room {
        let more = format!("and {} more lines", rows.len() - shown);
        canvas.fit(below(area, shown), &Row::of(Role::Dim, &more));
    }
}

fn short(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn title(decision: &Decision) -> &'static str {
    match (decision.verb, decision.subjects().next()) {
        (Verb::Approve, Some(Subject::Held(_))) => "Let it go?",
        (Verb::Approve, Some(Subject::Thread(_))) => "Let the thread go on?",
        (Verb::Approve, _) => "Approve?",
        (Verb::Reject, Some(Subject::Held(_))) => "Refuse?",
        (Verb::Reject, _) => "Reject?",
        (Verb::Amend, Some(Subject::Held(_))) => "Change it and let it go?",
        (Verb::Amend, _) => "Put another wording to the vote?",
        (Verb::Override, _) => "Decide whatever the votes?",
        (Verb::Allow, _) => "Always let it go?",
        (Verb::Revoke, _) => "Take the rule back?",
    }
}

/// What is decided, in words.
fn what(app: &App, decision: &Decision, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    if let [item] = decision.items.as_slice() {
        let subject = &item.subject;
        match app.possible(decision.verb, subject) {
            Ok(()) => push(&mut rows, &sentence(app, decision, subject), width, usize::MAX),
            Err(why) => push(&mut rows, &gone(app, subject, why), width, usize::MAX),
        }
        if decision.text.is_none() {
            push(&mut rows, &quote(app, subject), width, QUOTED);
        }
        problem(&mut rows, item.problem.as_deref(), width);
    } else {
        several(app, decision, width, &mut rows);
    }
    rows.push(Row::default());
    rows
}

fn push(rows: &mut Vec<Row>, row: &Row, width: usize, most: usize) {
    if !row.is_empty() {
        rows.extend(row.wrap(width, &Row::default(), Break::Words, most));
    }
}

fn problem(rows: &mut Vec<Row>, problem: Option<&str>, width: usize) {
    if let Some(problem) = problem {
        push(rows, &Row::of(Role::Danger, problem), width, QUOTED);
    }
}

/// A line for each of several; what can not be decided so comes last, with the reason.
fn several(app: &App, decision: &Decision, width: usize, rows: &mut Vec<Row>) {
    let (possible, not): (Vec<_>, Vec<_>) =
        decision.items.iter().partition(|item| app.possible(decision.verb, &item.subject).is_ok());
    let mut head = Row::of(Role::Strong, &format!("{} at once", counted(possible.len(), "decision")));
    if !not.is_empty() {
        head.plain(&format!(", {} left out", not.len()));
    }
    head.plain(". Everyone whom they concern is told.");
    rows.push(head);
    for item in possible {
        let mut row = Row::of(Role::Ok, app.look.symbols.bullet);
        row.plain(" ")
            .append(&sentence(app, decision, &item.subject))
            .plain(" ")
            .append(&quote(app, &item.subject));
        rows.push(row.cut(width));
        problem(rows, item.problem.as_deref(), width);
    }
    for item in not {
        let mut row = Row::of(Role::KeyOff, app.look.symbols.cross);
        let why = app.possible(decision.verb, &item.subject).err().unwrap_or_default();
        row.push(Role::KeyOff, &format!(" left out, {why}: ")).append(&quote(app, &item.subject));
        rows.push(row.cut(width));
    }
}

/// Why something can not be decided any more, and who was first.
fn gone(app: &App, subject: &Subject, why: &str) -> Row {
    let mut row = Row::of(Role::Warn, why);
    if let Subject::Negotiation { seq, .. } = subject
        && let Some(resolution) = app.model.state.negotiation(*seq).and_then(|one| one.resolution.as_ref())
    {
        row.plain(": ").push(Role::Strong, resolution.outcome.as_str()).plain(" by ");
        row.push(Role::Repo, resolution.by.as_str());
        row.plain(" at ").push(Role::Time, &clock(resolution.at, app.moment()));
    }
    row.plain(".");
    row
}

/// What a thing says itself, behind everything that is said about it.
fn quote(app: &App, subject: &Subject) -> Row {
    let state = &app.model.state;
    let seq = match subject {
        Subject::Negotiation { seq, .. } => state.negotiation(*seq).map(|negotiation| negotiation.round.seq),
        Subject::Held(seq) => Some(*seq),
        Subject::Thread(id) => state.thread(id).and_then(|thread| thread.messages.first()),
        Subject::Rule(_) => None,
    };
    let text = seq.and_then(|seq| match subject {
        Subject::Negotiation { .. } => app.wording(seq),
        _ => app.model.texts.headline(state, seq).map(|read| read.headline.clone()),
    });
    let line = |text: String| format!("\"{}\"", cut(text.trim(), HEADLINE));
    text.map(|text| Row::of(Role::Text, &line(text))).unwrap_or_default()
}

/// What is decided on one thing; of several, without who is told and why it came to that.
fn sentence(app: &App, decision: &Decision, subject: &Subject) -> Row {
    let is_alone = decision.items.len() == 1;
    match subject {
        Subject::Negotiation { seq, .. } => {
            let negotiation = app.model.state.negotiation(*seq);
            negotiation.map(|one| of_negotiation(decision, one, app.moment(), is_alone)).unwrap_or_default()
        }
        Subject::Held(seq) => of_held(app, decision.verb, *seq, is_alone),
        Subject::Thread(id) => {
            let mut row =
                Row::of(Role::Text, "Let the thread go on, and with it what was held because of it.");
            if let Some(held) = app.model.state.held_thread(id) {
                row.plain(&format!(" It is held since {}: ", clock(held.at, app.moment())))
                    .plain(&held.reason)
                    .plain(".");
            }
            row
        }
        Subject::Rule(rule) => {
            let mut row = Row::of(Role::Text, "Take back the standing rule ");
            row.push(Role::Strong, &rule.to_string());
            row.plain(". What it let go is held again from now on, where a rule holds it.");
            row
        }
    }
}

fn of_negotiation(decision: &Decision, negotiation: &Negotiation, now: Millis, is_alone: bool) -> Row {
    let mut row = Row::default();
    let round = negotiation.round_number();
    let (verb, tail) = match (decision.verb, decision.outcome) {
        (Verb::Approve, _) => ("Approve", ""),
        (Verb::Amend, _) => ("Put another wording to the vote in place of", ""),
        (Verb::Override, Outcome::Approved) => ("Approve", ", whatever the votes"),
        (Verb::Override, _) => ("Reject", ", whatever the votes"),
        (Verb::Reject | Verb::Allow | Verb::Revoke, _) => ("Reject", ""),
    };
    row.push(Role::Strong, &format!("{verb} round {round}")).plain(" of a proposal by ");
    row.push(Role::Repo, negotiation.proposer.as_str());
    if negotiation.round.by != negotiation.proposer {
        row.plain(", worded by ").push(Role::Repo, negotiation.round.by.as_str());
    }
    row.push(Role::Strong, tail).plain(" (");
    row.push(standing_words_role(negotiation), &standing_words(negotiation, now)).plain("). ");
    if !is_alone {
        return row;
    }
    if decision.verb == Verb::Amend {
        let voters = listed(negotiation.voters.iter().map(RepoName::as_str));
        row.push(Role::Repo, &voters).plain(&format!(" vote anew, in round {}.", round + 1));
    } else {
        told(&mut row, negotiation.involved().into_iter());
    }
    row
}

/// `Flagship, LensSDK and UILib are told.`
fn told<'a>(row: &mut Row, names: impl Iterator<Item = &'a RepoName>) {
    let names: Vec<_> = names.filter(|name| !name.is_operator()).map(RepoName::as_str).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    match names.as_slice() {
        [before @ .., last] if !before.is_empty() && names.len() <= 4 => {
            row.push(Role::Repo, &before.join(", ")).plain(" and ").push(Role::Repo, last);
        }
        _ => _ = row.push(Role::Repo, &listed(names.iter().copied())),
    }
    row.plain(&format!(" {verb} told."));
}

fn of_held(app: &App, verb: Verb, seq: Seq, is_alone: bool) -> Row {
    let state = &app.model.state;
    let (Some(record), Some(hold)) = (state.record(seq), state.hold(seq)) else { return Row::default() };
    let mut row = Row::default();
    let recipients = listed(record.deliveries.iter().map(|delivery| delivery.repo.as_str()));
    let what = |row: &mut Row| {
        row.plain(&format!(" the {} from ", record.kind)).push(Role::Repo, record.from.as_str());
        row.plain(" to ").push(Role::Repo, &recipients);
    };
    match verb {
        Verb::Reject => {
            what(row.push(Role::Strong, "Do not let go"));
            row.plain(". ");
            if is_alone {
                told(&mut row, std::iter::once(&record.from));
                row.plain(" ");
            }
        }
        Verb::Amend => {
            what(row.push(Role::Strong, "Change and let go"));
            row.plain(". They see that you changed it, and the journal keeps what was sent. ");
        }
        Verb::Allow => {
            what(row.push(Role::Strong, "Let go"));
            let rule = app.standing_rule(seq).map(|rule| rule.to_string()).unwrap_or_default();
            row.plain(", and never hold ").push(Role::Strong, &rule).plain(" again, by a rule in bus.toml. ");
        }
        _ => {
            what(row.push(Role::Strong, "Let go"));
            row.plain(". ");
        }
    }
    if is_alone {
        row.plain("It ").append(&why_held(&hold.held)).plain(".");
    }
    row
}

/// What stands between what is decided and the comment.
fn foot(app: &App, decision: &Decision, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    if decision.verb == Verb::Override {
        let role = |outcome| if decision.outcome == outcome { Role::Chosen } else { Role::Choice };
        let mut row = Row::of(Role::Field, "outcome  ");
        row.push(role(Outcome::Approved), " approved ")
            .plain(" ")
            .push(role(Outcome::Rejected), " rejected ");
        rows.push(row);
    }
    if let Some(since) = app.paused {
        let text = format!("Paused since {}: things may stand otherwise by now.", clock(since, app.now));
        push(&mut rows, &Row::of(Role::Warn, &text), width, QUOTED);
    }
    if let Some(fault) = &decision.fault {
        push(&mut rows, &Row::of(Role::Danger, fault), width, QUOTED);
    }
    rows
}

fn keys_row(canvas: &mut Canvas<'_>, area: Rect, decision: &Decision) {
    let keymap = &canvas.app.settings.keys;
    let of = |action| {
        let known = keymap
            .keys_of(action)
            .into_iter()
            .find(|chord| keymap.find(&[Scope::Composer], *chord).is_some());
        known.map(|chord| chord.to_string()).unwrap_or_default()
    };
    let (send, editor) = (of(Action::Send), of(Action::Editor));
    let yes = yes(decision);
    let row = match (decision.part, decision.text.is_some()) {
        (Part::Text, _) => {
            keys(&[(send.as_str(), yes), ("tab", "comment"), (editor.as_str(), "$EDITOR"), ("esc", "cancel")])
        }
        (Part::Comment, true) => keys(&[("enter", yes), ("tab", "text"), ("esc", "cancel")]),
        (Part::Comment, false) if decision.verb == Verb::Override => {
            keys(&[("enter", yes), ("up down", "outcome"), ("esc", "cancel")])
        }
        (Part::Comment, false) => keys(&[("enter", yes), ("esc", "cancel")]),
    };
    canvas.fit(area, &row);
}

/// What the key that confirms does.
fn yes(decision: &Decision) -> &'static str {
    let is_vote = matches!(decision.subjects().next(), Some(Subject::Negotiation { .. }));
    match (decision.verb, decision.outcome) {
        (Verb::Approve, _) if is_vote => "approve",
        (Verb::Approve | Verb::Allow, _) => "let go",
        (Verb::Amend, _) if is_vote => "put to the vote",
        (Verb::Amend, _) => "change and let go",
        (Verb::Override, Outcome::Approved) => "approve",
        (Verb::Reject, _) if !is_vote => "refuse",
        (Verb::Reject | Verb::Override, _) => "reject",
        (Verb::Revoke, _) => "take back",
    }
}

fn comment_line(canvas: &mut Canvas<'_>, area: Rect, decision: &Decision) {
    if !decision.takes_comment() || area.is_empty() {
        return;
    }
    let needed = decision.needs_comment(&canvas.app.model.state);
    let label = Row::of(Role::Field, if needed { "comment* " } else { "comment  " });
    canvas.row(area, &label);
    let at = short(label.width()).min(area.width);
    let field = Rect { x: area.x + at, width: area.width - at, ..area };
    let is_held = decision.subjects().all(|subject| matches!(subject, Subject::Held(_)));
    let hint = match (needed, is_held) {
        (true, _) => "why; the sender is told",
        (false, true) => "the sender is told; may be empty",
        (false, false) => "everyone who is told reads it; may be empty",
    };
    input(canvas, field, &decision.comment, hint);
}

fn text_lines(canvas: &mut Canvas<'_>, area: Rect, decision: &Decision) {
    let Some(text) = decision.text.as_ref().filter(|_| !area.is_empty()) else { return };
    let shown = wrapped(text.lines(), text.cursor(), usize::from(area.width), usize::from(area.height));
    for (line, row) in lines(area).zip(&shown.rows) {
        canvas.wash(line, Role::Input);
        canvas.row(line, &Row::of(Role::Input, row));
    }
    let (x, y) = shown.cursor;
    let x = area.x + short(x).min(area.width.saturating_sub(1));
    canvas.cursor(Position::new(x, area.y + short(y).min(area.height.saturating_sub(1))));
}
