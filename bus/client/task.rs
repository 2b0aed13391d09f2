//! The task behind a [`BusClient`](super::BusClient): one connection after another, and what must survive each.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::{broadcast, mpsc, oneshot};

use super::preflight::send_frame;
use super::{ClientError, ClientEvent, ClientOptions, EventLine, MAX_LINE, check_peer};
use crate::name::{MessageId, Seq};
use crate::refusal::Code;
use crate::time::Millis;
use crate::wire::answer::{Answer, BusFrame, Incoming, Notice, Receipt, Welcome, frame};
use crate::wire::lines::Lines;
use crate::wire::request::{AckStage, Register};

/// How many messages may lie unreceived before the client stops saying that it has them, so that the bus sends no
/// more.
const UNRECEIVED: usize = 1024;

/// The first and the longest wait between attempts to connect again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));

type Reply<T> = oneshot::Sender<Result<T, ClientError>>;

/// What a handle asks of the task.
pub(super) enum Ask {
    Register(Register, Reply<Welcome>),
    Send {
        json: String,
        allow_unknown: bool,
        reply: Reply<Receipt>,
    },
    Call {
        op: &'static str,
        body: Value,
        reply: Reply<BusFrame>,
    },
    Decide {
        body: Value,
        reply: Reply<BusFrame>,
    },
    Subscribe {
        from: Option<Seq>,
        events: mpsc::Sender<EventLine>,
        reply: Reply<()>,
    },
    /// The agent itself has seen this message.
    Read(MessageId),
    /// The first answer to this message is for this waiter.
    Await(MessageId, oneshot::Sender<Incoming>),
    /// A message was taken from the queue.
    Taken,
}

/// A request without an answer, as it is sent again after a reconnection; a decision is not.
struct Pending {
    frame: Bytes,
    reply: PendingReply,
}

enum PendingReply {
    /// A registration that a handle asked for.
    Register(Register, Reply<Welcome>),
    /// The same registration again, after a reconnection.
    Again,
    /// A message that the agent has seen: that is said until the bus knows it.
    Read(MessageId),
    Receipt(Reply<Receipt>),
    Frame(Reply<BusFrame>),
    Decision(Reply<BusFrame>),
    Done(Reply<()>),
}

struct Subscription {
    /// The first event that has not been given out.
    next: Option<Seq>,
    /// Whether the bus has begun with this stream; what comes before is of an earlier one.
    begun: bool,
    events: mpsc::Sender<EventLine>,
}

impl Subscription {
    /// Whether an event can be given out; to a subscriber that is gone, which shows when it is tried, too.
    fn has_room(&self) -> bool {
        self.events.capacity() > 0 || self.events.is_closed()
    }
}

pub(super) struct Task {
    path: PathBuf,
    options: ClientOptions,
    asked: mpsc::Receiver<Ask>,
    deliver: mpsc::UnboundedSender<Incoming>,
    events: broadcast::Sender<ClientEvent>,
    /// As whom to register again.
    registered: Option<Register>,
    /// By their `ref`, which grows: the order in which they were asked.
    pending: BTreeMap<u64, Pending>,
    next_ref: u64,
    subscription: Option<Subscription>,
    waiters: HashMap<MessageId, oneshot::Sender<Incoming>>,
    /// Messages that were given out and not taken yet.
    unreceived: usize,
    /// Messages that the bus has not been told of as delivered.
    unacked: Vec<MessageId>,
    /// Messages that were given out and that the bus does not know as read, with the time at which they are stale: when
    /// they come again after a reconnection, nobody is to see them twice.
    given: HashMap<MessageId, Millis>,
    /// The latest messages of which the bus knows that they were read.
    read: VecDeque<MessageId>,
    /// What is to be written.
    out: BytesMut,
}

/// Connects, and checks who serves.
pub(super) async fn dial(path: &Path) -> Result<UnixStream, ClientError> {
    let stream = UnixStream::connect(path).await.map_err(|error| ClientError::no_bus(path, error))?;
    check_peer(path, &stream)?;
    Ok(stream)
}

impl Task {
    pub(super) fn new(
        path: PathBuf,
        options: ClientOptions,
        asked: mpsc::Receiver<Ask>,
        deliver: mpsc::UnboundedSender<Incoming>,
        events: broadcast::Sender<ClientEvent>,
    ) -> Self {
        Self {
            path,
            options,
            asked,
            deliver,
            events,
            registered: None,
            pending: BTreeMap::new(),
            next_ref: 1,
            subscription: None,
            waiters: HashMap::new(),
            unreceived: 0,
            unacked: Vec::new(),
            given: HashMap::new(),
            read: VecDeque::new(),
            out: BytesMut::new(),
        }
    }

