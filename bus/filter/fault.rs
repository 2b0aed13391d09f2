//! What can be wrong with a filter, in words that help whoever wrote it.

use cel::{ExecutionError, ParseErrors, Value};

use super::{MAX_BYTES, MAX_DEPTH};
use crate::text;

/// Why a filter was refused, or gave no answer. Lines and columns begin with 1; a column counts characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Longer than [`MAX_BYTES`].
    #[error("the expression has {bytes} bytes (at most {MAX_BYTES})")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not CEL.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// Where.
        line: usize,
        /// Where in the line.
        column: usize,
        /// What was found there.
        message: String,
    },
    /// A variable or function that there is not.
    #[error("line {line}, column {column}: unknown {what} `{name}`{}", did_you_mean(nearest.as_ref()))]
    Unknown {
        /// Where.
        line: usize,
        /// Where in the line.
        column: usize,
        /// `variable` or `function`.
        what: &'static str,
        /// The name.
        name: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// Something that is CEL, and makes no sense or is not allowed here.
    #[error("line {line}, column {column}: {message}")]
    Senseless {
        /// Where.
        line: usize,
        /// Where in the line.
        column: usize,
        /// What is wrong, and what to write.
        message: String,
    },
    /// The expression gives something else than true or false.
    #[error("the expression must give true or false, and gives {found}")]
    NotBool {
        /// What it gives, in words.
        found: String,
    },
    /// The facts at hand do not allow an answer.
    #[error("the expression can not be evaluated: {0}")]
    Evaluation(String),
    /// The machine did not let the expression be read.
    #[error("the expression can not be read now: {0}")]
    Unavailable(String),
}

impl FilterError {
    /// Line and column in the expression, where one place is to blame.
    pub fn position(&self) -> Option<(usize, usize)> {
        match self {
            Self::Syntax { line, column, .. }
            | Self::Unknown { line, column, .. }
            | Self::Senseless { line, column, .. } => Some((*line, *column)),
            Self::TooLong { .. } | Self::NotBool { .. } | Self::Evaluation(_) | Self::Unavailable(_) => None,
        }
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> String {
        let whole = self.to_string();
        match self.position().map(|(line, column)| format!("line {line}, column {column}: ")) {
            Some(place) => whole.strip_prefix(&place).map(str::to_owned).unwrap_or(whole),
            None => whole,
        }
    }
}

fn did_you_mean(nearest: Option<&String>) -> String {
    nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

const SYNTAX: &str = "Syntax error: ";

/// The first of the parser's complaints: the others mostly follow from it.
pub(super) fn syntax(errors: &ParseErrors) -> FilterError {
    // The parser's own complaints follow from those about the text, though they may stand before them.
    let about_text = errors.errors.iter().find(|error| error.msg.starts_with(SYNTAX));
    let Some(first) = about_text.or(errors.errors.first()) else {
        return FilterError::Syntax { line: 1, column: 1, message: "not a CEL expression".into() };
    };
    let place = |number: isize| usize::try_from(number).unwrap_or(1).max(1);
    let (line, column) = (place(first.pos.0), place(first.pos.1));
    let too_deep = errors.errors.iter().any(|error| error.msg.contains("Recursion limit of"));
    let message = if too_deep {
        format!("nested too deeply (at most {MAX_DEPTH} levels)")
    } else {
        plain_syntax(&first.msg)
    };
    FilterError::Syntax { line, column, message: text::line(&message).into_owned() }
}

/// The parser generator's terms in plain words, without the list of every token that could follow.
fn plain_syntax(message: &str) -> String {
    let message = message.strip_prefix(SYNTAX).unwrap_or(message);
    let message = message.split(" expecting ").next().unwrap_or(message);
    for known in [
        "mismatched input ",
        "extraneous input ",
        "no viable alternative at input ",
        "token recognition error at: ",
    ] {
        if let Some(found) = message.strip_prefix(known) {
            let end = found.contains("<EOF>");
            let found = found.trim_matches('\'').trim();
            return if end {
                "unexpected end of the expression".into()
            } else {
                format!("unexpected '{found}'")
            };
        }
    }
    message.to_owned()
}

/// What kept an evaluation from giving a value.
pub(super) fn explain(error: &ExecutionError) -> String {
    let message = match error {
        ExecutionError::FunctionError { function, message } => format!("`{function}`: {message}"),
        ExecutionError::IndexOutOfBounds(_) => "an index is beyond the end of its list".into(),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "a division by zero".into(),
        ExecutionError::Overflow(..) => "a number is too large".into(),
        other => other.to_string(),
    };
    text::line(&message).into_owned()
}

/// A value's kind, in words.
pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::Int(_) | Value::UInt(_) | Value::Float(_) => "a number",
        Value::String(_) => "a string",
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        _ => "something else",
    }
    .into()
}

/// Line and column, both from 1 and the column in characters, of what comes after `before`.
pub fn line_and_column(before: &str) -> (usize, usize) {
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

/// The name that was most likely meant by `name`: the closest of `known`, if it is close at all.
pub(crate) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    // The work grows with the length, and nothing as long as this is close to a name that there is.
    let name = Some(name.to_lowercase()).filter(|name| name.len() <= 64)?;
    let distance = |known: &str| strsim::damerau_levenshtein(&name, &known.to_lowercase());
    let closest =
        known.into_iter().map(|known| (distance(known), known)).min_by_key(|(distance, _)| *distance)?;
    (closest.0 <= closest.1.len().div_ceil(3)).then_some(closest.1)
}
