//! What the tools take. Their descriptions are what the model reads.

#![expect(clippy::doc_markdown, reason = "these comments are what a model reads of the tools")]

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use veda_bus_core::message::{MessageType, Priority};
use veda_bus_core::name::{Capability, RepoName, Seq};
use veda_bus_core::payload::{TaskStatus, Vote, form_schema};

/// The longest wait for an answer, in seconds: what a host lets a tool take before it puts it aside.
pub(super) const MAX_WAIT: u64 = 110;

/// How long an answer is waited for when nothing else is asked for, in seconds: below the shortest limit of the hosts.
pub(super) const DEFAULT_WAIT: u64 = 45;

/// A payload in its opening form.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct OpeningPayload(pub(super) Map<String, Value>);

/// A payload in its answer form.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct AnswerPayload(pub(super) Map<String, Value>);

/// One of the payloads of all types, as the bus takes them.
fn any_payload(answer: bool, description: &str) -> Schema {
    let form = |kind: MessageType| {
        let mut schema = form_schema(kind, answer);
        schema["title"] = format!("{kind}").into();
        // It stands inside another schema, and says which it is by its title.
        if let Some(members) = schema.as_object_mut() {
            members.remove("$schema");
        }
        schema
    };
    let forms: Vec<_> = MessageType::ALL.into_iter().map(form).collect();
    json_schema!({ "type": "object", "description": description, "anyOf": forms })
}

impl JsonSchema for OpeningPayload {
    fn schema_name() -> Cow<'static, str> {
        "OpeningPayload".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        any_payload(false, "What is asked or told: the fields of the message_type")
    }
}

impl JsonSchema for AnswerPayload {
    fn schema_name() -> Cow<'static, str> {
        "AnswerPayload".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        any_payload(true, "The answer: the fields of the type of the message that is answered")
    }
}

/// See [`super::tools`].
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SendMessage {
    /// The repository whose agent gets it; list_repositories tells the names. "operator" is the person in charge
    #[serde(deserialize_with = "as_shown")]
    pub(super) to_repo: RepoName,
    /// RequestChange asks for a change, Query asks a question, Notify announces, Negotiate puts a proposal to the vote,
    /// Task hands out work
    pub(super) message_type: MessageType,
    pub(super) payload: OpeningPayload,
    /// How pressing it is; high reaches a busy agent sooner
    #[serde(default)]
    pub(super) priority: Option<Priority>,
    /// Seconds until it is stale; the bus's default when left out
    #[serde(default)]
    pub(super) ttl_seconds: Option<NonZeroU64>,
    /// Only an agent that declares all of these gets it
    #[serde(default)]
    pub(super) to_capabilities: Vec<Capability>,
    /// The id of a message in whose thread it belongs
    #[serde(default)]
    pub(super) reply_to: Option<String>,
    /// Let it wait for a repository that this bus has never seen
    #[serde(default)]
    pub(super) allow_unknown: bool,
}

/// What can be said to everyone.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(super) enum BroadcastType {
    /// A change is announced.
    Notify,
    /// Work is handed out.
    Task,
}

impl From<BroadcastType> for MessageType {
    fn from(kind: BroadcastType) -> Self {
        match kind {
            BroadcastType::Notify => Self::Notify,
            BroadcastType::Task => Self::Task,
        }
    }
}

/// See [`super::tools`].
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Broadcast {
    /// Notify announces, Task hands out work
    pub(super) message_type: BroadcastType,
    pub(super) payload: OpeningPayload,
    /// How pressing it is
    #[serde(default)]
    pub(super) priority: Option<Priority>,
    /// Seconds until it is stale; the bus's default when left out
    #[serde(default)]
    pub(super) ttl_seconds: Option<NonZeroU64>,
    /// Only agents that declare all of these get it
    #[serde(default)]
    pub(super) to_capabilities: Vec<Capability>,
}

/// See [`super::tools`].
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct QueryCodebase {
    /// The repository whose agent is asked
    #[serde(deserialize_with = "as_shown")]
    pub(super) repo: RepoName,
    /// The question, in natural language
    pub(super) question: String,
    /// What helps to answer it
    #[serde(default)]
    pub(super) context: Option<String>,
    /// The form that the answer should have, such as rust_trait_definition
    #[serde(default)]
    pub(super) response_format: Option<String>,
    /// How pressing it is
    #[serde(default)]
    pub(super) priority: Option<Priority>,
    /// How many seconds to wait for the answer, at most 110; 45 when left out, 0 does not wait
    #[serde(default = "default_wait", deserialize_with = "wait")]
    #[schemars(range(max = 110))]
    pub(super) wait_seconds: u64,
}

/// See [`super::tools`].
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckMessages {
    /// Only messages that came after this place, which an earlier call gave; summary and more tell of unread ones before it
    #[serde(default)]
    pub(super) cursor: Option<Seq>,
    /// At most so many messages; 20 when left out
    #[serde(default)]
    #[schemars(range(min = 1, max = 100))]
    pub(super) limit: Option<usize>,
}

/// See [`super::tools`].
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplyToMessage {
    /// The id of the message that is answered, or the beginning of it
    #[serde(deserialize_with = "as_shown")]
    pub(super) id: String,
    /// The answer as text: the answer of a Query, a comment on anything else. Leave it out where payload says it
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) payload: Option<AnswerPayload>,
}

/// See [`super::tools`].
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WaitForReply {
    /// The id of the message whose answer is waited for, or the beginning of it
    #[serde(deserialize_with = "as_shown")]
    pub(super) id: String,
    /// How many seconds to wait, at most 110; 45 when left out, 0 only looks
    #[serde(default = "default_wait", deserialize_with = "wait")]
    #[schemars(range(max = 110))]
    pub(super) wait_seconds: u64,
}

/// See [`super::tools`].
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VoteOnNegotiation {
    /// The id of the message with the wording that is voted on
    #[serde(deserialize_with = "as_shown")]
    pub(super) id: String,
    /// accept, reject, abstain; counter puts other words to the vote
    pub(super) vote: Vote,
    /// With counter: the other words
    #[serde(default)]
    pub(super) counter_proposal: Option<String>,
    /// Why
    #[serde(default)]
    pub(super) comment: Option<String>,
}

/// See [`super::tools`].
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateTask {
    /// The id of the Task message
    #[serde(deserialize_with = "as_shown")]
    pub(super) id: String,
    /// How far this repository's part is
    pub(super) status: TaskStatus,
    /// More about it: what was done, what is in the way
    #[serde(default)]
    pub(super) detail: Option<String>,
}

/// See [`super::tools`].
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListRepositories {
    /// Also those that are not connected; true when left out
    #[serde(default = "yes")]
    pub(super) offline: bool,
}

/// See [`super::tools`].
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetThread {
    /// The id of any message of the thread, or the beginning of it
    #[serde(deserialize_with = "as_shown")]
    pub(super) id: String,
    /// The newest so many messages; 20 when left out
    #[serde(default)]
    #[schemars(range(min = 1, max = 100))]
    pub(super) limit: Option<usize>,
    /// Only the body of the message with this id, from this character on: for one that is too long to be told whole
    #[serde(default)]
    pub(super) from_character: Option<usize>,
}

/// A name as the tools have told it, where two signs stand as escapes.
fn as_shown<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let told = String::deserialize(deserializer)?;
    told.replace("\\u003c", "<").replace("\\u003e", ">").parse().map_err(D::Error::custom)
}

fn yes() -> bool {
    true
}

fn default_wait() -> u64 {
    DEFAULT_WAIT
}

fn wait<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Ok(u64::deserialize(deserializer)?.min(MAX_WAIT))
}
