//! Events: the facts that the journal keeps and the state is folded from.
//!
//! A line of the journal is an event with its number, its time and its link to the line before (`journal::line`).
//! Whatever the bus knows, it knows from these; `docs/protocol.md` has the table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::AllowRule;
use crate::message::{Message, Recipient};
use crate::name::{Capability, InstanceId, MessageId, RepoName, Seq, SessionId};
use crate::os::Process;
use crate::payload::{Outcome, Vote};
use crate::refusal::Code;
use crate::state::negotiation::{Standing, Tally};
use crate::time::Millis;

/// An event with its place and time in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its number.
    pub seq: Seq,
    /// When the bus took it down, in milliseconds since the Unix epoch; never before the event before it.
    pub at: Millis,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A bus took the journal over. No instance is connected any more; what was in their hands waits again.
    Started(Started),
    /// A bus gave the journal up.
    Stopped(Stopped),
    /// What a recovery that begins here has to know of all that came before.
    Checkpoint(Checkpoint),
    /// An instance connected, came back, or changed what it declares.
    Registered(Registered),
    /// An instance is gone. What it had and had not read waits again.
    Left(Left),
    /// An instance does not answer while a message is on its way to it. What it had waits again.
    Stuck(InstanceRef),
    /// A stuck instance gave a sign of life.
    Resumed(InstanceRef),
    /// A message was accepted.
    Accepted(Box<Accepted>),
    /// Messages that waited were handed to a connected instance.
    Routed(Moved),
    /// An instance's client said that it has these messages.
    Delivered(Moved),
    /// The agent itself has seen these messages.
    Read(Moved),
    /// A recipient answered a message.
    Answered(Answered),
    /// A message's time was up before these recipients had read it.
    Expired(Expired),
    /// A sender was told of something that became of its messages.
    Noticed(Noticed),
    /// A message was not accepted, or a process not taken for the operator.
    Refused(Refused),
    /// A proposal was put to the vote.
    Proposed(Proposed),
    /// A vote was counted.
    Voted(Voted),
    /// Another wording of a proposal was put to the vote, which begins anew.
    Round(RoundBegun),
    /// The votes of a round come to something else than before.
    Tallied(Tallied),
    /// A negotiation ended.
    Resolved(Resolved),
    /// The operator changed a message that is held. What was sent stays in the journal as it was.
    Amended(Amended),
    /// The operator let a message go that was held. It waits for its recipients now.
    Released(Released),
    /// The operator will not let a message go that was held. Its sender is told in an answer.
    Denied(Denied),
    /// A message that is held will soon be stale.
    Expiring(Expiring),
    /// What is said in a thread from now on is held.
    Halted(Halted),
    /// A thread may go on, and what was held because of it goes out.
    Continued(Continued),
    /// The rules in force, at a start and when they change; or why a change was not taken.
    Configured(Box<Configured>),
}

impl Event {
    /// The name that stands in the journal.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started(_) => "started",
            Self::Stopped(_) => "stopped",
            Self::Checkpoint(_) => "checkpoint",
            Self::Registered(_) => "registered",
            Self::Left(_) => "left",
            Self::Stuck(_) => "stuck",
            Self::Resumed(_) => "resumed",
            Self::Accepted(_) => "accepted",
            Self::Routed(_) => "routed",
            Self::Delivered(_) => "delivered",
            Self::Read(_) => "read",
            Self::Answered(_) => "answered",
            Self::Expired(_) => "expired",
            Self::Noticed(_) => "noticed",
            Self::Refused(_) => "refused",
            Self::Proposed(_) => "proposed",
            Self::Voted(_) => "voted",
            Self::Round(_) => "round",
            Self::Tallied(_) => "tallied",
            Self::Resolved(_) => "resolved",
            Self::Amended(_) => "amended",
            Self::Released(_) => "released",
            Self::Denied(_) => "denied",
            Self::Expiring(_) => "expiring",
            Self::Halted(_) => "halted",
            Self::Continued(_) => "continued",
            Self::Configured(_) => "configured",
        }
    }
}

