//! Puts another file in the place of one, which is there as a whole at any moment.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::PRIVATE_MODE;

/// How many symbolic links lead to a file at most, as in the operating systems themselves.
const MAX_LINKS: usize = 40;

/// Who may see a file or a folder that was not there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nobody but its owner.
    Private,
    /// Whoever the process's umask lets.
    Shared,
}

impl Access {
    fn file_mode(self) -> u32 {
        match self {
            Self::Private => PRIVATE_MODE,
            Self::Shared => 0o666,
        }
    }

    fn folder_mode(self) -> u32 {
        match self {
            Self::Private => 0o700,
            Self::Shared => 0o777,
        }
    }
}

/// The file that `path` leads to, also when it is not there.
pub fn behind_links(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(target) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    path
}

/// Writes `text` to the file that `path` leads to, in one step: a reader finds the old text or the new one. A file that
/// is there keeps its mode; what is not there is made, its folders, too, for whom `access` says.
///
/// # Errors
/// What the operating system says; the file is as it was.
pub fn replace(path: &Path, text: &str, access: Access) -> io::Result<()> {
    replace_with(path, access, |file| file.write_all(text.as_bytes()))
}

/// The same for what `write` writes, which need not be in memory as a whole.
///
/// # Errors
/// What the operating system or `write` says; the file is as it was.
pub fn replace_with(
    path: &Path,
    access: Access,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    put(&behind_links(path), access, write, |temporary, path| fs::rename(temporary, path))
}

/// Writes a file that is not there yet, as [`replace_with`] does; one that is made meanwhile stays.
///
/// # Errors
/// As for [`replace_with`], and [`io::ErrorKind::AlreadyExists`].
pub fn create_with(
    path: &Path,
    access: Access,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    put(&behind_links(path), access, write, |temporary, path| {
        match fs::hard_link(temporary, path) {
            // Not every file system has links; there is no other way that does it in one step everywhere.
            Err(error)
                if error.kind() != io::ErrorKind::AlreadyExists && path.symlink_metadata().is_err() =>
            {
                fs::rename(temporary, path)
            }
            linked => linked.and_then(|()| fs::remove_file(temporary)),
        }
    })
}

/// Writes a file beside `path`, and lets `place` put it there.
fn put(
    path: &Path,
    access: Access,
    write: impl FnOnce(&mut File) -> io::Result<()>,
    place: impl FnOnce(&Path, &Path) -> io::Result<()>,
) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(access.folder_mode()).create(folder)?;
    let mode = match fs::metadata(path) {
        Ok(metadata) => Some(metadata.permissions().mode() & 0o7777),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:016x}.tmp", fastrand::u64(..)));
    let temporary = folder.join(name);
    // What takes the place of a file is not to be open to more people than that, not even for a moment.
    let at_first = if mode.is_some() { PRIVATE_MODE } else { access.file_mode() };
    let file = OpenOptions::new().write(true).create_new(true).mode(at_first).open(&temporary)?;
    let written = fill(file, mode, write).and_then(|()| place(&temporary, path));
    if written.is_err() {
        // What went wrong before says more.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn fill(
    mut file: File,
    mode: Option<u32>,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    write(&mut file)?;
    if let Some(mode) = mode {
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_made_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        create_with(&file, Access::Private, |out| out.write_all(b"first")).unwrap();
        assert_eq!((mode(&file), fs::read(&file).unwrap()), (0o600, b"first".to_vec()));
        let late = create_with(&file, Access::Private, |out| out.write_all(b"second"));
        assert_eq!(late.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&file).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_file_keeps_its_mode_and_links_lead_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o440)).unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        replace(&link, "new", Access::Shared).unwrap();
        assert_eq!((fs::read_to_string(&file).unwrap().as_str(), mode(&file)), ("new", 0o440));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left there");
    }

    #[test]
    fn what_is_made_is_private_where_it_should_be() {
        let folder = tempfile::tempdir().unwrap();
        let (private, shared) = (folder.path().join("private/file"), folder.path().join("shared/file"));
        replace(&private, "", Access::Private).unwrap();
        replace(&shared, "", Access::Shared).unwrap();
        assert_eq!((mode(&private), mode(private.parent().unwrap())), (0o600, 0o700));
        assert_ne!(mode(&shared) & 0o400, 0);
    }
}
