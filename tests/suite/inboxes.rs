//! `inbox`: what a repo has not read, for agents that ask at their own time and for commands that ask on their behalf.

use serde_json::{Value, json};

use super::harness::{Bus, Wire, answer, message, notice, query, text, with};

/// The ids of the messages in an inbox.
fn ids(inbox: &Value) -> Vec<String> {
    assert_eq!(inbox["op"], "inbox", "{inbox}");
    let messages = inbox["messages"].as_array().unwrap();
    messages.iter().map(|one| text(&one["message"], "id").to_owned()).collect()
}

fn of_session(session: &str) -> Value {
    json!({ "op": "inbox", "repo": "LensSDK", "session_id": session })
}

/// An instance of `LensSDK` that has taken what was handed to it.
fn instance(bus: &Bus, session: &str) -> Wire {
    let mut wire = bus.wire();
    wire.register_as(json!({ "repo": "LensSDK", "session_id": session, "instance_id": session }));
    wire
}

#[test]
fn it_has_what_is_unread_by_priority_and_what_is_owed() {
    let bus = Bus::start();
    let mut lens = bus.instance("LensSDK");
    let mut flagship = bus.instance("Flagship");
    assert_eq!(ids(&lens.ask(json!({ "op": "inbox" }))), Vec::<String>::new());
    flagship.sends(&notice("n1", "LensSDK"));
    flagship.sends(&query("q1", "LensSDK"));
    flagship.sends(&with(query("q2", "LensSDK"), "priority", json!("high")));
    lens.sends(&query("q3", "Flagship"));
    let inbox = lens.ask(json!({ "op": "inbox" }));
    assert_eq!(ids(&inbox), ["q2", "n1", "q1"]);
    let owed = |side: &str| {
        let newest = inbox[side]["newest"].as_array().unwrap();
        newest.iter().map(|one| text(one, "id").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((owed("owes"), owed("owed")), (vec!["q1".into(), "q2".into()], vec!["q3".to_owned()]));
    // To ask changes nothing, and a place in the stream of events or a limit narrows it.
    assert_eq!(bus.stage("q2", "LensSDK"), "routed");
    let first = inbox["messages"][1]["seq"].clone();
    assert_eq!(ids(&lens.ask(json!({ "op": "inbox", "after": first }))), ["q2", "q1"]);
    let some = lens.ask(json!({ "op": "inbox", "limit": 1 }));
    assert_eq!((ids(&some), &some["more"]), (vec!["q2".to_owned()], &json!(2)));
    lens.ack("read", &["q1", "n1"]);
    assert_eq!(ids(&lens.ask(json!({ "op": "inbox" }))), ["q2"]);
}

#[test]
fn a_command_speaks_for_the_instance_of_its_session() {
    let bus = Bus::start();
    let (mut first, mut second) = (instance(&bus, "s1"), instance(&bus, "s2"));
    let mut flagship = bus.instance("Flagship");
    for id in ["a", "b"] {
        flagship.sends(&query(id, "LensSDK"));
    }
    // Each has one of them, and a command sees that of its own session only.
    let (of_first, of_second) = (first.receive(), second.receive());
    let mut command = bus.wire();
    let inbox = command.ask(of_session("s1"));
    assert_eq!((ids(&inbox), &inbox["instance"]), (vec![text(&of_first, "id").to_owned()], &json!("s1")));
    let ack = json!({ "op": "ack", "stage": "read", "ids": [of_first["id"]], "repo": "LensSDK", "session_id": "s1" });
    assert_eq!(command.ask(ack)["op"], "ok");
    let id = text(&of_first, "id");
    assert_eq!(bus.stage(id, "LensSDK"), "read");
    let history = bus.wire().ask(json!({ "op": "history", "id": id }));
    assert_eq!(history["messages"][0]["record"]["ladder"][0]["instance"], "s1");
    assert_eq!(ids(&command.ask(of_session("s1"))), Vec::<String>::new());
    let stranger = json!({ "op": "ack", "stage": "read", "ids": [of_second["id"]], "repo": "Nobody" });
    assert_eq!(command.ask(stranger)["code"], "not_registered");
}

#[test]
fn a_command_below_the_host_speaks_for_its_agent_without_a_session() {
    let bus = Bus::start();
    // This process is the host, as it would be after a `/clear` of which the server knows nothing.
    let mut host = Wire::connect_itself(&bus.socket());
    host.register_as(json!({ "repo": "LensSDK", "session_id": "before", "instance_id": "lens" }));
    let mut flagship = bus.instance("Flagship");
    flagship.sends(&query("q", "LensSDK"));
    let script = format!(
        "printf '%s\\n' '{}' | socat -t 10 - UNIX-CONNECT:{}",
        of_session("after"),
        bus.socket().display()
    );
    let mut shell = bus.command("/bin/sh");
    shell.args(["-c", &script]);
    let inbox = super::harness::Process::start(shell).json();
    assert_eq!((ids(&inbox), &inbox["instance"]), (vec!["q".to_owned()], &json!("lens")));
}

#[test]
fn who_waits_is_answered_when_something_comes_or_the_instance_leaves() {
    let bus = Bus::start();
    let lens = instance(&bus, "s1");
    let mut flagship = bus.instance("Flagship");
    flagship.sends(&query("q1", "LensSDK"));
    let mut command = bus.wire();
    let seq = command.ask(of_session("s1"))["seq"].clone();
    let wait = with(with(of_session("s1"), "wait", json!(true)), "after", seq);
    command.say(&with(wait.clone(), "ref", json!("w")));
    assert_eq!(command.all_now(), Vec::<Value>::new(), "nothing has come yet");
    flagship.sends(&query("q2", "LensSDK"));
    let inbox = command.expect("inbox");
    assert_eq!((ids(&inbox), &inbox["ref"]), (vec!["q2".to_owned()], &json!("w")));
    let after = with(wait, "after", inbox["seq"].clone());
    command.say(&after);
    assert_eq!(command.all_now(), Vec::<Value>::new());
    drop(lens);
    assert_eq!(command.expect("inbox")["instance"], Value::Null, "nobody is left to wait for");
    // There is an end to how much a connection may wait for.
    for _ in 0..16 {
        command.say(&json!({ "op": "inbox", "repo": "Nobody", "wait": true }));
    }
    let one_more = command.ask(json!({ "op": "inbox", "repo": "Nobody", "wait": true }));
    assert_eq!((&one_more["code"], &one_more["at"]), (&json!("invalid_frame"), &json!("wait")));
}

#[test]
fn who_waits_is_answered_when_an_earlier_message_becomes_available() {
    let bus = Bus::with("[bus.approval]\nhold = ['type == \"RequestChange\"']");
    let (_lens, other) = (instance(&bus, "s1"), instance(&bus, "s2"));
    let mut flagship = bus.instance("Flagship");
    flagship.sends(&message("held", "LensSDK", "RequestChange", json!({ "summary": "Expose it" })));
    for id in ["a", "b"] {
        flagship.sends(&query(id, "LensSDK"));
    }
    let mut command = bus.wire();
    let waits = |command: &mut Wire| {
        let seq = command.ask(of_session("s1"))["seq"].clone();
        command.say(&with(with(of_session("s1"), "wait", json!(true)), "after", seq));
        assert_eq!(command.all_now(), Vec::<Value>::new(), "nothing has come yet");
    };
    waits(&mut command);
    drop(other);
    command.expect("inbox");
    assert_eq!(ids(&command.ask(of_session("s1"))), ["a", "b"], "what the other instance had");
    waits(&mut command);
    bus.run(&["hold", "release", "held"]).exits(0);
    command.expect("inbox");
    assert_eq!(ids(&command.ask(of_session("s1"))), ["held", "a", "b"]);
}

#[test]
fn a_session_that_has_two_instances_has_one_inbox() {
    let bus = Bus::start();
    let mut both = ["first", "second"].map(|id| {
        let mut wire = bus.wire();
        wire.register_as(json!({ "repo": "LensSDK", "session_id": "s1", "instance_id": id }));
        wire
    });
    let mut flagship = bus.instance("Flagship");
    for id in ["a", "b"] {
        flagship.sends(&query(id, "LensSDK"));
    }
    for wire in &mut both {
        wire.receive();
    }
    let mut command = bus.wire();
    let inbox = command.ask(of_session("s1"));
    assert_eq!((ids(&inbox), &inbox["instance"]), (vec!["a".into(), "b".into()], &json!("second")));
    let ack =
        json!({ "op": "ack", "stage": "read", "ids": ["a", "b"], "repo": "LensSDK", "session_id": "s1" });
    assert_eq!(command.ask(ack)["op"], "ok");
    assert_eq!([bus.stage("a", "LensSDK"), bus.stage("b", "LensSDK")], ["read", "read"]);
    let [first, second] = both;
    drop(second);
    let inbox = command.ask(of_session("s1"));
    assert_eq!((ids(&inbox), &inbox["instance"]), (Vec::new(), &json!("first")));
    drop(first);
}

#[test]
fn it_is_for_whoever_says_for_whom() {
    let bus = Bus::start();
    let mut lens = bus.instance("LensSDK");
    assert_eq!(bus.wire().ask(json!({ "op": "inbox" }))["code"], "not_registered");
    let other = lens.ask(json!({ "op": "inbox", "repo": "Flagship" }));
    assert_eq!((&other["code"], &other["at"]), (&json!("identity_mismatch"), &json!("repo")));
    let mistyped = lens.ask(json!({ "op": "inbox", "limit": "all" }));
    assert_eq!((&mistyped["code"], &mistyped["at"]), (&json!("invalid_frame"), &json!("limit")));
}

#[test]
fn it_tells_what_was_not_read_in_time_until_that_is_known() {
    let bus = Bus::start();
    let mut lens = bus.instance("LensSDK");
    lens.sends(&with(query("q", "operator"), "ttl", json!(1)));
    bus.reaches("q", "operator", "expired");
    let expired = json!([{ "id": "q", "from": "LensSDK", "unread_by": ["operator"] }]);
    assert_eq!(bus.wire().ask(of_session("s"))["expired"], expired);
    assert_eq!(lens.ask(json!({ "op": "ack", "notices": ["q"] }))["op"], "ok");
    assert_eq!(bus.wire().ask(of_session("s"))["expired"], Value::Null);
}

#[test]
fn what_is_held_or_for_others_is_not_in_it() {
    let bus = Bus::with("[bus.approval]\nhold = ['type == \"RequestChange\"']");
    let mut lens = bus.wire();
    lens.register_as(json!({ "repo": "LensSDK", "session_id": "s1", "capabilities": ["auth"] }));
    drop(lens);
    let mut flagship = bus.instance("Flagship");
    flagship.sends(&message("held", "LensSDK", "RequestChange", json!({ "summary": "Expose it" })));
    let to = json!({ "repo": "LensSDK", "capabilities": ["auth"] });
    flagship.sends(&with(query("capable", "LensSDK"), "to", to));
    flagship.sends(&query("anyone", "LensSDK"));
    flagship.sends(&answer("reply", "LensSDK", "anyone", "mine"));
    assert_eq!(ids(&bus.wire().ask(of_session("s1"))), ["anyone", "reply"]);
}
