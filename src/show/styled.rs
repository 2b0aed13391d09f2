//! Lines with colours, into which only harmless text gets.

use std::io::{self, IsTerminal as _};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};
use veda_bus_core::text;

/// How a piece of a line looks where there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Dim,
    Bold,
    Red,
    Green,
    Yellow,
    Blue,
    Cyan,
}

impl Style {
    /// What switches it on (ECMA-48, "SGR"); the sixteen colours that every theme has its own idea of.
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Dim => "\x1b[2m",
            Self::Bold => "\x1b[1m",
            Self::Red => "\x1b[31m",
            Self::Green => "\x1b[32m",
            Self::Yellow => "\x1b[33m",
            Self::Blue => "\x1b[34m",
            Self::Cyan => "\x1b[36m",
        }
    }
}

const RESET: &str = "\x1b[0m";

/// A line that is safe to print: every text that goes in is made harmless there, and the only control sequences that
/// come out are those of its styles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Styled {
    pieces: Vec<(Style, String)>,
}

impl Styled {
    /// Adds text that may hold anything.
    pub(crate) fn push(&mut self, style: Style, text: &str) -> &mut Self {
        self.pieces.push((style, text::line(text).into_owned()));
        self
    }

    /// Adds text without a style.
    pub(crate) fn plain(&mut self, text: &str) -> &mut Self {
        self.push(Style::Plain, text)
    }

    /// The line as it is printed, without a line break.
    pub(crate) fn render(&self, colours: bool) -> String {
        let mut out = String::new();
        for (style, text) in &self.pieces {
            if colours && *style != Style::Plain {
                out.extend([style.code(), text, RESET]);
            } else {
                out.push_str(text);
            }
        }
        out
    }
}

/// Whether standard output is for the eyes of somebody who wants colours (<https://no-color.org>).
pub(crate) fn wants_colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    !refused && !dumb && io::stdout().is_terminal()
}

/// The beginning of a text of any length, made harmless and at most `columns` wide; `…` stands for the rest.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    // Whatever does not reach the columns with four characters for each consists of marks that are cut anyway.
    let end = text.char_indices().nth(columns * 4).map_or(text.len(), |(end, _)| end);
    let safe = text::line(&text[..end]);
    if end == text.len() && safe.width() <= columns {
        return safe.into_owned();
    }
    let mut wide = 1;
    let fits = |c: &char| {
        wide += c.width().unwrap_or_default();
        wide <= columns
    };
    let mut out: String = safe.chars().take_while(fits).collect();
    out.push('…');
    out
}

/// The text, harmless, at most `columns` wide, and filled up with spaces to that width.
pub(crate) fn cell(text: &str, columns: usize) -> String {
    let mut out = cut(text, columns);
    let missing = columns.saturating_sub(out.width());
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_escapes_come_out() {
        let mut line = Styled::default();
        line.push(Style::Red, "a\x1b[2J").plain("b\u{202e}\n");
        assert_eq!(line.render(false), "a\\x1b[2Jb\\u{202e}⏎");
        assert_eq!(line.render(true), "\x1b[31ma\\x1b[2J\x1b[0mb\\u{202e}⏎");
    }

    #[test]
    fn a_text_is_cut_by_columns() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "long…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut(&format!("e{}", "\u{301}".repeat(100)), 3).chars().count(), 6);
        assert_eq!(cut("\x1b\x1b", 6), "\\x1b\\…");
        assert_eq!(cell("日", 4), "日  ");
    }
}
