//! Events: the facts that the journal keeps and the state is folded from.
//!
//! A line of the journal is an event with its number, its time and its link to the line before (`journal::line`).
//! Whatever the bus knows, it knows from these; `docs/protocol.md` has the table.

use serde::{Deserialize, Serialize};

use crate::message::{Message, Recipient};
use crate::name::{Capability, InstanceId, MessageId, RepoName, Seq, SessionId};
use crate::refusal::Code;
use crate::time::Millis;

/// An event with its place and time in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its number.
    pub seq: Seq,
    /// When the bus took it down, in milliseconds since the Unix epoch; never before the event before it.
    pub at: Millis,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A bus took the journal over. No instance is connected any more; what was in their hands waits again.
    Started(Started),
    /// A bus gave the journal up.
    Stopped(Stopped),
    /// What a recovery that begins here has to know of all that came before.
    Checkpoint(Checkpoint),
    /// An instance connected, came back, or changed what it declares.
    Registered(Registered),
    /// An instance is gone. What it had and had not read waits again.
    Left(Left),
    /// An instance does not answer while a message is on its way to it. What it had waits again.
    Stuck(InstanceRef),
    /// A stuck instance gave a sign of life.
    Resumed(InstanceRef),
    /// A message was accepted.
    Accepted(Box<Accepted>),
    /// Messages that waited were handed to a connected instance.
    Routed(Moved),
    /// An instance's client said that it has these messages.
    Delivered(Moved),
    /// The agent itself has seen these messages.
    Read(Moved),
    /// A recipient answered a message.
    Answered(Answered),
    /// A message's time was up before these recipients had read it.
    Expired(Expired),
    /// A sender was told of something that became of its messages.
    Noticed(Noticed),
    /// A message was not accepted.
    Refused(Refused),
}

impl Event {
    /// The name that stands in the journal.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started(_) => "started",
            Self::Stopped(_) => "stopped",
            Self::Checkpoint(_) => "checkpoint",
            Self::Registered(_) => "registered",
            Self::Left(_) => "left",
            Self::Stuck(_) => "stuck",
            Self::Resumed(_) => "resumed",
            Self::Accepted(_) => "accepted",
            Self::Routed(_) => "routed",
            Self::Delivered(_) => "delivered",
            Self::Read(_) => "read",
            Self::Answered(_) => "answered",
            Self::Expired(_) => "expired",
            Self::Noticed(_) => "noticed",
            Self::Refused(_) => "refused",
        }
    }
}

/// See [`Event::Started`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The process of the bus.
    pub pid: u32,
    /// Its version.
    pub version: String,
}

/// See [`Event::Stopped`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// The process of the bus.
    pub pid: u32,
}

/// See [`Event::Checkpoint`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The earliest event that still matters: everything after it, folded over `repos`, gives the state.
    pub since: Seq,
    /// Every repo that the bus has ever seen.
    pub repos: Vec<KnownRepo>,
    /// Every instance that is connected, for what the events after this one put into its hands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<Registered>,
    /// The chain digest of the line before this one, so that a verification may begin here.
    pub previous: String,
}

/// A repo as a checkpoint knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownRepo {
    /// Its name.
    pub repo: RepoName,
    /// When an instance of it was last connected.
    pub last_seen: Millis,
    /// From whom it takes requests, as last declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept_requests_from: Option<Vec<String>>,
    /// The sets of capabilities that its instances have declared.
    pub capabilities: Vec<Vec<Capability>>,
}

/// See [`Event::Registered`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The connected process.
    pub instance: InstanceId,
    /// The repo that it answers to.
    pub repo: RepoName,
    /// The conversation of its host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// Where its repo is on its disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What it declares it can do, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Capability>,
    /// From whom its repo takes requests; `*` is everyone.
    pub accept_requests_from: Vec<String>,
    /// What is pushed to it.
    pub receive: Receive,
    /// The program that connected, as it calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The process that connected, as the kernel tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
}

/// What is pushed to an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Receive {
    /// All that its repo gets.
    #[default]
    All,
    /// Only answers to what this very instance sent.
    Replies,
    /// Nothing: it only sends.
    None,
}

/// See [`Event::Left`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// The process that is gone.
    pub instance: InstanceId,
    /// The repo that it answered to.
    pub repo: RepoName,
    /// Why.
    pub reason: LeftReason,
}

/// Why an instance is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LeftReason {
    /// Its connection was closed.
    Closed,
    /// Another connection registered as the same instance.
    Replaced,
}

/// See [`Event::Stuck`] and [`Event::Resumed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceRef {
    /// The process.
    pub instance: InstanceId,
    /// The repo that it answers to.
    pub repo: RepoName,
}

/// See [`Event::Accepted`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The instance that sent it.
    pub by: InstanceId,
    /// The id of the message that its thread began with, or would have, were it known.
    pub thread: MessageId,
    /// The event that accepted what it answers, where that was remembered. It is older, whatever ids senders choose.
    pub parent: Option<Seq>,
    /// When it is stale.
    pub expires_at: Millis,
    /// What became of it, for each recipient.
    pub recipients: Vec<Routing>,
    /// The message itself.
    pub message: Message,
}

/// What became of a message for one recipient when it was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routing {
    /// The recipient.
    pub repo: RepoName,
    /// The connected instance that it was handed to; without one, it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<InstanceId>,
    /// Why this recipient does not get it, where a broadcast reached others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Code>,
}

/// Messages of one repo that took the same step. See [`Event::Routed`], [`Event::Delivered`], [`Event::Read`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The repo whose mailbox they are in.
    pub repo: RepoName,
    /// The instance that has them.
    pub instance: InstanceId,
    /// The messages.
    pub ids: Vec<MessageId>,
}

/// See [`Event::Answered`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The message that was answered.
    pub id: MessageId,
    /// The recipient that answered.
    pub repo: RepoName,
    /// The answer.
    pub answer: MessageId,
}

/// See [`Event::Expired`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expired {
    /// The message.
    pub id: MessageId,
    /// Who sent it, and is to be told.
    pub from: RepoName,
    /// The recipients that never read it.
    pub unread_by: Vec<RepoName>,
}

/// See [`Event::Noticed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noticed {
    /// The repo that was told.
    pub repo: RepoName,
    /// The expired messages of which it was told.
    pub ids: Vec<MessageId>,
}

/// See [`Event::Refused`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Who wanted to send it.
    pub repo: RepoName,
    /// Its id, where it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<MessageId>,
    /// Whom it was for, where that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Recipient>,
    /// For programs.
    pub code: Code,
    /// What was wrong, in a sentence.
    pub reason: String,
}
