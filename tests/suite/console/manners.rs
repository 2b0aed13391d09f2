//! The terminal is as it was before, whatever way the console ends.

use super::{Console, Host, live};
use crate::suite::harness::{Bus, Screen};
use crate::suite::machine::beside_this_test;
use crate::suite::screen::{contains, left_on};

/// What a terminal was like before a console ran in it.
struct Before {
    manners: String,
    title: String,
}

impl Before {
    fn of(screen: &Screen) -> Self {
        screen.record();
        Self { manners: screen.manners(), title: screen.flag("pane_title") }
    }

    /// The console ended with `code`; nothing is left of it.
    #[track_caller]
    fn is_back(&self, screen: &Screen, code: i32) {
        assert_eq!(screen.ended(), code, "{}", screen.text());
        assert_eq!(screen.manners(), self.manners);
        assert_eq!(screen.flag("pane_title"), self.title);
        let recorded = screen.recorded();
        assert_eq!(left_on(&recorded), [0_u16; 0]);
        assert!(!screen.text().contains("Conversations"), "{}", screen.text());
    }
}

/// A terminal in which no console has run yet, on a machine with a bus.
fn fresh() -> (Before, Console) {
    let bus = Bus::start();
    let screen = Screen::open(&bus, 120, 40);
    let before = Before::of(&screen);
    live(&screen);
    assert_ne!(screen.manners(), before.manners);
    (before, Console { screen, bus })
}

#[test]
fn after_leaving_it() {
    let (before, console) = fresh();
    console.keys(&["q"]);
    before.is_back(&console, 0);
    // What stood there before is there again.
    assert!(console.text().starts_with("[0]$ run"), "{}", console.text());
}

#[test]
fn after_control_c_and_the_command() {
    let (before, console) = fresh();
    console.keys(&["C-c"]);
    before.is_back(&console, 0);
    live(&console);
    console.command("quit");
    before.is_back(&console, 0);
}

#[test]
fn after_a_signal() {
    for (signal, kills) in [("TERM", false), ("HUP", false)] {
        let (before, console) = fresh();
        console.signal("veda-bus", signal);
        before.is_back(&console, if kills { 128 } else { 0 });
        console.bus.run(&["status"]).exits(0);
    }
}

#[test]
fn after_its_bus_was_killed() {
    let (before, mut console) = fresh();
    console.bus.kill();
    console.sees("RECONNECTING");
    console.keys(&["q"]);
    before.is_back(&console, 0);
}

#[test]
fn after_a_hosting_console_was_told_to_end() {
    let host = Host::open();
    host.machine.spawn(&["join", "--repo", "LensSDK"]).says("joined as");
    let before = host.screen.manners();
    assert!(before.contains("alternate_on 1"), "{before}");
    host.screen.signal("veda-bus", "TERM");
    assert_eq!(host.screen.ended(), 0);
    assert!(host.screen.manners().contains("alternate_on 0"));
    host.machine.run(&["status"]).exits(3);
    host.machine.run(&["log", "verify"]).exits(0);
}

#[test]
fn after_a_panic_on_another_thread() {
    let bus = Bus::start();
    let screen = Screen::open(&bus, 120, 40);
    let before = Before::of(&screen);
    screen.run(&[beside_this_test("examples/panics").to_str().unwrap()]);
    screen.sees("press a key");
    assert_ne!(screen.manners(), before.manners);
    screen.keys(&["x"]);
    before.is_back(&screen, 101);
    assert!(screen.text().contains("a thread has panicked"), "{}", screen.text());
}

#[test]
fn it_goes_to_the_background_and_comes_back() {
    let (before, console) = fresh();
    console.sees("veda-bus join");
    let shown = console.text();
    console.keys(&["C-z"]);
    assert_eq!(console.ended(), 128 + 20);
    assert_eq!(console.manners(), before.manners);
    assert!(!console.text().contains("Conversations"), "{}", console.text());
    console.bus.instance("LensSDK");
    console.run(&["fg"]);
    console.sees("LensSDK");
    assert!(shown.contains("0 instances") && console.text().contains(" LIVE "), "{}", console.text());
    // The keys are its again, all of them.
    for _ in 0..3 {
        console.keys(&["?"]);
        console.sees("Keys and commands");
        console.back_from("Keys and commands");
    }
    console.keys(&["q"]);
    before.is_back(&console, 0);
}

#[test]
fn a_hosting_console_does_not_go_to_the_background() {
    let host = Host::open();
    host.screen.keys(&["C-z"]);
    host.screen.sees("the bus runs in this console and would stop for everyone");
    host.machine.run(&["status"]).exits(0);
    host.screen.keys(&["q"]);
    assert_eq!(host.screen.ended(), 0);
}

#[test]
fn without_a_terminal_there_is_no_console() {
    let bus = Bus::start();
    let screen = Screen::open(&bus, 80, 24);
    screen.record();
    screen.run(&["sh", "-c", "veda-bus | sed -u 's/^/line /'"]);
    screen.signal("veda-bus", "INT");
    screen.ended();
    assert!(!contains(&screen.recorded(), b"\x1b[?1049h"), "{}", screen.text());
}
