//! What a message must be to be taken, and what is said when it is not.

use serde_json::{Value, json};
use veda_bus_core::message::{Defaults, MAX_CAPABILITIES, Message, MessageType, Priority, Sender};
use veda_bus_core::name::MessageId;
use veda_bus_core::payload::{Form, Payload, form_schema};
use veda_bus_core::refusal::{Code, Refusal};
use veda_bus_core::schema::mismatch;

use crate::bench::{repo, with};

use MessageType::{Negotiate, Notify, Query, RequestChange, Task};

/// The specification's payloads, word for word.
pub(crate) fn seed(kind: MessageType) -> Value {
    match kind {
        RequestChange => json!({
            "summary": "Expose getActiveSession() in session.rs",
            "reason": "Used in Flagship for auto-resume on reconnect",
            "suggested_implementation": "pub fn getActiveSession() -> Option<Session>",
            "urgency": "blocking_development"
        }),
        Query => json!({
            "question": "What's the current interface for SessionManager?",
            "context": "Planning to integrate with new auth flow",
            "response_format": "rust_trait_definition"
        }),
        Notify => json!({
            "change_type": "breaking_change|deprecation|new_feature",
            "summary": "Renamed SessionContext to ActiveSessionContext",
            "migration_guide": "sed -i 's/SessionContext/ActiveSessionContext/g'",
            "effective_version": "2.0.0"
        }),
        Negotiate => json!({
            "proposal": "Move shared auth logic to auth-core package",
            "affected_repos": ["Flagship", "LensSDK"],
            "benefits": ["Reduced duplication", "Centralized security updates"],
            "requires_consensus": true
        }),
        Task => json!({
            "task_type": "distributed_refactor|test_suite|benchmark",
            "description": "Update all repos to use new ErrorBoundary API",
            "subtasks": {
                "Flagship": "Update 12 components",
                "UILib": "Export new ErrorBoundary",
                "LensSDK": "Add error context provider"
            }
        }),
    }
}

/// The specification's envelope around a payload.
pub(crate) fn envelope(kind: MessageType, payload: &Value) -> Value {
    json!({
        "id": "uuid-v4",
        "from": {
            "repo": "Flagship",
            "path": "/home/user/projects/flagship",
            "session_id": "session-uuid",
            "instance_id": "instance-uuid"
        },
        "to": { "repo": "LensSDK", "capabilities": ["auth", "session"] },
        "type": kind.as_str(),
        "priority": "high",
        "payload": payload,
        "timestamp": 1_717_689_033,
        "ttl": 300
    })
}

fn reply(kind: MessageType, payload: &Value) -> Value {
    with(envelope(kind, payload), "reply_to", json!("parent-message-id"))
}

fn parse(message: &Value) -> Result<Message, Refusal> {
    Message::parse(&message.to_string(), None)
}

/// An envelope of which a sender wrote only this.
pub(crate) fn parse_filled(json: &str) -> Result<Message, Refusal> {
    let from = Sender { repo: repo("Flagship"), path: None, session_id: None, instance_id: None };
    let id = || MessageId::new("made-up").unwrap();
    Message::parse(json, Some(&Defaults { id: &id, from: &from, timestamp: 1000 }))
}

