//! What the worker tells.

use std::sync::Arc;

use veda_bus_core::event::Recorded;
use veda_bus_core::history::Map;
use veda_bus_core::name::{MessageId, Seq};
use veda_bus_core::time::Millis;

use super::actions::remember_match;
use super::goto::PLACES;
use super::{Effect, begin, feed, go, goto, leave, lists, perform, play, show};
use crate::app::App;
use crate::app::pane::Pane;
use crate::app::past::{First, Then};
use crate::model::Model;
use crate::past::{Report, Target};
use crate::update::Leaving;

/// Takes in what the worker tells.
pub(in super::super) fn report(app: &mut App, report: Report) -> Vec<Effect> {
    let Some(past) = &mut app.past else { return Vec::new() };
    match report {
        Report::Opening { done, all } => past.opening = Some((done, all)),
        Report::Opened(map) => return opened(app, map),
        Report::Indexed { upto } => past.indexed = Some(upto),
        Report::Folding { number, done, all } => {
            if let Some(seeking) = past.seeking.as_mut().filter(|seeking| seeking.number == number) {
                seeking.progress = Some((done, all));
            }
        }
        Report::Moment { number, position, at, model } => return arrived(app, number, position, at, *model),
        Report::NotThere { number, why } => return not_there(app, number, why),
        Report::Ahead { after, events, is_end } => return ahead(app, after, events, is_end),
        Report::Fetched { asked, found } if app.shown_past().is_some() => {
            app.model.texts.fetched(&asked, found);
            return feed::look(app);
        }
        Report::Fetched { .. } => {}
        Report::Failed(why) => return failed(app, why),
    }
    Vec::new()
}

/// Without its journal there is no past: a recording ends, and a live console goes back to the present.
fn failed(app: &mut App, why: String) -> Vec<Effect> {
    if app.past.as_ref().is_some_and(|past| past.is_recording()) {
        return vec![Effect::Leave(Leaving::Failed(why))];
    }
    let effects = leave(app);
    app.complain(why);
    effects
}

fn opened(app: &mut App, map: Arc<Map>) -> Vec<Effect> {
    let Some(past) = &mut app.past else { return Vec::new() };
    let is_first = past.map.is_none();
    let is_empty = map.last().is_none();
    past.opened(map);
    match (is_first, is_empty) {
        (true, true) if past.is_recording() => {
            app.say("nothing is recorded in this journal");
            Vec::new()
        }
        (true, true) => failed(app, "nothing is recorded in the journal yet".to_owned()),
        (true, false) if past.is_recording() => begin_recording(app, Target::Start),
        (true, false) => match past.first.take() {
            Some(First::Event(event)) => go(app, Target::Event(event), Then::Open),
            Some(First::Place(text)) => begin_place(app, &text),
            None => go(app, Target::End, Then::Stay),
        },
        (false, _) => Vec::new(),
    }
}

/// Goes from the present to a place; what matches a filter is the last one that does.
fn begin_place(app: &mut App, text: &str) -> Vec<Effect> {
    let last = app.past.as_ref().and_then(|past| past.end()).map_or(Seq(0), |(last, _)| last);
    match goto::place(text, app.now, last, &app.marks) {
        Ok((target, then)) => {
            let target = match target {
                Target::Next { from, stop } => Target::Previous { from: from.next(), stop },
                target => target,
            };
            remember_match(app, &target);
            go(app, target, then)
        }
        Err(why) => failed(app, why),
    }
}

/// Goes to where the recording is to begin: `usual`, where nothing else was asked for.
fn begin_recording(app: &mut App, usual: Target) -> Vec<Effect> {
    let Some(past) = &mut app.past else { return Vec::new() };
    if let Some(thread) = past.recording.thread.take() {
        return go(app, Target::Message(thread), Then::OnlyThread);
    }
    let (end, since) = (past.end().map_or(Millis(0), |(_, at)| at), past.recording.since);
    let Some(text) = past.recording.at.take() else {
        let start = past.map.as_ref().and_then(|map| map.first()).map(|(_, at)| at);
        let target = match since {
            Some(since) if start.is_some_and(|start| since <= start) => Target::Start,
            Some(since) => Target::Time(Millis(since.0.saturating_sub(1))),
            None => usual,
        };
        return go(app, target, Then::Stay);
    };
    match goto::place(&text, end, Seq(0), &app.marks) {
        Ok((target, then)) => go(app, target, then),
        Err(why) => vec![Effect::Leave(Leaving::Failed(format!("--at: {why}")))],
    }
}

