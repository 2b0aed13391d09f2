//! Negotiate: a proposal is put to the vote (specification, "Negotiate").

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Opening, Text, join_headline, word};
use crate::name::RepoName;

/// The opening form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Negotiate {
    /// What is proposed.
    pub proposal: Text,
    /// The repos whose votes count.
    #[schemars(length(min = 1, max = 256))]
    #[serde(deserialize_with = "some_repos")]
    pub affected_repos: Vec<RepoName>,
    /// What it is good for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub benefits: Option<Vec<String>>,
    /// Whether every voter has to accept, or a majority is enough.
    pub requires_consensus: bool,
}

fn some_repos<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<RepoName>, D::Error> {
    let repos = Vec::<RepoName>::deserialize(deserializer)?;
    if (1..=256).contains(&repos.len()) {
        return Ok(repos);
    }
    Err(serde::de::Error::custom(format!("{} repos", repos.len())))
}

impl Opening for Negotiate {
    fn headline(&self) -> &str {
        self.proposal.as_str()
    }
}

/// A voter's word on a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Vote {
    /// Agreed.
    Accept,
    /// Not agreed.
    Reject,
    /// No word for or against.
    Abstain,
    /// Something else is proposed.
    Counter,
}

impl Vote {
    /// The word as it stands in a payload.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Abstain => "abstain",
            Self::Counter => "counter",
        }
    }
}

/// How a negotiation ended. The proposer says that it is withdrawn; the others are written by the bus alone.
#[derive(Debug, Clone, Copy, PartialEq, Hash, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The proposal holds.
    Approved,
    /// The proposal is off.
    Rejected,
    /// Time was up without a decision.
    Expired,
    /// The proposer took it back.
    Withdrawn,
}

impl Outcome {
    /// The word as it stands in a payload.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// The answer form.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct NegotiateAnswer {
    /// The sender's vote.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "word")]
    pub vote: Option<Vote>,
    /// What is proposed instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter_proposal: Option<Text>,
    /// How it ended: `withdrawn`, from the proposer; the others are written by the bus alone.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "word")]
    pub outcome: Option<Outcome>,
    /// The proposal arrived; the vote comes later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<bool>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Text>,
}

impl Answer for NegotiateAnswer {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn is_acknowledgement(&self) -> bool {
        self.acknowledged.is_some()
            && self.vote.is_none()
            && self.counter_proposal.is_none()
            && self.outcome.is_none()
    }

    fn headline(&self) -> String {
        let acknowledged = self.acknowledged.filter(|&yes| yes).map(|_| "acknowledged".to_owned());
        let counter = self.counter_proposal.as_ref().map(|text| text.as_str().to_owned());
        let outcome = self.outcome.map(|outcome| outcome.as_str().to_owned());
        let vote = self.vote.map(|vote| vote.as_str().to_owned());
        let parts = [outcome, vote, acknowledged, counter];
        join_headline(&parts, self.comment.as_ref())
    }
}
