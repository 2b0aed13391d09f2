//! What a program needs to become an instance (specification, "Veda Bus Client").
//!
//! [`BusClient`] is for programs that stay: it reconnects, registers again, sends again what had no receipt, and tells
//! of every such step. [`blocking::Connection`] is for programs that say one thing and end; it needs no runtime.
//!
//! ```
//! use veda_bus_core::client::BusClient;
//! use veda_bus_core::message::{Draft, Recipient};
//! use veda_bus_core::payload::{Form, Payload, Query, Text};
//! use veda_bus_core::wire::Register;
//!
//! # // A bus of its own, on a thread of its own, in a folder that is removed in the end.
//! # fn start_bus(folder: &std::path::Path) -> std::path::PathBuf {
//! #     let socket = folder.join("bus.sock");
//! #     let settings = veda_bus_core::config::BusSettings {
//! #         socket_path: socket.clone(),
//! #         log_path: folder.join("log"),
//! #         ..Default::default()
//! #     };
//! #     let server = veda_bus_core::server::Server::bind(settings).unwrap();
//! #     std::thread::spawn(move || {
//! #         let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//! #         runtime.block_on(server.run(std::future::pending())).unwrap();
//! #     });
//! #     socket
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let socket = start_bus(folder.path());
//! let lens = BusClient::connect(&socket).await?;
//! lens.register(Register::new("LensSDK".parse()?)).await?;
//!
//! let flagship = BusClient::connect(&socket).await?;
//! flagship.register(Register::new("Flagship".parse()?)).await?;
//! let question = Text::new("What is the interface of SessionManager?").ok_or("blank")?;
//! let query = Payload::Query(Form::Opening(Query { question, context: None, response_format: None }));
//! let receipt = flagship.send(&Draft::new(Recipient::repo("LensSDK".parse()?), query)).await?;
//!
//! let incoming = lens.receive().await.ok_or("the bus is gone")?;
//! assert_eq!(incoming.message.id, receipt.id);
//! println!("{} asks: {}", incoming.message.from.repo, incoming.message.payload.headline());
//! lens.ack_read(&incoming.message.id).await?;
//! # Ok(())
//! # }
//! ```

pub mod blocking;
mod preflight;
mod task;

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::{Mutex, broadcast, mpsc, oneshot};

use crate::event::Recorded;
use crate::journal::line::{self, LineError};
use crate::message::{Draft, Message, Sender};
use crate::name::{MessageId, Seq};
use crate::os;
use crate::refusal::Refusal;
use crate::state::view::StateView;
use crate::time::Millis;
use crate::wire::answer::{BusFrame, HistoryEntry, Incoming, Notice, Receipt, Welcome};
use crate::wire::decide::{Decide, Decided};
use crate::wire::inbox::{Inbox, InboxAnswer};
use crate::wire::request::{History, Register, StateWith};
use task::{Ask, Task};

/// Why a client could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No bus answers.
    #[error("no bus answers on {path}: {error}")]
    NoBus {
        /// The socket.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
    /// The socket is served by another user.
    #[error("the bus on {path} belongs to user {uid}, not to you")]
    ForeignBus {
        /// The socket.
        path: PathBuf,
        /// Who serves it.
        uid: u32,
    },
    /// The bus said no.
    #[error("{0}")]
    Refused(Refusal),
    /// The connection broke, and this client does not reconnect.
    #[error("the bus went away")]
    Gone,
    /// The connection broke before an answer came; what was asked may have been done, and is not asked again.
    #[error("the bus went away before it answered; it may have been done or not")]
    Unanswered,
    /// No answer came in time.
    #[error("no answer within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// What the bus said makes no sense to this version.
    #[error("the bus said something that this version does not understand: {0}")]
    Protocol(String),
    /// The client must register before it can do this.
    #[error("register first")]
    NotRegistered,
}

/// The longest line that a client takes, in bytes: an answer to `history` is the longest.
const MAX_LINE: usize = 256 << 20;

impl ClientError {
    /// A frame that does not answer what was asked.
    pub(crate) fn strange(frame: &BusFrame) -> Self {
        Self::Protocol(format!("{frame:?}"))
    }

