//! `veda-bus replay --print` and `--into`: a journal in its rhythm, and a situation in another bus.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::harness::{Bus, Machine, answer, message, query, text, voted_down, with};
use super::machine::Outcome;

/// A bus on which a question was asked and answered, and a proposal put to the vote and rejected by the operator.
fn swarm() -> Bus {
    let bus = Bus::start();
    let (mut lens, mut wire) = (bus.instance("LensSDK"), bus.instance("Flagship"));
    let asked = with(query("asked", "LensSDK"), "ttl", json!(77));
    wire.sends(&with(asked, "x_mine", json!([1, { "deep": "kept" }])));
    lens.sends(&answer("told", "Flagship", "asked", "a trait"));
    wire.sends(&with(query("more", "LensSDK"), "reply_to", json!("told")));
    voted_down(&bus, &mut wire, &mut lens);
    bus
}

/// Plays a part of the journal of `bus` into `other`.
fn play(bus: &Machine, other: &Machine, more: &[&str]) -> Outcome {
    let socket = other.socket().display().to_string();
    bus.run(&[&["replay", "--into", &socket], more].concat())
}

/// The messages that the bus of a machine has accepted, in order.
fn accepted(bus: &Machine) -> Vec<Value> {
    let events = bus.run(&["log", "--json"]).exits(0).json_lines();
    events.into_iter().filter(|event| event["event"] == "accepted").collect()
}

/// The new id of a message in a mapping.
fn new_id<'a>(mapping: &'a [Value], old: &str) -> &'a str {
    let line = mapping.iter().find(|line| line["old"] == old);
    text(line.unwrap_or_else(|| panic!("no {old} in {mapping:?}")), "new")
}

/// A file beside the journal with its events, each `hours` after the one before, and the number of them.
fn slow_journal(bus: &Machine, hours: u64) -> (PathBuf, usize) {
    let journal = fs::read_to_string(bus.journal()).unwrap();
    let slowed = journal.lines().enumerate().map(|(place, line)| {
        let event: Value = serde_json::from_str(line).unwrap();
        let at = event["at"].as_u64().unwrap();
        let later = at + place as u64 * hours * 3_600_000;
        line.replacen(&format!("\"at\":{at}"), &format!("\"at\":{later}"), 1) + "\n"
    });
    let file = bus.work().join("slow.log");
    fs::write(&file, slowed.collect::<String>()).unwrap();
    (file, journal.lines().count())
}

#[test]
fn a_thread_is_played_into_another_bus_with_new_ids() {
    let (bus, other) = (swarm(), Bus::start());
    let mapping = play(&bus, &other, &["--thread", "told", "--json"]).exits(0).json_lines();
    assert_eq!(mapping.len(), 3, "{mapping:?}");
    let [asked, told, more] = ["asked", "told", "more"].map(|old| new_id(&mapping, old));
    let there = accepted(&other);
    let ids: Vec<_> = there.iter().map(|one| text(&one["message"], "id")).collect();
    assert_eq!(ids, [asked, told, more]);
    assert_eq!(there[1]["message"]["reply_to"], asked);
    assert_eq!(there[2]["message"]["reply_to"], told);
    assert!(there.iter().all(|one| one["thread"] == asked), "{there:?}");
    let question = &there[0]["message"];
    assert_eq!((&question["ttl"], &question["x_mine"]), (&json!(77), &json!([1, { "deep": "kept" }])));
    assert_eq!(question["from"]["repo"], "Flagship");
    assert_eq!(mapping[1]["receipt"]["id"], told);
    assert_eq!(other.stage(asked, "LensSDK"), "answered");
}

#[test]
fn a_negotiation_is_voted_on_again_but_not_decided() {
    let (bus, other) = (swarm(), Bus::start());
    let played = play(&bus, &other, &["--thread", "vote", "--json"]).exits(0);
    let mapping = played.json_lines();
    let (vote, no) = (new_id(&mapping, "vote"), new_id(&mapping, "no"));
    assert_eq!(mapping.len(), 2, "{played:#?}");
    played.complains("is left out: only the operator and the bus say how a negotiation ends");
    let negotiations = other.run(&["negotiations", "--open", "--json"]).exits(0).json_lines();
    assert_eq!((negotiations.len(), &negotiations[0]["id"]), (1, &json!(vote)));
    let events = other.run(&["log", "--json"]).exits(0).json_lines();
    let voted = events.iter().find(|event| event["event"] == "voted" && event["repo"] == "LensSDK");
    assert_eq!(voted.unwrap()["message"], no);
    // For whom all is left out, nobody tries to join.
    assert!(events.iter().all(|event| event["event"] != "refused"), "{events:?}");
}

