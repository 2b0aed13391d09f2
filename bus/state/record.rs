//! Messages as the state remembers them, with a ladder for each recipient.

use std::cmp::Reverse;
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::mailbox::Order;
use crate::event::{Accepted, Routing};
use crate::message::{Message, MessageType, Priority};
use crate::name::{Capability, InstanceId, MessageId, RepoName, Seq};
use crate::refusal::Code;
use crate::time::Millis;

/// A step of the ladder, for one recipient. The order is the ladder's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// This recipient does not get it.
    Refused,
    /// No instance of the repo can take it now; it waits.
    Queued,
    /// It was handed to a connected instance, which has not said yet that it has it.
    Routed,
    /// An instance's client has it and said so.
    Delivered,
    /// Its time was up before it was read.
    Expired,
    /// The agent itself has seen it.
    Read,
    /// The recipient answered it.
    Answered,
}

impl Stage {
    /// The step that a message is on when it has just been accepted.
    pub fn first(routing: &Routing) -> Self {
        match routing {
            Routing { refused: Some(_), .. } => Self::Refused,
            Routing { instance: Some(_), .. } => Self::Routed,
            _ => Self::Queued,
        }
    }

    /// Whether the message is still in the recipient's mailbox.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Routed | Self::Delivered)
    }

    /// The name as it stands in a frame.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Queued => "queued",
            Self::Routed => "routed",
            Self::Delivered => "delivered",
            Self::Expired => "expired",
            Self::Read => "read",
            Self::Answered => "answered",
        }
    }
}

/// How far a message is with one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The recipient.
    pub repo: RepoName,
    /// The step that was reached.
    pub stage: Stage,
    /// The step when the message was accepted: what its first receipt said.
    pub first: Stage,
    /// The instance that has it, or read it.
    pub instance: Option<InstanceId>,
    /// Why it was refused.
    pub refused: Option<Code>,
    /// When each step was last reached, in order.
    steps: Vec<(Stage, Millis)>,
}

impl Delivery {
    pub(super) fn new(routing: &Routing, at: Millis) -> Self {
        let stage = Stage::first(routing);
        Self {
            repo: routing.repo.clone(),
            stage,
            first: stage,
            instance: routing.instance.clone(),
            refused: routing.refused,
            steps: vec![(stage, at)],
        }
    }

    /// Goes to `stage`, which may be a step back while the mailbox still has the message. `false` when the ladder
    /// does not lead there: a settled message only ever goes up.
    pub(super) fn reach(&mut self, stage: Stage, at: Millis) -> bool {
        if !self.stage.is_open() && stage <= self.stage || self.stage == Stage::Refused {
            return false;
        }
        self.stage = stage;
        self.steps.retain(|&(step, _)| step != stage);
        self.steps.push((stage, at));
        true
    }

    /// The steps that were reached, each with the last time it was, in that order.
    pub fn steps(&self) -> &[(Stage, Millis)] {
        &self.steps
    }
}

/// A remembered message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The event that accepted it.
    pub seq: Seq,
    /// When that was.
    pub at: Millis,
    /// Its id.
    pub id: MessageId,
    /// Who sent it.
    pub from: RepoName,
    /// The instance that sent it.
    pub by: InstanceId,
    /// What kind of thing it says.
    pub kind: MessageType,
    /// How pressing it is.
    pub priority: Priority,
    /// The capabilities that a recipient must have.
    pub capabilities: Vec<Capability>,
    /// The id of the message that it answers.
    pub reply_to: Option<MessageId>,
    /// The event that accepted that message, where it was remembered: always an earlier one.
    pub parent: Option<Seq>,
    /// The id of the message that its thread began with.
    pub thread: MessageId,
    /// When it is stale.
    pub expires_at: Millis,
    /// Its size in bytes.
    pub size: usize,
    /// Tells its content from another's; see [`content_digest`].
    pub digest: u64,
    /// The envelope as JSON, while it is kept.
    pub body: Option<Bytes>,
    /// How far it is with each recipient.
    pub deliveries: Vec<Delivery>,
}

impl Record {
    pub(super) fn new(seq: Seq, at: Millis, accepted: &Accepted) -> Self {
        let message = &accepted.message;
        Self {
            seq,
            at,
            id: message.id.clone(),
            from: message.from.repo.clone(),
            by: accepted.by.clone(),
            kind: message.kind(),
            priority: message.priority,
            capabilities: message.to.capabilities.clone(),
            reply_to: message.reply_to.clone(),
            parent: accepted.parent,
            thread: accepted.thread.clone(),
            expires_at: accepted.expires_at,
            size: message.raw.len(),
            digest: content_digest(message),
            body: Some(message.raw.clone()),
            deliveries: Vec::with_capacity(accepted.recipients.len()),
        }
    }

    /// Its place in a mailbox.
    pub fn order(&self) -> Order {
        (Reverse(self.priority), self.seq)
    }

    /// How far it is with `repo`.
    pub fn delivery(&self, repo: &RepoName) -> Option<&Delivery> {
        self.deliveries.iter().find(|delivery| delivery.repo == *repo)
    }

    pub(super) fn delivery_mut(&mut self, repo: &RepoName) -> Option<&mut Delivery> {
        self.deliveries.iter_mut().find(|delivery| delivery.repo == *repo)
    }

    /// Whether no mailbox has it any more.
    pub fn is_finished(&self) -> bool {
        !self.deliveries.iter().any(|delivery| delivery.stage.is_open())
    }
}

/// A number that differs when what a message says differs; what the bus may fill in does not count, so that a resend
/// is recognised. It is only compared within one process.
pub fn content_digest(message: &Message) -> u64 {
    let mut hasher = DefaultHasher::new();
    message.from.repo.hash(&mut hasher);
    message.to.hash(&mut hasher);
    message.priority.hash(&mut hasher);
    message.reply_to.hash(&mut hasher);
    message.ttl.hash(&mut hasher);
    message.payload_json().hash(&mut hasher);
    hasher.finish()
}
