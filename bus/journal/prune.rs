//! Which archived segments may go, and their going.
//!
//! A recovery begins at the segment in which the earliest event is that the newest checkpoint still needs; what lies
//! before is never read again. So it makes no difference to any bus, and none to the state that comes out of a restart.
//! What is left begins with a checkpoint, with the digest of the line before, so that it can be verified by itself.

use std::fs::Metadata;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::line::{self, Parts};
use super::lines::LONGEST_LINE;
use super::lock::LockFile;
use super::packed::{Packing, is_of_the_system};
use super::recover::needed;
use super::segment::{Archive, archives, beside, first_line_at, folder, lock_path, sync_folder};
use super::snapshots::remove_snapshots;
use crate::name::Seq;
use crate::os;
use crate::time::Millis;

/// How often a journal is looked at whose segments change meanwhile.
const LOOKS: usize = 8;

/// An archived segment, and whether it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The file.
    pub path: PathBuf,
    /// The number of its first event.
    pub first: Seq,
    /// How large the file is, in bytes.
    pub bytes: u64,
    /// When its first event was, if that can be read.
    pub from: Option<Millis>,
    /// What else is in it. Segments that begin late enough to stay are not read for it.
    pub contents: Option<Contents>,
    /// What becomes of it.
    pub fate: Fate,
    identity: Identity,
}

/// What a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Contents {
    /// How many of its lines are events.
    pub events: u64,
    /// When the last of them was.
    pub until: Option<Millis>,
    /// Whether that is how the segment ends, and nothing unreadable.
    pub ends_well: bool,
}

/// What becomes of a segment when the journal is pruned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It goes.
    Goes,
    /// It stays, for it does not lie wholly before the time.
    Late,
    /// It stays, for a recovery begins with this event.
    Needed(Seq),
    /// It stays, for the segment after it does not say the digest of the line before it: the journal could not be
    /// verified any more.
    Anchor,
}

/// The end of a journal that a recovery cut off, and kept aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The file.
    pub path: PathBuf,
    /// How large it is, in bytes.
    pub bytes: u64,
    /// When it was cut off.
    pub at: Millis,
}

/// What pruning a journal would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pruning {
    /// All archived segments, oldest first.
    pub segments: Vec<Segment>,
    /// The torn ends that were cut off before the time.
    pub torn: Vec<Torn>,
    /// How large the active file is, in bytes.
    pub active_bytes: u64,
}

impl Pruning {
    /// Looks at the journal whose active file is `path`: which segments lie wholly before `before`, and are not needed.
    ///
    /// # Errors
    /// What the operating system says; [`io::ErrorKind::NotFound`] when there is no such journal.
    pub fn of(path: &Path, before: Millis) -> io::Result<Self> {
        let mut looks = 1;
        loop {
            match Self::look(path, before) {
                // A segment was compressed, or removed, just before it was opened.
                Err(error) if error.kind() == io::ErrorKind::NotFound && looks < LOOKS => looks += 1,
                looked => return looked,
            }
        }
    }

    fn look(path: &Path, before: Millis) -> io::Result<Self> {
        let archives = archives(path)?;
        let beginnings = beginnings(path, &archives)?;
        if archives.is_empty() && !path.try_exists()? {
            return Err(io::ErrorKind::NotFound.into());
        }
        let mut segments = Vec::new();
        for (archive, beginning) in archives.iter().zip(&beginnings) {
            segments.push(segment(archive, beginning.at, before)?);
        }
        let needed = needed(path, &archives)?;
        judge(&mut segments, &beginnings, before, needed);
        let active_bytes = path.metadata().map_or(0, |metadata| metadata.len());
        Ok(Self { segments, torn: torn(path, before)?, active_bytes })
    }

    /// The segments that go, oldest first.
    pub fn going(&self) -> impl Iterator<Item = &Segment> {
        self.segments.iter().filter(|segment| segment.fate == Fate::Goes)
    }

    /// Removes the segments of the journal at `path` that go, oldest first, and, if that is wanted, the torn ends. Before the
    /// first of them, the snapshots of replays go, in which their texts are, too. What is gone already does no harm; nothing
    /// goes that is another file than it was.
    ///
    /// # Errors
    /// What the operating system says, or that a segment was compressed or replaced meanwhile. What has not gone is whole.
    pub fn remove(&self, path: &Path, with_torn: bool) -> io::Result<()> {
        let _lock = LockFile::wait(&lock_path(path)).map_err(io::Error::other)?;
        let there = archives(path)?;
        if self.going().next().is_some() {
            remove_snapshots(path, &there)?;
        }
        for segment in self.going() {
            let Some(archive) = there.iter().find(|archive| archive.first == segment.first) else { continue };
            if archive.path != segment.path
                || Identity::of(&archive.path.symlink_metadata()?) != segment.identity
            {
                let changed = format!("{} was changed meanwhile; look again", archive.path.display());
                return Err(io::Error::other(changed));
            }
            archive.remove()?;
        }
        for torn in self.torn.iter().filter(|_| with_torn) {
            match std::fs::remove_file(&torn.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        sync_folder(path)
    }
}

/// Which file it is, whatever has its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    bytes: u64,
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino(), bytes: metadata.len() }
    }
}