    pub(crate) fn no_bus(path: &Path, error: io::Error) -> Self {
        Self::NoBus { path: path.to_owned(), error }
    }
}

/// What a client goes through.
#[derive(Debug, Clone)]
pub enum ClientEvent {
    /// The connection broke; it will be tried again.
    Lost,
    /// The next attempt is made after this long.
    Retrying(Duration),
    /// A connection stands again.
    Reconnected,
    /// The bus knows the instance (again).
    Registered(Welcome),
    /// So many requests without an answer were sent again.
    Resent(usize),
    /// The bus does not take the instance back: it is none any more, and its requests are refused.
    Refused(Refusal),
    /// The bus told something.
    Notice(Notice),
}

/// One event of the journal, as a subscriber gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLine {
    /// Its number.
    pub seq: Seq,
    /// Its line of the journal, as JSON with `"op":"event"` in front.
    pub json: String,
}

/// What stands before an event's own members in its frame.
const FRAME: &str = "{\"op\":\"event\",";

impl EventLine {
    /// The line of the journal that the frame carries.
    pub fn journal_line(&self) -> Cow<'_, str> {
        match self.json.strip_prefix(FRAME) {
            Some(rest) => Cow::Owned(format!("{{{rest}")),
            None => Cow::Borrowed(&self.json),
        }
    }

    /// The event.
    ///
    /// # Errors
    /// A [`LineError`] when this version does not understand it.
    pub fn decode(&self) -> Result<Recorded, LineError> {
        line::decode(&self.journal_line()).map(|(recorded, _)| recorded)
    }
}

/// How a client behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientOptions {
    /// Whether it connects again when the connection breaks.
    pub reconnect: bool,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self { reconnect: true }
    }
}

/// A connection to the bus that mends itself. Clones are handles to the same connection.
#[derive(Debug, Clone)]
pub struct BusClient {
    asks: mpsc::Sender<Ask>,
    messages: Arc<Mutex<mpsc::UnboundedReceiver<Incoming>>>,
    events: broadcast::Sender<ClientEvent>,
    /// Who this is, and the longest line that the bus takes, in bytes.
    registered: Arc<std::sync::Mutex<Option<(Sender, usize)>>>,
}

impl BusClient {
    /// Connects to the bus at `path`.
    ///
    /// # Errors
    /// When no bus answers there, or it is another user's.
    pub async fn connect(path: impl AsRef<Path>) -> Result<Self, ClientError> {
        Self::connect_with(path, ClientOptions::default()).await
    }

    /// Connects to the bus at `path`.
    ///
    /// # Errors
    /// When no bus answers there, or it is another user's.
    pub async fn connect_with(path: impl AsRef<Path>, options: ClientOptions) -> Result<Self, ClientError> {
        let path = path.as_ref().to_owned();
        let stream = task::dial(&path).await?;
        let (asks, asked) = mpsc::channel(256);
        let (deliver, messages) = mpsc::unbounded_channel();
        // More than the bus tells at once: the notices of a repo are at most a thousand.
        let (events, _) = broadcast::channel(4096);
        let task = Task::new(path, options, asked, deliver, events.clone());
        tokio::spawn(task.run(stream));
        Ok(Self { asks, messages: Arc::new(Mutex::new(messages)), events, registered: Arc::default() })
    }

    /// Becomes an instance, and stays one across reconnections.
    ///
    /// # Errors
    /// When the bus refuses, or is gone for good.
    pub async fn register(&self, register: Register) -> Result<Welcome, ClientError> {
        let welcome = self.ask(|reply| Ask::Register(register.clone(), reply)).await?;
        let sender = Sender {
            repo: welcome.repo.clone(),
            path: register.path,
            session_id: register.session_id,
            instance_id: Some(welcome.instance_id.clone()),
        };
        if let Ok(mut registered) = self.registered.lock() {
            *registered = Some((sender, welcome.max_message_size));
        }
        Ok(welcome)
    }

    /// Who this client is, once it has registered.
    pub fn identity(&self) -> Option<Sender> {
        self.registered().map(|(sender, _)| sender)
    }

