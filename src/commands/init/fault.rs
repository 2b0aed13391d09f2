//! What is wrong with a file of another program, and where.

use std::path::Path;

use veda_bus_core::filter::line_and_column;
use veda_bus_core::text;

use crate::failure::Failure;

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// From 1.
    line: usize,
    /// In characters, from 1.
    column: usize,
    message: String,
}

impl Fault {
    /// What is wrong with `text` at an offset in bytes.
    pub(super) fn at(text: &str, offset: usize, message: impl Into<String>) -> Self {
        let (line, column) = line_and_column(text.get(..offset).unwrap_or_default());
        Self { line, column, message: message.into() }
    }

    /// Where, and what, in words.
    pub(super) fn place(&self) -> String {
        let Self { line, column, message } = self;
        format!("line {line}, column {column}: {}", text::line(message))
    }

    /// The same, said of a file.
    pub(super) fn of(&self, path: &Path) -> Failure {
        let Self { line, column, message } = self;
        let message = text::line(message);
        Failure::Usage(format!("{}:{line}:{column}: {message}; nothing was written", path.display()))
    }
}
