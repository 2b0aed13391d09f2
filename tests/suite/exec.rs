//! `veda-bus join`: a shell as an instance, and when a message counts as read.

use std::process::Stdio;

use serde_json::{Value, json};

use super::harness::{Bus, message, query, text};
use super::machine::BINARY;

/// The answer that comes to `question` when `command` is the agent of LensSDK.
fn answered_by(command: &str, question: &Value) -> Value {
    let bus = Bus::start();
    let mut flagship = bus.instance("Flagship");
    let _lens = bus.join("LensSDK", &["--exec", command]);
    flagship.sends(question);
    let mut answer = flagship.receive();
    assert_eq!(answer["reply_to"], question["id"]);
    bus.reaches(text(question, "id"), "LensSDK", "answered");
    answer["payload"].take()
}

#[test]
fn what_a_command_prints_is_the_answer() {
    let question = query("q", "LensSDK");
    let request = message("r", "LensSDK", "RequestChange", json!({ "summary": "s" }));
    let proposal = json!({ "proposal": "p", "affected_repos": ["LensSDK"], "requires_consensus": false });
    let proposal = message("n", "LensSDK", "Negotiate", proposal);
    // It gets the message as JSON.
    assert_eq!(answered_by("jq -r .payload.question", &question), json!({ "answer": "question q" }));
    assert_eq!(answered_by("printf '  two\\nlines \\n\\n'", &question), json!({ "answer": "two\nlines" }));
    assert_eq!(answered_by("echo looks good", &request), json!({ "comment": "looks good" }));
    // It may print a payload.
    let print = r#"echo '{"decision":"accepted","eta_seconds":60}'"#;
    assert_eq!(answered_by(print, &request), json!({ "decision": "accepted", "eta_seconds": 60 }));
    assert_eq!(answered_by(r#"echo '{"vote":"accept"}'"#, &proposal), json!({ "vote": "accept" }));
    // JSON that is no answer is text.
    assert_eq!(answered_by("echo '{\"x\":1}'", &request), json!({ "comment": "{\"x\":1}" }));
}

#[test]
fn a_command_that_fails_says_so() {
    let comment = |command| text(&answered_by(command, &query("q", "LensSDK")), "comment").to_owned();
    let failed = comment("echo half of it; exit 3");
    assert!(failed.contains("failed") && failed.contains('3') && failed.contains("half of it"), "{failed}");
    let killed = comment("kill -9 $$");
    assert!(killed.contains("signal: 9"), "{killed}");
    let missing = comment("no-such-command-anywhere");
    assert!(missing.contains("127"), "{missing}");
}

#[test]
fn a_command_may_say_nothing_or_not_listen() {
    let bus = Bus::start();
    let mut flagship = bus.instance("Flagship");
    let _lens = bus.join(
        "LensSDK",
        &["--exec", "jq -e '.payload.question | test(\"silent\") | not' >/dev/null && echo no"],
    );
    let big = message("big", "LensSDK", "Query", json!({ "question": "x".repeat(500_000) }));
    let mut silent = query("silent", "LensSDK");
    silent["payload"]["question"] = json!("silent");
    flagship.sends(&silent);
    flagship.sends(&big);
    // One that fails without a word still tells; one after the other.
    let told = flagship.receive();
    assert_eq!(told["reply_to"], "silent");
    assert_eq!(flagship.receive()["payload"], json!({ "answer": "no" }));
    let _deaf = bus.join("Deaf", &["--exec", "true"]);
    flagship.sends(&message("deaf", "Deaf", "Query", json!({ "question": "x".repeat(500_000) })));
    bus.reaches("deaf", "Deaf", "read");
    assert_eq!(flagship.all_now(), [Value::Null; 0]);
}

#[test]
fn answers_are_not_answered() {
    let bus = Bus::start();
    let _lens = bus.join("LensSDK", &["--exec", "echo pong"]);
    let _flagship = bus.join("Flagship", &["--exec", "echo ping"]);
    let mut wire = bus.wire();
    wire.register_as(json!({ "repo": "Flagship", "receive": "none" }));
    wire.sends(&query("q", "LensSDK"));
    bus.reaches("q", "LensSDK", "answered");
    let thread = bus.wire().ask(json!({ "op": "history", "thread": "q" }));
    let reply = text(&thread["messages"][1]["record"], "id").to_owned();
    bus.reaches(&reply, "Flagship", "read");
    assert_eq!(bus.state()["accepted"], 2);
}

#[test]
fn a_message_that_was_not_printed_stays_for_the_next() {
    let bus = Bus::start();
    let mut flagship = bus.instance("Flagship");
    let mut command = bus.command(BINARY);
    // More than a pipe holds, into a pipe that nobody reads.
    command
        .args(["join", "--repo", "LensSDK"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut blocked = Killed(command.spawn().unwrap());
    flagship.sends(&message("seen", "operator", "Query", json!({ "question": "?" })));
    super::harness::eventually("it has joined", || {
        let state = bus.state();
        let repos = state["repos"].as_array().unwrap();
        repos.iter().any(|repo| repo["repo"] == "LensSDK" && repo["connected"] == true).then_some(())
    });
    for id in ["big", "after"] {
        flagship.sends(&message(id, "LensSDK", "Query", json!({ "question": "x".repeat(300_000) })));
    }
    bus.reaches("big", "LensSDK", "delivered");
    blocked.0.kill().unwrap();
    blocked.0.wait().unwrap();
    bus.reaches("big", "LensSDK", "queued");
    let mut next = bus.join("LensSDK", &["--count", "2"]);
    assert_eq!([next.json()["id"].take(), next.json()["id"].take()], ["big", "after"]);
    assert_eq!(next.wait().code(), Some(0));
    bus.reaches("after", "LensSDK", "read");
}

/// A child whose output nobody reads.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_session_that_comes_back_is_the_same_instance() {
    let bus = Bus::start();
    let first = bus.join("LensSDK", &["--session", "s", "--instance", "lens-1"]);
    first.signal("INT");
    drop(first);
    super::harness::eventually("it has left", || (bus.repo("LensSDK")["connected"] == false).then_some(()));
    let second = bus.join("LensSDK", &["--session", "s"]);
    assert!(second.stderr().contains("lens-1"), "{}", second.stderr());
    let elsewhere = bus.spawn(&["join", "--repo", "UILib", "--instance", "lens-1"]);
    let mut elsewhere = elsewhere;
    assert_eq!(elsewhere.wait().code(), Some(4), "{}", elsewhere.stderr());
    assert!(elsewhere.stderr().contains("identity_mismatch"));
}

#[test]
fn an_instance_that_is_joined_twice_is_the_later_one() {
    let bus = Bus::start();
    let first = bus.join("LensSDK", &["--instance", "lens-1"]);
    let mut second = bus.join("LensSDK", &["--instance", "lens-1"]);
    first.says("another process joined as this instance");
    bus.instance("Flagship").sends(&query("q", "LensSDK"));
    assert_eq!(second.json()["id"], "q");
    assert_eq!(first.stdout(), "");
}
