//! The best hits so far: never more of them than are wanted.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::name::Seq;

/// How hits are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The ones with the highest score first, and of these the newest.
    #[default]
    Score,
    /// As in the journal; where there are more than are wanted, the newest.
    Time,
}

/// A line in which everything was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    /// What of it counts for the order.
    rank: u32,
    pub seq: Seq,
    pub score: u32,
    pub file: usize,
    pub offset: u64,
    pub line: Vec<u8>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Best {
    order: Order,
    most: usize,
    heap: BinaryHeap<Reverse<Candidate>>,
}

impl Best {
    pub(super) fn new(order: Order, most: usize) -> Self {
        Self { order, most, heap: BinaryHeap::new() }
    }

    /// Takes a line, if it is among the best; only then its bytes are copied.
    pub(super) fn offer(&mut self, score: u32, seq: Seq, file: usize, offset: u64, line: &[u8]) {
        let rank = if self.order == Order::Score { score } else { 0 };
        let worst = self.heap.peek().filter(|_| self.heap.len() >= self.most);
        if self.most > 0 && worst.is_none_or(|Reverse(worst)| (worst.rank, worst.seq) < (rank, seq)) {
            self.put(Candidate { rank, seq, score, file, offset, line: line.to_vec() });
        }
    }

    /// Takes all of another's.
    pub(super) fn merge(&mut self, other: Self) {
        other.heap.into_iter().for_each(|Reverse(candidate)| self.put(candidate));
    }

    /// All of them, in order.
    pub(super) fn sorted(self) -> Vec<Candidate> {
        // The heap's order is turned round, so that the best come first.
        let mut sorted: Vec<_> = self.heap.into_sorted_vec().into_iter().map(|Reverse(one)| one).collect();
        if self.order == Order::Time {
            sorted.reverse();
        }
        sorted
    }

    fn put(&mut self, candidate: Candidate) {
        self.heap.push(Reverse(candidate));
        if self.heap.len() > self.most {
            self.heap.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(order: Order) -> Vec<u64> {
        let (mut best, mut other) = (Best::new(order, 3), Best::new(order, 3));
        for (score, seq) in [(1, 9), (5, 3), (5, 4), (2, 8)] {
            best.offer(score, Seq(seq), 0, 0, b"");
        }
        other.offer(5, Seq(1), 0, 0, b"");
        best.merge(other);
        best.sorted().iter().map(|candidate| candidate.seq.0).collect()
    }

    #[test]
    fn the_best_stay_in_the_order_that_is_wanted() {
        assert_eq!(numbers(Order::Score), [4, 3, 1]);
        assert_eq!(numbers(Order::Time), [4, 8, 9]);
    }
}
