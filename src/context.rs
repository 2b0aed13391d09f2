//! What every command needs: the configuration, a connection, and output that a closed pipe does not break.

use std::io::{self, BufWriter, StdoutLock, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use veda_bus_core::client::blocking::Connection;
use veda_bus_core::config::{Config, CoordinationSettings, Sources, load};
use veda_bus_core::name::RepoName;
use veda_bus_core::state::view::StateView;
use veda_bus_core::text;
use veda_bus_core::wire::{BusFrame, Part, Register, StateWith};
use veda_bus_ui::row::Row;

use crate::arguments::Global;
use crate::failure::Failure;
use crate::show::ansi::{self, wants_colours};

/// The configuration in force, and how to print.
pub(crate) struct Context {
    pub(crate) config: Config,
    /// What the configuration was made from.
    pub(crate) sources: Sources,
    /// Whether data is printed as JSON.
    pub(crate) json: bool,
}

impl Context {
    /// Reads the configuration, with what the command line says in force; for a command that may run a bus, or is about
    /// the configuration, with the rules of a bus.
    pub(crate) fn new(global: &Global, with_rules: bool) -> Result<Self, Failure> {
        Self::of(global, |sources| sources.without_rules = !with_rules)
    }

    /// The same for another folder than the current one, where one is given; without the rules of a bus.
    pub(crate) fn in_folder(global: &Global, folder: Option<PathBuf>) -> Result<Self, Failure> {
        Self::of(global, |sources| {
            sources.without_rules = true;
            if let Some(folder) = folder {
                sources.current = folder;
            }
        })
    }

    /// The same without what a repository's file says, right or wrong: for who is to take it away.
    pub(crate) fn without_repo(global: &Global) -> Result<Self, Failure> {
        Self::of(global, |sources| (sources.without_rules, sources.without_repo) = (true, true))
    }

    fn of(global: &Global, change: impl FnOnce(&mut Sources)) -> Result<Self, Failure> {
        let mut sources = Self::sources(global);
        change(&mut sources);
        Ok(Self { config: load(&sources)?, sources, json: global.json })
    }

    /// What the configuration of this process is made from.
    pub(crate) fn sources(global: &Global) -> Sources {
        let socket = global.socket.iter().map(|socket| ("bus.socket_path", socket.display().to_string()));
        Sources::from_process(global.config.clone(), socket.collect())
    }

    /// The bus's socket.
    pub(crate) fn socket(&self) -> &Path {
        &self.config.bus.socket_path
    }

    /// Connects to the bus.
    pub(crate) fn connect(&self) -> Result<Connection, Failure> {
        Ok(Connection::open(self.socket())?)
    }

    /// The repo that speaks: the one asked for, else the one whose `.veda/coordination.toml` governs the current
    /// folder, else the operator.
    pub(crate) fn speaker(&self, asked: Option<&RepoName>) -> RepoName {
        let configured = || self.config.coordination.repo_name.clone();
        asked.cloned().or_else(configured).unwrap_or_else(RepoName::operator)
    }

    /// A registration as `repo`; where that is the repo of the current folder, with what its file declares.
    pub(crate) fn registration(&self, repo: RepoName) -> Register {
        let mut register = Register::new(repo);
        if self.config.coordination.repo_name.as_ref() == Some(&register.repo) {
            register.path = self.config.repo_folder.as_ref().map(|folder| folder.display().to_string());
            declare(&mut register, &self.config.coordination);
        }
        register
    }
}

/// What the bus says of itself, with these parts.
pub(crate) fn state(bus: &mut Connection, parts: &[Part]) -> Result<StateView, Failure> {
    match bus.call("state", &StateWith { with: parts.to_vec() })? {
        BusFrame::State(state) => Ok(*state),
        _ => Err(Failure::Failed("the bus answered something else than its state".into())),
    }
}

/// What a bus tells only since it has it.
pub(crate) fn told<T>(part: Option<T>, what: &str) -> Result<T, Failure> {
    part.ok_or_else(|| Failure::Failed(format!("the bus does not tell {what}; it is an older one")))
}

/// Lets a registration say what these settings declare.
pub(crate) fn declare(register: &mut Register, coordination: &CoordinationSettings) {
    register.capabilities.clone_from(&coordination.capabilities);
    let accepted = coordination.accept_requests_from.iter().map(|one| one.parse());
    // The names were checked when the file was read.
    register.accept_requests_from = accepted.collect::<Result<_, _>>().ok();
}

/// Standard output, written in pieces that are flushed on purpose.
pub(crate) struct Output {
    out: BufWriter<StdoutLock<'static>>,
    /// Whether rows have colours.
    colours: bool,
}

impl Output {
    pub(crate) fn new() -> Self {
        let out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
        Self { out, colours: wants_colours() }
    }

    /// A line of text that may hold anything; it is made harmless.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Failure> {
        Ok(writeln!(self.out, "{}", text::line(line))?)
    }

    /// A row, which is harmless already, in colours where they are wanted.
    pub(crate) fn row(&mut self, row: &Row) -> Result<(), Failure> {
        Ok(writeln!(self.out, "{}", ansi::line(row, self.colours))?)
    }

    /// A value as one line of JSON.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let json = serde_json::to_string(value).map_err(|error| Failure::Failed(error.to_string()))?;
        self.raw_json(&json)
    }

    /// A line that is JSON already.
    pub(crate) fn raw_json(&mut self, json: &str) -> Result<(), Failure> {
        Ok(writeln!(self.out, "{}", text::json(json))?)
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.out.flush()?)
    }
}
