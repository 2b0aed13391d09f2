//! A folder that is a machine: a home, a configuration, a journal, a socket.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use veda_bus_core::journal::{Journal, Options};
use veda_bus_core::time::Millis;

use super::swarm::Swarm;

const BINARY: &str = env!("CARGO_BIN_EXE_veda-bus");

/// See the [module](self).
pub(crate) struct Machine {
    folder: TempDir,
}

impl Machine {
    /// One on which nothing ever ran.
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("veda-bench-").tempdir().unwrap();
        let journal = folder.path().join("log").display().to_string();
        let config = format!(
            "[bus]\nlog_path = \"{journal}\"\nmessage_retention = 604800\nretention_messages = 2000000\n\
             log_segment_bytes = 17179869184\n"
        );
        fs::write(folder.path().join("bus.toml"), config).unwrap();
        Self { folder }
    }

    /// Its journal.
    #[allow(dead_code, reason = "only a benchmark that reads it asks")]
    pub(crate) fn journal(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    /// Writes the journal of so many conversations, the last of which ended `age` ago.
    pub(crate) fn remember(&self, conversations: usize, age: Duration) {
        let options =
            Options { path: self.journal(), segment_bytes: u64::MAX, segment_age: Duration::MAX, keep: 0 };
        let (mut journal, _) = Journal::open(options, |_| {}, &mut |_| {}).unwrap();
        let begin = Millis::now().0 - age.as_millis() as u64 - conversations as u64 * 15;
        let mut swarm = Swarm::new(Millis(begin), 1);
        let arrived = swarm.arrive(journal.chain().to_string());
        for recorded in &arrived {
            journal.append(recorded);
        }
        for _ in 0..conversations {
            for recorded in &swarm.converse() {
                journal.append(recorded);
            }
            if journal.pending().len() > 1 << 20 {
                journal.write().unwrap();
            }
        }
        journal.write().unwrap();
    }

    /// A command of the program on this machine.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(arguments).arg("--socket").arg(self.socket());
        command.arg("--config").arg(self.folder.path().join("bus.toml"));
        command.env_clear().env("HOME", self.folder.path()).env("LANG", "C.UTF-8");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("TERM", "xterm-256color").env("COLORTERM", "truecolor");
        command.current_dir(self.folder.path());
        command
    }

    /// A bus in a process of its own, which has read its journal.
    pub(crate) fn serve(&self) -> Bus {
        let mut command = self.command(&["serve"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let bus = Bus(command.spawn().unwrap());
        let mut stream = loop {
            match UnixStream::connect(self.socket()) {
                Ok(stream) => break stream,
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        // It listens before it has read its journal, and answers after that.
        stream.write_all(b"{\"op\":\"ping\"}\n").unwrap();
        stream.read_exact(&mut [0]).unwrap();
        bus
    }
}

/// A process that ends when it is dropped.
pub(crate) struct Bus(Child);

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
