//! The kinds of values that keys take, and how text and TOML become such a value.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeArray, DeValue};

use super::allow;
use super::rules::{AllowRule, HoldRule};
use crate::filter::{self, Filter, FilterError};
use crate::message::MAX_CAPABILITIES;
use crate::name::{BROADCAST, Capability, MAX_NAME_BYTES, NameError, RepoName};
use crate::text;

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A path: `~/` is the home folder, and a relative one is relative to the file that it stands in.
    Path,
    /// An integer.
    Integer {
        /// What it counts.
        unit: &'static str,
        /// The smallest.
        least: u64,
        /// The largest.
        most: u64,
    },
    /// `true` or `false`.
    Boolean,
    /// One of some words.
    Choice(&'static [&'static str]),
    /// The name of one repo.
    Repo,
    /// Names of repos; `*` is everyone.
    Repos,
    /// Capabilities, at most [`MAX_CAPABILITIES`].
    Capabilities,
    /// A CEL expression; see [`crate::filter`].
    Filter,
    /// CEL expressions.
    Filters,
    /// Names of environment variables.
    Variables,
    /// Tables, each an [`AllowRule`].
    AllowRules,
}

impl fmt::Display for Kind {
    /// What it takes, in words: `an integer (bytes)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path => f.write_str("a path"),
            Self::Integer { unit, .. } => write!(f, "an integer ({unit})"),
            Self::Boolean => f.write_str("true or false"),
            Self::Choice(words) => {
                let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                write!(f, "one of {}", quoted.join(", "))
            }
            Self::Repo => f.write_str("the name of a repo"),
            Self::Repos => f.write_str("an array of repo names"),
            Self::Capabilities => write!(f, "an array of at most {MAX_CAPABILITIES} capabilities"),
            Self::Filter => f.write_str("a filter expression"),
            Self::Filters => f.write_str("an array of filter expressions"),
            Self::Variables => f.write_str("an array of environment variable names"),
            Self::AllowRules => f.write_str("an array of tables with from, to and, if need be, type"),
        }
    }
}

/// A default, as the table of keys writes it down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// There is none.
    None,
    /// A number.
    Integer(u64),
    /// A switch.
    Boolean(bool),
    /// A path, a word, a filter.
    Text(&'static str),
    /// Names.
    List(&'static [&'static str]),
}

/// A value that its key can take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Integer(u64),
    Boolean(bool),
    Text(String),
    /// It may still begin with `~`.
    Path(PathBuf),
    List(Vec<String>),
    Filter(Filter),
    Hold(Vec<HoldRule>),
    Allow(Vec<AllowRule>),
}

impl fmt::Display for Value {
    /// As it would stand in a file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| toml::Value::String(text.to_owned());
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Boolean(yes) => yes.fmt(f),
            Self::Text(text) => quoted(text).fmt(f),
            Self::Path(path) => quoted(&path.to_string_lossy()).fmt(f),
            Self::List(list) => toml::Value::Array(list.iter().map(|text| quoted(text)).collect()).fmt(f),
            Self::Filter(filter) => quoted(filter.source()).fmt(f),
            Self::Hold(rules) => {
                toml::Value::Array(rules.iter().map(|rule| quoted(rule.filter.source())).collect()).fmt(f)
            }
            Self::Allow(rules) => {
                let rules: Vec<String> = rules.iter().map(allow::inline).collect();
                write!(f, "[{}]", rules.join(", "))
            }
        }
    }
}

impl Value {
    /// As it would stand in an environment variable; `None` when it can not.
    pub(super) fn as_variable(&self) -> Option<OsString> {
        Some(match self {
            Self::Integer(number) => number.to_string().into(),
            Self::Boolean(yes) => yes.to_string().into(),
            Self::Text(text) => text.into(),
            Self::Path(path) => path.into(),
            // An empty variable counts as none.
            Self::List(list) if list.is_empty() => return None,
            Self::List(list) => list.join(",").into(),
            Self::Filter(filter) => filter.source().into(),
            Self::Hold(_) | Self::Allow(_) => return None,
        })
    }
}

/// Why a value was not taken.
#[derive(Debug, PartialEq)]
pub(super) enum Fault {
    /// Expected this, found that.
    Mismatch(String, String),
    /// The element of that index is wrong.
    Element(usize, Box<Fault>),
    /// The member of that name is wrong.
    Member(&'static str, Box<Fault>),
    /// A member that there is not, and what there is.
    Unknown(String, &'static [&'static str]),
    /// Not a filter.
    Filter(FilterError),
}

impl Kind {
    fn mismatch(self, found: impl Into<String>) -> Fault {
        Fault::Mismatch(self.to_string(), found.into())
    }

