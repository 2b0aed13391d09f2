//! What must go on while others keep the bus busy, and what must not be lost when a peer is in a hurry.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::harness::{Bus, query, with};

/// Messages expired only when the bus had nothing else to do: a timer was begun anew with every frame that came in.
#[test]
fn time_passes_under_load_as_well() {
    let bus = Bus::start();
    let _lens = bus.instance("LensSDK");
    let mut flagship = bus.instance("Flagship");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for mut wire in [bus.wire(), bus.wire(), bus.wire()] {
            let done = &done;
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    wire.ask(json!({ "op": "ping" }));
                }
            });
        }
        flagship.sends(&with(query("q", "LensSDK"), "ttl", json!(1)));
        // The load goes on until this has come.
        let notice = flagship.find("the notice", |frame| frame["op"] == "notice");
        done.store(true, Ordering::Relaxed);
        assert_eq!((&notice["kind"], &notice["id"]), (&json!("expired"), &json!("q")));
    });
}

/// Without a journal, what happened in the same breath as a `subscribe` never came to the subscriber.
#[test]
fn a_subscriber_gets_what_happens_at_once_also_without_a_journal() {
    for config in ["enable_logging = false", ""] {
        let bus = Bus::with(config);
        bus.instance("LensSDK");
        let mut wire = bus.wire();
        let frames = [
            json!({ "op": "register", "repo": "Flagship" }),
            json!({ "op": "subscribe" }),
            json!({ "op": "send", "message": query("q", "LensSDK") }),
        ];
        let lines = frames.map(|frame| frame.to_string()).join("\n") + "\n";
        wire.write(lines.as_bytes());
        let event = wire.find("the event", |frame| frame["op"] == "event" && frame["event"] == "accepted");
        assert_eq!(event["message"]["id"], "q");
    }
}

/// What a peer had sent was thrown away when it closed without having read the answers.
#[test]
fn what_was_sent_before_the_end_counts() {
    let bus = Bus::with("durability = \"process\"");
    bus.instance("LensSDK");
    let mut wire = bus.wire();
    let mut lines = format!("{}\n", json!({ "op": "register", "repo": "Flagship", "receive": "none" }));
    for index in 0..2000 {
        let send = json!({ "op": "send", "message": query(&format!("q{index}"), "LensSDK") });
        lines.extend([send.to_string(), "\n".to_owned()]);
    }
    wire.write(lines.as_bytes());
    drop(wire);
    super::harness::eventually("all are accepted", || (bus.state()["accepted"] == 2000).then_some(()));
}
