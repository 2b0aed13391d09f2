//! The table of all keys. The reader of the files, the environment, `veda-bus config` and the documentation go by it.

use crate::filter;

use std::fmt::Write as _;

use super::value::{Kind, Preset};

/// Something that can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Its table and name, with a dot between.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What it is when nobody sets it.
    pub default: Preset,
    /// The environment variable that sets it, where there is one.
    pub environment: Option<&'static str>,
    /// The files that may set it.
    pub files: Files,
    /// What it does, in one line.
    pub doc: &'static str,
}

/// Which of the two files may set a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    /// Only the global one: a repository that somebody cloned must not move this machine's log.
    Global,
    /// Only the one of a repository.
    Repo,
    /// Either.
    Both,
}

impl Key {
    /// The table that it is in, and its name there.
    pub fn split(&self) -> (&'static str, &'static str) {
        self.name.rsplit_once('.').unwrap_or(("", self.name))
    }

    /// The key called `name`, table included.
    pub fn find(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// Whether a running bus takes a change of it at once; the others wait for its next start.
    pub fn is_live(&self) -> bool {
        const RULES: [&str; 3] = ["bus.approval.negotiations", "bus.approval.hold", "bus.approval.allow"];
        RULES.contains(&self.name) || self.name.starts_with("bus.limits.")
    }
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
/// A hundred years: beyond it, a number of seconds is a mistake.
const CENTURY: u64 = 3_155_760_000;

const SECONDS: Kind = Kind::Integer { unit: "seconds", least: 1, most: CENTURY };
const MESSAGES: Kind = Kind::Integer { unit: "messages", least: 1, most: 1_000_000_000 };
const LIMIT: Kind = Kind::Integer { unit: "messages; 0 is no limit", least: 0, most: 1_000_000_000 };
const FILES: Kind = Kind::Integer { unit: "files; 0 is all", least: 0, most: 1_000_000_000 };

const fn bytes(least: u64, most: u64) -> Kind {
    Kind::Integer { unit: "bytes", least, most }
}

macro_rules! variable {
    (-) => {
        None
    };
    ($name:literal) => {
        Some($name)
    };
}

macro_rules! keys {
    ($($name:literal, $environment:tt, $files:ident, $kind:expr, $default:expr, $doc:literal;)*) => {
        &[$(Key {
            name: $name, environment: variable!($environment), files: Files::$files, kind: $kind, default: $default, doc: $doc,
        }),*]
    };
}

/// All keys, in the order of the documentation.
pub const KEYS: &[Key] = keys! {
    "bus.socket_path", "VEDA_BUS_SOCKET", Both,
        Kind::Path, Preset::Text("/tmp/veda-bus.sock"),
        "the socket that the bus listens on";
    "bus.max_message_size", "VEDA_BUS_MAX_MESSAGE_SIZE", Global,
        bytes(KIB, 64 * MIB), Preset::Integer(MIB),
        "the longest line that the bus takes from a client";
    "bus.message_retention", "VEDA_BUS_MESSAGE_RETENTION", Global,
        SECONDS, Preset::Integer(3600),
        "how long a finished message stays in memory: for threads, ladders, and to recognise a resend";
    "bus.retention_messages", "VEDA_BUS_RETENTION_MESSAGES", Global,
        MESSAGES, Preset::Integer(100_000),
        "at most so many finished messages stay in memory";
    "bus.enable_logging", "VEDA_BUS_ENABLE_LOGGING", Global,
        Kind::Boolean, Preset::Boolean(true),
        "whether there is a journal at all; without one, nothing outlives the bus";
    "bus.log_path", "VEDA_BUS_LOG_PATH", Global,
        Kind::Path, Preset::Text("~/.veda/coordination.log"),
        "the journal";
    "bus.default_ttl", "VEDA_BUS_DEFAULT_TTL", Global,
        SECONDS, Preset::Integer(3600),
        "how long a message is good for when it does not say so itself";
    "bus.durability", "VEDA_BUS_DURABILITY", Global,
        Kind::Choice(&["power", "process"]), Preset::Text("power"),
        "what an accepted message outlives: a loss of power, or (faster) only the end of the process";
    "bus.mailbox_messages", "VEDA_BUS_MAILBOX_MESSAGES", Global,
        MESSAGES, Preset::Integer(50_000),
        "at most so many messages wait for one repo";
    "bus.mailbox_bytes", "VEDA_BUS_MAILBOX_BYTES", Global,
        bytes(KIB, 64 * GIB), Preset::Integer(64 * MIB),
        "at most so much waits for one repo";
    "bus.log_segment_bytes", "VEDA_BUS_LOG_SEGMENT_BYTES", Global,
        bytes(KIB, 64 * GIB), Preset::Integer(64 * MIB),
        "the journal begins a new file when the current one is this long";
    "bus.log_segment_age", "VEDA_BUS_LOG_SEGMENT_AGE", Global,
        SECONDS, Preset::Integer(604_800),
        "the journal begins a new file when the current one is this old";
    "bus.log_keep", "VEDA_BUS_LOG_KEEP", Global,
        FILES, Preset::Integer(0),
        "how many finished files of the journal are kept";
    "bus.stuck_after", "VEDA_BUS_STUCK_AFTER", Global,
        SECONDS, Preset::Integer(15),
        "an instance that has not answered for so long counts as stuck";
    "bus.autostart", "VEDA_BUS_AUTOSTART", Global,
        Kind::Boolean, Preset::Boolean(true),
        "whether an agent's MCP server starts a bus in the background when none answers";
    "bus.approval.negotiations", "VEDA_BUS_APPROVAL_NEGOTIATIONS", Global,
        Kind::Choice(&["always", "on_conflict", "never"]), Preset::Text("always"),
        "which negotiations wait for the operator when their voters have decided";
    "bus.approval.hold", -, Global,
        Kind::Filters, Preset::List(&[]),
        "messages that one of them matches are held until the operator decides";
    "bus.approval.allow", -, Global,
        Kind::AllowRules, Preset::List(&[]),
        "standing rules: messages that one of them covers are never held";
    "bus.approval.check_origin", "VEDA_BUS_APPROVAL_CHECK_ORIGIN", Global,
        Kind::Boolean, Preset::Boolean(true),
        "whether the operator's actions are refused from processes below an agent";
    "bus.approval.agent_marks", "VEDA_BUS_APPROVAL_AGENT_MARKS", Global,
        Kind::Variables,
        Preset::List(&[
            "CLAUDECODE", "CLAUDE_CODE_SESSION_ID", "CODEX_SANDBOX", "CODEX_THREAD_ID", "GEMINI_CLI", "CURSOR_AGENT",
            "OPENCODE",
        ]),
        "a process with one of these environment variables is an agent's";
    "bus.limits.messages_per_minute", "VEDA_BUS_LIMITS_MESSAGES_PER_MINUTE", Global,
        LIMIT, Preset::Integer(3000),
        "at most so many messages a minute come from one repo";
    "bus.limits.thread_messages_per_minute", "VEDA_BUS_LIMITS_THREAD_MESSAGES_PER_MINUTE", Global,
        LIMIT, Preset::Integer(1200),
        "at most so many messages a minute come in one thread";
    "bus.limits.thread_messages", "VEDA_BUS_LIMITS_THREAD_MESSAGES", Global,
        LIMIT, Preset::Integer(10_000),
        "at most so many messages make a thread";
    "bus.limits.thread_depth", "VEDA_BUS_LIMITS_THREAD_DEPTH", Global,
        LIMIT, Preset::Integer(1000),
        "at most so many messages of a thread answer each other in a row";
    "bus.limits.loop_answers", "VEDA_BUS_LIMITS_LOOP_ANSWERS", Global,
        LIMIT, Preset::Integer(16),
        "so many short answers to and fro without anything new hold a thread";
    "coordination.repo_name", "VEDA_REPO_NAME", Repo,
        Kind::Repo, Preset::None,
        "the name that this repository's instances answer to";
    "coordination.capabilities", "VEDA_CAPABILITIES", Both,
        Kind::Capabilities, Preset::List(&[]),
        "what its instances declare they can do";
    "coordination.accept_requests_from", "VEDA_ACCEPT_REQUESTS_FROM", Both,
        Kind::Repos, Preset::List(&["*"]),
        "the repos whose requests it takes; \"*\" is everyone";
    "coordination.auto_acknowledge", "VEDA_AUTO_ACKNOWLEDGE", Both,
        Kind::Boolean, Preset::Boolean(true),
        "whether the client acknowledges a message at once, before the agent has read it";
    "coordination.max_message_age", "VEDA_MAX_MESSAGE_AGE", Both,
        SECONDS, Preset::Integer(300),
        "an older message is not given to the agent; it stays unread, and its sender is told when it expires";
    "coordination.filters.claude_message_filter", "VEDA_CLAUDE_MESSAGE_FILTER", Both,
        Kind::Filter, Preset::Text(filter::DEFAULT),
        "the messages that are pushed at the agent; the others wait in the mailbox";
};

/// The table of all keys as Markdown, for the documentation.
pub fn reference() -> String {
    let mut out = String::from("| key | value | default | environment | meaning |\n|---|---|---|---|---|\n");
    for key in KEYS {
        let default = key.kind.read_preset(key.default).map(|value| format!("`{value}`")).unwrap_or_default();
        let environment = key.environment.map(|name| format!("`{name}`")).unwrap_or_default();
        let (name, kind, doc) = (key.name, key.kind, key.doc);
        // Writing to a string does not fail.
        let _ = writeln!(out, "| `{name}` | {kind} | {default} | {environment} | {doc} |");
    }
    out
}
