//! The batch loop: what all connections have sent becomes commands, the hub's events are written with one `write`,
//! and what they caused goes out.
//!
//! | module | what is in it |
//! |---|---|
//! | `requests` | what clients ask |
//! | `inboxes` | what repos have not read, and who waits for something to be there |
//! | `outgoing` | what events send out |

mod inboxes;
mod outgoing;
mod requests;

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::Reloading;
use super::connection::{ConnectionId, Outbox};
use super::feed::Recent;
use super::release::{Effect, Release};
use crate::config::{BusSettings, Durability};
use crate::event::Recorded;
use crate::hub::{Command, Handled, Hub, Reply};
use crate::journal::Journal;
use crate::name::{InstanceId, MessageId, Seq};
use crate::refusal::{Code, Refusal};
use crate::time::Millis;
use crate::wire::answer::{Notice, error_frame, frame};
use crate::wire::lines::TooLong;
use crate::wire::request::History;
use outgoing::notice_frame;

/// How many inputs one batch takes at most.
const BATCH: usize = 256;

/// How often a journal that can not be written is tried again.
const RETRY: Duration = Duration::from_millis(250);

/// Something that happened outside the engine.
pub(super) enum Input {
    /// A peer connected.
    Opened { id: ConnectionId, outbox: Rc<Outbox>, pid: Option<i32> },
    /// A peer sent whole lines.
    Lines { id: ConnectionId, lines: Vec<Result<Bytes, TooLong>> },
    /// A peer closed its side, perhaps in the middle of a line.
    Closed { id: ConnectionId, rest: Option<Bytes> },
}

/// What the engine knows of a connection.
struct Connection {
    outbox: Rc<Outbox>,
    pid: Option<i32>,
    /// The instance that it is.
    instance: Option<InstanceId>,
    /// Whether it is told of each step of its own messages.
    track: bool,
    /// Since when it has messages on their way and has given no sign of life.
    silent_since: Option<Millis>,
    /// Whether it has been asked for one.
    pinged: bool,
    /// The task that sends it events.
    subscription: Option<AbortHandle>,
    /// What it asked of the past, with the `ref` of each; the first is being looked up. One at a time, for an answer
    /// can be large.
    lookups: VecDeque<(Option<String>, History)>,
}

pub(super) struct Engine {
    pub(super) hub: Hub,
    journal: Journal,
    connections: HashMap<ConnectionId, Connection>,
    by_instance: HashMap<InstanceId, ConnectionId>,
    release: Release,
    recent: Rc<Recent>,
    /// The journal's file, if there is one.
    path: Option<PathBuf>,
    /// The configuration's, if there is one.
    pub(super) config_path: Option<PathBuf>,
    /// How the rules in it are read anew.
    pub(super) reloading: Option<Reloading>,
    /// Whether a receipt waits for a sync.
    wait_for_sync: bool,
    stuck_after: Duration,
    /// Whether the last write failed; what could not be written is kept and tried again.
    broken: bool,
    /// Whether a sync was asked for that has not ended.
    syncing: bool,
    /// Why a sync failed, which ends the bus.
    unsynced: Option<io::Error>,
    /// Who waits for something to be in an inbox.
    waiting: Vec<inboxes::Waiting>,
    /// Tells the engine that a connection's look-up was answered.
    looked_up: mpsc::UnboundedSender<ConnectionId>,
    answered: mpsc::UnboundedReceiver<ConnectionId>,
}

impl Engine {
    pub(super) fn new(
        hub: Hub,
        journal: Journal,
        settings: &BusSettings,
        reloading: Option<Reloading>,
    ) -> Self {
        let recent = Rc::new(Recent::default());
        recent.written(hub.last());
        let durable = journal.is_durable();
        let (looked_up, answered) = mpsc::unbounded_channel();
        Self {
            path: durable.then(|| settings.log_path.clone()),
            config_path: settings.config_path.clone(),
            reloading,
            wait_for_sync: durable && settings.durability == Durability::Power,
            stuck_after: settings.stuck_after,
            hub,
            journal,
            connections: HashMap::new(),
            by_instance: HashMap::new(),
            release: Release::default(),
            recent,
            broken: false,
            syncing: false,
            unsynced: None,
            waiting: Vec::new(),
            looked_up,
            answered,
        }
    }

