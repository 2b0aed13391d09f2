//! A bus in the background: how it takes over, what it is, and how it is stopped.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::net::UnixListener;
use std::process::Command;

use serde_json::{Value, json};

use super::harness::{Bus, Machine, Process, Wire, mode_of, query, text};

/// A bus that `serve --background` has started on a machine; it does not outlive its test.
struct Background<'a> {
    machine: &'a Machine,
    more: &'a [&'a str],
    pid: u64,
    stopped: bool,
}

impl<'a> Background<'a> {
    fn start(machine: &'a Machine, more: &'a [&'a str]) -> Self {
        let told = machine.run(&[&["serve", "--background", "--json"], more].concat()).exits(0).json();
        Self { machine, more, pid: told["pid"].as_u64().unwrap(), stopped: false }
    }

    fn stop(mut self) -> Value {
        let told = self.machine.run(&[&["stop", "--json"], self.more].concat()).exits(0).json();
        self.stopped = true;
        told
    }
}

impl Drop for Background<'_> {
    fn drop(&mut self) {
        if !self.stopped {
            let _ = Command::new("kill").args(["-KILL", &self.pid.to_string()]).status();
        }
    }
}

const REPOS: [&str; 3] = ["AuthCore", "LensSDK", "UILib"];

fn questions(numbers: std::ops::Range<usize>) -> String {
    numbers.fold(String::new(), |mut lines, number| {
        writeln!(lines, "{}", query(&format!("q{number}"), REPOS[number % 3])).unwrap();
        lines
    })
}

/// The ids of so many messages that an instance prints.
fn printed(instance: &mut Process, count: usize) -> Vec<String> {
    (0..count).map(|_| text(&instance.json(), "id").to_owned()).collect()
}

#[test]
fn a_bus_in_the_background_takes_over_and_nothing_is_lost() {
    let mut bus = Bus::start();
    let mut instances = REPOS.map(|repo| bus.join(repo, &[]));
    let mut sender = bus.spawn(&["send", "--message", "-", "--json"]);
    sender.write(questions(0..300).as_bytes());
    // Some have a receipt, the rest is under way.
    let mut receipts = printed(&mut sender, 20);
    bus.terminate();
    sender.write(questions(300..600).as_bytes());
    let background = Background::start(&bus, &[]);
    sender.close_stdin();
    receipts.extend(printed(&mut sender, 580));
    assert_eq!(sender.wait().code(), Some(0), "{}", sender.stderr());
    let expected: Vec<_> = (0..600).map(|number| format!("q{number}")).collect();
    assert_eq!(receipts, expected);
    for (place, (instance, repo)) in instances.iter_mut().zip(REPOS).enumerate() {
        let mut got = printed(instance, 200);
        got.sort_by_key(|id| id[1..].parse::<usize>().unwrap());
        assert_eq!(got, expected.iter().skip(place).step_by(3).cloned().collect::<Vec<_>>());
        instance.says("the bus is back");
        // Had anything come twice, it would come before this.
        bus.instance("Flagship").sends(&query(&format!("last-{repo}"), repo));
        assert_eq!(printed(instance, 1), [format!("last-{repo}")]);
    }
    let told = bus.run(&["instances", "--all", "--json"]).exits(0).json_lines();
    for repo in REPOS {
        assert_eq!(
            told.iter().filter(|one| one["repo"] == repo).count(),
            1,
            "{repo} is the same instance still"
        );
    }
    background.stop();
    bus.run(&["log", "verify"]).exits(0);
}

#[test]
fn it_is_detached_and_can_be_stopped() {
    let machine = Machine::new("");
    machine.run(&["stop"]).exits(3).complains("veda-bus serve");
    let background = Background::start(&machine, &[]);
    let pid = background.pid;
    assert_eq!(machine.run(&["status", "--json"]).exits(0).json()["pid"], pid);
    let ps = Command::new("ps").args(["-o", "sid=,tty=", "-p", &pid.to_string()]).output().unwrap();
    let ps = String::from_utf8(ps.stdout).unwrap();
    assert_eq!(
        ps.split_whitespace().collect::<Vec<_>>(),
        [pid.to_string().as_str(), "?"],
        "a session of its own"
    );
    let log = machine.home().join(".veda/serve.log");
    assert!(fs::read_to_string(&log).unwrap().contains("listening on"));
    assert_eq!(mode_of(&log), 0o600);
    assert_eq!(background.stop()["pid"], pid);
    assert!(!machine.socket().exists());
    machine.run(&["stop"]).exits(3);
    machine.run(&["log", "verify"]).exits(0);
    // The place is free for the next one, at once.
    let again = Background::start(&machine, &[]);
    assert_ne!(again.pid, pid);
    again.stop();
    assert_eq!(fs::read_to_string(&log).unwrap().matches("listening on").count(), 2, "it is added to");
}

#[test]
fn it_has_the_settings_that_are_in_force_where_it_is_started() {
    let machine = Machine::new("");
    let text = "[bus]\nsocket_path = \"there.sock\"\nlog_path = \"there.log\"\ndurability = \"process\"\n";
    fs::write(machine.work().join("there.toml"), text).unwrap();
    let background = Background::start(&machine, &["--config", "there.toml"]);
    let mut wire = Wire::connect(&machine.work().join("there.sock"));
    assert_eq!(wire.register("Flagship")["durability"], "process");
    assert!(machine.work().join("there.log").exists() && machine.work().join("serve.log").exists());
    background.stop();
    let background = Background::start(&machine, &["--socket", "flag.sock"]);
    Wire::connect(&machine.work().join("flag.sock"));
    assert!(machine.journal().exists() && !machine.socket().exists());
    background.stop();
}

#[test]
fn one_that_does_not_come_up_says_why() {
    let bus = Bus::start();
    let pid = bus.pid().to_string();
    bus.run(&["serve", "--background"]).exits(1).complains("already serves").complains(&pid);
    let machine = Machine::new("");
    fs::write(machine.journal(), "no journal\n").unwrap();
    machine.run(&["serve", "--background"]).exits(1).complains("is not a journal");
    machine.configure("log_path = \"serve.log\"");
    machine.run(&["serve", "--background"]).exits(2).complains("serve.log");
}

#[test]
fn a_bus_in_the_foreground_is_stopped_too() {
    let mut bus = Bus::start();
    let pid = bus.pid().to_string();
    let said = bus.run(&["stop"]).exits(0).stdout;
    assert!(said.contains(&pid), "{said}");
    assert_eq!(bus.process().wait().code(), Some(0));
}

/// Answers one question for the state of the bus, as `state` says.
fn lie(listener: &UnixListener, state: &Value) {
    let (mut stream, _) = listener.accept().unwrap();
    let mut asked = String::new();
    BufReader::new(stream.try_clone().unwrap()).read_line(&mut asked).unwrap();
    let asked: Value = serde_json::from_str(&asked).unwrap();
    writeln!(stream, "{}", json!({ "op": "state", "ref": asked["ref"], "state": state })).unwrap();
}

#[test]
fn only_the_process_that_serves_the_socket_is_stopped() {
    let bus = Bus::start();
    let mut command = bus.command("sleep");
    command.arg("600");
    let mut bystander = Process::start(command);
    let mut state = bus.state();
    state["host"]["pid"] = json!(bystander.pid());
    let listener = UnixListener::bind(bus.work().join("liar.sock")).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| lie(&listener, &state));
        bus.run(&["stop", "--socket", "liar.sock"]).exits(1).complains("nothing was stopped");
    });
    assert!(bystander.is_running());
}
