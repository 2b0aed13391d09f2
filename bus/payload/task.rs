//! Task: work is handed out, a part to each repo (specification, "Task").

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Opening, Text, join_headline, word};
use crate::name::RepoName;

/// The opening form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Task {
    /// `distributed_refactor`, `test_suite`, `benchmark`, or any other word.
    pub task_type: Text,
    /// What is to be done, as a whole.
    pub description: Text,
    /// What each repo is to do.
    pub subtasks: BTreeMap<RepoName, Text>,
}

impl Opening for Task {
    fn headline(&self) -> &str {
        self.description.as_str()
    }
}

/// How far a repo is with its part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// It will be done.
    Accepted,
    /// It is being done.
    InProgress,
    /// Something stands in the way.
    Blocked,
    /// It has been done.
    Done,
    /// It could not be done.
    Failed,
}

/// The answer form.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct TaskAnswer {
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "word")]
    pub status: Option<TaskStatus>,
    /// More about the status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Text>,
    /// The task arrived; the status comes later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<bool>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Text>,
}

impl Answer for TaskAnswer {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn is_acknowledgement(&self) -> bool {
        self.acknowledged.is_some() && self.status.is_none() && self.detail.is_none()
    }

    fn headline(&self) -> String {
        let status = self.status.map(|status| match status {
            TaskStatus::Accepted => "accepted",
            TaskStatus::InProgress => "in progress",
            TaskStatus::Blocked => "blocked",
            TaskStatus::Done => "done",
            TaskStatus::Failed => "failed",
        });
        let acknowledged = self.acknowledged.filter(|&yes| yes).map(|_| "acknowledged".to_owned());
        let detail = self.detail.as_ref().map(|text| text.as_str().to_owned());
        join_headline(&[status.map(str::to_owned), acknowledged, detail], self.comment.as_ref())
    }
}
