//! What is new, what is owed: the answer of `check_messages`.

use std::collections::HashMap;

use veda_bus_core::client::BusClient;
use veda_bus_core::name::{MessageId, Seq};
use veda_bus_core::state::view::ObligationView;
use veda_bus_core::time::Millis;
use veda_bus_core::wire::answer::Incoming;
use veda_bus_core::wire::request::MAX_SEQS;
use veda_bus_core::wire::{History, Inbox as Asked, InboxAnswer};
use veda_bus_ui::words::counted;

use super::agent::{Agent, Shown};
use super::answer::{Problem, within};
use super::inputs::CheckMessages;
use super::outputs::{Expired, Inbox, Owed};
use crate::agents::envelope::Envelope;
use crate::agents::past::incoming;

/// How many messages an answer has when nothing else is asked for, and at most.
const MESSAGES: usize = 20;
const MOST: usize = 100;

/// How many characters of messages an answer has at most; hosts warn of more, or cut it.
const CHARACTERS: usize = 24_000;

/// The longest body that is told whole, in characters of JSON.
pub(super) const BODY: usize = 20_000;

/// How many obligations of each side an answer has at most.
const OBLIGATIONS: usize = 20;

/// What the repo has not read, and what its agent has seen when it has seen that.
pub(super) async fn check(
    agent: &Agent,
    bus: &BusClient,
    asked: &CheckMessages,
) -> Result<(Inbox, Shown), Problem> {
    let limit = asked.limit.unwrap_or(MESSAGES).clamp(1, MOST);
    let mut inbox =
        within(bus.inbox(&Asked { after: asked.cursor, limit: Some(limit), ..Asked::default() })).await?;
    if asked.cursor.is_some() {
        // What was accepted before that place may have come later: it was held, or another agent had it.
        let all = within(bus.inbox(&Asked { limit: Some(0), ..Asked::default() })).await?;
        inbox.head.more = all.head.more.saturating_sub(inbox.messages.len());
    }
    let again = again(agent, bus, &inbox).await;
    let owed = inbox.head.owes.newest.iter().take(OBLIGATIONS);
    let owed: Vec<_> = owed.chain(inbox.head.owed.newest.iter().take(OBLIGATIONS)).collect();
    let about = headlines(bus, &owed).await;
    Ok(told(&inbox, &again, &about, Millis::now()))
}

/// What an earlier session was shown and may not have seen, but for what is unread again.
async fn again(agent: &Agent, bus: &BusClient, inbox: &InboxAnswer) -> Vec<Incoming> {
    let mut seqs = agent.again();
    seqs.retain(|seq| inbox.messages.iter().all(|one| one.seq != *seq));
    seqs.truncate(MESSAGES);
    past(bus, seqs).await.into_iter().filter(|one| one.message.from.repo != agent.identity.repo).collect()
}

/// The messages that these events accepted, as far as they are to be had.
async fn past(bus: &BusClient, mut seqs: Vec<Seq>) -> Vec<Incoming> {
    seqs.truncate(MAX_SEQS);
    if seqs.is_empty() {
        return Vec::new();
    }
    let asked = History { seqs: Some(seqs), ..History::default() };
    within(bus.history(&asked)).await.unwrap_or_default().into_iter().filter_map(incoming).collect()
}

/// What the messages that ask for answers say, in a line each.
pub(super) async fn headlines(bus: &BusClient, owed: &[&ObligationView]) -> HashMap<Seq, String> {
    // What they are about is not known where the journal does not have it any more.
    let messages = past(bus, owed.iter().map(|one| one.seq).collect()).await.into_iter();
    messages.map(|one| (one.seq, one.message.payload.headline())).collect()
}

