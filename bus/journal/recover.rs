//! Reads a journal when a bus takes it over: feeds its events to the fold, and cuts off what a crash left at its end.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::line::{self, Chain, LineError, Parts};
use super::reader::{Line, Reader};
use super::segment::{Archive, archives, beside, first_line_at, read_up_to, sync_folder};
use super::{BadLine, JournalError, Recovery, TornTail};
use crate::event::Recorded;
use crate::name::Seq;
use crate::os;
use crate::time::Millis;

/// What the writer has to know to go on.
pub(super) struct Recovered {
    pub recovery: Recovery,
    /// The digest of the last good line.
    pub chain: Chain,
    pub active: Active,
}

/// The good part of the active segment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Active {
    pub bytes: u64,
    pub lines: u64,
    /// Its first event, and when it was.
    pub first: Option<(Seq, Millis)>,
}

/// Feeds every event that a recovery needs to `fold`, in order, and leaves `file`, the active segment at `path`, with
/// nothing but good lines at its end.
pub(super) fn recover(
    path: &Path,
    file: &File,
    fold: &mut dyn FnMut(Recorded),
) -> Result<Recovered, JournalError> {
    let failed = |source| JournalError::Io { path: path.to_owned(), source };
    let mut walk = Walk::new(path, fold);
    let mut reader = start(path).map_err(failed)?;
    while let Some(line) = reader.next_line().map_err(failed)? {
        walk.take(&line);
    }
    walk.settle(None);
    let Walk { mut recovery, link, active, .. } = walk;
    let bytes = file.metadata().map_err(failed)?.len();
    if bytes > active.bytes {
        if recovery.last.is_none() {
            check_beginning(path, file)?;
        }
        recovery.bad.retain(|bad| bad.path != path || bad.offset < active.bytes);
        let next = recovery.last.map_or(Seq(1), |(last, _)| last.next());
        recovery.torn = Some(cut(path, file, active.bytes..bytes, next)?);
    }
    Ok(Recovered { chain: link.last_good(), recovery, active })
}

/// A reader at the segment that a recovery begins with: the one in which the earliest event is that the newest
/// checkpoint at the beginning of a segment still needs.
fn start(path: &Path) -> io::Result<Reader> {
    let archives = archives(path)?;
    let first = match newest_checkpoint(path, &archives)? {
        Some((since, own)) if own <= since => own,
        // What is asked for and gone is made up for with the oldest segment there is.
        Some((since, _)) => {
            archives.iter().rfind(|archive| archive.first <= since).map_or(Seq(0), |a| a.first)
        }
        None => Seq(0),
    };
    Reader::after_segment(path, Seq(first.0.saturating_sub(1)))
}

/// The earliest event that a recovery of the journal at `path` needs; the first there is, where no checkpoint says it.
pub(super) fn needed(path: &Path, archives: &[Archive]) -> io::Result<Seq> {
    let oldest = archives.first().map_or(Seq(0), |archive| archive.first);
    Ok(newest_checkpoint(path, archives)?.map_or(oldest, |(since, own)| since.min(own)))
}

/// What the newest checkpoint at the beginning of a segment needs, and its own number.
fn newest_checkpoint(path: &Path, archives: &[Archive]) -> io::Result<Option<(Seq, Seq)>> {
    let paths = std::iter::once(path).chain(archives.iter().rev().map(|archive| archive.path.as_path()));
    for path in paths {
        let Some(line) = first_line_at(path)? else { continue };
        let Some(checkpoint) = line::checkpoint(&line) else { continue };
        let Ok(parts) = Parts::of(&line) else { continue };
        if checkpoint.previous.parse().is_ok_and(|previous| parts.follows(previous)) {
            return Ok(Some((checkpoint.since, parts.seq)));
        }
    }
    Ok(None)
}

/// How a line stands to the good lines before it.
enum Verdict {
    /// It comes right after one of them.
    Linked,
    /// It may come after something that is missing or unreadable, if the line after it follows it.
    Loose,
    /// It is not a line, or was changed.
    Broken(String),
}

/// What the next line may follow.
#[derive(Default)]
struct Link {
    last: Option<Seq>,
    /// The digests that the next line may have before it: that of the last good line, and when bad ones came after it,
    /// what can be told of theirs.
    chains: Vec<Chain>,
    /// An unreadable line came after the last good one.
    lost: bool,
}

impl Link {
    fn judge(&self, parts: &Parts<'_>) -> Verdict {
        if self.last.is_some_and(|last| parts.seq <= last) {
            return Verdict::Broken("its number is not above those before it".into());
        }
        // Without anything before it, the first line is taken at its word.
        if self.chains.is_empty() || self.chains.iter().any(|&chain| parts.follows(chain)) {
            return Verdict::Linked;
        }
        let gap = self.last.is_some_and(|last| parts.seq > last.next());
        if self.lost || gap { Verdict::Loose } else { Verdict::Broken(LineError::Chain.to_string()) }
    }

    fn accept(&mut self, parts: &Parts<'_>) {
        self.last = Some(parts.seq);
        self.lost = false;
        self.chains.clear();
        self.chains.push(parts.chain);
    }

    /// A bad line: the next one may follow what it was before it was changed, or what was before it.
    fn reject(&mut self, line: &[u8]) {
        self.lost |= Parts::of(line).is_err();
        let Some(&good) = self.chains.first() else { return };
        self.chains.truncate(1);
        self.chains.extend(line::hints(good, line));
    }

    fn last_good(&self) -> Chain {
        self.chains.first().copied().unwrap_or(Chain::GENESIS)
    }
}

/// A loose line, until the next one tells whether it is good.
struct Held {
    line: Vec<u8>,
    path: PathBuf,
    number: u64,
    offset: u64,
}

