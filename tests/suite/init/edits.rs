//! What people write into the files between one `init` and the next, and before the first.

use std::fs;

use serde_json::json;

use super::super::harness::Process;
use super::super::machine::BINARY;
use super::{ALL, IDENTITY, Repository, WRITTEN, commands, lived_in};

#[test]
fn what_is_edited_in_between_stays() {
    let repository = lived_in();
    repository.init();
    let edit = |file: &str, from: &str, to: &str| {
        let text = repository.read(file);
        assert!(text.contains(from), "{text}");
        repository.write(file, &text.replacen(from, to, 1));
    };
    edit(".mcp.json", "\"args\":[ ]", "\"args\":[ \"new\" ]");
    edit(".codex/config.toml", "o9", "o10");
    edit(".claude/settings.local.json", "Bash(ls)", "Bash(cat)");
    edit(".cursor/mcp.json", "{\n", "{\n  \"new\": 1,\n");
    repository.done(&["--agent", "codex,cursor"]);
    repository.done(&["--uninstall"]);
    for (file, text) in WRITTEN {
        let wanted = match file {
            ".mcp.json" => text.replace("[ ]", "[ \"new\" ]"),
            ".codex/config.toml" => text.replace("o9", "o10") + "\r\n",
            ".claude/settings.local.json" => text.replace("ls", "cat"),
            ".cursor/mcp.json" => "{\n  \"new\": 1\n}".to_owned(),
            _ => text.to_owned(),
        };
        assert_eq!(repository.read(file), wanted, "{file}");
    }
}

#[test]
fn a_file_that_was_made_stays_when_somebody_else_uses_it() {
    let repository = Repository::new();
    repository.init();
    let approved = repository.read(".claude/settings.local.json").replacen('{', "{\n  \"model\": \"x\",", 1);
    repository.write(".claude/settings.local.json", &approved);
    repository.write(".codex/notes", "mine");
    // One that was only laid out anew has nothing in it.
    repository.write(".cursor/hooks.json", &repository.json(".cursor/hooks.json").to_string());
    repository.done(&["--uninstall"]);
    assert_eq!(repository.json(".claude/settings.local.json"), json!({ "model": "x" }));
    assert!(repository.path(".codex/notes").exists());
    assert!(!repository.path(".codex/config.toml").exists());
    assert!(!repository.path(".cursor").exists());
}

#[test]
fn another_binary_takes_the_place_of_the_one_before_and_the_first_original_comes_back() {
    let repository = lived_in();
    let before = repository.everything();
    let folder = repository.machine.root().join("a new place's");
    fs::create_dir(&folder).unwrap();
    let program = folder.canonicalize().unwrap().join("veda-bus");
    fs::copy(BINARY, &program).unwrap();
    repository.init();
    let run = |arguments: &[&str]| {
        let mut command = repository.machine.command(program.to_str().unwrap());
        command.current_dir(&repository.folder).arg("init").args(arguments);
        let mut process = Process::start(command);
        assert!(process.wait().success(), "{}", process.stderr());
    };
    run(&["--agent", "claude,codex", "--yes"]);
    let claude = repository.json(".claude/settings.local.json");
    let quoted = format!("'{}'", program.display().to_string().replace('\'', r"'\''"));
    let hook = format!("{quoted} hook --host claude");
    assert_eq!(commands(&claude, "Stop"), ["say done".to_owned(), hook.clone(), hook.clone() + " --wake"]);
    assert_eq!(commands(&claude, "PostToolBatch"), [hook]);
    let server = &repository.json(".mcp.json")["mcpServers"]["veda-bus"]["command"];
    assert_eq!(server.as_str(), program.to_str());
    let codex = repository.toml(".codex/config.toml");
    assert_eq!(codex["mcp_servers"]["veda-bus"]["command"].as_str(), program.to_str());
    run(&["--uninstall"]);
    assert_eq!(repository.everything(), before);
}

