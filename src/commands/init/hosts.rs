//! What goes into which file of which agent.
//!
//! All of it is in the folder of the repository, and all of it names this program by its path.

use std::path::Path;

use jsonc_parser::cst::CstInputValue as Input;

use super::entry::{Entries, Form, Handler, Hooks, Server};
use super::json::Dialect;
use crate::agents::command_line::HookLine;
use crate::agents::host::Host;

/// How long a host waits for a hook, in seconds. A hook takes milliseconds; this is for a machine that is very busy.
const HOOK_SECONDS: u32 = 10;

/// How long a session can be woken after its last turn, in seconds: a day. Without it, Claude Code ends the hook that waits
/// after ten minutes.
const WAITER_SECONDS: u32 = 86_400;

/// How long a tool may take in Codex, in seconds: `query_codebase` waits for an answer.
const TOOL_SECONDS: u32 = 180;

/// What Codex hands on to a server beside `HOME`, `PATH` and the like: which bus it is.
const BUS_VARIABLES: [&str; 2] = ["VEDA_BUS_SOCKET", "VEDA_BUS_LOG_PATH"];

/// A file, and what goes into it.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Whose file it is; that of nobody is ours.
    pub(super) host: Option<Host>,
    /// Below the folder of the repository.
    pub(super) file: &'static str,
    pub(super) entries: Entries,
}

/// The files of a host that are written. Of several that could have an entry it is one that is there.
pub(super) fn targets(host: Host, folder: &Path, program: &str) -> Vec<Target> {
    let mut targets = all_targets(host, program);
    if host == Host::Opencode {
        let there = targets.iter().position(|target| folder.join(target.file).exists()).unwrap_or(0);
        targets = vec![targets.swap_remove(there)];
    }
    targets
}

/// The files of a host that may have an entry of ours.
pub(super) fn all_targets(host: Host, program: &str) -> Vec<Target> {
    let target = |file, entries| Target { host: Some(host), file, entries };
    let json = |dialect, server, hooks| Entries::Json { dialect, server, hooks };
    let hook = |wakes| HookLine::new(program, host, wakes);
    match host {
        Host::Claude => vec![
            target(".mcp.json", json(Dialect::Strict, Some(claude_server(program)), None)),
            // What names a path of this machine belongs into the settings that are not shared.
            target(".claude/settings.local.json", json(Dialect::Strict, None, Some(claude_hooks(&hook)))),
        ],
        Host::Codex => vec![
            target(".codex/config.toml", Entries::Toml(codex_server(program))),
            target(".codex/hooks.json", {
                let events = ["SessionStart", "UserPromptSubmit", "PostToolUse", "Stop"];
                json(Dialect::Strict, None, Some(groups(&events, &hook, HOOK_SECONDS)))
            }),
        ],
        Host::Gemini => vec![target(".gemini/settings.json", {
            let events = ["SessionStart", "BeforeAgent", "AfterTool", "AfterAgent"];
            let server = server("mcpServers", program, Vec::new());
            // Its timeouts are in milliseconds.
            json(Dialect::Comments, Some(server), Some(groups(&events, &hook, HOOK_SECONDS * 1000)))
        })],
        Host::Opencode => ["opencode.json", "opencode.jsonc"]
            .into_iter()
            .map(|file| target(file, json(Dialect::Jsonc, Some(opencode_server(program)), None)))
            .collect(),
        Host::Cursor => vec![
            target(".cursor/mcp.json", {
                let kind = vec![("type", text("stdio"))];
                json(Dialect::Jsonc, Some(server("mcpServers", program, kind)), None)
            }),
            target(".cursor/hooks.json", json(Dialect::Jsonc, None, Some(cursor_hooks(&hook)))),
        ],
    }
}

fn server(table: &'static str, program: &str, mut fixed: Vec<(&'static str, Input)>) -> Server {
    fixed.extend([("command", text(program)), ("args", texts(&["mcp"]))]);
    Server { table, fixed, defaults: Vec::new() }
}

fn claude_server(program: &str) -> Server {
    let server = server("mcpServers", program, vec![("type", text("stdio"))]);
    Server { defaults: vec![("env", Input::Object(Vec::new()))], ..server }
}

fn codex_server(program: &str) -> Server {
    let variables = [&BUS_VARIABLES[..], Host::Codex.session_variables()].concat();
    let defaults = vec![("tool_timeout_sec", number(TOOL_SECONDS)), ("env_vars", texts(&variables))];
    Server { defaults, ..server("mcp_servers", program, Vec::new()) }
}

fn opencode_server(program: &str) -> Server {
    let fixed = vec![("type", text("local")), ("command", texts(&[program, "mcp"]))];
    Server { table: "mcp", fixed, defaults: vec![("enabled", Input::Bool(true))] }
}

/// One hook for each event.
fn groups(events: &[&'static str], hook: &dyn Fn(bool) -> HookLine, timeout: u32) -> Hooks {
    let handler =
        || Handler { command: hook(false), fixed: Vec::new(), defaults: vec![("timeout", number(timeout))] };
    let events = events.iter().map(|event| (*event, vec![handler()])).collect();
    Hooks { form: Form::Groups, events, root: Vec::new() }
}

/// At the end of a turn there is a second hook, which waits in the background and wakes the session.
fn claude_hooks(hook: &dyn Fn(bool) -> HookLine) -> Hooks {
    let events = ["SessionStart", "UserPromptSubmit", "PostToolBatch", "Stop", "SessionEnd"];
    let mut hooks = groups(&events, hook, HOOK_SECONDS);
    let waiter = Handler {
        command: hook(true),
        fixed: vec![("asyncRewake", Input::Bool(true))],
        defaults: vec![("timeout", number(WAITER_SECONDS))],
    };
    for (_, handlers) in hooks.events.iter_mut().filter(|(event, _)| *event == "Stop") {
        handlers.push(waiter.clone());
    }
    hooks
}

fn cursor_hooks(hook: &dyn Fn(bool) -> HookLine) -> Hooks {
    let handler = Handler { command: hook(false), fixed: Vec::new(), defaults: Vec::new() };
    Hooks { form: Form::Flat, events: vec![("stop", vec![handler])], root: vec![("version", number(1))] }
}

fn text(text: &str) -> Input {
    Input::String(text.to_owned())
}

fn texts(texts: &[&str]) -> Input {
    Input::Array(texts.iter().map(|one| text(one)).collect())
}

fn number(number: u32) -> Input {
    Input::Number(number.to_string())
}
