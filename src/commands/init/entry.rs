//! What `init` puts into a file of another program, and takes out again: a server, and hooks.

use jsonc_parser::cst::CstInputValue as Input;
use serde_json::Value;

use super::fault::Fault;
use super::json::{Dialect, Document, Step};
use super::{hooks, toml};
use crate::agents::command_line::HookLine;

/// The key of our server, wherever servers have keys.
pub(crate) const SERVER: &str = "veda-bus";

/// An MCP server.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// The member of the root that has the servers.
    pub(super) table: &'static str,
    /// What it must say. What else a person has added to a list stays at its end.
    pub(super) fixed: Vec<(&'static str, Input)>,
    /// What it says unless somebody has said something else.
    pub(super) defaults: Vec<(&'static str, Input)>,
}

/// A hook.
#[derive(Debug, Clone)]
pub(crate) struct Handler {
    pub(super) command: HookLine,
    /// What it must say beside the command.
    pub(super) fixed: Vec<(&'static str, Input)>,
    /// What it says unless somebody has said something else.
    pub(super) defaults: Vec<(&'static str, Input)>,
}

/// How a program writes hooks down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// An event has groups, and a group has `hooks`.
    Groups,
    /// An event has hooks.
    Flat,
}

/// The hooks of a file.
#[derive(Debug, Clone)]
pub(crate) struct Hooks {
    pub(super) form: Form,
    pub(super) events: Vec<(&'static str, Vec<Handler>)>,
    /// What the root must say beside them, unless it says something else.
    pub(super) root: Vec<(&'static str, Input)>,
}

/// What is written in a file.
#[derive(Debug, Clone)]
pub(crate) enum Entries {
    /// The whole file, which is only written where there is none.
    Whole(String),
    /// Parts of an object. A person may have written more than the program that reads it takes, which is for that person
    /// to know, and nothing that an edit could not leave alone.
    Json { dialect: Dialect, server: Option<Server>, hooks: Option<Hooks> },
    /// A table of a TOML file.
    Toml(Server),
}

/// What was in a file before; `None` where there was no file.
pub(crate) type Original = Option<String>;

impl Entries {
    /// The text with the entries in it, of a file with the text `before`.
    pub(super) fn add(&self, before: Option<&str>) -> Result<String, Fault> {
        let (mark, text) = split_mark(before.unwrap_or_default());
        let added = match self {
            Self::Whole(whole) => before.map_or(whole.clone(), |_| text.to_owned()),
            Self::Json { server, hooks, .. } => {
                let mut document = Document::parse(text, Dialect::Jsonc)?;
                if let Some(server) = server {
                    server.add(&mut document)?;
                }
                if let Some(hooks) = hooks {
                    hooks::add(&mut document, hooks)?;
                }
                document.into_text()
            }
            Self::Toml(server) => toml::add(text, server)?,
        };
        Ok(format!("{mark}{added}"))
    }

    /// The text without the entries. Objects and arrays that have nothing in them any more go, too, unless `original`
    /// has them.
    pub(super) fn take(&self, now: &str, original: Option<&Original>) -> Result<String, Fault> {
        let (mark, text) = split_mark(now);
        let taken = match self {
            Self::Whole(_) => text.to_owned(),
            Self::Json { server, hooks, .. } => {
                let mut document = Document::parse(text, Dialect::Jsonc)?;
                let kept = Kept::new(original);
                let mut changed = false;
                if let Some(server) = server {
                    changed |= server.take(&mut document, &kept)?;
                }
                if let Some(hooks) = hooks {
                    changed |= hooks::take(&mut document, hooks, &kept)?;
                }
                if changed { document.into_text() } else { text.to_owned() }
            }
            Self::Toml(server) => toml::take(text, server)?,
        };
        Ok(format!("{mark}{taken}"))
    }

    /// Why the program whose file it is does not read a text that can be edited all the same.
    pub(super) fn unread(&self, text: &str) -> Option<Fault> {
        let (_, text) = split_mark(text);
        match self {
            Self::Json { dialect, .. } => Document::parse(text, *dialect).err(),
            Self::Whole(_) | Self::Toml(_) => None,
        }
    }

    /// Whether a text says nothing but what a file of ours says without its entries.
    pub(super) fn is_blank(&self, text: &str) -> bool {
        let (_, text) = split_mark(text);
        match self {
            Self::Whole(_) => false,
            Self::Toml(_) => text.trim().is_empty(),
            Self::Json { hooks, .. } => {
                let said: Option<serde_json::Map<String, Value>> = serde_json::from_str(text).ok();
                let ours = |key: &str, value: &Value| {
                    let root = hooks.iter().flat_map(|hooks| &hooks.root);
                    root.into_iter().any(|(name, wanted)| *name == key && same(wanted, value))
                };
                said.is_some_and(|said| said.iter().all(|(key, value)| ours(key, value)))
            }
        }
    }
}

impl Server {
    fn add(&self, document: &mut Document) -> Result<(), Fault> {
        let entry = [Step::Key(self.table), Step::Key(SERVER)];
        match document.get(&entry) {
            Some(Value::Object(there)) => {
                for (key, wanted) in &self.fixed {
                    let old = there.get(*key);
                    let wanted = with_more(wanted, old);
                    if !old.is_some_and(|old| same(&wanted, old)) {
                        document.set(&[entry[0], entry[1], Step::Key(key)], &wanted)?;
                    }
                }
                for (key, value) in self.defaults.iter().filter(|(key, _)| !there.contains_key(*key)) {
                    document.set(&[entry[0], entry[1], Step::Key(key)], value)?;
                }
                Ok(())
            }
            _ => document.set(&entry, &object(self.fixed.iter().chain(&self.defaults))),
        }
    }

    fn take(&self, document: &mut Document, kept: &Kept) -> Result<bool, Fault> {
        let table = [Step::Key(self.table)];
        let entry = [table[0], Step::Key(SERVER)];
        if document.get(&entry).is_none() {
            return Ok(false);
        }
        document.remove(&entry)?;
        kept.prune(document, &table)?;
        Ok(true)
    }
}

/// The objects and arrays that stay although they are empty.
pub(super) struct Kept(Option<Document>);

impl Kept {
    fn new(original: Option<&Original>) -> Self {
        let text = original.and_then(Option::as_deref).map(|text| split_mark(text).1);
        Self(text.and_then(|text| Document::parse(text, Dialect::Jsonc).ok()))
    }

    /// Whether the file had something at a path before.
    pub(super) fn had(&self, path: &[Step<'_>]) -> bool {
        self.0.as_ref().is_some_and(|original| original.get(path).is_some())
    }

    /// Whether it is known what the file had.
    pub(super) fn is_known(&self) -> bool {
        self.0.is_some()
    }

    /// Takes out what is empty at a path and was not there before.
    pub(super) fn prune(&self, document: &mut Document, path: &[Step<'_>]) -> Result<(), Fault> {
        let empty = match document.get(path) {
            Some(Value::Object(members)) => members.is_empty(),
            Some(Value::Array(elements)) => elements.is_empty(),
            _ => false,
        };
        if empty && !self.had(path) { document.remove(path) } else { Ok(()) }
    }
}

/// An object of some members.
pub(super) fn object<'a>(members: impl IntoIterator<Item = &'a (&'static str, Input)>) -> Input {
    Input::Object(members.into_iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect())
}

/// A list, with what a person has added behind the last element of an older one.
fn with_more(wanted: &Input, old: Option<&Value>) -> Input {
    let (Input::Array(elements), Some(Value::Array(old))) = (wanted, old) else { return wanted.clone() };
    let Some((last, at)) = elements.last().zip(elements.len().checked_sub(1)) else { return wanted.clone() };
    let mut elements = elements.clone();
    if old.get(at).is_some_and(|old| same(last, old)) {
        let more = old[at + 1..].iter().filter_map(Value::as_str);
        elements.extend(more.map(|text| Input::String(text.to_owned())));
    }
    Input::Array(elements)
}

/// Whether a value says what another one does.
pub(super) fn same(wanted: &Input, found: &Value) -> bool {
    match (wanted, found) {
        (Input::Null, Value::Null) => true,
        (Input::Bool(wanted), Value::Bool(found)) => wanted == found,
        (Input::Number(wanted), Value::Number(found)) => *wanted == found.to_string(),
        (Input::String(wanted), Value::String(found)) => wanted == found,
        (Input::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len() && wanted.iter().zip(found).all(|(wanted, found)| same(wanted, found))
        }
        (Input::Object(wanted), Value::Object(found)) => {
            let member =
                |(key, wanted): &(String, Input)| found.get(key).is_some_and(|found| same(wanted, found));
            wanted.len() == found.len() && wanted.iter().all(member)
        }
        _ => false,
    }
}

/// The byte order mark that a text begins with, if it does, and the rest.
fn split_mark(text: &str) -> (&str, &str) {
    text.split_at(if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 })
}
