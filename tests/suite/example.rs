//! `bus/examples/veda_instance.rs`: what another program needs to become an instance, as a running program.

use serde_json::json;

use super::harness::{Bus, Process, eventually, message, query};
use super::machine::beside_this_test;

#[test]
fn the_example_answers_and_outlives_the_bus() {
    let mut bus = Bus::start();
    let mut command = bus.command(beside_this_test("examples/veda_instance").to_str().unwrap());
    command.arg("LensSDK").arg(bus.socket());
    let mut instance = Process::start(command);
    assert!(instance.line().starts_with("registered as LensSDK"), "{}", instance.stderr());
    let mut wire = bus.instance("Flagship");
    wire.sends(&query("q", "LensSDK"));
    assert_eq!(wire.receive()["payload"], json!({ "acknowledged": true }));
    assert_eq!(wire.receive()["payload"], json!({ "answer": "forty-two" }));
    wire.sends(&message("r", "LensSDK", "RequestChange", json!({ "summary": "s" })));
    assert_eq!(wire.receive()["payload"], json!({ "decision": "acknowledged" }));
    assert_eq!(wire.receive()["payload"], json!({ "decision": "accepted", "eta_seconds": 300 }));
    // Nothing to say to a notice but that it arrived; that counts as read.
    wire.sends(&message("n", "LensSDK", "Notify", json!({ "change_type": "x", "summary": "y" })));
    assert_eq!(wire.receive()["payload"], json!({ "acknowledged": true }));

    bus.kill();
    bus.restart();
    eventually("it has come back", || (bus.repo("LensSDK")["connected"] == true).then_some(()));
    let mut wire = bus.instance("Flagship");
    wire.sends(&query("again", "LensSDK"));
    let answer = wire.find("the answer", |frame| frame["message"]["reply_to"] == "again");
    assert_eq!(answer["message"]["payload"], json!({ "acknowledged": true }));
    bus.reaches("again", "LensSDK", "answered");
    for line in ["the bus went away", "the bus is back"] {
        instance.line_with(line);
    }
}
