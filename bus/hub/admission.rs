//! Who gets a message: what its recipients are judged by.

use super::negotiating::{self, Part};
use super::routing::{self, Wanted};
use super::{Policy, limits};
use crate::event::Routing;
use crate::message::{Message, MessageType, Sender, Target};
use crate::name::{Capability, RepoName};
use crate::refusal::{Code, Refusal};
use crate::state::State;
use crate::state::record::Record;
use crate::state::registry::{Instance, Repo};
use crate::suggest;
use crate::time::Millis;

/// How many negotiations may be open.
const OPEN: usize = 10_000;

/// Everything that can keep a message out; else, what becomes of it for each recipient.
pub(super) fn admit(
    state: &State,
    policy: &Policy,
    sender: &Instance,
    message: &Message,
    allow_unknown: bool,
    now: Millis,
) -> Result<Vec<Routing>, Refusal> {
    check_identity(sender, &message.from)?;
    check_reply(state, message)?;
    let part = negotiating::part(state, message)?;
    let parent = message.reply_to.as_ref().and_then(|id| state.message(id));
    limits::check(state, &policy.rules.limits, message, parent, now)?;
    let admission = Admission { state, policy, sender, message, parent, part: &part };
    let mut recipients = admission.concerned(&part, allow_unknown)?;
    let addressed = match &message.to.repo {
        // It has its recipients, whoever else there is.
        Target::Everyone if !recipients.is_empty() => admission.everyone().unwrap_or_default(),
        Target::Everyone => admission.everyone()?,
        Target::Repo(repo) if recipients.iter().any(|one| one.repo == *repo) => Vec::new(),
        Target::Repo(repo) => vec![admission.one(repo, allow_unknown)?],
    };
    let known: Vec<_> = recipients.iter().map(|one| one.repo.clone()).collect();
    recipients.extend(addressed.into_iter().filter(|one| !known.contains(&one.repo)));
    Ok(recipients)
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

fn check_reply(state: &State, message: &Message) -> Result<(), Refusal> {
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
struct Admission<'a> {
    state: &'a State,
    policy: &'a Policy,
    sender: &'a Instance,
    message: &'a Message,
    /// What the message answers.
    parent: Option<&'a Record>,
    /// What it means to a negotiation.
    part: &'a Part<'a>,
}

impl Admission<'_> {
    /// Whoever gets it because of the negotiation that it is a part of, whatever `to` says. That every voter gets what
    /// is put to the vote is a condition of the vote.
    fn concerned(&self, part: &Part<'_>, allow_unknown: bool) -> Result<Vec<Routing>, Refusal> {
        let sender = &self.sender.repo;
        match part {
            Part::Proposal(proposal) => {
                check_open(self.state)?;
                let voters = proposal.affected_repos.iter().enumerate().filter(|(_, voter)| *voter != sender);
                let mut routings: Vec<Routing> = Vec::new();
                for (place, voter) in voters {
                    if routings.iter().all(|routing| routing.repo != *voter) {
                        let judged = self.one(voter, allow_unknown);
                        let at = |refusal: Refusal| refusal.at(format!("payload.affected_repos[{place}]"));
                        routings.push(judged.map_err(at)?);
                    }
                }
                Ok(routings)
            }
            Part::Wording(negotiation) | Part::Withdrawal(negotiation) => {
                let others = negotiation.involved().into_iter().filter(|repo| *repo != sender);
                let wanted = &self.message.to.capabilities;
                let capable = |name: &RepoName| {
                    let repo = self.state.repo(name).filter(|repo| repo.seen);
                    let suits = repo.is_none_or(|repo| repo.is_capable(wanted));
                    if suits { Ok(()) } else { Err(no_capable(name.as_str(), wanted)) }
                };
                let one =
                    |name| capable(name).and_then(|()| self.check_and_route(name, self.state.repo(name)));
                others.map(one).collect()
            }
            Part::Vote(..) | Part::Nothing => Ok(Vec::new()),
        }
    }

    /// Every repo that has ever taken messages, but the sender's.
    fn everyone(&self) -> Result<Vec<Routing>, Refusal> {
        let sender = &self.sender.repo;
        let others = self.state.repos().iter().filter(|(name, repo)| *name != sender && repo.receives());
        let known: Vec<_> = others.collect();
        if known.is_empty() {
            return Err(Refusal::new(Code::NoRecipients, "nobody else has taken messages on this bus yet")
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
        if !known && (!allow_unknown || name.is_bus()) {
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
        }
        self.check_and_route(name, repo)
    }

    /// Whether there is room, and who gets it.
    fn check_and_route(&self, name: &RepoName, repo: Option<&Repo>) -> Result<Routing, Refusal> {
        if let Some(repo) = repo {
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
        // Who takes part in a negotiation hears of the votes, whoever else it listens to.
        let is_party = self.part.negotiation().is_some_and(|one| one.involved().contains(name));
        let exempt = self.message.kind() == MessageType::Notify || self.sender.repo.is_operator() || is_party;
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
        if name.is_bus() {
            return Refusal::new(Code::UnknownRepo, "the bus itself takes no messages")
                .at("to.repo")
                .hint("write to a repo, or to the operator");
        }
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

/// Open negotiations are never forgotten, so that there is a limit to them.
fn check_open(state: &State) -> Result<(), Refusal> {
    let open = state.open_negotiations();
    if open < OPEN {
        return Ok(());
    }
    Err(Refusal::new(Code::TooManyOpen, format!("{open} negotiations are open"))
        .hint("wait until some are decided; veda-bus negotiations --open lists them"))
}

fn no_capable(who: &str, wanted: &[Capability]) -> Refusal {
    let wanted = wanted.iter().map(Capability::as_str).collect::<Vec<_>>().join(", ");
    Refusal::new(Code::NoCapableInstance, format!("no instance of {who} declares all of: {wanted}"))
        .at("to.capabilities")
        .hint("veda-bus instances shows who declares what")
}
