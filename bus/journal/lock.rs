//! A file that one process at a time holds.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::os::{self, OpenError};

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("{path} is held by {}", holder(*pid))]
    Held {
        /// The lock file.
        path: PathBuf,
        /// The process that holds it, as it wrote it down.
        pid: Option<u32>,
    },
    /// Its file belongs to another user, or is not a plain file, or can not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The operating system did not lock it, or not let us write our number into it.
    #[error("can not lock {path}: {source}")]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".into(), |pid| format!("process {pid}"))
}

/// A lock that is held until this is dropped, or the process ends in whatever way.
///
/// The file itself stays. Removing it would let a process that had opened it before lock a file without a name, while
/// another makes and locks a new one.
#[derive(Debug)]
pub struct LockFile {
    file: File,
}

impl LockFile {
    /// Takes the lock at `path`, without waiting, and writes our process number into its file, which is made if there
    /// is none.
    ///
    /// # Errors
    /// A [`LockError`] when another holds it or its file is not fit for that.
    pub fn acquire(path: &Path) -> Result<Self, LockError> {
        let mut file = open(path)?;
        match file.try_lock() {
            Ok(()) => Self::held(file, path),
            Err(TryLockError::WouldBlock) => {
                Err(LockError::Held { path: path.to_owned(), pid: written(&mut file) })
            }
            Err(TryLockError::Error(source)) => Err(LockError::Io { path: path.to_owned(), source }),
        }
    }

    /// The same, as soon as nobody else holds it.
    ///
    /// # Errors
    /// A [`LockError`] when its file is not fit for that.
    pub fn wait(path: &Path) -> Result<Self, LockError> {
        let file = open(path)?;
        file.lock().map_err(|source| LockError::Io { path: path.to_owned(), source })?;
        Self::held(file, path)
    }

    fn held(mut file: File, path: &Path) -> Result<Self, LockError> {
        let numbered = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        numbered.map_err(|source| LockError::Io { path: path.to_owned(), source })?;
        Ok(Self { file })
    }
}

fn open(path: &Path) -> Result<File, OpenError> {
    os::open_private(path, OpenOptions::new().read(true).write(true).create(true).truncate(false))
}

impl Drop for LockFile {
    /// Empties the file, so that no number stands in it that is nobody's any more; closing it unlocks it.
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
    }
}

fn written(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_free_again_at_drop() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bus.lock");
        let held = LockFile::acquire(&path).unwrap();
        match LockFile::acquire(&path) {
            Err(LockError::Held { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        drop(held);
        assert_eq!(std::fs::read(&path).unwrap(), b"");
        LockFile::acquire(&path).unwrap();
    }

    #[test]
    fn a_link_is_no_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bus.lock");
        std::os::unix::fs::symlink(dir.path().join("elsewhere"), &path).unwrap();
        let found = LockFile::acquire(&path);
        assert!(matches!(found, Err(LockError::Open(OpenError::NotAFile { .. }))), "{found:?}");
    }
}