    fn registered(&self) -> Option<(Sender, usize)> {
        self.registered.lock().ok().and_then(|registered| registered.clone())
    }

    /// Sends a message; returns when it is stored. Across a reconnection it is sent again with the same id, which the
    /// bus recognises.
    ///
    /// # Errors
    /// When the bus refuses, or is gone for good.
    pub async fn send(&self, draft: &Draft) -> Result<Receipt, ClientError> {
        let (_, json) = self.write(draft)?;
        self.send_json(json, false).await
    }

    /// Sends a whole envelope. Without an `id` in it, a resend across a reconnection is a new message.
    ///
    /// # Errors
    /// When the bus refuses, or is gone for good.
    pub async fn send_json(&self, json: String, allow_unknown: bool) -> Result<Receipt, ClientError> {
        let (_, max_line) = self.registered().ok_or(ClientError::NotRegistered)?;
        let json = preflight::one_line(&json, max_line).map_err(ClientError::Refused)?.into_owned();
        self.ask(|reply| Ask::Send { json, allow_unknown, reply }).await
    }

    /// Sends a message and waits, at most so long, for the first answer that is more than an acknowledgement.
    ///
    /// # Errors
    /// When the bus refuses, is gone for good, or no answer comes in time.
    pub async fn request(
        &self,
        draft: &Draft,
        patience: Duration,
    ) -> Result<(Receipt, Incoming), ClientError> {
        let (id, json) = self.write(draft)?;
        let (tell, answer) = oneshot::channel();
        self.tell(Ask::Await(id, tell)).await?;
        let receipt = self.send_json(json, false).await?;
        let answer = tokio::time::timeout(patience, answer).await;
        let answer = answer.map_err(|_| ClientError::TimedOut(patience))?.map_err(|_| ClientError::Gone)?;
        self.ack_read(&answer.message.id).await?;
        Ok((receipt, answer))
    }

    fn write(&self, draft: &Draft) -> Result<(MessageId, String), ClientError> {
        let identity = self.identity().ok_or(ClientError::NotRegistered)?;
        let id = MessageId::random();
        let json = draft.to_json(&id, &identity, Millis::now().seconds());
        Ok((id, json))
    }

    /// Answers a message, and acknowledges it as read.
    ///
    /// # Errors
    /// When the bus refuses, or is gone for good.
    pub async fn reply(
        &self,
        message: &Message,
        payload: crate::payload::Payload,
    ) -> Result<Receipt, ClientError> {
        let receipt = self.send(&Draft::answer(message, payload)).await?;
        self.ack_read(&message.id).await?;
        Ok(receipt)
    }

    /// The next message, which is acknowledged as delivered; `None` when the bus is gone for good. What the bus delivers
    /// again after a reconnection is not given twice.
    pub async fn receive(&self) -> Option<Incoming> {
        let incoming = self.messages.lock().await.recv().await?;
        // A task that has ended closes the channel, which the next call tells of.
        let _ = self.tell(Ask::Taken).await;
        Some(incoming)
    }

    /// Says that the agent itself has seen a message; across a reconnection that is said again. A [`ping`](Self::ping)
    /// that is answered afterwards shows that the bus knows it.
    ///
    /// # Errors
    /// When the bus is gone for good.
    pub async fn ack_read(&self, id: &MessageId) -> Result<(), ClientError> {
        self.tell(Ask::Read(id.clone())).await
    }

    /// Says that it is known that these messages of this instance's repo have expired.
    ///
    /// # Errors
    /// When the bus refuses, or is gone for good.
    pub async fn ack_notices(&self, ids: &[MessageId]) -> Result<(), ClientError> {
        if ids.is_empty() {
            return Ok(());
        }
        self.call("ack", &json!({ "notices": ids })).await.map(|_| ())
    }

    /// The stream of events from `from` on, or from now on, without a gap or a double across reconnections.
    ///
    /// # Errors
    /// When the bus refuses, or is gone for good.
    pub async fn subscribe(&self, from: Option<Seq>) -> Result<mpsc::Receiver<EventLine>, ClientError> {
        let (events, receiver) = mpsc::channel(4096);
        self.ask(|reply| Ask::Subscribe { from, events, reply }).await?;
        Ok(receiver)
    }

