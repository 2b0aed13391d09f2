//! The connection of the operator's instance.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use veda_bus_core::client::{BusClient, ClientError, ClientEvent};
use veda_bus_core::name::{RepoName, Seq};
use veda_bus_core::state::view::StateView;
use veda_bus_core::wire::answer::HistoryEntry;
use veda_bus_core::wire::{Decide, History, Register};

use super::{Ask, News, Piece, Pieces, Ruling, Sent, events};

/// How many bytes of messages are fetched at a time is for the bus to say; this is how many messages.
const FETCH: usize = 200;

pub(super) struct Operator {
    socket: PathBuf,
    tell: mpsc::UnboundedSender<News>,
    pieces: Pieces,
    /// The last event that was handed over.
    reached: Arc<AtomicU64>,
    following: Option<AbortHandle>,
}

impl Operator {
    pub(super) fn new(socket: PathBuf, tell: mpsc::UnboundedSender<News>, pieces: Pieces) -> Self {
        Self { socket, tell, pieces, reached: Arc::default(), following: None }
    }

    pub(super) async fn run(mut self, mut asked: mpsc::UnboundedReceiver<Ask>) {
        match self.serve(&mut asked).await {
            Ok(()) => {}
            Err(ClientError::Refused(refusal)) => self.say(News::Refused(refusal)),
            Err(error) => self.say(News::Hopeless(error.to_string())),
        }
    }

    fn say(&self, news: News) {
        // A console that has ended does not listen.
        let _ = self.tell.send(news);
    }

    async fn serve(&mut self, asked: &mut mpsc::UnboundedReceiver<Ask>) -> Result<(), ClientError> {
        let client = events::connect(&self.socket).await?;
        let welcome = client.register(register()).await?;
        let view = client.state().await?;
        // From here on: what came before is part of what was just asked for.
        let mut changes = client.events();
        let from = first(&view);
        self.say(News::Connected(welcome, Box::new(view)));
        self.follow(Piece::Begin(from));
        tokio::spawn(receive(client.clone()));
        loop {
            tokio::select! {
                ask = asked.recv() => match ask {
                    Some(ask) => self.take(ask, &client),
                    None => return Ok(()),
                },
                change = changes.recv() => match change {
                    Ok(change) => self.changed(change, &client).await?,
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Err(ClientError::Gone),
                },
            }
        }
    }

    async fn changed(&mut self, change: ClientEvent, client: &BusClient) -> Result<(), ClientError> {
        match change {
            ClientEvent::Lost => self.say(News::Lost),
            ClientEvent::Registered(welcome) => {
                let view = client.state().await?;
                // Without a journal, or with another one, the numbers begin anew.
                let is_another =
                    view.journal.is_none() || welcome.seq.0 < self.reached.load(Ordering::Relaxed);
                let from = is_another.then(|| first(&view));
                self.say(News::Connected(welcome, Box::new(view)));
                self.say(News::Back);
                if let Some(from) = from {
                    self.follow(Piece::Another(from));
                }
            }
            ClientEvent::Refused(refusal) => return Err(ClientError::Refused(refusal)),
            ClientEvent::Retrying(_)
            | ClientEvent::Reconnected
            | ClientEvent::Resent(_)
            | ClientEvent::Notice(_) => {}
        }
        Ok(())
    }

    fn take(&mut self, ask: Ask, client: &BusClient) {
        let (client, tell) = (client.clone(), self.tell.clone());
        match ask {
            Ask::From(seq) => self.follow(Piece::Begin(seq)),
            Ask::Send { id, json, allow_unknown } => {
                tokio::spawn(async move {
                    let sent = match client.send_json(json, allow_unknown).await {
                        Ok(receipt) => Sent::Accepted(receipt),
                        Err(ClientError::Refused(refusal)) => Sent::Refused(refusal),
                        Err(error) => Sent::Unanswered(error.to_string()),
                    };
                    let _ = tell.send(News::Sent(id, sent));
                });
            }
            Ask::Decide { number, orders } => {
                tokio::spawn(async move {
                    let _ = tell.send(News::Decided(number, decide(&client, orders).await));
                });
            }
            Ask::Read(ids) => {
                tokio::spawn(async move {
                    for id in &ids {
                        // A link that ends is no news; it is read again the next time.
                        let _ = client.ack_read(id).await;
                    }
                });
            }
            Ask::Fetch(seqs) => {
                tokio::spawn(async move {
                    for asked in seqs.chunks(FETCH) {
                        let _ = tell.send(fetch(&client, asked.to_vec()).await);
                    }
                });
            }
        }
    }

    /// Begins the stream anew.
    fn follow(&mut self, begin: Piece) {
        if let Some(before) = self.following.take() {
            before.abort();
        }
        self.reached.store(0, Ordering::Relaxed);
        let stream =
            events::follow(self.socket.clone(), begin, self.pieces.clone(), Arc::clone(&self.reached));
        self.following = Some(tokio::spawn(stream).abort_handle());
    }
}

/// Receives what is sent to the operator, which tells the bus that it is here; what it says comes with the events.
async fn receive(client: BusClient) {
    while client.receive().await.is_some() {}
}

/// The event with which the stream begins: without a journal, the past is not to be had.
fn first(view: &StateView) -> Seq {
    if view.journal.is_some() { view.since } else { view.seq.next() }
}

fn register() -> Register {
    Register { client: "console".parse().ok(), ..Register::new(RepoName::operator()) }
}

/// What messages say. An answer of the bus has a limited size, so what it left out behind its last message is asked again.
async fn fetch(client: &BusClient, mut asked: Vec<Seq>) -> News {
    asked.sort_unstable();
    let (mut left, mut found) = (asked.clone(), Vec::new());
    while !left.is_empty() {
        let wanted = History { seqs: Some(left.clone()), ..History::default() };
        let entries = match client.history(&wanted).await {
            Ok(entries) => entries,
            Err(error) => {
                tracing::warn!("messages could not be fetched: {error}");
                break;
            }
        };
        let Some(last) = entries.last().map(|entry| entry.record.seq) else { break };
        left.retain(|&seq| seq > last);
        let text = |entry: HistoryEntry| Some((entry.record.seq, entry.message?.get().to_owned()));
        found.extend(entries.into_iter().filter_map(text));
    }
    News::Fetched { asked, found }
}

/// Decides on one thing after another. After a decision that nobody has answered, nothing more is decided: the operator
/// did not know of that when the rest was confirmed.
async fn decide(client: &BusClient, orders: Vec<Vec<Decide>>) -> Vec<Ruling> {
    let mut rulings: Vec<Ruling> = Vec::with_capacity(orders.len());
    for orders in orders {
        let is_lost = matches!(rulings.last(), Some(Ruling::Unanswered(_) | Ruling::Unsent));
        rulings.push(if is_lost { Ruling::Unsent } else { rule(client, &orders).await });
    }
    rulings
}

async fn rule(client: &BusClient, orders: &[Decide]) -> Ruling {
    for (taken, order) in orders.iter().enumerate() {
        match client.decide(order).await {
            Ok(_) => {}
            Err(ClientError::Refused(refusal)) => return Ruling::Refused { taken, refusal },
            Err(error) => return Ruling::Unanswered(error.to_string()),
        }
    }
    Ruling::Taken
}
