//! For which agents, for which repository, and under which name.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::super::harness::{Machine, Process, Screen};
use super::super::machine::BINARY;
use super::{IDENTITY, Repository};

#[test]
fn only_the_agents_that_are_found_are_set_up() {
    let repository = Repository::new();
    let run = |arguments: &[&str]| {
        let mut command = repository.machine.command(BINARY);
        command.env("PATH", "/nowhere").current_dir(&repository.folder).arg("init").args(arguments);
        let mut process = Process::start(command);
        process.close_stdin();
        assert!(process.wait().success(), "{}", process.stderr());
        process.stdout()
    };
    let said = run(&[]);
    assert!(said.contains("no agent was found") && !said.contains("By hand"), "{said}");
    assert!(repository.path(IDENTITY).exists());
    fs::create_dir(repository.machine.home().join(".codex")).unwrap();
    fs::write(repository.path("opencode.jsonc"), "{} // c\n").unwrap();
    let said = run(&[]);
    assert!(said.contains("found      Codex CLI (~/.codex)"), "{said}");
    assert!(said.contains("not found  Claude Code"), "{said}");
    assert!(said.contains("Codex CLI: type /hooks"), "{said}");
    assert!(repository.read("opencode.jsonc").contains("veda-bus"));
    assert!(repository.path(".codex/hooks.json").exists());
    assert!(!repository.path(".mcp.json").exists() && !repository.path("opencode.json").exists());
    run(&["--uninstall", "--agent", "codex"]);
    assert!(!repository.path(".codex").exists());
    assert!(repository.read("opencode.jsonc").contains("veda-bus"));
    assert!(repository.path(IDENTITY).exists());
    run(&["--uninstall"]);
    assert_eq!(repository.read("opencode.jsonc"), "{} // c\n");
    assert!(!repository.path(".veda").exists());
}

#[test]
fn a_repository_is_who_it_says_it_is() {
    let repository = Repository::new();
    let wanted = ["--agent", "opencode", "--repo", "Lens", "--capability", "auth", "--capability", "ui"];
    repository.run(&["--repo", "operator"]).exits(2).complains("another use");
    repository.run(&wanted).exits(0);
    let instance = repository.machine.run_in(&repository.folder, &["config", "--json"]).exits(0);
    let setting = |key: &str| {
        let lines = instance.json_lines();
        lines.into_iter().find(|line| line["key"] == key).unwrap()["value"].take()
    };
    assert_eq!(setting("coordination.repo_name"), "Lens");
    assert_eq!(setting("coordination.capabilities"), json!(["auth", "ui"]));
    repository.run(&wanted).exits(0);
    repository.run(&["--repo", "Other"]).exits(2).complains("change repo_name there");
    // It is the person's now.
    repository.write(IDENTITY, "[coordination]\nrepo_name = \"Mine\"\n");
    repository.run(&["--uninstall"]).exits(0);
    assert!(repository.read(IDENTITY).contains("Mine"));
}

#[test]
fn the_home_folder_is_no_repository() {
    let machine = Machine::new("");
    machine.run_in(&machine.home(), &["init"]).exits(2).complains("is your home folder");
    machine.run_in(Path::new("/"), &["init"]).exits(2).complains("root of the file system");
}

#[test]
fn a_person_is_asked_for_the_name_and_the_capabilities() {
    let machine = Machine::new("");
    fs::write(machine.work().join("go.mod"), "").unwrap();
    let screen = Screen::open(&machine, 80, 24);
    screen.run(&["veda-bus", "init", "--agent", "opencode"]);
    screen.sees("on the bus [work]:");
    screen.literal("bus");
    screen.keys(&["Enter"]);
    screen.sees("another use for it");
    screen.literal("Lens");
    screen.keys(&["Enter"]);
    screen.sees("[go]:");
    screen.literal("go, auth");
    screen.keys(&["Enter"]);
    assert_eq!(screen.ended(), 0, "{}", screen.text());
    let said = fs::read_to_string(machine.work().join(IDENTITY)).unwrap();
    assert!(said.contains("repo_name = \"Lens\"\ncapabilities = [\"go\", \"auth\"]"), "{said}");
    screen.run(&["veda-bus", "init", "--uninstall"]);
    assert_eq!(screen.ended(), 0);
    screen.run(&["veda-bus", "init", "--agent", "opencode"]);
    screen.sees("on the bus [work]:");
    screen.keys(&["C-d"]);
    assert_eq!(screen.ended(), 1, "{}", screen.text());
    assert!(!machine.work().join("opencode.json").exists());
}
