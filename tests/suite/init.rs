//! Setting up agents: what is written into their files, and that all of it goes again.

mod bytes;
mod choosing;
mod edits;

use std::fs;
use std::path::{Path, PathBuf};

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::CstRootNode;
use serde_json::{Value, json};

use super::harness::Machine;
use super::machine::Outcome;

const ALL: &str = "claude,codex,gemini,opencode,cursor";

/// The files of all agents.
const FILES: [&str; 8] = [
    ".mcp.json",
    ".claude/settings.local.json",
    ".codex/config.toml",
    ".codex/hooks.json",
    ".gemini/settings.json",
    "opencode.json",
    ".cursor/mcp.json",
    ".cursor/hooks.json",
];

const IDENTITY: &str = ".veda/coordination.toml";

/// A repository without anything of the bus.
struct Repository {
    machine: Machine,
    folder: PathBuf,
}

impl Repository {
    fn new() -> Self {
        let machine = Machine::new("");
        let folder = machine.root().join("LensSDK");
        fs::create_dir_all(folder.join(".git")).unwrap();
        Self { folder: folder.canonicalize().unwrap(), machine }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    fn write(&self, file: &str, text: &str) {
        fs::create_dir_all(self.path(file).parent().unwrap()).unwrap();
        fs::write(self.path(file), text).unwrap();
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// A file as JSON, read as generously as the most generous agent does.
    fn json(&self, file: &str) -> Value {
        let text = self.read(file);
        let text = text.trim_start_matches('\u{feff}');
        CstRootNode::parse(text, &ParseOptions::default()).unwrap().to_serde_value().unwrap()
    }

    fn toml(&self, file: &str) -> toml_edit::DocumentMut {
        self.read(file).parse().unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.machine.run_in(&self.folder, &[&["init"], arguments].concat())
    }

    /// Runs it with `--json`: the files and what became of each.
    fn done(&self, arguments: &[&str]) -> Vec<(String, String)> {
        let outcome = self.run(&[&["--json"], arguments].concat()).exits(0);
        let word = |line: &Value, member: &str| line[member].as_str().unwrap().to_owned();
        outcome.json_lines().iter().map(|line| (word(line, "file"), word(line, "done"))).collect()
    }

    fn init(&self) -> Vec<(String, String)> {
        self.done(&["--agent", ALL])
    }

    /// Every file and folder below the repository, with the text of the files.
    fn everything(&self) -> Vec<(PathBuf, Option<Vec<u8>>)> {
        let mut found = Vec::new();
        collect(&self.folder, &mut found);
        found.sort();
        found
    }

    fn records(&self) -> PathBuf {
        self.machine.home().join(".veda/init")
    }
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, Option<Vec<u8>>)>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            collect(&path, found);
            found.push((path, None));
        } else {
            found.push((path.clone(), Some(fs::read(path).unwrap())));
        }
    }
}

/// What a person may have written into the files of all agents.
const WRITTEN: [(&str, &str); 8] = [
    (".mcp.json", "{\n   \"mcpServers\" : {\n       \"theirs\":{\"command\":\"x\",\"args\":[ ]}\n   }\n}"),
    (
        ".claude/settings.local.json",
        "{\"permissions\": {\"allow\": [\"Bash(ls)\"]},\r\n\t\"hooks\": {\r\n\t\t\"Stop\": [{\"hooks\": [\r\n\t\t\t\
         {\"type\": \"command\", \"command\": \"say done\"}]}]\r\n\t}\r\n}\r\n",
    ),
    (
        ".codex/config.toml",
        "# mine\r\nmodel = \"o9\" # fast\r\n\r\n[mcp_servers.theirs]\r\ncommand = \"x\"\r\n# the end",
    ),
    (
        ".codex/hooks.json",
        "{ \"hooks\": { \"Stop\": [ { \"hooks\": [ { \"type\": \"command\", \"command\": \"y\" } ] } ] } }",
    ),
    (
        ".gemini/settings.json",
        "// of Gemini\n{\n  /* a */ \"theme\": \"Dark\", // b\n  \"mcpServers\": {} // none yet\n  // the end\n}\n// behind",
    ),
    (
        "opencode.json",
        "\u{feff}{\n    \"$schema\": \"https://opencode.ai/config.json\",\n    // servers\n    \"mcp\": {\n        \"theirs\": \
         { \"type\": \"remote\", \"url\": \"https://x\", }, // theirs\n    },\n}\n",
    ),
    (".cursor/mcp.json", "{}"),
    (
        ".cursor/hooks.json",
        "{\"version\":1,\"hooks\":{\"stop\":[{\"command\":\"z\"}],\"afterFileEdit\":[{\"command\":\"fmt\"}]}}",
    ),
];

/// A repository with those files.
fn lived_in() -> Repository {
    let repository = Repository::new();
    for (file, text) in WRITTEN {
        repository.write(file, text);
    }
    repository
}

/// The commands of the hooks for an event, in order.
fn commands(file: &Value, event: &str) -> Vec<String> {
    let groups = file["hooks"][event].as_array().cloned().unwrap_or_default();
    let hooks = groups.iter().flat_map(|group| match group.get("hooks") {
        Some(hooks) => hooks.as_array().cloned().unwrap(),
        None => vec![group.clone()],
    });
    hooks.map(|hook| hook["command"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn assert_set_up(repository: &Repository, program: &str) {
    let server = &repository.json(".mcp.json")["mcpServers"]["veda-bus"];
    assert_eq!(*server, json!({ "type": "stdio", "command": program, "args": ["mcp"], "env": {} }));
    let hook = |host: &str| format!("{program} hook --host {host}");
    let claude = repository.json(".claude/settings.local.json");
    for event in ["SessionStart", "UserPromptSubmit", "PostToolBatch", "SessionEnd"] {
        assert_eq!(commands(&claude, event), [hook("claude")], "{event}");
    }
    let stop = commands(&claude, "Stop");
    assert!(stop.ends_with(&[hook("claude"), hook("claude") + " --wake"]), "{stop:?}");
    let codex = repository.toml(".codex/config.toml");
    let codex = &codex["mcp_servers"]["veda-bus"];
    assert_eq!(codex["command"].as_str(), Some(program));
    assert_eq!(codex["tool_timeout_sec"].as_integer(), Some(180));
    let hooks = repository.json(".codex/hooks.json");
    for event in ["SessionStart", "UserPromptSubmit", "PostToolUse", "Stop"] {
        assert!(commands(&hooks, event).ends_with(&[hook("codex")]), "{event}: {hooks}");
    }
    let gemini = repository.json(".gemini/settings.json");
    assert_eq!(gemini["mcpServers"]["veda-bus"], json!({ "command": program, "args": ["mcp"] }));
    for event in ["SessionStart", "BeforeAgent", "AfterTool", "AfterAgent"] {
        assert_eq!(commands(&gemini, event), [hook("gemini")], "{event}");
        assert_eq!(gemini["hooks"][event][0]["hooks"][0]["timeout"], 10_000);
    }
    let opencode = &repository.json("opencode.json")["mcp"]["veda-bus"];
    assert_eq!(*opencode, json!({ "type": "local", "command": [program, "mcp"], "enabled": true }));
    let cursor = &repository.json(".cursor/mcp.json")["mcpServers"]["veda-bus"];
    assert_eq!(*cursor, json!({ "type": "stdio", "command": program, "args": ["mcp"] }));
    let cursor = repository.json(".cursor/hooks.json");
    assert_eq!(cursor["version"], 1);
    assert!(commands(&cursor, "stop").ends_with(&[hook("cursor")]), "{cursor}");
}
