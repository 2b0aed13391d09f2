//! Finding messages in the whole journal, and going to them.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use veda_bus_core::name::Seq;
use veda_bus_core::search::Hit;
use veda_bus_core::time::Millis;

use super::{Effect, past};
use crate::app::App;
use crate::app::overlay::{Hits, Listed, Overlay};
use crate::app::pane::Pane;
use crate::row::Row;
use crate::search::{Findings, query};
use crate::theme::Role;
use crate::view::clock;
use crate::words::{counted, hit, kind_role};

/// Looks for what was typed.
pub(super) fn begin(app: &mut App, line: &str) -> Vec<Effect> {
    if let Err(why) = query(line) {
        app.complain(why.to_string());
        return Vec::new();
    }
    let of_past = app.past.as_ref().map(|past| past.recording.files.clone());
    let of_bus = || app.bus.as_ref().and_then(|bus| bus.journal.clone()).map(|journal| vec![journal]);
    let Some(files) = of_past.or_else(of_bus) else {
        app.complain("this bus keeps no journal to search");
        return Vec::new();
    };
    app.say(format!("looking for {line}"));
    vec![Effect::Search(files, line.to_owned())]
}

/// A search has come to an end.
pub(super) fn found(app: &mut App, findings: Findings) -> Vec<Effect> {
    app.toast = None;
    match findings.found {
        Err(why) => app.complain(why),
        Ok(found) if found.hits.is_empty() => {
            let lost = lost(found.unreadable, found.missing);
            let told = format!("nothing in the journal matches {}{lost}", findings.line);
            if lost.is_empty() { app.say(told) } else { app.complain(told) }
        }
        Ok(found) => {
            let now = app.moment();
            let hits = found.hits.iter().map(|hit| listed(hit, now)).collect();
            app.overlay = Some(Overlay::Found(Hits {
                line: findings.line,
                hits,
                total: found.total,
                unreadable: found.unreadable,
                missing: found.missing,
                selected: 0,
            }));
        }
    }
    Vec::new()
}

fn listed(hit: &Hit, now: Millis) -> Listed {
    let recorded = &hit.recorded;
    let mut head = Row::of(Role::Time, &clock(recorded.at, now));
    match hit::message_of(recorded) {
        Some(message) => {
            head.plain(" ").push(Role::Repo, message.from.repo.as_str()).push(Role::Dim, " → ");
            head.push(Role::Repo, message.to.repo.as_str()).plain(" ");
            head.push(kind_role(message.kind()), message.kind().as_str());
            head.plain(" ").push(Role::Id, &message.id.short());
        }
        None => _ = head.plain(" ").plain(recorded.event.name()),
    }
    Listed { seq: recorded.seq, head, lines: hit.matches.iter().flat_map(hit::lines).take(1).collect() }
}

/// What stands above the list.
pub(crate) fn title(hits: &Hits) -> String {
    let (shown, total) = (hits.hits.len() as u64, hits.total);
    let best = if shown < total { format!(", the best {shown}") } else { String::new() };
    let lost = lost(hits.unreadable, hits.missing);
    format!("{} with {}{best}{lost} (enter goes there)", counted(total, "message"), hits.line)
}

/// That some lines could not be looked at.
fn lost(unreadable: u64, missing: u64) -> String {
    let told = |count: u64, what: &str, how: &str| {
        if count == 0 { String::new() } else { format!("; {} {how}", counted(count, what)) }
    };
    told(unreadable, "line", "can not be read") + &told(missing, "event", "missing")
}

pub(super) fn key(app: &mut App, mut hits: Hits, key: KeyEvent) -> Vec<Effect> {
    /// How many lines of the list a page has, more or less.
    const PAGE: usize = 8;
    let last = hits.hits.len().saturating_sub(1);
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    hits.selected = match key.code {
        KeyCode::Enter => return open(app, &hits),
        KeyCode::Char('q') => return Vec::new(),
        KeyCode::Down | KeyCode::Tab | KeyCode::Char('j') => (hits.selected + 1).min(last),
        KeyCode::Char('n') if ctrl => (hits.selected + 1).min(last),
        KeyCode::Up | KeyCode::BackTab | KeyCode::Char('k') => hits.selected.saturating_sub(1),
        KeyCode::Char('p') if ctrl => hits.selected.saturating_sub(1),
        KeyCode::PageDown => (hits.selected + PAGE).min(last),
        KeyCode::PageUp => hits.selected.saturating_sub(PAGE),
        KeyCode::Home | KeyCode::Char('g') => 0,
        KeyCode::End | KeyCode::Char('G') => last,
        _ => hits.selected,
    };
    app.overlay = Some(Overlay::Found(hits));
    Vec::new()
}

/// Goes to what is selected: in the present to the message, where that is remembered; else to the moment.
pub(super) fn open(app: &mut App, hits: &Hits) -> Vec<Effect> {
    let Some(seq) = hits.hits.get(hits.selected).map(|hit| hit.seq) else { return Vec::new() };
    if app.past.is_none() && is_here(app, seq) {
        app.focus = Pane::Thread;
        return Vec::new();
    }
    past::open_event(app, seq)
}

fn is_here(app: &mut App, seq: Seq) -> bool {
    let is_here = app.select_message(seq);
    if is_here {
        super::lists::reveal_conversation(app);
    }
    is_here
}
