//! The socket file: whose it is, whether somebody serves it, its removal.
//!
//! A lock file beside the socket decides who serves: it is held for as long as the bus runs, so a socket file whose
//! lock is free is stale and may be replaced, and a live one never is.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};
use std::path::{Path, PathBuf};

use rustix::fs::Mode;

use crate::journal::lock::{LockError, LockFile};
use crate::os;

/// Why a socket can not be served.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another bus serves it.
    #[error("a bus{} already serves {path}", pid_text(*pid))]
    Served {
        /// The socket.
        path: PathBuf,
        /// The process that serves it, where it said so.
        pid: Option<u32>,
    },
    /// Something else is in its place.
    #[error("{path} is {what}; move it away or choose another socket_path")]
    Occupied {
        /// The socket's path.
        path: PathBuf,
        /// What is there.
        what: &'static str,
    },
    /// It is another user's.
    #[error("{path} belongs to user {uid}; choose another socket_path")]
    Foreign {
        /// The socket's path.
        path: PathBuf,
        /// Whose it is.
        uid: u32,
    },
    /// The lock beside it can not be had.
    #[error(transparent)]
    Lock(LockError),
    /// It can not be made.
    #[error("socket {path}: {error}")]
    Io {
        /// The socket's path.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
}

fn pid_text(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}

/// A bound socket, removed when it is dropped.
pub(super) struct Socket {
    listener: StdListener,
    path: PathBuf,
    /// The file's number, so that only our own is removed.
    inode: u64,
    _lock: LockFile,
}

impl Socket {
    /// Takes the socket at `path`, replacing a stale one; mode 0600.
    pub(super) fn bind(path: &Path) -> Result<Self, SocketError> {
        let io = |error| SocketError::Io { path: path.to_owned(), error };
        let mut lock_path = path.as_os_str().to_owned();
        lock_path.push(".lock");
        let lock = LockFile::acquire(Path::new(&lock_path)).map_err(|error| match error {
            LockError::Held { pid, .. } => SocketError::Served { path: path.to_owned(), pid },
            other => SocketError::Lock(other),
        })?;
        clear(path)?;
        // Nobody else may connect between the making of the socket and a change of its mode, hence the mask.
        let before = rustix::process::umask(Mode::from_raw_mode(0o177));
        let bound = StdListener::bind(path);
        rustix::process::umask(before);
        let listener = bound.map_err(io)?;
        let inode = fs::symlink_metadata(path).map_err(io)?.ino();
        Ok(Self { listener, path: path.to_owned(), inode, _lock: lock })
    }

    /// The socket as the runtime watches it.
    pub(super) fn listen(&self) -> io::Result<tokio::net::UnixListener> {
        let listener = self.listener.try_clone()?;
        listener.set_nonblocking(true)?;
        tokio::net::UnixListener::from_std(listener)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode);
        if ours {
            // A socket that stays behind is replaced by the next bus.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes a stale socket of ours; anything else in its place is an error.
fn clear(path: &Path) -> Result<(), SocketError> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(SocketError::Io { path: path.to_owned(), error }),
    };
    let occupied = |what| Err(SocketError::Occupied { path: path.to_owned(), what });
    let kind = found.file_type();
    if kind.is_symlink() {
        return occupied("a symbolic link, which is not followed");
    }
    if found.uid() != os::effective_uid() {
        return Err(SocketError::Foreign { path: path.to_owned(), uid: found.uid() });
    }
    if !kind.is_socket() {
        return occupied("not a socket");
    }
    if StdStream::connect(path).is_ok() {
        return Err(SocketError::Served { path: path.to_owned(), pid: None });
    }
    fs::remove_file(path).map_err(|error| SocketError::Io { path: path.to_owned(), error })
}
