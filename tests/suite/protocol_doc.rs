//! `docs/protocol.md` is true: its worked session is replayed against a bus, and its tables are complete.
//!
//! In a block fenced as `session`, a line `A> {…}` is what client A sends, `A< {…}` the next frame that it gets, `#` a
//! comment. Client O is the operator's. In an expected frame the text "…" stands for any value; otherwise the frame must be what is printed, with no
//! member more or less, in whatever order.

use std::collections::BTreeMap;

use serde_json::Value;
use veda_bus_core::refusal::Code;
use veda_bus_core::wire::request::OPS;

use super::harness::{Bus, Wire};

const PROTOCOL: &str = include_str!("../../docs/protocol.md");

/// What stands for any value.
const ANYTHING: &str = "…";

/// A line of a session.
#[derive(Debug, PartialEq)]
enum Step<'a> {
    /// The client sends this line, whatever it is.
    Says(char, &'a str),
    /// The client gets this frame.
    Gets(char, Value),
}

/// The steps of the only session in a document.
fn session(document: &str) -> Vec<Step<'_>> {
    let mut blocks = document.split("\n```session\n").skip(1);
    let block = blocks.next().expect("a session").split("\n```").next().unwrap();
    assert!(blocks.next().is_none(), "one session is replayed");
    let lines = block.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(step).collect()
}

fn step(line: &str) -> Step<'_> {
    let mut chars = line.chars();
    let client = chars.next().filter(char::is_ascii_uppercase).unwrap_or_else(|| panic!("who is it? {line}"));
    match line.split_at_checked(3) {
        Some((direction, text)) if direction.ends_with("> ") => Step::Says(client, text),
        Some((direction, text)) if direction.ends_with("< ") => {
            Step::Gets(client, serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}")))
        }
        _ => panic!("neither > nor <: {line}"),
    }
}

/// Whether a frame is the expected one.
fn fits(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::String(text), _) if text == ANYTHING => true,
        (Value::Object(expected), Value::Object(found)) => {
            expected.len() == found.len()
                && expected
                    .iter()
                    .all(|(name, value)| found.get(name).is_some_and(|found| fits(value, found)))
        }
        (Value::Array(expected), Value::Array(found)) => {
            expected.len() == found.len()
                && expected.iter().zip(found).all(|(expected, found)| fits(expected, found))
        }
        _ => expected == found,
    }
}

fn connect(bus: &Bus, client: char) -> Wire {
    if client == 'O' { Wire::operator(&bus.socket()) } else { bus.wire() }
}

/// Plays a session; how many frames were sent and got.
fn replay(bus: &Bus, steps: &[Step<'_>]) -> (usize, usize) {
    let mut clients: BTreeMap<char, Wire> = BTreeMap::new();
    let (mut sent, mut got) = (0, 0);
    for step in steps {
        match step {
            Step::Says(client, line) => {
                let connected = clients.entry(*client).or_insert_with(|| connect(bus, *client));
                connected.write(format!("{line}\n").as_bytes());
                sent += 1;
            }
            Step::Gets(client, expected) => {
                let found = clients.get_mut(client).expect("a client that has said something").next();
                assert!(fits(expected, &found), "{client} got\n{found}\nand the document says\n{expected}");
                got += 1;
            }
        }
    }
    for (client, wire) in &mut clients {
        assert_eq!(wire.all_now(), [Value::Null; 0], "the document does not say that {client} gets this");
    }
    (sent, got)
}

#[test]
fn the_worked_session_is_what_happens() {
    let (sent, got) = replay(&Bus::start(), &session(PROTOCOL));
    assert!(sent >= 8 && got >= 12, "a worked session is longer than {sent} and {got} frames");
}

#[test]
fn the_replay_finds_what_is_not_true() {
    let document = |pong: &str| {
        format!("text\n```session\n# a comment\n\nA> {{\"op\":\"ping\",\"ref\":1}}\nA< {pong}\n```\n")
    };
    let plays = |pong: &str| {
        let document = document(pong);
        let steps = session(&document);
        assert_eq!(steps[0], Step::Says('A', r#"{"op":"ping","ref":1}"#));
        std::panic::catch_unwind(|| replay(&Bus::start(), &steps)).is_ok()
    };
    assert!(plays(r#"{"ref":1,"op":"pong"}"#) && plays(r#"{"op":"…","ref":"…"}"#));
    for wrong in [r#"{"op":"pong"}"#, r#"{"op":"pong","ref":2}"#, r#"{"op":"pong","ref":1,"more":"…"}"#] {
        assert!(!plays(wrong), "{wrong}");
    }
    let silent = "\n```session\nA> {\"op\":\"ping\"}\n```\n";
    assert!(
        std::panic::catch_unwind(|| replay(&Bus::start(), &session(silent))).is_err(),
        "a frame that is not told of"
    );
}

#[test]
fn every_frame_code_and_event_has_its_place() {
    let schema = veda_bus_core::schema::of::<Code>();
    let codes = schema["enum"].as_array().or_else(|| schema["oneOf"].as_array()).unwrap();
    let codes: Vec<_> = codes.iter().map(|code| code["const"].as_str().or(code.as_str()).unwrap()).collect();
    assert!(codes.len() >= 27, "{codes:?}");
    let frames = [
        "welcome", "receipt", "decided", "error", "message", "event", "notice", "inbox", "history", "state",
        "ok", "ping", "pong",
    ];
    let notices = ["expired", "step", "replaced", "shutting_down"];
    let events = [
        "started",
        "stopped",
        "checkpoint",
        "registered",
        "left",
        "stuck",
        "resumed",
        "accepted",
        "routed",
        "delivered",
        "read",
        "answered",
        "expired",
        "noticed",
        "refused",
        "proposed",
        "voted",
        "round",
        "tallied",
        "resolved",
        "amended",
        "released",
        "denied",
        "expiring",
        "halted",
        "continued",
        "configured",
    ];
    let verdicts =
        ["approve", "reject", "amend", "override", "release", "refuse", "continue", "allow", "revoke"];
    let words = codes.iter().chain(&OPS).chain(&frames).chain(&notices).chain(&events).chain(&verdicts);
    let missing: Vec<_> = words.filter(|word| !PROTOCOL.contains(&format!("`{word}`"))).collect();
    assert!(missing.is_empty(), "docs/protocol.md says nothing of {missing:?}");
}
