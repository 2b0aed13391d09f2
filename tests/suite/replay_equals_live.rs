//! A replay shows what a live console showed at that moment, cell by cell, with its colours.
//!
//! Not compared are the lines that only one of them has (scrubber, status, keys) and ages, which go on in the present.

use std::fs;

use super::harness::{Bus, Machine, Screen, eventually, patiently};
use super::usecases::{RULES, play, recording};

/// The panes by their keys, and the rows that a pane has when it is alone.
const PANES: [&str; 5] = ["1", "2", "3", "5", "6"];
const ROWS: usize = 38;

/// Selects the newest conversation, and the first of what else is listed.
fn settle(screen: &Screen) {
    screen.keys(&["2", "G", "g", "3", "g", "1", "g"]);
}

/// A replay at an event, in a terminal that is higher by the scrubber.
fn replay(machine: &Machine, journal: &str, seq: u64) -> Screen {
    let screen = Screen::open(machine, 120, 43);
    screen.run(&["veda-bus", "replay", journal, "--at", &format!("#{seq}")]);
    screen.sees(" REPLAY ");
    screen.sees(&format!("{seq} of "));
    settle(&screen);
    screen
}

/// The cells of the panes that are on the screen, without ages and what is left of a time, however many cells those take.
fn cells(screen: &Screen) -> String {
    let coloured = screen.coloured();
    coloured.lines().take(ROWS).map(timeless).collect::<Vec<_>>().join("\n")
}

/// A line with `~` in the place of every age, and one space for several.
fn timeless(line: &str) -> String {
    let words = line.split(' ').filter(|word| !word.is_empty());
    let mut told = String::new();
    for word in words {
        let (bare, rest) = word.split_once(['\u{1b}', ',', '│', '┃']).unwrap_or((word, ""));
        let number = bare.trim_start_matches('<').trim_end_matches(|c: char| c.is_ascii_lowercase());
        let is_age = bare == "now" || !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let is_unit = ["min", "h", "d", "s"].contains(&bare) && told.ends_with('~');
        if !is_unit {
            told.push(' ');
            told.push_str(if is_age { "~" } else { bare });
        }
        told.push_str(rest);
    }
    told
}

/// The number of the last event.
fn last(bus: &Bus) -> u64 {
    bus.state()["seq"].as_u64().unwrap()
}

/// Whether a console counts conversations that are unread; the key that goes to the next one is named without a number.
fn counts_unread(text: &str) -> bool {
    let words: Vec<_> = text.split_whitespace().collect();
    words.windows(2).any(|pair| pair[1] == "unread" && pair[0].parse::<u32>().is_ok())
}

/// Marks as read what is unread in a live console, for in the past nothing is. A thread that has the focus reads by
/// itself what comes, so that there may be nothing left to mark.
fn mark_read(live: &Screen) {
    if !counts_unread(&live.text()) {
        return;
    }
    live.keys(&["M"]);
    let asked = |text: &str| text.contains("as read?");
    if asked(&live.eventually("nothing is unread", |text| asked(text) || !counts_unread(text))) {
        live.keys(&["y"]);
        live.sees_not("as read?");
    }
}

/// The panes of both, which become equal; each as it is then. `None` when more happened than event `seq` meanwhile, or
/// more of it came to the live console.
fn equal_panes(bus: &Bus, live: &Screen, past: &Screen, seq: u64) -> Option<Vec<String>> {
    let equal = PANES.map(|pane| {
        for screen in [live, past] {
            screen.keys(&[pane, "z"]);
        }
        let what = || format!("pane {pane} at {seq}; live:\n{}\nreplayed:\n{}", live.text(), past.text());
        let both = || {
            let shown = cells(live);
            if shown == cells(past) {
                return Some(Some(shown));
            }
            (last(bus) != seq || counts_unread(&live.text())).then_some(None)
        };
        let shown = patiently(both, what);
        for screen in [live, past] {
            screen.keys(&["z"]);
        }
        shown
    });
    equal.into_iter().collect()
}

#[test]
fn every_pane_of_a_replay_is_what_a_live_console_showed() {
    let bus = Bus::with(RULES);
    let live = Screen::open(&bus, 120, 40);
    live.run(&["veda-bus"]);
    live.sees(" LIVE ");
    let journal = bus.journal().display().to_string();
    let mut moments = Vec::new();
    play(&bus, |name| {
        // What the operator reads is an event, too: the moment is that at which nothing more has happened.
        let (seq, panes) = eventually("the swarm stands still", || {
            mark_read(&live);
            settle(&live);
            let seq = last(&bus);
            let panes = equal_panes(&bus, &live, &replay(&bus, &journal, seq), seq)?;
            (last(&bus) == seq).then_some((seq, panes))
        });
        moments.push((name.to_owned(), seq, panes));
    });
    assert_eq!(moments.len(), 5);
    live.keys(&["q"]);
    assert_eq!(live.ended(), 0);
    // More has happened since: the past is what it was.
    for (name, seq, panes) in moments {
        let past = replay(&bus, &journal, seq);
        for (pane, shown) in PANES.iter().zip(panes) {
            past.keys(&[pane, "z"]);
            patiently(
                || (cells(&past) == shown).then_some(()),
                || format!("{pane}, {name}: {}", past.text()),
            );
            past.keys(&["z"]);
        }
    }
}

#[test]
#[ignore = "it makes tests/recordings/swarm.log again"]
fn the_recording_is_made_again() {
    let mut bus = Bus::with(RULES);
    play(&bus, |_| {});
    bus.terminate();
    fs::copy(bus.journal(), recording()).unwrap();
}

#[test]
fn the_recording_is_whole_and_its_moments_are_shown() {
    let machine = Machine::new("");
    let copy = machine.root().join("swarm.log");
    fs::copy(recording(), &copy).unwrap();
    let text = fs::read_to_string(&copy).unwrap();
    for (event, id, shown) in [
        ("proposed", "core", "Move auth into auth-core"),
        ("accepted", "again-lens", "Move only the token store"),
        ("accepted", "delete-all", "Delete what delete-all says"),
        ("expired", "late", "question late"),
        ("accepted", "boundary-lens", "Use ErrorBoundary 2.0"),
    ] {
        let line = text.lines().find(|line| {
            line.contains(&format!("\"event\":\"{event}\"")) && line.contains(&format!("\"{id}\""))
        });
        let line: serde_json::Value =
            serde_json::from_str(line.unwrap_or_else(|| panic!("{event} {id}"))).unwrap();
        let screen = replay(&machine, copy.to_str().unwrap(), line["seq"].as_u64().unwrap());
        screen.sees(shown);
    }
}
