//! Every file is as it was, to the byte, when it is all taken out again.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::super::harness::mode_of;
use super::super::machine::BINARY;
use super::{ALL, FILES, IDENTITY, Repository, WRITTEN, assert_set_up, commands, lived_in};

#[test]
fn a_fresh_repository_is_set_up_and_is_fresh_again_afterwards() {
    let repository = Repository::new();
    repository.write("Cargo.toml", "[package]\n");
    let before = repository.everything();
    let done = repository.init();
    assert_eq!(done.len(), FILES.len() + 1);
    assert!(done.iter().all(|(_, done)| done == "created"), "{done:?}");
    assert_set_up(&repository, BINARY);
    let identity = repository.toml(IDENTITY);
    assert_eq!(identity["coordination"]["repo_name"].as_str(), Some("LensSDK"));
    assert_eq!(identity["coordination"]["capabilities"].to_string().trim(), "[\"rust\"]");
    assert_eq!(mode_of(&repository.records()), 0o700);

    let set_up = repository.everything();
    assert!(repository.init().iter().all(|(_, done)| done == "unchanged"));
    assert_eq!(repository.everything(), set_up);
    let said = repository.run(&["--agent", ALL]).exits(0).stdout;
    assert!(said.contains("nothing to do"), "{said}");

    let done = repository.done(&["--uninstall"]);
    assert!(done.iter().all(|(_, done)| done == "removed"), "{done:?}");
    assert_eq!(repository.everything(), before);
    assert!(!repository.records().exists());
    let said = repository.run(&["--uninstall"]).exits(0).stdout;
    assert!(said.contains("nothing to take out"), "{said}");
}

#[test]
fn files_that_people_have_written_are_the_same_to_the_byte_afterwards() {
    let repository = lived_in();
    let before = repository.everything();
    let done = repository.init();
    assert!(done.iter().skip(1).all(|(_, done)| done == "changed"), "{done:?}");
    assert_set_up(&repository, BINARY);
    // What was there is there.
    assert_eq!(repository.json(".mcp.json")["mcpServers"]["theirs"]["command"], "x");
    assert_eq!(commands(&repository.json(".claude/settings.local.json"), "Stop")[0], "say done");
    assert_eq!(commands(&repository.json(".codex/hooks.json"), "Stop")[0], "y");
    assert_eq!(commands(&repository.json(".cursor/hooks.json"), "stop")[0], "z");
    assert_eq!(repository.toml(".codex/config.toml")["mcp_servers"]["theirs"]["command"].as_str(), Some("x"));
    for (file, text) in WRITTEN {
        let now = repository.read(file);
        let comment =
            |line: &'static str| Some(&line[["//", "/*", "#"].iter().find_map(|sign| line.find(sign))?..]);
        for comment in text.lines().filter_map(comment) {
            assert!(now.contains(comment), "{file}: {comment}: {now}");
        }
        let breaks = (now.matches('\n').count(), now.matches("\r\n").count());
        assert!(breaks.1 == if text.contains("\r\n") { breaks.0 } else { 0 }, "{file}: {breaks:?}");
        assert_eq!(now.starts_with('\u{feff}'), text.starts_with('\u{feff}'), "{file}");
    }
    assert!(repository.init().iter().all(|(_, done)| done == "unchanged"));
    let done = repository.done(&["--uninstall"]);
    assert!(done.iter().all(|(file, done)| (done == "restored") == (file != IDENTITY)), "{done:?}");
    assert_eq!(repository.everything(), before);
}

#[test]
fn nothing_is_lost_without_the_records_either() {
    let repository = lived_in();
    repository.init();
    fs::remove_dir_all(repository.records()).unwrap();
    let done = repository.done(&["--uninstall"]);
    assert!(done.contains(&(IDENTITY.into(), "unchanged".into())), "nobody knows who wrote it: {done:?}");
    for (file, text) in WRITTEN {
        let wanted = match file {
            // Nobody knows any more that there was an empty object, or no line break at the end.
            ".gemini/settings.json" => {
                text.replace("\"Dark\", // b\n  \"mcpServers\": {} // none", "\"Dark\" // b\n   // none")
            }
            ".codex/config.toml" => format!("{text}\r\n"),
            _ => text.to_owned(),
        };
        assert_eq!(repository.read(file), wanted, "{file}");
    }
}

#[test]
fn modes_and_symbolic_links_stay() {
    let repository = Repository::new();
    let elsewhere = repository.machine.root().join("dotfiles");
    fs::create_dir_all(elsewhere.join("gemini")).unwrap();
    let text = "{\n  \"theme\": \"Dark\"\n}\n";
    fs::write(elsewhere.join("mcp.json"), text).unwrap();
    fs::write(elsewhere.join("gemini/settings.json"), text).unwrap();
    symlink(elsewhere.join("mcp.json"), repository.path(".mcp.json")).unwrap();
    symlink(elsewhere.join("gemini"), repository.path(".gemini")).unwrap();
    repository.write("opencode.json", text);
    for (file, mode) in [(elsewhere.join("mcp.json"), 0o440), (repository.path("opencode.json"), 0o600)] {
        fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
    }
    repository.init();
    for file in ["mcp.json", "gemini/settings.json"] {
        assert!(fs::read_to_string(elsewhere.join(file)).unwrap().contains("veda-bus"), "{file}");
    }
    let check = || {
        assert!(fs::symlink_metadata(repository.path(".mcp.json")).unwrap().is_symlink());
        assert!(fs::symlink_metadata(repository.path(".gemini")).unwrap().is_symlink());
        assert_eq!(mode_of(&elsewhere.join("mcp.json")), 0o440);
        assert_eq!(mode_of(&repository.path("opencode.json")), 0o600);
    };
    check();
    repository.done(&["--uninstall"]);
    check();
    for file in ["mcp.json", "gemini/settings.json"] {
        assert_eq!(fs::read_to_string(elsewhere.join(file)).unwrap(), text, "{file}");
    }
}

#[test]
fn a_dry_run_shows_everything_and_writes_nothing() {
    let repository = lived_in();
    let before = repository.everything();
    let said = repository.run(&["--agent", ALL, "--dry-run"]).exits(0).stdout;
    for line in [
        "would be created    .veda/coordination.toml",
        "--- /dev/null",
        "+++ b/.veda/coordination.toml",
        "--- a/.mcp.json",
        "+    \"veda-bus\": {",
        "+[mcp_servers.veda-bus]",
    ] {
        assert!(said.contains(line.trim()), "{line}: {said}");
    }
    let lines = repository.run(&["--agent", "claude", "--dry-run", "--json"]).exits(0).json_lines();
    assert_eq!(lines.len(), 3);
    assert!(
        lines.iter().all(|line| line["dry_run"] == true && line["diff"].as_str().unwrap().contains("@@"))
    );
    assert_eq!(repository.everything(), before);
    assert!(!repository.records().exists());
    repository.init();
    let set_up = repository.everything();
    let said = repository.run(&["--uninstall", "--dry-run"]).exits(0).stdout;
    assert!(said.contains("would be restored") && said.contains("-[mcp_servers.veda-bus]"), "{said}");
    assert_eq!(repository.everything(), set_up);
}
