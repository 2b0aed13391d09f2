//! Envelopes that are none, and messages that may not be sent, against the real socket.

use serde_json::{Value, json};

use super::bad_input::{Case, frame, raw, refuses};
use super::harness::{message, query, with};

/// A `send` of an otherwise good question with a member of the envelope set.
fn envelope(
    name: &'static str,
    member: &str,
    value: Value,
    code: &'static str,
    at: &'static str,
    says: &'static str,
) -> Case {
    let message = with(query("bad", "LensSDK"), member, value);
    frame(name, &json!({ "op": "send", "message": message }), code, at, says)
}

/// A `send` of an otherwise good question without a member of the envelope.
fn without(member: &'static str) -> Case {
    let mut message = query("bad", "LensSDK");
    message.as_object_mut().unwrap().remove(member);
    let frame = json!({ "op": "send", "message": message });
    raw("a member is missing", frame.to_string(), "invalid_message", member, "found nothing")
}

fn envelopes() -> Vec<Case> {
    vec![
        without("to"),
        without("type"),
        without("payload"),
        frame(
            "no object",
            &json!({ "op": "send", "message": [] }),
            "invalid_message",
            "message",
            "an object",
        ),
        envelope(
            "an unknown type",
            "type",
            json!("Qeury"),
            "invalid_message",
            "type",
            "RequestChange, Query",
        ),
        envelope("a type in lower case", "type", json!("query"), "invalid_message", "type", "Query"),
        envelope("a type that is none", "type", json!(1), "invalid_message", "type", "found the number 1"),
        envelope(
            "an unknown priority",
            "priority",
            json!("urgent"),
            "invalid_message",
            "priority",
            "low, normal, high",
        ),
        envelope("ttl 0", "ttl", json!(0), "invalid_message", "ttl", "found 0"),
        envelope("ttl below 0", "ttl", json!(-5), "invalid_message", "ttl", "found -5"),
        envelope("half a ttl", "ttl", json!(1.5), "invalid_message", "ttl", "an integer"),
        envelope("ttl is text", "ttl", json!("300"), "invalid_message", "ttl", "found a string"),
        envelope("timestamp below 0", "timestamp", json!(-1), "invalid_message", "timestamp", "at least 0"),
        envelope("timestamp is null", "timestamp", json!(null), "invalid_message", "", ""),
        envelope("id is null", "id", json!(null), "invalid_message", "", ""),
        envelope("id is empty", "id", json!(""), "invalid_message", "id", "an empty string"),
        envelope("id is long", "id", json!("x".repeat(129)), "invalid_message", "id", "129 bytes"),
        envelope("id is a number", "id", json!(7), "invalid_message", "id", "found the number 7"),
        envelope("id has an escape", "id", json!("\u{1b}[2J"), "invalid_message", "id", "U+001B"),
        envelope(
            "reply_to is a number",
            "reply_to",
            json!(7),
            "invalid_message",
            "reply_to",
            "found the number 7",
        ),
        envelope("to is text", "to", json!("LensSDK"), "invalid_message", "to", "an object"),
        envelope("to is nobody", "to", json!({}), "invalid_message", "to.repo", "found nothing"),
        envelope(
            "to hides its name",
            "to",
            json!({ "repo": "Lens\u{202e}" }),
            "invalid_message",
            "to.repo",
            "U+202E",
        ),
        envelope(
            "10,000 capabilities",
            "to",
            json!({ "repo": "LensSDK", "capabilities": vec!["c"; 10_000] }),
            "invalid_message",
            "to.capabilities",
            "at most 64 items",
        ),
        envelope(
            "a capability that is none",
            "to",
            json!({ "repo": "LensSDK", "capabilities": [1] }),
            "invalid_message",
            "to.capabilities[0]",
            "found the number 1",
        ),
        envelope("payload is text", "payload", json!("question"), "invalid_payload", "payload", "an object"),
        envelope("from is text", "from", json!("Flagship"), "invalid_message", "from", "an object"),
        envelope("from is nobody", "from", json!({}), "invalid_message", "from.repo", "found nothing"),
    ]
}

fn refusals() -> Vec<Case> {
    let from = |member: &str| {
        let from = json!({ "repo": "Flagship" });
        if member == "repo" { json!({ "repo": "LensSDK" }) } else { with(from, member, json!("other")) }
    };
    let send = |message: Value| json!({ "op": "send", "message": message });
    let outcome = with(query("o", "LensSDK"), "type", json!("Negotiate"));
    let outcome = with(with(outcome, "reply_to", json!("x")), "payload", json!({ "outcome": "approved" }));
    let other_type =
        with(message("t", "LensSDK", "Notify", json!({ "findings": "x" })), "reply_to", json!("known"));
    let to = |repo: &str, capability: &str| json!({ "repo": repo, "capabilities": [capability] });
    vec![
        envelope(
            "as another repo",
            "from",
            from("repo"),
            "identity_mismatch",
            "from.repo",
            "registered as Flagship",
        ),
        envelope(
            "as another instance",
            "from",
            from("instance_id"),
            "identity_mismatch",
            "from.instance_id",
            "",
        ),
        envelope(
            "in another session",
            "from",
            from("session_id"),
            "identity_mismatch",
            "from.session_id",
            "",
        ),
        envelope(
            "from another path",
            "from",
            from("path"),
            "identity_mismatch",
            "from.path",
            "leave \"from\" out",
        ),
        envelope(
            "an id that is taken",
            "id",
            json!("known"),
            "duplicate_id",
            "id",
            "a new message needs a new id",
        ),
        envelope(
            "to a typo",
            "to",
            json!({ "repo": "LensSKD" }),
            "unknown_repo",
            "to.repo",
            "did you mean LensSDK?",
        ),
        envelope(
            "to nobody at all",
            "to",
            json!({ "repo": "zzz" }),
            "unknown_repo",
            "to.repo",
            "allow_unknown",
        ),
        envelope("nobody can", "to", to("LensSDK", "fly"), "no_capable_instance", "to.capabilities", "fly"),
        envelope(
            "nobody anywhere can",
            "to",
            to("*", "fly"),
            "no_capable_instance",
            "to.capabilities",
            "fly",
        ),
        envelope(
            "it does not listen",
            "to",
            json!({ "repo": "Hermit" }),
            "access_denied",
            "to.repo",
            "UILib",
        ),
        frame("it is not the operator", &send(outcome), "operator_only", "payload.outcome", "vote"),
        frame("an answer of another type", &send(other_type), "invalid_payload", "type", "send a Query"),
    ]
}

#[test]
fn envelopes_that_are_none() {
    refuses(envelopes());
}

#[test]
fn messages_that_may_not_be_sent() {
    refuses(refusals());
}
