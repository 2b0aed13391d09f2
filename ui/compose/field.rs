//! The fields of a form. The schemas of the bus say what each is, which are required, and what they mean; here stands
//! only in which order they are asked for, and which of the texts are long.

use serde_json::Value;
use veda_bus_core::message::{Message, MessageType};
use veda_bus_core::payload::form_schema;

/// How a field is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// One line of text.
    Line,
    /// Text of several lines.
    Text,
    /// A repo, or `*` for everyone.
    Repo,
    /// Capabilities with commas between them.
    Capabilities,
    /// One of these words; with `optional`, or none of them.
    Choice {
        /// The words, in the schema's order.
        words: Vec<String>,
        /// Whether there may be none.
        optional: bool,
    },
    /// One of these words, or any other line.
    Open(Vec<String>),
    /// A time span: `90` (seconds), `15m`, `2h`.
    Seconds,
    /// One entry a line.
    List,
    /// One repo a line.
    Repos,
    /// `Repo: text`, one a line; indented lines go on with the text.
    Subtasks,
    /// Text, or a JSON object or array.
    Json,
}

impl Input {
    /// Whether it takes line breaks.
    pub fn has_lines(&self) -> bool {
        matches!(self, Self::Text | Self::List | Self::Repos | Self::Subtasks | Self::Json)
    }

    /// The words to step through: of a choice those and no others, with an empty one where there may be none.
    pub(super) fn words(&self) -> Vec<&str> {
        match self {
            Self::Choice { words, optional } => {
                optional.then_some("").into_iter().chain(words.iter().map(String::as_str)).collect()
            }
            Self::Open(words) => words.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// One field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name in the protocol.
    pub name: String,
    /// Its place in the envelope, as refusals name it: `payload.summary`.
    pub at: String,
    /// What belongs into it, in the schema's words.
    pub doc: String,
    /// Whether the bus refuses a message without it.
    pub required: bool,
    /// How it is filled in.
    pub input: Input,
    /// The schema of its value.
    pub(super) schema: Value,
}

/// Where the recipient stands in an envelope.
pub(super) const TO: &str = "to.repo";
/// Where the priority stands.
pub(super) const PRIORITY: &str = "priority";

/// The payload's fields of a form in the order in which they are asked for. `outcome` of a Negotiate is missing: how a
/// negotiation ended is decided where its votes are shown, not written by hand.
pub(super) fn payload_names(kind: MessageType, answer: bool) -> &'static [&'static str] {
    match (kind, answer) {
        (MessageType::RequestChange, false) => &["summary", "reason", "suggested_implementation", "urgency"],
        (MessageType::RequestChange, true) => &["decision", "counter_proposal", "eta_seconds", "comment"],
        (MessageType::Query, false) => &["question", "context", "response_format"],
        (MessageType::Query, true) => &["answer", "acknowledged", "comment"],
        (MessageType::Notify, false) => &["change_type", "summary", "migration_guide", "effective_version"],
        (MessageType::Notify, true) => &["acknowledged", "findings", "comment"],
        (MessageType::Negotiate, false) => &["proposal", "affected_repos", "benefits", "requires_consensus"],
        (MessageType::Negotiate, true) => &["vote", "counter_proposal", "acknowledged", "comment"],
        (MessageType::Task, false) => &["task_type", "description", "subtasks"],
        (MessageType::Task, true) => &["status", "detail", "acknowledged", "comment"],
    }
}

/// Texts that are a line by their nature; all others may have several.
const LINES: [&str; 2] = ["summary", "effective_version"];

/// All fields of a form: the recipient, what is said, then what else of the envelope a sender decides and seldom does.
pub(super) fn fields(kind: MessageType, answer: bool) -> Vec<Field> {
    let envelope = Message::schema();
    let to = &envelope["properties"]["to"];
    let payload = form_schema(kind, answer);
    let said = payload_names(kind, answer).iter().map(|name| {
        field(&payload, name, &format!("payload.{name}"), |schema| {
            input_of(name, schema, is_required(&payload, name))
        })
    });
    let mut fields = vec![field(to, "repo", TO, |_| Input::Repo)];
    fields.extend(said);
    fields.extend([
        field(&envelope, "priority", PRIORITY, |schema| Input::Choice {
            words: choices(schema).unwrap_or_default(),
            optional: false,
        }),
        field(&envelope, "ttl", "ttl", |_| Input::Seconds),
        field(to, "capabilities", "to.capabilities", |_| Input::Capabilities),
    ]);
    fields
}

fn field(parent: &Value, name: &str, at: &str, input: impl FnOnce(&Value) -> Input) -> Field {
    let schema = parent["properties"][name].clone();
    Field {
        name: at.strip_prefix("payload.").or(at.strip_suffix(".repo")).unwrap_or(name).to_owned(),
        at: at.to_owned(),
        doc: doc_of(&schema),
        required: is_required(parent, name),
        input: input(&schema),
        schema,
    }
}

fn doc_of(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().to_owned()
}

fn is_required(parent: &Value, name: &str) -> bool {
    parent["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name))
}

/// How a payload's field is filled in, by what its value may be.
fn input_of(name: &str, schema: &Value, required: bool) -> Input {
    let optional = !required;
    if let Some(words) = choices(schema) {
        return Input::Choice { words, optional };
    }
    match kind_of(schema) {
        Some("boolean") => Input::Choice { words: ["true", "false"].map(str::to_owned).into(), optional },
        Some("integer") => Input::Seconds,
        Some("array") if schema["items"]["format"] == "name" => Input::Repos,
        Some("array") => Input::List,
        Some("object") => Input::Subtasks,
        Some(_) => {
            let words = known_words(&doc_of(schema));
            match (words.is_empty(), LINES.contains(&name)) {
                (false, _) => Input::Open(words),
                (true, true) => Input::Line,
                (true, false) => Input::Text,
            }
        }
        None => Input::Json,
    }
}

/// The type that a schema asks for, leaving null aside.
fn kind_of(schema: &Value) -> Option<&str> {
    match &schema["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str),
        kind => kind.as_str(),
    }
}

/// The words that a value may be, where the schema lists them.
fn choices(schema: &Value) -> Option<Vec<String>> {
    let schema = schema["anyOf"].get(0).unwrap_or(schema);
    let words = schema["enum"].as_array().or(schema["oneOf"].as_array())?;
    let word = |word: &Value| word.as_str().or(word["const"].as_str()).map(str::to_owned);
    Some(words.iter().filter_map(word).collect())
}

/// The words that a description puts between backticks, of a field that also takes any other.
fn known_words(doc: &str) -> Vec<String> {
    doc.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
