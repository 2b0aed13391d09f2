//! What outlives a bus, and what time does to it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

use serde_json::{Value, json};

use super::harness::{Bus, eventually, notice, query, text, with};

#[test]
fn a_torn_end_is_cut_off_reported_and_kept() {
    let mut bus = Bus::start();
    bus.instance("LensSDK");
    bus.instance("Flagship").sends(&query("whole", "LensSDK"));
    let torn: [&[u8]; 5] = [
        b"{\"seq\":",
        b"{\"seq\":99,\"at\":1,\"event\":\"stopped\",\"pid\":1,\"chain\":\"00000000000000000000000000000000\"}",
        b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        b"\xff\xfe garbage",
        b"garbage\nand more\n",
    ];
    for (index, tail) in torn.iter().enumerate() {
        bus.kill();
        let before = fs::read(bus.journal()).unwrap();
        OpenOptions::new().append(true).open(bus.journal()).unwrap().write_all(tail).unwrap();
        bus.restart();
        bus.process().says(&format!("{} bytes were cut off and kept in", tail.len()));
        let kept = bus.journal_files(".torn-");
        assert_eq!(kept.len(), index + 1, "{kept:?}");
        assert!(kept.iter().any(|file| fs::read(file).unwrap() == *tail), "{kept:?}");
        assert!(fs::read(bus.journal()).unwrap().starts_with(&before));
        bus.run(&["log", "verify"]).exits(0);
        assert_eq!(bus.repo("LensSDK")["unread"], 1);
    }
    assert_eq!(bus.instance("LensSDK").receive()["id"], "whole");
}

#[test]
fn a_changed_line_is_found_and_the_rest_is_read() {
    let mut bus = Bus::start();
    bus.instance("LensSDK");
    let mut wire = bus.instance("Flagship");
    for id in ["one", "two", "three"] {
        wire.sends(&query(id, "LensSDK"));
    }
    bus.run(&["log", "verify"]).exits(0);
    bus.kill();
    let journal = fs::read_to_string(bus.journal()).unwrap();
    let forged = journal.replace("question two", "question TWO");
    assert_ne!(forged, journal);
    fs::write(bus.journal(), &forged).unwrap();
    let number = forged.lines().position(|line| line.contains("question TWO")).unwrap() + 1;
    bus.run(&["log", "verify"]).exits(1).complains(&format!("coordination.log:{number} "));
    let found = bus.run(&["log", "verify", "--json"]).exits(1).json();
    assert_eq!((&found["whole"], &found["line"]), (&json!(false), &json!(number)));
    bus.restart();
    bus.process().says(&format!("coordination.log:{number} "));
    let mut lens = bus.instance("LensSDK");
    assert_eq!([lens.receive(), lens.receive()].map(|mut message| message["id"].take()), ["one", "three"]);
    // A line that is missing is found, too.
    bus.kill();
    let without: Vec<_> =
        journal.split_inclusive('\n').filter(|line| !line.contains("question two")).collect();
    fs::write(bus.journal(), without.concat()).unwrap();
    bus.run(&["log", "verify"]).exits(1);
}

#[test]
fn segments_are_one_journal() {
    let mut bus = Bus::with("log_segment_bytes = 16384");
    bus.instance("LensSDK");
    bus.instance("UILib");
    let mut wire = bus.instance("Flagship");
    wire.sends(&query("early", "LensSDK"));
    let mut ui = bus.instance("UILib");
    for index in 0..500 {
        wire.sends(&query(&format!("m{index}"), "UILib"));
        let id = text(&ui.receive(), "id").to_owned();
        ui.ack("read", &[&id]);
    }
    let segments = bus.journal_files(".0");
    assert!(segments.len() > 5, "{segments:?}");
    for _ in 0..2 {
        let verified = bus.run(&["log", "verify", "--json"]).exits(0).json();
        assert!(verified["segments"].as_u64().unwrap() > 5, "{verified}");
        let lines = bus.run(&["log", "--json"]).exits(0).json_lines();
        let numbers = lines.iter().map(|line| line["seq"].as_u64().unwrap());
        assert!(numbers.eq(1..=lines.len() as u64), "every event, in order");
        let accepted = lines.iter().filter(|line| line["event"] == "accepted");
        assert_eq!(accepted.count(), 501);
        bus.kill();
        bus.restart();
    }
    // A subscriber reads across them as well.
    let mut follower = bus.wire();
    follower.ask(json!({ "op": "subscribe", "from": 1 }));
    for seq in 1..=bus.state()["seq"].as_u64().unwrap() {
        assert_eq!(follower.expect("event")["seq"], seq);
    }
    // What waited since before the first rotation is delivered.
    assert_eq!(bus.instance("LensSDK").receive()["id"], "early");
    // A segment that is gone in the middle is found.
    fs::remove_file(&segments[2]).unwrap();
    bus.run(&["log", "verify"]).exits(1).complains("expected event");
}

#[test]
fn old_segments_go_when_nothing_in_them_is_needed() {
    let mut bus =
        Bus::with("log_segment_bytes = 8192\nlog_keep = 2\nmessage_retention = 1\nretention_messages = 1");
    bus.instance("LensSDK");
    bus.instance("UILib");
    let mut wire = bus.instance("Flagship");
    let mut ui = bus.instance("UILib");
    let exchange = |from: &mut super::harness::Wire, ui: &mut super::harness::Wire, name: &str| {
        for index in 0..200 {
            from.sends(&notice(&format!("{name}{index}"), "UILib"));
            let id = text(&ui.receive(), "id").to_owned();
            ui.ack("read", &[&id]);
        }
    };
    wire.sends(&notice("waits", "LensSDK"));
    exchange(&mut wire, &mut ui, "a");
    let kept = bus.journal_files(".0").len();
    assert!(kept > 2, "a message in the first of the {kept} was not read: it must stay");
    bus.run(&["log", "verify"]).exits(0);
    let mut lens = bus.instance("LensSDK");
    assert_eq!(lens.receive()["id"], "waits");
    lens.ack("read", &["waits"]);
    exchange(&mut wire, &mut ui, "b");
    assert_eq!(bus.journal_files(".0").len(), 2);
    bus.run(&["log", "verify"]).exits(0);
    bus.kill();
    bus.restart();
    assert_eq!(bus.state()["unread"], 0);
    // A repo is known for as long as the journal lives.
    bus.instance("Flagship").sends(&query("late", "LensSDK"));
}

