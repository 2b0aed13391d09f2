//! What each role looks like.
//!
//! A theme is a file: `themes/*.toml` are built in, and `~/.veda/themes/NAME.toml` are the user's own, which go before
//! built-in ones of the same name. It says
//!
//! - `name`, its title (without one, the file's name is the title), `kind`, `"dark"` or `"light"`, and, where the
//!   palette is somebody else's work, `license` and `source`;
//! - `inherits`, the name of the theme that says everything that this one does not. A file that inherits its own name
//!   means the built-in theme that it goes before;
//! - `[palette]`, names for colours: `"#rrggbb"`, one of the terminal's own sixteen by its name (`"red"`,
//!   `"bright_black"`), an index from 0 to 255, or `"default"`. What is inherited uses the palette of the file that
//!   inherits it, so a palette alone makes a theme;
//! - `[styles]`, a look for each [`Role`]: a colour (a name of the palette, or anything that may stand in it), or a table
//!   `{ fg, bg, bold, dim, italic, underline, reverse, strike }`. Such a look is whole: nothing of what it replaces remains.
//!   The `bg` of `text` is the ground that everything stands on; other roles without a `bg` stand on whatever is there.
//!
//! A role that neither the file nor what it inherits has a look for, looks like the next in its chain that has one:
//!
//! | role | looks like |
//! |---|---|
//! | `field`, `id`, `time`, `low`, `border`, `queued`, `key_off`, `placeholder` | `dim` |
//! | `tree` | `border` |
//! | `title`, `accent`, `warn`, `operator` | `strong` |
//! | `border_focused`, `repo`, `unread`, `match`, `key`, `negotiate`, `chart` | `accent` |
//! | `danger`, `high`, `paused`, `held`, `expired`, `request_change` | `warn` |
//! | `refused`, `reconnecting` | `danger` |
//! | `deleted` | `refused` |
//! | `query`, `delivered`, `replay` | `info` |
//! | `routed` | `queued` |
//! | `read` | `delivered` |
//! | `answered`, `live`, `task`, `inserted` | `ok` |
//! | `chosen` | `selected` |
//! | `selected`, `selected_elsewhere` and all others | `text`, but marked without a colour where it must stand out |
//!
//! [`Theme::at`] makes [`Styles`] of a theme, once, for the [`Depth`] of the terminal. What loses the colour that told
//! it apart from ordinary text is marked without one: bold, dim, underlined, reversed.
//!
//! [`Role::Selected`] and [`Role::SelectedElsewhere`] are laid over a row that is drawn already; they may have no colour
//! of text of their own, and then each piece keeps its own.

mod chain;
mod colour;
mod depth;
mod error;
mod file;
mod library;
mod reduce;
mod role;
mod styles;
mod symbols;

pub use depth::Depth;
pub use error::ThemeError;
pub use library::Library;
pub use role::Role;
pub use styles::Styles;
pub use symbols::Symbols;

use file::Definition;
use styles::Look;

/// The theme of those who chose none.
pub const DEFAULT: &str = "dark";

/// What a theme is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Light text on a dark ground.
    #[default]
    Dark,
    /// Dark text on a light ground.
    Light,
}

/// A look for every role, whatever the terminal can show of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    name: String,
    title: String,
    kind: Kind,
    license: Option<String>,
    source: Option<String>,
    looks: [Look; Role::ALL.len()],
}

impl Theme {
    /// The built-in theme of that name.
    pub fn builtin(name: &str) -> Option<Self> {
        Library::default().load(name).ok()
    }

    /// The names of the built-in themes, the default first.
    pub fn names() -> impl Iterator<Item = &'static str> {
        library::BUILT_IN.iter().map(|(name, _)| *name)
    }

    fn new(name: &str, definition: &Definition) -> Self {
        Self {
            name: name.to_owned(),
            title: definition.title.clone().unwrap_or_else(|| name.to_owned()),
            kind: definition.kind,
            license: definition.license.clone(),
            source: definition.source.clone(),
            looks: chain::looks(definition),
        }
    }

    /// The name by which it is loaded.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name for people. It comes from a file and may hold anything.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What it is made for.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Under which licence its palette is, and whose that is.
    pub fn license(&self) -> Option<&str> {
        self.license.as_deref()
    }

    /// Where its palette comes from.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// What every role looks like on a terminal of that depth.
    pub fn at(&self, depth: Depth) -> Styles {
        styles::resolve(&self.looks, self.kind, depth)
    }
}

impl Default for Theme {
    /// The theme of those who chose none; it does not depend on any file.
    fn default() -> Self {
        Self::builtin(DEFAULT).unwrap_or_else(|| Self::new(DEFAULT, &Definition::default()))
    }
}

#[cfg(test)]
mod tests;
