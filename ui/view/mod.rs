//! Draws the console. Only what is to be seen is ever built.
//!
//! | module | what is in it |
//! |---|---|
//! | `canvas` | cells, frames, rows with roles |
//! | `instances`, `conversations`, `thread`, `needs`, `composer`, `activity` | the panes |
//! | `scrubber` | where in the past this is |
//! | `status` | the status line, the keys below it, the tabs of a narrow screen |
//! | `overlays`, `help`, `detail`, `decision`, `rules` | what lies over the panes |
//! | `negotiation`, `voters`, `rounds`, `hold` | everything about a proposal, its votes and its wordings, about what is held |
//! | `notes`, `progress`, `bar` | what of that stands in a thread; how far a task is; a bar |
//! | `welcome` | the first screen |

mod activity;
mod bar;
mod canvas;
pub mod composer;
pub(crate) mod conversations;
mod decision;
mod detail;
mod help;
mod hold;
mod instances;
pub(crate) mod needs;
mod negotiation;
mod notes;
mod overlays;
mod progress;
pub(crate) mod rounds;
mod rules;
mod scrubber;
mod status;
pub(crate) mod thread;
mod voters;
mod welcome;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use veda_bus_core::message::Priority;
use veda_bus_core::name::Seq;
use veda_bus_core::state::record::{Record, Stage};
use veda_bus_core::time::Millis;

use crate::app::App;
use crate::app::drawn::{Drawn, Target};
use crate::app::pane::{Division, Pane, Places, SMALLEST};
use crate::body::{self, stage_role};
use crate::model::texts::{Read, Text};
use crate::row::Row;
use crate::text::Break;
use crate::theme::{Role, Symbols};
use canvas::Canvas;

pub(crate) use crate::words::kind_role;

/// How many recipients have a mark where there is little room.
const MARKS: usize = 6;

/// Draws the whole console into `buffer`, and tells of the frame.
pub fn draw(app: &App, buffer: &mut Buffer) -> Drawn {
    let area = buffer.area;
    let mut canvas = Canvas::new(app, buffer);
    canvas.ground(area);
    if Division::of(area.as_size()) == Division::TooSmall {
        too_small(&mut canvas, area);
        canvas.keep_ascii();
        return canvas.drawn;
    }
    let alone = app.zoomed.then_some(app.focus);
    let scrubber = scrubber::height(app, area.height);
    let places = Places::of(area, scrubber, app.sizes, alone, app.focus, app.writing.is_some());
    if let Some(tabs) = places.tabs {
        status::tabs(&mut canvas, tabs);
    }
    for &(pane, area) in &places.panes {
        match pane {
            Pane::Instances => instances::draw(&mut canvas, area),
            Pane::Conversations => conversations::draw(&mut canvas, area),
            Pane::Thread => thread::draw(&mut canvas, area),
            Pane::Needs => needs::draw(&mut canvas, area),
            Pane::Composer => composer_pane(&mut canvas, area),
            Pane::Activity => activity::draw(&mut canvas, area),
        }
    }
    scrubber::draw(&mut canvas, places.scrubber);
    scrubber::opening(&mut canvas, area);
    status::line(&mut canvas, places.status);
    status::footer(&mut canvas, places.footer);
    overlays::draw(&mut canvas, area, places.footer);
    canvas.drawn.places = places;
    canvas.keep_ascii();
    canvas.drawn
}

fn too_small(canvas: &mut Canvas<'_>, area: Rect) {
    let lines = [
        "veda-bus needs a little more room:".to_owned(),
        format!(
            "at least {}×{}, and here are {}×{}.",
            SMALLEST.width, SMALLEST.height, area.width, area.height
        ),
        "Nothing is lost meanwhile.".to_owned(),
    ];
    for (place, line) in lines.iter().enumerate() {
        let at = canvas::below(area, usize::from(area.height / 2).saturating_sub(1) + place);
        let width = u16::try_from(line.chars().count()).unwrap_or(u16::MAX);
        let x = area.x + area.width.saturating_sub(width) / 2;
        canvas.row(Rect { x, width: area.right() - x, ..at }, &Row::of(Role::Text, line));
    }
}

