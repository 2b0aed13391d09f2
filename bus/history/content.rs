//! What is in a segment that is still written, up to a line: it can be changed without a trace in its name, its age or its
//! last line.

use std::collections::HashMap;
use std::fs::File;
use std::io;

use crate::journal::read_up_to;
use crate::name::Seq;

/// How much is read at a time.
const CHUNK: usize = 256 * 1024;

/// Where a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The number of the segment that it is in.
    pub(super) segment: usize,
    /// The first byte behind it.
    pub(super) end: u64,
}

/// A digest that goes on where it was, and what it has proven.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// What was taken in.
    upto: Option<Place>,
    hasher: blake3::Hasher,
    /// Up to which event each segment is as it was.
    proven: HashMap<usize, Seq>,
}

impl Content {
    /// The digest of all bytes of a segment up to `place`.
    pub(super) fn digest(&mut self, file: &File, place: Place) -> io::Result<blake3::Hash> {
        let known = self.upto.filter(|upto| upto.segment == place.segment && upto.end <= place.end);
        let mut at = known.map_or(0, |upto| upto.end);
        if known.is_none() {
            self.hasher.reset();
        }
        // What fails half way is begun anew.
        self.upto = None;
        let mut chunk = vec![0; CHUNK];
        while at < place.end {
            let wanted = usize::try_from(place.end - at).unwrap_or(CHUNK).min(CHUNK);
            let read = read_up_to(file, &mut chunk[..wanted], at)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.hasher.update(&chunk[..read]);
            at += read as u64;
        }
        self.upto = Some(place);
        Ok(self.hasher.finalize())
    }

    /// Whether the segment is known to be as it was up to that event.
    pub(super) fn is_proven(&self, segment: usize, seq: Seq) -> bool {
        self.proven.get(&segment).is_some_and(|proven| *proven >= seq)
    }

    /// It is: what comes first in it is, too.
    pub(super) fn prove(&mut self, segment: usize, seq: Seq) {
        let proven = self.proven.entry(segment).or_insert(seq);
        *proven = seq.max(*proven);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt as _;

    use super::*;

    #[test]
    fn it_goes_on_or_begins_anew_and_comes_to_the_same() {
        let file = tempfile::tempfile().unwrap();
        let bytes: Vec<u8> = (0..=250).cycle().take(3 * CHUNK).collect();
        file.write_all_at(&bytes, 0).unwrap();
        let mut content = Content::default();
        for (segment, end) in [(0, 10), (0, CHUNK + 7), (0, 11), (1, 3 * CHUNK), (1, 5)] {
            let found = content.digest(&file, Place { segment, end: end as u64 }).unwrap();
            assert_eq!(found, blake3::hash(&bytes[..end]), "{segment} {end}");
        }
        let behind = Place { segment: 1, end: bytes.len() as u64 + 1 };
        assert_eq!(content.digest(&file, behind).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        content.prove(1, Seq(9));
        content.prove(1, Seq(4));
        assert!(
            content.is_proven(1, Seq(9)) && !content.is_proven(1, Seq(10)) && !content.is_proven(0, Seq(1))
        );
    }
}
