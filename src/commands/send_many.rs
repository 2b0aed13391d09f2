//! `veda-bus send --message`: whole messages as JSON, one a line, each with its receipt.
//!
//! Every message is sent as its own `from`, over a connection for each identity, a window of them at a time. When the
//! bus goes away in the middle, the client reconnects and sends again what had no receipt; a message without an id is
//! given one here, so that the bus recognises it. When the bus takes no more for a while (`rate_limited`), what it did not
//! take is sent again in the order of the lines as soon as it says, and what follows waits.

use std::collections::{HashMap, VecDeque};
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::{JoinError, JoinHandle};
use veda_bus_core::client::{BusClient, ClientError, ClientEvent};
use veda_bus_core::event::Receive;
use veda_bus_core::message::Sender;
use veda_bus_core::name::MessageId;
use veda_bus_core::refusal::{Code, Refusal};
use veda_bus_core::text;
use veda_bus_core::wire::answer::Receipt;
use veda_bus_core::wire::request::Register;
use veda_bus_ui::words;

use crate::context::{Context, Output};
use crate::failure::{Failure, refused};
use crate::runtime::{runtime, tell_of_events};

/// How many messages are under way at once.
const WINDOW: usize = 256;

/// How long a bus that went away is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long after a failed attempt to reach it the next one is made.
const RETRY: Duration = Duration::from_millis(100);

type Fate = Result<Receipt, ClientError>;

pub(crate) fn run(context: &Context, file: &Path, allow_unknown: bool) -> Result<(), Failure> {
    let lines = read_lines(file)?;
    runtime()?.block_on(Batch::new(context, allow_unknown).send_all(lines, file))
}

/// A message on its way to the bus.
struct UnderWay {
    /// The number of its line.
    number: usize,
    /// When it was sent last.
    at: Instant,
    id: MessageId,
    client: BusClient,
    json: String,
    fate: JoinHandle<Fate>,
}

struct Batch<'a> {
    context: &'a Context,
    allow_unknown: bool,
    clients: HashMap<Value, BusClient>,
    /// Messages without a receipt, in the order of the lines.
    under_way: VecDeque<UnderWay>,
    /// Whether it was said that the bus takes no more for a while.
    told_of_waiting: bool,
    /// When the bus was last given the time that it asked for.
    waited_until: Instant,
    output: Output,
    sent: usize,
    refused: usize,
}

impl<'a> Batch<'a> {
    fn new(context: &'a Context, allow_unknown: bool) -> Self {
        Self {
            context,
            allow_unknown,
            clients: HashMap::new(),
            under_way: VecDeque::new(),
            told_of_waiting: false,
            waited_until: Instant::now(),
            output: Output::new(),
            sent: 0,
            refused: 0,
        }
    }

    async fn send_all(mut self, lines: Receiver<io::Result<String>>, file: &Path) -> Result<(), Failure> {
        if let Err(failure) = self.send_lines(lines, file).await {
            if !matches!(failure, Failure::OutputClosed) {
                self.settle_rest().await?;
            }
            return Err(failure);
        }
        self.output.flush()?;
        match self.refused {
            0 => Ok(()),
            refused => Err(Failure::SomeRefused { refused, sent: self.sent }),
        }
    }

    async fn send_lines(
        &mut self,
        mut lines: Receiver<io::Result<String>>,
        file: &Path,
    ) -> Result<(), Failure> {
        let (mut number, mut ended) = (0, false);
        while !(ended && self.under_way.is_empty()) {
            tokio::select! {
                line = lines.recv(), if !ended && self.may_read() => match line {
                    Some(line) => {
                        let line = line.map_err(|error| Failure::File { path: file.to_owned(), error })?;
                        number += 1;
                        if !line.trim().is_empty() {
                            self.sent += 1;
                            self.send(number, &line).await?;
                        }
                    }
                    None => ended = true,
                },
                fate = first_fate(&mut self.under_way), if !self.under_way.is_empty() => self.settle_or_wait(fate).await?,
            }
        }
        Ok(())
    }

