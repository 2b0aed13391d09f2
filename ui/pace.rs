//! When to draw: at once after a key, at most thirty times a second for what streams in, and never for nothing.

use std::time::{Duration, Instant};

/// The shortest time between two drawings for what streams in.
const STREAM: Duration = Duration::from_millis(33);

/// Why something is to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dirty {
    /// Something happened on the bus, or a label is out of date.
    Stream,
    /// The operator did something.
    Input,
}

/// Keeps the time of the last drawing, and whether there is something to draw.
#[derive(Debug, Default)]
pub struct Pace {
    dirty: Option<Dirty>,
    drawn: Option<Instant>,
}

impl Pace {
    /// Something changed.
    pub fn touch(&mut self, dirty: Dirty) {
        self.dirty = self.dirty.max(Some(dirty));
    }

    /// When to draw next; `None` when there is nothing to draw.
    pub fn next(&self, now: Instant) -> Option<Instant> {
        match (self.dirty?, self.drawn) {
            (Dirty::Stream, Some(drawn)) => Some(now.max(drawn + STREAM)),
            _ => Some(now),
        }
    }

    /// It was drawn.
    pub fn drew(&mut self, now: Instant) {
        self.dirty = None;
        self.drawn = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_drawn_at_once_and_streams_in_turn() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut pace = Pace::default();
        assert_eq!(pace.next(start), None);
        pace.touch(Dirty::Stream);
        assert_eq!(pace.next(start), Some(start));
        pace.drew(start);
        assert_eq!(pace.next(after(5)), None);
        pace.touch(Dirty::Stream);
        assert_eq!(pace.next(after(5)), Some(after(33)));
        assert_eq!(pace.next(after(50)), Some(after(50)));
        pace.touch(Dirty::Input);
        assert_eq!(pace.next(after(5)), Some(after(5)));
    }
}
