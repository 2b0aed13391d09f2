//! What clients ask: a line becomes a command for the hub, or is answered from what the engine knows.

use std::rc::Rc;

use bytes::Bytes;
use serde_json::json;
use serde_json::value::RawValue;

use super::super::connection::{ConnectionId, Outbox};
use super::super::release::Effect;
use super::super::{feed, lookup, origin};
use super::Engine;
use crate::event::Receive;
use crate::hub::origin::Origin;
use crate::hub::{Command, Handled, Reply, not_registered};
use crate::name::{InstanceId, MessageId, Seq};
use crate::refusal::{Code, Refusal};
use crate::state::view::StateView;
use crate::time::Millis;
use crate::wire::answer::{error_frame, frame};
use crate::wire::decide::Decide;
use crate::wire::lines::TooLong;
use crate::wire::request::{Op, Register, Request};

/// Space in the journal that sends leave for what must be written whatever happens: acknowledgements, departures.
const SPARE_BYTES: u64 = 256 << 10;

/// How many look-ups of a connection may wait before no more of its lines are taken.
const LOOKUPS: usize = 8;

impl Engine {
    pub(super) fn line(&mut self, id: ConnectionId, line: Result<Bytes, TooLong>) {
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
        let (reference, parsed) = match Request::parse(&line) {
            Ok(request) => (request.reference, Ok(request.op)),
            Err(bad) => (bad.reference, Err(bad.refusal)),
        };
        let reference = reference.map(RawValue::get);
        if let Err(refusal) = parsed.and_then(|op| self.request(id, &outbox, reference, op)) {
            self.release.now(&outbox, &error_frame(reference, &refusal));
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
                let instance = self.meant(id, &ack)?;
                let handled = self.handle(Command::Ack { instance, ack });
                self.ok(outbox, reference, handled)
            }
            Op::Inbox(inbox) => self.inbox(id, outbox, reference, &inbox),
            Op::Decide(decide) => self.decide(id, outbox, reference, decide),
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
                self.subscribe(id, outbox, next);
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
            Op::State(parts) => {
                let (oldest, journal) = (self.journal.oldest(), self.path.clone());
                let state = self.hub.state();
                let view = StateView { oldest, journal, ..StateView::of(state) }.with(state, &parts.with);
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
    pub(super) fn looked_up(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.lookups.pop_front();
            if connection.lookups.len() == LOOKUPS {
                connection.outbox.lines_taken();
            }
        }
        self.look_up(id);
    }

    /// Lets a connection give more lines, unless it has asked more of the past than is answered soon.
    pub(super) fn lines_taken(&self, id: ConnectionId) {
        if let Some(connection) = self.connections.get(&id)
            && connection.lookups.len() <= LOOKUPS
        {
            connection.outbox.lines_taken();
        }
    }

    /// Begins a stream of events, which replaces the one that the connection had.
    fn subscribe(&mut self, id: ConnectionId, outbox: &Rc<Outbox>, next: Seq) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        // It counts from now on, so that what happens in this batch is kept for it.
        let place = feed::Subscription::new(Rc::clone(&self.recent), next);
        let task = tokio::task::spawn_local(feed::follow(place, Rc::clone(outbox), self.path.clone()));
        if let Some(earlier) = connection.subscription.replace(task.abort_handle()) {
            earlier.abort();
        }
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

    pub(super) fn instance_of(&self, id: ConnectionId) -> Result<InstanceId, Refusal> {
        let instance = self.connections.get(&id).and_then(|connection| connection.instance.clone());
        instance.ok_or_else(not_registered)
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

    fn decide(
        &mut self,
        id: ConnectionId,
        outbox: &Rc<Outbox>,
        reference: Option<&str>,
        decide: Box<Decide>,
    ) -> Result<(), Refusal> {
        let instance = self.instance_of(id)?;
        self.check_journal(0)?;
        let marks = &self.hub.policy().origin.marks;
        let origin = origin::of(self.connections.get(&id).and_then(|connection| connection.pid), marks);
        let rule = decide.rule.clone().map(|rule| (decide.verdict, rule));
        let command = Command::Decide { instance, decide, origin, fresh: &MessageId::random };
        let Reply::Decided(mut decided) = self.handle(command)? else { return Ok(()) };
        if let Some((verdict, rule)) = rule {
            self.change_rule(verdict, &rule)?;
            decided.seq = self.hub.last();
        }
        let answer = frame("decided", reference, &decided);
        self.when_stored(Effect::Receipt(Rc::clone(outbox), reference.map(str::to_owned), answer));
        Ok(())
    }

    /// Goes out when the events so far are stored as well as the configuration wants it.
    pub(super) fn when_stored(&mut self, effect: Effect) {
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
        register: Register,
    ) -> Result<(), Refusal> {
        let Some(connection) = self.connections.get(&id) else { return Ok(()) };
        let (track, receives) = (register.track, register.receive == Receive::All);
        let (pid, policy) = (connection.pid, &self.hub.policy().origin);
        let is_operator = register.repo.is_operator();
        let was_seen = self.hub.state().repo(&register.repo).is_some_and(|repo| repo.seen);
        let (origin, host) = if is_operator && policy.check {
            (origin::of(pid, &policy.marks), None)
        } else {
            let host = (!is_operator).then(|| origin::host(pid, register.host)).flatten();
            (Origin { pid, ..Origin::default() }, host)
        };
        let command = Command::Register {
            register,
            current: connection.instance.clone(),
            origin,
            host,
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
        if !was_seen {
            self.doubt_again();
        }
        reply.map(|_| ())
    }
}
