//! A table of a TOML file.
//!
//! Where it can be text that is added and cut out, it is, so that nothing else changes. What is written between braces,
//! or with dots, is edited by `toml_edit`, which leaves all but the line breaks as they are; those are put back.

use std::ops::Range;

use jsonc_parser::cst::CstInputValue as Input;
use toml_edit::visit::{self, Visit};
use toml_edit::{Array, Document, DocumentMut, Item, Table, TableLike, Value};

use super::entry::{SERVER, Server};
use super::fault::Fault;

/// The text with the server in it.
pub(super) fn add(text: &str, server: &Server) -> Result<String, Fault> {
    let mut document = parse(text)?;
    let table = document.get(server.table);
    let entry = table.and_then(|table| table.get(SERVER));
    let appended = appended(text, server);
    match (table, entry) {
        // Tables with dots can not always be added to with a header.
        (None | Some(Item::Table(_)), None) if parse(&appended).is_ok() => Ok(appended),
        (Some(table), _) if table.as_table_like().is_none() => {
            Err(Fault::at(text, 0, format!("\"{}\": expected a table", server.table)))
        }
        (_, Some(entry)) if is_up_to_date(entry, server) => Ok(text.to_owned()),
        _ => {
            let parent = document.get_mut(server.table).and_then(Item::as_table_like_mut);
            if let Some(parent) = parent {
                update(parent, server);
            }
            Ok(laid_out_as(text, &document.to_string()))
        }
    }
}

/// The text without the server.
pub(super) fn take(text: &str, server: &Server) -> Result<String, Fault> {
    let mut document = parse(text)?;
    let Some(parent) = document.get_mut(server.table).and_then(Item::as_table_like_mut) else {
        return Ok(text.to_owned());
    };
    if parent.get(SERVER).is_none() {
        return Ok(text.to_owned());
    }
    if let Some(cut) = block(text, server) {
        return Ok(format!("{}{}", &text[..cut.start], &text[cut.end..]));
    }
    parent.remove(SERVER);
    Ok(laid_out_as(text, &document.to_string()))
}

fn parse(text: &str) -> Result<DocumentMut, Fault> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        Fault::at(text, error.span().unwrap_or(0..0).start, error.message().trim_end())
    })
}

/// The server as the last table of a text.
fn appended(text: &str, server: &Server) -> String {
    let newline = newline(text);
    let mut lines = vec![format!("[{}.{SERVER}]", server.table)];
    let members = server.fixed.iter().chain(&server.defaults);
    lines.extend(members.map(|(key, wanted)| format!("{key} = {}", value(wanted))));
    let block = lines.join(newline);
    let before = match text {
        "" => "",
        text if text.ends_with('\n') => newline,
        _ => return format!("{text}{newline}{newline}{block}{newline}"),
    };
    format!("{text}{before}{block}{newline}")
}

fn is_up_to_date(entry: &Item, server: &Server) -> bool {
    let Some(entry) = entry.as_table_like() else { return false };
    let says = |(key, wanted): &(&str, Input)| {
        let found = entry.get(key).and_then(Item::as_value);
        found.is_some_and(|found| plain(found) == plain(&with_more(wanted, Some(found))))
    };
    server.fixed.iter().all(says) && server.defaults.iter().all(|(key, _)| entry.contains_key(key))
}

fn update(parent: &mut dyn TableLike, server: &Server) {
    if parent.get(SERVER).and_then(Item::as_table_like).is_none() {
        parent.insert(SERVER, Item::Value(Value::InlineTable(toml_edit::InlineTable::new())));
    }
    let Some(entry) = parent.get_mut(SERVER).and_then(Item::as_table_like_mut) else { return };
    for (key, wanted) in &server.fixed {
        let old = entry.get(key).and_then(Item::as_value);
        let wanted = with_more(wanted, old);
        if old.is_none_or(|old| plain(old) != plain(&wanted)) {
            set(entry, key, wanted);
        }
    }
    for (key, wanted) in &server.defaults {
        if !entry.contains_key(key) {
            set(entry, key, value(wanted));
        }
    }
}

/// Sets a member; what is said of it in comments stays.
fn set(entry: &mut dyn TableLike, key: &str, mut wanted: Value) {
    if let Some(old) = entry.get_mut(key).and_then(Item::as_value_mut) {
        *wanted.decor_mut() = old.decor().clone();
        *old = wanted;
    } else {
        entry.insert(key, Item::Value(wanted));
    }
}

/// A list, with what a person has added behind the last element of an older one.
fn with_more(wanted: &Input, old: Option<&Value>) -> Value {
    let mut wanted = value(wanted);
    if let (Some(elements), Some(old)) = (wanted.as_array_mut(), old.and_then(Value::as_array))
        && let Some(last) = elements.len().checked_sub(1)
        && old.get(last).map(plain) == elements.get(last).map(plain)
    {
        elements.extend(
            old.iter().skip(last + 1).filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>(),
        );
    }
    wanted
}

/// A value without what is around it, to compare it.
fn plain(value: &Value) -> String {
    match value {
        Value::Array(elements) => elements.iter().map(|element| plain(element) + ",").collect(),
        Value::String(text) => format!("{:?}", text.value()),
        other => other.clone().decorated("", "").to_string(),
    }
}

fn value(input: &Input) -> Value {
    match input {
        Input::Array(elements) => Value::Array(elements.iter().map(value).collect::<Array>()),
        Input::String(text) => text.as_str().into(),
        Input::Bool(value) => (*value).into(),
        Input::Number(number) => number.parse::<i64>().unwrap_or_default().into(),
        Input::Null | Input::Object(_) => Value::InlineTable(toml_edit::InlineTable::new()),
    }
}

