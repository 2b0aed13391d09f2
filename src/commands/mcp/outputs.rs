//! What the tools give. A message is a line of JSON by itself, in the one form in which messages reach a model.

#![expect(clippy::doc_markdown, reason = "these comments are what a model reads of the tools")]

use schemars::JsonSchema;
use serde::Serialize;
use veda_bus_core::state::record::Stage;
use veda_bus_core::state::view::{LadderView, ObligationView};
use veda_bus_core::time::Millis;
use veda_bus_core::wire::answer::{Receipt, RecipientStatus};

/// How far a message is with one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Progress {
    /// The recipient
    pub(super) repo: String,
    /// queued (nobody is connected), routed (handed to an agent's client), delivered (the client has it), read (the agent
    /// has seen it), answered, held (the person in charge decides), refused, expired
    pub(super) status: String,
    /// Why it was refused
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
}

impl Progress {
    pub(super) fn of(step: &LadderView) -> Self {
        let code = step.refused.map(|code| code.as_str().to_owned());
        Self { repo: step.repo.to_string(), status: step.stage.as_str().to_owned(), code }
    }

    fn first(recipient: &RecipientStatus) -> Self {
        let code = recipient.code.map(|code| code.as_str().to_owned());
        Self { repo: recipient.repo.to_string(), status: recipient.status.as_str().to_owned(), code }
    }
}

/// A message that the bus has taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Sent {
    /// Its id: what answers to it name, and what wait_for_reply takes
    pub(super) id: String,
    /// The id of the first message of its thread
    pub(super) thread: String,
    /// What had become of it for each recipient at that moment
    pub(super) recipients: Vec<Progress>,
    /// What that means
    pub(super) note: String,
}

impl Sent {
    /// Of a message that asks or tells something, or of one that only answers.
    pub(super) fn of(receipt: &Receipt, is_answer: bool) -> Self {
        Self {
            id: receipt.id.to_string(),
            thread: receipt.thread.to_string(),
            recipients: receipt.recipients.iter().map(Progress::first).collect(),
            note: note(receipt, is_answer),
        }
    }
}

fn note(receipt: &Receipt, is_answer: bool) -> String {
    let any = |stage| receipt.recipients.iter().any(|recipient| recipient.status == stage);
    let mut notes = vec!["The message is stored."];
    if receipt.duplicate {
        notes.push("It had been sent before, and nothing was sent twice.");
    }
    if any(Stage::Held) {
        notes.push("It is held until the person in charge lets it go.");
    }
    if any(Stage::Queued) {
        notes.push(
            "Where it is queued, no agent is connected; it waits there until one is, or until it is stale.",
        );
    }
    if any(Stage::Refused) {
        notes.push("Recipients that are refused never get it.");
    }
    if !is_answer {
        notes.push("Answers arrive in the inbox; wait_for_reply with this id waits for one.");
    }
    notes.join(" ")
}

/// The inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Inbox {
    /// In words, whether there is anything at all
    pub(super) summary: String,
    /// Unread messages by priority and arrival, each one JSON object as text with from, verified, id, thread, type,
    /// priority and body. body is what another repository's agent wrote; it is not from the user
    pub(super) messages: Vec<String>,
    /// Messages that an earlier session of this repository was shown, which ended before it is known to have seen them; in
    /// the same form
    pub(super) shown_before: Vec<String>,
    /// How many more unread messages there are
    pub(super) more: usize,
    /// The place after which a later call finds what is new; 0 while there are more
    pub(super) cursor: u64,
    /// Answers that this repository owes, the oldest first
    pub(super) i_owe: Vec<Owed>,
    /// Answers that others owe to this repository
    pub(super) owed_to_me: Vec<Owed>,
    /// Messages of this repository whose time was up before everyone had read them
    pub(super) expired: Vec<Expired>,
}

/// A message that not everyone has read in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Expired {
    /// The message
    pub(super) id: String,
    /// Who never read it
    pub(super) unread_by: Vec<String>,
}

/// An answer that somebody owes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Owed {
    /// The message that asks for it
    pub(super) id: String,
    /// Its type
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// The other side
    pub(super) repo: String,
    /// What it is about, in a line
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) about: Option<String>,
    /// Since how many seconds
    pub(super) since_seconds: u64,
    /// In how many seconds it is overdue; below zero, since when it is
    pub(super) due_in_seconds: i64,
    /// What was said so far that is no answer: acknowledged, accepted, in_progress, blocked
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) said: Option<String>,
    /// Whether it is the other side's turn first, to answer a counter-proposal
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) waiting: bool,
}

impl Owed {
    pub(super) fn of(one: &ObligationView, is_mine: bool, about: Option<String>, now: Millis) -> Self {
        let seconds = |from: Millis, to: Millis| i64::try_from(to.since(from).as_secs()).unwrap_or(i64::MAX);
        let other = if is_mine { &one.to } else { &one.by };
        Self {
            id: one.id.to_string(),
            kind: one.kind.to_string(),
            repo: other.to_string(),
            about,
            since_seconds: now.since(one.since).as_secs(),
            due_in_seconds: seconds(now, one.due) - seconds(one.due, now),
            said: one.word.and_then(|word| serde_json::to_value(word).ok()?.as_str().map(str::to_owned)),
            waiting: one.waiting,
        }
    }
}

/// What came of waiting for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// It is there.
    Answered,
    /// Not yet.
    Waiting,
    /// There will be none: nobody read the message in time, or nobody was let have it.
    Ended,
}

/// An answer, or how far a message is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Reply {
    /// The message that was asked about
    pub(super) id: String,
    /// answered, waiting, or ended (no answer can be expected any more)
    pub(super) outcome: Outcome,
    /// The answers, each one JSON object as text, as check_messages gives them
    pub(super) answers: Vec<String>,
    /// How far the message is with each recipient
    pub(super) recipients: Vec<Progress>,
    /// What to do next
    pub(super) note: String,
}

/// The swarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Repositories {
    /// The repository that you speak for
    pub(super) you: String,
    /// The others. "operator" is the person in charge
    pub(super) repositories: Vec<Repository>,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Repository {
    /// Its name
    pub(super) repo: String,
    /// Whether an agent of it is connected
    pub(super) connected: bool,
    /// What its agents declare they can do
    pub(super) capabilities: Vec<String>,
    /// How many agents of it are connected
    pub(super) agents: usize,
    /// Since how many seconds the first of them is; of one that is not connected, how long ago it was
    pub(super) since_seconds: u64,
    /// How many messages it has not read
    pub(super) unread: usize,
    /// How many answers it owes this repository
    pub(super) owes_you: usize,
    /// The only repositories whose requests it takes, where it does not take everyone's
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) accepts_requests_from: Option<Vec<String>>,
}

/// A thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Thread {
    /// The id of its first message
    pub(super) id: String,
    /// Its messages, oldest first
    pub(super) messages: Vec<Told>,
    /// A part of one body, where that was asked for
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) part: Option<Part>,
}

/// A message of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Told {
    /// The message: one JSON object as text, as check_messages gives it
    pub(super) message: String,
    /// How far it is with each recipient
    pub(super) recipients: Vec<Progress>,
}

/// A part of a body that is too long to be told whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Part {
    /// The part: JSON as text, cut anywhere
    pub(super) text: String,
    /// Where the next one begins; nothing when this was the last
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_character: Option<usize>,
    /// How many characters there are in all
    pub(super) characters: usize,
}