    /// Serves one connection after another, until the last handle is dropped or the bus is gone for good.
    pub(super) async fn run(mut self, mut stream: UnixStream) {
        loop {
            if self.serve(stream).await == Ended::Dropped {
                return;
            }
            self.give_up_decisions();
            self.tell(ClientEvent::Lost);
            if !self.options.reconnect {
                return;
            }
            let Some(next) = self.redial().await else { return };
            stream = next;
            self.resume();
        }
    }

    async fn serve(&mut self, stream: UnixStream) -> Ended {
        let (mut reader, mut writer) = stream.into_split();
        let mut lines = Lines::new(MAX_LINE);
        loop {
            self.drain(&mut lines);
            let room = self.subscription.as_ref().is_none_or(Subscription::has_room);
            tokio::select! {
                ask = self.asked.recv() => match ask {
                    Some(ask) => self.take(ask),
                    None => return Ended::Dropped,
                },
                // Reading and writing go on side by side: the bus may not read while it has much to write.
                written = writer.write_buf(&mut self.out), if !self.out.is_empty() => {
                    if !matches!(written, Ok(1..)) {
                        return Ended::Lost;
                    }
                }
                read = read(&mut reader, &mut lines), if room => {
                    if !read {
                        return Ended::Lost;
                    }
                }
                () = has_room(self.subscription.as_ref()), if !room => {}
            }
            while let Ok(ask) = self.asked.try_recv() {
                self.take(ask);
            }
        }
    }

    /// Takes in the lines that are there, as far as the subscriber has room for events.
    fn drain(&mut self, lines: &mut Lines) {
        loop {
            let full = self.subscription.as_ref().is_some_and(|subscription| !subscription.has_room());
            if full {
                return;
            }
            let Some(line) = lines.next_line() else { break };
            // The bus sends no line that is too long for us, and none that is not a frame.
            match line.map(|line| Answer::parse(&line)) {
                Ok(Ok(answer)) => self.answered(answer),
                Ok(Err(error)) => tracing::warn!("a frame that is none: {error}"),
                Err(_) => tracing::warn!("a frame of more than {MAX_LINE} bytes was skipped"),
            }
        }
        self.ack_delivered();
    }

    /// Connects again, ever more patiently; `None` when the last handle was dropped meanwhile.
    async fn redial(&mut self) -> Option<UnixStream> {
        let mut wait = BACKOFF.0;
        loop {
            // Clients that lost the same bus do not come back all at once.
            let jittered = wait.mul_f64(0.5 + fastrand::f64());
            self.tell(ClientEvent::Retrying(jittered));
            let sleep = tokio::time::sleep(jittered);
            tokio::pin!(sleep);
            loop {
                tokio::select! {
                    () = &mut sleep => break,
                    ask = self.asked.recv() => self.take(ask?),
                }
            }
            match dial(&self.path).await {
                Ok(stream) => return Some(stream),
                Err(error) => tracing::debug!("{error}"),
            }
            wait = (wait * 2).min(BACKOFF.1);
        }
    }

    /// The connection broke: nobody knows whether the bus has taken what was decided over it.
    fn give_up_decisions(&mut self) {
        for (reference, pending) in std::mem::take(&mut self.pending) {
            if let PendingReply::Decision(reply) = pending.reply {
                let _ = reply.send(Err(ClientError::Unanswered));
            } else {
                self.pending.insert(reference, pending);
            }
        }
    }

    /// Says again, on a new connection, all that the bus has not answered.
    fn resume(&mut self) {
        self.tell(ClientEvent::Reconnected);
        self.out.clear();
        // What was not read is delivered again, so that nothing of the old connection is owed.
        self.unacked.clear();
        // An earlier attempt may have got no answer.
        self.pending.retain(|_, pending| !matches!(pending.reply, PendingReply::Again));
        let pending: Vec<_> = self.pending.values().map(|pending| pending.frame.clone()).collect();
        if let Some(register) = self.registered.clone() {
            self.request("register", &json!(register), PendingReply::Again);
        }
        let resent = pending.len();
        for frame in pending {
            self.out.extend_from_slice(&frame);
        }
        if resent > 0 {
            self.tell(ClientEvent::Resent(resent));
        }
        let begun = self.subscription.as_ref().filter(|subscription| subscription.begun);
        if let Some(next) = begun.and_then(|subscription| subscription.next) {
            self.out.extend_from_slice(&frame("subscribe", None, &json!({ "from": next })));
        }
    }

