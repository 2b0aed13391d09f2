//! The mouse, the clipboard, the bell; and an idle console, which says nothing.

use std::time::Duration;

use serde_json::json;

use super::Console;
use crate::suite::harness::{eventually, message, query};
use crate::suite::screen::contains;

/// Clicks on the first letter of `what`, which is on the screen.
#[track_caller]
fn click(console: &Console, what: &str) {
    let text = console.eventually(&format!("{what:?} is there"), |text| text.contains(what));
    let (row, line) = text.lines().enumerate().find(|(_, line)| line.contains(what)).unwrap();
    let column = line.split(what).next().unwrap().chars().count();
    let (x, y) = (column + 1, row + 1);
    console.report(&format!("\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m"));
}

#[test]
fn a_click_selects_and_a_click_on_a_key_presses_it() {
    let console = Console::open();
    console.bus.instance("LensSDK");
    let mut flagship = console.bus.instance("Flagship");
    for id in ["q1", "q2"] {
        flagship.sends(&query(id, "LensSDK"));
    }
    click(&console, "  question q2");
    console.sees("┃  question q2");
    click(&console, "  question q1");
    console.sees("┃  question q1");
    click(&console, "? help");
    console.sees("Keys and commands");
    // A click beside a box takes it away.
    console.report("\x1b[<0;1;1M\x1b[<0;1;1m");
    console.sees_not("Keys and commands");
    click(&console, "n new");
    console.sees("Write a new message");
    click(&console, "Query  ");
    console.sees("4 Composer");
    console.eventually("the first field has the focus", |text| super::focused(text).as_deref() == Some("to"));
    click(&console, "context");
    console.eventually("another has the focus", |text| super::focused(text).as_deref() == Some("context"));
}

#[test]
fn the_wheel_scrolls_what_it_is_over() {
    let console = Console::open();
    console.bus.instance("LensSDK");
    let lines: Vec<_> = (1..=100).map(|number| format!("line number {number}.")).collect();
    let long = message("long", "LensSDK", "Query", json!({ "question": lines.join("\n") }));
    console.bus.instance("Flagship").sends(&long);
    console.keys(&["2", "Enter", "G"]);
    console.sees("line number 100.");
    let at = |notches: usize, button: u8| console.report(&format!("\x1b[<{button};80;10M").repeat(notches));
    at(40, 64);
    console.sees("line number 1.");
    console.sees_not("line number 100.");
    at(40, 65);
    console.sees("line number 100.");
}

#[test]
fn what_is_copied_is_in_the_clipboard() {
    let console = Console::open();
    console.bus.instance("LensSDK");
    let text = "zwei\nZeilen; \"so\"";
    console.bus.instance("Flagship").sends(&message(
        "copied",
        "LensSDK",
        "Query",
        json!({ "question": text }),
    ));
    console.keys(&["2", "Enter"]);
    console.sees("Zeilen;");
    console.keys(&["y"]);
    eventually("the text is copied", || (console.clipboard() == text).then_some(()));
    console.keys(&["Y"]);
    eventually("the id is copied", || (console.clipboard() == "copied").then_some(()));
}

#[test]
fn it_rings_when_nobody_looks() {
    let console = Console::open();
    console.record();
    let mut lens = console.bus.instance("LensSDK");
    lens.sends(&query("looked-at", "operator"));
    console.sees("1 thing needs you");
    let rings =
        || console.recording().split(|byte| *byte == b']').filter(|part| part.starts_with(b"9;")).count();
    console.report("\x1b[O");
    lens.sends(&query("behind-the-back", "operator"));
    console.sees("2 things need you");
    let told = b"\x1b]9;veda-bus: something needs you\x07\x07";
    eventually("it rings", || contains(&console.recording(), told).then_some(()));
    assert_eq!(rings(), 1, "only for the one that came unseen");
    assert_eq!(console.flag("pane_title"), "(2) veda-bus");
    assert_ne!(console.bus.stage("looked-at", "operator"), "read");
    // Whoever types looks.
    console.keys(&["2", "j", "Enter"]);
    console.sees("Thread Query LensSDK → operator");
    console.bus.reaches("looked-at", "operator", "read");
}

#[test]
fn an_idle_console_writes_nothing() {
    let console = Console::open();
    console.sees("veda-bus join");
    // What the last of these writes is the last that there is to write.
    console.keys(&["?"]);
    console.sees("Keys and commands");
    console.back_from("Keys and commands");
    console.record();
    // That nothing comes can only be seen by waiting: here for what draws itself anew, which takes less than a second.
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(console.recording().escape_ascii().to_string(), "");
    console.keys(&["?"]);
    console.sees("Keys and commands");
    eventually("it is recorded", || (!console.recording().is_empty()).then_some(()));
}
