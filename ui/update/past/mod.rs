//! The past: going there and back, from one place of it to another, and what its worker tells.
//!
//! | module | what is in it |
//! |---|---|
//! | `actions` | what the keys of the past do |
//! | `goto` | places as people write them |
//! | `play` | time that goes by |
//! | `reports` | what the worker tells |
//! | `scrub` | the mouse on the scrubber |

mod actions;
mod goto;
mod play;
mod reports;
mod scrub;

use veda_bus_core::name::{MessageId, Seq};

use super::{Effect, feed, lists, perform};
use crate::app::past::{First, Live, Past, Seeking, Then, Wanted};
use crate::app::{App, ThreadView};
use crate::link::Piece;
use crate::model::Model;
use crate::past::{Request, Stop, Target};

pub(super) use actions::{delete_mark, go_to_mark, noted, perform as do_action, places, wanted_match, with};
pub(super) use play::tick;
pub(crate) use play::wakes_at;
pub(super) use reports::report;
pub(super) use scrub::{dragged, grabbed, released, wheeled};

/// How many steps wait at most while one is taken.
const STEPS: usize = 50;

/// Goes to the past, or back to the present.
pub(super) fn travel(app: &mut App) -> Vec<Effect> {
    if app.past.is_some() {
        return leave(app);
    }
    let Some(journal) = app.bus.as_ref().and_then(|bus| bus.journal.clone()) else { return Vec::new() };
    // What comes meanwhile is taken in, so that nothing is missed.
    app.paused = None;
    let past = Past::travel(journal, app.player.clone());
    let files = past.recording.files.clone();
    app.past = Some(Box::new(past));
    vec![Effect::OpenPast(files)]
}

/// Goes to an event, and opens the message that it is about; from the present, into the past.
pub(super) fn open_event(app: &mut App, event: Seq) -> Vec<Effect> {
    if app.shown_past().is_some() {
        return want(app, Wanted::Place(Target::Event(event), Then::Open));
    }
    travel_to(app, First::Event(event))
}

/// Goes from the present to a certain place of the past.
fn travel_to(app: &mut App, first: First) -> Vec<Effect> {
    let effects = if app.past.is_some() { Vec::new() } else { travel(app) };
    if let Some(past) = &mut app.past {
        past.first = Some(first);
    }
    effects
}

/// Back to the present. What was selected in the past stays selected where it is still there.
pub(super) fn leave(app: &mut App) -> Vec<Effect> {
    let selected = app.shown_past().and(app.conversations.selected.clone());
    let message = app.thread.selected.filter(|_| !app.thread.follow);
    app.back_to_live();
    if let Some(thread) = selected.filter(|thread| app.model.state.thread(thread).is_some()) {
        app.select_thread(&thread);
        let is_there = |seq: &Seq| {
            app.model.state.record(*seq).is_some_and(|record| MessageId::clone(&record.thread) == thread)
        };
        if let Some(message) = message.filter(is_there) {
            app.select_message(message);
        }
        lists::reveal_conversation(app);
    }
    vec![Effect::ClosePast]
}

/// Something came from the bus: the present takes it in, whatever is shown.
pub(super) fn piece(app: &mut App, piece: Piece) -> Vec<Effect> {
    if let (Some(past), Piece::Events(events)) = (&mut app.past, &piece) {
        past.news += events.iter().filter(|event| event.event.name() == "accepted").count();
    }
    app.in_live(|app| feed::piece(app, piece))
}

/// Asks for a place at once, whatever else is being sought.
fn go(app: &mut App, target: Target, then: Then) -> Vec<Effect> {
    let Some(past) = &mut app.past else { return Vec::new() };
    past.number += 1;
    let number = past.number;
    past.seeking = Some(Seeking { number, target: target.clone(), then, progress: None });
    vec![Effect::Past(Request::Go { number, target })]
}

/// Goes to a place: at once, or when what is being sought was found. Of several that wait, the last one counts.
fn want(app: &mut App, wanted: Wanted) -> Vec<Effect> {
    let Some(past) = &mut app.past else { return Vec::new() };
    let is_near = past.seeking.as_ref().is_some_and(|seeking| seeking.progress.is_none());
    if !is_near {
        past.next = None;
        return begin(app, wanted);
    }
    past.next = Some(match (past.next.take(), wanted) {
        (Some(Wanted::Steps { stop, back, count }), Wanted::Steps { stop: more, back: again, .. })
            if stop == more && back == again =>
        {
            Wanted::Steps { stop, back, count: (count + 1).min(STEPS) }
        }
        (_, wanted) => wanted,
    });
    Vec::new()
}

