//! One message being written: its fields, the one that has the focus, and how it is with the bus.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use veda_bus_core::message::{MessageType, Priority};
use veda_bus_core::name::{BROADCAST, MessageId, RepoName};
use veda_bus_core::refusal::Refusal;

use super::editor::Editor;
use super::field::{self, Field};
use super::sending::{Attempt, Loss, Sending};

/// What a reply has to know of the message that it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentFacts {
    /// Its id.
    pub id: MessageId,
    /// Its type, which the answer has too.
    pub kind: MessageType,
    /// Who sent it, and gets the answer.
    pub from: RepoName,
    /// How pressing it is; the answer is as pressing.
    pub priority: Priority,
    /// What it says in a line, unsafe to print as it is.
    pub headline: String,
    /// The id of the message that its thread began with.
    pub thread: MessageId,
}

/// Why a form was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// To say something new.
    New,
    /// To say something new to everyone.
    Broadcast,
    /// To answer a message.
    Reply(ParentFacts),
}

/// One message being written.
#[derive(Debug, Clone)]
pub struct Form {
    pub(super) origin: Origin,
    pub(super) kind: MessageType,
    fields: Vec<Field>,
    /// By place in the envelope; texts of other types than the present one stay until they are wanted again.
    pub(super) texts: BTreeMap<String, Editor>,
    focus: usize,
    pub(super) allow_unknown: bool,
    /// Whether sending was tried, so that what is missing is an error now.
    pub(super) tried: bool,
    /// The completion that was stepped to.
    pub(super) picked: Option<usize>,
    /// Whether the completions were sent away.
    pub(super) dismissed: bool,
    pub(super) sending: Sending,
    pub(super) attempt: Option<Attempt>,
}

impl Form {
    /// A new message, to `to` where that is known already.
    pub fn new(kind: MessageType, to: Option<&str>) -> Self {
        Self::open(Origin::New, kind, to.unwrap_or_default(), Priority::Normal)
    }

    /// A new message to everyone.
    pub fn broadcast(kind: MessageType) -> Self {
        Self::open(Origin::Broadcast, kind, BROADCAST, Priority::Normal)
    }

    /// An answer to `parent`.
    pub fn reply(parent: ParentFacts) -> Self {
        let (kind, priority, to) = (parent.kind, parent.priority, parent.from.to_string());
        Self::open(Origin::Reply(parent), kind, &to, priority)
    }

    fn open(origin: Origin, kind: MessageType, to: &str, priority: Priority) -> Self {
        let fields = field::fields(kind, matches!(origin, Origin::Reply(_)));
        let filled = [(field::TO, to), (field::PRIORITY, priority.as_str())];
        let texts = filled.map(|(at, text)| (at.to_owned(), Editor::new(text)));
        let mut form = Self {
            origin,
            kind,
            fields,
            texts: texts.into(),
            focus: 0,
            allow_unknown: false,
            tried: false,
            picked: None,
            dismissed: false,
            sending: Sending::Editing,
            attempt: None,
        };
        form.focus = if to.is_empty() { 0 } else { form.first_of_payload() };
        form
    }

    /// Why it was opened.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The message that it answers.
    pub fn parent(&self) -> Option<&ParentFacts> {
        match &self.origin {
            Origin::Reply(parent) => Some(parent),
            Origin::New | Origin::Broadcast => None,
        }
    }

    /// The type of the message.
    pub fn kind(&self) -> MessageType {
        self.kind
    }

    /// Makes it a message of another type. Fields of the same name keep their text, and no text is lost: what the type
    /// has no field for comes back with a type that has one. False for an answer, which has its parent's type.
    pub fn set_kind(&mut self, kind: MessageType) -> bool {
        if self.parent().is_some() || self.is_locked() {
            return false;
        }
        let focused = self.focused().map(|field| field.at.clone());
        self.kind = kind;
        self.fields = field::fields(kind, false);
        let same = self.fields.iter().position(|field| Some(&field.at) == focused.as_ref());
        self.set_focus(same.unwrap_or_else(|| self.first_of_payload()));
        self.sending = Sending::Editing;
        true
    }

    fn first_of_payload(&self) -> usize {
        self.fields.iter().position(|field| field.at.starts_with("payload.")).unwrap_or_default()
    }

    /// Its fields, in the order in which they are asked for.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The number of the field that has the focus.
    pub fn focus(&self) -> usize {
        self.focus
    }

    pub(super) fn focused(&self) -> Option<&Field> {
        self.fields.get(self.focus)
    }

