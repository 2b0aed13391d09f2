//! What a message says, field by field as the console shows it, in lines that the reader's screen breaks.

use std::io::{self, Write};

use veda_bus_core::message::Message;
use veda_bus_ui::body::{self, Look};
use veda_bus_ui::row::Row;
use veda_bus_ui::theme::Role;

use super::escape::safe;
use crate::export::told::UNBROKEN;

/// Writes every field of a message.
pub(super) fn message(message: &Message, out: &mut dyn Write) -> io::Result<()> {
    rows(&body::lines(message, UNBROKEN, &Look::default()), "says", out)
}

/// Writes a message as it was sent, one value a line.
pub(super) fn json(message: &Message, out: &mut dyn Write) -> io::Result<()> {
    rows(&body::lines(message, UNBROKEN, &Look { raw: true, ..Look::default() }), "json", out)
}

fn rows(rows: &[Row], class: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<div class=\"{class}\">")?;
    let mut was_code = false;
    for one in rows {
        // The bar at the left of code becomes a ground behind it.
        let is_code = one.pieces().iter().any(|(role, _)| *role == Role::Tree);
        match (was_code, is_code) {
            (false, true) => write!(out, "<pre>")?,
            (true, false) => writeln!(out, "</pre>")?,
            _ => {}
        }
        was_code = is_code;
        if is_code {
            writeln!(out, "{}", code(one))?;
        } else {
            writeln!(out, "<p{}>{}</p>", hang(one), row(one))?;
        }
    }
    if was_code {
        writeln!(out, "</pre>")?;
    }
    writeln!(out, "</div>")
}

/// That a line belongs to the field above it, or is empty.
fn hang(row: &Row) -> &'static str {
    let first = row.pieces().first().map(|(_, text)| text.as_str()).unwrap_or_default();
    match first {
        first if row.pieces().len() < 2 && first.trim().is_empty() => " class=\"blank\"",
        first if first.starts_with("  ") => " class=\"below\"",
        _ => "",
    }
}

/// A line of code, without what stands before it.
fn code(row: &Row) -> String {
    let behind = row.pieces().iter().skip_while(|(role, _)| *role != Role::Tree).skip(1);
    behind.map(|(_, text)| safe(text)).collect()
}

/// The pieces of a row.
pub(super) fn row(row: &Row) -> String {
    let mut out = String::new();
    for (role, text) in row.pieces() {
        let text = safe(text);
        match class(*role) {
            Some(class) => out.extend(["<span class=\"", class, "\">", &text, "</span>"]),
            None => out.push_str(&text),
        }
    }
    out
}

/// What tells a piece from the text around it.
fn class(role: Role) -> Option<&'static str> {
    match role {
        Role::Field => Some("field"),
        Role::Strong | Role::Title => Some("strong"),
        Role::Code => Some("code"),
        Role::Repo | Role::Operator => Some("repo"),
        Role::Dim | Role::Time | Role::Id => Some("dim"),
        Role::Ok | Role::Read | Role::Answered => Some("ok"),
        Role::Warn | Role::High | Role::Expired | Role::Held => Some("warn"),
        Role::Danger | Role::Refused => Some("danger"),
        _ => None,
    }
}
