//! Explains, in words, where a JSON value departs from a JSON Schema.
//!
//! The Rust types are the only definition of what the bus takes; their schemas are generated. This walks one of those
//! schemas after serde has refused a value, to say `payload.affected_repos: expected an array of strings, found a
//! string`. It knows the keywords that our types generate, and no others.

use serde_json::Value;

use crate::name::check_name;
use crate::refusal::{Code, Refusal};

/// The first place where `value` departs from `schema`, as a payload refusal; `path` names the value's own place.
pub fn mismatch(schema: &Value, value: &Value, path: &str) -> Option<Refusal> {
    let refuse = |expected: String, found: String| Some(Refusal::payload(path, &expected, &found));
    if let Some(options) = schema.get("anyOf").and_then(Value::as_array) {
        return mismatch_any(options, value, path);
    }
    if let Some(choices) = choices(schema) {
        let taken = choices.iter().any(|choice| value.as_str() == Some(choice));
        let found = value.as_str().map_or_else(|| describe(value), quote);
        return if taken || may_be_null(schema, value) { None } else { refuse(expectation(schema), found) };
    }
    if !types(schema).is_empty() && !types(schema).iter().any(|kind| is_of(kind, value)) {
        return refuse(expectation(schema), describe(value));
    }
    match value {
        Value::Object(map) => mismatch_object(schema, map, path),
        Value::Array(items) => mismatch_array(schema, items, path),
        Value::String(text) => {
            string_fault(schema, text).and_then(|found| refuse(expectation(schema), found))
        }
        Value::Number(number) => {
            let below = schema.get("minimum").and_then(Value::as_f64) > number.as_f64();
            if below { refuse(expectation(schema), number.to_string()) } else { None }
        }
        Value::Null | Value::Bool(_) => None,
    }
}

/// The refusal of a JSON text that serde did not take, in the schema's terms; serde's own where the schema finds nothing
/// wrong. `root` names the whole, which is left out of the places of its parts.
pub(crate) fn explain(
    schema: &Value,
    json: &str,
    root: &str,
    code: Code,
    error: &serde_json::Error,
) -> Refusal {
    let value = serde_json::from_str::<Value>(json).ok();
    let found = value.and_then(|value| mismatch(schema, &value, root));
    let refusal = found.unwrap_or_else(|| Refusal::new(code, error.to_string()).at(root));
    let part = |at: String| {
        let below = at.strip_prefix(root).and_then(|at| at.strip_prefix('.')).map(str::to_owned);
        below.unwrap_or(at)
    };
    Refusal { code, at: refusal.at.map(part), ..refusal }
}

/// Of several alternatives (an optional field is "this or null"), the fault of the first that is not null.
fn mismatch_any(options: &[Value], value: &Value, path: &str) -> Option<Refusal> {
    let faults: Vec<_> = options.iter().map(|option| mismatch(option, value, path)).collect();
    if faults.iter().any(Option::is_none) {
        return None;
    }
    faults.into_iter().flatten().next()
}

fn mismatch_object(schema: &Value, map: &serde_json::Map<String, Value>, path: &str) -> Option<Refusal> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let required = schema.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if !map.contains_key(name) {
            let expected = properties.and_then(|all| all.get(name)).map(expectation).unwrap_or_default();
            return Some(Refusal::payload(format!("{path}.{name}"), &expected, "nothing"));
        }
    }
    map.iter().find_map(|(name, value)| {
        let place = format!("{path}.{name}");
        if let Some(property) = properties.and_then(|all| all.get(name)) {
            return mismatch(property, value, &place);
        }
        let rest = schema.get("additionalProperties").filter(|rest| rest.is_object())?;
        match check_name(name) {
            Ok(()) => mismatch(rest, value, &place),
            Err(error) => Some(Refusal::payload(path, "names as keys", &error.to_string())),
        }
    })
}

fn mismatch_array(schema: &Value, items: &[Value], path: &str) -> Option<Refusal> {
    let bound = |key: &str| schema.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    let found = || format!("{} items", items.len());
    if let Some(min) = bound("minItems").filter(|&min| items.len() < min) {
        return Some(Refusal::payload(path, &format!("at least {min} item"), &found()));
    }
    if let Some(max) = bound("maxItems").filter(|&max| items.len() > max) {
        return Some(Refusal::payload(path, &format!("at most {max} items"), &found()));
    }
    let schema = schema.get("items")?;
    // The wrong kind of item is told of the whole array: "expected an array of strings".
    items.iter().enumerate().find_map(|(index, item)| mismatch(schema, item, &format!("{path}[{index}]")))
}

fn string_fault(schema: &Value, text: &str) -> Option<String> {
    if schema.get("format").and_then(Value::as_str) == Some("name") {
        return check_name(text).err().map(|error| error.to_string());
    }
    let wants_text = schema.get("minLength").is_some();
    (wants_text && text.trim().is_empty()).then(|| "a blank string".to_owned())
}

/// The words that a string may be, when the schema lists them.
fn choices(schema: &Value) -> Option<Vec<String>> {
    if let Some(list) = schema.get("enum").and_then(Value::as_array) {
        return Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    }
    if let Some(only) = schema.get("const").and_then(Value::as_str) {
        return Some(vec![only.to_owned()]);
    }
    let list = schema.get("oneOf").and_then(Value::as_array)?;
    let words = list.iter().map(|option| option.get("const").and_then(Value::as_str).map(str::to_owned));
    words.collect()
}

/// An optional field that takes a list of plain words has null as the last of them.
fn may_be_null(schema: &Value, value: &Value) -> bool {
    let listed = schema.get("enum").and_then(Value::as_array);
    value.is_null() && listed.is_some_and(|all| all.iter().any(Value::is_null))
}

/// A word that was not one of the choices: enough of it to be recognised, for a sender may have put a book there.
fn quote(text: &str) -> String {
    const SHOWN: usize = 64;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("\"{}…\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}

fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    }
}

/// What a schema asks for, in words: `an array of strings`.
fn expectation(schema: &Value) -> String {
    if let Some(choices) = choices(schema) {
        return format!("one of {}", choices.join(", "));
    }
    if let Some(first) = schema.get("anyOf").and_then(Value::as_array).and_then(|all| all.first()) {
        return expectation(first);
    }
    match types(schema).first().copied() {
        Some("string") if schema.get("format").and_then(Value::as_str) == Some("name") => "a name".into(),
        Some("string") if schema.get("minLength").is_some() => "a string that is not blank".into(),
        Some("array") => {
            let items = schema.get("items").and_then(|items| types(items).first().copied());
            items.map_or_else(|| "an array".into(), |kind| format!("an array of {kind}s"))
        }
        Some("object") => match schema.get("additionalProperties").map(types) {
            Some(kinds) if !kinds.is_empty() => format!("an object of {}s", kinds[0]),
            _ => "an object".into(),
        },
        Some("integer") => match schema.get("minimum") {
            Some(minimum) => format!("an integer of at least {minimum}"),
            None => "an integer".into(),
        },
        Some("boolean") => "true or false".into(),
        Some(kind) => format!("a {kind}"),
        None => "a value".into(),
    }
}

/// What a value is, in words.
pub fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(_) => "a string".into(),
        Value::Array(_) => "an array".into(),
        Value::Object(_) => "an object".into(),
    }
}

/// The JSON Schema (2020-12) of a type, with every part of it in place.
pub fn of<T: schemars::JsonSchema>() -> Value {
    let settings =
        schemars::generate::SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}
