//! Bad input against the real socket: each line gets its code, its place and its hint, and then the same connection is
//! answered as ever, and so is another one.

use serde_json::{Value, json};

use super::harness::{Bus, Wire, query, text};

/// A line that must be refused.
pub(super) struct Case {
    name: &'static str,
    line: Vec<u8>,
    code: &'static str,
    /// Where the refusal must say that the fault is.
    at: &'static str,
    /// What its message or hint must have in it.
    says: &'static str,
}

pub(super) fn raw(
    name: &'static str,
    line: impl AsRef<[u8]>,
    code: &'static str,
    at: &'static str,
    says: &'static str,
) -> Case {
    Case { name, line: line.as_ref().to_vec(), code, at, says }
}

pub(super) fn frame(
    name: &'static str,
    frame: &Value,
    code: &'static str,
    at: &'static str,
    says: &'static str,
) -> Case {
    raw(name, frame.to_string(), code, at, says)
}

/// A `send` with this text, as JSON, inside the question.
fn inside(name: &'static str, text: &[u8], at: &'static str, says: &'static str) -> Case {
    let before = br#"{"op":"send","message":{"to":{"repo":"LensSDK"},"type":"Query","payload":{"question":""#;
    raw(name, [before.as_slice(), text, b"\"}}}"].concat(), "invalid_json", at, says)
}

