//! A folder that is a machine: home, configuration, a bus, the command line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::harness::{Process, Wire, eventually, text};

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_veda-bus");

/// A file that cargo has built beside this test: `examples/veda_instance`.
pub(crate) fn beside_this_test(path: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(|deps| deps.parent()).unwrap();
    let file = profile.join(path);
    assert!(file.exists(), "{} is not built; use scripts/test, which builds it first", file.display());
    file
}

/// A temporary folder with a home folder, a folder to work in, and a place for the socket. It is removed when dropped.
pub(crate) struct Machine {
    root: TempDir,
    /// What its commands find in their environment beside the home folder.
    environment: Vec<(&'static str, &'static str)>,
}

/// Switches off what keeps agents from saying too much.
const UNLIMITED: [(&str, &str); 5] = [
    ("VEDA_BUS_LIMITS_MESSAGES_PER_MINUTE", "0"),
    ("VEDA_BUS_LIMITS_THREAD_MESSAGES_PER_MINUTE", "0"),
    ("VEDA_BUS_LIMITS_THREAD_MESSAGES", "0"),
    ("VEDA_BUS_LIMITS_THREAD_DEPTH", "0"),
    ("VEDA_BUS_LIMITS_LOOP_ANSWERS", "0"),
];

impl Machine {
    /// One whose `~/.veda/bus.toml` says where the socket is, and `bus` (lines of its table `[bus]`).
    pub(crate) fn new(bus: &str) -> Self {
        let root = tempfile::Builder::new().prefix("veda-bus-").tempdir().unwrap();
        let machine = Self { root, environment: Vec::new() };
        fs::create_dir_all(machine.home().join(".veda")).unwrap();
        fs::create_dir_all(machine.work()).unwrap();
        machine.configure(bus);
        machine
    }

    /// The same for a test that sends more than a swarm would: nothing is too much.
    pub(crate) fn unlimited(bus: &str) -> Self {
        Self { environment: UNLIMITED.to_vec(), ..Self::new(bus) }
    }

