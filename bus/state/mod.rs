//! The state of the bus: what you get by applying events in order. Nothing else changes it.
//!
//! One type serves the running bus, recovery, live views and replay. It is a fold, so it has no clock: "now" is the
//! time of the last event. It can be written down and read again (serde; any format that keeps all it is given), for a fold
//! that begins in the middle.
//!
//! | module | what is in it |
//! |---|---|
//! | `fold`, `governance`, `owing` | what each event changes |
//! | [`flow`], `run` | how much is said in a minute, and what goes to and fro without anything new |
//! | `hosts` | the processes that are or were an agent's host |
//! | [`registry`] | repos and instances: who is there, who was |
//! | [`mailbox`] | what waits for a repo, and what is in the hands of its instances |
//! | [`record`], `steps` | messages and their ladder, a step for each recipient |
//! | `records` | all of them, by number, by id, and in the order in which they were finished |
//! | [`thread`] | which messages answer which |
//! | [`negotiation`] | proposals, their rounds, and what the votes come to |
//! | [`hold`] | what is kept back until the operator lets it go |
//! | [`obligation`], `obligations` | who owes whom an answer |
//! | [`task`] | how far each repo is with its part of a task |
//! | `requests` | which messages stand under which requests |
//! | `as_json` | how what only JSON can hold stands in a written state |
//! | [`view`] | the same as plain data, for the `state` frame |

mod as_json;
pub mod flow;
mod fold;
mod governance;
pub mod hold;
mod hosts;
pub mod mailbox;
pub mod negotiation;
pub mod obligation;
mod obligations;
mod owing;
pub mod record;
mod records;
pub mod registry;
mod requests;
mod run;
mod steps;
pub mod task;
pub mod thread;
pub mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;

use serde::{Deserialize, Serialize};

use crate::event::{Checkpoint, Configured, KnownRepo};
use crate::name::{InstanceId, MessageId, RepoName, Seq};
use crate::os::Process;
use crate::time::Millis;
use flow::Flows;
use hold::{HeldThread, Hold, Holds};
use hosts::Hosts;
use negotiation::{Negotiation, Negotiations};
use obligation::{Balance, Obligation};
use obligations::Obligations;
use record::Record;
use records::Records;
use registry::{Instance, Repo};
use requests::Requests;
use task::{Task, Tasks};
use thread::{Thread, Threads};

/// How many expired messages of one repo are remembered until its instances have been told.
const NOTICES: usize = 1000;

/// What is owed is forgotten at most so long after it was due: who folds a long history has no use for every answer that
/// was never given.
const OWED: Duration = Duration::from_secs(3600);

/// How many instances are remembered, as far as they left.
const INSTANCES: usize = 1000;

/// How much of what is finished a state remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keep {
    /// How long after it was finished a message is remembered.
    pub retention: Duration,
    /// At most so many finished messages are remembered.
    pub messages: usize,
    /// So many bytes of the finished messages' texts are kept, the oldest finished dropped first. The text of what is
    /// not finished is always kept.
    pub bodies: usize,
    /// At most so many obligations are remembered, and so many parts of tasks; the oldest request is forgotten first.
    pub owed: usize,
}

impl Keep {
    /// How much of what is owed a bus remembers.
    pub const OWED: usize = 20_000;

    /// Forget nothing but what is owed for long.
    pub const ALL: Self =
        Self { retention: Duration::MAX, messages: usize::MAX, bodies: usize::MAX, owed: Self::OWED };
}

/// The process that hosts the bus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Its process id.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// When it started.
    pub since: Millis,
    /// Whether it is running, as far as the journal tells.
    pub running: bool,
}

/// See the [module](self).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// How much of what is finished is remembered.
    keep: Keep,
    /// The last event that was applied.
    last: Seq,
    /// The event at which a fold that passes the latest checkpoint begins.
    begin: Seq,
    /// When that was.
    at: Millis,
    /// Who hosts the bus.
    host: Option<Host>,
    /// Every repo that was ever seen or written to.
    repos: BTreeMap<RepoName, Repo>,
    /// Connected instances, and those that left and are remembered.
    instances: BTreeMap<InstanceId, Instance>,
    /// The hosts of agents, those of past instances included.
    hosts: Hosts,
    /// Names that messages share of instances which are not among those, as many as are remembered of these.
    strangers: BTreeSet<InstanceId>,
    /// Remembered messages.
    records: Records,
    /// Remembered threads.
    threads: Threads,
    /// Unfinished messages by the time at which they are stale.
    deadlines: BTreeSet<(Millis, Seq)>,
    /// Remembered negotiations.
    negotiations: Negotiations,
    /// What is kept back.
    holds: Holds,
    /// Where answers find the requests that they are about.
    requests: Requests,
    /// Who owes whom an answer.
    obligations: Obligations,
    /// Remembered tasks.
    tasks: Tasks,
    /// How much is said: of the last minutes, and for the hub alone, so that it is not written down.
    #[serde(skip)]
    flows: Flows,
    /// The rules in force.
    #[serde(with = "as_json")]
    configured: Option<Box<Configured>>,
    /// How many messages were accepted, forgotten ones included.
    accepted: u64,
}

