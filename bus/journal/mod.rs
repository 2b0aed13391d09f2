//! The journal: the append-only file of all events, from which everything that the bus knows is folded.
//!
//! The active file is `log_path`, one JSON object a line ([`line`](mod@line)). When it is full or old it is renamed to
//! `<log_path>.<number of its first event>` and another is begun; readers see archived segments and then the active one
//! as one sequence of lines ([`reader`]). Every segment is expected to begin with a checkpoint, at which a recovery may
//! begin, and a verification ([`verify()`]) where older segments are gone.
//!
//! | file | what it is |
//! |---|---|
//! | `<log_path>` | the active segment |
//! | `<log_path>.000000000042` | an archived segment, beginning with event 42 |
//! | `<log_path>.000000000042.zst`, `.gz` | an archived segment, compressed; where the plain one is there, that one counts ([`open_segment`]) |
//! | `<log_path>.lock` | held by the bus that writes ([`lock`]) |
//! | `<log_path>.000000000042.zst.tmp` | what [`compress()`] has not finished, or never will |
//! | `<log_path>.archives.lock` | held by whoever removes or compresses archives |
//! | `<log_path>.replay` | what a replay keeps to begin in the middle; it goes with the segments that are pruned |
//! | `<log_path>.torn-42` | what a crash had left of event 42 and the ones after it, cut off by a recovery |
//!
//! # What survives what
//! What [`Journal::write`] took survives the end of the process, in whatever way; what a sync covered
//! ([`Journal::request_sync`], [`Journal::sync_now`]) survives the end of power. Space is set aside before it is needed
//! ([`Journal::reserve`]), so that a full disk is noticed before anything is decided.

pub mod line;
pub mod lock;
pub mod reader;

pub(crate) mod lines;

mod compress;
mod packed;
mod prune;
mod recover;
mod segment;
mod snapshots;
mod sync;
mod verify;
mod writer;

#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

pub use compress::{Compressed, compress, compressible};
pub use line::{Chain, LineError};
pub use lock::{LockError, LockFile};
pub(crate) use packed::check_room;
pub use prune::{Contents, Fate, Pruning, Segment, Torn};
pub use reader::{Line, Reader};
pub(crate) use reader::{is_torn, line_break_after};
pub(crate) use segment::{Archive, first_number, last_event, last_line_at, read_up_to, segments};
pub use segment::{files, in_order, is_of_a_journal, last_time, named, open_segment};
pub(crate) use snapshots::{BEGINNING as SNAPSHOTS_BEGIN, snapshots, take_over_snapshots};
pub use verify::{Verified, VerifyError, verify};
pub use writer::Journal;

use crate::name::Seq;
use crate::os::OpenError;
use crate::time::Millis;

/// Where a journal is, and how its segments are cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The active file. Its folder is made when it is missing, for our user alone.
    pub path: PathBuf,
    /// A segment of so many bytes is full.
    pub segment_bytes: u64,
    /// A segment whose first event is so old is full.
    pub segment_age: Duration,
    /// So many archived segments are kept, and more when they are still needed; 0 keeps all.
    pub keep: usize,
}

/// What was found when a journal was opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recovery {
    /// How many events were folded.
    pub events: u64,
    /// The last event, and when it was.
    pub last: Option<(Seq, Millis)>,
    /// What was cut off at the end.
    pub torn: Option<TornTail>,
    /// What was wrong before the end, in order. Recovery went on after each of them.
    pub bad: Vec<BadLine>,
}

/// An end that a crash had left, which was cut off and kept aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// Where it is kept.
    pub path: PathBuf,
    /// How long it is.
    pub bytes: u64,
}

/// A line that is not as it was written, or does not follow the one before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line} (byte {offset}): {reason}")]
pub struct BadLine {
    /// The segment.
    pub path: PathBuf,
    /// The line's number in it, from 1.
    pub line: u64,
    /// Where in it the line begins, in bytes.
    pub offset: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// Why a journal can not be opened.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process writes it, or its lock file is not fit for that.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file of it is a symbolic link, or somebody else's.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is something else in the file. It was not touched.
    #[error("{path} is not a journal: {reason}")]
    NotAJournal {
        /// The file.
        path: PathBuf,
        /// What is wrong with its first line.
        reason: String,
    },
    /// The operating system did not do what was asked.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}
