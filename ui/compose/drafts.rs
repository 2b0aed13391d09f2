//! All forms that are not finished, and the file that they survive a restart in.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use veda_bus_core::message::MessageType;
use veda_bus_core::name::MessageId;

use super::editor::Editor;
use super::form::{Form, Origin, ParentFacts};
use super::sending::{Attempt, Loss, Sending};

/// The version of the file's format.
const VERSION: u64 = 1;

/// What a draft is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum DraftKey {
    /// A new message; there may be several.
    New(u32),
    /// The message to everyone.
    Broadcast,
    /// The answer to a message.
    Reply(MessageId),
}

/// Why a file of drafts can not be read; it is to be kept under another name.
#[derive(Debug, thiserror::Error)]
pub enum DraftsError {
    /// It is no JSON, or not what a console writes.
    #[error("the drafts can not be read: {0}")]
    Json(#[from] serde_json::Error),
}

/// The unfinished forms.
#[derive(Debug, Clone, Default)]
pub struct Drafts {
    forms: BTreeMap<DraftKey, Form>,
}

/// A form in the file.
#[derive(Serialize, Deserialize)]
struct Saved {
    origin: Origin,
    #[serde(rename = "type")]
    kind: MessageType,
    texts: BTreeMap<String, String>,
    /// Which of the texts were written, and not filled in by the console.
    #[serde(default)]
    touched: BTreeSet<String>,
    #[serde(default)]
    allow_unknown: bool,
    #[serde(default)]
    tried: bool,
    #[serde(default)]
    sending: Sending,
    #[serde(default)]
    attempt: Option<Attempt>,
}

#[derive(Serialize, Deserialize)]
struct File<T> {
    version: u64,
    drafts: Vec<T>,
}

impl Drafts {
    /// The new message of type `kind` that is being written, else another one, to `to`.
    pub fn open_new(&mut self, kind: MessageType, to: Option<&str>) -> DraftKey {
        let is_such = |form: &Form| form.kind() == kind && !form.is_locked();
        let last =
            self.forms.iter().rev().find(|(key, form)| matches!(key, DraftKey::New(_)) && is_such(form));
        match last {
            Some((key, form)) if !form.is_empty() => key.clone(),
            _ => self.add_new(kind, to),
        }
    }

    /// Another new message, beside those that are being written.
    fn add_new(&mut self, kind: MessageType, to: Option<&str>) -> DraftKey {
        self.forms.retain(|key, form| !(matches!(key, DraftKey::New(_)) && form.is_empty()));
        self.insert(Form::new(kind, to))
    }

    /// The message to everyone that is being written, else one of type `kind`.
    pub fn open_broadcast(&mut self, kind: MessageType) -> DraftKey {
        self.forms.entry(DraftKey::Broadcast).or_insert_with(|| Form::broadcast(kind));
        DraftKey::Broadcast
    }

    /// The answer to `parent` that is being written, else a new one.
    pub fn open_reply(&mut self, parent: ParentFacts) -> DraftKey {
        let key = DraftKey::Reply(parent.id.clone());
        self.forms.entry(key.clone()).or_insert_with(|| Form::reply(parent));
        key
    }

    fn insert(&mut self, form: Form) -> DraftKey {
        let key = match form.origin() {
            Origin::Broadcast => DraftKey::Broadcast,
            Origin::Reply(parent) => DraftKey::Reply(parent.id.clone()),
            Origin::New => {
                let taken = self.forms.keys().filter_map(|key| match key {
                    DraftKey::New(number) => Some(*number),
                    _ => None,
                });
                DraftKey::New(taken.max().unwrap_or_default() + 1)
            }
        };
        self.forms.insert(key.clone(), form);
        key
    }

    /// A form by what it is.
    pub fn get(&self, key: &DraftKey) -> Option<&Form> {
        self.forms.get(key)
    }

    /// A form by what it is, to be edited.
    pub fn get_mut(&mut self, key: &DraftKey) -> Option<&mut Form> {
        self.forms.get_mut(key)
    }

    /// The form whose last version bears the id.
    pub fn sent_as(&mut self, id: &MessageId) -> Option<&mut Form> {
        self.forms.values_mut().find(|form| form.sent_id() == Some(id))
    }

    /// Throws a draft away.
    pub fn discard(&mut self, key: &DraftKey) -> Option<Form> {
        self.forms.remove(key)
    }

