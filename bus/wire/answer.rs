//! Frames from the bus.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::decide::Decided;
use super::inbox::InboxAnswer;
use crate::event::Held;
use crate::message::{Message, from_object};
use crate::name::{InstanceId, MessageId, RepoName, Seq};
use crate::refusal::{Code, Refusal};
use crate::state::record::Stage;
use crate::state::view::{RecordView, StateView};
use crate::time::Millis;

/// The answer to `register`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The version of the bus.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// The instance that the client is now.
    pub instance_id: InstanceId,
    /// The repo that it answers to.
    pub repo: RepoName,
    /// Whether the bus knew the instance or its session.
    pub resumed: bool,
    /// How many messages its repo has not read.
    pub unread: usize,
    /// The last event.
    pub seq: Seq,
    /// The longest line that the bus takes, in bytes.
    pub max_message_size: usize,
    /// The TTL of messages without one, in seconds.
    pub default_ttl: u64,
    /// What a receipt means: `power` (on disk), `process` (survives the bus), `none` (kept in memory).
    pub durability: Cow<'static, str>,
}

/// The answer to `send`: the message is stored, and this became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The message.
    pub id: MessageId,
    /// The event that accepted it.
    pub seq: Seq,
    /// The id of the message that its thread began with.
    pub thread: MessageId,
    /// When it is stale.
    pub expires_at: Millis,
    /// What became of it for each recipient.
    pub recipients: Vec<RecipientStatus>,
    /// Why it is held, while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// Whether this repeats the receipt of an earlier send of the same message.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
}

/// What became of a message for one recipient when it was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientStatus {
    /// The recipient.
    pub repo: RepoName,
    /// `routed`, `queued`, `held` or `refused`.
    pub status: Stage,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
}

/// Something that a client is told without having asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// A message of its repo was not read in time. Repeated at each `register` until it is acknowledged.
    Expired {
        /// The message.
        id: MessageId,
        /// Who never read it.
        unread_by: Vec<RepoName>,
    },
    /// A message of a client that tracks took a step.
    Step {
        /// The message.
        id: MessageId,
        /// The recipient.
        repo: RepoName,
        /// The step.
        stage: Stage,
        /// When it took it.
        at: Millis,
        /// The answer, where that is the step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<MessageId>,
    },
    /// Another connection registered as this instance; this one is none any more.
    Replaced,
    /// The bus is about to stop.
    ShuttingDown,
}

/// The answer to `history`: one message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// What the state knows of it.
    pub record: RecordView,
    /// The envelope, as it was sent; `None` when the journal does not have it any more.
    pub message: Option<Box<RawValue>>,
}

/// The body of a `history` answer.
#[derive(Debug, Serialize, Deserialize)]
pub struct HistoryAnswer {
    /// The messages, oldest first.
    pub messages: Vec<HistoryEntry>,
}

/// A message as it reaches a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The event that accepted it.
    pub seq: Seq,
    /// When that was.
    pub at: Millis,
    /// The id of the message that its thread began with.
    pub thread: MessageId,
    /// When it is stale.
    pub expires_at: Millis,
    /// The message.
    pub message: Message,
}

/// A frame from the bus, as a client reads it.
#[derive(Debug)]
pub enum BusFrame {
    /// The answer to `register`.
    Welcome(Welcome),
    /// The answer to `send`.
    Receipt(Receipt),
    /// The answer to `decide`.
    Decided(Decided),
    /// A refusal of what the frame asked.
    Error(Refusal),
    /// A message.
    Message(Box<Incoming>),
    /// An event: its line of the journal, with `op` in front.
    Event(String),
    /// See [`Notice`].
    Notice(Notice),
    /// The answer to `history`.
    History(Vec<HistoryEntry>),
    /// The answer to `inbox`.
    Inbox(Box<InboxAnswer>),
    /// The answer to `state`.
    State(Box<StateView>),
    /// Done: the answer to `ack` and `subscribe`.
    Ok {
        /// The last event.
        seq: Seq,
    },
    /// Is the client there?
    Ping,
    /// The answer to `ping`.
    Pong,
    /// A frame that this version does not know.
    Unknown,
}

/// A frame with its `ref`.
#[derive(Debug)]
pub struct Answer {
    /// The `ref` of the request, as JSON; `None` when nothing was asked.
    pub reference: Option<String>,
    /// The frame.
    pub frame: BusFrame,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    op: Cow<'a, str>,
    #[serde(borrow, rename = "ref", default)]
    reference: Option<&'a RawValue>,
}

