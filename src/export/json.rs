//! JSON: one object, whose form `docs/history.md` describes, with the messages as they were sent.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use veda_bus_core::event::{Held, Refused};
use veda_bus_core::name::{MessageId, Seq};
use veda_bus_core::state::view::{NegotiationView, RecordView};
use veda_bus_core::text;
use veda_bus_core::time::Millis;

use super::{Conversation, Exported, Halt, Refusal, Told};

/// The form of the object. It changes when a program that reads it would have to.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Talk<'a> {
    thread: &'a MessageId,
    messages: Vec<One<'a>>,
    negotiations: Vec<NegotiationView>,
    halts: Vec<Value>,
}

#[derive(Serialize)]
struct One<'a> {
    #[serde(flatten)]
    record: &'a RecordView,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<Seq>,
    depth: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<&'a Held>,
    message: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct NotTaken<'a> {
    seq: Seq,
    at: Millis,
    #[serde(flatten)]
    refused: &'a Refused,
}

/// Writes all of it as one object, a conversation a line.
pub(crate) fn write(exported: &Exported, out: &mut dyn Write) -> io::Result<()> {
    let span = exported.span();
    let head = json!({
        "format": FORMAT,
        "version": env!("CARGO_PKG_VERSION"),
        "made_at": exported.made_at,
        "first": span.map(|(first, _)| first),
        "last": span.map(|(_, last)| last),
        "participants": exported.participants(),
    });
    let head = head.to_string();
    // The object goes on with its lists, which are not in memory as a whole.
    write!(out, "{},\"conversations\":[", text::json(head.strip_suffix('}').unwrap_or(&head)))?;
    list(out, exported.conversations.iter().map(thread))?;
    write!(out, "],\"refused\":[")?;
    list(out, exported.refusals.iter().map(|one| Ok(not_taken(one))))?;
    writeln!(out, "]}}")
}

fn list<T: Serialize>(
    out: &mut dyn Write,
    items: impl Iterator<Item = serde_json::Result<T>>,
) -> io::Result<()> {
    for (number, item) in items.enumerate() {
        let json = serde_json::to_string(&item?)?;
        write!(out, "{}\n{}", if number == 0 { "" } else { "," }, text::json(&json))?;
    }
    Ok(())
}

fn thread(one: &Conversation) -> serde_json::Result<Talk<'_>> {
    Ok(Talk {
        thread: &one.thread,
        messages: one.messages.iter().map(message).collect::<Result<_, _>>()?,
        negotiations: one.negotiations.iter().map(NegotiationView::of).collect(),
        halts: one.halts.iter().map(halt).collect(),
    })
}

fn message(told: &Told) -> serde_json::Result<One<'_>> {
    Ok(One {
        record: &told.record,
        parent: told.parent,
        depth: told.depth,
        held: told.held.as_ref(),
        message: serde_json::from_str(told.message.json())?,
        sent: told.sent.as_ref().map(|sent| serde_json::from_str(sent.json())).transpose()?,
    })
}

fn halt(one: &Halt) -> Value {
    match &one.reason {
        Some(reason) => json!({ "at": one.at, "halted": true, "reason": reason }),
        None => json!({ "at": one.at, "halted": false }),
    }
}

fn not_taken(one: &Refusal) -> NotTaken<'_> {
    NotTaken { seq: one.seq, at: one.at, refused: &one.refused }
}
