//! A real Claude Code on a machine, and the test in the place of its model.

use std::fs;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::suite::foreign::{installed, output, script};
use crate::suite::harness::{Machine, Process, text};

/// What stands in the place of a key; the program wants one.
const KEY: &str = "none";

/// Does what a person does once in a folder: trusts it, and lets the project's server be started.
pub(crate) fn trust(machine: &Machine, folders: &[&Path]) {
    let trusted = json!({ "hasTrustDialogAccepted": true, "enabledMcpjsonServers": ["veda-bus"] });
    let projects = folders.iter().map(|folder| (folder.display().to_string(), trusted.clone()));
    let projects: serde_json::Map<_, _> = projects.collect();
    let keys = json!({ "approved": [KEY], "rejected": [] });
    let state =
        json!({ "hasCompletedOnboarding": true, "customApiKeyResponses": keys, "projects": projects });
    fs::write(machine.home().join(".claude.json"), state.to_string()).unwrap();
}

/// The program.
pub(crate) fn program() -> String {
    installed("node_modules/.bin/claude")
}

/// What it finds in its environment, so that it leaves nothing outside the machine and calls nobody but its model.
pub(crate) fn environment(machine: &Machine, model: &str) -> [(&'static str, String); 4] {
    let temporary = machine.root().join("tmp");
    fs::create_dir_all(&temporary).unwrap();
    [
        ("ANTHROPIC_API_KEY", KEY.to_owned()),
        ("ANTHROPIC_BASE_URL", model.to_owned()),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1".to_owned()),
        ("CLAUDE_CODE_TMPDIR", temporary.display().to_string()),
    ]
}

/// `claude` in a folder.
pub(crate) fn claude(machine: &Machine, folder: &Path, model: &str) -> Command {
    let mut command = machine.command(&program());
    command.current_dir(folder).envs(environment(machine, model));
    command
}

/// Where there is no model.
pub(crate) const NO_MODEL: &str = "http://127.0.0.1:9";

/// The model of one program.
pub(crate) struct Model {
    api: Process,
    /// Where the program finds it.
    pub(crate) address: String,
}

impl Model {
    pub(crate) fn start(machine: &Machine) -> Self {
        let mut command = machine.command("python3");
        command.arg(script("messages_api.py"));
        let mut api = Process::start(command);
        let address = format!("http://127.0.0.1:{}", api.line());
        Self { api, address }
    }

    /// What it is told next.
    pub(crate) fn hears(&mut self) -> Heard {
        Heard::of(&self.api.json())
    }

    /// Its turn: it says something, and has nothing else to do.
    pub(crate) fn says(&mut self, text: &str) {
        self.turn(&json!([{ "type": "text", "text": text }]));
    }

    /// Its turn: it calls a tool.
    pub(crate) fn calls(&mut self, tool: &str, input: &Value) {
        self.turn(&json!([{ "type": "tool_use", "name": tool, "input": input }]));
    }

    fn turn(&mut self, content: &Value) {
        self.api.write(format!("{content}\n").as_bytes());
    }
}

/// A program that works on one prompt to its end, and its model.
pub(crate) struct Task {
    program: Process,
    model: Model,
}

impl Deref for Task {
    type Target = Model;
    fn deref(&self) -> &Model {
        &self.model
    }
}

impl DerefMut for Task {
    fn deref_mut(&mut self) -> &mut Model {
        &mut self.model
    }
}

impl Task {
    /// Begins one in a folder.
    pub(crate) fn begin(machine: &Machine, folder: &Path, prompt: &str) -> Self {
        let model = Model::start(machine);
        let mut command = claude(machine, folder, &model.address);
        command.args(["-p", prompt, "--allowedTools", "Bash", "mcp__veda-bus"]);
        let mut program = Process::start(command);
        program.close_stdin();
        Self { program, model }
    }

    /// Waits for its end, after which the model was asked nothing more, and gives what it printed.
    pub(crate) fn ends(mut self) -> String {
        let printed = output(self.program);
        assert_eq!(self.model.api.line_now(), None);
        printed
    }
}

/// What a model is told after its last turn.
#[derive(Debug)]
pub(crate) struct Heard {
    /// What tools gave.
    results: Vec<Value>,
    /// Everything else: what the user says, and what hooks put in.
    pub(crate) said: String,
}

impl Heard {
    fn of(request: &Value) -> Self {
        let messages = request["messages"].as_array().unwrap();
        let own = messages.iter().rposition(|message| message["role"] == "assistant");
        let (mut results, mut said) = (Vec::new(), String::new());
        for message in &messages[own.map_or(0, |own| own + 1)..] {
            let content = match &message["content"] {
                Value::String(text) => vec![json!({ "type": "text", "text": text })],
                blocks => blocks.as_array().unwrap().clone(),
            };
            for mut block in content {
                if block["type"] == "tool_result" {
                    results.push(block["content"].take());
                } else {
                    said = said + text(&block, "text") + "\n";
                }
            }
        }
        Self { results, said }
    }

    /// What the one tool gave, which is JSON.
    #[track_caller]
    pub(crate) fn result(&self) -> Value {
        let [Value::String(result)] = &self.results[..] else { panic!("not one text: {self:#?}") };
        serde_json::from_str(result).unwrap_or_else(|error| panic!("{error}: {result}"))
    }

    /// The messages of others that hooks put in, each once: what a hook says at the end of a turn is told twice.
    pub(crate) fn messages(&self) -> Vec<Value> {
        let lines = self.said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["from"].is_string()).fold(Vec::new(), |mut messages, line| {
            if !messages.contains(&line) {
                messages.push(line);
            }
            messages
        })
    }
}
