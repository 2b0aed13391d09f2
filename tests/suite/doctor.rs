//! `veda-bus doctor`: what it finds, what it says to do, and that nothing makes it fail or hang.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::harness::{Bus, Machine, Process};
use super::machine::{BINARY, Outcome};

/// A repository in which Claude Code is set up with a program, and what `doctor` is started with there.
struct Patient<'a> {
    machine: &'a Machine,
    repo: PathBuf,
}

impl<'a> Patient<'a> {
    fn new(machine: &'a Machine, program: &str) -> Self {
        let repo = machine.repository("LensSDK", "");
        let server = json!({ "mcpServers": { "veda-bus": { "command": program, "args": ["mcp"] } } });
        fs::write(repo.join(".mcp.json"), server.to_string()).unwrap();
        fs::create_dir_all(repo.join(".claude")).unwrap();
        let command = format!("{program} hook --host claude");
        let hooks =
            json!({ "hooks": { "Stop": [{ "hooks": [{ "type": "command", "command": command }] }] } });
        fs::write(repo.join(".claude/settings.local.json"), hooks.to_string()).unwrap();
        let patient = Self { machine, repo };
        patient.install("claude", "echo '2.1.330 (Claude Code)'");
        patient
    }

    fn bin(&self) -> PathBuf {
        self.machine.root().join("bin")
    }

    /// A program on the path that is a script.
    fn install(&self, name: &str, script: &str) {
        fs::create_dir_all(self.bin()).unwrap();
        let program = self.bin().join(name);
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    }

    fn start(&self, arguments: &[&str]) -> Process {
        let mut command = self.machine.command(BINARY);
        command.current_dir(&self.repo).env("PATH", format!("{}:/usr/bin:/bin", self.bin().display()));
        command.arg("doctor").args(arguments);
        Process::start(command)
    }

    fn examined(&self, arguments: &[&str]) -> Outcome {
        let mut process = self.start(arguments);
        process.close_stdin();
        Outcome::of(arguments, process)
    }

    /// What it found, by the name of the check.
    fn checks(&self) -> Checks {
        let outcome = self.examined(&["--json"]);
        Checks(outcome.json_lines(), outcome.code)
    }
}

struct Checks(Vec<Value>, Option<i32>);

impl Checks {
    #[track_caller]
    fn finds(&self, check: &str, status: &str, what: &str) -> &Value {
        let says = |one: &&Value| one["what"].as_str().is_some_and(|found| found.contains(what));
        let found = self.0.iter().find(|one| one["check"] == check && one["status"] == status && says(one));
        found.unwrap_or_else(|| panic!("{check} is not {status}, with {what:?}: {:#?}", self.0))
    }

    #[track_caller]
    fn advises(&self, check: &str, status: &str, what: &str, todo: &str) {
        let found = self.finds(check, status, what);
        assert!(
            found["todo"].as_str().is_some_and(|found| found.contains(todo)),
            "{todo:?} is not in {found}"
        );
    }

    /// Problems, and nothing else, make it fail.
    #[track_caller]
    fn exits(&self, code: i32) {
        assert_eq!(self.1, Some(code), "{:#?}", self.0);
        assert_eq!(self.0.iter().any(|one| one["status"] == "problem"), code == 1, "{:#?}", self.0);
    }
}

/// Claude Code runs its hook in a folder.
fn fire_hook(machine: &Machine, folder: &Path) {
    let event = json!({ "session_id": "s-1", "cwd": folder, "hook_event_name": "PostToolBatch" });
    let mut command = machine.command(BINARY);
    command.current_dir(folder).args(["hook", "--host", "claude"]);
    let mut hook = Process::start(command);
    hook.write(event.to_string().as_bytes());
    hook.close_stdin();
    assert!(hook.wait().success(), "{}", hook.stderr());
}

#[test]
fn a_healthy_folder_has_no_problems() {
    let bus = Bus::start();
    let patient = Patient::new(&bus, BINARY);
    fire_hook(&bus, &patient.repo);
    let _agent = bus.instance("LensSDK");
    let checks = patient.checks();
    checks.exits(0);
    assert!(checks.0.iter().all(|one| one["status"] == "ok" && one["todo"].is_null()), "{:#?}", checks.0);
    for (check, what) in [
        ("configuration", "coordination.toml read"),
        ("repo", "this folder is LensSDK, as "),
        ("bus", env!("CARGO_PKG_VERSION")),
        ("socket", "mode 0600"),
        ("journal", "in 1 file (durability power)"),
        ("repo LensSDK", "1 instance connected, 0 unread messages, 0 answers owed"),
        ("claude", "2.1.330 (Claude Code), "),
        ("claude mcp", ".mcp.json starts this program"),
        ("claude hooks", "settings.local.json starts this program"),
        ("claude hooks firing", "(PostToolBatch)"),
    ] {
        checks.finds(check, "ok", what);
    }
    let lines = patient.examined(&[]).exits(0).stdout;
    assert_eq!(lines.lines().count(), checks.0.len(), "a line each");
    assert!(lines.lines().all(|line| line.contains(" ok ")), "{lines}");
}

#[test]
fn what_an_agent_owes_and_has_not_read_is_told() {
    let bus = Bus::start();
    let patient = Patient::new(&bus, BINARY);
    drop(bus.instance("LensSDK"));
    bus.run(&["send", "query", "--to", "LensSDK", "--question", "Are you there?", "--ttl", "600"]).exits(0);
    patient.checks().finds("repo LensSDK", "ok", "0 instances connected, 1 unread message, 1 answer owed");
}

