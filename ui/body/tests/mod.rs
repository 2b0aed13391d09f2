#![allow(clippy::unwrap_used, reason = "tests")]

mod form;
mod hostile;
mod looks;

use serde_json::Value;
use veda_bus_core::message::Message;

use super::*;
use crate::theme::Role;

/// A message of type `kind`, which is a reply where the payload is an answer.
fn message(kind: &str, reply: bool, payload: &str) -> Message {
    let reply = if reply { r#","reply_to":"one""# } else { "" };
    let json = format!(
        r#"{{"id":"two","from":{{"repo":"Flagship"}},"to":{{"repo":"LensSDK"}},"type":"{kind}","timestamp":1,"payload":{payload}{reply}}}"#
    );
    Message::parse(&json, None).unwrap()
}

/// What is shown of it at 60 columns.
fn shown(kind: &str, reply: bool, payload: &Value) -> String {
    text_of(&lines(&message(kind, reply, &payload.to_string()), 60, &Look::default()))
}

fn text_of(rows: &[Row]) -> String {
    rows.iter().map(|row| row.text().trim_end().to_owned() + "\n").collect()
}

/// The pieces with a role.
fn with_role(rows: &[Row], role: Role) -> Vec<&str> {
    let pieces = rows.iter().flat_map(Row::pieces);
    pieces.filter(|(found, _)| *found == role).map(|(_, text)| text.as_str()).collect()
}
