//! What comes from the bus.

use std::collections::HashSet;

use veda_bus_core::event::{Event, Recorded};
use veda_bus_core::name::Seq;
use veda_bus_core::state::view::StateView;
use veda_bus_core::time::Millis;
use veda_bus_core::wire::Welcome;

use super::{Effect, Host, Leaving, compose, decision, past};
use crate::app::listing::Look;
use crate::app::past::scene::Scene;
use crate::app::{App, Connection, Hosting};
use crate::link::{Ask, News, Piece};
use crate::model::needs::Need;
use crate::past::Request;

/// How many messages a filter looks at, at a time: one takes some ten microseconds, and meanwhile no key is answered.
const LOOKS: usize = 250;

/// How old an event is at most that is news, in milliseconds.
const FRESH: u64 = 30_000;

pub(super) fn piece(app: &mut App, piece: Piece) -> Vec<Effect> {
    match piece {
        Piece::Begin(from) => begin(app, from),
        Piece::Another(from) => {
            app.forget_numbers();
            begin(app, from)
        }
        Piece::Strange(seq, why) => {
            app.reached = seq;
            progress(app);
            app.complain(format!("event {seq} can not be shown by this version: {why}"));
            Vec::new()
        }
        Piece::Events(events) => {
            for recorded in events {
                app.reached = recorded.seq;
                take_in(app, recorded);
            }
            progress(app);
            let mut effects = alert(app);
            effects.extend(compose::found(app));
            effects
        }
    }
}

/// Something happened.
pub(super) fn take_in(app: &mut App, recorded: Recorded) {
    reworded(app, &recorded.event);
    let Some(said) = app.model.apply(recorded) else { return };
    let moment = app.moment();
    if let Some(filtered) = &mut app.conversations.filtered {
        filtered.accepted(&app.model, &said, moment);
    }
    follow(app, &said.thread);
}

/// What is kept of the text of a message is out of date when the operator changes it.
fn reworded(app: &mut App, event: &Event) {
    let Event::Amended(amended) = event else { return };
    let Some(seq) = app.model.state.message(&amended.message.id).map(|record| record.seq) else { return };
    app.model.texts.changed(seq);
    app.bodies.forget(seq);
}

/// The fold begins anew.
fn begin(app: &mut App, from: Seq) -> Vec<Effect> {
    app.model.restart();
    app.folded_from = Some(from);
    if let Some(bus) = app.bus.as_ref().filter(|bus| bus.journal.is_none()) {
        let known = Recorded { seq: bus.seq, at: bus.at, event: Event::Checkpoint(bus.checkpoint()) };
        app.model.apply(known);
    }
    app.reached = Seq(from.0.saturating_sub(1));
    let filter = app.conversations.filtered.take().map(|filtered| filtered.source);
    if let Some(filter) = filter {
        super::perform::filter(app, &filter);
    }
    progress(app);
    Vec::new()
}

fn progress(app: &mut App) {
    let end = app.bus.as_ref().map_or(Seq(0), |bus| bus.seq);
    let from = app.folded_from.unwrap_or_default();
    let is_past = app.reached < end;
    app.loading = is_past.then(|| {
        let done = Seq(app.reached.0.saturating_sub(from.0));
        (done, Seq(end.0.saturating_sub(from.0)))
    });
    // What was there when the console came for the first time is no news.
    if !is_past && app.is_first && app.folded_from.is_some() {
        app.is_first = false;
        app.model.threads.saw_all(end);
        app.is_unsaved = true;
    }
    if !is_past && app.conversations.selected.is_none() {
        let newest = app.model.threads.from(Seq(u64::MAX)).next().map(|(_, thread)| thread.clone());
        if let Some(newest) = newest {
            app.select_thread(&newest);
        }
    }
}

/// The end of the selected thread is kept in sight and selected.
fn follow(app: &mut App, thread: &veda_bus_core::name::MessageId) {
    if app.thread.follow && app.conversations.selected.as_ref() == Some(thread) {
        let last = app.nodes().last().map(|node| node.seq);
        app.thread.selected = last.or(app.thread.selected);
        app.thread.top = None;
    }
}

