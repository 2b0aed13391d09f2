//! The file beside a journal in which a replay keeps its snapshots. They are made of the events, texts of messages and all,
//! and can be made again; a file of that name in which there is something else is left alone.

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::segment::{Archive, beside, read_up_to};
use crate::os;

/// What it begins with.
pub(crate) const BEGINNING: &str = "veda-bus replay ";

/// Where the snapshots of the journal at `path` are.
pub(crate) fn snapshots(path: &Path) -> PathBuf {
    beside(path, "replay")
}

/// The file at `path` for nobody but us, made where there is none; `None` when it is no file of snapshots, or another
/// process has it, or it can not be had.
pub(crate) fn take_over_snapshots(path: &Path) -> Option<File> {
    let mut how = OpenOptions::new();
    let file = os::open_private(path, how.read(true).write(true).create(true).truncate(false)).ok()?;
    file.try_lock().ok()?;
    if file.metadata().ok()?.len() > 0 && !has_snapshots(&file).ok()? {
        return None;
    }
    // One that was there may be open to more people.
    file.set_permissions(Permissions::from_mode(os::PRIVATE_MODE)).ok()?;
    Some(file)
}

/// Removes the snapshots that replays of the journal at `path`, or of some of its archives, have left beside them: each
/// may have texts of any of its events.
pub(super) fn remove_snapshots<'a>(
    path: &Path,
    archives: impl IntoIterator<Item = &'a Archive>,
) -> io::Result<()> {
    let each = archives.into_iter().flat_map(Archive::paths);
    std::iter::once(path.to_owned()).chain(each).try_for_each(|path| remove(&snapshots(&path)))
}

fn remove(path: &Path) -> io::Result<()> {
    let Ok(file) = os::open_private(path, OpenOptions::new().read(true).write(true)) else { return Ok(()) };
    if has_snapshots(&file)? { std::fs::remove_file(path) } else { Ok(()) }
}

fn has_snapshots(file: &File) -> io::Result<bool> {
    let mut found = [0; BEGINNING.len()];
    let read = read_up_to(file, &mut found, 0)?;
    Ok(found[..read] == *BEGINNING.as_bytes())
}
