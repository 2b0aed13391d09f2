//! From this process to one in the background: a `veda-bus serve` that outlives the terminal.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use veda_bus_core::client::blocking::Connection;
use veda_bus_core::os;
use veda_bus_core::wire::BusFrame;

use crate::context::Context;
use crate::failure::Failure;

/// How long the new bus may take to answer; it reads its journal first.
const PATIENCE: Duration = Duration::from_secs(30);

/// How soon it is looked for again: each time after twice as long, up to the last.
const LOOK_AGAIN: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(200)];

/// The file beside the journal to which a bus in the background adds what it has to say.
const LOG: &str = "serve.log";

/// Starts a bus in the background, with the settings that are in force here, and returns its process id when it
/// answers. A bus of this process must have stopped before: the new one takes its socket and its journal.
pub(crate) fn hand_over(context: &Context) -> Result<u32, Failure> {
    let mut log = Log::open(&context.config.bus.log_path)?;
    let mut child = start(context, &log)?;
    let until = Instant::now() + PATIENCE;
    let [mut pause, longest] = LOOK_AGAIN;
    loop {
        if let Some(status) = child.try_wait().map_err(|error| not_started(&error))? {
            return Err(log.reason(status));
        }
        if serving(context.socket()) == Some(child.id()) {
            return Ok(child.id());
        }
        if Instant::now() >= until {
            let (pid, log) = (child.id(), log.path.display());
            let what = format!("the bus in the background (process {pid}) does not answer yet; see {log}");
            return Err(Failure::TimedOut(what));
        }
        thread::sleep(pause);
        pause = longest.min(pause * 2);
    }
}

fn start(context: &Context, log: &Log) -> Result<Child, Failure> {
    let stderr = log.file.try_clone().map_err(|error| log.failed(error))?;
    let mut command = Command::new(program().map_err(|error| not_started(&error))?);
    command.args(["serve", "--detached"]);
    if let Some(file) = &context.sources.config {
        let file = std::path::absolute(file).map_err(|error| not_started(&error))?;
        command.arg("--config").arg(file);
    }
    // Files and flags may say something else to it; its clients and its journal must be those that were here.
    command.envs(context.config.bus_environment.iter().map(|(name, value)| (name, value)));
    // It must not keep a folder in use that is none of its business.
    command.current_dir(folder(&log.path));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
    command.spawn().map_err(|error| not_started(&error))
}

/// This program, also when its file has been replaced since it was started.
pub(crate) fn program() -> std::io::Result<PathBuf> {
    let file = std::env::current_exe()?;
    let running = Path::new("/proc/self/exe");
    Ok(if !file.exists() && running.exists() { running.to_owned() } else { file })
}

fn not_started(error: &std::io::Error) -> Failure {
    Failure::Failed(format!("no bus could be started in the background: {error}"))
}

/// The process of the bus that answers.
fn serving(socket: &Path) -> Option<u32> {
    match Connection::open(socket).ok()?.call("state", &json!({})).ok()? {
        BusFrame::State(state) => state.host.map(|host| host.pid),
        _ => None,
    }
}

/// What buses in the background have said.
struct Log {
    path: PathBuf,
    file: File,
    /// Where this one begins, in bytes.
    begins: u64,
}

impl Log {
    fn open(journal: &Path) -> Result<Self, Failure> {
        let path = journal.with_file_name(LOG);
        if path == journal {
            let what =
                format!("log_path is {}, where a bus in the background says how it is", path.display());
            return Err(Failure::Usage(format!("{what}; choose another")));
        }
        let failed = |error| Failure::File { path: path.clone(), error };
        DirBuilder::new().recursive(true).mode(0o700).create(folder(&path)).map_err(failed)?;
        let mut how = OpenOptions::new();
        let file = os::open_private(&path, how.read(true).append(true).create(true));
        let file = file.map_err(|error| failed(error.into()))?;
        let begins = file.metadata().map_err(failed)?.len();
        Ok(Self { path, file, begins })
    }

    /// Why the bus has ended: the last that it said, else its status.
    fn reason(&mut self, status: ExitStatus) -> Failure {
        let mut said = Vec::new();
        let read =
            self.file.seek(SeekFrom::Start(self.begins)).and_then(|_| self.file.read_to_end(&mut said));
        if let Err(error) = read {
            return self.failed(error);
        }
        let said = String::from_utf8_lossy(&said);
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        let last = last.map(|line| line.strip_prefix("veda-bus: ").unwrap_or(line).to_owned());
        let why = last.unwrap_or_else(|| status.to_string());
        Failure::Failed(format!("the bus in the background has ended: {why}"))
    }

    fn failed(&self, error: std::io::Error) -> Failure {
        Failure::File { path: self.path.clone(), error }
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}
