//! Where the lines of a journal come from: the journal with its archived segments, or some of its files.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use veda_bus_core::journal::{Line, Reader, in_order, named, open_segment};

use super::whole::Whole;
use super::{next_line, open, unreadable};
use crate::failure::Failure;

/// What is read from its beginning to its end.
pub(crate) enum Source {
    /// A journal, with the archived segments beside it.
    Journal { path: PathBuf, reader: Reader },
    /// One file, and nothing beside it.
    Segment(Segment),
}

impl Source {
    /// The journal at `path`, whatever its name is.
    pub(crate) fn journal(path: &Path) -> Result<Self, Failure> {
        Ok(Self::Journal { path: path.to_owned(), reader: open(path)? })
    }

    /// What these files are: one is a journal, unless it is compressed; several are just these, in the order of their
    /// events.
    pub(crate) fn all(files: &[impl AsRef<Path>]) -> Result<Vec<Self>, Failure> {
        if let Some(journal) = named(files) {
            return Ok(vec![Self::journal(journal)?]);
        }
        let each = in_order(files).into_iter();
        each.map(|path| Segment::open(&path).map(Self::Segment).map_err(|error| unreadable(&path, error)))
            .collect()
    }

    /// Nothing more comes: whether the end is torn.
    pub(crate) fn look_at_end(&self, whole: &mut Whole) -> Result<(), Failure> {
        match self {
            Self::Journal { reader, .. } => whole.look_at_end(reader),
            // Its end is a line, and was judged as one.
            Self::Segment(_) => Ok(()),
        }
    }

    /// The next line, if there is one.
    pub(crate) fn next_line(&mut self) -> Result<Option<Line<'_>>, Failure> {
        match self {
            Self::Journal { path, reader } => next_line(reader, path),
            Self::Segment(segment) => {
                let path = segment.path.clone();
                segment.next_line().map_err(|error| unreadable(&path, error))
            }
        }
    }
}

/// A file of a journal, and how far it was read.
pub(crate) struct Segment {
    path: PathBuf,
    file: BufReader<File>,
    line: Vec<u8>,
    number: u64,
    /// Where the next line begins.
    offset: u64,
}

impl Segment {
    fn open(path: &Path) -> io::Result<Self> {
        let file = BufReader::new(open_segment(path)?);
        Ok(Self { path: path.to_owned(), file, line: Vec::new(), number: 0, offset: 0 })
    }

    fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let length = self.file.read_until(b'\n', &mut self.line)?;
        if length == 0 {
            return Ok(None);
        }
        let offset = self.offset;
        self.offset += length as u64;
        self.number += 1;
        let bytes = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        Ok(Some(Line { bytes, seq: None, path: &self.path, number: Some(self.number), offset }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seq: u64) -> String {
        let event = format!(r#"{{"seq":{seq},"at":{seq},"event":"stopped","pid":1,"chain":"{:032}"}}"#, 0);
        event + "\n"
    }

    #[test]
    fn several_files_come_with_the_place_of_each_line() {
        let folder = tempfile::tempdir().unwrap();
        let (late, early) = (folder.path().join("late"), folder.path().join("early"));
        std::fs::write(&late, line(3)).unwrap();
        std::fs::write(&early, line(1) + "torn").unwrap();
        let mut places = Vec::new();
        for mut source in Source::all(&[&early, &late]).unwrap() {
            while let Some(line) = source.next_line().unwrap() {
                let name = line.path.file_name().unwrap().to_string_lossy().into_owned();
                places.push((name, line.number, line.bytes.len()));
            }
        }
        let whole = line(1).len() - 1;
        let expected = [("early", 1, whole), ("early", 2, 4), ("late", 1, whole)];
        let expected = expected.map(|(name, number, length)| (name.to_owned(), Some(number), length));
        assert_eq!(places, expected);
    }
}