#[test]
fn without_a_bus_it_says_how_one_is_started() {
    let machine = Machine::new("");
    let checks = Patient::new(&machine, BINARY).checks();
    checks.exits(0);
    checks.advises("bus", "warning", "no bus answers", "veda-bus serve --background");
    checks.finds("socket", "ok", "is free");
    machine.configure("autostart = false");
    let checks = Patient::new(&machine, BINARY).checks();
    checks.exits(1);
    checks.advises("bus", "problem", "no bus answers", "veda-bus serve --background");
}

#[test]
fn a_socket_that_was_left_behind_is_told_from_one_that_is_served() {
    let machine = Machine::new("");
    let patient = Patient::new(&machine, BINARY);
    let silent = UnixListener::bind(machine.socket()).unwrap();
    fs::set_permissions(machine.socket(), fs::Permissions::from_mode(0o600)).unwrap();
    patient.checks().finds("bus", "problem", "nothing was said");
    drop(silent);
    let checks = patient.checks();
    checks.exits(0);
    checks.advises("socket", "warning", "was left behind", "serve --background");
    fs::remove_file(machine.socket()).unwrap();
    fs::write(machine.socket(), "").unwrap();
    let checks = patient.checks();
    checks.exits(1);
    checks.finds("socket", "problem", "is not a socket");
}

#[test]
fn every_mistake_in_the_configuration_is_told_and_the_rest_is_looked_at() {
    let bus = Bus::start();
    let patient = Patient::new(&bus, BINARY);
    let file = patient.repo.join(".veda/coordination.toml");
    fs::write(&file, "[coordination]\nrepo_nam = \"LensSDK\"\n").unwrap();
    let checks = patient.checks();
    checks.exits(1);
    checks.finds("configuration", "problem", "coordination.toml:2:1: unknown key \"repo_nam\"");
    checks.finds("bus", "ok", "answers");
    bus.configure("durabilty = \"process\"");
    let checks = patient.checks();
    checks.finds("configuration", "problem", "coordination.toml:2:1: unknown key \"repo_nam\"");
    checks.finds("configuration", "problem", "bus.toml:3:1: unknown key \"durabilty\"");
    checks.finds("claude mcp", "ok", "starts this program");
}

#[test]
fn an_entry_that_starts_something_else_is_found() {
    let machine = Machine::new("");
    let patient = Patient::new(&machine, "/nowhere/veda-bus");
    let checks = patient.checks();
    checks.exits(1);
    let init = "veda-bus init --agent claude";
    checks.advises("claude mcp", "problem", "/nowhere/veda-bus, which is not there", init);
    checks.advises("claude hooks", "problem", "/nowhere/veda-bus, which is not there", init);
    let other = machine.root().join("veda-bus");
    symlink("/bin/cat", &other).unwrap();
    let patient = Patient::new(&machine, other.to_str().unwrap());
    patient.checks().advises("claude mcp", "warning", "starts another program", init);
    fs::remove_file(&other).unwrap();
    symlink(BINARY, &other).unwrap();
    patient.checks().finds("claude mcp", "ok", "starts this program");
    fs::write(patient.repo.join(".mcp.json"), "{ \"mcpServers\": ").unwrap();
    let checks = patient.checks();
    checks.finds("claude", "problem", ".mcp.json: ");
    checks.advises("claude mcp", "warning", "not set up", init);
}

#[test]
fn hooks_that_were_never_heard_of_need_the_person() {
    let bus = Bus::start();
    let patient = Patient::new(&bus, BINARY);
    fire_hook(&bus, &bus.repository("Flagship", ""));
    patient.checks().advises(
        "claude hooks firing",
        "warning",
        "no hook was ever heard of",
        "trust the folder",
    );
    fire_hook(&bus, &patient.repo);
    patient.checks().finds("claude hooks firing", "ok", "(PostToolBatch)");
}

#[test]
fn nothing_that_others_wrote_reaches_the_terminal_and_nothing_hangs() {
    let bus = Bus::start();
    let patient = Patient::new(&bus, "/\u{1b}[2J\u{202e}/veda-bus");
    patient.install("claude", "printf '1\\033[2J\\n'");
    patient.install("codex", "echo codex 9; sleep 1000 & exec cat");
    patient.install("gemini", "exec sleep 1000");
    let outcome = patient.examined(&[]).exits(1).complains("problems found");
    assert!(!outcome.stdout.contains(['\u{1b}', '\u{202e}']), "{outcome:#?}");
    assert!(outcome.stdout.contains("gemini, which did not tell its version in time"), "{outcome:#?}");
    assert!(outcome.stdout.contains("  codex 9, "), "{outcome:#?}");
}

#[test]
fn what_overrules_the_files_is_told() {
    let bus = Bus::start();
    let patient = Patient::new(&bus, BINARY);
    let mut command = bus.command(BINARY);
    command.current_dir(&patient.repo).env("VEDA_BUS_DURABILITY", "process").args(["doctor", "--json"]);
    let outcome = Outcome::of(&["doctor"], Process::start(command));
    let checks = Checks(outcome.json_lines(), outcome.code);
    checks.finds("environment", "warning", "VEDA_BUS_DURABILITY=\"process\"");
}

#[test]
fn what_is_wrong_with_a_journal_is_found() {
    let mut bus = Bus::start();
    bus.run(&["send", "query", "--to", "Nobody", "--question", "What?"]);
    bus.terminate();
    let (journal, patient) = (bus.journal(), Patient::new(&bus, BINARY));
    patient.checks().finds("journal", "ok", "in 1 file");
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, text.replacen("\"event\":\"stopped\"", "\"event\":\"Stopped\"", 1)).unwrap();
    open_to_all(&journal);
    let checks = patient.checks();
    checks.advises("journal", "problem", "is not as it was written", "veda-bus log verify");
    checks.advises("journal", "warning", "others may change it", "chmod go-w");
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o666)).unwrap();
}
