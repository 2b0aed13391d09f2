//! Parts of the state that are told when they are asked for.

use serde::{Deserialize, Serialize};

/// So many of a kind are told at most.
const MOST: usize = 1_000;

/// The newest of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed<T> {
    /// They themselves, the oldest first.
    pub newest: Vec<T>,
    /// How many older ones there are.
    pub more: usize,
}

impl<T> Listed<T> {
    /// The views of the newest of `all`, of which there are `count`, oldest first.
    pub(super) fn of<V>(
        count: usize,
        all: impl DoubleEndedIterator<Item = V>,
        view: impl Fn(V) -> T,
    ) -> Self {
        let mut newest: Vec<_> = all.rev().take(MOST).map(view).collect();
        newest.reverse();
        Self { more: count.saturating_sub(newest.len()), newest }
    }
}
