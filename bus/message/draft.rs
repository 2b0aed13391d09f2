//! Writing an envelope.

use std::num::NonZeroU64;

use serde::Serialize;
use serde_json::value::RawValue;

use super::envelope::json_of;
use super::{Message, MessageType, Priority, Recipient, Sender};
use crate::name::MessageId;
use crate::payload::Payload;

/// A message to be written: what a sender decides, without what the bus or its client fills in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Whom it is for.
    pub to: Recipient,
    /// What it says.
    pub payload: Payload,
    /// How pressing it is.
    pub priority: Priority,
    /// Seconds until it is stale; the bus's default when `None`.
    pub ttl: Option<NonZeroU64>,
    /// The message that it answers.
    pub reply_to: Option<MessageId>,
}

impl Draft {
    /// A message of normal priority.
    pub fn new(to: Recipient, payload: Payload) -> Self {
        Self { to, payload, priority: Priority::Normal, ttl: None, reply_to: None }
    }

    /// An answer to `message`, for its sender.
    pub fn answer(message: &Message, payload: Payload) -> Self {
        let to = Recipient::repo(message.from.repo.clone());
        Self { reply_to: Some(message.id.clone()), priority: message.priority, ..Self::new(to, payload) }
    }

    /// The envelope as JSON, with a new id, `from` as given, and the sender's clock in seconds.
    pub fn to_json(&self, id: &MessageId, from: &Sender, timestamp: u64) -> String {
        #[derive(Serialize)]
        struct Out<'a> {
            id: &'a MessageId,
            from: &'a Sender,
            to: &'a Recipient,
            #[serde(rename = "type")]
            kind: MessageType,
            priority: Priority,
            payload: Box<RawValue>,
            timestamp: u64,
            #[serde(skip_serializing_if = "Option::is_none")]
            reply_to: &'a Option<MessageId>,
            #[serde(skip_serializing_if = "Option::is_none")]
            ttl: Option<NonZeroU64>,
        }
        let payload = self.payload.to_json().and_then(RawValue::from_string).unwrap_or_default();
        json_of(&Out {
            id,
            from,
            to: &self.to,
            kind: self.payload.kind(),
            priority: self.priority,
            payload,
            timestamp,
            reply_to: &self.reply_to,
            ttl: self.ttl,
        })
    }
}
