//! The answers to `history`: the state says which messages, the journal what was in them.

use std::io;
use std::path::{Path, PathBuf};

use super::connection::Outbox;
use crate::event::{Accepted, Event};
use crate::journal::Reader;
use crate::name::{MessageId, Seq};
use crate::refusal::{Code, Refusal};
use crate::state::State;
use crate::state::record::Record;
use crate::state::view::RecordView;
use crate::suggest::nearest;
use crate::time::Millis;
use crate::wire::answer::{HistoryAnswer, HistoryEntry, frame};
use crate::wire::request::History;
use serde_json::value::RawValue;

/// How many messages an answer has when nothing else is asked for.
const DEFAULT_LIMIT: usize = 100;
/// How many it has at most.
const MAX_LIMIT: usize = 1000;
/// How many bytes of messages it has at most; one message may be larger.
const MAX_BYTES: usize = 8 << 20;

/// How many events further on a message may be for the lines between to be passed over one by one. Finding a place
/// anew costs as much.
const NEAR: u64 = 1000;

/// A message to be answered with. What is not known of it stands in the journal.
pub(super) struct Found {
    seq: Seq,
    /// The event that has its text.
    written_at: Seq,
    record: Option<RecordView>,
    body: Option<bytes::Bytes>,
}

impl Found {
    fn of(record: &Record) -> Self {
        let (seq, written_at, body) = (record.seq, record.written_at(), record.body().cloned());
        Self { seq, written_at, record: Some(RecordView::of(record)), body }
    }
}

/// The messages that `history` asks for, oldest first.
///
/// # Errors
/// `unknown_message` or `ambiguous_id`.
pub(super) fn find(state: &State, history: &History) -> Result<Vec<Found>, Refusal> {
    if let Some(seqs) = &history.seqs {
        return Ok(accepted_by(state, seqs));
    }
    let one = history.id.as_deref().map(|prefix| resolve(state, prefix)).transpose()?;
    let thread = history.thread.as_deref().map(|prefix| thread_of(state, prefix)).transpose()?;
    let wanted = |record: &&Record| {
        one.is_none_or(|one| one.seq == record.seq)
            && thread.as_ref().is_none_or(|thread| *record.thread == *thread)
            && history
                .repo
                .as_ref()
                .is_none_or(|repo| record.from == *repo || record.delivery(repo).is_some())
    };
    let limit = history.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    let (mut found, mut bytes) = (Vec::new(), 0);
    for record in state.records().rev().filter(wanted).take(limit) {
        bytes += record.size();
        if bytes > MAX_BYTES && !found.is_empty() {
            break;
        }
        found.push(Found::of(record));
    }
    found.reverse();
    Ok(found)
}

/// The messages that exactly these events accepted, remembered or not.
fn accepted_by(state: &State, seqs: &[Seq]) -> Vec<Found> {
    let mut seqs = seqs.to_vec();
    seqs.sort();
    seqs.dedup();
    let forgotten = |seq| Found { seq, written_at: seq, record: None, body: None };
    seqs.into_iter().map(|seq| state.record(seq).map_or_else(|| forgotten(seq), Found::of)).collect()
}

/// The thread of a message; the message that a thread began with may be forgotten, or never have been seen.
fn thread_of(state: &State, prefix: &str) -> Result<MessageId, Refusal> {
    let whole = prefix.parse().ok().filter(|id| state.thread(id).is_some());
    whole.map_or_else(|| resolve(state, prefix).map(|record| (*record.thread).clone()), Ok)
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

/// The found messages with what the journal has of them, in one pass; those of which nothing is known are left out.
fn complete(found: Vec<Found>, journal: Option<&Path>) -> Vec<HistoryEntry> {
    let mut past = journal.map(Past::new);
    let (mut entries, mut bytes) = (Vec::new(), 0);
    for Found { seq, written_at, record, body } in found {
        let known = record.is_some() && body.is_some();
        let read = past.as_mut().filter(|_| !known).and_then(|past| past.written(written_at));
        let forgotten = |read: &Written| match read {
            Written::Accepted(at, accepted) => Some(RecordView::of_forgotten(seq, *at, accepted)),
            Written::Amended(_) => None,
        };
        let Some(record) = record.or_else(|| read.as_ref().and_then(forgotten)) else { continue };
        let body = body.or_else(|| read.map(Written::raw));
        bytes += body.as_ref().map_or(0, bytes::Bytes::len);
        if bytes > MAX_BYTES && !entries.is_empty() {
            break;
        }
        let text = body.and_then(|body| String::from_utf8(body.to_vec()).ok());
        let message = text.and_then(|text| RawValue::from_string(text).ok());
        entries.push(HistoryEntry { record, message });
    }
    entries
}

/// An event with the text of a message.
enum Written {
    Accepted(Millis, Box<Accepted>),
    Amended(bytes::Bytes),
}

impl Written {
    fn raw(self) -> bytes::Bytes {
        match self {
            Self::Accepted(_, accepted) => accepted.message.raw,
            Self::Amended(raw) => raw,
        }
    }
}

/// A way through the journal that only goes forward.
struct Past<'a> {
    path: &'a Path,
    reader: Option<Reader>,
    /// What the reader gives next is not before this.
    next: Seq,
}

impl<'a> Past<'a> {
    fn new(path: &'a Path) -> Self {
        Self { path, reader: None, next: Seq(0) }
    }

    /// The text that event `seq` brought; `None` when the journal does not have that.
    fn written(&mut self, seq: Seq) -> Option<Written> {
        // A journal that can not be read has nothing; the next message is looked for from the beginning.
        self.find(seq).inspect_err(|_| self.reader = None).ok()?
    }

    fn find(&mut self, seq: Seq) -> io::Result<Option<Written>> {
        let is_near = seq >= self.next && seq.0 - self.next.0 <= NEAR;
        let reader = match &mut self.reader {
            Some(reader) => {
                if !is_near {
                    reader.go_to(seq)?;
                }
                reader
            }
            None => self.reader.insert(Reader::from_seq(self.path, seq)?),
        };
        while let Some(line) = reader.next_line()? {
            let Some(number) = line.seq else { continue };
            self.next = number.next();
            if number < seq {
                continue;
            }
            let event = (number == seq).then(|| line.decode().ok()).flatten();
            return Ok(event.and_then(|(recorded, _)| match recorded.event {
                Event::Accepted(accepted) => Some(Written::Accepted(recorded.at, accepted)),
                Event::Amended(amended) => Some(Written::Amended(amended.message.raw)),
                _ => None,
            }));
        }
        Ok(None)
    }
}
