//! Ages and remaining times in words that change seldom, so that an idle screen need not be drawn again.

use std::time::Duration;

use veda_bus_core::time::Millis;

#[cfg(test)]
mod tests;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long ago `then` was: `now`, `3m`, `2h`, `5d`; and the moment at which this is no longer right.
pub fn ago(then: Millis, now: Millis) -> (String, Millis) {
    match since(then, now) {
        (None, next) => ("now".to_owned(), next),
        (Some((count, unit, _)), next) => (format!("{count}{unit}"), next),
    }
}

/// How long it is until `deadline`, or how long that has been over: `4 min left`, `<1 min left`, `overdue`,
/// `overdue 3m`; and the moment at which this is no longer right.
pub fn left(deadline: Millis, now: Millis) -> (String, Millis) {
    if now >= deadline {
        return match since(deadline, now) {
            (None, next) => ("overdue".to_owned(), next),
            (Some((count, unit, _)), next) => (format!("overdue {count}{unit}"), next),
        };
    }
    let left = deadline.0 - now.0;
    let Some((count, unit, size)) = largest(left) else {
        return ("<1 min left".to_owned(), deadline);
    };
    let unit = if unit == "m" { "min" } else { unit };
    (format!("{count} {unit} left"), Millis(deadline.0 - count * size + 1))
}

/// How long ago `then` was, for a sentence: `just now`, `3 min ago`, `2 h ago`; and the moment at which this is no longer
/// right.
pub fn before(then: Millis, now: Millis) -> (String, Millis) {
    match since(then, now) {
        (None, next) => ("just now".to_owned(), next),
        (Some((count, "m", _)), next) => (format!("{count} min ago"), next),
        (Some((count, unit, _)), next) => (format!("{count} {unit} ago"), next),
    }
}

/// When something dies that lives until `deadline`: `dies in 4 min`, in the last minute by tens of seconds (`dies in 50 s`,
/// `dies in <10 s`), then `its time is up`; and the moment at which this is no longer right, if there is one.
pub fn dies(deadline: Millis, now: Millis) -> (String, Option<Millis>) {
    /// Ten seconds.
    const STEP: u64 = 10_000;
    let Some(left) = deadline.0.checked_sub(now.0).filter(|left| *left > 0) else {
        return ("its time is up".to_owned(), None);
    };
    let (time, size) = match largest(left) {
        Some((count, "m", size)) => (format!("{count} min"), count * size),
        Some((count, unit, size)) => (format!("{count} {unit}"), count * size),
        None if left < STEP => ("<10 s".to_owned(), 1),
        None => (format!("{} s", left / STEP * 10), left / STEP * STEP),
    };
    (format!("dies in {time}"), Some(Millis(deadline.0 - size + 1)))
}

/// The whole units since `then`, if there is one, and when the next is full.
fn since(then: Millis, now: Millis) -> (Option<(u64, &'static str, u64)>, Millis) {
    let units = largest(now.0.saturating_sub(then.0));
    let full = units.map_or(MINUTE, |(count, _, size)| (count + 1) * size);
    (units, then.plus(Duration::from_millis(full)))
}

/// So many whole units of the largest kind that is in `millis`, with its name and size.
fn largest(millis: u64) -> Option<(u64, &'static str, u64)> {
    let kinds = [("d", DAY), ("h", HOUR), ("m", MINUTE)];
    let found = kinds.into_iter().find(|&(_, size)| millis >= size);
    found.map(|(unit, size)| (millis / size, unit, size))
}
