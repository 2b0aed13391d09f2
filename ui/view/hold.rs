//! Everything about a message that is kept back, and about a thread in which all are.

use veda_bus_core::event::Held;
use veda_bus_core::name::MessageId;
use veda_bus_core::state::hold::{HeldThread, Hold};
use veda_bus_core::state::record::Record;

use super::conversations::repo;
use super::{clock, kind_role, priority, put, text, whole};
use crate::ago::dies;
use crate::app::App;
use crate::body;
use crate::row::Row;
use crate::theme::Role;
use crate::words::{counted, listed};

/// The lines of a held message, all that it says among them, at most `width` wide.
pub(crate) fn rows(app: &App, record: &Record, hold: &Hold, width: usize) -> Vec<Row> {
    let mut rows = reason(app, record, hold, width);
    put(&mut rows, &way(app, record), width, 2);
    rows.extend(changed(app, record).map(|row| row.cut(width)));
    rows.push(Row::default());
    let look = body::Look { raw: app.raw, ..whole(app) };
    match text(app, record.seq) {
        Ok(read) => {
            let text = app.bodies.get((record.seq, width, look), || match &read.message {
                Some(message) => body::lines(message, width, &look),
                None => body::lines_of_raw_bytes(read.json.as_bytes(), width, &look),
            });
            rows.extend(text.iter().cloned());
        }
        Err(why) => rows.push(why),
    }
    rows
}

/// Why it is held, and until when it can be let go.
pub(super) fn reason(app: &App, record: &Record, hold: &Hold, width: usize) -> Vec<Row> {
    let mut row = Row::of(Role::Held, "held");
    match &hold.held {
        Held::Rule { rule } => row.plain(" by the rule ").push(Role::Code, rule),
        Held::Thread { reason } => row.plain(" with its thread: ").plain(reason),
    };
    let role = if hold.is_expiring { Role::Warn } else { Role::Time };
    row.plain(", ").push(role, &dies(record.expires_at, app.moment()).0);
    let mut rows = Vec::new();
    put(&mut rows, &row, width, 2);
    rows
}

/// That somebody else than its sender worded a message, as far as its text is at hand.
pub(super) fn changed(app: &App, record: &Record) -> Option<Row> {
    let read = text(app, record.seq).ok()?;
    let by = read.message.as_ref()?.amended_by.as_ref()?;
    let mut row = Row::of(Role::Warn, "changed by ");
    if by.is_operator() {
        row.push(Role::Operator, "the operator");
    } else {
        row.push(Role::Repo, by.as_str());
    }
    Some(row)
}

/// The lines of a held thread, at most `width` wide.
pub(crate) fn thread_rows(app: &App, id: &MessageId, held: &HeldThread, width: usize) -> Vec<Row> {
    let mut row = Row::of(Role::Held, "this thread is held");
    row.plain(" since ").push(Role::Time, &clock(held.at, app.moment())).plain(": ").plain(&held.reason);
    row.plain("; ").push(Role::Strong, &counted(waiting(app, id, held), "message")).plain(" in it wait");
    let mut rows = Vec::new();
    put(&mut rows, &row, width, 2);
    rows
}

/// How many messages wait because their thread is held: they are its newest.
fn waiting(app: &App, id: &MessageId, held: &HeldThread) -> usize {
    let state = &app.model.state;
    let Some(thread) = state.thread(id) else { return 0 };
    let is_late = |seq: &_| *seq > held.seq || state.hold(*seq).is_some();
    thread.messages.iter().rev().take_while(is_late).filter(|&seq| state.hold(seq).is_some()).count()
}

/// `change high Flagship → LensSDK, UILib`.
fn way(app: &App, record: &Record) -> Row {
    let mut row = Row::of(kind_role(record.kind), record.kind.as_str());
    priority(&mut row, record.priority);
    row.plain(" ");
    repo(&mut row, &record.from);
    let to = listed(record.deliveries.iter().map(|delivery| delivery.repo.as_str()));
    row.push(Role::Dim, &format!(" {} ", app.look.symbols.arrow)).push(Role::Repo, &to);
    row
}