fn told(
    inbox: &InboxAnswer,
    again: &[Incoming],
    about: &HashMap<Seq, String>,
    now: Millis,
) -> (Inbox, Shown) {
    let head = &inbox.head;
    let mut budget = Budget::new();
    let (messages, shown) = lines(&inbox.messages, &mut budget);
    let (shown_before, again) = lines(again, &mut budget);
    let more = head.more + inbox.messages.len() - messages.len();
    let owed = |of: &[ObligationView], is_mine| {
        let owed = of.iter().take(OBLIGATIONS);
        owed.map(|one| Owed::of(one, is_mine, about.get(&one.seq).cloned(), now)).collect::<Vec<_>>()
    };
    // A later call finds what was not told now.
    let cursor = if more == 0 { head.seq.0 } else { 0 };
    let answer = Inbox {
        summary: summary(inbox, messages.len(), more, shown_before.len()),
        messages,
        more,
        shown_before,
        cursor,
        i_owe: owed(&head.owes.newest, true),
        owed_to_me: owed(&head.owed.newest, false),
        expired: head.expired.iter().map(expired).collect(),
    };
    let expired = head.expired.iter().map(|one| one.id.clone()).collect();
    (answer, Shown { messages: shown, again, expired })
}

fn expired(one: &veda_bus_core::event::Expired) -> Expired {
    Expired { id: one.id.to_string(), unread_by: one.unread_by.iter().map(ToString::to_string).collect() }
}

/// As many as fit, and those of which the body is told.
fn lines(messages: &[Incoming], budget: &mut Budget) -> (Vec<String>, Vec<(MessageId, Seq)>) {
    let (mut lines, mut shown) = (Vec::new(), Vec::new());
    for incoming in messages {
        let envelope = Envelope::within(incoming, BODY);
        let line = envelope.line();
        if !budget.has_room(&line) && !lines.is_empty() {
            break;
        }
        budget.take(&line);
        if envelope.body.is_some() {
            shown.push((envelope.id.clone(), incoming.seq));
        }
        lines.push(line);
    }
    (lines, shown)
}

/// How many characters of messages an answer still has room for.
pub(super) struct Budget(usize);

impl Budget {
    pub(super) fn new() -> Self {
        Self(CHARACTERS)
    }

    fn has_room(&self, line: &str) -> bool {
        line.chars().count() <= self.0
    }

    fn take(&mut self, line: &str) {
        self.0 = self.0.saturating_sub(line.chars().count());
    }

    /// A message with its body, or where there is no room for that, without.
    pub(super) fn envelope(&mut self, incoming: &Incoming) -> Envelope {
        let envelope = Envelope::within(incoming, BODY.min(self.0));
        self.take(&envelope.line());
        envelope
    }
}

fn summary(inbox: &InboxAnswer, told: usize, more: usize, again: usize) -> String {
    let head = &inbox.head;
    let (mine, theirs) = (head.owes.newest.len() + head.owes.more, head.owed.newest.len() + head.owed.more);
    let mut summary = match (told, more) {
        (0, 0) => format!("The inbox of {} is empty: there are no unread messages.", head.repo),
        (0, _) => format!(
            "The inbox of {} has nothing after that cursor, and {}.",
            head.repo,
            counted(more, "other unread message")
        ),
        _ => format!("The inbox of {} has {}.", head.repo, counted(told + more, "unread message")),
    };
    let mut say = |what: String| {
        summary.push(' ');
        summary.push_str(&what);
    };
    if more > 0 {
        say(format!("{told} are told here; call check_messages again, without a cursor, for the others."));
    }
    if inbox.messages.iter().any(|one| Envelope::within(one, BODY).body.is_none()) {
        say("A message with body_characters is too long for this: get_thread with its id and from_character 0 tells it.".into());
    }
    if again > 0 {
        say(format!(
            "{} shown to an earlier session that ended; see shown_before.",
            counted(again, "message was")
        ));
    }
    say(match mine {
        0 => "It owes no answers.".into(),
        _ => format!("It owes {}.", counted(mine, "answer")),
    });
    if theirs > 0 {
        say(format!("It is owed {}.", counted(theirs, "answer")));
    }
    if !head.expired.is_empty() {
        say(format!("{} not read in time.", counted(head.expired.len(), "message of its own was")));
    }
    summary
}