    /// A pane closed over a form: an empty one is not kept.
    pub fn close(&mut self, key: &DraftKey) {
        if self.forms.get(key).is_some_and(Form::is_empty) {
            self.forms.remove(key);
        }
    }

    /// The drafts in which something was written, with a title each that is unsafe to print as it is.
    pub fn titles(&self) -> Vec<(DraftKey, String)> {
        let written = self.forms.iter().filter(|(_, form)| !form.is_empty());
        written.map(|(key, form)| (key.clone(), form.title())).collect()
    }

    /// The bus has accepted a message. The form that says the same is finished, and its key given back; one that was
    /// changed since stays, and knows that its earlier version has arrived.
    pub fn was_accepted(&mut self, id: &MessageId) -> Option<DraftKey> {
        let (key, form) = self.forms.iter_mut().find(|(_, form)| form.sent_id() == Some(id))?;
        let content = form.content();
        let attempt = form.attempt.as_mut()?;
        if !attempt.said(&content) {
            attempt.stored();
            return None;
        }
        let key = key.clone();
        self.forms.remove(&key);
        Some(key)
    }

    /// The bus went away: what was on its way may have arrived.
    pub fn bus_lost(&mut self, reason: &str) {
        for form in self.forms.values_mut().filter(|form| form.is_locked()) {
            form.unsent(reason, Loss::Unanswered);
        }
    }

    /// The ids of the versions that were sent and not answered, to be looked for on the bus.
    pub fn unanswered(&self) -> Vec<MessageId> {
        let open = self.forms.values().filter_map(|form| form.attempt.as_ref()).filter(|last| last.is_open());
        open.map(|last| last.id.clone()).collect()
    }

    /// The file's text.
    ///
    /// # Errors
    /// None in practice: everything in it is plain data.
    pub fn to_json(&self) -> Result<String, DraftsError> {
        let written = self.forms.values().filter(|form| !form.is_empty());
        Ok(serde_json::to_string_pretty(&File { version: VERSION, drafts: written.map(save).collect() })?)
    }

    /// Reads a file. What a draft of another version has beyond this one's fields is passed over; the reasons why some
    /// could not be read come with those that could. If there are any, the file is to be kept under another name.
    ///
    /// # Errors
    /// When it is no file of drafts.
    pub fn from_json(text: &str) -> Result<(Self, Vec<String>), DraftsError> {
        let file: File<Value> = serde_json::from_str(text)?;
        let mut drafts = Self::default();
        let mut unread = Vec::new();
        for draft in file.drafts {
            match serde_json::from_value::<Saved>(draft) {
                Ok(saved) => {
                    drafts.insert(restore(saved));
                }
                Err(error) => unread.push(error.to_string()),
            }
        }
        if file.version > VERSION {
            unread.push(format!("the file is of version {}, this console writes {VERSION}", file.version));
        }
        Ok((drafts, unread))
    }
}

fn save(form: &Form) -> Saved {
    let texts = form.texts.iter().map(|(at, editor)| (at.clone(), editor.text()));
    let touched = form.texts.iter().filter(|(_, editor)| editor.touched);
    Saved {
        origin: form.origin.clone(),
        kind: form.kind,
        texts: texts.collect(),
        touched: touched.map(|(at, _)| at.clone()).collect(),
        allow_unknown: form.allow_unknown,
        tried: form.tried,
        sending: form.sending.clone(),
        attempt: form.attempt.clone(),
    }
}

fn restore(saved: Saved) -> Form {
    let mut form = match saved.origin {
        Origin::New => Form::new(saved.kind, None),
        Origin::Broadcast => Form::broadcast(saved.kind),
        Origin::Reply(parent) => Form::reply(parent),
    };
    for (at, text) in saved.texts {
        let mut editor = Editor::new(&text);
        editor.touched = saved.touched.contains(&at);
        form.texts.insert(at, editor);
    }
    form.allow_unknown = saved.allow_unknown;
    form.tried = saved.tried;
    form.attempt = saved.attempt;
    form.sending = match saved.sending {
        Sending::Sending { .. } => Sending::Unsent {
            reason: "the console ended before the bus answered".to_owned(),
            loss: Loss::Unanswered,
        },
        sending => sending,
    };
    form
}
