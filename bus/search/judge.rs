//! Judges a line exactly: whether everything that is looked for is in its decoded texts, and how much it is worth.
//!
//! | a pattern is found | as a whole word | in one |
//! |---|---|---|
//! | in what the message is about | 6 | 4 |
//! | in another text | 3 | 2 |
//! | in the name of a repo | 2 | 1 |
//! | as the message's own id, or its beginning | 8 | 8 |
//! | as another id, or its beginning; in bookkeeping | 1 | 1 |
//!
//! Of each pattern the best place counts. Where several texts are looked for and stand side by side in their order, 8 more
//! are given for what the message is about, and 4 for another text.

use std::ops::Range;

use regex::Regex;

use super::prefilter::{Suspect, rarest};
use super::query::Pattern;
use super::walk::{Field, Place, Wish, walk, walk_message};
use super::{Bounds, Query};
use crate::filter::Facts;
use crate::journal::line::{self, Front};

/// How much of an id must be written for its beginning to count.
const ID_PREFIX: usize = 4;

/// How many places of one pattern in one text are looked at.
const MAX_PLACES: usize = 64;

/// What is looked for, ready to judge lines; each thread has its own.
#[derive(Debug, Clone)]
pub(super) struct Judge<'s> {
    query: &'s Query,
    bounds: &'s Bounds,
    /// The id of the wanted thread, as it is written.
    thread: Option<String>,
    patterns: Vec<Pattern>,
    /// Which of them the prefilter looks for.
    rarest: Option<usize>,
    side_by_side: Option<Regex>,
    /// For each pattern, the worth of the best place so far.
    worths: Vec<u32>,
}

/// What was found of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    No,
    /// Everything is there.
    Found(u32),
    /// Everything is there, if the message, of which only another event tells the thread, is in the right one.
    IfInThread(u32),
    /// The line can not be read.
    Unreadable,
}

/// What a line says of the bounds.
#[derive(Default)]
struct Within {
    repo: bool,
    kind: bool,
    thread: bool,
}

impl<'s> Judge<'s> {
    pub(super) fn new(query: &'s Query, bounds: &'s Bounds) -> Self {
        let patterns = query.patterns().to_vec();
        let (worths, side_by_side) = (vec![0; patterns.len()], query.side_by_side());
        let thread = bounds.thread.as_ref().map(ToString::to_string);
        Self { query, bounds, thread, worths, rarest: rarest(&patterns), patterns, side_by_side }
    }

    /// Judges a line whose ends are as they should be.
    pub(super) fn judge(&mut self, suspect: Suspect<'_>) -> Verdict {
        let Some(front) = line::front(suspect.line) else { return Verdict::Unreadable };
        if !self.is_looked_at(&front) {
            return Verdict::No;
        }
        let Some((within, beside)) = self.read(suspect, front.name) else { return Verdict::Unreadable };
        let is_found = self.worths.iter().all(|&worth| worth > 0) && within.repo_and_kind(self.bounds);
        // Only of a message's other wording the thread may be told elsewhere.
        let is_pending = self.thread.is_some() && front.name == b"amended";
        let may_be_in_thread = self.thread.is_none() || within.thread || is_pending;
        if !is_found || !may_be_in_thread {
            return Verdict::No;
        }
        let score = self.worths.iter().sum::<u32>() + beside;
        match self.passes_filter(suspect.line) {
            None => Verdict::Unreadable,
            Some(false) => Verdict::No,
            Some(true) if is_pending => Verdict::IfInThread(score),
            Some(true) => Verdict::Found(score),
        }
    }

    /// Reads a line: what each pattern is worth in it, what it says of the bounds, and what is given for patterns side by
    /// side. `None` when it can not be read.
    fn read(&mut self, suspect: Suspect<'_>, name: &[u8]) -> Option<(Within, u32)> {
        let line = suspect.line;
        let message = self.message_alone(suspect, name);
        let Self { query, bounds, thread, patterns, rarest, side_by_side, worths } = self;
        worths.fill(0);
        let (mut within, mut beside) = (Within::default(), 0);
        let all = query.has_all();
        let look = |field: Field<'_>| {
            within.look(bounds, thread.as_deref(), &field);
            if !all && !is_searched(field.place) {
                return;
            }
            let most = most_of(field.place);
            let better =
                patterns.iter().zip(worths.iter_mut()).enumerate().filter(|(_, (_, worth))| **worth < most);
            for (index, (pattern, worth)) in better {
                let known = if Some(index) == *rarest { worth_known(pattern, &field, suspect) } else { None };
                *worth = (*worth).max(known.unwrap_or_else(|| worth_in(&pattern.regex, &field)));
            }
            beside = beside.max(worth_beside(side_by_side.as_ref(), &field));
        };
        let walked = match message {
            Some(message) => walk_message(message, look),
            None => walk(line, Wish { all, recipients: bounds.repo.is_some(), paths: false }, look),
        };
        walked.is_ok().then_some((within, beside))
    }

    /// The message of a line, where nothing before it can matter.
    fn message_alone<'l>(&self, suspect: Suspect<'l>, name: &[u8]) -> Option<&'l [u8]> {
        let Suspect { line, first, .. } = suspect;
        let is_bounded = self.bounds.repo.is_some() || self.bounds.thread.is_some();
        if name != b"accepted" || self.patterns.len() != 1 || is_bounded || self.query.has_all() {
            return None;
        }
        line.get(line::message_in(line).filter(|message| message.start <= first)?)
    }

    /// Whether a line with this front is looked at at all.
    fn is_looked_at(&self, front: &Front<'_>) -> bool {
        let Bounds { since, until, .. } = self.bounds;
        let in_time =
            since.is_none_or(|since| front.at >= since) && until.is_none_or(|until| front.at <= until);
        in_time && (self.query.has_all() || matches!(front.name, b"accepted" | b"amended" | b"refused"))
    }

    /// Whether the expression holds; `None` when the line can not be read. What the expression can not judge does not
    /// pass.
    fn passes_filter(&self, line: &[u8]) -> Option<bool> {
        let Some(filter) = self.query.filter() else { return Some(true) };
        let (recorded, _) = line::decode(std::str::from_utf8(line).ok()?).ok()?;
        Some(filter.matches(&Facts::of_event(&recorded)).unwrap_or(false))
    }

    /// Whether bookkeeping is searched, too.
    pub(super) fn has_all(&self) -> bool {
        self.query.has_all()
    }

    /// Where in this text something is found that is looked for: ranges of bytes in their order, none in another.
    pub(super) fn places(&self, field: &Field<'_>) -> Vec<Range<usize>> {
        if !self.query.has_all() && !is_searched(field.place) {
            return Vec::new();
        }
        let each = self.patterns.iter().flat_map(|pattern| places(&pattern.regex, field));
        let mut found: Vec<_> = each.filter(|range| !range.is_empty()).collect();
        found.sort_unstable_by_key(|range| (range.start, range.end));
        let mut apart: Vec<Range<usize>> = Vec::with_capacity(found.len());
        for range in found {
            match apart.last_mut().filter(|last| range.start < last.end) {
                Some(last) => last.end = last.end.max(range.end),
                None => apart.push(range),
            }
        }
        apart
    }
}

