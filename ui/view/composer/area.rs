//! The text of a field as cells: made harmless, wrapped or scrolled, with the cursor where it belongs.
//!
//! An escape such as `\x1b` is wider than the character it stands for, so columns are counted on what is shown. Only
//! the part around the cursor is laid out, however long the text is.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use crate::text;

/// A line longer than this many characters is laid out in pieces, each of which begins a row.
const PIECE: usize = 1024;

/// How many marks may stand on one character.
const MARKS: usize = 4;

/// A part of a text that is shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::view) struct Shown {
    /// Its rows, harmless and no wider than asked for.
    pub(in crate::view) rows: Vec<String>,
    /// Column and row of the cursor.
    pub(in crate::view) cursor: (usize, usize),
    /// Whether there is more before it.
    pub(super) above: bool,
    /// Whether there is more behind it.
    pub(super) below: bool,
}

/// Something that takes at least a column, and the character of the text that it begins at.
struct Cell {
    text: String,
    width: usize,
    at: usize,
}

/// A line, or a part of a long one: its characters, and where in the text it stands.
#[derive(Clone)]
struct Piece {
    line: usize,
    chars: Range<usize>,
}

/// One line in `width` columns, scrolled so that the cursor at character `column` is seen.
pub(super) fn scrolled(line: &str, column: usize, width: usize) -> Shown {
    let width = width.max(3);
    let from = column.saturating_sub(width);
    let cells = cells(line, from..column + width + 1);
    let index = cells.iter().position(|cell| cell.at >= column).unwrap_or(cells.len());
    // What stands behind the cursor gets a third of the room, or the column that the cursor itself needs.
    let behind = cells[index..].iter().map(|cell| cell.width).sum::<usize>().min(width / 3).max(1);
    let (mut start, mut before) = (index, 0);
    while start > 0 && before + cells[start - 1].width + behind <= width {
        start -= 1;
        before += cells[start].width;
    }
    let mut used = 0;
    let fits = |cell: &&Cell| {
        used += cell.width;
        used <= width
    };
    let row: String = cells[start..].iter().take_while(fits).map(|cell| cell.text.as_str()).collect();
    let more = used > width || !skip(line, column + width + 1).is_empty();
    Shown { rows: vec![row], cursor: (before, 0), above: start > 0 || from > 0, below: more }
}

/// Several lines in `width` columns and at most `height` rows around the cursor (line, character).
pub(in crate::view) fn wrapped(
    lines: &[String],
    cursor: (usize, usize),
    width: usize,
    height: usize,
) -> Shown {
    let (width, height) = (width.max(3), height.max(1));
    let here = piece_at(lines, cursor);
    let (mut rows, at) = wrap(lines, &here, width, Some(cursor.1));
    let (mut y, x) = at;
    let (mut first, mut last) = (here.clone(), here);
    // Rows above are taken in as long as the cursor's stays on the screen; then below.
    let mut above = true;
    while y < height {
        let Some(piece) = piece_before(lines, &first) else {
            above = false;
            break;
        };
        let (mut more, _) = wrap(lines, &piece, width, None);
        y += more.len();
        more.append(&mut rows);
        rows = more;
        first = piece;
    }
    while rows.len() < y + height {
        let Some(piece) = piece_after(lines, &last) else { break };
        rows.append(&mut wrap(lines, &piece, width, None).0);
        last = piece;
    }
    // As much as fits from the top; further down, what follows the cursor's row gets a third of the room.
    let follows = (rows.len() - 1 - y).min(height / 3);
    let skip = (y + 1 + follows).saturating_sub(height);
    let end = (skip + height).min(rows.len());
    let below = end < rows.len() || piece_after(lines, &last).is_some();
    let shown = rows.drain(skip..end).collect();
    Shown { rows: shown, cursor: (x, y - skip), above: above || skip > 0, below }
}

/// How many rows a text takes, counted up to `most`.
pub(super) fn height(lines: &[String], width: usize, most: usize) -> usize {
    let mut count = 0;
    let mut piece = Some(Piece { line: 0, chars: 0..PIECE });
    while let Some(here) = piece.filter(|_| count < most) {
        count += wrap(lines, &here, width.max(3), None).0.len();
        piece = piece_after(lines, &here);
    }
    count.min(most)
}

