//! Writes standing rules into the global file, and takes them out again. What a person wrote there stays as it is.

use std::io;
use std::path::{Path, PathBuf};

use toml_edit::visit::{self, Visit};
use toml_edit::visit_mut::{self, VisitMut};
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value, value};

use super::allow::members;
use super::error::{ConfigError, Place};
use super::file;
use super::load::rules_of;
use super::rules::AllowRule;
use crate::os::{self, Access};
use crate::text;

/// Why a rule was not written, or not taken out. The file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The file is wrong, or would be with the change.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Another rule covers all that this one would.
    #[error("{place}: {rule} {}", if rule == by { "is a rule already".to_owned() } else { format!("is covered by the rule here, {by}") })]
    Covered {
        /// Where the other rule stands.
        place: Place,
        /// The rule.
        rule: Box<AllowRule>,
        /// The other rule.
        by: Box<AllowRule>,
    },
    /// This rule covers all that another one does, which would say nothing any more.
    #[error("{place}: {rule} covers the rule here, {covers}; revoke that one first")]
    Covers {
        /// Where the other rule stands.
        place: Place,
        /// The rule.
        rule: Box<AllowRule>,
        /// The other rule.
        covers: Box<AllowRule>,
    },
    /// Somebody else wrote the file at the same time.
    #[error("{}: was changed in between; nothing is written, try again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// It can not be written.
    #[error("{}: can not be written: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Adds a rule to the global file at `path`, which is made when it is not there (mode 0600).
///
/// # Errors
/// An [`EditError`] when the file is not one that loads, before or after the change, when another rule covers this one
/// or the other way round, or when it can not be written.
pub fn add_allow(path: &Path, rule: &AllowRule) -> Result<(), EditError> {
    let text = file::read(path)?.unwrap_or_default();
    rules_of(path, &text)?.allow.iter().try_for_each(|other| compare(rule, other))?;
    let mut document = document(path, &text)?;
    let approval = child(document.as_item_mut(), "bus").and_then(|bus| child(bus, "approval"));
    let braces = approval.as_ref().is_some_and(|approval| approval.is_inline_table());
    let allow = approval.and_then(Item::as_table_like_mut).map(|approval| approval.entry("allow"));
    match allow.map(|entry| entry.or_insert_with(|| nothing(braces))) {
        Some(Item::ArrayOfTables(tables)) => tables.push(header(rule, !text.is_empty())),
        Some(Item::Value(Value::Array(array))) => array.push(inline(rule)),
        // What is neither does not load, as has been seen.
        _ => {}
    }
    store(path, &text, &document)
}

/// Takes a rule out of the global file at `path`; false when it is not there.
///
/// # Errors
/// An [`EditError`] when the file is not one that loads, before or after the change, or can not be written.
pub fn remove_allow(path: &Path, rule: &AllowRule) -> Result<bool, EditError> {
    let Some(text) = file::read(path)? else { return Ok(false) };
    let found = rules_of(path, &text)?.allow.iter().position(|other| other == rule);
    let Some(index) = found else { return Ok(false) };
    let mut document = document(path, &text)?;
    let approval = document.get_mut("bus").and_then(|bus| bus.get_mut("approval"));
    let Some(approval) = approval.and_then(Item::as_table_like_mut) else { return Ok(false) };
    let mut left_over = None;
    let empty = match approval.get_mut("allow") {
        Some(Item::ArrayOfTables(tables)) => {
            left_over = tables.get(index).and_then(comment_of_others);
            tables.remove(index);
            tables.is_empty()
        }
        Some(Item::Value(Value::Array(array))) => {
            array.remove(index);
            array.is_empty()
        }
        _ => return Ok(false),
    };
    if empty {
        approval.remove("allow");
    }
    if let Some((position, comment)) = left_over {
        put_comment(&mut document, position, &comment);
    }
    store(path, &text, &document).map(|()| true)
}

/// That neither of two rules makes the other needless.
fn compare(rule: &AllowRule, other: &AllowRule) -> Result<(), EditError> {
    let place = || other.place.clone().unwrap_or(Place::Flag);
    let (one, two) = (|| Box::new(rule.clone()), || Box::new(other.clone()));
    if other.contains(rule) {
        return Err(EditError::Covered { place: place(), rule: one(), by: two() });
    }
    if rule.contains(other) {
        return Err(EditError::Covers { place: place(), rule: one(), covers: two() });
    }
    Ok(())
}

