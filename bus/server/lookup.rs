//! The answers to `history`: the state says which messages, the journal what was in them.

use std::path::{Path, PathBuf};

use super::connection::Outbox;
use crate::event::Event;
use crate::journal::Reader;
use crate::name::{MessageId, Seq};
use crate::refusal::{Code, Refusal};
use crate::state::State;
use crate::state::record::Record;
use crate::state::view::RecordView;
use crate::suggest::nearest;
use crate::wire::answer::{HistoryAnswer, HistoryEntry, frame};
use crate::wire::request::History;
use serde_json::value::RawValue;

/// How many messages an answer has when nothing else is asked for.
const DEFAULT_LIMIT: usize = 100;
/// How many it has at most.
const MAX_LIMIT: usize = 1000;
/// How many bytes of messages it has at most; one message may be larger.
const MAX_BYTES: usize = 8 << 20;

/// A message to be answered with: its text is known, or stands in the journal.
pub(super) struct Found {
    record: RecordView,
    body: Option<bytes::Bytes>,
}

/// The messages that `history` asks for, oldest first.
///
/// # Errors
/// `unknown_message` or `ambiguous_id`.
pub(super) fn find(state: &State, history: &History) -> Result<Vec<Found>, Refusal> {
    let one = history.id.as_deref().map(|prefix| resolve(state, prefix)).transpose()?;
    let thread = history.thread.as_deref().map(|prefix| thread_of(state, prefix)).transpose()?;
    let wanted = |record: &&Record| {
        one.is_none_or(|one| one.seq == record.seq)
            && thread.as_ref().is_none_or(|thread| record.thread == *thread)
            && history
                .repo
                .as_ref()
                .is_none_or(|repo| record.from == *repo || record.delivery(repo).is_some())
    };
    let limit = history.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    let (mut found, mut bytes) = (Vec::new(), 0);
    for record in state.records().rev().filter(wanted).take(limit) {
        bytes += record.size;
        if bytes > MAX_BYTES && !found.is_empty() {
            break;
        }
        found.push(Found { record: RecordView::of(record), body: record.body.clone() });
    }
    found.reverse();
    Ok(found)
}

/// The thread of a message; the message that a thread began with may be forgotten, or never have been seen.
fn thread_of(state: &State, prefix: &str) -> Result<MessageId, Refusal> {
    let whole = prefix.parse().ok().filter(|id| state.thread(id).is_some());
    whole.map_or_else(|| resolve(state, prefix).map(|record| record.thread.clone()), Ok)
}

/// The one remembered message whose id is, or begins with, `prefix`.
fn resolve<'a>(state: &'a State, prefix: &str) -> Result<&'a Record, Refusal> {
    let exact = prefix.parse().ok().and_then(|id| state.message(&id));
    if let Some(record) = exact {
        return Ok(record);
    }
    let mut matching = state.by_prefix(prefix).take(4);
    let first = matching.next().ok_or_else(|| {
        let ids: Vec<_> = state.records().rev().take(1000).map(|record| record.id.short()).collect();
        let near = nearest(prefix, ids.iter().map(String::as_str));
        let hint = match near.first() {
            Some(near) => format!("did you mean {near}?"),
            None => "veda-bus log shows what is older than the bus remembers".to_owned(),
        };
        Refusal::new(Code::UnknownMessage, format!("no remembered message is \"{prefix}\""))
            .at("id")
            .hint(hint)
    })?;
    let others: Vec<_> = matching.map(|record| record.id.to_string()).collect();
    if others.is_empty() {
        return Ok(first);
    }
    let refusal = Refusal::new(Code::AmbiguousId, format!("several messages begin with \"{prefix}\""));
    Err(refusal.at("id").hint(format!("{}, {}", first.id, others.join(", "))))
}

/// Answers with what was found, when the peer has taken what it was sent before.
pub(super) async fn answer(
    outbox: &Outbox,
    reference: Option<&str>,
    found: Vec<Found>,
    journal: Option<PathBuf>,
) {
    outbox.room().await;
    let completed = tokio::task::spawn_blocking(move || complete(found, journal.as_deref()));
    let messages = completed.await.unwrap_or_default();
    outbox.push(&frame("history", reference, &HistoryAnswer { messages }));
    outbox.flush();
}

/// The found messages with their text, read from the journal where the state has dropped it.
fn complete(found: Vec<Found>, journal: Option<&Path>) -> Vec<HistoryEntry> {
    let entry = |found: Found| {
        let read = || journal.and_then(|path| body_of(path, found.record.seq));
        let body = found.body.or_else(read);
        let text = body.and_then(|body| String::from_utf8(body.to_vec()).ok());
        let message = text.and_then(|text| RawValue::from_string(text).ok());
        HistoryEntry { record: found.record, message }
    };
    found.into_iter().map(entry).collect()
}

fn body_of(path: &Path, seq: Seq) -> Option<bytes::Bytes> {
    let mut reader = Reader::from_seq(path, seq).ok()?;
    let (recorded, _) = reader.next_line().ok()??.decode().ok()?;
    match recorded.event {
        Event::Accepted(accepted) if recorded.seq == seq => Some(accepted.message.raw),
        _ => None,
    }
}