/// The way through the lines of a journal.
struct Walk<'a> {
    /// The active segment.
    path: &'a Path,
    fold: &'a mut dyn FnMut(Recorded),
    link: Link,
    begun: bool,
    held: Option<Held>,
    recovery: Recovery,
    active: Active,
}

impl<'a> Walk<'a> {
    fn new(path: &'a Path, fold: &'a mut dyn FnMut(Recorded)) -> Self {
        let (link, recovery, active) = (Link::default(), Recovery::default(), Active::default());
        Self { path, fold, link, begun: false, held: None, recovery, active }
    }

    fn take(&mut self, line: &Line<'_>) {
        if !self.begun {
            self.begun = true;
            self.link.chains.extend(line::anchor(line.bytes));
        }
        let parts = Parts::of(line.bytes);
        self.settle(parts.as_ref().ok());
        match parts.as_ref().map(|parts| self.link.judge(parts)) {
            Ok(Verdict::Linked) => self.good(line),
            Ok(Verdict::Loose) => {
                let (path, number) = (line.path.to_owned(), line.number.unwrap_or_default());
                self.held = Some(Held { line: line.bytes.to_vec(), path, number, offset: line.offset });
            }
            Ok(Verdict::Broken(reason)) => self.bad(line, reason),
            Err(error) => self.bad(line, error.to_string()),
        }
    }

    /// Decides about a loose line, now that the `next` one is known.
    fn settle(&mut self, next: Option<&Parts<'_>>) {
        let Some(held) = self.held.take() else { return };
        let Ok(parts) = Parts::of(&held.line) else { return };
        let followed = next.is_some_and(|next| next.seq > parts.seq && next.follows(parts.chain));
        let (bytes, seq, number) = (held.line.as_slice(), Some(parts.seq), Some(held.number));
        let line = Line { bytes, seq, path: &held.path, number, offset: held.offset };
        if followed {
            // An unreadable line has been reported itself.
            if !self.link.lost {
                let missing = self.link.last.map_or(Seq(1), Seq::next);
                self.report(&line, format!("event {missing}, or more, is missing before it"));
            }
            self.good(&line);
        } else {
            self.bad(&line, LineError::Chain.to_string());
        }
    }

    /// A line that is as it was written. One that this version can not read is passed over, but not cut off.
    fn good(&mut self, line: &Line<'_>) {
        let Ok(parts) = Parts::of(line.bytes) else { return };
        self.link.accept(&parts);
        self.recovery.last = Some((parts.seq, parts.at));
        if line.path == self.path {
            self.active.bytes = line.offset + line.bytes.len() as u64 + 1;
            self.active.lines += 1;
            self.active.first.get_or_insert((parts.seq, parts.at));
        }
        match line.decode() {
            Ok((recorded, _)) => {
                self.recovery.events += 1;
                (self.fold)(recorded);
            }
            Err(error) => self.report(line, error.to_string()),
        }
    }

    fn bad(&mut self, line: &Line<'_>, reason: String) {
        self.report(line, reason);
        self.link.reject(line.bytes);
    }

    fn report(&mut self, line: &Line<'_>, reason: String) {
        let (path, number) = (line.path.to_owned(), line.number.unwrap_or_default());
        self.recovery.bad.push(BadLine { path, line: number, offset: line.offset, reason });
    }
}

/// A file in which no line is good is only cut when a crash could have left it: it holds the beginning of a first line,
/// or nothing but what a file system puts where data never arrived.
fn check_beginning(path: &Path, file: &File) -> Result<(), JournalError> {
    const BEGINNING: &[u8] = b"{\"seq\":";
    let failed = |source| JournalError::Io { path: path.to_owned(), source };
    let mut found = [0; BEGINNING.len()];
    let read = read_up_to(file, &mut found, 0).map_err(failed)?;
    if BEGINNING.starts_with(&found[..read]) || found == [0; BEGINNING.len()] {
        return Ok(());
    }
    let reason = LineError::Shape("\"seq\" at its beginning").to_string();
    Err(JournalError::NotAJournal { path: path.to_owned(), reason })
}

/// Moves the end of `file` to a file of its own. It is on disk there before it is cut off here.
fn cut(path: &Path, file: &File, range: std::ops::Range<u64>, next: Seq) -> Result<TornTail, JournalError> {
    let (mut aside, kept) = create_aside(path, next)?;
    let failed = |source| JournalError::Io { path: kept.clone(), source };
    let copied = copy(file, &mut aside, range.clone()).and_then(|()| aside.sync_all());
    copied.and_then(|()| sync_folder(path)).map_err(failed)?;
    let failed = |source| JournalError::Io { path: path.to_owned(), source };
    file.set_len(range.start).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(TornTail { path: kept, bytes: range.end - range.start })
}

fn copy(from: &File, to: &mut File, mut range: std::ops::Range<u64>) -> io::Result<()> {
    let mut chunk = vec![0; 64 * 1024];
    while range.start < range.end {
        let read = read_up_to(from, &mut chunk, range.start)?;
        if read == 0 {
            break;
        }
        io::Write::write_all(to, &chunk[..read])?;
        range.start += read as u64;
    }
    Ok(())
}

/// A new file beside the journal; one that an earlier recovery left under the same number is not overwritten.
fn create_aside(path: &Path, next: Seq) -> Result<(File, PathBuf), JournalError> {
    let mut attempt = 0;
    loop {
        let suffix = if attempt == 0 { format!("torn-{next}") } else { format!("torn-{next}-{attempt}") };
        let kept = beside(path, &suffix);
        match os::open_private(&kept, OpenOptions::new().read(true).write(true).create_new(true)) {
            Ok(file) => return Ok((file, kept)),
            Err(os::OpenError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {
                attempt += 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
}
