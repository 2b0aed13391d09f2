//! What a journal's files hold, from end to end, without what the events say.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::journal::line::Parts;
use crate::name::Seq;
use crate::time::Millis;

/// How many events are one block at most.
const BLOCK: u32 = 64;

/// After so many blocks, one holds an event more: a short journal is known event by event, and the map of a long one stays
/// small.
const FINER: usize = 1_024;

/// How many events the next block holds, where there are so many before it.
fn most_in_a_block(blocks: usize) -> u32 {
    u32::try_from(blocks / FINER + 1).unwrap_or(BLOCK).min(BLOCK)
}

/// How many events of each kind there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Messages that were accepted and not held.
    pub messages: u32,
    /// Messages and threads that were held.
    pub holds: u32,
    /// What the operator, or the votes, decided.
    pub decisions: u32,
    /// What was refused, and what was not read in time.
    pub refusals: u32,
    /// All else.
    pub others: u32,
}

/// What kind of thing an event tells, as far as its line shows without being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A message was accepted and not held.
    Message,
    /// A message, or a thread, was held.
    Hold,
    /// Something was decided.
    Decision,
    /// Something was refused, or not read in time.
    Refusal,
    /// Anything else.
    Other,
}

impl Kind {
    /// The kind of the event whose line this is.
    pub(super) fn of(parts: &Parts<'_>, line: &[u8]) -> Self {
        match parts.name {
            b"accepted" if is_held(line) => Self::Hold,
            b"accepted" => Self::Message,
            b"halted" => Self::Hold,
            b"resolved" | b"released" | b"denied" | b"amended" | b"continued" | b"round" => Self::Decision,
            b"refused" | b"expired" => Self::Refusal,
            _ => Self::Other,
        }
    }
}

/// Whether the line of an `accepted` says that the message is held. What senders wrote begins behind `message`; before
/// it there are only names, in which no quote can stand.
fn is_held(line: &[u8]) -> bool {
    let head = memchr::memmem::find(line, b",\"message\":").map_or(line, |end| &line[..end]);
    memchr::memmem::find(head, b",\"held\":{").is_some()
}

impl Counts {
    fn count(&mut self, kind: Kind) {
        let count = match kind {
            Kind::Message => &mut self.messages,
            Kind::Hold => &mut self.holds,
            Kind::Decision => &mut self.decisions,
            Kind::Refusal => &mut self.refusals,
            Kind::Other => &mut self.others,
        };
        *count += 1;
    }

    /// How many events there are.
    pub fn all(&self) -> u32 {
        let Self { messages, holds, decisions, refusals, others } = self;
        messages + holds + decisions + refusals + others
    }

    /// Adds those of another stretch.
    pub fn add(&mut self, other: &Self) {
        self.messages += other.messages;
        self.holds += other.holds;
        self.decisions += other.decisions;
        self.refusals += other.refusals;
        self.others += other.others;
    }
}

/// Some events of one segment that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// The first of them.
    pub first: Seq,
    /// The last.
    pub last: Seq,
    /// When the first was.
    pub from: Millis,
    /// When the last was.
    pub until: Millis,
    /// What they are.
    pub counts: Counts,
    /// The number of the segment among those that are open.
    pub(super) segment: usize,
    /// Where in it the line of the first begins, in bytes.
    pub(super) offset: u64,
}

/// Why there is nothing to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum GapKind {
    /// The end of a file is no whole line: a crash left it like that.
    Torn,
    /// Lines that are none, and what is wrong with the first.
    Bad(String),
    /// A line that is not as it was written, by its digest, or that follows something else than it did. What it says
    /// now is shown.
    Changed,
    /// Events whose lines are nowhere.
    Missing,
}

