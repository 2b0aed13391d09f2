//! Names and numbers of the domain: who ([`RepoName`], [`InstanceId`], [`SessionId`]), which message
//! ([`MessageId`]), and which event ([`Seq`]).
//!
//! Each is a type of its own, so that a sequence number is never taken for a count, nor a session for an instance.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use arcstr::ArcStr;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::text;

/// The longest name that the bus takes, in bytes.
pub const MAX_NAME_BYTES: usize = 128;

/// The repo that addresses everyone (specification, "Base Message Structure").
pub const BROADCAST: &str = "*";

/// What the bus itself signs with; nobody else may bear the name.
pub const BUS: &str = "bus";

/// The repo that the person at the console answers to.
pub const OPERATOR: &str = "operator";

/// Why a string can not be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing in it but white space.
    #[error("an empty string")]
    Empty,
    /// Longer than [`MAX_NAME_BYTES`].
    #[error("a string of {0} bytes (at most {MAX_NAME_BYTES})")]
    TooLong(usize),
    /// A character that could disguise the name in a terminal, or white space at either end.
    #[error("a string with {0}")]
    Hostile(String),
}

/// Checks that `name` may stand for a repo, an instance, a session, a capability, or a message.
///
/// # Errors
/// A [`NameError`] when it is blank, too long, padded, or holds a control or format character.
pub fn check_name(name: &str) -> Result<(), NameError> {
    if name.trim().is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(NameError::TooLong(name.len()));
    }
    if name.trim() != name {
        return Err(NameError::Hostile("white space at an end".into()));
    }
    match name.chars().find(|&c| text::is_hostile(c)) {
        Some(c) => Err(NameError::Hostile(format!("U+{:04X} in it", u32::from(c)))),
        None => Ok(()),
    }
}

fn name_schema() -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX_NAME_BYTES, "format": "name" })
}

/// How many names of a written state are shared with those that come after them.
const SHARED: usize = 4_096;

thread_local! {
    static KNOWN: RefCell<HashSet<ArcStr>> = RefCell::default();
}

/// A name after checking it, as a handle that others of the same text on this thread share: a written state says few names
/// very often.
fn shared(name: &str) -> Result<ArcStr, NameError> {
    KNOWN.with_borrow_mut(|known| {
        if let Some(known) = known.get(name) {
            return Ok(known.clone());
        }
        check_name(name)?;
        if known.len() >= SHARED {
            known.clear();
        }
        let name = ArcStr::from(name);
        known.insert(name.clone());
        Ok(name)
    })
}

struct Share;

impl de::Visitor<'_> for Share {
    type Value = ArcStr;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }
    fn visit_str<E: de::Error>(self, name: &str) -> Result<ArcStr, E> {
        shared(name).map_err(E::custom)
    }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(ArcStr);

        impl $name {
            /// Takes a name after checking it.
            ///
            /// # Errors
            /// A [`NameError`] when [`check_name`] refuses it.
            pub fn new(name: &str) -> Result<Self, NameError> {
                check_name(name).map(|()| Self(name.into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;
            fn from_str(name: &str) -> Result<Self, NameError> {
                Self::new(name)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if !deserializer.is_human_readable() {
                    return deserializer.deserialize_str(Share).map(Self);
                }
                let name = Cow::<str>::deserialize(deserializer)?;
                Self::new(&name).map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                name_schema()
            }
        }
    };
}

name_type! {
    /// The name that one or several instances answer to: `Flagship`, `LensSDK`, `operator`.
    RepoName
}
name_type! {
    /// One connected agent process, for as long as it is the same process or says that it is.
    InstanceId
}
name_type! {
    /// A conversation of the agent's host, which may outlive a process.
    SessionId
}
name_type! {
    /// Something that an instance declares it can do: `auth`, `ui`.
    Capability
}

impl RepoName {
    /// What the bus signs with.
    pub fn bus() -> Self {
        Self(BUS.into())
    }

    /// Whether this is what the bus signs with.
    pub fn is_bus(&self) -> bool {
        self.0 == BUS
    }

    /// Whether this is the broadcast address, which is no repo.
    pub fn is_everyone(&self) -> bool {
        self.0 == BROADCAST
    }

    /// The person at the console.
    pub fn operator() -> Self {
        Self(OPERATOR.into())
    }

    /// Whether this is the person at the console.
    pub fn is_operator(&self) -> bool {
        self.0 == OPERATOR
    }
}

impl InstanceId {
    /// The bus, where it speaks for itself.
    pub fn bus() -> Self {
        Self(BUS.into())
    }

    /// A new, unique one.
    pub fn random() -> Self {
        Self(Uuid::new_v4().to_string().into())
    }
}

/// Names one message. The bus and its clients make UUIDs (version 4); a sender's own name is taken as it is,
/// because the specification's examples bear such names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(Id);

/// A canonical UUID takes 16 bytes without an allocation, which counts where a million messages are remembered.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Id {
    Uuid(Uuid),
    Text(ArcStr),
}

