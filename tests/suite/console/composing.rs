//! Every type of message through its form, as a person writes it: what arrives is what was typed.

use serde_json::{Value, json};

use super::Console;
use crate::suite::harness::Wire;

/// A console, and a repo that everything is sent to.
fn open() -> (Console, Wire) {
    let console = Console::open();
    let mut lens = console.bus.wire();
    lens.register_as(json!({ "repo": "LensSDK", "capabilities": ["auth", "session"] }));
    console.bus.instance("AuthCore");
    console.sees("LensSDK");
    (console, lens)
}

/// Fills a form in, sends it, and gives what arrives.
#[track_caller]
fn sent(console: &Console, lens: &mut Wire, kind: &str, fields: &[(&str, &str)]) -> Value {
    console.compose(kind);
    console.fill(fields);
    console.sees("ready to send");
    console.keys(&["C-s"]);
    let message = lens.receive();
    console.sees_not("4 Composer");
    message
}

#[test]
fn a_request_for_a_change() {
    let (console, mut lens) = open();
    let fields = [
        ("to", "LensSDK"),
        ("capabilities", "auth, session"),
        ("priority", "h"),
        ("ttl", "15m"),
        ("summary", "Größe & \"quotes\" \\ 'n' $HOME; 漢字"),
        ("reason", "one\n\nthree"),
        ("suggested_implementation", "fn a() {\n    b();\n}"),
        ("urgency", "nice_to_have"),
    ];
    let message = sent(&console, &mut lens, "r", &fields);
    assert_eq!(message["type"], "RequestChange");
    assert_eq!(message["to"], json!({ "repo": "LensSDK", "capabilities": ["auth", "session"] }));
    assert_eq!((&message["priority"], &message["ttl"]), (&json!("high"), &json!(900)));
    let payload = json!({
        "summary": "Größe & \"quotes\" \\ 'n' $HOME; 漢字",
        "reason": "one\n\nthree",
        "suggested_implementation": "fn a() {\n    b();\n}",
        "urgency": "nice_to_have",
    });
    assert_eq!(message["payload"], payload);
}

#[test]
fn a_query() {
    let (console, mut lens) = open();
    let fields =
        [("to", "LensSDK"), ("question", "why?"), ("context", "because"), ("response_format", "json")];
    let message = sent(&console, &mut lens, "q", &fields);
    let payload = json!({ "question": "why?", "context": "because", "response_format": "json" });
    assert_eq!((&message["type"], &message["payload"]), (&json!("Query"), &payload));
    assert_eq!((&message["priority"], &message["to"]), (&json!("normal"), &json!({ "repo": "LensSDK" })));
}

#[test]
fn a_notice() {
    let (console, mut lens) = open();
    let fields = [
        ("to", "*"),
        ("change_type", "a word of our own"),
        ("summary", "s"),
        ("migration_guide", "- first\n- second"),
        ("effective_version", "2.0"),
    ];
    let message = sent(&console, &mut lens, "n", &fields);
    let payload = json!({
        "change_type": "a word of our own",
        "summary": "s",
        "migration_guide": "- first\n- second",
        "effective_version": "2.0",
    });
    assert_eq!((&message["type"], &message["payload"]), (&json!("Notify"), &payload));
    assert_eq!(message["to"]["repo"], "*");
}

#[test]
fn a_proposal() {
    let (console, mut lens) = open();
    let fields = [
        ("to", "LensSDK"),
        ("proposal", "merge"),
        ("affected_repos", "AuthCore\nLensSDK"),
        ("benefits", "less code\nfewer bugs"),
        ("requires_consensus", "t"),
    ];
    let message = sent(&console, &mut lens, "v", &fields);
    let payload = json!({
        "proposal": "merge",
        "affected_repos": ["AuthCore", "LensSDK"],
        "benefits": ["less code", "fewer bugs"],
        "requires_consensus": true,
    });
    assert_eq!((&message["type"], &message["payload"]), (&json!("Negotiate"), &payload));
}

#[test]
fn a_task() {
    let (console, mut lens) = open();
    let fields = [
        ("to", "LensSDK"),
        ("task_type", "migration"),
        ("description", "all of it"),
        ("subtasks", "LensSDK: the lens\nAuthCore: the rest"),
    ];
    let message = sent(&console, &mut lens, "t", &fields);
    let subtasks = json!({ "LensSDK": "the lens", "AuthCore": "the rest" });
    let payload = json!({ "task_type": "migration", "description": "all of it", "subtasks": subtasks });
    assert_eq!((&message["type"], &message["payload"]), (&json!("Task"), &payload));
}

#[test]
fn pasted_text_is_text_whatever_is_in_it() {
    let (console, mut lens) = open();
    console.compose("q");
    console.fill(&[("to", "LensSDK"), ("question", "")]);
    console.paste("äöü \"x\"\nq\n:quit\n\u{1F980}");
    console.sees(":quit");
    console.reaches("context");
    // As some terminals paste what was copied on Windows.
    console.report("\x1b[200~one\r\ntwo\rthree\nfour\x1b[201~");
    console.sees("four");
    console.keys(&["C-s"]);
    let payload = json!({ "question": "äöü \"x\"\nq\n:quit\n\u{1F980}", "context": "one\ntwo\nthree\nfour" });
    assert_eq!(lens.receive()["payload"], payload);
    // Outside of a form it is never taken for keys.
    console.sees_not("4 Composer");
    console.paste("q\nq\n");
    console.sees("pasted text goes into the composer");
    assert_eq!(console.quit(), 0);
}

#[test]
fn what_is_written_is_judged_before_it_is_sent() {
    let (console, mut lens) = open();
    console.compose("q");
    console.sees("still required: to, question");
    console.fill(&[("to", "Lens")]);
    console.keys(&["Tab"]);
    console.sees("LensSDK");
    console.fill(&[("ttl", "soon")]);
    console.sees("to be mended: ttl");
    console.keys(&["C-s"]);
    console.sees("not sent");
    console.reaches("ttl");
    console.keys(&["BSpace", "BSpace", "BSpace", "BSpace"]);
    console.fill(&[("question", "x")]);
    console.sees("ready to send");
    console.keys(&["F2"]);
    console.sees("\"question\": \"x\"");
    console.keys(&["F2", "C-s"]);
    assert_eq!(lens.receive()["payload"], json!({ "question": "x" }));
}

#[test]
fn a_field_can_be_written_in_an_editor() {
    let (console, mut lens) = open();
    assert_eq!(console.quit(), 0);
    let editor = "#!/bin/sh\nstty -a <\"$1\" >/dev/null 2>&1\ncat \"$1\" >before\nprintf 'from\\nthe editor\\n' >\"$1\"\n";
    let file = console.bus.work().join("editor");
    std::fs::write(&file, editor).unwrap();
    console.run(&["chmod", "+x", file.to_str().unwrap()]);
    console.ended();
    console.run(&["env", &format!("EDITOR={}", file.display()), "veda-bus"]);
    console.sees(" LIVE ");
    console.compose("q");
    console.fill(&[("to", "LensSDK"), ("question", "draft")]);
    console.keys(&["C-e"]);
    console.sees("the editor");
    console.keys(&["C-s"]);
    assert_eq!(lens.receive()["payload"], json!({ "question": "from\nthe editor" }));
    let before = std::fs::read_to_string(console.bus.work().join("before")).unwrap();
    assert_eq!(before.trim_end(), "draft");
}
