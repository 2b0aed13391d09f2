//! What the bus says when it does not do what was asked: a code for programs, a sentence and a hint for people.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why something was refused; `docs/protocol.md` tells of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A line that is not JSON, or holds what no client could safely read.
    InvalidJson,
    /// A line longer than `max_message_size`.
    TooLarge,
    /// A frame whose `op` is not known.
    UnknownOp,
    /// A frame with a missing or mistyped field.
    InvalidFrame,
    /// An envelope with a missing or mistyped field.
    InvalidMessage,
    /// A payload with a missing or mistyped field.
    InvalidPayload,
    /// Something that needs a registered instance, asked before `register`.
    NotRegistered,
    /// A second `register` with another identity on one connection.
    AlreadyRegistered,
    /// A `from` that is not the registered identity.
    IdentityMismatch,
    /// An id that another message, with other content, already bears.
    DuplicateId,
    /// A repo that this bus has never seen.
    UnknownRepo,
    /// An id that this bus does not remember.
    UnknownMessage,
    /// An id prefix that several messages share.
    AmbiguousId,
    /// No known instance of the repo declares the capabilities asked for.
    NoCapableInstance,
    /// A broadcast that nobody could get.
    NoRecipients,
    /// The recipient does not take requests from this sender.
    AccessDenied,
    /// The recipient's mailbox is at its limit.
    MailboxFull,
    /// The sender, or the thread, has said too much in the last minute.
    RateLimited,
    /// The thread has as many messages, or as many one below another, as it may have.
    ThreadFull,
    /// Something that only the operator may do.
    OperatorOnly,
    /// The operator did not let a held message go.
    RefusedByOperator,
    /// A proposal, while too many are open.
    TooManyOpen,
    /// A vote or a decision on a negotiation that has ended.
    AlreadyResolved,
    /// A vote on a wording that another has replaced.
    EarlierRound,
    /// An approval of what the votes do not carry.
    NoConsensus,
    /// A decision on a message, or a thread, that is not held.
    NotHeld,
    /// A standing rule that can not be written to the configuration, or is not there to be taken out.
    RuleNotChanged,
    /// The journal can not be written, so nothing may be accepted.
    JournalUnavailable,
}

impl Code {
    /// The code as it stands in a frame.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid_json",
            Self::TooLarge => "too_large",
            Self::UnknownOp => "unknown_op",
            Self::InvalidFrame => "invalid_frame",
            Self::InvalidMessage => "invalid_message",
            Self::InvalidPayload => "invalid_payload",
            Self::NotRegistered => "not_registered",
            Self::AlreadyRegistered => "already_registered",
            Self::IdentityMismatch => "identity_mismatch",
            Self::DuplicateId => "duplicate_id",
            Self::UnknownRepo => "unknown_repo",
            Self::UnknownMessage => "unknown_message",
            Self::AmbiguousId => "ambiguous_id",
            Self::NoCapableInstance => "no_capable_instance",
            Self::NoRecipients => "no_recipients",
            Self::AccessDenied => "access_denied",
            Self::MailboxFull => "mailbox_full",
            Self::RateLimited => "rate_limited",
            Self::ThreadFull => "thread_full",
            Self::OperatorOnly => "operator_only",
            Self::RefusedByOperator => "refused_by_operator",
            Self::TooManyOpen => "too_many_open",
            Self::AlreadyResolved => "already_resolved",
            Self::EarlierRound => "earlier_round",
            Self::NoConsensus => "no_consensus",
            Self::NotHeld => "not_held",
            Self::RuleNotChanged => "rule_not_changed",
            Self::JournalUnavailable => "journal_unavailable",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal: what was wrong, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{}{message}{}", at_prefix(at.as_ref()), hint_suffix(hint.as_ref()))]
pub struct Refusal {
    /// For programs.
    pub code: Code,
    /// What was wrong, in a sentence.
    pub message: String,
    /// Where: the path of a field (`payload.summary`) or a byte offset (`byte 17`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// So many seconds from now the same would be taken, if nothing else comes meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

fn at_prefix(at: Option<&String>) -> String {
    at.map(|at| format!("{at}: ")).unwrap_or_default()
}

fn hint_suffix(hint: Option<&String>) -> String {
    hint.map(|hint| format!(" ({hint})")).unwrap_or_default()
}

impl Refusal {
    /// A refusal with neither a place nor a hint.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), at: None, hint: None, retry_after: None }
    }

    /// A payload field that is not what it should be.
    pub fn payload(at: impl Into<String>, expected: &str, found: &str) -> Self {
        Self::expected(Code::InvalidPayload, at, expected, found)
    }

    /// Something that is not what it should be.
    pub fn expected(code: Code, at: impl Into<String>, expected: &str, found: &str) -> Self {
        Self { at: Some(at.into()), ..Self::new(code, format!("expected {expected}, found {found}")) }
    }

    /// The same, with a place.
    #[must_use]
    pub fn at(mut self, at: impl Into<String>) -> Self {
        self.at = Some(at.into());
        self
    }

    /// The same, with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
