//! `veda-bus export`: conversations as documents and as data, from the files of a real bus.

use std::fs;

use serde_json::{Value, json};

use super::harness::{Bus, Machine, answer, message, mode_of, query, text, voted_down};

/// A bus on which something of every kind was said.
fn busy() -> Bus {
    let rule = "[bus.approval]\nhold = ['type == \"RequestChange\"']";
    let bus = Bus::with(rule);
    let (mut lens, mut wire) = (bus.instance("LensSDK"), bus.instance("Flagship"));
    wire.sends(&query("asked", "LensSDK"));
    lens.receive();
    lens.ack("read", &["asked"]);
    lens.sends(&answer("told", "Flagship", "asked", "=1+1, \"two\"\nlines"));
    let change = json!({ "summary": "Rename all of it", "reason": "none" });
    wire.sends(&message("change", "LensSDK", "RequestChange", change));
    let payload = r#"{"summary":"Rename one of it"}"#;
    bus.run(&["hold", "release", "change", "--payload", payload]).exits(0);
    voted_down(&bus, &mut wire, &mut lens);
    bus
}

fn exported(bus: &Machine, more: &[&str]) -> String {
    bus.run(&[&["export"], more].concat()).exits(0).stdout
}

fn conversation<'a>(whole: &'a Value, thread: &str) -> &'a Value {
    let all = whole["conversations"].as_array().unwrap();
    all.iter().find(|one| one["thread"] == thread).unwrap_or_else(|| panic!("no {thread} in {whole}"))
}

#[test]
fn json_has_the_messages_as_they_were_sent_and_what_became_of_them() {
    let bus = busy();
    let whole = bus.run(&["export", "--all", "--json"]).exits(0).json_document();
    assert_eq!((&whole["format"], whole["conversations"].as_array().unwrap().len()), (&json!(1), 3));
    assert_eq!(whole["participants"], json!(["Flagship", "LensSDK", "operator"]));

    let asked = &conversation(&whole, "asked")["messages"];
    assert_eq!(asked[0]["message"]["payload"], json!({ "question": "question asked" }));
    assert_eq!(asked[0]["ladder"][0]["stage"], "answered");
    assert_eq!(
        (&asked[1]["id"], &asked[1]["parent"], &asked[1]["depth"]),
        (&json!("told"), &asked[0]["seq"], &json!(1))
    );

    let change = &conversation(&whole, "change")["messages"][0];
    assert_eq!(change["held"]["by"], "rule");
    assert_eq!(change["sent"]["payload"]["summary"], "Rename all of it");
    assert_eq!(change["message"]["payload"]["summary"], "Rename one of it");

    let vote = &conversation(&whole, "vote")["negotiations"][0];
    assert_eq!(
        (&vote["resolution"]["outcome"], &vote["resolution"]["by"]),
        (&json!("rejected"), &json!("operator"))
    );
    assert_eq!(vote["rounds"][0]["ballots"].as_array().unwrap().len(), 2);
}

#[test]
fn markdown_tells_a_conversation_in_the_order_of_reading() {
    let bus = busy();
    let told = exported(&bus, &["--thread", "told"]);
    assert!(told.starts_with("# veda-bus: 1 conversation, 2 messages\n"), "{told}");
    let places = [
        "## `question asked`",
        "`Flagship` → `LensSDK`: Query",
        "`LensSDK` → `Flagship`: Query answer",
        "\"two\"",
    ];
    let places: Vec<_> =
        places.map(|part| told.find(part).unwrap_or_else(|| panic!("{part} in {told}"))).to_vec();
    assert!(places.is_sorted(), "{told}");
    let change = exported(&bus, &["--type", "request-change"]);
    let parts = [
        "Rename one of it",
        "As it was sent:",
        "Rename all of it",
        "**changed by the operator**",
        "held by the rule",
    ];
    for part in parts {
        assert!(change.contains(part), "{part} in {change}");
    }
    let vote = exported(&bus, &["--thread", "vote"]);
    assert!(vote.contains("rejected by operator") && vote.contains("round 1, worded by Flagship"), "{vote}");
}

#[test]
fn csv_is_a_table_that_a_program_reads_and_in_which_nothing_is_a_formula() {
    let bus = busy();
    let script = "import csv, json, sys\nprint(json.dumps(list(csv.DictReader(sys.stdin))))";
    let table = exported(&bus, &["--all", "--format", "csv"]);
    let mut command = bus.command("python3");
    command.args(["-c", script]);
    let mut python = super::harness::Process::start(command);
    python.write(table.as_bytes());
    python.close_stdin();
    let rows = python.json();
    let row = |id: &str| rows.as_array().unwrap().iter().find(|row| row["id"] == id).unwrap().clone();
    assert_eq!(rows.as_array().unwrap().len(), 7);
    assert_eq!(row("told")["text"], "'=1+1, \"two\"\nlines");
    assert_eq!((&row("told")["reply_to"], &row("told")["form"]), (&json!("asked"), &json!("answer")));
    assert_eq!(row("asked")["delivery"], "LensSDK answered");
    assert!(text(&row("asked"), "answered_after_seconds").parse::<f64>().unwrap() >= 0.0);
    assert!(text(&row("asked"), "time").ends_with('Z'));
    assert_eq!((&row("change")["held"], &row("change")["changed"]), (&json!("yes"), &json!("yes")));
}

