//! `veda-bus reply`: an answer of the parent's type to the parent's sender.

use veda_bus_core::message::{Message, Recipient};
use veda_bus_core::name::RepoName;
use veda_bus_core::payload::Payload;
use veda_bus_core::wire::answer::HistoryEntry;

use crate::arguments::Reply;
use crate::compose::{Fields, Outgoing, look_up};
use crate::context::Context;
use crate::failure::Failure;

/// How many of those that were asked are named.
const LISTED: usize = 4;

pub(crate) fn run(context: &Context, reply: &Reply) -> Result<(), Failure> {
    let mut connection = context.connect()?;
    let entry = look_up(&mut connection, &reply.id)?;
    if reply.manner.from.is_none() {
        check_speaker(&context.speaker(None), &entry)?;
    }
    let parent = parent(&entry)?;
    let payload = payload(&parent, reply)?;
    let to = Recipient::repo(parent.from.repo.clone());
    let mut outgoing = Outgoing::new(context, to, payload, &reply.manner)?;
    outgoing.draft.reply_to = Some(parent.id.clone());
    if reply.manner.priority.is_none() {
        outgoing.draft.priority = parent.priority;
    }
    outgoing.send(context, connection)
}

/// Who speaks without having said so is one of those that were asked; else it is a slip.
fn check_speaker(speaker: &RepoName, entry: &HistoryEntry) -> Result<(), Failure> {
    let asked: Vec<_> = entry.record.ladder.iter().map(|recipient| &recipient.repo).collect();
    if asked.contains(&speaker) {
        return Ok(());
    }
    let names = asked.iter().take(LISTED).map(|repo| repo.as_str()).collect::<Vec<_>>();
    let names = if names.is_empty() { "REPO".to_owned() } else { names.join(" or ") };
    let more = if asked.len() > LISTED { " or another that was" } else { "" };
    Err(Failure::Usage(format!("{speaker} was not asked; say who answers: --from {names}{more}")))
}

fn parent(entry: &HistoryEntry) -> Result<Message, Failure> {
    let text = entry.message.as_ref().map(|message| message.get());
    Ok(Message::parse(text.unwrap_or_default(), None)?)
}

fn payload(parent: &Message, reply: &Reply) -> Result<Payload, Failure> {
    let kind = parent.kind();
    let fields = Fields::default()
        .maybe("decision", reply.decision.clone())
        .maybe("counter_proposal", reply.counter_proposal.clone())
        .maybe("eta_seconds", reply.eta_seconds)
        .maybe("answer", reply.answer.clone())
        .maybe("acknowledged", reply.acknowledged.then_some(true))
        .maybe("findings", reply.findings.clone())
        .maybe("vote", reply.vote.clone())
        .maybe("status", reply.status.clone())
        .maybe("detail", reply.detail.clone())
        .maybe("comment", reply.comment.clone());
    let Some(text) = &reply.text else { return fields.payload(kind, true) };
    let plain = Payload::plain_answer(kind, text).ok_or_else(|| Failure::Usage("--text is blank".into()))?;
    fields.with(&plain)?.payload(kind, true)
}
