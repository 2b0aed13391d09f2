//! What the operator decides, and what the bus says to it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::AllowRule;
use crate::name::{MessageId, Seq};
use crate::payload::{Outcome, Text};
use crate::refusal::{Code, Refusal};

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A negotiation that the votes carry is approved.
    Approve,
    /// A negotiation is rejected, whatever the votes.
    Reject,
    /// A negotiation is put to the vote again with another wording, `proposal`.
    Amend,
    /// A negotiation ends as `outcome` says (approved, when it says nothing), whatever the votes.
    Override,
    /// A held message goes out; with `payload`, it says that instead.
    Release,
    /// A held message does not go out.
    Refuse,
    /// A thread that is held may go on, and what was held because of it goes out.
    Continue,
    /// Messages of `rule` are never held from now on.
    Allow,
    /// `rule` is no standing rule any more.
    Revoke,
}

impl Verdict {
    /// The word as it stands in a frame.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Amend => "amend",
            Self::Override => "override",
            Self::Release => "release",
            Self::Refuse => "refuse",
            Self::Continue => "continue",
            Self::Allow => "allow",
            Self::Revoke => "revoke",
        }
    }
}

/// A decision of the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Decide {
    /// What is decided.
    pub verdict: Verdict,
    /// On what: a message that worded a round of a negotiation; a held message; a message of a held thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<MessageId>,
    /// What everyone involved is told with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Text>,
    /// The round of the negotiation that is decided on, from 1: a decision on one that another has replaced meanwhile is
    /// refused. The last one, whatever it is, when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    /// The wording of the next round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Text>,
    /// How the negotiation ends: `approved` or `rejected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What the held message says instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
    /// The standing rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<AllowRule>,
}

impl Decide {
    /// A decision on the message `id`, with nothing said about it.
    pub fn on(verdict: Verdict, id: MessageId) -> Self {
        Self { id: Some(id), ..Self::new(verdict) }
    }

    /// A decision on a standing rule.
    pub fn rule(verdict: Verdict, rule: AllowRule) -> Self {
        Self { rule: Some(rule), ..Self::new(verdict) }
    }

    fn new(verdict: Verdict) -> Self {
        Self {
            verdict,
            id: None,
            comment: None,
            round: None,
            proposal: None,
            outcome: None,
            payload: None,
            rule: None,
        }
    }

    /// Whether everything is there that the verdict needs, and nothing that it has no use for.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        use Verdict::{Allow, Amend, Approve, Continue, Override, Refuse, Reject, Release, Revoke};
        let verdict = self.verdict;
        let is_rule = matches!(verdict, Allow | Revoke);
        let needs = |at: &str, is_there: bool, is_needed: bool, may_be: bool| {
            let expected = match (is_there, is_needed, may_be) {
                (false, true, _) => "a value",
                (true, _, false) => "nothing",
                _ => return Ok(()),
            };
            let found = if is_there { "a value" } else { "nothing" };
            Err(Refusal::expected(Code::InvalidFrame, at, expected, found)
                .hint(format!("the verdict is \"{}\"", verdict.as_str())))
        };
        needs("id", self.id.is_some(), !is_rule, !is_rule)?;
        needs("rule", self.rule.is_some(), is_rule, is_rule)?;
        let is_vote = matches!(verdict, Approve | Reject | Amend | Override);
        needs("round", self.round.is_some(), false, is_vote)?;
        needs("proposal", self.proposal.is_some(), verdict == Amend, verdict == Amend)?;
        needs("payload", self.payload.is_some(), false, verdict == Release)?;
        needs("outcome", self.outcome.is_some(), false, verdict == Override)?;
        needs("comment", self.comment.is_some(), verdict == Refuse, !is_rule && verdict != Continue)?;
        match self.outcome {
            Some(outcome @ (Outcome::Expired | Outcome::Withdrawn)) => {
                let (expected, found) = ("\"approved\" or \"rejected\"", format!("\"{}\"", outcome.as_str()));
                Err(Refusal::expected(Code::InvalidFrame, "outcome", expected, &found))
            }
            _ => Ok(()),
        }
    }
}

/// The answer to `decide`: it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// The last event that it caused.
    pub seq: Seq,
    /// The message that tells of it, where there is one: the outcome, the amendment, the answer to a sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
}