    /// Serves until `stop` is done.
    pub(super) async fn run(
        mut self,
        mut frames: mpsc::Receiver<Input>,
        mut synced: mpsc::UnboundedReceiver<io::Result<Seq>>,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        tokio::pin!(stop);
        loop {
            let wake = self.next_wake();
            let sleep = tokio::time::sleep(wake.unwrap_or_default());
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(result) = synced.recv() => self.synced(result),
                Some(id) = self.answered.recv() => self.looked_up(id),
                Some(()) = Reloading::changed(self.reloading.as_mut()) => self.reload(),
                Some(input) = frames.recv() => self.take(input),
                () = sleep, if wake.is_some() => {}
            }
            while let Ok(result) = synced.try_recv() {
                self.synced(result);
            }
            for _ in 0..BATCH {
                let Ok(input) = frames.try_recv() else { break };
                self.take(input);
            }
            // A timer that is last in line would never come to its turn under load, so it is looked at in every batch.
            self.wake();
            self.finish_batch();
            // After a failed sync the system may take what was not stored for stored, so that no later receipt could be
            // trusted: what is really on disk is for a recovery to find out.
            if self.unsynced.is_some() {
                break;
            }
        }
        self.stop(synced).await
    }

    /// How long the engine may sleep if nothing comes in; `None` is for ever.
    fn next_wake(&self) -> Option<Duration> {
        let now = Millis::now();
        let deadline = self.hub.next_deadline();
        let silent = self.connections.values().filter_map(|connection| {
            let patience = if connection.pinged { self.stuck_after } else { self.stuck_after / 2 };
            connection.silent_since.map(|since| since.plus(patience))
        });
        let next = deadline.into_iter().chain(silent).min().map(|at| at.since(now));
        // A millisecond more, for a timer that is a little early would find nothing to do.
        let next = next.map(|wait| wait + Duration::from_millis(1));
        if self.broken { Some(next.map_or(RETRY, |next| next.min(RETRY))) } else { next }
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Opened { id, outbox, pid } => {
                let connection = Connection {
                    outbox,
                    pid,
                    instance: None,
                    track: false,
                    silent_since: None,
                    pinged: false,
                    subscription: None,
                    lookups: VecDeque::new(),
                };
                self.connections.insert(id, connection);
            }
            Input::Lines { id, lines } => {
                for line in lines {
                    self.line(id, line);
                }
                // After its lines: what a stuck client has acknowledged is not handed out again.
                self.resume(id);
                self.was_heard(id);
                self.lines_taken(id);
            }
            Input::Closed { id, rest } => self.closed(id, rest),
        }
    }

    fn wake(&mut self) {
        let now = Millis::now();
        if self.hub.next_deadline().is_some_and(|deadline| deadline <= now) {
            let _ = self.handle(Command::Tick { fresh: &MessageId::random });
        }
        self.look_for_stuck(now);
    }

    /// A stuck instance gave a sign of life.
    fn resume(&mut self, id: ConnectionId) {
        let instance = self.connections.get(&id).and_then(|connection| connection.instance.clone());
        let Some(instance) = instance else { return };
        if self.hub.state().instance(&instance).is_some_and(|known| known.stuck) {
            let _ = self.handle(Command::Resume { instance });
        }
    }

    /// A connection's patience begins anew, if messages are on their way to it.
    fn was_heard(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.pinged = false;
        let instance = connection.instance.as_ref().and_then(|instance| self.hub.state().instance(instance));
        let waits = instance.is_some_and(|instance| instance.hands.on_the_way > 0);
        connection.silent_since = waits.then(Millis::now);
    }

    /// Asks connections that have been silent with messages on their way, and gives up on those that stay silent.
    fn look_for_stuck(&mut self, now: Millis) {
        let mut stuck = Vec::new();
        for connection in self.connections.values_mut() {
            let Some(since) = connection.silent_since else { continue };
            if now.since(since) >= self.stuck_after {
                connection.silent_since = None;
                stuck.extend(connection.instance.clone());
            } else if now.since(since) >= self.stuck_after / 2 && !connection.pinged {
                connection.pinged = true;
                self.release.now(&connection.outbox, &frame("ping", None, &json!({})));
            }
        }
        for instance in stuck {
            let _ = self.handle(Command::Stuck { instance });
        }
    }

    fn closed(&mut self, id: ConnectionId, rest: Option<Bytes>) {
        if rest.is_some_and(|rest| !rest.iter().all(u8::is_ascii_whitespace))
            && let Some(connection) = self.connections.get(&id)
        {
            let refusal = Refusal::new(Code::InvalidJson, "the connection ended in the middle of a line")
                .hint("end every frame with a line break");
            self.release.now(&connection.outbox, &error_frame(None, &refusal));
        }
        let Some(connection) = self.connections.remove(&id) else { return };
        self.waiting.retain(|waiting| waiting.connection != id);
        if let Some(instance) = connection.instance {
            self.by_instance.remove(&instance);
            let _ = self.handle(Command::Leave { instance });
        }
        self.when_stored(Effect::Close(connection.outbox));
    }

    /// Lets the hub decide, and takes down what it decided.
    pub(super) fn handle(&mut self, command: Command<'_>) -> Result<Reply, Refusal> {
        let Handled { events, reply } = self.hub.handle(command, Millis::now());
        self.record(&events);
        reply
    }

    fn record(&mut self, events: &[Recorded]) {
        for recorded in events {
            let range = self.journal.append(recorded);
            if self.recent.is_wanted() {
                self.recent.add(recorded.seq, &self.journal.pending()[range]);
            }
            self.cause(recorded);
        }
    }

    /// Writes the batch's events and lets out what they allow.
    fn finish_batch(&mut self) {
        self.answer_waiting();
        self.write();
        if !self.broken {
            let now = Millis::now();
            if self.journal.segment_is_full(now) {
                self.rotate();
            }
            if self.release.awaits_sync() && !self.syncing {
                self.syncing = true;
                self.journal.request_sync();
            }
        }
        self.release.flush();
    }

    fn write(&mut self) {
        match self.journal.write() {
            Ok(()) => {
                if std::mem::take(&mut self.broken) {
                    tracing::info!("the journal can be written again");
                }
                self.release.written();
                self.recent.written(self.hub.last());
            }
            Err(error) => {
                if !std::mem::replace(&mut self.broken, true) {
                    tracing::error!("the journal can not be written, sends are refused: {error}");
                }
            }
        }
    }

    fn rotate(&mut self) {
        if let Err(error) = self.journal.rotate() {
            tracing::error!("the journal can not be rotated: {error}");
            return;
        }
        let previous = self.journal.chain().to_string();
        let _ = self.handle(Command::Checkpoint { previous });
        self.write();
        if let Err(error) = self.journal.prune(self.hub.state().since()) {
            tracing::warn!("old segments of the journal can not be removed: {error}");
        }
    }

    fn synced(&mut self, result: io::Result<Seq>) {
        self.syncing = false;
        match result {
            Ok(seq) => self.release.synced(seq),
            Err(error) => {
                let what = format!("the message is written, but may not survive a power cut: {error}");
                let refusal = Refusal::new(Code::JournalUnavailable, what);
                self.release.sync_failed(&refusal.hint("send it again, with the same id"));
                self.unsynced = Some(error);
            }
        }
    }

    /// Tells the clients, and writes everything down.
    async fn stop(mut self, mut synced: mpsc::UnboundedReceiver<io::Result<Seq>>) -> io::Result<()> {
        if self.syncing
            && let Some(result) = synced.recv().await
        {
            self.synced(result);
        }
        for connection in self.connections.values() {
            self.release.now(&connection.outbox, &notice_frame(&Notice::ShuttingDown));
        }
        if let Some(error) = self.unsynced {
            self.release.flush();
            return Err(error);
        }
        let _ = self.handle(Command::Stop { pid: std::process::id() });
        self.journal.write()?;
        self.release.written();
        self.journal.sync_now()?;
        self.release.synced(self.hub.last());
        self.release.flush();
        Ok(())
    }
}
