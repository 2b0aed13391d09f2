//! Moments as people write them.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use veda_bus_core::time::Millis;

/// What may be written.
const ACCEPTED: &str = "a duration back (90s, 15m, 2h, 3d), a time (14:32, 14:32:05.250) or a date \
                        ('2026-11-22', '2026-11-22 14:32', 2026-11-22T14:32:05Z)";

/// How long a date is.
const DATE: usize = "2026-11-22".len();

/// Which end of a span of time a moment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// A date is the beginning of the day.
    Start,
    /// A date is the end of the day: `--until 2026-11-22` takes that day in.
    End,
}

/// The moment that `text` says, on the wall clock of the time zone of `now` unless it names an offset of its own (RFC
/// 3339). Of a second, milliseconds are looked at.
///
/// # Errors
/// A sentence that says what is accepted, or that there is no such moment.
pub fn parse<Z: TimeZone>(text: &str, now: &DateTime<Z>, edge: Edge) -> Result<Millis, String> {
    parse_on(text, now, now.date_naive(), edge)
}

/// The same, where a time without a date is one of `day`.
///
/// # Errors
/// As for [`parse`].
pub fn parse_on<Z: TimeZone>(
    text: &str,
    now: &DateTime<Z>,
    day: NaiveDate,
    edge: Edge,
) -> Result<Millis, String> {
    let text = text.trim();
    if let Some(back) = duration(text) {
        let now = Millis(u64::try_from(now.timestamp_millis()).unwrap_or_default());
        return Ok(now.before(back));
    }
    let old = || format!("expected {ACCEPTED}, found a date before 1970");
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return u64::try_from(moment.timestamp_millis()).map(Millis).map_err(|_| old());
    }
    let moment = moment(text, day, edge).ok_or_else(|| format!("expected {ACCEPTED}, found {text:?}"))?;
    let gone = || format!("there was no {moment} here: the clocks were put forward over it");
    // What the clock showed twice is taken so that nothing is missed.
    let moments = now.timezone().from_local_datetime(&moment);
    let local = if edge == Edge::Start { moments.earliest() } else { moments.latest() };
    let millis = local.ok_or_else(gone)?.timestamp_millis();
    u64::try_from(millis).map(Millis).map_err(|_| old())
}

/// The date that `text` begins with, if it does.
pub fn date_in(text: &str) -> Option<NaiveDate> {
    date(text.trim().get(..DATE)?)
}

/// Whether `text` is a time without a date.
pub fn is_time_of_day(text: &str) -> bool {
    time(text.trim()).is_some()
}

/// `500ms`, `90s`, `15m`, `2h`, `3d`. What is longer than could be counted in milliseconds is none.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let end = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(millis).map(Duration::from_millis)
}

fn moment(text: &str, today: NaiveDate, edge: Edge) -> Option<NaiveDateTime> {
    if let Some(time) = time(text) {
        return Some(today.and_time(time));
    }
    if let Some(date) = date(text) {
        return match edge {
            Edge::Start => Some(date.and_time(NaiveTime::MIN)),
            Edge::End => {
                let next = date.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN);
                next.checked_sub_signed(TimeDelta::milliseconds(1))
            }
        };
    }
    let (day, clock) = text.split_once([' ', 'T'])?;
    Some(date(day)?.and_time(time(clock.trim_start())?))
}

fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

