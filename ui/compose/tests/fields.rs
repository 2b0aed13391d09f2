use veda_bus_core::payload::form_schema;

use super::*;

/// Properties that the form leaves out, each with its reason.
const LEFT_OUT: [(&str, &str); 1] = [("outcome", "decided where the votes are shown, not written by hand")];

#[test]
fn every_property_of_every_schema_has_a_field() {
    for kind in MessageType::ALL {
        for answer in [false, true] {
            let schema = form_schema(kind, answer);
            let form = if answer { Form::reply(parent(kind)) } else { Form::new(kind, None) };
            for (name, property) in schema["properties"].as_object().unwrap() {
                if LEFT_OUT.iter().any(|(left_out, _)| left_out == name) {
                    continue;
                }
                let field = &form.fields()[index(&form, name)];
                let required = schema["required"].as_array();
                let required = required.is_some_and(|all| all.iter().any(|one| one == name.as_str()));
                assert_eq!(field.required, required, "{kind} {name}");
                assert_eq!(field.at, format!("payload.{name}"));
                assert_eq!(field.doc, property["description"].as_str().unwrap(), "{kind} {name}");
                let seconds = field.input == Input::Seconds;
                assert_eq!(seconds, name.ends_with("_seconds"), "{kind} {name}: integers are time spans");
            }
            let payload = form.fields().iter().filter(|field| field.at.starts_with("payload."));
            for field in payload {
                assert!(schema["properties"].get(&field.name).is_some(), "{kind} has no {}", field.name);
            }
        }
    }
}

#[test]
fn known_values_come_from_the_schemas() {
    let words = |form: &Form, name: &str| match &form.fields()[index(form, name)].input {
        Input::Open(words) | Input::Choice { words, .. } => words.join(" "),
        other => panic!("{name} is {other:?}"),
    };
    let opening = |kind| Form::new(kind, None);
    let answer = |kind| Form::reply(parent(kind));
    for (form, name, expected) in [
        (opening(MessageType::RequestChange), "urgency", "blocking_development"),
        (opening(MessageType::Notify), "change_type", "breaking_change deprecation new_feature"),
        (opening(MessageType::Task), "task_type", "distributed_refactor test_suite benchmark"),
        (opening(MessageType::Negotiate), "requires_consensus", "true false"),
        (opening(MessageType::Query), "priority", "low normal high"),
        (answer(MessageType::RequestChange), "decision", "acknowledged accepted countered rejected done"),
        (answer(MessageType::Negotiate), "vote", "accept reject abstain counter"),
        (answer(MessageType::Task), "status", "accepted in_progress blocked done failed"),
        (answer(MessageType::Notify), "acknowledged", "true false"),
    ] {
        assert_eq!(words(&form, name), expected, "{name}");
    }
}
