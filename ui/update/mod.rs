//! What happens, and what follows: changes of the [`App`], and effects for whoever runs it. No I/O, no clock.
//!
//! | module | what is in it |
//! |---|---|
//! | [`context`] | which keys hold where, and which stand in the footer |
//! | [`availability`] | why an action can not be done now |
//! | `perform` | every action |
//! | `search` | finding messages in the whole journal, and going to them |
//! | `lists` | moving in lists and threads |
//! | `overlays` | keys while something lies over the panes |
//! | `compose` | writing and sending |
//! | `decision` | what the operator decides |
//! | `feed` | what comes from the bus |
//! | `past` | the past: going there and back, and through it |
//! | `mouse` | clicks and the wheel |
//! | `seen` | what a frame means: messages that were read, texts to be fetched |

pub mod availability;
pub(crate) mod compose;
pub mod context;
mod decision;
pub(crate) mod feed;
mod lists;
mod mouse;
mod overlays;
pub(crate) mod past;
mod perform;
pub(crate) mod search;
mod seen;

use std::path::PathBuf;

use crossterm::event::{KeyEvent, KeyEventKind, MouseEvent};
use ratatui::layout::Size;
use veda_bus_core::refusal::Refusal;
use veda_bus_core::time::Millis;

use crate::app::App;
use crate::app::overlay::Overlay;
use crate::app::pane::Pane;
use crate::app::past::marks::Marks;
use crate::keys::Chord;
use crate::link::{Ask, News, Piece};
use crate::past::{Report, Request};
use crate::search::Findings;
use crate::settings::Settings;

/// Something that happened.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// Something was done with the mouse.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size.
    Resize(Size),
    /// The terminal got the focus, or lost it.
    Looked(bool),
    /// Events of the bus.
    Piece(Piece),
    /// Something from the connection.
    News(News),
    /// Something about the bus in this process.
    Host(Host),
    /// The editor was closed: the number of the field, and its text, or what went wrong.
    Edited(usize, Result<String, String>),
    /// The settings, read anew, or what is wrong with them.
    Settings(Box<Result<Settings, String>>),
    /// What the past is read by tells something.
    Report(Report),
    /// The marks of a journal, or why they can not be had.
    Marks(Result<Marks, String>),
    /// What came of a search.
    Findings(Findings),
    /// Time passed.
    Tick,
}

/// What the bus in this process goes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// Clients can connect; this is what was found in the journal that the operator should know.
    Ready(Vec<String>),
    /// It ended, and this is why.
    Ended(String),
}

/// How the console ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaving {
    /// It was attached, and the bus goes on elsewhere; or nobody is there to miss the bus.
    Quit,
    /// The bus that it hosts goes on in the background.
    KeepBus,
    /// Something made it end.
    Failed(String),
    /// The bus does not take this process for the operator.
    Refused(Refusal),
}

/// Something to be done outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask the bus.
    Ask(Ask),
    /// Open an editor for the field with this number.
    Editor(usize, String),
    /// Put a text into the clipboard.
    Copy(String),
    /// Get the operator's attention.
    Notify(String),
    /// End the console.
    Leave(Leaving),
    /// Go to the background.
    Suspend,
    /// Read the settings and themes again.
    Reload,
    /// Take the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Draw everything anew.
    Redraw,
    /// Open the past in these files, and read the marks beside them.
    OpenPast(Vec<PathBuf>),
    /// Ask for something of the past.
    Past(Request),
    /// The past is not wanted any more.
    ClosePast,
    /// Write the marks down.
    SaveMarks,
    /// Look for what a line says in these files.
    Search(Vec<PathBuf>, String),
}

/// Takes in what happened at the moment `now`.
pub fn update(app: &mut App, msg: Msg, now: Millis) -> Vec<Effect> {
    app.now = app.now.max(now);
    if app.toast.as_ref().is_some_and(|toast| toast.until <= app.now) {
        app.toast = None;
    }
    // Not every terminal tells that it got the focus back, but nobody types without looking.
    if matches!(msg, Msg::Key(_) | Msg::Mouse(_) | Msg::Paste(_)) {
        app.is_looked_at = true;
    }
    match msg {
        Msg::Key(key) => self::key(app, key),
        Msg::Mouse(event) => mouse::mouse(app, event),
        Msg::Paste(text) => paste(app, &text),
        Msg::Resize(size) => {
            app.size = size;
            // Where there is more than one pane, the composer is shown only while something is written.
            if app.focus == Pane::Composer && app.writing.is_none() {
                app.focus = Pane::Conversations;
            }
            Vec::new()
        }
        Msg::Looked(is_looked_at) => {
            app.is_looked_at = is_looked_at;
            Vec::new()
        }
        Msg::Piece(piece) => past::piece(app, piece),
        Msg::News(news) => app.in_live(|app| feed::news(app, news)),
        Msg::Host(host) => feed::host(app, host),
        Msg::Edited(_, text) if app.overlay == Some(Overlay::Decision) => {
            decision::edited(app, text);
            Vec::new()
        }
        Msg::Edited(field, text) => compose::edited(app, field, text),
        Msg::Settings(settings) => perform::settings(app, *settings),
        Msg::Report(report) => past::report(app, report),
        Msg::Marks(marks) => {
            app.marks = marks.unwrap_or_else(|why| {
                app.complain(why);
                Marks::default()
            });
            Vec::new()
        }
        Msg::Findings(findings) => search::found(app, findings),
        Msg::Tick => tick(app),
    }
}

/// Time passed, in the present and in the past.
fn tick(app: &mut App) -> Vec<Effect> {
    let has_live = !app.past.as_ref().is_some_and(|past| past.is_recording());
    let mut effects = if has_live { app.in_live(feed::tick) } else { Vec::new() };
    effects.extend(past::tick(app));
    effects
}

/// A frame was drawn: what it showed has been seen.
pub use seen::drew;

fn key(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    if app.overlay.is_some() {
        return overlays::key(app, key);
    }
    let chord = Chord::from(key);
    if app.focus == Pane::Composer && app.writing.is_some() {
        return compose::key(app, key, chord);
    }
    // What was said stays until it was read or something else is done.
    app.toast = None;
    let invocation = app.settings.keys.find(context::layers(app), chord).cloned();
    match invocation {
        Some(invocation) => perform::perform(app, &invocation),
        None => Vec::new(),
    }
}

fn paste(app: &mut App, text: &str) -> Vec<Effect> {
    match &mut app.overlay {
        Some(Overlay::Command(command)) => command.prompt.insert(text),
        Some(Overlay::Filter(prompt, _) | Overlay::Note { prompt, .. }) => prompt.insert(text),
        Some(Overlay::Menu(menu)) => {
            if let Some(prompt) = &mut menu.typed {
                prompt.insert(text);
            }
        }
        Some(Overlay::Decision) => decision::paste(app, text),
        Some(_) => {}
        None if app.focus == Pane::Composer => compose::paste(app, text),
        // Pasted text is never taken for keys.
        None => app.say("pasted text goes into the composer; press n for a new message"),
    }
    overlays::typed(app)
}
