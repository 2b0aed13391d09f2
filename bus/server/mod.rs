//! The daemon: a thin shell of sockets around [`Hub`] and [`Journal`].
//!
//! Everything runs on one thread, so nothing here locks; only `fdatasync` has a thread of its own, and long reads of
//! the journal go to a pool. One batch of the engine is: take what all connections have sent, let the hub
//! decide, write the events with one `write`, hand out messages, and answer when a sync has covered them.
//!
//! | module | what is in it |
//! |---|---|
//! | `socket` | the socket file: whose it is, whether somebody serves it, its removal |
//! | `engine` | the batch loop |
//! | `origin` | what the operating system knows of a connecting process |
//! | `release` | what may go out when: now, when written, when synced |
//! | `connection` | bytes in, lines to the engine; bytes out, never faster than the peer reads |
//! | `feed` | the stream of events for one subscriber, from memory or from the journal |
//! | `rules` | rules that change while the bus runs |
//! | `lookup` | the answers to `history` |

mod connection;
mod engine;
mod feed;
mod lookup;
mod origin;
mod release;
mod rules;
mod socket;

use std::future::Future;
use std::path::PathBuf;

use tokio::sync::mpsc;
use tokio::task::LocalSet;

use crate::config::{BusSettings, ConfigError, Durability, Reloaded};
use crate::hub::origin::OriginPolicy;
use crate::hub::{Command, Hub, Policy};
use crate::journal::{self, Journal, JournalError, Recovery};
use crate::name::{MessageId, Seq};
use crate::state::{Keep, State};
use crate::time::Millis;
use engine::Engine;
use socket::Socket;
pub use socket::SocketError;

/// Why a bus can not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The socket can not be had.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The journal can not be had.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal can not be written.
    #[error("journal {path}: {error}")]
    Write {
        /// The journal.
        path: PathBuf,
        /// What went wrong.
        error: std::io::Error,
    },
    /// The runtime can not watch the socket.
    #[error("socket {path}: {error}")]
    Listen {
        /// The socket.
        path: PathBuf,
        /// What went wrong.
        error: std::io::Error,
    },
}

/// Tells a bus, while it runs, that its configuration may have changed.
#[derive(Debug, Clone)]
pub struct Control(mpsc::UnboundedSender<()>);

/// The bus's end of a [`Control`].
#[derive(Debug)]
pub struct Changes(mpsc::UnboundedReceiver<()>);

impl Control {
    /// A control, and the end that a bus takes; see [`Server::reloading`].
    pub fn new() -> (Self, Changes) {
        let (tell, told) = mpsc::unbounded_channel();
        (Self(tell), Changes(told))
    }

    /// The configuration may have changed.
    pub fn reload(&self) {
        // A bus that has ended has no use for it.
        let _ = self.0.send(());
    }
}

/// How the rules are read anew.
struct Reloading {
    changes: Changes,
    read: Box<dyn FnMut() -> Result<Reloaded, ConfigError> + Send>,
}

impl Reloading {
    /// Is done when the configuration may have changed.
    async fn changed(reloading: Option<&mut Self>) -> Option<()> {
        match reloading {
            Some(reloading) => reloading.changes.0.recv().await,
            None => None,
        }
    }
}

/// A bus that holds its socket and its journal, and is ready to run.
pub struct Server {
    settings: BusSettings,
    socket: Socket,
    hub: Hub,
    journal: Journal,
    recovery: Recovery,
    synced: mpsc::UnboundedReceiver<std::io::Result<Seq>>,
    reloading: Option<Reloading>,
}

