//! A session of an MCP client, line by line.

use std::path::Path;

use serde_json::{Value, json};

use super::super::harness::{Machine, Process};
use super::super::machine::BINARY;

/// The version before 2026-07-28, which begins with `initialize`.
const LEGACY: &str = "2025-11-25";

/// A running server and its client.
pub(super) struct Session {
    pub(super) process: Process,
    requests: u64,
    /// What came without having been asked for.
    pub(super) notifications: Vec<Value>,
    /// The answer to `initialize`.
    pub(super) introduction: Value,
}

/// The folder of a git repository without anything in it.
pub(super) fn repository(machine: &Machine, name: &str) -> std::path::PathBuf {
    let folder = machine.root().join(name);
    std::fs::create_dir_all(folder.join(".git")).unwrap();
    folder
}

impl Session {
    /// The server of the agent of `repo`, which has said who it is.
    pub(super) fn of(machine: &Machine, repo: &str) -> Self {
        Self::start(machine, &repository(machine, repo), &[], "test")
    }

    /// A server in `folder`, for a client of this name.
    pub(super) fn start(machine: &Machine, folder: &Path, arguments: &[&str], client: &str) -> Self {
        let mut session = Self::spoken_to(machine, folder, arguments);
        let info = json!({ "name": client, "version": "1" });
        let introduction = session
            .ask("initialize", &json!({ "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": info }));
        session.introduction = introduction["result"].clone();
        session.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        session
    }

    /// A server in `folder`, to which nothing has been said.
    pub(super) fn spoken_to(machine: &Machine, folder: &Path, arguments: &[&str]) -> Self {
        let mut command = machine.command(BINARY);
        command.current_dir(folder).arg("mcp").args(arguments);
        let process = Process::start(command);
        Self { process, requests: 0, notifications: Vec::new(), introduction: Value::Null }
    }

    pub(super) fn say(&mut self, frame: &Value) {
        self.process.write(format!("{frame}\n").as_bytes());
    }

    /// Makes a request, and gives the whole answer.
    pub(super) fn ask(&mut self, method: &str, params: &Value) -> Value {
        let id = self.request(method, params);
        self.answer(id)
    }

    /// Makes a request, whose answer is for later.
    pub(super) fn request(&mut self, method: &str, params: &Value) -> u64 {
        self.requests += 1;
        let id = self.requests;
        self.say(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    /// The answer to a request; what comes before it without having been asked for stays for later.
    pub(super) fn answer(&mut self, id: u64) -> Value {
        loop {
            let frame = self.process.json();
            if frame["id"] == id && frame.get("method").is_none() {
                return frame;
            }
            self.notifications.push(frame);
        }
    }

    /// Calls a tool, and gives its result.
    pub(super) fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let mut answer = self.ask("tools/call", &json!({ "name": tool, "arguments": arguments }));
        assert!(answer.get("error").is_none(), "{tool}: {answer}");
        answer["result"].take()
    }

    /// What a tool gives that does what it is asked; what a model reads of it is the same in both forms.
    #[track_caller]
    pub(super) fn tool(&mut self, tool: &str, arguments: &Value) -> Value {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], false, "{tool}: {result}");
        let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(text, result["structuredContent"]);
        text
    }

    /// Why a tool does not do what it is asked.
    #[track_caller]
    pub(super) fn refusal(&mut self, tool: &str, arguments: &Value) -> String {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], true, "{tool}: {result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }

    /// What is unread, as `check_messages` gives it.
    pub(super) fn inbox(&mut self) -> Vec<Value> {
        envelopes(&self.tool("check_messages", &json!({}))["messages"])
    }

    /// The first notification of this method.
    pub(super) fn notified(&mut self, method: &str) -> Value {
        let wanted = |frame: &Value| frame["method"] == method;
        if let Some(place) = self.notifications.iter().position(wanted) {
            return self.notifications.remove(place);
        }
        loop {
            let frame = self.process.json();
            if wanted(&frame) {
                return frame;
            }
            self.notifications.push(frame);
        }
    }
}

/// A bus in the background is stopped in the end, come what may.
pub(super) struct Background<'a>(pub(super) &'a Machine);

impl Drop for Background<'_> {
    fn drop(&mut self) {
        self.0.run(&["stop"]);
    }
}

/// Messages out of their lines.
pub(super) fn envelopes(lines: &Value) -> Vec<Value> {
    let lines = lines.as_array().unwrap().iter();
    lines.map(|line| serde_json::from_str(line.as_str().unwrap()).unwrap()).collect()
}
