//! What can be wrong with a configuration, said with the place where it stands.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::filter::FilterError;

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a file.
    File {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// The character in the line, from 1.
        column: usize,
    },
    /// In an environment variable.
    Environment(&'static str),
    /// On the command line.
    Flag,
}

impl Place {
    /// Where a line and a column of an expression are that begins here with a quote. Where it does not stand in the
    /// file character by character, or does not say where, that is its beginning.
    pub(super) fn inside(self, verbatim: bool, position: Option<(usize, usize)>) -> Self {
        match (self, position) {
            // The quote comes before the first character.
            (Self::File { path, line, column }, Some((1, inside))) if verbatim => {
                Self::File { path, line, column: column + inside }
            }
            (place, _) => place,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag => f.write_str("command line"),
        }
    }
}

/// Why a configuration was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that can not be read.
    #[error("{}: can not be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that is not TOML.
    #[error("{place}: {message}")]
    Syntax {
        /// Where.
        place: Place,
        /// What is wrong there.
        message: String,
    },
    /// A key that there is not.
    #[error("{place}: unknown {what} \"{key}\"{}{}", inside(table), did_you_mean(*nearest))]
    UnknownKey {
        /// Where.
        place: Place,
        /// `key` or `table`.
        what: &'static str,
        /// The key.
        key: String,
        /// The table that it is in; empty at the top.
        table: String,
        /// What may have been meant.
        nearest: Option<&'static str>,
    },
    /// A key that this file may not set.
    #[error("{place}: {key} may not be set here; it belongs in {belongs}")]
    Misplaced {
        /// Where.
        place: Place,
        /// The key.
        key: &'static str,
        /// The file that it belongs in.
        belongs: &'static str,
    },
    /// A value that the key can not take.
    #[error("{place}: {key}: expected {expected}, found {found}")]
    Value {
        /// Where.
        place: Place,
        /// The key.
        key: &'static str,
        /// What it takes, in words.
        expected: String,
        /// What is there, in words.
        found: String,
    },
    /// A filter expression that does not compile.
    #[error("{place}: {key}: {error}")]
    Filter {
        /// Where: in a file, as near to the fault as can be told.
        place: Place,
        /// The key.
        key: &'static str,
        /// What is wrong with it; its own line and column count from the beginning of the expression.
        error: Box<FilterError>,
    },
    /// Rules that can not have been meant together.
    #[error("{place}: {key}: {message}")]
    Contradiction {
        /// Where one of them stands.
        place: Place,
        /// Its key.
        key: &'static str,
        /// What is wrong with it, and where the other one stands.
        message: String,
    },
    /// A path that begins with `~/` while there is no home folder.
    #[error("{key}: \"{path}\" needs a home folder, and HOME is not set")]
    NoHome {
        /// The key.
        key: &'static str,
        /// The path as it is set.
        path: String,
    },
}

fn inside(table: &str) -> String {
    if table.is_empty() { String::new() } else { format!(" in [{table}]") }
}

fn did_you_mean(nearest: Option<&'static str>) -> String {
    nearest.map(|key| format!("; did you mean \"{key}\"?")).unwrap_or_default()
}
