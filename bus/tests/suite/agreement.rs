//! The schemas say what is taken: for arbitrary JSON, serde and the walker over the generated schema agree.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};
use veda_bus_core::message::{Message, MessageType};
use veda_bus_core::payload::{Payload, form_schema};
use veda_bus_core::refusal::Code;
use veda_bus_core::schema::mismatch;

use crate::script::config;
use crate::validation::{envelope, parse_filled, seed};

/// Words and numbers that some field somewhere takes, and some that none does.
fn leaf() -> impl Strategy<Value = Value> {
    let numbers = select(vec![
        json!(0),
        json!(1),
        json!(-1),
        json!(1.0),
        json!(-0.0),
        json!(1e30),
        json!(u64::MAX),
        json!(i64::MIN),
    ]);
    let words = select(vec![
        "",
        " ",
        "\u{3000}",
        "LensSDK",
        " LensSDK",
        "a\u{202e}b",
        "a\u{0}",
        "*",
        "done",
        "accept",
        "accepted",
        "approved",
        "rejected",
        "Done",
        "in_progress",
        "acknowledged",
    ]);
    prop_oneof![
        1 => Just(Value::Null),
        2 => any::<bool>().prop_map(Value::from),
        2 => numbers,
        6 => words.prop_map(Value::from),
        1 => Just(json!("x".repeat(129))),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(2, 12, 4, |inner| {
        let keys = select(vec!["", "LensSDK", "a\u{202e}", "accepted", "done", "summary"]);
        let object = vec((keys.prop_map(str::to_owned), inner.clone()), 0..3);
        prop_oneof![
            vec(inner, 0..3).prop_map(Value::from),
            object.prop_map(|all| Value::Object(Map::from_iter(all)))
        ]
    })
}

/// An opening or answer in which some members are gone and others are something else.
fn payload() -> impl Strategy<Value = (MessageType, Value)> {
    let whole = (0..MessageType::ALL.len(), any::<bool>()).prop_flat_map(|(which, answer)| {
        let kind = MessageType::ALL[which];
        let names: Vec<_> =
            form_schema(kind, answer)["properties"].as_object().unwrap().keys().cloned().collect();
        let count = names.len();
        let start = if answer { json!({}) } else { seed(kind) };
        let gone = prop_oneof![3 => Just(Vec::new()), 1 => subsequence(names.clone(), 0..=count)];
        let changed = vec((select(names), any_json()), 0..3);
        (Just(kind), Just(start), gone, changed).prop_map(|(kind, mut payload, gone, changed)| {
            let members = payload.as_object_mut().unwrap();
            members.retain(|name, _| !gone.contains(name));
            members.extend(changed);
            (kind, payload)
        })
    });
    let anything = (select(MessageType::ALL.to_vec()), any_json());
    prop_oneof![9 => whole, 1 => anything]
}

fn says_something(kind: MessageType, payload: &Value) -> bool {
    let schema = form_schema(kind, true);
    let mut names = schema["properties"].as_object().unwrap().keys();
    names.any(|name| payload.get(name).is_some_and(|value| !value.is_null()))
}

proptest! {
    #![proptest_config(config(3000))]

    #[test]
    fn schemas_say_what_is_taken((kind, payload) in payload()) {
        let json = payload.to_string();
        let fits = |answer| mismatch(&form_schema(kind, answer), &payload, "payload").is_none();
        let opening = Payload::parse(kind, false, &json);
        prop_assert_eq!(opening.is_ok(), fits(false), "{} {} {:?}", kind, json, opening);
        let replied = Payload::parse(kind, true, &json);
        let fits_one = fits(false) || fits(true) && says_something(kind, &payload);
        prop_assert_eq!(replied.is_ok(), fits_one, "{} {} {:?}", kind, json, replied);
        for refusal in [opening, replied].into_iter().filter_map(Result::err) {
            prop_assert_eq!(refusal.code, Code::InvalidPayload);
            prop_assert!(refusal.at.is_some_and(|at| at.starts_with("payload")));
            prop_assert!(!refusal.message.contains(" payload, found"), "not explained: {}", refusal.message);
        }
    }

    #[test]
    fn the_envelopes_schema_says_what_is_taken(
        member in select(vec!["id", "from", "to", "type", "priority", "timestamp", "reply_to", "ttl"]),
        inner in proptest::option::of(select(vec!["repo", "path", "session_id", "instance_id", "capabilities"])),
        value in any_json(),
    ) {
        // A list of capabilities that is null is taken for none.
        prop_assume!(!value.is_null() || inner != Some("capabilities"));
        let mut message = envelope(MessageType::Query, &seed(MessageType::Query));
        match inner.filter(|_| message[member].is_object()) {
            Some(inner) => message[member][inner] = value,
            None => message[member] = value,
        }
        let parsed = parse_filled(&message.to_string());
        let fits = mismatch(&Message::schema(), &message, "message").is_none();
        // The type decides what the payload must be.
        let taken = !matches!(&parsed, Err(refusal) if refusal.code == Code::InvalidMessage);
        prop_assert_eq!(taken, fits, "{} {:?}", message, parsed);
    }

    #[test]
    fn a_taken_message_is_written_back_the_same((kind, payload) in payload(), is_reply in any::<bool>()) {
        if let Ok(parsed) = Payload::parse(kind, is_reply, &payload.to_string()) {
            prop_assert_eq!(parsed.is_answer(), is_reply && Payload::parse(kind, false, &payload.to_string()).is_err());
            let written = parsed.to_json().unwrap();
            prop_assert_eq!(Payload::parse(kind, is_reply, &written), Ok(parsed));
        }
    }
}
