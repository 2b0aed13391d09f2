//! What the texts of the fields say, as JSON.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use veda_bus_core::message::{MessageType, Sender};
use veda_bus_core::name::MessageId;

use super::field::{Field, Input};

/// The value that `text` gives a field; `None` when nothing is said.
///
/// # Errors
/// Why no value can be made of the text, in words.
pub(super) fn value(field: &Field, text: &str) -> Result<Option<Value>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    if text.contains('\0') {
        return Err("NUL can not be sent; no program can rely on text with it".to_owned());
    }
    Ok(Some(match field.input {
        Input::Line | Input::Open(_) | Input::Repo => Value::from(text.trim()),
        Input::Choice { .. } => match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            word => Value::from(word),
        },
        Input::Text => Value::from(text),
        Input::Capabilities => entries(text.split(',')),
        Input::List | Input::Repos => entries(text.lines()),
        Input::Seconds => Value::from(seconds(text.trim())?),
        Input::Subtasks => subtasks(text)?,
        Input::Json => structure(text).unwrap_or_else(|| Value::from(text)),
    }))
}

fn entries<'a>(entries: impl Iterator<Item = &'a str>) -> Value {
    entries.map(str::trim).filter(|entry| !entry.is_empty()).collect()
}

/// A time span in seconds: `90`, `90s`, `15m`, `2h`, `1d`.
fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || "expected seconds, or a time span such as 15m, 2h or 1d".to_owned();
    let unit = text.chars().last().filter(|unit| !unit.is_ascii_digit());
    let factor = match unit {
        None | Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 86_400,
        Some(_) => return Err(wrong()),
    };
    let number = text.trim_end_matches(|c| Some(c) == unit).trim_end();
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(factor).ok_or_else(wrong)
}

/// `Repo: text` lines; a line that begins with white space goes on with the text above it.
fn subtasks(text: &str) -> Result<Value, String> {
    let mut parts: Vec<(&str, String)> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match parts.last_mut() {
            Some((_, part)) if line.starts_with(char::is_whitespace) => {
                part.push('\n');
                part.push_str(line.trim());
            }
            _ => {
                let found = line.split_once(':');
                let (repo, part) = found.ok_or("expected \"Repo: what it is to do\" in every line")?;
                parts.push((repo.trim(), part.trim().to_owned()));
            }
        }
    }
    let mut map = Map::new();
    for (repo, part) in parts {
        if map.insert(repo.to_owned(), Value::from(part)).is_some() {
            return Err(format!("{repo} stands there twice"));
        }
    }
    Ok(Value::Object(map))
}

/// The JSON object or array that a text is. A bare word or number is text: what was meant can not be told.
fn structure(text: &str) -> Option<Value> {
    looks_like_json(text).then(|| serde_json::from_str(text).ok())?
}

/// Whether a text begins like a JSON object or array.
pub(super) fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// Members of a JSON object in the order in which they are written.
#[derive(Debug, Clone, Default)]
pub(super) struct Members(pub(super) Vec<(String, Value)>);

impl Members {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// What a form says, without what is filled in when it is sent.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Content {
    #[serde(skip_serializing_if = "Members::is_empty")]
    to: Members,
    #[serde(rename = "type")]
    kind: MessageType,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<Value>,
    payload: Members,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<MessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<Value>,
}

/// A content with its id, its sender, and the sender's clock in seconds.
#[derive(Serialize)]
pub(super) struct Envelope<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'a MessageId>,
    pub(super) from: &'a Sender,
    #[serde(flatten)]
    pub(super) content: &'a Content,
    pub(super) timestamp: u64,
}

impl Content {
    pub(super) fn new(kind: MessageType, reply_to: Option<MessageId>) -> Self {
        Self {
            to: Members::default(),
            kind,
            priority: None,
            payload: Members::default(),
            reply_to,
            ttl: None,
        }
    }

    /// Puts the value of a field where it belongs.
    pub(super) fn put(&mut self, field: &Field, value: Value) {
        match field.at.split_once('.') {
            Some(("to", name)) => self.to.0.push((name.to_owned(), value)),
            Some((_, name)) => self.payload.0.push((name.to_owned(), value)),
            None if field.input == Input::Seconds => self.ttl = Some(value),
            None => self.priority = Some(value),
        }
    }
}
