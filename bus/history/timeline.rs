//! Any moment of a journal: the fold of its events up to there.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ahead::{Read, read_ahead};
use super::content::{Content, Place};
use super::files::Files;
use super::lookup::decoded;
use super::map::{Gap, GapKind, Map};
use super::scan::Scan;
use super::shelf::{Mark, Shelf, Stamps};
use super::walk::{Passed, Walk};
use crate::event::Recorded;
use crate::journal::line::{Parts, anchor};
use crate::journal::{Chain, snapshots};
use crate::name::Seq;
use crate::state::State;

/// How many events it is from one snapshot to the next, for what costs a few microseconds an event: what is folded
/// between them takes less time than a person notices.
pub const APART: u64 = 8_192;

/// So many events before the one that was gone to, a fold is put aside: a step back begins there.
const ASIDE: u64 = 128;

/// How many folds are put aside.
const PUT_ASIDE: usize = 2;

/// So many events are folded before progress is told.
const TELL_EVERY: u64 = 4_096;

/// So many events are folded before the clock is looked at.
const LOOK_EVERY: u64 = 256;

/// What is folded from events, and can be written down.
pub trait Fold: Clone + Serialize + DeserializeOwned {
    /// Takes the next event in.
    fn apply(&mut self, recorded: Recorded);
}

impl Fold for State {
    fn apply(&mut self, recorded: Recorded) {
        Self::apply(self, &recorded);
    }
}

/// What is folded of a journal.
#[derive(Debug, Clone)]
pub struct Folding<F> {
    /// A fold of nothing.
    pub empty: F,
    /// Names what it is, and changes when its written form does: snapshots of another form are made anew.
    pub form: String,
    /// How many events it is from one snapshot to the next; see [`APART`].
    pub apart: u64,
}

/// How far something has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// So much is done.
    pub done: u64,
    /// Of so much.
    pub all: u64,
}

/// A fold, and the last event in it.
#[derive(Debug, Clone)]
struct At<F> {
    seq: Seq,
    fold: F,
}

/// How far the snapshots reach, and with what they go on.
#[derive(Debug)]
struct Edge<F> {
    at: At<F>,
    /// The digest of that event's line; `None` behind a line that is none.
    chain: Option<Chain>,
    /// What was found to be wrong since the last snapshot.
    gaps: Vec<Gap>,
    /// How many events are folded since the last snapshot.
    since: u64,
}

/// See the [module](self).
///
/// A position is the number of the last event that is folded; 0 is before all of them. Lines that are no events are
/// passed over, as are those that this version can not read; both are [gaps](Gap).
#[derive(Debug)]
pub struct Timeline<F> {
    pub(super) files: Files,
    scan: Scan,
    pub(super) map: Arc<Map>,
    folding: Folding<F>,
    shelf: Shelf,
    edge: Edge<F>,
    content: Content,
    aside: Vec<At<F>>,
}

impl<F: Fold> Timeline<F> {
    /// Opens a journal: one path is its active file, with the archived segments beside it; several are just these
    /// segments. All lines are looked at, at their ends only, of which `tell` hears; then `folding` says what is folded.
    ///
    /// Snapshots are kept in `<path>.replay`, or where that can not be, in a file without a name. Where there is no room for
    /// them, there are none.
    ///
    /// # Errors
    /// What the operating system says; [`io::ErrorKind::NotFound`] when there is no such journal.
    pub fn open(
        paths: &[PathBuf],
        tell: &mut dyn FnMut(Progress),
        folding: impl FnOnce(&Map) -> Folding<F>,
    ) -> io::Result<Self> {
        let files = Files::open(paths)?;
        let first = paths.first().ok_or(io::ErrorKind::InvalidInput)?;
        let (mut scan, mut map) = (Scan::new(), Map::default());
        let all = files.bytes()?;
        scan.go_on(&files, &mut map, &mut |done| tell(Progress { done, all: all.max(done) }))?;
        let folding = folding(&map);
        let shelf = Shelf::open(snapshots(first), &folding.form);
        let (map, edge) = (Arc::new(map), Edge::new(&folding.empty));
        let (content, aside) = (Content::default(), Vec::new());
        let mut timeline = Self { files, scan, map, folding, shelf, edge, content, aside };
        timeline.begin_at_the_edge()?;
        Ok(timeline)
    }

    /// What the journal holds, as far as it was looked at.
    pub fn map(&self) -> &Arc<Map> {
        &self.map
    }

