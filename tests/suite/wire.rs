//! A client that speaks to the socket as it likes.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::dialer;
use super::harness::{PATIENCE, text, with};

/// A connection to a socket as an agent makes it, without anything that would keep it from saying what is wrong.
pub(crate) struct Wire {
    stream: UnixStream,
    /// What was read and is no whole line yet.
    partial: Vec<u8>,
    /// Frames that were read while another was waited for.
    frames: VecDeque<Value>,
    refs: u64,
    /// The instance that it is, once it has registered.
    pub(crate) instance: String,
}

impl Wire {
    pub(crate) fn connect(socket: &Path) -> Self {
        Self::try_connect(socket).unwrap_or_else(|| panic!("nobody answers on {}", socket.display()))
    }

    pub(crate) fn try_connect(socket: &Path) -> Option<Self> {
        dialer::agent(socket).map(Self::over)
    }

    /// A connection of the process of this test, which is then the host of an agent.
    pub(crate) fn connect_itself(socket: &Path) -> Self {
        Self::over(UnixStream::connect(socket).unwrap())
    }

    /// A connection of the operator's, who has nothing to do with the processes of the agents.
    pub(crate) fn operator(socket: &Path) -> Self {
        let stream = dialer::operator(socket);
        stream.map_or_else(|| panic!("nobody answers on {}", socket.display()), Self::over)
    }

    fn over(stream: UnixStream) -> Self {
        Self { stream, partial: Vec::new(), frames: VecDeque::new(), refs: 0, instance: String::new() }
    }

    /// Sends bytes as they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Sends a frame as a line.
    pub(crate) fn say(&mut self, frame: &Value) {
        self.write(format!("{frame}\n").as_bytes());
    }

    /// Sends a frame to a bus that may die meanwhile.
    pub(crate) fn tell(&mut self, frame: &Value) {
        // Reading will show that it is gone.
        let _ = self.stream.write_all(format!("{frame}\n").as_bytes());
    }

    /// From now on, writing gives up where the other side takes nothing for a while.
    pub(crate) fn limit_writing(&mut self) {
        self.stream.set_write_timeout(Some(std::time::Duration::from_millis(500))).unwrap();
    }

    /// Whether the other side took all of it.
    pub(crate) fn try_write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Says that nothing more will be written; reading goes on.
    pub(crate) fn close_writing(&mut self) {
        self.stream.shutdown(std::net::Shutdown::Write).unwrap();
    }

    /// Sends a frame with a `ref`, and gives the frame that repeats it.
    pub(crate) fn ask(&mut self, frame: Value) -> Value {
        self.refs += 1;
        let reference = json!(format!("r{}", self.refs));
        self.say(&with(frame, "ref", reference.clone()));
        self.find(&format!("an answer to {reference}"), |frame| frame["ref"] == reference)
    }

    /// Becomes an instance of `repo`, and gives the `welcome`.
    pub(crate) fn register(&mut self, repo: &str) -> Value {
        self.register_as(json!({ "repo": repo }))
    }

    /// Becomes an instance as `register` says, and gives the `welcome`.
    pub(crate) fn register_as(&mut self, register: Value) -> Value {
        let welcome = self.ask(with(register, "op", json!("register")));
        assert_eq!(welcome["op"], "welcome", "{welcome}");
        text(&welcome, "instance_id").clone_into(&mut self.instance);
        welcome
    }

    /// Sends a message, and gives the receipt or the error.
    pub(crate) fn send(&mut self, message: &Value) -> Value {
        self.ask(json!({ "op": "send", "message": message }))
    }

    /// Sends a message that must be taken, and gives the receipt.
    #[track_caller]
    pub(crate) fn sends(&mut self, message: &Value) -> Value {
        let receipt = self.send(message);
        assert_eq!(receipt["op"], "receipt", "{receipt}");
        receipt
    }

    /// The next message that is handed to it, out of its frame.
    pub(crate) fn receive(&mut self) -> Value {
        self.expect("message")["message"].take()
    }

