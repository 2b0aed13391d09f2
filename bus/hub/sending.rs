//! What a message must be to be accepted.

use std::time::Duration;

use super::{Decision, Policy, Reply, admission, holding, limits, not_registered};
use crate::event::{Accepted, Answered, Event, Halted, Held, Refused, Routing};
use crate::message::{Defaults, Message, Sender};
use crate::name::{InstanceId, MessageId};
use crate::refusal::{Code, Refusal};
use crate::state::State;
use crate::state::record::{Record, Stage, content_digest};
use crate::state::registry::Instance;
use crate::time::Millis;
use crate::wire::answer::{Receipt, RecipientStatus};

/// A message on its way in.
pub(super) struct Sent<'a> {
    /// Who sends.
    pub instance: &'a InstanceId,
    /// The envelope as JSON.
    pub message: &'a str,
    /// Whether a repo that was never seen may be written to.
    pub allow_unknown: bool,
    /// Makes an id that no message has yet.
    pub fresh: &'a dyn Fn() -> MessageId,
}

/// Accepts a message or refuses it. A refusal is an event too, so that the operator sees who tried what.
pub(super) fn decide(state: &State, policy: &Policy, sent: &Sent<'_>, now: Millis) -> Decision {
    let Some(sender) = state.instance(sent.instance).filter(|sender| sender.connected) else {
        return Decision { events: Vec::new(), reply: Err(not_registered()) };
    };
    let from = identity(sender);
    let defaults = Defaults { id: sent.fresh, from: &from, timestamp: now.seconds() };
    let message = match Message::parse(sent.message, Some(&defaults)) {
        Ok(message) => message,
        Err(refusal) => return refuse(sender, None, refusal),
    };
    if let Some(record) = state.message(&message.id) {
        return repeated(state, record, &message, sender);
    }
    if is_taken(state, &message.id) {
        return refuse(sender, Some(&message), duplicate(&message.id));
    }
    match admission::admit(state, policy, sender, &message, sent.allow_unknown, now) {
        Ok(recipients) => accept(state, policy, sender, message, recipients, now),
        Err(refusal) if limits::was_told(state, &sender.repo, &refusal, now) => {
            Decision { events: Vec::new(), reply: Err(refusal) }
        }
        Err(refusal) => refuse(sender, Some(&message), refusal),
    }
}

fn identity(sender: &Instance) -> Sender {
    Sender {
        repo: sender.repo.clone(),
        path: sender.path.clone(),
        session_id: sender.session.clone(),
        instance_id: Some(sender.id.clone()),
    }
}

fn refuse(sender: &Instance, message: Option<&Message>, refusal: Refusal) -> Decision {
    let refused = refused(sender, message, &refusal);
    Decision { events: vec![Event::Refused(refused)], reply: Err(refusal) }
}

pub(super) fn refused(sender: &Instance, message: Option<&Message>, refusal: &Refusal) -> Refused {
    Refused {
        repo: sender.repo.clone(),
        id: message.map(|message| message.id.clone()),
        to: message.map(|message| message.to.clone()),
        code: refusal.code,
        reason: refusal.to_string(),
        pid: None,
    }
}

/// A message whose id is known: the first receipt again, if it is the same message.
fn repeated(state: &State, record: &Record, message: &Message, sender: &Instance) -> Decision {
    if record.from == sender.repo && record.digest == content_digest(message) {
        let receipt = Receipt { duplicate: true, ..receipt_of(state, record) };
        return Decision { events: Vec::new(), reply: Ok(Reply::Receipt(receipt)) };
    }
    refuse(sender, Some(message), duplicate(&message.id))
}

fn receipt_of(state: &State, record: &Record) -> Receipt {
    let recipients = record.deliveries.iter().map(|delivery| RecipientStatus {
        repo: delivery.repo.clone(),
        status: delivery.first,
        code: delivery.refused,
    });
    Receipt {
        id: record.id.clone(),
        seq: record.seq,
        thread: (*record.thread).clone(),
        expires_at: record.expires_at,
        recipients: recipients.collect(),
        held: state.hold(record.seq).map(|hold| hold.held.clone()),
        duplicate: false,
    }
}

