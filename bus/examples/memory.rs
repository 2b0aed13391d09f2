//! What a remembered message costs: folds the events of many of them, as they come out of a journal, and tells how
//! much memory that took.
//!
//! ```sh
//! cargo run --release -p veda-bus-core --example memory -- 1000000            # without the texts
//! cargo run --release -p veda-bus-core --example memory -- 1000000 64000000   # with so many bytes of them
//! cargo run --release -p veda-bus-core --example memory -- 1000000 0 1        # each a thread of its own
//! ```
//!
//! Ids are UUIDs. Each message has one recipient, who reads and answers it; four make a thread where nothing else is said.

use std::error::Error;
use std::time::Instant;

use veda_bus_core::event::{Accepted, Answered, Event, Moved, Receive, Recorded, Registered, Routing};
use veda_bus_core::journal::line::{self, Chain};
use veda_bus_core::message::Message;
use veda_bus_core::name::{InstanceId, MessageId, RepoName, Seq};
use veda_bus_core::state::{Keep, State};
use veda_bus_core::time::Millis;

const REPOS: usize = 8;

type Failure = Box<dyn Error>;

/// The state, and the journal that it is folded from, of which no line is kept.
struct Fold {
    state: State,
    buffer: Vec<u8>,
}

impl Fold {
    fn take(&mut self, event: Event) -> Result<(), Failure> {
        let seq = self.state.last().next();
        let recorded = Recorded { seq, at: Millis(1_700_000_000_000 + seq.0 * 10), event };
        self.buffer.clear();
        line::encode(&mut self.buffer, Chain::GENESIS, &recorded);
        let (read, _) = line::decode(std::str::from_utf8(&self.buffer)?)?;
        self.state.apply(&read);
        Ok(())
    }

    fn message(
        &mut self,
        index: usize,
        answered: Option<&(MessageId, Seq, MessageId)>,
    ) -> Result<MessageId, Failure> {
        let (from, to) = (index % REPOS, (index + 1) % REPOS);
        let (repo, instance) = (repo(to)?, instance(to)?);
        let id = MessageId::random();
        let (kind, payload) = match answered {
            Some((parent, ..)) => (format!("\"Query\",\"reply_to\":\"{parent}\""), "answer"),
            None => ("\"Query\"".to_owned(), "question"),
        };
        let text = "What is the interface of SessionManager? ".repeat(10);
        let json = format!(
            "{{\"id\":\"{id}\",\"from\":{{\"repo\":\"Repo{from}\"}},\"to\":{{\"repo\":\"{repo}\"}},\"type\":{kind},\
             \"timestamp\":1700000000,\"payload\":{{\"{payload}\":\"{text}\"}}}}"
        );
        let message = Message::parse(&json, None)?;
        let routing =
            Routing { repo: repo.clone(), instance: Some(instance.clone()), refused: None, held: false };
        self.take(Event::Accepted(Box::new(Accepted {
            held: None,
            by: self::instance(from)?,
            thread: answered.map_or_else(|| id.clone(), |(_, _, thread)| thread.clone()),
            parent: answered.map(|&(_, seq, _)| seq),
            expires_at: Millis(1_800_000_000_000),
            recipients: vec![routing],
            message,
        })))?;
        let moved = Moved { repo: repo.clone(), instance, ids: vec![id.clone()] };
        self.take(Event::Delivered(moved.clone()))?;
        self.take(Event::Read(moved))?;
        self.take(Event::Answered(Answered { id: id.clone(), repo, answer: id.clone() }))?;
        Ok(id)
    }
}

fn repo(index: usize) -> Result<RepoName, Failure> {
    Ok(format!("Repo{index}").parse()?)
}

fn instance(index: usize) -> Result<InstanceId, Failure> {
    Ok(format!("7d444840-9dc0-11d1-b245-5ffdce74fad{index}").parse()?)
}

/// What this process has in memory, in bytes.
fn memory() -> Result<usize, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let found = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
    Ok(found.ok_or("no VmRSS")?.parse::<usize>()? * 1024)
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let messages: usize = arguments.next().as_deref().unwrap_or("1000000").parse()?;
    let bodies: usize = arguments.next().as_deref().unwrap_or("0").parse()?;
    let in_thread: usize = arguments.next().as_deref().unwrap_or("4").parse()?;
    let mut fold = Fold { state: State::new(Keep { bodies, ..Keep::ALL }), buffer: Vec::new() };
    for index in 0..REPOS {
        fold.take(Event::Registered(Registered {
            instance: instance(index)?,
            repo: repo(index)?,
            session: None,
            path: None,
            capabilities: Vec::new(),
            accept_requests_from: Vec::new(),
            receive: Receive::All,
            client: None,
            pid: None,
            host: None,
        }))?;
    }
    let (before, started) = (memory()?, Instant::now());
    let mut thread = None;
    for index in 0..messages {
        let seq = fold.state.last().next();
        let id = fold.message(index, thread.as_ref().filter(|_| index % in_thread > 0))?;
        let first =
            thread.filter(|_| index % in_thread > 0).map_or_else(|| id.clone(), |(_, _, first)| first);
        thread = Some((id, seq, first));
    }
    let grown = memory()? - before;
    println!(
        "{messages} messages in {} threads: {} MB, {} bytes each; {:.1?} to read and fold one",
        fold.state.threads().count(),
        grown / 1_000_000,
        grown / messages.max(1),
        started.elapsed() / u32::try_from(messages.max(1))?,
    );
    Ok(())
}
