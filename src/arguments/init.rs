//! What `init` takes.

use clap::Args;
use veda_bus_core::name::{Capability, RepoName};

use crate::agents::host::Host;

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Set up these agents, with commas between them [default: those that are found]
    #[arg(long = "agent", value_enum, value_delimiter = ',', value_name = "AGENT")]
    pub(crate) agents: Vec<Host>,
    /// The name of the repository on the bus [default: that of its folder]
    #[arg(long, value_name = "REPO", conflicts_with = "uninstall")]
    pub(crate) repo: Option<RepoName>,
    /// What its agents can do; may be repeated [default: guessed from its manifests]
    #[arg(long = "capability", value_name = "CAPABILITY", conflicts_with = "uninstall")]
    pub(crate) capabilities: Vec<Capability>,
    /// Show what would change, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Take everything out again
    #[arg(long)]
    pub(crate) uninstall: bool,
    /// Ask nothing
    #[arg(long)]
    pub(crate) yes: bool,
}