fn lines() -> Vec<Case> {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let garbage: Vec<u8> = (0..=255).rev().filter(|&byte| byte != b'\n').cycle().take(5000).collect();
    vec![
        raw("no JSON", "hello", "invalid_json", "byte 0", "one JSON object a line"),
        raw("half a frame", r#"{"op":"ping""#, "invalid_json", "byte 11", "not JSON"),
        raw("two frames in a line", r#"{"op":"ping"}{"op":"ping"}"#, "invalid_json", "byte 13", "not JSON"),
        raw("binary garbage", garbage, "invalid_json", "byte 0", "UTF-8"),
        raw("2 MB", "x".repeat(2 << 20), "too_large", "", "max_message_size"),
        raw("one byte too many", format!("\"{}\"", "x".repeat((1 << 20) - 1)), "too_large", "", "1048576"),
        raw("deep", deep(65), "invalid_json", "byte 64", "64 levels"),
        raw("very deep", deep(200_000), "invalid_json", "byte 64", "64 levels"),
        raw("deep and open", "{\"a\":".repeat(100_000), "invalid_json", "byte 320", "64 levels"),
        raw("a NUL byte", b"{\"op\":\0}", "invalid_json", "byte 6", "NUL"),
        inside("a NUL byte in a string", b"a\0b", "", "control character"),
        inside("an escaped NUL", br"a\u0000b", "byte 87", "NUL"),
        inside("a bare control character", b"a\x1bb", "", "control character"),
        inside("the first half of a pair", br"a\ud83d", "byte 87", "half a surrogate pair"),
        inside("the second half of a pair", br"a\ude00", "byte 87", "half a surrogate pair"),
        inside("a pair the wrong way round", br"a\ude00\ud83d", "byte 87", "half a surrogate pair"),
        inside("a broken pair", br"a\ud83d\u0041", "byte 87", "half a surrogate pair"),
        inside("half a UTF-8 character", b"a\xc3", "byte 87", "UTF-8"),
        inside("a surrogate in UTF-8", b"a\xed\xa0\xbd", "byte 87", "UTF-8"),
    ]
}

fn frames() -> Vec<Case> {
    vec![
        frame("an array", &json!(["ping"]), "invalid_frame", "frame", "an object"),
        frame("a string", &json!("ping"), "invalid_frame", "frame", "an object"),
        frame("no op", &json!({ "message": {} }), "invalid_frame", "op", "found nothing"),
        frame("op is a number", &json!({ "op": 1 }), "invalid_frame", "op", "a string"),
        frame("op is null", &json!({ "op": null }), "invalid_frame", "op", "found null"),
        raw("op twice", r#"{"op":"ping","op":"ping"}"#, "invalid_frame", "frame", "duplicate"),
        frame("an unknown op", &json!({ "op": "sned" }), "unknown_op", "op", "did you mean \"send\"?"),
        frame("a very unknown op", &json!({ "op": "zzzzzzz" }), "unknown_op", "op", "one of register"),
        frame("send without a message", &json!({ "op": "send" }), "invalid_frame", "message", "an object"),
        frame(
            "allow_unknown is text",
            &json!({ "op": "send", "message": {}, "allow_unknown": "yes" }),
            "invalid_frame",
            "allow_unknown",
            "true or false",
        ),
        frame(
            "ref is an object",
            &json!({ "op": "ping", "ref": {} }),
            "invalid_frame",
            "ref",
            "a string or a number",
        ),
        frame("ref is long", &json!({ "op": "ping", "ref": "x".repeat(200) }), "invalid_frame", "ref", "128"),
        frame(
            "ack of what",
            &json!({ "op": "ack", "ids": "q" }),
            "invalid_frame",
            "ids",
            "an array of strings",
        ),
        frame(
            "ack of a bad id",
            &json!({ "op": "ack", "ids": [""] }),
            "invalid_frame",
            "ids[0]",
            "an empty string",
        ),
        frame(
            "an unknown stage",
            &json!({ "op": "ack", "ids": [], "stage": "seen" }),
            "invalid_frame",
            "stage",
            "delivered, read",
        ),
        frame(
            "ack of no message",
            &json!({ "op": "ack", "ids": ["no"] }),
            "unknown_message",
            "ids",
            "no message no",
        ),
        frame(
            "from is text",
            &json!({ "op": "subscribe", "from": "1" }),
            "invalid_frame",
            "from",
            "an integer",
        ),
        frame(
            "from the future",
            &json!({ "op": "subscribe", "from": 1_u64 << 40 }),
            "invalid_frame",
            "from",
            "last event",
        ),
        frame(
            "another identity",
            &json!({ "op": "register", "repo": "UILib" }),
            "already_registered",
            "",
            "one connection for each instance",
        ),
        frame(
            "10,000 capabilities",
            &json!({ "op": "register", "repo": "Flagship", "capabilities": vec!["c"; 10_000] }),
            "invalid_frame",
            "capabilities",
            "at most 64 items",
        ),
    ]
}

fn questions_about_the_past() -> Vec<Case> {
    vec![
        frame("an unknown id", &json!({ "op": "history", "id": "zz" }), "unknown_message", "id", "\"zz\""),
        frame(
            "an unknown thread",
            &json!({ "op": "history", "thread": "zz" }),
            "unknown_message",
            "id",
            "\"zz\"",
        ),
        frame(
            "a limit below 0",
            &json!({ "op": "history", "limit": -1 }),
            "invalid_frame",
            "limit",
            "at least 0",
        ),
        frame(
            "an event by name",
            &json!({ "op": "history", "seqs": ["1"] }),
            "invalid_frame",
            "seqs[0]",
            "an integer",
        ),
        frame(
            "201 events",
            &json!({ "op": "history", "seqs": vec![1; 201] }),
            "invalid_frame",
            "seqs",
            "at most 200 items, found 201 items",
        ),
        frame(
            "events and a limit",
            &json!({ "op": "history", "seqs": [1], "limit": 1 }),
            "invalid_frame",
            "seqs",
            "no other condition",
        ),
    ]
}

/// A bus, an instance on it that knows how to misbehave, and some that are known to it.
fn scene() -> (Bus, Wire) {
    let bus = Bus::start();
    bus.instance("LensSDK");
    let mut hermit = bus.wire();
    hermit.register_as(json!({ "repo": "Hermit", "accept_requests_from": ["UILib"] }));
    let mut wire = bus.instance("Flagship");
    wire.sends(&query("known", "LensSDK"));
    (bus, wire)
}

#[track_caller]
fn check(case: &Case, error: &Value) {
    let name = case.name;
    assert_eq!(error["op"], "error", "{name}: {error}");
    assert_eq!(error["code"], case.code, "{name}: {error}");
    if !case.at.is_empty() {
        assert_eq!(error["at"], case.at, "{name}: {error}");
    }
    assert!(
        error.to_string().contains(&json!(case.says).to_string().trim_matches('"').to_owned()),
        "{name}: {error}"
    );
    assert!(!text(error, "message").is_empty(), "{name}: {error}");
}

pub(super) fn refuses(cases: Vec<Case>) {
    let (bus, mut wire) = scene();
    for case in cases {
        wire.write(&case.line);
        wire.write(b"\n");
        check(&case, &wire.next());
        assert_eq!(wire.all_now(), [Value::Null; 0], "{}: more than one answer", case.name);
        let mut other = bus.wire();
        assert_eq!(other.ask(json!({ "op": "ping" }))["op"], "pong", "{}", case.name);
    }
    // Nothing of it reached anybody, and good messages still do.
    wire.sends(&query("good", "LensSDK"));
    let mut lens = bus.instance("LensSDK");
    let got = [lens.receive(), lens.receive()].map(|message| text(&message, "id").to_owned());
    assert_eq!(got, ["known", "good"]);
    assert_eq!(lens.all_now(), [Value::Null; 0]);
}

#[test]
fn lines_that_are_no_json() {
    refuses(lines());
}

#[test]
fn frames_that_are_none() {
    refuses(frames().into_iter().chain(questions_about_the_past()).collect());
}
