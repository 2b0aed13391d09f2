//! Frames from clients.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::check::check;
use super::decide::Decide;
use super::inbox::Inbox;
use crate::event::Receive;
use crate::message::{capabilities, from_object};
use crate::name::{Capability, InstanceId, MAX_NAME_BYTES, MessageId, RepoName, Seq, SessionId};
use crate::payload::word;
use crate::refusal::{Code, Refusal};
use crate::schema;
use crate::suggest::nearest;

/// The operations, as they stand in `op`.
pub const OPS: [&str; 10] =
    ["register", "send", "ack", "inbox", "decide", "subscribe", "history", "state", "ping", "pong"];

/// How many events `history` may name.
pub const MAX_SEQS: usize = 200;

/// The longest `ref`, in bytes.
const MAX_REF_BYTES: usize = 128;

/// A client's frame.
#[derive(Debug)]
pub struct Request<'a> {
    /// What the answer repeats, as JSON.
    pub reference: Option<&'a RawValue>,
    /// What is asked.
    pub op: Op<'a>,
}

/// What a client asks.
#[derive(Debug)]
pub enum Op<'a> {
    /// To be an instance.
    Register(Register),
    /// To pass a message on.
    Send {
        /// The envelope as JSON.
        message: &'a str,
        /// Whether a repo that was never seen may be written to.
        allow_unknown: bool,
    },
    /// It has, or the agent has seen, some messages; or it knows of some notices.
    Ack(Ack),
    /// What its repo has not read.
    Inbox(Inbox),
    /// The stream of events, from this one on, or from now on.
    Subscribe {
        /// The first event wanted.
        from: Option<Seq>,
    },
    /// Messages of the past.
    History(History),
    /// The operator decides something.
    Decide(Box<Decide>),
    /// The bus at a glance, and parts of it in full.
    State(StateWith),
    /// Whether the bus is there.
    Ping,
    /// That the client is there.
    Pong,
}

/// Who an instance is (specification, "Veda Bus Client").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Register {
    /// The repo that it answers to.
    pub repo: RepoName,
    /// Where that repo is on its disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub path: Option<String>,
    /// The conversation of the agent's host; one that comes back gets its instance id back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// The process; the bus makes one up when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<InstanceId>,
    /// What it can do.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "capabilities")]
    #[schemars(length(max = 64))]
    pub capabilities: Vec<Capability>,
    /// From whom its repo takes requests; everyone when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub accept_requests_from: Option<Vec<RepoName>>,
    /// What is pushed to it; `all` when left out.
    #[serde(default, deserialize_with = "word_or_default")]
    pub receive: Receive,
    /// What the program calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Capability>,
    /// Which process is the agent's; `self` when left out.
    #[serde(default, deserialize_with = "word_or_default")]
    pub host: HostProcess,
    /// Whether it is told of each step of its own messages.
    #[serde(default)]
    pub track: bool,
}

impl Register {
    /// An instance of `repo` with nothing special about it.
    pub fn new(repo: RepoName) -> Self {
        Self {
            repo,
            path: None,
            session_id: None,
            instance_id: None,
            capabilities: Vec::new(),
            accept_requests_from: None,
            receive: Receive::All,
            client: None,
            host: HostProcess::Own,
            track: false,
        }
    }
}

/// Which process is the host of an agent: nothing that it starts may act as the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HostProcess {
    /// The one that connects.
    #[default]
    #[serde(rename = "self")]
    Own,
    /// The one that started it: it connects on behalf of its agent.
    Parent,
}

/// How far a message has come with a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AckStage {
    /// The client has it.
    #[default]
    Delivered,
    /// The agent itself has seen it.
    Read,
}

/// Says how far messages have come, or that notices are known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Ack {
    /// The messages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<MessageId>,
    /// How far they have come; `delivered` when left out.
    #[serde(default, deserialize_with = "word_or_default")]
    pub stage: AckStage,
    /// The messages whose expiry notices are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<MessageId>,
    /// For which repo, where the connection is no instance; see [`Inbox`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo: Option<RepoName>,
    /// For which conversation of its agent's host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
}

