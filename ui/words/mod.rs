//! What happens on the bus, in words: the same for the console and for the command line.
//!
//! | module | what is in it |
//! |---|---|
//! | `event` | an event as a row |
//! | `governance` | those among them that tell of votes, holds and rules |
//! | `mention` | how an event says which messages it is about, and who knows that |
//! | [`about`] | which messages an event is about |
//! | `standing`, `progress` | what the votes on a proposal come to, how far a task is |
//! | [`hit`] | where something was found in a text |
//! | `fate` | what became of a message: its receipt, its expiry |
//!
//! What a message says stands at the end of its row, after everything that the bus vouches for.

pub mod about;
mod event;
mod fate;
pub(crate) mod governance;
pub mod hit;

mod mention;
pub(crate) mod progress;
pub(crate) mod standing;

#[cfg(test)]
mod tests;

use veda_bus_core::message::MessageType;
use veda_bus_core::name::{InstanceId, RepoName};

use crate::row::Row;
use crate::theme::Role;

pub use event::event;
pub use fate::{expiry, held, receipt};
pub use governance::tally;
pub use mention::{Knows, Mention};
pub use progress::progress_words;
pub use standing::{Votes, policy, standing_until, standing_words};

/// How many names or messages are listed before "and … more".
const LISTED: usize = 4;

/// `1 line`, `2 lines`.
pub fn counted(count: impl TryInto<u64>, what: &str) -> String {
    let count: u64 = count.try_into().unwrap_or(u64::MAX);
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// A number of bytes in the largest decimal unit of which it has at least one, with one place: `12.3 MB`.
pub fn size(bytes: u64) -> String {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)];
    match units.into_iter().find(|&(_, unit)| bytes >= unit) {
        Some((name, unit)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} bytes"),
    }
}

/// Names with commas between them, the first few in full.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().collect();
    let shown = names.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    if names.len() > LISTED { format!("{shown} and {} more", names.len() - LISTED) } else { shown }
}

/// What the name of a type is.
pub fn kind_role(kind: MessageType) -> Role {
    match kind {
        MessageType::RequestChange => Role::RequestChange,
        MessageType::Query => Role::Query,
        MessageType::Notify => Role::Notify,
        MessageType::Negotiate => Role::Negotiate,
        MessageType::Task => Role::Task,
    }
}

fn repo<'r>(row: &'r mut Row, repo: &RepoName) -> &'r mut Row {
    row.push(if repo.is_operator() { Role::Operator } else { Role::Repo }, repo.as_str())
}

fn instance(id: &InstanceId) -> String {
    format!("instance {}", id.as_str().chars().take(8).collect::<String>())
}
