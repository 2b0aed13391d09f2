//! What the hosts' own files say of us: for this folder, and for all folders of a user.

use std::io;
use std::path::{Path, PathBuf};

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::CstRootNode;
use serde_json::Value;
use toml_edit::{DocumentMut, Item};

use super::program::Program;
use crate::agents::command_line::HookLine;
use crate::agents::host::Host;

/// The name of our server.
const NAME: &str = "veda-bus";

/// A server or a hook of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) file: PathBuf,
    pub(super) is_hook: bool,
    pub(super) program: Program,
}

/// What stands in the files of a host.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) entries: Vec<Entry>,
    /// What is wrong with those that can not be read.
    pub(super) faults: Vec<String>,
}

/// Whether we have hooks for a host.
pub(super) fn has_hooks(host: Host) -> bool {
    host != Host::Opencode
}

/// The files in which a host looks for servers and hooks: in a folder, and in the home folder.
fn files(host: Host) -> (&'static [&'static str], &'static [&'static str]) {
    match host {
        Host::Claude => (
            &[".mcp.json", ".claude/settings.local.json", ".claude/settings.json"],
            &[".claude.json", ".claude/settings.json"],
        ),
        Host::Codex => {
            const FILES: &[&str] = &[".codex/config.toml", ".codex/hooks.json"];
            (FILES, FILES)
        }
        Host::Gemini => (&[".gemini/settings.json"], &[".gemini/settings.json"]),
        Host::Opencode => (
            &["opencode.json", "opencode.jsonc"],
            &[".config/opencode/opencode.json", ".config/opencode/opencode.jsonc"],
        ),
        Host::Cursor => {
            const FILES: &[&str] = &[".cursor/mcp.json", ".cursor/hooks.json"];
            (FILES, FILES)
        }
    }
}

/// What the files of a host say of us, where `own` is the program that runs now.
pub(super) fn of(host: Host, folder: &Path, home: Option<&Path>, own: Option<&Path>) -> Found {
    let (here, at_home) = files(host);
    let here = here.iter().map(|file| folder.join(file));
    let at_home = home.into_iter().flat_map(|home| at_home.iter().map(|file| home.join(file)));
    let mut found = Found::default();
    for file in here.chain(at_home) {
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if is_absence(&error) => continue,
            Err(error) => {
                found.faults.push(format!("{}: {error}", file.display()));
                continue;
            }
        };
        let is_toml = file.extension().is_some_and(|ending| ending == "toml");
        match if is_toml { in_toml(&text) } else { in_json(&text, host, folder, own) } {
            Ok(programs) => found.entries.extend(programs.into_iter().map(|(is_hook, program)| Entry {
                file: file.clone(),
                is_hook,
                program: Program(program),
            })),
            Err(fault) => found.faults.push(format!("{}: {fault}", file.display())),
        }
    }
    found
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Hooks (`true`) and servers of ours, by the programs that they start.
type Programs = Vec<(bool, String)>;

fn in_json(text: &str, host: Host, folder: &Path, own: Option<&Path>) -> Result<Programs, String> {
    let text = text.trim_start_matches('\u{feff}');
    let root = if matches!(host, Host::Claude | Host::Codex) && !text.trim().is_empty() {
        // What a host does not read is as good as not there, however well it could be read: these take no comments.
        serde_json::from_str(text).map_err(|error| error.to_string())?
    } else {
        let parsed = CstRootNode::parse(text, &ParseOptions::default()).map_err(|error| error.to_string())?;
        parsed.to_serde_value().unwrap_or_default()
    };
    // Claude Code keeps the servers that a user added for one folder in a file for all of them.
    let project = &root["projects"][&*folder.to_string_lossy()];
    let tables = [&root["mcpServers"], &root["mcp"], &project["mcpServers"]];
    let servers = tables.into_iter().filter_map(|table| command(&table[NAME]["command"]));
    let mut programs: Programs = servers.map(|program| (false, program)).collect();
    hooks(&root["hooks"], own, &mut programs);
    Ok(programs)
}

