//! Starting either server as a process with files of its own, and stopping it.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::Failure;

/// Which server, and what it stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The bus, with receipts that survive its process.
    BusProcess,
    /// The bus, with receipts that survive a power cut.
    BusPower,
    /// The relay, storing nothing.
    Relay,
    /// The relay, writing a log.
    RelayWrite,
    /// The relay, writing and syncing a log.
    RelaySync,
}

impl Kind {
    pub(super) fn is_bus(self) -> bool {
        matches!(self, Self::BusProcess | Self::BusPower)
    }
}

/// It is there to be sent more than a swarm would.
const UNLIMITED: [(&str, &str); 5] = [
    ("VEDA_BUS_LIMITS_MESSAGES_PER_MINUTE", "0"),
    ("VEDA_BUS_LIMITS_THREAD_MESSAGES_PER_MINUTE", "0"),
    ("VEDA_BUS_LIMITS_THREAD_MESSAGES", "0"),
    ("VEDA_BUS_LIMITS_THREAD_DEPTH", "0"),
    ("VEDA_BUS_LIMITS_LOOP_ANSWERS", "0"),
];

/// A running server; dropping it stops it and removes its files.
pub(super) struct Server {
    pub(super) kind: Kind,
    pub(super) socket: PathBuf,
    child: Child,
    folder: PathBuf,
}

/// Starts a server, and waits until it answers.
pub(super) fn start(kind: Kind) -> Result<Server, Failure> {
    let folder = std::env::temp_dir().join(format!("veda-bus-bench-{}", uuid::Uuid::new_v4()));
    let failed = |error| Failure::File { path: folder.clone(), error };
    std::fs::create_dir(&folder).map_err(failed)?;
    let socket = folder.join("s");
    let child = command(kind, &folder, &socket).map_err(failed)?.spawn().map_err(failed)?;
    let server = Server { kind, socket, child, folder: folder.clone() };
    let until = Instant::now() + Duration::from_secs(10);
    while UnixStream::connect(&server.socket).is_err() {
        if Instant::now() > until {
            return Err(Failure::Failed(format!("{kind:?} does not answer")));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(server)
}

fn command(kind: Kind, folder: &Path, socket: &Path) -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    let log = folder.join("log");
    if kind.is_bus() {
        let durability = if kind == Kind::BusPower { "power" } else { "process" };
        let config = folder.join("bus.toml");
        let mut file = std::fs::File::create(&config)?;
        writeln!(file, "[bus]\nlog_path = {:?}\ndurability = {durability:?}", log.display().to_string())?;
        command.args(["serve", "--socket"]).arg(socket).arg("--config").arg(config);
        command.current_dir(folder).envs(UNLIMITED);
    } else {
        command.args(["bench", "--relay"]).arg(socket);
        if kind != Kind::Relay {
            command.arg("--relay-log").arg(log);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(command)
}

impl Server {
    /// The processor time that it has used so far, where `/proc` tells: fields 14 and 15 of `stat`, in ticks of 10 ms.
    pub(super) fn cpu(&self) -> Option<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        let (_, fields) = stat.rsplit_once(')')?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().ok());
        Some(Duration::from_millis(10 * ticks.sum::<Option<u64>>()?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It holds nothing that anyone wants back.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
