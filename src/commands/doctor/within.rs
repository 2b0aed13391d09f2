//! What may hang, with an end.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// How long a program may take to tell its version.
const PROGRAM: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The longest answer of a program that is read, in bytes.
const ANSWER: u64 = 4 * 1024;

/// What `work` gives; `None` when it takes longer than `limit`. What it still does then ends with this process.
pub(super) fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, result) = mpsc::channel();
    // Whoever does not wait any more does not take the result.
    let started = thread::Builder::new().spawn(move || drop(done.send(work())));
    started.ok().and_then(|_| result.recv_timeout(limit).ok())
}

/// The first line that a program prints when it is asked for its version.
pub(super) fn version(program: &Path) -> Option<String> {
    let mut child = start(program)?;
    let ended = ends(&mut child, Instant::now() + PROGRAM);
    // Whatever it has started might keep its output open.
    end_group(&child);
    if !ended {
        // It was killed, and is gone or will be.
        let _ = child.try_wait();
        return None;
    }
    let output = child.stdout.take()?;
    within(PROGRAM, move || {
        let mut text = Vec::new();
        output.take(ANSWER).read_to_end(&mut text).ok()?;
        let text = String::from_utf8_lossy(&text);
        text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
    })?
}

fn start(program: &Path) -> Option<Child> {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.process_group(0).spawn().ok()
}

fn ends(child: &mut Child, until: Instant) -> bool {
    loop {
        match child.try_wait() {
            Ok(Some(_)) => return true,
            Ok(None) if Instant::now() < until => thread::sleep(LOOK_AGAIN),
            _ => return false,
        }
    }
}

fn end_group(child: &Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // A group that has ended by itself can not be ended.
    let _ = group.map(|group| kill_process_group(group, Signal::KILL));
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn said(script: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        version(&program)
    }

    #[test]
    fn a_program_that_hangs_is_given_up() {
        assert_eq!(said("echo; echo ' 1.2 (x)'; echo more"), Some("1.2 (x)".into()));
        assert_eq!(said("echo 3; sleep 1000 &"), Some("3".into()), "what it leaves behind is not waited for");
        assert_eq!(said("echo 4; exec sleep 1000"), None);
        assert_eq!(said("exec cat"), None, "it says nothing, and reads nothing");
        assert_eq!(within(Duration::from_millis(1), || thread::sleep(PROGRAM)), None);
    }
}
