//! What tools answer with: structured output that is harmless to a model, or a refusal that says what to do next.

use std::borrow::Cow;
use std::fmt;

use rmcp::ErrorData;
use rmcp::handler::server::tool::IntoCallToolResult;
use rmcp::model::{CallToolResponse, CallToolResult, ContentBlock};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};
use veda_bus_core::client::ClientError;
use veda_bus_core::refusal::{Code, Refusal};
use veda_bus_core::text;

use super::agent::PATIENCE;
use crate::agents::envelope::mapped;

/// What a bus that says nothing is called.
const SILENCE: &str = "no_answer";

/// Structured output. It has the name that the tool macro looks for to find the schema.
pub(super) struct Json<T>(pub(super) T);

impl<T: JsonSchema> JsonSchema for Json<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: Serialize> IntoCallToolResult for Json<T> {
    fn into_call_tool_result(self) -> Result<CallToolResponse, ErrorData> {
        let value = serde_json::to_value(self.0);
        let value = value.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        Ok(CallToolResult::structured(harmless(value)).into())
    }
}

/// The same value without anything hidden in its strings, and without a sign that could begin or end a tag. A host prints
/// structured output as it likes, so that escapes of JSON would not do.
pub(super) fn harmless(value: Value) -> Value {
    mapped(value, &word)
}

/// A string as [`harmless`] leaves it.
pub(super) fn word(string: &str) -> String {
    text::plain(string).replace('<', "\\u003c").replace('>', "\\u003e")
}

/// Why a tool did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    code: Cow<'static, str>,
    message: String,
    hint: Option<String>,
}

impl Problem {
    /// What was asked for can not be, and what can.
    pub(super) fn new(code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), hint: Some(hint.into()) }
    }

    /// There is no bus to talk to.
    pub(super) fn no_bus(why: &str) -> Self {
        let hint = "nothing was done; this server connects by itself when a bus answers, and then the tool can be called \
            again; the person in charge starts one with veda-bus serve --background, and veda-bus doctor tells what is wrong";
        Self::new("no_bus", why, hint)
    }
}

impl Problem {
    /// Whether the bus said nothing.
    pub(super) fn is_silence(&self) -> bool {
        self.code == SILENCE
    }

    /// The bus was there, and went away.
    pub(super) fn silent() -> Self {
        let hint = "what only looks can be called again; a message that was being sent is sent when the bus is back, so \
            that get_thread should be called before it is sent again; veda-bus doctor tells the person in charge what is wrong";
        Self::new(SILENCE, "the bus does not answer", hint)
    }
}

/// The client waits for a bus that went away for as long as it takes; a model does not.
pub(super) async fn within<T, E: Into<Problem>>(
    asked: impl Future<Output = Result<T, E>>,
) -> Result<T, Problem> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map_err(Into::into),
        Err(_) => Err(Problem::silent()),
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let at = refusal.at.as_ref().map(|at| format!(" (at {at})")).unwrap_or_default();
        let advice = match refusal.code {
            Code::UnknownRepo => Some("list_repositories tells the names that this bus knows"),
            Code::UnknownMessage | Code::AmbiguousId => Some("check_messages tells the ids of what waits"),
            Code::EarlierRound => Some("read the present wording with get_thread, then vote on that message"),
            Code::AccessDenied => {
                Some("its owner decides whom it takes requests from; a Notify always passes")
            }
            Code::OperatorOnly => {
                Some("only the person in charge decides; tell them with a message to \"operator\"")
            }
            _ => None,
        };
        let retry = refusal.retry_after.map(|seconds| format!("try again in {seconds} s"));
        let hints: Vec<_> = refusal.hint.into_iter().chain(advice.map(str::to_owned)).chain(retry).collect();
        Self {
            code: refusal.code.as_str().into(),
            message: format!("{}{at}", refusal.message),
            hint: (!hints.is_empty()).then(|| hints.join("; ")),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hint = self.hint.iter().map(|hint| format!(" What to do: {hint}."));
        write!(f, "Refused ({}): {}.{}", self.code, self.message, hint.collect::<String>())
    }
}

impl From<ClientError> for Problem {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Refused(refusal) => refusal.into(),
            ClientError::NoBus { .. } | ClientError::NotRegistered => Self::no_bus(&error.to_string()),
            _ => Self::silent(),
        }
    }
}

impl IntoCallToolResult for Problem {
    fn into_call_tool_result(self) -> Result<CallToolResponse, ErrorData> {
        let said = self.to_string();
        let error = json!({ "code": self.code, "message": self.message, "hint": self.hint });
        let mut result = CallToolResult::error(vec![ContentBlock::text(word(&said))]);
        result.structured_content = Some(harmless(json!({ "error": error })));
        Ok(result.into())
    }
}
