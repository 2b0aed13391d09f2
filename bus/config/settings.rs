//! The settings in force, typed, and where each comes from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::Place;
use super::keys::{KEYS, Key};
use super::rules::{Approval, Limits, Rules};
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
    /// The environment variables that give another process, which reads the same global file, the same `bus`.
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
    /// `bus.autostart`; it is for who would start a bus, and nothing to a running one.
    pub autostart: bool,
    /// `bus.approval`, but for the two below, and `bus.limits`: what may change while the bus runs.
    pub rules: Rules,
    /// `bus.approval.check_origin`
    pub check_origin: bool,
    /// `bus.approval.agent_marks`
    pub agent_marks: Vec<String>,
    /// The global file that was read, or would have been had it been there. [`Default`] has none.
    pub config_path: Option<PathBuf>,
}

impl BusSettings {
    /// The keys whose values differ, of those that count from the start of a bus to its end.
    pub(super) fn fixed_differences(&self, other: &Self) -> Vec<&'static str> {
        macro_rules! differences {
            ($($key:literal: $field:ident,)*) => {
                [$(($key, self.$field != other.$field)),*]
            };
        }
        let all = differences! {
            "bus.socket_path": socket_path,
            "bus.max_message_size": max_message_size,
            "bus.message_retention": message_retention,
            "bus.retention_messages": retention_messages,
            "bus.enable_logging": enable_logging,
            "bus.log_path": log_path,
            "bus.default_ttl": default_ttl,
            "bus.durability": durability,
            "bus.mailbox_messages": mailbox_messages,
            "bus.mailbox_bytes": mailbox_bytes,
            "bus.log_segment_bytes": log_segment_bytes,
            "bus.log_segment_age": log_segment_age,
            "bus.log_keep": log_keep,
            "bus.stuck_after": stuck_after,
            "bus.approval.check_origin": check_origin,
            "bus.approval.agent_marks": agent_marks,
        };
        all.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
    }
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

impl Effective {
    /// Its value as JSON; null when there is none.
    pub fn json(&self) -> serde_json::Value {
        let read = toml::from_str::<BTreeMap<String, serde_json::Value>>(&format!("value = {}", self.value));
        read.ok().and_then(|mut table| table.remove("value")).unwrap_or_default()
    }
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

impl From<&Place> for Origin {
    fn from(place: &Place) -> Self {
        match place {
            Place::File { path, line, .. } => Self::File(path.clone(), *line),
            Place::Environment(name) => Self::Environment(name),
            Place::Flag => Self::Flag,
        }
    }
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

    pub(super) fn rules(&self) -> Rules {
        Rules {
            negotiations: Approval::from_word(self.text("bus.approval.negotiations")),
            hold: match self.0.get("bus.approval.hold") {
                Some(Value::Hold(rules)) => rules.clone(),
                _ => Vec::new(),
            },
            allow: match self.0.get("bus.approval.allow") {
                Some(Value::Allow(rules)) => rules.clone(),
                _ => Vec::new(),
            },
            limits: self.limits(),
        }
    }

    pub(super) fn limits(&self) -> Limits {
        let rate = |key| u32::try_from(self.number(key)).unwrap_or(u32::MAX);
        Limits {
            messages_per_minute: rate("bus.limits.messages_per_minute"),
            thread_messages_per_minute: rate("bus.limits.thread_messages_per_minute"),
            thread_messages: self.count("bus.limits.thread_messages"),
            thread_depth: self.count("bus.limits.thread_depth"),
            loop_answers: self.count("bus.limits.loop_answers"),
        }
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
            autostart: self.boolean("bus.autostart"),
            rules: self.rules(),
            check_origin: self.boolean("bus.approval.check_origin"),
            agent_marks: self.list("bus.approval.agent_marks").to_vec(),
            config_path: None,
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
