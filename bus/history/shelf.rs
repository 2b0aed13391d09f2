//! Snapshots of a fold in a file beside the journal, so that a fold may begin in the middle. They only save time: each is
//! checked against the journal before it is believed, and what does not fit is thrown away and made again. So nothing
//! that goes wrong with them, a full disk above all, is an error: there are no more snapshots then.
//!
//! ```text
//! veda-bus replay 1 <what is folded>\n
//! <event 8><digest of its line 16><stamps 16><bytes of gaps 4><bytes of the fold 4><blake3 of both 32><gaps><fold, zstd> …
//! ```

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::map::Gap;
use crate::journal::{Chain, SNAPSHOTS_BEGIN, check_room, read_up_to, take_over_snapshots};
use crate::name::Seq;

const HEAD: usize = 8 + 16 + 16 + 4 + 4 + 32;

/// No snapshot is longer, packed or not: what says so was not written here.
const LONGEST: usize = 1 << 30;

/// The cheapest: what is saved by more work is less than the work.
const LEVEL: i32 = 1;

/// Where a snapshot was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// After this event.
    pub(super) seq: Seq,
    /// The digest of that event's line, which is one over all lines before it.
    pub(super) chain: Chain,
    pub(super) stamps: Stamps,
}

/// Tells files from ones that were changed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Stamps {
    /// The segments before the one that the event is in, and with which event they begin.
    pub(super) before: u64,
    /// The segment that it is in. That of one that was still written is odd, and tells what is in it up to that event; of
    /// any other it is even.
    pub(super) own: u64,
}

impl Stamps {
    /// Whether they tell what is in the own segment, rather than which file it is.
    pub(super) fn tell_content(self) -> bool {
        self.own % 2 == 1
    }
}

#[derive(Debug, Clone, Copy)]
struct Kept {
    mark: Mark,
    /// Where its gaps begin, behind which its fold is.
    offset: u64,
    gaps: u32,
    bytes: u32,
    digest: [u8; 32],
}

impl Kept {
    fn length(&self) -> u64 {
        u64::from(self.gaps) + u64::from(self.bytes)
    }
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Shelf {
    path: PathBuf,
    headline: String,
    /// Made when there is something to put into it.
    file: Option<File>,
    kept: Vec<Kept>,
    /// Where the next snapshot goes.
    end: u64,
    /// No more are made, because one could not be.
    is_closed: bool,
}

impl Shelf {
    /// The file at `path` with snapshots of what `form` names, when there is one; else it is made with the first snapshot.
    pub(super) fn open(path: PathBuf, form: &str) -> Self {
        let headline = format!("{SNAPSHOTS_BEGIN}1 {form}\n");
        let file = if path.exists() { take_over_snapshots(&path) } else { None };
        let mut shelf = Self { path, headline, file, kept: Vec::new(), end: 0, is_closed: false };
        if shelf.file.is_some() {
            let begun = shelf.read().and_then(|is_ours| if is_ours { Ok(()) } else { shelf.begin() });
            shelf.close_unless(begun);
        }
        shelf
    }

    fn close_unless(&mut self, done: io::Result<()>) {
        if let Err(error) = done {
            tracing::warn!("no more snapshots are kept in {}: {error}", self.path.display());
            self.is_closed = true;
        }
    }

    /// Where it can not be kept beside the journal, because another process has it, nobody may write there, or something else
    /// has its name, it is a file without a name, and gone when this is.
    fn file(&mut self) -> io::Result<&File> {
        if self.file.is_none() {
            self.file = Some(take_over_snapshots(&self.path).map_or_else(tempfile::tempfile, Ok)?);
            self.begin()?;
        }
        self.file.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Empties it.
    fn begin(&mut self) -> io::Result<()> {
        self.kept.clear();
        self.end = self.headline.len() as u64;
        let Some(file) = &self.file else { return Ok(()) };
        file.set_len(0)?;
        file.write_all_at(self.headline.as_bytes(), 0)
    }

    /// Finds out what there is; whether the file is one of ours.
    fn read(&mut self) -> io::Result<bool> {
        let Some(file) = &self.file else { return Ok(false) };
        let mut found = vec![0; self.headline.len()];
        let read = read_up_to(file, &mut found, 0)?;
        if found[..read] != *self.headline.as_bytes() {
            return Ok(false);
        }
        let length = file.metadata()?.len();
        self.end = self.headline.len() as u64;
        while let Some(kept) = head_at(file, self.end)? {
            let end = kept.offset + kept.length();
            if end > length || self.kept.last().is_some_and(|before| before.mark.seq >= kept.mark.seq) {
                break;
            }
            self.kept.push(kept);
            self.end = end;
        }
        Ok(true)
    }

    /// The last snapshot at event `seq` or before it.
    pub(super) fn nearest(&self, seq: Seq) -> Option<Mark> {
        let place = self.kept.partition_point(|kept| kept.mark.seq <= seq);
        place.checked_sub(1).map(|place| self.kept[place].mark)
    }

    /// The last of all.
    pub(super) fn last(&self) -> Option<Mark> {
        self.kept.last().map(|kept| kept.mark)
    }

    /// Throws away the snapshot at event `seq` and all after it.
    pub(super) fn drop_from(&mut self, seq: Seq) {
        let place = self.kept.partition_point(|kept| kept.mark.seq < seq);
        if let Some(first) = self.kept.get(place) {
            self.end = first.offset - HEAD as u64;
            self.kept.truncate(place);
            self.cut();
        }
    }

    /// Gives back what is behind the last snapshot.
    fn cut(&mut self) {
        let cut = self.file.as_ref().map_or(Ok(()), |file| file.set_len(self.end));
        self.close_unless(cut);
    }

    /// The snapshot at event `seq`; `None` when there is none that can be read.
    pub(super) fn get<F: DeserializeOwned>(&self, seq: Seq) -> Option<F> {
        let place = self.kept.binary_search_by_key(&seq, |kept| kept.mark.seq).ok()?;
        let kept = self.kept[place];
        let written = self.written(&kept)?;
        let packed = &written[kept.gaps as usize..];
        let bytes = zstd::bulk::decompress(packed, unpacked_length(packed)).ok()?;
        postcard::from_bytes(&bytes).ok()
    }

    /// What was found to be wrong with the journal while these snapshots were taken.
    pub(super) fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for kept in self.kept.iter().filter(|kept| kept.gaps > 0) {
            let written = self.written(kept);
            let found: Option<Vec<Gap>> =
                written.and_then(|bytes| postcard::from_bytes(&bytes[..kept.gaps as usize]).ok());
            gaps.extend(found.unwrap_or_default());
        }
        gaps
    }

