//! Why a theme was not taken.

use std::io;
use std::path::PathBuf;

/// Why a theme was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// There is no theme of that name.
    #[error("unknown theme \"{name}\"{}", did_you_mean(nearest))]
    Unknown {
        /// The name, made harmless.
        name: String,
        /// The themes that may have been meant.
        nearest: Vec<String>,
    },
    /// Its file can not be read.
    #[error("{}: can not be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something in its file is not right.
    #[error("{}:{line}:{column}: {what}", path.display())]
    At {
        /// The file; of a built-in theme, its path below the source.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// The character in the line, from 1.
        column: usize,
        /// What is wrong there, and what was expected.
        what: String,
    },
}

/// `; did you mean "a" or "b"?`, or nothing.
pub(super) fn did_you_mean<T: AsRef<str>>(names: &[T]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{}\"", name.as_ref())).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => format!("; did you mean {last}?"),
        Some((last, others)) => format!("; did you mean {} or {last}?", others.join(", ")),
    }
}
