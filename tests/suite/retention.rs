//! What becomes of old files of the journal: compressed, removed, and the bus none the wiser.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::harness::{Bus, Screen, Wire, message, mode_of, notice, query, text};

/// A bus with a journal of many files: first what stays open (a message that nobody reads, a proposal that nobody votes
/// on, a question that was read and not answered), then much that is finished.
fn with_a_past(finished: bool) -> Bus {
    let mut bus = Bus::with("log_segment_bytes = 8192\nmessage_retention = 1\nretention_messages = 1");
    let (mut ui, mut app) = (bus.instance("UILib"), bus.instance("Flagship"));
    bus.instance("LensSDK");
    if finished {
        exchange(&mut app, &mut ui, "early", 100);
    }
    app.sends(&notice("unread", "LensSDK"));
    app.sends(&query("owed", "UILib"));
    assert_eq!(ui.receive()["id"], "owed");
    ui.ack("read", &["owed"]);
    let proposal =
        json!({ "proposal": "Move auth", "affected_repos": ["LensSDK"], "requires_consensus": true });
    app.sends(&message("open", "LensSDK", "Negotiate", proposal));
    exchange(&mut app, &mut ui, "late", 100);
    drop((ui, app));
    bus.kill();
    bus.restart();
    bus
}

fn exchange(app: &mut Wire, ui: &mut Wire, name: &str, count: usize) {
    for index in 0..count {
        app.sends(&notice(&format!("{name}{index}"), "UILib"));
        let id = text(&ui.receive(), "id").to_owned();
        ui.ack("read", &[&id]);
    }
}

/// What a bus knows, without what is different after every start.
fn knows(bus: &Bus) -> Value {
    let lines = |arguments: &[&str]| bus.run(arguments).exits(0).json_lines();
    let state = bus.state();
    json!({
        "unread": state["unread"], "owed": state["owed"], "remembered": state["remembered"], "since": state["since"],
        "obligations": lines(&["obligations", "--json"]),
        "negotiations": lines(&["negotiations", "--json"]),
        "unread message": lines(&["show", "unread", "--json"]),
    })
}

/// All lines of the journal, as they are.
fn lines(bus: &Bus) -> Vec<String> {
    bus.run(&["log", "--json"]).exits(0).stdout.lines().map(str::to_owned).collect()
}

fn tool(name: &str, arguments: &[&str], file: &PathBuf) {
    assert!(Command::new(name).args(arguments).arg(file).status().unwrap().success(), "{name}");
}

#[test]
fn compressed_files_are_read_by_everything_beside_a_running_bus() {
    let mut bus = with_a_past(true);
    let before = lines(&bus);
    let archives = bus.journal_files(".0");
    assert!(archives.len() > 6, "{archives:?}");
    tool("gzip", &[], &archives[0]);
    let told = bus.run(&["log", "compress", "--json"]).exits(0).json_lines();
    let total = &told.last().unwrap()["total"];
    assert_eq!(total["segments"], archives.len() as u64 - 1);
    assert!(total["after"].as_u64().unwrap() * 2 < total["before"].as_u64().unwrap(), "{total}");
    let packed = bus.journal_files(".0");
    assert_eq!(packed.len(), archives.len());
    for (file, suffix) in packed.iter().zip(std::iter::once("gz").chain(std::iter::repeat("zst"))) {
        assert_eq!((file.extension().unwrap().to_str(), mode_of(file)), (Some(suffix), 0o600));
    }
    assert_eq!(lines(&bus), before);
    bus.run(&["log", "verify"]).exits(0);
    assert!(bus.run(&["log", "compress"]).exits(0).stdout.contains("nothing to pack"));

    // A subscriber and a look-up read them.
    let mut follower = bus.wire();
    follower.ask(json!({ "op": "subscribe", "from": 1 }));
    for seq in 1..=bus.state()["seq"].as_u64().unwrap() {
        assert_eq!(follower.expect("event")["seq"], seq);
    }
    let seqs: Vec<_> = before.iter().filter(|line| line.contains("\"event\":\"accepted\"")).collect();
    let seqs: Vec<_> =
        seqs.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["seq"].clone()).collect();
    let some: Vec<_> = seqs.iter().step_by(7).cloned().collect();
    let found = bus.wire().ask(json!({ "op": "history", "seqs": some }));
    assert_eq!(found["messages"].as_array().unwrap().len(), some.len());

    // A start needs some of them, and writes on.
    let known = knows(&bus);
    bus.kill();
    bus.restart();
    assert_eq!(knows(&bus), known);
    let (mut ui, mut app) = (bus.instance("UILib"), bus.instance("Flagship"));
    exchange(&mut app, &mut ui, "more", 50);
    bus.run(&["log", "verify"]).exits(0);
}

