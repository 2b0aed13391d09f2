//! Clicks and the wheel.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::lists::{self, Step};
use super::{Effect, compose, overlays, past, perform};
use crate::app::App;
use crate::app::drawn::Target;
use crate::app::overlay::Overlay;
use crate::app::pane::Pane;

/// How many lines a notch of the wheel is.
const NOTCH: isize = 3;

pub(super) fn mouse(app: &mut App, event: MouseEvent) -> Vec<Effect> {
    let at = Position::new(event.column, event.row);
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => click(app, at),
        MouseEventKind::Drag(MouseButton::Left) => past::dragged(app, at.x),
        MouseEventKind::Up(MouseButton::Left) => {
            past::released(app);
            Vec::new()
        }
        MouseEventKind::ScrollDown => wheel(app, at, NOTCH),
        MouseEventKind::ScrollUp => wheel(app, at, -NOTCH),
        _ => Vec::new(),
    }
}

fn click(app: &mut App, at: Position) -> Vec<Effect> {
    let targets: Vec<_> = app.drawn.at(at).cloned().collect();
    // What is there after this click is known when it is drawn.
    app.drawn.targets.clear();
    if app.overlay.is_some() {
        return match targets.first() {
            Some(Target::Entry(place)) => overlays::click(app, *place),
            Some(Target::Overlay) => Vec::new(),
            // A click beside the box takes it away.
            _ => {
                app.overlay = None;
                Vec::new()
            }
        };
    }
    let Some(target) = targets.first() else { return Vec::new() };
    match target {
        Target::Pane(pane) => app.focus = *pane,
        Target::Instance(line) => {
            app.focus = Pane::Instances;
            app.instances.selected = *line;
            app.chosen_repo = app.repos().get(*line).map(|&name| name.clone());
        }
        Target::Conversation(thread) => {
            app.focus = Pane::Conversations;
            app.select_thread(thread);
        }
        Target::Message(seq) => {
            app.focus = Pane::Thread;
            app.thread.selected = Some(*seq);
        }
        Target::Need(line) => {
            app.focus = Pane::Needs;
            app.needs.selected = *line;
            app.chosen_need = app.needs_now().get(*line).copied();
        }
        Target::Event(seq) => {
            app.focus = Pane::Activity;
            app.activity.selected = Some(*seq);
        }
        Target::Action(action) => return perform::perform(app, &(*action).into()),
        Target::Spot(spot) => return compose::click(app, spot),
        Target::Scrubber => return past::grabbed(app, at.x),
        Target::Entry(_) | Target::Overlay => {}
    }
    Vec::new()
}

fn wheel(app: &mut App, at: Position, lines: isize) -> Vec<Effect> {
    if let Some(Overlay::Help(top) | Overlay::Detail(_, top)) = &mut app.overlay {
        *top = top.saturating_add_signed(lines).min(app.drawn.overlay);
        return Vec::new();
    }
    if app.overlay.is_some() {
        return Vec::new();
    }
    if app.drawn.at(at).next() == Some(&Target::Scrubber) {
        return past::wheeled(app, lines > 0);
    }
    let pane = app.drawn.at(at).find_map(|target| match target {
        Target::Pane(pane) => Some(*pane),
        _ => None,
    });
    let Some(pane) = pane else { return Vec::new() };
    if pane == Pane::Thread {
        lists::scroll(app, lines);
        return Vec::new();
    }
    let focus = std::mem::replace(&mut app.focus, pane);
    lists::step(app, Step::By(lines.signum()));
    app.focus = focus;
    Vec::new()
}
