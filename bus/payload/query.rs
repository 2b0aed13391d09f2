//! Query: another repo is asked a question (specification, "Query").

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Answer, Opening, Text, join_headline};

/// The opening form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Query {
    /// The question, in plain words.
    pub question: Text,
    /// What helps to answer it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The form that the answer should have: `rust_trait_definition`, or any other words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_format: Option<String>,
}

impl Opening for Query {
    fn headline(&self) -> &str {
        self.question.as_str()
    }
}

/// The answer form.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct QueryAnswer {
    /// The answer: text, or any JSON that the question's `response_format` asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
    /// The question arrived; the answer comes later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<bool>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Text>,
}

impl Answer for QueryAnswer {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn is_acknowledgement(&self) -> bool {
        self.acknowledged.is_some() && self.answer.is_none()
    }

    fn headline(&self) -> String {
        let answer = self.answer.as_ref().map(|answer| match answer {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        let acknowledged = self.acknowledged.filter(|&yes| yes).map(|_| "acknowledged".to_owned());
        join_headline(&[acknowledged, answer], self.comment.as_ref())
    }
}
