//! The agent's instance on the bus.
//!
//! It connects when it can: a host starts the server once, and a bus may come later. What arrives is acknowledged as
//! delivered by the client and stays with the bus until the agent has read it; here it is only noticed, so that whoever
//! waits looks again.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::RequestId;
use rmcp::service::Peer;
use tokio::sync::{Mutex as AsyncMutex, watch};
use veda_bus_core::client::{BusClient, ClientError};
use veda_bus_core::handler::{HandlerSettings, wanted};
use veda_bus_core::message::Draft;
use veda_bus_core::name::{MessageId, Seq};
use veda_bus_core::os;
use veda_bus_core::payload::Payload;
use veda_bus_core::time::Millis;
use veda_bus_core::wire::answer::Incoming;
use veda_bus_core::wire::{Inbox, Register};

use super::answer::Problem;
use crate::agents::identity::{Identity, pushed};
use crate::agents::session::{self, Session};
use crate::arguments::Mcp;
use crate::context::Context;
use crate::failure::Failure;
use crate::hosting::hand_over;

/// How long the bus may take to answer a tool.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How soon a bus that was not there is looked for again.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// See the [module](self).
pub(super) struct Agent {
    context: Context,
    pub(super) identity: Identity,
    settings: HandlerSettings,
    register: Register,
    /// Whether a bus is started where none answers.
    spawns: bool,
    /// Whether messages are pushed as channel notifications.
    pub(super) channel: bool,
    client: AsyncMutex<Option<BusClient>>,
    /// Why there is no connection.
    failure: Mutex<String>,
    /// Counts what happened that somebody may wait for.
    news: watch::Sender<u64>,
    /// What an answer to a request shows, until it has left.
    shown: Mutex<HashMap<RequestId, Shown>>,
    /// How much was told of bodies that are read in parts, in characters.
    parts: Mutex<HashMap<MessageId, usize>>,
    /// The program at the other end, once it has said who it is.
    pub(super) peer: OnceLock<Peer<RoleServer>>,
}

/// What the agent will have seen when an answer has left.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    /// Unread messages, with the events that accepted them.
    pub(super) messages: Vec<(MessageId, Seq)>,
    /// Those that an earlier session was shown.
    pub(super) again: Vec<(MessageId, Seq)>,
    pub(super) expired: Vec<MessageId>,
}

impl Agent {
    pub(super) fn new(context: Context, identity: Identity, mcp: &Mcp) -> Self {
        let settings = pushed(&context);
        let mut register = identity.registration(&context);
        register.client = "veda-bus-mcp".parse().ok();
        Self {
            spawns: !mcp.no_spawn && context.config.bus.autostart,
            channel: mcp.channel,
            context,
            identity,
            settings,
            register,
            client: AsyncMutex::default(),
            failure: Mutex::default(),
            news: watch::Sender::default(),
            shown: Mutex::default(),
            parts: Mutex::default(),
            peer: OnceLock::new(),
        }
    }

    /// What it declares it can do.
    pub(super) fn capabilities(&self) -> Vec<String> {
        self.register.capabilities.iter().map(ToString::to_string).collect()
    }

    /// The connection to the bus.
    ///
    /// # Errors
    /// That no bus answers, and what to do about it.
    pub(super) async fn bus(self: &Arc<Self>) -> Result<BusClient, Problem> {
        let connecting = tokio::time::timeout(PATIENCE, self.connected(self.spawns)).await;
        match connecting {
            Ok(Ok(client)) => Ok(client),
            Ok(Err(why)) => Err(Problem::no_bus(&why)),
            Err(_) => Err(Problem::no_bus("the bus does not answer yet")),
        }
    }

