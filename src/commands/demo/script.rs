//! What is played: who takes part, who says what to whom and in answer to what. The text itself is `script.json`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use veda_bus_core::message::{Draft, MessageType, Priority, Recipient};
use veda_bus_core::name::{Capability, MessageId, RepoName};
use veda_bus_core::payload::Payload;
use veda_bus_core::wire::Register;

use crate::failure::Failure;

/// The name under which the instances connect.
const CLIENT: &str = "demo";

/// What a text of a reaction has in the place of the answer that it is a reaction to.
const ANSWER: &str = "{answer}";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    pub(super) cast: Vec<Role>,
    /// What is said, in this order.
    pub(super) play: Vec<Step>,
    /// What is said when the operator has answered a step of that name; the answer itself is called `NAME/answer`.
    pub(super) when_answered: BTreeMap<String, Vec<Step>>,
}

/// One who takes part.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    pub(super) repo: RepoName,
    path: String,
    capabilities: Vec<Capability>,
}

/// A message.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) from: RepoName,
    pub(super) to: RepoName,
    /// The step that it answers.
    pub(super) answers: Option<String>,
    #[serde(rename = "type")]
    kind: MessageType,
    #[serde(default)]
    priority: Priority,
    payload: Value,
}

impl Script {
    pub(super) fn read() -> Result<Self, Failure> {
        serde_json::from_str(include_str!("script.json"))
            .map_err(|error| Failure::Failed(format!("the demo's script: {error}")))
    }
}

impl Role {
    pub(super) fn registration(&self) -> Register {
        Register {
            path: Some(self.path.clone()),
            capabilities: self.capabilities.clone(),
            client: CLIENT.parse().ok(),
            ..Register::new(self.repo.clone())
        }
    }
}

impl Step {
    /// The message, in reply to `parent`; `answer` is what the operator has answered, if this is a reaction to it.
    pub(super) fn draft(&self, parent: Option<MessageId>, answer: &str) -> Result<Draft, Failure> {
        let payload = quoting(&self.payload, answer).to_string();
        let payload = Payload::parse(self.kind, parent.is_some(), &payload)?;
        let to = Recipient { repo: self.to.clone().into(), capabilities: Vec::new() };
        Ok(Draft { priority: self.priority, reply_to: parent, ..Draft::new(to, payload) })
    }
}

/// The payload with the answer in the texts that quote it.
fn quoting(payload: &Value, answer: &str) -> Value {
    let mut payload = payload.clone();
    for text in payload.as_object_mut().into_iter().flatten().map(|(_, member)| member) {
        if let Value::String(text) = text {
            *text = text.replace(ANSWER, answer);
        }
    }
    payload
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_step_is_a_message_that_the_bus_takes_and_answers_one_before_it() {
        let script = Script::read().unwrap();
        let cast: BTreeSet<_> = script.cast.iter().map(|role| role.repo.clone()).collect();
        let reactions =
            script.when_answered.iter().map(|(name, steps)| (Some(format!("{name}/answer")), steps));
        let mut said = BTreeSet::new();
        let mut kinds = BTreeSet::new();
        for (answer, steps) in std::iter::once((None, &script.play)).chain(reactions) {
            said.extend(answer);
            for step in steps {
                let parent = step.answers.as_ref().map(|_| "parent".parse().unwrap());
                let draft =
                    step.draft(parent, "yes").unwrap_or_else(|error| panic!("{}: {error}", step.name));
                assert!(!draft.payload.to_json().unwrap().contains(ANSWER), "{}", step.name);
                assert!(cast.contains(&step.from), "{}", step.name);
                assert!(step.answers.as_ref().is_none_or(|name| said.contains(name)), "{}", step.name);
                assert!(said.insert(step.name.clone()), "{} is there twice", step.name);
                kinds.insert(step.kind);
            }
        }
        assert!(script.when_answered.keys().all(|name| said.contains(name)));
        assert_eq!(kinds.len(), MessageType::ALL.len());
    }

    #[test]
    fn an_answer_is_quoted_as_it_is() {
        let payload = serde_json::json!({ "summary": "they say: {answer}", "findings": 3 });
        let quoted = quoting(&payload, "\"{answer}\"\n");
        assert_eq!(quoted, serde_json::json!({ "summary": "they say: \"{answer}\"\n", "findings": 3 }));
    }
}
