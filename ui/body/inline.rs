//! What has a look of its own inside a line: `` `code` `` and `**strong**`. The marks stay, faintly.

use crate::row::Row;
use crate::theme::Role;

const STRONG: &str = "**";
const CODE: &str = "`";

/// Adds a line of text to `row`.
pub(super) fn push(row: &mut Row, role: Role, text: &str) {
    let mut shown = 0;
    let mut spans = Spans { text, at: 0, code: true, strong: true };
    while let Some((start, end, mark)) = spans.next() {
        row.push(role, &text[shown..start]).push(Role::Dim, mark);
        row.push(if mark == CODE { Role::Code } else { Role::Strong }, &text[start + mark.len()..end]);
        row.push(Role::Dim, mark);
        shown = end + mark.len();
    }
    if shown < text.len() {
        row.push(role, &text[shown..]);
    }
}

/// The spans in a text: where the mark before and the mark after each begin, and what it is.
struct Spans<'a> {
    text: &'a str,
    at: usize,
    /// Whether a mark of this kind may still have an end. What has none at one place has none after it; without this a
    /// line of nothing but beginnings would be read again for each.
    code: bool,
    strong: bool,
}

impl Spans<'_> {
    fn next(&mut self) -> Option<(usize, usize, &'static str)> {
        while let Some(found) = self.text[self.at..].find(['`', '*']) {
            let start = self.at + found;
            self.at = start + 1;
            let (mark, end) = if self.text[start..].starts_with(CODE) {
                (CODE, self.code_end(start))
            } else {
                (STRONG, self.strong_end(start))
            };
            if let Some(end) = end {
                self.at = end + mark.len();
                return Some((start, end, mark));
            }
        }
        None
    }

    fn code_end(&mut self, start: usize) -> Option<usize> {
        if !self.code {
            return None;
        }
        if self.text[self.at..].starts_with(CODE) {
            // Several in a row are no mark.
            let rest = self.text[start..].trim_start_matches('`');
            self.at = self.text.len() - rest.len();
            return None;
        }
        let end = self.text[self.at..].find(CODE).map(|length| self.at + length);
        self.code = end.is_some();
        end
    }

    fn strong_end(&mut self, start: usize) -> Option<usize> {
        if !self.strong || !self.opens(start) {
            return None;
        }
        let inside = start + STRONG.len();
        let ends = self.text[inside..].match_indices(STRONG).map(|(at, _)| inside + at);
        let end = ends.into_iter().find(|&end| self.closes(end));
        self.strong = end.is_some();
        end
    }

    /// Whether `**` at `start` begins a word, and is no part of a pattern of paths (`src/**/*.rs`).
    fn opens(&self, start: usize) -> bool {
        let before = self.text[..start].chars().next_back();
        let after = self.text[start..].strip_prefix(STRONG).and_then(|rest| rest.chars().next());
        before.is_none_or(|c| c.is_whitespace() || "([\"'".contains(c))
            && after.is_some_and(|c| c.is_alphanumeric() || "([\"'`".contains(c))
    }

    /// Whether `**` at `end` ends a word.
    fn closes(&self, end: usize) -> bool {
        let before = self.text[..end].chars().next_back();
        let after = self.text[end + STRONG.len()..].chars().next();
        before.is_some_and(|c| !c.is_whitespace() && c != '/')
            && after.is_none_or(|c| !c.is_alphanumeric() && !"/*".contains(c))
    }
}
