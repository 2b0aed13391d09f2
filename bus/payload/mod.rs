//! Payloads: what a message of each type says (specification, "Message Types"; one file a type).
//!
//! A payload has two forms. The **opening** form is the specification's. The **answer** form is for a message with a
//! `reply_to`: every field of it is optional, and at least one is there.

mod negotiate;
mod notify;
mod query;
mod request_change;
mod task;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

pub use negotiate::{Negotiate, NegotiateAnswer, Outcome, Vote};
pub use notify::{Notify, NotifyAnswer};
pub use query::{Query, QueryAnswer};
pub use request_change::{Decision, RequestChange, RequestChangeAnswer};
pub use task::{Task, TaskAnswer, TaskStatus};

use crate::message::{MessageType, from_object};
use crate::refusal::Refusal;
use crate::schema;

/// Text that says something: a string that is not blank.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    /// Takes `text` if it is not blank.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        Some(text.into()).filter(|text: &String| !text.trim().is_empty()).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).ok_or_else(|| de::Error::custom("blank text"))
    }
}

impl JsonSchema for Text {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "pattern": "\\S" })
    }
}

/// A payload in one of its two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form<O, A> {
    /// It asks or tells something new.
    Opening(O),
    /// It answers the message that `reply_to` names.
    Answer(A),
}

/// What the parts of an answer form have in common.
pub trait Answer {
    /// Whether none of its fields is there.
    fn is_empty(&self) -> bool;
    /// Whether it says no more than that the message arrived.
    fn is_acknowledgement(&self) -> bool;
    /// One line that says what it says.
    fn headline(&self) -> String;
}

/// What the opening forms have in common.
pub trait Opening {
    /// One line that says what it asks or tells.
    fn headline(&self) -> &str;
}

/// A checked payload, of one of the five types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// Another repo is asked to change something.
    RequestChange(Form<RequestChange, RequestChangeAnswer>),
    /// Another repo is asked a question.
    Query(Form<Query, QueryAnswer>),
    /// A change is announced.
    Notify(Form<Notify, NotifyAnswer>),
    /// A proposal is put to the vote.
    Negotiate(Form<Negotiate, NegotiateAnswer>),
    /// Work is handed out.
    Task(Form<Task, TaskAnswer>),
}

/// Runs `$body` with `$form` bound to the form inside any payload.
macro_rules! each_form {
    ($payload:expr, $form:ident => $body:expr) => {
        match $payload {
            Payload::RequestChange($form) => $body,
            Payload::Query($form) => $body,
            Payload::Notify($form) => $body,
            Payload::Negotiate($form) => $body,
            Payload::Task($form) => $body,
        }
    };
}

impl Payload {
    /// Reads the payload of a message of type `kind` from its JSON text, without white space around it.
    ///
    /// With `is_reply`, a complete opening is an opening and anything else an answer.
    ///
    /// # Errors
    /// A refusal that names the field, what was expected there, and what was found.
    pub fn parse(kind: MessageType, is_reply: bool, json: &str) -> Result<Self, Refusal> {
        Ok(match kind {
            MessageType::RequestChange => Self::RequestChange(parse_form(kind, is_reply, json)?),
            MessageType::Query => Self::Query(parse_form(kind, is_reply, json)?),
            MessageType::Notify => Self::Notify(parse_form(kind, is_reply, json)?),
            MessageType::Negotiate => Self::Negotiate(parse_form(kind, is_reply, json)?),
            MessageType::Task => Self::Task(parse_form(kind, is_reply, json)?),
        })
    }

    /// The type of the message that carries it.
    pub fn kind(&self) -> MessageType {
        match self {
            Self::RequestChange(_) => MessageType::RequestChange,
            Self::Query(_) => MessageType::Query,
            Self::Notify(_) => MessageType::Notify,
            Self::Negotiate(_) => MessageType::Negotiate,
            Self::Task(_) => MessageType::Task,
        }
    }

