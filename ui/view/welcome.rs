//! The first screen: what to do next.

use ratatui::layout::Rect;

use super::canvas::{Canvas, lines};
use crate::action::Action;
use crate::app::{Connection, Hosting};
use crate::row::Row;
use crate::theme::Role;

/// In the list of conversations, while nobody has said anything.
pub(super) fn hint(canvas: &mut Canvas<'_>, area: Rect) {
    canvas.row(area, &Row::of(Role::Dim, "no conversations yet"));
}

/// In the thread, or where one pane is shown at a time in the list, while nobody is there.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    for (line, row) in lines(area).zip(text(canvas)) {
        canvas.fit(line, &row);
    }
}

fn text(canvas: &Canvas<'_>) -> Vec<Row> {
    let app = canvas.app;
    if app.shown_past().is_some() {
        return vec![Row::of(Role::Dim, "Nobody had joined yet, and nothing had been said.")];
    }
    let flag = &app.place.socket_flag;
    let command = |what: &str| {
        let mut row = Row::of(Role::Text, "    ");
        row.push(Role::Code, what);
        row
    };
    let key = |action: Action, what: &str| {
        let mut row = Row::of(Role::Text, "    ");
        row.push(Role::Key, &key_of(canvas, action)).pad_to(10).push(Role::Text, what);
        row
    };
    let state = match (&app.connection, &app.hosting) {
        (Connection::Connected, Hosting::Here) => {
            "The bus runs in this console, and nobody has joined it yet."
        }
        (Connection::Connected, _) => "The bus is running, and nobody has joined it yet.",
        (_, Hosting::Attached) => "Waiting for the bus to answer.",
        _ => "The bus is starting.",
    };
    vec![
        Row::of(Role::Title, "veda-bus"),
        Row::of(Role::Text, state),
        Row::default(),
        Row::of(Role::Strong, "Next, in another terminal:"),
        command(&format!("veda-bus join{flag} --repo LensSDK")),
        Row::of(Role::Dim, "    be an instance from a shell; what it is sent comes out as JSON"),
        command(&format!("veda-bus demo{flag}")),
        Row::of(Role::Dim, "    three instances that ask, propose, vote and write to you"),
        Row::default(),
        Row::of(Role::Strong, "Here:"),
        key(Action::New, "write a message"),
        key(Action::Help, "every key and command"),
        key(Action::CommandLine, "type a command"),
        key(Action::Quit, "leave"),
    ]
}

/// In the composer, while nothing is written.
pub(super) fn composer(canvas: &mut Canvas<'_>, area: Rect) {
    let keys = [
        (Action::New, "a new message"),
        (Action::Reply, "an answer to the selected message"),
        (Action::Broadcast, "to every repo"),
        (Action::Drafts, "unfinished messages"),
    ];
    for (line, (action, what)) in lines(area).zip(keys) {
        let mut row = Row::of(Role::Key, &key_of(canvas, action));
        row.pad_to(7).push(Role::Dim, what);
        canvas.row(line, &row);
    }
}

/// The key that calls an action; without one, its command.
fn key_of(canvas: &Canvas<'_>, action: Action) -> String {
    let keys = canvas.app.settings.keys.keys_of(action);
    keys.first().map_or_else(|| format!(":{action}"), ToString::to_string)
}
