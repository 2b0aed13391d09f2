//! The state as plain data: what the `state` and `history` frames carry.

mod governance;
pub mod inbox;
mod listed;
mod owed;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::record::{Record, Stage};
use super::registry::{Instance, Repo};
use super::{Host, State};
use crate::event::{Accepted, Checkpoint, Configured, KnownRepo, Receive, Registered};
use crate::name::{Capability, InstanceId, MessageId, RepoName, Seq, SessionId};
use crate::refusal::Code;
use crate::time::Millis;
use crate::wire::request::Part;

pub use governance::{BallotView, HeldThreadView, HoldView, NegotiationView, ResolutionView, RoundView};
pub use listed::Listed;
pub use owed::{ObligationView, SubtaskView, TaskView};

/// The bus at a glance.
#[derive(Debug, Clone, PartialEq, Default, Eq, Serialize, Deserialize)]
pub struct StateView {
    /// The last event.
    pub seq: Seq,
    /// When that was.
    pub at: Millis,
    /// The event that a fold must begin with to arrive at all that the bus knows, who is connected included.
    pub since: Seq,
    /// The first event that the journal still has; `None` when there is no journal, or when this is not told by a
    /// running bus.
    pub oldest: Option<Seq>,
    /// Where the bus keeps its journal; `None` when it keeps none, or when this is not told by a running bus.
    pub journal: Option<PathBuf>,
    /// Who hosts the bus.
    pub host: Option<HostView>,
    /// How many messages were accepted since the journal's oldest remembered event.
    pub accepted: u64,
    /// How many messages are remembered.
    pub remembered: usize,
    /// How many threads are remembered.
    pub threads: usize,
    /// How many messages are unread, in all mailboxes.
    pub unread: usize,
    /// How many of those are held.
    #[serde(default)]
    pub held: usize,
    /// How many negotiations are open.
    #[serde(default)]
    pub negotiations: usize,
    /// How many answers are owed, where it is the debtor's turn.
    #[serde(default)]
    pub owed: usize,
    /// The rules in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configured: Option<Box<Configured>>,
    /// Every repo that was ever seen or written to.
    pub repos: Vec<RepoView>,
    /// Remembered negotiations, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposals: Option<Listed<NegotiationView>>,
    /// Held messages, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<Listed<HoldView>>,
    /// Held threads, where holds were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_threads: Option<Listed<HeldThreadView>>,
    /// Who owes whom an answer, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obligations: Option<Listed<ObligationView>>,
    /// Remembered tasks, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Listed<TaskView>>,
}

/// The process that hosts the bus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostView {
    /// Its process id.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// When it started.
    pub since: Millis,
    /// Whether it is running.
    pub running: bool,
}

/// A repo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepoView {
    /// Its name.
    pub repo: RepoName,
    /// Whether an instance of it has ever registered.
    pub seen: bool,
    /// Whether an instance is connected.
    pub connected: bool,
    /// When one last was.
    pub last_seen: Millis,
    /// Messages that wait for an instance.
    pub waiting: usize,
    /// Messages that were not read: those that wait, those that an instance has, and those that are held.
    pub unread: usize,
    /// How many of those are held.
    #[serde(default)]
    pub held: usize,
    /// The size of the unread ones, in bytes.
    pub unread_bytes: usize,
    /// From whom it takes requests, where it said so.
    pub accept_requests_from: Option<Vec<String>>,
    /// What it has declared it can do, all its instances together.
    pub capabilities: Vec<Capability>,
    /// Its connected instances, and those that left and are remembered.
    pub instances: Vec<InstanceView>,
}

/// An instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceView {
    /// The process.
    pub instance: InstanceId,
    /// The conversation of its host.
    pub session: Option<SessionId>,
    /// Where its repo is on its disk.
    pub path: Option<String>,
    /// What it declares it can do.
    pub capabilities: Vec<Capability>,
    /// What is pushed to it.
    pub receive: Receive,
    /// The program that connected, as it calls itself.
    pub client: Option<String>,
    /// The process that connected.
    pub pid: Option<i32>,
    /// Whether it is connected.
    pub connected: bool,
    /// Whether it does not answer.
    pub stuck: bool,
    /// When it connected.
    pub since: Millis,
    /// When it last took a message, or was connected.
    pub last_seen: Millis,
    /// How many messages it has and has not read.
    pub in_hand: usize,
}

/// A message's ladder for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LadderView {
    /// The recipient.
    pub repo: RepoName,
    /// The step that was reached.
    pub stage: Stage,
    /// The instance that has it, or read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<InstanceId>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Code>,
    /// When each step was reached.
    pub steps: Vec<(Stage, Millis)>,
}

/// What the state knows of a message, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordView {
    /// The event that accepted it.
    pub seq: Seq,
    /// When that was.
    pub at: Millis,
    /// Its id.
    pub id: MessageId,
    /// The id of the message that its thread began with.
    pub thread: MessageId,
    /// When it is stale.
    pub expires_at: Millis,
    /// How far it is with each recipient.
    pub ladder: Vec<LadderView>,
    /// Whether the bus has forgotten it: then the ladder is that of the moment in which it was accepted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forgotten: bool,
}

impl StateView {
    /// The view of `state`.
    pub fn of(state: &State) -> Self {
        Self {
            seq: state.last(),
            at: state.at(),
            since: state.begin(),
            oldest: None,
            journal: None,
            host: state.host().map(HostView::of),
            accepted: state.accepted(),
            remembered: state.records.len(),
            threads: state.threads.len(),
            unread: state.repos.values().map(|repo| repo.mailbox.unread).sum(),
            held: state.holds().count(),
            negotiations: state.open_negotiations(),
            owed: state.owed_pairs().map(|(.., count)| count).sum(),
            configured: state.configured.clone(),
            repos: state.repos.iter().map(|(name, repo)| RepoView::of(name, repo, state)).collect(),
            proposals: None,
            holds: None,
            held_threads: None,
            obligations: None,
            tasks: None,
        }
    }

