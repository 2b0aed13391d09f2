//! The past in a real terminal: a journal is played back, and a live console goes there and comes back.

use std::fs;
use std::time::Duration;

use super::Console;
use crate::suite::harness::{Bus, Machine, Screen, answer, eventually, mode_of, query};

/// A machine with the journal of a short conversation, whose bus has ended.
fn recorded() -> Bus {
    let mut bus = Bus::start();
    let (mut lens, mut flagship) = (bus.instance("LensSDK"), bus.instance("Flagship"));
    for (asked, answered) in [("q1", "a1"), ("q2", "a2")] {
        flagship.sends(&query(asked, "LensSDK"));
        lens.sends(&answer(answered, "Flagship", asked, &format!("answer {answered}")));
    }
    drop((lens, flagship));
    bus.terminate();
    bus
}

fn replay(screen: &Screen, more: &[&str]) {
    screen.run(&[&["veda-bus", "replay"], more].concat());
    screen.sees(" REPLAY ");
}

#[test]
fn a_journal_is_played_and_stepped_through() {
    let machine = recorded();
    let screen = Screen::open(&machine, 120, 40);
    replay(&screen, &["--speed", "max"]);
    screen.sees("before event 1 of");
    assert!(!screen.text().contains("question q1"), "nothing has happened yet: {}", screen.text());
    screen.keys(&[")"]);
    screen.sees("question q1");
    screen.sees(": accepted");
    screen.keys(&[")"]);
    screen.sees("answer a1");
    screen.keys(&["("]);
    screen.sees_not("answer a1");
    screen.keys(&["Space"]);
    screen.sees("this is the end of the recording");
    screen.sees("answer a2");
    screen.keys(&["0"]);
    screen.sees("before event 1 of");
    screen.keys(&["@"]);
    screen.literal("q2");
    screen.keys(&["Enter"]);
    screen.sees("question q2");
    assert!(screen.flag("pane_title").contains("REPLAY"));
    screen.keys(&["n"]);
    screen.sees("there is no filter to match");
    screen.keys(&["q"]);
    assert_eq!(screen.ended(), 0);
    machine.run(&["status"]).exits(3);
}

#[test]
fn a_click_on_the_scrubber_goes_there_and_marks_outlive_the_console() {
    let machine = recorded();
    let screen = Screen::open(&machine, 120, 40);
    replay(&screen, &[]);
    // The scrubber is above the status line and the keys: its columns are the fifth line from below.
    screen.report("\x1b[<0;100;36M\x1b[<0;100;36m");
    screen.sees_not("before event 1 of");
    screen.keys(&["$"]);
    screen.sees("answer a2");
    screen.keys(&["m"]);
    screen.sees("a note for this moment");
    screen.literal("all was said");
    screen.keys(&["Enter"]);
    screen.sees("marked: all was said");
    screen.keys(&["q"]);
    assert_eq!(screen.ended(), 0);
    let mut marks = machine.journal_files(".marks.toml");
    marks.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    assert_eq!(marks.len(), 1);
    assert_eq!(mode_of(&marks[0]), 0o600);

    replay(&screen, &["--at", "all was"]);
    screen.sees("answer a2");
    screen.keys(&["0"]);
    screen.sees("before event 1 of");
    screen.keys(&["'"]);
    screen.sees("Marks (");
    screen.keys(&["Enter"]);
    screen.sees("answer a2");
    screen.keys(&["'"]);
    screen.sees("Marks (");
    screen.keys(&["d"]);
    screen.sees_not("Marks (");
    screen.keys(&["q"]);
    assert_eq!(screen.ended(), 0);
    assert!(!fs::read_to_string(&marks[0]).unwrap().contains("all was said"));
}

#[test]
fn a_live_console_goes_to_the_past_and_misses_nothing() {
    let console = Console::open();
    console.bus.instance("LensSDK");
    let mut flagship = console.bus.instance("Flagship");
    flagship.sends(&query("first", "LensSDK"));
    console.sees("question first");
    console.keys(&["T"]);
    console.sees(" PAST ");
    console.keys(&["0"]);
    console.sees_not("question first");
    flagship.sends(&query("second", "operator"));
    console.sees("live: 1 new, 1 needs you");
    assert!(!console.text().contains("question second"), "{}", console.text());
    console.keys(&["n", "r"]);
    console.sees("this is the past; T goes back to live");
    console.keys(&["T"]);
    console.sees(" LIVE ");
    console.sees("question second");
    console.sees("1 thing needs you");
    assert_eq!(console.quit(), 0);
}

#[test]
fn a_replay_that_stands_still_writes_nothing() {
    let machine = recorded();
    let screen = Screen::open(&machine, 120, 40);
    replay(&screen, &["--at", "q2"]);
    screen.sees("question q2");
    // What the last of these writes is the last that there is to write.
    screen.keys(&["?"]);
    screen.sees("Keys and commands");
    screen.escape();
    screen.sees_not("Keys and commands");
    screen.record();
    // That nothing comes can only be seen by waiting.
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(screen.recording().escape_ascii().to_string(), "");
    screen.keys(&["."]);
    eventually("a step is drawn", || (!screen.recording().is_empty()).then_some(()));
}

#[test]
fn a_recording_that_is_not_there_is_told_in_a_line() {
    let machine = Machine::new("");
    let screen = Screen::open(&machine, 120, 40);
    screen.run(&["veda-bus", "replay", "nothing.log"]);
    assert_eq!(screen.ended(), 1);
    assert!(screen.text().contains("there is no journal at nothing.log"), "{}", screen.text());
    screen.run(&["veda-bus", "replay", "--speed", "0"]);
    assert_eq!(screen.ended(), 2);
}

#[test]
fn what_is_left_of_a_journal_is_played_and_searched() {
    let machine = recorded();
    let journal = machine.journal();
    let text = fs::read_to_string(&journal).unwrap() + "no line\n";
    // Only an archived segment is there, with a line that can not be read.
    fs::write(format!("{}.000000000001", journal.display()), text).unwrap();
    fs::remove_file(&journal).unwrap();
    let screen = Screen::open(&machine, 120, 40);
    replay(&screen, &["--at", "q2"]);
    screen.sees("question q2");
    screen.literal(":search question");
    screen.keys(&["Enter"]);
    screen.sees("messages with question; 1 line can not be read");
    screen.escape();
    screen.sees_not("messages with question");
    screen.literal(":search nothing-like-it");
    screen.keys(&["Enter"]);
    screen.sees("matches nothing-like-it; 1 line can not be read");
}

#[test]
fn a_recording_needs_a_terminal() {
    let machine = recorded();
    machine.run(&["replay"]).exits(2).complains("a replay needs a terminal");
}
