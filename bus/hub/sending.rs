//! What a message must be to be accepted, and for whom.

use std::time::Duration;

use super::routing::{self, Wanted};
use super::{Decision, Policy, Reply, not_registered};
use crate::event::{Accepted, Answered, Event, Refused, Routing};
use crate::message::{Defaults, Message, MessageType, Sender, Target};
use crate::name::{InstanceId, MessageId, RepoName};
use crate::payload::{Form, Payload};
use crate::refusal::{Code, Refusal};
use crate::state::State;
use crate::state::record::{Record, Stage, content_digest};
use crate::state::registry::{Instance, Repo};
use crate::suggest;
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
        return repeated(record, &message, sender);
    }
    match admit(state, policy, sender, &message, sent.allow_unknown) {
        Ok(recipients) => accept(state, policy, sender, message, recipients, now),
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
    let refused = Refused {
        repo: sender.repo.clone(),
        id: message.map(|message| message.id.clone()),
        to: message.map(|message| message.to.clone()),
        code: refusal.code,
        reason: refusal.to_string(),
    };
    Decision { events: vec![Event::Refused(refused)], reply: Err(refusal) }
}

/// A message whose id is known: the first receipt again, if it is the same message.
fn repeated(record: &Record, message: &Message, sender: &Instance) -> Decision {
    if record.from == sender.repo && record.digest == content_digest(message) {
        let receipt = Receipt { duplicate: true, ..receipt_of(record) };
        return Decision { events: Vec::new(), reply: Ok(Reply::Receipt(receipt)) };
    }
    let refusal = Refusal::new(Code::DuplicateId, format!("another message is {} already", message.id))
        .at("id")
        .hint("a new message needs a new id; a repeated one must not be changed");
    refuse(sender, Some(message), refusal)
}

fn receipt_of(record: &Record) -> Receipt {
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
        duplicate: false,
    }
}

/// Everything that can keep a message out; else, what becomes of it for each recipient.
fn admit(
    state: &State,
    policy: &Policy,
    sender: &Instance,
    message: &Message,
    allow_unknown: bool,
) -> Result<Vec<Routing>, Refusal> {
    check_identity(sender, &message.from)?;
    check_reply(state, sender, message)?;
    let parent = message.reply_to.as_ref().and_then(|id| state.message(id));
    let rules = Rules { state, policy, sender, message, parent };
    match &message.to.repo {
        Target::Everyone => rules.everyone(),
        Target::Repo(repo) => rules.one(repo, allow_unknown).map(|routing| vec![routing]),
    }
}

/// What `from` says must be what was registered.
fn check_identity(sender: &Instance, from: &Sender) -> Result<(), Refusal> {
    fn differs<T: PartialEq>(said: Option<&T>, registered: Option<&T>) -> bool {
        said.is_some() && said != registered
    }
    let field = if from.repo != sender.repo {
        "from.repo"
    } else if differs(from.instance_id.as_ref(), Some(&sender.id)) {
        "from.instance_id"
    } else if differs(from.session_id.as_ref(), sender.session.as_ref()) {
        "from.session_id"
    } else if differs(from.path.as_ref(), sender.path.as_ref()) {
        "from.path"
    } else {
        return Ok(());
    };
    let registered = format!("this connection registered as {}, instance {}", sender.repo, sender.id);
    Err(Refusal::new(Code::IdentityMismatch, registered)
        .at(field)
        .hint("leave \"from\" out, or repeat what was registered"))
}

fn check_reply(state: &State, sender: &Instance, message: &Message) -> Result<(), Refusal> {
    let says_outcome =
        matches!(&message.payload, Payload::Negotiate(Form::Answer(answer)) if answer.outcome.is_some());
    if says_outcome && !sender.repo.is_operator() {
        return Err(Refusal::new(Code::OperatorOnly, "only the operator says how a negotiation ended")
            .at("payload.outcome")
            .hint("say \"vote\" instead"));
    }
    let parent = message.reply_to.as_ref().and_then(|id| state.message(id));
    if let Some(parent) = parent.filter(|parent| message.payload.is_answer() && parent.kind != message.kind())
    {
        let refusal = Refusal::new(
            Code::InvalidPayload,
            format!("an answer has the type of what it answers: {} is a {}", parent.id, parent.kind),
        );
        return Err(refusal.at("type").hint(format!("send a {}", parent.kind)));
    }
    Ok(())
}

