//! Reads a journal's lines in order, across its segments, while it is being written or after.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::line::{self, Chain, LineError, SEQ_PREFIX};
use super::lines::Lines;
use super::segment::{Archive, archive_path, archives, first_line, first_line_at, open_segment, read_up_to};
use crate::event::Recorded;
use crate::name::Seq;

/// Below this many bytes, lines are passed over one by one rather than searched.
const SEARCH_BELOW: u64 = 64 * 1024;

/// So often, and so far apart, it is looked again whether the end of a journal that is being written is a whole line.
pub(super) const LOOKS: u32 = 5;
pub(super) const PAUSE: Duration = Duration::from_millis(20);

/// A line of a journal, and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The line without its line break.
    pub bytes: &'a [u8],
    /// Its number, if it can be read.
    pub seq: Option<Seq>,
    /// The segment that it is in. A segment that was archived while it was read may go by either of its names.
    pub path: &'a Path,
    /// The line's number within its segment, from 1; `None` when the reader did not begin at the segment's first line.
    pub number: Option<u64>,
    /// Where in its segment it begins, in bytes; of a compressed one, in what it was before.
    pub offset: u64,
}

impl Line<'_> {
    /// Reads the event. The chain is not checked.
    ///
    /// # Errors
    /// A [`LineError`] when the line is not one of a journal.
    pub fn decode(&self) -> Result<(Recorded, Chain), LineError> {
        let text = std::str::from_utf8(self.bytes).map_err(|_| LineError::Shape("UTF-8"))?;
        line::decode(text)
    }
}

/// The segment that is being read.
#[derive(Debug)]
struct Open {
    file: File,
    /// Device and inode: what it is, whatever its name becomes.
    id: (u64, u64),
    path: PathBuf,
    /// Whether it is written no more.
    complete: bool,
    lines: Lines,
    number: Option<u64>,
}

impl Open {
    /// Goes to a line that is not after the first one with a number of at least `seq`, and not far before it.
    fn begin_at(&mut self, seq: Seq) -> io::Result<()> {
        let offset = search(&self.file, seq)?;
        self.lines = Lines::at(offset);
        self.number = (offset == 0).then_some(0);
        Ok(())
    }
}

/// Where the next line is, in the buffer and in the file.
struct Found {
    range: Range<usize>,
    offset: u64,
    seq: Option<Seq>,
}

/// A place in a journal.
///
/// It holds no lock and disturbs no writer. At the end it gives `None`, and goes on when more has been written, also
/// when the segment was archived and others followed. The beginning of a line that is still being written is not given.
#[derive(Debug)]
pub struct Reader {
    base: PathBuf,
    open: Option<Open>,
    /// Archives whose first number is not above this are done with.
    after: Seq,
    /// Lines with lower numbers are passed over.
    from: Seq,
    /// Whether a line was given.
    begun: bool,
    /// Whether only the file that is open is read, as if no other were there.
    alone: bool,
}