    /// Says that messages are `read` or `delivered`, and waits until the bus has taken note.
    #[track_caller]
    pub(crate) fn ack(&mut self, stage: &str, ids: &[&str]) {
        let answer = self.ask(json!({ "op": "ack", "stage": stage, "ids": ids }));
        assert_eq!(answer["op"], "ok", "{answer}");
    }

    /// The next frame with this `op`; others stay for later.
    pub(crate) fn expect(&mut self, op: &str) -> Value {
        self.find(&format!("a {op:?} frame"), |frame| frame["op"] == op)
    }

    /// The first frame that is `wanted`; others stay for later, in their order.
    pub(crate) fn find(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(place) = self.frames.iter().position(&wanted) {
            return self.frames.remove(place).unwrap();
        }
        loop {
            match self.read() {
                Some(frame) if wanted(&frame) => return frame,
                Some(frame) => self.frames.push_back(frame),
                None => panic!("{what} was awaited, and the bus hung up; before: {:?}", self.frames),
            }
        }
    }

    /// The next frame of any kind; pings are answered on the way.
    pub(crate) fn next(&mut self) -> Value {
        let frame = self.frames.pop_front().or_else(|| self.read());
        frame.expect("the bus hung up")
    }

    /// Everything that the bus has for it now. What the bus does about earlier frames is done when it answers.
    pub(crate) fn all_now(&mut self) -> Vec<Value> {
        let pong = self.ask(json!({ "op": "ping" }));
        assert_eq!(pong["op"], "pong", "{pong}");
        self.frames.drain(..).collect()
    }

    /// Waits until the bus hangs up, and gives the frames that came before.
    pub(crate) fn rest(&mut self) -> Vec<Value> {
        while let Some(frame) = self.read() {
            self.frames.push_back(frame);
        }
        self.frames.drain(..).collect()
    }

    /// The frames that have come, at least one, however long that takes; `None` when the bus hung up.
    pub(crate) fn batch(&mut self) -> Option<Vec<Value>> {
        self.stream.set_read_timeout(None).unwrap();
        let mut chunk = vec![0; 256 * 1024];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.partial.extend_from_slice(&chunk[..count]),
            }
            let Some(end) = self.partial.iter().rposition(|&byte| byte == b'\n') else { continue };
            let rest = self.partial.split_off(end + 1);
            let whole = std::mem::replace(&mut self.partial, rest);
            let lines = whole.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
            let frames = lines.map(|line| serde_json::from_slice::<Value>(line).unwrap());
            let (pings, frames): (Vec<_>, Vec<_>) = frames.partition(|frame| frame["op"] == "ping");
            for _ in pings {
                self.tell(&json!({ "op": "pong" }));
            }
            if !frames.is_empty() {
                return Some(frames);
            }
        }
    }

    /// The next frame from the socket; `None` when the bus hung up.
    fn read(&mut self) -> Option<Value> {
        loop {
            let line = self.read_line()?;
            let frame: Value = serde_json::from_slice(&line)
                .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&line)));
            if frame["op"] != "ping" {
                return Some(frame);
            }
            self.say(&json!({ "op": "pong" }));
        }
    }

    fn read_line(&mut self) -> Option<Vec<u8>> {
        let until = Instant::now() + PATIENCE;
        let mut chunk = vec![0; 64 * 1024];
        let mut scanned = 0;
        loop {
            if let Some(end) = self.partial[scanned..].iter().position(|&byte| byte == b'\n') {
                let rest = self.partial.split_off(scanned + end + 1);
                return Some(std::mem::replace(&mut self.partial, rest));
            }
            scanned = self.partial.len();
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the bus says nothing; frames so far: {:?}", self.frames);
            self.stream.set_read_timeout(Some(left)).unwrap();
            match self.stream.read(&mut chunk) {
                Ok(0) => return None,
                Ok(count) => self.partial.extend_from_slice(&chunk[..count]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                // A bus that was killed with something unread in its socket.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }
}
