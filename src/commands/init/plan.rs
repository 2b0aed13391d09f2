//! What becomes of every file, decided before anything is written: where one of them is wrong, all stay as they are.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use veda_bus_core::os::behind_links;

use super::entry::{Entries, Original};
use super::fault::Fault;
use super::hosts::Target;
use super::record::{Record, Records, digest};
use crate::agents::host::Host;
use crate::failure::Failure;

/// What becomes of a file.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) host: Option<Host>,
    /// The file, as seen from the folder of the repository.
    pub(super) file: &'static str,
    /// Where it really is.
    pub(super) path: PathBuf,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) record: Keeping,
    /// Whether it becomes what it was before the first `init`.
    pub(super) is_restored: bool,
    /// Why the program whose file it is will not read it.
    pub(super) unread: Option<Fault>,
}

/// What becomes of the record of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    /// It stays as it is, if there is one.
    Leave,
    /// It is written before the file is.
    Write(Record),
    /// It is removed after the file was written, with the folders that were made for it.
    Forget(Vec<PathBuf>),
}

impl Change {
    /// Whether the file stays as it is.
    pub(super) fn is_nothing(&self) -> bool {
        self.before == self.after
    }
}

/// What becomes of some files when their entries are put in.
pub(super) fn install(targets: &[Target], folder: &Path, records: &Records) -> Result<Vec<Change>, Failure> {
    targets.iter().map(|target| install_one(target, folder, records)).collect()
}

/// The same for one file.
pub(super) fn install_one(target: &Target, folder: &Path, records: &Records) -> Result<Change, Failure> {
    let (path, before) = read(folder, target.file)?;
    let record = records.get(&path)?;
    let wrong = |fault: Fault| fault.of(&folder.join(target.file));
    let (after, original) = added(&target.entries, before.as_deref(), record.as_ref()).map_err(wrong)?;
    let record = if before.as_ref() == Some(&after) {
        Keeping::Leave
    } else {
        let made_before = record.map(|record| record.folders).filter(|_| before.is_some());
        let folders = made_before.unwrap_or_else(|| missing_folders(&path));
        Keeping::Write(Record { path: path.clone(), left: digest(&after), original, folders })
    };
    Ok(Change {
        unread: target.entries.unread(&after),
        host: target.host,
        file: target.file,
        path,
        before,
        after: Some(after),
        record,
        is_restored: false,
    })
}

/// The text with the entries in it, and what it was before the first time: all of it, entries of our name that somebody
/// else put there as well. What somebody has changed since then is a part of what it was.
fn added(
    entries: &Entries,
    before: Option<&str>,
    record: Option<&Record>,
) -> Result<(String, Original), Fault> {
    let after = entries.add(before)?;
    let original = match (before, record) {
        (None, _) => None,
        (Some(now), Some(record)) if record.is_as_left(now) => record.original.clone(),
        (Some(now), Some(record)) => taken(entries, now, Some(record))?,
        (Some(now), None) => Some(now.to_owned()),
    };
    Ok((after, original))
}

/// The text without the entries, of a file that was edited since or of which nothing is known.
fn taken(entries: &Entries, now: &str, record: Option<&Record>) -> Result<Original, Fault> {
    let taken = entries.take(now, record.map(|record| &record.original))?;
    let was_made = record.is_some_and(|record| record.original.is_none());
    Ok(Some(taken).filter(|taken| !(was_made && entries.is_blank(taken))))
}

/// What becomes of some files when their entries are taken out. A file that is not there is passed over.
pub(super) fn uninstall(
    targets: &[Target],
    folder: &Path,
    records: &Records,
) -> Result<Vec<Change>, Failure> {
    let mut changes = Vec::new();
    for target in targets {
        let (path, before) = read(folder, target.file)?;
        let record = records.get(&path)?;
        if before.is_none() && record.is_none() {
            continue;
        }
        let as_left = before.as_ref().zip(record.as_ref()).filter(|(now, record)| record.is_as_left(now));
        let after = match (&before, &as_left) {
            (None, _) => None,
            (Some(_), Some((_, record))) => record.original.clone(),
            (Some(now), None) => taken(&target.entries, now, record.as_ref())
                .map_err(|fault| fault.of(&folder.join(target.file)))?,
        };
        let is_restored = as_left.is_some();
        let keeping = record.map_or(Keeping::Leave, |record| Keeping::Forget(record.folders));
        let (host, file) = (target.host, target.file);
        changes.push(Change { host, file, path, before, after, record: keeping, is_restored, unread: None });
    }
    Ok(changes)
}

/// Where a file really is, and its text.
fn read(folder: &Path, file: &str) -> Result<(PathBuf, Option<String>), Failure> {
    let named = folder.join(file);
    let path = real(&behind_links(&named));
    Ok((path.clone(), text_of(&path).map_err(|error| Failure::File { path: named, error })?))
}

/// The text of a file, if there is one.
pub(super) fn text_of(path: &Path) -> io::Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(io::Error::other("is not UTF-8; nothing was written")),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The same path without links in its folders, as far as there are folders.
fn real(path: &Path) -> PathBuf {
    let folder = path.ancestors().skip(1).find_map(|folder| Some((folder, fs::canonicalize(folder).ok()?)));
    match folder {
        Some((folder, real)) => path.strip_prefix(folder).map_or(path.to_owned(), |rest| real.join(rest)),
        None => path.to_owned(),
    }
}

/// The folders that have to be made for a file, the outer before the inner.
fn missing_folders(path: &Path) -> Vec<PathBuf> {
    let missing = path.ancestors().skip(1).take_while(|folder| !folder.exists());
    let mut missing: Vec<_> = missing.map(Path::to_owned).collect();
    missing.reverse();
    missing
}
