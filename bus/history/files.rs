//! The files of a journal, opened together. What is renamed or removed later is still read.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::journal::{self, Archive};
use crate::name::Seq;

/// A segment, open.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// The number of its first event; `None` while it has none.
    first: Option<Seq>,
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
    /// What these paths name: a journal, or just these files.
    pub(super) fn open(paths: &[PathBuf]) -> io::Result<Self> {
        let base = journal::named(paths).map(Path::to_owned);
        let mut files = Self { base, segments: Vec::new(), seen: 0 };
        if files.base.is_some() {
            files.refresh()?;
        } else {
            for path in journal::in_order(paths) {
                let file = journal::open_segment(&path)?;
                files.segments.push(Segment::new(path.clone(), &path.metadata()?, file, true)?);
            }
        }
        if files.segments.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(files) }
    }

    /// Opens what has come, and takes note of what the segments are called now; whether there is more than before.
    pub(super) fn refresh(&mut self) -> io::Result<bool> {
        let Some(base) = self.base.clone() else { return Ok(false) };
        let (archives, active) = journal::segments(&base)?;
        for archive in archives {
            self.archived(archive)?;
        }
        if let Some(file) = active {
            let metadata = file.metadata()?;
            if !self.has(&metadata)? {
                self.segments.push(Segment::new(base, &metadata, file, false)?);
            }
        }
        let bytes = self.bytes()?;
        Ok(std::mem::replace(&mut self.seen, bytes) != bytes)
    }

    /// Takes note of an archived segment. What was compressed since it was opened, or is older than all that was there
    /// then, is not opened: its number tells.
    fn archived(&mut self, archive: Archive) -> io::Result<()> {
        for segment in &mut self.segments {
            if segment.first.is_none() {
                segment.first = journal::first_number(&segment.file)?;
            }
            if segment.first == Some(archive.first) {
                segment.ended()?;
                segment.path = archive.path;
                return Ok(());
            }
        }
        let newest = self.segments.iter().filter_map(|segment| segment.first).max();
        if newest.is_none_or(|newest| archive.first > newest)
            && let Some(file) = archive.open()?
        {
            // One that was compressed in this moment has the times that it had.
            let metadata = archive.path.metadata().or_else(|_| file.metadata())?;
            let segment = Segment::new(archive.path, &metadata, file, true)?;
            self.segments.push(Segment { first: Some(archive.first), ..segment });
        }
        Ok(())
    }

    /// Whether the active file is open already.
    fn has(&mut self, active: &Metadata) -> io::Result<bool> {
        let Some(last) = self.segments.last_mut().filter(|last| !last.complete) else { return Ok(false) };
        if id(&last.file.metadata()?) != id(active) {
            last.ended()?;
            return Ok(false);
        }
        last.written = written(active);
        Ok(true)
    }

    /// How many bytes there are.
    pub(super) fn bytes(&self) -> io::Result<u64> {
        self.segments.iter().map(|segment| Ok(segment.file.metadata()?.len())).sum()
    }
}

impl Segment {
    fn new(path: PathBuf, metadata: &Metadata, file: File, complete: bool) -> io::Result<Self> {
        let first = journal::first_number(&file)?;
        Ok(Self { path, file, first, written: written(metadata), complete })
    }

    /// Takes note that it is written no more.
    fn ended(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.complete, true) {
            self.written = written(&self.file.metadata()?);
        }
        Ok(())
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
