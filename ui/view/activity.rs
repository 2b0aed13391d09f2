//! Pane 5: every event as it happens, the newest at the bottom.

use std::borrow::Cow;

use ratatui::layout::Rect;
use veda_bus_core::name::MessageId;

use super::canvas::{Canvas, lines};
use super::clock;
use crate::app::App;
use crate::app::drawn::Target;
use crate::app::pane::Pane;
use crate::row::Row;
use crate::theme::Role;
use crate::words::{self, Knows, Mention};

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let app = canvas.app;
    let mut more = Row::default();
    if app.activity.selected.is_none() {
        more.push(Role::Live, "following");
    }
    let inner = canvas.pane(Pane::Activity, area, &more);
    let height = usize::from(inner.height);
    let events = &app.model.activity;
    let (from, selected) = window(app, height);
    for (line, event) in lines(inner).zip(events.iter().skip(from)) {
        let mut row = Row::of(Role::Time, &clock(event.at, app.moment()));
        row.plain(" ").append(&words::event(&event.event, &Messages(app)));
        canvas.fit(line, &row);
        canvas.target(line, Target::Event(event.seq));
        if selected == Some(event.seq) {
            super::select(canvas, line, Pane::Activity);
        }
    }
    let part = |n: usize| super::share(n, events.len());
    canvas.scrollbar(inner, part(from), part(from + height));
}

/// The first event that is to be seen, and the selected one.
fn window(app: &App, height: usize) -> (usize, Option<veda_bus_core::name::Seq>) {
    let events = &app.model.activity;
    let end = events.len().saturating_sub(height);
    let Some(seq) = app.activity.selected else { return (end, None) };
    let at = events.partition_point(|event| event.seq < seq);
    let seq = events.get(at).map(|event| event.seq);
    (at.saturating_sub(height / 2).min(end), seq)
}

/// What the console knows of messages that events are about.
struct Messages<'a>(&'a App);

impl Knows for Messages<'_> {
    fn mention(&self, id: &MessageId) -> Option<Mention<'_>> {
        let model = &self.0.model;
        let record = model.state.message(id)?;
        let read = model.texts.headline(&model.state, record.seq);
        let headline = read.map(|read| Cow::Owned(read.headline.clone()));
        Some(Mention { kind: record.kind, from: &record.from, headline })
    }
}
