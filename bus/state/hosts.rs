//! The processes that are or were an agent's host.
//!
//! One that left is remembered, because what it started may go on without it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::event::AgentHost;
use crate::name::RepoName;
use crate::os::Process;

/// How many are remembered.
const HOSTS: usize = 1000;

/// The latest ones, the latest last; each once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Hosts(VecDeque<AgentHost>);

impl Hosts {
    /// Takes down that `host` is one, and is the latest.
    pub(super) fn saw(&mut self, host: Process, repo: &RepoName) {
        // One that comes again and again is near the end.
        if let Some(place) = self.0.iter().rposition(|known| known.host == host) {
            self.0.remove(place);
        }
        self.0.push_back(AgentHost { repo: repo.clone(), host });
        if self.0.len() > HOSTS {
            self.0.pop_front();
        }
    }

    /// Takes in what a checkpoint says: all that were remembered when it was written. One of an earlier version says
    /// nothing.
    pub(super) fn checkpointed(&mut self, told: &[AgentHost]) {
        if !told.is_empty() {
            self.0 = told[told.len().saturating_sub(HOSTS)..].iter().cloned().collect();
        }
    }

    /// All of them, the latest last.
    pub(super) fn iter(&self) -> impl Iterator<Item = &AgentHost> {
        self.0.iter()
    }
}
