//! The envelope (specification, "Base Message Structure") and its validation.

mod draft;
mod envelope;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

pub use draft::Draft;
pub(crate) use envelope::from_object;
pub use envelope::{Defaults, Message};

use crate::name::{BROADCAST, Capability, InstanceId, RepoName, SessionId};

/// The most capabilities that a message may ask for, or an instance declare.
pub const MAX_CAPABILITIES: usize = 64;

/// What kind of thing a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "each has a module of its own in `payload`")]
pub enum MessageType {
    RequestChange,
    Query,
    Notify,
    Negotiate,
    Task,
}

impl MessageType {
    /// All five, in the specification's order.
    pub const ALL: [Self; 5] = [Self::RequestChange, Self::Query, Self::Notify, Self::Negotiate, Self::Task];

    /// The name as it stands in an envelope.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequestChange => "RequestChange",
            Self::Query => "Query",
            Self::Notify => "Notify",
            Self::Negotiate => "Negotiate",
            Self::Task => "Task",
        }
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for MessageType {
    type Err = String;
    /// Takes the envelope's spelling, and the command line's (`request-change`).
    fn from_str(name: &str) -> Result<Self, String> {
        let plain = |text: &str| text.replace(['-', '_'], "").to_lowercase();
        let found = Self::ALL.into_iter().find(|kind| plain(kind.as_str()) == plain(name));
        found.ok_or_else(|| format!("expected one of {}", Self::ALL.map(Self::as_str).join(", ")))
    }
}

/// How pressing a message is. The order is that of mailboxes: `Low < Normal < High`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Priority {
    Low,
    #[default]
    Normal,
    High,
}

impl Priority {
    /// The name as it stands in an envelope.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sender {
    /// The repo that the sender answers to.
    pub repo: RepoName,
    /// Where that repo is on the sender's disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The conversation of the agent's host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// The sending process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<InstanceId>,
}

/// Whom a message is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Recipient {
    /// One repo, or everyone.
    pub repo: Target,
    /// Only instances that declare all of these get it.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "capabilities")]
    #[schemars(length(max = 64))]
    pub capabilities: Vec<Capability>,
}

impl Recipient {
    /// Whatever instance of `repo`.
    pub fn repo(repo: RepoName) -> Self {
        Self { repo: Target::Repo(repo), capabilities: Vec::new() }
    }

    /// Every repo that the bus knows but the sender's.
    pub fn everyone() -> Self {
        Self { repo: Target::Everyone, capabilities: Vec::new() }
    }
}

pub(crate) fn capabilities<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Capability>, D::Error> {
    let list = Vec::<Capability>::deserialize(deserializer)?;
    if list.len() > MAX_CAPABILITIES {
        return Err(de::Error::custom(format!(
            "at most {MAX_CAPABILITIES} capabilities, found {}",
            list.len()
        )));
    }
    Ok(list)
}

/// One repo, or every repo that the bus knows but the sender's (`"*"`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// `"*"`.
    Everyone,
    /// A repo by its name.
    Repo(RepoName),
}

impl Target {
    /// The name as it stands in an envelope.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Everyone => BROADCAST,
            Self::Repo(repo) => repo.as_str(),
        }
    }
}

impl From<RepoName> for Target {
    fn from(repo: RepoName) -> Self {
        if repo.as_str() == BROADCAST { Self::Everyone } else { Self::Repo(repo) }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Target {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RepoName::deserialize(deserializer).map(Self::from)
    }
}

impl JsonSchema for Target {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Target".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        RepoName::json_schema(generator)
    }
}