    /// Connects, and tries again until that has worked once; from then on the client does it by itself. A bus that could
    /// not be started is only started again when there is something to ask it.
    pub(super) async fn keep_connected(self: Arc<Self>) {
        session::forget_old(&session::folder(&self.context));
        let mut spawns = self.spawns;
        while self.connected(std::mem::take(&mut spawns)).await.is_err() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn connected(self: &Arc<Self>, spawns: bool) -> Result<BusClient, String> {
        let mut client = self.client.lock().await;
        if let Some(client) = &*client {
            if spawns && is_left_behind(self.context.socket()) {
                // The client comes back to it by itself; why it does not start is told by what is asked of it.
                let _ = self.start_bus().await;
            }
            return Ok(client.clone());
        }
        let connected = self.connect(spawns).await.map_err(|failure| failure.to_string());
        if let (Err(why), Ok(mut last)) = (&connected, self.failure.lock())
            && *last != *why
        {
            // Each reason is told once; the host keeps what a server says on standard error.
            eprintln!("veda-bus: {}", veda_bus_core::text::line(why));
            last.clone_from(why);
        }
        let connected = connected?;
        *client = Some(connected.clone());
        tokio::spawn(Arc::clone(self).take_messages(connected.clone()));
        Ok(connected)
    }

    async fn connect(self: &Arc<Self>, spawns: bool) -> Result<BusClient, Failure> {
        let client = match BusClient::connect(self.context.socket()).await {
            Err(ClientError::NoBus { .. }) if spawns => {
                self.start_bus().await?;
                BusClient::connect(self.context.socket()).await?
            }
            other => other?,
        };
        client.register(self.register.clone()).await?;
        Ok(client)
    }

    /// Starts a bus in the background. Another agent's server may do the same at the same moment: one of them wins, and
    /// then a bus answers.
    async fn start_bus(self: &Arc<Self>) -> Result<(), Failure> {
        let agent = Arc::clone(self);
        let started = tokio::task::spawn_blocking(move || match hand_over(&agent.context) {
            Ok(_) => Ok(()),
            Err(failure) => agent.context.connect().map(|_| ()).map_err(|_| failure),
        });
        started.await.unwrap_or_else(|error| Err(Failure::Failed(error.to_string())))
    }

    /// Takes what arrives, which tells the bus that it has been delivered.
    async fn take_messages(self: Arc<Self>, client: BusClient) {
        while let Some(incoming) = client.receive().await {
            self.acknowledge(&client, &incoming).await;
            if self.is_pushed(&incoming) {
                self.push(&incoming).await;
            }
            self.news.send_modify(|count| *count += 1);
        }
    }

    /// Whether a message is one to be pushed at the agent.
    pub(super) fn is_pushed(&self, incoming: &Incoming) -> bool {
        wanted(incoming, &self.settings, Millis::now())
    }

    /// `auto_acknowledge`: tells at once that a request has arrived. One that was delivered before, to a server that has
    /// ended, has been told so already.
    async fn acknowledge(&self, client: &BusClient, incoming: &Incoming) {
        let message = &incoming.message;
        let acknowledgement = Payload::acknowledgement(message.kind());
        // To acknowledge a Notify is to have answered it, which nobody does who has not read it.
        let says_no_more = acknowledgement.is_acknowledgement();
        if !self.settings.auto_acknowledge || message.payload.is_answer() || !says_no_more {
            return;
        }
        let inbox = client.inbox(&Inbox { limit: Some(0), ..Inbox::default() }).await;
        let owes = inbox.map(|inbox| inbox.head.owes.newest).unwrap_or_default();
        if owes.iter().any(|owed| owed.id == message.id && owed.word.is_some()) {
            return;
        }
        if let Err(error) = client.send(&Draft::answer(message, acknowledgement)).await {
            tracing::warn!("message {} could not be acknowledged: {error}", message.id);
        }
    }

    /// Is told of everything that arrives from now on.
    pub(super) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Notes what the answer to a request will have shown.
    pub(super) fn will_show(&self, request: &RequestId, shown: Shown) {
        if let Ok(mut all) = self.shown.lock() {
            all.insert(request.clone(), shown);
        }
    }

    /// The answer to a request has left: what it showed was read.
    pub(super) async fn has_left(self: Arc<Self>, request: RequestId) {
        let shown = self.shown.lock().ok().and_then(|mut all| all.remove(&request));
        let Some(shown) = shown else { return };
        let Some(client) = self.client.lock().await.clone() else { return };
        // What is read and not remembered would be lost if this process ended now.
        self.remember(&shown);
        for (id, _) in &shown.messages {
            if let Err(error) = client.ack_read(id).await {
                tracing::warn!("the bus does not know that {id} was read: {error}");
            }
        }
        if let Err(error) = client.ack_notices(&shown.expired).await {
            tracing::warn!("the bus does not know that what expired is known: {error}");
        }
    }

    /// Remembers what was shown, for the case that the host ends before the agent goes on. Where no hook tells when a
    /// turn ends, it is known of what was shown before that the agent went on.
    fn remember(&self, shown: &Shown) {
        let Some(mut session) = self.session() else { return };
        let memory = &mut session.memory;
        let own = i32::try_from(std::process::id()).unwrap_or_default();
        memory.process = memory.process.or_else(|| os::parent(own));
        if memory.event.is_empty() {
            memory.shown.clear();
        }
        for (id, seq) in shown.messages.iter().chain(&shown.again) {
            memory.again.remove(id);
            memory.shown.insert(id.clone(), Some(*seq));
        }
        session.save();
    }

    /// What sessions of the repo were shown whose hosts ended before it is known that it was seen.
    pub(super) fn again(&self) -> Vec<Seq> {
        let Some(mut session) = self.session() else { return Vec::new() };
        session.inherit(&session::folder(&self.context));
        let again = session.memory.again.values().flatten().copied().collect();
        session.save();
        again
    }

    /// What is remembered of this conversation.
    fn session(&self) -> Option<Session> {
        let id = self.register.session_id.as_ref().map(ToString::to_string);
        let conversation = id.unwrap_or_else(|| format!("process {}", std::process::id()));
        Session::open(&session::folder(&self.context), &self.identity.repo, &conversation)
    }

    /// Notes that a part of a body is told, from one character to the next one that is not; gives whether all of it has
    /// been told then.
    pub(super) fn is_told_whole(&self, id: &MessageId, from: usize, next: Option<usize>) -> bool {
        let Ok(mut parts) = self.parts.lock() else { return false };
        if parts.get(id).copied().unwrap_or_default() < from {
            return false;
        }
        match next {
            Some(next) => parts.insert(id.clone(), next),
            None => parts.remove(id),
        };
        next.is_none()
    }
}

/// Whether a bus has ended without taking its socket away, as it does when it is told to stop.
fn is_left_behind(socket: &Path) -> bool {
    UnixStream::connect(socket).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}
