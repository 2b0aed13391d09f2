//! `veda-bus config`: every effective setting and where it came from.

use serde::Serialize;
use serde_json::Value;
use veda_bus_core::config::{Effective, Origin};
use veda_bus_ui::row::Row;
use veda_bus_ui::theme::Role;

use crate::context::{Context, Output};
use crate::failure::Failure;
use crate::show::width;

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
        for one in effective {
            let Effective { key, origin, doc, .. } = one;
            out.json(&Setting { key, value: one.json(), origin: origin.to_string(), doc })?;
        }
    } else {
        for row in rows(effective) {
            out.row(&row)?;
        }
    }
    out.flush()
}

/// `key = value   # origin`, with the signs below each other.
fn rows(effective: &[Effective]) -> Vec<Row> {
    let keys = effective.iter().map(|one| width(one.key)).max().unwrap_or_default();
    let values = effective.iter().map(|one| width(&one.value)).filter(|&width| width <= ALIGNED).max();
    let values = values.unwrap_or_default();
    let row = |one: &Effective| {
        let origin = match (&one.origin, one.value.is_empty()) {
            (Origin::Default, true) => "not set".to_owned(),
            (origin, _) => origin.to_string(),
        };
        let role = if one.origin == Origin::Default { Role::Text } else { Role::Strong };
        let mut row = Row::of(Role::Text, one.key);
        row.pad_to(keys).plain(" = ");
        let end = row.width() + values;
        row.push(role, &one.value).pad_to(end).push(Role::Dim, &format!("   # {origin}"));
        row
    };
    effective.iter().map(row).collect()
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
        let lines: Vec<_> = rows(&effective).iter().map(Row::text).collect();
        assert_eq!(lines[0], "bus.log_path = \"/ü/log\"   # /etc/bus.toml:3");
        assert_eq!(lines[1], "bus.a        = 1          # default");
        assert_eq!(lines[2], "b            =            # not set");
        assert!(lines[3].ends_with("x   # command line"));
    }
}
