//! The files of a journal: archived segments, named after the number of their first event, and the active one.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::line;
use super::lines::Lines;
use super::packed::{self, Packing};
use crate::name::Seq;
use crate::time::Millis;

/// How much is read at a time from the end of a file.
const CHUNK: usize = 64 * 1024;

/// A segment that is written no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Archive {
    /// The number of its first event, as its name tells it.
    pub first: Seq,
    pub path: PathBuf,
    /// How it is compressed; `None` is not at all.
    pub(super) packing: Option<Packing>,
}

impl Archive {
    /// The paths that it may have, plain or compressed, the one that counts first.
    pub(super) fn paths(&self) -> impl Iterator<Item = PathBuf> {
        let plain = if self.packing.is_some() { self.path.with_extension("") } else { self.path.clone() };
        let packed = Packing::ALL.map(|packing| beside(&plain, packing.suffix()));
        std::iter::once(plain).chain(packed)
    }

    /// Opens it as [`open_segment`] does, compressed meanwhile or not; `None` when it is gone.
    ///
    /// # Errors
    /// What the operating system says, or that its name is a link to nothing.
    pub(crate) fn open(&self) -> io::Result<Option<File>> {
        for _ in 0..LOOKS {
            for path in self.paths() {
                match open_segment(&path) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    opened => return opened.map(Some),
                }
            }
            if !self.is_there() {
                return Ok(None);
            }
        }
        let path = self.path.display();
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{path} is a link to a file that is not there"),
        ))
    }

    /// How many bytes it takes on the disk; 0 when it is gone.
    pub(crate) fn length(&self) -> u64 {
        self.paths().find_map(|path| path.metadata().ok()).map_or(0, |found| found.len())
    }

    /// Whether it is still there, compressed meanwhile or not.
    pub(super) fn is_there(&self) -> bool {
        self.paths().any(|path| path.symlink_metadata().is_ok())
    }

    /// Removes it, compressed or not; that it is gone already is no failure. Whoever does that to archives, or compresses
    /// them, holds the [`lock_path`].
    pub(super) fn remove(&self) -> io::Result<()> {
        self.paths().try_for_each(|path| match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
    }
}

/// The lock of who removes or compresses archives of the journal at `path`: a segment that is removed while it is being
/// compressed would come back.
pub(super) fn lock_path(path: &Path) -> PathBuf {
    beside(path, "archives.lock")
}

/// `<path>.<suffix>`.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// The name that the active file at `path` gets when it is archived and `first` is its first event.
pub(super) fn archive_path(path: &Path, first: Seq) -> PathBuf {
    beside(path, &format!("{:012}", first.0))
}

/// The folder that a journal is in.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// How often an archive is tried that is compressed, or unpacked, while it is opened.
const LOOKS: usize = 4;

/// How often a folder is listed at most until two lists agree.
const LISTINGS: usize = 8;

/// The archived segments of the journal at `path`, oldest first, each once: where a segment is there plain and
/// compressed, the latter may not be finished. Nothing but their names is looked at.
pub(super) fn archives(path: &Path) -> io::Result<Vec<Archive>> {
    let mut found = listed(path)?;
    // While a segment is compressed, one file appears and then another goes. A long list is read in pieces, and may have
    // neither; the next one has the new file.
    for _ in 1..LISTINGS {
        let again = listed(path)?;
        if again == found {
            break;
        }
        found = again;
    }
    Ok(found)
}

fn listed(path: &Path) -> io::Result<Vec<Archive>> {
    let base = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.as_encoded_bytes();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder(path))? {
        let entry = entry?;
        if let Some((first, packing)) = archived(base, entry.file_name().as_encoded_bytes()) {
            found.push(Archive { first, path: entry.path(), packing });
        }
    }
    // `None` is the least: the plain file comes first, and stays.
    found.sort_by_key(|archive| (archive.first, archive.packing));
    found.dedup_by_key(|archive| archive.first);
    Ok(found)
}

/// The archived segments of the journal at `path`, oldest first, and its active file, open, as far as it is there. However
/// the journal is rotated meanwhile, nothing is missing between them.
pub(crate) fn segments(path: &Path) -> io::Result<(Vec<Archive>, Option<File>)> {
    let numbers = |archives: &[Archive]| archives.iter().map(|archive| archive.first).collect::<Vec<_>>();
    let mut before = archives(path)?;
    loop {
        let active = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            opened => Some(opened?),
        };
        let after = archives(path)?;
        if numbers(&before) == numbers(&after) {
            return Ok((after, active));
        }
        before = after;
    }
}

/// The journal that these paths name: one file, with the archived segments beside it, unless its name says that it is
/// compressed. `None` where they name segments, one by one.
pub fn named(paths: &[impl AsRef<Path>]) -> Option<&Path> {
    let [path] = paths else { return None };
    Some(path.as_ref()).filter(|path| Packing::of(path).is_none())
}