/// Every answer form, each field alone at least once.
const ANSWERS: [(MessageType, &str); 17] = [
    (RequestChange, r#"{"decision":"acknowledged"}"#),
    (RequestChange, r#"{"decision":"countered","counter_proposal":"Result<Session, AuthError>"}"#),
    (RequestChange, r#"{"decision":"accepted","eta_seconds":300,"comment":"Implementing now"}"#),
    (RequestChange, r#"{"eta_seconds":18446744073709551615}"#),
    (RequestChange, r#"{"decision":"rejected","counter_proposal":null}"#),
    (Query, r#"{"answer":"a trait"}"#),
    (Query, r#"{"answer":{"any":["JSON",1,null]},"comment":"as asked"}"#),
    (Query, r#"{"acknowledged":true}"#),
    (Notify, r#"{"acknowledged":true,"findings":"23 call sites"}"#),
    (Notify, r#"{"comment":"Need migration guide"}"#),
    (Negotiate, r#"{"vote":"abstain"}"#),
    (Negotiate, r#"{"vote":"counter","counter_proposal":"Leave it"}"#),
    (Negotiate, r#"{"outcome":"approved"}"#),
    (Task, r#"{"status":"in_progress","detail":"45 log statements"}"#),
    (Task, r#"{"status":"failed"}"#),
    (Task, r#"{"acknowledged":false}"#),
    (Task, r#"{"comment":"x","unknown_field":[[]]}"#),
];

#[test]
fn the_specifications_messages_are_taken() {
    for kind in MessageType::ALL {
        for message in [envelope(kind, &seed(kind)), reply(kind, &seed(kind))] {
            let parsed = parse(&message).unwrap();
            assert_eq!((parsed.kind(), parsed.priority), (kind, Priority::High));
            assert!(!parsed.payload.is_answer(), "a whole opening stays one in a reply");
            assert_eq!(parsed.json(), message.to_string());
            assert_eq!(parsed.payload_json(), message["payload"].to_string());
            assert_eq!(mismatch(&Message::schema(), &message, "message"), None);
            assert_eq!(mismatch(&Message::schema_of(kind), &message, "message"), None);
            assert_eq!(mismatch(&form_schema(kind, false), &message["payload"], "payload"), None);
        }
    }
}

#[test]
fn every_answer_form_is_taken_in_a_reply_only() {
    for (kind, json) in ANSWERS {
        let payload: Value = serde_json::from_str(json).unwrap();
        let parsed = parse(&reply(kind, &payload)).unwrap();
        assert!(parsed.payload.is_answer(), "{json}");
        assert_eq!(mismatch(&Message::schema_of(kind), &reply(kind, &payload), "message"), None, "{json}");
        let written = parsed.payload.to_json().unwrap();
        assert_eq!(Payload::parse(kind, true, &written), Ok(parsed.payload), "{json}");
        let refusal = parse(&envelope(kind, &payload)).unwrap_err();
        assert_eq!(refusal.code, Code::InvalidPayload);
        assert!(refusal.message.ends_with("found nothing"), "{refusal}");
    }
}

#[test]
fn every_schema_is_one() {
    let forms =
        MessageType::ALL.into_iter().flat_map(|kind| [false, true].map(|answer| form_schema(kind, answer)));
    let whole = MessageType::ALL.into_iter().map(Message::schema_of);
    for schema in forms.chain(whole).chain([Message::schema()]) {
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["type"], "object");
        assert!(schema["title"].is_string());
        assert!(!schema.to_string().contains("$ref"), "everything is in place");
        assert_eq!(serde_json::from_str::<Value>(&schema.to_string()).unwrap(), schema);
        let properties = schema["properties"].as_object().unwrap();
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        assert!(required.iter().all(|name| properties.contains_key(name.as_str().unwrap())));
        assert!(properties.values().all(Value::is_object));
    }
    let other = mismatch(&Message::schema_of(Task), &envelope(Query, &seed(Query)), "message").unwrap();
    assert_eq!(other.to_string(), "message.type: expected one of Task, found \"Query\"");
}

/// Payloads that are refused, each with what is said of it.
const BAD_PAYLOADS: &str = r#"
RequestChange opening {}
    payload.summary: expected a string that is not blank, found nothing
RequestChange opening {"summary":5}
    payload.summary: expected a string that is not blank, found the number 5
RequestChange opening {"summary":" \t\n"}
    payload.summary: expected a string that is not blank, found a blank string
RequestChange opening {"summary":null}
    payload.summary: expected a string that is not blank, found null
RequestChange opening {"summary":["s"]}
    payload.summary: expected a string that is not blank, found an array
RequestChange opening {"summary":"s","urgency":["high"]}
    payload.urgency: expected a string, found an array
RequestChange opening {"decision":"done"}
    payload.summary: expected a string that is not blank, found nothing
RequestChange opening ["s"]
    payload: expected an object, found an array
RequestChange answer ["done"]
    payload: expected an object, found an array
Query opening "question"
    payload: expected an object, found a string
Query answer null
    payload: expected an object, found null
Query opening {"question":"q","context":7}
    payload.context: expected a string, found the number 7
Query opening {"answer":"a"}
    payload.question: expected a string that is not blank, found nothing
Notify opening {"summary":"s"}
    payload.change_type: expected a string that is not blank, found nothing
Notify opening {"change_type":"","summary":"s"}
    payload.change_type: expected a string that is not blank, found a blank string
Notify opening {"change_type":"c","summary":"s","effective_version":2}
    payload.effective_version: expected a string, found the number 2
Negotiate opening {"proposal":"p","affected_repos":"LensSDK","requires_consensus":true}
    payload.affected_repos: expected an array of strings, found a string
Negotiate opening {"proposal":"p","affected_repos":null,"requires_consensus":true}
    payload.affected_repos: expected an array of strings, found null
Negotiate opening {"proposal":"p","affected_repos":{"LensSDK":true},"requires_consensus":true}
    payload.affected_repos: expected an array of strings, found an object
Negotiate opening {"proposal":"p","affected_repos":[],"requires_consensus":true}
    payload.affected_repos: expected at least 1 item, found 0 items
Negotiate opening {"proposal":"p","affected_repos":["A",3],"requires_consensus":true}
    payload.affected_repos[1]: expected a name, found the number 3
Negotiate opening {"proposal":"p","affected_repos":[null],"requires_consensus":true}
    payload.affected_repos[0]: expected a name, found null
Negotiate opening {"proposal":"p","affected_repos":["A"," "],"requires_consensus":true}
    payload.affected_repos[1]: expected a name, found an empty string
Negotiate opening {"proposal":"p","affected_repos":["A\u202eB"],"requires_consensus":true}
    payload.affected_repos[0]: expected a name, found a string with U+202E in it
Negotiate opening {"proposal":"p","affected_repos":["A"]}
    payload.requires_consensus: expected true or false, found nothing
Negotiate opening {"proposal":"p","affected_repos":["A"],"requires_consensus":"yes"}
    payload.requires_consensus: expected true or false, found a string
Negotiate opening {"proposal":"p","affected_repos":["A"],"requires_consensus":1}
    payload.requires_consensus: expected true or false, found the number 1
Negotiate opening {"proposal":"p","affected_repos":["A"],"requires_consensus":true,"benefits":"b"}
    payload.benefits: expected an array of strings, found a string
Negotiate opening {"proposal":"p","affected_repos":["A"],"requires_consensus":true,"benefits":[null]}
    payload.benefits[0]: expected a string, found null
Task opening {"task_type":"t","description":"d"}
    payload.subtasks: expected an object of strings, found nothing
Task opening {"task_type":"t","description":"d","subtasks":["LensSDK"]}
    payload.subtasks: expected an object of strings, found an array
Task opening {"task_type":"t","description":"d","subtasks":{"LensSDK":3}}
    payload.subtasks.LensSDK: expected a string that is not blank, found the number 3
Task opening {"task_type":"t","description":"d","subtasks":{"LensSDK":" "}}
    payload.subtasks.LensSDK: expected a string that is not blank, found a blank string
Task opening {"task_type":"t","description":"d","subtasks":{"":"x"}}
    payload.subtasks: expected names as keys, found an empty string
RequestChange answer {}
    payload: expected at least one of comment, counter_proposal, decision, eta_seconds in an answer, found none of them
RequestChange answer {"decision":null}
    payload: expected at least one of comment, counter_proposal, decision, eta_seconds in an answer, found none of them
RequestChange answer {"decison":"done"}
    payload: expected at least one of comment, counter_proposal, decision, eta_seconds in an answer, found none of them
RequestChange answer {"summary":""}
    payload.summary: expected a string that is not blank, found a blank string
RequestChange answer {"decision":"perhaps"}
    payload.decision: expected one of acknowledged, accepted, countered, rejected, done, found "perhaps"
RequestChange answer {"decision":"Done"}
    payload.decision: expected one of acknowledged, accepted, countered, rejected, done, found "Done"
RequestChange answer {"decision":true}
    payload.decision: expected one of acknowledged, accepted, countered, rejected, done, found true
RequestChange answer {"decision":{"done":null}}
    payload.decision: expected one of acknowledged, accepted, countered, rejected, done, found an object
RequestChange answer {"decision":["done"]}
    payload.decision: expected one of acknowledged, accepted, countered, rejected, done, found an array
RequestChange answer {"eta_seconds":-1}
    payload.eta_seconds: expected an integer of at least 0, found -1
RequestChange answer {"eta_seconds":1.0}
    payload.eta_seconds: expected an integer of at least 0, found the number 1.0
RequestChange answer {"eta_seconds":18446744073709551616}
    payload.eta_seconds: expected an integer of at least 0, found the number 1.8446744073709552e+19
RequestChange answer {"eta_seconds":"300"}
    payload.eta_seconds: expected an integer of at least 0, found a string
Query answer {"answer":null}
    payload: expected at least one of acknowledged, answer, comment in an answer, found none of them
Query answer {"answer":"a","comment":""}
    payload.comment: expected a string that is not blank, found a blank string
Notify answer {"acknowledged":"yes"}
    payload.acknowledged: expected true or false, found a string
Notify answer {"findings":23}
    payload.findings: expected a string that is not blank, found the number 23
Negotiate answer {"vote":"yes"}
    payload.vote: expected one of accept, reject, abstain, counter, found "yes"
Negotiate answer {"outcome":"accept"}
    payload.outcome: expected one of approved, rejected, expired, withdrawn, found "accept"
Task answer {"status":"InProgress"}
    payload.status: expected one of accepted, in_progress, blocked, done, failed, found "InProgress"
"#;

/// Members of an envelope that are refused, each with what is said of it.
const BAD_MEMBERS: &str = r#"
to ["LensSDK"]
    to: expected an object, found an array
to "LensSDK"
    to: expected an object, found a string
to null
    to: expected an object, found null
to {}
    to.repo: expected a name, found nothing
to.repo ["LensSDK"]
    to.repo: expected a name, found an array
to.repo ""
    to.repo: expected a name, found an empty string
to.repo "Lens\u001b[31m"
    to.repo: expected a name, found a string with U+001B in it
to.repo "a\u202eb"
    to.repo: expected a name, found a string with U+202E in it
to.repo " A"
    to.repo: expected a name, found a string with white space at an end
to.capabilities "auth"
    to.capabilities: expected an array of strings, found a string
to.capabilities ["auth", 1]
    to.capabilities[1]: expected a name, found the number 1
from ["Flagship"]
    from: expected an object, found an array
from {}
    from.repo: expected a name, found nothing
from.path 7
    from.path: expected a string, found the number 7
id 42
    id: expected a name, found the number 42
id "a\u0007"
    id: expected a name, found a string with U+0007 in it
reply_to ""
    reply_to: expected a name, found an empty string
type "Gossip"
    type: expected one of RequestChange, Query, Notify, Negotiate, Task, found "Gossip"
type "query"
    type: expected one of RequestChange, Query, Notify, Negotiate, Task, found "query"
type ["Query"]
    type: expected one of RequestChange, Query, Notify, Negotiate, Task, found an array
type { "Query": null }
    type: expected one of RequestChange, Query, Notify, Negotiate, Task, found an object
priority "urgent"
    priority: expected one of low, normal, high, found "urgent"
priority { "high": null }
    priority: expected one of low, normal, high, found an object
ttl 0
    ttl: expected an integer of at least 1, found 0
ttl -5
    ttl: expected an integer of at least 1, found -5
ttl 1.5
    ttl: expected an integer of at least 1, found the number 1.5
ttl 1e30
    ttl: expected an integer of at least 1, found the number 1e+30
ttl "300"
    ttl: expected an integer of at least 1, found a string
timestamp -1
    timestamp: expected an integer of at least 0, found -1
timestamp 1e300
    timestamp: expected an integer of at least 0, found the number 1e+300
timestamp "now"
    timestamp: expected an integer of at least 0, found a string
"#;

/// The cases of a table: what is wrong, and what is said of it.
fn cases(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines: Vec<_> = table.trim().lines().collect();
    lines.chunks(2).map(|pair| (pair[0], pair[1].trim())).collect::<Vec<_>>().into_iter()
}

#[test]
fn a_bad_payload_is_refused_with_the_place_and_the_reason() {
    for (case, said) in cases(BAD_PAYLOADS) {
        let parts: Vec<_> = case.splitn(3, ' ').collect();
        let (kind, form, json) = (parts[0].parse::<MessageType>().unwrap(), parts[1], parts[2]);
        let refusal = Payload::parse(kind, form == "answer", json).unwrap_err();
        assert_eq!((refusal.code, refusal.to_string().as_str()), (Code::InvalidPayload, said), "{case}");
        let more = if form == "answer" { r#","reply_to":"x""# } else { "" };
        let whole = format!(r#"{{"to":{{"repo":"A"}},"type":"{kind}","payload": {json} {more}}}"#);
        assert_eq!(parse_filled(&whole).unwrap_err(), refusal, "{whole}");
    }
}

#[test]
fn a_bad_envelope_is_refused_with_the_place_and_the_reason() {
    let query = envelope(Query, &seed(Query));
    for (case, said) in cases(BAD_MEMBERS) {
        let (path, value) = case.split_once(' ').unwrap();
        let bad = with(query.clone(), path, serde_json::from_str(value).unwrap());
        let refusal = parse(&bad).expect_err(case);
        assert_eq!((refusal.code, refusal.to_string().as_str()), (Code::InvalidMessage, said), "{case}");
    }
    let long = parse(&with(query, "to.repo", json!("x".repeat(129)))).unwrap_err();
    assert_eq!(long.to_string(), "to.repo: expected a name, found a string of 129 bytes (at most 128)");
    let types = "type: expected one of RequestChange, Query, Notify, Negotiate, Task, found nothing";
    for (json, said) in [
        ("[1]", "message: expected an object, found an array"),
        ("null", "message: expected an object, found null"),
        (r#"{"type":"Query","payload":{}}"#, "to: expected an object, found nothing"),
        (r#"{"to":{"repo":"A"},"payload":{}}"#, types),
        (r#"{"to":{"repo":"A"},"type":"Query"}"#, "payload: expected an object, found nothing"),
    ] {
        assert_eq!(parse_filled(json).unwrap_err().to_string(), said, "{json}");
    }
}

#[test]
fn a_long_wrong_word_is_not_repeated_whole() {
    let refusal =
        Payload::parse(Negotiate, true, &json!({ "vote": "é".repeat(100_000) }).to_string()).unwrap_err();
    assert!(refusal.message.len() < 300 && refusal.message.ends_with("é…\""), "{refusal}");
}

#[test]
fn a_list_may_be_too_long() {
    let repos = vec!["A"; 257];
    let payload = with(seed(Negotiate), "affected_repos", json!(repos));
    let refusal = Payload::parse(Negotiate, false, &payload.to_string()).unwrap_err();
    assert_eq!(refusal.to_string(), "payload.affected_repos: expected at most 256 items, found 257 items");
    for count in [MAX_CAPABILITIES, MAX_CAPABILITIES + 1, 10_000] {
        let names: Vec<_> = (0..count).map(|index| format!("c{index}")).collect();
        let parsed = parse(&with(envelope(Query, &seed(Query)), "to.capabilities", json!(names)));
        match parsed {
            Ok(message) => assert_eq!(message.to.capabilities.len(), MAX_CAPABILITIES),
            Err(refusal) => {
                let expected = format!("to.capabilities: expected at most 64 items, found {count} items");
                assert_eq!((refusal.to_string(), refusal.code), (expected, Code::InvalidMessage));
            }
        }
        assert!(count == MAX_CAPABILITIES || names.len() > MAX_CAPABILITIES);
    }
}

#[test]
fn what_the_bus_can_not_fill_in_is_missed() {
    for field in ["id", "from", "timestamp"] {
        let mut message = envelope(Query, &seed(Query));
        message.as_object_mut().unwrap().remove(field);
        let refusal = parse(&message).unwrap_err();
        assert_eq!(refusal.to_string(), format!("{field}: expected a value, found nothing"));
        assert!(parse_filled(&message.to_string()).is_ok());
        // Null is not the same as nothing: filling it in would put the name there twice.
        message[field] = Value::Null;
        let refusal = parse_filled(&message.to_string()).unwrap_err();
        assert_eq!((refusal.code, refusal.at.as_deref()), (Code::InvalidMessage, Some(field)), "{refusal}");
    }
    for field in ["priority", "reply_to", "ttl"] {
        let message = parse(&with(envelope(Query, &seed(Query)), field, Value::Null)).unwrap();
        assert_eq!((message.kind(), message.reply_to), (Query, None));
    }
}

#[test]
fn null_is_not_blamed_for_another_fault() {
    let message = with(with(envelope(Query, &seed(Query)), "priority", Value::Null), "ttl", json!(0));
    assert_eq!(parse(&message).unwrap_err().at.as_deref(), Some("ttl"));
}

#[test]
fn a_name_stands_once() {
    for json in [
        r#"{"to":{"repo":"A"},"to":{"repo":"B"},"type":"Query","payload":{"question":"q"}}"#,
        r#"{"id":"a","id":"a","to":{"repo":"A"},"type":"Query","payload":{"question":"q"}}"#,
        r#"{"to":{"repo":"A","repo":"B"},"type":"Query","payload":{"question":"q"}}"#,
        r#"{"to":{"repo":"A"},"type":"Query","payload":{"question":"q","question":"r"}}"#,
    ] {
        let refusal = parse_filled(json).unwrap_err();
        assert!(refusal.message.contains("duplicate field"), "{refusal}");
        assert!(matches!(refusal.at.as_deref(), Some("message" | "payload")), "{refusal}");
    }
}

#[test]
fn numbers_at_their_limits_are_taken() {
    let large =
        with(with(envelope(Query, &seed(Query)), "ttl", json!(u64::MAX)), "timestamp", json!(u64::MAX));
    let parsed = parse(&large).unwrap();
    assert_eq!((parsed.ttl.map(u64::from), parsed.timestamp), (Some(u64::MAX), u64::MAX));
    assert_eq!(parse(&with(large, "timestamp", json!(0))).unwrap().timestamp, 0);
}

#[test]
fn the_senders_bytes_are_kept_and_what_is_missing_stands_before_them() {
    let rest = r#" "x-trace" : { "a": [1, 2.50, 1e2], "id": null },"to":{"repo":"LensSDK","x":"\u00e9é"},
        "type":"Query", "payload": {"question":"q",  "x-more": [ ]} , "extra":"\"payload\":{}" }  "#;
    let parsed = parse_filled(&format!("  {{{rest}")).unwrap();
    let filled = r#"{"id":"made-up","from":{"repo":"Flagship"},"timestamp":1000,"#;
    assert_eq!(parsed.json(), format!("{filled}{}", rest.trim_end()));
    assert_eq!(parsed.payload_json(), r#"{"question":"q",  "x-more": [ ]}"#);
    assert_eq!(Message::parse(parsed.json(), None).unwrap(), parsed);
    let only_time = format!(r#"{{"id":"own","from":{{"repo":"Flagship"}},{rest}"#);
    let parsed = parse_filled(&only_time).unwrap();
    assert!(parsed.json().starts_with(r#"{"timestamp":1000,"id":"own","from""#), "{}", parsed.json());
}

#[test]
fn an_opening_in_a_reply_is_an_opening() {
    let parsed = Payload::parse(Query, true, r#"{"question":"And why?","answer":"Because."}"#).unwrap();
    assert!(matches!(parsed, Payload::Query(Form::Opening(query)) if query.question.as_str() == "And why?"));
}
