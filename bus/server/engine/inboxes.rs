//! What repos have not read: for agents that ask at their own time, and for commands that ask on their behalf.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::super::connection::{ConnectionId, Outbox};
use super::super::release::Effect;
use super::Engine;
use crate::hub::not_registered;
use crate::name::{InstanceId, RepoName, Seq, SessionId};
use crate::os;
use crate::refusal::{Code, Refusal};
use crate::state::view::inbox::{Agent, Unread};
use crate::wire::answer::frame;
use crate::wire::inbox::{DEFAULT_INBOX, Inbox};
use crate::wire::request::Ack;

/// How many messages an answer has at most.
const MAX_INBOX: usize = 1000;

/// How many inboxes a connection may wait for.
const MAX_WAITING: usize = 16;

/// A connection that waits for something to be in an inbox.
pub(super) struct Waiting {
    pub(super) connection: ConnectionId,
    reference: Option<String>,
    inbox: Asked,
    /// What was unread when it asked, and has been since. What is let go, or comes back from another instance, has an
    /// earlier number than what was accepted meanwhile, and is news all the same.
    there: BTreeSet<Seq>,
}

/// An inbox that was asked for.
struct Asked {
    repo: RepoName,
    agent: Option<Agent>,
    after: Seq,
    limit: usize,
}

impl Engine {
    /// The instance for which a connection acknowledges something.
    pub(super) fn meant(&self, id: ConnectionId, ack: &Ack) -> Result<InstanceId, Refusal> {
        let (repo, agent) = self.whose(id, ack.repo.as_ref(), ack.session_id.as_ref())?;
        let instance = agent.and_then(|agent| agent.newest(self.hub.state(), &repo));
        instance.map(|instance| instance.id.clone()).ok_or_else(|| {
            Refusal::new(
                Code::NotRegistered,
                format!("no instance of {repo} is connected that this speaks for"),
            )
            .hint("register as one, with this session_id")
        })
    }

    /// Answers with an inbox, at once or when there is something in it.
    pub(super) fn inbox(
        &mut self,
        id: ConnectionId,
        outbox: &Rc<Outbox>,
        reference: Option<&str>,
        inbox: &Inbox,
    ) -> Result<(), Refusal> {
        let (repo, agent) = self.whose(id, inbox.repo.as_ref(), inbox.session_id.as_ref())?;
        let limit = inbox.limit.unwrap_or(DEFAULT_INBOX).min(MAX_INBOX);
        let asked = Asked { repo, agent, after: inbox.after.unwrap_or_default(), limit };
        if inbox.wait && !self.unread(&asked).is_any() {
            if self.waiting.iter().filter(|waiting| waiting.connection == id).count() >= MAX_WAITING {
                let what = format!("this connection waits for {MAX_WAITING} inboxes already");
                return Err(Refusal::new(Code::InvalidFrame, what).at("wait"));
            }
            let reference = reference.map(str::to_owned);
            let there = self.everything_unread(&asked).seqs().collect();
            self.waiting.push(Waiting { connection: id, reference, inbox: asked, there });
            return Ok(());
        }
        self.tell_inbox(outbox, reference, &asked);
        Ok(())
    }

    /// Answers those for whom something has come since they asked.
    pub(super) fn answer_waiting(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting);
        let come: Vec<_> = waiting.extract_if(.., |one| self.has_come(one)).collect();
        self.waiting = waiting;
        for one in come {
            let Some(connection) = self.connections.get(&one.connection) else { continue };
            let outbox = Rc::clone(&connection.outbox);
            self.tell_inbox(&outbox, one.reference.as_deref(), &one.inbox);
        }
    }

    /// Whether there is something, or nobody left to wait for it.
    fn has_come(&self, waiting: &mut Waiting) -> bool {
        let asked = &waiting.inbox;
        let agent = asked.agent.as_ref();
        let has_left = agent.is_some_and(|agent| agent.newest(self.hub.state(), &asked.repo).is_none());
        if has_left || self.unread(asked).is_any() {
            return true;
        }
        let now: BTreeSet<_> = self.everything_unread(asked).seqs().collect();
        let is_more = !now.is_subset(&waiting.there);
        waiting.there = now;
        is_more
    }

    fn unread<'a>(&'a self, asked: &'a Asked) -> Unread<'a> {
        self.unread_after(asked, asked.after)
    }

    fn everything_unread<'a>(&'a self, asked: &'a Asked) -> Unread<'a> {
        self.unread_after(asked, Seq::default())
    }

    fn unread_after<'a>(&'a self, asked: &'a Asked, after: Seq) -> Unread<'a> {
        let state = self.hub.state();
        let instances = asked.agent.as_ref().map(|agent| agent.instances(state, &asked.repo));
        Unread::of(state, &asked.repo, instances.unwrap_or_default(), after)
    }

    /// What it tells may have been decided in this batch, and is to be written before anyone hears of it.
    fn tell_inbox(&mut self, outbox: &Rc<Outbox>, reference: Option<&str>, asked: &Asked) {
        let answer = frame("inbox", reference, &self.unread(asked).told(asked.limit));
        self.release.when_written(Effect::Push(Rc::clone(outbox), answer));
    }

    /// For which repo and agent of it a connection speaks: for itself, or on behalf of the one that it names.
    fn whose(
        &self,
        id: ConnectionId,
        repo: Option<&RepoName>,
        session: Option<&SessionId>,
    ) -> Result<(RepoName, Option<Agent>), Refusal> {
        let connection = self.connections.get(&id);
        let own = connection.and_then(|connection| connection.instance.as_ref());
        if let Some(own) = own.and_then(|own| self.hub.state().instance(own)) {
            return match repo.filter(|repo| **repo != own.repo) {
                None => Ok((own.repo.clone(), Some(Agent::Instance(own.id.clone())))),
                Some(repo) => {
                    let what = format!("this connection is {}, not {repo}", own.repo);
                    Err(Refusal::new(Code::IdentityMismatch, what).at("repo").hint("leave repo out"))
                }
            };
        }
        let repo = repo.ok_or_else(|| not_registered().hint("register, or say for which repo"))?;
        let pid = connection.and_then(|connection| connection.pid);
        let lineage = || pid.and_then(os::lineage).unwrap_or_default();
        Ok((repo.clone(), Agent::attended(self.hub.state(), repo, session, lineage)))
    }
}
