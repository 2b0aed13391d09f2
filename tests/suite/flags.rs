//! From flags to messages: all five types, and what is said about wrong ones.

use serde_json::{Value, json};

use super::harness::{Bus, text};

/// A `send` of each type with all of its flags, and the payload that it must make.
fn openings() -> Vec<(&'static str, Vec<&'static str>, Value)> {
    vec![
        (
            "RequestChange",
            vec![
                "request-change",
                "--summary",
                "Expose it",
                "--reason",
                "Auto-resume",
                "--suggested-implementation",
                "pub fn it()",
                "--urgency",
                "blocking_development",
            ],
            json!({
                "summary": "Expose it", "reason": "Auto-resume", "suggested_implementation": "pub fn it()",
                "urgency": "blocking_development",
            }),
        ),
        (
            "Query",
            vec!["query", "--question", "What?", "--context", "New flow", "--response-format", "rust"],
            json!({ "question": "What?", "context": "New flow", "response_format": "rust" }),
        ),
        (
            "Notify",
            vec![
                "notify",
                "--change-type",
                "deprecation",
                "--summary",
                "Renamed",
                "--migration-guide",
                "sed -i …",
                "--effective-version",
                "2.0.0",
            ],
            json!({
                "change_type": "deprecation", "summary": "Renamed", "migration_guide": "sed -i …",
                "effective_version": "2.0.0",
            }),
        ),
        (
            "Negotiate",
            vec![
                "negotiate",
                "--proposal",
                "Move it",
                "--affected-repos",
                "Flagship,LensSDK",
                "--benefit",
                "Less, of it",
                "--benefit",
                "Central",
                "--requires-consensus",
            ],
            json!({
                "proposal": "Move it", "affected_repos": ["Flagship", "LensSDK"],
                "benefits": ["Less, of it", "Central"], "requires_consensus": true,
            }),
        ),
        (
            "Task",
            vec![
                "task",
                "--task-type",
                "test_suite",
                "--description",
                "Test 2.0",
                "--subtask",
                "Flagship=Run a=b",
                "--subtask",
                "LensSDK=Run the rest",
            ],
            json!({
                "task_type": "test_suite", "description": "Test 2.0",
                "subtasks": { "Flagship": "Run a=b", "LensSDK": "Run the rest" },
            }),
        ),
    ]
}

/// The least that a message of each type can be.
pub(super) fn least(kind: &str) -> Vec<&'static str> {
    match kind {
        "RequestChange" => vec!["request-change", "--summary", "s"],
        "Query" => vec!["query", "--question", "q"],
        "Notify" => vec!["notify", "--change-type", "c", "--summary", "s"],
        "Negotiate" => vec!["negotiate", "--proposal", "p", "--affected-repos", "LensSDK"],
        _ => vec!["task", "--task-type", "t", "--description", "d", "--subtask", "LensSDK=x"],
    }
}

pub(super) fn send(bus: &Bus, message: &[&str], more: &[&str]) -> Value {
    bus.run(&[&["send"], message, &["--to", "LensSDK", "--json"], more].concat()).exits(0).json()
}

#[test]
fn each_of_the_five_types() {
    let bus = Bus::start();
    let mut lens = bus.join("LensSDK", &[]);
    for (kind, flags, payload) in openings() {
        let receipt = send(&bus, &flags, &["--from", "Flagship"]);
        let got = lens.json();
        assert_eq!((&got["type"], &got["payload"]), (&json!(kind), &payload));
        assert_eq!((&got["id"], &got["from"]["repo"]), (&receipt["id"], &json!("Flagship")));
        assert_eq!((&got["priority"], &got["ttl"]), (&json!("normal"), &Value::Null));
        let status = text(&receipt["recipients"][0], "status");
        assert!(["delivered", "read"].contains(&status), "{receipt}");
    }
}

