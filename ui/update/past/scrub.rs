//! The mouse on the scrubber.

use super::{Effect, step, want};
use crate::app::App;
use crate::app::past::{Then, Wanted};
use crate::past::{Stop, Target};

/// It was pressed on the scrubber, at a column of the screen.
pub(in super::super) fn grabbed(app: &mut App, x: u16) -> Vec<Effect> {
    if let Some(past) = &mut app.past {
        past.is_held = true;
    }
    dragged(app, x)
}

/// It was moved while the button was held.
pub(in super::super) fn dragged(app: &mut App, x: u16) -> Vec<Effect> {
    let Some(past) = app.shown_past().filter(|past| past.is_held) else { return Vec::new() };
    let Some(bars) = app.drawn.scrubber else { return Vec::new() };
    let width = usize::from(bars.width.max(1));
    let column = usize::from(x.clamp(bars.x, bars.right().saturating_sub(1)) - bars.x);
    let Some((axis, _)) = past.columns(width) else { return Vec::new() };
    let mark = app.marks.iter().find(|mark| axis.column(mark.at) == column);
    let target = match mark {
        Some(mark) => Target::Event(mark.event),
        None if column + 1 == width => Target::End,
        None => Target::Time(axis.end_of(column)),
    };
    want(app, Wanted::Place(target, Then::Stay))
}

/// The button was let go.
pub(in super::super) fn released(app: &mut App) {
    if let Some(past) = &mut app.past {
        past.is_held = false;
    }
}

/// The wheel was turned over it.
pub(in super::super) fn wheeled(app: &mut App, down: bool) -> Vec<Effect> {
    step(app, Stop::Event, !down)
}