/// What every recipient is judged by.
struct Rules<'a> {
    state: &'a State,
    policy: &'a Policy,
    sender: &'a Instance,
    message: &'a Message,
    /// What the message answers.
    parent: Option<&'a Record>,
}

impl Rules<'_> {
    /// Every repo that has ever taken messages, but the sender's.
    fn everyone(&self) -> Result<Vec<Routing>, Refusal> {
        let sender = &self.sender.repo;
        let others = self.state.repos().iter().filter(|(name, repo)| *name != sender && repo.receives());
        let known: Vec<_> = others.collect();
        if known.is_empty() {
            return Err(Refusal::new(Code::NoRecipients, "nobody else is known to this bus yet")
                .at("to.repo")
                .hint("an instance makes itself known with veda-bus join --repo NAME"));
        }
        let wanted = &self.message.to.capabilities;
        let capable: Vec<_> = known.into_iter().filter(|(_, repo)| repo.is_capable(wanted)).collect();
        if capable.is_empty() {
            return Err(no_capable("any known repo", wanted));
        }
        let judged = capable.into_iter().map(|(name, repo)| (name, self.judge(name, Some(repo))));
        let (mut routings, mut first_refusal) = (Vec::new(), None);
        for (name, judged) in judged {
            routings.push(match judged {
                Ok(routing) => routing,
                Err(refusal) => {
                    let refused = Some(refusal.code);
                    first_refusal.get_or_insert(refusal);
                    Routing { repo: name.clone(), instance: None, refused, held: false }
                }
            });
        }
        match first_refusal {
            Some(refusal) if routings.iter().all(|routing| routing.refused.is_some()) => Err(refusal),
            _ => Ok(routings),
        }
    }

    /// One repo by its name.
    fn one(&self, name: &RepoName, allow_unknown: bool) -> Result<Routing, Refusal> {
        let repo = self.state.repo(name);
        let known = repo.is_some_and(|repo| repo.seen) || name.is_operator();
        if !known && !allow_unknown {
            return Err(self.unknown(name));
        }
        if let Some(repo) = repo.filter(|_| known)
            && !repo.is_capable(&self.message.to.capabilities)
        {
            return Err(no_capable(name.as_str(), &self.message.to.capabilities));
        }
        self.judge(name, repo)
    }

    /// Whether a known recipient takes the message, and who gets it.
    fn judge(&self, name: &RepoName, repo: Option<&Repo>) -> Result<Routing, Refusal> {
        if let Some(repo) = repo {
            self.check_access(name, repo)?;
            self.check_room(name, repo)?;
        }
        let wanted = Wanted {
            repo: name,
            by: &self.sender.id,
            capabilities: &self.message.to.capabilities,
            parent: self.parent.map(|parent| parent.seq),
            priority: self.message.priority,
            size: self.message.raw.len(),
        };
        let instance = routing::choose(self.state, &wanted);
        Ok(Routing { repo: name.clone(), instance, refused: None, held: false })
    }

    /// `accept_requests_from`: not for announcements, the operator, or answers in a thread that the recipient opened.
    fn check_access(&self, name: &RepoName, repo: &Repo) -> Result<(), Refusal> {
        let exempt = self.message.kind() == MessageType::Notify || self.sender.repo.is_operator();
        if exempt || repo.accepts_from(&self.sender.repo) || self.opened_by(name) {
            return Ok(());
        }
        let list = repo.accept_requests_from.as_deref().unwrap_or_default().join(", ");
        let taken = if list.is_empty() { "nobody".to_owned() } else { list };
        let reason = format!("{name} takes no {} from {}", self.message.kind(), self.sender.repo);
        Err(Refusal::new(Code::AccessDenied, reason)
            .at("to.repo")
            .hint(format!("its accept_requests_from names {taken}")))
    }

    /// Whether the message goes on with a thread that `name` opened, and in which the sender has a part.
    fn opened_by(&self, name: &RepoName) -> bool {
        let Some(parent) = self.parent else { return false };
        let opening = self.state.message(&parent.thread).unwrap_or(parent);
        let sender = &self.sender.repo;
        opening.from == *name && (parent.from == *sender || parent.delivery(sender).is_some())
    }

    fn check_room(&self, name: &RepoName, repo: &Repo) -> Result<(), Refusal> {
        let mailbox = &repo.mailbox;
        let full = mailbox.unread >= self.policy.mailbox_messages
            || mailbox.bytes + self.message.raw.len() > self.policy.mailbox_bytes;
        if !full {
            return Ok(());
        }
        let what = format!("{name} has {} unread messages ({} bytes)", mailbox.unread, mailbox.bytes);
        Err(Refusal::new(Code::MailboxFull, what).at("to.repo").hint(
            "send again when it has read some; the limits are mailbox_messages and mailbox_bytes in bus.toml",
        ))
    }

    fn unknown(&self, name: &RepoName) -> Refusal {
        let seen = self.state.repos().iter().filter(|(known, repo)| repo.seen || known.is_operator());
        let known: Vec<&str> = seen.map(|(known, _)| known.as_str()).collect();
        let near = suggest::nearest(name.as_str(), known.iter().copied());
        let advice = if near.is_empty() {
            format!("known: {}", known.iter().take(10).copied().collect::<Vec<_>>().join(", "))
        } else {
            format!("did you mean {}?", near.join(" or "))
        };
        Refusal::new(Code::UnknownRepo, format!("this bus has never seen a repo \"{name}\""))
            .at("to.repo")
            .hint(format!("{advice}; allow_unknown queues it all the same"))
    }
}