    /// Whether it is in the answer form.
    pub fn is_answer(&self) -> bool {
        each_form!(self, form => matches!(form, Form::Answer(_)))
    }

    /// Whether it is an answer that says no more than that the message arrived. A Notify asks for nothing more, so
    /// there an acknowledgement is the answer and this is false.
    pub fn is_acknowledgement(&self) -> bool {
        each_form!(self, form => matches!(form, Form::Answer(answer) if answer.is_acknowledgement()))
    }

    /// One line, unsafe to print as it is, that says what the payload says.
    pub fn headline(&self) -> String {
        each_form!(self, form => match form {
            Form::Opening(opening) => opening.headline().to_owned(),
            Form::Answer(answer) => answer.headline(),
        })
    }

    /// What it puts to the vote: a proposal, or a counter-proposal to one.
    pub fn wording(&self) -> Option<&str> {
        match self {
            Self::Negotiate(Form::Opening(opening)) => Some(opening.proposal.as_str()),
            Self::Negotiate(Form::Answer(answer)) => answer.counter_proposal.as_ref().map(Text::as_str),
            _ => None,
        }
    }

    /// The payload as JSON.
    ///
    /// # Errors
    /// None in practice: every field is plain data.
    pub fn to_json(&self) -> serde_json::Result<String> {
        each_form!(self, form => match form {
            Form::Opening(opening) => serde_json::to_string(opening),
            Form::Answer(answer) => serde_json::to_string(answer),
        })
    }

    /// The answer that says no more than that a message of type `kind` arrived.
    pub fn acknowledgement(kind: MessageType) -> Self {
        match kind {
            MessageType::RequestChange => Self::RequestChange(Form::Answer(RequestChangeAnswer {
                decision: Some(Decision::Acknowledged),
                ..Default::default()
            })),
            MessageType::Query => {
                Self::Query(Form::Answer(QueryAnswer { acknowledged: Some(true), ..Default::default() }))
            }
            MessageType::Notify => {
                Self::Notify(Form::Answer(NotifyAnswer { acknowledged: Some(true), ..Default::default() }))
            }
            MessageType::Negotiate => Self::Negotiate(Form::Answer(NegotiateAnswer {
                acknowledged: Some(true),
                ..Default::default()
            })),
            MessageType::Task => {
                Self::Task(Form::Answer(TaskAnswer { acknowledged: Some(true), ..Default::default() }))
            }
        }
    }

    /// The same with a comment.
    pub fn acknowledgement_with(kind: MessageType, text: Text) -> Self {
        let mut payload = Self::acknowledgement(kind);
        each_form!(&mut payload, form => {
            if let Form::Answer(answer) = form {
                answer.comment = Some(text);
            }
        });
        payload
    }

    /// The answer to a message of type `kind` that is a plain text: the answer of a Query, a comment elsewhere.
    /// `None` when the text is blank.
    pub fn plain_answer(kind: MessageType, text: &str) -> Option<Self> {
        let text = Some(Text::new(text)?);
        Some(match kind {
            MessageType::Query => {
                Self::Query(Form::Answer(QueryAnswer { answer: text.map(Value::from), ..Default::default() }))
            }
            _ => Self::comment(kind, text?),
        })
    }

    /// The answer to a message of type `kind` that is only a comment.
    pub fn comment(kind: MessageType, text: Text) -> Self {
        let comment = Some(text);
        match kind {
            MessageType::RequestChange => {
                Self::RequestChange(Form::Answer(RequestChangeAnswer { comment, ..Default::default() }))
            }
            MessageType::Query => Self::Query(Form::Answer(QueryAnswer { comment, ..Default::default() })),
            MessageType::Notify => Self::Notify(Form::Answer(NotifyAnswer { comment, ..Default::default() })),
            MessageType::Negotiate => {
                Self::Negotiate(Form::Answer(NegotiateAnswer { comment, ..Default::default() }))
            }
            MessageType::Task => Self::Task(Form::Answer(TaskAnswer { comment, ..Default::default() })),
        }
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::String(text.0)
    }
}

