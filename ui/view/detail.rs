//! Everything about a message, or about a repo.

use veda_bus_core::name::{Capability, RepoName, Seq};
use veda_bus_core::state::hold::Hold;
use veda_bus_core::state::record::Record;
use veda_bus_core::state::registry::Instance;
use veda_bus_core::state::view::LadderView;
use veda_bus_core::time::Millis;

use super::{clock, hold, kind_role, negotiation, notes};
use crate::ago::ago;
use crate::app::App;
use crate::app::listing::badge;
use crate::app::overlay::Detail;
use crate::body::{self, Arrival};
use crate::row::Row;
use crate::theme::Role;
use crate::words::counted;

/// How many messages or instances are listed of a repo.
const LISTED: usize = 20;

/// Its lines, at most `width` wide.
pub(crate) fn rows(app: &App, detail: &Detail, width: usize) -> Vec<Row> {
    match detail {
        Detail::Message(seq) => message(app, *seq, width),
        Detail::Repo(name) => repo(app, name),
    }
}

/// What stands above it.
pub(crate) fn title(app: &App, detail: &Detail) -> String {
    match detail {
        Detail::Message(seq) => match app.model.state.record(*seq) {
            Some(record) => format!("{} {}", record.kind, record.id.short()),
            None => "Message".to_owned(),
        },
        Detail::Repo(name) => name.to_string(),
    }
}

fn message(app: &App, seq: Seq, width: usize) -> Vec<Row> {
    let Some(record) = app.model.state.record(seq) else {
        return vec![Row::of(Role::Dim, "it is not remembered any more")];
    };
    let look = body::Look { ascii: app.look.is_ascii, raw: false, limit: None };
    let hold = app.model.state.hold(seq);
    let mut rows = governed(app, record, hold, width);
    let read = match super::text(app, seq) {
        Ok(read) => read,
        Err(why) => {
            rows.push(why);
            return rows;
        }
    };
    if let Some(message) = &read.message {
        let arrival = Arrival { at: record.at, expires_at: record.expires_at };
        rows.extend(body::envelope(message, Some(arrival), width, &look));
        rows.push(Row::default());
    }
    rows.push(Row::of(Role::Title, "Delivery"));
    let ladders = record.deliveries.iter().map(|delivery| LadderView {
        repo: delivery.repo.clone(),
        stage: delivery.stage,
        instance: delivery.instance.clone(),
        refused: delivery.refused,
        steps: delivery.steps().collect(),
    });
    rows.extend(body::ladder(&ladders.collect::<Vec<_>>(), width, &look));
    if hold.is_some() {
        // What it says stands above.
        return rows;
    }
    rows.push(Row::default());
    rows.push(Row::of(Role::Title, "Text"));
    let look = body::Look { raw: app.raw, ..look };
    let text = app.bodies.get((seq, width, look), || match &read.message {
        Some(message) => body::lines(message, width, &look),
        None => body::lines_of_raw_bytes(read.json.as_bytes(), width, &look),
    });
    rows.extend(text.iter().cloned());
    rows
}

/// What is voted on with a message, and why it or its thread is held.
fn governed(app: &App, record: &Record, hold: Option<&Hold>, width: usize) -> Vec<Row> {
    let state = &app.model.state;
    let mut rows = Vec::new();
    let mut section = |title: &str, section: Vec<Row>| {
        rows.push(Row::of(Role::Title, title));
        rows.extend(section);
        rows.push(Row::default());
    };
    if let Some(negotiation) = state.negotiation_of(&record.id) {
        section("Negotiation", negotiation::rows(app, negotiation, width));
    }
    if let Some(held) = state.held_thread(&record.thread) {
        section("Held thread", hold::thread_rows(app, &record.thread, held, width));
    }
    if let Some(hold) = hold {
        section("Held", hold::rows(app, record, hold, width));
    }
    rows
}

/// When [`rows`] will say something else about a message although nothing happens.
pub(crate) fn changes_at(app: &App, detail: &Detail) -> Option<Millis> {
    let Detail::Message(seq) = detail else { return None };
    let record = app.model.state.record(*seq)?;
    let negotiation = app.model.state.negotiation_of(&record.id);
    let votes = negotiation.and_then(|negotiation| negotiation::changes_at(app, negotiation));
    notes::changes_at(app, record).into_iter().chain(votes).min()
}

