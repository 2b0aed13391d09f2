//! Text from agents never reaches a terminal as it is.

use serde_json::{Value, json};
use veda_bus_core::text::is_hostile;

use super::harness::{Bus, message, text, with};

/// Text that clears a screen, sets a title, writes backwards, hides, rings and forges a line.
const HOSTILE: &str = "a\u{1b}[2J\u{1b}]0;owned\u{7}b\u{9b}31mc\u{202e}drowssap\u{2066}\u{200b}\u{feff}\u{ad}\u{7f}\u{e0041}\r\nforged\t\u{2028}z";

/// Nothing in `output` but line breaks may move a cursor or hide.
#[track_caller]
fn harmless(what: &str, output: &str) {
    let found: Vec<_> = output.chars().filter(|&c| is_hostile(c) && c != '\n').collect();
    assert!(found.is_empty(), "{what} lets {found:?} through: {output:?}");
    assert!(!output.is_empty(), "{what} shows nothing");
}

/// The messages in which an agent could hide something, in every part that takes free text.
fn hostile_messages() -> Vec<Value> {
    let payloads = [
        ("Query", json!({ "question": HOSTILE, "context": HOSTILE, "x": { HOSTILE: HOSTILE } })),
        ("RequestChange", json!({ "summary": HOSTILE, "reason": HOSTILE, "urgency": HOSTILE })),
        ("Notify", json!({ "change_type": HOSTILE, "summary": HOSTILE })),
        (
            "Negotiate",
            json!({
                "proposal": HOSTILE, "affected_repos": ["LensSDK"], "benefits": [HOSTILE], "requires_consensus": true,
            }),
        ),
        ("Task", json!({ "task_type": HOSTILE, "description": HOSTILE, "subtasks": { "A": HOSTILE } })),
    ];
    let one =
        |(kind, payload): (&str, Value)| with(message(kind, "LensSDK", kind, payload), "x", json!(HOSTILE));
    payloads.into_iter().map(one).collect()
}

#[test]
fn no_command_lets_it_through() {
    let bus = Bus::start();
    let mut watch = bus.spawn(&["watch", "--from", "1"]);
    let mut watch_json = bus.spawn(&["watch", "--from", "1", "--json"]);
    let mut lens = bus.join("LensSDK", &[]);
    let mut wire = bus.wire();
    wire.register_as(json!({ "repo": "Flagship", "path": format!("/home/{HOSTILE}") }));
    for message in hostile_messages() {
        wire.sends(&message);
        let line = lens.line();
        harmless("join", &line);
        // It is made harmless, not changed.
        let got: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&got["payload"], &got["x"]), (&message["payload"], &json!(HOSTILE)));
    }
    // A refusal repeats nothing raw either.
    let refused = wire.send(&message("bad", HOSTILE, "Query", json!({ "question": "?" })));
    harmless("an error", &refused.to_string());
    let end = message("the-end", "LensSDK", "Query", json!({ "question": "the end" }));
    wire.sends(&end);
    for (what, process) in [("watch", &mut watch), ("watch --json", &mut watch_json)] {
        process.line_with("the end");
        harmless(what, &process.stdout());
    }
    for arguments in [
        &["log"][..],
        &["log", "--json"],
        &["log", "--thread", "Query"],
        &["instances"],
        &["instances", "--json"],
        &["instances", "--all"],
        &["status"],
        &["status", "--json"],
    ] {
        let outcome = bus.run(arguments).exits(0);
        harmless(&arguments.join(" "), &outcome.stdout);
    }
    let shown = bus.run(&["log"]).stdout;
    assert!(shown.contains("\\x1b[2J") && shown.contains("\\u{202e}"), "it is shown as what it is: {shown}");
    assert!(!shown.lines().any(|line| line.starts_with("forged")), "{shown}");
}

#[test]
fn an_answer_is_made_harmless() {
    for json in [false, true] {
        let bus = Bus::start();
        let mut lens = bus.instance("LensSDK");
        let arguments = ["send", "query", "--to", "LensSDK", "--question", HOSTILE, "--wait", "60"];
        let mut asker = bus.spawn(&[&arguments[..], if json { &["--json"] } else { &[] }].concat());
        let question = lens.receive();
        assert_eq!(question["payload"]["question"], HOSTILE, "what is sent is not changed");
        let payload = json!({ "answer": { HOSTILE: [HOSTILE] }, "comment": HOSTILE, HOSTILE: HOSTILE });
        let answer = message("a", "operator", "Query", payload);
        lens.sends(&with(answer, "reply_to", question["id"].clone()));
        assert_eq!(asker.wait().code(), Some(0));
        harmless("the answer", &asker.stdout());
        let stdout = asker.stdout();
        assert!(!stdout.lines().skip(1).any(|line| line.starts_with("forged")), "{stdout}");
    }
}

#[test]
fn receipts_and_complaints_are_harmless() {
    let bus = Bus::start();
    bus.instance("LensSDK");
    let hostile_id = json!({ "id": HOSTILE, "to": { "repo": "LensSDK" }, "type": "Query", "payload": { "question": "?" } });
    let unknown = json!({ "to": { "repo": HOSTILE }, "type": HOSTILE, "payload": { HOSTILE: HOSTILE } });
    for json in [false, true] {
        for line in [&hostile_id, &unknown] {
            let arguments = ["send", "--message", "-", "--json"];
            let arguments = if json { &arguments[..] } else { &arguments[..3] };
            let outcome = bus.run_with(arguments, format!("{line}\n").as_bytes()).exits(4);
            harmless("a refusal", &outcome.stdout);
            harmless("its complaint", &outcome.stderr);
        }
    }
    for arguments in [
        &["reply", HOSTILE, "--text", "x"][..],
        &["log", "--since", HOSTILE],
        &["log", "--thread", HOSTILE],
        &["watch", "--filter", HOSTILE],
        &["send", "--message", HOSTILE],
        &["status", "--config", HOSTILE],
        &["status", "--socket", HOSTILE],
    ] {
        let outcome = bus.run(arguments);
        assert_ne!(outcome.code, Some(0), "{outcome:?}");
        harmless(&format!("{arguments:?}"), &outcome.stderr);
    }
}

#[test]
fn a_failing_command_can_not_speak_through_us() {
    let bus = Bus::start();
    let mut flagship = bus.join("Flagship", &[]);
    let lens = bus.join("LensSDK", &["--exec", "printf 'x\\033[2Jy'; exit 1"]);
    let arguments = ["send", "query", "--from", "Flagship", "--to", "LensSDK", "--question", "?"];
    bus.run(&arguments).exits(0);
    let answer = flagship.line();
    harmless("the answer", &answer);
    lens.says("failed");
    harmless("join --exec", &lens.stderr());
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert!(
        text(&answer["payload"], "comment").contains("\u{1b}[2J"),
        "the answer itself is as it was printed"
    );
}

#[test]
fn nul_and_half_characters_are_refused() {
    let bus = Bus::start();
    bus.instance("LensSDK");
    let mut wire = bus.instance("Flagship");
    for text in [&br"a\u0000b"[..], b"a\0b", br"a\ud83d", b"a\xffb"] {
        let before = br#"{"op":"send","ref":"x","message":{"to":{"repo":"LensSDK"},"type":"Query","payload":{"question":""#;
        wire.write(&[before.as_slice(), text, b"\"}}}\n"].concat());
        assert_eq!(wire.next()["code"], "invalid_json");
    }
    assert_eq!(bus.state()["accepted"], 0);
}
