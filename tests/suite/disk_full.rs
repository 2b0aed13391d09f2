//! A journal that can not grow: nothing is acknowledged that is not stored, the bus lives, and it recovers by itself.
//!
//! The limit on the size of files that a process may write (`prlimit --fsize`) stands for the full disk.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::harness::{Bus, Machine, Wire, eventually, message, text};
use super::machine::BINARY;

/// How many messages are sent against the limit.
const MESSAGES: usize = 200;

/// A bus to which a file that can not grow is an error, and no signal.
fn start() -> Bus {
    let machine = Machine::new("");
    let mut command = machine.command("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" serve", BINARY]);
    Bus::started_by(machine, command)
}

/// Sets how large the bus's files may become.
fn limit(bus: &Bus, bytes: &str) {
    let (pid, bytes) = (bus.pid().to_string(), format!("--fsize={bytes}:unlimited"));
    let status = bus.command("prlimit").args(["--pid", &pid, &bytes]).status().unwrap();
    assert!(status.success(), "prlimit: {status}");
}

/// What became of each message.
#[derive(Default)]
struct Answers {
    acknowledged: BTreeSet<String>,
    refused: BTreeSet<String>,
}

impl Answers {
    fn take(&mut self, answer: &Value) {
        let id = text(answer, "ref").to_owned();
        if answer["op"] == "receipt" {
            assert!(self.acknowledged.insert(id));
        } else {
            assert_eq!(answer["code"], "journal_unavailable", "{answer}");
            assert!(text(answer, "hint").contains("again"), "{answer}");
            assert!(self.refused.insert(id));
        }
    }
}

fn send(wire: &mut Wire, id: &str) {
    let message = message(id, "LensSDK", "Query", json!({ "question": "x".repeat(1000) }));
    wire.say(&json!({ "op": "send", "ref": id, "message": message }));
}

/// Sends messages to a journal that has room for some of them; what was answered.
fn fill(bus: &Bus, wire: &mut Wire) -> Answers {
    bus.instance("LensSDK");
    let size = std::fs::metadata(bus.journal()).unwrap().len();
    limit(bus, &(size + 60_000).to_string());
    let mut answers = Answers::default();
    for index in 0..MESSAGES {
        send(wire, &format!("m{index}"));
        // One at a time, so that the disk is full between two of them and not before the first.
        wire.all_now().iter().for_each(|answer| answers.take(answer));
    }
    eventually("the disk is full", || {
        send(wire, &format!("more{}", answers.refused.len() + answers.acknowledged.len()));
        wire.all_now().iter().for_each(|answer| answers.take(answer));
        // What is acknowledged waits for the disk; a refusal does not.
        (!answers.refused.is_empty() && !answers.acknowledged.is_empty()).then_some(())
    });
    answers
}

#[test]
fn sends_are_refused_while_the_disk_is_full_and_taken_again_after() {
    let bus = start();
    let mut wire = bus.instance("Flagship");
    let mut answers = fill(&bus, &mut wire);

    // The bus lives, and says what is wrong; it answers what needs no journal.
    let mut other = bus.wire();
    assert_eq!(other.ask(json!({ "op": "ping" }))["op"], "pong");
    assert_eq!(other.ask(json!({ "op": "state" }))["op"], "state");
    bus.run(&["status"]).exits(0);
    let asked = ["send", "query", "--from", "UILib", "--to", "LensSDK", "--question", "?"];
    bus.run(&asked).exits(4).complains("journal_unavailable");

    limit(&bus, "unlimited");
    eventually("it takes messages again", || {
        send(&mut wire, &format!("again{}", answers.refused.len()));
        let answer =
            wire.find("an answer", |frame| frame["ref"].as_str().is_some_and(|id| id.starts_with("again")));
        answers.take(&answer);
        (answer["op"] == "receipt").then_some(())
    });
    wire.all_now().iter().for_each(|answer| answers.take(answer));
    bus.run(&["log", "verify"]).exits(0);
    check(bus, &answers);
}

#[test]
fn what_was_acknowledged_survives_a_kill_on_a_full_disk() {
    let mut bus = start();
    let mut wire = bus.instance("Flagship");
    let answers = fill(&bus, &mut wire);
    bus.kill();
    bus.restart();
    bus.run(&["log", "verify"]).exits(0);
    check(bus, &answers);
}

/// After another kill: all that was acknowledged is there, and nothing that was refused.
fn check(mut bus: Bus, answers: &Answers) {
    bus.kill();
    bus.restart();
    let unread = bus.repo("LensSDK")["unread"].as_u64().unwrap();
    let mut lens = bus.instance("LensSDK");
    let got: BTreeSet<_> = (0..unread)
        .map(|_| {
            let id = text(&lens.receive(), "id").to_owned();
            lens.ack("delivered", &[&id]);
            id
        })
        .collect();
    let lost: Vec<_> = answers.acknowledged.difference(&got).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let unwanted: Vec<_> = answers.refused.intersection(&got).collect();
    assert!(unwanted.is_empty(), "refused and delivered: {unwanted:?}");
}