fn repo(app: &App, name: &RepoName) -> Vec<Row> {
    let Some(repo) = app.model.state.repo(name) else {
        return vec![Row::of(Role::Dim, "this bus has never seen it")];
    };
    let mut rows = Vec::new();
    let balance = app.model.state.balance(name);
    field(&mut rows, "connected", &counted(repo.connected.len(), "instance"));
    field(
        &mut rows,
        "unread",
        &format!("{} ({} bytes)", counted(repo.mailbox.unread, "message"), repo.mailbox.bytes),
    );
    field(&mut rows, "waiting", &counted(repo.mailbox.waiting.len(), "message"));
    field(&mut rows, "owes", &counted(balance.owes, "answer"));
    field(&mut rows, "is owed", &counted(balance.owed, "answer"));
    let from = repo.accept_requests_from.as_ref();
    let from = from.map_or("everyone (it never said)".to_owned(), |list| list.join(", "));
    field(&mut rows, "takes from", &from);
    rows.push(Row::default());
    rows.push(Row::of(Role::Title, "Instances"));
    let mut instances: Vec<_> = app.model.state.instances().filter(|one| one.repo == *name).collect();
    instances.sort_by_key(|one| (!one.connected, std::cmp::Reverse(one.last_seen)));
    for one in instances.iter().take(LISTED) {
        rows.extend(instance(app, one));
    }
    if instances.is_empty() {
        rows.push(Row::of(Role::Dim, "  none"));
    }
    rows.push(Row::default());
    rows.push(Row::of(Role::Title, "Answers that it owes"));
    let owed: Vec<_> = app.model.state.owed_by(name).take(LISTED).collect();
    rows.extend(owed.iter().map(|owed| request(app, owed.seq)));
    if owed.is_empty() {
        rows.push(Row::of(Role::Dim, "  none"));
    }
    rows
}

fn field(rows: &mut Vec<Row>, name: &str, value: &str) {
    let mut row = Row::of(Role::Field, &format!("{name:<12}"));
    row.plain(value);
    rows.push(row);
}

fn instance(app: &App, one: &Instance) -> Vec<Row> {
    let mut head = Row::of(Role::Text, "  ");
    let (role, word) = match (one.connected, one.stuck) {
        (true, false) => (Role::Ok, "connected since"),
        (true, true) => (Role::Warn, "does not answer, connected since"),
        (false, _) => (Role::Dim, "left"),
    };
    let at = if one.connected { one.since } else { one.last_seen };
    head.push(Role::Id, &one.id.as_str().chars().take(8).collect::<String>());
    head.plain(" ").push(role, word).plain(" ").push(Role::Time, &clock(at, app.moment()));
    head.push(Role::Dim, &format!(" ({})", ago(at, app.moment()).0));
    let mut rows = vec![head];
    let capabilities: Vec<_> = one.capabilities.iter().map(Capability::as_str).collect();
    let facts = [
        ("path", one.path.clone().unwrap_or_default()),
        ("can", capabilities.join(", ")),
        ("client", one.client.clone().unwrap_or_default()),
        ("session", one.session.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("process", one.pid.map(|pid| pid.to_string()).unwrap_or_default()),
        ("in hand", if one.hands.is_empty() { String::new() } else { counted(one.hands.len(), "message") }),
    ];
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        let mut row = Row::of(Role::Field, &format!("    {name:<8}"));
        row.plain(value);
        rows.push(row);
    }
    rows
}

fn request(app: &App, seq: Seq) -> Row {
    let mut row = Row::of(Role::Text, "  ");
    let Some(record) = app.model.state.record(seq) else { return row };
    row.push(kind_role(record.kind), &format!("{:<6}", badge(record.kind)));
    row.plain(" from ").push(Role::Repo, record.from.as_str()).plain(" ");
    row.push(Role::Time, &ago(record.at, app.moment()).0);
    if let Some(read) = app.model.texts.headline(&app.model.state, seq) {
        row.plain(": ").plain(&crate::text::cut(&read.headline, 200));
    }
    row
}