/// Segments that were named one by one, each once, in the order of their events. One that can not be read comes first.
pub fn in_order(paths: &[impl AsRef<Path>]) -> Vec<PathBuf> {
    let id = |path: &Path| path.metadata().ok().map(|found| (found.dev(), found.ino()));
    let first = |path: &Path| first_number_at(path).ok().flatten();
    let each = paths.iter().map(AsRef::as_ref).map(|path: &Path| (first(path), id(path), path.to_owned()));
    let mut each: Vec<_> = each.collect();
    each.sort();
    each.dedup_by(|one, other| one.1.is_some() && one.1 == other.1);
    each.into_iter().map(|(_, _, path)| path).collect()
}

/// The number of the first line of a segment that has one.
pub(crate) fn first_number(file: &File) -> io::Result<Option<Seq>> {
    let mut lines = Lines::at(0);
    while let Some(range) = lines.next(file, true)? {
        if let Some(seq) = line::seq_of(lines.bytes(range)) {
            return Ok(Some(seq));
        }
    }
    Ok(None)
}

/// How many bytes at a line's beginning hold its number and its time.
const FRONT: usize = 128;

/// The number and the time of the last line of a segment that has them.
pub(crate) fn last_event(file: &File) -> io::Result<Option<(Seq, Millis)>> {
    last_beginning(file, |start| {
        let mut front = [0; FRONT];
        let read = read_up_to(file, &mut front, start)?;
        Ok(line::front(&front[..read]).map(|front| (front.seq, front.at)))
    })
}

/// Where the last line of a file begins; at the end of the file, when that is a line break.
pub(crate) fn last_line_at(file: &File) -> io::Result<u64> {
    Ok(last_beginning(file, |start| Ok(Some(start)))?.unwrap_or(0))
}

/// What `find` gives for the last of the places where a line begins for which it gives something.
fn last_beginning<T>(file: &File, find: impl Fn(u64) -> io::Result<Option<T>>) -> io::Result<Option<T>> {
    let mut block = vec![0; CHUNK];
    let mut end = file.metadata()?.len();
    while end > 0 {
        let begin = end.saturating_sub(CHUNK as u64);
        let length = usize::try_from(end - begin).unwrap_or(CHUNK);
        let read = read_up_to(file, &mut block[..length], begin)?;
        let breaks = memchr::memrchr_iter(b'\n', &block[..read]).map(|at| begin + at as u64 + 1);
        for start in breaks.chain((begin == 0).then_some(0)) {
            if let Some(found) = find(start)? {
                return Ok(Some(found));
            }
        }
        end = begin;
    }
    Ok(None)
}

/// Whether the file at `path` may be one of a journal: it has an event at one of its ends, or nothing at all. Of a
/// compressed one only the beginning is looked at.
///
/// # Errors
/// What the operating system says.
pub fn is_of_a_journal(path: &Path) -> io::Result<bool> {
    let begins = first_line_at(path)?.is_none_or(|line| line::front(&line).is_some());
    if begins || Packing::of(path).is_some() {
        return Ok(begins);
    }
    let file = File::open(path)?;
    Ok(file.metadata()?.len() == 0 || last_event(&file)?.is_some())
}

