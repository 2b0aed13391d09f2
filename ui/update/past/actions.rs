//! What the keys of the past do.

use super::{Effect, goto, play, step, travel_to, want};
use crate::action::Action;
use crate::app::App;
use crate::app::overlay::{Menu, Overlay};
use crate::app::past::marks::Mark;
use crate::app::past::player::Speed;
use crate::app::past::{First, Then, Wanted};
use crate::app::pick::Pick;
use crate::app::prompt::Prompt;
use crate::past::{Stop, Target};
use crate::update::overlays::command_line;
use veda_bus_core::name::Seq;

/// Does what needs nothing more.
pub(in super::super) fn perform(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::Play => return play(app),
        Action::NextEvent => return step(app, Stop::Event, false),
        Action::PreviousEvent => return step(app, Stop::Event, true),
        Action::NextMessage => return step(app, Stop::Message, false),
        Action::PreviousMessage => return step(app, Stop::Message, true),
        Action::NextDecision => return step(app, Stop::Decision, false),
        Action::PreviousDecision => return step(app, Stop::Decision, true),
        Action::NextMatch => return matching(app, false),
        Action::PreviousMatch => return matching(app, true),
        Action::Start => return want(app, Wanted::Place(Target::Start, Then::Stay)),
        Action::End => return want(app, Wanted::Place(Target::End, Then::Stay)),
        Action::Faster => speed(app, Speed::faster),
        Action::Slower => speed(app, Speed::slower),
        Action::Speed => speed(app, |_| Speed::USUAL),
        Action::Shorten => {
            if let Some(past) = &mut app.past {
                past.player.shortens = !past.player.shortens;
            }
        }
        Action::Goto => app.overlay = Some(command_line(app, "goto ")),
        Action::MarkMoment => mark(app),
        Action::Marks => app.overlay = Some(Overlay::Menu(Menu::marks(app))),
        _ => {}
    }
    Vec::new()
}

/// Does what was given something.
pub(in super::super) fn with(app: &mut App, action: Action, argument: &str) -> Vec<Effect> {
    match action {
        Action::Speed => match argument.parse() {
            Ok(wanted) => speed(app, |_| wanted),
            Err(error) => app.complain(error.to_string()),
        },
        Action::Goto => return goto(app, argument),
        _ => {}
    }
    Vec::new()
}

fn play(app: &mut App) -> Vec<Effect> {
    let now = app.now;
    let Some(past) = &mut app.past else { return Vec::new() };
    if past.player.is_playing {
        past.player.pause();
        return Vec::new();
    }
    past.player.play(now);
    // What was written since the end was reached may be there by now.
    past.ahead.is_end &= !past.ahead.events.is_empty();
    play::more(app)
}

fn speed(app: &mut App, change: impl FnOnce(Speed) -> Speed) {
    if let Some(past) = &mut app.past {
        past.player.speed = change(past.player.speed);
    }
}

fn goto(app: &mut App, text: &str) -> Vec<Effect> {
    let Some(past) = app.shown_past() else { return travel_to(app, First::Place(text.to_owned())) };
    match goto::place(text, past.moment, past.position, &app.marks) {
        Ok((target, then)) => {
            remember_match(app, &target);
            want(app, Wanted::Place(target, then))
        }
        Err(why) => {
            app.complain(why);
            Vec::new()
        }
    }
}

/// What is looked for now is what `next-match` looks for, unless it can not be looked for.
pub(super) fn remember_match(app: &mut App, target: &Target) {
    let (Target::Next { stop, .. } | Target::Previous { stop, .. }) = target else { return };
    if let (Some(past), Stop::Match(filter)) = (&mut app.past, stop)
        && Pick::new(filter).is_ok()
    {
        past.matched = Some(filter.clone());
    }
}

/// To what matches the filter in force, or what was looked for last.
fn matching(app: &mut App, back: bool) -> Vec<Effect> {
    match wanted_match(app) {
        Some(filter) => step(app, Stop::Match(filter), back),
        None => Vec::new(),
    }
}

/// What `next-match` looks for.
pub(in super::super) fn wanted_match(app: &App) -> Option<String> {
    let filter = app.conversations.filtered.as_ref().map(|filtered| filtered.source.clone());
    filter.or_else(|| app.shown_past()?.matched.clone())
}

/// Asks for a note for the place that is shown.
fn mark(app: &mut App) {
    let Some(past) = app.shown_past() else { return };
    let (event, at) = (past.position, past.moment);
    let note = app.marks.at(event).map(|mark| mark.note.clone()).unwrap_or_default();
    app.overlay = Some(Overlay::Note { prompt: Prompt::new(note), event, at });
}

/// A mark got its note.
pub(in super::super) fn noted(app: &mut App, mark: Mark) -> Vec<Effect> {
    app.say(format!("marked: {}", mark.name()));
    app.marks.set(mark);
    vec![Effect::SaveMarks]
}

/// A mark was chosen.
pub(in super::super) fn go_to_mark(app: &mut App, event: Seq) -> Vec<Effect> {
    want(app, Wanted::Place(Target::Event(event), Then::Stay))
}

/// A mark is not wanted any more; the list stays while there are others.
pub(in super::super) fn delete_mark(app: &mut App, event: Seq, selected: usize) -> Vec<Effect> {
    app.marks.remove(event);
    if !app.marks.is_empty() {
        let menu = Menu::marks(app);
        let selected = selected.min(menu.shown.len().saturating_sub(1));
        app.overlay = Some(Overlay::Menu(Menu { selected, ..menu }));
    }
    vec![Effect::SaveMarks]
}

/// What `goto` takes, as it could be written now.
pub(in super::super) fn places(app: &App) -> Vec<String> {
    let here = app.moment().local().map(|time| time.format("%H:%M:%S").to_string());
    let usual = ["-10m", "+10m", "start", "end", "/"].map(str::to_owned);
    let position = app.shown_past().map_or(app.model.state.last(), |past| past.position);
    let event = format!("#{position}");
    let marks = app.marks.iter().map(Mark::name);
    here.into_iter().chain(usual).chain([event]).chain(marks).collect()
}