/// An optional word of a list, as a string only: serde's derive would also take `{"accepted": null}`, which no schema
/// allows and no other client expects.
pub(crate) fn word<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let word = Option::<String>::deserialize(deserializer)?;
    word.map(|word| T::deserialize(word.into_deserializer())).transpose()
}

fn parse_form<O, A>(kind: MessageType, is_reply: bool, json: &str) -> Result<Form<O, A>, Refusal>
where
    O: DeserializeOwned,
    A: DeserializeOwned + Answer,
{
    let opening = from_object::<O>(json);
    match opening {
        Ok(opening) => return Ok(Form::Opening(opening)),
        Err(error) if !is_reply => return Err(explain(kind, false, json, &error)),
        Err(_) => {}
    }
    match from_object::<A>(json) {
        Ok(answer) if !answer.is_empty() => Ok(Form::Answer(answer)),
        Ok(_) => Err(nothing_said(kind, json)),
        Err(error) => Err(explain(kind, true, json, &error)),
    }
}

/// The refusal of a payload that serde did not take, in the schema's terms.
fn explain(kind: MessageType, answer: bool, json: &str, error: &serde_json::Error) -> Refusal {
    let found = serde_json::from_str::<Value>(json)
        .ok()
        .and_then(|value| schema::mismatch(&form_schema(kind, answer), &value, "payload"));
    found.unwrap_or_else(|| Refusal::payload("payload", &format!("a {kind} payload"), &error.to_string()))
}

/// A reply whose payload is neither form: points at the opening's fields if it uses some, else names the answer's.
fn nothing_said(kind: MessageType, json: &str) -> Refusal {
    let opening = form_schema(kind, false);
    let value: Value = serde_json::from_str(json).unwrap_or_default();
    let uses = |field: &String| value.get(field).is_some();
    if property_names(&opening).iter().any(uses)
        && let Some(refusal) = schema::mismatch(&opening, &value, "payload")
    {
        return refusal;
    }
    let fields = property_names(&form_schema(kind, true)).join(", ");
    Refusal::payload("payload", &format!("at least one of {fields} in an answer"), "none of them")
}

fn property_names(schema: &Value) -> Vec<String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.map(|map| map.keys().cloned().collect()).unwrap_or_default()
}

/// The JSON Schema (2020-12) of one form of the payload of `kind`, generated from its Rust type.
pub fn form_schema(kind: MessageType, answer: bool) -> Value {
    match (kind, answer) {
        (MessageType::RequestChange, false) => schema::of::<RequestChange>(),
        (MessageType::RequestChange, true) => schema::of::<RequestChangeAnswer>(),
        (MessageType::Query, false) => schema::of::<Query>(),
        (MessageType::Query, true) => schema::of::<QueryAnswer>(),
        (MessageType::Notify, false) => schema::of::<Notify>(),
        (MessageType::Notify, true) => schema::of::<NotifyAnswer>(),
        (MessageType::Negotiate, false) => schema::of::<Negotiate>(),
        (MessageType::Negotiate, true) => schema::of::<NegotiateAnswer>(),
        (MessageType::Task, false) => schema::of::<Task>(),
        (MessageType::Task, true) => schema::of::<TaskAnswer>(),
    }
}

/// Joins what an answer says into one line: `accepted (300 s) — sounds good`.
fn join_headline(parts: &[Option<String>], comment: Option<&Text>) -> String {
    let said = parts.iter().flatten().cloned().collect::<Vec<_>>().join(", ");
    match (said.is_empty(), comment) {
        (_, None) => said,
        (true, Some(comment)) => comment.as_str().to_owned(),
        (false, Some(comment)) => format!("{said}: {}", comment.as_str()),
    }
}
