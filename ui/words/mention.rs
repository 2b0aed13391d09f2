//! How an event says which messages it is about.

use std::borrow::Cow;

use veda_bus_core::message::MessageType;
use veda_bus_core::name::{MessageId, RepoName};

use super::{LISTED, counted, kind_role, repo};
use crate::row::Row;
use crate::text::cut;
use crate::theme::Role;

/// How many columns of a text are shown where it is only mentioned.
pub(super) const MENTION: usize = 60;

/// Whoever knows of messages what events about them do not say.
pub trait Knows {
    /// What there is to say of a message; `None` of one that is not known.
    fn mention(&self, id: &MessageId) -> Option<Mention<'_>>;
}

/// What is said of a message where something else is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention<'a> {
    /// What kind of thing it says.
    pub kind: MessageType,
    /// Who sent it.
    pub from: &'a RepoName,
    /// What it says in a line, unsafe to show as it is; `None` while its text is not at hand.
    pub headline: Option<Cow<'a, str>>,
}

/// One message as [`mention`] says it; several, with their number before them.
pub(super) fn mentions<'r>(row: &'r mut Row, ids: &[MessageId], knows: &dyn Knows) -> &'r mut Row {
    if let [only] = ids {
        return mention(row, only, knows);
    }
    row.plain(&counted(ids.len(), "message"));
    for (place, id) in ids.iter().take(LISTED).enumerate() {
        row.plain(if place == 0 { ": " } else { "; " });
        mention(row, id, knows);
    }
    if ids.len() > LISTED {
        row.plain(&format!("; and {} more", ids.len() - LISTED));
    }
    row
}

/// `3f2a1b2c Query from Flagship: What is …`; of a message that is not known, only the id.
pub(super) fn mention<'r>(row: &'r mut Row, id: &MessageId, knows: &dyn Knows) -> &'r mut Row {
    row.push(Role::Id, &id.short());
    if let Some(known) = knows.mention(id) {
        row.plain(" ").push(kind_role(known.kind), known.kind.as_str()).plain(" from ");
        repo(row, known.from);
        if let Some(headline) = known.headline {
            row.plain(": ").plain(&cut(&headline, MENTION));
        }
    }
    row
}
