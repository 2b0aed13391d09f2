//! Packs archived segments with zstd.
//!
//! The original goes only when the packed one is on disk and was read back, so at any moment one of them is whole. A
//! packed one that is not finished has a name that no reader looks at; the next who packs removes it.

use std::fs::{File, FileTimes, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use super::lock::LockFile;
use super::packed::{Packing, Roomy};
use super::prune::{Fate, Pruning};
use super::segment::{Archive, archived, archives, beside, folder, lock_path, sync_folder};
use crate::os;
use crate::time::Millis;

/// What the name of an unfinished file has behind that of its packed one.
const UNFINISHED: &str = "tmp";

/// A segment that was packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compressed {
    /// Its file now.
    pub path: PathBuf,
    /// How large it was, in bytes.
    pub before: u64,
    /// How large it is.
    pub after: u64,
}

/// The archived segments of the journal at `path` that are not compressed, oldest first; with a time, those that lie
/// wholly before it.
///
/// # Errors
/// What the operating system says; [`io::ErrorKind::NotFound`] when there is no such journal.
pub fn compressible(path: &Path, before: Option<Millis>) -> io::Result<Vec<PathBuf>> {
    let archives = archives(path)?;
    if archives.is_empty() && !path.try_exists()? {
        return Err(io::ErrorKind::NotFound.into());
    }
    let plain = |path: &Path| Packing::of(path).is_none();
    let Some(before) = before else {
        let paths = archives.into_iter().filter(|archive| archive.packing.is_none());
        return Ok(paths.map(|archive| archive.path).collect());
    };
    let early = Pruning::of(path, before)?.segments.into_iter().filter(|one| one.fate != Fate::Late);
    Ok(early.map(|segment| segment.path).filter(|path| plain(path)).collect())
}

/// Packs one of the [`compressible`] segments of the journal at `path`. `None` when it was removed or packed meanwhile.
///
/// # Errors
/// What the operating system says, or that what was packed does not unpack to what it was. The segment is as it was.
pub fn compress(path: &Path, segment: &Path) -> io::Result<Option<Compressed>> {
    let _lock = LockFile::wait(&lock_path(path)).map_err(io::Error::other)?;
    remove_unfinished(path)?;
    if !archives(path)?.iter().any(|Archive { path, .. }| path == segment) {
        return Ok(None);
    }
    os::check_owner(segment)?;
    let packed = beside(segment, Packing::Zstd.suffix());
    let unfinished = beside(&packed, UNFINISHED);
    let after = pack(segment, &unfinished).inspect_err(|_| drop(std::fs::remove_file(&unfinished)))?;
    let before = segment.metadata()?.len();
    std::fs::rename(&unfinished, &packed)?;
    sync_folder(path)?;
    std::fs::remove_file(segment)?;
    sync_folder(path)?;
    Ok(Some(Compressed { path: packed, before, after }))
}

/// Removes what was left by somebody who was interrupted: whoever packs holds the lock.
fn remove_unfinished(path: &Path) -> io::Result<()> {
    let base = path.file_name().unwrap_or_default().as_encoded_bytes();
    for entry in std::fs::read_dir(folder(path))? {
        let path = entry?.path();
        let packed = path.file_stem().filter(|_| path.extension().is_some_and(|end| end == UNFINISHED));
        let archive = packed.and_then(|packed| archived(base, packed.as_encoded_bytes()));
        if archive.is_some_and(|(_, packing)| packing == Some(Packing::Zstd)) {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Writes the packed form of `segment` to `unfinished`, synced and read back; how large it is.
fn pack(segment: &Path, unfinished: &Path) -> io::Result<u64> {
    let original = File::open(segment)?;
    let metadata = original.metadata()?;
    let mut how = OpenOptions::new();
    let file = os::open_private(unfinished, how.read(true).write(true).create_new(true))?;
    let mut packer = zstd::Encoder::new(Roomy::new(file), zstd::DEFAULT_COMPRESSION_LEVEL)?;
    packer.include_checksum(true)?;
    let digest = copy(original, |bytes| packer.write_all(bytes))?;
    let file = packer.finish()?.file;
    file.set_permissions(metadata.permissions())?;
    file.set_times(FileTimes::new().set_modified(metadata.modified()?))?;
    file.sync_all()?;
    let unpacked = Packing::Zstd.decoder(File::open(unfinished)?)?;
    if copy(unpacked, |_| Ok(()))? != digest {
        let differs = format!("{} does not unpack to what it was", unfinished.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, differs));
    }
    Ok(file.metadata()?.len())
}

/// Passes everything on, and gives its digest.
fn copy(mut from: impl Read, mut to: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<blake3::Hash> {
    let (mut chunk, mut digest) = (vec![0; 128 * 1024], blake3::Hasher::new());
    loop {
        match from.read(&mut chunk) {
            Ok(0) => return Ok(digest.finalize()),
            Ok(count) => {
                digest.update(&chunk[..count]);
                to(&chunk[..count])?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