impl Answer {
    /// Reads a line from the bus.
    ///
    /// # Errors
    /// When it is not a frame.
    pub fn parse(line: &[u8]) -> serde_json::Result<Self> {
        let text = std::str::from_utf8(line).map_err(serde::de::Error::custom)?.trim();
        let head: Head<'_> = from_object(text)?;
        let frame = match &*head.op {
            "message" => BusFrame::Message(Box::new(incoming(text)?)),
            "receipt" => BusFrame::Receipt(from_object(text)?),
            "decided" => BusFrame::Decided(from_object(text)?),
            "event" => BusFrame::Event(text.to_owned()),
            "error" => BusFrame::Error(from_object(text)?),
            "welcome" => BusFrame::Welcome(from_object(text)?),
            "notice" => BusFrame::Notice(from_object(text)?),
            "history" => BusFrame::History(from_object::<HistoryAnswer>(text)?.messages),
            "inbox" => BusFrame::Inbox(Box::new(inbox(text)?)),
            "state" => {
                #[derive(Deserialize)]
                struct Body {
                    state: StateView,
                }
                BusFrame::State(Box::new(from_object::<Body>(text)?.state))
            }
            "ok" => {
                #[derive(Deserialize)]
                struct Body {
                    seq: Seq,
                }
                BusFrame::Ok { seq: from_object::<Body>(text)?.seq }
            }
            "ping" => BusFrame::Ping,
            "pong" => BusFrame::Pong,
            _ => BusFrame::Unknown,
        };
        Ok(Self { reference: head.reference.map(|reference| reference.get().to_owned()), frame })
    }
}

fn incoming(text: &str) -> serde_json::Result<Incoming> {
    #[derive(Deserialize)]
    struct Body<'a> {
        seq: Seq,
        at: Millis,
        #[serde(borrow)]
        thread: Cow<'a, str>,
        expires_at: Millis,
        #[serde(borrow)]
        message: &'a RawValue,
    }
    let body: Body<'_> = from_object(text)?;
    let thread = MessageId::new(&body.thread).map_err(serde::de::Error::custom)?;
    let message = Message::parse(body.message.get(), None).map_err(serde::de::Error::custom)?;
    Ok(Incoming { seq: body.seq, at: body.at, thread, expires_at: body.expires_at, message })
}

fn inbox(text: &str) -> serde_json::Result<InboxAnswer> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        messages: Vec<&'a RawValue>,
    }
    let body: Body<'_> = from_object(text)?;
    let messages =
        body.messages.into_iter().map(|message| incoming(message.get())).collect::<Result<_, _>>()?;
    Ok(InboxAnswer { head: from_object(text)?, messages })
}

/// A frame as one line: `{"op":OP,"ref":REF,…the members of body…}`.
pub fn frame(op: &str, reference: Option<&str>, body: &impl Serialize) -> Bytes {
    let body = serde_json::to_string(body).unwrap_or_default();
    let mut line = String::with_capacity(body.len() + 64);
    line.push_str("{\"op\":\"");
    line.push_str(op);
    line.push('"');
    if let Some(reference) = reference {
        line.push_str(",\"ref\":");
        line.push_str(reference);
    }
    match body.strip_prefix('{') {
        Some(rest) if rest.len() > 1 => {
            line.push(',');
            line.push_str(rest);
        }
        _ => line.push('}'),
    }
    line.push('\n');
    Bytes::from(line)
}

/// A refusal as a frame.
pub fn error_frame(reference: Option<&str>, refusal: &Refusal) -> Bytes {
    frame("error", reference, refusal)
}

/// A message as a frame; the same bytes for every recipient.
pub fn message_frame(seq: Seq, at: Millis, thread: &MessageId, expires_at: Millis, raw: &[u8]) -> Bytes {
    use std::io::Write as _;
    let mut line = Vec::with_capacity(raw.len() + 192);
    let thread = serde_json::to_string(thread).unwrap_or_default();
    let (seq, at, expires_at) = (seq.0, at.0, expires_at.0);
    // Writing to a vector can not fail.
    let _ = write!(
        line,
        "{{\"op\":\"message\",\"seq\":{seq},\"at\":{at},\"thread\":{thread},\"expires_at\":{expires_at},\"message\":"
    );
    line.extend_from_slice(raw);
    line.extend_from_slice(b"}\n");
    Bytes::from(line)
}

/// A line of the journal as an `event` frame.
pub fn event_frame(line: &[u8]) -> Bytes {
    let rest = line.strip_prefix(b"{").unwrap_or(line);
    let mut frame = Vec::with_capacity(line.len() + 16);
    frame.extend_from_slice(b"{\"op\":\"event\",");
    frame.extend_from_slice(rest);
    if !frame.ends_with(b"\n") {
        frame.push(b'\n');
    }
    Bytes::from(frame)
}
