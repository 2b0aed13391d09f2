//! An instance that is there and does not answer.

use serde_json::json;

use super::harness::{Bus, eventually, query};

/// Names of the events that concern `instance`, out of the journal.
fn events_of(bus: &Bus, instance: &str) -> Vec<String> {
    let lines = bus.run(&["log", "--json"]).exits(0).json_lines();
    let concern = lines.iter().filter(|line| line["instance"] == instance);
    concern.map(|line| line["event"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_a_stopped_process_has_goes_to_another_until_it_goes_on() {
    let bus = Bus::with("stuck_after = 1");
    let mut stopped = bus.join("LensSDK", &["--instance", "lens-1"]);
    stopped.signal("STOP");
    let mut wire = bus.instance("Flagship");
    assert_eq!(wire.sends(&query("q1", "LensSDK"))["recipients"][0]["status"], "routed");
    let mut other = bus.join("LensSDK", &["--instance", "lens-2"]);
    assert_eq!(other.json()["id"], "q1");
    bus.reaches("q1", "LensSDK", "read");
    let shown = bus.run(&["instances", "--json"]).exits(0).json_lines();
    let state = |id| shown.iter().find(|one| one["instance"] == id).map(|one| one["state"].clone());
    assert_eq!((state("lens-1"), state("lens-2")), (Some(json!("stuck")), Some(json!("connected"))));
    // It gets nothing more while it is stuck.
    for id in ["q2", "q3"] {
        wire.sends(&query(id, "LensSDK"));
        assert_eq!(other.json()["id"], id);
    }
    stopped.signal("CONT");
    eventually("it counts as there again", || {
        events_of(&bus, "lens-1").contains(&"resumed".to_owned()).then_some(())
    });
    other.signal("TERM");
    assert!(other.wait().success());
    wire.sends(&query("q4", "LensSDK"));
    // It had q1 in its hands when it was stopped, and prints it: read by two is better than by none.
    stopped.line_with("\"q4\"");
    bus.reaches("q4", "LensSDK", "read");
    let events = events_of(&bus, "lens-1");
    assert!(events.contains(&"stuck".to_owned()), "{events:?}");
    assert_eq!(other.line_now(), None);
}

#[test]
fn one_that_answers_is_not_stuck_however_slow_its_agent_is() {
    let bus = Bus::with("stuck_after = 1");
    let mut slow = bus.instance("LensSDK");
    let mut wire = bus.instance("Flagship");
    wire.sends(&query("q", "LensSDK"));
    wire.sends(&super::harness::with(query("clock", "operator"), "ttl", json!(3)));
    // It takes the message, answers pings, and does not say that it has the message: for three seconds, by the bus's
    // own clock.
    assert_eq!(slow.receive()["id"], "q");
    eventually("three seconds have passed", || {
        slow.all_now();
        (bus.stage("clock", "operator") == "expired").then_some(())
    });
    assert!(!events_of(&bus, &slow.instance).contains(&"stuck".to_owned()));
    slow.ack("read", &["q"]);
}