/// A word of a list, or its default; see [`word`].
fn word_or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    word(deserializer).map(Option::unwrap_or_default)
}

/// Which messages of the past; all conditions hold together. `seqs` stands alone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct History {
    /// An id, or the beginning of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The id of any message of a thread, or the beginning of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// The sender or a recipient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo: Option<RepoName>,
    /// The newest so many; 100 when left out, at most 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// The messages that exactly these events accepted, whether the bus remembers them or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub seqs: Option<Vec<Seq>>,
}

impl History {
    fn check(&self) -> Result<(), Refusal> {
        for (at, id) in [("id", &self.id), ("thread", &self.thread)] {
            let bytes = id.as_ref().map_or(0, String::len);
            if bytes > MAX_NAME_BYTES {
                let expected = format!("at most {MAX_NAME_BYTES} bytes");
                return Err(Refusal::expected(Code::InvalidFrame, at, &expected, &bytes.to_string()));
            }
        }
        let Some(seqs) = &self.seqs else { return Ok(()) };
        if seqs.len() > MAX_SEQS {
            let (expected, found) = (format!("at most {MAX_SEQS} items"), format!("{} items", seqs.len()));
            return Err(Refusal::expected(Code::InvalidFrame, "seqs", &expected, &found)
                .hint("ask for the others in another frame"));
        }
        if *self != (Self { seqs: self.seqs.clone(), ..Self::default() }) {
            let reason = "\"seqs\" says which messages; there can be no other condition beside it";
            return Err(Refusal::new(Code::InvalidFrame, reason)
                .at("seqs")
                .hint("leave out id, thread, repo and limit"));
        }
        Ok(())
    }
}

/// A part of the state that is told when it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Remembered negotiations.
    Negotiations,
    /// Held messages and threads.
    Holds,
    /// Who owes whom an answer.
    Obligations,
    /// Remembered tasks.
    Tasks,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Negotiations, Self::Holds, Self::Obligations, Self::Tasks];

    /// The word as it stands in a frame.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Negotiations => "negotiations",
            Self::Holds => "holds",
            Self::Obligations => "obligations",
            Self::Tasks => "tasks",
        }
    }
}

/// Which parts of the state are told in full.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct StateWith {
    /// The parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<Part>,
}

/// Reads the words as strings first, so that a mistyped one is answered with the nearest.
fn state_with(text: &str) -> Result<StateWith, Refusal> {
    #[derive(Deserialize, JsonSchema)]
    struct Words {
        #[serde(default)]
        with: Vec<String>,
    }
    let words = body::<Words>(text)?.with;
    let is_known = |word: &String| Part::ALL.iter().any(|part| part.as_str() == word);
    if let Some(place) = words.iter().position(|word| !is_known(word)) {
        return Err(unknown_part(place, &words[place]));
    }
    let is_wanted = |part: &Part| words.iter().any(|word| word == part.as_str());
    Ok(StateWith { with: Part::ALL.into_iter().filter(is_wanted).collect() })
}

fn unknown_part(place: usize, word: &str) -> Refusal {
    let known = Part::ALL.map(Part::as_str);
    let expected = format!("one of {}", known.join(", "));
    let found: String = word.chars().take(MAX_NAME_BYTES).collect();
    let refusal =
        Refusal::expected(Code::InvalidFrame, format!("with[{place}]"), &expected, &format!("\"{found}\""));
    match nearest(word, known.into_iter()).first() {
        Some(near) => refusal.hint(format!("did you mean \"{near}\"?")),
        None => refusal,
    }
}

/// Every field that `send` needs beside `op`, so that the frequent operation takes one pass.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    op: Cow<'a, str>,
    #[serde(borrow, rename = "ref", default)]
    reference: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(default)]
    allow_unknown: Option<bool>,
}

/// A refusal with the `ref` of the frame that was refused, where that could be read.
#[derive(Debug)]
pub struct BadRequest<'a> {
    /// What the answer repeats.
    pub reference: Option<&'a RawValue>,
    /// What was wrong.
    pub refusal: Refusal,
}

