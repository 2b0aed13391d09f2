//! What a filter can ask about: the facts of one message or one event.

use std::borrow::Cow;
use std::sync::OnceLock;
use std::time::Duration;

use cel::common::types::{CelInt, CelList, CelString};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use serde_json::Value;

use crate::event::{Accepted, Event, Recorded};
use crate::message::{Message, Priority};
use crate::name::{Capability, MessageId, OPERATOR, Seq};
use crate::time::Millis;

/// How much of a summary a filter sees, in bytes. A headline can be as long as a message, and a filter may go through
/// it once for every word of the expression.
pub const MAX_SUMMARY: usize = 4096;

/// How much of a text a filter sees, in bytes, for the same reason.
pub const MAX_TEXT: usize = 64 * 1024;

/// The facts that an expression is evaluated over. What does not apply is empty or zero.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts<'a> {
    /// `priority`.
    pub priority: Priority,
    /// `type`: a message type as it stands in an envelope.
    pub kind: &'a str,
    /// `from`: the sender's repo.
    pub from: &'a str,
    /// `to`: the recipient's repo, or `*`.
    pub to: &'a str,
    /// `age`: how long ago the bus accepted the message, in whole seconds.
    pub age: Duration,
    /// `ttl`: how long the message is good for, counted from its acceptance, in whole seconds.
    pub ttl: Duration,
    /// `capabilities`: what the message asks its recipient to be capable of.
    pub capabilities: &'a [Capability],
    /// `id`: the message's.
    pub id: Cow<'a, str>,
    /// `thread`: the id of the message that its thread began with.
    pub thread: Cow<'a, str>,
    /// `reply_to`: the id of the message that it answers.
    pub reply_to: Cow<'a, str>,
    /// `summary`: what the message says, in one line. The constructors cut it at [`MAX_SUMMARY`].
    pub summary: Cow<'a, str>,
    /// `text`: everything that the message says.
    pub text: Said<'a>,
    /// `event`: the name of an event.
    pub event: &'a str,
    /// `repo`: the repo that an event is about.
    pub repo: &'a str,
    /// `seq`: the number of an event.
    pub seq: Seq,
    /// `at`: the time of an event, in milliseconds since the Unix epoch.
    pub at: Millis,
}

/// All texts of a message, a line each, put together when an expression asks for them. They are cut at [`MAX_TEXT`]; where
/// there is no message, or it is not at hand, there are none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said<'a> {
    message: Option<&'a Message>,
    text: OnceLock<String>,
}

impl<'a> Said<'a> {
    fn by(message: &'a Message) -> Self {
        Self { message: Some(message), text: OnceLock::new() }
    }

    fn as_str(&self) -> &str {
        self.text.get_or_init(|| {
            let payload = self.message.and_then(|message| serde_json::from_str(message.payload_json()).ok());
            let mut text = String::new();
            if let Some(payload) = &payload {
                add_texts(&mut text, payload);
            }
            cut(text, MAX_TEXT)
        })
    }
}

