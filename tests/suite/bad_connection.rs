//! Input that is bad because of when it comes, or where, or how much of it there is.

use serde_json::{Value, json};

use super::harness::{Bus, message, query, text};

#[test]
fn a_connection_that_is_no_instance_may_only_look() {
    let bus = Bus::start();
    bus.instance("LensSDK");
    let mut wire = bus.wire();
    let send = json!({ "op": "send", "message": query("q", "LensSDK") });
    for frame in [send, json!({ "op": "ack", "ids": ["q"] })] {
        let error = wire.ask(frame);
        assert_eq!(error["code"], "not_registered", "{error}");
        assert!(text(&error, "hint").contains("register"), "{error}");
    }
    for repo in ["*", "bus", "", " ", "a\u{202e}b"] {
        let error = wire.ask(json!({ "op": "register", "repo": repo }));
        assert_eq!((&error["code"], &error["at"]), (&json!("invalid_frame"), &json!("repo")), "{error}");
    }
    let error = wire.ask(json!({ "op": "register", "repo": "A", "path": "x".repeat(5000) }));
    assert_eq!((&error["code"], &error["at"]), (&json!("invalid_frame"), &json!("path")), "{error}");
    let error = wire.ask(json!({ "op": "register", "repo": "A", "capabilities": vec!["c"; 10_000] }));
    assert_eq!((&error["code"], &error["at"]), (&json!("invalid_frame"), &json!("capabilities")), "{error}");
    for op in ["history", "subscribe", "state", "ping"] {
        assert_ne!(wire.ask(json!({ "op": op }))["op"], "error", "{op}");
    }
    // All of that was no registration.
    assert_eq!(wire.ask(json!({ "op": "register", "repo": "A" }))["op"], "welcome");
}

#[test]
fn a_line_that_never_ends_is_refused_before_it_does() {
    let bus = Bus::start();
    let mut wire = bus.wire();
    for _ in 0..40 {
        wire.write(&vec![b'x'; 64 * 1024]);
    }
    assert_eq!(wire.next()["code"], "too_large");
    wire.write(b"still the same line\n");
    assert_eq!(wire.all_now(), [Value::Null; 0]);
}

#[test]
fn a_line_that_breaks_off_is_refused_and_what_came_before_it_counts() {
    let bus = Bus::start();
    bus.instance("LensSDK");
    let mut wire = bus.instance("Flagship");
    wire.say(&json!({ "op": "send", "message": query("whole", "LensSDK") }));
    wire.write(br#"{"op":"send","message":{"id":"half","to":{"re"#);
    wire.close_writing();
    let rest = wire.rest();
    let found = |what: &str| rest.iter().any(|frame| frame["op"] == what || frame["code"] == what);
    assert!(found("receipt") && found("invalid_json"), "{rest:?}");
    assert_eq!(bus.instance("LensSDK").receive()["id"], "whole");
}

#[test]
fn blank_lines_and_carriage_returns_are_no_errors() {
    let bus = Bus::start();
    let mut wire = bus.wire();
    wire.write(b"\n\r\n   \t\n{\"op\":\"ping\",\"ref\":1}\r\n  {\"op\":\"ping\",\"ref\":2}  \n");
    for reference in [1, 2] {
        assert_eq!(wire.next(), json!({ "op": "pong", "ref": reference }));
    }
}

#[test]
fn nobody_to_hear_a_broadcast() {
    let bus = Bus::start();
    let mut wire = bus.instance("Flagship");
    let error = wire.send(&query("a", "*"));
    assert_eq!((&error["code"], &error["at"]), (&json!("no_recipients"), &json!("to.repo")), "{error}");
    assert!(text(&error, "hint").contains("veda-bus join"), "{error}");
    // Somebody was only written to; somebody was here.
    let unseen = json!({ "op": "send", "allow_unknown": true, "message": query("b", "Ghost") });
    assert_eq!(wire.ask(unseen)["op"], "receipt");
    assert_eq!(wire.send(&query("c", "*"))["code"], "no_recipients");
    bus.instance("LensSDK");
    let receipt = wire.sends(&query("d", "*"));
    assert_eq!(receipt["recipients"], json!([{ "repo": "LensSDK", "status": "queued" }]));
}

#[test]
fn a_full_mailbox_is_the_senders_to_know() {
    let bus = Bus::with("mailbox_messages = 3\nmailbox_bytes = 4096");
    bus.instance("LensSDK");
    let mut wire = bus.instance("Flagship");
    let big = message("big", "LensSDK", "Query", json!({ "question": "x".repeat(5000) }));
    assert_eq!(wire.send(&big)["code"], "mailbox_full");
    for id in ["a", "b", "c"] {
        wire.sends(&query(id, "LensSDK"));
    }
    let error = wire.send(&query("d", "LensSDK"));
    assert_eq!((&error["code"], &error["at"]), (&json!("mailbox_full"), &json!("to.repo")), "{error}");
    assert!(text(&error, "hint").contains("mailbox_messages"), "{error}");
    // Room comes back with reading.
    let mut lens = bus.instance("LensSDK");
    assert_eq!(lens.receive()["id"], "a");
    lens.ack("read", &["a"]);
    wire.sends(&query("d", "LensSDK"));
}

#[test]
fn an_id_prefix_that_fits_several_messages() {
    let bus = Bus::start();
    bus.instance("LensSDK");
    let mut wire = bus.instance("Flagship");
    for id in ["abc-1", "abc-2"] {
        wire.sends(&query(id, "LensSDK"));
    }
    let error = wire.ask(json!({ "op": "history", "id": "abc" }));
    assert_eq!(error["code"], "ambiguous_id", "{error}");
    assert!(text(&error, "hint").contains("abc-1, abc-2"), "{error}");
    let one = wire.ask(json!({ "op": "history", "id": "abc-2" }));
    assert_eq!(one["messages"][0]["record"]["id"], "abc-2");
}
