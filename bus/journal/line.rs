//! One line of the journal: an event as JSON, and its link to the line before.
//!
//! ```text
//! {"seq":42,"at":1717689033123,"event":"left","instance":"…","repo":"…","reason":"closed","chain":"<32 hex>"}
//! └──────────────────────────────── hashed, after the digest of the line before ───┘
//! ```
//!
//! The order of `seq`, `at`, `event` and `chain` is fixed, so that the number is found at the front and the digest at the
//! end without reading what is between.

use std::fmt;
use std::io::Write as _;
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::packed;
use crate::event::{Accepted, Amended, Event, Held, Recorded, Routing};
use crate::message::Message;
use crate::name::{InstanceId, MessageId, Seq};
use crate::time::Millis;

const SEQ: &[u8] = b"{\"seq\":";
const AT: &[u8] = b",\"at\":";
const EVENT: &[u8] = b",\"event\":\"";
const CHAIN: &[u8] = b",\"chain\":\"";
const MESSAGE: &[u8] = b",\"message\":";
const CHAIN_END: &[u8] = b"\"}";
const CHAIN_HEX: usize = 32;
/// To be found in many lines, it is prepared once.
static FIND_MESSAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(MESSAGE));
/// How many bytes at a line's end are its digest, with name and quotes.
const TAIL: usize = CHAIN.len() + CHAIN_HEX + CHAIN_END.len();
/// How many bytes at a line's front hold its number, whatever the number is.
pub(super) const SEQ_PREFIX: usize = SEQ.len() + 21;

/// The digest of a line and of all lines before it: the first 16 bytes of BLAKE3 over the digest of the line before
/// and this line's bytes up to its own digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chain([u8; 16]);

impl Chain {
    /// What stands before the first line.
    pub const GENESIS: Self = Self([0; 16]);

    /// The digest of a line whose bytes before its `chain` are `body`.
    fn after(self, body: &[u8]) -> Self {
        let digest = blake3::Hasher::new().update(&self.0).update(body).finalize();
        let mut first = [0; 16];
        first.copy_from_slice(&digest.as_bytes()[..16]);
        Self(first)
    }

    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    fn hex(self) -> [u8; CHAIN_HEX] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hex = [0; CHAIN_HEX];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        hex
    }

    /// Reads 32 hexadecimal digits. Only lower case is taken: there is one way to write a line.
    fn from_hex(hex: &[u8]) -> Option<Self> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let hex: &[u8; CHAIN_HEX] = hex.try_into().ok()?;
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hex().iter().try_for_each(|&digit| write!(f, "{}", char::from(digit)))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Chain {
    type Err = LineError;
    fn from_str(hex: &str) -> Result<Self, LineError> {
        Self::from_hex(hex.as_bytes()).ok_or(LineError::Shape("a chain of 32 hexadecimal digits"))
    }
}

/// Why bytes are not a line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// It does not have the fixed parts of a line.
    #[error("not a line of a journal: expected {0}")]
    Shape(&'static str),
    /// An event that this version does not know.
    #[error("an unknown event {0:?}")]
    UnknownEvent(String),
    /// The event's fields are not what they should be.
    #[error("{0}")]
    Event(String),
    /// The message of an `accepted` is none.
    #[error("its message is not valid: {0}")]
    Message(String),
    /// The digest is not that of the line and the lines before it.
    #[error("its chain does not match: the line, or the one before it, was changed or is missing")]
    Chain,
    /// It stands in the place of all that could not be unpacked of a compressed segment.
    #[error("the compressed segment is damaged, and what came here is lost: {0}")]
    Damaged(String),
}

impl LineError {
    /// Why `line`, which does not begin as one of a journal does, is none.
    fn beginning(line: &[u8]) -> Self {
        packed::damage(line).map_or(Self::Shape("\"seq\" at its beginning"), Self::Damaged)
    }
}

/// The fixed parts of a line, unchecked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub seq: Seq,
    pub at: Millis,
    pub name: &'a [u8],
    body: &'a [u8],
    pub chain: Chain,
}

