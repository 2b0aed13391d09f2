//! One configuration file: from its text to the keys that it sets.

use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::REPO_FILE;
use super::error::{ConfigError, Place};
use super::keys::{Files, KEYS, Key};
use super::value::{Fault, Value};
use crate::filter::{FilterError, line_and_column, nearest};
use crate::text;

/// No configuration is longer; a link to a device is.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// A key that a file sets.
#[derive(Debug, PartialEq)]
pub(super) struct Setting {
    pub(super) key: &'static Key,
    pub(super) value: Value,
    pub(super) line: usize,
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

/// What the file at `path`, with this text, sets. `files` tells which of the two files it is.
pub(super) fn parse(path: &Path, text: &str, files: Files) -> Result<Vec<Setting>, ConfigError> {
    let reader = Reader { path, text, files };
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
            let place = self.place(name.span().start);
            match (Key::find(&full), value.get_ref()) {
                (Some(key), value_here) => {
                    self.check_place(key, place)?;
                    let (line, _) = line_and_column(self.text.get(..value.span().start).unwrap_or_default());
                    let read = key.kind.read_toml(value_here);
                    settings.push(Setting {
                        key,
                        value: read.map_err(|fault| self.fault(key, value, fault))?,
                        line,
                    });
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

    fn fault(&self, key: &'static Key, value: &Spanned<DeValue<'_>>, fault: Fault) -> ConfigError {
        match fault {
            Fault::Mismatch(expected, found) => {
                ConfigError::Value { place: self.place(value.span().start), key: key.name, expected, found }
            }
            Fault::Element(index, expected, found) => {
                let element = match value.get_ref() {
                    DeValue::Array(array) => array.get(index).map(Spanned::span),
                    _ => None,
                };
                let start = element.unwrap_or(value.span()).start;
                ConfigError::Value { place: self.place(start), key: key.name, expected, found }
            }
            Fault::Filter(error) => self.filter_fault(key, &value.span(), value.get_ref(), error),
        }
    }

    /// Points into the expression itself when it stands in the file as it is, without escapes and line breaks.
    fn filter_fault(
        &self,
        key: &'static Key,
        span: &Range<usize>,
        value: &DeValue<'_>,
        error: FilterError,
    ) -> ConfigError {
        let written = self.text.get(span.clone()).unwrap_or_default();
        let plain =
            |source: &str| written.len() == source.len() + 2 && written.get(1..=source.len()) == Some(source);
        let place = self.place(span.start);
        let place = match (place, error.position(), value) {
            (Place::File { path, line, column }, Some((1, inside)), DeValue::String(source))
                if plain(source) =>
            {
                // The quote comes before the first character.
                Place::File { path, line, column: column + inside }
            }
            (place, _, _) => place,
        };
        ConfigError::Filter { place, key: key.name, error: Box::new(error) }
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
