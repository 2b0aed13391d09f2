//! The settings in force, typed, and where each comes from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::keys::{KEYS, Key};
use super::value::Value;
use crate::filter::Filter;
use crate::name::{Capability, RepoName};

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// For the bus.
    pub bus: BusSettings,
    /// For the instances of a repository.
    pub coordination: CoordinationSettings,
    /// The folder whose `.veda/coordination.toml` was read.
    pub repo_folder: Option<PathBuf>,
    /// Every key in the order of [`KEYS`], with its value and where that comes from.
    pub effective: Vec<Effective>,
    /// The environment variables that give another process the same `bus`, whatever its files say.
    pub bus_environment: Vec<(&'static str, OsString)>,
}

/// The settings of a bus. [`Default`] gives those of a machine that sets nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusSettings {
    /// `bus.socket_path`
    pub socket_path: PathBuf,
    /// `bus.max_message_size`, in bytes.
    pub max_message_size: usize,
    /// `bus.message_retention`
    pub message_retention: Duration,
    /// `bus.retention_messages`
    pub retention_messages: usize,
    /// `bus.enable_logging`
    pub enable_logging: bool,
    /// `bus.log_path`
    pub log_path: PathBuf,
    /// `bus.default_ttl`
    pub default_ttl: Duration,
    /// `bus.durability`
    pub durability: Durability,
    /// `bus.mailbox_messages`
    pub mailbox_messages: usize,
    /// `bus.mailbox_bytes`
    pub mailbox_bytes: usize,
    /// `bus.log_segment_bytes`
    pub log_segment_bytes: u64,
    /// `bus.log_segment_age`
    pub log_segment_age: Duration,
    /// `bus.log_keep`; 0 is all.
    pub log_keep: usize,
    /// `bus.stuck_after`
    pub stuck_after: Duration,
}

/// What an accepted message outlives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// A loss of power: it is on the disk before the sender hears of it.
    #[default]
    Power,
    /// The end of the process: it is with the operating system before the sender hears of it.
    Process,
}

impl Durability {
    /// The word as it stands in a file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Process => "process",
        }
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The settings of the instances of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoordinationSettings {
    /// `coordination.repo_name`
    pub repo_name: Option<RepoName>,
    /// `coordination.capabilities`
    pub capabilities: Vec<Capability>,
    /// `coordination.accept_requests_from`; `*` is everyone.
    pub accept_requests_from: Vec<String>,
    /// `coordination.auto_acknowledge`
    pub auto_acknowledge: bool,
    /// `coordination.max_message_age`
    pub max_message_age: Duration,
    /// `coordination.filters.claude_message_filter`
    pub claude_message_filter: Filter,
}

/// A key with the value in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The key, table included.
    pub key: &'static str,
    /// Its value as it would stand in a file; empty when there is none.
    pub value: String,
    /// Where the value comes from.
    pub origin: Origin,
    /// What the key does, in one line.
    pub doc: &'static str,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag,
    /// An environment variable.
    Environment(&'static str),
    /// A line of a file.
    File(PathBuf, usize),
    /// Nobody set it.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("command line"),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// The value of each key, of the kind that [`KEYS`] tells; a key that nobody set has its default.
#[derive(Debug, Default)]
pub(super) struct Values(pub(super) BTreeMap<&'static str, Value>);

impl Values {
    /// The defaults of the keys whose names begin with `prefix`, with `~` as it stands there.
    pub(super) fn defaults(prefix: &str) -> Self {
        let preset = |key: &Key| Some((key.name, key.kind.read_preset(key.default)?));
        Self(KEYS.iter().filter(|key| key.name.starts_with(prefix)).filter_map(preset).collect())
    }

    // A value is always of its key's kind, and the tests hold every name below against the table: what stands after
    // `_` is never given.

    fn number(&self, key: &str) -> u64 {
        match self.0.get(key) {
            Some(Value::Integer(number)) => *number,
            _ => 0,
        }
    }

    fn count(&self, key: &str) -> usize {
        usize::try_from(self.number(key)).unwrap_or(usize::MAX)
    }

    fn seconds(&self, key: &str) -> Duration {
        Duration::from_secs(self.number(key))
    }

    fn boolean(&self, key: &str) -> bool {
        matches!(self.0.get(key), Some(Value::Boolean(true)))
    }

    fn text(&self, key: &str) -> &str {
        match self.0.get(key) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        match self.0.get(key) {
            Some(Value::Path(path)) => path.clone(),
            _ => PathBuf::new(),
        }
    }

    fn list(&self, key: &str) -> &[String] {
        match self.0.get(key) {
            Some(Value::List(list)) => list,
            _ => &[],
        }
    }

    /// See [`Config::bus_environment`].
    pub(super) fn bus_environment(&self) -> Vec<(&'static str, OsString)> {
        let keys = KEYS.iter().filter(|key| key.name.starts_with("bus."));
        keys.filter_map(|key| Some((key.environment, self.0.get(key.name)?.as_variable()))).collect()
    }

    pub(super) fn bus(&self) -> BusSettings {
        let durability = if self.text("bus.durability") == Durability::Process.as_str() {
            Durability::Process
        } else {
            Durability::Power
        };
        BusSettings {
            socket_path: self.path("bus.socket_path"),
            max_message_size: self.count("bus.max_message_size"),
            message_retention: self.seconds("bus.message_retention"),
            retention_messages: self.count("bus.retention_messages"),
            enable_logging: self.boolean("bus.enable_logging"),
            log_path: self.path("bus.log_path"),
            default_ttl: self.seconds("bus.default_ttl"),
            durability,
            mailbox_messages: self.count("bus.mailbox_messages"),
            mailbox_bytes: self.count("bus.mailbox_bytes"),
            log_segment_bytes: self.number("bus.log_segment_bytes"),
            log_segment_age: self.seconds("bus.log_segment_age"),
            log_keep: self.count("bus.log_keep"),
            stuck_after: self.seconds("bus.stuck_after"),
        }
    }

    pub(super) fn coordination(&self) -> CoordinationSettings {
        let capability = |name: &String| Capability::new(name).ok();
        CoordinationSettings {
            repo_name: RepoName::new(self.text("coordination.repo_name")).ok(),
            capabilities: self.list("coordination.capabilities").iter().filter_map(capability).collect(),
            accept_requests_from: self.list("coordination.accept_requests_from").to_vec(),
            auto_acknowledge: self.boolean("coordination.auto_acknowledge"),
            max_message_age: self.seconds("coordination.max_message_age"),
            claude_message_filter: match self.0.get("coordination.filters.claude_message_filter") {
                Some(Value::Filter(filter)) => filter.clone(),
                _ => Filter::default(),
            },
        }
    }
}

impl Default for BusSettings {
    /// The defaults of the table, with this process's home folder, or the current folder where there is none.
    fn default() -> Self {
        let mut settings = Values::defaults("bus.").bus();
        if let Ok(below) = settings.log_path.strip_prefix("~") {
            settings.log_path = std::env::home_dir().as_deref().unwrap_or(Path::new(".")).join(below);
        }
        settings
    }
}

impl Default for CoordinationSettings {
    /// The defaults of the table.
    fn default() -> Self {
        Values::defaults("coordination.").coordination()
    }
}
