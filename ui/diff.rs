//! What a wording says otherwise than the one before it, word by word.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};
use unicode_segmentation::UnicodeSegmentation as _;

/// How many bytes of a text are looked at.
const LOOKED_AT: usize = 64 << 10;

/// How many words and signs of each text are compared, from the first difference on.
const COMPARED: usize = 1_000;

/// How many words and signs are told on each side of a difference.
const AROUND: usize = 24;

#[cfg(test)]
mod tests;

/// What became of a piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It stayed.
    Same,
    /// It is there no more.
    Deleted,
    /// It is new.
    Inserted,
    /// Something stayed, or was not compared, and is not told.
    Omitted,
}

/// The pieces of two texts in their order: what stayed, and what stands there instead of what. Of what stayed, only what
/// is near a difference is told. Texts that are the same have no pieces. However long they are, it costs little.
pub(crate) fn words<'t>(old: &'t str, new: &'t str) -> Vec<(Change, &'t str)> {
    let is_cut = old.len() > LOOKED_AT || new.len() > LOOKED_AT;
    let (old, new) = (head(old), head(new));
    if old == new {
        return if is_cut { vec![(Change::Omitted, "")] } else { Vec::new() };
    }
    let before = common_start(old, new);
    let after = common_end(&old[before..], &new[before..]);
    let (from, to) = (Words::of(old, before, after), Words::of(new, before, after));
    let is_cut = is_cut || from.is_cut || to.is_cut;
    let mut places = vec![Place::Same(0..before)];
    for place in compared(&from, &to) {
        push(&mut places, place, new);
    }
    if !is_cut {
        push(&mut places, Place::Same(new.len() - after..new.len()), new);
    }
    told(&places, old, new, is_cut)
}

/// Words, and the signs and spaces between them.
struct Words<'t> {
    all: Vec<&'t str>,
    /// Where each begins, and where the last one ends.
    bounds: Vec<usize>,
    is_cut: bool,
}

impl<'t> Words<'t> {
    /// Those of a text without so many bytes at its beginning and at its end.
    fn of(text: &'t str, before: usize, after: usize) -> Self {
        let mut words = text[before..text.len() - after].split_word_bounds();
        let all: Vec<_> = words.by_ref().take(COMPARED).collect();
        let mut bounds = vec![before];
        for word in &all {
            bounds.push(bounds.last().unwrap_or(&before) + word.len());
        }
        Self { all, bounds, is_cut: words.next().is_some() }
    }

    fn place(&self, words: &Range<usize>) -> Range<usize> {
        self.bounds[words.start]..self.bounds[words.end]
    }
}

/// A place in bytes: of the new text; of what was changed, of the old one and the new one.
enum Place {
    Same(Range<usize>),
    Changed(Range<usize>, Range<usize>),
}

fn compared(old: &Words<'_>, new: &Words<'_>) -> impl Iterator<Item = Place> {
    let ops = capture_diff_slices(Algorithm::Myers, &old.all, &new.all);
    ops.into_iter().map(|op| {
        let (from, to) = (old.place(&op.old_range()), new.place(&op.new_range()));
        if matches!(op, DiffOp::Equal { .. }) { Place::Same(to) } else { Place::Changed(from, to) }
    })
}

/// Adds a place. What touches the one before becomes one with it; so does a change, over a space, with the change before.
fn push(places: &mut Vec<Place>, place: Place, new: &str) {
    let is_bridge = |gap: &Range<usize>| new[gap.clone()].chars().all(|c| c == ' ');
    match (places.as_mut_slice(), place) {
        ([.., Place::Same(last)], Place::Same(more)) => last.end = more.end,
        ([.., Place::Changed(old, to), Place::Same(gap)], Place::Changed(old_more, more))
            if is_bridge(gap) =>
        {
            (old.end, to.end) = (old_more.end, more.end);
            places.pop();
        }
        ([.., Place::Changed(old, to)], Place::Changed(old_more, more)) => {
            (old.end, to.end) = (old_more.end, more.end);
        }
        (_, place) => places.push(place),
    }
}

fn told<'t>(places: &[Place], old: &'t str, new: &'t str, is_cut: bool) -> Vec<(Change, &'t str)> {
    let mut pieces = Vec::new();
    let last = places.len() - 1;
    for (number, place) in places.iter().enumerate() {
        match place {
            Place::Same(at) => {
                let is_end = number == last && !is_cut;
                near(&mut pieces, &new[at.clone()], number > 0, !is_end);
            }
            Place::Changed(from, to) => {
                pieces.extend([(Change::Deleted, &old[from.clone()]), (Change::Inserted, &new[to.clone()])]);
            }
        }
    }
    if is_cut {
        pieces.push((Change::Omitted, ""));
    }
    pieces.retain(|(change, text)| *change == Change::Omitted || !text.is_empty());
    pieces
}

/// Of what stayed, what is near a difference before it or after it.
fn near<'t>(pieces: &mut Vec<(Change, &'t str)>, same: &'t str, is_after: bool, is_before: bool) {
    let length = |is_near: bool| if is_near { AROUND } else { 0 };
    let (first, last) = (length(is_after), length(is_before));
    let start: usize = same.split_word_bounds().take(first).map(str::len).sum();
    let end: usize = same.split_word_bounds().rev().take(last).map(str::len).sum();
    if start + end >= same.len() {
        pieces.push((Change::Same, same));
        return;
    }
    let (start, end) = (&same[..start], &same[same.len() - end..]);
    pieces.extend([(Change::Same, start), (Change::Omitted, ""), (Change::Same, end)]);
}

fn head(text: &str) -> &str {
    let end = (0..=LOOKED_AT.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or_default()]
}

/// How many bytes two texts have in common at the beginning, up to the end of a space.
fn common_start(one: &str, other: &str) -> usize {
    let same = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    let spaces = one.as_bytes()[..same].iter().rposition(|byte| matches!(byte, b' ' | b'\n'));
    spaces.map_or(0, |space| space + 1)
}

/// How many bytes two texts have in common at the end, from a space on.
fn common_end(one: &str, other: &str) -> usize {
    let pairs = one.bytes().rev().zip(other.bytes().rev());
    let same = pairs.take_while(|(one, other)| one == other).count();
    let tail = &one.as_bytes()[one.len() - same..];
    let space = tail.iter().position(|byte| matches!(byte, b' ' | b'\n'));
    space.map_or(0, |space| same - space)
}