#[test]
fn the_envelope() {
    let bus = Bus::start();
    let mut lens = bus.join("LensSDK", &["--capability", "auth"]);
    let first = send(&bus, &least("Query"), &[]);
    lens.line();
    let parent = text(&first, "id");
    let more = ["--priority", "high", "--ttl", "77", "--capability", "auth", "--reply-to", &parent[..8]];
    let second = send(&bus, &least("Query"), &more);
    let got = lens.json();
    assert_eq!(
        (&got["priority"], &got["ttl"], &got["reply_to"]),
        (&json!("high"), &json!(77), &json!(parent))
    );
    assert_eq!(got["to"], json!({ "repo": "LensSDK", "capabilities": ["auth"] }));
    assert_eq!(second["thread"], parent);
}

#[test]
fn flags_that_make_no_message() {
    let bus = Bus::start();
    bus.instance("LensSDK");
    let cases: [(&[&str], &str); 14] = [
        (&["query", "--question", " "], "payload.question: expected a string that is not blank"),
        (&["query"], "--question"),
        (&["request-change"], "--summary"),
        (&["notify", "--summary", "s"], "--change-type"),
        (&["negotiate", "--proposal", "p"], "--affected-repos"),
        (&["negotiate", "--proposal", "p", "--affected-repos", "A,,B"], "--affected-repos"),
        (&["task", "--task-type", "t", "--description", "d"], "--subtask"),
        (&["task", "--task-type", "t", "--description", "d", "--subtask", "no equals sign"], "REPO=TEXT"),
        (&["task", "--task-type", "t", "--description", "d", "--subtask", "=x"], "an empty string"),
        (&["query", "--question", "q", "--ttl", "0"], "--ttl"),
        (&["query", "--question", "q", "--ttl=-1"], "--ttl"),
        (&["query", "--question", "q", "--priority", "urgent"], "low, normal, high"),
        (&["query", "--question", "q", "--wait=-1"], "--wait"),
        (&["query", "--question", "q", "--from", "a\u{202e}b"], "U+202E"),
    ];
    for (flags, complaint) in cases {
        bus.run(&[&["send"], flags, &["--to", "LensSDK"]].concat()).exits(2).complains(complaint);
    }
    bus.run(&["send", "--message", "f", "query", "--to", "A", "--question", "q"]).exits(2);
    assert_eq!(bus.state()["accepted"], 0);
}

#[test]
fn a_repo_that_nobody_knows() {
    let bus = Bus::start();
    bus.instance("LensSDK");
    let to = |repo| ["send", "query", "--question", "q", "--json", "--to", repo];
    bus.run(&to("LensSKD")).exits(4).complains("did you mean LensSDK?");
    let receipt = bus.run(&[&to("AuthCore")[..], &["--allow-unknown"]].concat()).exits(0).json();
    assert_eq!(receipt["recipients"], json!([{ "repo": "AuthCore", "status": "queued", "code": null }]));
    let mut auth = bus.join("AuthCore", &["--count", "1"]);
    assert_eq!(auth.json()["id"], receipt["id"]);
    assert_eq!(auth.wait().code(), Some(0));
    bus.reaches(text(&receipt, "id"), "AuthCore", "read");
}

#[test]
fn the_schemas_are_printed_and_every_help_has_examples() {
    let bus = Bus::start();
    let all = bus.run(&["schema"]).exits(0).stdout;
    for kind in ["RequestChange", "Query", "Notify", "Negotiate", "Task"] {
        assert!(all.contains(kind), "{kind}");
        let one = bus.run(&["schema", kind]).exits(0).json_document();
        assert_eq!(one["title"], kind);
    }
    bus.run(&["schema", "Letter"]).exits(2);
    let commands = [
        "serve",
        "status",
        "instances",
        "send",
        "reply",
        "join",
        "watch",
        "log",
        "search",
        "config",
        "schema",
        "bench",
    ];
    for command in commands {
        let help = bus.run(&[command, "--help"]).exits(0).stdout;
        assert!(help.contains("Example"), "{command}: {help}");
    }
    for kind in ["request-change", "query", "notify", "negotiate", "task"] {
        let help = bus.run(&["send", kind, "--help"]).exits(0).stdout;
        assert!(help.contains("Example"), "{kind}: {help}");
    }
    let help = bus.run(&["--help"]).exits(0).stdout;
    assert!(help.contains("Exit codes: 0 done, 1 failed, 2 usage, 3 no bus, 4 refused"), "{help}");
}
