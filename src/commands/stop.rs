//! `veda-bus stop`: ends the bus that answers, wherever it runs.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use veda_bus_core::client::blocking::Connection;

use crate::context::{Context, Output, state};
use crate::failure::Failure;

/// How long a bus may take to write its journal's end.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked whether it still answers.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

pub(crate) fn run(context: &Context) -> Result<(), Failure> {
    let socket = context.socket();
    let pid = host(context.connect()?)?;
    let asked = kill_process(pid, Signal::TERM);
    asked.map_err(|error| Failure::Failed(format!("process {pid} can not be told to end: {error}")))?;
    wait_for_end(socket, pid)?;
    let mut output = Output::new();
    if context.json {
        output.json(&json!({ "pid": pid.as_raw_pid(), "socket": socket }))?;
    } else {
        output.line(&format!("the bus on {} (process {pid}) has stopped", socket.display()))?;
    }
    output.flush()
}

/// The process of the bus: the one that it says it is, if the operating system says so, too. A number alone is not
/// trusted with a signal: in another namespace it is another process.
fn host(mut connection: Connection) -> Result<Pid, Failure> {
    let state = state(&mut connection, &[])?;
    let said = state.host.and_then(|host| i32::try_from(host.pid).ok()).and_then(Pid::from_raw);
    let said = said.ok_or_else(|| Failure::Failed("the bus does not say which process it is".into()))?;
    match server(&connection) {
        Some(pid) if pid == said => Ok(pid),
        Some(pid) => Err(Failure::Failed(format!(
            "the bus says that it is process {said}, but it is {pid} that serves the socket; nothing was stopped"
        ))),
        None => Err(Failure::Failed(format!(
            "the operating system does not say whether process {said} serves the socket; if it does: kill {said}"
        ))),
    }
}

/// The process at the other end.
fn server(connection: &Connection) -> Option<Pid> {
    connection.peer().ok().and_then(|peer| peer.pid).and_then(Pid::from_raw)
}

fn wait_for_end(socket: &Path, pid: Pid) -> Result<(), Failure> {
    let until = Instant::now() + PATIENCE;
    while Connection::open(socket).is_ok_and(|connection| server(&connection) == Some(pid)) {
        if Instant::now() >= until {
            let what = format!("process {pid} was told to end, and has not within {} s", PATIENCE.as_secs());
            return Err(Failure::TimedOut(what));
        }
        thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}
