//! `history` by the numbers of events, remembered or not, and what `state` says of where the past begins.

use serde_json::{Value, json};

use super::harness::{Bus, Wire, notice, query, text, with};

/// A bus that remembers one finished message, and whose journal has many files.
fn forgetful() -> (Bus, Wire, Wire) {
    let bus = Bus::with("log_segment_bytes = 8192\nretention_messages = 1");
    let (lens, wire) = (bus.instance("LensSDK"), bus.instance("Flagship"));
    (bus, lens, wire)
}

/// Asks and has it read; the event that accepted it.
fn exchange(wire: &mut Wire, lens: &mut Wire, id: &str) -> u64 {
    let receipt = wire.sends(&notice(id, "LensSDK"));
    assert_eq!(lens.receive()["id"], id);
    lens.ack("read", &[id]);
    receipt["seq"].as_u64().unwrap()
}

fn messages(wire: &mut Wire, seqs: &Value) -> Vec<Value> {
    let answer = wire.ask(json!({ "op": "history", "seqs": seqs }));
    assert_eq!(answer["op"], "history", "{answer}");
    answer["messages"].as_array().unwrap().clone()
}

#[test]
fn messages_are_told_by_the_events_that_accepted_them() {
    let (bus, mut lens, mut wire) = forgetful();
    let seqs: Vec<_> = (0..150).map(|index| exchange(&mut wire, &mut lens, &format!("m{index}"))).collect();
    let open = wire.sends(&query("open", "LensSDK"))["seq"].as_u64().unwrap();
    assert!(bus.journal_files(".0").len() > 3);
    assert_eq!(bus.state()["remembered"], 2);

    // In whatever order they are asked for, twice, and with events that accepted nothing or are not there.
    let mut asked: Vec<u64> =
        seqs.iter().rev().copied().chain([open, seqs[3], 0, 1, seqs[5] + 1, 1 << 40]).collect();
    asked.rotate_left(70);
    let found = messages(&mut wire, &json!(asked));
    let expected = (0..150).map(|index| format!("m{index}")).chain(["open".to_owned()]);
    assert!(found.iter().map(|one| text(&one["message"], "id").to_owned()).eq(expected), "{found:?}");
    let numbers = found.iter().map(|one| one["record"]["seq"].as_u64().unwrap());
    assert!(numbers.eq(seqs.iter().copied().chain([open])));

    // What is forgotten is told as it was accepted, and says so.
    let forgotten = &found[0]["record"];
    assert_eq!(forgotten["forgotten"], true);
    assert_eq!((&forgotten["id"], &forgotten["thread"]), (&json!("m0"), &json!("m0")));
    let ladder = &forgotten["ladder"][0];
    assert_eq!((&ladder["repo"], &ladder["stage"]), (&json!("LensSDK"), &json!("routed")));
    assert_eq!(ladder["steps"], json!([["routed", forgotten["at"]]]));
    assert_eq!(found[0]["message"]["payload"]["summary"], "notice m0");
    let last = &found[149]["record"];
    assert_eq!((&last["forgotten"], &last["ladder"][0]["stage"]), (&Value::Null, &json!("read")));
    assert_eq!(found[150]["record"]["forgotten"], Value::Null);
    assert_eq!(messages(&mut wire, &json!([])), [Value::Null; 0]);
}

#[test]
fn an_answer_ends_before_it_is_too_long_and_the_rest_can_be_asked_for() {
    let (_bus, mut lens, mut wire) = forgetful();
    let seqs: Vec<_> = (0..12)
        .map(|index| {
            let id = format!("m{index}");
            let payload = json!({ "question": "x".repeat(900_000) });
            let receipt = wire.sends(&with(query(&id, "LensSDK"), "payload", payload));
            lens.receive();
            lens.ack("read", &[&id]);
            receipt["seq"].as_u64().unwrap()
        })
        .collect();
    let first = messages(&mut wire, &json!(seqs));
    assert!((7..10).contains(&first.len()), "8 MiB of 12 messages: {}", first.len());
    let rest = messages(&mut wire, &json!(seqs[first.len()..]));
    assert_eq!(first.len() + rest.len(), 12);
    assert_eq!(rest.last().unwrap()["message"]["id"], "m11");
}

#[test]
fn what_the_journal_does_not_have_is_left_out() {
    let bus = Bus::with("enable_logging = false\nretention_messages = 1");
    let (mut lens, mut wire) = (bus.instance("LensSDK"), bus.instance("Flagship"));
    let seqs = ["a", "b"].map(|id| exchange(&mut wire, &mut lens, id));
    let open = wire.sends(&query("open", "LensSDK"))["seq"].as_u64().unwrap();
    let found = messages(&mut wire, &json!([seqs[0], seqs[1], open]));
    let told: Vec<_> =
        found.iter().map(|one| (text(&one["record"], "id"), one["message"].is_null())).collect();
    assert_eq!(told, [("b", true), ("open", false)], "the text of what is finished is in the journal only");
    let state = bus.state();
    assert_eq!((&state["oldest"], &state["since"]), (&Value::Null, &json!(1)));
}

#[test]
fn the_state_says_where_the_past_begins() {
    let mut bus =
        Bus::with("log_segment_bytes = 8192\nlog_keep = 1\nretention_messages = 1\nmessage_retention = 1");
    let (mut lens, mut wire) = (bus.instance("LensSDK"), bus.instance("Flagship"));
    let begun = bus.state();
    assert_eq!(begun["oldest"], 1);
    assert_eq!(begun["since"], 1, "the first checkpoint is the first event");
    wire.sends(&notice("waits", "LensSDK"));
    lens.receive();
    lens.ack("read", &["waits"]);
    let last = (0..100).map(|index| exchange(&mut wire, &mut lens, &format!("m{index}"))).last().unwrap();
    let state = bus.state();
    let since = state["since"].as_u64().unwrap();
    assert!((2..=last).contains(&since), "a rotation has written a later checkpoint: {since}");
    // A stream from the oldest event begins with it, also after a restart.
    let oldest = state["oldest"].as_u64().unwrap();
    assert!(oldest > 1, "files were removed");
    bus.kill();
    bus.restart();
    assert_eq!(bus.state()["oldest"], oldest);
    let mut follower = bus.wire();
    follower.ask(json!({ "op": "subscribe", "from": 1 }));
    assert_eq!(follower.expect("event")["seq"], oldest);
}
