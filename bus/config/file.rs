//! One configuration file: from its text to the keys that it sets.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::REPO_FILE;
use super::error::{ConfigError, Place};
use super::keys::{Files, KEYS, Key};
use super::value::{Fault, Value};
use crate::filter::{line_and_column, nearest};
use crate::text;

/// No configuration is longer; a link to a device is.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// A key that a file sets.
#[derive(Debug, PartialEq)]
pub(super) struct Setting {
    pub(super) key: &'static Key,
    pub(super) value: Value,
    pub(super) place: Place,
}

/// The text of a file; `None` when there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<String>, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            return Err(unreadable(io::Error::other("not a regular file")));
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    }
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    let length = file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
    if length as u64 > MAX_FILE_BYTES {
        return Err(unreadable(io::Error::other(format!("longer than {MAX_FILE_BYTES} bytes"))));
    }
    Ok(Some(text))
}

/// The nearest file of a repository, from `start` upwards, and the folder that it makes a repository.
pub(super) fn find_repo_file(start: &Path) -> Option<(PathBuf, &Path)> {
    // A file that may not be looked at is there, and reading it says why it can not be read.
    let found = |folder: &&Path| folder.join(REPO_FILE).try_exists().unwrap_or(true);
    start.ancestors().find(found).map(|folder| (folder.join(REPO_FILE), folder))
}

/// The tables of rules, which are only for who runs a bus.
const RULES: [&str; 2] = ["bus.approval", "bus.limits"];

/// What the file at `path`, with this text, sets. `files` tells which of the two files it is; `without_rules` passes over
/// what it says of [`RULES`].
pub(super) fn parse(
    path: &Path,
    text: &str,
    files: Files,
    without_rules: bool,
) -> Result<Vec<Setting>, ConfigError> {
    let reader = Reader { path, text, files, without_rules };
    let document = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        place: reader.place(error.span().unwrap_or(0..0).start),
        message: text::line(error.message()).into_owned(),
    })?;
    let mut settings = Vec::new();
    reader.table("", document.get_ref(), &mut settings)?;
    Ok(settings)
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    files: Files,
    without_rules: bool,
}

impl Reader<'_> {
    fn place(&self, offset: usize) -> Place {
        let (line, column) = line_and_column(self.text.get(..offset).unwrap_or_default());
        Place::File { path: self.path.to_owned(), line, column }
    }

    fn table(
        &self,
        table: &str,
        entries: &DeTable<'_>,
        settings: &mut Vec<Setting>,
    ) -> Result<(), ConfigError> {
        for (name, value) in entries {
            let full = if table.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{table}.{}", name.get_ref())
            };
            if self.without_rules && RULES.contains(&full.as_str()) {
                continue;
            }
            let place = self.place(name.span().start);
            match (Key::find(&full), value.get_ref()) {
                (Some(key), value_here) => {
                    self.check_place(key, place)?;
                    let read = key.kind.read_toml(value_here);
                    let mut read = read.map_err(|fault| self.fault(key, value, fault))?;
                    self.tell_places(&mut read, value_here);
                    settings.push(Setting { key, value: read, place: self.place(value.span().start) });
                }
                (None, DeValue::Table(inner)) if is_table(&full) => self.table(&full, inner, settings)?,
                (None, _) if is_table(&full) => {
                    let message = format!("expected a table, found a value; write [{full}]");
                    return Err(ConfigError::Syntax { place, message });
                }
                (None, value) => {
                    let is_table = matches!(value, DeValue::Table(_));
                    return Err(unknown(place, table, name.get_ref(), is_table));
                }
            }
        }
        Ok(())
    }

    fn check_place(&self, key: &'static Key, place: Place) -> Result<(), ConfigError> {
        let belongs = match (key.files, self.files) {
            (Files::Global, Files::Repo) => "the global file, ~/.veda/bus.toml",
            (Files::Repo, Files::Global) => "a repository's own file, .veda/coordination.toml",
            _ => return Ok(()),
        };
        Err(ConfigError::Misplaced { place, key: key.name, belongs })
    }

    /// Rules know where they stand.
    fn tell_places(&self, value: &mut Value, read: &DeValue<'_>) {
        let DeValue::Array(elements) = read else { return };
        match value {
            Value::Hold(rules) => rules.iter_mut().zip(elements.iter()).for_each(|(rule, element)| {
                rule.stands(self.place(element.span().start), self.is_verbatim(element));
            }),
            Value::Allow(rules) => rules.iter_mut().zip(elements.iter()).for_each(|(rule, element)| {
                rule.place = Some(self.place(element.span().start));
            }),
            _ => {}
        }
    }

    fn fault(&self, key: &'static Key, value: &Spanned<DeValue<'_>>, fault: Fault) -> ConfigError {
        let place = self.place(value.span().start);
        match (fault, value.get_ref()) {
            (Fault::Element(index, inner), DeValue::Array(array)) => {
                self.fault(key, array.get(index).unwrap_or(value), *inner)
            }
            (Fault::Member(name, inner), DeValue::Table(table)) => {
                self.fault(key, table.get(name).unwrap_or(value), *inner)
            }
            (Fault::Unknown(name, members), DeValue::Table(table)) => {
                let at = table.keys().find(|member| *member.get_ref() == name).map(Spanned::span);
                unknown_member(self.place(at.unwrap_or(value.span()).start), key, &name, members)
            }
            (Fault::Filter(error), _) => {
                let place = place.inside(self.is_verbatim(value), error.position());
                ConfigError::Filter { place, key: key.name, error: Box::new(error) }
            }
            (fault, _) => fault_at(place, key, fault),
        }
    }

    /// Whether a string stands in the file as it is, without escapes and line breaks.
    fn is_verbatim(&self, value: &Spanned<DeValue<'_>>) -> bool {
        let DeValue::String(source) = value.get_ref() else { return false };
        let written = self.text.get(value.span()).unwrap_or_default();
        written.len() == source.len() + 2 && written.get(1..=source.len()) == Some(source)
    }
}

/// A fault of which only the place as a whole is known.
pub(super) fn fault_at(place: Place, key: &'static Key, fault: Fault) -> ConfigError {
    match fault {
        Fault::Mismatch(expected, found) => ConfigError::Value { place, key: key.name, expected, found },
        Fault::Element(_, inner) | Fault::Member(_, inner) => fault_at(place, key, *inner),
        Fault::Unknown(name, members) => unknown_member(place, key, &name, members),
        Fault::Filter(error) => ConfigError::Filter { place, key: key.name, error: Box::new(error) },
    }
}

fn unknown_member(
    place: Place,
    key: &'static Key,
    name: &str,
    members: &'static [&'static str],
) -> ConfigError {
    ConfigError::UnknownKey {
        place,
        what: "key",
        key: text::line(name).into_owned(),
        table: key.name.to_owned(),
        nearest: nearest(name, members.iter().copied()),
    }
}

fn is_table(name: &str) -> bool {
    KEYS.iter().any(|key| key.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
}

/// What stands in `table` and is not known: the nearest of what may stand there is suggested.
pub(super) fn unknown(place: Place, table: &str, name: &str, is_table: bool) -> ConfigError {
    let below = |key: &'static Key| match table {
        "" => Some(key.name),
        _ => key.name.strip_prefix(table)?.strip_prefix('.'),
    };
    let parts = KEYS.iter().filter_map(below).map(|rest| rest.split('.').next().unwrap_or(rest));
    ConfigError::UnknownKey {
        place,
        what: if is_table { "table" } else { "key" },
        key: text::line(name).into_owned(),
        table: table.to_owned(),
        nearest: nearest(name, parts),
    }
}
