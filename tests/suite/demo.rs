//! `veda-bus demo`: what it shows has happened, and it answers the operator.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::harness::{Bus, Machine, Process, answer, eventually, message, query, text};

const CAST: [&str; 3] = ["Flagship", "LensSDK", "UILib"];

/// As fast as it goes.
const FAST: [&str; 3] = ["demo", "--speed", "10000"];

#[test]
fn without_a_bus_it_says_how_to_start_one() {
    Machine::new("").run(&["demo"]).exits(3).complains("veda-bus serve");
}

#[test]
fn it_plays_every_type_and_every_step_has_happened() {
    let bus = Bus::start();
    let shown = bus.run(&[&FAST[..], &["--once", "--json"]].concat()).exits(0).json_lines();
    let kinds: BTreeSet<_> = shown.iter().map(|line| text(line, "type")).collect();
    assert_eq!(kinds, BTreeSet::from(["Negotiate", "Notify", "Query", "RequestChange", "Task"]));
    let history = bus.wire().ask(json!({ "op": "history", "limit": 1000 }));
    let history = history["messages"].as_array().unwrap();
    let ids = |lines: &[Value]| lines.iter().map(|line| text(line, "id").to_owned()).collect::<Vec<_>>();
    let records: Vec<_> = history.iter().map(|entry| entry["record"].clone()).collect();
    assert_eq!(ids(&shown), ids(&records), "each line is a message, in the order in which it was sent");
    for (line, record) in shown.iter().zip(&records) {
        assert_eq!(line["thread"], record["thread"]);
        for ladder in record["ladder"].as_array().unwrap() {
            let climbed: Vec<_> = ladder["steps"].as_array().unwrap().iter().map(|step| &step[0]).collect();
            let expected: &[&str] = match (text(ladder, "repo"), text(ladder, "stage")) {
                ("operator", _) => &["queued"],
                (_, "answered") => &["routed", "delivered", "read", "answered"],
                _ => &["routed", "delivered", "read"],
            };
            assert_eq!(climbed, expected, "{line}");
        }
    }
    let told = bus.run(&["instances", "--all", "--json"]).exits(0).json_lines();
    let cast: Vec<_> = told.iter().filter(|one| one["client"] == "demo").collect();
    assert_eq!(cast.len(), CAST.len(), "{told:?}");
    assert!(cast.iter().all(|one| one["path"].is_string()), "{cast:?}");
    everybody_leaves(&bus);
    // It can be played again, and is a line of text for people.
    let lines = bus.run(&[&FAST[..], &["--once"]].concat()).exits(0).stdout;
    assert_eq!(lines.lines().count(), shown.len());
    assert!(lines.contains(" RequestChange LensSDK → Flagship, reply to "), "{lines}");
}

fn everybody_leaves(bus: &Bus) {
    for repo in CAST {
        eventually("it leaves", || (bus.repo(repo)["connected"] == false).then_some(()));
    }
}

/// A demo whose script is over.
fn played(bus: &Bus) -> Process {
    let demo = bus.spawn(&FAST);
    demo.says("waits for an answer of yours");
    demo
}

#[test]
fn it_reacts_to_the_operator() {
    let bus = Bus::start();
    let demo = played(&bus);
    let mut me = bus.instance("operator");
    let question =
        me.find("the question", |frame| frame["message"]["payload"]["response_format"].is_string());
    let question = text(&question["message"], "id").to_owned();
    assert!(demo.stderr().contains(&format!("veda-bus reply {}", &question[..8])), "{}", demo.stderr());
    me.sends(&answer("yes", "Flagship", &question, "Yes, after 17:00"));
    let told = me.find("what is told", |frame| frame["message"]["payload"]["change_type"] == "decision");
    assert!(text(&told["message"]["payload"], "summary").ends_with("Yes, after 17:00"), "{told}");
    let thanks = me.find("thanks", |frame| frame["message"]["reply_to"] == "yes");
    assert!(thanks["message"]["payload"]["comment"].is_string(), "{thanks}");
    bus.reaches("yes", "Flagship", "answered");
}

#[test]
fn it_answers_what_the_operator_sends_until_it_is_told_to_end() {
    let bus = Bus::start();
    let mut demo = played(&bus);
    let mut me = bus.instance("operator");
    let all = [
        ("RequestChange", json!({ "summary": "s" }), "decision", "accepted"),
        ("Query", json!({ "question": "Anybody there?" }), "answer", "You asked: Anybody there?"),
        ("Notify", json!({ "change_type": "x", "summary": "s" }), "findings", "LensSDK"),
        (
            "Negotiate",
            json!({ "proposal": "p", "affected_repos": ["LensSDK"], "requires_consensus": true }),
            "vote",
            "accept",
        ),
        (
            "Task",
            json!({ "task_type": "x", "description": "d", "subtasks": { "LensSDK": "the lens" } }),
            "detail",
            "the lens",
        ),
    ];
    for (kind, payload, member, wanted) in all {
        me.sends(&message(kind, "LensSDK", kind, payload));
        let answer = me.find("the answer", |frame| frame["message"]["reply_to"] == kind);
        assert_eq!(answer["message"]["type"], kind);
        let said = text(&answer["message"]["payload"], member);
        assert!(said.contains(wanted), "{said}");
        bus.reaches(kind, "LensSDK", "answered");
    }
    // What others send is not for a demo; it is left for the agent that it is meant for.
    bus.instance("Stranger").sends(&query("strange", "LensSDK"));
    me.sends(&query("last", "LensSDK"));
    bus.reaches("last", "LensSDK", "answered");
    assert_eq!(bus.stage("strange", "LensSDK"), "delivered");
    bus.run(&["demo", "--once"]).exits(1).complains("connected already");
    demo.signal("INT");
    assert_eq!(demo.wait().code(), Some(0), "{}", demo.stderr());
    everybody_leaves(&bus);
    assert_eq!(bus.instance("LensSDK").receive()["id"], "strange");
}
