//! `veda-bus log prune`: removes old files of the journal that nothing needs any more. A bus may be running.

use std::path::Path;

use serde_json::{Value, json};
use veda_bus_core::journal::{Fate, Pruning, Segment, Torn};
use veda_bus_core::time::Millis;
use veda_bus_ui::theme::Role;
use veda_bus_ui::when::Edge;
use veda_bus_ui::words::{counted, size};

use crate::arguments::Prune;
use crate::commands::asking::confirmed;
use crate::commands::is_terminal;
use crate::context::{Context, Output};
use crate::failure::Failure;
use crate::history::{moment, path, unreadable};
use crate::show::table::table;

/// The columns, each with the most that it takes of a line.
const COLUMNS: [(&str, usize); 6] =
    [("FILE", 60), ("EVENTS", 12), ("FROM", 23), ("UNTIL", 23), ("SIZE", 10), ("", 80)];

pub(crate) fn run(context: &Context, prune: &Prune) -> Result<(), Failure> {
    let before = moment("--before", &prune.before, Edge::Start)?;
    let asks = !prune.yes && !prune.dry_run;
    if asks && (context.json || !is_terminal()) {
        let what = "log prune can not ask here: --yes removes without asking, --dry-run shows what would go";
        return Err(Failure::Usage(what.into()));
    }
    let path = path(context)?;
    let pruning = Pruning::of(&path, before).map_err(|error| unreadable(&path, error))?;
    let sums = Sums::of(&pruning, prune.torn);
    let mut out = Output::new();
    if context.json {
        print_json(&mut out, &pruning, prune.torn)?;
    } else {
        print(&mut out, &pruning, &sums, before)?;
    }
    out.flush()?;
    if sums.goes() && asks && !confirmed(&format!("Remove {}?", sums.going()))? {
        return Err(Failure::Failed("nothing was removed".into()));
    }
    let removes = sums.goes() && !prune.dry_run;
    if removes {
        pruning.remove(&path, prune.torn).map_err(|error| Failure::File { path: path.clone(), error })?;
    }
    if context.json {
        out.json(&sums.json(removes))?;
    } else if removes {
        out.line(&format!("removed {}", sums.going()))?;
    }
    out.flush()
}

/// What goes, and what stays.
#[derive(Debug, Default)]
struct Sums {
    segments: u64,
    events: u64,
    bytes: u64,
    torn: u64,
    torn_bytes: u64,
    staying: u64,
    staying_bytes: u64,
}

impl Sums {
    fn of(pruning: &Pruning, with_torn: bool) -> Self {
        let mut sums = Self { staying_bytes: pruning.active_bytes, ..Self::default() };
        for segment in &pruning.segments {
            if segment.fate == Fate::Goes {
                sums.segments += 1;
                sums.events += segment.contents.map_or(0, |contents| contents.events);
                sums.bytes += segment.bytes;
            } else {
                sums.staying += 1;
                sums.staying_bytes += segment.bytes;
            }
        }
        for torn in pruning.torn.iter().filter(|_| with_torn) {
            sums.torn += 1;
            sums.torn_bytes += torn.bytes;
        }
        sums
    }

    /// Whether anything goes.
    fn goes(&self) -> bool {
        self.segments + self.torn > 0
    }

    fn going(&self) -> String {
        let files = counted(self.segments, "file");
        let segments = format!("{files} with {}, {}", counted(self.events, "event"), size(self.bytes));
        let torn = format!("{}, {}", counted(self.torn, "torn end"), size(self.torn_bytes));
        match (self.segments, self.torn) {
            (_, 0) => segments,
            (0, _) => torn,
            _ => format!("{segments}, and {torn}"),
        }
    }

    fn staying(&self) -> String {
        let files = counted(self.staying, "finished file");
        format!("{files} and the active one stay: {}", size(self.staying_bytes))
    }

    fn json(&self, removed: bool) -> Value {
        json!({ "total": {
            "removed": removed,
            "segments": self.segments, "events": self.events, "bytes": self.bytes,
            "torn": self.torn, "torn_bytes": self.torn_bytes,
            "staying": self.staying, "staying_bytes": self.staying_bytes,
        }})
    }
}

