//! `veda-bus reply`: from flags to answers, and what is said about wrong ones.

use serde_json::{Value, json};

use super::flags::{least, send};
use super::harness::{Bus, Process, query, text};

/// Sends the least message of a type to LensSDK; its id.
fn ask(bus: &Bus, lens: &mut Process, kind: &str) -> String {
    let receipt = send(bus, &least(kind), &["--from", "Flagship"]);
    lens.line_with(text(&receipt, "id"));
    text(&receipt, "id").to_owned()
}

#[test]
fn every_field_of_an_answer() {
    let bus = Bus::start();
    let mut lens = bus.join("LensSDK", &[]);
    let mut flagship = bus.join("Flagship", &[]);
    let cases: [(&str, &[&str], Value); 17] = [
        (
            "RequestChange",
            &["--decision", "accepted", "--eta-seconds", "300"],
            json!({ "decision": "accepted", "eta_seconds": 300 }),
        ),
        (
            "RequestChange",
            &["--decision", "countered", "--counter-proposal", "A Result", "--comment", "safer"],
            json!({ "decision": "countered", "counter_proposal": "A Result", "comment": "safer" }),
        ),
        ("RequestChange", &["--decision", "acknowledged"], json!({ "decision": "acknowledged" })),
        ("RequestChange", &["--decision", "rejected"], json!({ "decision": "rejected" })),
        (
            "RequestChange",
            &["--decision", "done", "--text", "look"],
            json!({ "decision": "done", "comment": "look" }),
        ),
        ("Query", &["--answer", "a"], json!({ "answer": "a" })),
        ("Query", &["--text", "a", "--comment", "c"], json!({ "answer": "a", "comment": "c" })),
        ("Query", &["--acknowledged"], json!({ "acknowledged": true })),
        (
            "Notify",
            &["--acknowledged", "--findings", "23 call sites"],
            json!({ "acknowledged": true, "findings": "23 call sites" }),
        ),
        ("Notify", &["--text", "noted"], json!({ "comment": "noted" })),
        ("Negotiate", &["--vote", "accept"], json!({ "vote": "accept" })),
        ("Negotiate", &["--vote", "reject", "--comment", "no"], json!({ "vote": "reject", "comment": "no" })),
        (
            "Negotiate",
            &["--vote", "abstain", "--acknowledged"],
            json!({ "vote": "abstain", "acknowledged": true }),
        ),
        (
            "Negotiate",
            &["--vote", "counter", "--counter-proposal", "Only the types"],
            json!({ "vote": "counter", "counter_proposal": "Only the types" }),
        ),
        (
            "Task",
            &["--status", "in_progress", "--detail", "half"],
            json!({ "status": "in_progress", "detail": "half" }),
        ),
        (
            "Task",
            &["--status", "failed", "--text", "sorry"],
            json!({ "status": "failed", "comment": "sorry" }),
        ),
        ("Task", &["--acknowledged"], json!({ "acknowledged": true })),
    ];
    for (kind, flags, payload) in cases {
        let id = ask(&bus, &mut lens, kind);
        bus.run(&[&["reply", &id, "--from", "LensSDK"], flags].concat()).exits(0);
        let got = flagship.json();
        assert_eq!(
            (&got["payload"], &got["type"], &got["reply_to"]),
            (&payload, &json!(kind), &json!(id)),
            "{flags:?}"
        );
        assert_eq!((&got["from"]["repo"], &got["to"]["repo"]), (&json!("LensSDK"), &json!("Flagship")));
    }
}

#[test]
fn answers_that_are_none() {
    let bus = Bus::start();
    let mut lens = bus.join("LensSDK", &[]);
    let cases: [(&str, &[&str], &str); 9] = [
        ("Query", &[], "at least one of"),
        ("Query", &["--text", " "], "--text is blank"),
        ("Query", &["--text", "a", "--answer", "b"], "the same thing twice"),
        ("Query", &["--vote", "accept"], "a Query has no --vote; its answers take"),
        ("Notify", &["--eta-seconds", "3"], "a Notify has no --eta-seconds"),
        (
            "RequestChange",
            &["--decision", "maybe"],
            "payload.decision: expected one of acknowledged, accepted",
        ),
        ("Negotiate", &["--vote", "yes"], "payload.vote: expected one of accept, reject"),
        ("Task", &["--status", "asleep"], "payload.status: expected one of accepted, in_progress"),
        ("Task", &["--findings", "x"], "a Task has no --findings"),
    ];
    for (kind, flags, complaint) in cases {
        let id = ask(&bus, &mut lens, kind);
        bus.run(&[&["reply", &id, "--from", "LensSDK"], flags].concat()).exits(2).complains(complaint);
    }
    bus.run(&["reply", "no-such-id", "--text", "x"]).exits(4).complains("unknown_message");
    let mut wire = bus.instance("Flagship");
    for id in ["twin-1", "twin-2"] {
        wire.sends(&query(id, "LensSDK"));
    }
    bus.run(&["reply", "twin", "--text", "x"]).exits(4).complains("ambiguous_id").complains("twin-2");
    bus.run(&["reply", "twin-2", "--from", "LensSDK", "--text", "x"]).exits(0);
    assert_eq!(wire.receive()["reply_to"], "twin-2");
}

#[test]
fn an_answer_is_as_pressing_as_its_question() {
    let bus = Bus::start();
    let mut lens = bus.join("LensSDK", &[]);
    let mut flagship = bus.join("Flagship", &[]);
    let receipt = send(&bus, &least("Query"), &["--from", "Flagship", "--priority", "high"]);
    lens.line();
    let id = text(&receipt, "id");
    bus.run(&["reply", id, "--from", "LensSDK", "--text", "a"]).exits(0);
    assert_eq!(flagship.json()["priority"], "high");
    bus.run(&["reply", id, "--from", "LensSDK", "--text", "a", "--priority", "low", "--ttl", "9"]).exits(0);
    let got = flagship.json();
    assert_eq!((&got["priority"], &got["ttl"]), (&json!("low"), &json!(9)));
}
