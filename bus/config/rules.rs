//! The operator's rules: which messages wait for the operator, which never do, and how much is too much.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::Place;
use super::settings::Values;
use crate::filter::Filter;
use crate::message::{MessageType, Target};
use crate::name::RepoName;

/// What the operator has laid down, in `[bus.approval]` and `[bus.limits]`. [`Default`] is that of the table of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// `bus.approval.negotiations`
    pub negotiations: Approval,
    /// `bus.approval.hold`
    pub hold: Vec<HoldRule>,
    /// `bus.approval.allow`
    pub allow: Vec<AllowRule>,
    /// `bus.limits`
    pub limits: Limits,
}

impl Default for Rules {
    fn default() -> Self {
        Values::defaults("bus.").rules()
    }
}

/// Which negotiations wait for the operator once their voters have decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// All of them.
    #[default]
    Always,
    /// Those whose voters do not agree.
    OnConflict,
    /// None.
    Never,
}

impl Approval {
    /// The word as it stands in a file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::OnConflict => "on_conflict",
            Self::Never => "never",
        }
    }

    /// What the word says; what is no such word says the most careful one.
    pub(super) fn from_word(word: &str) -> Self {
        [Self::OnConflict, Self::Never].into_iter().find(|one| one.as_str() == word).unwrap_or_default()
    }
}

impl fmt::Display for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Messages that it matches wait for the operator.
///
/// Two are equal when they say the same, wherever they stand.
#[derive(Debug, Clone)]
pub struct HoldRule {
    /// Matches the messages.
    pub filter: Filter,
    /// Where it stands; `None` when it is in no file.
    pub place: Option<Place>,
    /// Whether it stands there character by character, so that a column of the expression is one of the file.
    verbatim: bool,
}

impl HoldRule {
    /// A rule that stands in no file.
    pub fn new(filter: Filter) -> Self {
        Self { filter, place: None, verbatim: false }
    }

    pub(super) fn stands(&mut self, place: Place, verbatim: bool) {
        self.place = Some(place);
        self.verbatim = verbatim;
    }

    /// Where this line and column of the expression are in the file, as near as can be told.
    pub(super) fn place_of(&self, position: (usize, usize)) -> Option<Place> {
        Some(self.place.clone()?.inside(self.verbatim, Some(position)))
    }
}

impl PartialEq for HoldRule {
    fn eq(&self, other: &Self) -> bool {
        self.filter == other.filter
    }
}

impl Eq for HoldRule {}

/// One end of what an [`AllowRule`] covers: a repo, or everyone (`"*"`).
pub type AllowEnd = Target;

/// A standing rule: messages that it covers are never held. In a frame it is `{"from":…,"to":…,"type":…}`.
///
/// Two are equal when they say the same, wherever they stand.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllowRule {
    /// Who sends.
    pub from: AllowEnd,
    /// Who receives. Everyone covers broadcasts too; a repo covers only what is addressed to it.
    pub to: AllowEnd,
    /// The type; `None` is any.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<MessageType>,
    /// Where it stands; `None` when it is in no file.
    #[serde(skip)]
    pub place: Option<Place>,
}

impl AllowRule {
    /// Whether a message of this kind, from this repo to this target, is never held.
    pub fn covers(&self, from: &RepoName, to: &Target, kind: MessageType) -> bool {
        let sender = match &self.from {
            AllowEnd::Everyone => true,
            AllowEnd::Repo(repo) => repo == from,
        };
        sender && end_contains(&self.to, to) && self.kind.is_none_or(|own| own == kind)
    }

    /// Whether it covers all that `other` covers.
    pub fn contains(&self, other: &Self) -> bool {
        end_contains(&self.from, &other.from)
            && end_contains(&self.to, &other.to)
            && (self.kind.is_none() || self.kind == other.kind)
    }

    /// Whether it covers every message that there can be.
    pub(super) fn is_everything(&self) -> bool {
        self.from == AllowEnd::Everyone && self.to == AllowEnd::Everyone && self.kind.is_none()
    }
}

fn end_contains(wide: &AllowEnd, narrow: &AllowEnd) -> bool {
    *wide == AllowEnd::Everyone || wide == narrow
}

impl PartialEq for AllowRule {
    fn eq(&self, other: &Self) -> bool {
        (&self.from, &self.to, self.kind) == (&other.from, &other.to, other.kind)
    }
}

impl Eq for AllowRule {}

impl fmt::Display for AllowRule {
    /// `A → B, RequestChange`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.from, self.to)?;
        self.kind.map_or(Ok(()), |kind| write!(f, ", {kind}"))
    }
}

/// How much is too much. 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `bus.limits.messages_per_minute`, for each sending repo.
    pub messages_per_minute: u32,
    /// `bus.limits.thread_messages_per_minute`
    pub thread_messages_per_minute: u32,
    /// `bus.limits.thread_messages`
    pub thread_messages: usize,
    /// `bus.limits.thread_depth`
    pub thread_depth: usize,
    /// `bus.limits.loop_answers`
    pub loop_answers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Values::defaults("bus.limits.").limits()
    }
}
