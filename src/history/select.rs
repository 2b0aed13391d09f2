//! Which events of a journal are wanted.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;
use veda_bus_core::event::{Accepted, Event, Recorded, Refused};
use veda_bus_core::message::MessageType;
use veda_bus_core::name::{MessageId, RepoName};
use veda_bus_core::time::Millis;
use veda_bus_ui::words::about::{is_about_messages, narrowed};

use crate::failure::Failure;

/// How many ids are named where a prefix does not tell which is meant.
const NAMED: usize = 4;

/// What is asked for; all conditions hold together.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) since: Option<Millis>,
    pub(crate) until: Option<Millis>,
    /// Events about messages of this thread.
    pub(crate) thread: Option<MessageId>,
    /// Events that are about this repo, and messages from it or for it; of what became of a message, the steps that
    /// this repo took, and all steps where the message is its own.
    pub(crate) repo: Option<RepoName>,
    /// Events about messages of this type.
    pub(crate) kind: Option<MessageType>,
    /// Events with this text, whatever its case, in one of the names or values of their JSON (escapes are decoded
    /// before; the `chain` does not count).
    pub(crate) text: Option<String>,
}

impl Wanted {
    /// Whether a message is wanted that was accepted at `at`, for what it is; whatever its text.
    pub(crate) fn takes(&self, at: Millis, accepted: &Accepted) -> bool {
        let in_thread = self.thread.as_ref().is_none_or(|thread| accepted.thread == *thread);
        let of_kind = self.kind.is_none_or(|kind| accepted.message.kind() == kind);
        self.spans(at)
            && in_thread
            && of_kind
            && self.repo.as_ref().is_none_or(|repo| concerns(accepted, repo))
    }

    /// Whether a refusal at `at` is wanted: it is in no thread, and of no type.
    pub(crate) fn takes_refusal(&self, at: Millis, refused: &Refused) -> bool {
        let picks = self.thread.is_some() || self.kind.is_some();
        !picks && self.spans(at) && self.repo.as_ref().is_none_or(|repo| is_refusal_of(refused, repo))
    }

    /// Whether the moment is one that is asked for.
    pub(crate) fn spans(&self, at: Millis) -> bool {
        self.since.is_none_or(|since| since <= at) && self.until.is_none_or(|until| at <= until)
    }
}

/// A choice among events that come in order, of which each is seen.
#[derive(Debug)]
pub(crate) struct Selection {
    wanted: Wanted,
    /// The wanted messages, as far as thread and type tell; not kept where neither is asked for. Of a journal of any
    /// length, only ids are kept, because what becomes of a message may stand anywhere after it.
    messages: HashSet<MessageId>,
    /// The messages from the wanted repo.
    sent: HashSet<MessageId>,
    /// Whether the event before was after all that is wanted.
    was_late: bool,
    over: bool,
}

impl Selection {
    pub(crate) fn new(mut wanted: Wanted) -> Self {
        wanted.text = wanted.text.map(|text| text.to_lowercase());
        Self { wanted, messages: HashSet::new(), sent: HashSet::new(), was_late: false, over: false }
    }

    /// Whether nothing that is still to come can be wanted.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// The next event, as far as it is wanted; `json` is its line.
    pub(crate) fn of<J: AsRef<str>>(&mut self, recorded: Recorded, json: impl Fn() -> J) -> Option<Recorded> {
        let is_late = self.wanted.until.is_some_and(|until| recorded.at > until);
        // The times in a journal never go back; one alone that is too late may be wrong.
        self.over |= is_late && self.was_late;
        self.was_late = is_late;
        if let Event::Accepted(accepted) = &recorded.event {
            self.learn(accepted);
        }
        if is_late || self.over || self.wanted.since.is_some_and(|since| recorded.at < since) {
            return None;
        }
        let recorded = self.about_wanted(recorded)?;
        self.has_text(json).then_some(recorded)
    }

    fn picks_messages(&self) -> bool {
        self.wanted.thread.is_some() || self.wanted.kind.is_some()
    }

    fn learn(&mut self, accepted: &Accepted) {
        let message = &accepted.message;
        let in_thread = self.wanted.thread.as_ref().is_none_or(|thread| accepted.thread == *thread);
        if self.picks_messages() && in_thread && self.wanted.kind.is_none_or(|kind| message.kind() == kind) {
            self.messages.insert(message.id.clone());
        }
        if self.wanted.repo.as_ref() == Some(&message.from.repo) {
            self.sent.insert(message.id.clone());
        }
    }

    fn about_wanted(&self, recorded: Recorded) -> Option<Recorded> {
        let own = self.wanted.repo.as_ref().is_none_or(|repo| is_about(&recorded.event, repo));
        let picks = self.picks_messages();
        let is_message = matches!(recorded.event, Event::Accepted(_)) || is_about_messages(&recorded.event);
        if !is_message || own && !picks {
            return (own && !picks).then_some(recorded);
        }
        let wanted =
            |id: &MessageId| (!picks || self.messages.contains(id)) && (own || self.sent.contains(id));
        narrowed(recorded, wanted)
    }

