//! Which repo a folder is: what its `.veda/coordination.toml` says, else the name of the git repository that it is in.

use std::path::{Path, PathBuf};

use veda_bus_core::event::Receive;
use veda_bus_core::handler::HandlerSettings;
use veda_bus_core::name::{BROADCAST, BUS, OPERATOR, RepoName, SessionId};
use veda_bus_core::wire::{HostProcess, Register};

use super::host::Host;
use crate::context::{Context, declare};
use crate::failure::Failure;

/// For which repo an agent speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) repo: RepoName,
    /// Where it is.
    pub(crate) folder: PathBuf,
}

impl Identity {
    /// The repo of the folder in which `context` was made.
    pub(crate) fn of(context: &Context) -> Result<Self, Failure> {
        let current = &context.sources.current;
        let config = &context.config;
        if let (Some(repo), Some(folder)) = (&config.coordination.repo_name, &config.repo_folder) {
            return Ok(Self { repo: repo.clone(), folder: folder.clone() });
        }
        let folder = git_root(current).unwrap_or(current).to_owned();
        let repo = match &config.coordination.repo_name {
            Some(repo) => repo.clone(),
            None => named_like(&main_worktree(&folder).unwrap_or_else(|| folder.clone()))?,
        };
        Ok(Self { repo, folder })
    }

    /// A registration of the agent's instance, by a program that the agent's host started.
    pub(crate) fn registration(&self, context: &Context) -> Register {
        let mut register = Register {
            path: Some(self.folder.display().to_string()),
            session_id: session(),
            host: HostProcess::Parent,
            receive: Receive::All,
            ..Register::new(self.repo.clone())
        };
        declare(&mut register, &context.config.coordination);
        register
    }
}

/// What of a repo's messages is pushed at its agent.
pub(crate) fn pushed(context: &Context) -> HandlerSettings {
    let coordination = &context.config.coordination;
    HandlerSettings {
        auto_acknowledge: coordination.auto_acknowledge,
        max_message_age: coordination.max_message_age,
        filter: Some(coordination.claude_message_filter.clone()),
    }
}

/// The conversation that the host of this process has put into its environment.
pub(crate) fn session() -> Option<SessionId> {
    session_in(|name| std::env::var(name).ok())
}

/// A host that another host's agent has started inherits that one's variables. Claude Code is what others are started in,
/// so theirs count before its own.
fn session_in(variable: impl Fn(&str) -> Option<String>) -> Option<SessionId> {
    let variables = Host::ALL.into_iter().rev().flat_map(Host::session_variables);
    variables.filter_map(|name| variable(name)).find_map(|id| id.parse().ok())
}

/// The nearest folder upwards with a `.git`, which is a file in a worktree.
pub(crate) fn git_root(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|folder| folder.join(".git").exists())
}

/// Of a linked worktree, the folder of the repository that it is one of: its `.git` is a file that names a folder in there.
pub(crate) fn main_worktree(folder: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(folder.join(".git")).ok()?;
    let git = folder.join(text.strip_prefix("gitdir:")?.trim());
    let worktrees = git.parent().filter(|parent| parent.ends_with(".git/worktrees"))?;
    worktrees.parent()?.parent().map(Path::to_owned)
}

/// Whether the bus has another use for a name.
pub(crate) fn is_reserved(name: &str) -> bool {
    [BROADCAST, BUS, OPERATOR].contains(&name)
}

fn named_like(folder: &Path) -> Result<RepoName, Failure> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let repo = name.parse().ok().filter(|_| !is_reserved(&name));
    repo.ok_or_else(|| {
        let what = format!("the folder {} does not make a name for a repo", folder.display());
        Failure::Usage(format!("{what}; give it one: veda-bus init --repo NAME"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_host_says_which_conversation_it_is() {
        let outer = ("CLAUDE_CODE_SESSION_ID", "outer");
        for (inner, id) in
            [("GEMINI_SESSION_ID", "inner"), ("CODEX_THREAD_ID", "inner"), ("NO_HOST", "outer")]
        {
            let variables = [outer, (inner, "inner")];
            let variable =
                |name: &str| variables.iter().find(|one| one.0 == name).map(|one| one.1.to_owned());
            assert_eq!(session_in(variable).unwrap().as_str(), id, "{inner}");
        }
    }
}
