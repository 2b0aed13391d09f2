//! Text as it is shown: harmless, measured, cut and wrapped by columns.
//!
//! A text is measured as the screen is filled: grapheme by grapheme, each by its own width. One that would take more
//! than two columns (nothing keeps a text from chaining letters) counts as its characters one by one.

use std::borrow::Cow;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::hard_text;

/// How many characters can stand in one column: one, and the marks on it that are not cut.
const CHARS_IN_COLUMN: usize = 5;

/// One line that is safe to show; see [`veda_bus_core::text::line`].
pub fn line(text: &str) -> Cow<'_, str> {
    veda_bus_core::text::line(text)
}

/// How many columns a harmless text takes.
pub fn width(safe: &str) -> usize {
    if safe.is_ascii() { safe.len() } else { Atoms::of(safe).map(|atom| atom.width).sum() }
}

/// The beginning of a text of any length, made harmless and at most `columns` wide; `…` stands for the rest.
pub fn cut(text: &str, columns: usize) -> String {
    let start = enough(text, columns, 1);
    let safe = line(start);
    let head = head(&safe, columns);
    if start.len() == text.len() && head.len() == safe.len() {
        return safe.into_owned();
    }
    if columns == 0 {
        return String::new();
    }
    format!("{}…", self::head(head, columns - 1))
}

/// [`cut`], and filled up with spaces to exactly `columns`.
pub fn pad(text: &str, columns: usize) -> String {
    let mut out = cut(text, columns);
    let missing = columns.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// A text of any length as harmless lines of at most `columns`, two at least. See [`wrap_limited`].
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    wrap_limited(text, columns, usize::MAX).0
}

/// The first `most` lines of a wrapped text, and whether there is more of it. What it costs depends on these lines, not
/// on the length of the text.
///
/// Lines are broken at white space, and inside a word only where it is longer than a line; the white space at a break is
/// left out. What continues a line is indented like it, by half of the columns at most. A text of which most characters
/// can not be seen (towers of marks, long runs of spaces) may end before `most` lines, and then has more.
pub fn wrap_limited(text: &str, columns: usize, most: usize) -> (Vec<String>, bool) {
    let columns = columns.max(2);
    // Where a line ends depends on the length of the word after it.
    let start = enough(text, columns, most.saturating_add(1));
    let mut out = Vec::new();
    for raw in lines(start) {
        // One line more than is wanted tells whether there is more.
        let room = most.saturating_sub(out.len()).saturating_add(1);
        wrap_line(&mut out, raw, columns, room);
        if out.len() > most {
            break;
        }
    }
    let more = out.len() > most || start.len() < text.len();
    out.truncate(most);
    (out, more)
}

fn wrap_line(out: &mut Vec<String>, raw: &str, columns: usize, most: usize) {
    let safe = line(raw);
    let body = safe.trim_start_matches(' ');
    let indent = " ".repeat(hang_room(columns).min(safe.len() - body.len()));
    let room = columns - indent.len();
    let one = |range: Range<usize>| match body[range].trim_end_matches(' ') {
        "" => String::new(),
        text => format!("{indent}{text}"),
    };
    out.extend(breaks(Atoms::of(body), room, room, Break::Words, most).into_iter().map(one));
}

/// The lines of a text, which may end with `\n`, `\r\n` or `\r`.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.bytes().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
        let (line, tail) = rest.split_at(end);
        rest = tail.strip_prefix("\r\n").or_else(|| tail.get(1..)).unwrap_or_default();
        Some(line)
    })
}

/// The beginning of a text that is enough to fill `lines` of `columns`; what does not reach so far consists of what is
/// left out when it is shown.
pub(crate) fn enough(text: &str, columns: usize, lines: usize) -> &str {
    let most = columns.saturating_add(1).saturating_mul(lines);
    if text.len() <= most {
        return text;
    }
    let (mut chars, mut shown) = (0, 0);
    let within = |&(_, c): &(usize, char)| {
        chars += 1;
        shown += usize::from(c.is_ascii() || c.width() != Some(0));
        shown <= most && chars <= most.saturating_mul(CHARS_IN_COLUMN)
    };
    let end = text.char_indices().take_while(within).last().map_or(0, |(at, c)| at + c.len_utf8());
    &text[..end]
}

/// The longest beginning of a harmless text that fits into `columns`.
pub(crate) fn head(safe: &str, columns: usize) -> &str {
    let mut left = columns;
    let fits = |atom: &Atom| left.checked_sub(atom.width).map(|rest| left = rest).is_some();
    let end = Atoms::of(safe).take_while(fits).last().map_or(0, |atom| atom.end);
    &safe[..end]
}

/// How many of so many columns may go to the indentation of what continues a line: a wide character must fit beside it.
pub(crate) fn hang_room(columns: usize) -> usize {
    (columns / 2).min(columns.saturating_sub(2))
}

/// Where a line may be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// At white space, which is left out there.
    Words,
    /// Anywhere; nothing is left out.
    Anywhere,
}