impl Within {
    fn look(&mut self, bounds: &Bounds, thread: Option<&str>, field: &Field<'_>) {
        match field.place {
            Place::Repo | Place::Recipient => {
                self.repo |= bounds.repo.as_ref().is_some_and(|repo| repo.as_str() == field.text);
            }
            Place::Type => self.kind |= bounds.kind.is_some_and(|kind| kind.as_str() == field.text),
            Place::Thread => self.thread |= thread == Some(field.text),
            _ => {}
        }
    }

    fn repo_and_kind(&self, bounds: &Bounds) -> bool {
        (self.repo || bounds.repo.is_none()) && (self.kind || bounds.kind.is_none())
    }
}

/// Whether a text is searched where not everything is.
fn is_searched(place: Place) -> bool {
    !matches!(place, Place::Recipient | Place::Type | Place::Other)
}

/// What the rarest pattern is worth in a text, as far as the prefilter has seen that: nothing before the first run, and
/// as much as it can be where that is a whole word.
fn worth_known(pattern: &Pattern, field: &Field<'_>, suspect: Suspect<'_>) -> Option<u32> {
    let Suspect { line, first, first_end, .. } = suspect;
    let start = field.text.as_ptr().addr().checked_sub(line.as_ptr().addr()).filter(|_| field.is_raw)?;
    if start + field.text.len() <= first {
        return Some(0);
    }
    let run = first.checked_sub(start)?..first_end.checked_sub(start)?;
    let found = pattern.at_run(field.text, run).filter(|found| is_whole(field.text, found));
    found.and_then(|_| worth_of(field.place)).map(|(whole, _)| whole)
}

/// What a pattern is worth as a whole word, and in one; of an id, more is asked.
fn worth_of(place: Place) -> Option<(u32, u32)> {
    match place {
        Place::OwnId | Place::Thread | Place::OtherId => None,
        Place::Main => Some((6, 4)),
        Place::Text => Some((3, 2)),
        Place::Repo => Some((2, 1)),
        Place::Recipient | Place::Type | Place::Other => Some((1, 1)),
    }
}

/// The most that a pattern can be worth in a text.
fn most_of(place: Place) -> u32 {
    worth_of(place).map_or_else(|| worth_of_id(place), |(whole, _)| whole)
}

fn worth_of_id(place: Place) -> u32 {
    if place == Place::OwnId { 8 } else { 1 }
}

fn places(regex: &Regex, field: &Field<'_>) -> Vec<Range<usize>> {
    let text = field.text;
    match field.place {
        Place::OwnId | Place::Thread | Place::OtherId => {
            let found = regex.find(text).filter(|found| found.start() == 0);
            let found = found.filter(|found| found.end() == text.len() || found.end() >= ID_PREFIX);
            found.map(|found| found.range()).into_iter().collect()
        }
        _ => regex.find_iter(text).take(MAX_PLACES).map(|found| found.range()).collect(),
    }
}

/// What it is worth that a pattern is found in this text; 0 when it is not.
fn worth_in(regex: &Regex, field: &Field<'_>) -> u32 {
    let Some((whole, part)) = worth_of(field.place) else {
        return if places(regex, field).is_empty() { 0 } else { worth_of_id(field.place) };
    };
    let mut worth = 0;
    for found in regex.find_iter(field.text).take(MAX_PLACES) {
        worth = part;
        if whole == part || is_whole(field.text, &found.range()) {
            return whole;
        }
    }
    worth
}

fn worth_beside(side_by_side: Option<&Regex>, field: &Field<'_>) -> u32 {
    let worth = match field.place {
        Place::Main => 8,
        Place::Text => 4,
        _ => return 0,
    };
    if side_by_side.is_some_and(|regex| regex.is_match(field.text)) { worth } else { 0 }
}

/// Whether neither a letter nor a digit stands right before or after.
fn is_whole(text: &str, range: &Range<usize>) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let before = text[..range.start].chars().next_back();
    let after = text[range.end..].chars().next();
    !before.is_some_and(is_word) && !after.is_some_and(is_word)
}
