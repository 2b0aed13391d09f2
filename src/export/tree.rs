//! Messages in the order in which a thread is read: an answer stands behind what it answers, and before what came later
//! but answers something else.

use std::collections::{BTreeSet, HashMap};

use veda_bus_core::name::Seq;

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) seq: Seq,
    /// What it answers, where that is among the messages.
    pub(super) parent: Option<Seq>,
    /// How many stand above it.
    pub(super) depth: usize,
}

/// The places of `messages`, which come oldest first; `parent` says what each answers, which is always older.
pub(super) fn order(messages: impl Iterator<Item = Seq>, parent: impl Fn(Seq) -> Option<Seq>) -> Vec<Place> {
    let mut known = BTreeSet::new();
    let mut children: HashMap<Option<Seq>, Vec<Seq>> = HashMap::new();
    for seq in messages {
        let above = parent(seq).filter(|above| known.contains(above));
        known.insert(seq);
        children.entry(above).or_default().push(seq);
    }
    let mut places = Vec::with_capacity(known.len());
    // A list of what is still to be told, the next one last: threads may be deeper than a stack.
    let mut next: Vec<Place> = Vec::new();
    let mut tell = |next: &mut Vec<Place>, parent: Option<Seq>, depth: usize| {
        let below = children.remove(&parent).unwrap_or_default();
        next.extend(below.into_iter().rev().map(|seq| Place { seq, parent, depth }));
    };
    tell(&mut next, None, 0);
    while let Some(place) = next.pop() {
        places.push(place);
        tell(&mut next, Some(place.seq), place.depth + 1);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stand_behind_what_they_answer() {
        // 1 ── 2 ── 5,  1 ── 4,  3 answers what is not here.
        let parents = HashMap::from([(2, 1), (3, 77), (4, 1), (5, 2)]);
        let parent = |seq: Seq| parents.get(&seq.0).copied().map(Seq);
        let places = order((1..=5).map(Seq), parent);
        let told: Vec<_> = places.iter().map(|place| (place.seq.0, place.depth)).collect();
        assert_eq!(told, [(1, 0), (2, 1), (5, 2), (4, 1), (3, 0)]);
    }

    #[test]
    fn a_thread_may_be_deep() {
        let parent = |seq: Seq| seq.0.checked_sub(1).map(Seq);
        let places = order((0..100_000).map(Seq), parent);
        assert_eq!(places.len(), 100_000);
        assert_eq!(places[99_999].depth, 99_999);
    }
}