    /// Puts another `~/.veda/bus.toml` in the place of the one that is there, which is never half of one.
    pub(crate) fn configure(&self, bus: &str) {
        let text = format!("[bus]\nsocket_path = \"{}\"\n{bus}\n", self.socket().display());
        let file = self.home().join(".veda/bus.toml");
        fs::write(file.with_extension("new"), text).unwrap();
        fs::rename(file.with_extension("new"), file).unwrap();
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// The folder that commands run in.
    pub(crate) fn work(&self) -> PathBuf {
        self.root().join("work")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.root().join("bus.sock")
    }

    /// The journal, at its default place.
    pub(crate) fn journal(&self) -> PathBuf {
        self.home().join(".veda/coordination.log")
    }

    /// The files of the journal's folder whose names begin with the journal's and then `suffix`.
    pub(crate) fn journal_files(&self, suffix: &str) -> Vec<PathBuf> {
        let prefix = format!("coordination.log{suffix}");
        let entries = fs::read_dir(self.home().join(".veda")).unwrap().map(|entry| entry.unwrap());
        let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix));
        let mut files: Vec<_> = named.map(|entry| entry.path()).collect();
        files.sort();
        files
    }

    /// The folder of a repository whose `.veda/coordination.toml` says `coordination` (lines of that table).
    pub(crate) fn repository(&self, name: &str, coordination: &str) -> PathBuf {
        let folder = self.root().join(name);
        fs::create_dir_all(folder.join(".veda")).unwrap();
        let text = format!("[coordination]\nrepo_name = {name:?}\n{coordination}\n");
        fs::write(folder.join(".veda/coordination.toml"), text).unwrap();
        folder
    }

    /// `program` on this machine: its home, its working folder, its environment, and nothing from ours.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).env("HOME", self.home()).envs(self.environment.iter().copied());
        command.current_dir(self.work());
        command
    }

    /// A command of `veda-bus`, running.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Process {
        let mut command = self.command(BINARY);
        command.args(arguments);
        Process::start(command)
    }

    /// Runs a command of `veda-bus` to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with(arguments, b"")
    }

    /// Runs a command of `veda-bus` to its end, with something on its standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &[u8]) -> Outcome {
        let mut process = self.spawn(arguments);
        process.write(input);
        process.close_stdin();
        Outcome::of(arguments, process)
    }

    /// Runs a command of `veda-bus` to its end, in another folder.
    pub(crate) fn run_in(&self, folder: &Path, arguments: &[&str]) -> Outcome {
        let mut command = self.command(BINARY);
        command.current_dir(folder).args(arguments);
        let mut process = Process::start(command);
        process.close_stdin();
        Outcome::of(arguments, process)
    }

    /// An instance from the shell, that has joined.
    pub(crate) fn join(&self, repo: &str, more: &[&str]) -> Process {
        let process = self.spawn(&[&["join", "--repo", repo], more].concat());
        process.says("joined as");
        process
    }
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What was run; a failing test shows it.
    #[expect(dead_code, reason = "shown by Debug")]
    command: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// That of a process, when it has ended.
    pub(crate) fn of(arguments: &[&str], mut process: Process) -> Self {
        let code = process.wait().code();
        let command = format!("veda-bus {}", arguments.join(" "));
        Self { command, code, stdout: process.stdout(), stderr: process.stderr() }
    }

    /// The same, after a check of its exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// The same, after a check that it says `wanted` on standard error.
    #[track_caller]
    pub(crate) fn complains(self, wanted: &str) -> Self {
        assert!(self.stderr.contains(wanted), "{wanted:?} is not in {self:#?}");
        self
    }

    /// The only line that it printed, as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let lines = self.json_lines();
        assert_eq!(lines.len(), 1, "{self:#?}");
        lines.into_iter().next().unwrap()
    }

    /// Every line that it printed, as JSON.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.stdout.lines().map(parse).collect()
    }

    /// The whole output as one JSON value.
    #[track_caller]
    pub(crate) fn json_document(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// A bus that serves a machine.
pub(crate) struct Bus {
    // The process goes before the folder that it uses.
    process: Process,
    machine: Machine,
}

impl std::ops::Deref for Bus {
    type Target = Machine;
    fn deref(&self) -> &Machine {
        &self.machine
    }
}

impl Bus {
    /// A bus with the default configuration, which answers.
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// A bus with these lines in the table `[bus]` of its configuration, which answers.
    pub(crate) fn with(bus: &str) -> Self {
        Self::on(Machine::new(bus))
    }

    /// The same, and nothing is too much for it.
    pub(crate) fn unlimited(bus: &str) -> Self {
        Self::on(Machine::unlimited(bus))
    }

    /// A bus on a machine that is there already.
    pub(crate) fn on(machine: Machine) -> Self {
        let process = serve(&machine);
        Self { process, machine }
    }

    /// A bus on `machine`, started by another command than `veda-bus serve`.
    pub(crate) fn started_by(machine: Machine, command: Command) -> Self {
        let process = listening(&machine, Process::start(command));
        Self { process, machine }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub(crate) fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Ends it as a service manager does, and waits until it is gone.
    pub(crate) fn terminate(&mut self) {
        self.process.signal("TERM");
        let status = self.process.wait();
        assert!(status.success(), "{status}: {}", self.process.stderr());
    }

    /// Starts it again, with the same files.
    pub(crate) fn restart(&mut self) {
        self.process = serve(&self.machine);
    }

    /// A connection to its socket.
    pub(crate) fn wire(&self) -> Wire {
        Wire::connect(&self.socket())
    }

    /// A connection that is an instance of `repo`.
    pub(crate) fn instance(&self, repo: &str) -> Wire {
        let mut wire = if repo == "operator" { Wire::operator(&self.socket()) } else { self.wire() };
        wire.register(repo);
        wire
    }

    /// What the bus says of itself.
    pub(crate) fn state(&self) -> Value {
        self.wire().ask(serde_json::json!({ "op": "state" }))["state"].take()
    }

    /// What the bus says of a repo.
    pub(crate) fn repo(&self, name: &str) -> Value {
        let mut state = self.state();
        let repos = state["repos"].as_array_mut().unwrap();
        let found = repos.iter_mut().find(|repo| repo["repo"] == name);
        found.unwrap_or_else(|| panic!("no repo {name}")).take()
    }

    /// How far message `id` is with `repo`.
    pub(crate) fn stage(&self, id: &str, repo: &str) -> String {
        let answer = self.wire().ask(serde_json::json!({ "op": "history", "id": id }));
        let ladder = answer["messages"][0]["record"]["ladder"].as_array().cloned().unwrap_or_default();
        let step = ladder.iter().find(|step| step["repo"] == repo);
        let step = step.unwrap_or_else(|| panic!("{id} has no ladder for {repo}: {answer}"));
        text(step, "stage").to_owned()
    }

    /// Waits until message `id` has reached `stage` with `repo`.
    pub(crate) fn reaches(&self, id: &str, repo: &str, stage: &str) {
        eventually(&format!("{id} is {stage} with {repo}"), || (self.stage(id, repo) == stage).then_some(()));
    }
}

fn serve(machine: &Machine) -> Process {
    listening(machine, machine.spawn(&["serve"]))
}

/// Waits until the bus answers; one that ends instead has failed.
fn listening(machine: &Machine, mut process: Process) -> Process {
    eventually("the bus answers", || {
        assert!(process.is_running(), "the bus ended: {}", process.stderr());
        let mut wire = Wire::try_connect(&machine.socket())?;
        Some(wire.ask(serde_json::json!({ "op": "ping" })))
    });
    process
}
