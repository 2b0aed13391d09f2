//! What people write into the files between one `init` and the next, and before the first.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::super::harness::Process;
use super::super::machine::BINARY;
use super::{ALL, IDENTITY, Repository, WRITTEN, assert_set_up, commands, lived_in};

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

/// Runs `init` of another copy of the program.
fn run_as(program: &Path, repository: &Repository, arguments: &[&str]) {
    let mut command = repository.machine.command(program.to_str().unwrap());
    command.current_dir(&repository.folder).arg("init").args(arguments);
    let mut process = Process::start(command);
    assert!(process.wait().success(), "{}", process.stderr());
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
    let run = |arguments: &[&str]| run_as(&program, &repository, arguments);
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
fn a_line_of_a_person_that_runs_our_hook_among_others_stays_theirs() {
    let repository = Repository::new();
    let (file, theirs) =
        (".claude/settings.local.json", "logger starting; veda-bus hook --host claude; my-own-check");
    let notified = "VEDA_BUS_SOCKET=/run/x veda-bus hook --host claude && notify-send done";
    let hook = |line: &str| json!([{ "hooks": [{ "type": "command", "command": line }] }]);
    let hooks = json!({ "hooks": { "PreToolUse": hook(theirs), "Stop": hook(notified) } });
    repository.write(file, &hooks.to_string());
    repository.done(&["--agent", "claude"]);
    let set_up = repository.json(file);
    assert_eq!(commands(&set_up, "PreToolUse"), [theirs]);
    let ours = format!("{BINARY} hook --host claude");
    assert_eq!(commands(&set_up, "Stop"), [notified.to_owned(), ours.clone(), ours + " --wake"]);
    fs::remove_dir_all(repository.records()).unwrap();
    repository.done(&["--uninstall"]);
    assert_eq!(repository.json(file), hooks);
}

#[test]
fn the_variables_before_a_hook_of_ours_stay_when_it_is_brought_up_to_date() {
    let repository = Repository::new();
    let line = |program: &str| format!("VEDA_BUS_SOCKET=\"$HOME/a b\" {program} hook --host cursor");
    let hooks = json!({ "version": 1, "hooks": { "stop": [{ "command": line("'/old place/veda-bus'") }] } });
    repository.write(".cursor/hooks.json", &hooks.to_string());
    repository.done(&["--agent", "cursor"]);
    assert_eq!(commands(&repository.json(".cursor/hooks.json"), "stop"), [line(BINARY)]);
    assert!(repository.done(&["--agent", "cursor"]).iter().all(|(_, done)| done == "unchanged"));
}

#[test]
fn entries_of_our_name_that_were_there_before_the_first_time_come_back() {
    let repository = Repository::new();
    for (file, text) in [
        (".mcp.json", "{\"mcpServers\": {\"veda-bus\": {\"command\": \"veda-bus\",  \"args\": [\"mcp\"]}}}"),
        (
            ".codex/config.toml",
            "[mcp_servers.veda-bus] # of the team\ncommand = \"veda-bus\"\nargs = [\"mcp\"]",
        ),
        (
            ".cursor/hooks.json",
            "{\"version\":1,\"hooks\":{\"stop\":[{\"command\":\"veda-bus hook --host cursor\"}]}}",
        ),
    ] {
        repository.write(file, text);
    }
    let before = repository.everything();
    repository.init();
    assert_set_up(&repository, BINARY);
    repository.init();
    repository.done(&["--uninstall"]);
    assert_eq!(repository.everything(), before);
}

#[test]
fn a_program_of_another_name_finds_its_own_hooks_again() {
    let repository = Repository::new();
    let program = repository.machine.root().canonicalize().unwrap().join("bus-of-ours");
    fs::copy(BINARY, &program).unwrap();
    run_as(&program, &repository, &["--agent", "claude,cursor", "--yes"]);
    let file = ".claude/settings.local.json";
    let hook = format!("{} hook --host claude", program.display());
    assert_eq!(commands(&repository.json(file), "SessionStart"), [hook]);
    repository.write(file, &repository.read(file).replacen('{', "{\n  \"model\": \"x\",", 1));
    run_as(&program, &repository, &["--uninstall"]);
    assert_eq!(repository.json(file), json!({ "model": "x" }));
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