/// A stretch of a journal in which something is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The last good event before it; 0 where there is none.
    pub after: Seq,
    /// The first good event behind it; of a line that was changed, its own.
    pub before: Option<Seq>,
    /// When the last good event before it was.
    pub at: Millis,
    /// What is wrong.
    pub kind: GapKind,
    /// The segment in which it begins, or which comes behind it.
    pub path: PathBuf,
    /// Where in it, in bytes.
    pub offset: u64,
    /// How many bytes can not be read.
    pub bytes: u64,
    /// How many lines that is.
    pub lines: u64,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { after, before, kind, path, offset, bytes, lines, .. } = self;
        let place = format_args!("{} (byte {offset})", path.display()).to_string();
        match (kind, before) {
            (GapKind::Torn, _) => write!(f, "the last {bytes} bytes are no whole line: {place}"),
            (GapKind::Bad(why), _) if *lines == 1 => write!(f, "a line can not be read: {place}: {why}"),
            (GapKind::Bad(why), _) => {
                write!(f, "{lines} lines ({bytes} bytes) can not be read: {place}: {why}")
            }
            (GapKind::Changed, _) => write!(f, "the line, or the one before it, was changed: {place}"),
            (GapKind::Missing, Some(before)) if after.0 + 2 == before.0 => {
                write!(f, "event {} is missing before {place}", after.next())
            }
            (GapKind::Missing, Some(before)) => {
                write!(f, "events {} to {} are missing before {place}", after.next(), before.0 - 1)
            }
            (GapKind::Missing, None) => write!(f, "what came after event {after} is missing: {place}"),
        }
    }
}

/// See the [module](self).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Map {
    /// The events.
    pub blocks: Vec<Block>,
    /// What is wrong, in order.
    pub gaps: Vec<Gap>,
    /// How many bytes of the files are mapped.
    pub bytes: u64,
    /// How many events there are.
    pub events: u64,
    /// The time before that of the last event.
    before_last: Millis,
}

impl Map {
    /// The first event, and when it was.
    pub fn first(&self) -> Option<(Seq, Millis)> {
        self.blocks.first().map(|block| (block.first, block.from))
    }

    /// The last event, and when it was.
    pub fn last(&self) -> Option<(Seq, Millis)> {
        self.blocks.last().map(|block| (block.last, block.until))
    }

    /// Takes the next event in.
    pub(super) fn push(&mut self, parts: &Parts<'_>, line: &[u8], segment: usize, offset: u64) {
        self.events += 1;
        let kind = Kind::of(parts, line);
        let most = most_in_a_block(self.blocks.len());
        self.look_back(parts.at);
        self.before_last = self.last().map_or(Millis(0), |(_, at)| at);
        if let Some(block) = self.blocks.last_mut()
            && block.segment == segment
            && block.counts.all() < most
        {
            (block.last, block.until) = (parts.seq, block.until.max(parts.at));
            block.counts.count(kind);
            return;
        }
        let mut counts = Counts::default();
        counts.count(kind);
        // Times never go back; where somebody set them back, they stand still.
        let at = self.last().map_or(parts.at, |(_, before)| before.max(parts.at));
        let (first, last) = (parts.seq, parts.seq);
        self.blocks.push(Block { first, last, from: at, until: at, counts, segment, offset });
    }

    /// An event comes at `at`. When only the one before it was later, that has a wrong time, which is not to count.
    fn look_back(&mut self, at: Millis) {
        let before = self.before_last;
        if let Some(block) = self.blocks.last_mut().filter(|block| block.until > at && before <= at) {
            block.until = before.max(if block.counts.all() > 1 { block.from } else { before });
            block.from = block.from.min(block.until);
        }
    }

    /// The first event in that segment.
    pub(super) fn first_in(&self, segment: usize) -> Option<Seq> {
        let first = self.blocks.partition_point(|block| block.segment < segment);
        self.blocks.get(first).filter(|block| block.segment == segment).map(|block| block.first)
    }

    /// The number of the block in which event `seq` is, or would be; with which a way to it begins.
    pub(super) fn block_of(&self, seq: Seq) -> usize {
        self.blocks.partition_point(|block| block.first <= seq).saturating_sub(1)
    }

    /// The number of the last block that begins at `at` or before; `None` when even the first is later.
    pub(super) fn block_at(&self, at: Millis) -> Option<usize> {
        self.blocks.partition_point(|block| block.from <= at).checked_sub(1)
    }

    /// Puts a gap in its place; one that is there already is not put there again.
    pub(super) fn add_gap(&mut self, gap: Gap) {
        let of = |gap: &Gap| (gap.after, gap.offset);
        let from = self.gaps.partition_point(|known| of(known) < of(&gap));
        let place = self.gaps.partition_point(|known| of(known) <= of(&gap));
        if !self.gaps[from..place].contains(&gap) {
            self.gaps.insert(place, gap);
        }
    }
}