    /// Prints what became of all that is under way, when no more is sent: what has a receipt was sent.
    async fn settle_rest(&mut self) -> Result<(), Failure> {
        let mut unknown = 0;
        while !self.under_way.is_empty() {
            let fate = first_fate(&mut self.under_way).await;
            match self.settle_first(fate) {
                Err(Failure::OutputClosed) => return Err(Failure::OutputClosed),
                Err(_) => unknown += 1,
                Ok(()) => {}
            }
        }
        if unknown > 0 {
            eprintln!("veda-bus: {unknown} more messages have no receipt");
        }
        self.output.flush()
    }

    async fn send(&mut self, number: usize, line: &str) -> Result<(), Failure> {
        let (id, from, json) = match prepare(line) {
            Ok(prepared) => prepared,
            Err(refusal) => return self.print_refusal(number, None, &refusal),
        };
        let client = match self.client(from.as_ref()).await {
            Ok(client) => client,
            Err(ClientError::Refused(refusal)) => return self.print_refusal(number, Some(&id), &refusal),
            Err(error) => return Err(error.into()),
        };
        let fate = self.post(&client, &json);
        self.under_way.push_back(UnderWay { number, at: Instant::now(), id, client, json, fate });
        Ok(())
    }

    fn post(&self, client: &BusClient, json: &str) -> JoinHandle<Fate> {
        let (client, json, allow_unknown) = (client.clone(), json.to_owned(), self.allow_unknown);
        tokio::spawn(async move {
            let sent = tokio::time::timeout(PATIENCE, client.send_json(json, allow_unknown)).await;
            sent.unwrap_or(Err(ClientError::TimedOut(PATIENCE)))
        })
    }

    /// Prints what became of the oldest message without a receipt. One that the bus will take later is sent again then.
    async fn settle_or_wait(&mut self, fate: Result<Fate, JoinError>) -> Result<(), Failure> {
        let Ok(Err(ClientError::Refused(refusal))) = &fate else { return self.settle_first(fate) };
        let Some(seconds) = refusal.retry_after else { return self.settle_first(fate) };
        let Some(mut one) = self.under_way.pop_front() else { return Ok(()) };
        // What was sent before the last wait ended has been waited for already.
        if one.at >= self.waited_until {
            self.wait(refusal, Duration::from_secs(seconds)).await?;
        }
        (one.at, one.fate) = (Instant::now(), self.post(&one.client, &one.json));
        self.under_way.push_front(one);
        Ok(())
    }

    async fn wait(&mut self, refusal: &Refusal, time: Duration) -> Result<(), Failure> {
        self.output.flush()?;
        if !std::mem::replace(&mut self.told_of_waiting, true) {
            eprintln!("veda-bus: {}; the rest is sent as the bus takes it", text::line(&refusal.message));
        }
        tokio::time::sleep(time).await;
        self.waited_until = Instant::now();
        Ok(())
    }

    /// Whether there is room for another line, and nothing may have to be sent again before it.
    fn may_read(&self) -> bool {
        let is_catching_up = self.under_way.back().is_some_and(|last| last.at < self.waited_until);
        self.under_way.len() < WINDOW && !is_catching_up
    }

    /// The client that is `from`; without one, whoever speaks here.
    async fn client(&mut self, from: Option<&Sender>) -> Result<BusClient, ClientError> {
        let key = json!(from);
        if let Some(client) = self.clients.get(&key) {
            return Ok(client.clone());
        }
        let register = match from {
            None => self.context.registration(self.context.speaker(None)),
            Some(from) => Register {
                path: from.path.clone(),
                session_id: from.session_id.clone(),
                instance_id: from.instance_id.clone(),
                ..self.context.registration(from.repo.clone())
            },
        };
        let client = self.connect().await?;
        tell_of_events(&client, tell_of_reconnection);
        let register = Register { receive: Receive::None, client: "veda-bus".parse().ok(), ..register };
        let registered = tokio::time::timeout(PATIENCE, client.register(register)).await;
        registered.unwrap_or(Err(ClientError::TimedOut(PATIENCE)))?;
        self.clients.insert(key, client.clone());
        Ok(client)
    }

    /// A new connection. A bus that was there before is waited for: its other clients do so, too.
    async fn connect(&self) -> Result<BusClient, ClientError> {
        let until = Instant::now() + PATIENCE;
        loop {
            match BusClient::connect(self.context.socket()).await {
                Err(ClientError::NoBus { .. }) if !self.clients.is_empty() && Instant::now() < until => {
                    tokio::time::sleep(RETRY).await;
                }
                connected => return connected,
            }
        }
    }