#[test]
fn our_own_older_entries_are_replaced_and_what_people_added_to_them_stays() {
    let repository = Repository::new();
    let old = "/old/veda-bus hook --host claude";
    let hooks = json!({ "hooks": {
        "PostToolUse": [{ "matcher": "*", "hooks": [{ "type": "command", "command": old }] }],
        "Stop": [{ "hooks": [
            { "type": "command", "command": old, "timeout": 3 },
            { "type": "command", "command": "theirs" },
            { "type": "command", "command": old },
        ] }],
    } });
    repository.write(".claude/settings.local.json", &hooks.to_string());
    let server = json!({ "mcpServers": { "veda-bus": {
        "command": "/old/veda-bus", "args": ["mcp", "--channel"], "env": { "VEDA_BUS_SOCKET": "/s" },
    } } });
    repository.write(".mcp.json", &server.to_string());
    repository.done(&["--agent", "claude"]);
    let hooks = repository.json(".claude/settings.local.json");
    let hook = format!("{BINARY} hook --host claude");
    assert_eq!(commands(&hooks, "PostToolUse"), [""; 0], "{hooks}");
    assert_eq!(commands(&hooks, "Stop"), [hook.clone(), "theirs".to_owned(), hook + " --wake"]);
    assert_eq!(hooks["hooks"]["Stop"][0]["hooks"][0]["timeout"], 3);
    let server = &repository.json(".mcp.json")["mcpServers"]["veda-bus"];
    let env = json!({ "VEDA_BUS_SOCKET": "/s" });
    let wanted = json!({ "type": "stdio", "command": BINARY, "args": ["mcp", "--channel"], "env": env });
    assert_eq!(*server, wanted);
    assert!(repository.done(&["--agent", "claude"]).iter().all(|(_, done)| done == "unchanged"));
}

#[test]
fn one_wrong_file_keeps_all_others_as_they_are() {
    for (file, text, place) in [
        (".mcp.json", "{\n  no\n}", ".mcp.json:2:3"),
        (".claude/settings.local.json", "{ \"hooks\": [] }", "settings.local.json:1:12"),
        (".codex/config.toml", "a = 1\n[b\n", "config.toml:2:3"),
        (".codex/hooks.json", "[]", "hooks.json:1:1"),
        (".gemini/settings.json", "{\n\"a\": 1 2\n}", "settings.json:2:7"),
        ("opencode.json", "{", "opencode.json:1:1"),
        (".cursor/hooks.json", "{ \"version\": 1, \"hooks\": { \"stop\": {} } }", "hooks.json:1:36"),
        (IDENTITY, "[coordination]\nrepo_name = 1\n", "coordination.toml:2:13"),
    ] {
        let repository = Repository::new();
        repository.write(file, text);
        let before = repository.everything();
        repository.run(&["--agent", ALL]).exits(2).complains(place);
        assert_eq!(repository.everything(), before, "{file}");
        assert!(!repository.records().exists());
    }
}

#[test]
fn what_a_program_does_not_read_is_edited_and_told() {
    let repository = Repository::new();
    let (text, settings) = ("{\n  // mine\n  \"hooks\": {}, // all\n}\n", ".claude/settings.local.json");
    repository.write(settings, text);
    let told = repository.run(&["--agent", "claude"]).exits(0).stdout;
    let step = format!(
        "Claude Code: it does not read {settings} as it is (line 2, column 3: Comments are not allowed)"
    );
    assert!(told.contains(&step), "{told}");
    assert!(repository.read(settings).contains("  // mine") && repository.read(settings).contains(" // all"));
    repository.run(&["--uninstall"]).exits(0);
    assert_eq!(repository.read(settings), text);
}

#[test]
fn a_mistake_in_the_repositorys_file_keeps_nobody_from_taking_it_out() {
    let repository = Repository::new();
    repository.run(&["--agent", "claude"]).exits(0);
    repository.write(IDENTITY, "[coordination]\nrepo_name = LensSDK\n");
    repository.run(&["--agent", "claude"]).exits(2).complains("coordination.toml:2:13");
    repository.run(&["--uninstall"]).exits(0);
    assert!(!repository.path(".mcp.json").exists());
}
