//! The rhythm in which something happened, when it is done again.

use std::time::Duration;

use tokio::time::Instant;
use veda_bus_core::time::Millis;
use veda_bus_ui::app::past::player::{Player, Speed};

/// When each of a row of events is due.
pub(crate) struct Pace {
    player: Player,
    /// When the last event happened, and when it was due on the wall clock.
    last: Option<(Millis, Instant)>,
}

impl Pace {
    pub(crate) fn new(speed: Speed, shortens: bool) -> Self {
        let mut player = Player::new(speed);
        player.shortens = shortens;
        Self { player, last: None }
    }

    /// When the next event is due, which happened at `at`; `None` when that is at once.
    pub(crate) fn due(&mut self, at: Millis, now: Instant) -> Option<Instant> {
        let due = match self.last {
            None => now,
            Some((last, was_due)) => was_due + self.player.wait(last, at).min(LONGEST),
        };
        // Time that was lost, where what is written is not taken, is not made up for.
        self.last = Some((at, due.max(now)));
        (due > now).then_some(due)
    }
}

/// A clock does not go beyond its end.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;

    #[test]
    fn the_time_between_two_events_is_divided_by_the_speed() {
        let (mut pace, now) = (Pace::new("4".parse().unwrap(), false), Instant::now());
        assert_eq!(pace.due(Millis(HOUR), now), None);
        assert_eq!(pace.due(Millis(HOUR + 2_000), now), Some(now + Duration::from_millis(500)));
        assert_eq!(pace.due(Millis(HOUR + 2_400), now), Some(now + Duration::from_millis(600)));
    }

    #[test]
    fn a_long_silence_can_be_shortened_and_max_waits_for_nothing() {
        let now = Instant::now();
        let mut pace = Pace::new(Speed::USUAL, true);
        pace.due(Millis(0), now);
        let wait = pace.due(Millis(HOUR), now).unwrap() - now;
        assert!(wait <= Duration::from_millis(501), "{wait:?}");
        assert_eq!(pace.due(Millis(HOUR + 2_000), now), Some(now + wait + Duration::from_secs(2)));
        let mut pace = Pace::new(Speed::Max, false);
        pace.due(Millis(0), now);
        assert_eq!(pace.due(Millis(HOUR), now), None);
    }

    #[test]
    fn lost_time_is_not_made_up_for_and_no_time_is_too_long() {
        let (mut pace, now) = (Pace::new(Speed::USUAL, false), Instant::now());
        pace.due(Millis(0), now);
        let late = now + Duration::from_secs(60);
        assert_eq!(pace.due(Millis(1_000), late), None);
        assert_eq!(pace.due(Millis(2_000), late), Some(late + Duration::from_secs(1)));
        assert!(pace.due(Millis(u64::MAX), late).is_some());
    }
}
