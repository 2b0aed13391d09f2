//! `veda-bus schema`: the JSON Schemas of messages.

use serde_json::Value;
use veda_bus_core::message::{Message, MessageType};

use crate::arguments::Schema;
use crate::context::Output;
use crate::failure::Failure;

pub(crate) fn run(schema: &Schema) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(&wanted(schema.kind));
    let json = json.map_err(|error| Failure::Failed(error.to_string()))?;
    let mut out = Output::new();
    for line in json.lines() {
        out.line(line)?;
    }
    out.flush()
}

/// The schema of one type, or an object of all five by their names.
fn wanted(kind: Option<MessageType>) -> Value {
    match kind {
        Some(kind) => Message::schema_of(kind),
        None => MessageType::ALL
            .into_iter()
            .map(|kind| (kind.as_str().to_owned(), Message::schema_of(kind)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_types_are_there_by_name() {
        let all = wanted(None);
        for kind in MessageType::ALL {
            assert_eq!(all[kind.as_str()], wanted(Some(kind)));
            assert_eq!(all[kind.as_str()]["title"], kind.as_str());
        }
    }
}
