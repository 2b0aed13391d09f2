//! What only a person may do: to trust a folder, a server, a hook.

use std::path::Path;

use super::plan::Change;
use crate::agents::host::Host;

/// A line each.
pub(super) fn steps(hosts: &[Host], folder: &Path, changes: &[Change]) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    for host in hosts {
        steps.extend(of(*host).iter().map(|step| format!("{host}: {step}")));
    }
    for change in changes {
        if let (Some(host), Some(fault)) = (change.host, &change.unread) {
            let what = fault.place();
            steps.push(format!("{host}: it does not read {} as it is ({what}); mend that", change.file));
        }
    }
    let made = changes.iter().filter(|change| change.before.is_none() && change.host.is_some());
    let made: Vec<&str> = made.map(|change| change.file).collect();
    if !made.is_empty() && folder.join(".git").exists() {
        let files = made.join(" ");
        steps.push(format!("git: {files} name paths of this machine; to keep them out: .git/info/exclude"));
    }
    if !hosts.is_empty() {
        steps.push("Sessions that are running take it up when they are started again.".to_owned());
    }
    steps
}

fn of(host: Host) -> &'static [&'static str] {
    match host {
        Host::Claude => &[
            "start claude here, trust the folder, and approve the MCP server veda-bus; \
             until then claude mcp list says \"Pending approval\"",
            "claude -p asks nothing, and uses both at once",
            "it asks before each use of a tool; not for these with \"permissions\": {\"allow\": [\"mcp__veda-bus\"]} in its settings",
        ],
        Host::Codex => &[
            "start codex here and trust the folder; until then it reads nothing of .codex",
            "type /hooks in it and trust the hooks of veda-bus; they stay off until then, and when they change",
        ],
        Host::Gemini => &[
            "start gemini here and trust the folder; until then gemini mcp list says \"Disabled\"",
            "it shows the new hooks of the project once, before it runs them",
        ],
        Host::Opencode => &["it has no hooks: its agent hears of messages when it calls check_messages"],
        Host::Cursor => &[
            "turn veda-bus on in its settings, below MCP (for cursor-agent: cursor-agent mcp enable veda-bus)",
        ],
    }
}
