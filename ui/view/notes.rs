//! What the bus tells of a message beside what it says: an outcome, a change, a hold, how its proposal stands, how far its task is.

use veda_bus_core::message::MessageType;
use veda_bus_core::state::record::Record;
use veda_bus_core::time::Millis;

use super::{hold, negotiation, progress, put};
use crate::ago::dies;
use crate::app::App;
use crate::row::Row;
use crate::theme::Role;
use crate::words::standing::standing_words_role;
use crate::words::{standing_until, standing_words};

/// What stands above what it says, at most `width` wide.
pub(super) fn above(app: &App, record: &Record, width: usize) -> Vec<Row> {
    let mut rows = Vec::from_iter(hold::changed(app, record).map(|row| row.cut(width)));
    if record.kind == MessageType::Negotiate
        && let Some(negotiation) = negotiation::ended_by(app, record)
    {
        let mut row = Row::of(Role::High, app.look.symbols.alert);
        row.plain(" ").push(Role::Title, "outcome: ");
        row.push(standing_words_role(negotiation), &standing_words(negotiation, app.moment()));
        put(&mut rows, &row, width, 2);
    }
    rows
}

/// What stands below.
pub(super) fn below(app: &App, record: &Record, width: usize) -> Vec<Row> {
    let state = &app.model.state;
    let mut rows = Vec::new();
    if let Some(hold) = state.hold(record.seq) {
        rows.extend(hold::reason(app, record, hold, width));
    }
    if let Some(negotiation) = state.negotiation(record.seq) {
        rows.extend(negotiation::standing(app, negotiation, width));
    }
    if let Some(task) = state.task(record.seq) {
        rows.extend(progress::rows(app, task, width));
    }
    if let Some(held) = state.held_thread(&record.thread)
        && app.model.root_of(record.seq) == Some(record.seq)
    {
        rows.extend(hold::thread_rows(app, &record.thread, held, width));
    }
    rows
}

/// When either will say something else although nothing happens.
pub(super) fn changes_at(app: &App, record: &Record) -> Option<Millis> {
    let state = &app.model.state;
    let hold = state.hold(record.seq).and_then(|_| dies(record.expires_at, app.moment()).1);
    let standing = state.negotiation(record.seq).and_then(|one| standing_until(one, app.moment()));
    hold.into_iter().chain(standing).min()
}
