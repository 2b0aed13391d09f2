//! Compressed segments: what `zstd`, `gzip`, logrotate or `veda-bus log compress` made of archived ones.
//!
//! Readers go to any place of a segment, so a compressed one is unpacked when it is opened, into a file without a name
//! that is gone with the last reader, however that ends. It lies beside the segment: there it has fitted before, while a
//! folder for temporary files is often kept in memory. Only where nothing can be made there, in somebody else's folder or
//! on a medium that can only be read, is it the folder for temporary files. The disk is never filled up by it, because a
//! running bus writes to the same one.
//!
//! What a damaged file still gives is read like the rest. In the place of what is lost there is a line that is none of a
//! journal and says why ([`damage`]), so that whoever reads lines meets it as a bad one.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Seek as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::lines::LONGEST_LINE;
use super::segment::folder;
use crate::os;

/// Whoever unpacks, packs or keeps snapshots leaves so many bytes of the disk to everybody else, and looks again after every so many.
const LEFT_FREE: u64 = 64 << 20;
const LOOK_EVERY: u64 = 16 << 20;
const CHUNK: usize = 128 * 1024;

/// What stands before the reason in the line about what is lost.
const DAMAGED: &[u8] = b"{\"damaged\":";

/// How a segment is compressed, as its name tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Packing {
    Zstd,
    Gzip,
}

impl Packing {
    pub(super) const ALL: [Self; 2] = [Self::Zstd, Self::Gzip];

    /// What its files' names end with, after a dot.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Zstd => "zst",
            Self::Gzip => "gz",
        }
    }

    /// Of a file of any name.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?;
        Self::ALL.into_iter().find(|packing| extension == packing.suffix())
    }

    /// What is in such a file, from its beginning.
    pub(super) fn decoder(self, file: File) -> io::Result<Box<dyn Read>> {
        let file = BufReader::with_capacity(CHUNK, file);
        Ok(match self {
            Self::Zstd => Box::new(zstd::Decoder::with_buffer(file)?),
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        })
    }
}

/// The contents of the compressed segment at `path`, in a file without a name.
///
/// # Errors
/// What the operating system says of either file, a full disk above all. Damage is none: see [`damage`].
pub(super) fn unpack(path: &Path, packing: Packing) -> io::Result<File> {
    let packed = File::open(path)?;
    let mut unpacking = Unpacking { roomy: Roomy::new(unnamed(folder(path))?), whole: 0 };
    let ended = match packed.metadata()?.len() {
        0 => Ok(Ended::Damaged("the file is empty".into())),
        _ => unpacking.fill(packing.decoder(packed)?.as_mut()),
    };
    let done = ended.and_then(|ended| unpacking.finish(ended));
    done.map_err(|error| {
        let name = path.file_name().unwrap_or_default().display();
        io::Error::new(error.kind(), format!("{name} can not be unpacked to be read: {error}"))
    })
}

/// The first line of the compressed segment at `path`, without its line break, and without unpacking the rest; `None` when
/// there is none that is whole.
pub(super) fn first_line(path: &Path, packing: Packing) -> io::Result<Option<Vec<u8>>> {
    let decoder = packing.decoder(File::open(path)?)?;
    let mut line = Vec::new();
    match BufReader::new(decoder.take(LONGEST_LINE)).read_until(b'\n', &mut line) {
        Err(error) if is_of_the_system(&error) => Err(error),
        _ => Ok(line.pop_if(|&mut last| last == b'\n').is_some().then_some(line)),
    }
}

/// Why there is nothing more in a segment, when `line` stands where the rest of one could not be unpacked.
pub(super) fn damage(line: &[u8]) -> Option<String> {
    let reason = line.strip_prefix(DAMAGED)?.strip_suffix(b"}")?;
    serde_json::from_slice(reason).ok()
}

/// A file that nobody else can open, with mode 0600 where it has a name for a moment.
fn unnamed(folder: &Path) -> io::Result<File> {
    match tempfile::tempfile_in(folder) {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            tempfile::tempfile()
        }
        made => made,
    }
}

/// A decoder passes on what the system says of its file; what it finds in the file itself has no such number.
pub(super) fn is_of_the_system(error: &io::Error) -> bool {
    error.raw_os_error().is_some()
}

/// How the contents end.
enum Ended {
    Whole,
    /// Before their end, and why.
    Damaged(String),
}

/// Whether `file` may grow by so many bytes, and there is still room on its disk for everybody else.
pub(crate) fn check_room(file: &File, bytes: u64) -> io::Result<()> {
    if os::free_space(file)? < LEFT_FREE.saturating_add(bytes) {
        let full = "there is not enough room on the disk for it and everything else";
        return Err(io::Error::new(io::ErrorKind::StorageFull, full));
    }
    Ok(())
}

/// A file that grows for as long as there is room on its disk for everybody else.
pub(super) struct Roomy {
    pub(super) file: File,
    written: u64,
    /// How much was written when the disk was looked at.
    looked: Option<u64>,
}

impl Roomy {
    /// The file should be empty.
    pub(super) fn new(file: File) -> Self {
        Self { file, written: 0, looked: None }
    }
}

impl io::Write for Roomy {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.looked.is_none_or(|looked| self.written - looked >= LOOK_EVERY) {
            self.looked = Some(self.written);
            check_room(&self.file, LOOK_EVERY)?;
        }
        let count = self.file.write(bytes)?;
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A segment on its way to a file of its own.
struct Unpacking {
    roomy: Roomy,
    /// Where the last line ends that is whole.
    whole: u64,
}

impl Unpacking {
    fn fill(&mut self, contents: &mut dyn Read) -> io::Result<Ended> {
        let mut chunk = vec![0; CHUNK];
        loop {
            let bytes = match contents.read(&mut chunk) {
                Ok(0) => return Ok(Ended::Whole),
                Ok(count) => &chunk[..count],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if is_of_the_system(&error) => return Err(error),
                Err(error) => return Ok(Ended::Damaged(error.to_string())),
            };
            if let Some(last) = memchr::memrchr(b'\n', bytes) {
                self.whole = self.roomy.written + last as u64 + 1;
            }
            self.roomy.write_all(bytes)?;
            if self.roomy.written - self.whole > LONGEST_LINE {
                return Ok(Ended::Damaged(format!("{LONGEST_LINE} bytes without a line break")));
            }
        }
    }

    /// The file, at its beginning. The line about what is lost is put in the place of the line that was cut by it.
    fn finish(self, ended: Ended) -> io::Result<File> {
        let mut file = self.roomy.file;
        if let Ended::Damaged(reason) = ended {
            file.set_len(self.whole)?;
            let line = [DAMAGED, &serde_json::to_vec(&reason)?, b"}\n"].concat();
            file.write_all_at(&line, self.whole)?;
        }
        file.rewind()?;
        Ok(file)
    }
}