#[test]
fn no_bus_is_needed_and_a_file_is_private_and_not_replaced_unasked() {
    let mut bus = busy();
    bus.terminate();
    let file = bus.work().join("talk.html");
    let export = ["export", "--all", "--output", "talk.html"];
    bus.run(&export).exits(0).complains("talk.html: 3 conversations, 7 messages");
    assert_eq!(mode_of(&file), 0o600);
    assert!(fs::read_to_string(&file).unwrap().starts_with("<!doctype html>"));
    fs::write(&file, "mine").unwrap();
    bus.run(&export).exits(1).complains("talk.html is there already; --force replaces it");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    bus.run(&[&export[..], &["--force"]].concat()).exits(0);
    assert_ne!(fs::read_to_string(&file).unwrap(), "mine");
    assert_eq!(fs::read_dir(bus.work()).unwrap().count(), 1, "nothing else is left there");
}

#[test]
fn a_span_has_the_messages_of_the_span_and_what_became_of_them_later() {
    let bus = Bus::start();
    let (mut lens, mut wire) = (bus.instance("LensSDK"), bus.instance("Flagship"));
    wire.sends(&query("early", "LensSDK"));
    let whole = bus.run(&["export", "--all", "--json"]).exits(0).json_document();
    let at = conversation(&whole, "early")["messages"][0]["at"].as_u64().unwrap();
    // The next one is not of the same second.
    super::harness::eventually("another second", || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        (now.as_millis() / 1000 > u128::from(at / 1000 + 1)).then_some(())
    });
    lens.receive();
    lens.ack("read", &["early"]);
    lens.sends(&answer("late", "Flagship", "early", "yes"));
    bus.reaches("early", "LensSDK", "answered");
    let until = chrono_local(at / 1000 + 1);
    let early = bus.run(&["export", "--until", &until, "--json"]).exits(0).json_document();
    let messages = &conversation(&early, "early")["messages"];
    assert_eq!(messages.as_array().unwrap().len(), 1);
    assert_eq!(messages[0]["ladder"][0]["stage"], "answered");
    let late = bus.run(&["export", "--since", &until, "--json"]).exits(0).json_document();
    let messages = &conversation(&late, "early")["messages"];
    assert_eq!((&messages[0]["id"], &messages[0]["depth"]), (&json!("late"), &json!(0)));
}

/// The moment as it is written on a machine without a time zone.
fn chrono_local(seconds: u64) -> String {
    let mut command = std::process::Command::new("date");
    let printed =
        command.env("TZ", "").args(["-d", &format!("@{seconds}"), "+%Y-%m-%d %H:%M:%S"]).output().unwrap();
    String::from_utf8(printed.stdout).unwrap().trim().to_owned()
}

#[test]
fn what_can_not_be_done_is_told_in_a_line() {
    let machine = Machine::new("");
    machine.run(&["export", "--all"]).exits(1).complains("there is no journal");
    let bus = busy();
    bus.run(&["export"]).exits(2).complains("say what to export: --thread");
    bus.run(&["export", "--thread", "nobody"]).exits(1).complains("no message in the journal is \"nobody\"");
    let ambiguous = bus.run(&["export", "--thread", ""]);
    ambiguous.exits(2).complains("messages of several threads begin with");
    bus.run(&["export", "--all", "--output", "a.pdf"])
        .exits(2)
        .complains("does not end in .md, .html, .json or .csv");
    bus.run(&["export", "--all", "--output", "/dev/null", "--format", "md"]).exits(2).complains("is no file");
    fs::write(bus.work().join("file"), "").unwrap();
    let within = bus.run(&["export", "--all", "--output", "file/a.md"]).exits(1);
    within.complains("there is no folder file");
    bus.run(&["export", "--all", "--output", "typo/a.md"]).exits(1).complains("there is no folder typo");
    assert!(!bus.work().join("typo").exists());
    bus.run(&["export", "--all", "--json", "--format", "csv"]).exits(2).complains("leave one of them out");
    bus.run(&["export", "--repo", "Nobody"])
        .exits(1)
        .complains("nothing in the journal is what was asked for");
}