impl Reader {
    /// At the first line of the journal whose active file is `path`.
    ///
    /// # Errors
    /// What the operating system says; [`io::ErrorKind::NotFound`] when there is no such journal.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::after_segment(path, Seq(0))
    }

    /// At the line with the number `seq`, or the first after it, without reading what is before. When the journal does
    /// not reach that far yet, the reader is at its end.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn from_seq(path: &Path, seq: Seq) -> io::Result<Self> {
        let archives = archives(path)?;
        let last_below = |first: Seq| Seq(first.0.saturating_sub(1));
        let active = match File::open(path) {
            Ok(file) => first_line(&file)?.and_then(|line| line::seq_of(&line)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        // What is archived in this very moment does no harm: the search then begins in an earlier segment.
        let after = match active.filter(|&first| first <= seq) {
            Some(first) => last_below(first),
            None => {
                archives.iter().rfind(|archive| archive.first <= seq).map_or(Seq(0), |a| last_below(a.first))
            }
        };
        let mut reader = Self::after_segment(path, after)?;
        reader.from = seq;
        if let Some(open) = &mut reader.open {
            open.begin_at(seq)?;
        }
        Ok(reader)
    }

    /// At the first line of the segment at `path`, compressed or not, as if it were the whole journal. It is not expected to
    /// grow.
    ///
    /// # Errors
    /// As for [`open_segment`].
    pub fn of_segment(path: &Path) -> io::Result<Self> {
        let (base, from, after) = (path.to_owned(), Seq(0), Seq(0));
        let mut reader = Self { base: base.clone(), open: None, after, from, begun: false, alone: true };
        reader.begin(open_segment(path)?, base, true)?;
        Ok(reader)
    }

    /// Goes to where [`Self::from_seq`] would be. A segment that is open already is not opened again, which is dear for a
    /// compressed one.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn go_to(&mut self, seq: Seq) -> io::Result<()> {
        if !self.is_within(seq)? {
            *self = Self::from_seq(&self.base, seq)?;
        } else if let Some(open) = &mut self.open {
            (self.from, self.begun) = (seq, false);
            open.begin_at(seq)?;
        }
        Ok(())
    }

    /// Whether the line with the number `seq` is in the archive that is being read, or nowhere.
    fn is_within(&self, seq: Seq) -> io::Result<bool> {
        if self.after > seq || !self.open.as_ref().is_some_and(|open| open.complete) {
            return Ok(false);
        }
        let first = match self.next_archive()? {
            Some(archive) => Some(archive.first),
            None => first_line_at(&self.base)?.and_then(|line| line::seq_of(&line)),
        };
        Ok(first.is_some_and(|first| seq < first))
    }

    /// At the first segment whose first number is above `after`.
    pub(super) fn after_segment(path: &Path, after: Seq) -> io::Result<Self> {
        let mut reader =
            Self { base: path.to_owned(), open: None, after, from: Seq(0), begun: false, alone: false };
        if reader.advance()? { Ok(reader) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    /// The next line; `None` at the end, for now.
    ///
    /// # Errors
    /// What the operating system says; [`io::ErrorKind::InvalidData`] when the segment is shorter than what was already
    /// read of it.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        let Some(Found { range, offset, seq }) = self.step()? else { return Ok(None) };
        let Some(Open { path, lines, number, .. }) = &self.open else { return Ok(None) };
        Ok(Some(Line { bytes: lines.bytes(range), seq, path, number: *number, offset }))
    }

    /// Where the line begins that stands, without a line break, at the end of the active segment, if there is one; its
    /// bytes are not read.
    pub(super) fn unfinished(&self) -> io::Result<Option<Line<'_>>> {
        let Some(Open { file, path, lines, number, .. }) = &self.open else { return Ok(None) };
        let (offset, number) = (lines.offset(), number.map(|number| number + 1));
        let there = file.metadata()?.len() > offset;
        Ok(there.then_some(Line { bytes: &[], seq: None, path, number, offset }))
    }

    /// The same for a line that stays so: one that is being written has its line break in a moment.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn torn_end(&self) -> io::Result<Option<Line<'_>>> {
        for _ in 0..LOOKS {
            if self.unfinished()?.is_none() || self.ends_a_line()? {
                return Ok(None);
            }
            thread::sleep(PAUSE);
        }
        self.unfinished()
    }

    fn ends_a_line(&self) -> io::Result<bool> {
        self.open.as_ref().map_or(Ok(true), |open| ends_a_line(&open.file))
    }

    /// The active file of the journal.
    pub fn path(&self) -> &Path {
        &self.base
    }

    fn step(&mut self) -> io::Result<Option<Found>> {
        loop {
            let Some(open) = &mut self.open else { return Ok(None) };
            let offset = open.lines.offset();
            if let Some(range) = open.lines.next(&open.file, open.complete)? {
                open.number = open.number.map(|number| number + 1);
                let seq = line::seq_of(open.lines.bytes(range.clone()));
                if seq.map_or(self.begun || self.from == Seq(0), |seq| seq >= self.from) {
                    self.begun = true;
                    return Ok(Some(Found { range, offset, seq }));
                }
            } else if open.complete {
                if !self.advance()? {
                    return Ok(None);
                }
            } else if self.is_active()? {
                return Ok(None);
            } else {
                // What was written between our last look and the rotation is read before going on.
                self.archived()?;
            }
        }
    }

    /// Whether the segment that is being read is still the active one.
    fn is_active(&self) -> io::Result<bool> {
        let Some(open) = &self.open else { return Ok(false) };
        if open.file.metadata()?.len() < open.lines.offset() {
            let shorter = "the journal became shorter while it was read";
            return Err(io::Error::new(io::ErrorKind::InvalidData, shorter));
        }
        match std::fs::metadata(&self.base) {
            Ok(metadata) => Ok(id(&metadata) == open.id),
            // A rotation is under way, or stopped half way.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes note that the segment that is being read is no longer the active one, and of its new name.
    fn archived(&mut self) -> io::Result<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        open.complete = true;
        let first = first_line(&open.file)?.and_then(|line| line::seq_of(&line));
        let mut name = first.map(|first| (first, archive_path(&self.base, first)));
        for archive in archives(&self.base)? {
            if std::fs::metadata(&archive.path).is_ok_and(|metadata| id(&metadata) == open.id) {
                name = Some((archive.first, archive.path));
            }
        }
        if let Some((first, path)) = name {
            self.after = self.after.max(first);
            open.path = path;
        }
        Ok(())
    }

    /// Opens the next segment; whether there is one.
    fn advance(&mut self) -> io::Result<bool> {
        while !self.alone {
            if let Some(archive) = self.next_archive()? {
                let Some(file) = archive.open()? else { continue };
                self.after = archive.first;
                return self.begin(file, archive.path, true);
            }
            // The active file is never compressed, whatever its name is.
            let file = match File::open(&self.base) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                opened => opened?,
            };
            // After a rotation in between, the active file is not the next one any more.
            if self.next_archive()?.is_none() {
                return self.begin(file, self.base.clone(), false);
            }
        }
        Ok(false)
    }

    fn begin(&mut self, file: File, path: PathBuf, complete: bool) -> io::Result<bool> {
        let id = id(&file.metadata()?);
        self.open = Some(Open { file, id, path, complete, lines: Lines::at(0), number: Some(0) });
        Ok(true)
    }

    fn next_archive(&self) -> io::Result<Option<Archive>> {
        Ok(archives(&self.base)?.into_iter().find(|archive| archive.first > self.after))
    }
}

