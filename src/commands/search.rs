//! `veda-bus search`: messages of the whole journal by what they say. It reads the files, so it needs no bus.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde_json::{Value, json};
use veda_bus_core::event::{Event, Recorded};
use veda_bus_core::message::Message;
use veda_bus_core::search::{
    self, Around, Bounds, Control, Files, Found, Hit, Match, Query, SearchError, Surroundings,
};
use veda_bus_ui::words::counted;

use super::watch::say;
use crate::arguments::Search;
use crate::context::{Context, Output};
use crate::failure::Failure;
use crate::history;
use crate::history::select::Wanted;
use crate::show;

pub(crate) fn run(context: &Context, asked: &Search) -> Result<(), Failure> {
    let query = query(asked)?;
    let named = history::files::Files::of(context, &asked.source.files)?;
    let files = Files::of(named.paths()).map_err(|error| history::unreadable(named.first(), error))?;
    let search = search::Search {
        bounds: bounds(history::wanted(&asked.choice, &named)?),
        order: asked.sort.into(),
        limit: asked.limit,
        around: asked.context.map_or(Around::Parent, Around::Thread),
        ..search::Search::new(query)
    };
    // Ctrl-C ends the process, which has nothing to clear up.
    let control = Control { cancel: &AtomicBool::new(false), progress: &|_, _| () };
    let found = search.run(&files, control).map_err(failure)?;
    print(context, &found)?;
    tell(&found, asked)
}

fn query(asked: &Search) -> Result<Query, Failure> {
    let mut query = Query::default();
    for text in &asked.text {
        query = query.text(text).map_err(|error| Failure::Usage(error.to_string()))?;
    }
    for expression in &asked.regex {
        query = query.regex(expression).map_err(|error| Failure::Usage(format!("--regex: {error}")))?;
    }
    if let Some(expression) = &asked.cel {
        query = query.cel(expression).map_err(|error| Failure::Usage(format!("--cel: {error}")))?;
    }
    if query.is_empty() {
        return Err(Failure::Usage("say what to look for: a text, --regex or --cel".into()));
    }
    Ok(if asked.all { query.all_events() } else { query })
}

fn bounds(wanted: Wanted) -> Bounds {
    let Wanted { since, until, thread, repo, kind, text: _ } = wanted;
    Bounds { since, until, repo, kind, thread }
}

fn failure(error: SearchError) -> Failure {
    match error {
        SearchError::Io { path, source } => Failure::File { path, error: source },
        error => Failure::Failed(error.to_string()),
    }
}

fn print(context: &Context, found: &Found) -> Result<(), Failure> {
    let mut out = Output::new();
    for (number, hit) in found.hits.iter().enumerate() {
        if context.json {
            out.json(&as_json(hit))?;
            continue;
        }
        if number > 0 {
            out.line("")?;
        }
        for row in show::hit(hit) {
            out.row(&row)?;
        }
    }
    out.flush()
}

/// How much was found, on stderr. That nothing was is a failure, as it is for `grep`.
fn tell(found: &Found, asked: &Search) -> Result<(), Failure> {
    if let Some((path, offset)) = &found.first_unreadable {
        say(&unreadable(found.unreadable, path, *offset));
    }
    if found.missing > 0 {
        say(&format!("{} missing between two files of the journal", counted(found.missing, "event")));
    }
    let what = if asked.all { "event" } else { "message" };
    let (shown, total) = (found.hits.len() as u64, found.total);
    let matching = format!("{} {}", counted(total, what), if total == 1 { "matches" } else { "match" });
    if total == 0 {
        return Err(Failure::Failed(format!("no {what} matches")));
    }
    if shown < total {
        let which = if matches!(asked.sort.into(), search::Order::Time) { "newest" } else { "best" };
        say(&format!("{matching}; the {which} {shown} are shown (--limit)"));
    } else {
        say(&matching);
    }
    Ok(())
}

fn unreadable(count: u64, path: &Path, offset: u64) -> String {
    let place = format!("{} (byte {offset})", path.display());
    format!("{} can not be read; the first: {place}; veda-bus log verify tells more", counted(count, "line"))
}

/// A hit as data. Ranges are counted in characters, as `jq` and Python do.
fn as_json(hit: &Hit) -> Value {
    let Hit { recorded, line, score, matches, around } = hit;
    let mut value = json!({
        "seq": recorded.seq,
        "at": recorded.at,
        "event": recorded.event.name(),
        "score": score,
        "matches": matches.iter().map(match_json).collect::<Vec<_>>(),
    });
    match show::message_of(recorded) {
        Some(message) => {
            value["id"] = json!(message.id);
            value["from"] = json!(message.from.repo);
            value["to"] = json!(message.to.repo);
            value["type"] = json!(message.kind());
            value["message"] = envelope(message);
        }
        None => value["line"] = serde_json::from_str(line).unwrap_or_default(),
    }
    if let Event::Refused(refused) = &recorded.event {
        value["id"] = json!(refused.id);
        value["from"] = json!(refused.repo);
        value["to"] = json!(refused.to.as_ref().map(|to| &to.repo));
    }
    if let Some(Surroundings { thread, messages, parent, before, after }) = around {
        let all = |events: &[Recorded]| events.iter().map(short_json).collect::<Vec<_>>();
        value["thread"] = json!(thread);
        value["context"] = json!({
            "messages": messages,
            "parent": parent.as_ref().map(short_json),
            "before": all(before),
            "after": all(after),
        });
    }
    value
}

fn match_json(found: &Match) -> Value {
    let characters = |end: usize| found.text.get(..end).map_or(0, |head| head.chars().count());
    let ranges: Vec<_> =
        found.ranges.iter().map(|range| [characters(range.start), characters(range.end)]).collect();
    json!({ "field": found.field, "ranges": ranges })
}

/// A message beside a hit.
fn short_json(recorded: &Recorded) -> Value {
    let message = show::message_of(recorded).map(envelope);
    json!({ "seq": recorded.seq, "at": recorded.at, "message": message })
}

fn envelope(message: &Message) -> Value {
    serde_json::from_slice(&message.raw).unwrap_or_default()
}
