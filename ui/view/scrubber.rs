//! The scrubber: how much happened when, and the moment that is shown. It stands above the status line while the past is
//! shown, on one to three lines.

use ratatui::layout::Rect;

use super::canvas::{Canvas, lines};
use super::{clock, overlays};
use crate::app::App;
use crate::app::drawn;
use crate::app::past::Past;
use crate::app::past::columns::{Column, Gravest};
use crate::app::past::marks::Mark;
use crate::past::{Stop, Target};
use crate::row::Row;
use crate::theme::{Role, Symbols};
use crate::words::size;

/// The fewest columns that are worth drawing.
const FEWEST: u16 = 12;

/// How many lines it has on a screen of that height.
pub(super) fn height(app: &App, rows: u16) -> u16 {
    match rows {
        _ if app.shown_past().is_none() => 0,
        0..20 => 1,
        20..30 => 2,
        _ => 3,
    }
}

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let app = canvas.app;
    let Some(past) = app.shown_past() else { return };
    canvas.cover(area, Role::Text);
    let mut at = lines(area);
    match (area.height, at.next(), at.next(), at.next()) {
        (1, Some(only), ..) => {
            let told = transport(app, past, true);
            let width = u16::try_from(told.width() + 1).unwrap_or(u16::MAX).min(area.width);
            canvas.fit(only, &told);
            let room = Rect { x: only.x + width, width: only.width - width, ..only };
            bars(canvas, past, room, None);
        }
        (2, Some(first), Some(second), _) => {
            with_ends(canvas, past, first, None);
            canvas.fit(second, &transport(app, past, false));
        }
        (_, Some(first), Some(second), Some(third)) => {
            with_ends(canvas, past, first, Some(second));
            canvas.fit(third, &transport(app, past, false));
        }
        _ => {}
    }
}

/// The columns, between the times at which the journal begins and ends.
fn with_ends(canvas: &mut Canvas<'_>, past: &Past, area: Rect, signs: Option<Rect>) {
    let Some(((_, from), (_, until))) = past.map.as_ref().and_then(|map| Some((map.first()?, map.last()?)))
    else {
        return;
    };
    let (first, last) = (clock(from, past.moment), clock(until, past.moment));
    let begin = Row::of(Role::Time, &format!("{first} "));
    let width = u16::try_from(begin.width()).unwrap_or(u16::MAX).min(area.width);
    canvas.fit(area, &begin);
    let rest = Rect { x: area.x + width, width: area.width - width, ..area };
    let room = canvas.row_right(rest, &Row::of(Role::Time, &last));
    bars(canvas, past, room, signs.map(|signs| Rect { x: room.x, width: room.width, ..signs }));
}

/// A column for each stretch of time, and below it a sign for the gravest that is in it; without a line for signs they
/// stand in place of the columns where nothing else would tell them apart.
fn bars(canvas: &mut Canvas<'_>, past: &Past, area: Rect, signs: Option<Rect>) {
    let Some((axis, columns)) = past.columns(usize::from(area.width)).filter(|_| area.width >= FEWEST) else {
        return;
    };
    let most = columns.iter().map(|column| column.counts.all()).max().unwrap_or_default().max(1);
    let marked: Vec<_> = canvas.app.marks.iter().map(|mark| axis.column(mark.at)).collect();
    let here = axis.column(past.moment);
    let has_colour = canvas.app.look.has_colour(Role::Danger);
    for (place, (column, x)) in columns.iter().zip(area.x..).enumerate() {
        let cell = Rect { x, y: area.y, width: 1, height: 1 };
        let (role, bar) = (role(column), bar(canvas.symbols(), column, most));
        let sign = sign(canvas.symbols(), column, marked.contains(&place));
        let is_told = signs.is_some() || has_colour && !column.has_gap && !marked.contains(&place);
        let shown = sign.filter(|_| !is_told).unwrap_or((role, bar));
        canvas.row(cell, &Row::of(shown.0, shown.1));
        if let (Some(signs), Some((role, sign))) = (signs, sign) {
            canvas.row(Rect { y: signs.y, ..cell }, &Row::of(role, sign));
        }
        if place == here {
            point(canvas, cell, signs, sign);
        }
    }
    canvas.target(area, drawn::Target::Scrubber);
    canvas.drawn.scrubber = Some(area);
    if let Some(signs) = signs {
        canvas.target(signs, drawn::Target::Scrubber);
    }
}

/// Marks the column of the moment that is shown: a line through it, whatever its height, and an arrow below or the sign
/// that stands there.
fn point(canvas: &mut Canvas<'_>, cell: Rect, signs: Option<Rect>, sign: Option<(Role, &'static str)>) {
    let symbols = canvas.symbols();
    canvas.row(cell, &Row::of(Role::Strong, symbols.vertical));
    canvas.reverse(cell);
    let Some(signs) = signs else { return };
    let below = Rect { y: signs.y, ..cell };
    match sign {
        Some(_) => canvas.reverse(below),
        None => canvas.row(below, &Row::of(Role::Strong, symbols.here)),
    }
}

fn role(column: &Column) -> Role {
    match column.gravest() {
        Gravest::Refusal => Role::Danger,
        Gravest::Decision => Role::Negotiate,
        Gravest::Hold => Role::Held,
        Gravest::Message => Role::Chart,
        Gravest::Nothing => Role::Dim,
    }
}