fn document(path: &Path, text: &str) -> Result<DocumentMut, EditError> {
    let syntax = |error: toml_edit::TomlError| ConfigError::Syntax {
        place: Place::File { path: path.to_owned(), line: 1, column: 1 },
        message: text::line(error.message()).into_owned(),
    };
    text.parse().map_err(|error| syntax(error).into())
}

/// The table `name` of a table; one that is made has no header of its own.
fn child<'a>(parent: &'a mut Item, name: &str) -> Option<&'a mut Item> {
    let braces = parent.is_inline_table();
    let made = || {
        let mut table = Table::new();
        table.set_implicit(true);
        if braces { Item::Value(InlineTable::new().into()) } else { Item::Table(table) }
    };
    Some(parent.as_table_like_mut()?.entry(name).or_insert_with(made))
}

/// No rules yet. Between braces there is no room for headers.
fn nothing(braces: bool) -> Item {
    if braces { Item::Value(Array::new().into()) } else { Item::ArrayOfTables(ArrayOfTables::new()) }
}

fn header(rule: &AllowRule, follows: bool) -> Table {
    let mut table: Table = members(rule).map(|(name, text)| (name, value(text))).collect();
    table.decor_mut().set_prefix(if follows { "\n" } else { "" });
    table
}

fn inline(rule: &AllowRule) -> InlineTable {
    members(rule).collect()
}

/// The comment before a table that an empty line parts from it, and is therefore not about it; and where it stands
/// among the headers.
fn comment_of_others(table: &Table) -> Option<(isize, String)> {
    let before = table.decor().prefix().and_then(|before| before.as_str()).unwrap_or_default();
    let (comment, _) = before.rsplit_once("\n\n")?;
    let position = table.position()?;
    (!comment.trim().is_empty()).then(|| (position, format!("{comment}\n\n")))
}

/// Puts a comment before the first header after `position`, or at the end.
fn put_comment(document: &mut DocumentMut, position: isize, comment: &str) {
    let mut first = First { after: position, header: None };
    first.visit_document(document);
    if let Some(at) = first.header {
        Before { at, comment }.visit_document_mut(document);
    } else {
        let end = document.trailing().as_str().unwrap_or_default().to_owned();
        document.set_trailing(format!("{comment}{}", end.trim_start_matches('\n')));
    }
}

/// Looks for the first header after another one.
struct First {
    after: isize,
    header: Option<isize>,
}

impl<'doc> Visit<'doc> for First {
    fn visit_table(&mut self, table: &'doc Table) {
        let here =
            table.position().filter(|at| *at > self.after && !table.is_implicit() && !table.is_dotted());
        self.header = [self.header, here].into_iter().flatten().min();
        visit::visit_table(self, table);
    }
}

/// Puts a comment before a header.
struct Before<'a> {
    at: isize,
    comment: &'a str,
}

impl VisitMut for Before<'_> {
    fn visit_table_mut(&mut self, table: &mut Table) {
        if table.position() == Some(self.at) && !table.is_implicit() && !table.is_dotted() {
            let own = table.decor().prefix().and_then(|before| before.as_str()).unwrap_or_default();
            let prefix = format!("{}{}", self.comment, own.trim_start_matches('\n'));
            table.decor_mut().set_prefix(prefix);
        }
        visit_mut::visit_table_mut(self, table);
    }
}

/// Writes a file that loads in place of the one at `path`, with the text `before`, which is there as a whole at any moment.
fn store(path: &Path, before: &str, document: &DocumentMut) -> Result<(), EditError> {
    let text = document.to_string();
    rules_of(path, &text)?;
    // An editor may save at any time, and what it saved is not to be lost.
    if file::read(path)?.unwrap_or_default() != before {
        return Err(EditError::Changed { path: path.to_owned() });
    }
    os::replace(path, &text, Access::Private)
        .map_err(|source| EditError::Unwritable { path: path.to_owned(), source })
}