/// See [`Event::Started`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The process of the bus.
    pub pid: u32,
    /// Its version.
    pub version: String,
}

/// See [`Event::Stopped`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// The process of the bus.
    pub pid: u32,
}

/// See [`Event::Checkpoint`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The earliest event that still matters: everything after it, folded over `repos`, gives the state.
    pub since: Seq,
    /// Every repo that the bus has ever seen.
    pub repos: Vec<KnownRepo>,
    /// Every instance that is connected, for what the events after this one put into its hands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<Registered>,
    /// The rules in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configured: Option<Box<Configured>>,
    /// The processes that are or were an agent's host and are remembered, the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agent_hosts: Vec<AgentHost>,
    /// The chain digest of the line before this one, so that a verification may begin here.
    pub previous: String,
}

/// A repo as a checkpoint knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownRepo {
    /// Its name.
    pub repo: RepoName,
    /// When an instance of it was last connected.
    pub last_seen: Millis,
    /// From whom it takes requests, as last declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept_requests_from: Option<Vec<String>>,
    /// The sets of capabilities that its instances have declared.
    pub capabilities: Vec<Vec<Capability>>,
}

/// A process that is or was the host of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentHost {
    /// The repo whose agent it was last.
    pub repo: RepoName,
    /// The process.
    pub host: Process,
}

/// See [`Event::Registered`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The connected process.
    pub instance: InstanceId,
    /// The repo that it answers to.
    pub repo: RepoName,
    /// The conversation of its host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// Where its repo is on its disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What it declares it can do, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Capability>,
    /// From whom its repo takes requests; `*` is everyone.
    pub accept_requests_from: Vec<String>,
    /// What is pushed to it.
    pub receive: Receive,
    /// The program that connected, as it calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The process that connected, as the kernel tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// The host of its agent, where the operating system tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Process>,
}

/// What is pushed to an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Receive {
    /// All that its repo gets.
    #[default]
    All,
    /// Only answers to what this very instance sent.
    Replies,
    /// Nothing: it only sends.
    None,
}

/// See [`Event::Left`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// The process that is gone.
    pub instance: InstanceId,
    /// The repo that it answered to.
    pub repo: RepoName,
    /// Why.
    pub reason: LeftReason,
}

/// Why an instance is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LeftReason {
    /// Its connection was closed.
    Closed,
    /// Another connection registered as the same instance.
    Replaced,
}

/// See [`Event::Stuck`] and [`Event::Resumed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceRef {
    /// The process.
    pub instance: InstanceId,
    /// The repo that it answers to.
    pub repo: RepoName,
}

/// See [`Event::Accepted`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The instance that sent it.
    pub by: InstanceId,
    /// The id of the message that its thread began with, or would have, were it known.
    pub thread: MessageId,
    /// The event that accepted what it answers, where that was remembered. It is older, whatever ids senders choose.
    pub parent: Option<Seq>,
    /// When it is stale.
    pub expires_at: Millis,
    /// What became of it, for each recipient.
    pub recipients: Vec<Routing>,
    /// Why it is held, where it is.
    pub held: Option<Held>,
    /// The message itself.
    pub message: Message,
}

/// What became of a message for one recipient when it was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routing {
    /// The recipient.
    pub repo: RepoName,
    /// The connected instance that it was handed to; without one, it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<InstanceId>,
    /// Why this recipient does not get it, where a broadcast reached others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Code>,
    /// Whether it is kept back until the operator lets it go.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

/// Why a message is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Held {
    /// It matches a rule of `bus.approval.hold`.
    Rule {
        /// The expression, and where it could not judge the message, why.
        rule: String,
    },
    /// Its thread is held; see [`Event::Halted`].
    Thread {
        /// Why that is.
        reason: String,
    },
}

/// Messages of one repo that took the same step. See [`Event::Routed`], [`Event::Delivered`], [`Event::Read`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The repo whose mailbox they are in.
    pub repo: RepoName,
    /// The instance that has them.
    pub instance: InstanceId,
    /// The messages.
    pub ids: Vec<MessageId>,
}

