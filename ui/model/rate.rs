//! Messages a minute, for the last quarter of an hour.

use serde::{Deserialize, Serialize};
use veda_bus_core::time::Millis;

/// How many minutes are told of.
pub const MINUTES: usize = 15;

/// One minute, in milliseconds.
const MINUTE: u64 = 60_000;

/// Counts messages by the minute in which they were accepted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rate {
    /// The minute of the last count.
    last: u64,
    /// The counts of the minutes up to that one, the latest last.
    counts: [u64; MINUTES],
}

impl Rate {
    /// A message was accepted.
    pub fn count(&mut self, at: Millis) {
        self.advance(at.0 / MINUTE);
        self.counts[MINUTES - 1] += 1;
    }

    fn advance(&mut self, minute: u64) {
        let passed = usize::try_from(minute.saturating_sub(self.last)).unwrap_or(MINUTES).min(MINUTES);
        self.counts.rotate_left(passed);
        self.counts[MINUTES - passed..].fill(0);
        self.last = self.last.max(minute);
    }

    /// The counts of the last minutes at the moment `now`, the current minute last.
    pub fn at(&self, now: Millis) -> [u64; MINUTES] {
        let mut rate = Self { last: self.last, counts: self.counts };
        rate.advance(now.0 / MINUTE);
        rate.counts
    }

    /// When the picture changes although nothing happens; `None` when it does not.
    pub fn next_change(&self, now: Millis) -> Option<Millis> {
        let is_quiet = self.at(now).iter().all(|&count| count == 0);
        (!is_quiet).then_some(Millis((now.0 / MINUTE + 1) * MINUTE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_move_with_the_minutes() {
        let mut rate = Rate::default();
        let minute = |n: u64| Millis(1_000_000 * MINUTE + n * MINUTE);
        for n in [0, 0, 1] {
            rate.count(minute(n));
        }
        assert_eq!(rate.at(minute(1))[MINUTES - 3..], [0, 2, 1]);
        assert_eq!(rate.at(minute(2))[MINUTES - 3..], [2, 1, 0]);
        assert_eq!(rate.next_change(minute(2)), Some(minute(3)));
        assert_eq!(rate.at(minute(40)), [0; MINUTES]);
        assert_eq!(rate.next_change(minute(40)), None);
    }
}
