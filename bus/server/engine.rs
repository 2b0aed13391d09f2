//! The batch loop: what all connections have sent becomes commands, the hub's events are written with one `write`,
//! and what they caused goes out.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::mpsc;

use super::connection::{ConnectionId, Outbox};
use super::feed::{self, Recent};
use super::lookup;
use super::release::{Effect, Release};
use crate::config::{BusSettings, Durability};
use crate::event::{Accepted, Event, Expired, LeftReason, Moved, Receive, Recorded};
use crate::hub::{Command, Handled, Hub, Reply};
use crate::journal::Journal;
use crate::name::{InstanceId, MessageId, RepoName, Seq};
use crate::refusal::{Code, Refusal};
use crate::state::record::Stage;
use crate::state::view::StateView;
use crate::time::Millis;
use crate::wire::answer::{Notice, error_frame, frame, message_frame};
use crate::wire::lines::TooLong;
use crate::wire::request::{History, Op, Request};

/// How many inputs one batch takes at most.
const BATCH: usize = 256;

/// Space in the journal that sends leave for what must be written whatever happens: acknowledgements, departures.
const SPARE_BYTES: u64 = 256 << 10;

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
    /// What it asked of the past, with the `ref` of each; the first is being looked up. One at a time, for an answer
    /// can be large.
    lookups: VecDeque<(Option<String>, History)>,
}

pub(super) struct Engine {
    hub: Hub,
    journal: Journal,
    connections: HashMap<ConnectionId, Connection>,
    by_instance: HashMap<InstanceId, ConnectionId>,
    release: Release,
    recent: Rc<Recent>,
    /// The journal's file, if there is one.
    path: Option<PathBuf>,
    /// Whether a receipt waits for a sync.
    wait_for_sync: bool,
    stuck_after: Duration,
    /// Whether the last write failed; what could not be written is kept and tried again.
    broken: bool,
    /// Whether a sync was asked for that has not ended.
    syncing: bool,
    /// Tells the engine that a connection's look-up was answered.
    looked_up: mpsc::UnboundedSender<ConnectionId>,
    answered: mpsc::UnboundedReceiver<ConnectionId>,
}