fn begin(app: &mut App, wanted: Wanted) -> Vec<Effect> {
    match wanted {
        Wanted::Place(target, then) => go(app, target, then),
        Wanted::Steps { stop, back, count } => {
            let Some(past) = &mut app.past else { return Vec::new() };
            past.next = (count > 1).then(|| Wanted::Steps { stop: stop.clone(), back, count: count - 1 });
            let (from, then) = (past.position, if stop == Stop::Event { Then::Stay } else { Then::Select });
            let target = if back { Target::Previous { from, stop } } else { Target::Next { from, stop } };
            go(app, target, then)
        }
    }
}

/// One step over events of a kind.
fn step(app: &mut App, stop: Stop, back: bool) -> Vec<Effect> {
    let Some(past) = &mut app.past else { return Vec::new() };
    past.player.pause();
    if stop == Stop::Event && !back && past.seeking.is_none() && play::one(app) {
        reports::tell_gap(app);
        return Vec::new();
    }
    want(app, Wanted::Steps { stop, back, count: 1 })
}

/// What is selected, so that it can be selected again at another moment.
struct Selection {
    thread: Option<MessageId>,
    view: ThreadView,
    filter: Option<String>,
}

impl Selection {
    fn of(app: &App) -> Self {
        Self {
            thread: app.conversations.selected.clone(),
            view: app.thread.clone(),
            filter: app.conversations.filtered.as_ref().map(|filtered| filtered.source.clone()),
        }
    }
}

/// Shows another moment.
fn show(app: &mut App, model: Model, position: Seq) {
    let selection = Selection::of(app);
    app.put_aside(model);
    if let Some(filter) = &selection.filter {
        perform::filter(app, filter);
    }
    app.activity.selected = app.activity.selected.filter(|selected| *selected <= position);
    select(app, selection);
}

/// Selects what was selected, or in its place what is newest, until it is there again.
fn select(app: &mut App, selection: Selection) {
    let is_there = |thread: &MessageId| app.model.state.thread(thread).is_some();
    let lost = app.past.as_mut().and_then(|past| past.lost.take());
    let wanted = match lost {
        Some((lost, instead)) if instead == selection.thread => Some(lost),
        _ => selection.thread.clone(),
    };
    app.conversations.selected = None;
    match wanted {
        Some(thread) if is_there(&thread) && selection.thread.as_ref() == Some(&thread) => {
            app.conversations.selected = Some(thread);
            app.thread = ThreadView { seen: Seq(u64::MAX), ..selection.view };
            keep_place(app);
        }
        Some(thread) if is_there(&thread) => app.select_thread(&thread),
        wanted => {
            select_newest(app);
            let instead = app.conversations.selected.clone();
            if let (Some(past), Some(wanted)) = (&mut app.past, wanted) {
                past.lost = Some((wanted, instead));
            }
        }
    }
}

/// What is not there yet at this moment is neither selected nor at the top.
fn keep_place(app: &mut App) {
    let is_there = |app: &App, seq: Seq| app.model.state.record(seq).is_some();
    let last = app.nodes().last().map(|node| node.seq);
    let selected = app.thread.selected.filter(|seq| !app.thread.follow && is_there(app, *seq));
    app.thread.follow |= selected.is_none();
    app.thread.selected = selected.or(last);
    app.thread.top = app.thread.top.filter(|(seq, _)| !app.thread.follow && is_there(app, *seq));
}

/// Where nothing is selected, the newest conversation is.
fn select_newest(app: &mut App) {
    if app.conversations.selected.is_some() {
        return;
    }
    app.thread = ThreadView { follow: true, ..ThreadView::default() };
    let listing = app.listing();
    let newest = listing.ends().and_then(|(newest, _)| listing.from(newest).next());
    if let Some(thread) = newest.map(|(_, thread)| thread.clone()) {
        app.select_thread(&thread);
    }
}

/// The present, when it is put aside.
pub(crate) fn aside(app: &App) -> Option<&crate::app::past::scene::Scene> {
    match &app.past.as_ref()?.live {
        Live::Aside(scene) => Some(scene),
        Live::None | Live::Shown => None,
    }
}
