mod edit;
mod mistakes;
mod reloading;
mod rules;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::filter::Filter;
use crate::name::RepoName;

/// A machine with a home folder and a repository below it, in which somebody is two folders deep.
struct Machine {
    root: TempDir,
    sources: Sources,
}

impl Machine {
    fn new() -> Self {
        let root = TempDir::new().unwrap();
        let current = root.path().join("home/repo/src/deep");
        fs::create_dir_all(&current).unwrap();
        let sources = Sources { home: Some(root.path().join("home")), current, ..Sources::default() };
        Self { root, sources }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    fn write(self, below: &str, text: &str) -> Self {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn global(self, text: &str) -> Self {
        self.write("home/.veda/bus.toml", text)
    }

    fn repo(self, text: &str) -> Self {
        self.write("home/repo/.veda/coordination.toml", text)
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.sources.environment.insert(name.into(), value.into());
        self
    }

    fn flag(mut self, key: &'static str, value: &str) -> Self {
        self.sources.flags.push((key, value.into()));
        self
    }

    fn load(&self) -> Config {
        load(&self.sources).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The error, with the folder of the test cut off.
    fn error(&self) -> String {
        let error = load(&self.sources).expect_err("an error").to_string();
        error.replace(&format!("{}/", self.root.path().display()), "")
    }

    fn origin(&self, key: &str) -> String {
        let config = self.load();
        let found = config.effective.iter().find(|effective| effective.key == key).unwrap();
        let origin = found.origin.to_string().replace(&format!("{}/", self.root.path().display()), "");
        format!("{} <- {origin}", found.value)
    }
}

#[test]
fn the_environment_of_a_bus_gives_another_process_the_same_bus() {
    let there = Machine::new()
        .global(
            "[bus]\nenable_logging = false\ndurability = \"process\"\nlog_keep = 7\nlog_path = \"a \\\"log\"",
        )
        .repo("[coordination]\nrepo_name = \"Flagship\"\n[bus]\nsocket_path = \"here.sock\"")
        .env("VEDA_BUS_STUCK_AFTER", "9")
        .flag("bus.socket_path", "flag.sock");
    let config = there.load();
    let mut other = Machine::new().global("[bus]\nlog_path = \"/elsewhere\"\nmailbox_bytes = 2048");
    let config_path = Some(other.path("home/.veda/bus.toml"));
    let variables = config.bus_environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    other.sources.environment.extend(variables);
    assert_eq!(other.load().bus, BusSettings { config_path, ..config.bus.clone() });
    assert_eq!(config.bus.socket_path, there.path("home/repo/src/deep/flag.sock"));
}

#[test]
fn the_defaults_are_those_of_the_specification() {
    let machine = Machine::new();
    let config = machine.load();
    assert_eq!(config.repo_folder, None);
    assert_eq!(config.coordination, CoordinationSettings::default());
    let log_path = machine.path("home/.veda/coordination.log");
    let config_path = Some(machine.path("home/.veda/bus.toml"));
    assert_eq!(config.bus, BusSettings { log_path, config_path, ..BusSettings::default() });
    assert_eq!(
        config.bus,
        BusSettings {
            socket_path: "/tmp/veda-bus.sock".into(),
            max_message_size: 1_048_576,
            message_retention: Duration::from_secs(3600),
            retention_messages: 100_000,
            enable_logging: true,
            log_path: machine.path("home/.veda/coordination.log"),
            default_ttl: Duration::from_secs(3600),
            durability: Durability::Power,
            mailbox_messages: 50_000,
            mailbox_bytes: 67_108_864,
            log_segment_bytes: 67_108_864,
            log_segment_age: Duration::from_secs(604_800),
            log_keep: 0,
            stuck_after: Duration::from_secs(15),
            autostart: true,
            rules: Rules {
                negotiations: Approval::Always,
                hold: Vec::new(),
                allow: Vec::new(),
                limits: Limits {
                    messages_per_minute: 3000,
                    thread_messages_per_minute: 1200,
                    thread_messages: 10_000,
                    thread_depth: 1000,
                    loop_answers: 16,
                },
            },
            check_origin: true,
            agent_marks: [
                "CLAUDECODE",
                "CLAUDE_CODE_SESSION_ID",
                "CODEX_SANDBOX",
                "CODEX_THREAD_ID",
                "GEMINI_CLI",
                "CURSOR_AGENT",
                "OPENCODE",
            ]
            .map(String::from)
            .into(),
            config_path: Some(machine.path("home/.veda/bus.toml")),
        }
    );
    assert_eq!(
        config.coordination,
        CoordinationSettings {
            repo_name: None,
            capabilities: Vec::new(),
            accept_requests_from: vec!["*".into()],
            auto_acknowledge: true,
            max_message_age: Duration::from_secs(300),
            claude_message_filter: Filter::compile("priority >= normal").unwrap(),
        }
    );
    assert!(config.effective.iter().all(|effective| effective.origin == Origin::Default));
}

#[test]
fn the_files_of_the_specification() {
    let machine = Machine::new()
        .repo(
            "[coordination]\nrepo_name = \"Flagship\"\ncapabilities = [\"ui\", \"auth\", \"api_client\"]\n\
             accept_requests_from = [\"*\"]  # or [\"LensSDK\", \"AuthCore\"]\nauto_acknowledge = true\n\
             max_message_age = 300  # seconds\n\n[coordination.filters]\n# Only show high-priority messages to Claude\n\
             claude_message_filter = \"priority >= normal\"\n",
        )
        .global(
            "[bus]\nsocket_path = \"/tmp/veda-bus.sock\"\nmax_message_size = 1048576  # 1MB\n\
             message_retention = 3600  # 1 hour\nenable_logging = true\nlog_path = \"~/.veda/coordination.log\"\n",
        );
    let config = machine.load();
    assert_eq!(config.coordination.repo_name, Some(RepoName::new("Flagship").unwrap()));
    assert_eq!(config.coordination.capabilities.len(), 3);
    assert_eq!(config.repo_folder, Some(machine.path("home/repo")));
    assert_eq!(config.bus.log_path, machine.path("home/.veda/coordination.log"));
    for (key, expected) in [
        ("bus.log_path", "bus.toml:6"),
        ("coordination.repo_name", "\"Flagship\" <- home/repo/.veda/coordination.toml:2"),
        (
            "coordination.capabilities",
            "[\"ui\", \"auth\", \"api_client\"] <- home/repo/.veda/coordination.toml:3",
        ),
        (
            "coordination.filters.claude_message_filter",
            "\"priority >= normal\" <- home/repo/.veda/coordination.toml:10",
        ),
        ("bus.default_ttl", "3600 <- default"),
    ] {
        assert!(machine.origin(key).ends_with(expected), "{}", machine.origin(key));
    }
}

#[test]
fn flag_before_environment_before_repo_before_global_before_default() {
    let key = "coordination.max_message_age";
    let mut machine = Machine::new();
    assert_eq!(machine.origin(key), "300 <- default");
    machine = machine.global("[coordination]\nmax_message_age = 1\n");
    assert_eq!(machine.origin(key), "1 <- home/.veda/bus.toml:2");
    machine = machine.repo("coordination.max_message_age = 2\n");
    assert_eq!(machine.origin(key), "2 <- home/repo/.veda/coordination.toml:1");
    machine = machine.env("VEDA_MAX_MESSAGE_AGE", "3");
    assert_eq!(machine.origin(key), "3 <- environment variable VEDA_MAX_MESSAGE_AGE");
    machine = machine.flag("coordination.max_message_age", "4");
    assert_eq!(machine.origin(key), "4 <- command line");
    machine = machine.flag("coordination.max_message_age", "5");
    assert_eq!(machine.load().coordination.max_message_age, Duration::from_secs(5));
}

#[test]
fn every_key_is_read_from_the_environment_and_takes_effect() {
    let defaults = Machine::new().load();
    let mut seen = BTreeSet::new();
    for key in KEYS {
        let Some(environment) = key.environment else { continue };
        let other = match key.kind {
            Kind::Path => "/elsewhere",
            Kind::Integer { .. } if key.name == "bus.limits.thread_depth" => "2",
            Kind::Integer { .. } => "2048",
            Kind::Boolean => "false",
            Kind::Choice(words) => words.last().unwrap(),
            Kind::Repo => "Lens SDK",
            Kind::Repos | Kind::Capabilities => "a, b,",
            Kind::Filter => "type != \"Task\"",
            Kind::Variables => "ONE, TWO_2,",
            Kind::Filters | Kind::AllowRules => panic!("{} can not be written in a variable", key.name),
        };
        let machine = Machine::new().env(environment, other);
        let config = machine.load();
        let changed: Vec<_> =
            config.effective.iter().filter(|effective| effective.origin != Origin::Default).collect();
        assert_eq!(changed.len(), 1, "{}", key.name);
        assert_eq!((changed[0].key, &changed[0].origin), (key.name, &Origin::Environment(environment)));
        let (log_path, config_path) = (defaults.bus.log_path.clone(), defaults.bus.config_path.clone());
        let bus = BusSettings { config_path, ..config.bus };
        let bus = if key.name == "bus.log_path" { bus } else { BusSettings { log_path, ..bus } };
        assert!(
            (bus, config.coordination) != (defaults.bus.clone(), defaults.coordination.clone()),
            "{}",
            key.name
        );
        assert!(seen.insert(environment) && !key.doc.is_empty() && !key.split().0.is_empty());
        assert!(
            machine.env(environment, "").load().effective.iter().all(|each| each.origin == Origin::Default)
        );
    }
}

#[test]
fn every_default_is_a_value_that_the_key_takes() {
    for key in KEYS {
        let Some(value) = key.kind.read_preset(key.default) else {
            assert_eq!((key.name, key.default), ("coordination.repo_name", Preset::None));
            continue;
        };
        let text = toml::toml! { x = 0 }.to_string().replace('0', &value.to_string());
        let document = toml::de::DeTable::parse(&text).unwrap();
        assert_eq!(
            key.kind.read_toml(document.get_ref().get("x").unwrap().get_ref()),
            Ok(value),
            "{}",
            key.name
        );
    }
    assert_eq!(reference().lines().count(), KEYS.len() + 2);
}

#[test]
fn the_documentation_has_every_key() {
    let documented = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating.md");
    let text = fs::read_to_string(documented).unwrap();
    let table = reference();
    assert!(text.contains(&table), "docs/operating.md does not have this table:\n{table}");
}

#[test]
fn paths_are_relative_to_where_they_stand() {
    let machine =
        Machine::new().global("[bus]\nlog_path = \"logs/bus.log\"\n").repo("[bus]\nsocket_path = \"../s\"\n");
    let bus = machine.load().bus;
    assert_eq!(bus.log_path, machine.path("home/.veda/logs/bus.log"));
    assert_eq!(bus.socket_path, machine.path("home/repo/.veda/../s"));
    let machine = machine.env("VEDA_BUS_SOCKET", "s").flag("bus.log_path", "~/l");
    assert_eq!(machine.load().bus.socket_path, machine.path("home/repo/src/deep/s"));
    assert_eq!(machine.load().bus.log_path, machine.path("home/l"));
}

#[test]
fn without_a_home_folder() {
    let mut machine = Machine::new();
    machine.sources.home = None;
    assert_eq!(
        machine.error(),
        "bus.log_path: \"~/.veda/coordination.log\" needs a home folder, and HOME is not set"
    );
    let machine = machine.flag("bus.log_path", "/var/log/bus.log");
    assert_eq!(machine.load().bus.log_path, Path::new("/var/log/bus.log"));
}

#[test]
fn the_nearest_repository_governs() {
    let machine = Machine::new()
        .repo("[coordination]\nrepo_name = \"Outer\"\n")
        .write("home/repo/src/.veda/coordination.toml", "[coordination]\nrepo_name = \"Inner\"\n");
    let config = machine.load();
    assert_eq!(config.repo_folder, Some(machine.path("home/repo/src")));
    assert_eq!(config.coordination.repo_name.unwrap().as_str(), "Inner");
}

#[test]
fn a_named_global_file_must_be_there() {
    let mut machine = Machine::new()
        .global("[bus]\nlog_keep = 1\n")
        .write("home/repo/src/deep/my.toml", "bus.log_keep = 2");
    machine.sources.config = Some("my.toml".into());
    assert_eq!(machine.load().bus.log_keep, 2);
    machine.sources.config = Some("none.toml".into());
    assert_eq!(machine.error(), "home/repo/src/deep/none.toml: can not be read: entity not found");
}

#[test]
fn what_is_not_a_readable_file() {
    let machine = Machine::new().write("home/.veda/bus.toml/x", "");
    assert_eq!(machine.error(), "home/.veda/bus.toml: can not be read: not a regular file");
    let machine = Machine::new();
    fs::create_dir_all(machine.path("home/.veda")).unwrap();
    fs::write(machine.path("home/.veda/bus.toml"), b"[bus]\n# \xff\n").unwrap();
    assert_eq!(machine.error(), "home/.veda/bus.toml: can not be read: stream did not contain valid UTF-8");
    let machine = Machine::new().global(&" ".repeat((1 << 20) + 1));
    assert_eq!(machine.error(), "home/.veda/bus.toml: can not be read: longer than 1048576 bytes");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf8() {
    use std::os::unix::ffi::OsStringExt as _;
    let mut machine = Machine::new();
    let value = std::ffi::OsString::from_vec(vec![b'/', 0xff]);
    machine.sources.environment.insert("VEDA_BUS_SOCKET".into(), value);
    assert_eq!(
        machine.error(),
        "environment variable VEDA_BUS_SOCKET: bus.socket_path: expected a path, found bytes that are not UTF-8"
    );
}

#[test]
fn a_process_has_sources() {
    let sources = Sources::from_process(None, vec![("bus.log_keep", "3".into())]);
    assert!(sources.current.is_absolute());
    assert!(sources.environment.keys().all(|name| KEYS.iter().any(|key| key.environment == Some(name))));
    assert_eq!(sources.flags.len(), 1);
}

#[test]
fn text_in_any_file_never_makes_it_panic() {
    use proptest::prelude::*;
    let words = [
        "[",
        "]",
        "bus",
        "coordination",
        ".",
        "=",
        "\"",
        "'",
        "\"\"\"",
        "log_keep",
        "filters",
        "\n",
        " ",
        "1",
        "-",
        "{",
        "}",
        ",",
        "#",
        "é",
        "\u{feff}",
        "claude_message_filter",
        "'true'",
        "0x",
        "\\",
        "capabilities",
        "\0",
    ];
    let piece = proptest::sample::select(words.to_vec());
    proptest!(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() },
    |(pieces in proptest::collection::vec(piece, 0..30))| {
        let text = pieces.concat();
        for files in [Files::Global, Files::Repo] {
            if let Err(error) = file::parse(Path::new("f.toml"), &text, files, false) {
                prop_assert!(error.to_string().starts_with("f.toml:"), "{error}");
            }
        }
    });
}
