//! What the words are.

use std::collections::HashMap;

use serde_json::{Value, json};
use veda_bus_core::event::Event;
use veda_bus_core::journal::line::decode;
use veda_bus_core::message::MessageType;
use veda_bus_core::name::{MessageId, RepoName};

use super::*;

/// What somebody knows of messages: who sent each, a Query, and what it says.
#[derive(Default)]
struct Known(HashMap<MessageId, (RepoName, Option<&'static str>)>);

impl Known {
    fn of(id: &str, from: &str, headline: Option<&'static str>) -> Self {
        Self(HashMap::from([(id.parse().unwrap(), (from.parse().unwrap(), headline))]))
    }
}

impl Knows for Known {
    fn mention(&self, id: &MessageId) -> Option<Mention<'_>> {
        let (from, headline) = self.0.get(id)?;
        Some(Mention { kind: MessageType::Query, from, headline: headline.map(Into::into) })
    }
}

const ASKED: &str = "What is the interface of SessionManager?";

/// An event as a line of the journal with these members would have it.
fn recorded(name: &str, members: &Value) -> Event {
    let members = members.to_string();
    let members = &members[1..members.len() - 1];
    let chain = "0".repeat(32);
    let line = format!(r#"{{"seq":1,"at":1,"event":"{name}",{members},"chain":"{chain}"}}"#);
    decode(&line).unwrap().0.event
}

/// A Query that was accepted, with these members beside those that every message has.
fn accepted(message: &Value, recipients: &Value) -> Event {
    let mut whole = json!({
        "id": "3f2a1b2c-1", "from": { "repo": "Flagship" }, "to": { "repo": "LensSDK" }, "type": "Query",
        "timestamp": 1, "payload": { "question": ASKED },
    });
    let members = message.as_object().unwrap().clone();
    whole.as_object_mut().unwrap().extend(members);
    let body = json!({
        "by": "i", "thread": "3f2a1b2c-1", "expires_at": 1, "recipients": recipients, "message": whole,
    });
    recorded("accepted", &body)
}

fn moved(name: &str, ids: &[&str]) -> Event {
    recorded(name, &json!({ "repo": "LensSDK", "instance": "9a8b7c6d5e", "ids": ids }))
}

#[test]
fn sizes_are_short() {
    assert_eq!(
        [999, 1000, 12_345_678, 5_000_000_000].map(size),
        ["999 bytes", "1.0 kB", "12.3 MB", "5.0 GB"]
    );
}

#[test]
fn an_accepted_message_says_who_whom_what() {
    let known = Known::default();
    let waits = json!([{ "repo": "LensSDK" }]);
    assert_eq!(
        event(&accepted(&json!({}), &waits), &known).text(),
        "accepted   3f2a1b2c-1 Query Flagship → LensSDK, queued: What is the interface of SessionManager?"
    );
    let message = json!({
        "id": "9", "to": { "repo": "*", "capabilities": ["auth", "ui"] }, "priority": "high",
        "reply_to": "3f2a1b2c-1",
    });
    let recipients = json!([
        { "repo": "LensSDK" },
        { "repo": "UILib", "instance": "i" },
        { "repo": "CI", "refused": "access_denied" },
    ]);
    assert_eq!(
        event(&accepted(&message, &recipients), &known).text(),
        "accepted   9 Query Flagship → * that can auth, ui, high, reply to 3f2a1b2c-1, routed to UILib, \
         queued for LensSDK, refused by CI (access_denied): What is the interface of SessionManager?"
    );
}

#[test]
fn later_events_say_which_messages_they_are_about() {
    let known = Known::of("one", "Flagship", Some(ASKED));
    let told = |event_of: &Event| event(event_of, &known).text();
    assert_eq!(
        told(&moved("delivered", &["one"])),
        "delivered  to LensSDK, instance 9a8b7c6d: one Query from Flagship: What is the interface of SessionManager?"
    );
    assert_eq!(
        told(&moved("read", &["1", "2", "3", "4", "5", "6"])),
        "read       by LensSDK, instance 9a8b7c6d: 6 messages: 1; 2; 3; 4; and 2 more"
    );
    assert_eq!(
        told(&recorded("answered", &json!({ "id": "one", "repo": "LensSDK", "answer": "two" }))),
        "answered   by LensSDK with two: one Query from Flagship: What is the interface of SessionManager?"
    );
    let expired = json!({ "id": "one", "from": "Flagship", "unread_by": ["LensSDK", "UILib"] });
    assert_eq!(
        told(&recorded("expired", &expired)),
        "expired    never read by LensSDK, UILib: one Query from Flagship: What is the interface of SessionManager?"
    );
    assert_eq!(
        told(&recorded("noticed", &json!({ "repo": "Flagship", "ids": ["one", "two"] }))),
        "noticed    Flagship knows what expired: 2 messages: one Query from Flagship: What is the interface of \
         SessionManager?; two"
    );
}

#[test]
fn a_message_is_mentioned_without_its_text_too() {
    let known = Known::of("one", "operator", None);
    let row = event(&moved("routed", &["one"]), &known);
    assert_eq!(row.text(), "routed     to LensSDK, instance 9a8b7c6d: one Query from operator");
    let roles: Vec<_> = row.pieces().iter().map(|(role, _)| *role).collect();
    let mention = [Role::Id, Role::Text, Role::Query, Role::Text, Role::Operator];
    assert_eq!(roles[..4], [Role::Routed, Role::Text, Role::Repo, Role::Dim]);
    assert_eq!(roles[5..], mention);
}

#[test]
fn instances_and_the_bus_have_rows_too() {
    let told = |name: &str, members: Value| event(&recorded(name, &members), &Known::default()).text();
    let registered = json!({
        "instance": "9a8b7c6d5e", "repo": "LensSDK", "capabilities": ["auth", "ui"], "receive": "none",
        "accept_requests_from": ["*"], "client": "veda-bus-join", "pid": 7,
    });
    assert_eq!(
        told("registered", registered),
        "registered LensSDK, can auth, ui, only sends, client veda-bus-join, process 7, instance 9a8b7c6d"
    );
    let left = json!({ "instance": "9a8b7c6d5e", "repo": "LensSDK", "reason": "replaced" });
    assert_eq!(
        told("left", left),
        "left       LensSDK, instance 9a8b7c6d was replaced by another connection"
    );
    let refused = json!({
        "repo": "Flagship", "to": { "repo": "LensSDX" }, "code": "unknown_repo",
        "reason": "no repo is called LensSDX",
    });
    assert_eq!(
        told("refused", refused),
        "refused    Flagship → LensSDX, unknown_repo: no repo is called LensSDX"
    );
    let started = json!({ "pid": 7, "version": "0.1.0" });
    assert_eq!(told("started", started), "started    version 0.1.0, process 7");
}

#[test]
fn a_long_text_stays_one_short_row() {
    let message = json!({ "payload": { "question": "日本語\n".repeat(100_000) } });
    let text = event(&accepted(&message, &json!([{ "repo": "LensSDK" }])), &Known::default()).text();
    assert!(text.chars().count() < 300);
    assert!(text.ends_with('…'));
}

#[test]
fn names_are_listed_and_things_counted() {
    assert_eq!(listed(["a", "b", "c", "d"]), "a, b, c, d");
    assert_eq!(listed(["a", "b", "c", "d", "e"]), "a, b, c, d and 1 more");
    assert_eq!([0_u64, 1, 2].map(|count| counted(count, "line")), ["0 lines", "1 line", "2 lines"]);
}

#[test]
fn votes_holds_and_rules_have_rows() {
    let known = Known::of("one", "Flagship", Some("Rename it"));
    let told = |name: &str, members: Value| event(&recorded(name, &members), &known).text();
    let tail = ": one Query from Flagship: Rename it";
    let proposed = |all| {
        let voters = ["A", "B", "C", "D", "E"];
        json!({ "negotiation": "one", "by": "Flagship", "voters": voters, "requires_consensus": all, "expires_at": 2 })
    };
    let voted =
        json!({ "negotiation": "one", "round": 2, "repo": "UILib", "vote": "counter", "message": "two" });
    let round = json!({ "negotiation": "one", "round": 2, "by": "UILib", "message": "one", "expires_at": 2 });
    let tally = json!({ "accept": 2, "reject": 1, "abstain": 0, "waiting": 1 });
    let tallied = json!({ "negotiation": "one", "round": 1, "standing": "split", "tally": tally });
    let resolved = json!({
        "negotiation": "one", "round": 1, "outcome": "approved", "by": "operator", "message": "three",
        "overridden": true,
    });
    let expiring = json!({ "id": "one", "from": "Flagship", "expires_at": 2 });
    let halted = json!({ "thread": "one", "reason": "the same again and again" });
    let configured = json!({ "negotiations": "on_conflict", "hold": ["a", "b"], "allow": [] });
    let wrong =
        json!({ "negotiations": "never", "hold": [], "allow": [], "problems": ["bus.toml:3:8: what?"] });
    let cases = [
        ("proposed", proposed(true), "proposed   by Flagship, needs all of A, B, C, D and 1 more", true),
        (
            "proposed",
            proposed(false),
            "proposed   by Flagship, needs a majority of A, B, C, D and 1 more",
            true,
        ),
        ("voted", voted, "voted      counter by UILib in round 2", true),
        ("round", round, "round      2 worded by UILib", true),
        ("tallied", tallied, "tallied    split in round 1, 2 accept, 1 reject, 1 has not voted", true),
        ("resolved", resolved, "resolved   approved by operator, whatever the votes", true),
        ("released", json!({ "id": "one" }), "released   by the operator", true),
        ("denied", json!({ "id": "one", "answer": "two" }), "denied     by the operator", true),
        ("expiring", expiring, "expiring   still held, and soon stale", true),
        ("halted", halted, "halted     the thread is held, the same again and again", true),
        ("continued", json!({ "thread": "one" }), "continued  the thread goes on", true),
        (
            "configured",
            configured,
            "configured the operator decides disputed negotiations; 2 rules to hold, 0 rules to let pass",
            false,
        ),
        ("configured", wrong, "configured the rules stay as they were: bus.toml:3:8: what?", false),
    ];
    for (name, members, expected, is_about_one) in cases {
        assert_eq!(told(name, members), format!("{expected}{}", if is_about_one { tail } else { "" }));
    }
}

#[test]
fn a_reason_is_harmless_and_short() {
    let halted = json!({ "thread": "one", "reason": "\u{1b}[31m\u{202e} again ".repeat(1000) });
    let text = event(&recorded("halted", &halted), &Known::default()).text();
    assert!(!text.chars().any(veda_bus_core::text::is_hostile) && text.chars().count() < 200, "{text}");
}