    fn has_text<J: AsRef<str>>(&self, json: impl Fn() -> J) -> bool {
        let Some(text) = &self.wanted.text else { return true };
        match serde_json::from_str(json().as_ref()) {
            Ok(Value::Object(mut members)) => {
                members.remove("chain");
                contains(&Value::Object(members), text)
            }
            _ => false,
        }
    }
}

/// Whether an event is about `repo` by itself, whatever messages it is about.
fn is_about(event: &Event, repo: &RepoName) -> bool {
    match event {
        Event::Registered(event) => event.repo == *repo,
        Event::Left(event) => event.repo == *repo,
        Event::Stuck(event) | Event::Resumed(event) => event.repo == *repo,
        Event::Accepted(event) => concerns(event, repo),
        Event::Routed(event) | Event::Delivered(event) | Event::Read(event) => event.repo == *repo,
        Event::Answered(event) => event.repo == *repo,
        Event::Expired(event) => event.from == *repo || event.unread_by.contains(repo),
        Event::Noticed(event) => event.repo == *repo,
        Event::Proposed(event) => event.by == *repo || event.voters.contains(repo),
        Event::Voted(event) => event.repo == *repo,
        Event::Round(event) => event.by == *repo,
        Event::Resolved(event) => event.by == *repo,
        Event::Amended(event) => event.message.from.repo == *repo,
        Event::Expiring(event) => event.from == *repo,
        // They name no repo; what they are about is in the events before them.
        Event::Started(_)
        | Event::Stopped(_)
        | Event::Checkpoint(_)
        | Event::Tallied(_)
        | Event::Released(_)
        | Event::Denied(_)
        | Event::Halted(_)
        | Event::Continued(_)
        | Event::Configured(_) => false,
        Event::Refused(event) => is_refusal_of(event, repo),
    }
}

/// Whether a message is from `repo` or for it.
fn concerns(accepted: &Accepted, repo: &RepoName) -> bool {
    let message = &accepted.message;
    message.from.repo == *repo
        || message.to.repo.as_str() == repo.as_str()
        || accepted.recipients.iter().any(|routing| routing.repo == *repo)
}

fn is_refusal_of(refused: &Refused, repo: &RepoName) -> bool {
    refused.repo == *repo || refused.to.as_ref().is_some_and(|to| to.repo.as_str() == repo.as_str())
}

/// Whether a name or a value in `value` contains `text`, which is in lower case.
fn contains(value: &Value, text: &str) -> bool {
    let has = |string: &str| string.to_lowercase().contains(text);
    match value {
        Value::String(string) => has(string),
        Value::Array(items) => items.iter().any(|item| contains(item, text)),
        Value::Object(members) => members.iter().any(|(name, value)| has(name) || contains(value, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => has(&value.to_string()),
    }
}

/// Finds the thread of a message by its id or the beginning of it.
#[derive(Debug)]
pub(crate) struct ThreadSearch {
    prefix: String,
    /// The thread of the message with just this id.
    exact: Option<MessageId>,
    /// Threads of messages whose ids begin so, each with such an id.
    candidates: BTreeMap<MessageId, MessageId>,
}

impl ThreadSearch {
    pub(crate) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), exact: None, candidates: BTreeMap::new() }
    }

    /// Takes the next message.
    pub(crate) fn look_at(&mut self, accepted: &Accepted) {
        // A thread may have begun with a message that is not in the journal any more.
        for id in [&accepted.message.id, &accepted.thread] {
            if id.starts_with(&self.prefix) {
                self.candidates.entry(accepted.thread.clone()).or_insert_with(|| id.clone());
                if id.to_string() == self.prefix {
                    self.exact = Some(accepted.thread.clone());
                }
            }
        }
    }

    /// The thread. Several messages of one thread may begin alike; of several threads they must not.
    pub(crate) fn found(self) -> Result<MessageId, Failure> {
        if let Some(thread) = self.exact {
            return Ok(thread);
        }
        let prefix = self.prefix;
        let mut threads = self.candidates.into_iter();
        match (threads.next(), threads.len()) {
            (None, _) => Err(Failure::Failed(format!("no message in the journal is \"{prefix}\""))),
            (Some((thread, _)), 0) => Ok(thread),
            (Some((_, id)), _) => {
                let others = threads.map(|(_, id)| id).take(NAMED - 1);
                let ids: Vec<_> = std::iter::once(id).chain(others).map(|id| id.to_string()).collect();
                let ids = ids.join(", ");
                Err(Failure::Usage(format!(
                    "--thread: messages of several threads begin with \"{prefix}\": {ids}"
                )))
            }
        }
    }
}

#[cfg(test)]
mod tests;
