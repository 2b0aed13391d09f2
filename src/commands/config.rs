//! `veda-bus config`: every effective setting and where it came from.

use serde::Serialize;
use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;
use veda_bus_core::config::{Effective, Origin};

use crate::context::{Context, Output};
use crate::failure::Failure;
use crate::show::styled::{Style, Styled};

/// A value wider than this does not push the origins of all the others away.
const ALIGNED: usize = 48;

/// A setting as a script gets it.
#[derive(Serialize)]
struct Setting<'a> {
    key: &'a str,
    /// As JSON; null when there is none.
    value: Value,
    origin: String,
    doc: &'a str,
}

pub(crate) fn run(context: &Context) -> Result<(), Failure> {
    let mut out = Output::new();
    let effective = &context.config.effective;
    if context.json {
        for Effective { key, value, origin, doc } in effective {
            let value = native(value);
            out.json(&Setting { key, value, origin: origin.to_string(), doc })?;
        }
    } else {
        for line in lines(effective) {
            out.styled(&line)?;
        }
    }
    out.flush()
}

/// A value as it would stand in a file, as JSON.
fn native(value: &str) -> Value {
    match value {
        "" => Value::Null,
        value => serde_json::from_str(value).unwrap_or_else(|_| value.into()),
    }
}

/// `key = value   # origin`, with the signs below each other.
fn lines(effective: &[Effective]) -> Vec<Styled> {
    let keys = effective.iter().map(|one| one.key.width()).max().unwrap_or_default();
    let values = effective.iter().map(|one| one.value.width()).filter(|&width| width <= ALIGNED).max();
    let values = values.unwrap_or_default();
    let line = |one: &Effective| {
        let fill = |width: usize, text: &str| " ".repeat(width.saturating_sub(text.width()));
        let origin = match (&one.origin, one.value.is_empty()) {
            (Origin::Default, true) => "not set".to_owned(),
            (origin, _) => origin.to_string(),
        };
        let style = if one.origin == Origin::Default { Style::Plain } else { Style::Bold };
        let mut line = Styled::default();
        line.plain(&format!("{}{} = ", one.key, fill(keys, one.key)));
        line.push(style, &one.value).plain(&fill(values, &one.value));
        line.push(Style::Dim, &format!("   # {origin}"));
        line
    };
    effective.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_stand_below_each_other() {
        let one = |key, value: &str, origin| Effective { key, value: value.into(), origin, doc: "" };
        let effective = [
            one("bus.log_path", "\"/ü/log\"", Origin::File("/etc/bus.toml".into(), 3)),
            one("bus.a", "1", Origin::Default),
            one("b", "", Origin::Default),
            one("c", &"x".repeat(100), Origin::Flag),
        ];
        let lines: Vec<_> = lines(&effective).iter().map(|line| line.render(false)).collect();
        assert_eq!(lines[0], "bus.log_path = \"/ü/log\"   # /etc/bus.toml:3");
        assert_eq!(lines[1], "bus.a        = 1          # default");
        assert_eq!(lines[2], "b            =            # not set");
        assert!(lines[3].ends_with("x   # command line"));
    }
}