impl<'a> Parts<'a> {
    pub(crate) fn of(line: &'a [u8]) -> Result<Self, LineError> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let (seq, rest) = number(line, SEQ).ok_or_else(|| LineError::beginning(line))?;
        let (at, rest) = number(rest, AT).ok_or(LineError::Shape("\"at\" after \"seq\""))?;
        let name = rest.strip_prefix(EVENT).and_then(|rest| Some(&rest[..memchr::memchr(b'"', rest)?]));
        let name = name.ok_or(LineError::Shape("\"event\" after \"at\""))?;
        let (body, chain) = tail(line).ok_or(LineError::Shape("\"chain\" at its end"))?;
        let chain = chain.ok_or(LineError::Shape("\"chain\" at its end"))?;
        Ok(Self { seq: Seq(seq), at: Millis(at), name, body, chain })
    }

    /// The digest that this line should have after `previous`.
    pub(super) fn chain_after(&self, previous: Chain) -> Chain {
        previous.after(self.body)
    }

    /// Whether this line comes right after the one with the digest `previous`.
    pub(crate) fn follows(&self, previous: Chain) -> bool {
        self.chain_after(previous) == self.chain
    }
}

/// What a line's digest is computed over, and the digest that stands after it, if it can be read.
fn tail(line: &[u8]) -> Option<(&[u8], Option<Chain>)> {
    let (body, tail) = line.split_at_checked(line.len().checked_sub(TAIL)?)?;
    let hex = tail.strip_prefix(CHAIN).and_then(|tail| tail.strip_suffix(CHAIN_END));
    Some((body, hex.and_then(Chain::from_hex)))
}

/// The digests that the line after a bad one, without its line break, may have been written after: the one that stands
/// in the bad line, and the one that it should have had after `previous`.
pub(super) fn hints(previous: Chain, line: &[u8]) -> impl Iterator<Item = Chain> {
    let found = tail(line);
    found.into_iter().flat_map(move |(body, own)| own.into_iter().chain([previous.after(body)]))
}

/// `prefix`, then a number written as JSON writes it, then the rest.
fn number<'a>(bytes: &'a [u8], prefix: &[u8]) -> Option<(u64, &'a [u8])> {
    let rest = bytes.strip_prefix(prefix)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = rest[..digits]
        .iter()
        .try_fold(0_u64, |value, digit| value.checked_mul(10)?.checked_add(u64::from(digit - b'0')))?;
    (digits > 0).then_some((value, &rest[digits..]))
}

/// Appends `recorded` as a line, line break and all, to `out`, and gives its digest. `previous` is the digest of the
/// line before it, [`Chain::GENESIS`] for the first.
pub fn encode(out: &mut Vec<u8>, previous: Chain, recorded: &Recorded) -> Chain {
    let start = out.len();
    // Writing to a `Vec` does not fail.
    let _ = write!(out, "{{\"seq\":{},\"at\":{},\"event\":\"", recorded.seq, recorded.at.0);
    out.extend_from_slice(recorded.event.name().as_bytes());
    out.push(b'"');
    fields(out, &recorded.event);
    let chain = previous.after(&out[start..]);
    out.extend_from_slice(CHAIN);
    out.extend_from_slice(&chain.hex());
    out.extend_from_slice(CHAIN_END);
    out.push(b'\n');
    chain
}

fn fields(out: &mut Vec<u8>, event: &Event) {
    match event {
        Event::Started(body) => members(out, body),
        Event::Stopped(body) => members(out, body),
        Event::Checkpoint(body) => members(out, body),
        Event::Registered(body) => members(out, body),
        Event::Left(body) => members(out, body),
        Event::Stuck(body) | Event::Resumed(body) => members(out, body),
        Event::Accepted(body) => accepted(out, body),
        Event::Routed(body) | Event::Delivered(body) | Event::Read(body) => members(out, body),
        Event::Answered(body) => members(out, body),
        Event::Expired(body) => members(out, body),
        Event::Noticed(body) => members(out, body),
        Event::Refused(body) => members(out, body),
        Event::Proposed(body) => members(out, body),
        Event::Voted(body) => members(out, body),
        Event::Round(body) => members(out, body),
        Event::Tallied(body) => members(out, body),
        Event::Resolved(body) => members(out, body),
        Event::Amended(body) => message(out, &body.message),
        Event::Released(body) => members(out, body),
        Event::Denied(body) => members(out, body),
        Event::Expiring(body) => members(out, body),
        Event::Halted(body) => members(out, body),
        Event::Continued(body) => members(out, body),
        Event::Configured(body) => members(out, body),
    }
}

