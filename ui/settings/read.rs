//! From the text of the file to the settings.

use std::io;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use veda_bus_core::suggest::nearest;

use super::{Desktop, Settings};
use crate::action::{CommandError, Invocation, Scope};
use crate::keys::{Chord, ChordError};

/// Why the settings were not taken.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file can not be read.
    #[error("{}: can not be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Something in it is not right.
    #[error("{}:{line}:{column}: {what}", path.display())]
    At {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// The character in the line, from 1.
        column: usize,
        /// What is wrong there.
        what: String,
    },
}

/// What stands beside the tables of keys.
const NAMES: [&str; 7] = ["theme", "ascii", "mouse", "bell", "notify", "history", "keys"];

pub(super) fn load(path: &Path) -> Result<Settings, SettingsError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Settings::default()),
        Err(error) => return Err(SettingsError::Unreadable { path: path.to_owned(), error }),
    };
    Reader { path, text: &text, settings: Settings::default(), bound: Vec::new() }.read()
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    settings: Settings,
    /// The keys that the file has bound, with their lines.
    bound: Vec<(Scope, Chord, usize)>,
}

impl Reader<'_> {
    fn read(mut self) -> Result<Settings, SettingsError> {
        let document = DeTable::parse(self.text)
            .map_err(|error| self.at(error.span().unwrap_or(0..0).start, error.message().to_owned()))?;
        for (name, value) in document.get_ref() {
            self.setting(name, value)?;
        }
        Ok(self.settings)
    }

    fn at(&self, offset: usize, what: String) -> SettingsError {
        let (line, column) = self.place(offset);
        SettingsError::At { path: self.path.to_owned(), line, column, what }
    }

    fn place(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }

    fn setting(
        &mut self,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), SettingsError> {
        match (name.get_ref().as_ref(), value.get_ref()) {
            ("theme", DeValue::String(theme)) => self.settings.theme = Some(theme.to_string()),
            ("ascii", DeValue::Boolean(ascii)) => self.settings.ascii = Some(*ascii),
            ("mouse", DeValue::Boolean(mouse)) => self.settings.mouse = *mouse,
            ("bell", DeValue::Boolean(bell)) => self.settings.bell = *bell,
            ("notify", DeValue::String(how)) => self.settings.desktop = self.desktop(value, how)?,
            ("history", DeValue::Integer(number)) => {
                let count = number.as_str().replace('_', "").parse().ok();
                let count = count.filter(|count| (1_000..=100_000_000).contains(count));
                let expected = "expected a number of messages from 1000 to 100000000";
                self.settings.history =
                    count.ok_or_else(|| self.at(value.span().start, expected.to_owned()))?;
            }
            ("keys", DeValue::Table(scopes)) => {
                for (scope, keys) in scopes {
                    self.scope(scope, keys)?;
                }
            }
            ("theme", _) => return Err(self.wrong(value, "theme", "a name")),
            (flag @ ("ascii" | "mouse" | "bell"), _) => return Err(self.wrong(value, flag, "true or false")),
            ("notify", _) => return Err(self.wrong(value, "notify", "\"osc9\", \"osc777\" or \"off\"")),
            ("history", _) => return Err(self.wrong(value, "history", "a number of messages")),
            ("keys", _) => return Err(self.wrong(value, "keys", "tables: [keys.anywhere], [keys.lists] …")),
            (unknown, _) => return Err(self.unknown(name.span().start, "setting", unknown, &NAMES)),
        }
        Ok(())
    }

    fn wrong(&self, value: &Spanned<DeValue<'_>>, name: &str, expected: &str) -> SettingsError {
        self.at(value.span().start, format!("{name}: expected {expected}"))
    }

    fn unknown(&self, offset: usize, what: &str, name: &str, known: &[&str]) -> SettingsError {
        let near = nearest(name, known.iter().copied());
        let hint = match near.first() {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("there are {}", known.join(", ")),
        };
        self.at(offset, format!("unknown {what} \"{}\"; {hint}", crate::text::line(name)))
    }

    fn desktop(&self, value: &Spanned<DeValue<'_>>, how: &str) -> Result<Desktop, SettingsError> {
        match how {
            "osc9" => Ok(Desktop::Osc9),
            "osc777" => Ok(Desktop::Osc777),
            "off" => Ok(Desktop::Off),
            _ => Err(self.wrong(value, "notify", "\"osc9\", \"osc777\" or \"off\"")),
        }
    }

    fn scope(
        &mut self,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        keys: &Spanned<DeValue<'_>>,
    ) -> Result<(), SettingsError> {
        let found = Scope::ALL.into_iter().find(|scope| scope.as_str() == name.get_ref().as_ref());
        let scope = found.ok_or_else(|| {
            self.unknown(name.span().start, "place for keys", name.get_ref(), &Scope::ALL.map(Scope::as_str))
        })?;
        let DeValue::Table(keys) = keys.get_ref() else {
            return Err(self.wrong(keys, "keys", "a table of keys and commands"));
        };
        // In the order of the file, so that the later of two is complained of.
        let mut keys: Vec<_> = keys.iter().collect();
        keys.sort_by_key(|(key, _)| key.span().start);
        for (key, command) in keys {
            self.binding(scope, key, command)?;
        }
        Ok(())
    }

    fn binding(
        &mut self,
        scope: Scope,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        command: &Spanned<DeValue<'_>>,
    ) -> Result<(), SettingsError> {
        let chord: Chord = key
            .get_ref()
            .parse()
            .map_err(|error: ChordError| self.at(key.span().start, error.to_string()))?;
        let (line, _) = self.place(key.span().start);
        if let Some((.., before)) = self.bound.iter().find(|(at, bound, _)| (*at, *bound) == (scope, chord)) {
            let what = format!("\"{chord}\" is bound in line {before} already");
            return Err(self.at(key.span().start, what));
        }
        self.bound.push((scope, chord, line));
        let DeValue::String(text) = command.get_ref() else {
            return Err(self.wrong(command, key.get_ref(), "a command, or \"none\""));
        };
        let invocation = match text.as_ref() {
            "none" => None,
            text => Some(
                text.parse::<Invocation>()
                    .map_err(|error: CommandError| self.at(command.span().start, error.to_string()))?,
            ),
        };
        if let Err(hidden) = self.settings.keys.bind(scope, chord, invocation) {
            self.settings.warnings.push(format!("{}:{line}: {hidden}", self.path.display()));
        }
        Ok(())
    }
}
