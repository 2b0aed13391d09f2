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

use super::agent::Shown;
use super::answer::Problem;
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
pub(super) async fn check(bus: &BusClient, asked: &CheckMessages) -> Result<(Inbox, Shown), Problem> {
    let limit = asked.limit.unwrap_or(MESSAGES).clamp(1, MOST);
    let inbox = bus.inbox(&Asked { after: asked.cursor, limit: Some(limit), ..Asked::default() }).await?;
    let owed = inbox.head.owes.newest.iter().take(OBLIGATIONS);
    let owed: Vec<_> = owed.chain(inbox.head.owed.newest.iter().take(OBLIGATIONS)).collect();
    let about = headlines(bus, &owed).await;
    Ok(told(&inbox, &about, Millis::now()))
}

/// What the messages that ask for answers say, in a line each.
pub(super) async fn headlines(bus: &BusClient, owed: &[&ObligationView]) -> HashMap<Seq, String> {
    let mut seqs: Vec<_> = owed.iter().map(|one| one.seq).collect();
    seqs.truncate(MAX_SEQS);
    if seqs.is_empty() {
        return HashMap::new();
    }
    let asked = History { seqs: Some(seqs), ..History::default() };
    // What they are about is not known where the journal does not have it any more.
    let entries = bus.history(&asked).await.unwrap_or_default();
    let messages = entries.into_iter().filter_map(incoming);
    messages.map(|one| (one.seq, one.message.payload.headline())).collect()
}

fn told(inbox: &InboxAnswer, about: &HashMap<Seq, String>, now: Millis) -> (Inbox, Shown) {
    let head = &inbox.head;
    let (messages, shown) = lines(&inbox.messages);
    let more = head.more + inbox.messages.len() - messages.len();
    let owed = |of: &[ObligationView], is_mine| {
        let owed = of.iter().take(OBLIGATIONS);
        owed.map(|one| Owed::of(one, is_mine, about.get(&one.seq).cloned(), now)).collect::<Vec<_>>()
    };
    // A later call finds what was not told now.
    let reached = if more == 0 { head.seq } else { last_before_gap(&inbox.messages[..messages.len()]) };
    let answer = Inbox {
        summary: summary(inbox, messages.len(), more),
        messages,
        more,
        cursor: reached.0,
        i_owe: owed(&head.owes.newest, true),
        owed_to_me: owed(&head.owed.newest, false),
        expired: head.expired.iter().map(expired).collect(),
    };
    let expired = head.expired.iter().map(|one| one.id.clone()).collect();
    (answer, Shown { messages: shown, expired })
}

/// Messages come by priority, so that one which is left out may be older than one that is told: nothing is passed over
/// then.
fn last_before_gap(told: &[Incoming]) -> Seq {
    let ordered = told.windows(2).all(|pair| pair[0].seq < pair[1].seq);
    told.last().filter(|_| ordered).map(|last| last.seq).unwrap_or_default()
}

fn expired(one: &veda_bus_core::event::Expired) -> Expired {
    Expired { id: one.id.to_string(), unread_by: one.unread_by.iter().map(ToString::to_string).collect() }
}

/// As many as fit, and the ids of those whose bodies are told.
fn lines(messages: &[Incoming]) -> (Vec<String>, Vec<(MessageId, Seq)>) {
    let (mut lines, mut shown, mut characters) = (Vec::new(), Vec::new(), 0);
    for incoming in messages {
        let envelope = Envelope::within(incoming, BODY);
        let line = envelope.line();
        characters += line.chars().count();
        if characters > CHARACTERS && !lines.is_empty() {
            break;
        }
        if envelope.body.is_some() {
            shown.push((envelope.id.clone(), incoming.seq));
        }
        lines.push(line);
    }
    (lines, shown)
}

fn summary(inbox: &InboxAnswer, told: usize, more: usize) -> String {
    let head = &inbox.head;
    let (mine, theirs) = (head.owes.newest.len() + head.owes.more, head.owed.newest.len() + head.owed.more);
    let mut summary = match told {
        0 => format!("The inbox of {} is empty: there are no unread messages.", head.repo),
        _ => format!("The inbox of {} has {}.", head.repo, counted(told + more, "unread message")),
    };
    let mut say = |what: String| {
        summary.push(' ');
        summary.push_str(&what);
    };
    if more > 0 {
        say(format!("{told} are told here; call check_messages again for the others."));
    }
    if inbox.messages.iter().any(|one| Envelope::within(one, BODY).body.is_none()) {
        say("A message with body_characters is too long for this: get_thread with its id and from_character 0 tells it.".into());
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
