//! Whatever is sent, what is shown is harmless and fits.

use proptest::prelude::*;
use serde_json::json;
use veda_bus_core::message::MessageType;
use veda_bus_core::payload::form_schema;
use veda_bus_core::text::is_hostile;

use super::*;
use crate::text::hard_text;

/// A payload of every field that takes a text, with `text` in each, and in some that no type knows.
fn full_of(kind: MessageType, answer: bool, text: &str) -> Value {
    let schema = form_schema(kind, answer);
    let mut payload = json!({ "extra": text, "extras": [text, text], "more": { "deep": [text, 1] } });
    payload[text] = json!([true]);
    for name in schema["properties"].as_object().unwrap().keys() {
        payload[name] = match name.as_str() {
            "decision" => json!("accepted"),
            "vote" => json!("counter"),
            "outcome" => json!("approved"),
            "status" => json!("blocked"),
            "acknowledged" | "requires_consensus" => json!(true),
            "eta_seconds" => json!(300),
            "affected_repos" => json!(["LensSDK"]),
            "benefits" => json!([text, text]),
            "subtasks" => json!({ "LensSDK": text }),
            _ => json!(text),
        };
    }
    payload
}

fn assert_harmless(rows: &[Row], width: usize) {
    for row in rows {
        assert!(row.width() <= width, "{} columns of {width}: {row:?}", row.width());
        assert!(!row.text().chars().any(is_hostile), "{row:?}");
    }
}

fn show_everywhere(text: &str, widths: &[usize], limit: Option<usize>) {
    for kind in MessageType::ALL {
        for answer in [false, true] {
            let message = message(kind.as_str(), answer, &full_of(kind, answer, text).to_string());
            for (&width, raw) in widths.iter().flat_map(|width| [(width, false), (width, true)]) {
                let look = Look { ascii: false, raw, limit };
                let rows = lines(&message, width, &look);
                assert!(!rows.is_empty() && limit.is_none_or(|limit| rows.len() <= limit));
                assert_harmless(&rows, width);
                assert_harmless(&envelope(&message, None, width, &look), width);
            }
        }
    }
}

#[test]
fn hostile_text_is_shown_harmless_in_every_field() {
    for text in [
        "\u{1b}[31mred\u{1b}[0m \u{1b}]52;c;aGk=\u{7} \u{1b}]0;title\u{1b}\\",
        "\u{202e}desrever\u{2066}x\u{2069} zero\u{200b}width\u{feff} soft\u{ad}hyphen",
        "a\r\nb\rc\u{2028}d\u{b}e\0f",
        "- \u{1b}c\n```\u{9b}2J\n\tcode\u{202e}\n",
        "**`\u{1b}`** `` ** ` **a",
    ] {
        show_everywhere(text, &[1, 2, 5, 20, 60], None);
    }
    show_everywhere(&format!("e{}", "\u{301}".repeat(5000)), &[2, 20, 60], None);
}

#[test]
fn a_megabyte_is_shown_in_linear_time() {
    // Where something is not linear, this does not end within the patience of any developer.
    show_everywhere(&"x".repeat(1 << 20), &[60], Some(20));
    for text in ["x", "** ", "`` ", "**a ", "` ", "\u{915}\u{94d}", "日", "\n", "- \n", "{\n"] {
        let text = format!("x{}", text.repeat((1 << 20) / text.len()));
        let message = message("Query", false, &json!({ "question": text, "extra": text }).to_string());
        assert_harmless(&lines(&message, 60, &Look::default()), 60);
        let look = Look { limit: Some(20), ..Look::default() };
        assert!((2..=20).contains(&lines(&message, 60, &look).len()));
    }
    let nested = format!("[{}", "[".repeat(1 << 16));
    assert_harmless(&lines_of_raw_bytes(nested.as_bytes(), 60, &Look::default()), 60);
    let deep = format!("{}{}", "[".repeat(1 << 14), "]".repeat(1 << 14));
    assert_harmless(&lines_of_raw_bytes(deep.as_bytes(), 60, &Look::default()), 60);
}

proptest! {
    #[test]
    fn any_text_is_shown_harmless(text in hard_text(), width in 0..70_usize, limit in 1..30_usize) {
        let text = format!("{text}.");
        show_everywhere(&text, &[width], Some(limit));
        assert_harmless(&lines_of_raw_bytes(text.as_bytes(), width, &Look::default()), width);
    }
}
