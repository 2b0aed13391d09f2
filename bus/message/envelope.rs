//! Reading an envelope: its fields, what the bus fills in, and why one is refused.

use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU64;
use std::ops::Range;

use bytes::Bytes;
use schemars::{JsonSchema, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{MessageType, Priority, Recipient, Sender};
use crate::name::{MessageId, RepoName};
use crate::payload::{Payload, word};
use crate::refusal::{Code, Refusal};
use crate::schema;

/// The member of an envelope that says who changed the message.
const AMENDED_BY: &str = "amended_by";

/// A message that the bus has checked, with the bytes it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Who sent it.
    pub from: Sender,
    /// Whom it is for.
    pub to: Recipient,
    /// How pressing it is.
    pub priority: Priority,
    /// When the sender wrote it, in seconds since the Unix epoch, by the sender's clock.
    pub timestamp: u64,
    /// The message that it answers.
    pub reply_to: Option<MessageId>,
    /// Seconds, from its arrival at the bus, until it is stale.
    pub ttl: Option<NonZeroU64>,
    /// Who changed what it says, where it is not the sender's word any more: the operator, who held it.
    pub amended_by: Option<RepoName>,
    /// What it says.
    pub payload: Payload,
    /// The envelope as JSON, byte for byte as it was sent, but for what the bus filled in.
    pub raw: Bytes,
    /// Where in `raw` the payload stands.
    payload_at: Range<usize>,
}

/// What the bus fills in where a sender left it out.
#[derive(Clone, Copy)]
pub struct Defaults<'a> {
    /// Makes an id that no message has yet.
    pub id: &'a dyn Fn() -> MessageId,
    /// The registered identity.
    pub from: &'a Sender,
    /// Now, in seconds since the Unix epoch.
    pub timestamp: u64,
}

/// The envelope as serde reads it; what no field names is checked as JSON and otherwise left alone.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default, deserialize_with = "present")]
    id: Option<MessageId>,
    #[serde(default, deserialize_with = "present_object")]
    from: Option<Sender>,
    #[serde(deserialize_with = "object")]
    to: Recipient,
    #[serde(rename = "type", deserialize_with = "kind")]
    kind: MessageType,
    #[serde(default, deserialize_with = "word")]
    priority: Option<Priority>,
    #[serde(borrow)]
    payload: &'a RawValue,
    #[serde(default, deserialize_with = "present")]
    timestamp: Option<u64>,
    reply_to: Option<MessageId>,
    ttl: Option<NonZeroU64>,
    amended_by: Option<RepoName>,
}

fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MessageType, D::Error> {
    word(deserializer)?.ok_or_else(|| de::Error::custom("no type"))
}

/// What the bus may fill in is there or not there, never null: a name must not stand twice in an envelope.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn present_object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    object(deserializer).map(Some)
}

/// A struct from a JSON object only; serde's derive would also take its fields as an array.
fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Object<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(de::value::MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_map(Object(PhantomData))
}

/// Reads a struct from the text of a JSON object, which must not be an array either.
pub(crate) fn from_object<'a, T: Deserialize<'a>>(json: &'a str) -> serde_json::Result<T> {
    if json.starts_with('{') {
        return serde_json::from_str(json);
    }
    let found = serde_json::from_str::<Value>(json)?;
    Err(de::Error::custom(format!("expected an object, found {}", schema::describe(&found))))
}

// `payload` is described by the type's own schemas.
#[derive(JsonSchema)]
#[schemars(title = "Message", description = "A message between repos.")]
#[expect(dead_code, reason = "only its schema is used")]
struct EnvelopeSchema {
    /// Unique to the message; the bus makes one when it is left out.
    #[schemars(with = "MessageId", default, skip_serializing_if = "Option::is_none")]
    id: Option<MessageId>,
    /// Who sends; the bus fills in the registered identity when it is left out.
    #[schemars(with = "Sender", default, skip_serializing_if = "Option::is_none")]
    from: Option<Sender>,
    /// Whom it is for.
    to: Recipient,
    /// What kind of thing it says.
    #[schemars(rename = "type")]
    kind: MessageType,
    /// How pressing it is; `normal` when left out.
    priority: Option<Priority>,
    /// What it says; its fields depend on the type.
    payload: serde_json::Map<String, Value>,
    /// Seconds since the Unix epoch, by the sender's clock; the bus fills it in when it is left out.
    #[schemars(with = "u64", default, skip_serializing_if = "Option::is_none")]
    timestamp: Option<u64>,
    /// The id of the message that it answers.
    reply_to: Option<MessageId>,
    /// Seconds from its arrival until it is stale, at least 1.
    #[schemars(range(min = 1))]
    ttl: Option<u64>,
}

