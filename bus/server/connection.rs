//! Connections: bytes in, lines to the engine; bytes out, never faster than the peer reads.
//!
//! The engine writes to a socket directly while it takes everything; what it does not take stays in the outbox, and
//! the connection's task goes on when there is room. A peer that does not read is not read from either once its
//! outbox is full, so that one connection never holds more than a bounded amount of memory.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Notify, mpsc};

use super::engine::Input;
use crate::os;
use crate::refusal::{Code, Refusal};
use crate::wire::answer::error_frame;
use crate::wire::lines::{Lines, TooLong};

/// A peer with more unread bytes than this is not read from.
pub(super) const FULL: usize = 4 << 20;

/// How many lines of one connection the engine takes before it looks at the others.
const TURN: usize = 64;

/// Names a connection for as long as the bus runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ConnectionId(pub u64);

/// What is to be written to a peer.
pub(super) struct Outbox {
    stream: UnixStream,
    bytes: RefCell<BytesMut>,
    /// Wakes the connection's task: there is something it should look at.
    wake: Notify,
    /// Wakes whoever waits for room.
    drained: Notify,
    /// The engine has taken the lines that it was sent.
    taken: Notify,
    /// Nothing more will come; close when everything is written.
    last: Cell<bool>,
    /// The peer is gone; what is pushed is dropped.
    gone: Cell<bool>,
}

impl Outbox {
    fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            bytes: RefCell::default(),
            wake: Notify::new(),
            drained: Notify::new(),
            taken: Notify::new(),
            last: Cell::new(false),
            gone: Cell::new(false),
        }
    }

    /// Adds a frame, to be sent by the next [`flush`](Self::flush).
    pub(super) fn push(&self, frame: &[u8]) {
        if !self.gone.get() {
            self.bytes.borrow_mut().extend_from_slice(frame);
        }
    }

    /// Bytes that the peer has not taken yet.
    pub(super) fn len(&self) -> usize {
        self.bytes.borrow().len()
    }

    /// Whether the peer is gone.
    pub(super) fn is_gone(&self) -> bool {
        self.gone.get()
    }

    /// Waits until the peer is gone.
    pub(super) async fn gone_for_good(&self) {
        while !self.is_gone() {
            self.drained.notified().await;
        }
    }

    /// The peer is gone, or will get nothing more.
    fn leave(&self) {
        self.gone.set(true);
        self.drained.notify_waiters();
    }

    /// The engine has taken the lines that it was sent.
    pub(super) fn lines_taken(&self) {
        self.taken.notify_one();
    }

    /// Nothing more will come.
    pub(super) fn close(&self) {
        self.last.set(true);
        self.wake.notify_one();
    }

    /// Waits until the outbox has room, or the peer is gone.
    pub(super) async fn room(&self) {
        while self.len() > FULL / 4 && !self.is_gone() {
            self.drained.notified().await;
        }
    }

    /// Writes what the socket takes; the connection's task does the rest.
    pub(super) fn flush(&self) {
        let mut bytes = self.bytes.borrow_mut();
        while !bytes.is_empty() {
            match self.stream.try_write(&bytes) {
                Ok(written) => bytes.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.wake.notify_one();
                    break;
                }
                Err(_) => {
                    bytes.clear();
                    self.gone.set(true);
                    self.wake.notify_one();
                }
            }
        }
        // A burst's memory is given back.
        if bytes.is_empty() && bytes.capacity() > FULL {
            *bytes = BytesMut::new();
        }
        self.drained.notify_waiters();
    }
}

/// Takes connections for ever, each in a task of its own.
pub(super) async fn accept(listener: UnixListener, inbox: mpsc::Sender<Input>, max_line: usize) {
    let mut next = 0;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                next += 1;
                tokio::task::spawn_local(serve(ConnectionId(next), stream, inbox.clone(), max_line));
            }
            Err(error) => {
                // Out of file descriptors, usually: those who are connected go on, and some will leave.
                tracing::warn!("a connection could not be accepted: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(id: ConnectionId, stream: UnixStream, inbox: mpsc::Sender<Input>, max_line: usize) {
    let peer = os::peer(&stream);
    let outbox = Rc::new(Outbox::new(stream));
    let peer = match peer {
        Ok(peer) if peer.uid == os::effective_uid() => peer,
        _ => {
            let refusal = Refusal::new(Code::AccessDenied, "this bus serves its own user only");
            outbox.push(&error_frame(None, &refusal));
            outbox.flush();
            return;
        }
    };
    let opened = Input::Opened { id, outbox: Rc::clone(&outbox), pid: peer.pid };
    if inbox.send(opened).await.is_err() {
        return;
    }
    let mut lines = Lines::new(max_line);
    while let Some(batch) = read(&outbox, &mut lines).await {
        let mut batch = batch.into_iter().peekable();
        while batch.peek().is_some() {
            room_for_answers(&outbox).await;
            let lines = batch.by_ref().take(TURN).collect();
            if inbox.send(Input::Lines { id, lines }).await.is_err() {
                return;
            }
            // Nothing more is given until the answers are in the outbox, whose size decides whether more is given.
            outbox.taken.notified().await;
        }
    }
    let rest = lines.rest();
    if inbox.send(Input::Closed { id, rest }).await.is_ok() {
        write_the_rest(&outbox).await;
    }
    outbox.leave();
}

/// The next whole lines; `None` when the peer has closed its side. Writes meanwhile.
async fn read(outbox: &Outbox, lines: &mut Lines) -> Option<Vec<Result<Bytes, TooLong>>> {
    loop {
        tokio::select! {
            ready = outbox.stream.readable(), if outbox.len() < FULL => {
                ready.ok()?;
                match outbox.stream.try_read_buf(lines.room()) {
                    Ok(0) => return None,
                    Ok(_) => return Some(std::iter::from_fn(|| lines.next_line()).collect()),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => return None,
                }
            }
            ready = outbox.stream.writable(), if outbox.len() > 0 => {
                ready.ok()?;
                outbox.flush();
            }
            () = outbox.wake.notified() => {}
        }
    }
}

/// Writes until the peer has taken enough for more to be asked. One that is gone takes nothing, and what it has said
/// before still counts.
async fn room_for_answers(outbox: &Outbox) {
    while !outbox.is_gone() && outbox.len() >= FULL {
        tokio::select! {
            ready = outbox.stream.writable() => match ready {
                Ok(()) => outbox.flush(),
                Err(_) => return,
            },
            () = outbox.wake.notified() => {}
        }
    }
}

/// A peer that has closed its side may still be reading: it gets the answers to what it asked.
async fn write_the_rest(outbox: &Outbox) {
    let done = || outbox.is_gone() || (outbox.last.get() && outbox.len() == 0);
    while !done() {
        tokio::select! {
            ready = outbox.stream.writable(), if outbox.len() > 0 => {
                if ready.is_err() {
                    return;
                }
                outbox.flush();
            }
            () = outbox.wake.notified() => {}
        }
    }
}
