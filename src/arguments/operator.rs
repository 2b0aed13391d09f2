//! What the commands take that show and decide what waits for the operator.

use clap::{Args, Subcommand, ValueEnum};
use veda_bus_core::message::MessageType;
use veda_bus_core::name::RepoName;

use super::Manner;

#[derive(Debug, Args)]
pub(crate) struct Negotiations {
    /// Show only those that are not resolved
    #[arg(long)]
    pub(crate) open: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowMessage {
    /// The message: its id, or the beginning of it
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct Vote {
    /// The proposal: the id of the message with its wording, or the beginning of it
    pub(crate) id: String,
    /// The vote
    #[arg(value_enum)]
    pub(crate) word: VoteName,
    /// counter: what is proposed instead
    #[arg(long, value_name = "TEXT")]
    pub(crate) counter_proposal: Option<String>,
    /// Why
    #[arg(long)]
    pub(crate) comment: Option<String>,
    #[command(flatten)]
    pub(crate) manner: Manner,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum VoteName {
    Accept,
    Reject,
    Abstain,
    Counter,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum OutcomeName {
    Approved,
    Rejected,
}

/// What the operator decides on, and says with it.
#[derive(Debug, Args)]
pub(crate) struct Decision {
    /// The id of the message, or the beginning of it
    pub(crate) id: String,
    /// What everyone involved is told with it
    #[arg(long)]
    pub(crate) comment: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HoldCommand {
    /// Show what is held, why, and until when
    List,
    /// Let a held message go
    Release {
        /// What it says instead, as JSON; its recipients see that the operator changed it
        #[arg(long, value_name = "JSON")]
        payload: Option<String>,
        #[command(flatten)]
        decision: Decision,
    },
    /// Do not let a held message go; its sender is told why
    Refuse {
        /// The id of the message, or the beginning of it
        id: String,
        /// Why
        #[arg(long)]
        comment: String,
    },
    /// Let a thread go on that the loop guard has halted, and what was held because of it
    Continue {
        /// The id of a message of the thread, or the beginning of it
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Never hold such messages from now on; written to bus.toml
    Allow(Edge),
    /// Take such a rule out of bus.toml
    Revoke(Edge),
}

/// The messages of a standing rule.
#[derive(Debug, Args)]
pub(crate) struct Edge {
    /// Who sends; '*' is anyone
    #[arg(long, value_name = "REPO")]
    pub(crate) from: RepoName,
    /// Who receives; '*' is anyone
    #[arg(long, value_name = "REPO")]
    pub(crate) to: RepoName,
    /// Only messages of this type
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: Option<MessageType>,
}
