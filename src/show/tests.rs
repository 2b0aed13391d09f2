//! What lines look like, and that nothing in them is dangerous.

use serde_json::json;
use veda_bus_core::event::{Accepted, Event, Moved, Refused, Routing, Started};
use veda_bus_core::message::{Message, Priority};
use veda_bus_core::name::Seq;
use veda_bus_core::refusal::Code;
use veda_bus_core::text::is_hostile;

use super::memory::Memory;
use super::*;

fn asking(id: &str, from: &str, to: &str, reply_to: Option<&str>, question: &str) -> Message {
    let json = json!({
        "id": id, "from": { "repo": from }, "to": { "repo": to }, "type": "Query", "timestamp": 1,
        "reply_to": reply_to, "payload": { "question": question },
    });
    Message::parse(&json.to_string(), None).unwrap()
}

/// A Query that was accepted and waits; good for an hour when it was accepted at second 1.
pub(crate) fn accepted(id: &str, from: &str, to: &str, reply_to: Option<&str>) -> Accepted {
    let routing = Routing { repo: "LensSDK".parse().unwrap(), instance: None, refused: None, held: false };
    Accepted {
        parent: None,
        by: "instance-1".parse().unwrap(),
        thread: reply_to.unwrap_or(id).parse().unwrap(),
        expires_at: Millis(3_601_000),
        recipients: vec![routing],
        held: None,
        message: asking(id, from, to, reply_to, "What is the interface of SessionManager?"),
    }
}

/// The line without its time.
fn shown(event: Event, memory: &Memory, colours: bool) -> String {
    let recorded = Recorded { seq: Seq(42), at: Millis(1_700_000_000_123), event };
    let line = ansi::line(&super::event(&recorded, memory, Clock::Time), colours);
    let (before, after) = line.split_once(".123").unwrap();
    assert_eq!(before.chars().filter(|&c| c == ':').count(), 2, "{line}");
    after.to_owned()
}

fn read(ids: &[&str]) -> Event {
    let ids = ids.iter().map(|id| id.parse().unwrap()).collect();
    Event::Read(Moved { repo: "LensSDK".parse().unwrap(), instance: "9a8b7c6d5e".parse().unwrap(), ids })
}

#[test]
fn a_line_has_its_number_and_the_colours_of_a_terminal() {
    let mut memory = Memory::new();
    memory.learn(Millis(1), &accepted("one", "Flagship", "LensSDK", None));
    assert_eq!(
        shown(read(&["one"]), &memory, false),
        "     42 read       by LensSDK, instance 9a8b7c6d: one Query from Flagship: What is the interface of \
         SessionManager?"
    );
    assert_eq!(
        shown(read(&["one"]), &memory, true),
        "\x1b[0m     42 \x1b[32mread      \x1b[0m by \x1b[1mLensSDK\x1b[0m\x1b[2m, instance 9a8b7c6d\x1b[0m: \
         \x1b[1mone\x1b[0m Query from \x1b[1mFlagship\x1b[0m: What is the interface of SessionManager?"
    );
    let mut event = accepted("two", "operator", "LensSDK", None);
    event.message.priority = Priority::High;
    assert_eq!(
        shown(Event::Accepted(Box::new(event)), &memory, true),
        "\x1b[0m     42 \x1b[36maccepted  \x1b[0m \x1b[1mtwo\x1b[0m Query \x1b[1moperator\x1b[0m → \
         \x1b[1mLensSDK\x1b[0m, \x1b[33mhigh\x1b[0m\x1b[2m, queued\x1b[0m: What is the interface of SessionManager?"
    );
}

#[test]
fn nothing_dangerous_comes_through() {
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}evil\u{200b}\r\n\u{9b}31m";
    let mut event = accepted("one", "Flagship", "LensSDK", None);
    event.message = asking("one", "Flagship", "LensSDK", None, hostile);
    let mut memory = Memory::new();
    memory.learn(Millis(1), &event);
    let refused = Refused {
        repo: "Flagship".parse().unwrap(),
        id: None,
        to: None,
        code: Code::InvalidJson,
        reason: hostile.into(),
        pid: None,
    };
    let started = Started { pid: 7, version: hostile.into() };
    let events =
        [Event::Accepted(Box::new(event)), read(&["one"]), Event::Refused(refused), Event::Started(started)];
    for event in events {
        let line = shown(event, &memory, false);
        assert!(!line.chars().any(is_hostile), "{line:?}");
        assert!(line.contains("\\x1b"), "{line:?}");
    }
}