    /// The same with these parts of `state`.
    #[must_use]
    pub fn with(mut self, state: &State, parts: &[Part]) -> Self {
        for part in parts {
            match part {
                Part::Negotiations => {
                    let (count, all) = (state.negotiations().count(), state.negotiations());
                    self.proposals = Some(Listed::of(count, all, NegotiationView::of));
                }
                Part::Holds => {
                    let holds: Vec<_> = state.holds().collect();
                    let hold = |(record, hold)| HoldView::of(record, hold);
                    self.holds = Some(Listed::of(holds.len(), holds.into_iter(), hold));
                    let threads: Vec<_> = state.held_threads().collect();
                    let thread = |(id, held)| HeldThreadView::of(id, held);
                    self.held_threads = Some(Listed::of(threads.len(), threads.into_iter(), thread));
                }
                Part::Obligations => {
                    let view = |one| ObligationView::of(one, state);
                    let (count, all) = (state.obligations.len(), state.obligations());
                    self.obligations = Some(Listed::of(count, all, view));
                }
                Part::Tasks => {
                    self.tasks = Some(Listed::of(state.tasks.len(), state.tasks(), TaskView::of));
                }
            }
        }
        self
    }
}

impl StateView {
    /// The repos and the connected instances as a checkpoint tells them: for a fold that can not begin with `since`, as
    /// where the bus keeps no journal.
    pub fn checkpoint(&self) -> Checkpoint {
        let sets = |repo: &RepoView| repo.instances.iter().map(|one| one.capabilities.clone()).collect();
        let known = self.repos.iter().filter(|repo| repo.seen).map(|repo| KnownRepo {
            repo: repo.repo.clone(),
            last_seen: repo.last_seen,
            accept_requests_from: repo.accept_requests_from.clone(),
            capabilities: sets(repo),
        });
        let connected = self.repos.iter().flat_map(|repo| repo.instances.iter().map(move |one| (repo, one)));
        let instances = connected.filter(|(_, one)| one.connected).map(|(repo, one)| Registered {
            instance: one.instance.clone(),
            repo: repo.repo.clone(),
            session: one.session.clone(),
            path: one.path.clone(),
            capabilities: one.capabilities.clone(),
            accept_requests_from: repo.accept_requests_from.clone().unwrap_or_default(),
            receive: one.receive,
            client: one.client.clone(),
            pid: one.pid,
            host: None,
        });
        let instances = instances.collect();
        Checkpoint {
            since: self.seq.next(),
            repos: known.collect(),
            instances,
            configured: self.configured.clone(),
            agent_hosts: Vec::new(),
            previous: String::new(),
        }
    }
}

impl HostView {
    fn of(host: &Host) -> Self {
        let Host { pid, version, since, running } = host.clone();
        Self { pid, version, since, running }
    }
}

impl RepoView {
    fn of(name: &RepoName, repo: &Repo, state: &State) -> Self {
        let mut capabilities: Vec<_> = repo.capabilities.iter().flatten().cloned().collect();
        capabilities.sort();
        capabilities.dedup();
        Self {
            repo: name.clone(),
            seen: repo.seen,
            connected: !repo.connected.is_empty(),
            last_seen: repo.last_seen,
            waiting: repo.mailbox.waiting.len(),
            unread: repo.mailbox.unread,
            held: repo.mailbox.held,
            unread_bytes: repo.mailbox.bytes,
            accept_requests_from: repo.accept_requests_from.clone(),
            capabilities,
            instances: state.instances().filter(|one| one.repo == *name).map(InstanceView::of).collect(),
        }
    }
}

impl InstanceView {
    fn of(instance: &Instance) -> Self {
        Self {
            instance: instance.id.clone(),
            session: instance.session.clone(),
            path: instance.path.clone(),
            capabilities: instance.capabilities.iter().cloned().collect(),
            receive: instance.receive,
            client: instance.client.clone(),
            pid: instance.pid,
            connected: instance.connected,
            stuck: instance.stuck,
            since: instance.since,
            last_seen: instance.last_seen,
            in_hand: instance.hands.len(),
        }
    }
}

impl RecordView {
    /// The view of `record`.
    pub fn of(record: &Record) -> Self {
        let ladder = record.deliveries.iter().map(|delivery| LadderView {
            repo: delivery.repo.clone(),
            stage: delivery.stage,
            instance: delivery.instance.clone(),
            refused: delivery.refused,
            steps: delivery.steps().collect(),
        });
        Self {
            seq: record.seq,
            at: record.at,
            id: record.id.clone(),
            thread: (*record.thread).clone(),
            expires_at: record.expires_at,
            ladder: ladder.collect(),
            forgotten: false,
        }
    }

    /// The view of a message that the state has forgotten, from the event that accepted it.
    pub fn of_forgotten(seq: Seq, at: Millis, accepted: &Accepted) -> Self {
        let ladder = accepted.recipients.iter().map(|routing| {
            let stage = Stage::first(routing);
            LadderView {
                repo: routing.repo.clone(),
                stage,
                instance: routing.instance.clone(),
                refused: routing.refused,
                steps: vec![(stage, at)],
            }
        });
        Self {
            seq,
            at,
            id: accepted.message.id.clone(),
            thread: accepted.thread.clone(),
            expires_at: accepted.expires_at,
            ladder: ladder.collect(),
            forgotten: true,
        }
    }
}
