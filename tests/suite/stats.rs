//! `veda-bus stats`: what a real journal comes to in numbers.

use serde_json::{Value, json};

use super::harness::{Bus, Machine, answer, message, notice, query, with};

/// A bus on which two repos talked, one vote ended, one message was held, one refused, and one answer is owed.
fn busy() -> Bus {
    let bus = Bus::with("[bus.approval]\nhold = ['type == \"RequestChange\"']");
    let (mut lens, mut wire) = (bus.instance("LensSDK"), bus.instance("Flagship"));
    for id in ["q1", "q2"] {
        wire.sends(&query(id, "LensSDK"));
        lens.receive();
    }
    lens.ack("read", &["q1", "q2"]);
    lens.sends(&answer("a1", "Flagship", "q1", "yes"));
    lens.sends(&notice("n", "Flagship"));
    wire.sends(&message("change", "LensSDK", "RequestChange", json!({ "summary": "Rename it" })));
    bus.run(&["hold", "refuse", "change", "--comment", "No"]).exits(0);
    let proposal = json!({ "proposal": "Move it", "affected_repos": ["Flagship", "LensSDK"], "requires_consensus": true });
    wire.sends(&message("vote", "LensSDK", "Negotiate", proposal));
    let yes = message("yes", "Flagship", "Negotiate", json!({ "vote": "accept" }));
    lens.sends(&with(yes, "reply_to", json!("vote")));
    bus.run(&["approve", "vote"]).exits(0);
    bus.run(&["send", "query", "--to", "LensSDX", "--question", "?"]).exits(4);
    bus
}

fn row<'a>(rows: &'a Value, member: &str, value: &str) -> &'a Value {
    let rows = rows.as_array().unwrap();
    rows.iter().find(|row| row[member] == value).unwrap_or_else(|| panic!("no {value} in {rows:?}"))
}

#[test]
fn a_journal_comes_to_these_numbers() {
    let mut bus = busy();
    bus.terminate();
    let stats = bus.run(&["stats", "--json"]).exits(0).json();
    let queries = row(&stats["types"], "type", "Query");
    assert_eq!((&queries["messages"], &queries["answers"]["count"]), (&json!(3), &json!(1)));
    assert_eq!(queries["answers"]["slowest"], "q1");
    let lens = row(&stats["repos"], "repo", "LensSDK");
    assert_eq!((&lens["sent"], &lens["answers"]["count"]), (&json!(3), &json!(2)));
    let pairs = stats["pairs"].as_array().unwrap();
    let there = pairs.iter().find(|pair| pair["from"] == "Flagship" && pair["to"] == "LensSDK").unwrap();
    assert_eq!(there["messages"], 4);
    let delivery = &stats["delivery"];
    assert_eq!((&delivery["answered"], &delivery["refused"]), (&json!(2), &json!(1)));
    let bars = stats["timeline"]["messages"].as_array().unwrap();
    assert_eq!(
        bars.iter().map(|bar| bar.as_u64().unwrap()).sum::<u64>(),
        stats["messages"].as_u64().unwrap()
    );

    let owed = stats["obligations"].as_array().unwrap();
    assert_eq!(owed.len(), 1);
    assert_eq!(
        (&owed[0]["id"], &owed[0]["by"], &owed[0]["overdue"]),
        (&json!("q2"), &json!("LensSDK"), &json!(false))
    );
    let votes = &stats["negotiations"];
    assert_eq!((&votes["open"], &votes["outcomes"]), (&json!(0), &json!({ "approved": 1 })));
    assert_eq!((&votes["decided_by"], &votes["rounds"]), (&json!({ "operator": 1 }), &json!({ "1": 1 })));
    let holds = &stats["holds"];
    assert_eq!((&holds["by_rule"], &holds["refused"], &holds["waiting"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!(stats["refused"], json!({ "unknown_repo": 1 }));
}

#[test]
fn tables_fit_a_terminal_and_tell_what_is_open() {
    let bus = busy();
    let shown = bus.run(&["stats"]).exits(0).stdout;
    let parts = [
        "Who talked to whom",
        "Open obligations",
        "LensSDK  Flagship  Query",
        "1 approved",
        "1 by operator",
        "unknown_repo",
    ];
    for part in parts {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    assert!(shown.is_ascii(), "a machine without a locale shows ASCII: {shown}");
    let mut command = bus.command(super::machine::BINARY);
    command.env("LANG", "C.UTF-8").arg("stats");
    let mut process = super::harness::Process::start(command);
    assert!(process.wait().success() && process.stdout().contains('█'), "{}", process.stdout());
}

#[test]
fn a_part_of_the_journal_has_its_own_numbers() {
    let bus = busy();
    let of = |choice: &[&str]| bus.run(&[&["stats", "--json"], choice].concat()).exits(0).json();
    assert_eq!(of(&["--thread", "q1"])["messages"], 2);
    let notify = of(&["--type", "notify"]);
    assert_eq!(
        (&notify["messages"], &notify["obligations"], &notify["refused"]),
        (&json!(1), &json!([]), &json!({}))
    );
    assert_eq!(of(&["--repo", "Nobody"])["messages"], 0);
    assert_eq!(of(&["--until", "1h"])["messages"], 0);
    let nothing = bus.run(&["stats", "--repo", "Nobody"]).exits(0).stdout;
    assert_eq!(nothing, "no message in the journal is what was asked for\n");
}

#[test]
fn without_a_journal_there_is_one_clear_line() {
    let machine = Machine::new("");
    machine.run(&["stats"]).exits(1).complains("there is no journal");
    machine.run(&["stats", "--since", "soon"]).exits(2).complains("--since: expected");
}
