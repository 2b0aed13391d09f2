//! `veda-bus` without a command: hosts the bus, or attaches to the one that is there, and shows what happens.

use super::harness::{Bus, Machine, eventually};

const ASK: [&str; 7] = ["send", "notify", "--to", "LensSDK", "--change-type", "x", "--summary"];

#[test]
fn it_hosts_the_bus_while_nobody_else_does() {
    let machine = Machine::new("");
    let mut host = machine.spawn(&[]);
    eventually("it hosts", || (machine.run(&["status"]).code == Some(0)).then_some(()));
    let mut lens = machine.join("LensSDK", &[]);
    machine.run(&[&ASK[..], &["while it hosts"]].concat()).exits(0);
    assert_eq!(lens.json()["payload"]["summary"], "while it hosts");
    for name in ["registered", "accepted", "read"] {
        assert!(host.line_with(name).contains("LensSDK"));
    }
    machine.run(&["serve"]).exits(1).complains(&host.pid().to_string());
    host.signal("INT");
    assert_eq!(host.wait().code(), Some(0), "{}", host.stderr());
    assert!(!machine.socket().exists());
    machine.run(&["log", "verify"]).exits(0);
    // Another one takes the journal over, and the instance comes back to it.
    let bus = Bus::on(machine);
    eventually("it has come back", || (bus.repo("LensSDK")["connected"] == true).then_some(()));
    bus.run(&[&ASK[..], &["after it"]].concat()).exits(0);
    assert_eq!(lens.json()["payload"]["summary"], "after it");
}

#[test]
fn it_attaches_to_a_bus_and_leaves_it_running() {
    let bus = Bus::start();
    bus.instance("LensSDK");
    let mut view = bus.spawn(&[]);
    view.says("attached");
    view.says(&bus.pid().to_string());
    // Which events it shows begins somewhere after that; it shows one of these.
    eventually("it shows what happens", || {
        bus.run(&[&ASK[..], &["hello"]].concat()).exits(0);
        view.line_now().filter(|line| line.contains("hello"))
    });
    view.signal("TERM");
    assert_eq!(view.wait().code(), Some(0), "{}", view.stderr());
    bus.run(&["status"]).exits(0);
}
