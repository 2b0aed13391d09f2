//! Which agents there are on this machine: their programs, or what they leave in folders.

use std::ffi::OsStr;
use std::path::Path;

use crate::agents::host::Host;

/// What tells that an agent is there.
struct Traces {
    programs: &'static [&'static str],
    /// In the folder of a repository.
    here: &'static [&'static str],
    /// In the home folder.
    home: &'static [&'static str],
}

fn traces(host: Host) -> Traces {
    match host {
        Host::Claude => Traces {
            programs: &["claude"],
            here: &[".claude", ".mcp.json", "CLAUDE.md"],
            home: &[".claude", ".claude.json"],
        },
        Host::Codex => Traces { programs: &["codex"], here: &[".codex"], home: &[".codex"] },
        Host::Gemini => Traces { programs: &["gemini"], here: &[".gemini", "GEMINI.md"], home: &[".gemini"] },
        Host::Opencode => Traces {
            programs: &["opencode"],
            here: &["opencode.json", "opencode.jsonc", ".opencode"],
            home: &[".config/opencode", ".opencode"],
        },
        Host::Cursor => {
            Traces { programs: &["cursor", "cursor-agent"], here: &[".cursor"], home: &[".cursor"] }
        }
    }
}

/// Every agent, and what tells that it is there.
pub(super) struct Found(Vec<(Host, Option<String>)>);

impl Found {
    /// Looks for all of them. `path` is the list of folders with programs.
    pub(super) fn look(folder: &Path, home: &Path, path: Option<&OsStr>) -> Self {
        let programs: Vec<_> = path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
        let one = |host| {
            let Traces { programs: names, here, home: at_home } = traces(host);
            let has = |at: &Path, name: &&&str| at.join(name).exists();
            let program = names.iter().find(|name| programs.iter().any(|at| has(at, name)));
            let program = program.map(|name| format!("the program {name}"));
            let here = || here.iter().find(|name| has(folder, name)).map(|name| format!("{name} here"));
            let at_home = || at_home.iter().find(|name| has(home, name)).map(|name| format!("~/{name}"));
            (host, program.or_else(here).or_else(at_home))
        };
        Self(Host::ALL.into_iter().map(one).collect())
    }

    /// Those that are there.
    pub(super) fn hosts(&self) -> Vec<Host> {
        self.0.iter().filter(|(_, trace)| trace.is_some()).map(|(host, _)| *host).collect()
    }

    /// A line each.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(host, trace)| match trace {
            Some(trace) => format!("found      {host} ({trace})"),
            None => format!("not found  {host}; to set it up nevertheless: --agent {}", host.word()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_are_found_by_program_and_by_what_they_leave() {
        let root = tempfile::tempdir().unwrap();
        let (bin, here, home) = (root.path().join("bin"), root.path().join("here"), root.path().join("home"));
        for folder in [&bin, &here.join(".cursor"), &home.join(".codex")] {
            std::fs::create_dir_all(folder).unwrap();
        }
        std::fs::write(bin.join("claude"), "").unwrap();
        let found = Found::look(&here, &home, Some(bin.as_os_str()));
        assert_eq!(found.hosts(), [Host::Claude, Host::Codex, Host::Cursor]);
        let lines: Vec<_> = found.lines().collect();
        assert_eq!(lines[0], "found      Claude Code (the program claude)");
        assert_eq!(lines[1], "found      Codex CLI (~/.codex)");
        assert_eq!(lines[4], "found      Cursor (.cursor here)");
        assert!(lines[2].starts_with("not found  Gemini CLI"));
    }
}
