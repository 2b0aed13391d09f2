//! The first look at a journal's bytes, which throws away nearly all lines without reading any of them.
//!
//! JSON may write a character as it is, as an escape of its own (`\"`, `\n`, `\/`), or as a `\u` escape. So every match
//! in a decoded text has either been written with a `\u` escape of a character that it consists of, or some *run* of it
//! ([`literal`]) stands in the line as it is. A line with neither is passed over; any other is read.

use std::ops::Range;

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

/// See [`Prefilter::Runs`].
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
    /// What ends before this place in it has no match of the [`rarest`] pattern: here its first run begins, and there it
    /// ends. Both are 0 where that is not known.
    pub first: usize,
    pub first_end: usize,
}

impl<'h> Suspect<'h> {
    /// A line of which nothing is known.
    pub(super) fn unknown(start: usize, line: &'h [u8]) -> Self {
        Self { start, line, first: 0, first_end: 0 }
    }
}

/// See [`Prefilter::candidates`].
pub(super) struct Candidates<'h> {
    prefilter: &'h Prefilter,
    lines: &'h [u8],
    at: usize,
    /// The run that was found last.
    run: Option<Range<usize>>,
    /// The escape that matters that was found last.
    escape: Option<usize>,
}

impl Candidates<'_> {
    /// Where the next run or escape that matters begins; each is looked for when the last one found is behind us.
    fn found(&mut self) -> usize {
        let Prefilter::Runs(what) = self.prefilter else { return self.at };
        let Runs { regex, escape, units } = what.as_ref();
        let none = self.lines.len();
        let run = self.run.take().filter(|run| run.start >= self.at);
        let find = || regex.find_at(self.lines, self.at).map_or(none..none, |found| found.range());
        let run = run.unwrap_or_else(find);
        let next = self.escape.filter(|&escape| escape >= self.at);
        let next = next.or_else(|| units.find(escape, self.lines, self.at)).unwrap_or(none);
        self.escape = Some(next);
        let found = run.start.min(next);
        self.run = Some(run);
        found
    }
}

impl<'h> Iterator for Candidates<'h> {
    type Item = Suspect<'h>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.found();
        let before = self.lines.get(..found).filter(|_| found < self.lines.len())?;
        let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let end = memchr::memchr(b'\n', &self.lines[found..]).map_or(self.lines.len(), |at| found + at);
        self.at = end + 1;
        // With an escape in the line, a match may stand anywhere.
        let line = &self.lines[start..end];
        let run = self.run.as_ref().filter(|_| self.escape.is_some_and(|escape| escape >= end));
        let suspect = Suspect::unknown(start, line);
        Some(run.map_or(suspect, |run| Suspect {
            first: run.start - start,
            first_end: run.end - start,
            ..suspect
        }))
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
