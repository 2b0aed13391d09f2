//! The status line, the keys below it, and the tabs of a narrow screen.

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::clock;
use crate::action::Action;
use crate::app::decision::Subject;
use crate::app::drawn::Target;
use crate::app::pane::Pane;
use crate::app::past::{Live, Past};
use crate::app::{App, Connection, Hosting};
use crate::model::rate::MINUTES;
use crate::row::Row;
use crate::theme::Role;
use crate::update::{availability, context};
use crate::words::counted;

/// The line that always tells how things are.
pub(super) fn line(canvas: &mut Canvas<'_>, area: Rect) {
    if let Some(past) = canvas.app.shown_past() {
        return line_of_the_past(canvas, area, past);
    }
    canvas.cover(area, Role::Status);
    let needs = needs(canvas);
    let room = canvas.row_right(area, &needs.cut(usize::from(area.width) / 2));
    let mut row = mode(canvas);
    let app = canvas.app;
    if let Some((reached, end)) = app.loading {
        let part = u128::from(reached.0) * 100 / u128::from(end.0.max(1));
        row.push(Role::Info, &format!("  loading the past: {} %", part.min(99)));
    }
    if app.past.is_some() {
        row.push(Role::Info, "  opening the past");
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

/// That this is not the present can not be missed: the whole line is turned around.
fn line_of_the_past(canvas: &mut Canvas<'_>, area: Rect, past: &Past) {
    let app = canvas.app;
    canvas.cover(area, Role::Replay);
    let needs = match app.needs_count() {
        0 => "nothing needed you ".to_owned(),
        1 => "1 thing needed you ".to_owned(),
        needs => format!("{needs} things needed you "),
    };
    let what = if past.is_recording() { " REPLAY " } else { " PAST " };
    let mut row = Row::of(Role::Replay, what);
    row.push(Role::Replay, &format!(" {} ", live(app, past)));
    row.push(Role::Replay, &format!(" {} ", counted(app.model.connected(), "instance")));
    if past.is_recording()
        && let Some(journal) = past.recording.files.first()
    {
        row.push(Role::Replay, &format!(" {}", journal.display()));
    }
    let room = canvas.row_right(area, &Row::of(Role::Replay, &needs).cut(usize::from(area.width) / 2));
    canvas.fit(room, &row);
    canvas.reverse(area);
}

/// What goes on in the present meanwhile.
fn live(app: &App, past: &Past) -> String {
    let Live::Aside(scene) = &past.live else { return "no bus".to_owned() };
    let needs = match scene.needs(app.now) {
        0 => "nothing needs you".to_owned(),
        1 => "1 needs you".to_owned(),
        needs => format!("{needs} need you"),
    };
    match app.connection {
        Connection::Lost(_) => format!("live: reconnecting; {needs}"),
        Connection::Connecting | Connection::Connected => format!("live: {} new, {needs}", past.news),
    }
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
    let counts = app.model.rate.at(app.moment());
    if let Some(next) = app.model.rate.next_change(app.moment()) {
        canvas.changes_at(next);
    }
    let mut row = Row::of(Role::Chart, &canvas.symbols().sparkline(&counts));
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
            &format!(" {}  ", label(action, subject.as_ref(), app.shown_past())),
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
fn label(action: Action, subject: Option<&Subject>, past: Option<&Past>) -> &'static str {
    match (action, subject) {
        (Action::Approve, Some(Subject::Held(_))) => return "release",
        (Action::Reject, Some(Subject::Held(_))) => return "refuse",
        (Action::Approve, Some(Subject::Thread(_))) => return "go on",
        _ => {}
    }
    match action {
        Action::TimeTravel if past.is_some() => "live",
        Action::TimeTravel => "past",
        Action::Play if past.is_some_and(|past| past.player.is_playing) => "pause",
        Action::NextEvent => "event",
        Action::PreviousEvent => "back",
        Action::NextMessage => "message",
        Action::NextDecision => "decision",
        Action::MarkMoment => "mark",
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
