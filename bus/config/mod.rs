//! Configuration: what may be set, where, and what is in force.
//!
//! There are two files: `~/.veda/bus.toml` for the machine, and `.veda/coordination.toml` for a repository (the nearest
//! one, from the current folder upwards). What a flag says goes before the environment, that before the repository's
//! file, that before the global file, and that before the default. [`KEYS`] is the one list of all there is to set.

mod allow;
mod contradiction;
mod edit;
mod error;
mod file;
mod keys;
mod load;
mod rules;
mod settings;
mod unknown;
mod value;

pub use edit::{EditError, add_allow, remove_allow};
pub use error::{ConfigError, Place};
pub use keys::{Files, KEYS, Key, reference};
pub use load::{Reloaded, Sources, load, reload};
pub use rules::{AllowEnd, AllowRule, Approval, HoldRule, Limits, Rules};
pub use settings::{BusSettings, Config, CoordinationSettings, Durability, Effective, Origin};
pub use unknown::Warning;
pub use value::{Kind, Preset};

/// Where the file of a repository is, below the repository's folder.
pub const REPO_FILE: &str = ".veda/coordination.toml";

/// Where the global file is, below the home folder.
pub const GLOBAL_FILE: &str = ".veda/bus.toml";

#[cfg(test)]
mod tests;