/// Appends the members of a struct to an object that is being written: `,"name":value` for each.
fn members(out: &mut Vec<u8>, body: &impl Serialize) {
    let start = out.len();
    // The bodies of events are structs of strings, numbers and lists of them: there is nothing in them that JSON could
    // not say, and they have at least one field that is always written.
    if serde_json::to_writer(&mut *out, body).is_ok() && out.len() > start + 2 {
        out[start] = b',';
        out.pop();
    } else {
        out.truncate(start);
    }
}

fn accepted(out: &mut Vec<u8>, body: &Accepted) {
    #[derive(Serialize)]
    struct Head<'a> {
        by: &'a InstanceId,
        thread: &'a MessageId,
        #[serde(skip_serializing_if = "Option::is_none")]
        parent: Option<Seq>,
        expires_at: Millis,
        recipients: &'a [Routing],
        #[serde(skip_serializing_if = "Option::is_none")]
        held: Option<&'a Held>,
    }
    let Accepted { by, thread, parent, expires_at, recipients, held, message: said } = body;
    let held = held.as_ref();
    members(out, &Head { by, thread, parent: *parent, expires_at: *expires_at, recipients, held });
    message(out, said);
}

fn message(out: &mut Vec<u8>, message: &Message) {
    out.extend_from_slice(MESSAGE);
    let start = out.len();
    out.extend_from_slice(&message.raw);
    // What came over the wire has no line breaks. In JSON from elsewhere they can only stand between its parts, where
    // a space says the same; a line of the journal must stay one line.
    if memchr::memchr(b'\n', &message.raw).is_some() {
        out[start..].iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b' ');
    }
}

/// Reads a line, with or without its line break. Its digest is read, not checked: see [`check`].
///
/// # Errors
/// A [`LineError`] that says what is not as it should be.
pub fn decode(line: &str) -> Result<(Recorded, Chain), LineError> {
    let parts = Parts::of(line.as_bytes())?;
    let event = event(parts.name, line)?;
    Ok((Recorded { seq: parts.seq, at: parts.at, event }, parts.chain))
}

fn event(name: &[u8], line: &str) -> Result<Event, LineError> {
    Ok(match name {
        b"started" => Event::Started(body(line)?),
        b"stopped" => Event::Stopped(body(line)?),
        b"checkpoint" => Event::Checkpoint(body(line)?),
        b"registered" => Event::Registered(body(line)?),
        b"left" => Event::Left(body(line)?),
        b"stuck" => Event::Stuck(body(line)?),
        b"resumed" => Event::Resumed(body(line)?),
        b"accepted" => Event::Accepted(Box::new(accepted_of(line)?)),
        b"routed" => Event::Routed(body(line)?),
        b"delivered" => Event::Delivered(body(line)?),
        b"read" => Event::Read(body(line)?),
        b"answered" => Event::Answered(body(line)?),
        b"expired" => Event::Expired(body(line)?),
        b"noticed" => Event::Noticed(body(line)?),
        b"refused" => Event::Refused(body(line)?),
        b"proposed" => Event::Proposed(body(line)?),
        b"voted" => Event::Voted(body(line)?),
        b"round" => Event::Round(body(line)?),
        b"tallied" => Event::Tallied(body(line)?),
        b"resolved" => Event::Resolved(body(line)?),
        b"amended" => Event::Amended(amended_of(line)?),
        b"released" => Event::Released(body(line)?),
        b"denied" => Event::Denied(body(line)?),
        b"expiring" => Event::Expiring(body(line)?),
        b"halted" => Event::Halted(body(line)?),
        b"continued" => Event::Continued(body(line)?),
        b"configured" => Event::Configured(body(line)?),
        other => return Err(LineError::UnknownEvent(String::from_utf8_lossy(other).into_owned())),
    })
}

