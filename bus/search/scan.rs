//! Goes through the files of a journal on all cores: pieces of whole lines, the newest first.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::{Bounds, SearchError, span};
use crate::journal::lines::LONGEST_LINE;
use crate::journal::{
    self, Archive, first_number, is_torn, last_event, last_line_at, open_segment, read_up_to,
};
use crate::name::Seq;

/// How many bytes a thread takes at a time: enough that taking them costs nothing, few enough to stay in its cache.
const UNIT: u64 = 256 * 1024;

/// By how much a piece grows until its last line is whole.
const STEP: usize = 64 * 1024;

/// More threads than these would wait for memory.
const MAX_THREADS: usize = 8;

/// The files of a journal, the oldest first.
#[derive(Debug, Clone)]
pub struct Files {
    places: Vec<Place>,
    /// Whether each begins where the one before it ends.
    in_a_row: bool,
}

/// Where a file is.
#[derive(Debug, Clone)]
enum Place {
    Archive(Archive),
    /// Open, whatever it is called meanwhile. It may still be written, so that it may end in the middle of a line.
    Active(PathBuf, Arc<File>),
    Named(PathBuf),
}

impl Files {
    /// What these paths name: one is a journal with the archived segments beside it, unless its name says that it is
    /// compressed; several are just these files, in the order of their events.
    ///
    /// # Errors
    /// What the operating system says; [`io::ErrorKind::NotFound`] when there is no such journal.
    pub fn of(paths: &[PathBuf]) -> io::Result<Self> {
        match journal::named(paths) {
            Some(path) => Self::of_journal(path),
            None => Ok(Self::these(paths)),
        }
    }

    /// Those of the journal whose active file is `path`.
    ///
    /// # Errors
    /// As for [`Self::of`].
    pub fn of_journal(path: &Path) -> io::Result<Self> {
        let (archives, active) = journal::segments(path)?;
        let active = active.map(|file| Place::Active(path.to_owned(), Arc::new(file)));
        let places: Vec<_> = archives.into_iter().map(Place::Archive).chain(active).collect();
        if places.is_empty() {
            Err(io::ErrorKind::NotFound.into())
        } else {
            Ok(Self { places, in_a_row: true })
        }
    }

    fn these(paths: &[PathBuf]) -> Self {
        let places = journal::in_order(paths).into_iter().map(Place::Named).collect();
        Self { places, in_a_row: false }
    }

    pub(super) fn count(&self) -> usize {
        self.places.len()
    }

    /// What one of them is called.
    pub(super) fn path(&self, index: usize) -> &Path {
        self.places.get(index).map_or(Path::new(""), |place| match place {
            Place::Archive(archive) => &archive.path,
            Place::Active(path, _) | Place::Named(path) => path,
        })
    }

    /// Opens one of them for reading at any place; `None` when it was removed from its journal meanwhile.
    pub(super) fn open(&self, index: usize) -> io::Result<Option<Arc<File>>> {
        Ok(match self.places.get(index) {
            None => None,
            Some(Place::Archive(archive)) => archive.open()?.map(Arc::new),
            Some(Place::Active(_, file)) => Some(Arc::clone(file)),
            Some(Place::Named(path)) => Some(Arc::new(open_segment(path)?)),
        })
    }

    /// How much there is to go through in one of them. Of a compressed one, what it takes on the disk stands for what is
    /// in it.
    pub(super) fn length(&self, index: usize) -> io::Result<u64> {
        match self.places.get(index) {
            None => Ok(0),
            Some(Place::Archive(archive)) => Ok(archive.length()),
            Some(Place::Active(_, file)) => Ok(file.metadata()?.len()),
            Some(Place::Named(path)) => Ok(path.metadata()?.len()),
        }
    }

    fn is_growing(&self, index: usize) -> bool {
        matches!(self.places.get(index), Some(Place::Active(..)))
    }
}

/// How a search is stopped, and how it tells how far it is.
#[derive(Clone, Copy)]
pub struct Control<'c> {
    /// Set to end the search before its time.
    pub cancel: &'c AtomicBool,
    /// Told, by any thread, how many bytes have been gone through and how many there are.
    pub progress: &'c (dyn Fn(u64, u64) + Sync),
}

