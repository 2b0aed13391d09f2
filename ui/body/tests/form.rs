//! Roles, words, completeness.

use serde_json::json;
use veda_bus_core::message::MessageType;
use veda_bus_core::payload::form_schema;

use super::*;

#[test]
fn every_field_of_the_protocol_is_shown_by_its_own_means() {
    for kind in MessageType::ALL {
        for answer in [false, true] {
            let schema = form_schema(kind, answer);
            let names: Vec<_> = schema["properties"].as_object().unwrap().keys().cloned().collect();
            // A null is for an optional field as if it were not there: whatever is shown of it was taken for an extra.
            let mut payload: serde_json::Map<_, _> =
                names.iter().map(|name| (name.clone(), Value::Null)).collect();
            let full = json!({
                "summary": "s", "question": "q", "change_type": "c", "proposal": "p", "affected_repos": ["A"],
                "requires_consensus": true, "task_type": "t", "description": "d", "subtasks": {"A": "b"},
                "comment": "c",
            });
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            for name in required.chain(answer.then_some("comment")) {
                payload.insert(name.to_owned(), full[name].clone());
            }
            let text = shown(kind.as_str(), answer, &Value::Object(payload));
            assert!(!text.contains("null"), "{kind}: {text}");
        }
    }
}

#[test]
fn words_have_roles() {
    let role_of = |kind: &str, name: &str, word: &str| {
        let rows = lines(&message(kind, true, &json!({ name: word }).to_string()), 60, &Look::default());
        rows[0].pieces().iter().find(|(_, text)| text.contains('[')).unwrap().0
    };
    for (kind, name, word, role) in [
        ("RequestChange", "decision", "acknowledged", Role::Info),
        ("RequestChange", "decision", "accepted", Role::Ok),
        ("RequestChange", "decision", "countered", Role::Warn),
        ("RequestChange", "decision", "rejected", Role::Danger),
        ("RequestChange", "decision", "done", Role::Ok),
        ("Negotiate", "vote", "accept", Role::Ok),
        ("Negotiate", "vote", "reject", Role::Danger),
        ("Negotiate", "vote", "abstain", Role::Info),
        ("Negotiate", "outcome", "approved", Role::Ok),
        ("Negotiate", "outcome", "rejected", Role::Danger),
        ("Task", "status", "in_progress", Role::Info),
        ("Task", "status", "blocked", Role::Warn),
        ("Task", "status", "failed", Role::Danger),
    ] {
        assert_eq!(role_of(kind, name, word), role, "{name} {word}");
    }
}

#[test]
fn times_are_told_in_words() {
    let eta =
        |seconds: u64| shown("RequestChange", true, &json!({ "eta_seconds": seconds })).trim_end().to_owned();
    assert_eq!(eta(0), "eta_seconds: in 0 s");
    assert_eq!(eta(45), "eta_seconds: in 45 s");
    assert_eq!(eta(300), "eta_seconds: in 5 min (300 s)");
    assert_eq!(eta(90), "eta_seconds: in 1 min 30 s (90 s)");
    assert_eq!(eta(7500), "eta_seconds: in 2 h 5 min (7500 s)");
    assert_eq!(eta(86_400), "eta_seconds: in 1 d (86400 s)");
}

#[test]
fn marks_stay_and_get_their_roles() {
    let text = "# Title\nuse `a ** b` and **very** so, not src/**/a/**/b nor ``, **never ended `nor this";
    let rows = lines(
        &message("Query", false, &json!({ "question": "q", "context": text }).to_string()),
        200,
        &Look::default(),
    );
    assert_eq!(with_role(&rows, Role::Title), ["# Title"]);
    assert_eq!(with_role(&rows, Role::Code), ["a ** b"]);
    assert_eq!(with_role(&rows, Role::Strong), ["q", "very"]);
    assert_eq!(text_of(&rows), format!("q\ncontext:\n  {}\n", text.replace('\n', "\n  ")));
}

#[test]
fn what_is_evidently_code_is_shown_as_code() {
    let code = |text: &str| {
        let rows = lines(
            &message("Query", false, &json!({ "question": "q", "context": text }).to_string()),
            60,
            &Look::default(),
        );
        with_role(&rows, Role::Code).concat()
    };
    assert_eq!(code("fn a() {\n    b();\n}"), "fn a() {    b();}");
    assert_eq!(code("Two things:\n  first,\n  second;\nand that is it."), "");
    assert_eq!(code("One line { }"), "");
}

#[test]
fn a_limit_is_kept_and_said() {
    let payload = json!({ "question": "q", "context": "a\nb\nc" }).to_string();
    let limited = |limit| {
        text_of(&lines(
            &message("Query", false, &payload),
            60,
            &Look { limit: Some(limit), ..Look::default() },
        ))
    };
    assert_eq!(limited(0), "");
    assert_eq!(limited(1), "… more\n");
    assert_eq!(limited(3), "q\ncontext:\n… more\n");
    assert_eq!(limited(5), "q\ncontext:\n  a\n  b\n  c\n");
}
