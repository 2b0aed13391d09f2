//! What the commands share that speak to coding agents: `mcp`, `hook`, `init` and `doctor`.
//!
//! | module | what is in it |
//! |---|---|
//! | [`envelope`] | the one form in which a message reaches a model |
//! | [`host`] | the programs that agents run in |
//! | [`identity`] | which repo a folder is |
//! | [`session`] | what is remembered of a conversation between one hook and the next |

pub(crate) mod envelope;
pub(crate) mod host;
pub(crate) mod identity;
pub(crate) mod session;
