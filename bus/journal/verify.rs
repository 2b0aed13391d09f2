//! Checks that a journal is whole and unchanged.

use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use super::BadLine;
use super::line::{self, Chain, LineError, Parts};
use super::reader::{LOOKS, Line, PAUSE, Reader};
use super::segment::is_named_after;
use crate::name::Seq;

/// What a journal that is whole consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Files with lines in them.
    pub segments: u64,
    /// Lines in all of them.
    pub lines: u64,
    /// The number of the first line.
    pub first: Option<Seq>,
    /// The number of the last line.
    pub last: Option<Seq>,
}

/// Why a journal is not whole.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The first line that is not as it was written, or does not follow the one before it.
    #[error(transparent)]
    BadLine(#[from] BadLine),
    /// It can not be read.
    #[error("{path}: {source}")]
    Io {
        /// The active file of the journal.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Checks every line of the journal whose active file is `path`, over all its segments, against the lines before it.
///
/// The check begins with event 1, or with the checkpoint that the oldest segment begins with. It can not find that the
/// oldest segments are gone (that is how a journal is kept short), nor that the newest lines are (nothing after them
/// remembers them), nor a change by somebody who computed all later digests anew.
///
/// # Errors
/// The first bad line, or what the operating system said.
pub fn verify(path: &Path) -> Result<Verified, VerifyError> {
    let failed = |source| VerifyError::Io { path: path.to_owned(), source };
    let mut reader = Reader::open(path).map_err(failed)?;
    let mut walk = Walk::default();
    let mut looks = 0;
    loop {
        while let Some(line) = reader.next_line().map_err(failed)? {
            walk.take(&line, path).map_err(|reason| bad(&line, reason))?;
            looks = 0;
        }
        let Some(rest) = reader.unfinished().map_err(failed)? else { return Ok(walk.found()) };
        if looks == LOOKS {
            return Err(bad(&rest, "it is not ended by a line break".into()).into());
        }
        looks += 1;
        thread::sleep(PAUSE);
    }
}

fn bad(line: &Line<'_>, reason: String) -> BadLine {
    BadLine { path: line.path.to_owned(), line: line.number.unwrap_or_default(), offset: line.offset, reason }
}

/// An archive must bear the number of its first event.
fn check_name(line: &Line<'_>, base: &Path, first: Seq) -> Result<(), String> {
    if line.path == base || is_named_after(line.path, base, first) {
        return Ok(());
    }
    Err(format!("the segment begins with event {first}, which is not what its name says"))
}

/// What has been seen so far.
#[derive(Debug, Default)]
struct Walk {
    segments: u64,
    lines: u64,
    first: Option<Seq>,
    last: Option<(Seq, Chain)>,
}

impl Walk {
    fn take(&mut self, line: &Line<'_>, base: &Path) -> Result<(), String> {
        let parts = Parts::of(line.bytes).map_err(|error| error.to_string())?;
        self.check(&parts, line)?;
        if line.number == Some(1) {
            check_name(line, base, parts.seq)?;
            self.segments += 1;
        }
        self.lines += 1;
        self.first.get_or_insert(parts.seq);
        self.last = Some((parts.seq, parts.chain));
        Ok(())
    }

    fn check(&self, parts: &Parts<'_>, line: &Line<'_>) -> Result<(), String> {
        let previous = match self.last {
            Some((last, _)) if parts.seq != last.next() => {
                return Err(format!("expected event {}, found event {}", last.next(), parts.seq));
            }
            Some((_, chain)) => chain,
            None => line::anchor(line.bytes)
                .ok_or("the journal begins neither with event 1 nor with a checkpoint")?,
        };
        if parts.follows(previous) { Ok(()) } else { Err(LineError::Chain.to_string()) }
    }

    fn found(&self) -> Verified {
        let Self { segments, lines, first, last, .. } = *self;
        Verified { segments, lines, first, last: last.map(|(seq, _)| seq) }
    }
}