#[test]
fn without_a_journal_nothing_outlives_the_bus_and_it_says_so() {
    let mut bus = Bus::with("enable_logging = false");
    bus.process().says("no journal");
    let mut lens = bus.wire();
    assert_eq!(lens.register("LensSDK")["durability"], "none");
    let mut wire = bus.instance("Flagship");
    wire.sends(&query("q", "LensSDK"));
    assert_eq!(lens.receive()["id"], "q");
    let history = wire.ask(json!({ "op": "history", "id": "q" }));
    assert_eq!(history["messages"][0]["message"]["payload"]["question"], "question q");
    assert!(!bus.journal().exists());
    bus.run(&["log"]).exits(1).complains("enable_logging");
    bus.kill();
    bus.restart();
    assert_eq!(bus.instance("Flagship").send(&query("r", "LensSDK"))["code"], "unknown_repo");
}

#[test]
fn what_a_receipt_means_is_said_at_the_welcome() {
    assert_eq!(Bus::start().wire().register("A")["durability"], "power");
    assert_eq!(Bus::with("durability = \"process\"").wire().register("A")["durability"], "process");
}

#[test]
fn a_sender_learns_what_was_never_read() {
    let bus = Bus::start();
    let mut lens = bus.instance("LensSDK");
    bus.instance("UILib");
    let mut wire = bus.instance("Flagship");
    let short = |id: &str, to: &str| with(query(id, to), "ttl", json!(1));
    wire.sends(&short("offline", "UILib"));
    wire.sends(&short("unread", "LensSDK"));
    assert_eq!(lens.receive()["id"], "unread");
    lens.ack("delivered", &["unread"]);
    wire.sends(&short("read", "LensSDK"));
    lens.ack("read", &["read"]);
    wire.sends(&short("all", "*"));
    let mut told: Vec<_> = (0..3).map(|_| wire.expect("notice")).collect();
    told.sort_by_key(|notice| notice["id"].to_string());
    let expected =
        [("all", json!(["LensSDK", "UILib"])), ("offline", json!(["UILib"])), ("unread", json!(["LensSDK"]))];
    for (notice, (id, unread_by)) in told.iter().zip(expected) {
        assert_eq!(*notice, json!({ "op": "notice", "kind": "expired", "id": id, "unread_by": unread_by }));
    }
    assert_eq!(
        (bus.stage("unread", "LensSDK"), bus.stage("read", "LensSDK")),
        ("expired".into(), "read".into())
    );
    assert!(bus.instance("UILib").all_now().is_empty(), "what expired is not delivered");
}

#[test]
fn a_sender_that_is_away_learns_it_later_until_it_says_that_it_knows() {
    let mut bus = Bus::start();
    bus.instance("LensSDK");
    let mut wire = bus.instance("Flagship");
    wire.sends(&with(query("q", "LensSDK"), "ttl", json!(1)));
    drop(wire);
    // Time goes on while there is no bus.
    bus.kill();
    bus.restart();
    bus.reaches("q", "LensSDK", "expired");
    let notice = json!({ "op": "notice", "kind": "expired", "id": "q", "unread_by": ["LensSDK"] });
    for _ in 0..2 {
        assert_eq!(bus.instance("Flagship").next(), notice);
        bus.kill();
        bus.restart();
    }
    let mut wire = bus.instance("Flagship");
    assert_eq!(wire.next(), notice);
    assert_eq!(wire.ask(json!({ "op": "ack", "notices": ["q"] }))["op"], "ok");
    bus.kill();
    bus.restart();
    assert_eq!(bus.instance("Flagship").all_now(), [Value::Null; 0]);
}

#[test]
fn commands_that_stay_outlive_the_bus() {
    let mut bus = Bus::start();
    let mut lens = bus.join("LensSDK", &["--session", "s"]);
    let mut watch = bus.spawn(&["watch", "--from", "1", "--json"]);
    // Whoever has shown something is connected.
    let mut numbers = vec![watch.json()["seq"].as_u64().unwrap()];
    for round in 0..3 {
        let id = format!("q{round}");
        bus.instance("Flagship").sends(&query(&id, "LensSDK"));
        assert_eq!(lens.json()["id"], id.as_str());
        bus.reaches(&id, "LensSDK", "read");
        bus.kill();
        bus.restart();
        eventually("it has come back", || (bus.repo("LensSDK")["connected"] == true).then_some(()));
    }
    let last = bus.state()["seq"].as_u64().unwrap();
    while numbers.last() != Some(&last) {
        numbers.push(watch.json()["seq"].as_u64().unwrap());
    }
    assert!(numbers.iter().copied().eq(1..=last), "every event once, in order: {numbers:?}");
    assert!(watch.stderr().contains("the bus is back"), "{}", watch.stderr());
    let instances = bus.run(&["instances", "--all", "--json"]).exits(0).json_lines();
    assert_eq!(
        instances.iter().filter(|one| one["repo"] == "LensSDK").count(),
        1,
        "it is the same instance still"
    );
}
