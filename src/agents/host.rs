//! Hosts: the programs that coding agents run in.

use std::fmt;

use clap::ValueEnum;

/// A program that coding agents run in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub(crate) enum Host {
    /// Claude Code.
    Claude,
    /// Codex CLI.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// opencode.
    Opencode,
    /// Cursor.
    Cursor,
}

impl Host {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [Self::Claude, Self::Codex, Self::Gemini, Self::Opencode, Self::Cursor];

    /// The word for it on the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Opencode => "opencode",
            Self::Cursor => "cursor",
        }
    }

    /// The variables in which it tells what it starts which conversation this is.
    pub(crate) fn session_variables(self) -> &'static [&'static str] {
        match self {
            Self::Claude => &["CLAUDE_CODE_SESSION_ID"],
            Self::Codex => &["CODEX_THREAD_ID"],
            Self::Gemini => &["GEMINI_SESSION_ID"],
            Self::Opencode | Self::Cursor => &[],
        }
    }
}

impl fmt::Display for Host {
    /// The name that it calls itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Claude => "Claude Code",
            Self::Codex => "Codex CLI",
            Self::Gemini => "Gemini CLI",
            Self::Opencode => "opencode",
            Self::Cursor => "Cursor",
        })
    }
}
