//! Every field of every payload, missing and mistyped. The cases are made from the schemas that the bus generates from
//! its types, so that a new field is tested as soon as it is there.

use serde_json::{Value, json};
use veda_bus_core::message::MessageType;
use veda_bus_core::payload::form_schema;

use super::harness::{Bus, Wire, message, text, with};

/// A good opening of each type, with all of its fields.
fn opening(kind: MessageType) -> Value {
    match kind {
        MessageType::RequestChange => json!({
            "summary": "s", "reason": "r", "suggested_implementation": "i", "urgency": "blocking_development",
        }),
        MessageType::Query => json!({ "question": "q", "context": "c", "response_format": "f" }),
        MessageType::Notify => json!({
            "change_type": "deprecation", "summary": "s", "migration_guide": "m", "effective_version": "2.0.0",
        }),
        MessageType::Negotiate => json!({
            "proposal": "p", "affected_repos": ["Flagship"], "benefits": ["b"], "requires_consensus": true,
        }),
        MessageType::Task => {
            json!({ "task_type": "benchmark", "description": "d", "subtasks": { "LensSDK": "l" } })
        }
    }
}

/// Values that a field with this schema must not take.
fn wrong_values(schema: &Value) -> Vec<Value> {
    let of_kind = |kind: &str| match kind {
        "string" => vec![json!(42), json!(true), json!(["text"]), json!({ "text": "text" })],
        "boolean" => vec![json!("true"), json!(0), json!([true])],
        "integer" => vec![json!("1"), json!(-1), json!(1.5), json!([1])],
        "array" => vec![json!("text"), json!(1), json!({}), json!([1]), json!([null]), json!([["text"]])],
        "object" => {
            vec![json!("text"), json!(1), json!([]), json!({ "LensSDK": 1 }), json!({ "LensSDK": null })]
        }
        other => panic!("what must a {other} not be? {schema}"),
    };
    if let Some(first) = schema["anyOf"].as_array().and_then(|all| all.first()) {
        return wrong_values(first);
    }
    if schema["enum"].is_array() || schema["oneOf"].is_array() {
        return vec![json!("no such word"), json!(1), json!(["accept"])];
    }
    let kinds = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        // Anything goes.
        _ => return Vec::new(),
    };
    let mut wrong = of_kind(kinds[0]);
    if !kinds.contains(&"null") {
        wrong.push(Value::Null);
    }
    if schema["minLength"].is_number() {
        wrong.extend([json!(""), json!(" \t\n")]);
    }
    if let Some(most) = schema["maxItems"].as_u64() {
        wrong.push(json!(vec!["LensSDK"; usize::try_from(most).unwrap() + 1]));
    }
    if schema["minItems"].is_number() {
        wrong.extend([json!([]), json!([""]), json!(["a\u{202e}"])]);
    }
    if kinds[0] == "object" {
        wrong.extend([json!({ "": "text" }), json!({ "LensSDK": " " }), json!({ "\u{200b}": "text" })]);
    }
    wrong
}

fn properties(kind: MessageType, answer: bool) -> Vec<(String, Value)> {
    let schema = form_schema(kind, answer);
    let properties = schema["properties"].as_object().expect("a schema with properties");
    properties.iter().map(|(name, schema)| (name.clone(), schema.clone())).collect()
}

/// A field with a value that it may not have must be refused, and the refusal name the field.
#[track_caller]
fn refuses(wire: &mut Wire, message: &Value, field: &str) {
    let error = wire.send(message);
    assert_eq!(error["code"], "invalid_payload", "{error}\nfor {message}");
    let place = format!("payload.{field}");
    let at = text(&error, "at");
    let inside =
        at.strip_prefix(place.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    assert!(inside, "{error}\nfor {message}");
    assert!(text(&error, "message").starts_with("expected "), "{error}");
}

fn scene() -> (Bus, Wire) {
    let bus = Bus::start();
    bus.instance("LensSDK");
    let wire = bus.instance("Flagship");
    (bus, wire)
}

#[test]
fn every_field_of_an_opening() {
    let (bus, mut wire) = scene();
    let mut missing = 0;
    for kind in MessageType::ALL {
        let good = opening(kind);
        let schema = form_schema(kind, false);
        let required: Vec<_> =
            schema["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        for (field, schema) in properties(kind, false) {
            assert!(!good[&field].is_null(), "the good {kind} has no {field}: add it, so that it is tested");
            if required.contains(&field.as_str()) {
                missing += 1;
                let mut payload = good.clone();
                payload.as_object_mut().unwrap().remove(&field);
                refuses(&mut wire, &message("missing", "LensSDK", kind.as_str(), payload), &field);
            }
            for wrong in wrong_values(&schema) {
                let payload = with(good.clone(), &field, wrong);
                refuses(&mut wire, &message("wrong", "LensSDK", kind.as_str(), payload), &field);
            }
        }
        wire.sends(&message(kind.as_str(), "LensSDK", kind.as_str(), good));
    }
    // summary; question; change_type, summary; proposal, affected_repos, requires_consensus; task_type, description,
    // subtasks: the specification's fields without which a message says nothing.
    assert_eq!(missing, 10);
    assert_eq!(bus.state()["accepted"], 5);
}

#[test]
fn every_field_of_an_answer() {
    let (bus, mut wire) = scene();
    let mut wrong_ones = 0;
    for kind in MessageType::ALL {
        let reply =
            |payload| with(message("wrong", "LensSDK", kind.as_str(), payload), "reply_to", json!("x"));
        for (field, schema) in properties(kind, true) {
            for wrong in wrong_values(&schema).into_iter().filter(|wrong| !wrong.is_null()) {
                wrong_ones += 1;
                refuses(&mut wire, &reply(json!({ &field: wrong })), &field);
            }
        }
        let empty = wire.send(&reply(json!({})));
        assert_eq!((&empty["code"], &empty["at"]), (&json!("invalid_payload"), &json!("payload")), "{empty}");
        let strange = wire.send(&reply(json!({ "stranger": 1 })));
        assert!(text(&strange, "message").contains("at least one of"), "{strange}");
    }
    assert!(wrong_ones > 60, "{wrong_ones}");
    assert_eq!(bus.state()["accepted"], 0);
}

#[test]
fn fields_that_nobody_knows_are_passed_on_as_they_came() {
    let (bus, mut wire) = scene();
    for kind in MessageType::ALL {
        let payload = with(opening(kind), "x_extra", json!({ "kept": [1, null, "as it is"] }));
        wire.sends(&with(message(kind.as_str(), "LensSDK", kind.as_str(), payload), "x_more", json!(1.50)));
    }
    let mut lens = bus.instance("LensSDK");
    for kind in MessageType::ALL {
        let got = lens.receive();
        assert_eq!(got["type"], kind.as_str());
        assert_eq!(got["payload"]["x_extra"], json!({ "kept": [1, null, "as it is"] }));
        assert_eq!(got["x_more"], json!(1.5));
    }
}
