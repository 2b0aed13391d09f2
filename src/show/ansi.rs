//! Rows as a terminal gets them: with colours, where they are wanted.

use std::io::{self, IsTerminal as _};

use veda_bus_ui::row::Row;
use veda_bus_ui::theme::Role;

const PLAIN: &str = "";
const BOLD: &str = "\x1b[1m";
const BOLD_RED: &str = "\x1b[1;31m";
const DIM: &str = "\x1b[2m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const BLUE: &str = "\x1b[34m";
const CYAN: &str = "\x1b[36m";
const RESET: &str = "\x1b[0m";

/// What switches the look of a role on (ECMA-48, "SGR"): with the sixteen colours that every terminal has its own idea
/// of, and sparingly, because lines that scroll by have no panes to order them.
fn look(role: Role) -> &'static str {
    match role {
        Role::Dim | Role::Time => DIM,
        Role::Strong | Role::Id | Role::Repo | Role::Operator => BOLD,
        Role::Accent => CYAN,
        Role::Info => BLUE,
        Role::Ok | Role::Read | Role::Answered => GREEN,
        Role::Warn | Role::High | Role::Expired => YELLOW,
        Role::Match => BOLD_RED,
        Role::Danger | Role::Refused => RED,
        _ => PLAIN,
    }
}

/// The row as it is printed, without a line break. The only control sequences in it are those of its looks.
pub(crate) fn line(row: &Row, colours: bool) -> String {
    let mut out = String::new();
    for (role, text) in row.pieces() {
        match look(*role) {
            look if colours && look != PLAIN => out.extend([look, text, RESET]),
            _ => out.push_str(text),
        }
    }
    out
}

/// Whether standard output is for the eyes of somebody who wants colours (<https://no-color.org>).
pub(crate) fn wants_colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    !refused && !dumb && io::stdout().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_escapes_come_out() {
        let mut row = Row::default();
        row.push(Role::Danger, "a\x1b[2J").plain("b\u{202e}\n");
        assert_eq!(line(&row, false), "a\\x1b[2Jb\\u{202e}⏎");
        assert_eq!(line(&row, true), "\x1b[31ma\\x1b[2J\x1b[0mb\\u{202e}⏎");
    }
}