impl Server {
    /// Takes the socket and the journal, and recovers the state. From here on, clients can connect; they are served
    /// by [`run`](Self::run).
    ///
    /// # Errors
    /// When another bus has the socket or the journal, or one of them is not ours to use.
    pub fn bind(settings: BusSettings) -> Result<Self, ServerError> {
        let socket = Socket::bind(&settings.socket_path)?;
        let (tell, synced) = mpsc::unbounded_channel();
        let on_synced = move |result| {
            // The engine being gone is no reason to stop syncing.
            let _ = tell.send(result);
        };
        let mut hub = Hub::new(policy(&settings));
        let (mut journal, recovery) = if settings.enable_logging {
            let options = journal::Options {
                path: settings.log_path.clone(),
                segment_bytes: settings.log_segment_bytes,
                segment_age: settings.log_segment_age,
                keep: settings.log_keep,
            };
            Journal::open(options, on_synced, &mut |recorded| hub.recover(&recorded))?
        } else {
            (Journal::memory(on_synced), Recovery::default())
        };
        start(&mut hub, &mut journal, &settings)
            .map_err(|error| ServerError::Write { path: settings.log_path.clone(), error })?;
        Ok(Self { settings, socket, hub, journal, recovery, synced, reloading: None })
    }

    /// Lets the rules change while the bus runs: `read` reads them anew, when the other end of `changes` asks for it and
    /// after the operator has changed a standing one. A bus without this keeps the rules that it began with.
    #[must_use]
    pub fn reloading(
        self,
        changes: Changes,
        read: impl FnMut() -> Result<Reloaded, ConfigError> + Send + 'static,
    ) -> Self {
        Self { reloading: Some(Reloading { changes, read: Box::new(read) }), ..self }
    }

    /// What was found in the journal.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// The state that was recovered.
    pub fn state(&self) -> &State {
        self.hub.state()
    }

    /// Serves until `stop` is done, then tells the clients, writes everything down, and removes the socket.
    ///
    /// # Errors
    /// When the socket can not be watched, or the journal's end can not be written.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), ServerError> {
        let listen = |error| ServerError::Listen { path: self.settings.socket_path.clone(), error };
        let listener = self.socket.listen().map_err(listen)?;
        let path = self.settings.log_path.clone();
        let max_line = self.settings.max_message_size;
        let local = LocalSet::new();
        let (inbox, frames) = mpsc::channel(1024);
        local.spawn_local(connection::accept(listener, inbox, max_line));
        let engine = Engine::new(self.hub, self.journal, &self.settings, self.reloading);
        let ended = local.run_until(engine.run(frames, self.synced, stop)).await;
        ended.map_err(|error| ServerError::Write { path, error })
    }
}

/// The first events of a run, on disk before anyone is served. A segment begins with a checkpoint.
fn start(hub: &mut Hub, journal: &mut Journal, settings: &BusSettings) -> std::io::Result<()> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    if journal.at_segment_start() {
        let previous = journal.chain().to_string();
        record(hub, journal, Command::Checkpoint { previous });
    }
    record(hub, journal, Command::Start { pid: std::process::id(), version });
    let configured = rules::in_force(&settings.rules, hub.state(), Vec::new());
    rules::log(&configured);
    let rules = Some(settings.rules.clone());
    record(hub, journal, Command::Configure { rules, configured, fresh: &MessageId::random });
    journal.write()?;
    journal.sync_now()
}

fn record(hub: &mut Hub, journal: &mut Journal, command: Command<'_>) {
    for recorded in hub.handle(command, Millis::now()).events {
        journal.append(&recorded);
    }
}

fn policy(settings: &BusSettings) -> Policy {
    Policy {
        default_ttl: settings.default_ttl,
        mailbox_messages: settings.mailbox_messages,
        mailbox_bytes: settings.mailbox_bytes,
        keep: Keep {
            retention: settings.message_retention,
            messages: settings.retention_messages,
            bodies: 0,
            owed: Keep::OWED,
        },
        rules: settings.rules.clone(),
        max_message_size: settings.max_message_size,
        durability: match (settings.enable_logging, settings.durability) {
            (false, _) => "none",
            (true, Durability::Power) => "power",
            (true, Durability::Process) => "process",
        },
        origin: OriginPolicy { check: settings.check_origin, marks: settings.agent_marks.clone() },
    }
}
