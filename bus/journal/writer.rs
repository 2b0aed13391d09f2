//! The journal's only writer.

use std::collections::VecDeque;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use super::line::{self, Chain};
use super::lock::{LockError, LockFile};
use super::recover::{self, Active};
use super::segment::{Archive, archive_path, archives, beside, folder, lock_path, sync_folder};
use super::snapshots::remove_snapshots;
use super::sync::{OnSynced, Syncer};
use super::{JournalError, Options, Recovery};
use crate::event::Recorded;
use crate::name::Seq;
use crate::os;
use crate::time::Millis;

/// Space is set aside in steps of so many bytes.
const RESERVE_STEP: u64 = 4 << 20;
/// A buffer that one large batch has grown beyond this is given back after it.
const KEEP_CAPACITY: usize = 1 << 20;

/// The journal, for the one that writes it.
///
/// Events are appended to a buffer ([`Self::append`]), written together ([`Self::write`]), and synced together in the
/// background ([`Self::request_sync`]). Dropping it ends the background thread after its last request, gives back the
/// space that was set aside, and unlocks it; what was appended and not written is gone.
pub struct Journal {
    pending: Vec<u8>,
    /// How much of `pending` a write that failed half way has already written.
    done: usize,
    chain: Chain,
    next: Seq,
    /// The last event that is wholly written.
    written: Seq,
    store: Store,
}

/// Where it goes.
enum Store {
    Disk(Disk),
    /// Nowhere: logging is switched off.
    Memory(OnSynced),
}

/// The files. Fields are dropped in this order: the lock last.
struct Disk {
    syncer: Syncer,
    file: Arc<File>,
    options: Options,
    archives: VecDeque<Archive>,
    /// What is appended to the active segment; its bytes are those written.
    active: Active,
    /// How far space in the active segment is set aside, in bytes from its beginning.
    reserved: u64,
    _lock: LockFile,
}

impl Journal {
    /// Takes the journal over: locks it, reads what a recovery needs, feeds it to `fold` in order, and cuts off what a
    /// crash left at its end. The caller then appends what a new start has to say, first a checkpoint when
    /// [`Self::at_segment_start`] tells that the segment is empty.
    ///
    /// `on_synced` is told, on another thread, how each sync that was asked for ended: the last event that it covers, or
    /// why it failed. It should not wait for anything that needs this journal.
    ///
    /// # Errors
    /// A [`JournalError`] when another holds it, it is not ours, it is no journal, or the disk fails.
    pub fn open(
        options: Options,
        on_synced: impl Fn(io::Result<Seq>) + Send + 'static,
        fold: &mut dyn FnMut(Recorded),
    ) -> Result<(Self, Recovery), JournalError> {
        let path = &options.path;
        let failed = |source| JournalError::Io { path: path.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(folder(path)).map_err(failed)?;
        let lock = LockFile::acquire(&beside(path, "lock"))?;
        let file = os::open_private(path, OpenOptions::new().read(true).append(true).create(true))?;
        let archives = archives(path).map_err(failed)?;
        archives.iter().try_for_each(|archive| os::check_owner(&archive.path))?;
        sync_folder(path).map_err(failed)?;
        let found = recover::recover(path, &file, fold)?;
        let syncer = Syncer::start(Box::new(on_synced)).map_err(failed)?;
        let last = found.recovery.last.map_or(Seq(0), |(last, _)| last);
        let disk = Disk {
            syncer,
            file: Arc::new(file),
            archives: archives.into(),
            active: found.active,
            reserved: found.active.bytes,
            options,
            _lock: lock,
        };
        Ok((Self::new(found.chain, last, Store::Disk(disk)), found.recovery))
    }

    /// A journal that keeps nothing: writing and syncing always succeed at once, and `on_synced` is called by
    /// [`Self::request_sync`] itself.
    pub fn memory(on_synced: impl Fn(io::Result<Seq>) + Send + 'static) -> Self {
        Self::new(Chain::GENESIS, Seq(0), Store::Memory(Box::new(on_synced)))
    }

    fn new(chain: Chain, last: Seq, store: Store) -> Self {
        Self { pending: Vec::new(), done: 0, chain, next: last.next(), written: last, store }
    }

    /// Whether anything outlives the process.
    pub fn is_durable(&self) -> bool {
        matches!(self.store, Store::Disk(_))
    }

    /// The number that the next event gets.
    pub fn next_seq(&self) -> Seq {
        self.next
    }

    /// The digest of the last event that was appended: what a checkpoint puts down as `previous`.
    pub fn chain(&self) -> Chain {
        self.chain
    }

    /// The last event that is wholly written; 0 when there is none.
    pub fn written(&self) -> Seq {
        self.written
    }

    /// Whether the next event is the first of its segment, and should be a checkpoint.
    pub fn at_segment_start(&self) -> bool {
        self.pending.is_empty() && self.disk().is_some_and(|disk| disk.active.bytes == 0)
    }

    /// Appends an event, whose number should be [`Self::next_seq`], to what is to be written. Gives the place of its
    /// line, line break and all, in [`Self::pending`].
    pub fn append(&mut self, recorded: &Recorded) -> Range<usize> {
        let start = self.pending.len();
        self.chain = line::encode(&mut self.pending, self.chain, recorded);
        self.next = recorded.seq.next();
        if let Store::Disk(disk) = &mut self.store {
            disk.active.lines += 1;
            disk.active.first.get_or_insert((recorded.seq, recorded.at));
        }
        start..self.pending.len()
    }

    /// What was appended since the last write that succeeded.
    pub fn pending(&self) -> &[u8] {
        &self.pending
    }

    /// Writes what is pending. After a failure all of it stays pending, and the next call goes on where this one
    /// stopped, in the middle of a line if need be.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn write(&mut self) -> io::Result<()> {
        while let Store::Disk(disk) = &mut self.store
            && self.done < self.pending.len()
        {
            let count = disk.write(&self.pending[self.done..])?;
            self.done += count;
        }
        self.pending.clear();
        self.pending.shrink_to(KEEP_CAPACITY);
        self.done = 0;
        self.written = Seq(self.next.0 - 1);
        Ok(())
    }