impl State {
    /// Nothing has happened.
    pub fn new(keep: Keep) -> Self {
        Self {
            keep,
            last: Seq::default(),
            begin: Seq(1),
            at: Millis::default(),
            host: None,
            repos: BTreeMap::from([(RepoName::operator(), Repo::default())]),
            instances: BTreeMap::new(),
            hosts: Hosts::default(),
            strangers: BTreeSet::new(),
            records: Records::default(),
            threads: Threads::default(),
            deadlines: BTreeSet::new(),
            negotiations: Negotiations::default(),
            holds: Holds::default(),
            requests: Requests::default(),
            obligations: Obligations::default(),
            tasks: Tasks::default(),
            flows: Flows::default(),
            configured: None,
            accepted: 0,
        }
    }

    /// The number of the last event.
    pub fn last(&self) -> Seq {
        self.last
    }

    /// The time of the last event.
    pub fn at(&self) -> Millis {
        self.at
    }

    /// The process that hosts the bus; `None` before its first start.
    pub fn host(&self) -> Option<&Host> {
        self.host.as_ref()
    }

    /// How many messages were accepted, forgotten ones included.
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Every repo that was ever seen or written to, by name.
    pub fn repos(&self) -> &BTreeMap<RepoName, Repo> {
        &self.repos
    }

    /// One repo.
    pub fn repo(&self, name: &RepoName) -> Option<&Repo> {
        self.repos.get(name)
    }