/// Something new needs the operator: that is told where nobody looks.
fn alert(app: &mut App) -> Vec<Effect> {
    if app.loading.is_some() {
        return Vec::new();
    }
    let needs = app.needs_now();
    // What others still vote on calls for nobody here.
    let (pressing, _) = needs.split_at(app.needs_count().min(needs.len()));
    let called = |need: &Need| app.model.needs.called(*need);
    let is_news = |need: &&Need| !app.known_needs.contains(&called(need)) && is_fresh(app, **need);
    let fresh = pressing.iter().filter(is_news).count();
    app.known_needs = pressing.iter().map(called).collect();
    if !app.decisions.marked.is_empty() {
        let listed: HashSet<_> = needs.iter().collect();
        app.decisions.marked.retain(|need| listed.contains(need));
    }
    if fresh == 0 || app.is_looked_at {
        return Vec::new();
    }
    let what = match fresh {
        1 => "something needs you".to_owned(),
        several => format!("{several} things need you"),
    };
    vec![Effect::Notify(what)]
}

/// Whether something began to need the operator just now: with the last event, or because its time was up.
fn is_fresh(app: &App, need: Need) -> bool {
    let since = match need {
        Need::Overdue(seq) => app.model.state.record(seq).map_or(Millis(0), |record| record.expires_at),
        _ => app.model.at(),
    };
    app.now.0.saturating_sub(since.0) < FRESH
}

pub(super) fn news(app: &mut App, news: News) -> Vec<Effect> {
    match news {
        News::Connected(welcome, view) => connected(app, &welcome, view),
        News::Lost => {
            app.connection = Connection::Lost(app.now);
            app.drafts.bus_lost("the bus went away before it answered");
            compose::check(app);
            Vec::new()
        }
        News::Back => {
            app.connection = Connection::Connected;
            app.say("the bus is back");
            Vec::new()
        }
        News::Hopeless(why) => vec![Effect::Leave(Leaving::Failed(why))],
        News::Refused(refusal) => vec![Effect::Leave(Leaving::Refused(refusal))],
        News::Sent(id, sent) => {
            compose::sent(app, &id, sent);
            Vec::new()
        }
        News::Decided(number, rulings) => {
            decision::decided(app, number, rulings);
            Vec::new()
        }
        News::Fetched { asked, found } => {
            app.model.texts.fetched(&asked, found);
            look(app)
        }
    }
}

fn connected(app: &mut App, welcome: &Welcome, view: Box<StateView>) -> Vec<Effect> {
    app.connection = Connection::Connected;
    app.max_message_size = welcome.max_message_size;
    // What is remembered of a journal that is longer than this one is of another journal.
    if app.folded_from.is_none() && view.seq < app.model.threads.seen().upto {
        app.forget_numbers();
    }
    app.bus = Some(view);
    progress(app);
    Vec::new()
}

pub(super) fn host(app: &mut App, host: Host) -> Vec<Effect> {
    match host {
        Host::Ready(remarks) => {
            app.hosting = Hosting::Here;
            if let Some(remark) = remarks.first() {
                app.complain(remark.clone());
            }
            Vec::new()
        }
        Host::Ended(why) => vec![Effect::Leave(Leaving::Failed(why))],
    }
}

/// Time passed: what depends on it alone.
pub(super) fn tick(app: &mut App) -> Vec<Effect> {
    let mut effects = alert(app);
    effects.extend(look(app));
    effects
}

/// The filter looks at some more.
pub(super) fn look(app: &mut App) -> Vec<Effect> {
    let moment = app.moment();
    let Some(filtered) = &mut app.conversations.filtered else { return Vec::new() };
    match filtered.look(&app.model, moment, LOOKS) {
        Look::Done | Look::More => Vec::new(),
        Look::Needs(seqs) => {
            let asked = app.model.texts.ask(seqs);
            fetch(app, asked)
        }
    }
}

/// Asks for what messages say: the bus, or for a moment of the past its journal.
pub(super) fn fetch(app: &App, seqs: Vec<Seq>) -> Vec<Effect> {
    match app.shown_past() {
        _ if seqs.is_empty() => Vec::new(),
        Some(_) => {
            let written = |seq| Some((seq, app.model.state.record(seq)?.written_at()));
            let asked: Vec<_> = seqs.into_iter().filter_map(written).collect();
            vec![Effect::Past(Request::Fetch(asked))]
        }
        None => vec![Effect::Ask(Ask::Fetch(seqs))],
    }
}

/// Whether a filter has more to look at, so that it is to be woken soon.
pub(crate) fn is_looking(app: &App) -> bool {
    app.conversations.is_looking(&app.model) || past::aside(app).is_some_and(Scene::is_looking)
}

/// When something changes in the present by itself although nothing is to be seen of it.
pub(crate) fn next_deadline(app: &App) -> Option<Millis> {
    match past::aside(app) {
        Some(live) => live.next_due(app.now),
        // A recording has no present.
        None if app.shown_past().is_some() => None,
        None => app.model.state.next_due(app.now),
    }
}
