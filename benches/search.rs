//! How fast a journal is searched: `cargo bench --bench search`, whole processes of `veda-bus search` and of `rg`, in turns, on
//! one file that is in memory. Ends with exit code 1 when plain text is searched at less than 500 MB a second, or takes
//! more than twice as long as `rg` does. `docs/performance.md` has figures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a benchmark that can not go on says where; its figures have few digits"
)]

#[allow(dead_code, reason = "the console's benchmark asks more of the swarm")]
#[path = "console/swarm.rs"]
mod swarm;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Output};
use std::time::{Duration, Instant};

use serde_json::json;
use veda_bus_core::event::{Accepted, Event};
use veda_bus_core::journal::Chain;
use veda_bus_core::journal::line::encode;
use veda_bus_core::message::Message;
use veda_bus_core::time::Millis;

use swarm::Swarm;

const BINARY: &str = env!("CARGO_BIN_EXE_veda-bus");

/// How large the journal is, and after how many conversations something rare is said.
const BYTES: u64 = 1_200_000_000;
const RARE: usize = 20_000;

/// How often each search is measured, after once that is not.
const ROUNDS: usize = 7;

/// What plain text must reach: bytes a second, and how many times as long as `rg` it may take.
const BYTES_PER_SECOND: f64 = 500e6;
const RATIO: f64 = 2.0;

/// A search, and the same for `rg`.
struct Case {
    what: &'static str,
    ours: &'static [&'static str],
    theirs: &'static [&'static str],
    is_plain: bool,
}

const CASES: [Case; 6] = [
    Case { what: "a rare word", ours: &["quokka"], theirs: &["-S", "-F", "quokka"], is_plain: true },
    Case { what: "the same, case counts", ours: &["Quokka"], theirs: &["-F", "Quokka"], is_plain: true },
    Case { what: "a frequent word", ours: &["deadline"], theirs: &["-S", "-F", "deadline"], is_plain: true },
    Case {
        what: "a frequent phrase",
        ours: &["call sites"],
        theirs: &["-S", "-F", "call sites"],
        is_plain: true,
    },
    Case {
        what: "a word that is not there",
        ours: &["wombat"],
        theirs: &["-S", "-F", "wombat"],
        is_plain: true,
    },
    Case {
        what: "a regular expression",
        ours: &["-e", r"takes (a|the) \w+ now instead of"],
        theirs: &["-S", "-e", r"takes (a|the) \w+ now instead of"],
        is_plain: false,
    },
];

fn main() -> ExitCode {
    // `cargo test --benches` runs it, too, and has no use for figures.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let version = Command::new("rg").arg("--version").output();
    let Ok(Output { stdout: version, .. }) = version else {
        eprintln!("rg is not installed, and there is nothing to compare with: scripts/tools installs it");
        return ExitCode::FAILURE;
    };
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("coordination.log");
    let (bytes, messages) = write(&journal);
    let version = String::from_utf8_lossy(&version);
    let version = version.lines().next().unwrap_or_default();
    println!("{bytes} bytes, {messages} messages; {version}; medians of {ROUNDS} rounds");
    println!(
        "{:<28}{:>10}{:>12}{:>14}{:>12}{:>14}{:>9}",
        "", "lines", "search", "MB/s", "rg", "MB/s", "ratio"
    );
    let is_within = CASES.iter().filter(|case| !measure(case, &journal, bytes)).count() == 0;
    if is_within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether a search is within its bounds; tells of it.
fn measure(case: &Case, journal: &Path, bytes: u64) -> bool {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut counts = (0, 0);
    for round in 0..=ROUNDS {
        let (our_time, our_count) = search(case, journal);
        let (their_time, their_count) = rg(case, journal);
        counts = (our_count, their_count);
        if round > 0 {
            ours.push(our_time);
            theirs.push(their_time);
        }
    }
    assert_eq!(counts.0, counts.1, "{}: both must find the same", case.what);
    let (ours, theirs) = (median(ours), median(theirs));
    let speed = |time: Duration| bytes as f64 / time.as_secs_f64();
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    let millis = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1e3);
    println!(
        "{:<28}{:>10}{:>12}{:>14.0}{:>12}{:>14.0}{:>9.2}",
        case.what,
        counts.0,
        millis(ours),
        speed(ours) / 1e6,
        millis(theirs),
        speed(theirs) / 1e6,
        ratio
    );
    !case.is_plain || speed(ours) >= BYTES_PER_SECOND && ratio <= RATIO
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// How long a search takes, and how many messages it finds.
fn search(case: &Case, journal: &Path) -> (Duration, u64) {
    let mut command = Command::new(BINARY);
    command.arg("search").args(case.ours).arg("--file").arg(journal);
    command.env_clear().env("HOME", journal.parent().unwrap()).current_dir(journal.parent().unwrap());
    let (time, output) = timed(&mut command);
    let told = String::from_utf8(output.stderr).unwrap();
    let count = told.split_whitespace().find_map(|word| word.parse().ok());
    (time, count.unwrap_or(0))
}

fn rg(case: &Case, journal: &Path) -> (Duration, u64) {
    let mut command = Command::new("rg");
    let (time, output) = timed(command.args(["--no-config", "-c"]).args(case.theirs).arg(journal));
    let told = String::from_utf8(output.stdout).unwrap();
    (time, told.trim().parse().unwrap_or(0))
}

/// From the start of a process until it has ended. That nothing is found is exit code 1, for both.
fn timed(command: &mut Command) -> (Duration, Output) {
    let began = Instant::now();
    let output = command.output().unwrap();
    let took = began.elapsed();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
    (took, output)
}

/// Writes a journal of a swarm that has talked a lot; how many bytes it has, and how many messages are in it.
fn write(path: &Path) -> (u64, usize) {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).unwrap());
    let mut swarm = Swarm::new(Millis(1_763_000_000_000), 20);
    let mut chain = Chain::GENESIS;
    let (mut bytes, mut messages, mut conversations) = (0, 0, 0);
    let mut line = Vec::new();
    let mut events = swarm.arrive(chain.to_string());
    while bytes < BYTES {
        for recorded in &events {
            line.clear();
            chain = encode(&mut line, chain, recorded);
            file.write_all(&line).unwrap();
            bytes += line.len() as u64;
            messages += usize::from(matches!(recorded.event, Event::Accepted(_)));
        }
        events = swarm.converse();
        if conversations % RARE == 0 {
            events.push(swarm.record(rare(conversations)));
        }
        conversations += 1;
    }
    file.flush().unwrap();
    (bytes, messages)
}

/// Something that is not said often.
fn rare(number: usize) -> Event {
    let raw = json!({
        "id": format!("rare-{number}"),
        "from": { "repo": "Flagship" },
        "to": { "repo": "LensSDK" },
        "type": "Notify",
        "timestamp": 1_763_000_000,
        "payload": { "change_type": "new_feature", "summary": format!("The Quokka release {number} is out") },
    });
    let message = Message::parse(&raw.to_string(), None).unwrap();
    Event::Accepted(Box::new(Accepted {
        by: "7d444840-9dc0-11d1-b245-5ffdce74fad0".parse().unwrap(),
        thread: message.id.clone(),
        parent: None,
        expires_at: Millis(1_863_000_000_000),
        recipients: Vec::new(),
        held: None,
        message,
    }))
}
