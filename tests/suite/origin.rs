//! Who may be the operator: real trees of processes, like those of agents.

use std::process::Command;

use serde_json::{Value, json};

use super::harness::{Bus, Process, Screen, eventually, message, query, text, with};
use super::machine::BINARY;

/// The host of an agent, which registers through a child, as a program does that speaks for it, and runs commands: one
/// line of its input each. `leave` ends the child.
const HOST: &str = r#"
import json, subprocess, sys
speaker = subprocess.Popen([sys.executable, "-c", sys.argv[2], sys.argv[1]], stdin=subprocess.PIPE)
for command in map(json.loads, sys.stdin):
    if command == "leave":
        speaker.communicate()
        print("{}", flush=True)
    else:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        print(json.dumps({"code": done.returncode, "stderr": done.stderr}), flush=True)
"#;

/// What speaks for the agent; it prints the answer to its registration, and stays until its input ends.
const SPEAKER: &str = r#"
import socket, sys
bus = socket.socket(socket.AF_UNIX)
bus.connect(sys.argv[1])
bus.sendall(b'{"op":"register","repo":"Flagship","host":"parent"}\n')
print(bus.makefile().readline(), end="", flush=True)
sys.stdin.read()
"#;

/// What the operator says to it.
const SAYING: [&str; 6] = ["send", "notify", "--to", "Flagship", "--change-type", "decision"];

fn saying(summary: &str) -> Vec<&str> {
    [&SAYING[..], &["--summary", summary, "--from", "operator"]].concat()
}

/// An agent's host, whose instance of Flagship is connected.
fn host(bus: &Bus) -> Process {
    let mut python = bus.command("python3");
    python.args(["-c", HOST]).arg(bus.socket()).arg(SPEAKER);
    let mut host = Process::start(python);
    assert_eq!(host.json()["op"], "welcome", "{}", host.stderr());
    host
}

/// What comes of a command that the host runs.
fn runs(host: &mut Process, command: &[&str]) -> Value {
    host.write(format!("{}\n", json!(command)).as_bytes());
    host.json()
}

/// Every refusal of somebody who wanted to be the operator that is in the journal.
fn attempts(bus: &Bus) -> Vec<Value> {
    let log = bus.run(&["log", "--json"]).exits(0).json_lines();
    log.into_iter().filter(|event| event["event"] == "refused" && event["repo"] == "operator").collect()
}

