//! The passes that find what stands around hits: the messages of their threads, and the threads of changed ones.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;

use memchr::memmem::Finder;

use super::SearchError;
use super::prefilter::{Prefilter, Suspect};
use super::scan::{Files, Piece, Worker};
use crate::event::{Accepted, Event};
use crate::journal::line::{self, Front};
use crate::journal::{first_number, reader};
use crate::name::{MessageId, Seq};

const THREAD: &[u8] = b"\"thread\":";

/// A message whose surroundings are wanted.
#[derive(Debug, Clone)]
pub(super) struct Centre {
    pub seq: Seq,
    pub thread: MessageId,
    /// The event that accepted what it answers.
    pub parent: Option<Seq>,
}

/// The lines of a thread around one of its messages.
#[derive(Debug, Clone, Default)]
pub(super) struct Near {
    pub parent: Option<Vec<u8>>,
    pub before: BTreeMap<Seq, Vec<u8>>,
    pub after: BTreeMap<Seq, Vec<u8>>,
}

impl Near {
    fn take(&mut self, centre: &Centre, most: usize, seq: Seq, line: &[u8]) {
        if Some(seq) == centre.parent {
            self.parent = Some(line.to_vec());
        }
        if seq < centre.seq {
            let is_near =
                self.before.len() < most || self.before.keys().next().is_some_and(|&first| first < seq);
            if most > 0 && is_near {
                self.before.insert(seq, line.to_vec());
            }
        } else if seq > centre.seq {
            let is_near =
                self.after.len() < most || self.after.keys().next_back().is_some_and(|&last| seq < last);
            if most > 0 && is_near {
                self.after.insert(seq, line.to_vec());
            }
        }
        self.trim(most);
    }

    fn trim(&mut self, most: usize) {
        while self.before.len() > most {
            self.before.pop_first();
        }
        while self.after.len() > most {
            self.after.pop_last();
        }
    }

    fn merge(&mut self, other: Self, most: usize) {
        self.parent = self.parent.take().or(other.parent);
        self.before.extend(other.before);
        self.after.extend(other.after);
        self.trim(most);
    }
}

/// What one thread of the program has found of the threads of messages.
pub(super) struct Gatherer<'c> {
    centres: &'c [Centre],
    /// Which of them are in a thread.
    by_thread: HashMap<String, Vec<usize>>,
    /// How many messages are kept before and after each.
    most: usize,
    pub near: Vec<Near>,
    /// How many messages are in the thread of each.
    pub counts: Vec<u64>,
    finder: Finder<'static>,
}

impl<'c> Gatherer<'c> {
    pub(super) fn new(centres: &'c [Centre], most: usize) -> Self {
        let mut by_thread: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, centre) in centres.iter().enumerate() {
            by_thread.entry(centre.thread.to_string()).or_default().push(index);
        }
        let (near, counts) = (vec![Near::default(); centres.len()], vec![0; centres.len()]);
        Self { centres, by_thread, most, near, counts, finder: Finder::new(THREAD) }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.counts.iter_mut().zip(other.counts).for_each(|(count, more)| *count += more);
        self.near.iter_mut().zip(other.near).for_each(|(near, more)| near.merge(more, self.most));
    }

    fn look(&mut self, line: &[u8], value: &[u8]) {
        let Some(Front { seq, name: b"accepted", .. }) = line::front(line) else { return };
        let Some(places) = text(value).and_then(|thread| self.by_thread.get(thread.as_ref())) else { return };
        for &place in places {
            self.counts[place] += 1;
            self.near[place].take(&self.centres[place], self.most, seq, line);
        }
    }
}

