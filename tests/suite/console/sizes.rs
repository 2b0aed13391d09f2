//! Terminals of every size, and one whose size does not hold still.

use super::{Console, Host};
use crate::suite::harness::query;

const PANES: [&str; 4] = ["1 Instances", "2 Conversations", "3 Needs you", "5 Activity"];

#[test]
fn eighty_by_twenty_four_has_tabs() {
    let console = Console::sized(80, 24);
    console.bus.instance("LensSDK");
    console.bus.instance("Flagship").sends(&query("q1", "LensSDK"));
    let text = console.eventually("the message is there", |text| text.contains("question q1"));
    let tabs = text.lines().next().unwrap();
    for title in PANES.into_iter().chain(["4 Composer"]) {
        assert!(tabs.contains(title), "{title}: {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80) && text.lines().count() == 24, "{text}");
    for (key, wanted) in [("1", "LensSDK"), ("3", "nothing"), ("5", "accepted"), ("2", "question q1")] {
        console.keys(&[key]);
        console.sees(wanted);
    }
    console.keys(&["Enter"]);
    console.sees("Thread Query Flagship → LensSDK");
    console.sees("┃  question q1");
    console.compose("q");
    console.fill(&[("to", "LensSDK"), ("question", "from a small screen")]);
    console.keys(&["C-s"]);
    console.sees_not("4 Composer Query");
    console.sees("┃  from a small screen");
    assert_eq!(console.quit(), 0);
}

#[test]
fn too_small_a_terminal_is_told_politely() {
    let console = Console::sized(120, 40);
    console.resize(40, 10);
    console.sees("needs a little more room");
    console.sees("at least 60×15, and here are 40×10.");
    console.resize(120, 40);
    console.sees("2 Conversations");
    // Keys hold there too: one can leave.
    console.resize(40, 10);
    console.sees("needs a little more room");
    assert_eq!(console.quit(), 0);
}

#[test]
fn one_that_begins_in_too_small_a_terminal() {
    let bus = crate::suite::harness::Bus::start();
    let screen = crate::suite::harness::Screen::open(&bus, 40, 10);
    screen.run(&["veda-bus"]);
    screen.sees("needs a little more room");
    screen.keys(&["q"]);
    assert_eq!(screen.ended(), 0);
}

#[test]
fn a_storm_of_sizes() {
    let host = Host::open();
    let screen = &host.screen;
    screen.sees("veda-bus join");
    // The last thing that happens by itself.
    screen.sees("registered operator");
    let before = screen.text();
    for round in 0..6 {
        for size in [(40, 10), (10, 3), (200, 50), (80, 24), (1, 1), (61, 15), (160, 20), (99, 60), (2, 40)] {
            screen.resize(size.0, size.1);
        }
        screen.keys(if round % 2 == 0 { &["?"] } else { &["n"] });
        screen.resize(30 + round, 5 + round);
        screen.resize(120, 40);
        screen.sees(if round % 2 == 0 { "Keys and commands" } else { "Write a new message" });
        screen.escape();
        screen.sees_not(if round % 2 == 0 { "Keys and commands" } else { "Write a new message" });
    }
    screen.eventually("it is as it was", |text| text == before);
    screen.resize(200, 50);
    let wide = screen.eventually("the whole width is used", |text| {
        text.lines().any(|line| line.chars().count() == 200) && PANES.iter().all(|title| text.contains(title))
    });
    assert_eq!(wide.lines().count(), 50, "{wide}");
}
