//! `docs/agents.md` is true: its snippets run as they stand there, and its tools are those of the server.

use std::io::Write as _;

use serde_json::{Value, json};

use super::harness::{Bus, Process};
use super::machine::BINARY;

const GUIDE: &str = include_str!("../../docs/agents.md");

/// The socket that a reader of the guide has.
const SOCKET: &str = "/tmp/veda-bus.sock";

/// The fenced block of a language that begins so, for the socket of this bus.
fn snippet(bus: &Bus, language: &str, first: &str) -> String {
    let begin = format!("\n```{language}\n{first}");
    let (_, rest) = GUIDE.split_once(&begin).unwrap_or_else(|| panic!("no block begins with {first}"));
    let block = rest.split_once("\n```").unwrap().0;
    format!("{first}{block}\n").replace(SOCKET, &bus.socket().display().to_string())
}

/// A shell that knows `veda-bus`, with a script.
fn shell(bus: &Bus, script: &str) -> Process {
    let mut command = bus.command("sh");
    command.args(["-c", &script.replacen("veda-bus ", &format!("{BINARY} "), 1)]);
    Process::start(command)
}

fn said(mut process: Process) -> Vec<Value> {
    process.close_stdin();
    assert!(process.wait().success(), "{}", process.stderr());
    process.stdout().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn ask(bus: &Bus, repo: &str, question: &str) -> String {
    bus.run(&["send", "query", "--to", repo, "--question", question, "--wait", "30"]).exits(0).stdout
}

#[test]
fn a_command_answers() {
    let bus = Bus::start();
    let joined = shell(&bus, &format!("exec {}", snippet(&bus, "sh", "veda-bus join --repo Clock")));
    joined.says("joined as Clock");
    let answer = ask(&bus, "Clock", "What time is it?");
    assert!(answer.contains("answer: It is ") && answer.contains(" UTC"), "{answer}");
}

#[test]
fn the_lines_of_python_are_an_instance() {
    let bus = Bus::start();
    let script = bus.work().join("counter.py");
    let mut file = std::fs::File::create(&script).unwrap();
    file.write_all(snippet(&bus, "python", "import json").as_bytes()).unwrap();
    let mut command = bus.command("python3");
    command.arg(&script);
    let _counter = Process::start(command);
    super::harness::eventually("Counter is there", || {
        let repos = bus.state()["repos"].take();
        repos
            .as_array()?
            .iter()
            .any(|repo| repo["repo"] == "Counter" && repo["connected"] == true)
            .then_some(())
    });
    let answer = ask(&bus, "Counter", "How many words are these?");
    assert!(answer.contains("answer: 5 words"), "{answer}");
}

#[test]
fn the_lines_for_socat_say_what_the_guide_says() {
    let bus = Bus::start();
    let mut clock = bus.instance("Clock");
    let repos = said(shell(&bus, &snippet(&bus, "sh", "echo '{\"op\":\"state\"}'")));
    assert!(repos.contains(&json!({ "repo": "Clock", "connected": true, "unread": 0 })), "{repos:?}");
    let frames = said(shell(&bus, &snippet(&bus, "sh", "printf '%s\\n' '{\"op\":\"register\"")));
    let ops: Vec<_> = frames.iter().map(|frame| frame["op"].as_str().unwrap()).collect();
    assert_eq!(ops, ["welcome", "receipt"]);
    assert_eq!(clock.next()["message"]["payload"]["summary"], "Build 812 is green");
}

/// What the MCP server says of its tools.
fn tools(bus: &Bus) -> Vec<Value> {
    let mut server = bus.spawn(&["mcp", "--no-spawn"]);
    let hello = json!({
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" },
    });
    for frame in [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" }),
    ] {
        server.write(format!("{frame}\n").as_bytes());
    }
    loop {
        let mut frame = server.json();
        if frame["id"] == 2 {
            return frame["result"]["tools"].as_array_mut().unwrap().drain(..).collect();
        }
    }
}

#[test]
fn every_tool_is_told_with_an_example_that_it_takes() {
    let tools = tools(&Bus::start());
    assert_eq!(tools.len(), 10, "the guide says how many");
    for tool in &tools {
        let row = format!("\n| `{}` | ", tool["name"].as_str().unwrap());
        let (_, row) = GUIDE.split_once(&row).unwrap_or_else(|| panic!("{row} is missing"));
        let (_, example) = row.lines().next().unwrap().rsplit_once(" | `").unwrap();
        let example: Value = serde_json::from_str(example.strip_suffix("` |").unwrap()).unwrap();
        let schema = &tool["inputSchema"];
        let given = example.as_object().unwrap();
        for name in given.keys() {
            assert!(schema["properties"].get(name).is_some(), "{name} is no argument: {tool}");
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            assert!(given.contains_key(name.as_str().unwrap()), "{name} is missing in {example}");
        }
    }
}
