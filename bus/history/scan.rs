//! Makes the [`Map`]: one look at every line, at its two ends only.

use std::io;
use std::path::PathBuf;

use super::files::Files;
use super::map::{Gap, GapKind, Map};
use super::walk::{Passed, Walk};
use crate::journal::line::Parts;
use crate::name::Seq;
use crate::time::Millis;

/// So many lines are looked at before progress is told.
const TELL_EVERY: u64 = 20_000;

/// A look that goes on when the files have grown.
#[derive(Debug)]
pub(super) struct Scan {
    walk: Walk,
    /// The last event, and when it was.
    last: Option<(Seq, Millis)>,
    /// The lines since then that are none.
    bad: Option<Run>,
    looked_at: u64,
}

/// Lines that are no events.
#[derive(Debug)]
struct Run {
    path: PathBuf,
    offset: u64,
    bytes: u64,
    lines: u64,
    why: String,
    /// Whether it is only the end of a file.
    torn: bool,
}

impl Scan {
    pub(super) fn new() -> Self {
        Self { walk: Walk::new(), last: None, bad: None, looked_at: 0 }
    }

    /// Looks at all lines that are there and were not looked at. `tell` hears how many bytes were.
    pub(super) fn go_on(
        &mut self,
        files: &Files,
        map: &mut Map,
        tell: &mut dyn FnMut(u64),
    ) -> io::Result<()> {
        let Self { walk, last, bad, looked_at } = self;
        // The end may have become a whole line since.
        map.gaps.retain(|gap| gap.before.is_some());
        while let Some(passed) = walk.next(files)? {
            map.bytes += passed.line.len() as u64 + 1;
            take(&passed, files, map, last, bad);
            *looked_at += 1;
            if looked_at.is_multiple_of(TELL_EVERY) {
                tell(map.bytes);
            }
        }
        self.end(files, map)
    }

    /// What is wrong with the end.
    fn end(&self, files: &Files, map: &mut Map) -> io::Result<()> {
        let (after, at) = self.last.unwrap_or_default();
        if let Some(run) = &self.bad {
            map.add_gap(run.gap(after, at, None));
        }
        let bytes = self.walk.unfinished(files)?;
        let (segment, offset) = self.walk.place();
        if let Some(segment) = files.segments.get(segment).filter(|_| bytes > 0) {
            let (path, kind) = (segment.path.clone(), GapKind::Torn);
            map.add_gap(Gap { after, before: None, at, kind, path, offset, bytes, lines: 1 });
        }
        Ok(())
    }
}

fn take(
    passed: &Passed<'_>,
    files: &Files,
    map: &mut Map,
    last: &mut Option<(Seq, Millis)>,
    bad: &mut Option<Run>,
) {
    let path = || files.segments.get(passed.segment).map(|segment| segment.path.clone()).unwrap_or_default();
    match &passed.parts {
        Err(why) => {
            let run = bad.get_or_insert_with(|| Run {
                path: path(),
                offset: passed.offset,
                bytes: 0,
                lines: 0,
                why: why.clone(),
                torn: is_last_of(passed, files),
            });
            run.bytes += passed.line.len() as u64 + 1;
            run.lines += 1;
        }
        Ok(parts) => {
            let (after, at) = last.unwrap_or_default();
            if let Some(run) = bad.take() {
                map.add_gap(run.gap(after, at, Some(parts.seq)));
            } else if is_missing_before(parts, last.is_none(), after) {
                let (before, kind) = (Some(parts.seq), GapKind::Missing);
                let (path, offset) = (path(), passed.offset);
                map.add_gap(Gap { after, before, at, kind, path, offset, bytes: 0, lines: 0 });
            }
            map.push(parts, passed.line, passed.segment, passed.offset);
            *last = Some((parts.seq, at.max(parts.at)));
        }
    }
}

/// A journal whose oldest segments were removed begins with a checkpoint, and lacks nothing.
fn is_missing_before(parts: &Parts<'_>, is_first: bool, after: Seq) -> bool {
    if is_first { parts.seq != Seq(1) && parts.name != b"checkpoint" } else { parts.seq != after.next() }
}

/// Whether a line is the end of its file, and not ended by a line break.
fn is_last_of(passed: &Passed<'_>, files: &Files) -> bool {
    let length = |segment: &super::files::Segment| segment.file.metadata().ok().map(|found| found.len());
    let length = files.segments.get(passed.segment).and_then(length);
    length == Some(passed.offset + passed.line.len() as u64)
}

impl Run {
    fn gap(&self, after: Seq, at: Millis, before: Option<Seq>) -> Gap {
        let kind = if self.torn { GapKind::Torn } else { GapKind::Bad(self.why.clone()) };
        let Self { path, offset, bytes, lines, .. } = self;
        Gap { after, before, at, kind, path: path.clone(), offset: *offset, bytes: *bytes, lines: *lines }
    }
}
