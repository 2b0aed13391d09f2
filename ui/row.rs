//! Rows: lines of the screen made of pieces with roles, into which only harmless text gets.

use std::ops::Range;

use crate::text::{self, Atom, Atoms, Break};
use crate::theme::Role;

#[cfg(test)]
mod tests;

/// A line that is safe to show: every text that goes in is made harmless there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    pieces: Vec<(Role, String)>,
    width: usize,
}

impl Row {
    /// A row of one piece.
    pub fn of(role: Role, text: &str) -> Self {
        let mut row = Self::default();
        row.push(role, text);
        row
    }

    /// A row of nothing but spaces.
    pub fn blank(columns: usize) -> Self {
        let mut row = Self::default();
        row.pad_to(columns);
        row
    }

    /// Adds text that may hold anything.
    pub fn push(&mut self, role: Role, text: &str) -> &mut Self {
        self.push_safe(role, &text::line(text))
    }

    /// Adds ordinary text.
    pub fn plain(&mut self, text: &str) -> &mut Self {
        self.push(Role::Text, text)
    }

    /// Adds the pieces of another row.
    pub fn append(&mut self, other: &Self) -> &mut Self {
        self.width += other.width;
        self.pieces.extend(other.pieces.iter().cloned());
        self
    }

    /// Adds spaces up to `column`.
    pub fn pad_to(&mut self, column: usize) -> &mut Self {
        let missing = column.saturating_sub(self.width);
        if missing > 0 {
            self.push_safe(Role::Text, &" ".repeat(missing));
        }
        self
    }

    /// Cuts the row to `columns`, with `…` for the rest.
    #[must_use]
    pub fn cut(&self, columns: usize) -> Self {
        if self.width <= columns || columns == 0 {
            return self.head(columns);
        }
        let mut out = self.head(columns - 1);
        let role = out.pieces.last().or(self.pieces.first()).map_or(Role::Text, |&(role, _)| role);
        out.push_safe(role, "…");
        out
    }

    /// As much of the row as fits into `columns`.
    fn head(&self, columns: usize) -> Self {
        if self.width <= columns {
            return self.clone();
        }
        let mut out = Self::default();
        for (role, piece) in &self.pieces {
            let head = text::head(piece, columns - out.width);
            if !head.is_empty() {
                out.push_safe(*role, head);
            }
            if head.len() < piece.len() {
                break;
            }
        }
        out
    }

    /// The row as one or several rows of at most `columns`, two at least; each but the first begins with `hang`, of
    /// which half of the columns at most are kept. No more of them are made than `most`.
    pub fn wrap(&self, columns: usize, hang: &Self, how: Break, most: usize) -> Vec<Self> {
        let columns = columns.max(2);
        if self.width <= columns || most == 0 {
            return std::iter::once(self.clone()).take(most).collect();
        }
        let hang = hang.head(text::hang_room(columns));
        let places = text::breaks(self.atoms(), columns, columns - hang.width, how, most);
        let mut slices = Slices { pieces: &self.pieces, at: 0 };
        let mut rows = Vec::with_capacity(places.len());
        for (number, place) in places.into_iter().enumerate() {
            let mut row = if number == 0 { Self::default() } else { hang.clone() };
            slices.copy(place, &mut row);
            rows.push(row);
        }
        rows
    }

    /// Its pieces, from the left.
    pub fn pieces(&self) -> &[(Role, String)] {
        &self.pieces
    }

    /// How many columns it takes.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The text alone.
    pub fn text(&self) -> String {
        self.pieces.iter().map(|(_, piece)| piece.as_str()).collect()
    }

    /// What is not torn apart: never more than a piece, for each is drawn by itself.
    fn atoms(&self) -> impl Iterator<Item = Atom> + Clone {
        let mut at = 0;
        self.pieces.iter().flat_map(move |(_, piece)| {
            let start = at;
            at += piece.len();
            Atoms::of(piece).map(move |atom| atom.moved(start))
        })
    }

    /// Adds text that has been made harmless.
    fn push_safe(&mut self, role: Role, safe: &str) -> &mut Self {
        self.width += text::width(safe);
        match self.pieces.last_mut() {
            Some((last, piece)) if *last == role => piece.push_str(safe),
            _ => self.pieces.push((role, safe.to_owned())),
        }
        self
    }
}

/// The pieces of a row that were not copied yet; `at` is where the first of them begins in the row's text.
struct Slices<'a> {
    pieces: &'a [(Role, String)],
    at: usize,
}

impl Slices<'_> {
    /// Copies what stands at `place`, which is not before any place copied earlier.
    fn copy(&mut self, place: Range<usize>, row: &mut Row) {
        while let Some(((role, piece), later)) = self.pieces.split_first() {
            let end = self.at + piece.len();
            let (from, to) = (place.start.max(self.at), place.end.min(end));
            if from < to
                && let Some(slice) = piece.get(from - self.at..to - self.at)
            {
                row.push_safe(*role, slice);
            }
            if end > place.end {
                return;
            }
            (self.pieces, self.at) = (later, end);
        }
    }
}
