//! How long somebody takes to read or to write something.

use std::time::Duration;

/// How many times as fast as people the instances are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace(pub(super) f64);

impl Pace {
    /// From half a second to two seconds, by the length of the text.
    pub(super) async fn pause_over(self, text: &str) {
        tokio::time::sleep(self.time_for(text)).await;
    }

    fn time_for(self, text: &str) -> Duration {
        let characters = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
        let seconds = (0.5 + f64::from(characters) / 80.0).min(2.0);
        Duration::from_secs_f64(seconds / self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_takes_longer_and_nothing_takes_for_ever() {
        let times = ["", &"x".repeat(40), &"x".repeat(100_000)].map(|text| Pace(2.0).time_for(text));
        assert_eq!(times.map(|time| time.as_millis()), [250, 500, 1000]);
    }
}