impl<'a> Request<'a> {
    /// Reads a line.
    ///
    /// # Errors
    /// `invalid_json` with the byte offset, `unknown_op` with the nearest known one, or `invalid_frame` with the
    /// field.
    pub fn parse(line: &'a [u8]) -> Result<Self, BadRequest<'a>> {
        let bad = |refusal| BadRequest { reference: None, refusal };
        let text = check(line).map_err(bad)?;
        let head: Head<'a> = from_object(text.trim()).map_err(|error| bad(explain(text, &error)))?;
        let reference = head.reference.filter(|reference| reference.get() != "null");
        let refuse = |refusal| BadRequest { reference: None, refusal };
        if let Some(reference) = reference {
            check_reference(reference).map_err(refuse)?;
        }
        let op = op_of(&head, text.trim()).map_err(|refusal| BadRequest { reference, refusal })?;
        Ok(Self { reference, op })
    }
}

fn check_reference(reference: &RawValue) -> Result<(), Refusal> {
    let text = reference.get();
    let plain = text.starts_with(['"', '-']) || text.starts_with(|c: char| c.is_ascii_digit());
    if plain && text.len() <= MAX_REF_BYTES {
        return Ok(());
    }
    let expected = format!("a string or a number of at most {MAX_REF_BYTES} bytes");
    Err(Refusal::expected(Code::InvalidFrame, "ref", &expected, "something else"))
}

fn op_of<'a>(head: &Head<'a>, text: &'a str) -> Result<Op<'a>, Refusal> {
    Ok(match &*head.op {
        "send" => Op::Send {
            message: head.message.map(RawValue::get).ok_or_else(|| {
                Refusal::expected(Code::InvalidFrame, "message", "an object", "nothing")
                    .hint("{\"op\":\"send\",\"message\":{…}}")
            })?,
            allow_unknown: head.allow_unknown.unwrap_or_default(),
        },
        "register" => Op::Register(body::<Register>(text)?),
        "ack" => Op::Ack(body::<Ack>(text)?),
        "inbox" => Op::Inbox(body::<Inbox>(text)?),
        "decide" => {
            let decide = body::<Decide>(text)?;
            decide.check()?;
            Op::Decide(Box::new(decide))
        }
        "subscribe" => {
            #[derive(Deserialize, JsonSchema)]
            struct Subscribe {
                #[serde(default)]
                from: Option<Seq>,
            }
            Op::Subscribe { from: body::<Subscribe>(text)?.from }
        }
        "history" => {
            let history = body::<History>(text)?;
            history.check()?;
            Op::History(history)
        }
        "state" => Op::State(state_with(text)?),
        "ping" => Op::Ping,
        "pong" => Op::Pong,
        other => {
            let near = nearest(other, OPS.iter().copied());
            let hint = near.first().map_or_else(
                || format!("one of {}", OPS.join(", ")),
                |near| format!("did you mean \"{near}\"?"),
            );
            return Err(Refusal::new(Code::UnknownOp, format!("no operation \"{other}\""))
                .at("op")
                .hint(hint));
        }
    })
}

fn body<'a, T: Deserialize<'a> + JsonSchema>(text: &'a str) -> Result<T, Refusal> {
    from_object(text)
        .map_err(|error| schema::explain(&schema::of::<T>(), text, "frame", Code::InvalidFrame, &error))
}

/// The refusal of a line that is not a frame at all.
fn explain(text: &str, error: &serde_json::Error) -> Refusal {
    if error.is_data() {
        let head_schema = serde_json::json!({
            "type": "object",
            "required": ["op"],
            "properties": { "op": { "type": "string" }, "allow_unknown": { "type": "boolean" } },
        });
        let hint = format!("a frame is an object with \"op\": one of {}", OPS.join(", "));
        return schema::explain(&head_schema, text, "frame", Code::InvalidFrame, error).hint(hint);
    }
    let offset = error.column().saturating_sub(1);
    let what = error.to_string();
    let what = what.split(" at line").next().unwrap_or_default();
    Refusal::new(Code::InvalidJson, format!("the line is not JSON: {what}"))
        .at(format!("byte {offset}"))
        .hint("one JSON object a line, ended by a line break")
}
