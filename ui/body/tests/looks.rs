//! How each type looks.

use serde_json::json;
use veda_bus_core::time::Millis;

use super::*;

#[test]
fn request_change() {
    let code =
        "pub trait Batch {\n    fn run(&self, requests: Vec<Request>) -> Result<Vec<Response>, Error>;\n}";
    let opening = json!({
        "summary": "Add a batch method to the lens interface", "urgency": "blocking_development",
        "reason": "Every frame makes 300 calls, and each of them waits for the one before it.",
        "suggested_implementation": code,
    });
    insta::assert_snapshot!(shown("RequestChange", false, &opening), @r#"
    Add a batch method to the lens interface
    urgency: blocking_development
    reason: Every frame makes 300 calls, and each of them waits
      for the one before it.
    suggested_implementation:
      │ pub trait Batch {
      │     fn run(&self, requests: Vec<Request>) -> Result<Vec<
      │↳Response>, Error>;
      │ }
    "#);
    let answer = json!({ "decision": "countered", "eta_seconds": 300, "counter_proposal": "A stream", "comment": "ok?" });
    insta::assert_snapshot!(shown("RequestChange", true, &answer), @r#"
    decision: [countered]
    eta_seconds: in 5 min (300 s)
    counter_proposal: A stream
    comment: ok?
    "#);
}

#[test]
fn query() {
    let opening = json!({
        "question": "What is the trait of a lens?\nI need:\n- its methods, each with everything that it can fail with\n- its `Send` bound",
        "response_format": "rust_trait_definition", "context": "The plan of **phase 2**",
    });
    insta::assert_snapshot!(shown("Query", false, &opening), @r#"
    What is the trait of a lens?
    I need:
    • its methods, each with everything that it can fail with
    • its `Send` bound
    response_format: rust_trait_definition
    context: The plan of **phase 2**
    "#);
    let answer = json!({ "answer": "Here:\n\n```rust\ntrait Lens {}\n```\nThat is all." });
    insta::assert_snapshot!(shown("Query", true, &answer), @r#"
    answer:
      Here:

      │ rust
      │ trait Lens {}
      That is all.
    "#);
}

#[test]
fn an_answer_of_json_keeps_its_order() {
    let sent = r#"{"answer":{"z":[1,"two",{}],"a":null},"comment":"as asked","sources":["a.rs","b.rs"],"x":{"n":-1.50}}"#;
    let rows = lines(&message("Query", true, sent), 60, &Look::default());
    insta::assert_snapshot!(text_of(&rows), @r#"
    answer:
      {
        "z": [
          1,
          "two",
          {}
        ],
        "a": null
      }
    comment: as asked
    sources:
      • a.rs
      • b.rs
    x:
      {
        "n": -1.50
      }
    "#);
}

#[test]
fn notify() {
    let opening = json!({
        "change_type": "breaking_change", "summary": "`Lens::get` is fallible now", "effective_version": "2.0",
        "migration_guide": "# Steps\n1. Run `sd 'get\\(' 'try_get(' src/**/*.rs`, which covers most of the callers there are\n2. Handle the errors",
    });
    insta::assert_snapshot!(shown("Notify", false, &opening), @r#"
    `Lens::get` is fallible now
    change_type: breaking_change
    effective_version: 2.0
    migration_guide:
      # Steps
      1. Run `sd 'get\(' 'try_get(' src/**/*.rs`, which covers
         most of the callers there are
      2. Handle the errors
    "#);
    insta::assert_snapshot!(shown("Notify", true, &json!({ "acknowledged": true, "findings": "23 call sites" })), @r#"
    acknowledged: yes
    findings: 23 call sites
    "#);
}

#[test]
fn negotiate() {
    let opening = json!({
        "proposal": "One error type for all", "affected_repos": ["LensSDK", "UILib"], "requires_consensus": true,
        "benefits": ["less code", "errors that can be matched on wherever they come from, in every language we have"],
    });
    insta::assert_snapshot!(shown("Negotiate", false, &opening), @r#"
    One error type for all
    requires_consensus: needs everyone's consent
    affected_repos:
      • LensSDK
      • UILib
    benefits:
      • less code
      • errors that can be matched on wherever they come from,
        in every language we have
    "#);
    let answer = json!({ "vote": "counter", "counter_proposal": "Two of them", "acknowledged": false });
    insta::assert_snapshot!(shown("Negotiate", true, &answer), @r#"
    vote: [counter]
    acknowledged: no
    counter_proposal: Two of them
    "#);
}

#[test]
fn task() {
    let opening = json!({
        "task_type": "test_suite", "description": "Test the release", "deadline": 17,
        "subtasks": { "LensSDK": "All of the tests, on all of the platforms that the release is for", "UILib": "Snapshots:\n- dark\n- light" },
    });
    insta::assert_snapshot!(shown("Task", false, &opening), @r#"
    Test the release
    task_type: test_suite
    subtasks:
      • LensSDK: All of the tests, on all of the platforms that
        the release is for
      • UILib: Snapshots:
        • dark
        • light
    deadline: 17
    "#);
    let answer = json!({ "status": "in_progress", "detail": "12 of 40" });
    insta::assert_snapshot!(shown("Task", true, &answer), @r#"
    status: [in_progress]
    detail: 12 of 40
    "#);
}

#[test]
fn raw() {
    let look = Look { raw: true, ..Look::default() };
    let rows = lines(
        &message("Query", false, "{\"question\":\"a\\nb\\u001b\u{202e}\",\"extra\":[ ],\"n\":[1,true]}"),
        60,
        &look,
    );
    insta::assert_snapshot!(text_of(&rows), @r#"
    {
      "id": "two",
      "from": {
        "repo": "Flagship"
      },
      "to": {
        "repo": "LensSDK"
      },
      "type": "Query",
      "timestamp": 1,
      "payload": {
        "question": "a\nb\u001b\u202e",
        "extra": [],
        "n": [
          1,
          true
        ]
      }
    }
    "#);
}

#[test]
fn bytes_that_are_no_message() {
    let shown = |bytes| text_of(&lines_of_raw_bytes(bytes, 30, &Look::default()));
    insta::assert_snapshot!(shown(br#" {"type":"Vote","long":"abcdefghijklmnopqrstuvwxyz"} "#), @r#"
    {
      "type": "Vote",
      "long": "abcdefghijklmnopqrs
        tuvwxyz"
    }
    "#);
    insta::assert_snapshot!(shown(b"# no\x1b[2J json \xff\r\n  at all, and longer than a row"), @r#"
    # no\x1b[2J json �
      at all, and longer than a
    row
    "#);
}

#[test]
fn ascii() {
    let look = Look { ascii: true, limit: Some(6), ..Look::default() };
    let payload = json!({ "question": "a", "context": "- b\n```\ncode that is longer than it may be, here\n```\nc\nd" });
    let rows = lines(&message("Query", false, &payload.to_string()), 30, &look);
    insta::assert_snapshot!(text_of(&rows), @r#"
    a
    context:
      - b
      | code that is longer than i
      |>t may be, here
    ~ more
    "#);
}

#[test]
fn head() {
    let json = json!({
        "id": "3f2a1b2c-0000-4000-8000-000000000000", "from": { "repo": "Flagship", "path": "/srv/flagship", "session_id": "s-1" },
        "to": { "repo": "operator", "capabilities": ["gpu", "cuda"] }, "type": "Query", "priority": "high",
        "timestamp": 1_700_000_000, "reply_to": "one", "ttl": 300, "payload": { "question": "q" }, "trace": "t-1",
    });
    let message = Message::parse(&json.to_string(), None).unwrap();
    let at = Millis(1_700_000_000_000);
    let arrival = Arrival { at, expires_at: Millis(at.0 + 300_000) };
    let rows = envelope(&message, Some(arrival), 70, &Look::default());
    let local = |millis| Millis(millis).local().unwrap().format("%Y-%m-%d %H:%M:%S").to_string();
    let text = text_of(&rows).replace(&local(at.0), "NOON").replace(&local(at.0 + 300_000), "LATER");
    insta::assert_snapshot!(text, @r#"
    id            3f2a1b2c-0000-4000-8000-000000000000
    type          Query
    priority      high
    from          Flagship
      path        /srv/flagship
      session     s-1
    to            operator
      capable of  gpu, cuda
    sent          NOON
    received      NOON
    ttl           5 min, stale at LATER
    reply_to      one
    trace: t-1
    "#);
    assert_eq!(with_role(&rows, Role::Operator), ["operator"]);
    assert_eq!(with_role(&rows, Role::High), ["high"]);
}
