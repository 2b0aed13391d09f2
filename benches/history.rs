//! What the past costs: `cargo bench --bench history`, with `-- --quick` for a first impression, and `-- --json` for
//! programs. A journal of 1,000,000 messages is opened, and gone to and fro in, by the thread that the console asks.
//! `docs/performance.md` tells of the figures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark that can not go on says where; its figures have few digits"
)]
#![allow(dead_code, reason = "it shares files with another benchmark")]

mod console {
    pub(crate) mod machine;
    pub(crate) mod swarm;
    pub(crate) mod table;
}

use std::path::Path;
use std::time::{Duration, Instant};

use console::machine::Machine;
use console::table::Table;
use veda_bus_core::name::Seq;
use veda_bus_ui::past::{Report, Request, Stop, Target, Worker};

/// How many moments are gone to.
const JUMPS: u64 = 300;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    // `cargo test --benches` runs it, too, and has no use for figures.
    if !has("--bench") {
        return;
    }
    // The quick one is about the longest of which all messages are remembered at each moment.
    let conversations = if has("--quick") { 4_900 } else { 250_000 };
    let machine = Machine::new();
    machine.remember(conversations, Duration::ZERO);
    let mut table = Table::new(has("--json"));
    let journal = machine.journal();
    table.one("the journal", "MB", megabytes(&journal), None);
    open_for_the_first_time(&journal, &mut table);
    let replay = journal.with_file_name("log.replay");
    let snapshots = if replay.exists() { megabytes(&replay) } else { 0.0 };
    table.one("the snapshots beside it", "MB", snapshots, None);
    go_to_and_fro(&journal, &mut table);
    table.end();
}

fn megabytes(path: &Path) -> f64 {
    std::fs::metadata(path).unwrap().len() as f64 / 1e6
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// Waits until the worker says something of which `take` makes something.
fn told<T>(worker: &mut Worker, mut take: impl FnMut(Report) -> Option<T>) -> T {
    loop {
        let report = worker.reports.blocking_recv().unwrap();
        if let Report::Failed(why) = report {
            panic!("{why}");
        }
        if let Some(found) = take(report) {
            return found;
        }
    }
}

/// Opens it; gives the number of its last event.
fn open(journal: &Path) -> (Worker, Seq) {
    let mut worker = Worker::start(vec![journal.to_owned()]).unwrap();
    let last = told(&mut worker, |report| match report {
        Report::Opened(map) => map.last().map(|(last, _)| last),
        _ => None,
    });
    (worker, last)
}

fn open_for_the_first_time(journal: &Path, table: &mut Table) {
    let begun = Instant::now();
    let (mut worker, last) = open(journal);
    table.one("opening it for the first time", "ms", milliseconds(begun), Some(2_000.0));
    told(&mut worker, |report| match report {
        Report::Indexed { upto } => (upto == last).then_some(()),
        _ => None,
    });
    table.one("until going anywhere in it is quick", "s", begun.elapsed().as_secs_f64(), None);
}

fn go_to_and_fro(journal: &Path, table: &mut Table) {
    let opened = (0..5).map(|_| {
        let begun = Instant::now();
        drop(open(journal));
        milliseconds(begun)
    });
    table.many("opening it again", "ms", opened.collect(), (Some(2_000.0), None));
    let (mut worker, last) = open(journal);
    let mut number = 0;
    let mut go = |worker: &mut Worker, target| {
        number += 1;
        let begun = Instant::now();
        worker.ask(Request::Go { number, target });
        let position = told(worker, |report| match report {
            Report::Moment { number: of, position, .. } => (of == number).then_some(position),
            Report::NotThere { why, .. } => panic!("{why}"),
            _ => None,
        });
        (position, milliseconds(begun))
    };
    // Every moment is as good as any other: these are all over the journal, and far from each other.
    let far = (0..JUMPS).map(|jump| Seq(jump * 7_919 % JUMPS * (last.0 / JUMPS) + jump % 97));
    let far: Vec<_> = far.map(|seq| go(&mut worker, Target::Event(seq)).1).collect();
    table.many("going anywhere", "ms", far, (None, Some(100.0)));
    let (mut position, _) = go(&mut worker, Target::Event(Seq(last.0 / 2)));
    for (name, stop) in [
        ("an event", Stop::Event),
        ("a message", Stop::Message),
        ("what matches", Stop::Match("UILib".into())),
    ] {
        let (mut back, mut forth) = (Vec::new(), Vec::new());
        for _ in 0..100 {
            let target = Target::Previous { from: position, stop: stop.clone() };
            let (there, took) = go(&mut worker, target);
            back.push(took);
            position = there;
        }
        for _ in 0..100 {
            let (there, took) = go(&mut worker, Target::Next { from: position, stop: stop.clone() });
            forth.push(took);
            position = there;
        }
        table.many(&format!("back by {name}"), "ms", back, (None, Some(100.0)));
        table.many(&format!("forward by {name}"), "ms", forth, (None, Some(100.0)));
    }
    table.one("memory of it all, with one moment shown", "MB", resident(), Some(300.0));
}

/// `VmRSS` of this process, in MB.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<f64>().unwrap() * 1024.0 / 1e6
}