    /// Looks whether the journal has grown; whether it has.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn refresh(&mut self) -> io::Result<bool> {
        if !self.files.refresh()? {
            return Ok(false);
        }
        let map = Arc::make_mut(&mut self.map);
        self.scan.go_on(&self.files, map, &mut |_| {})?;
        Ok(true)
    }

    /// The fold at the last event that is not after `seq`, and the number of that event. `tell` hears how many events are
    /// folded, now and then; when it gives `false`, there is none.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn go(&mut self, seq: Seq, tell: &mut dyn FnMut(Progress) -> bool) -> io::Result<Option<(F, Seq)>> {
        let at = self.nearest(seq)?;
        let walk = self.walk_from(at.seq.next());
        let Self { files, aside, .. } = self;
        thread::scope(|scope| {
            let events = read_ahead(scope, files, walk, at.seq.next()..=seq)?;
            fold(at, seq, events, aside, tell)
        })
    }

    /// The nearest fold that is there, at `seq` or before it.
    fn nearest(&mut self, seq: Seq) -> io::Result<At<F>> {
        let from = self.in_memory(seq).map_or(Seq(0), |at| at.seq);
        if let Some(mark) = self.shelf.nearest(seq).filter(|mark| mark.seq > from)
            && let Some(fold) = self.believed(mark)?
        {
            return Ok(At { seq: mark.seq, fold });
        }
        Ok(self
            .in_memory(seq)
            .cloned()
            .unwrap_or_else(|| At { seq: Seq(0), fold: self.folding.empty.clone() }))
    }

    fn in_memory(&self, seq: Seq) -> Option<&At<F>> {
        self.aside.iter().chain([&self.edge.at]).filter(|at| at.seq <= seq).max_by_key(|at| at.seq)
    }

    /// A snapshot, when it is one of this journal as it is now; else it is thrown away, and all after it, and they are
    /// made again.
    fn believed(&mut self, mark: Mark) -> io::Result<Option<F>> {
        let place = self.line_of(mark.seq)?.filter(|(chain, _)| *chain == mark.chain).map(|(_, place)| place);
        let fits = place.map_or(Ok(false), |place| self.fits(mark, place))?;
        let fold = if fits { self.shelf.get(mark.seq) } else { None };
        if fold.is_none() {
            // Where it is not even known what is wrong with a segment, no snapshot in it is believed.
            let first = place.filter(|_| !fits).and_then(|place| self.map.first_in(place.segment));
            self.shelf.drop_from(first.unwrap_or(mark.seq));
            self.edge = Edge::new(&self.folding.empty);
        }
        Ok(fold)
    }

    /// The digest that stands in the line of event `seq`, and where that line ends.
    fn line_of(&self, seq: Seq) -> io::Result<Option<(Chain, Place)>> {
        let mut walk = self.walk_from(seq);
        while let Some(passed) = walk.next(&self.files)? {
            match &passed.parts {
                Ok(parts) if parts.seq == seq => return Ok(Some((parts.chain, passed.end()))),
                Ok(parts) if parts.seq > seq => break,
                _ => {}
            }
        }
        Ok(None)
    }

    /// Whether a snapshot at `place` was made of these files.
    fn fits(&mut self, mark: Mark, place: Place) -> io::Result<bool> {
        let (before, own) = self.stamps(place.segment);
        if mark.stamps.before != before || !mark.stamps.tell_content() {
            return Ok(mark.stamps == Stamps { before, own });
        }
        if !self.content.is_proven(place.segment, mark.seq) {
            if self.content(place)? != mark.stamps.own {
                return Ok(false);
            }
            self.content.prove(place.segment, mark.seq);
        }
        Ok(true)
    }

    /// The stamps of the segments before one, and of that one, as they are now.
    fn stamps(&self, segment: usize) -> (u64, u64) {
        let first = self.map.first().map_or(Seq(0), |(first, _)| first);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&first.0.to_le_bytes());
        for before in self.files.segments.iter().take(segment) {
            hasher.update(&before.stamp());
        }
        let own = self.files.segments.get(segment);
        let own = own.map_or(0, |own| number(&blake3::hash(&own.stamp())) & !1);
        (number(&hasher.finalize()), own)
    }

    /// What is in a segment up to a line, as [`Stamps`] tell it.
    fn content(&mut self, place: Place) -> io::Result<u64> {
        let segment = self.files.segments.get(place.segment).ok_or(io::ErrorKind::NotFound)?;
        Ok(number(&self.content.digest(&segment.file, place)?) | 1)
    }

    pub(super) fn walk_from(&self, seq: Seq) -> Walk {
        let block = self.map.blocks.get(self.map.block_of(seq));
        block.map_or_else(Walk::new, Walk::from)
    }

    /// Goes on where the snapshots end that an earlier run has made, and takes over what it found to be wrong.
    fn begin_at_the_edge(&mut self) -> io::Result<()> {
        while let Some(mark) = self.shelf.last() {
            if let Some(fold) = self.believed(mark)? {
                self.edge = Edge {
                    at: At { seq: mark.seq, fold },
                    chain: Some(mark.chain),
                    gaps: Vec::new(),
                    since: 0,
                };
                break;
            }
        }
        let gaps = self.shelf.gaps();
        let map = Arc::make_mut(&mut self.map);
        for gap in gaps {
            map.add_gap(gap);
        }
        Ok(())
    }

    /// How far going anywhere is quick.
    pub fn indexed(&self) -> Seq {
        self.edge.at.seq
    }

    /// Makes snapshots of what has none, for about so long; whether there is more to do. On its way it checks that each
    /// line can be read, and follows the one before it; what does not is a gap on the map, then.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn index(&mut self, during: Duration) -> io::Result<bool> {
        let begun = Instant::now();
        let first = self.edge.at.seq.next();
        let mut walk = self.walk_from(first);
        let mut count = 0_u64;
        while let Some(passed) = walk.next(&self.files)? {
            let Ok(parts) = &passed.parts else {
                self.edge.chain = None;
                continue;
            };
            if parts.seq < first {
                continue;
            }
            let (seq, chain, place) = (parts.seq, parts.chain, passed.end());
            if let Some(gap) = self.edge.take(parts, &passed, &self.files) {
                Arc::make_mut(&mut self.map).add_gap(gap);
            }
            self.keep(seq, chain, place)?;
            count += 1;
            if count.is_multiple_of(LOOK_EVERY) && begun.elapsed() >= during {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes a snapshot at the edge, when it is time for one.
    fn keep(&mut self, seq: Seq, chain: Chain, place: Place) -> io::Result<()> {
        if self.edge.since < self.folding.apart || self.shelf.last().is_some_and(|last| last.seq >= seq) {
            return Ok(());
        }
        self.edge.since = 0;
        let (before, mut own) = self.stamps(place.segment);
        if !self.files.segments.get(place.segment).is_some_and(|own| own.complete) {
            own = self.content(place)?;
            self.content.prove(place.segment, seq);
        }
        let mark = Mark { seq, chain, stamps: Stamps { before, own } };
        self.shelf.put(mark, &std::mem::take(&mut self.edge.gaps), &self.edge.at.fold);
        Ok(())
    }

    /// How many bytes the snapshots take.
    pub fn shelf_bytes(&self) -> u64 {
        self.shelf.bytes()
    }
}

/// Folds the events up to `seq`; see [`Timeline::go`].
fn fold<F: Fold>(
    mut at: At<F>,
    seq: Seq,
    events: Receiver<io::Result<Vec<Read>>>,
    aside: &mut Vec<At<F>>,
    tell: &mut dyn FnMut(Progress) -> bool,
) -> io::Result<Option<(F, Seq)>> {
    let (start, put_aside_at) = (at.seq, Seq(seq.0.saturating_sub(ASIDE)));
    let mut passed = 0;
    for batch in events {
        for (number, recorded) in batch? {
            if at.seq <= put_aside_at && number > put_aside_at && passed > ASIDE {
                put_aside(aside, &at);
            }
            at.take(number, recorded);
            passed += 1;
            let done = number.0.saturating_sub(start.0);
            let all = seq.0.saturating_sub(start.0);
            if passed % TELL_EVERY == 0 && !tell(Progress { done, all }) {
                return Ok(None);
            }
        }
    }
    Ok(Some((at.fold, at.seq)))
}

impl<F: Fold> At<F> {
    /// Folds an event. One that can not be read has its number all the same.
    fn take(&mut self, seq: Seq, recorded: Option<Recorded>) {
        self.seq = seq;
        if let Some(recorded) = recorded {
            self.fold.apply(recorded);
        }
    }
}

impl<F: Fold> Edge<F> {
    fn new(empty: &F) -> Self {
        Self { at: At { seq: Seq(0), fold: empty.clone() }, chain: None, gaps: Vec::new(), since: 0 }
    }

    /// Folds an event, and tells what is wrong with its line.
    fn take(&mut self, parts: &Parts<'_>, passed: &Passed<'_>, files: &Files) -> Option<Gap> {
        let (after, read) = (self.at.seq, decoded(passed.line));
        // What the first line of all follows stands in itself.
        let before = if after == Seq(0) { anchor(passed.line) } else { self.chain };
        let is_next = after == Seq(0) || parts.seq == after.next();
        let follows = !is_next || before.is_none_or(|before| parts.follows(before));
        let kind = match &read {
            Err(error) => Some(GapKind::Bad(error.to_string())),
            Ok(_) => (!follows).then_some(GapKind::Changed),
        };
        self.at.take(parts.seq, read.ok());
        self.chain = Some(parts.chain);
        self.since += 1;
        let gap = passed.gap(kind?, parts, after, files);
        self.gaps.push(gap.clone());
        Some(gap)
    }
}

impl Passed<'_> {
    /// Where the line ends that comes before another.
    fn end(&self) -> Place {
        Place { segment: self.segment, end: self.offset + self.line.len() as u64 + 1 }
    }

    /// This line, about which something is wrong.
    fn gap(&self, kind: GapKind, parts: &Parts<'_>, after: Seq, files: &Files) -> Gap {
        let path = files.segments.get(self.segment).map(|segment| segment.path.clone()).unwrap_or_default();
        let bytes = if kind == GapKind::Changed { 0 } else { self.line.len() as u64 + 1 };
        let (at, offset) = (parts.at, self.offset);
        Gap { after, before: Some(parts.seq), at, kind, path, offset, bytes, lines: 1 }
    }
}

fn number(digest: &blake3::Hash) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&digest.as_bytes()[..8]);
    u64::from_le_bytes(first)
}

fn put_aside<F: Clone>(aside: &mut Vec<At<F>>, at: &At<F>) {
    aside.retain(|known| known.seq != at.seq);
    if aside.len() >= PUT_ASIDE {
        aside.remove(0);
    }
    aside.push(at.clone());
}