#[test]
fn a_damaged_compressed_file_is_told_and_the_rest_is_read() {
    let bus = with_a_past(true);
    let all = lines(&bus).len();
    let first = bus.journal_files(".0").remove(0);
    tool("zstd", &["-q", "--rm"], &first);
    bus.run(&["log", "verify"]).exits(0);
    let packed = bus.journal_files(".0").remove(0);
    let bytes = fs::read(&packed).unwrap();
    fs::write(&packed, &bytes[..bytes.len() / 2]).unwrap();
    bus.run(&["log", "verify"]).exits(1).complains(".000000000001.zst:").complains("damaged");
    let read = bus.run(&["log", "--json"]).exits(1).complains("damaged");
    assert!((1..all).contains(&read.stdout.lines().count()));
}

#[test]
fn pruning_shows_first_and_changes_nothing_that_a_bus_knows() {
    let mut bus = with_a_past(true);
    let (known, before) = (knows(&bus), lines(&bus));
    let archives = bus.journal_files(".0");
    bus.run(&["log", "prune", "--before", "0s"]).exits(2).complains("--yes");
    bus.run(&["--json", "log", "prune", "--before", "0s"]).exits(2).complains("--dry-run");
    bus.run(&["log", "prune", "--before", "yesterday", "--yes"]).exits(2).complains("--before: expected");
    bus.run(&["log", "--since", "1h", "prune", "--before", "1h"])
        .exits(2)
        .complains("leave what stands before them out");

    let shown = bus.run(&["log", "prune", "--before", "0s", "--dry-run"]).exits(0).stdout;
    assert!(
        shown.contains("something is remembered, unread, owed or open") && shown.contains("active one stay"),
        "{shown}"
    );
    let told = bus.run(&["log", "prune", "--before", "0s", "--dry-run", "--json"]).exits(0).json_lines();
    let going: Vec<_> = told.iter().filter(|one| one["goes"] == true).collect();
    let needed = told.iter().find(|one| one["stays"] == "needed").unwrap();
    assert!(!going.is_empty() && going.len() < archives.len(), "{told:?}");
    assert_eq!(told.last().unwrap()["total"]["removed"], false);
    assert_eq!(bus.journal_files(".0"), archives, "it was only shown");
    let nothing = bus.run(&["log", "prune", "--before", "1d", "--yes"]).exits(0).stdout;
    assert!(nothing.contains("nothing that may go"), "{nothing}");

    bus.run(&["log", "prune", "--before", "0s", "--yes"]).exits(0);
    assert_eq!(bus.journal_files(".0"), archives[going.len()..]);
    bus.run(&["log", "verify"]).exits(0);
    let left = lines(&bus);
    assert_eq!(left, before[before.len() - left.len()..]);
    let oldest: Value = serde_json::from_str(&left[0]).unwrap();
    assert_eq!(oldest["event"], "checkpoint");
    assert_eq!((&bus.state()["oldest"], &needed["first"]), (&oldest["seq"], &oldest["seq"]));
    for _ in 0..2 {
        assert_eq!(knows(&bus), known);
        bus.kill();
        bus.restart();
    }
    assert_eq!(bus.instance("LensSDK").receive()["id"], "unread");
}

#[test]
fn what_is_still_open_since_the_first_file_keeps_them_all() {
    let bus = with_a_past(false);
    let archives = bus.journal_files(".0");
    assert!(archives.len() > 3);
    let shown = bus.run(&["log", "prune", "--before", "0s", "--yes"]).exits(0).stdout;
    assert!(shown.contains("something is remembered, unread, owed or open"), "{shown}");
    assert_eq!(bus.journal_files(".0"), archives);
}

#[test]
fn pruning_asks_on_a_terminal() {
    let bus = with_a_past(true);
    let archives = bus.journal_files(".0").len();
    let screen = Screen::open(&bus, 160, 50);
    for (keys, left) in [(["Enter"].as_slice(), archives), (&["n", "Enter"], archives)] {
        screen.run(&["veda-bus", "log", "prune", "--before", "0s"]);
        screen.sees("[y/N]:");
        screen.keys(keys);
        assert_eq!(screen.ended(), 1);
        assert_eq!(bus.journal_files(".0").len(), left);
    }
    screen.sees("nothing was removed");
    screen.run(&["veda-bus", "log", "prune", "--before", "0s"]);
    screen.keys(&["y", "Enter"]);
    assert_eq!(screen.ended(), 0);
    screen.sees("removed ");
    assert!(bus.journal_files(".0").len() < archives);
}
