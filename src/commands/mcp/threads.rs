//! Messages of the past: a thread, or a part of a body that is too long to be told whole.

use veda_bus_core::client::BusClient;
use veda_bus_core::name::{MessageId, RepoName, Seq};
use veda_bus_core::state::record::Stage;
use veda_bus_core::state::view::{LadderView, RecordView};
use veda_bus_core::wire::History;
use veda_bus_core::wire::answer::{HistoryEntry, Incoming};

use super::agent::Agent;
use super::answer::{Problem, within};
use super::inbox::{BODY, Budget};
use super::inputs::GetThread;
use super::outputs::{Part, Progress, Thread, Told};
use crate::agents::envelope::{self, Envelope};
use crate::agents::past::incoming;

/// How many messages are told when nothing else is asked for, and at most.
const MESSAGES: usize = 20;
const MOST: usize = 100;

/// The one message with this id, or whose id begins so.
pub(super) async fn message(bus: &BusClient, me: &RepoName, id: &str) -> Result<Incoming, Problem> {
    let entries = within(bus.history(&History { id: Some(id.to_owned()), ..History::default() })).await?;
    entries.into_iter().find_map(|entry| shown_to(entry, me)).ok_or_else(|| {
        let hint =
            "it is older than the bus remembers; answer a later message of the thread, or send a new one";
        Problem::new("unknown_message", format!("the bus no longer has the text of message {id}"), hint)
    })
}

/// Whether the operator keeps a message back from a repo, or has not let it have it. Its sender knows it anyway.
pub(super) fn is_kept_from(record: &RecordView, me: &RepoName) -> bool {
    let is_kept = |step: &LadderView| matches!(step.stage, Stage::Held | Stage::Refused);
    match record.ladder.iter().find(|step| step.repo == *me) {
        Some(step) => is_kept(step),
        // Nobody else is to know it before.
        None => record.ladder.iter().any(|step| step.stage == Stage::Held),
    }
}

/// The thread of a message, or a part of the message; and which unread ones the agent has seen when it has seen that.
pub(super) async fn get(
    agent: &Agent,
    bus: &BusClient,
    asked: &GetThread,
) -> Result<(Thread, Vec<(MessageId, Seq)>), Problem> {
    let me = &agent.identity.repo;
    if let Some(from) = asked.from_character {
        return one(agent, bus, asked, from).await;
    }
    let limit = asked.limit.unwrap_or(MESSAGES).clamp(1, MOST);
    let history = History { thread: Some(asked.id.clone()), limit: Some(limit), ..History::default() };
    let entries = within(bus.history(&history)).await?;
    let thread = entries.first().map(|entry| entry.record.thread.to_string());
    let (mut messages, mut shown, mut budget) = (Vec::new(), Vec::new(), Budget::new());
    // What there is room for, the newest have.
    for entry in entries.into_iter().rev() {
        let is_unread = entry.record.ladder.iter().any(|step| step.repo == *me && step.stage.is_open());
        let recipients = entry.record.ladder.iter().map(Progress::of).collect();
        let Some(incoming) = shown_to(entry, me) else { continue };
        let envelope = budget.envelope(&incoming);
        if is_unread && envelope.body.is_some() {
            shown.push((envelope.id.clone(), incoming.seq));
        }
        messages.push(Told { message: envelope.line(), recipients });
    }
    messages.reverse();
    Ok((Thread { id: thread.unwrap_or_else(|| asked.id.clone()), messages, part: None }, shown))
}

/// A part of the body of one message.
async fn one(
    agent: &Agent,
    bus: &BusClient,
    asked: &GetThread,
    from: usize,
) -> Result<(Thread, Vec<(MessageId, Seq)>), Problem> {
    let incoming = message(bus, &agent.identity.repo, &asked.id).await?;
    let part = part(&incoming, from);
    if from >= part.characters {
        let what = format!("the body of message {} has {} characters", incoming.message.id, part.characters);
        return Err(Problem::new("invalid_payload", what, "begin with from_character 0"));
    }
    let id = &incoming.message.id;
    let whole = agent.is_told_whole(id, from, part.next_character).then(|| (id.clone(), incoming.seq));
    let thread = Thread { id: incoming.thread.to_string(), messages: Vec::new(), part: Some(part) };
    Ok((thread, whole.into_iter().collect()))
}

/// A message of the past, where its text is to be had and the repo may see it now.
pub(super) fn shown_to(entry: HistoryEntry, me: &RepoName) -> Option<Incoming> {
    let is_kept = is_kept_from(&entry.record, me);
    incoming(entry).filter(|one| !is_kept || one.message.from.repo == *me)
}

fn part(incoming: &Incoming, from: usize) -> Part {
    let body = envelope::line(&Envelope::whole(incoming).body);
    let characters = body.chars().count();
    let text: String = body.chars().skip(from).take(BODY).collect();
    let next = from.saturating_add(BODY);
    Part { text, next_character: (next < characters).then_some(next), characters }
}
