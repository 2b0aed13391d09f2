//! The first look at a journal's bytes, which throws away nearly all lines without reading any of them.
//!
//! JSON may write a character as it is, as an escape of its own (`\"`, `\n`, `\/`), or as a `\u` escape. So every match
//! in a decoded text has either been written with a `\u` escape of a character that it consists of, or some *run* of it
//! ([`literal`]) stands in the line as it is. A line with neither is passed over; any other is read.

use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use super::literal;
use super::query::Pattern;

/// Finds the lines that may have a match.
#[derive(Debug, Clone)]
pub(super) enum Prefilter {
    /// Nothing is known of the matches: every line may have one.
    Everything,
    /// A run, or an escape of a character of one.
    Runs(Box<Runs>),
}

/// What every match has something of.
#[derive(Debug, Clone)]
pub(super) struct Runs {
    regex: Regex,
    escape: Finder<'static>,
    units: Units,
}

impl Prefilter {
    /// One for lines in which all of these patterns may be found.
    pub(super) fn new(patterns: &[Pattern]) -> Self {
        let rarest = rarest(patterns).and_then(|index| patterns.get(index));
        rarest.map_or(Self::Everything, |pattern| Self::of(&pattern.runs, pattern.ignores_case))
    }

    /// One for lines in which one of these runs may be found.
    pub(super) fn of(runs: &[String], ignores_case: bool) -> Self {
        let alternatives: Vec<_> = runs.iter().map(|run| regex::escape(run)).collect();
        let regex = RegexBuilder::new(&alternatives.join("|")).case_insensitive(ignores_case).build();
        match regex {
            Ok(regex) if !runs.is_empty() => {
                let units = Units::of(runs, ignores_case);
                Self::Runs(Box::new(Runs { regex, escape: Finder::new(b"\\u"), units }))
            }
            _ => Self::Everything,
        }
    }

    /// The lines in `lines` that may have a match.
    pub(super) fn candidates<'h>(&'h self, lines: &'h [u8]) -> Candidates<'h> {
        Candidates { prefilter: self, lines, at: 0, run: None, escape: None }
    }

    /// Where a run or an escape that matters begins, at or after `at`; each is looked for when the last one found is
    /// before that.
    fn next(&self, lines: &[u8], at: usize, run: &mut Option<usize>, escape: &mut Option<usize>) -> usize {
        let Self::Runs(this) = self else { return at };
        let Runs { regex: runs, escape: finder, units } = this.as_ref();
        let next_run = run.filter(|&run| run >= at);
        let next_run = next_run.or_else(|| runs.find_at(lines, at).map(|found| found.start()));
        let next_escape = escape.filter(|&escape| escape >= at);
        let next_escape = next_escape.or_else(|| units.find(finder, lines, at));
        let (next_run, next_escape) = (next_run.unwrap_or(lines.len()), next_escape.unwrap_or(lines.len()));
        (*run, *escape) = (Some(next_run), Some(next_escape));
        next_run.min(next_escape)
    }
}

/// Which of these patterns a prefilter for all of them looks for: the one that is found least often, by its length.
pub(super) fn rarest(patterns: &[Pattern]) -> Option<usize> {
    let lengths = patterns.iter().map(|pattern| literal::shortest(&pattern.runs));
    lengths.enumerate().max_by_key(|&(_, length)| length).map(|(index, _)| index)
}

/// A line that may have a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Suspect<'h> {
    /// Where it begins.
    pub start: usize,
    /// It, without its line break.
    pub line: &'h [u8],
    /// What ends before this place in it has no match of the [`rarest`] pattern.
    pub first: usize,
}

/// See [`Prefilter::candidates`].
pub(super) struct Candidates<'h> {
    prefilter: &'h Prefilter,
    lines: &'h [u8],
    at: usize,
    run: Option<usize>,
    escape: Option<usize>,
}

impl<'h> Iterator for Candidates<'h> {
    type Item = Suspect<'h>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.prefilter.next(self.lines, self.at, &mut self.run, &mut self.escape);
        let before = self.lines.get(..found).filter(|_| found < self.lines.len())?;
        let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let end = memchr::memchr(b'\n', &self.lines[found..]).map_or(self.lines.len(), |at| found + at);
        self.at = end + 1;
        // With an escape in the line, a match may stand anywhere.
        let first = self.run.filter(|_| self.escape.is_some_and(|escape| escape >= end));
        let first = first.map_or(0, |run| run.saturating_sub(start));
        Some(Suspect { start, line: &self.lines[start..end], first })
    }
}

/// The UTF-16 units of the characters that runs consist of, in every case that counts the same.
#[derive(Debug, Clone)]
pub(super) struct Units(Vec<u16>);

impl Units {
    fn of(runs: &[String], ignores_case: bool) -> Self {
        let mut units = Vec::new();
        for c in runs.iter().flat_map(|run| run.chars()) {
            let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
            if ignores_case {
                // The tables are there: `regex` needs them for the same.
                let _ = class.try_case_fold_simple();
            }
            for variant in class.ranges().iter().flat_map(|range| range.start()..=range.end()) {
                units.extend_from_slice(variant.encode_utf16(&mut [0; 2]));
            }
        }
        units.sort_unstable();
        units.dedup();
        Self(units)
    }

    /// Where the first escape of one of them begins, at or after `at`.
    fn find(&self, escape: &Finder<'_>, lines: &[u8], mut at: usize) -> Option<usize> {
        while let Some(found) = lines.get(at..).and_then(|rest| escape.find(rest)) {
            let digits = lines.get(at + found + 2..at + found + 6);
            if digits.is_none_or(|digits| self.has(digits)) {
                return Some(at + found);
            }
            at += found + 2;
        }
        None
    }

    /// Whether these four digits are one of them. What are no digits is for the reader of the line to judge.
    fn has(&self, digits: &[u8]) -> bool {
        let value = |unit: Option<u32>, digit: &u8| Some(unit? << 4 | char::from(*digit).to_digit(16)?);
        let unit = digits.iter().fold(Some(0), value).and_then(|unit| u16::try_from(unit).ok());
        unit.is_none_or(|unit| self.0.binary_search(&unit).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Query;

    fn found(text: &str, lines: &str) -> Vec<(usize, String)> {
        let query = Query::default().text(text).unwrap();
        let prefilter = Prefilter::new(query.patterns());
        let text = |found: Suspect<'_>| (found.start, String::from_utf8_lossy(found.line).into_owned());
        prefilter.candidates(lines.as_bytes()).map(text).collect()
    }

    #[test]
    fn only_lines_with_a_run_or_an_escape_that_matters_are_candidates() {
        let lines = "kilo\nm\\u00e9tre\nX kilo kilo\nb\\u212Ailo\n\\u00";
        let places: Vec<_> = found("kilo", lines).into_iter().map(|(at, _)| at).collect();
        // The sign for kelvin is a k, and what is cut off may be anything.
        assert_eq!(places, [0, 16, 28, 39]);
        assert_eq!(found("KILO", "kilo\nKILO\n\\u212A"), [(5, "KILO".to_owned())]);
        assert_eq!(found("\"", "a\nb").len(), 2, "a quotation mark alone stands in no line as it is");
        assert_eq!(found("x", ""), []);
    }
}
