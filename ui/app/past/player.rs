//! How fast the past goes by: which moment is shown after so much time on the wall clock.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use veda_bus_core::time::Millis;

/// A silence that is longer than this is shortened on request, in milliseconds of the journal.
const SILENCE: u64 = 2_000;

/// How long a shortened silence takes, in milliseconds of the wall clock.
const SHORT: u64 = 500;

/// How much time is made up for at most, in microseconds: a console that slept, or that can not keep up, goes on from
/// where it is.
const OWED: u64 = 250_000;

/// The shortest time between two ticks, in milliseconds.
const FRAME: u64 = 33;

/// Microseconds in a millisecond.
const MICROS: u64 = 1_000;

/// How fast it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Speed {
    /// So many thousandths of the speed at which it happened.
    Thousandths(u64),
    /// As fast as events can be taken in.
    Max,
}

impl Speed {
    /// As it happened.
    pub const USUAL: Self = Self::Thousandths(1_000);

    /// What the keys go through.
    const STEPS: [Self; 14] = [
        Self::Thousandths(250),
        Self::Thousandths(500),
        Self::USUAL,
        Self::Thousandths(2_000),
        Self::Thousandths(4_000),
        Self::Thousandths(8_000),
        Self::Thousandths(15_000),
        Self::Thousandths(30_000),
        Self::Thousandths(60_000),
        Self::Thousandths(125_000),
        Self::Thousandths(250_000),
        Self::Thousandths(500_000),
        Self::Thousandths(1_000_000),
        Self::Max,
    ];

    /// The next one up.
    #[must_use]
    pub fn faster(self) -> Self {
        Self::STEPS.into_iter().find(|step| *step > self).unwrap_or(Self::Max)
    }

    /// The next one down.
    #[must_use]
    pub fn slower(self) -> Self {
        Self::STEPS.into_iter().rev().find(|step| *step < self).unwrap_or(Self::STEPS[0])
    }
}

impl fmt::Display for Speed {
    /// `4×`, `0.25×`, `max`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Max => f.pad("max"),
            Self::Thousandths(rate) => {
                let (whole, part) = (rate / 1_000, format!("{:03}", rate % 1_000));
                match part.trim_end_matches('0') {
                    "" => f.pad(&format!("{whole}×")),
                    part => f.pad(&format!("{whole}.{part}×")),
                }
            }
        }
    }
}

/// Why a text is no speed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no speed: give a number from 0.25 to 1000, or max")]
pub struct SpeedError(String);

impl FromStr for Speed {
    type Err = SpeedError;

    fn from_str(text: &str) -> Result<Self, SpeedError> {
        let wrong = || SpeedError(text.to_owned());
        if text == "max" {
            return Ok(Self::Max);
        }
        let number = text.trim_end_matches(['x', '×']);
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(part) || part.len() > 3 || whole.is_empty() && part.is_empty() {
            return Err(wrong());
        }
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| wrong())? };
        let part: u64 = format!("{part:0<3}").parse().map_err(|_| wrong())?;
        let rate = whole.saturating_mul(1_000).saturating_add(part);
        if (250..=1_000_000).contains(&rate) { Ok(Self::Thousandths(rate)) } else { Err(wrong()) }
    }
}

/// See the [module](self).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Player {
    /// Whether it goes by itself.
    pub is_playing: bool,
    /// How fast.
    pub speed: Speed,
    /// Whether silences are shortened.
    pub shortens: bool,
    /// Time that passed on the wall clock and was not used yet, in microseconds.
    owed: u64,
    /// Up to when it was counted.
    ticked: Millis,
    /// Whether there was more to take in than fits between two frames.
    pub(crate) is_behind: bool,
}

impl Player {
    /// One that stands still, and would play at this speed.
    pub fn new(speed: Speed) -> Self {
        Self { is_playing: false, speed, shortens: false, owed: 0, ticked: Millis(0), is_behind: false }
    }

    /// Begins to play.
    pub fn play(&mut self, now: Millis) {
        *self = Self { is_playing: true, owed: 0, ticked: now, is_behind: false, ..self.clone() };
    }

    /// Stops playing.
    pub fn pause(&mut self) {
        self.is_playing = false;
        self.is_behind = false;
    }

    /// Time passed on the wall clock.
    pub fn tick(&mut self, now: Millis) {
        let passed = now.0.saturating_sub(self.ticked.0).saturating_mul(MICROS);
        self.owed = self.owed.saturating_add(passed).min(OWED);
        self.ticked = self.ticked.max(now);
    }

    /// The time that passed is not to be made up for.
    pub fn forgive(&mut self) {
        self.owed = 0;
    }

    /// Moves `moment` on towards `next`, when the next event was, as far as time allows; whether it is reached. The
    /// event before was at `last`.
    pub fn reaches(&mut self, moment: &mut Millis, last: Millis, next: Millis) -> bool {
        let left = next.0.saturating_sub(moment.0);
        let Some(rate) = self.rate(last, next).filter(|_| left > 0) else {
            *moment = next.max(*moment);
            return true;
        };
        let cost = micros(left, rate);
        if cost <= self.owed {
            self.owed -= cost;
            *moment = next;
            return true;
        }
        let gained = millis(self.owed, rate).min(left);
        self.owed = self.owed.saturating_sub(micros(gained, rate));
        moment.0 += gained;
        false
    }

