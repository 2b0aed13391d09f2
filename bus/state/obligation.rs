//! Obligations: who owes whom an answer.
//!
//! One is opened by the opening form of a `RequestChange`, a `Query` or a `Task` (for those that have a part in it) to
//! each recipient that gets it, and by each round of a negotiation for the voters that have not voted. What is held asks
//! nobody before it is released.
//!
//! | what is said | by the debtor | by who waits for it, to a counter-proposal |
//! |---|---|---|
//! | Query: an answer | settled | |
//! | RequestChange: done, rejected | settled | settled |
//! | RequestChange: countered | the turn passes: an answer to the counter-proposal is owed | the turn passes back |
//! | RequestChange: accepted | noted; due after `eta_seconds` at the earliest | the turn passes back |
//! | Task: done, failed | settled | |
//! | Task: accepted, in progress, blocked | noted | |
//! | acknowledged | noted | |
//! | anything else | | |
//!
//! An answer is about the nearest request of its type above it that its sender owes: the one that it answers, or, where
//! it goes to who asked, one further up.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::message::MessageType;
use crate::name::{MessageId, RepoName, Seq};
use crate::payload::{Decision, Form, Payload, QueryAnswer, RequestChangeAnswer, TaskAnswer, TaskStatus};
use crate::time::Millis;

/// An answer that one repo owes another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    /// The event that accepted the message that asks: a request, a counter-proposal, the wording of a round.
    pub seq: Seq,
    /// That message.
    pub id: MessageId,
    /// The id of the message that its thread began with.
    pub thread: Arc<MessageId>,
    /// Its type.
    pub kind: MessageType,
    /// Who owes the answer.
    pub by: RepoName,
    /// Who waits for it.
    pub to: RepoName,
    /// Since when: it was accepted, or released.
    pub since: Millis,
    /// When it is overdue; of no meaning while the other side has the turn.
    pub due: Millis,
    /// Whose turn it is.
    pub turn: Turn,
    /// What the debtor has said so far that is no answer yet.
    pub word: Option<Word>,
    /// Where this is the answer to a counter-proposal: the request that it counters, which `to` owes `by`.
    pub counters: Option<Seq>,
}

impl Obligation {
    /// Whether it is the debtor's turn.
    pub fn is_active(&self) -> bool {
        self.turn == Turn::Debtor
    }

    /// Whether the debtor is late at the moment `now`.
    pub fn is_overdue(&self, now: Millis) -> bool {
        self.is_active() && self.due <= now
    }
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Turn {
    /// The one who owes the answer.
    Debtor,
    /// The one who waits for it: the debtor has made a counter-proposal, which this event accepted.
    Counter(Seq),
}

/// What a debtor has said that is no answer yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// It arrived.
    Acknowledged,
    /// It will be done.
    Accepted,
    /// It is being done.
    InProgress,
    /// Something stands in the way.
    Blocked,
}

impl Word {
    /// The word as it stands in a frame.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Accepted => "accepted",
            Self::InProgress => "in_progress",
            Self::Blocked => "blocked",
        }
    }
}

/// How many answers a repo owes, and how many it is owed; those for which it is the other side's turn do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Balance {
    /// Answers that it owes.
    pub owes: usize,
    /// Answers that it waits for.
    pub owed: usize,
}

/// On which side of an obligation somebody speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// It owes the answer.
    Debtor,
    /// It waits for it, and owes an answer to a counter-proposal.
    Creditor,
}

/// What an answer does to the obligation that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    Nothing,
    /// It is noted, and with a time, not due before that.
    Noted(Word, Option<Duration>),
    /// It is the other side's turn.
    Passed,
    /// There is nothing owed any more, on neither side.
    Settled,
}

/// The table above.
pub(super) fn effect(side: Side, payload: &Payload) -> Effect {
    match (side, payload) {
        (Side::Debtor, Payload::Query(Form::Answer(answer))) => of_query(answer),
        (Side::Debtor, Payload::Task(Form::Answer(answer))) => of_task(answer),
        (Side::Debtor, Payload::RequestChange(Form::Answer(answer))) => of_change(answer),
        (Side::Creditor, Payload::RequestChange(Form::Answer(answer))) => of_counter(answer),
        _ => Effect::Nothing,
    }
}

fn of_query(answer: &QueryAnswer) -> Effect {
    match answer {
        QueryAnswer { answer: Some(_), .. } => Effect::Settled,
        QueryAnswer { acknowledged: Some(true), .. } => Effect::Noted(Word::Acknowledged, None),
        _ => Effect::Nothing,
    }
}