/// The places in a harmless line, given as its atoms, of the rows that it takes: `first` columns wide the first one, `rest` the others; no
/// more of them than `most`. There is at least one, and the white space it begins with is kept.
pub(crate) fn breaks(
    mut atoms: impl Iterator<Item = Atom> + Clone,
    first: usize,
    rest: usize,
    how: Break,
    most: usize,
) -> Vec<Range<usize>> {
    let mut breaker = Breaker { out: Vec::new(), room: first, rest, start: 0, wide: 0, end: 0, gap: None };
    while let Some(atom) = atoms.next() {
        if how == Break::Words && atom.space {
            breaker.space(&atom);
        } else {
            breaker.letter(&atom, &atoms);
        }
        if breaker.out.len() >= most {
            return breaker.out;
        }
    }
    if breaker.out.is_empty() || breaker.end > breaker.start {
        breaker.out.push(breaker.start..breaker.end.max(breaker.start));
    }
    breaker.out
}

/// The state of [`breaks`]: the row that is being filled.
struct Breaker {
    out: Vec<Range<usize>>,
    /// The columns of this row.
    room: usize,
    /// The columns of the rows after it.
    rest: usize,
    /// Where it begins.
    start: usize,
    /// How wide it is so far.
    wide: usize,
    /// Where the last word in it ends.
    end: usize,
    /// The last white space in it after a word: where that word ended, where the next one begins, and how wide the row
    /// is there.
    gap: Option<(usize, usize, usize)>,
}

impl Breaker {
    fn space(&mut self, atom: &Atom) {
        let begun = self.end > self.start;
        if self.wide + atom.width <= self.room && (begun || self.out.is_empty()) {
            self.wide += atom.width;
            self.gap = begun.then_some((self.end, atom.end, self.wide));
        } else {
            // Nothing but words begin a row, and nothing but words end one.
            if begun {
                self.close(self.end, atom.end);
            }
            (self.start, self.end, self.wide) = (atom.end, atom.end, 0);
        }
    }

    fn letter(&mut self, atom: &Atom, after: &(impl Iterator<Item = Atom> + Clone)) {
        if self.wide + atom.width > self.room {
            match self.gap {
                Some((end, next, wide)) if self.word_fits(self.wide - wide + atom.width, after) => {
                    self.close(end, next);
                    self.wide -= wide;
                }
                _ if self.wide > 0 => {
                    self.close(atom.start, atom.start);
                    self.wide = 0;
                }
                _ => {}
            }
        }
        self.wide += atom.width;
        self.end = atom.end;
    }

    /// Whether the word of which `so_far` columns were seen fits into a row of its own.
    fn word_fits(&self, so_far: usize, after: &(impl Iterator<Item = Atom> + Clone)) -> bool {
        let mut wide = so_far;
        for atom in after.clone() {
            if atom.space || wide > self.rest {
                break;
            }
            wide += atom.width;
        }
        wide <= self.rest
    }

    fn close(&mut self, end: usize, next: usize) {
        self.out.push(self.start..end);
        (self.start, self.room, self.gap) = (next, self.rest, None);
    }
}

/// What is never torn apart: a grapheme, or a character of one that is too wide.
#[derive(Clone)]
pub(crate) struct Atom {
    start: usize,
    end: usize,
    width: usize,
    space: bool,
}

impl Atom {
    /// How many columns it takes.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// What it is, in the text that it was found in.
    pub(crate) fn of<'a>(&self, text: &'a str) -> &'a str {
        &text[self.start..self.end]
    }

    /// The same, in a text in front of which `bytes` were put.
    pub(crate) fn moved(self, bytes: usize) -> Self {
        Self { start: self.start + bytes, end: self.end + bytes, ..self }
    }
}

/// The atoms of a harmless text.
#[derive(Clone)]
pub(crate) struct Atoms<'a> {
    text: &'a str,
    at: usize,
    /// The end of a grapheme that is too wide, and so is taken by characters.
    torn: usize,
}

impl<'a> Atoms<'a> {
    pub(crate) fn of(safe: &'a str) -> Self {
        Self { text: safe, at: 0, torn: 0 }
    }
}

impl Iterator for Atoms<'_> {
    type Item = Atom;

    fn next(&mut self) -> Option<Atom> {
        let start = self.at;
        let rest = self.text.get(start..)?;
        let mut chars = rest.chars();
        let first = chars.next()?;
        if stands_alone(first) && chars.next().is_none_or(stands_alone) {
            self.at += first.len_utf8();
            let width = if first.is_ascii() { 1 } else { first.width().unwrap_or_default() };
            return Some(Atom { start, end: self.at, width, space: is_gap(first) });
        }
        let grapheme = if start < self.torn { "" } else { rest.graphemes(true).next()? };
        let width = grapheme.width();
        if width > 2 {
            self.torn = start + grapheme.len();
        }
        if start < self.torn {
            let c = rest.chars().next()?;
            self.at += c.len_utf8();
            return Some(Atom {
                start,
                end: self.at,
                width: c.width().unwrap_or_default(),
                space: is_gap(c),
            });
        }
        self.at += grapheme.len();
        Some(Atom { start, end: self.at, width, space: grapheme.chars().all(is_gap) })
    }
}

/// Whether a character never joins another that this is true of too: most of what is written is never looked up in
/// the tables of graphemes.
fn stands_alone(c: char) -> bool {
    matches!(c, ..'\u{300}' | '\u{2500}'..='\u{257f}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}'
        | '\u{4e00}'..='\u{9fff}')
}

/// Whether a line may be broken at this character.
fn is_gap(c: char) -> bool {
    c == ' ' || c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{2007}' | '\u{202f}')
}