fn bar(symbols: &'static Symbols, column: &Column, most: u32) -> &'static str {
    match column.counts.all() {
        0 => " ",
        count => {
            let level = (u64::from(count) * 7).div_ceil(u64::from(most));
            symbols.levels[usize::try_from(level).unwrap_or(7).min(7)]
        }
    }
}

/// What stands for a column that has more than messages.
fn sign(symbols: &'static Symbols, column: &Column, is_marked: bool) -> Option<(Role, &'static str)> {
    match column.gravest() {
        _ if column.has_gap => Some((Role::Danger, symbols.gap)),
        _ if is_marked => Some((Role::Warn, symbols.alert)),
        Gravest::Refusal => Some((Role::Danger, symbols.refused)),
        Gravest::Decision => Some((Role::Negotiate, symbols.check)),
        Gravest::Hold => Some((Role::Held, symbols.held)),
        Gravest::Message | Gravest::Nothing => None,
    }
}

/// Whether it plays, how fast, where it is, and what is going on.
fn transport(app: &App, past: &Past, is_short: bool) -> Row {
    let symbols = app.look.symbols;
    let sign = if past.player.is_playing { symbols.play } else { symbols.pause };
    let mut row = Row::of(Role::Strong, &format!("{sign} {}", past.player.speed));
    let time = match (is_short, past.player.is_playing) {
        (true, _) => "%H:%M:%S",
        (false, true) => "%Y-%m-%d %H:%M:%S",
        (false, false) => "%Y-%m-%d %H:%M:%S%.3f",
    };
    let time = past.moment.local().map(|local| local.format(time).to_string());
    row.plain(" ").push(Role::Time, &time.unwrap_or_default());
    let end = past.end().map_or(0, |(last, _)| last.0);
    if is_short {
        row.push(Role::Dim, &format!(" {}/{end}", past.position));
    } else {
        row.plain("  ").append(&position(app, past, end));
    }
    for (role, told) in remarks(past, app.marks.at(past.position), symbols, is_short) {
        row.plain(if is_short { " " } else { "  " }).push(role, &told);
    }
    row
}

/// Which event happened last.
fn position(app: &App, past: &Past, end: u64) -> Row {
    let first = past.map.as_ref().and_then(|map| map.first());
    match app.model.activity.back().filter(|event| event.seq == past.position) {
        _ if past.position.0 == 0 => match first {
            Some((first, _)) => Row::of(Role::Dim, &format!("before event {first} of {end}")),
            None => Row::of(Role::Dim, "nothing is recorded"),
        },
        Some(event) => {
            let mut row = Row::of(Role::Text, &format!("event {} of {end}: ", past.position));
            row.push(Role::Strong, event.event.name());
            row
        }
        None => Row::of(Role::Text, &format!("event {} of {end}", past.position)),
    }
}

/// What else there is to know, the most important first.
fn remarks(past: &Past, mark: Option<&Mark>, symbols: &Symbols, is_short: bool) -> Vec<(Role, String)> {
    let percent = |(done, all): (u64, u64)| u128::from(done) * 100 / u128::from(all.max(1));
    let mut told = Vec::new();
    if let Some(seeking) = &past.seeking
        && let Some(progress) = seeking.progress
    {
        let percent = percent(progress).min(99);
        let what =
            if is_short { String::new() } else { format!("going to {}: ", described(&seeking.target)) };
        told.push((Role::Info, format!("{what}{percent} %")));
    }
    if let Some(gap) = past.gap() {
        told.push((Role::Danger, if is_short { "gap".to_owned() } else { format!("gap: {gap}") }));
    }
    if is_short {
        return told;
    }
    told.extend(mark.map(|mark| (Role::Warn, format!("{} {}", symbols.alert, mark.name()))));
    if past.player.shortens {
        told.push((Role::Dim, "silences are shortened".to_owned()));
    }
    if let (Some(indexed), Some((last, _))) = (past.indexed, past.end())
        && indexed < last
    {
        told.push((Role::Dim, format!("indexing {} %", percent((indexed.0, last.0)))));
    }
    told
}

/// What is sought, in words.
fn described(target: &Target) -> String {
    let of = |stop: &Stop| match stop {
        Stop::Event => "event".to_owned(),
        Stop::Message => "message".to_owned(),
        Stop::Decision => "decision".to_owned(),
        Stop::Match(filter) => format!("match of {filter}"),
    };
    match target {
        Target::Event(seq) => format!("event {seq}"),
        Target::Time(at) => {
            at.local().map_or_else(|| at.to_string(), |time| time.format("%H:%M:%S").to_string())
        }
        Target::Start => "the start".to_owned(),
        Target::End => "the end".to_owned(),
        Target::Message(id) => format!("message {id}"),
        Target::Next { stop, .. } => format!("the next {}", of(stop)),
        Target::Previous { stop, .. } => format!("the {} before", of(stop)),
    }
}

/// How far the opening of a journal is, in the middle of the panes.
pub(super) fn opening(canvas: &mut Canvas<'_>, area: Rect) {
    let Some(past) = canvas.app.past.as_deref().filter(|past| past.map.is_none()) else { return };
    let Some((done, all)) = past.opening.filter(|(_, all)| *all > 0) else { return };
    let inner = overlays::boxed(canvas, overlays::centred(area, 60, 4), "Opening the journal");
    let width = u64::from(inner.width);
    let filled = usize::try_from(u128::from(done.min(all)) * u128::from(width) / u128::from(all));
    let filled = filled.unwrap_or_default();
    let [full, _, _, empty] = canvas.symbols().bar;
    let mut bar = Row::of(Role::Chart, &full.repeat(filled));
    bar.push(Role::Placeholder, &empty.repeat(usize::from(inner.width).saturating_sub(filled)));
    let told = Row::of(Role::Dim, &format!("{} of {}", size(done), size(all)));
    for (line, row) in lines(inner).zip([bar, told]) {
        canvas.row(line, &row);
    }
}
