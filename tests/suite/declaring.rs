//! Files that are read again while somebody runs: what an instance declares, and what a bus says of its own.

use std::fs;

use serde_json::{Value, json};

use super::harness::{Bus, Machine, Process, Screen, eventually};
use super::machine::BINARY;

/// `join` in a folder, once it has joined.
fn join_in(bus: &Bus, folder: &std::path::Path, more: &[&str]) -> Process {
    let mut command = bus.command(BINARY);
    command.current_dir(folder).arg("join").args(more);
    let process = Process::start(command);
    process.says("joined as");
    process
}

/// The next `registered` event, without what differs between runs.
fn registered(events: &mut Process) -> Value {
    let event = serde_json::from_str::<Value>(&events.line_with("\"registered\"")).unwrap();
    json!([event["repo"], event["capabilities"], event["accept_requests_from"]])
}

/// A subscriber to what the bus does.
fn watch(bus: &Bus) -> Process {
    bus.spawn(&["watch", "--json", "--from", "1", "--filter", "event == \"registered\""])
}

#[test]
fn what_a_repository_declares_is_followed() {
    let bus = Bus::start();
    let mut events = watch(&bus);
    let folder =
        bus.repository("LensSDK", "capabilities = [\"auth\"]\naccept_requests_from = [\"Flagship\"]");
    let lens = join_in(&bus, &folder, &[]);
    assert_eq!(registered(&mut events), json!(["LensSDK", ["auth"], ["Flagship"]]));
    let instance = bus.repo("LensSDK")["instances"].clone();

    bus.repository("LensSDK", "capabilities = [\"auth\", \"ui\"]\naccept_requests_from = []");
    assert_eq!(registered(&mut events), json!(["LensSDK", ["auth", "ui"], []]));
    lens.says("declared anew");

    // A bad file is said with its place, and changes nothing.
    bus.repository("LensSDK", "capabilities = [\"ui\", 3]");
    lens.says("coordination.toml:3:23: coordination.capabilities: expected a string, found an integer");
    bus.repository("LensSDK", "repo_nam = \"LensSDK\"");
    lens.says("coordination.toml:3:1: unknown key \"repo_nam\"");
    let file = folder.join(".veda/coordination.toml");
    fs::write(&file, "[coordination]\nrepo_name = \"Other\"\n").unwrap();
    lens.says("names LensSDK any more");

    // Many editors write another file and rename it.
    let new = folder.join(".veda/new");
    fs::write(&new, "coordination.repo_name = \"LensSDK\"\ncoordination.capabilities = [\"db\"]").unwrap();
    fs::rename(&new, &file).unwrap();
    let found = registered(&mut events);
    assert_eq!(found, json!(["LensSDK", ["db"], ["*"]]));
    let now = bus.repo("LensSDK")["instances"].clone();
    assert_eq!(now[0]["instance"], instance[0]["instance"], "it is the same instance");
    assert_eq!(now.as_array().map(Vec::len), Some(1));
}

#[test]
fn what_the_command_line_says_stays() {
    let bus = Bus::start();
    let mut events = watch(&bus);
    let folder = bus.repository("LensSDK", "capabilities = [\"auth\"]");
    let _lens = join_in(&bus, &folder, &["--capability", "mine"]);
    assert_eq!(registered(&mut events), json!(["LensSDK", ["mine"], ["*"]]));
    bus.repository("LensSDK", "capabilities = [\"ui\"]\naccept_requests_from = [\"Flagship\"]");
    assert_eq!(registered(&mut events), json!(["LensSDK", ["mine"], ["Flagship"]]));
}

#[test]
fn a_bus_says_what_has_become_of_its_file() {
    let mut bus = Bus::start();
    bus.configure("approval.hold = [\n  'type == \"Tsk\"',\n]");
    bus.process()
        .says("bus.toml:4:12: bus.approval.hold: line 1, column 9: unknown message type `Tsk`; did you mean");
    bus.process().says("the rules stay as they were");
    bus.configure("stuck_after = 20");
    bus.process().says("bus.stuck_after has changed");
    // A hangup asks for the same, and does not end it.
    bus.process().signal("HUP");
    bus.run(&["status"]).exits(0);
    bus.terminate();
}

#[test]
fn a_bus_in_a_terminal_ends_with_it_and_at_no_other_hangup() {
    let machine = Machine::new("");
    let screen = Screen::open(&machine, 80, 15);
    screen.run(&["veda-bus", "serve"]);
    screen.sees("listening");
    machine.configure("stuck_after = 20");
    screen.sees("has changed");
    machine.configure("");
    screen.signal("veda-bus", "HUP");
    machine.configure("nonsense = 1");
    screen.sees("unknown key");
    screen.hang_up();
    // One that was killed would have left it.
    eventually("its socket is gone", || (!machine.socket().exists()).then_some(()));
    machine.configure("");
    machine.run(&["log", "verify"]).exits(0);
}
