//! The journal: how large it is, whether its end is whole, and whether there is room for more.

mod tail;

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{Access, access, statvfs};
use veda_bus_core::config::BusSettings;
use veda_bus_core::journal;
use veda_bus_ui::words::{counted, size};

use super::finding::Finding;

const CHECK: &str = "journal";

/// A bus sets space aside in steps of some megabytes, and refuses messages when it can not.
const TOO_LITTLE: u64 = 16_000_000;
const LITTLE: u64 = 200_000_000;

/// Looks at the files, and at the disk that they are on.
pub(super) fn checks(bus: &BusSettings) -> Vec<Finding> {
    if !bus.enable_logging {
        let what = "none is kept: messages do not survive the bus";
        return vec![Finding::warning(CHECK, what, "take bus.enable_logging = false out, if they should")];
    }
    let path = &bus.log_path;
    let files = match journal::files(path) {
        Ok(files) => files,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            return vec![Finding::problem(CHECK, format!("{}: {error}", path.display()), "mend its folder")];
        }
    };
    let bytes = files.iter().filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum();
    let durability = bus.durability.as_str();
    let what = match files.len() {
        0 => format!("{} is not there yet; a bus makes it (durability {durability})", path.display()),
        count => {
            let (size, files) = (size(bytes), counted(count as u64, "file"));
            format!("{}, {size} in {files} (durability {durability})", path.display())
        }
    };
    let mut checks = vec![Finding::ok(CHECK, what)];
    checks.extend(faults(path));
    checks.extend(room(path));
    checks
}

/// What is wrong with the file and its folder.
fn faults(path: &Path) -> Vec<Finding> {
    let mut checks = Vec::new();
    let folder = path.parent().filter(|folder| folder.is_dir());
    for place in folder.into_iter().chain(Some(path).filter(|path| path.exists())) {
        let shown = place.display();
        checks.extend(unwritable(CHECK, place));
        let mode = place.metadata().map(|metadata| metadata.mode() & 0o777).unwrap_or_default();
        if let Some(open) = too_open(mode, place.is_dir()) {
            let todo = format!("chmod go-{} {shown}", if open == "read" { "rwx" } else { "w" });
            let what = format!("{shown} has mode {mode:04o}, so that others may {open} it");
            checks.push(Finding::warning(CHECK, what, todo));
        }
    }
    if let Some(Err(fault)) = path.exists().then(|| tail::check(path)) {
        let what = format!("the end of {} is not as it was written: {fault}", path.display());
        checks.push(Finding::problem(CHECK, what, "veda-bus log verify tells where it begins"));
    }
    checks
}

/// Whether agents' hooks can remember what they said, in a folder beside the journal.
pub(super) fn sessions(folder: &Path) -> Option<Finding> {
    if folder.exists() && !folder.is_dir() {
        let what = format!("{} is no folder: hooks can not remember what they said", folder.display());
        return Some(Finding::problem("sessions", what, "move it away"));
    }
    folder.is_dir().then(|| unwritable("sessions", folder)).flatten()
}

fn unwritable(check: &str, place: &Path) -> Option<Finding> {
    let shown = place.display();
    let todo = format!("give it to your user, or choose another bus.log_path: ls -ld {shown}");
    let is_writable = access(place, Access::WRITE_OK).is_ok();
    (!is_writable).then(|| Finding::problem(check, format!("{shown} can not be written"), todo))
}

/// What others may do with a file or a folder of ours that they should not. That a folder can be looked into gives away
/// nothing, for every file in it is private.
fn too_open(mode: u32, is_folder: bool) -> Option<&'static str> {
    match mode {
        mode if mode & 0o022 != 0 => Some("change"),
        mode if mode & 0o044 != 0 && !is_folder => Some("read"),
        _ => None,
    }
}

fn room(path: &Path) -> Option<Finding> {
    let there = path.ancestors().find(|folder| folder.is_dir())?;
    let disk = statvfs(there).ok()?;
    Some(judge_room(disk.f_bavail.saturating_mul(disk.f_frsize), there))
}

fn judge_room(free: u64, folder: &Path) -> Finding {
    let what = format!("{} are free where {} is", size(free), folder.display());
    let todo = "make room; messages are refused when the journal can not grow";
    match free {
        0..TOO_LITTLE => Finding::problem("disk", what, todo),
        TOO_LITTLE..LITTLE => Finding::warning("disk", what, todo),
        _ => Finding::ok("disk", what),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status::{Ok, Problem, Warning};
    use super::*;

    #[test]
    fn little_room_is_told_before_there_is_none() {
        for (free, status) in [(1_000_000, Problem), (TOO_LITTLE, Warning), (LITTLE, Ok)] {
            assert_eq!(judge_room(free, Path::new("/x")).status, status, "{free}");
        }
    }

    #[test]
    fn others_neither_read_nor_write() {
        for (mode, is_folder, open) in [
            (0o600, false, None),
            (0o755, true, None),
            (0o644, false, Some("read")),
            (0o662, false, Some("change")),
            (0o777, true, Some("change")),
        ] {
            assert_eq!(too_open(mode, is_folder), open, "{mode:o}");
        }
    }
}