    /// The thousandths at which the time between two events goes by; `None` when it takes none.
    fn rate(&self, last: Millis, next: Millis) -> Option<u64> {
        let Speed::Thousandths(rate) = self.speed else { return None };
        let silence = next.0.saturating_sub(last.0);
        let is_short = !self.shortens || silence <= SILENCE;
        Some(if is_short { rate } else { rate.max(silence.saturating_mul(1_000) / SHORT) })
    }

    /// How long the wall clock waits between an event that was at `last` and the `next` one, where nothing is to be seen
    /// in between.
    pub fn wait(&self, last: Millis, next: Millis) -> Duration {
        let takes = |rate| Duration::from_micros(micros(next.0.saturating_sub(last.0), rate));
        self.rate(last, next).map_or(Duration::ZERO, takes)
    }

    /// When to look again, on the wall clock, while `moment` is shown and the next event was at `next`: when that is
    /// due, or the second that is shown is over.
    pub fn wakes_at(&self, moment: Millis, last: Millis, next: Millis) -> Millis {
        let Some(rate) = self.rate(last, next).filter(|_| !self.is_behind) else { return self.ticked };
        let second = 1_000 - moment.0 % 1_000;
        let left = next.0.saturating_sub(moment.0).min(second);
        let wait = micros(left, rate).saturating_sub(self.owed).div_ceil(MICROS);
        Millis(self.ticked.0.saturating_add(wait.max(FRAME)))
    }
}

/// The microseconds of the wall clock in which so many milliseconds go by.
fn micros(millis: u64, rate: u64) -> u64 {
    narrow(u128::from(millis) * 1_000_000 / u128::from(rate.max(1)))
}

/// The milliseconds that go by in so many microseconds of the wall clock.
fn millis(micros: u64, rate: u64) -> u64 {
    narrow(u128::from(micros) * u128::from(rate) / 1_000_000)
}

fn narrow(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playing(speed: &str) -> Player {
        let mut player = Player::new(speed.parse().unwrap());
        player.play(Millis(0));
        player
    }

    #[test]
    fn a_speed_is_written_as_it_is_read() {
        for text in ["0.25×", "0.5×", "1×", "1.5×", "1000×", "max"] {
            assert_eq!(text.parse::<Speed>().unwrap().to_string(), text);
        }
        assert_eq!("4".parse::<Speed>(), Ok(Speed::Thousandths(4_000)));
        for text in ["", ".", "0", "0.2", "1001", "-1", "fast", "1.2345", "99999999999999999999"] {
            assert!(text.parse::<Speed>().is_err(), "{text}");
        }
    }

    #[test]
    fn faster_and_slower_go_through_all_speeds_and_stop_at_the_ends() {
        let mut speed: Speed = "0.25".parse().unwrap();
        let mut up = vec![speed];
        while speed != Speed::Max {
            speed = speed.faster();
            up.push(speed);
        }
        assert_eq!((up.len(), speed.faster()), (14, Speed::Max));
        for expected in up.iter().rev() {
            assert_eq!(speed, *expected);
            speed = speed.slower();
        }
        assert_eq!(speed, Speed::Thousandths(250));
        assert_eq!("3".parse::<Speed>().unwrap().faster(), Speed::Thousandths(4_000));
    }

    #[test]
    fn time_goes_by_at_the_speed_without_drift() {
        let mut player = playing("0.25");
        let mut moment = Millis(0);
        for tick in 1..=300 {
            player.tick(Millis(tick * 33));
            player.reaches(&mut moment, Millis(0), Millis(1_000_000));
        }
        assert_eq!(moment, Millis(300 * 33 / 4));
    }

    #[test]
    fn an_event_is_reached_when_its_time_has_come() {
        let mut player = playing("4");
        let mut moment = Millis(1_000);
        player.tick(Millis(100));
        assert!(!player.reaches(&mut moment, Millis(1_000), Millis(1_500)));
        assert_eq!(moment, Millis(1_400));
        player.tick(Millis(125));
        assert!(player.reaches(&mut moment, Millis(1_000), Millis(1_500)));
        assert_eq!(moment, Millis(1_500));
        // What is reached at the same moment takes no time.
        assert!(player.reaches(&mut moment, Millis(1_500), Millis(1_500)));
    }

    #[test]
    fn a_shortened_silence_takes_half_a_second_at_most() {
        let mut player = playing("1");
        player.shortens = true;
        let (hour, mut moment) = (Millis(3_600_000), Millis(0));
        let mut ticks = 0;
        while !player.reaches(&mut moment, Millis(0), hour) {
            ticks += 1;
            player.tick(Millis(ticks * 50));
        }
        assert_eq!(ticks, 10);
    }

    #[test]
    fn a_console_that_slept_does_not_jump() {
        let mut player = playing("1");
        let mut moment = Millis(0);
        player.tick(Millis(60_000));
        player.reaches(&mut moment, Millis(0), Millis(1_000_000));
        assert_eq!(moment, Millis(OWED / MICROS));
    }

    #[test]
    fn it_wakes_for_the_next_event_and_for_the_next_second() {
        let player = playing("1");
        assert_eq!(player.wakes_at(Millis(0), Millis(0), Millis(400)), Millis(400));
        assert_eq!(player.wakes_at(Millis(300), Millis(0), Millis(60_000)), Millis(700));
        assert_eq!(player.wakes_at(Millis(0), Millis(0), Millis(1)), Millis(FRAME));
        assert_eq!(playing("max").wakes_at(Millis(0), Millis(0), Millis(9_999)), Millis(0));
    }
}
