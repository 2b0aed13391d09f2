//! The registry: repos and instances, who is there and who was.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::mailbox::{Hands, Mailbox};
use crate::event::{Expired, Receive, Registered};
use crate::name::{BROADCAST, Capability, InstanceId, RepoName, SessionId};
use crate::os::Process;
use crate::time::Millis;

/// How many different sets of capabilities are remembered of one repo.
const MAX_CAPABILITY_SETS: usize = 16;

/// What the bus knows of a repo.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Repo {
    /// Whether an instance of it has ever registered; if not, somebody only wrote to it.
    pub seen: bool,
    /// When an instance of it was last connected.
    pub last_seen: Millis,
    /// From whom it takes requests, as last declared; `None` when it never was.
    pub accept_requests_from: Option<Vec<String>>,
    /// The sets of capabilities that its instances have declared, those of past ones included.
    pub capabilities: BTreeSet<BTreeSet<Capability>>,
    /// Its connected instances.
    pub connected: BTreeSet<InstanceId>,
    /// What it has not read yet.
    pub mailbox: Mailbox,
    /// What its instances are to be told and have not said they know, with the time of each.
    pub notices: VecDeque<(Millis, Expired)>,
}

impl Repo {
    /// An instance of it registered.
    pub(super) fn saw(&mut self, registered: &Registered, at: Millis) {
        self.seen = true;
        self.last_seen = at;
        self.connected.insert(registered.instance.clone());
        if registered.receive == Receive::All {
            self.accept_requests_from = Some(registered.accept_requests_from.clone());
            if self.capabilities.len() >= MAX_CAPABILITY_SETS {
                self.capabilities.clear();
            }
            self.capabilities.insert(registered.capabilities.iter().cloned().collect());
        }
    }

    /// Whether an instance that takes what its repo gets has ever registered. One that only sends has no use for what is
    /// said to everyone.
    pub fn receives(&self) -> bool {
        self.accept_requests_from.is_some()
    }

    /// Whether some instance of it, now or before, declared all of `wanted`.
    pub fn is_capable(&self, wanted: &[Capability]) -> bool {
        wanted.is_empty() || self.capabilities.iter().any(|set| wanted.iter().all(|one| set.contains(one)))
    }

    /// Whether it takes requests from `repo`. One that never said so takes them from everyone.
    pub fn accepts_from(&self, repo: &RepoName) -> bool {
        let taken = |list: &Vec<String>| list.iter().any(|one| one == BROADCAST || one == repo.as_str());
        self.accept_requests_from.as_ref().is_none_or(taken)
    }
}

/// What the bus knows of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// The process.
    pub id: InstanceId,
    /// The repo that it answers to.
    pub repo: RepoName,
    /// The conversation of its host.
    pub session: Option<SessionId>,
    /// Where its repo is on its disk.
    pub path: Option<String>,
    /// What it declares it can do.
    pub capabilities: BTreeSet<Capability>,
    /// What is pushed to it.
    pub receive: Receive,
    /// The program that connected, as it calls itself.
    pub client: Option<String>,
    /// The process that connected, as the kernel tells it.
    pub pid: Option<i32>,
    /// The host of its agent, where that is known.
    pub host: Option<Process>,
    /// Whether it is connected.
    pub connected: bool,
    /// Whether it does not answer.
    pub stuck: bool,
    /// When it connected.
    pub since: Millis,
    /// When it last took a message, or was connected.
    pub last_seen: Millis,
    /// The unread messages that it has.
    pub hands: Hands,
}

impl Instance {
    pub(super) fn new(registered: &Registered, at: Millis, hands: Option<Hands>) -> Self {
        Self {
            id: registered.instance.clone(),
            repo: registered.repo.clone(),
            session: registered.session.clone(),
            path: registered.path.clone(),
            capabilities: registered.capabilities.iter().cloned().collect(),
            receive: registered.receive,
            client: registered.client.clone(),
            pid: registered.pid,
            host: registered.host,
            connected: true,
            stuck: false,
            since: at,
            last_seen: at,
            hands: hands.unwrap_or_default(),
        }
    }

    /// What a checkpoint says of it.
    pub(super) fn registered(&self) -> Registered {
        Registered {
            instance: self.id.clone(),
            repo: self.repo.clone(),
            session: self.session.clone(),
            path: self.path.clone(),
            capabilities: self.capabilities.iter().cloned().collect(),
            accept_requests_from: Vec::new(),
            receive: self.receive,
            client: self.client.clone(),
            pid: self.pid,
            host: self.host,
        }
    }

    /// The process whose children may not act as the operator, with the repo whose agent it is; none of the operator's
    /// own.
    pub(super) fn agent_host(&self) -> Option<(Process, &RepoName)> {
        let host = self.host.filter(|_| !self.repo.is_operator())?;
        Some((host, &self.repo))
    }

    pub(super) fn leave(&mut self, at: Millis) {
        self.connected = false;
        self.stuck = false;
        self.last_seen = at;
    }

    /// Whether it declares all of `wanted`.
    pub fn is_capable(&self, wanted: &[Capability]) -> bool {
        wanted.iter().all(|one| self.capabilities.contains(one))
    }
}