fn accept(
    state: &State,
    policy: &Policy,
    sender: &Instance,
    message: Message,
    mut recipients: Vec<Routing>,
    now: Millis,
) -> Decision {
    let ttl = message.ttl.map_or(policy.default_ttl, |ttl| Duration::from_secs(ttl.get()));
    let expires_at = now.plus(ttl);
    let parent = message.reply_to.as_ref().and_then(|id| state.message(id));
    let thread = thread_of(state, &message);
    let held = holding::held_because(state, policy, &message, &thread, now);
    if held.is_some() {
        for routing in recipients.iter_mut().filter(|routing| routing.refused.is_none()) {
            *routing = Routing { instance: None, held: true, ..routing.clone() };
        }
    }
    let halted = halted(state, &thread, held.as_ref());
    let statuses = recipients.iter().map(|routing| RecipientStatus {
        repo: routing.repo.clone(),
        status: Stage::first(routing),
        code: routing.refused,
    });
    let receipt = Receipt {
        id: message.id.clone(),
        seq: halted.iter().fold(state.last().next(), |seq, _| seq.next()),
        thread: thread.clone(),
        expires_at,
        recipients: statuses.collect(),
        held: held.clone(),
        duplicate: false,
    };
    let entering = if held.is_some() { Vec::new() } else { holding::entering(state, &message, expires_at) };
    // Something may be owed for it for longer than it is remembered.
    let request = message.reply_to.as_ref().and_then(|id| state.request(id)).map(|(seq, _)| seq);
    let (by, parent) = (sender.id.clone(), parent.map(|parent| parent.seq).or(request));
    let accepted = Accepted { by, thread, parent, expires_at, recipients, held, message };
    let accepted = Event::Accepted(Box::new(accepted));
    let events = halted.into_iter().chain([accepted]).chain(entering);
    Decision { events: events.collect(), reply: Ok(Reply::Receipt(receipt)) }
}

/// That a thread is held from now on, where a message is held because of it, and it was not before.
fn halted(state: &State, thread: &MessageId, held: Option<&Held>) -> Option<Event> {
    match held {
        Some(Held::Thread { reason }) if state.held_thread(thread).is_none() => {
            Some(Event::Halted(Halted { thread: thread.clone(), reason: reason.clone() }))
        }
        _ => None,
    }
}

/// The id of the message that the thread began with into which a message goes.
pub(super) fn thread_of(state: &State, message: &Message) -> MessageId {
    let Some(parent) = &message.reply_to else { return message.id.clone() };
    let known = state.message(parent).map(|parent| &*parent.thread);
    // An open negotiation, and what is owed, is remembered for longer than the messages.
    let negotiated = || state.negotiation_of(parent).map(|negotiation| &*negotiation.thread);
    let owed = || state.request(parent).map(|(_, thread)| thread);
    known.or_else(negotiated).or_else(owed).unwrap_or(parent).clone()
}

/// Whether an id stands for something that goes on, although its message is forgotten.
fn is_taken(state: &State, id: &MessageId) -> bool {
    state.negotiation_of(id).is_some() || state.request(id).is_some()
}

fn duplicate(id: &MessageId) -> Refusal {
    Refusal::new(Code::DuplicateId, format!("another message is {id} already"))
        .at("id")
        .hint("a new message needs a new id; a repeated one must not be changed")
}

/// What a message settles for its sender, when it goes out: what it answers, with the first word that is more than an
/// acknowledgement.
pub(super) fn answers(state: &State, message: &Message) -> Option<Answered> {
    let parent = state.message(message.reply_to.as_ref()?)?;
    let delivery = parent.delivery(&message.from.repo)?;
    let settled = matches!(delivery.stage, Stage::Answered | Stage::Refused | Stage::Held);
    if settled || message.payload.is_acknowledgement() {
        return None;
    }
    let (id, repo) = (parent.id.clone(), message.from.repo.clone());
    Some(Answered { id, repo, answer: message.id.clone() })
}
