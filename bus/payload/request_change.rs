//! RequestChange: another repo is asked to change something (specification, "RequestChange").

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Opening, Text, join_headline, word};

/// The opening form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RequestChange {
    /// What to change, in a line.
    pub summary: Text,
    /// Why it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How it could look, usually as code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested_implementation: Option<String>,
    /// How pressing it is: `blocking_development`, or any other word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<String>,
}

impl Opening for RequestChange {
    fn headline(&self) -> &str {
        self.summary.as_str()
    }
}

/// What the asked repo says to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It arrived; nothing is decided.
    Acknowledged,
    /// It will be done.
    Accepted,
    /// Something else is offered instead.
    Countered,
    /// It will not be done.
    Rejected,
    /// It has been done.
    Done,
}

/// The answer form.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct RequestChangeAnswer {
    /// What was decided.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "word")]
    pub decision: Option<Decision>,
    /// What is offered instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter_proposal: Option<Text>,
    /// Seconds until it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta_seconds: Option<u64>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Text>,
}

impl Answer for RequestChangeAnswer {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn is_acknowledgement(&self) -> bool {
        self.decision == Some(Decision::Acknowledged) && self.counter_proposal.is_none()
    }

    fn headline(&self) -> String {
        let decision = self.decision.map(|decision| match decision {
            Decision::Acknowledged => "acknowledged",
            Decision::Accepted => "accepted",
            Decision::Countered => "countered",
            Decision::Rejected => "rejected",
            Decision::Done => "done",
        });
        let parts = [
            decision.map(str::to_owned),
            self.eta_seconds.map(|eta| format!("in {eta} s")),
            self.counter_proposal.as_ref().map(|text| text.as_str().to_owned()),
        ];
        join_headline(&parts, self.comment.as_ref())
    }
}