/// Marks a row as the selected one.
fn select(canvas: &mut Canvas<'_>, area: Rect, pane: Pane) {
    let role = if canvas.app.focus == pane { Role::Selected } else { Role::SelectedElsewhere };
    canvas.wash(area, role);
}

/// `n` of `total`, from 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "a place on a scrollbar")]
fn share(n: usize, total: usize) -> f64 {
    n as f64 / total.max(1) as f64
}

/// A mark for each recipient: the step of the ladder that was reached there.
fn marks(symbols: &Symbols, record: &Record) -> Row {
    let mut row = Row::default();
    for delivery in record.deliveries.iter().take(MARKS) {
        row.push(stage_role(delivery.stage), mark(symbols, delivery.stage));
    }
    if record.deliveries.len() > MARKS {
        row.push(Role::Dim, "+");
    }
    row
}

fn mark(symbols: &Symbols, stage: Stage) -> &'static str {
    match stage {
        Stage::Refused => symbols.refused,
        Stage::Held => symbols.held,
        Stage::Queued => symbols.queued,
        Stage::Routed => symbols.routed,
        Stage::Delivered => symbols.delivered,
        Stage::Expired => symbols.expired,
        Stage::Read => symbols.read,
        Stage::Answered => symbols.answered,
    }
}

fn priority(row: &mut Row, priority: Priority) {
    match priority {
        Priority::Normal => {}
        Priority::High => _ = row.plain(" ").push(Role::High, "high"),
        Priority::Low => _ = row.plain(" ").push(Role::Low, "low"),
    }
}

/// Hours, minutes and seconds; of another day, the day and the minute.
pub(crate) fn clock(at: Millis, now: Millis) -> String {
    let (Some(time), Some(today)) = (at.local(), now.local()) else { return at.to_string() };
    let form = if time.date_naive() == today.date_naive() { "%H:%M:%S" } else { "%m-%d %H:%M" };
    time.format(form).to_string()
}

/// What message `seq` says; a row that says why not, where that is not at hand. What can be fetched will be.
fn text(app: &App, seq: Seq) -> Result<Arc<Read>, Row> {
    match app.model.texts.get(&app.model.state, seq) {
        Text::Here(read) => Ok(read),
        Text::Coming => Err(Row::of(Role::Placeholder, app.look.symbols.ellipsis)),
        Text::Gone => Err(Row::of(Role::Dim, "the text is not kept any more")),
    }
}

/// Adds a row, broken at words where it is wider than `width`; what continues it begins with `indent` spaces.
fn put(rows: &mut Vec<Row>, row: &Row, width: usize, indent: usize) {
    /// Nothing that is put so is meant to be longer.
    const MOST: usize = 50;
    rows.extend(row.wrap(width, &Row::blank(indent), Break::Words, MOST));
}

/// How the body of a message looks where all of it is shown.
fn whole(app: &App) -> body::Look {
    body::Look { ascii: app.look.is_ascii, raw: false, limit: None }
}

/// Pane 4.
fn composer_pane(canvas: &mut Canvas<'_>, area: Rect) {
    let app = canvas.app;
    let (Some(form), Some(checked)) = (app.form(), app.checked.as_ref()) else {
        let inner = canvas.pane(Pane::Composer, area, &Row::default());
        welcome::composer(canvas, inner);
        return;
    };
    let inner = canvas.pane(Pane::Composer, area, &Row::of(Role::Dim, &form.title()));
    if app.preview {
        let json = crate::update::compose::preview(app);
        for (line, text) in canvas::lines(inner).zip(json.lines()) {
            canvas.row(line, &Row::of(Role::Code, text));
        }
        return;
    }
    let look = |role| app.look.styles.style(role);
    let has_focus = app.focus == Pane::Composer;
    let drawn = composer::draw(form, checked, inner, canvas.buffer(), has_focus, &look);
    for (area, target) in drawn.targets {
        canvas.target(area, Target::Spot(target));
    }
    if let Some(cursor) = drawn.cursor.filter(|_| has_focus && app.overlay.is_none()) {
        canvas.cursor(cursor);
    }
}

#[cfg(test)]
mod tests;
