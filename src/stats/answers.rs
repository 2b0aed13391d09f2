//! How long answers took.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use veda_bus_core::name::MessageId;

/// How exact a percentile is: to three digits.
const DIGITS: u8 = 3;

/// Durations in a histogram, which takes as much memory for many as for few.
#[derive(Debug, Default)]
pub(super) struct Answers {
    times: Option<Histogram<u64>>,
    slowest: Option<(Duration, MessageId)>,
}

/// What durations come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Times {
    /// How many there are.
    pub(crate) count: u64,
    /// In milliseconds.
    pub(crate) median_ms: u64,
    pub(crate) p90_ms: u64,
    pub(crate) slowest_ms: u64,
    /// The message that it was about.
    pub(crate) slowest: MessageId,
}

impl Answers {
    pub(super) fn record(&mut self, took: Duration, id: &MessageId) {
        if self.slowest.as_ref().is_none_or(|(slowest, _)| took > *slowest) {
            self.slowest = Some((took, id.clone()));
        }
        if self.times.is_none() {
            self.times = Histogram::new(DIGITS).ok();
        }
        if let Some(times) = &mut self.times {
            // It grows by itself as far as is needed, which is for no number of milliseconds too far.
            let _ = times.record(millis(took));
        }
    }

    /// What they come to; `None` when there are none.
    pub(super) fn times(&self) -> Option<Times> {
        let (times, (took, slowest)) = (self.times.as_ref()?, self.slowest.clone()?);
        // The upper end of a bucket may be above all that is in it.
        let at = |quantile| times.value_at_quantile(quantile).min(millis(took));
        Some(Times {
            count: times.len(),
            median_ms: at(0.5),
            p90_ms: at(0.9),
            slowest_ms: millis(took),
            slowest,
        })
    }
}

fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_come_to_a_median_and_the_slowest() {
        let mut answers = Answers::default();
        assert_eq!(answers.times(), None);
        for millis in [1, 2, 3, 4, 5, 6, 7, 8, 500, 86_400_000] {
            answers.record(Duration::from_millis(millis), &format!("id-{millis}").parse().unwrap());
        }
        let times = answers.times().unwrap();
        assert_eq!((times.count, times.median_ms, times.p90_ms), (10, 5, 500));
        assert_eq!((times.slowest_ms, times.slowest.to_string()), (86_400_000, "id-86400000".to_owned()));
    }
}
