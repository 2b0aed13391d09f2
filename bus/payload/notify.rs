//! Notify: a change is announced (specification, "Notify").

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Opening, Text, join_headline};

/// The opening form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notify {
    /// `breaking_change`, `deprecation`, `new_feature`, or any other word.
    pub change_type: Text,
    /// What changed, in a line.
    pub summary: Text,
    /// What callers have to do, usually as commands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration_guide: Option<String>,
    /// The version in which it takes effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_version: Option<String>,
}

impl Opening for Notify {
    fn headline(&self) -> &str {
        self.summary.as_str()
    }
}

/// The answer form.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct NotifyAnswer {
    /// Whether it was taken note of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<bool>,
    /// What it means here: "23 call sites".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub findings: Option<Text>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Text>,
}

impl Answer for NotifyAnswer {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Never: a Notify asks for no more than to be acknowledged, so that is its answer.
    fn is_acknowledgement(&self) -> bool {
        false
    }

    fn headline(&self) -> String {
        let acknowledged = self.acknowledged.map(|yes| if yes { "acknowledged" } else { "not acknowledged" });
        let findings = self.findings.as_ref().map(|text| text.as_str().to_owned());
        join_headline(&[acknowledged.map(str::to_owned), findings], self.comment.as_ref())
    }
}