    /// The value of a flag or an environment variable. Elements of a list are separated by commas.
    pub(super) fn read_text(self, text: &str) -> Result<Value, Fault> {
        match self {
            Self::Integer { .. } => {
                let number = text.trim().parse::<i128>();
                self.integer(number.map_err(|_| self.mismatch(format!("\"{text}\"")))?)
            }
            Self::Boolean => match text.trim() {
                "true" | "1" => Ok(Value::Boolean(true)),
                "false" | "0" => Ok(Value::Boolean(false)),
                _ => Err(self.mismatch(format!("\"{text}\""))),
            },
            Self::Repos | Self::Capabilities | Self::Variables => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                self.list(parts.map(str::to_owned).collect())
            }
            Self::Path | Self::Choice(_) | Self::Repo | Self::Filter => self.text(text),
            // Keys of these kinds have no variable: a comma stands in expressions, too.
            Self::Filters | Self::AllowRules => Err(self.mismatch(format!("\"{text}\""))),
        }
    }

    /// The value of a key in a file.
    pub(super) fn read_toml(self, value: &DeValue<'_>) -> Result<Value, Fault> {
        match (self, value) {
            (Self::Integer { .. }, DeValue::Integer(number)) => {
                // Not even an i128 holds every integer that TOML can write; all those are out of range.
                match i128::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => self.integer(number),
                    Err(_) => Err(Fault::Mismatch(self.range(), number.to_string())),
                }
            }
            (Self::Boolean, DeValue::Boolean(yes)) => Ok(Value::Boolean(*yes)),
            (Self::Path | Self::Choice(_) | Self::Repo | Self::Filter, DeValue::String(text)) => {
                self.text(text)
            }
            (Self::Repos | Self::Capabilities | Self::Variables, DeValue::Array(array)) => {
                self.list(elements(array, |value| string(value).map(str::to_owned))?)
            }
            (Self::Filters, DeValue::Array(array)) => {
                let compile = |text: &str| Filter::compile(text).map(HoldRule::new).map_err(Fault::Filter);
                elements(array, |value| compile(string(value)?)).map(Value::Hold)
            }
            (Self::AllowRules, DeValue::Array(array)) => elements(array, allow::read).map(Value::Allow),
            (_, other) => Err(self.mismatch(describe(other))),
        }
    }

    /// Of an integer: what it takes, with the limits.
    fn range(self) -> String {
        match self {
            Self::Integer { least, most, .. } => format!("{self} from {least} to {most}"),
            _ => self.to_string(),
        }
    }

    fn integer(self, number: i128) -> Result<Value, Fault> {
        let (Self::Integer { least, most, .. }, Ok(value)) = (self, u64::try_from(number)) else {
            return Err(Fault::Mismatch(self.range(), number.to_string()));
        };
        if (least..=most).contains(&value) {
            return Ok(Value::Integer(value));
        }
        Err(Fault::Mismatch(self.range(), number.to_string()))
    }

    fn text(self, text: &str) -> Result<Value, Fault> {
        match self {
            Self::Filter if text == filter::DEFAULT => Ok(Value::Filter(Filter::default())),
            Self::Filter => Filter::compile(text).map(Value::Filter).map_err(Fault::Filter),
            Self::Choice(words) if !words.contains(&text) => Err(self.mismatch(format!("\"{text}\""))),
            Self::Repo if text == BROADCAST => Err(self.mismatch("\"*\", which is everyone")),
            Self::Repo => match RepoName::new(text) {
                Ok(_) => Ok(Value::Text(text.to_owned())),
                Err(error) => Err(self.mismatch(error.to_string())),
            },
            Self::Path if text.is_empty() => Err(self.mismatch("an empty string")),
            Self::Path if text.contains('\0') => Err(self.mismatch("a string with U+0000 in it")),
            Self::Path => Ok(Value::Path(text.into())),
            _ => Ok(Value::Text(text.to_owned())),
        }
    }

    fn list(self, list: Vec<String>) -> Result<Value, Fault> {
        if self == Self::Capabilities && list.len() > MAX_CAPABILITIES {
            return Err(self.mismatch(list.len().to_string()));
        }
        for (index, name) in list.iter().enumerate() {
            let (expected, checked) = match self {
                Self::Capabilities => ("a capability", Capability::new(name).map(drop)),
                Self::Variables if !is_variable(name) => {
                    let fault = Fault::Mismatch("the name of an environment variable".into(), quoted(name));
                    return Err(Fault::Element(index, Box::new(fault)));
                }
                Self::Variables => continue,
                _ => ("the name of a repo or \"*\"", RepoName::new(name).map(drop)),
            };
            let fault = |error: NameError| Fault::Mismatch(expected.into(), error.to_string());
            checked.map_err(|error| Fault::Element(index, Box::new(fault(error))))?;
        }
        Ok(Value::List(list))
    }

    /// The value that a default stands for; `None` when there is no default.
    pub(super) fn read_preset(self, preset: Preset) -> Option<Value> {
        match preset {
            Preset::None => None,
            Preset::Integer(number) => Some(Value::Integer(number)),
            Preset::Boolean(yes) => Some(Value::Boolean(yes)),
            Preset::Text(text) => self.text(text).ok(),
            Preset::List(list) => Some(match self {
                // Rules have no others than the operator's.
                Self::Filters => Value::Hold(Vec::new()),
                Self::AllowRules => Value::Allow(Vec::new()),
                _ => Value::List(list.iter().copied().map(str::to_owned).collect()),
            }),
        }
    }
}

/// What `read` makes of every element.
fn elements<T>(
    array: &DeArray<'_>,
    read: impl Fn(&DeValue<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let read = |(index, value): (usize, &Spanned<DeValue<'_>>)| {
        read(value.get_ref()).map_err(|fault| Fault::Element(index, Box::new(fault)))
    };
    array.iter().enumerate().map(read).collect()
}

/// The text of a string.
pub(super) fn string<'a>(value: &'a DeValue<'_>) -> Result<&'a str, Fault> {
    match value {
        DeValue::String(text) => Ok(text),
        other => Err(Fault::Mismatch("a string".into(), describe(other).into())),
    }
}

fn is_variable(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.chars().all(plain)
}

/// As a refusal shows it.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text::line(text))
}

/// What a TOML value is, in words.
pub(super) fn describe(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(true) => "true",
        DeValue::Boolean(false) => "false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
