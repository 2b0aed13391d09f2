//! One theme's file: from its text to what it says.

use std::collections::BTreeMap;
use std::path::Path;

use ratatui::style::Modifier;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use veda_bus_core::suggest::nearest;

use super::colour::{self, Colour};
use super::error::did_you_mean;
use super::styles::Look;
use super::{Kind, Role, ThemeError};
use crate::text;

/// What a file may say at its top.
const KEYS: [&str; 7] = ["name", "kind", "license", "source", "inherits", "palette", "styles"];

/// What a style may say besides its colours.
const MODIFIERS: [(&str, Modifier); 6] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
    ("strike", Modifier::CROSSED_OUT),
];

/// What a file says, together with what it inherits.
#[derive(Debug, Clone, Default)]
pub(super) struct Definition {
    pub(super) title: Option<String>,
    pub(super) kind: Kind,
    pub(super) license: Option<String>,
    pub(super) source: Option<String>,
    palette: BTreeMap<String, Colour>,
    styles: BTreeMap<Role, Written>,
}

/// A style as it is written: whoever inherits it has a palette of their own.
#[derive(Debug, Clone, Default)]
struct Written {
    fg: Option<Paint>,
    bg: Option<Paint>,
    modifiers: Modifier,
}

#[derive(Debug, Clone)]
enum Paint {
    /// A name of the palette, which is known to be there.
    Named(String),
    Fixed(Colour),
}

impl Definition {
    /// The look that is written for a role.
    pub(super) fn look(&self, role: Role) -> Option<Look> {
        let written = self.styles.get(&role)?;
        let colour = |paint: &Paint| match paint {
            Paint::Named(name) => self.palette.get(name).copied(),
            Paint::Fixed(colour) => Some(*colour),
        };
        Some(Look {
            fg: written.fg.as_ref().and_then(colour),
            bg: written.bg.as_ref().and_then(colour),
            modifiers: written.modifiers,
        })
    }
}

/// What the file at `path`, with this text, says. `base` gives what the theme says that the file inherits; its errors
/// in words are told with the place of the name.
pub(super) fn parse(
    path: &Path,
    text: &str,
    base: impl FnOnce(&str) -> Result<Definition, BaseError>,
) -> Result<Definition, ThemeError> {
    let place = Place { path, text };
    let document = DeTable::parse(text).map_err(|error| {
        place.wrong(error.span().unwrap_or(0..0).start, text::line(error.message()).into_owned())
    })?;
    let document = document.get_ref();
    let inherited = match document.get("inherits") {
        None => None,
        Some(name) => Some(base(&place.string("inherits", name)?).map_err(|error| match error {
            BaseError::Name(what) => place.wrong(name.span().start, format!("inherits: {what}")),
            BaseError::Theme(error) => error,
        })?),
    };
    if inherited.is_none() && !document.contains_key("kind") {
        return Err(place.wrong(0, "kind: expected \"dark\" or \"light\", found nothing".to_owned()));
    }
    let inherited = inherited.unwrap_or_default();
    let definition = Definition { title: None, license: None, source: None, ..inherited };
    Reader { place, definition }.read(document)
}

/// Why there is nothing to inherit.
pub(super) enum BaseError {
    /// The name will not do.
    Name(String),
    /// The theme will not do.
    Theme(ThemeError),
}

struct Place<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Place<'_> {
    fn wrong(&self, offset: usize, what: String) -> ThemeError {
        let before = self.text.get(..offset).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        ThemeError::At { path: self.path.to_owned(), line, column, what }
    }

    fn unexpected(&self, entry: &str, value: &Spanned<DeValue<'_>>, expected: &str) -> ThemeError {
        let found = match value.get_ref() {
            DeValue::String(text) => format!("\"{}\"", text::line(text)),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Boolean(yes) => yes.to_string(),
            other => format!("a value of type {}", other.type_str()),
        };
        self.wrong(value.span().start, format!("{}: expected {expected}, found {found}", text::line(entry)))
    }

    fn unknown<'k>(
        &self,
        entry: &str,
        name: &Spanned<impl AsRef<str>>,
        what: &str,
        known: impl Iterator<Item = &'k str>,
    ) -> ThemeError {
        let meant = did_you_mean(&nearest(name.get_ref().as_ref(), known));
        self.wrong(name.span().start, format!("{}: unknown {what}{meant}", text::line(entry)))
    }

    fn string(&self, entry: &str, value: &Spanned<DeValue<'_>>) -> Result<String, ThemeError> {
        let text = value.get_ref().as_str().ok_or_else(|| self.unexpected(entry, value, "a string"))?;
        Ok(text.to_owned())
    }

    fn table<'v, 'd>(
        &self,
        entry: &str,
        value: &'v Spanned<DeValue<'d>>,
    ) -> Result<&'v DeTable<'d>, ThemeError> {
        value.get_ref().as_table().ok_or_else(|| self.unexpected(entry, value, "a table"))
    }
}

