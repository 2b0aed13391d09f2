//! Judges a form as the bus will, while it is written.
//!
//! Each field is judged by the schema of its value, so that all faults are shown at once; what passes is judged as a
//! whole by the validator of the bus.

use std::collections::BTreeSet;

use serde_json::Value;
use veda_bus_core::message::{Defaults, Message, Sender, Target};
use veda_bus_core::name::{Capability, MessageId, RepoName};
use veda_bus_core::refusal::Refusal;
use veda_bus_core::time::Millis;
use veda_bus_core::{schema, suggest, wire};

use super::field::{Field, Input, TO};
use super::form::Form;
use super::sending::{Attempt, NotSent, Outgoing, Sending};
use super::values::{self, Content, Envelope};

/// How much a frame adds to its envelope, in bytes, at most.
const FRAME_BYTES: usize = 128;

/// What a form is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The repos that the bus has seen.
    pub repos: &'a BTreeSet<RepoName>,
    /// The capabilities that instances declare.
    pub capabilities: &'a BTreeSet<Capability>,
    /// The operator, as registered.
    pub from: &'a Sender,
    /// The longest line that the bus takes, in bytes.
    pub max_message_size: usize,
    /// Now.
    pub now: Millis,
}

impl Known<'_> {
    fn knows(&self, repo: &str) -> bool {
        self.repos.contains(repo) || RepoName::operator().as_str() == repo
    }
}

/// Something that keeps a form from being sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field; none where it is the message as a whole.
    pub field: Option<usize>,
    /// What is wrong, in words that are unsafe to print as they are.
    pub text: String,
    /// Whether something is only missing that nobody has tried to send without yet.
    pub soft: bool,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The envelope as JSON, or all faults that were found, in the order of the fields.
    pub json: Result<String, Vec<Fault>>,
    /// What is worth knowing before it is sent, by field.
    pub warnings: Vec<(Option<usize>, String)>,
    /// What could be meant at the cursor; see [`Form::completions`].
    pub completions: Vec<String>,
}

impl Checked {
    /// What keeps the form from being sent.
    pub fn faults(&self) -> &[Fault] {
        self.json.as_ref().err().map(Vec::as_slice).unwrap_or_default()
    }
}

/// What the fields say.
struct Said {
    content: Content,
    values: Vec<(usize, Value)>,
    faults: Vec<Fault>,
}

impl Form {
    /// Judges it.
    pub fn check(&self, known: &Known<'_>) -> Checked {
        let said = self.said();
        let (json, mut warnings) = (self.judge(&said, known), self.doubts(&said, known));
        let content = json_of(&said.content);
        warnings
            .extend(self.attempt.iter().filter_map(|last| last.warning(&content)).map(|text| (None, text)));
        Checked { json, warnings, completions: self.completions(known) }
    }

    /// The envelope as it would be sent, over several lines; unsafe to print as it is. What a faulty field says is left
    /// out.
    pub fn preview(&self, known: &Known<'_>) -> String {
        let content = self.said().content;
        serde_json::to_string_pretty(&self.envelope(&content, known)).unwrap_or_default()
    }

    /// Gives out the message to be sent, and waits for its fate from then on.
    ///
    /// # Errors
    /// When it is on its way already, or faulty.
    pub fn send(
        &mut self,
        known: &Known<'_>,
        fresh: impl FnOnce() -> MessageId,
    ) -> Result<Outgoing, NotSent> {
        if self.is_locked() {
            return Err(NotSent::OnItsWay);
        }
        self.tried = true;
        let said = self.said();
        if let Err(faults) = self.judge(&said, known) {
            if let Some(field) = faults.iter().find_map(|fault| fault.field) {
                self.set_focus(field);
            }
            return Err(NotSent::Faulty(faults));
        }
        let (attempt, earlier) = Attempt::after(self.attempt.as_ref(), json_of(&said.content), fresh);
        let id = attempt.id.clone();
        self.attempt = Some(attempt);
        let json = json_of(&self.envelope(&said.content, known));
        self.sending = Sending::Sending { since: known.now };
        Ok(Outgoing { id, json, allow_unknown: self.allow_unknown, earlier })
    }

    /// What it says, to compare versions of it.
    pub(super) fn content(&self) -> String {
        json_of(&self.said().content)
    }