    fn take(&mut self, ask: Ask) {
        match ask {
            Ask::Register(register, reply) => {
                self.request("register", &json!(register), PendingReply::Register(register, reply));
            }
            Ask::Send { json, allow_unknown, reply } => {
                let line = send_frame(self.next_ref, &json, allow_unknown);
                self.ask(line, PendingReply::Receipt(reply));
            }
            Ask::Call { op, body, reply } => self.request(op, &body, PendingReply::Frame(reply)),
            Ask::Decide { body, reply } => self.request("decide", &body, PendingReply::Decision(reply)),
            Ask::Subscribe { from, events, reply } => {
                self.subscription = Some(Subscription { next: from, begun: false, events });
                self.request("subscribe", &json!({ "from": from }), PendingReply::Done(reply));
            }
            Ask::Read(id) => {
                let body = json!({ "ids": [id], "stage": AckStage::Read });
                self.request("ack", &body, PendingReply::Read(id));
            }
            Ask::Await(id, waiter) => {
                self.waiters.retain(|_, waiter| !waiter.is_closed());
                self.waiters.insert(id, waiter);
            }
            Ask::Taken => {
                self.unreceived = self.unreceived.saturating_sub(1);
                self.ack_delivered();
            }
        }
    }

    fn request(&mut self, op: &str, body: &Value, reply: PendingReply) {
        let line = frame(op, Some(&self.next_ref.to_string()), body);
        self.ask(line, reply);
    }

    fn ask(&mut self, frame: Bytes, reply: PendingReply) {
        self.out.extend_from_slice(&frame);
        self.pending.insert(self.next_ref, Pending { frame, reply });
        self.next_ref += 1;
    }

    fn answered(&mut self, answer: Answer) {
        match answer.frame {
            BusFrame::Message(incoming) => self.incoming(*incoming),
            BusFrame::Event(json) => self.event(json),
            BusFrame::Notice(notice) => self.notice(notice),
            BusFrame::Ping => self.out.extend_from_slice(&frame("pong", None, &json!({}))),
            other => {
                let reference = answer.reference.and_then(|reference| reference.parse().ok());
                let pending = reference.and_then(|reference: u64| self.pending.remove(&reference));
                if let Some(pending) = pending {
                    self.settle(pending, other);
                } else if let BusFrame::Error(refusal) = other {
                    tracing::warn!("the bus refused something: {refusal}");
                }
            }
        }
    }

    /// Hands the answer to whoever asked; one that has gone away does not want it any more.
    fn settle(&mut self, pending: Pending, answer: BusFrame) {
        let answer = match answer {
            BusFrame::Error(refusal) => Err(ClientError::Refused(refusal)),
            other => Ok(other),
        };
        match pending.reply {
            PendingReply::Register(register, reply) => {
                let welcome = answer.and_then(|frame| match frame {
                    BusFrame::Welcome(welcome) => Ok(welcome),
                    other => Err(ClientError::strange(&other)),
                });
                if let Ok(welcome) = &welcome {
                    self.registered = Some(register);
                    self.welcomed(welcome.clone());
                }
                let _ = reply.send(welcome);
            }
            PendingReply::Again => match answer {
                Ok(BusFrame::Welcome(welcome)) => self.welcomed(welcome),
                Err(ClientError::Refused(refusal)) => {
                    if refusal.code == Code::OperatorOnly {
                        // What this process is does not change; every further attempt would be one more to look into.
                        self.registered = None;
                    }
                    self.tell(ClientEvent::Refused(refusal));
                }
                _ => {}
            },
            // What the bus does not remember needs no acknowledgement any more.
            PendingReply::Read(id) => self.was_read(id),
            PendingReply::Receipt(reply) => {
                let _ = reply.send(answer.and_then(|frame| match frame {
                    BusFrame::Receipt(receipt) => Ok(receipt),
                    other => Err(ClientError::strange(&other)),
                }));
            }
            PendingReply::Frame(reply) | PendingReply::Decision(reply) => {
                let _ = reply.send(answer);
            }
            PendingReply::Done(reply) => {
                if let (Ok(BusFrame::Ok { seq }), Some(subscription)) = (&answer, &mut self.subscription) {
                    subscription.next.get_or_insert(seq.next());
                    subscription.begun = true;
                }
                let _ = reply.send(answer.map(|_| ()));
            }
        }
    }

