//! The real program in a terminal: how soon it is there, how much it takes, and how quickly it answers a key.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::machine::Machine;
use super::stream::{Stream, join};
use super::swarm;
use super::table::Table;
use super::terminal::{Terminal, cursor};
use crate::Effort;

/// How long an idle console is watched.
const IDLE: Duration = Duration::from_secs(10);

/// Labels that tell of something so old change once an hour.
const OLD: Duration = Duration::from_secs(3 * 3600 + 600);

/// From a key to the last byte of its frame, in milliseconds.
const ANSWERS: (Option<f64>, Option<f64>) = (Some(16.0), Some(16.0));

pub(crate) fn measure(effort: Effort, table: &mut Table) {
    let took = (0..effort.starts).map(|_| first_screen(&Machine::new())).collect();
    table.many("first screen, hosting, a machine where nothing ever ran", "ms", took, (Some(100.0), None));
    idle_and_keys(effort, table);
    long_past(effort, table);
}

/// How long it takes from the start of the process to its first frame, in milliseconds.
fn first_screen(machine: &Machine) -> f64 {
    let began = Instant::now();
    let mut terminal = Terminal::run(&machine.command(&[]));
    terminal.frame(|_| true);
    began.elapsed().as_secs_f64() * 1e3
}

/// Hosting, an instance connected, and a hundred conversations from three hours ago.
fn idle_and_keys(effort: Effort, table: &mut Table) {
    let machine = Machine::new();
    machine.remember(100, OLD);
    let mut terminal = Terminal::run(&machine.command(&[]));
    terminal.frame(|_| true);
    terminal.rest(Duration::from_secs(1));
    let _instance = join(&machine.socket(), "LensSDK");
    // What a console says when it begins is gone after six seconds, and the threads that began it after ten.
    terminal.rest(Duration::from_secs(12));
    idle(&mut terminal, table);
    let took = keys(&mut terminal, effort.keys, &["j", "k"], |_, _| true);
    table.many("key to screen, in the list", "ms", took, ANSWERS);
    terminal.press("n\r");
    terminal.rest(Duration::from_millis(300));
    let took = keys(&mut terminal, effort.keys, &["x", "\x7f"], has_moved);
    table.many("key to screen, writing", "ms", took, ANSWERS);
    let stream = Stream::start(&machine.socket(), 5_000);
    terminal.written(Duration::from_secs(1));
    let took = keys(&mut terminal, effort.keys, &["x", "\x7f"], has_moved);
    table.many("key to screen, writing, while messages stream in", "ms", took, ANSWERS);
    table.one("these messages", "each second", stream.rate(), None);
}

fn idle(terminal: &mut Terminal, table: &mut Table) {
    let before = Used::by(&terminal.process());
    let written = terminal.written(IDLE).len();
    let after = Used::by(&terminal.process());
    table.one("idle, 10 s: written", "bytes", written as f64, Some(0.0));
    let [nanos, ticks, switches] = after.since(&before);
    table.one("idle, 10 s: processor", "µs", nanos / 1e3, Some(1_000.0));
    table.one("idle, 10 s: processor, as accounted", "ticks of 10 ms", ticks, Some(0.0));
    table.one("idle, 10 s: context switches", "times", switches, None);
}

/// How long keys take, each in milliseconds, when nothing is left to be drawn; `is_it` knows the frame of a key by all that
/// was written since, and by the cursor before.
fn keys(terminal: &mut Terminal, count: usize, keys: &[&str], is_it: fn(&[u8], &[u8]) -> bool) -> Vec<f64> {
    let mut took = Vec::new();
    let mut before = Vec::new();
    for index in 0..count {
        // Keys do not come in time with anything.
        terminal.written(Duration::from_millis(5 + (index as u64 * 7) % 20));
        let began = Instant::now();
        terminal.press(keys[index % keys.len()]);
        let at = std::cell::RefCell::new(Vec::new());
        terminal.frame(|frame| {
            let now = cursor(frame).unwrap_or_default();
            now.clone_into(&mut at.borrow_mut());
            is_it(&before, now)
        });
        took.push(began.elapsed().as_secs_f64() * 1e3);
        before = at.into_inner();
    }
    // Where the cursor was before the first key is not known.
    took.split_off(1)
}

fn has_moved(before: &[u8], now: &[u8]) -> bool {
    before != now && !now.is_empty()
}

/// A bus with a journal of a million messages, a console that attaches to it, and one that hosts it.
fn long_past(effort: Effort, table: &mut Table) {
    let machine = Machine::new();
    machine.remember(effort.conversations, OLD);
    let took = (0..effort.starts / 4).map(|_| first_screen(&machine)).collect();
    table.many("first screen, hosting, while a long journal is read", "ms", took, (Some(100.0), None));
    let _bus = machine.serve();
    let began = Instant::now();
    let mut terminal = Terminal::run(&machine.command(&[]));
    let (_, end) = terminal.rest(Duration::from_secs(4));
    table.one("a console loads the past", "s", (end - began).as_secs_f64(), None);
    terminal.press("\x0c");
    let (screen, _) = terminal.rest(Duration::from_millis(500));
    let count = (effort.conversations + swarm::QUESTIONS as usize).to_string();
    assert!(String::from_utf8_lossy(&screen).contains(&count), "not all of the past was loaded");
    table.one("memory of a console attached to it", "MB", memory(&terminal.process()), Some(300.0));
    let took = keys(&mut terminal, effort.keys, &["j", "k"], |_, _| true);
    table.many("key to screen, in its list", "ms", took, ANSWERS);
    terminal.rest(Duration::from_secs(12));
    idle(&mut terminal, table);
}

/// What a process has in memory, in MB.
pub(crate) fn memory(process: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    number(&status, "VmRSS:") as f64 * 1024.0 / 1e6
}

/// What the threads of a process have used so far, each by itself: what one that ended had used is not told any more.
struct Used(HashMap<OsString, [u64; 3]>);

impl Used {
    /// Nanoseconds of the processor, the same as it is accounted in ticks of 10 ms, context switches.
    fn by(process: &str) -> Self {
        let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap().map(Result::unwrap);
        Self(tasks.map(|task| (task.file_name(), used(&task.path()))).collect())
    }

    /// How much more that is than before.
    fn since(&self, before: &Self) -> [f64; 3] {
        let more = |(thread, after): (&OsString, &[u64; 3])| {
            let before = before.0.get(thread).copied().unwrap_or_default();
            [0, 1, 2].map(|what| (after[what] - before[what]) as f64)
        };
        let each = self.0.iter().map(more);
        each.fold([0.0; 3], |sum, more| [0, 1, 2].map(|what| sum[what] + more[what]))
    }
}

fn used(thread: &Path) -> [u64; 3] {
    let read = |file: &str| fs::read_to_string(thread.join(file)).unwrap();
    let nanos = read("schedstat").split(' ').next().unwrap().parse().unwrap();
    let stat = read("stat");
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace().skip(11).take(2);
    let ticks = fields.map(|field| field.parse::<u64>().unwrap()).sum();
    let status = read("status");
    let switches =
        number(&status, "\nvoluntary_ctxt_switches:") + number(&status, "nonvoluntary_ctxt_switches:");
    [nanos, ticks, switches]
}

/// The number behind a name in a file of `/proc`.
fn number(file: &str, name: &str) -> u64 {
    let (_, rest) = file.split_once(name).unwrap();
    rest.split_whitespace().next().unwrap().parse().unwrap()
}
