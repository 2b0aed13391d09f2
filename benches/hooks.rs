//! What a hook costs the agent that waits for it: `cargo bench --bench hooks`, the wall time of `veda-bus hook` processes
//! that have nothing to say. Ends with exit code 1 when a median is above its bound. `docs/performance.md` has figures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that can not go on says where"
)]

use std::fs;
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_veda-bus");

/// How many processes of each kind are started, and how many before that, to warm up what is cold.
const RUNS: usize = 500;
const FIRST: usize = 20;

/// The longest median.
const BOUND: Duration = Duration::from_millis(10);

fn main() -> ExitCode {
    // `cargo test --benches` runs it, too, and has no use for figures.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("LensSDK");
    fs::create_dir_all(repository.join(".veda")).unwrap();
    fs::create_dir_all(folder.path().join(".veda")).unwrap();
    fs::write(repository.join(".veda/coordination.toml"), "[coordination]\nrepo_name = \"LensSDK\"\n")
        .unwrap();
    let socket = folder.path().join("bus.sock");
    fs::write(
        folder.path().join(".veda/bus.toml"),
        format!("[bus]\nsocket_path = \"{}\"\n", socket.display()),
    )
    .unwrap();

    println!("veda-bus hook, {RUNS} processes of each kind          median      p99");
    let mut is_within = measure("no bus", folder.path(), "PostToolBatch");
    let _bus = Bus::start(folder.path(), &socket);
    for event in ["SessionStart", "UserPromptSubmit", "PostToolBatch", "Stop"] {
        is_within &= measure(&format!("nothing to say at {event}"), folder.path(), event);
    }
    if is_within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether the median of so many hooks is within its bound; tells of it.
fn measure(what: &str, home: &Path, event: &str) -> bool {
    let input = format!(
        "{{\"session_id\":\"bench\",\"cwd\":\"{}\",\"hook_event_name\":\"{event}\",\"tool_calls\":[]}}",
        home.join("LensSDK").display()
    );
    let mut times: Vec<_> = (0..FIRST + RUNS).map(|_| hook(home, &input)).skip(FIRST).collect();
    times.sort_unstable();
    let (median, p99) = (times[RUNS / 2], times[RUNS * 99 / 100]);
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    println!("{what:<46} {:>6.2} ms {:>6.2} ms", millis(median), millis(p99));
    median <= BOUND
}

/// From the start of a hook until it has ended.
fn hook(home: &Path, input: &str) -> Duration {
    let began = Instant::now();
    let mut hook = command(home, &["hook", "--host", "claude"]).stdin(Stdio::piped()).spawn().unwrap();
    hook.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = hook.wait_with_output().unwrap();
    let took = began.elapsed();
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    took
}

fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments).env_clear().env("HOME", home).current_dir(home);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A bus; dropped, it ends.
struct Bus(Child);

impl Bus {
    fn start(home: &Path, socket: &Path) -> Self {
        let bus =
            Self(command(home, &["serve"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let until = Instant::now() + Duration::from_secs(30);
        while UnixStream::connect(socket).is_err() {
            assert!(Instant::now() < until, "the bus does not answer");
            std::thread::sleep(Duration::from_millis(5));
        }
        bus
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
