//! For whom a hook runs, and what it asks the bus on their behalf.

use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, getppid};
use veda_bus_core::client::ClientError;
use veda_bus_core::client::blocking::Connection;
use veda_bus_core::event::Receive;
use veda_bus_core::handler::HandlerSettings;
use veda_bus_core::name::{MessageId, Seq, SessionId};
use veda_bus_core::os::{self, Process};
use veda_bus_core::refusal::Code;
use veda_bus_core::text;
use veda_bus_core::time::Millis;
use veda_bus_core::wire::answer::Incoming;
use veda_bus_core::wire::{Ack, AckStage, BusFrame, History, Inbox, InboxAnswer, Register};

use super::super::texts;
use crate::agents::event::{Event, Moment};
use crate::agents::identity::{self, Identity, pushed};
use crate::agents::past::incoming;
use crate::agents::session::{self, Memory, Session, has_ended};
use crate::agents::telling::{Found, KEPT_GOING, Telling, tell, to_tell};
use crate::context::Context;
use crate::failure::Failure;

/// How many messages are looked at: as many as the bus gives.
pub(super) const MESSAGES: usize = 1000;

/// See the [module](self).
pub(super) struct Conversation {
    pub(super) context: Context,
    pub(super) event: Event,
    pub(super) identity: Identity,
    /// Where conversations are remembered.
    pub(super) sessions: PathBuf,
    /// Its name in there.
    pub(super) id: String,
    session: Option<SessionId>,
    settings: HandlerSettings,
    /// Who started the hook.
    parent: Option<Pid>,
    /// The process of the host, as far as it can be told without the bus.
    host: Option<Process>,
    lineage: Vec<Process>,
}

impl Conversation {
    pub(super) fn new(context: Context, event: Event) -> Result<Self, Failure> {
        let identity = Identity::of(&context)?;
        let own = i32::try_from(std::process::id()).unwrap_or_default();
        let lineage = os::lineage(own).unwrap_or_default();
        // Claude Code says which process it is; others are found behind the shells that they run hooks in.
        let said = std::env::var("CLAUDE_PID").ok().and_then(|pid| pid.parse().ok());
        let said = lineage.iter().find(|process| Some(process.pid) == said).copied();
        let host = said.or_else(|| os::starter(own));
        let named = event.conversation.as_ref().and_then(|id| id.parse().ok());
        let session = named.or_else(identity::session);
        let process = host.map_or_else(String::new, |host| format!("process {} {}", host.pid, host.started));
        let id = session.as_ref().map_or(process, ToString::to_string);
        let (sessions, settings) = (session::folder(&context), pushed(&context));
        Ok(Self {
            context,
            event,
            identity,
            sessions,
            id,
            session,
            settings,
            parent: getppid(),
            host,
            lineage,
        })
    }

    /// What is remembered of it, locked. Where nothing can be, the agent is kept going once a turn at most, for nobody
    /// counts.
    pub(super) fn open(&self) -> Option<Session> {
        let mut session = Session::open(&self.sessions, &self.identity.repo, &self.id)?;
        if !session.is_kept() {
            session.memory.kept_going = KEPT_GOING;
        }
        Some(session)
    }

    /// Takes note that it is at this event, for whose host `inbox` was told.
    pub(super) fn enter(&self, session: &mut Session, inbox: &InboxAnswer) {
        let host = inbox.head.host.filter(|host| self.lineage.contains(host)).or(self.host);
        let memory = &mut session.memory;
        let is_first = memory.event.is_empty() || memory.process != host;
        if memory.process.is_some_and(has_ended) {
            memory.again.append(&mut memory.shown);
        }
        self.event.host.word().clone_into(&mut memory.host);
        self.event.name.clone_into(&mut memory.event);
        (memory.at, memory.process) = (Millis::now(), host);
        if is_first {
            session.inherit(&self.sessions);
        }
    }

    /// It is over. What was shown in a turn that did not end stays for the next one.
    pub(super) fn end(&self) {
        if let Some(mut session) = self.open() {
            let memory = &mut session.memory;
            self.event.name.clone_into(&mut memory.event);
            (memory.at, memory.idle) = (Millis::now(), false);
            session.save();
        }
    }