    /// Gives the focus to a field.
    pub fn set_focus(&mut self, index: usize) {
        self.focus = index.min(self.fields.len().saturating_sub(1));
        self.renew_completions();
    }

    /// Gives the focus to the next field; after the last comes the first.
    pub fn next_field(&mut self) {
        self.set_focus((self.focus + 1) % self.fields.len().max(1));
    }

    /// Gives the focus to the field before; before the first comes the last.
    pub fn previous_field(&mut self) {
        self.set_focus(self.focus.checked_sub(1).unwrap_or(self.fields.len()));
    }

    /// The text of a field, with `\n` between its lines.
    pub fn field_text(&self, index: usize) -> String {
        self.editor(index).map(Editor::text).unwrap_or_default()
    }

    /// The lines of a field's text, unsafe to print as they are; none when nobody ever wrote in it.
    pub fn lines(&self, index: usize) -> &[String] {
        self.editor(index).map(Editor::lines).unwrap_or_default()
    }

    /// Line and character of the cursor in a field, from 0.
    pub fn cursor(&self, index: usize) -> (usize, usize) {
        self.editor(index).map(Editor::cursor).unwrap_or_default()
    }

    pub(super) fn editor(&self, index: usize) -> Option<&Editor> {
        self.texts.get(&self.fields.get(index)?.at)
    }

    pub(super) fn editor_mut(&mut self) -> Option<&mut Editor> {
        let at = self.fields.get(self.focus)?.at.clone();
        Some(self.texts.entry(at).or_default())
    }

    /// Whether a message to a repo that the bus has never seen is meant.
    pub fn allows_unknown(&self) -> bool {
        self.allow_unknown
    }

    /// Says whether a repo that the bus has never seen is meant.
    pub fn allow_unknown(&mut self, allow: bool) {
        if !self.is_locked() {
            self.allow_unknown = allow;
            if matches!(self.sending, Sending::Refused(_)) {
                self.sending = Sending::Editing;
            }
        }
    }

    /// Where it is on its way to the bus.
    pub fn sending(&self) -> &Sending {
        &self.sending
    }

    /// The id of the version that was sent last.
    pub fn sent_id(&self) -> Option<&MessageId> {
        self.attempt.as_ref().map(|attempt| &attempt.id)
    }

    pub(super) fn is_locked(&self) -> bool {
        matches!(self.sending, Sending::Sending { .. })
    }

    /// The bus refused what was sent last. The field that it names gets the focus.
    pub fn refused(&mut self, refusal: Refusal) {
        self.attempt = self.attempt.take().and_then(|attempt| attempt.refused(refusal.code));
        if let Some(field) = self.field_of(&refusal) {
            self.set_focus(field);
        }
        self.sending = Sending::Refused(refusal);
    }

    /// What was sent last got no answer.
    pub fn unsent(&mut self, reason: impl Into<String>, loss: Loss) {
        if let Some(attempt) = self.attempt.as_mut().filter(|_| loss == Loss::NeverLeft) {
            attempt.kept_back();
        }
        self.sending = Sending::Unsent { reason: reason.into(), loss };
    }

    /// The field that a refusal names.
    pub fn field_of(&self, refusal: &Refusal) -> Option<usize> {
        let at = refusal.at.as_deref()?;
        let names = |field: &Field| match at.strip_prefix(field.at.as_str()) {
            Some(rest) => rest.is_empty() || rest.starts_with(['.', '[']),
            None => at == "to" && field.at == field::TO,
        };
        self.fields.iter().position(names)
    }

    /// Whether nobody has written anything into it.
    pub fn is_empty(&self) -> bool {
        self.attempt.is_none() && !self.texts.values().any(|editor| editor.touched && !editor.is_blank())
    }

    /// What it is, in a line that is unsafe to print as it is: `Query to LensSDK: How do I …`.
    pub fn title(&self) -> String {
        let to = self.field_text(0);
        let to = if to.trim().is_empty() { "nobody yet" } else { to.trim() };
        let what = match &self.origin {
            Origin::Reply(parent) => format!("reply to {} {} of {to}", parent.kind, parent.id.short()),
            Origin::New | Origin::Broadcast => format!("{} to {to}", self.kind),
        };
        let said = self.fields.iter().enumerate().filter(|(_, field)| field.at.starts_with("payload."));
        let mut texts = said.map(|(index, _)| self.lines(index));
        let first = texts.find_map(|lines| lines.iter().find(|line| !line.trim().is_empty()));
        first.map_or(what.clone(), |first| format!("{what}: {}", first.trim()))
    }
}