/// How a segment, archived or active, begins.
#[derive(Debug, Clone, Copy, Default)]
struct Beginning {
    first: Option<Seq>,
    at: Option<Millis>,
    /// Whether it can be verified without what is before it.
    is_anchor: bool,
}

impl Beginning {
    fn of(line: &[u8]) -> Self {
        let parts = Parts::of(line).ok();
        let anchor = line::anchor(line);
        let is_anchor = parts.zip(anchor).is_some_and(|(parts, previous)| parts.follows(previous));
        Self { first: parts.map(|parts| parts.seq), at: parts.map(|parts| parts.at), is_anchor }
    }
}

/// How all segments begin, the active one last.
fn beginnings(path: &Path, archives: &[Archive]) -> io::Result<Vec<Beginning>> {
    let paths = archives.iter().map(|archive| archive.path.as_path()).chain([path]);
    let of =
        |path: &Path| Ok(first_line_at(path)?.map_or_else(Beginning::default, |line| Beginning::of(&line)));
    paths.map(of).collect()
}

fn segment(archive: &Archive, from: Option<Millis>, before: Millis) -> io::Result<Segment> {
    let path = archive.path.clone();
    os::check_owner(&path)?;
    let metadata = path.metadata()?;
    let contents = from.is_none_or(|from| from < before).then(|| contents(&path)).transpose()?;
    let identity = Identity::of(&metadata);
    Ok(Segment {
        path,
        first: archive.first,
        bytes: metadata.len(),
        from,
        contents,
        fate: Fate::Late,
        identity,
    })
}

/// Says what becomes of each segment. `beginnings` has one more: that of the active file. Only the oldest go, so that
/// there is no hole: an archive's name says where it begins, whatever has become of its first line.
fn judge(segments: &mut [Segment], beginnings: &[Beginning], before: Millis, needed: Seq) {
    let active = beginnings.last().and_then(|active| active.first);
    let firsts: Vec<_> = segments.iter().skip(1).map(|next| Some(next.first)).chain([active]).collect();
    let mut may_go = 0;
    for ((segment, next), first) in segments.iter_mut().zip(&beginnings[1..]).zip(firsts) {
        let found = segment.contents.unwrap_or_default();
        // What can not be read was not after the event that comes next.
        let end = if found.ends_well { found.until } else { next.at };
        if end.is_none_or(|end| end >= before) {
            break;
        }
        let is_needed = first.is_none_or(|first| first > needed);
        segment.fate = if is_needed { Fate::Needed(needed) } else { Fate::Goes };
        may_go += usize::from(!is_needed);
    }
    for index in (0..may_go).rev().take_while(|index| !beginnings[index + 1].is_anchor) {
        segments[index].fate = Fate::Anchor;
    }
}

/// Reads a segment through once. A compressed one is not unpacked for it: there may be no room for that, and it may be
/// why somebody prunes.
fn contents(path: &Path) -> io::Result<Contents> {
    let file = std::fs::File::open(path)?;
    let mut lines = BufReader::with_capacity(
        128 * 1024,
        match Packing::of(path) {
            Some(packing) => packing.decoder(file)?,
            None => Box::new(file),
        },
    );
    let (mut found, mut line) = (Contents::default(), Vec::new());
    loop {
        line.clear();
        match lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(0) => return Ok(found),
            Ok(_) => {}
            Err(error) if is_of_the_system(&error) => return Err(error),
            Err(_) => return Ok(Contents { ends_well: false, ..found }),
        }
        let parts = Parts::of(&line);
        found.ends_well = parts.is_ok();
        if let Ok(parts) = parts {
            found.events += 1;
            found.until = Some(parts.at);
        } else if line.len() as u64 == LONGEST_LINE {
            return Ok(found);
        }
    }
}

/// The torn ends of the journal at `path` that were cut off before `before`, oldest first.
fn torn(path: &Path, before: Millis) -> io::Result<Vec<Torn>> {
    let prefix = beside(path, "torn-");
    let prefix = prefix.file_name().unwrap_or_default().as_encoded_bytes();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder(path))? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if !entry.file_name().as_encoded_bytes().starts_with(prefix) || !metadata.is_file() {
            continue;
        }
        let seconds = u64::try_from(metadata.mtime()).unwrap_or_default();
        let at = Millis(seconds.saturating_mul(1000));
        if at < before {
            found.push(Torn { path: entry.path(), bytes: metadata.len(), at });
        }
    }
    found.sort_by(|one, other| (one.at, &one.path).cmp(&(other.at, &other.path)));
    Ok(found)
}