struct Reader<'a> {
    place: Place<'a>,
    definition: Definition,
}

impl Reader<'_> {
    fn read(mut self, document: &DeTable<'_>) -> Result<Definition, ThemeError> {
        for (name, value) in document {
            self.top(name, value)?;
        }
        // What the styles name must be known before.
        if let Some(palette) = document.get("palette") {
            self.palette(self.place.table("palette", palette)?)?;
        }
        if let Some(styles) = document.get("styles") {
            self.styles(self.place.table("styles", styles)?)?;
        }
        Ok(self.definition)
    }

    fn top(
        &mut self,
        name: &Spanned<impl AsRef<str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), ThemeError> {
        let key = name.get_ref().as_ref();
        match key {
            "name" => self.definition.title = Some(self.place.string(key, value)?),
            "license" => self.definition.license = Some(self.place.string(key, value)?),
            "source" => self.definition.source = Some(self.place.string(key, value)?),
            "kind" => {
                self.definition.kind = match value.get_ref().as_str() {
                    Some("dark") => Kind::Dark,
                    Some("light") => Kind::Light,
                    _ => return Err(self.place.unexpected(key, value, "\"dark\" or \"light\"")),
                }
            }
            "inherits" | "palette" | "styles" => {}
            _ => return Err(self.place.unknown(key, name, "key", KEYS.into_iter())),
        }
        Ok(())
    }

    fn palette(&mut self, palette: &DeTable<'_>) -> Result<(), ThemeError> {
        for (name, value) in palette {
            let colour = Colour::read(value.get_ref()).ok_or_else(|| {
                self.place.unexpected(&format!("palette.{}", name.get_ref()), value, colour::EXPECTED)
            })?;
            self.definition.palette.insert(name.get_ref().to_string(), colour);
        }
        Ok(())
    }

    fn styles(&mut self, styles: &DeTable<'_>) -> Result<(), ThemeError> {
        for (name, value) in styles {
            let entry = format!("styles.{}", name.get_ref());
            let Some(role) = Role::ALL.iter().find(|role| role.as_str() == name.get_ref()) else {
                let known = Role::ALL.iter().map(|role| role.as_str());
                return Err(self.place.unknown(&entry, name, "role", known));
            };
            let written = match value.get_ref() {
                DeValue::Table(table) => self.style(&entry, table)?,
                _ => Written { fg: Some(self.paint(&entry, value)?), ..Written::default() },
            };
            self.definition.styles.insert(*role, written);
        }
        Ok(())
    }

    fn style(&self, style: &str, table: &DeTable<'_>) -> Result<Written, ThemeError> {
        let mut written = Written::default();
        for (name, value) in table {
            let entry = format!("{style}.{}", name.get_ref());
            match name.get_ref().as_ref() {
                "fg" => written.fg = Some(self.paint(&entry, value)?),
                "bg" => written.bg = Some(self.paint(&entry, value)?),
                other => {
                    let Some((_, modifier)) = MODIFIERS.iter().find(|(known, _)| *known == other) else {
                        let known = ["fg", "bg"].into_iter().chain(MODIFIERS.iter().map(|(known, _)| *known));
                        return Err(self.place.unknown(&entry, name, "part of a style", known));
                    };
                    let on = value.get_ref().as_bool();
                    let on = on.ok_or_else(|| self.place.unexpected(&entry, value, "true or false"))?;
                    written.modifiers.set(*modifier, on);
                }
            }
        }
        Ok(written)
    }

    fn paint(&self, entry: &str, value: &Spanned<DeValue<'_>>) -> Result<Paint, ThemeError> {
        if let DeValue::String(name) = value.get_ref()
            && self.definition.palette.contains_key(name.as_ref())
        {
            return Ok(Paint::Named(name.to_string()));
        }
        if let Some(colour) = Colour::read(value.get_ref()) {
            return Ok(Paint::Fixed(colour));
        }
        let known = self.definition.palette.keys().map(String::as_str).chain(colour::ANSI);
        let meant = value.get_ref().as_str().map(|name| (name, did_you_mean(&nearest(name, known))));
        Err(match meant {
            Some((name, meant)) if !meant.is_empty() => self.place.wrong(
                value.span().start,
                format!("{entry}: unknown colour \"{}\"{}", text::line(name), text::line(&meant)),
            ),
            _ => {
                self.place.unexpected(entry, value, &format!("a name of the palette or {}", colour::EXPECTED))
            }
        })
    }
}
