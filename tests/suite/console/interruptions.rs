//! A bus that goes away and comes back: nothing is missing, and nothing is there twice.

use super::{Console, Host};
use crate::suite::harness::{Wire, answer, query};

#[test]
fn a_killed_bus_comes_back_without_a_gap_or_a_double() {
    let mut console = Console::sized(200, 50);
    console.bus.instance("LensSDK");
    let mut flagship = console.bus.instance("Flagship");
    flagship.sends(&query("root", "LensSDK"));
    for number in 1..=5 {
        flagship.sends(&answer(
            &format!("m{number}"),
            "LensSDK",
            "root",
            &format!("answer number {number}."),
        ));
    }
    console.sees("answer number 5.");
    console.bus.kill();
    console.sees("RECONNECTING since");
    console.bus.restart();
    // Some of these come before the console is back, some after.
    let mut flagship = console.bus.instance("Flagship");
    for number in 6..=10 {
        flagship.sends(&answer(
            &format!("m{number}"),
            "LensSDK",
            "root",
            &format!("answer number {number}."),
        ));
    }
    console.sees(" LIVE ");
    for number in 11..=15 {
        flagship.sends(&answer(
            &format!("m{number}"),
            "LensSDK",
            "root",
            &format!("answer number {number}."),
        ));
    }
    console.keys(&["2", "Enter", "z"]);
    // Each has a head, its text and an empty line.
    console.sees("answer number 15.");
    let mut seen = String::new();
    for key in ["G", "g"] {
        console.keys(&[key]);
        let wanted = if key == "G" { "answer number 15." } else { "question root" };
        seen += &console.eventually("that end of the thread", |text| text.contains(wanted));
    }
    for number in 1..=15 {
        assert!(seen.contains(&format!("answer number {number}.")), "{number} is missing: {seen}");
    }
    console.keys(&["z", "5", "z"]);
    console.eventually("each was accepted once", |text| {
        let times = |id: &str| {
            text.lines()
                .filter(|line| line.contains(" accepted ") && line.contains(&format!(" {id} ")))
                .count()
        };
        (1..=15).all(|number| times(&format!("m{number}")) == 1) && times("root") == 1
    });
}

#[test]
fn a_terminal_that_takes_nothing_does_not_stop_the_bus() {
    let host = Host::open();
    let [mut lens, mut flagship] = ["LensSDK", "Flagship"].map(|repo| {
        let mut wire = Wire::connect(&host.machine.socket());
        wire.register(repo);
        wire
    });
    host.screen.sees("2 instances");
    host.screen.frozen(|| {
        for number in 0..500 {
            flagship.sends(&query(&format!("m{number}"), "LensSDK"));
            let id = format!("m{number}");
            assert_eq!(lens.receive()["id"], id);
            lens.ack("read", &[&id]);
        }
    });
    host.screen.sees("2 Conversations 500");
}
