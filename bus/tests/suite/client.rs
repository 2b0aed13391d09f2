//! The client across a bus that goes away and comes back.

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixListener;
use tokio::sync::oneshot;
use veda_bus_core::client::{BusClient, ClientError, ClientEvent};
use veda_bus_core::config::BusSettings;
use veda_bus_core::message::{Draft, Recipient};
use veda_bus_core::name::Seq;
use veda_bus_core::payload::{Form, Payload, Query, QueryAnswer, Text};
use veda_bus_core::refusal::Code;
use veda_bus_core::server::Server;
use veda_bus_core::state::record::Stage;
use veda_bus_core::wire::request::History;
use veda_bus_core::wire::{Decide, Register, Verdict};

use crate::bench::repo;

/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A bus on a thread of its own.
struct Host {
    socket: PathBuf,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Host {
    fn start(folder: &Path) -> Self {
        let socket = folder.join("bus.sock");
        let settings =
            BusSettings { socket_path: socket.clone(), log_path: folder.join("log"), ..Default::default() };
        let server = Server::bind(settings).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let stopped = async move {
                let _ = stopped.await;
            };
            runtime.block_on(server.run(stopped)).unwrap();
        });
        Self { socket, running: Some((stop, thread)) }
    }

    fn stop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            let _ = stop.send(());
            thread.join().unwrap();
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn instance(host: &Host, name: &str) -> BusClient {
    let client = BusClient::connect(&host.socket).await.unwrap();
    client.register(Register::new(repo(name))).await.unwrap();
    client
}

fn question(text: &str, to: &str) -> Draft {
    let question = Text::new(text).unwrap();
    let query = Query { question, context: None, response_format: None };
    Draft::new(Recipient::repo(repo(to)), Payload::Query(Form::Opening(query)))
}

async fn next_question(client: &BusClient) -> String {
    let incoming = tokio::time::timeout(PATIENCE, client.receive()).await.unwrap().unwrap();
    incoming.message.payload.headline()
}

#[tokio::test]
async fn what_was_given_and_read_while_the_bus_was_away_is_not_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut host = Host::start(folder.path());
    let lens = instance(&host, "LensSDK").await;
    let flagship = instance(&host, "Flagship").await;
    for text in ["one", "two"] {
        flagship.send(&question(text, "LensSDK")).await.unwrap();
    }
    let one = tokio::time::timeout(PATIENCE, lens.receive()).await.unwrap().unwrap();
    let mut events = lens.events();
    host.stop();
    while !matches!(events.recv().await.unwrap(), ClientEvent::Lost) {}
    lens.ack_read(&one.message.id).await.unwrap();
    let _host = Host::start(folder.path());
    // What was given and not read is not given twice either; the third is new.
    flagship.send(&question("three", "LensSDK")).await.unwrap();
    assert_eq!(next_question(&lens).await, "two");
    assert_eq!(next_question(&lens).await, "three");
    lens.ping().await.unwrap();
    let history = History { id: Some(one.message.id.to_string()), ..History::default() };
    let entries = lens.history(&history).await.unwrap();
    assert_eq!(entries[0].record.ladder[0].stage, Stage::Read);
}

#[tokio::test]
async fn large_answers_and_large_questions_at_once_do_not_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(folder.path());
    let flagship = instance(&host, "Flagship").await;
    let large = "x".repeat(900_000);
    for _ in 0..9 {
        flagship.send(&question(&large, "operator")).await.unwrap();
    }
    let asks = async {
        let history = History::default();
        tokio::try_join!(flagship.history(&history), flagship.history(&history), flagship.history(&history))
    };
    let sends = async {
        let send = |_| {
            let (flagship, draft) = (flagship.clone(), question(&large, "operator"));
            tokio::spawn(async move { flagship.send(&draft).await })
        };
        for sent in (0..20).map(send).collect::<Vec<_>>() {
            sent.await.unwrap().unwrap();
        }
    };
    let both = async { tokio::join!(asks, sends).0.unwrap() };
    tokio::time::timeout(PATIENCE, both).await.unwrap();
}

#[tokio::test]
async fn a_registration_that_is_refused_does_not_cost_the_one_that_holds() {
    let folder = tempfile::tempdir().unwrap();
    let mut host = Host::start(folder.path());
    let client = instance(&host, "Flagship").await;
    client.register(Register::new(repo("AuthCore"))).await.unwrap_err();
    host.stop();
    let _host = Host::start(folder.path());
    client.send(&question("Still me?", "operator")).await.unwrap();
}