/// The lines of the server and its own tables, with the empty line before; `None` where they are not on their own.
fn block(text: &str, server: &Server) -> Option<Range<usize>> {
    let document = Document::parse(text).ok()?;
    let entry = document.get(server.table)?.get(SERVER)?;
    let table = entry.as_table().filter(|table| !table.is_dotted() && !table.is_implicit())?;
    let mut own = Places::default();
    own.visit_table(table);
    let mut all = Places::default();
    all.visit_table(document.as_table());
    let start = table.span()?.start;
    let end = own.ends.into_iter().max()?;
    let end = text[end..].find('\n').map_or(text.len(), |newline| end + newline + 1);
    let foreign = |header: &&usize| (start..end).contains(*header) && !own.headers.contains(header);
    if own.headers.iter().min() != Some(&start) || all.headers.iter().any(|header| foreign(&header)) {
        return None;
    }
    let before = &text[..start];
    let alone = end == text.len() || text[end..].starts_with(['\n', '\r']);
    let empty = ["\r\n", "\n"].into_iter().find(|newline| before.ends_with(&newline.repeat(2)));
    let first = before == "\n" || before == "\r\n";
    let start = match empty {
        Some(newline) if alone => start - newline.len(),
        _ if first => 0,
        _ => start,
    };
    Some(start..end)
}

/// Where the parts of a table stand.
#[derive(Default)]
struct Places {
    headers: Vec<usize>,
    ends: Vec<usize>,
}

impl<'doc> Visit<'doc> for Places {
    fn visit_table(&mut self, table: &'doc Table) {
        if let Some(span) = table.span().filter(|_| !table.is_implicit() && !table.is_dotted()) {
            self.headers.push(span.start);
            self.ends.push(span.end);
        }
        visit::visit_table(self, table);
    }

    fn visit_table_like_kv(&mut self, key: &'doc str, node: &'doc Item) {
        self.ends.extend(node.as_value().and_then(Value::span).map(|span| span.end));
        visit::visit_table_like_kv(self, key, node);
    }
}

fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// An edited text with the line breaks and the end of the one before.
fn laid_out_as(before: &str, edited: &str) -> String {
    let edited = edited.replace("\r\n", "\n");
    let edited = if before.ends_with('\n') { &edited[..] } else { edited.trim_end_matches('\n') };
    edited.replace('\n', newline(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(program: &str) -> Server {
        let text = |text: &str| Input::String(text.into());
        let fixed = vec![("command", text(program)), ("args", Input::Array(vec![text("mcp")]))];
        let defaults = vec![("tool_timeout_sec", Input::Number("180".into()))];
        Server { table: "mcp_servers", fixed, defaults }
    }

    fn entry(text: &str) -> String {
        let document = parse(text).unwrap();
        let entry = document["mcp_servers"][SERVER].as_table_like().unwrap();
        let member = |(key, item): (&str, &Item)| {
            format!("{key}={};", item.as_value().map_or_else(String::new, plain))
        };
        entry.iter().map(member).collect()
    }

    const ENTRY: &str = "command=\"/v\";args=\"mcp\",;tool_timeout_sec=180;";

    #[test]
    fn a_table_is_added_and_cut_out_again() {
        for text in [
            "",
            "a = 1\n",
            "# only a comment\n",
            "a = 1\r\n\r\n[b] # c\r\nd = \"\"\"\r\n[mcp_servers.x]\r\n\"\"\"\r\n",
            "[mcp_servers]\n[mcp_servers.a]\ncommand = \"x\"\n\n\n# end\n",
            "mcp_servers.a.command = \"x\"\n",
            "[[list]]\na = 1\n[[list]]\na = 2\n",
        ] {
            let added = add(text, &server("/v")).unwrap();
            assert_eq!(entry(&added), ENTRY, "{added}");
            assert_eq!(add(&added, &server("/v")).unwrap(), added);
            assert_eq!(take(&added, &server("/v")).unwrap(), text, "{added}");
        }
    }

    #[test]
    fn what_stands_behind_the_table_stays() {
        let text = "a = 1\n\n[mcp_servers.veda-bus]\ncommand = \"/v\" # c\n\n[mcp_servers.veda-bus.env]\nA = \"b\"\n\n# of b\n[b]\nc = 1";
        assert_eq!(take(text, &server("/v")).unwrap(), "a = 1\n\n# of b\n[b]\nc = 1");
        let apart =
            "[mcp_servers.veda-bus]\ncommand = \"/v\"\n[b]\nc = 1\n[mcp_servers.veda-bus.env]\nA = \"b\"\n";
        assert_eq!(take(apart, &server("/v")).unwrap(), "[b]\nc = 1\n");
    }

    #[test]
    fn an_entry_is_brought_up_to_date_where_it_stands() {
        let old = "[mcp_servers.veda-bus]\r\ncommand = \"/old\" # mine\r\nargs = [\"mcp\", \"--no-spawn\"]\r\n\
                   tool_timeout_sec = 7\r\n[b]\r\nc = 1";
        let wanted = old.replace("/old", "/v");
        assert_eq!(add(old, &server("/v")).unwrap(), wanted);
        assert_eq!(add(&wanted, &server("/v")).unwrap(), wanted);
    }

    #[test]
    fn a_table_between_braces_is_edited_between_them() {
        let text = "mcp_servers = { a = { command = \"x\" } } # c\nb = 1";
        let added = add(text, &server("/v")).unwrap();
        assert_eq!(entry(&added), ENTRY, "{added}");
        assert!(added.contains("# c\nb = 1") && !added.ends_with('\n'), "{added}");
        assert_eq!(take(&added, &server("/v")).unwrap(), text);
        assert!(add("mcp_servers = 1", &server("/v")).is_err());
    }
}