    /// Prints what became of the oldest message without a receipt.
    fn settle_first(&mut self, fate: Result<Fate, JoinError>) -> Result<(), Failure> {
        let Some(UnderWay { number, id, .. }) = self.under_way.pop_front() else { return Ok(()) };
        match fate.map_err(|error| Failure::Failed(error.to_string()))? {
            Ok(receipt) if self.context.json => self.output.json(&receipt)?,
            Ok(receipt) => self.output.line(&words::receipt(&receipt, &[]))?,
            Err(ClientError::Refused(refusal)) => self.print_refusal(number, Some(&id), &refusal)?,
            Err(error) => {
                self.output.flush()?;
                return Err(error.into());
            }
        }
        if self.under_way.is_empty() { self.output.flush() } else { Ok(()) }
    }

    fn print_refusal(
        &mut self,
        number: usize,
        id: Option<&MessageId>,
        refusal: &Refusal,
    ) -> Result<(), Failure> {
        self.refused += 1;
        if self.context.json {
            return self.output.json(&json!({ "line": number, "id": id, "error": refusal }));
        }
        self.output.line(&format!("line {number}: {}", refused(refusal)))
    }
}

/// Is done when the oldest message has a receipt or a refusal.
async fn first_fate(under_way: &mut VecDeque<UnderWay>) -> Result<Fate, JoinError> {
    match under_way.front_mut() {
        Some(first) => (&mut first.fate).await,
        None => std::future::pending().await,
    }
}

/// The lines of a file, read on a thread of their own: a message is sent when its line is there, not when the next is.
fn read_lines(file: &Path) -> Result<Receiver<io::Result<String>>, Failure> {
    let reader: Box<dyn BufRead + Send> = if file == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        let failed = |error| Failure::File { path: file.to_owned(), error };
        Box::new(BufReader::new(std::fs::File::open(file).map_err(failed)?))
    };
    let (tell, lines) = channel(WINDOW);
    // It ends with its file, or when nobody wants more; a process does not wait for it.
    std::thread::spawn(move || reader.lines().try_for_each(|line| tell.blocking_send(line)));
    Ok(lines)
}

/// A line's id, sender and envelope; an envelope without an id is given one.
fn prepare(line: &str) -> Result<(MessageId, Option<Sender>, String), Refusal> {
    let invalid = |error: &serde_json::Error| {
        let at = format!("byte {}", error.column().saturating_sub(1));
        Refusal::new(Code::InvalidJson, error.to_string()).at(at)
    };
    let value: Value = serde_json::from_str(line).map_err(|error| invalid(&error))?;
    let Value::Object(envelope) = value else {
        return Err(Refusal::expected(Code::InvalidMessage, "message", "an object", "something else"));
    };
    let from = envelope.get("from").map(|from| {
        serde_json::from_value::<Sender>(from.clone())
            .map_err(|error| Refusal::new(Code::InvalidMessage, error.to_string()).at("from"))
    });
    let from = from.transpose()?;
    if let Some(id) = envelope.get("id").and_then(Value::as_str) {
        let id = MessageId::new(id)
            .map_err(|error| Refusal::expected(Code::InvalidMessage, "id", "a name", &error.to_string()))?;
        return Ok((id, from, line.trim().to_owned()));
    }
    let id = MessageId::random();
    let rest = line.trim().strip_prefix('{').unwrap_or_default();
    let comma = if envelope.is_empty() { "" } else { "," };
    let json = format!("{{\"id\":\"{id}\"{comma}{rest}");
    Ok((id, from, json))
}

fn tell_of_reconnection(event: &ClientEvent) {
    match event {
        ClientEvent::Lost => eprintln!("veda-bus: the bus went away, trying again"),
        ClientEvent::Resent(count) => {
            eprintln!("veda-bus: the bus is back; {count} messages without a receipt were sent again");
        }
        ClientEvent::Refused(refusal) => eprintln!("veda-bus: {}", text::line(&refused(refusal))),
        _ => {}
    }
}
