//! What the commands share that speak to coding agents: `mcp`, `hook`, `init` and `doctor`.
//!
//! | module | what is in it |
//! |---|---|
//! | [`host`] | the programs that agents run in |

pub(crate) mod host;
