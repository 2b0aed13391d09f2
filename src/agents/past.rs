//! Messages of the past, as those that arrive.

use veda_bus_core::message::Message;
use veda_bus_core::wire::answer::{HistoryEntry, Incoming};

/// A message of the past as one that arrives. `None` where its text is nowhere to be had, or this version can not read it.
pub(crate) fn incoming(entry: HistoryEntry) -> Option<Incoming> {
    let HistoryEntry { record, message } = entry;
    let message = Message::parse(message?.get(), None).ok()?;
    Some(Incoming {
        seq: record.seq,
        at: record.at,
        thread: record.thread,
        expires_at: record.expires_at,
        message,
    })
}