impl MessageId {
    /// A new, unique one.
    pub fn random() -> Self {
        Self(Id::Uuid(Uuid::new_v4()))
    }

    /// Takes an id after checking it.
    ///
    /// # Errors
    /// A [`NameError`] when [`check_name`] refuses it.
    pub fn new(id: &str) -> Result<Self, NameError> {
        if let Ok(uuid) = Uuid::try_parse(id) {
            let mut buffer = Uuid::encode_buffer();
            // Only the canonical spelling is kept as a UUID: an id is always told back as it was written.
            if &*uuid.hyphenated().encode_lower(&mut buffer) == id {
                return Ok(Self(Id::Uuid(uuid)));
            }
        }
        check_name(id).map(|()| Self(Id::Text(id.into())))
    }

    /// Whether the id, as text, begins with `prefix`.
    pub fn starts_with(&self, prefix: &str) -> bool {
        match &self.0 {
            Id::Uuid(uuid) => {
                let mut buffer = Uuid::encode_buffer();
                uuid.hyphenated().encode_lower(&mut buffer).starts_with(prefix)
            }
            Id::Text(text) => text.starts_with(prefix),
        }
    }

    /// The first eight characters of a UUID, the first sixteen of an id that somebody thought of: enough to point at a
    /// message in a list.
    pub fn short(&self) -> String {
        match &self.0 {
            Id::Uuid(_) => self.to_string().chars().take(8).collect(),
            Id::Text(text) => text.chars().take(16).collect(),
        }
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Id::Uuid(uuid) => uuid.hyphenated().fmt(f),
            Id::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl std::str::FromStr for MessageId {
    type Err = NameError;
    fn from_str(id: &str) -> Result<Self, NameError> {
        Self::new(id)
    }
}

impl Serialize for MessageId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            id if !serializer.is_human_readable() => Short::from(id).serialize(serializer),
            Id::Uuid(uuid) => {
                let mut buffer = Uuid::encode_buffer();
                serializer.serialize_str(uuid.hyphenated().encode_lower(&mut buffer))
            }
            Id::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for MessageId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let id = Cow::<str>::deserialize(deserializer)?;
            return Self::new(&id).map_err(de::Error::custom);
        }
        match Short::deserialize(deserializer)? {
            Short::Uuid(bytes) => Ok(Self(Id::Uuid(Uuid::from_bytes(bytes)))),
            Short::Text(id) => Self::new(&id).map_err(de::Error::custom),
        }
    }
}

/// An id where nobody reads it.
#[derive(Serialize, Deserialize)]
enum Short<'a> {
    Uuid([u8; 16]),
    Text(Cow<'a, str>),
}

impl<'a> From<&'a Id> for Short<'a> {
    fn from(id: &'a Id) -> Self {
        match id {
            Id::Uuid(uuid) => Self::Uuid(*uuid.as_bytes()),
            Id::Text(text) => Self::Text(Cow::Borrowed(text)),
        }
    }
}

impl JsonSchema for MessageId {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "MessageId".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        name_schema()
    }
}

/// The number of an event in the journal: 1, 2, 3 … without a gap.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The one after this; the last there can be is its own next one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_told_back_as_it_was_written() {
        for id in ["uuid-v4", "6f9619ff-8b86-4011-b42d-00c04fc964ff", "6F9619FF-8B86-4011-B42D-00C04FC964FF"]
        {
            assert_eq!(MessageId::new(id).unwrap().to_string(), id);
            assert!(MessageId::new(id).unwrap().starts_with(&id[..3]));
        }
    }

    #[test]
    fn names_that_could_deceive_are_refused() {
        for name in ["", " ", " a", "a\n", "a\u{202e}b", "\u{200b}", "a\u{0}b", &"x".repeat(129)] {
            assert!(RepoName::new(name).is_err(), "{name:?}");
        }
        assert!(RepoName::new("Lens SDK/ünï").is_ok());
    }
}