    /// An envelope around `content`, with the id that the last version bears if this one bears it too.
    fn envelope<'a>(&'a self, content: &'a Content, known: &Known<'a>) -> Envelope<'a> {
        let id = self.attempt.as_ref().and_then(|last| last.kept(&json_of(content)));
        Envelope { id, from: known.from, content, timestamp: known.now.seconds() }
    }

    fn said(&self) -> Said {
        let reply_to = self.parent().map(|parent| parent.id.clone());
        let mut said =
            Said { content: Content::new(self.kind(), reply_to), values: Vec::new(), faults: Vec::new() };
        for (index, field) in self.fields().iter().enumerate() {
            match values::value(field, &self.field_text(index)) {
                Ok(Some(value)) => {
                    said.content.put(field, value.clone());
                    said.values.push((index, value));
                }
                Ok(None) if field.required => said.faults.push(self.missing(index)),
                Ok(None) => {}
                Err(text) => said.faults.push(Fault { field: Some(index), text, soft: false }),
            }
        }
        said
    }

    fn missing(&self, index: usize) -> Fault {
        let touched = self.editor(index).is_some_and(|editor| editor.touched);
        Fault { field: Some(index), text: "required".to_owned(), soft: !self.tried && !touched }
    }

    fn judge(&self, said: &Said, known: &Known<'_>) -> Result<String, Vec<Fault>> {
        let mut faults = said.faults.clone();
        for (index, value) in &said.values {
            let Some(field) = self.fields().get(*index) else { continue };
            let wrong =
                schema::mismatch(&field.schema, value, &field.at).map(|refusal| told(field, &refusal));
            let text = wrong.or_else(|| self.stranger(field, value, known));
            faults.extend(text.map(|text| Fault { field: Some(*index), text, soft: false }));
        }
        if faults.is_empty() {
            match self.judge_whole(&said.content, known) {
                Ok(json) => return Ok(json),
                Err(fault) => faults.push(fault),
            }
        }
        faults.sort_by_key(|fault| fault.field);
        Err(faults)
    }

    fn judge_whole(&self, content: &Content, known: &Known<'_>) -> Result<String, Fault> {
        let json = json_of(&self.envelope(content, known));
        let room = known.max_message_size.saturating_sub(FRAME_BYTES);
        if json.len() > room {
            let text = format!("a message may have {room} bytes, and this one has {}", json.len());
            return Err(Fault { field: self.longest(), text, soft: false });
        }
        let id = || MessageId::random();
        let defaults = Defaults { id: &id, from: known.from, timestamp: known.now.seconds() };
        let refusal = match Message::parse(&json, Some(&defaults)) {
            Ok(_) => wire::check::check(json.as_bytes()).err(),
            Err(refusal) => Some(refusal),
        };
        let Some(refusal) = refusal else { return Ok(json) };
        let field = self.field_of(&refusal);
        let text = match field.and_then(|index| self.fields().get(index)) {
            Some(field) => told(field, &refusal),
            None => refusal.message,
        };
        Err(Fault { field, text, soft: !self.tried && self.is_empty() })
    }

    /// The field with the most text.
    fn longest(&self) -> Option<usize> {
        let length = |index: &usize| self.lines(*index).iter().map(String::len).sum::<usize>();
        (0..self.fields().len()).max_by_key(length)
    }

    /// A recipient that the bus does not know, unless it is meant.
    fn stranger(&self, field: &Field, value: &Value, known: &Known<'_>) -> Option<String> {
        let name = value.as_str().filter(|_| field.at == TO && !self.allow_unknown)?;
        let repo = RepoName::new(name).ok()?;
        if Target::from(repo) == Target::Everyone || known.knows(name) {
            return None;
        }
        let near = suggest::nearest(name, known.repos.iter().map(RepoName::as_str));
        let advice =
            if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) };
        Some(format!("this bus has never seen a repo \"{name}\"{advice}"))
    }

    /// What is worth knowing of the fields.
    fn doubts(&self, said: &Said, known: &Known<'_>) -> Vec<(Option<usize>, String)> {
        let doubt = |(index, value): &(usize, Value)| {
            let field = self.fields().get(*index)?;
            let text = match (&field.input, value) {
                (Input::Repo, Value::String(name)) => {
                    let waits = self.allow_unknown && *name != "*" && !known.knows(name);
                    waits.then(|| format!("{name} is not known yet; the message waits for it"))
                }
                (Input::Repos, Value::Array(names)) => unseen(names.iter().filter_map(Value::as_str), known),
                (Input::Subtasks, Value::Object(map)) => unseen(map.keys().map(String::as_str), known),
                (Input::Json, Value::String(text)) if values::looks_like_json(text) => {
                    Some("this is sent as text: it is not valid JSON".to_owned())
                }
                _ => None,
            };
            text.map(|text| (Some(*index), text))
        };
        said.values.iter().filter_map(doubt).collect()
    }
}

fn unseen<'a>(names: impl Iterator<Item = &'a str>, known: &Known<'_>) -> Option<String> {
    let unseen: Vec<_> = names.filter(|name| !known.knows(name)).take(5).collect();
    (!unseen.is_empty()).then(|| format!("this bus has never seen {}", unseen.join(", ")))
}

/// What a refusal says, at the field that it names: only which part of it is meant needs telling.
fn told(field: &Field, refusal: &Refusal) -> String {
    let part = refusal.at.as_deref().and_then(|at| at.strip_prefix(field.at.as_str())).unwrap_or_default();
    let part = part.trim_start_matches('.');
    if part.is_empty() { refusal.message.clone() } else { format!("{part}: {}", refusal.message) }
}

fn json_of(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
