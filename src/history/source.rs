//! Where the lines of a journal come from: the journal with its archived segments, or some of its files.

use std::fs::File;
use std::path::{Path, PathBuf};

use veda_bus_core::journal::{Line, Reader, in_order, named};

use super::whole::Whole;
use super::{open, unreadable};
use crate::failure::Failure;

/// What is read from its beginning to its end: a journal, with the archived segments beside it, or one file, and nothing
/// beside it.
pub(crate) struct Source {
    path: PathBuf,
    /// A file is opened when its turn has come: to be read, a compressed one takes room.
    reader: Option<Reader>,
}

impl Source {
    /// What these files are: one is a journal, unless it is compressed; several are just these, in the order of their
    /// events.
    pub(crate) fn all(files: &[impl AsRef<Path>]) -> Result<Vec<Self>, Failure> {
        if let Some(journal) = named(files) {
            let reader = open(journal)?;
            return Ok(vec![Self { path: journal.to_owned(), reader: Some(reader) }]);
        }
        let each = in_order(files).into_iter();
        each.map(|path| match File::open(&path) {
            Ok(_) => Ok(Self { path, reader: None }),
            Err(error) => Err(unreadable(&path, error)),
        })
        .collect()
    }

    /// Nothing more comes: whether the end is torn.
    pub(crate) fn look_at_end(&self, whole: &mut Whole) -> Result<(), Failure> {
        self.reader.as_ref().map_or(Ok(()), |reader| whole.look_at_end(reader))
    }

    /// The next line, if there is one.
    pub(crate) fn next_line(&mut self) -> Result<Option<Line<'_>>, Failure> {
        let Self { path, reader } = self;
        let failed = |error| unreadable(path, error);
        let reader = match reader {
            Some(reader) => reader,
            None => reader.insert(Reader::of_segment(path).map_err(failed)?),
        };
        reader.next_line().map_err(failed)
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
