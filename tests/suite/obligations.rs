//! Who owes whom an answer, and how far tasks are, as the command line and the socket tell it.

use serde_json::{Value, json};

use super::harness::{Bus, Wire, message, query, text, with};

fn decides(wire: &mut Wire, id: &str, to: &str, parent: &str, payload: Value) {
    wire.sends(&with(message(id, to, "RequestChange", payload), "reply_to", json!(parent)));
}

/// What `veda-bus obligations` lists, each as `(debtor, creditor, id, whether it waits)`.
fn owed(bus: &Bus, more: &[&str]) -> Vec<(String, String, String, bool)> {
    let listed = bus.run(&[&["obligations", "--json"], more].concat()).exits(0).json_lines();
    let all = listed.iter().map(|one| {
        let of = |member| text(one, member).to_owned();
        (of("by"), of("to"), of("id"), one["waiting"] == true)
    });
    all.collect()
}

fn one(by: &str, to: &str, id: &str, waiting: bool) -> (String, String, String, bool) {
    (by.into(), to.into(), id.into(), waiting)
}

#[test]
fn a_request_is_bargained_over_accepted_and_done() {
    let bus = Bus::start();
    let (mut app, mut lens) = (bus.instance("Flagship"), bus.instance("LensSDK"));
    assert!(bus.run(&["obligations"]).exits(0).stdout.contains("nobody owes an answer"));
    let of = |more: &[&str]| bus.run(&[&["obligations", "--repo", "LensSDK"], more].concat()).exits(0).stdout;
    assert_eq!(of(&[]), "LensSDK owes no answer, and is owed none\n");
    app.sends(&message("r", "LensSDK", "RequestChange", json!({ "summary": "Expose it" })));
    assert_eq!(owed(&bus, &[]), [one("LensSDK", "Flagship", "r", false)]);
    decides(&mut lens, "k", "Flagship", "r", json!({ "decision": "acknowledged" }));
    let shown = bus.run(&["obligations"]).exits(0).stdout;
    assert!(shown.contains("acknowledged") && shown.contains("LensSDK owes Flagship 1 answer"), "{shown}");

    let counter = json!({ "decision": "countered", "counter_proposal": "Only the types" });
    decides(&mut lens, "c", "Flagship", "r", counter);
    let both = [one("LensSDK", "Flagship", "r", true), one("Flagship", "LensSDK", "c", false)];
    assert_eq!(owed(&bus, &[]), both);
    assert_eq!(owed(&bus, &["--repo", "Nobody"]), []);
    assert_eq!(of(&["--overdue"]), "LensSDK is not late, and nobody is late with LensSDK\n");
    assert_eq!(bus.run(&["obligations", "--overdue"]).exits(0).stdout, "nobody is late\n");
    let shown = bus.run(&["obligations"]).exits(0).stdout;
    assert!(shown.contains("when Flagship has answered") && shown.contains("counter"), "{shown}");

    decides(&mut app, "y", "LensSDK", "c", json!({ "decision": "accepted" }));
    decides(&mut lens, "e", "Flagship", "y", json!({ "decision": "accepted", "eta_seconds": 90_000 }));
    let accepted = bus.run(&["obligations", "--json"]).exits(0).json();
    assert_eq!((&accepted["id"], &accepted["word"]), (&json!("r"), &json!("accepted")));
    assert!(bus.run(&["obligations"]).exits(0).stdout.contains("in 1d"));
    assert_eq!(bus.state()["owed"], 1);

    decides(&mut lens, "d", "Flagship", "e", json!({ "decision": "done" }));
    assert_eq!(owed(&bus, &[]), []);
}

#[test]
fn who_is_late_is_told_so_and_a_restart_does_not_forget_it() {
    let mut bus = Bus::start();
    let (mut app, mut lens) = (bus.instance("Flagship"), bus.instance("LensSDK"));
    app.sends(&with(query("late", "LensSDK"), "ttl", json!(1)));
    app.sends(&query("early", "LensSDK"));
    lens.receive();
    // The sender is told when its time is up, for nobody has read it.
    let notice = app.find("an expiry", |frame| frame["op"] == "notice" && frame["kind"] == "expired");
    assert_eq!(notice["id"], "late");
    assert_eq!(owed(&bus, &["--overdue"]), [one("LensSDK", "Flagship", "late", false)]);
    let shown = bus.run(&["obligations", "--repo", "Flagship"]).exits(0).stdout;
    assert!(shown.contains("LensSDK owes Flagship 2 answers, 1 late"), "{shown}");
    let before = owed(&bus, &[]);
    bus.kill();
    bus.restart();
    assert_eq!(owed(&bus, &[]), before);
}

#[test]
fn a_task_has_a_bar_and_a_line_for_each_part() {
    let bus = Bus::start();
    let (mut app, mut lens) = (bus.instance("Flagship"), bus.instance("LensSDK"));
    let mut ui = bus.instance("UILib");
    assert!(bus.run(&["tasks"]).exits(0).stdout.contains("no task"));
    let subtasks = json!({ "LensSDK": "SDK tests", "UILib": "UI tests" });
    let task = json!({ "task_type": "test_suite", "description": "Test\u{1b}[2J 2.0", "subtasks": subtasks });
    app.sends(&message("t", "*", "Task", task));
    let report = |wire: &mut Wire, id: &str, payload: Value| {
        wire.sends(&with(message(id, "Flagship", "Task", payload), "reply_to", json!("t")));
    };
    report(&mut lens, "1", json!({ "status": "in_progress", "detail": "12 of 40" }));
    report(&mut ui, "2", json!({ "status": "done" }));
    let shown = bus.run(&["tasks"]).exits(0).stdout;
    for part in ["Test\\x1b[2J 2.0 from Flagship", "1 of 2 done", "in progress", ": 12 of 40", "UILib"] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
    let told = bus.run(&["tasks", "--open", "--json"]).exits(0).json();
    assert_eq!((&told["done"], &told["all"], &told["id"]), (&json!(1), &json!(2), &json!("t")));
    assert_eq!(owed(&bus, &[]), [one("LensSDK", "Flagship", "t", false)]);
    report(&mut lens, "3", json!({ "status": "failed" }));
    assert_eq!(bus.run(&["tasks", "--open"]).exits(0).stdout.trim(), "no task is open");
    assert!(bus.run(&["tasks"]).exits(0).stdout.contains("1 failed, finished"));
}

#[test]
fn parts_of_the_state_are_told_when_they_are_asked_for() {
    let bus = Bus::start();
    let mut wire = bus.wire();
    let plain = wire.ask(json!({ "op": "state" }));
    assert!(plain["state"].get("obligations").is_none() && plain["state"].get("tasks").is_none(), "{plain}");
    let with = ["negotiations", "holds", "obligations", "tasks", "tasks"];
    let full = wire.ask(json!({ "op": "state", "with": with }));
    for part in ["proposals", "holds", "held_threads", "obligations", "tasks"] {
        assert_eq!(full["state"][part], json!({ "newest": [], "more": 0 }), "{part}");
    }
    let refused = wire.ask(json!({ "op": "state", "with": ["tasks", "obligation"] }));
    assert_eq!((&refused["code"], &refused["at"]), (&json!("invalid_frame"), &json!("with[1]")), "{refused}");
    assert!(text(&refused, "hint").contains("obligations"), "{refused}");
    let refused = wire.ask(json!({ "op": "state", "with": "tasks" }));
    assert_eq!((&refused["code"], &refused["at"]), (&json!("invalid_frame"), &json!("with")), "{refused}");
    bus.run(&["obligations", "--repo", ""]).exits(2);
}