fn ends_a_line(file: &File) -> io::Result<bool> {
    let mut last = [0];
    let length = file.metadata()?.len();
    Ok(length == 0 || read_up_to(file, &mut last, length - 1)? == 1 && last == *b"\n")
}

/// Whether a file that may be being written ends in the middle of a line, and stays so.
pub(crate) fn is_torn(file: &File) -> io::Result<bool> {
    for _ in 0..LOOKS {
        if ends_a_line(file)? {
            return Ok(false);
        }
        thread::sleep(PAUSE);
    }
    Ok(!ends_a_line(file)?)
}

fn id(metadata: &std::fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// The line with the number `seq`, if the file has it.
pub(crate) fn line_of(file: &File, seq: Seq) -> io::Result<Option<Vec<u8>>> {
    let mut lines = Lines::at(search(file, seq)?);
    while let Some(range) = lines.next(file, true)? {
        let line = lines.bytes(range);
        match line::seq_of(line) {
            Some(found) if found == seq => return Ok(Some(line.to_vec())),
            Some(found) if found > seq => break,
            _ => {}
        }
    }
    Ok(None)
}

/// The beginning of a line in `file` that is not after the first one with a number of at least `seq`, and not far
/// before it.
fn search(file: &File, seq: Seq) -> io::Result<u64> {
    let (mut low, mut high) = (0, file.metadata()?.len());
    while high - low > SEARCH_BELOW {
        let middle = low + (high - low) / 2;
        match numbered_line_after(file, middle, high)? {
            Some((offset, found)) if found < seq => low = offset,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// The first line that begins after `offset` and before `limit` and has a number.
fn numbered_line_after(file: &File, mut offset: u64, limit: u64) -> io::Result<Option<(u64, Seq)>> {
    let mut prefix = [0; SEQ_PREFIX];
    while let Some(start) = line_break_after(file, offset, limit)? {
        let read = read_up_to(file, &mut prefix, start)?;
        if let Some(seq) = line::seq_of(&prefix[..read]) {
            return Ok(Some((start, seq)));
        }
        offset = start;
    }
    Ok(None)
}

/// Where the first line after `offset` begins, if that is before `limit`.
pub(crate) fn line_break_after(file: &File, mut offset: u64, limit: u64) -> io::Result<Option<u64>> {
    let mut chunk = vec![0; 4096];
    while offset < limit {
        let read = read_up_to(file, &mut chunk, offset)?;
        if let Some(found) = memchr::memchr(b'\n', &chunk[..read]) {
            let start = offset + found as u64 + 1;
            return Ok((start < limit).then_some(start));
        }
        if read == 0 {
            break;
        }
        offset += read as u64;
    }
    Ok(None)
}