fn of_task(answer: &TaskAnswer) -> Effect {
    match answer.status {
        Some(TaskStatus::Done | TaskStatus::Failed) => Effect::Settled,
        Some(TaskStatus::Accepted) => Effect::Noted(Word::Accepted, None),
        Some(TaskStatus::InProgress) => Effect::Noted(Word::InProgress, None),
        Some(TaskStatus::Blocked) => Effect::Noted(Word::Blocked, None),
        None if answer.acknowledged == Some(true) => Effect::Noted(Word::Acknowledged, None),
        None => Effect::Nothing,
    }
}

fn of_change(answer: &RequestChangeAnswer) -> Effect {
    match decision(answer) {
        Some(Decision::Done | Decision::Rejected) => Effect::Settled,
        Some(Decision::Countered) => Effect::Passed,
        Some(Decision::Accepted) => {
            Effect::Noted(Word::Accepted, answer.eta_seconds.map(Duration::from_secs))
        }
        Some(Decision::Acknowledged) => Effect::Noted(Word::Acknowledged, None),
        None => Effect::Nothing,
    }
}

fn of_counter(answer: &RequestChangeAnswer) -> Effect {
    match decision(answer) {
        Some(Decision::Done | Decision::Rejected) => Effect::Settled,
        Some(Decision::Countered | Decision::Accepted) => Effect::Passed,
        Some(Decision::Acknowledged) => Effect::Noted(Word::Acknowledged, None),
        None => Effect::Nothing,
    }
}

/// Who proposes something else has countered, whether it says so or not.
fn decision(answer: &RequestChangeAnswer) -> Option<Decision> {
    answer.decision.or_else(|| answer.counter_proposal.as_ref().map(|_| Decision::Countered))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effects(kind: MessageType, payload: &str) -> (Effect, Effect) {
        let payload = Payload::parse(kind, true, payload).unwrap();
        (effect(Side::Debtor, &payload), effect(Side::Creditor, &payload))
    }

    #[test]
    fn what_is_said_has_the_effect_that_the_table_says() {
        use Effect::{Noted, Nothing, Passed, Settled};
        use MessageType::{Negotiate, Notify, Query, RequestChange, Task};
        let soon = Some(Duration::from_secs(300));
        let acknowledged = Noted(Word::Acknowledged, None);
        for (kind, payload, debtor, creditor) in [
            (Query, r#"{"answer":"Because."}"#, Settled, Nothing),
            (Query, r#"{"answer":0,"acknowledged":true}"#, Settled, Nothing),
            (Query, r#"{"answer":null,"comment":"?"}"#, Nothing, Nothing),
            (Query, r#"{"acknowledged":true}"#, acknowledged, Nothing),
            (Query, r#"{"acknowledged":false}"#, Nothing, Nothing),
            (Query, r#"{"question":"Which one?"}"#, Nothing, Nothing),
            (RequestChange, r#"{"decision":"done"}"#, Settled, Settled),
            (RequestChange, r#"{"decision":"rejected"}"#, Settled, Settled),
            (RequestChange, r#"{"decision":"countered"}"#, Passed, Passed),
            (RequestChange, r#"{"counter_proposal":"Only the types"}"#, Passed, Passed),
            (RequestChange, r#"{"decision":"accepted"}"#, Noted(Word::Accepted, None), Passed),
            (
                RequestChange,
                r#"{"decision":"accepted","eta_seconds":300}"#,
                Noted(Word::Accepted, soon),
                Passed,
            ),
            (RequestChange, r#"{"decision":"acknowledged"}"#, acknowledged, acknowledged),
            (RequestChange, r#"{"comment":"Hm."}"#, Nothing, Nothing),
            (RequestChange, r#"{"summary":"Another one"}"#, Nothing, Nothing),
            (Task, r#"{"status":"done"}"#, Settled, Nothing),
            (Task, r#"{"status":"failed"}"#, Settled, Nothing),
            (Task, r#"{"status":"accepted"}"#, Noted(Word::Accepted, None), Nothing),
            (Task, r#"{"status":"in_progress"}"#, Noted(Word::InProgress, None), Nothing),
            (Task, r#"{"status":"blocked"}"#, Noted(Word::Blocked, None), Nothing),
            (Task, r#"{"acknowledged":true}"#, acknowledged, Nothing),
            (Task, r#"{"detail":"half of it"}"#, Nothing, Nothing),
            (Notify, r#"{"acknowledged":true}"#, Nothing, Nothing),
            (Negotiate, r#"{"vote":"accept"}"#, Nothing, Nothing),
        ] {
            assert_eq!(effects(kind, payload), (debtor, creditor), "{kind} {payload}");
        }
    }
}