fn print(out: &mut Output, pruning: &Pruning, sums: &Sums, before: Millis) -> Result<(), Failure> {
    let early = pruning.segments.iter().filter(|segment| segment.fate != Fate::Late);
    let torn = pruning.torn.iter().map(|one| (Role::Dim, torn_cells(one, sums.torn > 0)));
    let rows: Vec<_> = early.map(|one| (role(one.fate), cells(one))).chain(torn).collect();
    if !rows.is_empty() {
        for line in table(&COLUMNS, &rows) {
            out.row(&line)?;
        }
    }
    let sum = if sums.goes() {
        format!("before {before}, and needed no more: {}", sums.going())
    } else {
        format!("before {before}, there is nothing that may go")
    };
    out.line(&sum)?;
    out.line(&sums.staying())
}

fn role(fate: Fate) -> Role {
    if fate == Fate::Goes { Role::Text } else { Role::Dim }
}

fn cells(segment: &Segment) -> [String; 6] {
    let contents = segment.contents.unwrap_or_default();
    let shown = |at: Option<Millis>| at.map_or_else(|| "damaged".to_owned(), |at| at.to_string());
    let until = shown(contents.until.filter(|_| contents.ends_well));
    let (events, bytes) = (contents.events.to_string(), size(segment.bytes));
    [name(&segment.path), events, shown(segment.from), until, bytes, why(segment.fate)]
}

fn torn_cells(torn: &Torn, goes: bool) -> [String; 6] {
    let why = if goes { "goes: a torn end" } else { "stays: a torn end; --torn removes it" };
    [name(&torn.path), String::new(), String::new(), torn.at.to_string(), size(torn.bytes), why.to_owned()]
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().display().to_string()
}

/// What becomes of a segment, and for what reason.
fn why(fate: Fate) -> String {
    match fate {
        Fate::Goes => "goes".to_owned(),
        Fate::Late => "stays".to_owned(),
        Fate::Needed(seq) => {
            format!("stays: from event {seq} on, something is remembered, unread, owed or open")
        }
        Fate::Anchor => "stays: without it, the file after it can not be verified".to_owned(),
    }
}

fn print_json(out: &mut Output, pruning: &Pruning, with_torn: bool) -> Result<(), Failure> {
    pruning.segments.iter().try_for_each(|segment| out.json(&segment_json(segment)))?;
    pruning.torn.iter().try_for_each(|Torn { path, bytes, at }| {
        let path = path.display().to_string();
        out.json(&json!({ "torn": path, "at": at, "bytes": bytes, "goes": with_torn }))
    })
}

fn segment_json(segment: &Segment) -> Value {
    let Segment { path, first, bytes, from, contents, fate, .. } = segment;
    let mut json = json!({
        "segment": path.display().to_string(), "first": first, "bytes": bytes, "from": from,
        "goes": *fate == Fate::Goes,
    });
    if let Some(contents) = contents {
        json["events"] = json!(contents.events);
        json["until"] = json!(contents.until);
        json["damaged"] = json!(!contents.ends_well);
    }
    match fate {
        Fate::Goes => {}
        Fate::Late => json["stays"] = json!("late"),
        Fate::Needed(seq) => (json["stays"], json["needed_from"]) = (json!("needed"), json!(seq)),
        Fate::Anchor => json["stays"] = json!("anchor"),
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_is_said_in_one_line() {
        let segments = Sums { segments: 2, events: 1, bytes: 3000, ..Sums::default() };
        assert_eq!(segments.going(), "2 files with 1 event, 3.0 kB");
        let torn = Sums { torn: 1, torn_bytes: 5, ..Sums::default() };
        assert_eq!(torn.going(), "1 torn end, 5 bytes");
        let both = Sums { torn: 1, torn_bytes: 5, ..segments };
        assert_eq!(both.going(), "2 files with 1 event, 3.0 kB, and 1 torn end, 5 bytes");
        assert!(!Sums { staying: 3, ..Sums::default() }.goes());
    }
}