fn no_capable(who: &str, wanted: &[crate::name::Capability]) -> Refusal {
    let wanted = wanted.iter().map(crate::name::Capability::as_str).collect::<Vec<_>>().join(", ");
    Refusal::new(Code::NoCapableInstance, format!("no instance of {who} declares all of: {wanted}"))
        .at("to.capabilities")
        .hint("veda-bus instances shows who declares what")
}

fn accept(
    state: &State,
    policy: &Policy,
    sender: &Instance,
    message: Message,
    recipients: Vec<Routing>,
    now: Millis,
) -> Decision {
    let ttl = message.ttl.map_or(policy.default_ttl, |ttl| Duration::from_secs(ttl.get()));
    let expires_at = now.plus(ttl);
    let parent = message.reply_to.as_ref().and_then(|id| state.message(id));
    let thread = match (parent, &message.reply_to) {
        (Some(parent), _) => (*parent.thread).clone(),
        (None, Some(missing)) => missing.clone(),
        (None, None) => message.id.clone(),
    };
    let statuses = recipients.iter().map(|routing| RecipientStatus {
        repo: routing.repo.clone(),
        status: Stage::first(routing),
        code: routing.refused,
    });
    let receipt = Receipt {
        id: message.id.clone(),
        seq: state.last().next(),
        thread: thread.clone(),
        expires_at,
        recipients: statuses.collect(),
        duplicate: false,
    };
    let answered = parent.and_then(|parent| answers(parent, sender, &message));
    let by = sender.id.clone();
    let accepted = Accepted {
        by,
        thread,
        parent: parent.map(|parent| parent.seq),
        expires_at,
        recipients,
        held: None,
        message,
    };
    let events = std::iter::once(Event::Accepted(Box::new(accepted))).chain(answered.map(Event::Answered));
    Decision { events: events.collect(), reply: Ok(Reply::Receipt(receipt)) }
}

/// Whether a message settles its parent for the sender: the first word that is more than an acknowledgement.
fn answers(parent: &Record, sender: &Instance, message: &Message) -> Option<Answered> {
    let delivery = parent.delivery(&sender.repo)?;
    let settled = matches!(delivery.stage, Stage::Answered | Stage::Refused);
    if settled || message.payload.is_acknowledgement() {
        return None;
    }
    Some(Answered { id: parent.id.clone(), repo: sender.repo.clone(), answer: message.id.clone() })
}
