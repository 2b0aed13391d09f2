//! Places of the past as people write them.

use veda_bus_core::name::Seq;
use veda_bus_core::time::Millis;

use crate::app::past::Then;
use crate::app::past::marks::Marks;
use crate::past::{Stop, Target};
use crate::when::{self, Edge};

/// What may be written.
pub(super) const PLACES: &str =
    "write 14:32, 2026-11-22 14:32, -2h, +10m, #1234, an id, /filter, start, end or a mark";

/// The times among them, as they fit in a line.
const TIMES: &str = "14:32, 14:32:05.250, '2026-11-22 14:32' or 2026-11-22T14:32:05Z";

/// The place that `text` says, where `moment` is shown and `position` was the last event.
///
/// # Errors
/// A sentence that says what is accepted.
pub(super) fn place(
    text: &str,
    moment: Millis,
    position: Seq,
    marks: &Marks,
) -> Result<(Target, Then), String> {
    let text = text.trim();
    let stay = |target| Ok((target, Then::Stay));
    match text {
        "start" => return stay(Target::Start),
        "end" => return stay(Target::End),
        _ => {}
    }
    if let Some(number) = text.strip_prefix('#') {
        let number = number.parse().map_err(|_| format!("\"{text}\" is no number of an event"))?;
        return stay(Target::Event(Seq(number)));
    }
    if let Some(filter) = text.strip_prefix('/') {
        if filter.trim().is_empty() {
            return Err("after / comes a text to find, or = and a CEL expression".to_owned());
        }
        let stop = Stop::Match(filter.to_owned());
        return Ok((Target::Next { from: position, stop }, Then::Select));
    }
    let time = time(text, moment);
    if let Ok(Some(at)) = time {
        return stay(Target::Time(at));
    }
    // What is no time may be the name of a mark, even if it looks like one.
    if let Some(mark) = marks.named(text) {
        return stay(Target::Event(mark.event));
    }
    time?;
    if is_id(text) {
        return Ok((Target::Message(text.to_owned()), Then::Open));
    }
    Err(format!("{text:?} is no place: {PLACES}"))
}

/// The moment that `text` says, seen from another; `None` when it is none.
fn time(text: &str, moment: Millis) -> Result<Option<Millis>, String> {
    let Some(here) = moment.local() else { return Ok(None) };
    if let Some(forward) = text.strip_prefix('+') {
        return when::duration(forward)
            .map(|duration| Some(moment.plus(duration)))
            .ok_or_else(|| format!("\"{text}\" is no way from here; write +500ms, +90s, +10m or +2h"));
    }
    if let Some(back) = text.strip_prefix('-') {
        return when::duration(back)
            .map(|duration| Some(moment.before(duration)))
            .ok_or_else(|| format!("\"{text}\" is no way from here; write -500ms, -90s, -10m or -2h"));
    }
    match when::parse(text, &here, Edge::Start) {
        Ok(at) => Ok(Some(at)),
        // What looks like a time and is none is told so.
        Err(_) if text.contains(':') => Err(format!("{text:?} is no time: write {TIMES}")),
        Err(_) => Ok(None),
    }
}

/// Whether it can be the id of a message.
fn is_id(text: &str) -> bool {
    text.len() >= 2 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::past::marks::Mark;

    fn go(text: &str) -> Result<Target, String> {
        let mut marks = Marks::default();
        marks.set(Mark { event: Seq(7), at: Millis(0), note: "the bad vote".to_owned() });
        place(text, Millis(1_700_000_100_000), Seq(3), &marks).map(|(target, _)| target)
    }

    #[test]
    fn ways_from_here_count_from_the_moment_that_is_shown() {
        assert_eq!(go("-2h"), Ok(Target::Time(Millis(1_699_992_900_000))));
        assert_eq!(go("+10m"), Ok(Target::Time(Millis(1_700_000_700_000))));
        assert_eq!(go("+250ms"), Ok(Target::Time(Millis(1_700_000_100_250))));
        assert_eq!(go("90s"), Ok(Target::Time(Millis(1_700_000_010_000))));
        for text in ["+", "-", "+5", "-x", "+-3m"] {
            assert!(go(text).unwrap_err().contains("no way from here"), "{text}");
        }
    }

    #[test]
    fn a_time_is_of_the_day_that_is_shown() {
        let here = Millis(1_700_000_100_000).local().unwrap();
        let text = here.format("%H:%M:%S").to_string();
        assert_eq!(go(&text), Ok(Target::Time(Millis(1_700_000_100_000))));
        let dated = here.format("%Y-%m-%d %H:%M:%S").to_string();
        assert_eq!(go(&dated), Ok(Target::Time(Millis(1_700_000_100_000))));
        assert_eq!(go("2023-11-14T22:15:00.125Z"), Ok(Target::Time(Millis(1_700_000_100_125))));
        assert!(go("25:00").unwrap_err().contains("is no time: write 14:32"));
    }

    #[test]
    fn everything_else_has_its_sign() {
        assert_eq!(go("start"), Ok(Target::Start));
        assert_eq!(go(" end "), Ok(Target::End));
        assert_eq!(go("#1234"), Ok(Target::Event(Seq(1234))));
        assert_eq!(go("3f2a"), Ok(Target::Message("3f2a".to_owned())));
        assert_eq!(go("the bad"), Ok(Target::Event(Seq(7))));
        let stop = Stop::Match("=from == \"UILib\"".to_owned());
        assert_eq!(go("/=from == \"UILib\""), Ok(Target::Next { from: Seq(3), stop }));
    }

    #[test]
    fn anything_else_is_told_in_a_line_what_is_accepted() {
        for text in ["#", "#x", "/", "", "yesterday noon", "日本"] {
            let why = go(text).unwrap_err();
            assert!(!why.is_empty() && !why.contains('\n'), "{text}: {why}");
        }
    }
}