impl Worker for Gatherer<'_> {
    fn take(&mut self, piece: Piece<'_>) {
        let (lines, mut at) = (piece.lines, 0);
        while let Some(found) = lines.get(at..).and_then(|rest| self.finder.find(rest)) {
            // The bus writes the thread in front of the message, so the first one in a line is it.
            let found = at + found;
            let start = memchr::memrchr(b'\n', &lines[..found]).map_or(0, |before| before + 1);
            let end = memchr::memchr(b'\n', &lines[found..]).map_or(lines.len(), |after| found + after);
            self.look(&lines[start..end], &lines[found + THREAD.len()..end]);
            at = end + 1;
        }
    }

    // The first pass has counted it.
    fn too_long(&mut self, _: usize, _: u64) {}
}

/// The JSON string that `value` begins with.
fn text(value: &[u8]) -> Option<Cow<'_, str>> {
    let rest = value.strip_prefix(b"\"")?;
    let end = memchr::memchr2(b'"', b'\\', rest)?;
    if rest[end] == b'"' {
        return std::str::from_utf8(&rest[..end]).ok().map(Cow::Borrowed);
    }
    serde_json::Deserializer::from_slice(value).into_iter::<String>().next()?.ok().map(Cow::Owned)
}

/// The lines of events that each stand in the file that is told with them, or in an older one. No more of the files is read
/// than it takes.
pub(super) fn lines_of(files: &Files, wanted: &[(usize, Seq)]) -> Result<HashMap<Seq, Vec<u8>>, SearchError> {
    let (mut found, mut left) = (HashMap::new(), Vec::new());
    for index in (0..files.count()).rev() {
        left.extend(wanted.iter().filter(|(file, _)| *file == index).map(|&(_, seq)| seq));
        if !left.is_empty() {
            let failed = |source| SearchError::Io { path: files.path(index).to_owned(), source };
            if let Some(file) = files.open(index).map_err(failed)? {
                found.extend(lines_in(&file, &mut left).map_err(failed)?);
            }
        }
    }
    Ok(found)
}

/// Those of the wanted lines that are in a file; what may be in an older one stays wanted.
fn lines_in(file: &File, wanted: &mut Vec<Seq>) -> io::Result<Vec<(Seq, Vec<u8>)>> {
    let first = first_number(file)?.unwrap_or(Seq(u64::MAX));
    let here: Vec<_> = wanted.iter().copied().filter(|&seq| seq >= first).collect();
    wanted.retain(|&seq| seq < first);
    let line = |seq| reader::line_of(file, seq).map(|line| line.map(|line| (seq, line))).transpose();
    here.into_iter().filter_map(line).collect()
}

/// Finds the events that accepted messages with these ids.
pub(super) struct Finding<'i> {
    ids: &'i [MessageId],
    prefilter: Prefilter,
    pub found: Vec<(MessageId, Centre)>,
}

impl<'i> Finding<'i> {
    pub(super) fn new(ids: &'i [MessageId]) -> Self {
        let runs = ids.iter().map(|id| super::literal::run(&id.to_string(), |_| false).map(str::to_owned));
        // An id without a run may be in any line.
        let runs = runs.collect::<Option<Vec<_>>>().unwrap_or_default();
        Self { ids, prefilter: Prefilter::of(&runs, false), found: Vec::new() }
    }
}

impl Worker for Finding<'_> {
    fn take(&mut self, piece: Piece<'_>) {
        for Suspect { line, .. } in self.prefilter.candidates(piece.lines) {
            if line::front(line).is_none_or(|front| front.name != b"accepted") {
                continue;
            }
            if let Some((seq, accepted)) = accepted(line)
                && self.ids.contains(&accepted.message.id)
            {
                let Accepted { thread, parent, message, .. } = accepted;
                self.found.push((message.id, Centre { seq, thread, parent }));
            }
        }
    }

    fn too_long(&mut self, _: usize, _: u64) {}
}

fn accepted(line: &[u8]) -> Option<(Seq, Accepted)> {
    let (recorded, _) = line::decode(std::str::from_utf8(line).ok()?).ok()?;
    match recorded.event {
        Event::Accepted(accepted) => Some((recorded.seq, *accepted)),
        _ => None,
    }
}
