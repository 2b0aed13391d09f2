//! How many in which stretch of time, for a span of any length.

use veda_bus_core::time::Millis;

/// How many stretches there are at most.
const MOST: usize = 60;

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long a stretch may be; each is a multiple of the one before. Beyond the last it doubles.
const WIDTHS: [u64; 11] = [
    SECOND,
    5 * SECOND,
    15 * SECOND,
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    HOUR,
    6 * HOUR,
    DAY,
    7 * DAY,
    28 * DAY,
];

/// Counts in stretches of one length, which grows with the span.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// Where the first stretch begins.
    start: u64,
    /// How long each is; 0 before the first count.
    width: u64,
    counts: Vec<u64>,
}

impl Timeline {
    /// Counts one. Times never go back.
    pub(super) fn count(&mut self, at: Millis) {
        if self.width == 0 {
            (self.start, self.width) = (at.0, WIDTHS[0]);
        }
        while self.place(at) >= MOST {
            self.widen();
        }
        let place = self.place(at);
        if self.counts.len() <= place {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] += 1;
    }

    fn place(&self, at: Millis) -> usize {
        usize::try_from(at.0.saturating_sub(self.start) / self.width.max(1)).unwrap_or(usize::MAX)
    }

    fn widen(&mut self) {
        let wider = WIDTHS.into_iter().find(|&width| width > self.width);
        let wider = wider.unwrap_or(self.width.saturating_mul(2));
        let together = usize::try_from(wider / self.width.max(1)).unwrap_or(MOST).max(1);
        self.counts = self.counts.chunks(together).map(|some| some.iter().sum()).collect();
        self.width = wider;
    }

    /// How long a stretch is, in seconds.
    pub(super) fn seconds(&self) -> u64 {
        self.width / SECOND
    }

    /// The counts, from the first message to the last.
    pub(super) fn counts(self) -> Vec<u64> {
        self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_grow_with_the_span_and_nothing_is_lost() {
        let mut timeline = Timeline::default();
        for at in [0, 500, 59_000] {
            timeline.count(Millis(at));
        }
        assert_eq!((timeline.width, timeline.counts.len(), timeline.counts[0]), (SECOND, 60, 2));
        timeline.count(Millis(60_000));
        assert_eq!((timeline.width, timeline.counts.len()), (5 * SECOND, 13));
        assert_eq!(timeline.counts[11..], [1, 1]);
        timeline.count(Millis(400 * 365 * DAY));
        assert_eq!(timeline.counts.iter().sum::<u64>(), 5);
        assert!(timeline.counts.len() <= MOST);
        timeline.count(Millis(u64::MAX));
        assert_eq!(timeline.counts().iter().sum::<u64>(), 6);
    }
}
