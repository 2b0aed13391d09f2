//! From the form to the receipt, and what may go wrong on the way.
//!
//! A message gets its id when it is sent for the first time. The bus answers a repeated send of the same id and content
//! with the first receipt, so whatever was sent without an answer is sent again under its id. If it was changed in
//! between, the earlier version may have arrived: then the changed one is another message.

use serde::{Deserialize, Serialize};
use veda_bus_core::name::MessageId;
use veda_bus_core::refusal::{Code, Refusal};
use veda_bus_core::time::Millis;

use super::check::Fault;

/// Where a form is on its way to the bus.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sending {
    /// It is being written.
    #[default]
    Editing,
    /// It was sent, and the bus has not answered yet. It can not be edited.
    Sending {
        /// Since when.
        since: Millis,
    },
    /// The bus did not take it; shown until what it names is edited.
    Refused(Refusal),
    /// The bus went away.
    Unsent {
        /// What happened, in words.
        reason: String,
        /// Whether it may have been stored all the same.
        loss: Loss,
    },
}

/// What is known of a message whose send was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// It was never handed to the bus.
    NeverLeft,
    /// The bus may have stored it.
    Unanswered,
}

/// A message on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its id; the receipt bears it.
    pub id: MessageId,
    /// The envelope as JSON.
    pub json: String,
    /// Whether a repo that the bus has never seen is meant.
    pub allow_unknown: bool,
    /// An earlier version that may have arrived, or has: this one is another message.
    pub earlier: Option<MessageId>,
}

/// Why a form is not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// It is on its way already.
    #[error("it is being sent already")]
    OnItsWay,
    /// Something in it is missing or wrong; the focus is on the first such field.
    #[error("{}", .0.first().map_or("it is not complete", |fault| &fault.text))]
    Faulty(Vec<Fault>),
}

/// What became of the last version that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Fate {
    /// It was handed over and not answered.
    Open,
    /// It is certain that the bus has not stored it.
    NotStored,
    /// The bus has stored it.
    Stored,
}

/// The last version that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attempt {
    pub(super) id: MessageId,
    /// What it said, as JSON without what is filled in when it is sent.
    content: String,
    fate: Fate,
    /// Whether an earlier send of the same version was not answered.
    #[serde(default)]
    doubtful: bool,
}

impl Attempt {
    /// The attempt that sends `content` after `last`, and the id of an earlier version that may have arrived.
    pub(super) fn after(
        last: Option<&Self>,
        content: String,
        fresh: impl FnOnce() -> MessageId,
    ) -> (Self, Option<MessageId>) {
        let doubtful = last.is_some_and(|last| last.fate == Fate::Open && last.said(&content));
        let (id, earlier) = match last {
            None => (fresh(), None),
            Some(last) => match last.kept(&content) {
                Some(id) => (id.clone(), None),
                None => (fresh(), Some(last.id.clone())),
            },
        };
        (Self { id, content, fate: Fate::Open, doubtful }, earlier)
    }

    /// The id, if a version that says `content` is sent under it too.
    pub(super) fn kept(&self, content: &str) -> Option<&MessageId> {
        let same = match self.fate {
            Fate::NotStored => true,
            Fate::Open => self.said(content),
            Fate::Stored => false,
        };
        same.then_some(&self.id)
    }

    /// Whether it said `content`.
    pub(super) fn said(&self, content: &str) -> bool {
        self.content == content
    }

    /// What to know before another version, which says `content`, is sent.
    pub(super) fn warning(&self, content: &str) -> Option<String> {
        let fate = match self.fate {
            Fate::Open => "may have arrived",
            Fate::Stored => "has arrived",
            Fate::NotStored => return None,
        };
        let other = self.kept(content).is_none();
        let earlier = self.id.short();
        other.then(|| format!("an earlier version ({earlier}) {fate}; this is sent as another message"))
    }

    /// Whether it is not known what became of it.
    pub(super) fn is_open(&self) -> bool {
        self.fate == Fate::Open
    }

    /// The bus has it.
    pub(super) fn stored(&mut self) {
        self.fate = Fate::Stored;
    }

    /// It never left.
    pub(super) fn kept_back(&mut self) {
        if !self.doubtful {
            self.fate = Fate::NotStored;
        }
    }

    /// What is left of it after a refusal: nothing, where the id itself was refused.
    pub(super) fn refused(mut self, code: Code) -> Option<Self> {
        match code {
            Code::DuplicateId => return None,
            // The journal may have taken it before it failed.
            Code::JournalUnavailable => {}
            // Refused before the bus looked whether it knows the id.
            Code::NotRegistered => self.kept_back(),
            _ => self.fate = Fate::NotStored,
        }
        Some(self)
    }
}
