//! What only some operating systems can do, each with a stated fallback.
//!
//! | what | Linux | elsewhere |
//! |---|---|---|
//! | [`preallocate`] | `fallocate` that leaves the file's size alone | nothing; a full disk shows at the next write |
//! | [`peer`] | `SO_PEERCRED`: user and process | our own user, for the socket's mode lets nobody else in; no process |
//! | [`process`], [`parent`] | `/proc/PID/stat`: a number and its start, and who started it | not known |
//! | [`lineage`], [`starter`] | the same from one parent to the next; the first of them that is no shell | not known |
//! | [`environment_has`] | `/proc/PID/environ` | not known |
//!
//! What is not known keeps nobody from anything. [`replace`] is the same everywhere: another file in the place of one.

mod process;
mod replace;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

pub use process::{MAX_LINEAGE, Process, environment_has, lineage, parent, process, starter};
pub use replace::{Access, behind_links, create_with, replace, replace_with};
use rustix::fs::OFlags;

/// The mode of every file that the bus makes: nobody but its own user reads or writes it.
pub const PRIVATE_MODE: u32 = 0o600;

/// Why a private file was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It belongs to somebody else.
    #[error("{path} belongs to another user (uid {uid})")]
    ForeignOwner {
        /// The file.
        path: PathBuf,
        /// Its owner.
        uid: u32,
    },
    /// It is a symbolic link, a folder, a device: anything but a plain file.
    #[error("{path} is {found}, not a plain file")]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What is there, in words.
        found: &'static str,
    },
    /// The operating system did not open it.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

impl From<OpenError> for io::Error {
    /// Keeps the kind, so that a full disk is still told apart.
    fn from(error: OpenError) -> Self {
        let kind = match &error {
            OpenError::ForeignOwner { .. } => io::ErrorKind::PermissionDenied,
            OpenError::NotAFile { .. } => io::ErrorKind::InvalidInput,
            OpenError::Io { source, .. } => source.kind(),
        };
        Self::new(kind, error)
    }
}

/// Opens a file that only we should have our hands on, without following a symbolic link in its last part.
///
/// `how` says what for; it must ask for reading and writing (a pipe would otherwise block). A file that is made gets
/// [`PRIVATE_MODE`]; the mode of one that is there already stays as its owner set it.
///
/// # Errors
/// An [`OpenError`] when it can not be opened, is not a plain file, or is not ours.
pub fn open_private(path: &Path, how: &mut OpenOptions) -> Result<File, OpenError> {
    let failed = |source| OpenError::Io { path: path.to_owned(), source };
    let file = match how.mode(PRIVATE_MODE).custom_flags(no_follow()).open(path) {
        Ok(file) => file,
        Err(error) => {
            check_owner(path)?;
            return Err(failed(error));
        }
    };
    check(path, &file.metadata().map_err(failed)?)?;
    Ok(file)
}

/// Checks that `path`, where there is anything, is a plain file of ours, without opening it.
///
/// # Errors
/// An [`OpenError`] when it is something else, or can not be looked at.
pub fn check_owner(path: &Path) -> Result<(), OpenError> {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) => check(path, &metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(OpenError::Io { path: path.to_owned(), source }),
    }
}

fn check(path: &Path, metadata: &std::fs::Metadata) -> Result<(), OpenError> {
    let found = match metadata.file_type() {
        kind if kind.is_symlink() => "a symbolic link",
        kind if kind.is_dir() => "a folder",
        kind if !kind.is_file() => "a device, a pipe or a socket",
        _ if metadata.uid() != effective_uid() => {
            return Err(OpenError::ForeignOwner { path: path.to_owned(), uid: metadata.uid() });
        }
        _ => return Ok(()),
    };
    Err(OpenError::NotAFile { path: path.to_owned(), found })
}

fn no_follow() -> i32 {
    // The bits of open(2) fit an `int` by definition.
    i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default()
}

/// The user that this process acts as.
pub fn effective_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Who is at the other end of a Unix socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The user.
    pub uid: u32,
    /// The process, where the operating system tells it.
    pub pid: Option<i32>,
}

/// Who is at the other end of a connected Unix socket.
///
/// # Errors
/// What the operating system says when `fd` is no such socket.
#[cfg(target_os = "linux")]
pub fn peer(fd: impl AsFd) -> io::Result<Peer> {
    let found = rustix::net::sockopt::socket_peercred(fd)?;
    // A peer in another PID namespace has no number here, which the kernel tells as 0.
    let pid = Some(found.pid.as_raw_pid()).filter(|&pid| pid > 0);
    Ok(Peer { uid: found.uid.as_raw(), pid })
}

/// Who is at the other end of a connected Unix socket: our own user, because the socket's mode (0600) and that of its
/// folder (0700) let nobody else connect.
///
/// # Errors
/// Never.
#[cfg(not(target_os = "linux"))]
pub fn peer(_: impl AsFd) -> io::Result<Peer> {
    Ok(Peer { uid: effective_uid(), pid: None })
}

/// How many bytes are free for us on the file system that `file` is on.
///
/// # Errors
/// What the operating system says.
pub fn free_space(file: &File) -> io::Result<u64> {
    let disk = rustix::fs::fstatvfs(file)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Sets `len` bytes of disk aside for `file`, from `offset` on, without changing its size. Does nothing where the
/// operating system or the file system can not.
///
/// # Errors
/// What the operating system says when there is no such space ([`io::ErrorKind::StorageFull`] and the like).
#[cfg(target_os = "linux")]
pub fn preallocate(file: &File, offset: u64, len: u64) -> io::Result<()> {
    use rustix::io::Errno;
    loop {
        match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::KEEP_SIZE, offset, len) {
            Err(Errno::INTR) => {}
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(()),
            done => return Ok(done?),
        }
    }
}

/// Does nothing on this operating system: a full disk shows at the next write.
///
/// # Errors
/// Never.
#[cfg(not(target_os = "linux"))]
pub fn preallocate(_: &File, _: u64, _: u64) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_write() -> OpenOptions {
        OpenOptions::new().read(true).write(true).create(true).clone()
    }

    #[test]
    fn only_plain_files_of_ours_are_opened() {
        let dir = tempfile::tempdir().unwrap();
        let plain = dir.path().join("plain");
        let file = open_private(&plain, &mut read_write()).unwrap();
        assert_eq!(file.metadata().unwrap().mode() & 0o777, PRIVATE_MODE);
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&plain, &link).unwrap();
        let found = open_private(&link, &mut read_write());
        assert!(matches!(found, Err(OpenError::NotAFile { found: "a symbolic link", .. })), "{found:?}");
        let found = open_private(dir.path(), &mut read_write());
        assert!(matches!(found, Err(OpenError::NotAFile { found: "a folder", .. })), "{found:?}");
        let found = open_private(&dir.path().join("no/such"), &mut read_write());
        assert!(matches!(found, Err(OpenError::Io { .. })), "{found:?}");
    }

    #[test]
    fn space_set_aside_does_not_show_in_the_size() {
        let file = tempfile::tempfile().unwrap();
        preallocate(&file, 0, 1 << 20).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 0);
    }

    #[test]
    fn the_peer_of_a_socket_pair_is_this_process() {
        let (one, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let found = peer(&one).unwrap();
        assert_eq!(found.uid, effective_uid());
        if cfg!(target_os = "linux") {
            assert_eq!(found.pid, i32::try_from(std::process::id()).ok());
        }
    }
}
