//! The envelope of a message: who, whom, when.

use veda_bus_core::message::{Message, Priority, Target};
use veda_bus_core::name::{Capability, InstanceId, OPERATOR, SessionId};
use veda_bus_core::time::Millis;

use super::Look;
use super::fields::{self, duration};
use super::page::Page;
use crate::row::Row;
use crate::theme::Role;
use crate::words::kind_role;

/// Where the values begin.
const COLUMN: usize = 14;

/// The fields of an envelope.
const FIELDS: [&str; 9] = ["id", "from", "to", "type", "priority", "payload", "timestamp", "reply_to", "ttl"];

/// What the bus knows of a message's times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When the bus accepted it.
    pub at: Millis,
    /// When it is stale.
    pub expires_at: Millis,
}

/// The envelope of a message, and when it arrived where that is known, in rows of at most `width` columns.
pub fn envelope(message: &Message, arrival: Option<Arrival>, width: usize, look: &Look) -> Vec<Row> {
    let mut page = Page::new(width, look);
    let mut put = |name: &str, role: Role, text: &str| {
        let mut row = Row::of(Role::Field, name);
        row.pad_to(COLUMN).push(role, text);
        page.put(row, &Row::blank(COLUMN));
    };
    put("id", Role::Id, &message.id.to_string());
    put("type", kind_role(message.kind()), message.kind().as_str());
    put("priority", priority_role(message.priority), message.priority.as_str());
    put("from", repo_role(message.from.repo.as_str()), message.from.repo.as_str());
    let from = [
        ("  path", Role::Text, message.from.path.as_deref()),
        ("  session", Role::Id, message.from.session_id.as_ref().map(SessionId::as_str)),
        ("  instance", Role::Id, message.from.instance_id.as_ref().map(InstanceId::as_str)),
    ];
    for (name, role, text) in from {
        if let Some(text) = text {
            put(name, role, text);
        }
    }
    match &message.to.repo {
        Target::Everyone => put("to", Role::Repo, "* (everyone)"),
        Target::Repo(repo) => put("to", repo_role(repo.as_str()), repo.as_str()),
    }
    if !message.to.capabilities.is_empty() {
        let wanted: Vec<_> = message.to.capabilities.iter().map(Capability::as_str).collect();
        put("  capable of", Role::Capability, &wanted.join(", "));
    }
    let sent = message.timestamp.checked_mul(1000).and_then(|millis| moment(Millis(millis)));
    put("sent", Role::Time, &sent.unwrap_or_else(|| format!("{} s", message.timestamp)));
    if let Some(arrival) = arrival {
        put("received", Role::Time, &moment(arrival.at).unwrap_or_else(|| arrival.at.to_string()));
    }
    put("ttl", Role::Time, &ttl(message, arrival));
    if let Some(parent) = &message.reply_to {
        put("reply_to", Role::Id, &parent.to_string());
    }
    if !page.is_full() {
        fields::others(&mut page, message.json(), &FIELDS);
    }
    page.finish()
}

/// How long a message is worth reading: its own word, or the bus's, and until when.
fn ttl(message: &Message, arrival: Option<Arrival>) -> String {
    let own = message.ttl.map_or_else(|| "the bus's default".to_owned(), |ttl| duration(ttl.get()));
    let stale = arrival.and_then(|arrival| moment(arrival.expires_at));
    stale.map_or(own.clone(), |stale| format!("{own}, stale at {stale}"))
}

/// Date and time of day on this machine's clock.
fn moment(at: Millis) -> Option<String> {
    at.local().map(|time| time.format("%Y-%m-%d %H:%M:%S").to_string())
}

fn repo_role(repo: &str) -> Role {
    if repo == OPERATOR { Role::Operator } else { Role::Repo }
}

fn priority_role(priority: Priority) -> Role {
    match priority {
        Priority::High => Role::High,
        Priority::Normal => Role::Text,
        Priority::Low => Role::Low,
    }
}