    /// Makes sure that `bytes` more than what is written and pending have a place on the disk.
    ///
    /// # Errors
    /// What the operating system says, [`io::ErrorKind::StorageFull`] above all.
    pub fn reserve(&mut self, bytes: u64) -> io::Result<()> {
        let pending = (self.pending.len() - self.done) as u64;
        self.disk_mut().map_or(Ok(()), |disk| disk.reserve(pending.saturating_add(bytes)))
    }

    /// Whether it is time for another segment. A segment of one event never is full: it holds no more than the
    /// checkpoint that any other would begin with.
    pub fn segment_is_full(&self, now: Millis) -> bool {
        let Some(Disk { active, options, .. }) = self.disk() else { return false };
        let bytes = active.bytes + (self.pending.len() - self.done) as u64;
        let old = active.first.is_some_and(|(_, at)| now.since(at) >= options.segment_age);
        active.lines > 1 && (bytes >= options.segment_bytes || old)
    }

    /// Archives the active segment, synced and without the space that was set aside, and begins another. What is
    /// pending is written first. Does nothing while the segment is empty.
    ///
    /// # Errors
    /// What the operating system says; the journal then goes on in the segment that it had.
    pub fn rotate(&mut self) -> io::Result<()> {
        self.write()?;
        self.disk_mut().map_or(Ok(()), Disk::rotate)
    }

    /// Removes the oldest archives that are more than were asked for ([`Options::keep`]), but none with `since` or a
    /// later event in it. Gives how many are gone.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn prune(&mut self, since: Seq) -> io::Result<usize> {
        let next = self.next;
        self.disk_mut().map_or(Ok(0), |disk| disk.prune(since, next))
    }

    /// Asks for everything that is written to be synced, without waiting. Requests that come while a sync is under way
    /// are served together by the next one.
    pub fn request_sync(&mut self) {
        match &self.store {
            Store::Disk(disk) => disk.syncer.request(&disk.file, self.written),
            Store::Memory(on_synced) => on_synced(Ok(self.written)),
        }
    }

    /// Syncs everything that is written, now. `on_synced` is not told.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn sync_now(&mut self) -> io::Result<()> {
        self.disk().map_or(Ok(()), |disk| disk.file.sync_data())
    }

    /// The first event that is still there; `None` when nothing is kept.
    pub fn oldest(&mut self) -> Option<Seq> {
        let disk = self.disk_mut()?;
        disk.forget_gone();
        let archived = disk.archives.front().map(|archive| archive.first);
        archived.or(disk.active.first.map(|(first, _)| first))
    }

    fn disk(&self) -> Option<&Disk> {
        match &self.store {
            Store::Disk(disk) => Some(disk),
            Store::Memory(_) => None,
        }
    }

    fn disk_mut(&mut self) -> Option<&mut Disk> {
        match &mut self.store {
            Store::Disk(disk) => Some(disk),
            Store::Memory(_) => None,
        }
    }
}

