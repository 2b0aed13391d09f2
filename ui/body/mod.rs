//! What a message says, as rows of a given width.
//!
//! | module | what is in it |
//! |---|---|
//! | `fields` | the fields of each type and form, then those that no type knows |
//! | `prose`, `inline` | texts of fields: paragraphs, lists, headings, code; pieces in a line |
//! | `json` | JSON as it was sent, one value a row |
//! | `head` | the envelope: who, whom, when |
//! | `ladder` | how far a message is with each recipient, in words or small marks |
//! | `page`, `symbols` | rows of one width, no more than are wanted; the signs they are drawn with |
//!
//! Nothing that was sent is taken away: what stands for something in Markdown is shown with a role and stays, so that
//! what an operator reads is what an agent wrote.

mod fields;
mod head;
mod inline;
mod json;
mod ladder;
mod page;
mod prose;
mod symbols;

#[cfg(test)]
mod tests;

use serde_json::value::RawValue;
use veda_bus_core::message::Message;

pub use head::{Arrival, envelope};
pub use ladder::{Marks, ladder, marks, stage_role};

use crate::row::Row;
use crate::theme::Role;
use page::Page;

/// How a body is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Look {
    /// Only ASCII signs (not: only ASCII text).
    pub ascii: bool,
    /// The envelope as JSON, and not field by field.
    pub raw: bool,
    /// The most rows that are wanted; what is beyond costs nothing. `None`: all.
    pub limit: Option<usize>,
}

/// What a message says, in rows of at most `width` columns.
pub fn lines(message: &Message, width: usize, look: &Look) -> Vec<Row> {
    let mut page = Page::new(width, look);
    if look.raw {
        json::show(&mut page, 0, message.json());
    } else {
        fields::show(&mut page, message);
    }
    page.finish()
}

/// A text that stands for itself: its first line strong, the others as text.
pub fn headline(text: &str, width: usize, look: &Look) -> Vec<Row> {
    let mut page = Page::new(width, look);
    prose::headline(&mut page, text);
    page.finish()
}

/// A field of several texts, each an item of a list.
pub fn list<'t>(name: &str, items: impl Iterator<Item = &'t str>, width: usize, look: &Look) -> Vec<Row> {
    let mut page = Page::new(width, look);
    fields::list(&mut page, name, Role::Text, items);
    page.finish()
}

/// The same for bytes that are no message to this version: as JSON if they are, else as text.
pub fn lines_of_raw_bytes(bytes: &[u8], width: usize, look: &Look) -> Vec<Row> {
    let mut page = Page::new(width, look);
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    if serde_json::from_str::<&RawValue>(text).is_ok() {
        json::show(&mut page, 0, text);
    } else {
        prose::plain(&mut page, 0, text);
    }
    page.finish()
}
