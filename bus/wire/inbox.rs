//! `inbox`: what a repo has not read, and who owes whom an answer, for an agent that asks at its own time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::Incoming;
use crate::event::Expired;
use crate::name::{InstanceId, RepoName, Seq, SessionId};
use crate::os::Process;
use crate::state::view::{Listed, ObligationView};

/// How many messages an answer has when nothing else is asked for.
pub const DEFAULT_INBOX: usize = 100;

/// Asks for what a repo has not read.
///
/// A connection that is no instance names some: connected ones of the repo that take what the repo gets, those of that
/// session, else those whose agent's host started the connecting process. So a command that an agent's host runs, such
/// as a hook, speaks for the agent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Inbox {
    /// Whose; a connection that is an instance leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo: Option<RepoName>,
    /// The conversation of the agent's host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// Only messages that later events accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
    /// At most so many messages; 100 when left out, at most 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Whether the answer waits until there is a message, one has come into the inbox, or the instances have left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wait: bool,
}

/// What a repo has not read, and what is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxAnswer {
    /// Everything but the messages.
    pub head: InboxHead,
    /// Messages that nobody has, and those in the hands of the instances, by priority, then in the order of arrival.
    pub messages: Vec<Incoming>,
}

/// Everything in an inbox but the messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxHead {
    /// The repo.
    pub repo: RepoName,
    /// The instance that was meant, the newest of several; `None` when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<InstanceId>,
    /// The host of its agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Process>,
    /// The last event.
    pub seq: Seq,
    /// How many unread messages there are beside those told.
    pub more: usize,
    /// What the repo owes.
    pub owes: Listed<ObligationView>,
    /// What it is owed.
    pub owed: Listed<ObligationView>,
    /// Its messages whose time was up before everyone had read them, until that is acknowledged (`notices` of an `ack`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expired: Vec<Expired>,
}