    /// Messages of the past that the bus remembers.
    ///
    /// # Errors
    /// When the bus refuses, or is gone for good.
    pub async fn history(&self, history: &History) -> Result<Vec<HistoryEntry>, ClientError> {
        match self.call("history", &json!(history)).await? {
            BusFrame::History(entries) => Ok(entries),
            other => Err(ClientError::strange(&other)),
        }
    }

    /// What the repo of this instance has not read, and what is owed. It marks nothing as read.
    ///
    /// # Errors
    /// When the bus refuses, or is gone for good.
    pub async fn inbox(&self, inbox: &Inbox) -> Result<InboxAnswer, ClientError> {
        match self.call("inbox", &json!(inbox)).await? {
            BusFrame::Inbox(answer) => Ok(*answer),
            other => Err(ClientError::strange(&other)),
        }
    }

    /// The bus at a glance.
    ///
    /// # Errors
    /// When the bus is gone for good.
    pub async fn state(&self) -> Result<StateView, ClientError> {
        self.state_with(StateWith::default()).await
    }

    /// The bus at a glance, and parts of its state in full.
    ///
    /// # Errors
    /// When the bus is gone for good.
    pub async fn state_with(&self, parts: StateWith) -> Result<StateView, ClientError> {
        match self.call("state", &json!(parts)).await? {
            BusFrame::State(view) => Ok(*view),
            other => Err(ClientError::strange(&other)),
        }
    }

    /// Decides as the operator; returns when it is stored.
    ///
    /// A decision goes to the bus over one connection and no other. When that breaks before the answer, it is not sent
    /// again: the bus may have taken it, and what it would meet a second time may be something else. One that is asked
    /// for while no bus answers has met nothing yet, and goes to the next.
    ///
    /// # Errors
    /// When the bus refuses, is gone for good, or went away before it answered: [`ClientError::Unanswered`].
    pub async fn decide(&self, decide: &Decide) -> Result<Decided, ClientError> {
        let (_, max_line) = self.registered().ok_or(ClientError::NotRegistered)?;
        let body = json!(decide);
        preflight::one_line(&body.to_string(), max_line).map_err(ClientError::Refused)?;
        match self.ask(|reply| Ask::Decide { body, reply }).await? {
            BusFrame::Decided(decided) => Ok(decided),
            other => Err(ClientError::strange(&other)),
        }
    }

    /// Returns when the bus has answered.
    ///
    /// # Errors
    /// When the bus is gone for good.
    pub async fn ping(&self) -> Result<(), ClientError> {
        self.call("ping", &json!({})).await.map(|_| ())
    }

    /// What this client goes through from now on. Notices of expired messages are acknowledged once somebody listens.
    pub fn events(&self) -> broadcast::Receiver<ClientEvent> {
        self.events.subscribe()
    }

    async fn call(&self, op: &'static str, body: &serde_json::Value) -> Result<BusFrame, ClientError> {
        self.ask(|reply| Ask::Call { op, body: body.clone(), reply }).await
    }

    async fn ask<T>(
        &self,
        ask: impl FnOnce(oneshot::Sender<Result<T, ClientError>>) -> Ask,
    ) -> Result<T, ClientError> {
        let (reply, answer) = oneshot::channel();
        self.tell(ask(reply)).await?;
        answer.await.map_err(|_| ClientError::Gone)?
    }

    async fn tell(&self, ask: Ask) -> Result<(), ClientError> {
        self.asks.send(ask).await.map_err(|_| ClientError::Gone)
    }
}

/// Refuses a bus that another user runs.
pub(crate) fn check_peer(path: &Path, stream: impl std::os::fd::AsFd) -> Result<(), ClientError> {
    let peer = os::peer(stream).map_err(|error| ClientError::no_bus(path, error))?;
    if peer.uid == os::effective_uid() {
        return Ok(());
    }
    Err(ClientError::ForeignBus { path: path.to_owned(), uid: peer.uid })
}
