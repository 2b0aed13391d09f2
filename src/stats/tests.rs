//! What long journals come to, and what the tables look like.

use std::collections::BTreeMap;

use veda_bus_core::event::Moved;
use veda_bus_core::name::Seq;
use veda_bus_ui::row::Row;
use veda_bus_ui::theme::Symbols;

use super::*;
use crate::show::tests::accepted;

/// `LensSDK` is asked by Flagship, reads it, reads it again, and answers after so many milliseconds.
fn asked(counting: &mut Counting, number: u64, after: u64) {
    let (id, answer) = (format!("id-{number}"), format!("answer-{number}"));
    let lens = || "LensSDK".parse().unwrap();
    let read = || {
        let ids = vec![id.parse().unwrap()];
        Event::Read(Moved { repo: lens(), instance: "i".parse().unwrap(), ids })
    };
    let answered = Answered { id: id.parse().unwrap(), repo: lens(), answer: answer.parse().unwrap() };
    let events = [
        Event::Accepted(Box::new(accepted(&id, "Flagship", "LensSDK", None))),
        read(),
        read(),
        Event::Answered(answered),
    ];
    for (place, event) in (0..).zip(events) {
        let at = Millis(number * 1_000_000 + if place == 3 { after } else { 0 });
        counting.take(&Recorded { seq: Seq(number * 10 + place), at, event });
    }
}

fn summary() -> Summary {
    let mut counting = Counting::new(Wanted::default());
    (1..=10).for_each(|number| asked(&mut counting, number, number * 1000));
    counting.finish(Millis(11_000_000))
}

#[test]
fn each_message_is_counted_once_for_each_recipient() {
    let summary = summary();
    assert_eq!((summary.messages, summary.delivery.recipients), (10, 10));
    assert_eq!((summary.delivery.read, summary.delivery.answered), (10, 10));
    let times = summary.types[0].answers.as_ref().unwrap();
    assert_eq!((times.count, times.slowest_ms, times.slowest.to_string()), (10, 10_000, "id-10".to_owned()));
    assert!((4990..=5010).contains(&times.median_ms), "{}", times.median_ms);
    assert_eq!(summary.repos.len(), 2);
    assert_eq!(summary.timeline.messages.iter().sum::<u64>(), 10);
}

#[test]
fn tables_of_any_numbers_fit_eighty_columns() {
    let mut summary = summary();
    let long = "日本語".repeat(14).parse::<RepoName>().unwrap();
    summary.pairs[0].from = long.clone();
    summary.pairs[0].messages = u64::MAX;
    summary.repos[0].repo = long;
    summary.repos[0].sent = 99_999_999;
    summary.refused = BTreeMap::from([("unknown_repo", u64::MAX)]);
    summary.delivery.recipients = u64::MAX;
    for symbols in [Symbols::UTF8, Symbols::ASCII] {
        let rows = report::rows(&summary, &symbols);
        assert!(rows.len() > 20 && rows.iter().all(|row| row.width() <= 80), "{rows:#?}");
    }
}

#[test]
fn the_report_of_a_small_journal() {
    let rows = report::rows(&summary(), &Symbols::ASCII);
    let shown: Vec<_> = rows.iter().map(Row::text).skip(1).collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn where_nothing_was_said_there_is_a_line_that_says_so() {
    let nothing = Counting::new(Wanted::default()).finish(Millis(0));
    let rows = report::rows(&nothing, &Symbols::UTF8);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].text(), "no message in the journal is what was asked for");
}
