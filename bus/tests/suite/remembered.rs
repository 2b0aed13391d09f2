//! What a state keeps of messages that are finished, and of those that are forgotten.

use std::time::Duration;

use serde_json::json;
use veda_bus_core::hub::Policy;
use veda_bus_core::name::{InstanceId, MessageId, Seq};
use veda_bus_core::state::record::Record;
use veda_bus_core::state::{Keep, State};
use veda_bus_core::wire::request::AckStage;

use crate::bench::{Bench, answer, query, repo, with};

/// A bench that remembers so much of what is finished, an asker, and somebody who is asked.
fn scene(messages: usize, bodies: usize) -> (Bench, InstanceId, InstanceId) {
    let keep = Keep { retention: Duration::from_secs(60), messages, bodies, owed: Keep::OWED };
    let mut bench = Bench::with(Policy { keep, ..Policy::default() });
    let (asker, lens) = (bench.join("Flagship"), bench.join("LensSDK"));
    (bench, asker, lens)
}

fn id(name: &str) -> MessageId {
    MessageId::new(name).unwrap()
}

fn record<'a>(state: &'a State, name: &str) -> &'a Record {
    state.message(&id(name)).unwrap_or_else(|| panic!("{name} is remembered"))
}

/// Which of these have their text.
fn with_text<'a>(bench: &Bench, names: &[&'a str]) -> Vec<&'a str> {
    let state = bench.hub.state();
    let has = |name: &&&str| state.body(record(state, name).seq).is_some();
    names.iter().filter(has).copied().collect()
}

#[test]
fn the_texts_that_were_finished_first_go_first() {
    let (mut bench, asker, lens) = scene(100, 1000);
    let names = ["a", "b", "c", "d"];
    for name in names {
        let message = with(query(name, "LensSDK"), "payload", json!({ "question": "x".repeat(300) }));
        bench.send(&asker, &message).unwrap();
    }
    let size = record(bench.hub.state(), "a").size();
    assert!(size * 2 <= 1000 && size * 3 > 1000, "two of {size} bytes fit");
    let mut left_after = |name| {
        bench.ack(&lens, name, AckStage::Read).unwrap();
        with_text(&bench, &names)
    };
    assert_eq!(left_after("c"), names);
    assert_eq!(left_after("a"), names, "what is not finished does not count");
    assert_eq!(left_after("b"), ["a", "b", "d"]);
    assert_eq!(left_after("d"), ["b", "d"]);
    // One that is larger than everything leaves room for what comes after it.
    let large = with(query("large", "LensSDK"), "payload", json!({ "question": "x".repeat(2000) }));
    bench.send(&asker, &large).unwrap();
    assert_eq!(with_text(&bench, &["large", "d"]), ["large", "d"]);
    bench.ack(&lens, "large", AckStage::Read).unwrap();
    assert_eq!(with_text(&bench, &["large", "b", "d"]), [""; 0]);
    bench.send(&asker, &query("small", "LensSDK")).unwrap();
    bench.ack(&lens, "small", AckStage::Read).unwrap();
    assert_eq!(with_text(&bench, &["large", "small"]), ["small"]);
}

#[test]
fn the_parent_is_named_though_it_is_forgotten_or_was_never_known() {
    let (mut bench, asker, lens) = scene(2, 0);
    bench.send(&asker, &query("root", "LensSDK")).unwrap();
    bench.send(&lens, &answer("middle", "Flagship", "root")).unwrap();
    bench.send(&asker, &answer("leaf", "LensSDK", "middle")).unwrap();
    bench.send(&asker, &answer("orphan", "LensSDK", "never")).unwrap();
    let expected = [("middle", "root"), ("leaf", "middle"), ("orphan", "never")];
    let parents = |bench: &Bench| -> Vec<Option<Seq>> {
        expected.map(|(child, _)| bench.hub.state().message(&id(child)).and_then(Record::parent)).to_vec()
    };
    let before = parents(&bench);
    assert!(before[0].is_some() && before[1].is_some() && before[2].is_none());
    let check = |bench: &Bench, children: &[(&str, &str)]| {
        let state = bench.hub.state();
        for (child, parent) in children {
            assert_eq!(state.reply_to(record(state, child)), Some(&id(parent)), "what {child} answers");
        }
    };
    check(&bench, &expected);
    // The root and the middle are finished, then others, until they are forgotten.
    bench.ack(&asker, "middle", AckStage::Read).unwrap();
    for filler in ["x", "y"] {
        bench.send(&asker, &query(filler, "LensSDK")).unwrap();
        bench.ack(&lens, filler, AckStage::Read).unwrap();
    }
    for gone in ["root", "middle"] {
        assert!(bench.hub.state().message(&id(gone)).is_none(), "{gone} is forgotten");
    }
    check(&bench, &expected[1..]);
    assert_eq!(parents(&bench)[1..], before[1..]);
    assert_eq!(bench.hub.state().thread(&id("root")).unwrap().messages.len(), 1);
    assert_eq!(*record(bench.hub.state(), "leaf").thread, id("root"));
    // With the last answer, all of it is gone; a new message of the same id is another one.
    bench.ack(&lens, "leaf", AckStage::Read).unwrap();
    for filler in ["z", "w"] {
        bench.send(&asker, &query(filler, "LensSDK")).unwrap();
        bench.ack(&lens, filler, AckStage::Read).unwrap();
    }
    assert!(bench.hub.state().thread(&id("root")).is_none());
    bench.send(&asker, &query("middle", "LensSDK")).unwrap();
    assert_eq!(bench.hub.state().reply_to(record(bench.hub.state(), "middle")), None);
}

#[test]
fn an_id_that_comes_again_is_the_last_message_of_that_id() {
    let (mut bench, asker, lens) = scene(1, 0);
    for _ in 0..2 {
        for name in ["again", "between"] {
            // Nothing is owed for an announcement, so that its id is free when it is forgotten.
            let said = json!({ "change_type": "deprecation", "summary": "s" });
            let notice = with(with(query(name, "LensSDK"), "type", json!("Notify")), "payload", said);
            bench.send(&asker, &notice).unwrap();
            bench.ack(&lens, name, AckStage::Read).unwrap();
        }
    }
    let mut all = State::new(Keep::ALL);
    bench.events.iter().for_each(|recorded| all.apply(recorded));
    let seqs: Vec<_> = all.by_prefix("again").map(|record| record.seq).collect();
    assert_eq!(seqs.len(), 2, "the bus had forgotten the first one");
    assert_eq!(record(&all, "again").seq, seqs[1]);
    for seq in seqs {
        let found = all.record(seq).unwrap();
        assert!(found.is_finished() && all.body(seq).is_some(), "{found:?}");
        assert_eq!(found.deliveries.len(), 1);
        assert_eq!(found.delivery(&repo("LensSDK")).unwrap().steps().count(), 2);
    }
}
