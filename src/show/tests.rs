//! What lines look like, and that nothing in them is dangerous.

use serde_json::json;
use veda_bus_core::event::{Routing, Started};
use veda_bus_core::message::Message;
use veda_bus_core::name::Seq;
use veda_bus_core::refusal::Code;
use veda_bus_core::text::is_hostile;

use super::*;

/// A Query.
pub(crate) fn query(id: &str, from: &str, to: &str, reply_to: Option<&str>) -> Message {
    asking(id, from, to, reply_to, "What is the interface of SessionManager?")
}

fn asking(id: &str, from: &str, to: &str, reply_to: Option<&str>, question: &str) -> Message {
    let json = json!({
        "id": id, "from": { "repo": from }, "to": { "repo": to }, "type": "Query", "timestamp": 1,
        "reply_to": reply_to, "payload": { "question": question },
    });
    Message::parse(&json.to_string(), None).unwrap()
}

/// A Query that was accepted and waits; good for an hour when it was accepted at second 1.
pub(crate) fn accepted(id: &str, from: &str, to: &str, reply_to: Option<&str>) -> Accepted {
    let routing = Routing { repo: "LensSDK".parse().unwrap(), instance: None, refused: None };
    Accepted {
        parent: None,
        by: "instance-1".parse().unwrap(),
        thread: reply_to.unwrap_or(id).parse().unwrap(),
        expires_at: Millis(3_601_000),
        recipients: vec![routing],
        message: query(id, from, to, reply_to),
    }
}

/// The line without its time.
fn shown(event: Event, memory: &Memory) -> String {
    let recorded = Recorded { seq: Seq(42), at: Millis(1_700_000_000_123), event };
    let line = super::event(&recorded, memory, Clock::Time).render(false);
    assert!(line[8..].starts_with(".123 "), "{line}");
    line[13..].to_owned()
}

fn moved(ids: &[&str]) -> Moved {
    let ids = ids.iter().map(|id| id.parse().unwrap()).collect();
    Moved { repo: "LensSDK".parse().unwrap(), instance: "9a8b7c6d5e".parse().unwrap(), ids }
}

#[test]
fn an_accepted_message_says_who_whom_what() {
    let memory = Memory::new();
    let event = accepted("3f2a1b2c-1", "Flagship", "LensSDK", None);
    assert_eq!(
        shown(Event::Accepted(Box::new(event)), &memory),
        "    42 accepted   3f2a1b2c Query Flagship → LensSDK, queued: What is the interface of SessionManager?"
    );
    let mut event = accepted("9", "Flagship", "*", Some("3f2a1b2c-1"));
    event.message.priority = Priority::High;
    let other = |repo: &str, instance: Option<&str>, refused| Routing {
        repo: repo.parse().unwrap(),
        instance: instance.map(|instance| instance.parse().unwrap()),
        refused,
    };
    event.recipients.push(other("UILib", Some("i"), None));
    event.recipients.push(other("CI", None, Some(Code::AccessDenied)));
    assert_eq!(
        shown(Event::Accepted(Box::new(event)), &memory),
        "    42 accepted   9 Query Flagship → *, high, reply to 3f2a1b2c, routed to UILib, queued for LensSDK, \
         refused by CI (access_denied): What is the interface of SessionManager?"
    );
}

#[test]
fn later_events_say_which_messages_they_are_about() {
    let mut memory = Memory::new();
    memory.learn(Millis(1), &accepted("one", "Flagship", "LensSDK", None));
    assert_eq!(
        shown(Event::Delivered(moved(&["one"])), &memory),
        "    42 delivered  to LensSDK, instance 9a8b7c6d: one Query from Flagship: What is the interface of \
         SessionManager?"
    );
    assert_eq!(
        shown(Event::Read(moved(&["1", "2", "3", "4", "5", "6"])), &memory),
        "    42 read       by LensSDK, instance 9a8b7c6d: 6 messages: 1; 2; 3; 4; and 2 more"
    );
    let answered = Answered {
        id: "one".parse().unwrap(),
        repo: "LensSDK".parse().unwrap(),
        answer: "two".parse().unwrap(),
    };
    assert_eq!(
        shown(Event::Answered(answered), &memory),
        "    42 answered   by LensSDK with two: one Query from Flagship: What is the interface of SessionManager?"
    );
    let expired = Expired {
        id: "one".parse().unwrap(),
        from: "Flagship".parse().unwrap(),
        unread_by: vec!["LensSDK".parse().unwrap(), "UILib".parse().unwrap()],
    };
    assert_eq!(
        shown(Event::Expired(expired), &memory),
        "    42 expired    never read by LensSDK, UILib: one Query from Flagship: What is the interface of \
         SessionManager?"
    );
}

#[test]
fn instances_and_the_bus_have_lines_too() {
    let memory = Memory::new();
    let registered = Registered {
        instance: "9a8b7c6d5e".parse().unwrap(),
        repo: "LensSDK".parse().unwrap(),
        session: None,
        path: None,
        capabilities: vec!["auth".parse().unwrap(), "ui".parse().unwrap()],
        accept_requests_from: vec!["*".into()],
        receive: Receive::All,
        client: Some("veda-bus-join".into()),
        pid: Some(7),
    };
    assert_eq!(
        shown(Event::Registered(registered), &memory),
        "    42 registered LensSDK, can auth, ui, client veda-bus-join, process 7, instance 9a8b7c6d"
    );
    let refused = Refused {
        repo: "Flagship".parse().unwrap(),
        id: None,
        to: None,
        code: Code::UnknownRepo,
        reason: "no repo is called LensSDX".into(),
    };
    assert_eq!(
        shown(Event::Refused(refused), &memory),
        "    42 refused    Flagship, unknown_repo: no repo is called LensSDX"
    );
    let started = Started { pid: 7, version: "0.1.0".into() };
    assert_eq!(shown(Event::Started(started), &memory), "    42 started    version 0.1.0, process 7");
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
    };
    let started = Started { pid: 7, version: hostile.into() };
    let events = [
        Event::Accepted(Box::new(event)),
        Event::Read(moved(&["one"])),
        Event::Refused(refused),
        Event::Started(started),
    ];
    for event in events {
        let line = shown(event, &memory);
        assert!(!line.chars().any(is_hostile), "{line:?}");
        assert!(line.contains("\\x1b"), "{line:?}");
    }
}

#[test]
fn a_long_text_stays_one_short_line() {
    let mut event = accepted("one", "Flagship", "LensSDK", None);
    event.message = asking("one", "Flagship", "LensSDK", None, &"日本語\n".repeat(100_000));
    let line = shown(Event::Accepted(Box::new(event)), &Memory::new());
    assert!(line.chars().count() < 300);
    assert!(line.ends_with('…'));
}
