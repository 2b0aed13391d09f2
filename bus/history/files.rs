//! The files of a journal, opened together. What is renamed or removed later is still read.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::journal;
use crate::journal::line;
use crate::name::Seq;

/// A segment, open.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// Device and inode: what it is, whatever its name becomes.
    id: (u64, u64),
    /// When its file was written last, in nanoseconds.
    written: i128,
    /// Whether it is written no more.
    pub(super) complete: bool,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Files {
    /// The active file of a journal that may grow; `None` for files that were named one by one.
    base: Option<PathBuf>,
    /// In the order of their events.
    pub(super) segments: Vec<Segment>,
    /// How many bytes there were when they were looked at last.
    seen: u64,
}

impl Files {
    /// One file is a journal, with the archived segments beside it; several are just these.
    pub(super) fn open(paths: &[PathBuf]) -> io::Result<Self> {
        if let [base] = paths {
            let mut files = Self { base: Some(base.clone()), segments: Vec::new(), seen: 0 };
            files.refresh(Seq(0))?;
            return if files.segments.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(files) };
        }
        let mut named = Vec::new();
        for path in paths {
            let segment = Segment::open(path, true)?;
            named.push((first_of(&segment.file)?, segment));
        }
        named.sort_by_key(|(first, _)| *first);
        named.dedup_by_key(|(_, segment)| segment.id);
        let segments = named.into_iter().map(|(_, segment)| segment).collect();
        Ok(Self { base: None, segments, seen: 0 })
    }

    /// Opens what came after event `last`, and takes note of what the segments are called now; whether there is more
    /// than before.
    pub(super) fn refresh(&mut self, last: Seq) -> io::Result<bool> {
        let Some(base) = self.base.clone() else { return Ok(false) };
        for path in journal::files(&base)? {
            let is_active = path == base;
            let metadata = match std::fs::metadata(&path) {
                Ok(metadata) => metadata,
                // It was renamed or removed just now; the next look finds it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if let Some(known) = self.segments.iter_mut().find(|segment| segment.id == id(&metadata)) {
                known.complete = !is_active;
                known.written = written(&metadata);
                known.path = path;
                continue;
            }
            let segment = Segment::open(&path, !is_active)?;
            // What was packed meanwhile is a new file with old events.
            if self.segments.is_empty() || last == Seq(0) || first_of(&segment.file)? > last {
                self.segments.push(segment);
            }
        }
        let bytes = self.bytes()?;
        Ok(std::mem::replace(&mut self.seen, bytes) != bytes)
    }

    /// How many bytes there are.
    pub(super) fn bytes(&self) -> io::Result<u64> {
        self.segments.iter().map(|segment| Ok(segment.file.metadata()?.len())).sum()
    }
}

impl Segment {
    fn open(path: &Path, complete: bool) -> io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        let file = journal::open_segment(path)?;
        Ok(Self { path: path.to_owned(), file, id: id(&metadata), written: written(&metadata), complete })
    }

    /// Tells one that was changed from one that was not: how long it is, and when it was written last.
    pub(super) fn stamp(&self) -> [u8; 24] {
        let mut stamp = [0; 24];
        stamp[..8].copy_from_slice(&self.file.metadata().map_or(0, |found| found.len()).to_le_bytes());
        stamp[8..].copy_from_slice(&self.written.to_le_bytes());
        stamp
    }
}

fn id(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

fn written(metadata: &Metadata) -> i128 {
    i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec())
}

/// The number of the first event of a segment; 0 where there is none to be read.
fn first_of(file: &File) -> io::Result<Seq> {
    let first = journal::first_line(file)?;
    Ok(first.and_then(|line| line::seq_of(&line)).unwrap_or_default())
}