#[tokio::test]
async fn a_stream_has_neither_gap_nor_double_across_a_restart_or_a_second_request() {
    let folder = tempfile::tempdir().unwrap();
    let mut host = Host::start(folder.path());
    let client = instance(&host, "Flagship").await;
    let _later = client.subscribe(None).await.unwrap();
    let mut events = client.subscribe(Some(Seq(1))).await.unwrap();
    client.send(&question("before", "operator")).await.unwrap();
    host.stop();
    let _host = Host::start(folder.path());
    let receipt = client.send(&question("after", "operator")).await.unwrap();
    let mut next = Seq(1);
    while next <= receipt.seq {
        let event = tokio::time::timeout(PATIENCE, events.recv()).await.unwrap().unwrap();
        assert_eq!(event.seq, next);
        next = next.next();
    }
}

#[tokio::test]
async fn a_request_waits_for_more_than_an_acknowledgement() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(folder.path());
    let lens = instance(&host, "LensSDK").await;
    let flagship = instance(&host, "Flagship").await;
    let answers = async {
        let asked = lens.receive().await.unwrap().message;
        let acknowledged = Payload::acknowledgement(asked.kind());
        lens.send(&Draft::answer(&asked, acknowledged)).await.unwrap();
        let answer = QueryAnswer { answer: Some("forty-two".into()), ..QueryAnswer::default() };
        lens.reply(&asked, Payload::Query(Form::Answer(answer))).await.unwrap();
    };
    let draft = question("What is it?", "LensSDK");
    let (asked, ()) = tokio::join!(flagship.request(&draft, PATIENCE), answers);
    assert_eq!(asked.unwrap().1.message.payload.headline(), "forty-two");
}

/// A bus in so far as it welcomes whoever comes, and answers what `answers` says; gives the operations it was sent.
async fn serve(listener: &UnixListener, answers: impl Fn(&str) -> Option<Value>) -> Vec<String> {
    let (stream, _) = listener.accept().await.unwrap();
    let (reader, mut writer) = stream.into_split();
    let (mut lines, mut ops) = (BufReader::new(reader).lines(), Vec::new());
    while let Ok(Some(line)) = lines.next_line().await {
        let frame: Value = serde_json::from_str(&line).unwrap();
        let op = frame["op"].as_str().unwrap().to_owned();
        let answer = if op == "register" { Some(welcome()) } else { answers(&op) };
        ops.push(op);
        let Some(mut answer) = answer else { return ops };
        answer["ref"] = frame["ref"].clone();
        writer.write_all(format!("{answer}\n").as_bytes()).await.unwrap();
    }
    ops
}

fn welcome() -> Value {
    json!({
        "op": "welcome", "version": "0", "pid": 1, "instance_id": "i", "repo": "operator", "resumed": false,
        "unread": 0, "seq": 1, "max_message_size": 1000, "default_ttl": 60, "durability": "none",
    })
}

#[tokio::test]
async fn a_decision_goes_over_one_connection_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("bus.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let bus = tokio::spawn(async move {
        // It goes away while a decision is with it.
        let first = serve(&listener, |_| None).await;
        let second =
            serve(&listener, |op| (op != "ping").then(|| json!({ "op": "decided", "seq": 7 }))).await;
        (first, second)
    });
    let operator = BusClient::connect(&socket).await.unwrap();
    operator.register(Register::new(repo("operator"))).await.unwrap();
    let decide = Decide::on(Verdict::Approve, "m".parse().unwrap());
    assert!(matches!(operator.decide(&decide).await, Err(ClientError::Unanswered)));
    // Asked when the bus is away, or is there again: it has met nothing yet.
    assert_eq!(operator.decide(&decide).await.unwrap().seq, Seq(7));
    let large = Decide { comment: Text::new("x".repeat(1000)), ..decide };
    let Err(ClientError::Refused(refusal)) = operator.decide(&large).await else { panic!("it was sent") };
    assert_eq!(refusal.code, Code::TooLarge);
    let ping = tokio::spawn(async move { operator.ping().await });
    let (first, second) = tokio::time::timeout(PATIENCE, bus).await.unwrap().unwrap();
    assert_eq!(first, ["register", "decide"]);
    assert_eq!(second, ["register", "decide", "ping"]);
    ping.abort();
}
