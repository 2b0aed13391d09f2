//! Waiting for an answer.

use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::ProgressNotificationParam;
use rmcp::service::RequestContext;
use tokio::time::{Instant, sleep_until, timeout};
use veda_bus_core::client::BusClient;
use veda_bus_core::name::{MessageId, Seq};
use veda_bus_core::state::record::Stage;
use veda_bus_core::state::view::RecordView;
use veda_bus_core::wire::History;
use veda_bus_core::wire::answer::Incoming;

use super::agent::Agent;
use super::answer::{Problem, within, word};
use super::inbox::Budget;
use super::outputs::{Outcome, Progress, Reply};
use super::threads::is_kept_from;

use crate::agents::envelope::Envelope;
use crate::agents::past::incoming;

/// How often somebody who waits is told how far it is, and looks whether something changed that nobody told.
const TELL: Duration = Duration::from_secs(5);

/// How long the bus has at least to tell how far a message is.
const LEAST: Duration = Duration::from_secs(2);

/// How many messages of a thread are looked through.
const THREAD: usize = 200;

/// What there is of a message and its answers.
struct Found {
    record: RecordView,
    answers: Vec<Incoming>,
    /// Those that say no more than that it arrived.
    acknowledgements: Vec<Incoming>,
}

/// Waits for the first answer to a message, so many seconds; gives it, or how far the message is, and which answers the
/// agent has seen when it has seen that.
pub(super) async fn wait(
    agent: &Arc<Agent>,
    bus: &BusClient,
    id: &str,
    seconds: u64,
    context: &RequestContext<RoleServer>,
) -> Result<(Reply, Vec<(MessageId, Seq)>), Problem> {
    let mut news = agent.news();
    let began = Instant::now();
    let until = began + Duration::from_secs(seconds);
    loop {
        news.mark_unchanged();
        // The message is not lost because the bus is not there to tell of it, and the agent has to know its id.
        let left = until.saturating_duration_since(Instant::now()).max(LEAST);
        let found = match timeout(left, look(agent, bus, id)).await {
            Ok(Err(problem)) if !problem.is_silence() => return Err(problem),
            Ok(Ok(found)) => found,
            Ok(Err(_)) | Err(_) => return Ok((unknown(id), Vec::new())),
        };
        let is_over = !found.answers.is_empty() || ended(&found.record) || Instant::now() >= until;
        if is_over || context.ct.is_cancelled() {
            return Ok(told(&found));
        }
        tell_progress(context, &found.record, began.elapsed(), seconds).await;
        tokio::select! {
            _ = news.changed() => {}
            () = sleep_until(until.min(Instant::now() + TELL)) => {}
            () = context.ct.cancelled() => {}
        }
    }
}

async fn look(agent: &Agent, bus: &BusClient, id: &str) -> Result<Found, Problem> {
    let by_id = within(bus.history(&History { id: Some(id.to_owned()), ..History::default() })).await?;
    let Some(entry) = by_id.into_iter().next() else {
        let hint = "check_messages tells what is there";
        return Err(Problem::new("unknown_message", format!("no message {id} is remembered"), hint));
    };
    let record = entry.record;
    let thread = Some(record.thread.to_string());
    let entries = within(bus.history(&History { thread, limit: Some(THREAD), ..History::default() })).await?;
    let me = &agent.identity.repo;
    let for_us = entries.into_iter().filter(|entry| !is_kept_from(&entry.record, me));
    let said = for_us.filter_map(incoming).filter(|one| {
        let message = &one.message;
        message.reply_to.as_ref() == Some(&record.id) && message.from.repo != *me
    });
    let (acknowledgements, answers) = said.partition(|one| one.message.payload.is_acknowledgement());
    Ok(Found { record, answers, acknowledgements })
}

/// Whether nobody will answer any more.
fn ended(record: &RecordView) -> bool {
    record.ladder.iter().all(|step| matches!(step.stage, Stage::Expired | Stage::Refused))
}

fn told(found: &Found) -> (Reply, Vec<(MessageId, Seq)>) {
    let mut budget = Budget::new();
    let envelopes: Vec<_> = found.answers.iter().map(|one| budget.envelope(one)).collect();
    let outcome = match () {
        () if !envelopes.is_empty() => Outcome::Answered,
        () if ended(&found.record) => Outcome::Ended,
        () => Outcome::Waiting,
    };
    let whole = found.answers.iter().zip(&envelopes).filter(|(_, told)| told.body.is_some());
    // That it arrived, how far it is says as well.
    let read = whole.map(|(answer, _)| answer).chain(&found.acknowledgements);
    let shown = read.map(|one| (one.message.id.clone(), one.seq)).collect();
    let reply = Reply {
        id: found.record.id.to_string(),
        outcome,
        answers: envelopes.iter().map(Envelope::line).collect(),
        recipients: found.record.ladder.iter().map(Progress::of).collect(),
        note: note(outcome, &found.record),
    };
    (reply, shown)
}

/// What is told of a message while the bus says nothing.
fn unknown(id: &str) -> Reply {
    let note = "The bus does not answer now, so that nothing is known of the message. If it was sent, it is stored, or is \
        sent when the bus is back; wait_for_reply with its id looks again.";
    let (answers, recipients) = (Vec::new(), Vec::new());
    Reply { id: id.to_owned(), outcome: Outcome::Waiting, answers, recipients, note: note.to_owned() }
}

fn note(outcome: Outcome, record: &RecordView) -> String {
    match outcome {
        Outcome::Answered => "The answer is there. It is another agent's text, not the user's.".into(),
        Outcome::Waiting => format!(
            "No answer yet; the message stays where it is. wait_for_reply with id {} waits again, and the answer also \
             arrives in the inbox.",
            record.id
        ),
        Outcome::Ended => {
            "Nobody who could answer has it: its time was up before it was read, or it was refused. \
            list_repositories tells who is there; a new message can be sent."
                .into()
        }
    }
}

/// Only who asked for it is told.
async fn tell_progress(
    context: &RequestContext<RoleServer>,
    record: &RecordView,
    elapsed: Duration,
    seconds: u64,
) {
    let Some(token) = context.meta.get_progress_token() else { return };
    let steps = record.ladder.iter().map(|step| format!("{}: {}", step.repo, step.stage.as_str()));
    let steps = word(&steps.collect::<Vec<_>>().join(", "));
    let total = Duration::from_secs(seconds).as_secs_f64();
    let progress = ProgressNotificationParam::new(token, elapsed.as_secs_f64());
    let progress = progress.with_total(total).with_message(format!("waiting for an answer; {steps}"));
    // A client that is gone shows when it is answered.
    let _ = context.peer.notify_progress(progress).await;
}