    /// The bytes of a snapshot, when they are those that were written.
    fn written(&self, kept: &Kept) -> Option<Vec<u8>> {
        let file = self.file.as_ref()?;
        let length = usize::try_from(kept.length()).unwrap_or(LONGEST).min(LONGEST);
        let mut bytes = vec![0; length];
        let read = read_up_to(file, &mut bytes, kept.offset).ok()?;
        let is_whole = read as u64 == kept.length() && *blake3::hash(&bytes).as_bytes() == kept.digest;
        is_whole.then_some(bytes)
    }

    /// Keeps a snapshot that was taken after all others, with what was found to be wrong since the one before.
    pub(super) fn put<F: Serialize>(&mut self, mark: Mark, gaps: &[Gap], fold: &F) {
        if self.is_closed {
            return;
        }
        let written = self.write(mark, gaps, fold);
        if written.is_err() {
            self.close_unless(written);
            self.cut();
        }
    }

    fn write<F: Serialize>(&mut self, mark: Mark, gaps: &[Gap], fold: &F) -> io::Result<()> {
        let gaps =
            if gaps.is_empty() { Vec::new() } else { postcard::to_stdvec(gaps).map_err(io::Error::other)? };
        let packed = zstd::bulk::compress(&postcard::to_stdvec(fold).map_err(io::Error::other)?, LEVEL)?;
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(io::Error::other);
        let (gap_bytes, bytes) = (length(&gaps)?, length(&packed)?);
        let digest = *blake3::Hasher::new().update(&gaps).update(&packed).finalize().as_bytes();
        let mut written = Vec::with_capacity(HEAD + gaps.len() + packed.len());
        written.extend_from_slice(&mark.seq.0.to_le_bytes());
        written.extend_from_slice(mark.chain.as_bytes());
        written.extend_from_slice(&mark.stamps.before.to_le_bytes());
        written.extend_from_slice(&mark.stamps.own.to_le_bytes());
        written.extend_from_slice(&gap_bytes.to_le_bytes());
        written.extend_from_slice(&bytes.to_le_bytes());
        written.extend_from_slice(&digest);
        written.extend_from_slice(&gaps);
        written.extend_from_slice(&packed);
        check_room(self.file()?, written.len() as u64)?;
        let end = self.end;
        self.file()?.write_all_at(&written, end)?;
        self.kept.push(Kept { mark, offset: end + HEAD as u64, gaps: gap_bytes, bytes, digest });
        self.end += written.len() as u64;
        Ok(())
    }

    /// How many bytes it takes.
    pub(super) fn bytes(&self) -> u64 {
        self.end
    }
}

/// How long the snapshot is when it is unpacked, as its frame says.
fn unpacked_length(packed: &[u8]) -> usize {
    let told = zstd::zstd_safe::get_frame_content_size(packed).ok().flatten();
    told.and_then(|told| usize::try_from(told).ok()).unwrap_or_default().min(LONGEST)
}

fn taken<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    let mut first = [0; N];
    first.copy_from_slice(&bytes[..N]);
    (first, &bytes[N..])
}

/// What stands before a snapshot.
fn head_at(file: &File, offset: u64) -> io::Result<Option<Kept>> {
    let mut head = [0; HEAD];
    if read_up_to(file, &mut head, offset)? < HEAD {
        return Ok(None);
    }
    let (seq, rest) = taken::<8>(&head);
    let (chain, rest) = taken::<16>(rest);
    let (before, rest) = taken::<8>(rest);
    let (own, rest) = taken::<8>(rest);
    let (gaps, rest) = taken::<4>(rest);
    let (bytes, rest) = taken::<4>(rest);
    let (digest, _) = taken::<32>(rest);
    let stamps = Stamps { before: u64::from_le_bytes(before), own: u64::from_le_bytes(own) };
    let seq = Seq(u64::from_le_bytes(seq));
    let mark = Mark { seq, chain: Chain::from_bytes(chain), stamps };
    let (gaps, bytes) = (u32::from_le_bytes(gaps), u32::from_le_bytes(bytes));
    Ok(Some(Kept { mark, offset: offset + HEAD as u64, gaps, bytes, digest }))
}
