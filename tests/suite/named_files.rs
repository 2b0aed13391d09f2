//! A journal of somebody else, or some files of one, named on the command line.

use std::fs;
use std::process::Command;

use super::harness::Machine;
use super::usecases::recording;

/// A machine without a bus, with a copy of the recording.
fn with_recording() -> (Machine, String) {
    let machine = Machine::new("");
    let journal = machine.root().join("swarm.log");
    fs::copy(recording(), &journal).unwrap();
    (machine, journal.to_str().unwrap().to_owned())
}

/// Divides a journal into two compressed files, the later first.
fn divided(machine: &Machine, journal: &str) -> [String; 2] {
    let text = fs::read_to_string(journal).unwrap();
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    [("late", &lines[30..]), ("early", &lines[..30])].map(|(name, lines)| {
        let path = machine.root().join(name);
        fs::write(&path, lines.concat()).unwrap();
        assert!(Command::new("zstd").args(["-q", "--rm"]).arg(&path).status().unwrap().success());
        format!("{}.zst", path.display())
    })
}

#[test]
fn a_journal_or_its_files_are_read_in_place_of_that_of_the_bus() {
    let (machine, journal) = with_recording();
    let [late, early] = divided(&machine, &journal);
    for command in [
        &["log", "--json"][..],
        &["log", "--thread", "core", "--json"],
        &["stats", "--json"],
        &["export", "--all", "--format", "csv"],
        &["search", "token", "--json"],
    ] {
        let of = |files: &[&String]| {
            let named = files.iter().flat_map(|file| ["--file", file.as_str()]);
            let told = machine.run(&[command, &named.collect::<Vec<_>>()[..]].concat()).exits(0).stdout;
            // Numbers begin with when they were made.
            told.split_once(",\"first\"").map(|(_, rest)| rest.to_owned()).unwrap_or(told)
        };
        let whole = of(&[&journal]);
        assert!(whole.contains("Flagship"), "{command:?}: {whole}");
        assert_eq!(of(&[&late, &early]), whole, "{command:?}");
    }
    machine.run(&["log", "verify", &journal]).exits(0);
}

#[test]
fn times_without_a_date_are_of_the_journals_last_day() {
    let (machine, journal) = with_recording();
    let lines = |more: &[&str]| {
        let log = ["log", "--json", "--file", &journal];
        machine.run(&[&log, more].concat()).exits(0).json_lines().len()
    };
    let all = lines(&[]);
    let at = fs::read_to_string(&journal).unwrap();
    let at: serde_json::Value = serde_json::from_str(at.lines().nth(29).unwrap()).unwrap();
    let at = veda_bus_core::time::Millis(at["at"].as_u64().unwrap()).local().unwrap();
    let [date, time] = ["%Y-%m-%d", "%H:%M:%S%.3f"].map(|form| at.format(form).to_string());
    let before = lines(&["--until", &time]);
    assert!((30..all).contains(&before), "{before} of {all}");
    assert_eq!(lines(&["--until", &format!("{date} {time}")]), before);
    assert_eq!(lines(&["--since", &date, "--until", &time]), before);
    let until = [&["log", "--file", &journal][..], &["--since", &time, "--until", "00:00"]].concat();
    machine.run(&until).exits(2).complains("--until 00:00 is before --since");
}

#[test]
fn what_two_files_have_is_told() {
    let (machine, journal) = with_recording();
    let copy = format!("{journal}.copy");
    fs::copy(&journal, &copy).unwrap();
    for command in [&["log"][..], &["stats"], &["export", "--all"]] {
        let told = machine.run(&[command, &["--file", &journal, "--file", &copy]].concat()).exits(1);
        told.complains("event 1 again").complains("a file repeats what another one has");
    }
}

#[test]
fn what_is_no_journal_is_told_in_a_line() {
    let (machine, journal) = with_recording();
    let [late, _] = divided(&machine, &journal);
    for command in ["log", "stats", "search x", "export --all"] {
        let words: Vec<_> = command.split(' ').chain(["--file", "nowhere.log"]).collect();
        machine.run(&words).exits(1).complains("there is no journal at nowhere.log");
    }
    machine.run(&["log", "verify", "nowhere.log"]).exits(1).complains("there is no journal at nowhere.log");
    machine.run(&["log", "verify", &late]).exits(2).complains("is one file of a journal");
    let (folder, other) = (machine.root().to_str().unwrap(), "/etc/passwd");
    for command in ["log", "stats", "search x", "export --all"] {
        let run = |file: &str| machine.run(&command.split(' ').chain(["--file", file]).collect::<Vec<_>>());
        run(folder).exits(1).complains("is a folder; name the journal in it");
        run(other).exits(1).complains("is no journal of veda-bus");
    }
    machine.run(&["replay", other]).exits(1).complains("is no journal of veda-bus");
    machine.run(&["log", "verify", folder]).exits(1).complains("is a folder");
    machine.run(&["log", "--follow", "--file", &late]).exits(2).complains("these files do not grow");
    machine
        .run(&["log", "--file", &journal, "verify"])
        .exits(2)
        .complains("leave what stands before them out");
}