fn arrived(app: &mut App, number: u64, position: Seq, at: Millis, model: Model) -> Vec<Effect> {
    let Some(past) = &mut app.past else { return Vec::new() };
    // Of several places, only the one that was asked for last counts.
    let Some(seeking) = past.seeking.take_if(|seeking| seeking.number == number) else { return Vec::new() };
    // A recording ends with its last event; the past of a bus that runs goes on until now.
    let last = past.end().map_or(at, |(_, last)| last.max(at));
    let end = if past.is_recording() { last } else { last.max(app.now) };
    // Where nothing happened for a while, the moment that was asked for is shown.
    let moment = match seeking.target {
        Target::Time(time) => time.clamp(at, end),
        Target::End => end,
        _ => at,
    };
    past.moved(position, moment);
    let missed = past.map.as_ref().and_then(|map| missed(&seeking.target, position, map, end));
    show(app, model, position);
    if let Some(why) = missed {
        app.complain(why);
    } else if app.past.as_ref().is_some_and(|past| !past.is_held) {
        tell_gap(app);
    }
    let mut effects = match seeking.then {
        Then::Stay => Vec::new(),
        Then::Select => {
            select_event(app);
            Vec::new()
        }
        Then::Open => {
            select_event(app);
            app.focus = Pane::Thread;
            Vec::new()
        }
        Then::OnlyThread => only_thread(app),
    };
    if let Some(next) = app.past.as_mut().and_then(|past| past.next.take()) {
        effects.extend(begin(app, next));
    }
    effects.extend(feed::look(app));
    // A step forward is to be taken at once; while the scrubber is held, the next place is another one.
    if app.past.as_ref().is_some_and(|past| !past.is_held) {
        effects.extend(play::more(app));
    }
    effects
}

/// Selects the message that the event is about that happened last.
fn select_event(app: &mut App) {
    let message = app.model.activity.back().and_then(|event| app.message_of(event));
    if let Some(seq) = message
        && app.select_message(seq)
    {
        lists::reveal_conversation(app);
    }
}

/// Lists only the thread of the message that was found, and begins with that.
fn only_thread(app: &mut App) -> Vec<Effect> {
    let event = app.model.activity.back();
    let message = event.and_then(|event| app.message_of(event));
    let thread = message.and_then(|seq| app.model.state.record(seq)).map(|record| record.thread.clone());
    let Some(thread) = thread.map(|thread| MessageId::clone(&thread)) else { return Vec::new() };
    perform::filter(app, &format!("=thread == {:?}", thread.to_string()));
    app.select_thread(&thread);
    begin_recording(app, Target::Message(thread.to_string()))
}

/// What can not be read behind the place that is shown, for which the scrubber may be too narrow.
pub(super) fn tell_gap(app: &mut App) {
    if let Some(gap) = app.past.as_ref().and_then(|past| past.gap()).map(ToString::to_string) {
        app.complain(gap);
    }
}

fn not_there(app: &mut App, number: u64, why: String) -> Vec<Effect> {
    let Some(past) = &mut app.past else { return Vec::new() };
    let Some(seeking) = past.seeking.take_if(|seeking| seeking.number == number) else { return Vec::new() };
    // What was typed may have been meant for something else.
    let is_typed = seeking.then == Then::Open && matches!(seeking.target, Target::Message(_));
    let why = if is_typed { format!("{why}, and no mark; {PLACES}") } else { why };
    past.next = None;
    if !past.is_begun {
        return failed(app, why);
    }
    app.complain(why);
    Vec::new()
}

/// Why the place that is shown is not the one that was asked for, where a journal does not have that; its time ends at
/// `ends`.
fn missed(target: &Target, position: Seq, map: &Map, ends: Millis) -> Option<String> {
    let ((first, begins), (last, _)) = (map.first()?, map.last()?);
    let told = |at: Millis| at.local().map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string());
    match *target {
        Target::Event(wanted) if wanted == position => None,
        Target::Event(wanted) if wanted > last => Some(format!("the journal ends with event {last}")),
        Target::Event(wanted) if wanted < first => Some(format!("the journal begins with event {first}")),
        Target::Event(wanted) => Some(format!("event {wanted} can not be read: it is in a gap")),
        Target::Time(wanted) if wanted > ends => Some(format!("the journal ends at {}", told(ends)?)),
        Target::Time(wanted) if wanted < begins => Some(format!("the journal begins at {}", told(begins)?)),
        _ => None,
    }
}

fn ahead(app: &mut App, after: Seq, events: Vec<Recorded>, is_end: bool) -> Vec<Effect> {
    let Some(past) = &mut app.past else { return Vec::new() };
    let last = past.ahead.events.back().map_or(past.position, |last| last.seq);
    if past.ahead.asked.take_if(|asked| *asked == after).is_none() || last != after {
        return Vec::new();
    }
    past.ahead.is_end = is_end || events.is_empty();
    past.ahead.is_over = events.is_empty() && past.ahead.events.is_empty();
    past.ahead.events.extend(events);
    if past.player.is_playing { play::tick(app) } else { Vec::new() }
}
