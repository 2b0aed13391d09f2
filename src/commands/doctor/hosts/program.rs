//! Which program a word of somebody's configuration is.

use std::fmt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

/// The program that an entry starts: a path, or a name to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program(pub(super) String);

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What it is, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// The one that runs now.
    Own,
    /// Another program.
    Other,
    NotExecutable,
    Missing,
}

/// What a program is, where `own` is the one that runs now.
pub(super) fn judge(program: &Program, own: Option<&Path>) -> Target {
    let named = Path::new(&program.0);
    let path = if named.components().count() > 1 { Some(named.to_owned()) } else { on_path(&program.0) };
    match path.map(|path| (path.canonicalize(), is_executable(&path))) {
        None | Some((Err(_), _)) => Target::Missing,
        Some((Ok(_), false)) => Target::NotExecutable,
        Some((Ok(path), true)) if Some(path.as_path()) == own => Target::Own,
        Some(_) => Target::Other,
    }
}

/// The first program of a name in the folders of `PATH`.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    path.is_file() && access(path, Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_program_is_known_by_whatever_name() {
        let folder = tempfile::tempdir().unwrap();
        let own = Path::new("/bin/sh").canonicalize().unwrap();
        let at = |name: &str| Program(folder.path().join(name).display().to_string());
        symlink(&own, folder.path().join("own")).unwrap();
        std::fs::write(folder.path().join("text"), "").unwrap();
        let judged = |program: &Program| judge(program, Some(&own));
        assert_eq!(judged(&at("own")), Target::Own);
        assert_eq!(judged(&Program("sh".into())), Target::Own);
        assert_eq!(judged(&Program("/bin/cat".into())), Target::Other);
        assert_eq!(judged(&at("text")), Target::NotExecutable);
        assert_eq!(judged(&at("gone")), Target::Missing);
        assert_eq!(judged(&Program("veda-bus-that-is-nowhere".into())), Target::Missing);
    }
}
