//! `veda-bus send`: one message from flags, or many from a file.

use serde_json::{Map, Value};
use veda_bus_core::message::{MessageType, Recipient};

use crate::arguments::{Envelope, Send, SendKind};
use crate::commands::send_many;
use crate::compose::{Fields, Outgoing, look_up};
use crate::context::Context;
use crate::failure::Failure;

pub(crate) fn run(context: &Context, send: Send) -> Result<(), Failure> {
    match (send.kind, send.message) {
        (Some(kind), None) => one(context, kind),
        (Some(_), Some(_)) => Err(Failure::Usage("--message says everything; leave the type out".into())),
        (None, Some(file)) => send_many::run(context, &file, send.allow_unknown),
        (None, None) => Err(Failure::Usage(
            "say what to send: request-change, query, notify, negotiate, task, or --message FILE \
             (veda-bus send --help)"
                .into(),
        )),
    }
}

fn one(context: &Context, kind: SendKind) -> Result<(), Failure> {
    let (kind, fields, envelope) = fields(kind);
    let payload = fields.payload(kind, false)?;
    let to = Recipient { repo: envelope.to.into(), capabilities: envelope.capabilities };
    let mut outgoing = Outgoing::new(context, to, payload, &envelope.manner)?;
    outgoing.allow_unknown = envelope.allow_unknown;
    let mut connection = context.connect()?;
    if let Some(parent) = envelope.reply_to {
        outgoing.draft.reply_to = Some(look_up(&mut connection, &parent)?.record.id);
    }
    outgoing.send(context, connection)
}

/// The payload's fields, and the envelope's flags.
fn fields(kind: SendKind) -> (MessageType, Fields, Envelope) {
    let fields = Fields::default();
    match kind {
        SendKind::RequestChange { summary, reason, suggested_implementation, urgency, envelope } => {
            let fields = fields
                .set("summary", summary)
                .maybe("reason", reason)
                .maybe("suggested_implementation", suggested_implementation)
                .maybe("urgency", urgency);
            (MessageType::RequestChange, fields, envelope)
        }
        SendKind::Query { question, context, response_format, envelope } => {
            let fields = fields
                .set("question", question)
                .maybe("context", context)
                .maybe("response_format", response_format);
            (MessageType::Query, fields, envelope)
        }
        SendKind::Notify { change_type, summary, migration_guide, effective_version, envelope } => {
            let fields = fields
                .set("change_type", change_type)
                .set("summary", summary)
                .maybe("migration_guide", migration_guide)
                .maybe("effective_version", effective_version);
            (MessageType::Notify, fields, envelope)
        }
        SendKind::Negotiate { proposal, affected_repos, benefits, requires_consensus, envelope } => {
            let repos: Vec<_> = affected_repos.iter().map(ToString::to_string).collect();
            let fields = fields
                .set("proposal", proposal)
                .set("affected_repos", repos)
                .maybe("benefits", (!benefits.is_empty()).then_some(benefits))
                .set("requires_consensus", requires_consensus);
            (MessageType::Negotiate, fields, envelope)
        }
        SendKind::Task { task_type, description, subtasks, envelope } => {
            let subtasks: Map<String, Value> =
                subtasks.into_iter().map(|(repo, task)| (repo.to_string(), Value::from(task))).collect();
            let fields =
                fields.set("task_type", task_type).set("description", description).set("subtasks", subtasks);
            (MessageType::Task, fields, envelope)
        }
    }
}
