//! What messages say. The state keeps the text of the newest; that of older ones is fetched when it is looked at.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use veda_bus_core::message::Message;
use veda_bus_core::name::Seq;
use veda_bus_core::payload::Payload;
use veda_bus_core::state::State;

/// How many messages are kept as they were read.
const PARSED: usize = 2_000;
/// How many bytes of them.
const PARSED_BYTES: usize = 8 << 20;
/// How many bytes of a headline are kept.
const HEADLINE: usize = 400;

/// A message as it was read.
#[derive(Debug)]
pub struct Read {
    /// The message; `None` when this version can not read it.
    pub message: Option<Message>,
    /// What it says in a line, unsafe to show as it is.
    pub headline: String,
    /// The envelope as JSON.
    pub json: String,
}

impl Read {
    fn of(bytes: &[u8]) -> Self {
        let json = String::from_utf8_lossy(bytes).into_owned();
        let message = Message::parse(&json, None).ok();
        let headline = match &message {
            Some(message) => headline(&message.payload),
            None => cut(json.clone()),
        };
        Self { message, headline, json }
    }

    /// The wording of a round, as far as the message is one; unsafe to show as it is.
    pub fn wording(&self) -> Option<&str> {
        self.message.as_ref()?.payload.wording()
    }
}

/// What a message says in a line, as much of it as is kept; unsafe to show as it is.
pub fn headline(payload: &Payload) -> String {
    cut(payload.headline())
}

fn cut(mut line: String) -> String {
    let end = (0..=HEADLINE.min(line.len())).rev().find(|&end| line.is_char_boundary(end));
    line.truncate(end.unwrap_or_default());
    line
}

/// The text of a message, as far as it is at hand.
#[derive(Debug, Clone)]
pub enum Text {
    /// Here it is.
    Here(Arc<Read>),
    /// It has been asked for.
    Coming,
    /// Nobody has it any more.
    Gone,
}

/// See the [module](self).
#[derive(Debug, Clone, Default)]
pub struct Texts {
    /// A view asks while it draws, so what is read for it is put aside behind its back.
    parsed: RefCell<Parsed>,
    wanted: RefCell<BTreeSet<Seq>>,
    asked: HashSet<Seq>,
    gone: HashSet<Seq>,
}

#[derive(Debug, Clone, Default)]
struct Parsed {
    reads: HashMap<Seq, Arc<Read>>,
    order: VecDeque<Seq>,
    bytes: usize,
}

impl Parsed {
    fn remove(&mut self, seq: Seq) {
        if let Some(read) = self.reads.remove(&seq) {
            self.bytes -= read.json.len();
            self.order.retain(|known| *known != seq);
        }
    }

    fn insert(&mut self, seq: Seq, read: Arc<Read>) {
        self.bytes += read.json.len();
        match self.reads.insert(seq, read) {
            Some(before) => self.bytes -= before.json.len(),
            None => self.order.push_back(seq),
        }
        while self.order.len() > PARSED || self.bytes > PARSED_BYTES && self.order.len() > 1 {
            let Some(oldest) = self.order.pop_front() else { break };
            self.bytes -= self.reads.remove(&oldest).map_or(0, |read| read.json.len());
        }
    }
}

impl Texts {
    /// What message `seq` says; when that is not at hand, it will be fetched.
    pub fn get(&self, state: &State, seq: Seq) -> Text {
        let text = self.at_hand(state, seq);
        if matches!(text, Text::Coming) && !self.asked.contains(&seq) {
            self.wanted.borrow_mut().insert(seq);
        }
        text
    }

    /// The same, without fetching it.
    pub fn at_hand(&self, state: &State, seq: Seq) -> Text {
        if let Some(read) = self.parsed.borrow().reads.get(&seq) {
            return Text::Here(Arc::clone(read));
        }
        if let Some(body) = state.body(seq) {
            let read = Arc::new(Read::of(body));
            self.parsed.borrow_mut().insert(seq, Arc::clone(&read));
            return Text::Here(read);
        }
        if self.gone.contains(&seq) { Text::Gone } else { Text::Coming }
    }

    /// The headline of message `seq`, if it is at hand or on its way.
    pub fn headline(&self, state: &State, seq: Seq) -> Option<Arc<Read>> {
        match self.get(state, seq) {
            Text::Here(read) => Some(read),
            Text::Coming | Text::Gone => None,
        }
    }

    /// What is to be fetched, at most `limit` of it.
    pub fn take_wanted(&mut self, limit: usize) -> Vec<Seq> {
        let wanted = self.wanted.get_mut();
        let taken: Vec<_> = wanted.iter().rev().take(limit).copied().collect();
        for seq in &taken {
            wanted.remove(seq);
            self.asked.insert(*seq);
        }
        taken
    }

    /// Notes that these are asked for; gives those that were not asked for already.
    pub fn ask(&mut self, seqs: Vec<Seq>) -> Vec<Seq> {
        seqs.into_iter().filter(|&seq| self.asked.insert(seq)).collect()
    }

    /// Message `seq` says something else now.
    pub fn changed(&mut self, seq: Seq) {
        self.parsed.get_mut().remove(seq);
    }

    /// Whether something was asked for that has not come.
    pub fn is_fetching(&self) -> bool {
        !self.asked.is_empty()
    }

    /// What was asked for came, or did not.
    pub fn fetched(&mut self, asked: &[Seq], found: Vec<(Seq, String)>) {
        for seq in asked {
            self.asked.remove(seq);
            self.gone.insert(*seq);
        }
        for (seq, json) in found {
            self.gone.remove(&seq);
            self.parsed.borrow_mut().insert(seq, Arc::new(Read::of(json.as_bytes())));
        }
    }
}