impl Engine {
    pub(super) fn new(hub: Hub, journal: Journal, settings: &BusSettings) -> Self {
        let recent = Rc::new(Recent::default());
        recent.written(hub.last());
        let durable = journal.is_durable();
        let (looked_up, answered) = mpsc::unbounded_channel();
        Self {
            path: durable.then(|| settings.log_path.clone()),
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
                Some(input) = frames.recv() => self.take(input),
                () = sleep, if wake.is_some() => self.wake(),
            }
            while let Ok(result) = synced.try_recv() {
                self.synced(result);
            }
            for _ in 0..BATCH {
                let Ok(input) = frames.try_recv() else { break };
                self.take(input);
            }
            self.finish_batch();
        }
        self.stop()
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
                    lookups: VecDeque::new(),
                };
                self.connections.insert(id, connection);
            }
            Input::Lines { id, lines } => {
                self.resume(id);
                for line in lines {
                    self.line(id, line);
                }
                self.was_heard(id);
            }
            Input::Closed { id, rest } => self.closed(id, rest),
        }
    }

    fn wake(&mut self) {
        let now = Millis::now();
        if self.hub.next_deadline().is_some_and(|deadline| deadline <= now) {
            let _ = self.handle(Command::Tick);
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

    fn line(&mut self, id: ConnectionId, line: Result<Bytes, TooLong>) {
        let Some(connection) = self.connections.get(&id) else { return };
        let outbox = Rc::clone(&connection.outbox);
        let Ok(line) = line else {
            let max = self.hub.policy().max_message_size;
            let refusal = Refusal::new(Code::TooLarge, format!("a line may have {max} bytes"));
            let hint = "send a pointer to large things, or raise max_message_size in bus.toml";
            self.release.now(&outbox, &error_frame(None, &refusal.hint(hint)));
            return;
        };
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        match Request::parse(&line) {
            Ok(request) => {
                let reference = request.reference.map(serde_json::value::RawValue::get);
                if let Err(refusal) = self.request(id, &outbox, reference, request.op) {
                    self.release.now(&outbox, &error_frame(reference, &refusal));
                }
            }
            Err(bad) => {
                let reference = bad.reference.map(serde_json::value::RawValue::get);
                self.release.now(&outbox, &error_frame(reference, &bad.refusal));
            }
        }
    }

    fn request(
        &mut self,
        id: ConnectionId,
        outbox: &Rc<Outbox>,
        reference: Option<&str>,
        op: Op<'_>,
    ) -> Result<(), Refusal> {
        match op {
            Op::Send { message, allow_unknown } => self.send(id, outbox, reference, message, allow_unknown),
            Op::Ack(ack) => {
                let instance = self.instance_of(id)?;
                let handled = self.handle(Command::Ack { instance, ack });
                self.ok(outbox, reference, handled)
            }
            Op::Register(register) => self.register(id, outbox, reference, register),
            Op::Subscribe { from } => {
                let next = from.unwrap_or_else(|| self.hub.last().next());
                if from.is_some_and(|from| from > self.hub.last().next()) {
                    let last = self.hub.last();
                    return Err(
                        Refusal::new(Code::InvalidFrame, format!("the last event is {last}")).at("from")
                    );
                }
                self.release.now(outbox, &frame("ok", reference, &json!({ "seq": self.hub.last() })));
                let recent = Rc::clone(&self.recent);
                tokio::task::spawn_local(feed::follow(recent, Rc::clone(outbox), next, self.path.clone()));
                Ok(())
            }
            Op::History(history) => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.lookups.push_back((reference.map(str::to_owned), history));
                    if connection.lookups.len() == 1 {
                        self.look_up(id);
                    }
                }
                Ok(())
            }
            Op::State => {
                let view = StateView::of(self.hub.state());
                self.release.now(outbox, &frame("state", reference, &json!({ "state": view })));
                Ok(())
            }
            Op::Ping => {
                self.release.now(outbox, &frame("pong", reference, &json!({})));
                Ok(())
            }
            Op::Pong => Ok(()),
        }
    }

    /// Begins with the first look-up of a connection; one that can not be made is answered with why.
    fn look_up(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        while let Some((reference, history)) = connection.lookups.front() {
            match lookup::find(self.hub.state(), history) {
                Ok(found) => {
                    let (outbox, path) = (Rc::clone(&connection.outbox), self.path.clone());
                    let (reference, done) = (reference.clone(), self.looked_up.clone());
                    tokio::task::spawn_local(async move {
                        lookup::answer(&outbox, reference.as_deref(), found, path).await;
                        // The engine being gone is the end of all connections.
                        let _ = done.send(id);
                    });
                    return;
                }
                Err(refusal) => {
                    self.release.now(&connection.outbox, &error_frame(reference.as_deref(), &refusal));
                    connection.lookups.pop_front();
                }
            }
        }
    }

    /// A look-up was answered; the next one begins.
    fn looked_up(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.lookups.pop_front();
        }
        self.look_up(id);
    }

    /// An acknowledgement is answered only where an answer was asked for with a `ref`.
    fn ok(
        &mut self,
        outbox: &Rc<Outbox>,
        reference: Option<&str>,
        reply: Result<Reply, Refusal>,
    ) -> Result<(), Refusal> {
        reply?;
        if reference.is_some() {
            self.release.now(outbox, &frame("ok", reference, &json!({ "seq": self.hub.last() })));
        }
        Ok(())
    }

    fn instance_of(&self, id: ConnectionId) -> Result<InstanceId, Refusal> {
        let instance = self.connections.get(&id).and_then(|connection| connection.instance.clone());
        instance.ok_or_else(|| {
            Refusal::new(Code::NotRegistered, "this connection is no instance yet")
                .hint("send {\"op\":\"register\",\"repo\":\"…\"} first")
        })
    }

    fn send(
        &mut self,
        id: ConnectionId,
        outbox: &Rc<Outbox>,
        reference: Option<&str>,
        message: &str,
        allow_unknown: bool,
    ) -> Result<(), Refusal> {
        let instance = self.instance_of(id)?;
        self.check_journal(message.len())?;
        let command = Command::Send { instance, message, allow_unknown, fresh: &MessageId::random };
        if let Reply::Receipt(receipt) = self.handle(command)? {
            let answer = frame("receipt", reference, &receipt);
            self.when_stored(Effect::Receipt(Rc::clone(outbox), reference.map(str::to_owned), answer));
        }
        Ok(())
    }

    /// Goes out when the events so far are stored as well as the configuration wants it.
    fn when_stored(&mut self, effect: Effect) {
        if self.wait_for_sync {
            self.release.when_synced(self.hub.last(), effect);
        } else {
            self.release.when_written(effect);
        }
    }

    /// Nothing is accepted that could not be stored.
    fn check_journal(&mut self, message_bytes: usize) -> Result<(), Refusal> {
        let unavailable = |why: String| {
            Refusal::new(Code::JournalUnavailable, format!("the journal can not be written: {why}"))
                .hint("nothing was accepted; send again when the disk has room")
        };
        if self.broken {
            return Err(unavailable("the last write failed".into()));
        }
        // A line of the journal repeats no more of a message than its addresses.
        let bytes = 2 * u64::try_from(message_bytes).unwrap_or(u64::MAX / 4) + SPARE_BYTES;
        self.journal.reserve(bytes).map_err(|error| unavailable(error.to_string()))
    }

    fn register(
        &mut self,
        id: ConnectionId,
        outbox: &Rc<Outbox>,
        reference: Option<&str>,
        register: crate::wire::request::Register,
    ) -> Result<(), Refusal> {
        let Some(connection) = self.connections.get(&id) else { return Ok(()) };
        let (track, receives) = (register.track, register.receive == Receive::All);
        let command = Command::Register {
            register,
            current: connection.instance.clone(),
            pid: connection.pid,
            fresh: InstanceId::random(),
        };
        // The connection must be known as the instance before what waits for it is handed out.
        let Handled { events, reply } = self.hub.handle(command, Millis::now());
        if let Ok(Reply::Welcome(welcome)) = &reply {
            self.release.now(outbox, &frame("welcome", reference, welcome));
            let instance = welcome.instance_id.clone();
            let before = self.by_instance.insert(instance.clone(), id);
            if let Some(other) = before.filter(|&other| other != id) {
                self.replaced(other);
            }
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.instance = Some(instance.clone());
                connection.track = track;
            }
            if receives {
                self.tell_notices(outbox, &instance);
            }
        }
        self.record(&events);
        reply.map(|_| ())
    }

    fn tell_notices(&mut self, outbox: &Rc<Outbox>, instance: &InstanceId) {
        for expired in self.hub.pending_notices(instance) {
            let frame = notice_frame(&notice_of(expired));
            self.release.when_written(Effect::Push(Rc::clone(outbox), frame));
        }
    }

    fn replaced(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.instance = None;
            connection.silent_since = None;
            self.release.now(&connection.outbox, &notice_frame(&Notice::Replaced));
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
        if let Some(instance) = connection.instance {
            self.by_instance.remove(&instance);
            let _ = self.handle(Command::Leave { instance });
        }
        self.when_stored(Effect::Close(connection.outbox));
    }

    /// Lets the hub decide, and takes down what it decided.
    fn handle(&mut self, command: Command<'_>) -> Result<Reply, Refusal> {
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

    /// What an event sends out.
    fn cause(&mut self, recorded: &Recorded) {
        match &recorded.event {
            Event::Accepted(accepted) => self.hand_out_new(recorded, accepted),
            Event::Routed(moved) => self.hand_out(moved),
            Event::Delivered(moved) => self.steps(moved, Stage::Delivered, recorded.at),
            Event::Read(moved) => self.steps(moved, Stage::Read, recorded.at),
            Event::Answered(answered) => {
                let answer = Some(answered.answer.clone());
                self.step(&answered.id, &answered.repo, Stage::Answered, recorded.at, answer);
            }
            Event::Expired(expired) => self.tell_expired(expired),
            Event::Left(left) if left.reason == LeftReason::Closed => {
                self.by_instance.remove(&left.instance);
            }
            _ => {}
        }
    }

    fn hand_out_new(&mut self, recorded: &Recorded, accepted: &Accepted) {
        let mut handed =
            accepted.recipients.iter().filter_map(|routing| routing.instance.as_ref()).peekable();
        if handed.peek().is_none() {
            return;
        }
        let raw = &accepted.message.raw;
        let frame = message_frame(recorded.seq, recorded.at, &accepted.thread, accepted.expires_at, raw);
        for instance in handed {
            push_to(&mut self.connections, &self.by_instance, &mut self.release, instance, &frame);
        }
    }

    fn hand_out(&mut self, moved: &Moved) {
        for id in &moved.ids {
            let Some(record) = self.hub.state().message(id) else { continue };
            let Some(body) = &record.body else { continue };
            let frame = message_frame(record.seq, record.at, &record.thread, record.expires_at, body);
            push_to(&mut self.connections, &self.by_instance, &mut self.release, &moved.instance, &frame);
        }
    }

    fn steps(&mut self, moved: &Moved, stage: Stage, at: Millis) {
        for id in &moved.ids {
            self.step(id, &moved.repo, stage, at, None);
        }
    }

    /// Tells the sender of a message, if it tracks, that the message took a step.
    fn step(&mut self, id: &MessageId, repo: &RepoName, stage: Stage, at: Millis, answer: Option<MessageId>) {
        let by = self.hub.state().message(id).map(|record| &record.by);
        let connection = by.and_then(|by| self.by_instance.get(by)).and_then(|id| self.connections.get(id));
        if let Some(connection) = connection.filter(|connection| connection.track) {
            let notice = Notice::Step { id: id.clone(), repo: repo.clone(), stage, at, answer };
            let effect = Effect::Push(Rc::clone(&connection.outbox), notice_frame(&notice));
            self.release.when_written(effect);
        }
    }

    /// Tells the instance that sent the message, else another of its repo; else it is told at the next `register`.
    fn tell_expired(&mut self, expired: &Expired) {
        let state = self.hub.state();
        let by = state.message(&expired.id).map(|record| record.by.clone());
        let sender = by.filter(|by| self.by_instance.contains_key(by));
        let repo = state.repo(&expired.from);
        let others = repo.into_iter().flat_map(|repo| repo.connected.iter());
        let receives = |id: &&InstanceId| {
            state.instance(id).is_some_and(|instance| instance.receive == Receive::All && !instance.stuck)
        };
        let told = sender.or_else(|| others.filter(receives).min().cloned());
        let connection =
            told.and_then(|told| self.by_instance.get(&told)).and_then(|id| self.connections.get(id));
        if let Some(connection) = connection {
            let frame = notice_frame(&notice_of(expired));
            self.release.when_written(Effect::Push(Rc::clone(&connection.outbox), frame));
        }
    }

    /// Writes the batch's events and lets out what they allow.
    fn finish_batch(&mut self) {
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
                tracing::error!("the journal can not be synced: {error}");
                let what = format!("the message is written, but may not survive a power cut: {error}");
                let refusal = Refusal::new(Code::JournalUnavailable, what);
                self.release.sync_failed(&refusal.hint("send it again, with the same id"));
            }
        }
    }

    fn stop(mut self) -> io::Result<()> {
        for connection in self.connections.values() {
            self.release.now(&connection.outbox, &notice_frame(&Notice::ShuttingDown));
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

fn notice_frame(notice: &Notice) -> Bytes {
    frame("notice", None, notice)
}

fn notice_of(expired: &Expired) -> Notice {
    Notice::Expired { id: expired.id.clone(), unread_by: expired.unread_by.clone() }
}

/// Hands a message to the connection that is `instance`.
fn push_to(
    connections: &mut HashMap<ConnectionId, Connection>,
    by_instance: &HashMap<InstanceId, ConnectionId>,
    release: &mut Release,
    instance: &InstanceId,
    frame: &Bytes,
) {
    let connection = by_instance.get(instance).and_then(|id| connections.get_mut(id));
    if let Some(connection) = connection {
        connection.silent_since.get_or_insert_with(Millis::now);
        release.when_written(Effect::Push(Rc::clone(&connection.outbox), frame.clone()));
    }
}
