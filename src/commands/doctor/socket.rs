//! The file that a bus is reached by.

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use veda_bus_core::os::{PRIVATE_MODE, effective_uid};

use super::finding::Finding;

const CHECK: &str = "socket";

/// The longest path that a socket can have, in bytes (unix(7), without the byte that ends it).
const MAX_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct There {
    is_socket: bool,
    uid: u32,
    mode: u32,
}

/// Looks at the socket at `path`, which somebody serves or not.
pub(super) fn check(path: &Path, is_served: bool) -> Finding {
    match std::fs::symlink_metadata(path) {
        Ok(found) => {
            let is_socket = found.file_type().is_socket();
            let there = There { is_socket, uid: found.uid(), mode: found.mode() & 0o777 };
            judge(path, Some(there), is_served, effective_uid())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            judge(path, None, is_served, effective_uid())
        }
        Err(error) => {
            Finding::problem(CHECK, format!("{}: {error}", path.display()), "choose another bus.socket_path")
        }
    }
}

fn judge(path: &Path, there: Option<There>, is_served: bool, own: u32) -> Finding {
    let (shown, length) = (path.display(), path.as_os_str().as_bytes().len());
    let another = "choose another bus.socket_path";
    if length > MAX_PATH {
        let what = format!("{shown} has {length} bytes, and the system allows {MAX_PATH}");
        return Finding::problem(CHECK, what, "choose a shorter bus.socket_path");
    }
    match there {
        None => Finding::ok(CHECK, format!("{shown} is free; a bus makes it")),
        Some(There { is_socket: false, .. }) => {
            Finding::problem(CHECK, format!("{shown} is not a socket"), format!("move it away, or {another}"))
        }
        Some(There { uid, .. }) if uid != own => {
            Finding::problem(CHECK, format!("{shown} belongs to another user (uid {uid})"), another)
        }
        Some(_) if !is_served => {
            let what = format!("{shown} was left behind by a bus that did not end in order");
            Finding::warning(CHECK, what, "the next bus replaces it: veda-bus serve --background")
        }
        Some(There { mode, .. }) if mode & !PRIVATE_MODE != 0 => {
            let what = format!("{shown} has mode {mode:04o}, so that others may connect");
            Finding::problem(CHECK, what, format!("chmod {PRIVATE_MODE:o} {shown}"))
        }
        Some(There { mode, .. }) => Finding::ok(CHECK, format!("{shown}, mode {mode:04o}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status::{self, Ok, Problem, Warning};
    use super::*;

    #[test]
    fn a_socket_is_ours_private_served_and_short() {
        let path = Path::new("/run/bus.sock");
        let good = There { is_socket: true, uid: 7, mode: 0o600 };
        let judged = |there, is_served| judge(path, there, is_served, 7).status;
        let cases: [(Status, Option<There>, bool); 7] = [
            (Ok, Some(good), true),
            (Ok, None, false),
            (Warning, Some(good), false),
            (Problem, Some(There { mode: 0o660, ..good }), true),
            (Problem, Some(There { uid: 8, ..good }), true),
            (Problem, Some(There { uid: 8, ..good }), false),
            (Problem, Some(There { is_socket: false, ..good }), false),
        ];
        for (status, there, is_served) in cases {
            assert_eq!(judged(there, is_served), status, "{there:?} {is_served}");
        }
        let long = format!("/{}", "x".repeat(MAX_PATH));
        assert_eq!(judge(Path::new(&long), None, false, 7).status, Problem);
        assert_eq!(judge(Path::new(&long[..MAX_PATH]), None, false, 7).status, Ok);
    }
}