/// A command that the host runs is told that it is not the operator, and why.
#[track_caller]
fn is_refused(host: &mut Process, command: &[&str]) {
    let done = runs(host, command);
    let why = format!("descends from process {}, the host of an instance of Flagship", host.pid());
    let said = text(&done, "stderr");
    assert_eq!(done["code"], 4, "{done}");
    assert!(said.starts_with("veda-bus: refused (operator_only): ") && said.contains(&why), "{said}");
    assert!(said.contains("run it from a shell of your own"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn nothing_that_an_agents_host_starts_is_the_operator() {
    let mut bus = Bus::start();
    let mut host = host(&bus);
    let registered = bus.run(&["log", "--json"]).exits(0).json_lines();
    let registered = registered.iter().find(|event| event["repo"] == "Flagship").unwrap();
    assert_eq!(registered["host"]["pid"], host.pid(), "{registered}");
    let child = [&[BINARY], &saying("from a child")[..]].concat();
    let grandchild = [&["sh", "-c", "\"$0\" \"$@\"; exit $?"], &child[..]].concat();
    is_refused(&mut host, &child);
    is_refused(&mut host, &grandchild);
    // As its own repo it may speak, and whoever is no child of it is the operator.
    let own = [BINARY, "send", "query", "--to", "operator", "--question", "May I?", "--from", "Flagship"];
    assert_eq!(runs(&mut host, &own)["code"], 0);
    bus.run(&saying("from a shell")).exits(0);
    // That the instance has left, or that the bus is another process, changes nothing.
    host.write(b"\"leave\"\n");
    host.line();
    eventually("it has left", || (bus.repo("Flagship")["connected"] == false).then_some(()));
    is_refused(&mut host, &child);
    bus.kill();
    bus.restart();
    is_refused(&mut host, &grandchild);
    bus.run(&saying("from a shell")).exits(0);
    let attempts = attempts(&bus);
    assert_eq!(attempts.len(), 4, "{attempts:?}");
    for attempt in &attempts {
        assert_eq!(attempt["code"], "operator_only");
        let (pid, reason) = (&attempt["pid"], text(attempt, "reason"));
        assert!(reason.contains(&format!("process {pid} descends from process {}", host.pid())), "{attempt}");
    }
    let summaries = bus.run(&["log", "--type", "Notify", "--json"]).exits(0).stdout;
    assert!(summaries.contains("from a shell") && !summaries.contains("child"), "{summaries}");
}

#[test]
fn nothing_that_an_agents_host_starts_decides() {
    let bus = Bus::with("[bus.approval]\nhold = ['type == \"Query\"']");
    let (mut host, mut lens) = (host(&bus), bus.instance("LensSDK"));
    lens.sends(&query("held", "Flagship"));
    let proposal =
        json!({ "proposal": "One", "affected_repos": ["Flagship", "LensSDK"], "requires_consensus": true });
    lens.sends(&message("vote", "*", "Negotiate", proposal));
    // It votes as its own repo, and does no more than that.
    let own = [BINARY, "vote", "vote", "accept", "--from", "Flagship"];
    assert_eq!(runs(&mut host, &own)["code"], 0);
    let decisions: [&[&str]; 8] = [
        &["approve", "vote"],
        &["reject", "vote"],
        &["amend", "vote", "--proposal", "Two"],
        &["override", "vote"],
        &["hold", "release", "held"],
        &["hold", "refuse", "held", "--comment", "No"],
        &["rules", "allow", "--from", "*", "--to", "Flagship"],
        &["rules", "revoke", "--from", "*", "--to", "Flagship"],
    ];
    let undecided = || {
        let listed = [&["negotiations", "--json"][..], &["hold", "list", "--json"], &["rules", "--json"]];
        listed.map(|list| bus.run(list).exits(0).stdout)
    };
    let before = undecided();
    for decision in decisions {
        is_refused(&mut host, &[&[BINARY], decision].concat());
        is_refused(&mut host, &[&["sh", "-c", "\"$0\" \"$@\"; exit $?", BINARY], decision].concat());
    }
    assert_eq!(undecided(), before);
    assert_eq!(attempts(&bus).len(), 2 * decisions.len());
    // What it may look at, it may look at.
    assert_eq!(runs(&mut host, &[BINARY, "hold", "list"])["code"], 0);
    for decision in [&["approve", "vote"][..], &["hold", "release", "held"]] {
        let mut shell = bus.command("sh");
        shell.args(["-c", "\"$0\" \"$@\"; exit $?", BINARY]).args(decision);
        let mut shell = Process::start(shell);
        assert_eq!(shell.wait().code(), Some(0), "{}", shell.stderr());
    }
    assert_eq!(attempts(&bus).len(), 2 * decisions.len());
}

#[test]
fn the_host_of_an_agent_is_not_the_operator_either() {
    let bus = Bus::start();
    let _agent = bus.instance("Flagship");
    // It is made by the same process.
    let refusal = bus.wire().ask(json!({ "op": "register", "repo": "operator" }));
    assert_eq!(refusal["code"], "operator_only", "{refusal}");
    assert!(text(&refusal, "message").ends_with("is the host of an instance of Flagship"), "{refusal}");
    bus.instance("operator").sends(&query("q", "Flagship"));
    // One process that sends for an agent and for the operator is of the agent.
    let from =
        |id: &str, repo: &str| with(query(id, "Flagship"), "from", json!({ "repo": repo })).to_string();
    let lines = [from("a", "LensSDK"), from("b", "operator"), from("c", "LensSDK")].join("\n");
    let sent = bus.run_with(&["send", "--message", "-", "--json"], lines.as_bytes()).exits(4).json_lines();
    let (refused, taken): (Vec<_>, Vec<_>) = sent.iter().partition(|one| !one["error"].is_null());
    assert_eq!(taken.iter().map(|one| text(one, "id")).collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!((&refused[0]["line"], &refused[0]["error"]["code"]), (&json!(2), &json!("operator_only")));
}

#[test]
fn an_agents_mark_in_the_environment_is_enough() {
    let bus = Bus::start();
    bus.instance("Flagship");
    let marked = |mark: &str| {
        let mut command = bus.command(BINARY);
        command.args(saying("marked")).env(mark, "1");
        let mut process = Process::start(command);
        (process.wait().code(), process.stderr())
    };
    for mark in ["CLAUDECODE", "CODEX_THREAD_ID", "GEMINI_CLI", "OPENCODE"] {
        let (code, said) = marked(mark);
        assert_eq!((code, said.contains(&format!("has {mark} "))), (Some(4), true), "{said}");
    }
    assert_eq!(marked("NO_SUCH_AGENT").0, Some(0));
    assert_eq!(attempts(&bus).len(), 4);
}

#[test]
fn the_shell_in_which_somebody_joined_stays_the_operators() {
    let bus = Bus::start();
    let script = r#"
        "$0" join --repo Flagship >/dev/null 2>&1 & joined=$!
        until "$0" instances --json | grep -q Flagship; do sleep 0.02; done
        "$0" "$@"; code=$?
        kill $joined; wait $joined; exit $code"#;
    let mut shell: Command = bus.command("sh");
    shell.args(["-c", script, BINARY]).args(saying("from the same shell"));
    let mut shell = Process::start(shell);
    assert_eq!(shell.wait().code(), Some(0), "{}", shell.stderr());
    assert_eq!(attempts(&bus), [Value::Null; 0]);
}

#[test]
fn what_answers_for_an_instance_does_not_speak_for_the_operator() {
    let bus = Bus::start();
    let command = format!("'{BINARY}' {}", saying("x").join(" "));
    let join = bus.join("Flagship", &["--exec", &command, "--count", "1"]);
    bus.instance("operator").sends(&query("q", "Flagship"));
    join.says("is not the operator");
    assert_eq!(attempts(&bus).len(), 1);
}

#[test]
fn a_console_that_is_not_the_operators_ends_and_says_why() {
    let bus = Bus::start();
    let screen = Screen::with(&bus, 200, 20, &[("CLAUDECODE", "1")]);
    screen.run(&["veda-bus"]);
    assert_eq!(screen.ended(), 4);
    screen.sees("veda-bus: refused (operator_only): this is not the operator: the environment of process ");
    screen.sees("has CLAUDECODE (run it from a shell of your own");
    assert_eq!(attempts(&bus).len(), 1);
}

#[test]
fn a_client_that_is_refused_when_the_bus_comes_back_tries_no_more() {
    let mut bus = Bus::start();
    bus.instance("Flagship");
    let mut batch = bus.spawn(&["send", "--message", "-", "--json"]);
    let line =
        |id: &str, repo: &str| format!("{}\n", with(query(id, "Flagship"), "from", json!({ "repo": repo })));
    // It was the operator before it became the host of an instance.
    for (id, repo) in [("a", "operator"), ("b", "LensSDK")] {
        batch.write(line(id, repo).as_bytes());
        assert_eq!(batch.json()["id"], id);
    }
    for _ in 0..3 {
        bus.kill();
        bus.restart();
        eventually("LensSDK is back", || (bus.repo("LensSDK")["connected"] == true).then_some(()));
        eventually("the operator was refused", || (attempts(&bus).len() == 1).then_some(()));
    }
    batch.says("refused (operator_only): this is not the operator");
    batch.write(line("c", "operator").as_bytes());
    let refused = batch.json();
    assert_eq!(refused["error"]["code"], "not_registered", "{refused}");
    assert_eq!(attempts(&bus).len(), 1);
}

#[test]
fn the_host_is_the_process_itself_or_the_one_that_started_it() {
    let bus = Bus::start();
    let register = |host: &str| bus.wire().ask(json!({ "op": "register", "repo": "Flagship", "host": host }));
    assert_eq!(register("self")["op"], "welcome");
    let refusal = register("grandparent");
    assert_eq!((&refusal["code"], &refusal["at"]), (&json!("invalid_frame"), &json!("host")), "{refusal}");
}
