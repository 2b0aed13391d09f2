//! The files of a journal: archived segments, named after the number of their first event, and the active one.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::lines::Lines;
use crate::name::Seq;

/// A segment that is written no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Archive {
    /// The number of its first event, as its name tells it.
    pub first: Seq,
    pub path: PathBuf,
}

/// `<path>.<suffix>`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// The name that the active file at `path` gets when it is archived and `first` is its first event.
pub(super) fn archive_path(path: &Path, first: Seq) -> PathBuf {
    beside(path, &format!("{:012}", first.0))
}

/// The folder that a journal is in.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The archived segments of the journal at `path`, oldest first. Nothing but their names is looked at.
pub(super) fn archives(path: &Path) -> io::Result<Vec<Archive>> {
    let base = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.as_encoded_bytes();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder(path))? {
        let entry = entry?;
        if let Some(first) = archived_first(base, entry.file_name().as_encoded_bytes()) {
            found.push(Archive { first, path: entry.path() });
        }
    }
    found.sort_by_key(|archive| archive.first);
    Ok(found)
}

/// The files of the journal at `path`: archived segments, oldest first, and the active one, as far as it is there.
///
/// # Errors
/// What the operating system says of the folder.
pub fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    let archived = archives(path)?.into_iter().map(|archive| archive.path);
    let active = path.exists().then(|| path.to_owned());
    Ok(archived.chain(active).collect())
}

/// Opens a segment for reading at any place.
///
/// # Errors
/// What the operating system says.
pub fn open_segment(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// The number in `name` when it is that of an archive of `base`.
fn archived_first(base: &[u8], name: &[u8]) -> Option<Seq> {
    let digits = name.strip_prefix(base)?.strip_prefix(b".")?;
    let plain = digits.len() >= 12 && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok().map(Seq)
}

/// The first line of a segment, without its line break; `None` when there is not even one.
pub(super) fn first_line(file: &File) -> io::Result<Option<Vec<u8>>> {
    let mut lines = Lines::at(0);
    let found = lines.next(file, false)?;
    Ok(found.map(|range| lines.bytes(range).to_vec()))
}

/// The first line of the segment at `path`; `None` also when there is no such file.
pub(super) fn first_line_at(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match open_segment(path) {
        Ok(file) => first_line(&file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes what was made, renamed or removed in the folder of `path` survive a power failure.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

/// Fills as much of `buffer` as the file has from `offset` on, and tells how much that is.
pub(super) fn read_up_to(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_twelve_or_more_digits_are_archives() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let names = [
            "log",
            "log.lock",
            "log.torn-000000000007",
            "log.00000000001",
            "log.1000000000000",
            "log.000000000002",
        ];
        for name in names {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let found: Vec<_> = archives(&path).unwrap().iter().map(|archive| archive.first.0).collect();
        assert_eq!(found, [2, 1_000_000_000_000]);
        assert_eq!(archive_path(&path, Seq(2)), dir.path().join("log.000000000002"));
        assert_eq!(folder(Path::new("log")), Path::new("."));
    }
}
