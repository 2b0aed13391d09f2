//! A message with everything that it says.

use serde_json::Value;
use veda_bus_core::message::{Message, Priority};
use veda_bus_core::text;

/// A message as several lines, harmless: who, whom and what kind in the first, then a field of the payload in each.
/// What continues a field is indented, so that no text looks like a line of ours.
pub(crate) fn message(message: &Message) -> String {
    let Message { id, from, to, priority, .. } = message;
    let priority = if *priority == Priority::Normal { String::new() } else { format!(", {priority}") };
    let parent = message.reply_to.as_ref().map(|parent| format!(", reply to {}", parent.short()));
    let parent = parent.unwrap_or_default();
    let head = format!("{id} {} {} → {}{priority}{parent}", message.kind(), from.repo, to.repo);
    // It was read as an object when the message was.
    let fields: serde_json::Map<_, _> = serde_json::from_str(message.payload_json()).unwrap_or_default();
    let lines = fields.iter().map(|(name, value)| format!("{}: {}", text::line(name), indented(value)));
    std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
}

fn indented(value: &Value) -> String {
    let plain = match value {
        Value::String(text) => text.clone(),
        Value::Object(members) if members.values().all(Value::is_string) => {
            let member = |(name, value): (&String, &Value)| {
                format!("\n{name}: {}", value.as_str().unwrap_or_default())
            };
            members.iter().map(member).collect()
        }
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    text::block(&plain).trim_end().replace('\n', "\n  ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_is_shown_with_all_its_fields() {
        let json = json!({
            "id": "one", "from": { "repo": "Flagship" }, "to": { "repo": "*" }, "type": "Task", "timestamp": 1,
            "priority": "high", "reply_to": "3f2a1b2c-0000",
            "payload": {
                "task_type": "test_suite", "description": "Test\nid: forged\u{1b}[2J", "extra": [1, "a"],
                "subtasks": { "Echo": "a", "UILib": "b\nc" }, "words": ["a", "b"],
            },
        });
        let whole = message(&Message::parse(&json.to_string(), None).unwrap());
        assert_eq!(
            whole,
            "one Task Flagship → *, high, reply to 3f2a1b2c-0000\n\
             description: Test\n  id: forged\\x1b[2J\n\
             extra: [1,\"a\"]\n\
             subtasks: \n  Echo: a\n  UILib: b\n  c\n\
             task_type: test_suite\n\
             words: a, b"
        );
    }
}
