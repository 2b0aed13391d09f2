//! The stream of events for one subscriber, from memory or from the journal.
//!
//! A subscriber has a place in the journal and pulls from there, as fast as it reads. What is recent comes from
//! memory, what is older from the file; so a slow subscriber costs nothing but its place, and misses nothing.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

use super::connection::Outbox;
use crate::journal::Reader;
use crate::name::Seq;
use crate::wire::answer::event_frame;

/// How many bytes of recent events are kept in memory while somebody subscribes.
const RECENT_BYTES: usize = 8 << 20;

/// How long after a failure the journal is read again.
const RETRY: Duration = Duration::from_millis(250);

/// How many bytes of the journal are read at a time.
const READ_BYTES: usize = 1 << 20;

/// The newest events as frames, for all subscribers together.
#[derive(Default)]
pub(super) struct Recent {
    frames: RefCell<VecDeque<(Seq, Bytes)>>,
    bytes: Cell<usize>,
    changed: Notify,
    subscribers: Cell<usize>,
    /// The last event that is in the journal's file.
    written: Cell<Seq>,
}

impl Recent {
    /// Whether anybody subscribes.
    pub(super) fn is_wanted(&self) -> bool {
        self.subscribers.get() > 0
    }

    /// Takes in an event's line of the journal.
    pub(super) fn add(&self, seq: Seq, line: &[u8]) {
        let frame = event_frame(line);
        let mut frames = self.frames.borrow_mut();
        self.bytes.set(self.bytes.get() + frame.len());
        frames.push_back((seq, frame));
        while self.bytes.get() > RECENT_BYTES {
            let Some((_, oldest)) = frames.pop_front() else { break };
            self.bytes.set(self.bytes.get() - oldest.len());
        }
    }

    /// Everything up to `seq` is in the file.
    pub(super) fn written(&self, seq: Seq) {
        if self.written.replace(seq) != seq {
            self.changed.notify_waiters();
        }
    }

    fn unsubscribe(&self) {
        self.subscribers.set(self.subscribers.get() - 1);
        if !self.is_wanted() {
            self.frames.borrow_mut().clear();
            self.bytes.set(0);
        }
    }

    /// Pushes what follows `next`, as far as it is known, written, and fits; gives the place after it.
    fn push_from(&self, next: Seq, outbox: &Outbox) -> Pushed {
        if next > self.written.get() {
            return Pushed::CaughtUp;
        }
        let frames = self.frames.borrow();
        let Some(oldest) = frames.front().map(|&(seq, _)| seq).filter(|&oldest| oldest <= next) else {
            return Pushed::Older;
        };
        let skip = usize::try_from(next.0 - oldest.0).unwrap_or(usize::MAX);
        let mut place = next;
        for (seq, frame) in frames.iter().skip(skip).take_while(|(seq, _)| *seq <= self.written.get()) {
            outbox.push(frame);
            place = seq.next();
            if outbox.len() > READ_BYTES {
                break;
            }
        }
        Pushed::Upto(place)
    }
}

enum Pushed {
    /// There is nothing after the place yet.
    CaughtUp,
    /// What comes next is only in the journal.
    Older,
    /// The place after what was pushed.
    Upto(Seq),
}

/// A subscriber's place in the journal. While there is one, what is recent is kept.
pub(super) struct Subscription {
    recent: Rc<Recent>,
    /// The next event that it gets.
    next: Seq,
}

impl Subscription {
    pub(super) fn new(recent: Rc<Recent>, next: Seq) -> Self {
        recent.subscribers.set(recent.subscribers.get() + 1);
        Self { recent, next }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.recent.unsubscribe();
    }
}

/// Follows the journal for one subscriber, until it is gone. `path` is the journal, if there is one.
pub(super) async fn follow(mut place: Subscription, outbox: Rc<Outbox>, path: Option<PathBuf>) {
    // It is kept from one piece of the journal to the next.
    let mut reader = None;
    while !outbox.is_gone() {
        let changed = place.recent.changed.notified();
        match place.recent.push_from(place.next, &outbox) {
            Pushed::CaughtUp => {
                reader = None;
                tokio::select! {
                    () = changed => {}
                    () = outbox.gone_for_good() => {}
                }
                continue;
            }
            Pushed::Upto(next) => place.next = next,
            Pushed::Older => place.next = from_journal(&place, &outbox, path.clone(), &mut reader).await,
        }
        outbox.flush();
        outbox.room().await;
    }
}

/// Pushes a piece of the journal, and gives the place after it.
async fn from_journal(
    place: &Subscription,
    outbox: &Outbox,
    path: Option<PathBuf>,
    kept: &mut Option<Reader>,
) -> Seq {
    let (recent, next, mut reader) = (&place.recent, place.next, kept.take());
    let upto = recent.written.get();
    let read = tokio::task::spawn_blocking(move || {
        read_piece(&mut reader, path, next, upto).map(|(bytes, after)| (bytes, after, reader))
    });
    match read.await {
        Ok(Ok((bytes, after, reader))) if after > next => {
            *kept = reader;
            outbox.push(&bytes);
            after
        }
        // Nothing of it is left to be read: it was pruned, or never kept. The oldest that is known comes next.
        Ok(Ok(_)) => recent.frames.borrow().front().map_or(upto.next(), |&(oldest, _)| oldest.max(next)),
        failed => {
            tracing::warn!("the journal can not be read for a subscriber: {failed:?}");
            tokio::time::sleep(RETRY).await;
            next
        }
    }
}

/// The events from `next` on, up to `upto` or as many as are enough for once, and the place after them.
fn read_piece(
    reader: &mut Option<Reader>,
    path: Option<PathBuf>,
    next: Seq,
    upto: Seq,
) -> io::Result<(Vec<u8>, Seq)> {
    let (mut bytes, mut place) = (Vec::new(), next);
    let Some(path) = path else { return Ok((bytes, place)) };
    let reader = match reader {
        Some(reader) => {
            reader.go_to(next)?;
            reader
        }
        None => reader.insert(Reader::from_seq(&path, next)?),
    };
    while let Some(line) = reader.next_line()? {
        let Some(seq) = line.seq else { continue };
        if seq > upto || bytes.len() > READ_BYTES {
            break;
        }
        if seq >= next {
            bytes.extend_from_slice(&event_frame(line.bytes));
            place = seq.next();
        }
    }
    Ok((bytes, place))
}