impl Message {
    /// Checks an envelope and its payload. With `defaults`, what the sender left out of `id`, `from` and `timestamp`
    /// is filled in, in front of the bytes that were sent; without, it is refused.
    ///
    /// # Errors
    /// A refusal that names the field, what was expected there, and what was found.
    pub fn parse(json: &str, defaults: Option<&Defaults<'_>>) -> Result<Self, Refusal> {
        let json = json.trim();
        let envelope: Envelope<'_> = from_object(json).map_err(|error| explain(json, &error))?;
        if defaults.is_some() && envelope.amended_by.is_some() {
            let refusal =
                Refusal::new(Code::InvalidMessage, "only the operator changes messages, through the bus");
            return Err(refusal.at(AMENDED_BY).hint("leave it out"));
        }
        let is_reply = envelope.reply_to.is_some();
        let payload = Payload::parse(envelope.kind, is_reply, envelope.payload.get())?;
        let missing = |field: &str| Refusal::expected(Code::InvalidMessage, field, "a value", "nothing");
        let mut filled = Vec::new();
        let id = match (envelope.id, defaults) {
            (Some(id), _) => id,
            (None, Some(defaults)) => {
                let id = (defaults.id)();
                filled.push(format!("\"id\":{}", json_of(&id)));
                id
            }
            (None, None) => return Err(missing("id")),
        };
        let from = match (envelope.from, defaults) {
            (Some(from), _) => from,
            (None, Some(defaults)) => {
                filled.push(format!("\"from\":{}", json_of(defaults.from)));
                defaults.from.clone()
            }
            (None, None) => return Err(missing("from")),
        };
        let timestamp = match (envelope.timestamp, defaults) {
            (Some(timestamp), _) => timestamp,
            (None, Some(defaults)) => {
                filled.push(format!("\"timestamp\":{}", defaults.timestamp));
                defaults.timestamp
            }
            (None, None) => return Err(missing("timestamp")),
        };
        let raw = with_filled(json, &filled);
        // The payload's text is a part of `json`, so that the distance of the two is its place in it.
        let start =
            envelope.payload.get().as_ptr() as usize - json.as_ptr() as usize + raw.len() - json.len();
        Ok(Self {
            id,
            from,
            to: envelope.to,
            priority: envelope.priority.unwrap_or_default(),
            timestamp,
            reply_to: envelope.reply_to,
            ttl: envelope.ttl,
            amended_by: envelope.amended_by,
            payload_at: start..start + envelope.payload.get().len(),
            payload,
            raw,
        })
    }

    /// What kind of thing it says.
    pub fn kind(&self) -> MessageType {
        self.payload.kind()
    }

    /// The envelope as text.
    pub fn json(&self) -> &str {
        std::str::from_utf8(&self.raw).unwrap_or_default()
    }

    /// The payload as text, as it was sent.
    pub fn payload_json(&self) -> &str {
        self.json().get(self.payload_at.clone()).unwrap_or_default()
    }

    /// The same envelope with another payload, in the operator's name.
    ///
    /// # Errors
    /// When `payload` is none for a message of this type; the refusal names the field.
    pub fn amended(&self, payload: &str) -> Result<Self, Refusal> {
        let json = self.json();
        let (before, after) = (&json[..self.payload_at.start], &json[self.payload_at.end..]);
        let signed = if self.amended_by.is_some() {
            String::new()
        } else {
            format!("\"{AMENDED_BY}\":{},", json_of(&RepoName::operator()))
        };
        let before = before.strip_prefix('{').unwrap_or(before);
        Self::parse(&["{", &signed, before, payload, after].concat(), None)
    }

    /// The envelope's JSON Schema, with the payload left open.
    pub fn schema() -> Value {
        schema::of::<EnvelopeSchema>()
    }

    /// The JSON Schema of a whole message of type `kind`, opening or answer.
    pub fn schema_of(kind: MessageType) -> Value {
        let mut schema = Self::schema();
        let forms = [false, true].map(|answer| {
            let mut form = crate::payload::form_schema(kind, answer);
            // Only the whole is a schema document.
            form.as_object_mut().map(|form| form.remove("$schema"));
            form
        });
        schema["title"] = Value::from(kind.as_str());
        schema["properties"]["type"] = json_schema!({ "const": kind.as_str() }).to_value();
        schema["properties"]["payload"] = serde_json::json!({ "anyOf": forms });
        schema
    }
}

/// Puts `filled` members in front of an object's own, in as much memory as that takes: a message may be kept for long,
/// and what it was read from is not.
fn with_filled(json: &str, filled: &[String]) -> Bytes {
    let Some(rest) = json.strip_prefix('{').filter(|_| !filled.is_empty()) else {
        return Bytes::copy_from_slice(json.as_bytes());
    };
    let filled = filled.join(",");
    Bytes::from(["{", &filled, ",", rest].concat())
}

pub(super) fn json_of(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The refusal of an envelope that serde did not take, in the schema's terms.
fn explain(json: &str, error: &serde_json::Error) -> Refusal {
    schema::explain(&Message::schema(), json, "message", Code::InvalidMessage, error)
}
