//! The numbers as tables, for a terminal of 80 columns.

use std::time::Duration;

use veda_bus_core::time::Millis;
use veda_bus_ui::row::Row;
use veda_bus_ui::theme::{Role, Symbols};
use veda_bus_ui::words::counted;

use super::answers::Times;
use super::summary::{Delivery, Holds, Negotiations, Owed, Summary};
use crate::commands::due;
use crate::show::table::{cell, table};

/// How many rows a table has at most; the rest is counted.
const ROWS: usize = 20;

/// How many columns a bar takes.
const BAR: usize = 24;

/// All of it, a section for each part of which there is something.
pub(crate) fn rows(summary: &Summary, symbols: &Symbols) -> Vec<Row> {
    let sections = [
        ("Types", types(summary)),
        ("Repos", repos(summary)),
        ("Who talked to whom", pairs(summary, symbols)),
        ("Delivery", delivery(&summary.delivery, symbols)),
        ("Open obligations", obligations(&summary.obligations, summary.at)),
        ("Negotiations", negotiations(&summary.negotiations)),
        ("Holds", holds(&summary.holds, summary.at)),
        ("Refused by the bus", refused(summary)),
    ];
    let mut rows = head(summary, symbols);
    for (title, lines) in sections.into_iter().filter(|(_, lines)| !lines.is_empty()) {
        rows.extend([Row::default(), Row::of(Role::Strong, title)]);
        rows.extend(lines);
    }
    rows
}

/// How many messages, from when to when, and when most.
fn head(summary: &Summary, symbols: &Symbols) -> Vec<Row> {
    let (Some(first), Some(last)) = (summary.first, summary.last) else {
        return vec![Row::of(Role::Text, "no message in the journal is what was asked for")];
    };
    let moment = |at: Millis| match at.local() {
        Some(time) => time.format("%Y-%m-%d %H:%M:%S").to_string(),
        None => at.to_string(),
    };
    let count = counted(summary.messages, "message");
    let mut chart = Row::of(Role::Chart, &symbols.sparkline(&summary.timeline.messages));
    let each = took(Duration::from_secs(summary.timeline.seconds_each));
    chart.push(Role::Dim, &format!("  a bar is {each}"));
    vec![Row::of(Role::Text, &format!("{count}, {} to {}", moment(first), moment(last))), chart]
}

fn types(summary: &Summary) -> Vec<Row> {
    let columns = [
        ("TYPE", 13),
        ("MESSAGES", 10),
        ("SHARE", 5),
        ("ANSWERED", 8),
        ("MEDIAN", 7),
        ("P90", 7),
        ("SLOWEST", 16),
    ];
    let rows = summary.types.iter().map(|row| {
        let [answered, median, p90, slowest] = times(row.answers.as_ref());
        let share = share(row.messages, summary.messages);
        let cells = [row.kind.to_string(), row.messages.to_string(), share, answered, median, p90, slowest];
        (Role::Text, cells)
    });
    shown(&columns, rows.collect(), "type")
}

fn repos(summary: &Summary) -> Vec<Row> {
    let columns =
        [("REPO", 16), ("SENT", 7), ("GOT", 7), ("ANSWERED", 8), ("MEDIAN", 7), ("P90", 7), ("SLOWEST", 16)];
    let rows = summary.repos.iter().map(|row| {
        let [answered, median, p90, slowest] = times(row.answers.as_ref());
        let (sent, got) = (row.sent.to_string(), row.got.to_string());
        (Role::Text, [row.repo.to_string(), sent, got, answered, median, p90, slowest])
    });
    shown(&columns, rows.collect(), "repo")
}

/// How many, and how long: `4  3s  2m  5m 3f2a1b2c`.
fn times(times: Option<&Times>) -> [String; 4] {
    let Some(times) = times else { return ["-", "", "", ""].map(str::to_owned) };
    let shown = |millis| took(Duration::from_millis(millis));
    let slowest = format!("{} {}", shown(times.slowest_ms), times.slowest.short());
    [times.count.to_string(), shown(times.median_ms), shown(times.p90_ms), slowest]
}

fn pairs(summary: &Summary, symbols: &Symbols) -> Vec<Row> {
    let columns = [("FROM", 20), ("TO", 20), ("MESSAGES", 10), ("", BAR)];
    let most = summary.pairs.first().map(|row| row.messages).unwrap_or_default();
    let rows = summary.pairs.iter().map(|row| {
        let bar = bar(row.messages, most, symbols);
        (Role::Text, [row.from.to_string(), row.to.to_string(), row.messages.to_string(), bar])
    });
    shown(&columns, rows.collect(), "pair")
}

fn delivery(delivery: &Delivery, symbols: &Symbols) -> Vec<Row> {
    let Delivery { recipients, delivered, read, answered, expired, refused } = *delivery;
    if recipients == 0 {
        return Vec::new();
    }
    let steps = [
        ("for a recipient", recipients),
        ("delivered", delivered),
        ("read", read),
        ("answered", answered),
        ("expired", expired),
        ("refused", refused),
    ];
    let rows = steps.map(|(step, count)| {
        let (share, bar) = (share(count, recipients), bar(count, recipients, symbols));
        (Role::Text, [step.to_owned(), count.to_string(), share, bar])
    });
    table(&[("MESSAGES", 16), ("COUNT", 10), ("SHARE", 5), ("", BAR)], &rows)
}