impl Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.file.as_ref().write(bytes) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                self.active.bytes += count as u64;
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
            Err(error) => Err(error),
        }
    }

    fn reserve(&mut self, bytes: u64) -> io::Result<()> {
        let needed = self.active.bytes.saturating_add(bytes);
        let from = self.reserved.max(self.active.bytes);
        if needed <= from {
            return Ok(());
        }
        let generous = needed.checked_next_multiple_of(RESERVE_STEP).unwrap_or(needed);
        // On a disk that is nearly full, what is needed may still fit where a whole step does not.
        let reserved = match os::preallocate(&self.file, from, generous - from) {
            Ok(()) => generous,
            Err(_) => os::preallocate(&self.file, from, needed - from).map(|()| needed)?,
        };
        self.reserved = reserved;
        Ok(())
    }

    /// Gives back the space that was set aside and not used.
    fn trim(&self) -> io::Result<()> {
        if self.reserved > self.active.bytes { self.file.set_len(self.active.bytes) } else { Ok(()) }
    }

    fn rotate(&mut self) -> io::Result<()> {
        let Some((first, _)) = self.active.first else { return Ok(()) };
        self.trim()?;
        self.reserved = self.active.bytes;
        self.file.sync_all()?;
        let path = archive_path(&self.options.path, first);
        let archive = Archive { first, path: path.clone(), packing: None };
        if archive.is_there() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} exists", path.display())));
        }
        std::fs::rename(&self.options.path, &path)?;
        let file = begin(&self.options.path).inspect_err(|_| undo(&self.options.path, &path))?;
        self.file = Arc::new(file);
        self.active = Active::default();
        self.reserved = 0;
        self.archives.push_back(archive);
        Ok(())
    }

    fn prune(&mut self, since: Seq, next: Seq) -> io::Result<usize> {
        let active = self.active.first.map_or(next, |(first, _)| first);
        self.forget_gone();
        if self.options.keep == 0 || self.archives.len() <= self.options.keep {
            return Ok(0);
        }
        let _lock = match LockFile::acquire(&lock_path(&self.options.path)) {
            Ok(lock) => lock,
            // Somebody is at them. After the next rotation there is another opportunity.
            Err(LockError::Held { .. }) => return Ok(0),
            Err(error) => return Err(io::Error::other(error)),
        };
        let mut gone = 0;
        while self.archives.len() > self.options.keep {
            let end = self.archives.get(1).map_or(active, |archive| archive.first);
            let Some(oldest) = self.archives.front().filter(|_| end <= since) else { break };
            if gone == 0 {
                remove_snapshots(&self.options.path, &self.archives)?;
            }
            oldest.remove()?;
            self.archives.pop_front();
            gone += 1;
        }
        Ok(gone)
    }

    /// Takes note of what the operator has removed.
    fn forget_gone(&mut self) {
        while self.archives.front().is_some_and(|oldest| !oldest.is_there()) {
            self.archives.pop_front();
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Space that stays set aside is given back at the next start or rotation; it harms nobody.
        let _ = self.trim();
    }
}

/// Makes the new active file. It and the rename before it survive a power failure.
fn begin(path: &Path) -> io::Result<File> {
    let file = os::open_private(path, OpenOptions::new().read(true).append(true).create_new(true))?;
    sync_folder(path)?;
    Ok(file)
}

/// Puts the archived file back in its place, on which there is at most an empty new one.
fn undo(path: &Path, archive: &Path) {
    // If even that fails, the next start finds an archive and no active file, and goes on from there.
    let _ = std::fs::rename(archive, path);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Stopped};
    use crate::journal::verify;

    fn append(journal: &mut Journal) -> Range<usize> {
        let event = Event::Stopped(Stopped { pid: 1 });
        journal.append(&Recorded { seq: journal.next_seq(), at: Millis(1), event })
    }

    #[test]
    fn a_write_that_fails_half_way_is_continued() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let options =
            Options { path: path.clone(), segment_bytes: 1, segment_age: std::time::Duration::MAX, keep: 0 };
        let (mut journal, _) = Journal::open(options, |_| (), &mut |_| ()).unwrap();
        append(&mut journal);
        journal.write().unwrap();
        let ranges = [(); 3].map(|()| append(&mut journal));
        let all = journal.pending().to_vec();
        // The disk takes one line and a half; then it takes nothing.
        let half = ranges[1].start + 20;
        let read_only = Arc::new(File::open(&path).unwrap());
        let disk = journal.disk_mut().unwrap();
        assert_eq!(disk.write(&all[..half]).unwrap(), half);
        let file = std::mem::replace(&mut disk.file, read_only);
        journal.done = half;
        assert!(journal.write().is_err());
        assert_eq!((journal.pending(), journal.written()), (all.as_slice(), Seq(1)));
        let last = append(&mut journal);
        assert_eq!((last.start, &journal.pending()[..all.len()]), (all.len(), all.as_slice()));
        journal.disk_mut().unwrap().file = file;
        journal.write().unwrap();
        assert_eq!((journal.written(), verify(&path).unwrap().lines), (Seq(5), 5));
        assert_eq!(journal.disk().unwrap().active.bytes, std::fs::metadata(&path).unwrap().len());
    }
}