/// See [`Event::Answered`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The message that was answered.
    pub id: MessageId,
    /// The recipient that answered.
    pub repo: RepoName,
    /// The answer.
    pub answer: MessageId,
}

/// See [`Event::Expired`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expired {
    /// The message.
    pub id: MessageId,
    /// Who sent it, and is to be told.
    pub from: RepoName,
    /// The recipients that never read it.
    pub unread_by: Vec<RepoName>,
}

/// See [`Event::Noticed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noticed {
    /// The repo that was told.
    pub repo: RepoName,
    /// The expired messages of which it was told.
    pub ids: Vec<MessageId>,
}

/// See [`Event::Refused`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Who wanted to send it, or whom the process wanted to be.
    pub repo: RepoName,
    /// Its id, where it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<MessageId>,
    /// Whom it was for, where that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Recipient>,
    /// For programs.
    pub code: Code,
    /// What was wrong, in a sentence.
    pub reason: String,
    /// The process that tried, where it was refused for what it is and the kernel tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
}

/// See [`Event::Proposed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposed {
    /// The message with the proposal, which names the negotiation.
    pub negotiation: MessageId,
    /// Who proposed it.
    pub by: RepoName,
    /// Whose votes count, sorted.
    pub voters: Vec<RepoName>,
    /// Whether nobody may reject it, or a majority is enough.
    pub requires_consensus: bool,
    /// When its time is up.
    pub expires_at: Millis,
}

/// See [`Event::Voted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voted {
    /// The message with the proposal.
    pub negotiation: MessageId,
    /// The round, from 1.
    pub round: u32,
    /// The voter.
    pub repo: RepoName,
    /// Its vote.
    pub vote: Vote,
    /// The message that said it.
    pub message: MessageId,
}

/// See [`Event::Round`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundBegun {
    /// The message with the proposal.
    pub negotiation: MessageId,
    /// The round, from 2.
    pub round: u32,
    /// Who worded it.
    pub by: RepoName,
    /// The message with the wording.
    pub message: MessageId,
    /// When its time is up.
    pub expires_at: Millis,
}

/// See [`Event::Tallied`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tallied {
    /// The message with the proposal.
    pub negotiation: MessageId,
    /// The round, from 1.
    pub round: u32,
    /// What its votes come to.
    pub standing: Standing,
    /// The votes.
    pub tally: Tally,
}

/// See [`Event::Resolved`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// The message with the proposal.
    pub negotiation: MessageId,
    /// The last round, from 1.
    pub round: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// Who said so: the operator, the proposer, or the bus.
    pub by: RepoName,
    /// The message that says it to everyone involved.
    pub message: MessageId,
    /// Whether the operator decided against the votes, or without them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overridden: bool,
}

/// See [`Event::Amended`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amended {
    /// The message as it is now: the same envelope with another payload, and `amended_by`.
    pub message: Message,
}

/// See [`Event::Released`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// The message.
    pub id: MessageId,
}

/// See [`Event::Denied`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denied {
    /// The message.
    pub id: MessageId,
    /// The answer that tells its sender.
    pub answer: MessageId,
}

/// See [`Event::Expiring`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiring {
    /// The message.
    pub id: MessageId,
    /// Who sent it.
    pub from: RepoName,
    /// When it will be stale.
    pub expires_at: Millis,
}

/// See [`Event::Halted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halted {
    /// The id of the message that it began with.
    pub thread: MessageId,
    /// Why.
    pub reason: String,
}

/// See [`Event::Continued`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continued {
    /// The id of the message that it began with.
    pub thread: MessageId,
}

/// See [`Event::Configured`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Configured {
    /// Who decides negotiations: `always`, `on_conflict` or `never` the operator.
    pub negotiations: String,
    /// The expressions whose messages are held.
    pub hold: Vec<String>,
    /// What is never held.
    pub allow: Vec<AllowRule>,
    /// What was wrong with a change, which was then not taken; each with its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// What is in force, but may not be meant; each with its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Keys that were changed, and take effect at the next start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<String>,
}