fn piece_at(lines: &[String], (line, column): (usize, usize)) -> Piece {
    let at_end = lines.get(line).is_none_or(|line| skip(line, column).is_empty());
    // At the end of a line that fills its pieces the cursor stands behind the last character, not in a piece of its own.
    let number = if at_end { column.saturating_sub(1) / PIECE } else { column / PIECE };
    Piece { line, chars: number * PIECE..(number + 1) * PIECE }
}

fn piece_before(lines: &[String], piece: &Piece) -> Option<Piece> {
    if piece.chars.start > 0 {
        return Some(Piece { line: piece.line, chars: piece.chars.start - PIECE..piece.chars.start });
    }
    let line = piece.line.checked_sub(1)?;
    let length = lines.get(line)?.chars().count();
    Some(piece_at(lines, (line, length)))
}

fn piece_after(lines: &[String], piece: &Piece) -> Option<Piece> {
    let line = lines.get(piece.line)?;
    if !skip(line, piece.chars.end).is_empty() {
        return Some(Piece { line: piece.line, chars: piece.chars.end..piece.chars.end + PIECE });
    }
    (piece.line + 1 < lines.len()).then(|| Piece { line: piece.line + 1, chars: 0..PIECE })
}

/// The rows of a piece, and row and column of the cursor at character `column`. A row is one column narrower than
/// `width`, so that the cursor has room behind it.
fn wrap(
    lines: &[String],
    piece: &Piece,
    width: usize,
    column: Option<usize>,
) -> (Vec<String>, (usize, usize)) {
    let line = lines.get(piece.line).map(String::as_str).unwrap_or_default();
    let cells = cells(line, piece.chars.clone());
    let room = width - 1;
    let (mut rows, mut at) = (Vec::new(), (0, 0));
    let mut start = 0;
    loop {
        let end = row_end(&cells, start, room);
        if let Some(column) = column {
            let here = cells[start..end].iter().take_while(|cell| cell.at < column);
            let within = start == 0 || cells.get(start).is_some_and(|cell| cell.at <= column);
            if within {
                at = (rows.len(), here.map(|cell| cell.width).sum());
            }
        }
        rows.push(cells[start..end].iter().map(|cell| cell.text.as_str()).collect());
        start = end;
        if start >= cells.len() {
            return (rows, at);
        }
    }
}

/// Where the row that begins at `start` ends: behind the last space that fits, or where it is full.
fn row_end(cells: &[Cell], start: usize, room: usize) -> usize {
    let mut width = 0;
    let fits = |cell: &&Cell| {
        width += cell.width;
        width <= room
    };
    let full = start + cells[start..].iter().take_while(fits).count().max(1);
    if full >= cells.len() {
        return cells.len();
    }
    let space = cells[start..full].iter().rposition(|cell| cell.text == " ");
    space.map_or(full, |space| start + space + 1)
}

/// What is shown for some characters of a line.
fn cells(line: &str, chars: Range<usize>) -> Vec<Cell> {
    let rest = skip(line, chars.start);
    let part = &rest[..rest.len() - skip(rest, chars.len()).len()];
    let mut cells: Vec<Cell> = Vec::new();
    let mut at = chars.start;
    for grapheme in part.graphemes(true) {
        if text::line(grapheme) == grapheme {
            push(&mut cells, grapheme, at);
            at += grapheme.chars().count();
            continue;
        }
        for c in grapheme.chars() {
            for part in text::line(c.encode_utf8(&mut [0; 4])).graphemes(true) {
                push(&mut cells, part, at);
            }
            at += 1;
        }
    }
    cells
}

/// A line without its first characters.
fn skip(line: &str, characters: usize) -> &str {
    let mut chars = line.chars();
    if let Some(last) = characters.checked_sub(1) {
        chars.nth(last);
    }
    chars.as_str()
}

/// Adds what is shown for the character at `at`; a mark goes with what is before it, unless there are too many already.
fn push(cells: &mut Vec<Cell>, shown: &str, at: usize) {
    match (shown.width(), cells.last_mut()) {
        (0, Some(last)) if last.text.chars().count() <= MARKS => last.text.push_str(shown),
        (0, Some(_)) => {}
        (width, _) => cells.push(Cell { text: shown.to_owned(), width, at }),
    }
}