    /// What is unread, at most `limit` messages of it.
    pub(super) fn inbox(&self, bus: &mut Connection, limit: usize) -> Result<InboxAnswer, Failure> {
        match bus.call("inbox", &Inbox { limit: Some(limit), ..self.asked() })? {
            BusFrame::Inbox(inbox) => Ok(*inbox),
            _ => Err(Failure::Failed("the bus answered something else than an inbox".into())),
        }
    }

    /// A question for its inbox.
    pub(super) fn asked(&self) -> Inbox {
        let (repo, session_id) = (Some(self.identity.repo.clone()), self.session.clone());
        Inbox { repo, session_id, ..Inbox::default() }
    }

    /// What is to be said at `moment`.
    pub(super) fn telling(
        &self,
        bus: &mut Connection,
        inbox: &InboxAnswer,
        memory: &Memory,
        moment: Moment,
    ) -> Result<Telling, Failure> {
        let now = Millis::now();
        let owed = to_tell(moment, self.event.fresh, inbox, memory, &self.settings, now);
        let requests = texts::messages(bus, owed.iter().map(|owed| owed.seq).collect())?;
        let again = again(bus, &memory.again)?;
        let found = Found {
            moment,
            fresh: self.event.fresh,
            inbox,
            again: &again,
            requests: &requests,
            settings: &self.settings,
            now,
        };
        Ok(tell(&found, memory))
    }

    /// Whether somebody reads what was written to `stream`: the host is alive, and has not closed its end.
    pub(super) fn is_heard(&self, stream: &impl AsFd) -> bool {
        let is_there = self.parent == getppid() && !self.host.is_some_and(has_ended);
        is_there && !is_closed(stream)
    }

    /// Tells the bus what the agent has read. It was said already: what fails here is shown again, no more.
    pub(super) fn acknowledge(&self, bus: &mut Connection, ids: Vec<MessageId>) {
        if ids.is_empty() {
            return;
        }
        let Inbox { repo, session_id, .. } = self.asked();
        let ack = Ack { ids, stage: AckStage::Read, repo, session_id, ..Ack::default() };
        let acknowledged = match bus.call("ack", &ack) {
            Err(ClientError::Refused(refusal)) if refusal.code == Code::NotRegistered => {
                self.acknowledge_itself(bus, ack)
            }
            other => other.map(|_| ()),
        };
        if let Err(error) = acknowledged {
            let what = format!("veda-bus: the bus does not know that messages were read: {error}");
            eprintln!("{}", text::line(&what));
        }
    }

    /// Where no instance of the agent is connected, the hook is one for as long as it takes.
    fn acknowledge_itself(&self, bus: &mut Connection, ack: Ack) -> Result<(), ClientError> {
        let register = Register {
            session_id: self.session.clone(),
            receive: Receive::None,
            client: "veda-bus-hook".parse().ok(),
            ..self.identity.registration(&self.context)
        };
        bus.register(&register)?;
        bus.call("ack", &Ack { repo: None, session_id: None, ..ack }).map(|_| ())
    }
}

/// Messages that were shown before, as far as they are to be had.
fn again(bus: &mut Connection, wanted: &BTreeMap<MessageId, Option<Seq>>) -> Result<Vec<Incoming>, Failure> {
    let mut found = Vec::new();
    for (id, seq) in wanted {
        let history = match seq {
            Some(seq) => History { seqs: Some(vec![*seq]), ..History::default() },
            None => History { id: Some(id.to_string()), ..History::default() },
        };
        let entries = match bus.call("history", &history) {
            Ok(BusFrame::History(entries)) => entries,
            // It is remembered no more.
            Ok(_) | Err(ClientError::Refused(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        found.extend(entries.into_iter().filter_map(incoming).find(|one| one.message.id == *id));
    }
    Ok(found)
}

/// Whether nobody reads a stream any more.
fn is_closed(stream: &impl AsFd) -> bool {
    let mut asked = [PollFd::new(stream, PollFlags::empty())];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let closed = PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
    poll(&mut asked, Some(&now)).is_ok() && asked[0].revents().intersects(closed)
}
