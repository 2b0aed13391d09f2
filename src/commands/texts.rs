//! What messages say, fetched by the events that accepted them.

use std::collections::HashMap;

use veda_bus_core::client::blocking::Connection;
use veda_bus_core::message::Message;
use veda_bus_core::name::Seq;
use veda_bus_core::wire::request::MAX_SEQS;
use veda_bus_core::wire::{BusFrame, History};

use crate::failure::Failure;

/// The messages that the events `wanted` accepted, as far as their text is still to be had.
pub(super) fn messages(bus: &mut Connection, mut wanted: Vec<Seq>) -> Result<HashMap<Seq, Message>, Failure> {
    wanted.sort_unstable();
    wanted.dedup();
    let (mut found, mut left) = (HashMap::new(), wanted.as_slice());
    while !left.is_empty() {
        let (now, later) = left.split_at(left.len().min(MAX_SEQS));
        let history = History { seqs: Some(now.to_vec()), ..History::default() };
        let BusFrame::History(entries) = bus.call("history", &history)? else {
            return Err(Failure::Failed("the bus answered something else than messages".into()));
        };
        // An answer has a bound in bytes: what comes after its last message is asked for again.
        let last = entries.last().map(|entry| entry.record.seq);
        for entry in entries {
            if let Some(message) = entry.message.and_then(|raw| Message::parse(raw.get(), None).ok()) {
                found.insert(entry.record.seq, message);
            }
        }
        let done = last.map_or(now.len(), |last| now.partition_point(|&seq| seq <= last));
        left = if done < now.len() { &left[done..] } else { later };
    }
    Ok(found)
}
