use veda_bus_core::event::{Answered, Left, LeftReason, Moved, Stopped};
use veda_bus_core::name::Seq;

use super::*;
use crate::show::tests::accepted;

/// A small journal: a question, a broadcast-like second message of another sender, their steps, and others' affairs.
fn journal() -> Vec<Event> {
    let moved = |ids: &[&str]| Moved {
        repo: "LensSDK".parse().unwrap(),
        instance: "i".parse().unwrap(),
        ids: ids.iter().map(|id| id.parse().unwrap()).collect(),
    };
    let left = |repo: &str| Left {
        instance: "i".parse().unwrap(),
        repo: repo.parse().unwrap(),
        reason: LeftReason::Closed,
    };
    let (id, answer) = ("aa1".parse().unwrap(), "bb1".parse().unwrap());
    vec![
        Event::Accepted(Box::new(accepted("aa1", "Flagship", "LensSDK", None))),
        Event::Accepted(Box::new(accepted("ab2", "UILib", "LensSDK", None))),
        Event::Delivered(moved(&["aa1", "ab2"])),
        Event::Accepted(Box::new(accepted("bb1", "LensSDK", "Flagship", Some("aa1")))),
        Event::Answered(Answered { id, repo: "LensSDK".parse().unwrap(), answer }),
        Event::Left(left("UILib")),
        Event::Stopped(Stopped { pid: 1 }),
    ]
}

/// The places of the selected events, with how many messages of a delivery are left.
fn selected(wanted: Wanted) -> Vec<String> {
    let mut selection = Selection::new(wanted);
    let mut found = Vec::new();
    for (place, event) in journal().into_iter().enumerate() {
        let number = u64::try_from(place).unwrap();
        let recorded = Recorded { seq: Seq(number + 1), at: Millis(number * 10), event };
        let json = || r#"{"event":"x","message":{"n":5,"q":"Stra\u00dfe A"},"chain":"c0ffee"}"#;
        if let Some(recorded) = selection.of(recorded, json) {
            found.push(match recorded.event {
                Event::Delivered(moved) => format!("{place}x{}", moved.ids.len()),
                _ => place.to_string(),
            });
        }
    }
    found
}

#[test]
fn everything_is_wanted_unless_something_is_said() {
    assert_eq!(selected(Wanted::default()), ["0", "1", "2x2", "3", "4", "5", "6"]);
}

#[test]
fn conditions_hold_together() {
    let thread = || Some("aa1".parse().unwrap());
    let repo = |name: &str| Some(name.parse().unwrap());
    assert_eq!(selected(Wanted { thread: thread(), ..Wanted::default() }), ["0", "2x1", "3", "4"]);
    assert_eq!(selected(Wanted { repo: repo("UILib"), ..Wanted::default() }), ["1", "2x1", "5"]);
    assert_eq!(selected(Wanted { repo: repo("LensSDK"), ..Wanted::default() }), ["0", "1", "2x2", "3", "4"]);
    assert_eq!(selected(Wanted { repo: repo("Flagship"), ..Wanted::default() }), ["0", "2x1", "3", "4"]);
    assert_eq!(selected(Wanted { repo: repo("UILib"), thread: thread(), ..Wanted::default() }), [""; 0]);
    let kind = |kind| Wanted { kind: Some(kind), ..Wanted::default() };
    assert_eq!(selected(kind(MessageType::Query)), ["0", "1", "2x2", "3", "4"]);
    assert_eq!(selected(kind(MessageType::Notify)), [""; 0]);
    let (since, until) = (Some(Millis(20)), Some(Millis(40)));
    assert_eq!(selected(Wanted { since, until, thread: thread(), ..Wanted::default() }), ["2x1", "3", "4"]);
}

#[test]
fn text_is_searched_decoded_and_without_its_case() {
    let count = |text: &str| selected(Wanted { text: Some(text.into()), ..Wanted::default() }).len();
    for (text, found) in
        [("straße a", 7), ("STRASSE", 0), ("message", 7), ("coffee", 0), ("c0ffee", 0), ("5", 7)]
    {
        assert_eq!(count(text), found, "{text}");
    }
}

#[test]
fn a_thread_is_found_by_any_of_its_messages() {
    let find = |prefix: &str| {
        let mut search = ThreadSearch::new(prefix);
        for event in journal() {
            if let Event::Accepted(accepted) = event {
                search.look_at(&accepted);
            }
        }
        search.found().map(|id| id.to_string()).map_err(|failure| failure.to_string())
    };
    assert_eq!(find("bb").as_deref(), Ok("aa1"));
    assert_eq!(find("aa1").as_deref(), Ok("aa1"));
    assert!(find("a").unwrap_err().contains("aa1, ab2"));
    assert!(find("zz").unwrap_err().contains("no message in the journal"));
}