/// Adds the texts of a value, in its order, until there are enough.
fn add_texts(text: &mut String, value: &Value) {
    match value {
        _ if text.len() >= MAX_TEXT => {}
        Value::String(one) => {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(one);
        }
        Value::Array(items) => items.iter().for_each(|item| add_texts(text, item)),
        Value::Object(members) => members.values().for_each(|member| add_texts(text, member)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn id_of(id: &MessageId) -> Cow<'static, str> {
    Cow::Owned(id.to_string())
}

fn cut(mut text: String, most: usize) -> String {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

impl<'a> Facts<'a> {
    /// The facts of a message at the moment `now` that the bus accepted at `accepted_at`.
    ///
    /// `thread` is the message's own id, or for an answer the id of what it answers: the envelope does not tell
    /// more. Who knows the thread says so with [`Facts::in_thread`]. `ttl` is zero when the envelope names none.
    pub fn of_message(message: &'a Message, now: Millis, accepted_at: Millis) -> Self {
        Self {
            priority: message.priority,
            kind: message.payload.kind().as_str(),
            from: message.from.repo.as_str(),
            to: message.to.repo.as_str(),
            age: now.since(accepted_at),
            ttl: message.ttl.map(|ttl| Duration::from_secs(ttl.get())).unwrap_or_default(),
            capabilities: &message.to.capabilities,
            id: id_of(&message.id),
            thread: id_of(message.reply_to.as_ref().unwrap_or(&message.id)),
            reply_to: message.reply_to.as_ref().map(id_of).unwrap_or_default(),
            text: Said::by(message),
            summary: Cow::Owned(cut(message.payload.headline(), MAX_SUMMARY)),
            ..Self::default()
        }
    }

    /// The facts of an event, and for an accepted message those of the message, at the moment of the event.
    ///
    /// `repo` is the repo that did something or to which it happened; of a message, its sender.
    pub fn of_event(recorded: &'a Recorded) -> Self {
        let facts =
            Self { seq: recorded.seq, at: recorded.at, event: recorded.event.name(), ..Self::default() };
        match &recorded.event {
            Event::Started(_) | Event::Stopped(_) | Event::Checkpoint(_) | Event::Configured(_) => facts,
            Event::Registered(event) => Self { repo: event.repo.as_str(), ..facts },
            Event::Left(event) => Self { repo: event.repo.as_str(), ..facts },
            Event::Stuck(event) | Event::Resumed(event) => Self { repo: event.repo.as_str(), ..facts },
            Event::Accepted(event) => facts.with_accepted(event),
            Event::Routed(event) | Event::Delivered(event) | Event::Read(event) => {
                Self { repo: event.repo.as_str(), id: only(&event.ids), ..facts }
            }
            Event::Answered(event) => Self {
                repo: event.repo.as_str(),
                id: id_of(&event.answer),
                reply_to: id_of(&event.id),
                ..facts
            },
            Event::Expired(event) => {
                Self { repo: event.from.as_str(), from: event.from.as_str(), id: id_of(&event.id), ..facts }
            }
            Event::Noticed(event) => Self { repo: event.repo.as_str(), id: only(&event.ids), ..facts },
            Event::Proposed(event) => {
                Self { repo: event.by.as_str(), id: id_of(&event.negotiation), ..facts }
            }
            Event::Voted(event) => Self {
                repo: event.repo.as_str(),
                id: id_of(&event.message),
                reply_to: id_of(&event.negotiation),
                ..facts
            },
            Event::Round(event) => Self {
                repo: event.by.as_str(),
                id: id_of(&event.message),
                reply_to: id_of(&event.negotiation),
                ..facts
            },
            Event::Tallied(event) => Self { id: id_of(&event.negotiation), ..facts },
            Event::Resolved(event) => Self {
                repo: event.by.as_str(),
                id: id_of(&event.message),
                reply_to: id_of(&event.negotiation),
                ..facts
            },
            Event::Amended(event) => Self {
                seq: facts.seq,
                at: facts.at,
                event: facts.event,
                ..Self::of_message(&event.message, facts.at, facts.at)
            },
            Event::Released(event) => Self { repo: OPERATOR, id: id_of(&event.id), ..facts },
            Event::Denied(event) => {
                Self { repo: OPERATOR, id: id_of(&event.answer), reply_to: id_of(&event.id), ..facts }
            }
            Event::Expiring(event) => {
                Self { repo: event.from.as_str(), from: event.from.as_str(), id: id_of(&event.id), ..facts }
            }
            Event::Halted(event) => facts.in_thread(&event.thread),
            Event::Continued(event) => facts.in_thread(&event.thread),
            Event::Refused(event) => Self {
                repo: event.repo.as_str(),
                from: event.repo.as_str(),
                to: event.to.as_ref().map(|to| to.repo.as_str()).unwrap_or_default(),
                capabilities: event.to.as_ref().map(|to| to.capabilities.as_slice()).unwrap_or_default(),
                id: event.id.as_ref().map(id_of).unwrap_or_default(),
                summary: Cow::Owned(cut(event.reason.clone(), MAX_SUMMARY)),
                ..facts
            },
        }
    }

    /// The same, in the thread that began with the message `thread`.
    #[must_use]
    pub fn in_thread(self, thread: &MessageId) -> Self {
        Self { thread: id_of(thread), ..self }
    }

    fn with_accepted(self, accepted: &'a Accepted) -> Self {
        Self {
            event: self.event,
            seq: self.seq,
            at: self.at,
            repo: accepted.message.from.repo.as_str(),
            ttl: accepted.expires_at.since(self.at),
            ..Self::of_message(&accepted.message, self.at, self.at).in_thread(&accepted.thread)
        }
    }
}

/// The id of an event's message, when there is just one.
fn only(ids: &[MessageId]) -> Cow<'static, str> {
    match ids {
        [id] => id_of(id),
        _ => Cow::default(),
    }
}

/// What `low`, `normal` and `high` are to an expression: numbers in the order of mailboxes.
pub(super) fn rank(priority: Priority) -> i64 {
    match priority {
        Priority::Low => 0,
        Priority::Normal => 1,
        Priority::High => 2,
    }
}

/// Looked up as the expression names them, so that a filter pays only for the facts that it asks about.
impl VariableResolver for Facts<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let text = |text: &'b str| Some(CowVal::owned(CelString::from(text)));
        let number =
            |number: u64| Some(CowVal::owned(CelInt::from(i64::try_from(number).unwrap_or(i64::MAX))));
        let ranked = |priority: Priority| Some(CowVal::owned(CelInt::from(rank(priority))));
        match variable.strip_prefix('.').unwrap_or(variable) {
            "priority" => ranked(self.priority),
            "low" => ranked(Priority::Low),
            "normal" => ranked(Priority::Normal),
            "high" => ranked(Priority::High),
            "type" => text(self.kind),
            "from" => text(self.from),
            "to" => text(self.to),
            "age" => number(self.age.as_secs()),
            "ttl" => number(self.ttl.as_secs()),
            "capabilities" => {
                let boxed =
                    |name: &'b Capability| Box::new(CelString::from(name.as_str())) as Box<dyn Val + 'b>;
                let list: Vec<Box<dyn Val + 'b>> = self.capabilities.iter().map(boxed).collect();
                Some(CowVal::owned(CelList::from(list)))
            }
            "id" => text(&self.id),
            "thread" => text(&self.thread),
            "reply_to" => text(&self.reply_to),
            "summary" => text(&self.summary),
            "text" => text(self.text.as_str()),
            "event" => text(self.event),
            "repo" => text(self.repo),
            "seq" => number(self.seq.0),
            "at" => number(self.at.0),
            _ => None,
        }
    }
}
