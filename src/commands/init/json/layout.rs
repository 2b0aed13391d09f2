//! How text that is put in is laid out: as the text around it.

use jsonc_parser::cst::CstInputValue as Input;
use serde_json::Value;

use super::place;

/// The line breaks and the indentation of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) newline: &'static str,
    /// What a level is indented by.
    pub(super) unit: String,
}

impl Style {
    /// That of a text whose first member begins at `first`.
    pub(super) fn of(text: &str, first: Option<usize>) -> Self {
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let unit = first.and_then(|first| place::own_indent(text, first)).filter(|unit| !unit.is_empty());
        Self { newline, unit: unit.unwrap_or("  ").to_owned() }
    }

    /// A member or an element; on one line where there is no indentation.
    pub(super) fn item(&self, key: Option<&str>, value: &Input, indent: Option<&str>) -> String {
        let value = match indent {
            Some(indent) => self.render(value, indent),
            None => inline(value),
        };
        key.map_or(value.clone(), |key| format!("{}: {value}", quoted(key)))
    }

    /// A value over as many lines as it takes, of which the first is indented by `indent` already.
    pub(super) fn render(&self, value: &Input, indent: &str) -> String {
        let deeper = format!("{indent}{}", self.unit);
        let lines: Vec<String> = match value {
            Input::Object(members) => {
                members.iter().map(|(key, value)| self.item(Some(key), value, Some(&deeper))).collect()
            }
            Input::Array(elements) if elements.iter().any(is_container) => {
                elements.iter().map(|value| self.render(value, &deeper)).collect()
            }
            _ => return inline(value),
        };
        if lines.is_empty() {
            return inline(value);
        }
        let (open, close) = if matches!(value, Input::Object(_)) { ('{', '}') } else { ('[', ']') };
        let newline = self.newline;
        let between = format!(",{newline}{deeper}");
        format!("{open}{newline}{deeper}{}{newline}{indent}{close}", lines.join(&between))
    }
}

fn is_container(value: &Input) -> bool {
    matches!(value, Input::Object(_) | Input::Array(_))
}

fn inline(value: &Input) -> String {
    match value {
        Input::Null => "null".into(),
        Input::Bool(value) => value.to_string(),
        Input::Number(number) => number.clone(),
        Input::String(string) => quoted(string),
        Input::Array(elements) => {
            format!("[{}]", elements.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Input::Object(members) if members.is_empty() => "{}".into(),
        Input::Object(members) => {
            let members = members.iter().map(|(key, value)| format!("{}: {}", quoted(key), inline(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