/// Whole lines, each but perhaps the last with its line break.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'p> {
    /// Which file they are from.
    pub file: usize,
    /// Where in it they begin.
    pub offset: u64,
    pub lines: &'p [u8],
}

/// What a thread does with the pieces that it gets.
pub(super) trait Worker: Send {
    /// Takes the next piece.
    fn take(&mut self, piece: Piece<'_>);
    /// Takes note of a line that is too long to be one; it begins at `offset` of this file.
    fn too_long(&mut self, file: usize, offset: u64);
}

/// One pass over a journal, or one of several.
pub(super) struct Pass<'s> {
    pub files: &'s Files,
    pub bounds: &'s Bounds,
    pub control: Control<'s>,
    /// What the passes before this one went through, and how much there is in all of them.
    pub done: &'s AtomicU64,
    pub all: u64,
}

impl Pass<'_> {
    /// Lets one worker on each core go through all lines within the bounds of time.
    pub(super) fn run<W: Worker>(&self, make: impl Fn() -> W) -> Result<(Vec<W>, Seams), SearchError> {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
        let queue = Queue { left: self.files.count(), current: None, over: false, seams: Seams::default() };
        let queue = Mutex::new(queue);
        let mut workers: Vec<W> = (0..threads).map(|_| make()).collect();
        let ended: Vec<_> = thread::scope(|scope| {
            let running = workers.iter_mut().map(|worker| scope.spawn(|| self.work(&queue, worker)));
            let running: Vec<_> = running.collect();
            running.into_iter().map(|thread| thread.join().unwrap_or(Err(SearchError::Broken))).collect()
        });
        ended.into_iter().collect::<Result<(), _>>()?;
        Ok((workers, queue.into_inner().unwrap_or_else(PoisonError::into_inner).seams))
    }

    fn work(&self, queue: &Mutex<Queue>, worker: &mut impl Worker) -> Result<(), SearchError> {
        let mut buffer = Vec::new();
        loop {
            if self.control.cancel.load(Ordering::Relaxed) {
                return Err(SearchError::Cancelled);
            }
            let unit = queue.lock().unwrap_or_else(PoisonError::into_inner).next(self)?;
            let Some(unit) = unit else { return Ok(()) };
            let found = unit.read(&mut buffer);
            let Lines { range, offset, too_long } =
                found.map_err(|error| self.unreadable(unit.index, error))?;
            if !range.is_empty() {
                worker.take(Piece { file: unit.index, offset, lines: &buffer[range] });
            }
            if let Some(offset) = too_long {
                worker.too_long(unit.index, offset);
            }
            self.tell(unit.range.end - unit.range.start);
        }
    }

    /// Takes note that so many bytes more are done with.
    fn tell(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        (self.control.progress)(done.min(self.all), self.all);
    }

    fn unreadable(&self, index: usize, source: io::Error) -> SearchError {
        SearchError::Io { path: self.files.path(index).to_owned(), source }
    }
}

/// What is still to be gone through.
struct Queue {
    /// How many files, counted from the oldest.
    left: usize,
    current: Option<Open>,
    /// Nothing older can be within the bounds.
    over: bool,
    seams: Seams,
}

/// What shows of a journal where its files begin and end, without going through what is between.
#[derive(Debug, Clone, Default)]
pub(super) struct Seams {
    /// How many events are missing between two files.
    pub missing: u64,
    /// Which file ends in the middle of a line, and where that begins.
    pub torn: Option<(usize, u64)>,
    /// The first event of the file that was looked at last.
    newer: Option<Seq>,
}

impl Seams {
    /// Looks at a file; the newer ones were looked at before.
    fn look(&mut self, index: usize, file: &File, grows: bool) -> io::Result<()> {
        if grows && is_torn(file)? {
            self.torn = Some((index, last_line_at(file)?));
        }
        let Some((last, _)) = last_event(file)? else { return Ok(()) };
        if let Some(newer) = self.newer {
            self.missing += newer.0.saturating_sub(last.0 + 1);
        }
        self.newer = first_number(file)?;
        Ok(())
    }
}

struct Open {
    index: usize,
    file: Arc<File>,
    /// What of it is wanted.
    wanted: Range<u64>,
    /// What is behind this is taken.
    left: u64,
    grows: bool,
}

