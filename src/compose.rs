//! From flags to messages: what `send` and `reply` have in common.
//!
//! Flags become a JSON payload, and the bus's own validator judges it before anything is sent, so that a refusal names
//! the same field in the same words wherever it comes from.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use veda_bus_core::client::ClientError;
use veda_bus_core::client::blocking::Connection;
use veda_bus_core::event::Receive;
use veda_bus_core::message::{Draft, MessageType, Priority, Recipient, Sender};
use veda_bus_core::name::{MessageId, RepoName, Seq};
use veda_bus_core::payload::{Payload, form_schema};
use veda_bus_core::refusal::Code;
use veda_bus_core::state::record::Stage;
use veda_bus_core::text;
use veda_bus_core::time::Millis;
use veda_bus_core::wire::Part;
use veda_bus_core::wire::answer::{BusFrame, HistoryEntry, Notice, Receipt};
use veda_bus_core::wire::request::{History, Register};
use veda_bus_ui::words;

use crate::arguments::Manner;
use crate::context::{Context, Output, state};
use crate::failure::Failure;
use crate::waiting::Waiting;

/// How long a command waits for a recipient's client to say that it has the message, before it says "on its way".
const DELIVERY_PATIENCE: Duration = Duration::from_millis(500);

/// The members of a payload that were given.
#[derive(Default)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Adds a member that is there.
    pub(crate) fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a member if it is there.
    pub(crate) fn maybe(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// The members.
    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.0
    }

    /// Adds the members of `payload` that are not there yet; to say one twice is a mistake.
    pub(crate) fn with(mut self, payload: &Payload) -> Result<Self, Failure> {
        let json = payload.to_json().unwrap_or_default();
        let members: Map<String, Value> = serde_json::from_str(&json).unwrap_or_default();
        for (name, value) in members {
            if self.0.insert(name.clone(), value).is_some() {
                return Err(Failure::Usage(format!("--text and --{name} say the same thing twice")));
            }
        }
        Ok(self)
    }

    /// The payload that they make, judged as the bus will judge it.
    pub(crate) fn payload(self, kind: MessageType, is_reply: bool) -> Result<Payload, Failure> {
        if is_reply {
            self.check_names(kind)?;
        }
        Payload::parse(kind, is_reply, &Value::Object(self.0).to_string())
            .map_err(|refusal| Failure::Usage(refusal.to_string()))
    }

    /// An answer has only fields of its type: the bus would pass others on, but here they are a mistake.
    fn check_names(&self, kind: MessageType) -> Result<(), Failure> {
        let fields = |answer| {
            let schema = form_schema(kind, answer);
            let names = schema["properties"].as_object().map(|map| map.keys().cloned().collect::<Vec<_>>());
            names.unwrap_or_default()
        };
        let (answer, opening) = (fields(true), fields(false));
        let stranger = self.0.keys().find(|name| !answer.contains(name) && !opening.contains(name));
        match stranger {
            None => Ok(()),
            Some(name) => {
                let flag = |name: &str| format!("--{}", name.replace('_', "-"));
                let known = answer.iter().map(|name| flag(name)).collect::<Vec<_>>().join(", ");
                let what = format!("a {kind} has no {}; its answers take {known}", flag(name));
                Err(Failure::Usage(what))
            }
        }
    }
}

/// A message to be sent, and what the sender wants to know of it.
pub(crate) struct Outgoing {
    pub(crate) from: RepoName,
    pub(crate) draft: Draft,
    pub(crate) allow_unknown: bool,
    /// How long to wait for an answer.
    pub(crate) wait: Option<Duration>,
}

impl Outgoing {
    pub(crate) fn new(
        context: &Context,
        to: Recipient,
        payload: Payload,
        manner: &Manner,
    ) -> Result<Self, Failure> {
        let wait = manner.wait.map(|seconds| {
            let wait = Duration::try_from_secs_f64(seconds);
            wait.map_err(|error| Failure::Usage(format!("--wait {seconds}: {error}")))
        });
        let draft = Draft {
            priority: manner.priority.map(Priority::from).unwrap_or_default(),
            ttl: manner.ttl,
            ..Draft::new(to, payload)
        };
        Ok(Self {
            from: context.speaker(manner.from.as_ref()),
            draft,
            allow_unknown: false,
            wait: wait.transpose()?,
        })
    }

