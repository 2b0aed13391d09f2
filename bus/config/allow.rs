//! Allow rules as tables of a file.

use toml::de::{DeTable, DeValue};

use super::rules::{AllowEnd, AllowRule};
use super::value::{Fault, describe, quoted, string};
use crate::filter::nearest;
use crate::message::MessageType;
use crate::name::RepoName;

/// The members of a rule.
const MEMBERS: [&str; 3] = ["from", "to", "type"];

/// The rule that a table says.
pub(super) fn read(value: &DeValue<'_>) -> Result<AllowRule, Fault> {
    let DeValue::Table(table) = value else {
        return Err(Fault::Mismatch("a table with from and to".into(), describe(value).into()));
    };
    let unknown = table.keys().find(|name| !MEMBERS.contains(&name.get_ref().as_ref()));
    if let Some(name) = unknown {
        return Err(Fault::Unknown(name.get_ref().to_string(), &MEMBERS));
    }
    let (from, to) = (end(table, "from")?, end(table, "to")?);
    Ok(AllowRule { from, to, kind: kind(table)?, place: None })
}

fn end(table: &DeTable<'_>, member: &'static str) -> Result<AllowEnd, Fault> {
    let Some(value) = table.get(member) else {
        return Err(Fault::Mismatch("a table with from and to".into(), format!("one without {member}")));
    };
    let read = string(value.get_ref()).and_then(|text| {
        let refused = |found: String| Fault::Mismatch("the name of a repo or \"*\"".into(), found);
        RepoName::new(text).map(AllowEnd::from).map_err(|error| refused(error.to_string()))
    });
    read.map_err(|fault| Fault::Member(member, Box::new(fault)))
}

fn kind(table: &DeTable<'_>) -> Result<Option<MessageType>, Fault> {
    let Some(value) = table.get("type") else { return Ok(None) };
    let read = string(value.get_ref()).and_then(|text| {
        let names = MessageType::ALL.map(MessageType::as_str);
        let found = MessageType::ALL.into_iter().find(|kind| kind.as_str() == text);
        let hint =
            || nearest(text, names).map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default();
        let refused = || format!("{}{}", quoted(text), hint());
        found.ok_or_else(|| Fault::Mismatch(format!("one of {}", names.map(quoted).join(", ")), refused()))
    });
    read.map(Some).map_err(|fault| Fault::Member("type", Box::new(fault)))
}

/// The members of a rule with their texts.
pub(super) fn members(rule: &AllowRule) -> impl Iterator<Item = (&'static str, &str)> {
    let kind = rule.kind.map(|kind| ("type", kind.as_str()));
    [("from", rule.from.as_str()), ("to", rule.to.as_str())].into_iter().chain(kind)
}

/// A rule as an inline table.
pub(super) fn inline(rule: &AllowRule) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned());
    let members: Vec<String> =
        members(rule).map(|(name, text)| format!("{name} = {}", quoted(text))).collect();
    format!("{{ {} }}", members.join(", "))
}