#[test]
fn the_wording_of_the_operator_is_what_is_sent() {
    let (bus, other) = (Bus::with("[bus.approval]\nhold = ['type == \"RequestChange\"']"), Bus::start());
    let (_lens, mut wire) = (bus.instance("LensSDK"), bus.instance("Flagship"));
    let change = json!({ "summary": "Rename all of it", "reason": "none" });
    wire.sends(&message("change", "LensSDK", "RequestChange", change));
    bus.run(&["hold", "release", "change", "--payload", r#"{"summary":"Rename one of it"}"#]).exits(0);
    // That the operator changed it was told by the operator, whom no process is that speaks for an agent.
    let played = play(&bus, &other, &["--thread", "change"]).exits(1);
    assert!(played.stdout.contains("refused (operator_only)"), "{played:#?}");
    let sent = &accepted(&other)[0]["message"];
    assert_eq!((&sent["payload"]["summary"], sent.get("amended_by")), (&json!("Rename one of it"), None));
}

#[test]
fn what_is_refused_or_left_out_is_told_and_the_rest_is_sent() {
    let (bus, other) = (swarm(), Bus::start());
    // LensSDK takes nothing from Flagship there.
    let mut strict = other.wire();
    strict.register_as(json!({ "repo": "LensSDK", "accept_requests_from": ["CI"] }));
    let played = play(&bus, &other, &["--all"]).exits(1);
    assert!(played.stdout.contains("asked → refused (access_denied)"), "{played:#?}");
    assert!(!played.stdout.contains("told →"), "{played:#?}");
    let played = played.complains("told is left out: it answers asked, which was not played");
    let played = played.complains("more is sent without its reply_to: told was not played");
    played.complains("messages were refused");
    let json = play(&bus, &other, &["--thread", "asked", "--json"]).exits(1).json_lines();
    assert_eq!((&json[0]["old"], &json[0]["error"]["code"]), (&json!("asked"), &json!("access_denied")));
}

#[test]
fn nothing_is_doubled_or_played_by_mistake() {
    let bus = swarm();
    let before = accepted(&bus).len();
    play(&bus, &bus, &["--thread", "asked"]).exits(2).complains("--same-bus");
    let journal = bus.journal().display().to_string();
    play(&bus, &bus, &["--all", &journal]).exits(2).complains("--same-bus");
    let other = Machine::new("");
    play(&bus, &other, &["--all"]).exits(3).complains("no bus answers");
    play(&bus, &other, &[]).exits(2).complains("--thread, --since or --until; --all");
    assert_eq!(accepted(&bus).len(), before);
    play(&bus, &bus, &["--thread", "asked", "--same-bus"]).exits(0);
    assert_eq!(accepted(&bus).len(), before + 3);
}

#[test]
fn printed_as_fast_as_possible_it_is_what_log_prints() {
    let mut bus = swarm();
    bus.terminate();
    for conditions in [&[][..], &["--thread", "vote"], &["--repo", "LensSDK", "--type", "query"], &["--json"]]
    {
        let log = bus.run(&[&["log"], conditions].concat()).exits(0);
        let printed = bus.run(&[&["replay", "--print", "--speed", "max"], conditions].concat()).exits(0);
        assert_eq!(printed.stdout, log.stdout);
        assert!(!printed.stdout.is_empty());
    }
}

#[test]
fn silences_take_their_time_or_are_shortened() {
    let bus = swarm();
    let (slow, count) = slow_journal(&bus, 1_000);
    let slow = slow.display().to_string();
    let mut waiting = bus.spawn(&["replay", "--print", "--json", &slow]);
    assert_eq!(waiting.json()["seq"], 1);
    waiting.signal("INT");
    assert!(waiting.wait().success());
    assert_eq!(waiting.stdout().lines().count(), 1, "the next event was weeks later");
    let short = ["replay", "--print", "--json", "--speed", "1000", "--shorten", "--type", "query", &slow];
    let printed = bus.run(&short).exits(0).json_lines();
    assert!(printed.len() > 3 && printed.len() < count, "{printed:?}");
    assert!(printed.iter().map(|event| event["seq"].as_u64()).is_sorted());
}

#[test]
fn a_closed_pipe_is_quiet_and_a_bad_line_is_told() {
    let bus = swarm();
    let (file, count) = slow_journal(&bus, 0);
    let damaged = fs::read_to_string(&file).unwrap().replacen("{\"seq\":2,", "{\"seq\":2;", 1);
    fs::write(&file, damaged).unwrap();
    let file = file.display().to_string();
    let printed = bus.run(&["replay", "--print", "--speed", "max", "--json", &file]);
    let printed =
        printed.exits(1).complains("slow.log:2 (byte").complains("1 line of the journal can not be read");
    assert_eq!(printed.json_lines().len(), count - 1);
    let script = "{ \"$0\" replay --print --speed max; echo \"code $?\" >&2; } | head -n 1";
    let mut shell = bus.command("sh");
    shell.args(["-c", script, super::machine::BINARY]);
    let mut shell = super::harness::Process::start(shell);
    assert!(shell.wait().success());
    assert_eq!((shell.stdout().lines().count(), shell.stderr().as_str()), (1, "code 0\n"));
}

#[test]
fn flags_that_do_not_go_together_are_told() {
    let bus = Machine::new("");
    bus.run(&["replay", "--print", "--into", "x"]).exits(2).complains("cannot be used with");
    bus.run(&["replay", "--shorten"]).exits(2).complains("--print");
    bus.run(&["replay", "--repo", "LensSDK"]).exits(2).complains("--print");
    bus.run(&["replay", "--print"]).exits(1).complains("there is no journal");
    bus.run(&["replay", "--print", "--speed", "0"]).exits(2).complains("is no speed");
}
