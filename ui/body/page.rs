//! A page: rows of one width, of which no more are made than are wanted.

use super::Look;
use super::symbols::Symbols;
use crate::row::Row;
use crate::text::{self, Break};
use crate::theme::Role;

/// The fewest columns that a page is laid out for; what is narrower is cut.
const NARROWEST: usize = 12;

/// Rows in the making.
pub(super) struct Page {
    width: usize,
    limit: usize,
    rows: Vec<Row>,
    /// Whether the end of some text was not even looked at.
    short: bool,
    pub(super) symbols: &'static Symbols,
}

impl Page {
    pub(super) fn new(width: usize, look: &Look) -> Self {
        let limit = look.limit.unwrap_or(usize::MAX);
        Self { width, limit, rows: Vec::new(), short: false, symbols: Symbols::of(look.ascii) }
    }

    /// How wide the rows are.
    pub(super) fn columns(&self) -> usize {
        self.width.max(NARROWEST)
    }

    /// How many rows there is still room for, and one, which tells that there is more.
    fn room(&self) -> usize {
        self.limit.saturating_sub(self.rows.len()).saturating_add(usize::from(!self.is_full()))
    }

    /// Whether another row would not be shown.
    pub(super) fn is_full(&self) -> bool {
        self.rows.len() > self.limit
    }

    /// As much of `text` as there can be room for.
    pub(super) fn enough<'t>(&mut self, text: &'t str) -> &'t str {
        let start = text::enough(text, self.columns(), self.room());
        self.short |= start.len() < text.len();
        start
    }

    /// Adds a row, broken at words where it is too wide; `hang` is what the others begin with.
    pub(super) fn put(&mut self, row: Row, hang: &Row) {
        self.add(row, hang, Break::Words);
    }

    /// Adds a row, broken anywhere.
    pub(super) fn put_hard(&mut self, row: Row, hang: &Row) {
        self.add(row, hang, Break::Anywhere);
    }

    fn add(&mut self, row: Row, hang: &Row, how: Break) {
        let room = self.room();
        if room > 0 && row.width() <= self.columns() {
            self.rows.push(row);
        } else {
            self.rows.extend(row.wrap(self.columns(), hang, how, room));
        }
    }

    /// The rows; where there is more, the last one says so.
    pub(super) fn finish(mut self) -> Vec<Row> {
        if self.short || self.is_full() {
            self.rows.truncate(self.limit.saturating_sub(1));
            let more = Row::of(Role::Dim, &format!("{} more", self.symbols.rest));
            self.rows.extend((self.limit > 0).then_some(more));
        }
        if self.width < NARROWEST {
            return self.rows.iter().map(|row| row.cut(self.width)).collect();
        }
        self.rows
    }
}
