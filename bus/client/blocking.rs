//! A client for programs that say one thing and end: no runtime, no thread, no reconnection.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Serialize;

use super::preflight::{one_line, send_frame};
use super::{ClientError, MAX_LINE, check_peer};
use crate::os::{self, Peer};
use crate::wire::answer::{Answer, BusFrame, Receipt, Welcome, frame};
use crate::wire::lines::Lines;
use crate::wire::request::Register;

/// How long an answer to a request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to the bus.
#[derive(Debug)]
pub struct Connection {
    path: PathBuf,
    stream: UnixStream,
    patience: Duration,
    lines: Lines,
    next_ref: u64,
    /// The longest line that the bus takes, in bytes, once it has said so.
    max_line: usize,
    /// Frames that answer nothing, in the order in which they came.
    unasked: VecDeque<BusFrame>,
}

impl Connection {
    /// Connects to the bus at `path`.
    ///
    /// # Errors
    /// When no bus answers there, or it is another user's.
    pub fn open(path: &Path) -> Result<Self, ClientError> {
        let stream = UnixStream::connect(path).map_err(|error| ClientError::no_bus(path, error))?;
        check_peer(path, &stream)?;
        let (path, lines) = (path.to_owned(), Lines::new(MAX_LINE));
        let unasked = VecDeque::new();
        Ok(Self { path, stream, patience: PATIENCE, lines, next_ref: 1, max_line: MAX_LINE, unasked })
    }

    /// The same, where an answer may take so long instead of ten seconds.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Who serves it.
    ///
    /// # Errors
    /// What the operating system says when it does not tell.
    pub fn peer(&self) -> io::Result<Peer> {
        os::peer(&self.stream)
    }

    /// Becomes an instance.
    ///
    /// # Errors
    /// When the bus refuses or goes away.
    pub fn register(&mut self, register: &Register) -> Result<Welcome, ClientError> {
        match self.call("register", register)? {
            BusFrame::Welcome(welcome) => {
                self.max_line = welcome.max_message_size;
                Ok(welcome)
            }
            other => Err(ClientError::strange(&other)),
        }
    }

    /// Sends an envelope, and returns when it is stored.
    ///
    /// # Errors
    /// When the bus refuses or goes away.
    pub fn send(&mut self, json: &str, allow_unknown: bool) -> Result<Receipt, ClientError> {
        let json = one_line(json, self.max_line).map_err(ClientError::Refused)?;
        match self.exchange(|reference| send_frame(reference, &json, allow_unknown))? {
            BusFrame::Receipt(receipt) => Ok(receipt),
            other => Err(ClientError::strange(&other)),
        }
    }

    /// Asks something, and waits for the answer.
    ///
    /// # Errors
    /// When the bus refuses, goes away, or does not answer within ten seconds.
    pub fn call(&mut self, op: &str, body: &impl Serialize) -> Result<BusFrame, ClientError> {
        self.exchange(|reference| frame(op, Some(&reference.to_string()), body))
    }

    /// Sends the frame that is made for a `ref`, and waits for its answer.
    fn exchange(&mut self, request: impl FnOnce(u64) -> Bytes) -> Result<BusFrame, ClientError> {
        let reference = self.next_ref;
        self.next_ref += 1;
        self.write(&request(reference))?;
        let reference = reference.to_string();
        let until = Instant::now() + self.patience;
        loop {
            let answer = self.read(Some(until))?;
            if answer.reference.as_deref() != Some(&reference) {
                self.unasked.push_back(answer.frame);
                continue;
            }
            return match answer.frame {
                BusFrame::Error(refusal) => Err(ClientError::Refused(refusal)),
                frame => Ok(frame),
            };
        }
    }

    /// Says something that has no answer.
    ///
    /// # Errors
    /// When the bus goes away.
    pub fn tell(&mut self, op: &str, body: &impl Serialize) -> Result<(), ClientError> {
        self.write(&frame(op, None, body))
    }

    /// The next frame that answers nothing; pings are answered on the way. Without `until` it waits for ever.
    ///
    /// # Errors
    /// `TimedOut` when nothing comes until then; `Gone` when the bus goes away.
    pub fn next_frame(&mut self, until: Option<Instant>) -> Result<BusFrame, ClientError> {
        loop {
            let frame = match self.unasked.pop_front() {
                Some(frame) => frame,
                None => self.read(until)?.frame,
            };
            match frame {
                BusFrame::Ping => self.tell("pong", &serde_json::json!({}))?,
                frame => return Ok(frame),
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        self.stream.write_all(bytes).map_err(|_| ClientError::Gone)
    }

    fn read(&mut self, until: Option<Instant>) -> Result<Answer, ClientError> {
        let began = Instant::now();
        loop {
            if let Some(line) = self.lines.next_line() {
                let line = line.map_err(|_| ClientError::Protocol("a line without end".into()))?;
                return Answer::parse(&line).map_err(|error| ClientError::Protocol(error.to_string()));
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Err(ClientError::TimedOut(began.elapsed()));
            }
            self.stream.set_read_timeout(left).map_err(|error| ClientError::no_bus(&self.path, error))?;
            let mut chunk = [0; 8 * 1024];
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(ClientError::Gone),
                Ok(count) => self.lines.room().extend_from_slice(&chunk[..count]),
                Err(error) if is_timeout(&error) => {}
                Err(_) => return Err(ClientError::Gone),
            }
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}
