//! What the demo shows of itself: a line for each message that one of its instances sends.

use serde_json::{Value, json};
use veda_bus_core::message::Draft;
use veda_bus_core::name::RepoName;
use veda_bus_core::wire::answer::Receipt;
use veda_bus_ui::row::Row;
use veda_bus_ui::text::cut;
use veda_bus_ui::theme::Role;

use crate::context::Output;
use crate::failure::Failure;

/// How many columns of what a message says are shown.
const HEADLINE: usize = 160;

#[derive(Debug, Clone, Copy)]
pub(super) struct Say {
    pub(super) json: bool,
}

impl Say {
    /// A message that was accepted.
    pub(super) fn message(self, from: &RepoName, draft: &Draft, receipt: &Receipt) -> Result<(), Failure> {
        let mut output = Output::new();
        if self.json {
            output.json(&as_json(from, draft, receipt))?;
        } else {
            output.row(&as_row(from, draft, receipt))?;
        }
        output.flush()
    }
}

fn as_row(from: &RepoName, draft: &Draft, receipt: &Receipt) -> Row {
    let mut row = Row::of(Role::Dim, &receipt.id.short());
    row.plain(" ").push(Role::Accent, draft.payload.kind().as_str());
    row.plain(" ").push(Role::Repo, from.as_str()).plain(" → ").push(Role::Repo, draft.to.repo.as_str());
    if let Some(parent) = &draft.reply_to {
        row.push(Role::Dim, &format!(", reply to {}", parent.short()));
    }
    row.plain(": ").plain(&cut(&draft.payload.headline(), HEADLINE));
    row
}

fn as_json(from: &RepoName, draft: &Draft, receipt: &Receipt) -> Value {
    let payload = draft.payload.to_json().unwrap_or_default();
    json!({
        "id": receipt.id, "thread": receipt.thread, "from": from, "to": draft.to.repo,
        "type": draft.payload.kind(), "reply_to": draft.reply_to,
        "payload": serde_json::from_str::<Value>(&payload).unwrap_or_default(),
    })
}
