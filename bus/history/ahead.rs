//! Reading ahead: events are read and decoded on one thread while they are folded on another, for each takes about as long.

use std::io;
use std::ops::RangeInclusive;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, Scope};

use super::files::Files;
use super::lookup::decoded;
use super::walk::{Passed, Walk};
use crate::event::Recorded;
use crate::name::Seq;

/// So many events are handed over at once.
const BATCH: usize = 128;

/// So many batches are kept ready.
const READY: usize = 8;

/// An event's number, and the event if this version can read it.
pub(super) type Read = (Seq, Option<Recorded>);

/// The events of `span` that `walk` comes by, in their order. Reading ends when what is given is dropped.
pub(super) fn read_ahead<'s>(
    scope: &'s Scope<'s, '_>,
    files: &'s Files,
    walk: Walk,
    span: RangeInclusive<Seq>,
) -> io::Result<Receiver<io::Result<Vec<Read>>>> {
    let (batches, ready) = sync_channel(READY);
    let read = move || {
        if let Err(error) = read(files, walk, &span, &batches) {
            // That nobody asks any more is no failure.
            let _ = batches.send(Err(error));
        }
    };
    Builder::new().name("read-ahead".into()).spawn_scoped(scope, read)?;
    Ok(ready)
}

fn read(
    files: &Files,
    mut walk: Walk,
    span: &RangeInclusive<Seq>,
    batches: &SyncSender<io::Result<Vec<Read>>>,
) -> io::Result<()> {
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(Passed { line, parts, .. }) = walk.next(files)? {
        let Ok(parts) = parts else { continue };
        if parts.seq > *span.end() {
            break;
        }
        if parts.seq >= *span.start() {
            batch.push((parts.seq, decoded(line).ok()));
        }
        if batch.len() == BATCH && batches.send(Ok(std::mem::take(&mut batch))).is_err() {
            return Ok(());
        }
    }
    if !batch.is_empty() {
        let _ = batches.send(Ok(batch));
    }
    Ok(())
}
