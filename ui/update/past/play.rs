//! Time that goes by in the past.

use veda_bus_core::event::Recorded;
use veda_bus_core::time::Millis;

use super::{Effect, feed, select_newest};
use crate::app::App;
use crate::app::past::Past;
use crate::past::Request;

/// How many events are taken in at most before keys are looked at again: one takes some ten microseconds.
const TAKE: usize = 250;

/// How many events are to be at hand while it plays.
const AT_HAND: usize = 400;

/// Time passed on the wall clock.
pub(in super::super) fn tick(app: &mut App) -> Vec<Effect> {
    if app.shown_past().is_none() {
        return Vec::new();
    }
    let mut effects = play(app);
    effects.extend(feed::look(app));
    effects
}

/// Plays for as long as the wall clock says.
fn play(app: &mut App) -> Vec<Effect> {
    let now = app.now;
    let Some(past) = app.past.as_mut().filter(|past| past.player.is_playing) else { return Vec::new() };
    past.player.tick(now);
    past.player.is_behind = false;
    if past.seeking.is_some() {
        past.player.forgive();
        return Vec::new();
    }
    for _ in 0..TAKE {
        match due(app) {
            Due::Event(recorded) => take_in(app, *recorded),
            Due::Later => return more(app),
            Due::Over => return ended(app),
        }
    }
    if let Some(past) = &mut app.past {
        past.player.is_behind = true;
    }
    more(app)
}

/// What comes next.
enum Due {
    /// An event, now.
    Event(Box<Recorded>),
    /// Nothing yet.
    Later,
    /// Nothing more.
    Over,
}

fn due(app: &mut App) -> Due {
    let last = app.model.at();
    let Some(past) = &mut app.past else { return Due::Over };
    // Who went behind the place where playing was to stop goes on there.
    let until = past.recording.until.filter(|until| past.moment <= *until).unwrap_or(Millis(u64::MAX));
    let Some(next) = past.ahead.events.front() else {
        past.player.forgive();
        return if past.has_all() { Due::Over } else { Due::Later };
    };
    let (is_last, at) = (next.at > until, next.at.min(until));
    let last = since(past, last);
    if !past.player.reaches(&mut past.moment, last, at) {
        return Due::Later;
    }
    match past.ahead.events.pop_front() {
        Some(next) if is_last => {
            past.ahead.events.push_front(next);
            Due::Over
        }
        Some(next) => Due::Event(Box::new(next)),
        None => Due::Over,
    }
}

/// Since when there is silence.
fn since(past: &Past, last: Millis) -> Millis {
    if past.position.0 == 0 { past.moment } else { last.min(past.moment) }
}

/// The next event happens, if it is at hand.
pub(super) fn one(app: &mut App) -> bool {
    let next = app.past.as_mut().and_then(|past| past.ahead.events.pop_front());
    let is_there = next.is_some();
    if let Some(recorded) = next {
        take_in(app, recorded);
    }
    is_there
}

fn take_in(app: &mut App, recorded: Recorded) {
    let (seq, at) = (recorded.seq, recorded.at);
    if let Some(past) = &mut app.past {
        past.position = seq;
        past.moment = past.moment.max(at);
    }
    feed::take_in(app, recorded);
    select_newest(app);
}

/// Asks for more events before those at hand have happened.
pub(super) fn more(app: &mut App) -> Vec<Effect> {
    let Some(past) = &mut app.past else { return Vec::new() };
    let has_all = past.has_all();
    let ahead = &mut past.ahead;
    if has_all || ahead.asked.is_some() || ahead.events.len() >= AT_HAND {
        return Vec::new();
    }
    let after = ahead.events.back().map_or(past.position, |last| last.seq);
    ahead.asked = Some(after);
    vec![Effect::Past(Request::Ahead { after })]
}

/// There is nothing more to play.
fn ended(app: &mut App) -> Vec<Effect> {
    let Some(past) = &mut app.past else { return Vec::new() };
    past.player.pause();
    let told = if !past.ahead.events.is_empty() {
        past.recording.until = None;
        "this is where it was to stop; space goes on"
    } else if past.is_recording() {
        "this is the end of the recording"
    } else {
        "this is all that has happened; T goes back to live"
    };
    app.say(told);
    Vec::new()
}

/// When to look at the clock again, on the wall clock; `None` while nothing goes by.
pub(crate) fn wakes_at(app: &App) -> Option<Millis> {
    let past = app.shown_past().filter(|past| past.player.is_playing && past.seeking.is_none())?;
    match past.ahead.events.front() {
        Some(next) => Some(past.player.wakes_at(past.moment, since(past, app.model.at()), next.at)),
        None => past.has_all().then_some(app.now),
    }
}
