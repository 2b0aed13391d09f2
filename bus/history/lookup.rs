//! Looking for events in a journal: by number, by time, by what their lines say.

use std::collections::VecDeque;
use std::io;

use super::map::Kind;
use super::timeline::{Fold, Timeline};
use super::walk::{Passed, Walk};
use crate::event::Recorded;
use crate::journal::LineError;
use crate::journal::line::{self, Parts};
use crate::name::Seq;
use crate::time::Millis;

impl<F: Fold> Timeline<F> {
    /// The events after `seq`, at most `limit` of them.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn events_after(&self, seq: Seq, limit: usize) -> io::Result<Vec<Recorded>> {
        let mut events = Vec::new();
        let mut walk = self.walk_from(seq.next());
        while events.len() < limit
            && let Some(passed) = walk.next(&self.files)?
        {
            if let Some(recorded) = passed.decoded().filter(|recorded| recorded.seq > seq) {
                events.push(recorded);
            }
        }
        Ok(events)
    }

    /// The last `limit` events up to `seq`, the oldest first.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn events_up_to(&self, seq: Seq, limit: usize) -> io::Result<Vec<Recorded>> {
        let (mut block, mut there) = (self.map.block_of(seq), 0);
        while there <= limit && block > 0 {
            block -= 1;
            there += self.map.blocks[block].counts.all() as usize;
        }
        let Some(first) = self.map.blocks.get(block) else { return Ok(Vec::new()) };
        let mut walk = Walk::from(first);
        let mut events = VecDeque::new();
        while let Some(passed) = walk.next(&self.files)? {
            let Some(recorded) = passed.decoded() else { continue };
            if recorded.seq > seq {
                break;
            }
            events.push_back(recorded);
            if events.len() > limit {
                events.pop_front();
            }
        }
        Ok(events.into())
    }

    /// The last event that was not after `at`; 0 when all were.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn at_time(&self, at: Millis) -> io::Result<Seq> {
        let Some(block) = self.map.block_at(at) else { return Ok(Seq(0)) };
        let (mut last, mut is_beyond) = (Seq(0), false);
        let mut walk = Walk::from(&self.map.blocks[block]);
        while let Some(passed) = walk.next(&self.files)? {
            match passed.parts {
                // One alone may have a wrong time.
                Ok(parts) if parts.at > at && is_beyond => break,
                Ok(parts) if parts.at > at => is_beyond = true,
                Ok(parts) => (last, is_beyond) = (parts.seq, false),
                Err(_) => {}
            }
        }
        Ok(last)
    }

    /// The first event after `from` whose line `is_it`.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn next_where(&self, from: Seq, is_it: &mut dyn FnMut(Found<'_>) -> bool) -> io::Result<Option<Seq>> {
        let mut walk = self.walk_from(from.next());
        while let Some(passed) = walk.next(&self.files)? {
            let Ok(parts) = passed.parts else { continue };
            if parts.seq > from && is_it(Found { parts: &parts, line: passed.line }) {
                return Ok(Some(parts.seq));
            }
        }
        Ok(None)
    }

    /// The last event before `from` whose line `is_it`.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn last_where(&self, from: Seq, is_it: &mut dyn FnMut(Found<'_>) -> bool) -> io::Result<Option<Seq>> {
        let blocks = &self.map.blocks[..self.map.blocks.len().min(self.map.block_of(from) + 1)];
        for block in blocks.iter().rev() {
            let mut walk = Walk::from(block);
            let mut last = None;
            while let Some(passed) = walk.next(&self.files)? {
                let Ok(parts) = passed.parts else { continue };
                if parts.seq >= from || parts.seq > block.last {
                    break;
                }
                if is_it(Found { parts: &parts, line: passed.line }) {
                    last = Some(parts.seq);
                }
            }
            if last.is_some() {
                return Ok(last);
            }
        }
        Ok(None)
    }
}

/// An event's line, as somebody looks for one.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    parts: &'a Parts<'a>,
    line: &'a [u8],
}

impl Found<'_> {
    /// What kind of thing it tells.
    pub fn kind(&self) -> Kind {
        Kind::of(self.parts, self.line)
    }

    /// Its bytes.
    pub fn line(&self) -> &[u8] {
        self.line
    }

    /// The event, if this version can read it.
    pub fn event(&self) -> Option<Recorded> {
        decoded(self.line).ok()
    }
}

/// The event that a line tells.
pub(super) fn decoded(line: &[u8]) -> Result<Recorded, LineError> {
    let text = std::str::from_utf8(line).map_err(|_| LineError::Shape("UTF-8"))?;
    line::decode(text).map(|(recorded, _)| recorded)
}

impl Passed<'_> {
    fn decoded(&self) -> Option<Recorded> {
        self.parts.as_ref().ok().and_then(|_| decoded(self.line).ok())
    }
}
