//! Finds messages in a journal's files: by words, by regular expressions, by CEL on their fields; ranked, and with what
//! was said around them.
//!
//! | module | what is in it |
//! |---|---|
//! | `query`, `literal` | what is looked for, and which of its characters stand in a line whatever its sender escaped |
//! | `scan`, `span` | the files, in pieces of whole lines on all cores; which part of them is within bounds of time |
//! | `prefilter` | throws away nearly all lines without reading them |
//! | `walk`, `judge` | reads the texts of a line, and says whether and how well it matches |
//! | `seek`, `best` | the first pass: what is found, and the best of it |
//! | `around` | the second pass: what was said before and after in the thread |
//! | `hit` | what was found, as a whole |
//!
//! What is searched is what was said: the texts and whole numbers in the payloads of messages and of their amended
//! wordings, the repos that they are from and for, ids, and why a message was refused. An id is found by its beginning, of
//! which at least four characters are written, and by nothing in its middle. [`Query::all_events`] searches everything.
//!
//! A search needs memory for what it shows, for a piece of a file a thread, and for the longest line; never for a file.

mod around;
mod best;
mod hit;
mod judge;
mod literal;
mod prefilter;
mod query;
mod scan;
mod seek;
mod span;
mod walk;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;

use crate::message::MessageType;
use crate::name::{MessageId, RepoName};
use crate::time::Millis;
use around::{Centre, Finding, Gatherer, Near};
use best::{Best, Candidate};
use hit::Raw;
use judge::Judge;
use scan::{Pass, Seams};
use seek::{Seeker, Unreadable};

pub use best::Order;
pub use hit::{Hit, Match, Surroundings};
pub use query::{Query, QueryError};
pub use scan::{Control, Files};

/// How many hits are shown unless something else is asked for.
pub const LIMIT: usize = 50;

/// In which part of a journal something is looked for; all conditions hold together.
#[derive(Debug, Clone, Default)]
pub struct Bounds {
    /// Only from this moment on.
    pub since: Option<Millis>,
    /// Only until this moment.
    pub until: Option<Millis>,
    /// Only messages from this repo or for it.
    pub repo: Option<RepoName>,
    /// Only messages of this type.
    pub kind: Option<MessageType>,
    /// Only messages of this thread.
    pub thread: Option<MessageId>,
}

/// What is told of what stands around a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Around {
    /// Nothing.
    Nothing,
    /// What it answers.
    #[default]
    Parent,
    /// That, how many messages its thread has, and so many before and after it: it takes a second pass over the journal.
    Thread(usize),
}

/// What is looked for, where, and how much of it is wanted.
#[derive(Debug, Clone)]
pub struct Search {
    /// What is looked for.
    pub query: Query,
    /// In which part.
    pub bounds: Bounds,
    /// Which hits come first.
    pub order: Order,
    /// So many hits at most.
    pub limit: usize,
    /// What is told of what stands around each hit.
    pub around: Around,
}

impl Search {
    /// One through the whole journal, for the best few hits and what they answer.
    pub fn new(query: Query) -> Self {
        Self { query, bounds: Bounds::default(), order: Order::Score, limit: LIMIT, around: Around::Parent }
    }

    /// Searches. It takes as long as it takes, on several threads of its own.
    ///
    /// # Errors
    /// [`SearchError::Io`] when a file can not be read, [`SearchError::Cancelled`].
    pub fn run(&self, files: &Files, control: Control<'_>) -> Result<Found, SearchError> {
        let run = Run { search: self, files, control, done: AtomicU64::new(0), bytes: bytes_of(files)? };
        run.run()
    }
}

/// What a search has come to.
#[derive(Debug)]
pub struct Found {
    /// The best hits, in order.
    pub hits: Vec<Hit>,
    /// How many there are in all.
    pub total: u64,
    /// How many lines can not be read: those whose ends are not those of a line, and those that might have been hits.
    pub unreadable: u64,
    /// The first of these lines: its file, and at which byte it begins.
    pub first_unreadable: Option<(PathBuf, u64)>,
    /// How many events are missing between two of the files that were gone through.
    pub missing: u64,
}

/// Why a search came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The operating system did not let a file be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// It was ended before its time.
    #[error("the search was cancelled")]
    Cancelled,
    /// A thread of it ended in a way that none should.
    #[error("a thread of the search broke down")]
    Broken,
}

/// How much there is to go through.
fn bytes_of(files: &Files) -> Result<u64, SearchError> {
    let length = |index| {
        let path = || files.path(index).to_owned();
        files.length(index).map_err(|source| SearchError::Io { path: path(), source })
    };
    (0..files.count()).map(length).sum()
}

/// What stands around a message, and how many messages its thread has.
type Nearby = (Near, Option<u64>);

/// A search under way.
struct Run<'s> {
    search: &'s Search,
    files: &'s Files,
    control: Control<'s>,
    done: AtomicU64,
    bytes: u64,
}

