//! What the commands share that speak to coding agents: `mcp`, `hook`, `init` and `doctor`.
//!
//! | module | what is in it |
//! |---|---|
//! | [`command_line`] | the line in which a host runs a hook |
//! | [`envelope`] | the one form in which a message reaches a model |
//! | [`event`] | what hosts tell a hook, and what they take from one |
//! | [`host`] | the programs that agents run in |
//! | [`identity`] | which repo a folder is |
//! | [`past`] | messages of the past, as those that arrive |
//! | [`session`] | what is remembered of a conversation between one hook and the next |
//! | [`telling`] | what a hook says |

pub(crate) mod command_line;
pub(crate) mod envelope;
pub(crate) mod event;
pub(crate) mod host;
pub(crate) mod identity;
pub(crate) mod past;
pub(crate) mod session;
pub(crate) mod telling;
