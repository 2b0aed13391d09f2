//! The connection to the bus, on a thread of its own: the terminal may be blocked for as long as it likes, and the bus is
//! answered all the same.
//!
//! There are two connections. One is the operator's instance: it sends, receives and asks. The other brings the events; it
//! is read only as fast as the console takes them, and what is not taken stays with the bus, so that a console that is
//! paused or slow costs nobody memory and misses nothing.

mod events;
mod operator;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::sync::mpsc;
use veda_bus_core::event::Recorded;
use veda_bus_core::name::{MessageId, Seq};
use veda_bus_core::refusal::Refusal;
use veda_bus_core::state::view::StateView;
use veda_bus_core::wire::{Decide, Receipt, Welcome};

/// How many batches of events wait for the console.
const BATCHES: usize = 16;

/// What the console asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Send a message.
    Send {
        /// Its id.
        id: MessageId,
        /// The envelope.
        json: String,
        /// Whether it may go to a repo that was never seen.
        allow_unknown: bool,
    },
    /// The operator has seen these messages.
    Read(Vec<MessageId>),
    /// What do these messages say?
    Fetch(Vec<Seq>),
    /// Begin the stream of events anew, with this one.
    From(Seq),
    /// Decide, on one thing after another.
    Decide {
        /// The number that the answer bears.
        number: u64,
        /// On each: what the bus is told, the next only after it has taken the one before.
        orders: Vec<Vec<Decide>>,
    },
}

/// What became of a decision on one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// It is stored.
    Taken,
    /// The bus said no.
    Refused {
        /// So many of the orders before it were taken.
        taken: usize,
        /// What it said.
        refusal: Refusal,
    },
    /// There was no answer, and it may or may not have been taken.
    Unanswered(String),
    /// It was not sent, because there was no answer to what came before it.
    Unsent,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// It is stored.
    Accepted(Receipt),
    /// The bus said no.
    Refused(Refusal),
    /// There was no answer, and it may or may not have arrived.
    Unanswered(String),
}

/// What the connection goes through.
#[derive(Debug)]
pub enum News {
    /// A bus answers: what it said first, and its state.
    Connected(Welcome, Box<StateView>),
    /// The bus went away; it is tried again.
    Lost,
    /// The bus is back.
    Back,
    /// It will never work: this is why.
    Hopeless(String),
    /// The bus does not take this process for the operator.
    Refused(Refusal),
    /// What became of a message.
    Sent(MessageId, Sent),
    /// What became of the decisions that were asked for under this number, in their order.
    Decided(u64, Vec<Ruling>),
    /// What messages say, as far as somebody has it and could be asked.
    Fetched {
        /// What was asked for.
        asked: Vec<Seq>,
        /// The envelopes.
        found: Vec<(Seq, String)>,
    },
}

/// A piece of the stream of events.
#[derive(Debug)]
pub enum Piece {
    /// The stream begins anew with this event, and so does the fold.
    Begin(Seq),
    /// The bus has another journal now, and the stream begins with this event of it: nothing that was known of an event by
    /// its number is true any more.
    Another(Seq),
    /// Events in order.
    Events(Vec<Recorded>),
    /// An event that this version does not understand.
    Strange(Seq, String),
}

impl Piece {
    /// How many events are in it.
    fn len(&self) -> usize {
        match self {
            Self::Events(events) => events.len(),
            Self::Begin(_) | Self::Another(_) | Self::Strange(..) => 0,
        }
    }
}

/// The stream of events, as the console takes it, with a count of what waits in it.
#[derive(Debug)]
pub struct Events {
    pieces: mpsc::Receiver<Piece>,
    waiting: Arc<AtomicUsize>,
}

impl Events {
    /// The next piece; `None` when the link has ended.
    pub async fn recv(&mut self) -> Option<Piece> {
        let piece = self.pieces.recv().await;
        self.took(piece)
    }

    /// The next piece, if it is here.
    pub fn try_recv(&mut self) -> Option<Piece> {
        let piece = self.pieces.try_recv().ok();
        self.took(piece)
    }

    fn took(&self, piece: Option<Piece>) -> Option<Piece> {
        self.waiting.fetch_sub(piece.as_ref().map_or(0, Piece::len), Ordering::Relaxed);
        piece
    }

    /// How many events are here and were not taken.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// The other end of [`Events`].
#[derive(Debug, Clone)]
struct Pieces {
    pieces: mpsc::Sender<Piece>,
    waiting: Arc<AtomicUsize>,
}

impl Pieces {
    /// Hands a piece over when there is room; `false` when nobody takes it any more.
    async fn send(&self, piece: Piece) -> bool {
        let Ok(room) = self.pieces.reserve().await else { return false };
        self.waiting.fetch_add(piece.len(), Ordering::Relaxed);
        room.send(piece);
        true
    }
}

/// The console's end.
#[derive(Debug)]
pub struct Link {
    /// The stream of events.
    pub events: Events,
    /// Everything else.
    pub news: mpsc::UnboundedReceiver<News>,
    asks: mpsc::UnboundedSender<Ask>,
}

impl Link {
    /// Connects to the bus behind `socket` as soon as one answers. It ends when this end is dropped.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn start(socket: PathBuf) -> io::Result<Self> {
        let (pieces, taken) = mpsc::channel(BATCHES);
        let waiting = Arc::<AtomicUsize>::default();
        let events = Events { pieces: taken, waiting: Arc::clone(&waiting) };
        let pieces = Pieces { pieces, waiting };
        let (tell, news) = mpsc::unbounded_channel();
        let (asks, asked) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let link = operator::Operator::new(socket, tell, pieces);
        thread::Builder::new().name("link".into()).spawn(move || runtime.block_on(link.run(asked)))?;
        Ok(Self { events, news, asks })
    }

    /// Asks for something; the answer comes as [`News`].
    pub fn ask(&self, ask: Ask) {
        // A link that has ended has said why.
        let _ = self.asks.send(ask);
    }
}
