//! What everything looks like on this terminal: a theme at the terminal's depth of colour, and its symbols.

use std::path::PathBuf;

use crate::theme::{DEFAULT, Depth, Library, Role, Styles, Symbols, Theme, ThemeError};

/// See the [module](self).
#[derive(Debug, Clone)]
pub struct Look {
    /// What roles look like.
    pub styles: Styles,
    /// The small signs.
    pub symbols: &'static Symbols,
    /// Whether only ASCII signs are shown.
    pub is_ascii: bool,
    /// The name of the theme.
    pub theme: String,
    /// The themes that there are.
    pub library: Library,
    depth: Depth,
    /// Whether the locale shows nothing but ASCII.
    is_plain_locale: bool,
}

impl Look {
    /// What the environment of this process asks for, before any theme was chosen.
    pub fn detect(themes: Option<PathBuf>, environment: &dyn Fn(&str) -> Option<String>) -> Self {
        let depth = Depth::detect(environment);
        let is_plain_locale = Symbols::detect(environment) == Symbols::ASCII;
        // On a terminal with its own sixteen colours, its owner has chosen them.
        let theme = if depth == Depth::Sixteen { "sixteen" } else { DEFAULT };
        let mut look = Self {
            styles: Theme::builtin(theme).unwrap_or_default().at(depth),
            symbols: &Symbols::UTF8,
            is_ascii: is_plain_locale,
            theme: theme.to_owned(),
            library: Library { folder: themes },
            depth,
            is_plain_locale,
        };
        look.set_ascii(None);
        look
    }

    /// Shows only ASCII signs, or all; `None` leaves it to the locale.
    pub fn set_ascii(&mut self, ascii: Option<bool>) {
        let ascii = ascii.unwrap_or(self.is_plain_locale);
        self.is_ascii = ascii;
        self.symbols = if ascii { &Symbols::ASCII } else { &Symbols::UTF8 };
    }

    /// Whether a role is told apart from ordinary text by its colour.
    pub fn has_colour(&self, role: Role) -> bool {
        self.styles.style(role).fg != self.styles.style(Role::Text).fg
    }

    /// Puts a theme on.
    ///
    /// # Errors
    /// When there is none of that name, or its file is not right; the look stays as it was.
    pub fn wear(&mut self, theme: &str) -> Result<(), ThemeError> {
        self.styles = self.library.load(theme)?.at(self.depth);
        theme.clone_into(&mut self.theme);
        Ok(())
    }
}