/// When the last event was of what [`named`] and [`in_order`] make of these paths; `None` where there is none.
///
/// # Errors
/// What the operating system says.
pub fn last_time(paths: &[impl AsRef<Path>]) -> io::Result<Option<Millis>> {
    let each = match named(paths) {
        Some(journal) => files(journal)?,
        None => in_order(paths),
    };
    for path in each.iter().rev() {
        if let Some((_, at)) = last_event(&open_segment(path)?)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

fn first_number_at(path: &Path) -> io::Result<Option<Seq>> {
    match first_line_at(path)?.and_then(|line| line::seq_of(&line)) {
        None => first_number(&open_segment(path)?),
        first => Ok(first),
    }
}

/// The files of the journal at `path`: archived segments, oldest first, and the active one, as far as it is there.
///
/// # Errors
/// What the operating system says of the folder.
pub fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    let archived = archives(path)?.into_iter().map(|archive| archive.path);
    let active = path.exists().then(|| path.to_owned());
    Ok(archived.chain(active).collect())
}

/// Opens a segment for reading at any place. One whose name ends with `.zst` or `.gz` is unpacked for that, into a file
/// without a name; in the place of what can not be unpacked of it there is one line that is none of a journal, and that
/// [`Line::decode`](super::Line::decode) tells as [`LineError::Damaged`](super::LineError::Damaged).
///
/// # Errors
/// What the operating system says; for a compressed one also that there is no room to unpack it.
pub fn open_segment(path: &Path) -> io::Result<File> {
    match Packing::of(path) {
        Some(packing) => packed::unpack(path, packing),
        None => File::open(path),
    }
}

/// The number in `name` when it is that of an archive of `base`, and how that is compressed.
pub(super) fn archived(base: &[u8], name: &[u8]) -> Option<(Seq, Option<Packing>)> {
    let rest = name.strip_prefix(base)?.strip_prefix(b".")?;
    let packed = |packing: Packing| {
        let digits = rest.strip_suffix(packing.suffix().as_bytes())?.strip_suffix(b".")?;
        Some((digits, Some(packing)))
    };
    let (digits, packing) = Packing::ALL.into_iter().find_map(packed).unwrap_or((rest, None));
    let plain = digits.len() >= 12 && digits.iter().all(u8::is_ascii_digit);
    let first = std::str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok().map(Seq)?;
    Some((first, packing))
}

/// Whether `path` has the name of the archive of `base` that begins with event `first`, compressed or not.
pub(super) fn is_named_after(path: &Path, base: &Path, first: Seq) -> bool {
    let plain = if Packing::of(path).is_some() { path.with_extension("") } else { path.to_owned() };
    plain.file_name() == archive_path(base, first).file_name()
}

/// The first line of a segment, without its line break; `None` when there is not even one.
pub(crate) fn first_line(file: &File) -> io::Result<Option<Vec<u8>>> {
    let mut lines = Lines::at(0);
    let found = lines.next(file, false)?;
    Ok(found.map(|range| lines.bytes(range).to_vec()))
}

/// The first line of the archive or the active file at `path`; `None` also when there is no such file.
pub(super) fn first_line_at(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let found = match Packing::of(path) {
        Some(packing) => packed::first_line(path, packing),
        None => File::open(path).and_then(|file| first_line(&file)),
    };
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found,
    }
}

/// Makes what was made, renamed or removed in the folder of `path` survive a power failure.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

/// Fills as much of `buffer` as the file has from `offset` on, and tells how much that is.
pub(crate) fn read_up_to(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_twelve_or_more_digits_are_archives_and_the_plain_one_counts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let names = [
            "log",
            "log.lock",
            "log.torn-000000000007",
            "log.00000000001",
            "log.1000000000000",
            "log.000000000002",
            "log.000000000002.zst",
            "log.000000000003.gz",
            "log.000000000003.zst",
            "log.000000000004.gz",
            "log.000000000005.zst.tmp",
            "log.000000000006.bz2",
            "log.zst",
        ];
        for name in names {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let found = archives(&path).unwrap();
        let found: Vec<_> = found.iter().map(|archive| (archive.first.0, archive.packing)).collect();
        let (zstd, gzip) = (Some(Packing::Zstd), Some(Packing::Gzip));
        assert_eq!(found, [(2, None), (3, zstd), (4, gzip), (1_000_000_000_000, None)]);
        assert_eq!(archive_path(&path, Seq(2)), dir.path().join("log.000000000002"));
        assert_eq!(folder(Path::new("log")), Path::new("."));
    }

    #[test]
    fn the_last_event_is_found_behind_whatever_is_torn() {
        let mut file = tempfile::tempfile().unwrap();
        assert_eq!(last_event(&file).unwrap(), None);
        let long = "x".repeat(3 * CHUNK);
        let event =
            |seq| format!("{{\"seq\":{seq},\"at\":{seq}0,\"event\":\"stopped\",\"more\":\"{long}\"}}\n");
        std::io::Write::write_all(&mut file, event(1).as_bytes()).unwrap();
        assert_eq!(last_event(&file).unwrap(), Some((Seq(1), Millis(10))));
        std::io::Write::write_all(&mut file, (event(2) + "no line\n{\"seq\":3").as_bytes()).unwrap();
        assert_eq!(last_event(&file).unwrap(), Some((Seq(2), Millis(20))));
    }

    #[test]
    fn a_segment_that_is_compressed_after_it_was_listed_is_opened_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::fs::write(&path, "{\"seq\":9,").unwrap();
        std::fs::write(archive_path(&path, Seq(2)), "a line\n").unwrap();
        let (listed, active) = segments(&path).unwrap();
        assert_eq!((listed.len(), active.is_some()), (1, true));
        super::super::compress(&path, &listed[0].path).unwrap().unwrap();
        assert!(!listed[0].path.exists());
        let file = listed[0].open().unwrap().unwrap();
        assert_eq!(first_line(&file).unwrap().unwrap(), b"a line");
        listed[0].remove().unwrap();
        assert!(listed[0].open().unwrap().is_none());
        assert_eq!(listed[0].length(), 0);
    }
}
