//! The themes that there are: built in, and the user's own.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use veda_bus_core::suggest;

use super::file::{self, BaseError, Definition};
use super::{Theme, ThemeError};
use crate::text;

/// No theme is longer; a link to a device is.
const MAX_FILE_BYTES: u64 = 1 << 20;

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../themes/", $name, ".toml")))),*]
    };
}

/// The built-in themes with the texts of their files, the default first.
pub(super) const BUILT_IN: [(&str, &str); 14] = built_in![
    "dark",
    "light",
    "high-contrast",
    "high-contrast-light",
    "sixteen",
    "monochrome",
    "catppuccin-latte",
    "catppuccin-mocha",
    "dracula",
    "gruvbox-dark",
    "nord",
    "solarized-dark",
    "solarized-light",
    "tokyo-night",
];

/// The built-in themes and nothing else.
const BUILT_IN_ONLY: &Library = &Library { folder: None };

/// Where themes are found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Library {
    /// The folder of the user's own themes, which need not exist; without one there are only the built-in ones.
    pub folder: Option<PathBuf>,
}

impl Library {
    /// The names of all themes: the built-in ones, the default first, and then the user's own by name.
    pub fn names(&self) -> Vec<String> {
        let built_in = Theme::names().map(str::to_owned);
        let own = self.own_names().into_iter().filter(|name| built_in_text(name).is_none());
        built_in.chain(own).collect()
    }

    /// The theme of that name; the user's own goes before a built-in one.
    ///
    /// # Errors
    /// When there is none, or when its file or one that it inherits can not be read or says something wrong.
    pub fn load(&self, name: &str) -> Result<Theme, ThemeError> {
        self.definition(name, &mut Vec::new()).map(|definition| Theme::new(name, &definition))
    }

    /// What a theme says. `above` are the user's own themes that inherit it, the nearest last.
    fn definition(&self, name: &str, above: &mut Vec<String>) -> Result<Definition, ThemeError> {
        if let Some((path, text)) = self.own(name)? {
            above.push(name.to_owned());
            return file::parse(&path, &text, |base| self.base(base, name, above));
        }
        let Some(text) = built_in_text(name) else { return Err(self.unknown(name)) };
        let path = PathBuf::from(format!("themes/{name}.toml"));
        // What the user's own files say must not make a built-in theme another one.
        file::parse(&path, text, |base| BUILT_IN_ONLY.definition(base, above).map_err(BaseError::Theme))
    }

    /// What one of the user's own themes inherits.
    fn base(&self, base: &str, heir: &str, above: &mut Vec<String>) -> Result<Definition, BaseError> {
        let library = if base == heir { BUILT_IN_ONLY } else { self };
        if library != BUILT_IN_ONLY && above.iter().any(|name| name == base) {
            let circle = format!("{} \u{2192} {base}", above.join(" \u{2192} "));
            return Err(BaseError::Name(format!("goes in a circle: {}", text::line(&circle))));
        }
        library.definition(base, above).map_err(|error| match error {
            ThemeError::Unknown { .. } => BaseError::Name(error.to_string()),
            _ => BaseError::Theme(error),
        })
    }

    fn unknown(&self, name: &str) -> ThemeError {
        let known = self.names();
        let mut nearest = suggest::nearest(name, known.iter().map(String::as_str));
        if nearest.is_empty() && !name.is_empty() {
            // A family of palettes: "gruvbox".
            nearest =
                known.iter().map(String::as_str).filter(|known| known.starts_with(name)).take(3).collect();
        }
        let nearest = nearest.into_iter().map(|name| text::line(name).into_owned()).collect();
        ThemeError::Unknown { name: text::line(name).into_owned(), nearest }
    }

    /// The path and the text of the user's own theme of that name; `None` when there is none.
    fn own(&self, name: &str) -> Result<Option<(PathBuf, String)>, ThemeError> {
        let Some(folder) = self.folder.as_deref().filter(|_| is_file_name(name)) else { return Ok(None) };
        let path = folder.join(format!("{name}.toml"));
        match read(&path) {
            Ok(text) => Ok(Some((path, text))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ThemeError::Unreadable { path, source }),
        }
    }

    fn own_names(&self) -> BTreeSet<String> {
        // A folder that can not be listed has no names to offer; a theme in it can still be loaded by its name.
        let entries = self.folder.as_deref().and_then(|folder| folder.read_dir().ok()).into_iter().flatten();
        let name = |entry: io::Result<std::fs::DirEntry>| {
            let file = entry.ok()?.file_name().into_string().ok()?;
            file.strip_suffix(".toml").filter(|name| is_file_name(name)).map(str::to_owned)
        };
        entries.filter_map(name).collect()
    }
}

fn built_in_text(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Whether a theme of that name can be a file in the folder itself, and one that is not hidden.
fn is_file_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

fn read(path: &Path) -> io::Result<String> {
    // Before it is opened: a pipe would keep whoever opens it waiting.
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut text = String::new();
    let length = File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)?;
    if length as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other(format!("longer than {MAX_FILE_BYTES} bytes")));
    }
    Ok(text)
}