impl Run<'_> {
    fn run(&self) -> Result<Found, SearchError> {
        let (Seeker { best, mut total, pending, mut unreadable, .. }, seams) = self.sought()?;
        if let Some((file, offset)) = seams.torn {
            unreadable.add(file, offset);
        }
        let best = self.in_thread(best, pending, &mut total)?;
        let mut raw = Vec::new();
        for candidate in best.sorted() {
            let (file, offset) = (candidate.file, candidate.offset);
            if let Some(one) = Raw::of(candidate) {
                raw.push(one);
            } else {
                // Its ends and its JSON are right, but what it says is not.
                total = total.saturating_sub(1);
                unreadable.add(file, offset);
            }
        }
        let judge = Judge::new(&self.search.query, &self.search.bounds);
        let surroundings = self.surroundings(&raw)?;
        let hits = raw.into_iter().zip(surroundings).map(|(raw, around)| raw.hit(&judge, around)).collect();
        let Unreadable { count, first } = unreadable;
        let first_unreadable = first.map(|(file, at)| (self.files.path(file).to_owned(), at));
        Ok(Found { hits, total, unreadable: count, first_unreadable, missing: seams.missing })
    }

    /// The first pass.
    fn sought(&self) -> Result<(Seeker<'_>, Seams), SearchError> {
        let (workers, seams) = self.pass(&self.search.bounds).run(|| Seeker::new(self.search))?;
        let mut all = Seeker::new(self.search);
        for Seeker { best, total, pending, unreadable, .. } in workers {
            all.best.merge(best);
            all.total += total;
            all.pending.extend(pending);
            all.unreadable.merge(unreadable);
        }
        Ok((all, seams))
    }

    fn pass<'p>(&'p self, bounds: &'p Bounds) -> Pass<'p> {
        let passes = if matches!(self.search.around, Around::Thread(_)) { 2 } else { 1 };
        Pass {
            files: self.files,
            bounds,
            control: self.control,
            done: &self.done,
            all: self.bytes.saturating_mul(passes),
        }
    }

    /// Adds those of the pending ones whose messages are in the wanted thread.
    fn in_thread(
        &self,
        mut best: Best,
        pending: Vec<Candidate>,
        total: &mut u64,
    ) -> Result<Best, SearchError> {
        let with_id = |one: Candidate| Raw::of(one.clone()).and_then(|raw| raw.amended()).map(|id| (id, one));
        let pending: Vec<_> = pending.into_iter().filter_map(with_id).collect();
        let ids: Vec<_> = pending.iter().map(|(id, _)| id.clone()).collect();
        let found = self.accepted(&ids)?;
        for (id, one) in pending {
            if found.get(&id).map(|centre| &centre.thread) == self.search.bounds.thread.as_ref() {
                *total += 1;
                best.offer(one.score, one.seq, one.file, one.offset, &one.line);
            }
        }
        Ok(best)
    }

    /// By what these messages were accepted; it may have been long before they were found.
    fn accepted(&self, ids: &[MessageId]) -> Result<HashMap<MessageId, Centre>, SearchError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let (workers, _) = self.pass(&Bounds::default()).run(|| Finding::new(ids))?;
        Ok(workers.into_iter().flat_map(|worker| worker.found).collect())
    }

    /// What stands around these.
    fn surroundings(&self, hits: &[Raw]) -> Result<Vec<Option<Surroundings>>, SearchError> {
        if self.search.around == Around::Nothing {
            return Ok(vec![None; hits.len()]);
        }
        let amended: Vec<_> = hits.iter().filter_map(Raw::amended).collect();
        let accepted = self.accepted(&amended)?;
        let centres: Vec<_> = hits.iter().map(|hit| hit.centre(&accepted)).collect();
        let known: Vec<_> = centres.iter().flatten().cloned().collect();
        let near = match self.search.around {
            Around::Thread(most) if !known.is_empty() => self.in_threads(&known, most)?,
            _ => self.parents(hits, &centres)?,
        };
        let mut near = near.into_iter();
        let mut surroundings =
            |centre: Centre| near.next().map(|(near, messages)| Surroundings::of(centre, near, messages));
        Ok(centres.into_iter().map(|centre| centre.and_then(&mut surroundings)).collect())
    }

    /// What these hits answer, for those that are in a thread.
    fn parents(&self, hits: &[Raw], centres: &[Option<Centre>]) -> Result<Vec<Nearby>, SearchError> {
        let parent = |(hit, centre): (&Raw, &Option<Centre>)| Some((hit.file(), centre.as_ref()?.parent?));
        let wanted: Vec<_> = hits.iter().zip(centres).filter_map(parent).collect();
        let lines = around::lines_of(self.files, &wanted)?;
        let near = |centre: &Centre| {
            let parent = centre.parent.and_then(|parent| lines.get(&parent).cloned());
            (Near { parent, ..Near::default() }, None)
        };
        Ok(centres.iter().flatten().map(near).collect())
    }

    /// The second pass: what else was said in these threads.
    fn in_threads(&self, known: &[Centre], most: usize) -> Result<Vec<Nearby>, SearchError> {
        let (workers, _) = self.pass(&Bounds::default()).run(|| Gatherer::new(known, most))?;
        let mut all = Gatherer::new(known, most);
        for worker in workers {
            all.merge(worker);
        }
        Ok(all.near.into_iter().zip(all.counts.into_iter().map(Some)).collect())
    }
}