fn obligations(owed: &[Owed], now: Millis) -> Vec<Row> {
    let columns = [("REPO", 18), ("OWES", 18), ("TYPE", 13), ("DUE", 10), ("ID", 8)];
    let rows = owed.iter().map(|Owed { obligation: one, overdue }| {
        let role = if *overdue { Role::Danger } else { Role::Text };
        let (by, to, kind) = (one.by.to_string(), one.to.to_string(), one.kind.to_string());
        (role, [by, to, kind, due(one.due, now), one.id.short()])
    });
    shown(&columns, rows.collect(), "obligation")
}

fn negotiations(negotiations: &Negotiations) -> Vec<Row> {
    let Negotiations { open, outcomes, decided_by, rounds, times } = negotiations;
    let list = |counts: Vec<(String, u64)>| {
        let some = counts.into_iter().filter(|(_, count)| *count > 0);
        some.map(|(what, count)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
    };
    let open = ("open".to_owned(), *open);
    let outcomes = outcomes.iter().map(|(what, &count)| ((*what).to_owned(), count));
    let decided = decided_by.iter().map(|(by, &count)| (format!("by {by}"), count));
    let rounds = rounds.iter().map(|(rounds, &count)| (format!("in {}", counted(*rounds, "round")), count));
    let mut rows = vec![
        ("outcomes", list(outcomes.chain([open]).collect())),
        ("decided", list(decided.collect())),
        ("rounds", list(rounds.collect())),
    ];
    if let Some(times) = times {
        let [_, median, p90, slowest] = self::times(Some(times));
        rows.push(("took", format!("{median} median, {p90} p90, {slowest} slowest")));
    }
    lines(&rows)
}

fn holds(holds: &Holds, now: Millis) -> Vec<Row> {
    let Holds { by_rule, by_thread, released, refused, expired, changed, waiting, .. } = holds;
    let held = by_rule + by_thread;
    let mut rows = Vec::new();
    if held > 0 {
        rows.push(("held", format!("{by_rule} by a rule, {by_thread} with their thread")));
        let fates = format!("{released} let go, {refused} refused, {expired} expired, {waiting} waiting");
        rows.push(("became", fates));
        rows.push(("changed", changed.to_string()));
    }
    if holds.threads_halted > 0 {
        let (halted, on) = (holds.threads_halted, holds.threads_continued);
        rows.push(("threads", format!("held {}, went on {}", times_over(halted), times_over(on))));
    }
    for held in &holds.threads {
        let since = took(now.since(held.since));
        rows.push(("still held", format!("{} for {since}: {}", held.thread.short(), held.reason)));
    }
    lines(&rows)
}

fn refused(summary: &Summary) -> Vec<Row> {
    let rows = summary.refused.iter();
    let rows = rows.map(|(code, count)| (Role::Text, [(*code).to_owned(), count.to_string()]));
    shown(&[("CODE", 40), ("MESSAGES", 10)], rows.collect(), "code")
}

fn times_over(count: u64) -> String {
    counted(count, "time")
}

/// What is said of each word; where nothing is, not even the word.
fn lines(rows: &[(&str, String)]) -> Vec<Row> {
    let some = rows.iter().filter(|(_, words)| !words.is_empty());
    let line = |(what, words): &(&str, String)| {
        let mut row = Row::of(Role::Dim, &cell(what, 12));
        row.plain(words);
        row.cut(80)
    };
    some.map(line).collect()
}

/// A table of the first rows, and how many more there are; nothing where there are none.
fn shown<const N: usize>(
    columns: &[(&str, usize); N],
    mut rows: Vec<(Role, [String; N])>,
    what: &str,
) -> Vec<Row> {
    if rows.is_empty() {
        return Vec::new();
    }
    let more = rows.len().saturating_sub(ROWS);
    rows.truncate(ROWS);
    let mut lines = table(columns, &rows);
    if more > 0 {
        lines.push(Row::of(Role::Dim, &format!("and {}; --json has them all", counted(more, what))));
    }
    lines
}

fn share(count: u64, all: u64) -> String {
    format!("{}%", percent(count, all))
}

/// Of so many in a hundred, rounded.
fn percent(count: u64, all: u64) -> u128 {
    let all = u128::from(all.max(1));
    (u128::from(count) * 200 + all) / (2 * all)
}

/// As long as `count` is of `most`, and to be seen where there is any.
fn bar(count: u64, most: u64, symbols: &Symbols) -> String {
    let length = (u128::from(count) * BAR as u128).div_ceil(u128::from(most.max(1)));
    symbols.bar[0].repeat(usize::try_from(length).unwrap_or(BAR).min(BAR))
}

/// A duration in its largest unit, tenths where that is small: `120ms`, `2.5s`, `3m`, `2h`, `4d`.
fn took(duration: Duration) -> String {
    let millis = duration.as_millis();
    match millis {
        0..1000 => format!("{millis}ms"),
        1000..10_000 if !millis.is_multiple_of(1000) => format!("{}.{}s", millis / 1000, millis % 1000 / 100),
        _ => crate::commands::age(duration),
    }
}
