//! How many messages were accepted lately, counted in the journal.

use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use veda_bus_core::journal::Reader;
use veda_bus_core::name::Seq;
use veda_bus_core::state::view::StateView;
use veda_bus_core::time::Millis;

/// What counts as lately.
const LATELY: Duration = Duration::from_secs(60);

/// How often, and how long apart, the bus's last event is looked for: it may not be written yet.
const LOOKS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// The messages accepted within a minute before `now`; `None` when the journal at `path` is not the one of the bus that
/// said `state`, or can not be read.
pub(super) fn messages(path: &Path, state: &StateView, now: Millis) -> Option<u64> {
    let is_its_own = || head(path, state.seq).ok().flatten() == Some((state.seq, state.at));
    let found = (0..LOOKS).any(|look| {
        if look > 0 {
            thread::sleep(PAUSE);
        }
        is_its_own()
    });
    if !found {
        return None;
    }
    let minute = u64::try_from(LATELY.as_millis()).unwrap_or_default();
    count(path, state.seq, Millis(now.0.saturating_sub(minute))).ok()
}

/// The number and time of the first event that is not before `seq`.
fn head(path: &Path, seq: Seq) -> io::Result<Option<(Seq, Millis)>> {
    let mut reader = Reader::from_seq(path, seq)?;
    let line = reader.next_line()?;
    Ok(line.and_then(|line| Some((line.seq?, time_of(line.bytes)?))))
}

/// How many messages events up to `last` accepted, not earlier than `since`.
fn count(path: &Path, last: Seq, since: Millis) -> io::Result<u64> {
    // Times never go back, so the first event is searched by halving; reading begins there.
    let (mut low, mut high) = (0, last.0 + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match head(path, Seq(middle))? {
            Some((_, at)) if at < since => low = middle,
            _ => high = middle,
        }
    }
    let mut reader = Reader::from_seq(path, Seq(high))?;
    let mut messages = 0;
    while let Some(line) = reader.next_line()? {
        if line.seq > Some(last) {
            break;
        }
        messages += u64::from(is_accepted(line.bytes));
    }
    Ok(messages)
}

/// What stands behind the number of a line: `,"at":1717689033123,"event":"accepted",…`.
fn after_seq(line: &[u8]) -> Option<&[u8]> {
    let comma = line.iter().position(|&byte| byte == b',')?;
    line[comma..].strip_prefix(b",\"at\":")
}

fn time_of(line: &[u8]) -> Option<Millis> {
    let rest = after_seq(line)?;
    let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&rest[..end]).ok()?.parse().ok().map(Millis)
}

fn is_accepted(line: &[u8]) -> bool {
    let event = after_seq(line).and_then(|rest| {
        let comma = rest.iter().position(|&byte| byte == b',')?;
        Some(&rest[comma..])
    });
    event.is_some_and(|event| event.starts_with(b",\"event\":\"accepted\""))
}

#[cfg(test)]
mod tests {
    use veda_bus_core::event::{Event, Recorded, Stopped};
    use veda_bus_core::journal::Chain;
    use veda_bus_core::journal::line::encode;

    use super::*;
    use crate::show::tests::accepted;

    #[test]
    fn messages_are_counted_from_the_first_event_that_is_young_enough() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let (mut bytes, mut chain) = (Vec::new(), Chain::GENESIS);
        for seq in 1..=1000 {
            let message = Event::Accepted(Box::new(accepted("a", "Flagship", "LensSDK", None)));
            let event = if seq % 2 == 0 { message } else { Event::Stopped(Stopped { pid: 1 }) };
            chain = encode(&mut bytes, chain, &Recorded { seq: Seq(seq), at: Millis(seq * 10), event });
        }
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(head(&path, Seq(7)).unwrap(), Some((Seq(7), Millis(70))));
        assert_eq!(count(&path, Seq(1000), Millis(0)).unwrap(), 500);
        assert_eq!(count(&path, Seq(1000), Millis(5001)).unwrap(), 250);
        assert_eq!(count(&path, Seq(100), Millis(0)).unwrap(), 50);
        assert_eq!(count(&path, Seq(1000), Millis(10_000)).unwrap(), 1);
        assert_eq!(count(&path, Seq(1000), Millis(10_001)).unwrap(), 0);
    }
}
