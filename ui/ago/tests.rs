use proptest::prelude::*;

use super::*;

#[test]
fn ages_are_told_in_the_largest_whole_unit() {
    let told = |millis| ago(Millis(1000), Millis(1000 + millis)).0;
    let ages = [0, MINUTE - 1, MINUTE, HOUR - 1, HOUR, DAY - 1, DAY, 400 * DAY];
    assert_eq!(ages.map(told), ["now", "now", "1m", "59m", "1h", "23h", "1d", "400d"]);
    assert_eq!(ago(Millis(5000), Millis(0)).0, "now", "a clock that was set back");
}

#[test]
fn what_is_left_is_told_until_it_is_overdue() {
    let told = |now| left(Millis(10 * DAY), Millis(now)).0;
    assert_eq!(told(0), "10 d left");
    assert_eq!(told(10 * DAY - HOUR), "1 h left");
    assert_eq!(told(10 * DAY - 5 * MINUTE + 1), "4 min left");
    assert_eq!(told(10 * DAY - 1), "<1 min left");
    assert_eq!(told(10 * DAY), "overdue");
    assert_eq!(told(10 * DAY + 3 * MINUTE), "overdue 3m");
}

#[test]
fn what_dies_says_when() {
    let told = |left| dies(Millis(10 * DAY), Millis(10 * DAY - left)).0;
    let all = [2 * DAY, 3 * HOUR, 4 * MINUTE, MINUTE, 59_999, 50_000, 49_999, 10_000, 9_999, 1, 0];
    let words = ["2 d", "3 h", "4 min", "1 min", "50 s", "50 s", "40 s", "10 s", "<10 s", "<10 s"];
    let words = words.map(|time| format!("dies in {time}"));
    assert_eq!(all.map(told)[..10], words);
    assert_eq!(told(0), "its time is up");
}

proptest! {
    #[test]
    fn sentences_hold_until_just_before_they_change(then in 0..3 * DAY, now in 0..3 * DAY) {
        let tell = |then, now| {
            let (words, next) = before(then, now);
            (words, Some(next))
        };
        for tell in [tell, dies] {
            let (words, next) = tell(Millis(then), Millis(now));
            let Some(next) = next else { continue };
            prop_assert!(next > Millis(now));
            prop_assert_eq!(&tell(Millis(then), Millis(next.0 - 1)).0, &words);
            prop_assert_ne!(&tell(Millis(then), next).0, &words);
        }
    }

    #[test]
    fn words_hold_until_just_before_they_change(then in 0..3 * DAY, now in 0..3 * DAY) {
        for tell in [ago, left] {
            let (words, next) = tell(Millis(then), Millis(now));
            prop_assert!(next > Millis(now));
            prop_assert_eq!(&tell(Millis(then), Millis(next.0 - 1)).0, &words);
            prop_assert_ne!(&tell(Millis(then), next).0, &words);
        }
    }
}