impl Queue {
    fn next(&mut self, pass: &Pass<'_>) -> Result<Option<Unit>, SearchError> {
        loop {
            if let Some(open) = self.current.as_mut().filter(|open| open.left > open.wanted.start) {
                let from = open.wanted.start.max(open.left.saturating_sub(UNIT));
                let range = from..open.left;
                open.left = from;
                let is_first = from == open.wanted.start;
                return Ok(Some(Unit {
                    index: open.index,
                    file: Arc::clone(&open.file),
                    range,
                    is_first,
                    end: open.wanted.end,
                    grows: open.grows,
                }));
            }
            if self.left == 0 || self.over {
                return Ok(None);
            }
            self.left -= 1;
            self.current = self.open(pass, self.left)?;
        }
    }

    fn open(&mut self, pass: &Pass<'_>, index: usize) -> Result<Option<Open>, SearchError> {
        let failed = |error| pass.unreadable(index, error);
        let Some(file) = pass.files.open(index).map_err(failed)? else { return Ok(None) };
        let all = file.metadata().map_err(failed)?.len();
        let span = span::within(&file, all, pass.bounds).map_err(failed)?;
        self.over = span.begins_before && pass.files.in_a_row;
        pass.tell(all - (span.wanted.end - span.wanted.start));
        let grows = pass.files.is_growing(index);
        self.seams.look(index, &file, grows).map_err(failed)?;
        Ok(Some(Open { index, file, left: span.wanted.end, wanted: span.wanted, grows }))
    }
}

/// A part of a file: the lines that begin in it.
struct Unit {
    index: usize,
    file: Arc<File>,
    range: Range<u64>,
    /// Whether a line begins where it begins.
    is_first: bool,
    /// Where what is wanted of the file ends.
    end: u64,
    grows: bool,
}

/// Whole lines in a buffer, and where in their file they begin.
struct Lines {
    range: Range<usize>,
    offset: u64,
    too_long: Option<u64>,
}

impl Unit {
    fn read(&self, buffer: &mut Vec<u8>) -> io::Result<Lines> {
        // The byte before tells whether a line begins at the first one.
        let from = if self.is_first { self.range.start } else { self.range.start - 1 };
        let length = usize::try_from(self.range.end - from).unwrap_or(usize::MAX);
        let mut filled = self.fill(buffer, from, 0, length)?;
        let break_before = memchr::memchr(b'\n', &buffer[..filled]).map(|at| at + 1);
        let Some(start) = break_before.filter(|_| !self.is_first).or(self.is_first.then_some(0)) else {
            return Ok(Lines { range: 0..0, offset: from, too_long: None });
        };
        let begins_here = start < filled;
        let last = memchr::memrchr(b'\n', &buffer[start..filled]).map_or(start, |at| start + at + 1);
        let is_too_long = |filled: usize| (filled - last) as u64 > LONGEST_LINE;
        while begins_here && buffer[filled - 1] != b'\n' {
            let more = self.fill(buffer, from, filled, STEP.max(filled - last))?;
            let found = memchr::memchr(b'\n', &buffer[filled..more]);
            let (before, is_end) = (filled, more == filled);
            filled = found.map_or(more, |at| before + at + 1);
            if is_end || is_too_long(filled) {
                break;
            }
        }
        let is_whole = filled > start && buffer[filled - 1] == b'\n';
        let whole = if is_whole { filled } else { last };
        let too_long = (!is_whole && is_too_long(filled)).then_some(from + whole as u64);
        let end = if self.grows || too_long.is_some() { whole } else { filled };
        Ok(Lines { range: start..end, offset: from + start as u64, too_long })
    }

    /// Reads `more` bytes behind the first `filled` ones, which begin at `from` in the file; how many there are then.
    fn fill(&self, buffer: &mut Vec<u8>, from: u64, filled: usize, more: usize) -> io::Result<usize> {
        let there = usize::try_from(self.end.saturating_sub(from)).unwrap_or(usize::MAX);
        let wanted = filled.saturating_add(more).min(there);
        if buffer.len() < wanted {
            buffer.resize(wanted, 0);
        }
        let read = read_up_to(&self.file, &mut buffer[filled.min(wanted)..wanted], from + filled as u64)?;
        Ok(filled + read)
    }
}
