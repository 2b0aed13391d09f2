#![allow(clippy::unwrap_used, reason = "tests")]

use veda_bus_core::event::{Accepted, Event, Recorded};
use veda_bus_core::message::Message;
use veda_bus_core::name::InstanceId;
use veda_bus_core::state::Keep;
use veda_bus_core::time::Millis;

use super::*;

/// A state in which the message number `n` (from 1) answers the one that stands at its place, 0 being none.
fn state(parents: &[u64]) -> State {
    let mut state = State::new(Keep::ALL);
    for (place, &parent) in parents.iter().enumerate() {
        let seq = place as u64 + 1;
        let reply_to = if parent == 0 { String::new() } else { format!(r#","reply_to":"m{parent}""#) };
        let json = format!(
            r#"{{"id":"m{seq}","from":{{"repo":"A"}},"to":{{"repo":"B"}},"type":"Query","payload":{{"question":"?"}},
            "timestamp":1{reply_to}}}"#
        );
        let accepted = Accepted {
            held: None,
            by: InstanceId::new("i").unwrap(),
            thread: "m1".parse().unwrap(),
            parent: (parent > 0).then_some(Seq(parent)),
            expires_at: Millis(10),
            recipients: Vec::new(),
            message: Message::parse(&json, None).unwrap(),
        };
        state.apply(&Recorded { seq: Seq(seq), at: Millis(seq), event: Event::Accepted(Box::new(accepted)) });
    }
    state
}

fn picture(parents: &[u64], folded: &[u64]) -> String {
    let folded = folded.iter().map(|&seq| Seq(seq)).collect();
    let nodes = tree(&state(parents), &"m1".parse().unwrap(), &folded);
    let line = |node: &Node| {
        let lines: String =
            (1..node.level).map(|level| if node.lines & (1 << level) != 0 { '|' } else { ' ' }).collect();
        let end = match (node.level, node.is_last) {
            (0, _) => "",
            (_, true) => "`",
            (_, false) => "+",
        };
        let hidden = if node.hidden > 0 { format!(" ({})", node.hidden) } else { String::new() };
        format!("{lines}{end}{}{hidden}\n", node.seq)
    };
    nodes.iter().map(line).collect()
}

#[test]
fn a_dialogue_does_not_go_to_the_right() {
    assert_eq!(picture(&[0, 1, 2, 3], &[]), "1\n+2\n+3\n`4\n");
}

#[test]
fn answers_side_by_side_stand_further_in() {
    assert_eq!(picture(&[0, 1, 1, 2, 2, 5], &[]), "1\n+2\n|+4\n|+5\n|`6\n`3\n");
    assert_eq!(picture(&[0, 1, 2, 2, 3], &[]), "1\n`2\n +3\n +5\n `4\n");
}

#[test]
fn what_is_folded_is_counted() {
    assert_eq!(picture(&[0, 1, 2, 2, 3], &[2]), "1\n`2 (3)\n");
}

#[test]
fn a_thread_whose_beginning_is_not_known_is_a_forest() {
    assert_eq!(picture(&[0, 0, 2], &[]), "1\n2\n`3\n");
}
