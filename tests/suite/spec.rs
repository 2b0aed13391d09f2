//! Every example of the specification is accepted as it is printed.

use serde_json::{Value, json};

use super::harness::{Bus, Machine, text};

const SPECIFICATION: &str = include_str!("../spec/veda-coordination.md");

/// The fenced blocks of a language, as they are printed.
fn blocks(language: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for line in SPECIFICATION.lines() {
        match line.strip_prefix("```") {
            Some(fence) if !open && fence == language => {
                open = true;
                found.push(String::new());
            }
            Some(_) => open = false,
            None if open => {
                let block = found.last_mut().unwrap();
                block.push_str(line);
                block.push('\n');
            }
            None => {}
        }
    }
    assert!(!open, "a block of {language} does not end");
    found
}

/// The same JSON without `//` and `/* */` comments; what is inside strings stays.
fn without_comments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if rest.starts_with("/*") {
            rest = &rest[rest.find("*/").expect("a comment that ends") + 2..];
        } else if c == '"' {
            let end = 2 + rest[1..].find('"').expect("a string that ends");
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// The first of the alternatives that the specification prints as `a|b|c`.
fn first_alternative(value: &mut Value) {
    match value {
        Value::String(text) if !text.contains(' ') => {
            *text = text.split('|').next().unwrap_or_default().to_owned();
        }
        Value::Array(items) => items.iter_mut().for_each(first_alternative),
        Value::Object(members) => members.values_mut().for_each(first_alternative),
        _ => {}
    }
}

/// What the JSON blocks hold, by what they are.
#[derive(Default)]
struct Found {
    /// Whole envelopes.
    envelopes: Vec<Value>,
    /// A type and a payload.
    parts: Vec<Value>,
    /// Definitions of MCP tools, which are not messages.
    tools: Vec<Value>,
}

fn json_blocks() -> Found {
    let mut found = Found::default();
    for block in blocks("json") {
        let plain = without_comments(&block);
        for value in serde_json::Deserializer::from_str(&plain).into_iter::<Value>() {
            let mut value = value.unwrap_or_else(|error| panic!("{error} in {plain}"));
            first_alternative(&mut value);
            let has = |member| value.get(member).is_some();
            match (has("id") && has("from"), has("payload"), has("parameters")) {
                (true, true, false) => found.envelopes.push(value),
                (false, true, false) => found.parts.push(value),
                (false, false, true) => found.tools.push(value),
                _ => panic!("what is this? {value}"),
            }
        }
    }
    found
}

#[test]
fn every_json_example_is_accepted_as_it_stands() {
    let Found { envelopes, parts, tools } = json_blocks();
    assert_eq!((envelopes.len(), parts.len(), tools.len()), (1, 5, 3));
    let mut envelope = envelopes.into_iter().next().unwrap();
    // Its payload is only a comment: "type-specific data".
    assert_eq!(envelope["payload"], json!({}));
    envelope["payload"] =
        parts.iter().find(|part| part["type"] == envelope["type"]).unwrap()["payload"].clone();

    let bus = Bus::start();
    let mut lens = bus.wire();
    let capabilities = envelope["to"]["capabilities"].clone();
    lens.register_as(json!({ "repo": envelope["to"]["repo"], "capabilities": capabilities }));
    let mut flagship = bus.wire();
    flagship.register_as(envelope["from"].clone());
    let receipt = flagship.sends(&envelope);
    assert_eq!((&receipt["id"], &receipt["recipients"][0]["status"]), (&json!("uuid-v4"), &json!("routed")));
    assert_eq!(lens.receive(), envelope);
    for part in parts {
        let kind = text(&part, "type").to_owned();
        let message = json!({
            "id": kind, "from": envelope["from"], "to": envelope["to"], "type": part["type"],
            "payload": part["payload"], "timestamp": envelope["timestamp"],
        });
        flagship.sends(&message);
        assert_eq!(lens.receive(), message);
    }
}

#[test]
fn every_alternative_of_the_examples_is_accepted() {
    let bus = Bus::start();
    bus.instance("LensSDK");
    let mut wire = bus.instance("Flagship");
    let alternatives: Vec<_> =
        SPECIFICATION.split('"').filter(|text| text.contains('|') && !text.contains([' ', '\n'])).collect();
    let mut kinds = 0;
    for alternative in alternatives.iter().flat_map(|text| text.split('|')) {
        let mut message = json!({
            "to": { "repo": "LensSDK" }, "type": "Notify",
            "payload": { "change_type": alternative, "summary": "s" },
        });
        if let Some(priority) = ["high", "normal", "low"].iter().find(|one| **one == alternative) {
            message["priority"] = json!(priority);
        } else if serde_json::from_value::<veda_bus_core::message::MessageType>(json!(alternative)).is_ok() {
            kinds += 1;
            continue;
        }
        wire.sends(&message);
    }
    assert_eq!(kinds, 5 + 5 + 2, "the types in the envelope and in two of the tools");
}

#[test]
fn every_configuration_example_is_in_force_as_printed() {
    let toml = blocks("toml");
    let (coordination, bus): (Vec<_>, Vec<_>) =
        toml.iter().partition(|block| block.contains("[coordination]"));
    assert_eq!((coordination.len(), bus.len()), (1, 1));
    let machine = Machine::new("");
    std::fs::write(machine.home().join(".veda/bus.toml"), bus[0]).unwrap();
    std::fs::create_dir(machine.work().join(".veda")).unwrap();
    std::fs::write(machine.work().join(".veda/coordination.toml"), coordination[0]).unwrap();
    let shown = machine.run(&["config", "--json"]).exits(0).json_lines();
    let setting = |key: &str| {
        let found = shown.iter().find(|line| line["key"] == key).unwrap_or_else(|| panic!("no {key}"));
        let origin = found.to_string();
        assert!(
            origin.contains("bus.toml") || origin.contains("coordination.toml"),
            "{key} is not from a file: {origin}"
        );
        found["value"].to_string()
    };
    for (key, value) in [
        ("bus.socket_path", "/tmp/veda-bus.sock"),
        ("bus.max_message_size", "1048576"),
        ("bus.message_retention", "3600"),
        ("bus.enable_logging", "true"),
        ("bus.log_path", ".veda/coordination.log"),
        ("coordination.repo_name", "Flagship"),
        ("coordination.capabilities", "api_client"),
        ("coordination.accept_requests_from", "*"),
        ("coordination.auto_acknowledge", "true"),
        ("coordination.max_message_age", "300"),
        ("coordination.filters.claude_message_filter", "priority >= normal"),
    ] {
        let found = setting(key);
        assert!(found.contains(value), "{key} is {found}");
    }
    let plain = machine.run(&["config"]).exits(0).stdout;
    assert!(plain.contains("claude_message_filter") && plain.contains("coordination.toml:"), "{plain}");
}