    /// Connected instances, and those that left and are remembered.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.instances.values()
    }

    /// One instance, connected or not.
    pub fn instance(&self, id: &InstanceId) -> Option<&Instance> {
        self.instances.get(id)
    }

    /// The processes that are the host of an agent, or were: those of the connected instances, and the latest 1,000. A
    /// process that once was one stays one.
    pub fn agent_hosts(&self) -> impl Iterator<Item = (Process, &RepoName)> {
        let connected = self.instances.values().filter(|instance| instance.connected);
        let present = connected.filter_map(Instance::agent_host);
        present.chain(self.hosts.iter().map(|known| (known.host, &known.repo)))
    }

    /// Remembered messages, oldest first.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.records.iter()
    }

    /// The message that event `seq` accepted.
    pub fn record(&self, seq: Seq) -> Option<&Record> {
        self.records.get(seq)
    }

    /// A message by its id.
    pub fn message(&self, id: &MessageId) -> Option<&Record> {
        self.records.by_id(id)
    }

    /// Remembered messages whose ids begin with `prefix`.
    pub fn by_prefix(&self, prefix: &str) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.id.starts_with(prefix))
    }

    /// The id of the message that a remembered one answers, whether that is remembered or was ever known.
    pub fn reply_to<'a>(&'a self, record: &'a Record) -> Option<&'a MessageId> {
        self.records.reply_to(record)
    }

    /// The envelope, as JSON, of the message that event `seq` accepted, while it is kept.
    pub fn body(&self, seq: Seq) -> Option<&Bytes> {
        self.record(seq).and_then(Record::body)
    }

    /// A thread by the id of its first message.
    pub fn thread(&self, id: &MessageId) -> Option<&Thread> {
        self.threads.get(id)
    }

    /// Remembered threads, in no order.
    pub fn threads(&self) -> impl Iterator<Item = (&MessageId, &Thread)> {
        self.threads.iter().map(|thread| (thread.id(), thread))
    }

    /// The next time at which a message will be stale or a held one nearly, or the time for a vote is up.
    pub fn next_deadline(&self) -> Option<Millis> {
        let stale = self.deadlines.first().map(|&(at, _)| at);
        let others = [self.negotiations.next_deadline(), self.holds.next_warning()];
        stale.into_iter().chain(others.into_iter().flatten()).min()
    }

    /// Messages that are stale at `now`, the oldest deadline first.
    pub fn overdue(&self, now: Millis) -> impl Iterator<Item = &Record> {
        let due = self.deadlines.iter().take_while(move |&&(at, _)| at <= now);
        due.filter_map(|&(_, seq)| self.records.get(seq))
    }

    /// Remembered negotiations, the oldest first: all that are open, and for a while those that are not.
    pub fn negotiations(&self) -> impl DoubleEndedIterator<Item = &Negotiation> {
        self.negotiations.iter()
    }

    /// How many negotiations are open.
    pub fn open_negotiations(&self) -> usize {
        self.negotiations.open_ones()
    }

    /// The negotiation whose proposal event `seq` accepted.
    pub fn negotiation(&self, seq: Seq) -> Option<&Negotiation> {
        self.negotiations.get(seq)
    }

    /// The negotiation in which the message `id` worded a round: as the proposal, a counter-proposal or an amendment.
    pub fn negotiation_of(&self, id: &MessageId) -> Option<&Negotiation> {
        self.negotiations.of(id)
    }

    /// The event that accepted the request `id`, and its thread, while something is owed for it: for longer than the
    /// message itself is remembered.
    pub fn request(&self, id: &MessageId) -> Option<(Seq, &MessageId)> {
        self.requests.called(id)
    }

    /// Open negotiations whose time for votes is up at `now`.
    pub fn undecided(&self, now: Millis) -> impl Iterator<Item = &Negotiation> {
        self.negotiations.overdue(now)
    }

    /// Held messages, the oldest first.
    pub fn holds(&self) -> impl Iterator<Item = (&Record, &Hold)> {
        self.holds.messages().filter_map(|(seq, hold)| Some((self.records.get(seq)?, hold)))
    }

    /// Why the message that event `seq` accepted is held, if it is.
    pub fn hold(&self, seq: Seq) -> Option<&Hold> {
        self.holds.get(seq)
    }

    /// Held messages of which the operator is to be told at `now` that they will soon be stale.
    pub fn expiring(&self, now: Millis) -> impl Iterator<Item = &Record> {
        self.holds.warned_by(now).filter_map(|seq| self.records.get(seq))
    }

    /// Threads that are held.
    pub fn held_threads(&self) -> impl Iterator<Item = (&MessageId, &HeldThread)> {
        self.holds.threads()
    }

    /// Why a thread is held, if it is.
    pub fn held_thread(&self, id: &MessageId) -> Option<&HeldThread> {
        self.holds.thread(id)
    }

    /// Obligations, the oldest message that asks first. They are forgotten when they have been overdue for as long as
    /// finished messages are remembered.
    pub fn obligations(&self) -> impl DoubleEndedIterator<Item = &Obligation> {
        self.obligations.iter()
    }

    /// Who is to answer the message that event `seq` accepted.
    pub fn obligations_of(&self, seq: Seq) -> &[Obligation] {
        self.obligations.of(seq)
    }

    /// What `repo` owes, the oldest first; also where it is the other side's turn.
    pub fn owed_by<'a>(&'a self, repo: &'a RepoName) -> impl DoubleEndedIterator<Item = &'a Obligation> {
        self.obligations.owed_by(repo)
    }

    /// What `repo` is owed, the oldest first; also where it is its turn.
    pub fn owed_to<'a>(&'a self, repo: &'a RepoName) -> impl DoubleEndedIterator<Item = &'a Obligation> {
        self.obligations.owed_to(repo)
    }

    /// How many answers `repo` owes and is owed, where it is the debtor's turn.
    pub fn balance(&self, repo: &RepoName) -> Balance {
        self.obligations.balance(repo)
    }

    /// How many answers `repo` is late with at `now`.
    pub fn overdue_by(&self, repo: &RepoName, now: Millis) -> usize {
        self.obligations.overdue_by(repo, now)
    }

    /// How many answers one repo owes another, where it is its turn: debtor, creditor and number, by their names.
    pub fn owed_pairs(&self) -> impl Iterator<Item = (&RepoName, &RepoName, usize)> {
        self.obligations.pairs()
    }

    /// Obligations that are overdue at `now`, the first due first.
    pub fn overdue_obligations(&self, now: Millis) -> impl Iterator<Item = &Obligation> {
        self.obligations.overdue(now)
    }

    /// The first time after `now` at which an obligation becomes overdue.
    pub fn next_due(&self, now: Millis) -> Option<Millis> {
        self.obligations.next_due(now)
    }

    /// Remembered tasks, the oldest first: until as long after they were finished, or due, as finished messages are
    /// remembered.
    pub fn tasks(&self) -> impl DoubleEndedIterator<Item = &Task> {
        self.tasks.iter()
    }

    /// The task that event `seq` handed out.
    pub fn task(&self, seq: Seq) -> Option<&Task> {
        self.tasks.get(seq)
    }

    /// The rules in force; `None` before a bus has told them.
    pub fn configured(&self) -> Option<&Configured> {
        self.configured.as_deref()
    }

    /// The event with which a fold must begin to arrive at all that this state knows, the connected instances included:
    /// where the latest checkpoint says that a recovery begins.
    pub fn begin(&self) -> Seq {
        self.begin
    }

    /// The earliest event that a fold must begin with to arrive at what is remembered.
    pub fn since(&self) -> Seq {
        let talk = [self.records.first(), self.negotiations.first(), self.holds.first()];
        let owed = [self.obligations.first(), self.tasks.first()];
        talk.into_iter().chain(owed).flatten().min().unwrap_or_else(|| self.last.next())
    }

    /// What a checkpoint written now says; `previous` is the chain digest of the journal's last line.
    pub fn checkpoint(&self, previous: String) -> Checkpoint {
        let known = self.repos.iter().filter(|(_, repo)| repo.seen);
        let repos = known.map(|(name, repo)| KnownRepo {
            repo: name.clone(),
            last_seen: repo.last_seen,
            accept_requests_from: repo.accept_requests_from.clone(),
            capabilities: repo.capabilities.iter().map(|set| set.iter().cloned().collect()).collect(),
        });
        let connected = self.instances.values().filter(|instance| instance.connected);
        let instances = connected.map(Instance::registered).collect();
        let (repos, configured) = (repos.collect(), self.configured.clone());
        let agent_hosts = self.hosts.iter().cloned().collect();
        Checkpoint { since: self.since(), repos, instances, configured, agent_hosts, previous }
    }
}