    /// Sends it, and prints the receipt; with `--wait`, the answer.
    pub(crate) fn send(self, context: &Context, mut connection: Connection) -> Result<(), Failure> {
        let mut register = Register {
            receive: if self.wait.is_some() { Receive::Replies } else { Receive::None },
            track: true,
            client: "veda-bus".parse().ok(),
            ..context.registration(self.from.clone())
        };
        register.instance_id = Some(connection.register(&register)?.instance_id);
        let from = Sender {
            repo: self.from,
            path: register.path.clone(),
            session_id: register.session_id.clone(),
            instance_id: register.instance_id.clone(),
        };
        let json = self.draft.to_json(&MessageId::random(), &from, Millis::now().seconds());
        let receipt = connection.send(&json, self.allow_unknown)?;
        let mut output = Output::new();
        match self.wait {
            None => tell_fate(context, &mut output, &mut connection, &receipt),
            Some(wait) => {
                if !context.json {
                    eprintln!("veda-bus: {}", text::line(&words::receipt(&receipt, &[])));
                }
                Waiting::new(context, connection, register, &receipt, wait).print_answer(&mut output)
            }
        }
    }
}

/// Prints what became of the message, after the recipients had a moment to take it.
fn tell_fate(
    context: &Context,
    output: &mut Output,
    connection: &mut Connection,
    receipt: &Receipt,
) -> Result<(), Failure> {
    let until = Instant::now() + DELIVERY_PATIENCE;
    let mut steps = Vec::new();
    let routed = receipt.recipients.iter().filter(|recipient| recipient.status == Stage::Routed);
    let mut open: Vec<_> = routed.map(|recipient| recipient.repo.clone()).collect();
    while !open.is_empty() {
        match connection.next_frame(Some(until)) {
            Ok(BusFrame::Notice(Notice::Step { id, repo, stage, .. })) if id == receipt.id => {
                open.retain(|waiting| *waiting != repo);
                steps.push((repo, stage));
            }
            Ok(_) => {}
            // Time is up, or the bus is gone: the message is stored all the same.
            Err(_) => break,
        }
    }
    if context.json {
        let recipients = receipt.recipients.iter().map(|recipient| {
            let step = steps.iter().rev().find(|(repo, _)| *repo == recipient.repo);
            json!({
                "repo": recipient.repo,
                "status": step.map_or(recipient.status, |(_, stage)| *stage),
                "code": recipient.code,
            })
        });
        let recipients: Vec<_> = recipients.collect();
        output.json(&json!({
            "id": receipt.id, "seq": receipt.seq, "thread": receipt.thread,
            "expires_at": receipt.expires_at, "recipients": recipients, "held": receipt.held,
        }))?;
    } else {
        output.line(&words::receipt(receipt, &steps))?;
    }
    output.flush()
}

/// The one message that `id` is, or begins: one that is remembered, or the wording of a negotiation that is.
pub(crate) fn look_up(connection: &mut Connection, id: &str) -> Result<HistoryEntry, Failure> {
    let by_id = History { id: Some(id.to_owned()), ..History::default() };
    let frame = match connection.call("history", &by_id) {
        Err(ClientError::Refused(refusal)) if refusal.code == Code::UnknownMessage => {
            let Some(seq) = wording(connection, id)? else { return Err(refusal.into()) };
            connection.call("history", &History { seqs: Some(vec![seq]), ..History::default() })?
        }
        other => other?,
    };
    let entries = if let BusFrame::History(entries) = frame { entries } else { Vec::new() };
    let found = entries.into_iter().next().filter(|entry| entry.message.is_some());
    found.ok_or_else(|| Failure::Failed(format!("the bus no longer has the text of message {id}")))
}

/// The event of the one wording of a negotiation whose id is, or begins with, `id`.
fn wording(connection: &mut Connection, id: &str) -> Result<Option<Seq>, Failure> {
    let state = state(connection, &[Part::Negotiations])?;
    let rounds = state.proposals.iter().flat_map(|listed| &listed.newest).flat_map(|one| &one.rounds);
    let mut found: Vec<_> =
        rounds.filter(|round| round.message.starts_with(id)).map(|round| round.seq).collect();
    found.dedup();
    Ok(found.first().copied().filter(|_| found.len() == 1))
}