/// The program of a server: a text, or the first of several.
fn command(value: &Value) -> Option<String> {
    value.as_str().or_else(|| value[0].as_str()).map(str::to_owned)
}

/// The hooks of ours in whatever groups they are.
fn hooks(value: &Value, own: Option<&Path>, programs: &mut Programs) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| hooks(element, own, programs)),
        Value::Object(members) => {
            programs.extend(
                value["command"].as_str().and_then(|line| hook(line, own)).map(|program| (true, program)),
            );
            members.values().for_each(|member| hooks(member, own, programs));
        }
        _ => {}
    }
}

fn in_toml(text: &str) -> Result<Programs, String> {
    let document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
    let server = document.get("mcp_servers").and_then(|servers| servers.get(NAME));
    let command = server.and_then(|server| server.get("command")).and_then(Item::as_str);
    Ok(command.map(|command| (false, command.to_owned())).into_iter().collect())
}

/// The program of a line for a shell, when that is one of our hooks.
fn hook(line: &str, own: Option<&Path>) -> Option<String> {
    HookLine::read(line).filter(|hook| hook.is_ours(own)).map(|hook| hook.program)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn entries_are_found_where_each_host_has_them() {
        let hook = json!({ "hooks": { "Stop": [{ "hooks": [{ "type": "command", "command": "/x/veda-bus hook --host claude" }] }] } });
        let server =
            json!({ "mcpServers": { NAME: { "command": "/x/veda-bus" }, "other": { "command": "/y" } } });
        let flat = json!({ "hooks": { "stop": [{ "command": "'/a b/veda-bus' hook --host cursor" }] } });
        let home = json!({ "projects": { "/here": { "mcpServers": { NAME: { "command": "veda-bus" } } } } });
        let opencode = r#"{ // mine
            "mcp": { "veda-bus": { "command": ["/x/veda-bus", "mcp"], }, }, }"#;
        let read = |text: &str| in_json(text, Host::Cursor, Path::new("/here"), None).unwrap();
        let one = |is_hook, program: &str| vec![(is_hook, program.to_owned())];
        assert_eq!(read(&hook.to_string()), one(true, "/x/veda-bus"));
        assert_eq!(read(&server.to_string()), one(false, "/x/veda-bus"));
        assert_eq!(read(&flat.to_string()), one(true, "/a b/veda-bus"));
        assert_eq!(read(&home.to_string()), one(false, "veda-bus"));
        assert_eq!(read(opencode), one(false, "/x/veda-bus"));
        assert_eq!(read(""), Programs::new());
        assert!(in_json("{", Host::Cursor, Path::new("/here"), None).is_err());
        for (host, reads) in [(Host::Claude, false), (Host::Codex, false), (Host::Gemini, true)] {
            assert_eq!(in_json("{ // mine\n}", host, Path::new("/here"), None).is_ok(), reads, "{host}");
        }
        let toml = "[mcp_servers.veda-bus]\ncommand = \"/x/veda-bus\"\nargs = [\"mcp\"]\n";
        assert_eq!(in_toml(toml).unwrap(), one(false, "/x/veda-bus"));
        assert!(in_toml("[").is_err());
    }

    #[test]
    fn hooks_are_ours_by_name_or_because_they_start_this_program() {
        let command = |line: &str| json!({ "command": line });
        let text = json!({ "hooks": { "stop": [
            command("VEDA_BUS_SOCKET=/x veda-bus hook --host cursor"),
            command("/opt/other-name hook --host cursor"),
            command("/opt/third hook --host cursor"),
            command("logger starting; veda-bus hook --host cursor; my-own-check"),
        ] } });
        let own = Path::new("/opt/other-name");
        let programs = in_json(&text.to_string(), Host::Cursor, Path::new("/here"), Some(own)).unwrap();
        assert_eq!(programs, [(true, "veda-bus".to_owned()), (true, "/opt/other-name".to_owned())]);
    }
}
