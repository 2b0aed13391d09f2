//! Moments as people write them.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use veda_bus_core::time::Millis;

/// What may be written.
const ACCEPTED: &str = "a duration back from now (90s, 15m, 2h, 3d), a time of today (14:32, 14:32:05), or a date \
                        (2026-11-22, '2026-11-22 14:32', '2026-11-22 14:32:05')";

/// Which end of a span of time a moment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// A date is the beginning of the day.
    Start,
    /// A date is the end of the day: `--until 2026-11-22` takes that day in.
    End,
}

/// The moment that `text` says, on the wall clock of the time zone of `now`.
///
/// # Errors
/// A sentence that says what is accepted, or that there is no such moment.
pub fn parse<Z: TimeZone>(text: &str, now: &DateTime<Z>, edge: Edge) -> Result<Millis, String> {
    let text = text.trim();
    if let Some(back) = duration(text) {
        let now = Millis(u64::try_from(now.timestamp_millis()).unwrap_or_default());
        return Ok(now.before(back));
    }
    let moment =
        moment(text, now.date_naive(), edge).ok_or_else(|| format!("expected {ACCEPTED}, found {text:?}"))?;
    let gone = || format!("there was no {moment} here: the clocks were put forward over it");
    // What the clock showed twice is taken so that nothing is missed.
    let moments = now.timezone().from_local_datetime(&moment);
    let local = if edge == Edge::Start { moments.earliest() } else { moments.latest() };
    let millis = local.ok_or_else(gone)?.timestamp_millis();
    u64::try_from(millis).map(Millis).map_err(|_| format!("expected {ACCEPTED}, found a date before 1970"))
}

/// `90s`, `15m`, `2h`, `3d`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86400,
        _ => return None,
    };
    let number = Some(number).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?;
    let seconds = number.parse::<u64>().ok()?.checked_mul(seconds)?;
    // What is longer than anything could be counted in milliseconds is no duration.
    (seconds <= u64::MAX / 1_000).then(|| Duration::from_secs(seconds))
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
    ["%H:%M:%S", "%H:%M"].iter().find_map(|format| NaiveTime::parse_from_str(text, format).ok())
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
        ] {
            assert_eq!(parse(text, &now(), Edge::Start), Ok(at(start)), "{text}");
            assert_eq!(parse(text, &now(), Edge::End), Ok(at(end)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_told_what_is_accepted() {
        for text in
            ["", "s", "-5m", "+5m", "5", "5w", "1.5h", "25:00", "14:60", "2026-13-01", "yesterday", "日"]
        {
            let error = parse(text, &now(), Edge::Start).unwrap_err();
            assert!(
                error.contains("90s, 15m, 2h, 3d") && error.contains("'2026-11-22 14:32'"),
                "{text}: {error}"
            );
        }
        assert!(parse("99999999999999999999s", &now(), Edge::Start).is_err());
        assert!(parse("9223372036854775807d", &now(), Edge::Start).is_err());
        assert!(parse("1969-01-01", &now(), Edge::Start).unwrap_err().contains("before 1970"));
    }
}