/// An event's fields out of the whole line; serde passes over the members that are not its own.
fn body<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, LineError> {
    serde_json::from_str(line).map_err(|error| LineError::Event(error.to_string()))
}

fn accepted_of(line: &str) -> Result<Accepted, LineError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        by: InstanceId,
        thread: MessageId,
        #[serde(default)]
        parent: Option<Seq>,
        expires_at: Millis,
        recipients: Vec<Routing>,
        #[serde(default)]
        held: Option<Held>,
        #[serde(borrow)]
        message: &'a RawValue,
    }
    let Body { by, thread, parent, expires_at, recipients, held, message } = body(line)?;
    Ok(Accepted { by, thread, parent, expires_at, recipients, held, message: message_of(message)? })
}

fn amended_of(line: &str) -> Result<Amended, LineError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        message: &'a RawValue,
    }
    let Body { message } = body(line)?;
    Ok(Amended { message: message_of(message)? })
}

fn message_of(json: &RawValue) -> Result<Message, LineError> {
    Message::parse(json.get(), None).map_err(|refusal| LineError::Message(refusal.to_string()))
}

/// The number of a line, read from its front alone; `None` when it has none.
pub fn seq_of(line: &[u8]) -> Option<Seq> {
    number(line, SEQ).map(|(seq, _)| Seq(seq))
}

/// What stands at the front of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Front<'a> {
    pub seq: Seq,
    pub at: Millis,
    /// The name of the event.
    pub name: &'a [u8],
}

/// The number, time and event of a line, read from its front alone; `None` when it has none.
pub(crate) fn front(line: &[u8]) -> Option<Front<'_>> {
    let (seq, rest) = number(line, SEQ)?;
    let (at, rest) = number(rest, AT)?;
    let name = rest.strip_prefix(EVENT)?;
    let name = &name[..memchr::memchr(b'"', name)?];
    Some(Front { seq: Seq(seq), at: Millis(at), name })
}

/// Where the message of an `accepted` stands in its line, found without reading what is before it.
pub(crate) fn message_in(line: &[u8]) -> Option<Range<usize>> {
    // A quotation mark in a text of the head is escaped, so that none of them looks like this.
    let start = FIND_MESSAGE.find(line)? + MESSAGE.len();
    let end = line.len().checked_sub(TAIL).filter(|&end| line[end..].starts_with(CHAIN))?;
    (start < end).then_some(start..end)
}

/// Whether a line begins and ends as one does; what is between is not looked at.
pub(crate) fn has_ends(line: &[u8]) -> bool {
    line.starts_with(SEQ) && line.ends_with(CHAIN_END)
}

/// Computes the digest of a line after `previous`, and compares it with the one that stands in it.
///
/// # Errors
/// [`LineError::Chain`] when they differ, [`LineError::Shape`] when there is none.
pub fn check(previous: Chain, line: &[u8]) -> Result<Chain, LineError> {
    let parts = Parts::of(line)?;
    if parts.follows(previous) { Ok(parts.chain) } else { Err(LineError::Chain) }
}

/// The digest that must stand before the first line of a journal whose older segments may be gone: nothing before event
/// 1, what a checkpoint says before a checkpoint, `None` where it can not be known.
pub(crate) fn anchor(line: &[u8]) -> Option<Chain> {
    let parts = Parts::of(line).ok()?;
    if parts.seq == Seq(1) {
        return Some(Chain::GENESIS);
    }
    checkpoint(line).and_then(|found| found.previous.parse().ok())
}

/// The checkpoint that a line is, if it is one.
pub(super) fn checkpoint(line: &[u8]) -> Option<crate::event::Checkpoint> {
    if Parts::of(line).ok()?.name != b"checkpoint" {
        return None;
    }
    body(std::str::from_utf8(line).ok()?).ok()
}
