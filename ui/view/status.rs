//! The status line, the keys below it, and the tabs of a narrow screen.

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::clock;
use crate::action::Action;
use crate::app::decision::Subject;
use crate::app::drawn::Target;
use crate::app::pane::Pane;
use crate::app::{Connection, Hosting};
use crate::model::rate::MINUTES;
use crate::row::Row;
use crate::theme::Role;
use crate::update::{availability, context};
use crate::words::counted;

/// The line that always tells how things are.
pub(super) fn line(canvas: &mut Canvas<'_>, area: Rect) {
    canvas.cover(area, Role::Status);
    let needs = needs(canvas);
    let room = canvas.row_right(area, &needs.cut(usize::from(area.width) / 2));
    let mut row = mode(canvas);
    let app = canvas.app;
    if let Some((reached, end)) = app.loading {
        let part = u128::from(reached.0) * 100 / u128::from(end.0.max(1));
        row.push(Role::Info, &format!("  loading the past: {} %", part.min(99)));
    }
    let hosting = match app.hosting {
        Hosting::Attached => "attached",
        Hosting::Starting => "starting the bus",
        Hosting::Here => "hosting",
    };
    row.push(Role::Status, "  ").push(Role::Strong, &counted(app.model.connected(), "instance"));
    row.push(Role::Status, "  ").append(&rate(canvas));
    row.push(Role::Status, &format!("  {hosting} {}", app.place.socket.display()));
    canvas.fit(room, &row);
}

fn mode(canvas: &Canvas<'_>) -> Row {
    let app = canvas.app;
    match (&app.connection, app.paused) {
        (Connection::Lost(since), _) => {
            Row::of(Role::Reconnecting, &format!(" RECONNECTING since {} ", clock(*since, app.now)))
        }
        (Connection::Connecting, _) => Row::of(Role::Reconnecting, " CONNECTING "),
        (Connection::Connected, paused) => {
            let mut row = match paused {
                Some(since) => Row::of(Role::Paused, &format!(" PAUSED at {} ", clock(since, app.now))),
                None => Row::of(Role::Live, " LIVE "),
            };
            if app.lag > 0 {
                row.push(Role::Warn, &format!("  {} behind", counted(app.lag, "event")));
            }
            row
        }
    }
}

/// Messages a minute, as a line of small bars.
fn rate(canvas: &mut Canvas<'_>) -> Row {
    let app = canvas.app;
    let counts = app.model.rate.at(app.now);
    if let Some(next) = app.model.rate.next_change(app.now) {
        canvas.drawn.changes_at(next);
    }
    let most = counts.iter().copied().max().unwrap_or_default().max(1);
    let levels = canvas.symbols().levels;
    let bar = |count: u64| match count {
        0 => " ",
        count => levels[usize::try_from((count * 7).div_ceil(most)).unwrap_or(7).min(7)],
    };
    let bars: String = counts.iter().map(|&count| bar(count)).collect();
    let mut row = Row::of(Role::Chart, &bars);
    row.push(Role::Status, &format!(" {}/min", counts[MINUTES - 1].max(counts[MINUTES - 2])));
    row
}

fn needs(canvas: &Canvas<'_>) -> Row {
    let app = canvas.app;
    let (needs, unread) = (app.needs_count(), app.model.threads.unread());
    let mut row = Row::default();
    if unread > 0 {
        row.push(Role::Unread, &format!("{unread} unread "));
    }
    match needs {
        0 => _ = row.push(Role::Status, "nothing needs you "),
        1 => _ = row.push(Role::High, "1 thing needs you "),
        needs => _ = row.push(Role::High, &format!("{needs} things need you ")),
    }
    row
}

/// The keys that do something here, or what the operator was told last.
pub(super) fn footer(canvas: &mut Canvas<'_>, area: Rect) {
    let app = canvas.app;
    if let Some(toast) = &app.toast {
        let (role, sign) = if toast.is_error {
            (Role::Danger, canvas.symbols().cross)
        } else {
            (Role::Info, canvas.symbols().check)
        };
        let mut row = Row::of(role, sign);
        row.plain(" ").push(role, &toast.text);
        canvas.fit(area, &row);
        canvas.drawn.changes_at(toast.until);
        return;
    }
    let mut x = area.x;
    let subject = app.subjects().next();
    for &action in context::footer(app) {
        let Some(chord) = app.settings.keys.keys_of(action).first().copied() else { continue };
        let off = availability::of(app, action).is_err();
        let mut row = Row::of(if off { Role::KeyOff } else { Role::Key }, &chord.to_string());
        row.push(
            if off { Role::KeyOff } else { Role::KeyText },
            &format!(" {}  ", label(action, subject.as_ref())),
        );
        let width = u16::try_from(row.width()).unwrap_or(u16::MAX);
        if x + width > area.right() + 2 {
            break;
        }
        let at = Rect { x, width: width.min(area.right() - x), ..area };
        canvas.row(at, &row);
        canvas.target(at, Target::Action(action));
        x = (x + width).min(area.right());
    }
}

/// A word or two for the footer; what decides says what it does to `subject`.
fn label(action: Action, subject: Option<&Subject>) -> &'static str {
    match (action, subject) {
        (Action::Approve, Some(Subject::Held(_))) => return "release",
        (Action::Reject, Some(Subject::Held(_))) => return "refuse",
        (Action::Approve, Some(Subject::Thread(_))) => return "go on",
        _ => {}
    }
    match action {
        Action::CommandLine => "command",
        Action::PreviousPane | Action::NextPane => "pane",
        Action::NextField => "field",
        Action::NextType => "type",
        Action::NextChoice => "choice",
        Action::Conversations => "list",
        Action::Needs => "needs you",
        Action::NextUnread => "unread",
        Action::Show => "details",
        Action::AllowUnknown => "unknown repo",
        other => other.name(),
    }
}

/// The panes of a narrow screen, of which one is shown.
pub(super) fn tabs(canvas: &mut Canvas<'_>, area: Rect) {
    let app = canvas.app;
    let mut x = area.x;
    for pane in Pane::ALL {
        let title = match pane {
            Pane::Needs => format!(" 3 Needs you {} ", app.needs_count()),
            pane => format!(" {} ", pane.title()),
        };
        let role = if app.focus == pane { Role::Chosen } else { Role::Choice };
        let row = Row::of(role, &title);
        let width = u16::try_from(row.width()).unwrap_or(u16::MAX).min(area.right().saturating_sub(x));
        let at = Rect { x, width, ..area };
        canvas.row(at, &row);
        canvas.target(at, Target::Pane(pane));
        x += width;
    }
}
