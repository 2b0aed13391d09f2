//! `~/.veda/console.toml`: what the operator likes. The table of what may stand there is in `docs/console.md`.

mod read;

use std::path::{Path, PathBuf};

pub use read::SettingsError;

use crate::keys::Keymap;

/// How a notification reaches the desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Desktop {
    /// OSC 9, which iTerm2, `WezTerm`, Windows Terminal, kitty and ghostty know.
    #[default]
    Osc9,
    /// OSC 777, which urxvt, foot and ghostty know.
    Osc777,
    /// Not at all.
    Off,
}

/// The settings in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `theme`: its name.
    pub theme: Option<String>,
    /// `ascii`: only ASCII symbols; by the locale when it is not set.
    pub ascii: Option<bool>,
    /// `mouse`: whether the console takes the mouse.
    pub mouse: bool,
    /// `bell`: whether it rings when something new needs the operator and the terminal is not looked at.
    pub bell: bool,
    /// `notify`: how the desktop is told of that.
    pub desktop: Desktop,
    /// `history`: how many finished messages are remembered.
    pub history: usize,
    /// `[keys.*]`.
    pub keys: Keymap,
    /// What is not as it was meant, but does no harm: bindings that are never reached.
    pub warnings: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: None,
            ascii: None,
            mouse: true,
            bell: true,
            desktop: Desktop::default(),
            history: 1_000_000,
            keys: Keymap::default(),
            warnings: Vec::new(),
        }
    }
}

/// Where the console keeps what is the operator's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// The settings.
    pub settings: PathBuf,
    /// The operator's own themes.
    pub themes: PathBuf,
    /// What the console remembers of each bus: drafts, sizes, what was read.
    pub memory: PathBuf,
}

impl Folders {
    /// The usual places below a home folder.
    pub fn below(home: &Path) -> Self {
        let veda = home.join(".veda");
        Self {
            settings: veda.join("console.toml"),
            themes: veda.join("themes"),
            memory: veda.join("console"),
        }
    }
}

impl Settings {
    /// Reads a file; without one, the defaults hold.
    ///
    /// # Errors
    /// A [`SettingsError`] with file, line and column.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        read::load(path)
    }
}

#[cfg(test)]
mod tests;