fn time(text: &str) -> Option<NaiveTime> {
    ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|format| NaiveTime::parse_from_str(text, format).ok())
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    /// 2026-11-22 15:00:00 at two hours east.
    fn now() -> DateTime<FixedOffset> {
        "2026-11-22T15:00:00+02:00".parse().unwrap()
    }

    fn at(time: &str) -> Millis {
        let time: DateTime<FixedOffset> = time.parse().unwrap();
        Millis(u64::try_from(time.timestamp_millis()).unwrap())
    }

    #[test]
    fn durations_count_back_from_now() {
        for (text, time) in [
            ("90s", "2026-11-22T14:58:30+02:00"),
            ("15m", "2026-11-22T14:45:00+02:00"),
            ("2h", "2026-11-22T13:00:00+02:00"),
            (" 3d ", "2026-11-19T15:00:00+02:00"),
            ("250ms", "2026-11-22T14:59:59.750+02:00"),
        ] {
            assert_eq!(parse(text, &now(), Edge::Start), Ok(at(time)), "{text}");
            assert_eq!(parse(text, &now(), Edge::End), Ok(at(time)), "{text}");
        }
        assert_eq!(parse("99999999d", &now(), Edge::Start), Ok(Millis(0)));
    }

    #[test]
    fn times_are_of_today_and_dates_of_this_place() {
        for (text, start, end) in [
            ("14:32", "2026-11-22T14:32:00+02:00", "2026-11-22T14:32:00+02:00"),
            ("14:32:05", "2026-11-22T14:32:05+02:00", "2026-11-22T14:32:05+02:00"),
            ("2026-11-20", "2026-11-20T00:00:00+02:00", "2026-11-20T23:59:59.999+02:00"),
            ("2026-11-20 14:32", "2026-11-20T14:32:00+02:00", "2026-11-20T14:32:00+02:00"),
            ("2026-11-20T14:32:05", "2026-11-20T14:32:05+02:00", "2026-11-20T14:32:05+02:00"),
            ("14:32:05.250", "2026-11-22T14:32:05.250+02:00", "2026-11-22T14:32:05.250+02:00"),
            ("2026-11-20 14:32:05.25", "2026-11-20T14:32:05.250+02:00", "2026-11-20T14:32:05.250+02:00"),
            ("2026-11-20T14:32:05Z", "2026-11-20T14:32:05Z", "2026-11-20T14:32:05Z"),
            ("2026-11-20T14:32:05.250-03:00", "2026-11-20T17:32:05.250Z", "2026-11-20T17:32:05.250Z"),
        ] {
            assert_eq!(parse(text, &now(), Edge::Start), Ok(at(start)), "{text}");
            assert_eq!(parse(text, &now(), Edge::End), Ok(at(end)), "{text}");
        }
    }

    #[test]
    fn a_time_without_a_date_may_be_of_another_day() {
        let day = date_in(" 2026-11-20T09:00:00Z").unwrap();
        assert_eq!(parse_on("14:32", &now(), day, Edge::End), Ok(at("2026-11-20T14:32:00+02:00")));
        assert_eq!(parse_on("2h", &now(), day, Edge::End), Ok(at("2026-11-22T13:00:00+02:00")));
        for (text, is_date, is_time) in [
            ("2026-11-20", true, false),
            ("14:32:05.250", false, true),
            ("2h", false, false),
            ("日日日日", false, false),
        ] {
            assert_eq!((date_in(text).is_some(), is_time_of_day(text)), (is_date, is_time), "{text}");
        }
    }

    #[test]
    fn anything_else_is_told_what_is_accepted() {
        for text in [
            "",
            "s",
            "-5m",
            "+5m",
            "5",
            "5w",
            "1.5h",
            "25:00",
            "14:60",
            "14:32.5",
            "2026-13-01",
            "yesterday",
            "日",
        ] {
            let error = parse(text, &now(), Edge::Start).unwrap_err();
            assert!(
                error.contains("90s, 15m, 2h, 3d") && error.contains("'2026-11-22 14:32'"),
                "{text}: {error}"
            );
        }
        assert!(parse("99999999999999999999s", &now(), Edge::Start).is_err());
        assert!(parse("9223372036854775807d", &now(), Edge::Start).is_err());
        for old in ["1969-01-01", "1969-01-01T00:00:00Z"] {
            assert!(parse(old, &now(), Edge::Start).unwrap_err().contains("before 1970"), "{old}");
        }
    }
}
