//! `veda-bus mcp` in front of clients that others have written.

use std::path::Path;

use serde_json::{Value, json};

use super::foreign::{installed, json, output, script};
use super::harness::{Bus, Process, answer, query, text};
use super::machine::BINARY;

/// How many things an agent can do.
const TOOLS: usize = 10;

/// The MCP Inspector, which asks the server of a repository one thing.
fn inspector(bus: &Bus, repository: &Path, asked: &[&str]) -> Value {
    let mut command = bus.command(&installed("node_modules/.bin/mcp-inspector"));
    command.current_dir(repository).args(["--cli", BINARY, "mcp", "--method"]).args(asked);
    json(Process::start(command))
}

fn has(list: &Value, name: &str) -> bool {
    list.as_array().unwrap().iter().any(|one| one["name"] == name)
}

#[test]
fn the_inspector_sees_every_tool_with_its_schemas_and_annotations() {
    let bus = Bus::start();
    let lens = bus.repository("LensSDK", "");
    let listed = inspector(&bus, &lens, &["tools/list"]);
    let tools = listed["tools"].as_array().unwrap();
    assert_eq!(tools.len(), TOOLS);
    for tool in tools {
        let hints = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"];
        assert!(hints.iter().all(|hint| tool["annotations"][hint].is_boolean()), "{tool}");
        assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{tool}");
        assert_eq!(tool["outputSchema"]["type"], "object", "{tool}");
        assert!(!text(tool, "title").is_empty() && text(tool, "description").len() < 2048, "{tool}");
    }
}

#[test]
fn the_inspector_reads_the_inbox() {
    let bus = Bus::start();
    let lens = bus.repository("LensSDK", "");
    let empty = inspector(&bus, &lens, &["tools/call", "--tool-name", "check_messages"]);
    assert_eq!(empty["structuredContent"]["messages"], json!([]), "{empty}");
    bus.instance("Flagship").sends(&query("q", "LensSDK"));
    let inbox = inspector(&bus, &lens, &["tools/call", "--tool-name", "check_messages"]);
    let said: Value = serde_json::from_str(text(&inbox["content"][0], "text")).unwrap();
    assert_eq!(inbox["structuredContent"], said);
    let message: Value = serde_json::from_str(said["messages"][0].as_str().unwrap()).unwrap();
    assert_eq!((&message["id"], &message["from"]), (&json!("q"), &json!("Flagship")));
    bus.reaches("q", "LensSDK", "read");
}

#[test]
fn the_inspector_lists_resources_and_prompts() {
    let bus = Bus::start();
    let lens = bus.repository("LensSDK", "");
    let _flagship = bus.instance("Flagship");
    let resources = inspector(&bus, &lens, &["resources/list"]);
    assert!(has(&resources["resources"], "Flagship"), "{resources}");
    let prompts = inspector(&bus, &lens, &["prompts/list"]);
    assert!(has(&prompts["prompts"], "check_inbox"), "{prompts}");
}

/// The official client for Python, in front of the server of a repository.
struct Python(Process);

impl Python {
    fn start(bus: &Bus, repository: &Path, mode: &str) -> Self {
        let mut command = bus.command(&installed("python/bin/python"));
        command.current_dir(repository).arg(script("mcp_client.py")).args([mode, BINARY, "mcp"]);
        Self(Process::start(command))
    }

    fn asks(&mut self, tool: &str, arguments: &Value, call_off: bool) {
        self.0.write(format!("{}\n", json!([tool, arguments, call_off])).as_bytes());
    }

    /// What a tool answers.
    fn gets(&mut self, tool: &str, arguments: &Value) -> Value {
        self.asks(tool, arguments, false);
        self.0.json()["result"].take()
    }
}

/// What the client for Python finds in a session of either kind.
fn python_takes_part(mode: &str, version: &str) {
    let bus = Bus::start();
    let mut lens = bus.instance("LensSDK");
    let mut python = Python::start(&bus, &bus.repository("Flagship", ""), mode);
    let begun = python.0.json();
    assert_eq!(begun["version"], version);
    assert!(text(&begun, "instructions").contains("Flagship"), "{begun}");
    assert_eq!(begun["tools"].as_array().unwrap().len(), TOOLS);

    let empty = python.gets("check_messages", &json!({}));
    let said: Value = serde_json::from_str(text(&empty["content"][0], "text")).unwrap();
    assert_eq!(empty["structuredContent"], said);
    assert!(empty["isError"] != true && said["messages"] == json!([]), "{empty}");

    let refused =
        python.gets("query_codebase", &json!({ "repo": "LensSKD", "question": "?", "wait_seconds": 0 }));
    assert_eq!(refused["isError"], true);
    assert!(text(&refused["content"][0], "text").contains("LensSDK"), "no word of what to do: {refused}");

    python.asks(
        "query_codebase",
        &json!({ "repo": "LensSDK", "question": "how long?", "wait_seconds": 60 }),
        false,
    );
    assert!(text(&python.0.json(), "progress").contains("LensSDK"));
    let question = lens.receive();
    lens.sends(&answer("a", "Flagship", text(&question, "id"), "seven"));
    let result = python.0.line_with("\"result\"");
    assert!(result.contains("seven") && result.contains("answered"), "{result}");
    bus.reaches("a", "Flagship", "read");

    // A wait that is called off ends by itself, and the session goes on.
    python.asks(
        "query_codebase",
        &json!({ "repo": "LensSDK", "question": "and now?", "wait_seconds": 60 }),
        true,
    );
    python.0.line_with("called_off");
    assert!(python.gets("list_repositories", &json!({})).to_string().contains("LensSDK"));
    output(python.0);
}

#[test]
fn the_client_for_python_takes_part_in_a_session_that_begins_with_initialize() {
    python_takes_part("legacy", "2025-11-25");
}

#[test]
fn the_client_for_python_takes_part_after_server_discover() {
    python_takes_part("auto", "2026-07-28");
}
