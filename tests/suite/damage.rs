//! Damage to a journal is told by every command that reads it, and nothing that can be read is lost by it.

use std::fs;
use std::path::PathBuf;

use super::harness::{Bus, Machine, answer, query};

/// The commands that read a whole journal.
const READERS: [&[&str]; 4] =
    [&["log"], &["replay", "--print", "--speed", "max"], &["stats"], &["export", "--all"]];

/// A machine with the journal of a short conversation whose bus has ended, and that journal.
fn recorded() -> (Bus, PathBuf) {
    let mut bus = Bus::start();
    let (mut lens, mut wire) = (bus.instance("LensSDK"), bus.instance("Flagship"));
    for id in ["q1", "q2", "q3"] {
        wire.sends(&query(id, "LensSDK"));
        lens.sends(&answer(&format!("a-{id}"), "Flagship", id, "a trait"));
    }
    drop((lens, wire));
    bus.kill();
    let journal = bus.journal();
    (bus, journal)
}

fn tell(machine: &Machine, damage: &str) {
    for reader in READERS {
        machine.run(reader).exits(1).complains(damage);
    }
}

#[test]
fn a_torn_end_is_told() {
    let (bus, journal) = recorded();
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, text.clone() + &text[..40]).unwrap();
    tell(&bus, &format!("(byte {}): it is not ended by a line break", text.len()));
    tell(&bus, "1 line of the journal can not be read");
}

#[test]
fn missing_events_are_told_and_lines_that_can_not_be_read_are_not_missing() {
    let (bus, journal) = recorded();
    let text = fs::read_to_string(&journal).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let but = |left_out: &[usize], bad: usize| {
        let kept = lines.iter().enumerate().filter(|(at, _)| !left_out.contains(at));
        kept.map(|(at, line)| if at == bad { "no line\n".to_owned() } else { format!("{line}\n") })
            .collect::<String>()
    };
    fs::write(&journal, but(&[4, 5], usize::MAX)).unwrap();
    tell(&bus, "events 5 to 6 are missing before it");
    tell(&bus, "events are missing in 1 place");
    fs::write(&journal, but(&[], 6)).unwrap();
    let told = bus.run(&["log"]).exits(1).stderr;
    assert!(told.contains("1 line of the journal can not be read") && !told.contains("missing"), "{told}");
    // One wrong number does not make others missing.
    for wrong in [9021, 2] {
        fs::write(&journal, text.replace("\n{\"seq\":5,", &format!("\n{{\"seq\":{wrong},"))).unwrap();
        for reader in READERS {
            let told = bus.run(reader).exits(0).stderr;
            assert!(!told.contains("missing"), "{wrong}: {told}");
        }
    }
}

#[test]
fn one_line_with_a_wrong_time_hides_no_other() {
    let (bus, journal) = recorded();
    let text = fs::read_to_string(&journal).unwrap();
    let line = text.lines().nth(4).unwrap();
    let wrong = line.replacen("\"at\":", "\"at\":9", 1);
    fs::write(&journal, text.replace(line, &wrong)).unwrap();
    let shown = bus.run(&["log", "--until", "2200-01-01", "--json"]).exits(0).stdout;
    assert_eq!(shown.lines().count(), text.lines().count() - 1);
}