    fn welcomed(&mut self, welcome: Welcome) {
        if let Some(registered) = &mut self.registered {
            // The same instance again after a reconnection.
            registered.instance_id = Some(welcome.instance_id.clone());
        }
        self.tell(ClientEvent::Registered(welcome));
    }

    fn incoming(&mut self, incoming: Incoming) {
        let id = incoming.message.id.clone();
        self.unacked.push(id.clone());
        if self.given.insert(id.clone(), incoming.expires_at).is_some() {
            return;
        }
        self.forget_stale();
        let answers =
            incoming.message.reply_to.as_ref().filter(|_| !incoming.message.payload.is_acknowledgement());
        let waiter = answers.and_then(|parent| self.waiters.remove(parent));
        let left = match waiter {
            Some(waiter) => waiter.send(incoming).err(),
            None => Some(incoming),
        };
        if let Some(incoming) = left {
            self.unreceived += 1;
            // Nobody receives any more: then nobody has it, and the bus is not told so.
            if self.deliver.send(incoming).is_err() {
                self.unacked.retain(|unacked| *unacked != id);
            }
        }
    }

    /// The bus knows that a message was read. It may have sent it again before it knew, and that may still be on its way:
    /// the latest ones are remembered a while longer.
    fn was_read(&mut self, id: MessageId) {
        self.read.push_back(id);
        if self.read.len() > 2 * UNRECEIVED
            && let Some(oldest) = self.read.pop_front()
        {
            self.given.remove(&oldest);
        }
    }

    /// What is stale does not come again.
    fn forget_stale(&mut self) {
        if self.given.len().is_multiple_of(2 * UNRECEIVED) {
            let now = Millis::now();
            self.given.retain(|_, expires_at| *expires_at > now);
        }
    }

    fn ack_delivered(&mut self) {
        if self.unreceived <= UNRECEIVED && !self.unacked.is_empty() {
            let ids = std::mem::take(&mut self.unacked);
            self.out.extend_from_slice(&frame(
                "ack",
                None,
                &json!({ "ids": ids, "stage": AckStage::Delivered }),
            ));
        }
    }

    fn event(&mut self, json: String) {
        let (Some(subscription), Some(seq)) = (&mut self.subscription, seq_of_event(&json)) else { return };
        // After a reconnection the stream may begin a little before the place that was asked for.
        if subscription.begun && subscription.next.is_none_or(|next| seq >= next) {
            subscription.next = Some(seq.next());
            if subscription.events.try_send(EventLine { seq, json }).is_err() {
                self.subscription = None;
            }
        }
    }

    fn notice(&mut self, notice: Notice) {
        let expired = match &notice {
            Notice::Expired { id, .. } => Some(id.clone()),
            _ => None,
        };
        if matches!(notice, Notice::Replaced) {
            // Somebody else is this instance now: taking it back would start a quarrel.
            self.registered = None;
        }
        let heard = self.events.send(ClientEvent::Notice(notice)).is_ok();
        if let Some(id) = expired.filter(|_| heard) {
            self.out.extend_from_slice(&frame("ack", None, &json!({ "notices": [id] })));
        }
    }

    fn tell(&self, event: ClientEvent) {
        // Nobody has to listen.
        let _ = self.events.send(event);
    }
}

#[derive(PartialEq)]
enum Ended {
    /// The connection broke.
    Lost,
    /// The last handle is gone.
    Dropped,
}

/// Reads some bytes; `false` at the stream's end.
async fn read(reader: &mut OwnedReadHalf, lines: &mut Lines) -> bool {
    matches!(reader.read_buf(lines.room()).await, Ok(1..))
}

/// Returns when the subscriber has taken an event, or is gone.
async fn has_room(subscription: Option<&Subscription>) {
    if let Some(subscription) = subscription {
        // The permit is given back at once: all that counts is that there was one.
        drop(subscription.events.reserve().await);
    }
}

/// The number of an event, from its frame.
fn seq_of_event(json: &str) -> Option<Seq> {
    #[derive(serde::Deserialize)]
    struct Head {
        seq: Seq,
    }
    serde_json::from_str::<Head>(json).ok().map(|head| head.seq)
}
