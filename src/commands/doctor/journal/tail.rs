//! The end of a journal's file: whether each line follows the one before. A whole journal may be gigabytes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use veda_bus_core::journal::line;

/// How much is looked at, in bytes: more than the longest line, unless somebody has allowed longer ones.
const LENGTH: u64 = 4 << 20;

/// Checks the last lines of the file at `path`. A last line that is being written, or was when the power went, is none.
pub(super) fn check(path: &Path) -> Result<usize, String> {
    let (bytes, is_whole) = read(path).map_err(|error| error.to_string())?;
    follows(&bytes, is_whole)
}

/// The end of a file, and whether that is all of it.
fn read(path: &Path) -> io::Result<(Vec<u8>, bool)> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let begin = length.saturating_sub(LENGTH);
    let mut bytes = vec![0; usize::try_from(length - begin).unwrap_or_default()];
    file.read_exact_at(&mut bytes, begin)?;
    Ok((bytes, begin == 0))
}

/// How many lines follow each other.
fn follows(bytes: &[u8], is_whole: bool) -> Result<usize, String> {
    let mut lines = bytes.split(|&byte| byte == b'\n').collect::<Vec<_>>();
    lines.pop();
    let mut lines = lines.into_iter().skip(usize::from(!is_whole));
    let Some(first) = lines.next() else { return Ok(0) };
    let text = std::str::from_utf8(first).map_err(|error| error.to_string())?;
    let (_, mut chain) = line::decode(text).map_err(|error| error.to_string())?;
    let mut count = 1;
    for line in lines {
        chain = line::check(chain, line).map_err(|error| error.to_string())?;
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use veda_bus_core::event::{Event, Recorded, Stopped};
    use veda_bus_core::journal::{Chain, line::encode};
    use veda_bus_core::name::Seq;
    use veda_bus_core::time::Millis;

    use super::*;

    #[test]
    fn the_end_of_a_journal_is_whole_or_not() {
        let (mut bytes, mut chain) = (Vec::new(), Chain::GENESIS);
        for seq in 1..=9 {
            let event = Event::Stopped(Stopped { pid: 1 });
            chain = encode(&mut bytes, chain, &Recorded { seq: Seq(seq), at: Millis(seq), event });
        }
        assert_eq!(follows(&bytes, true), Ok(9));
        assert_eq!(follows(&bytes[10..], false), Ok(8), "the first line is not whole");
        assert_eq!(follows(&bytes[..bytes.len() - 3], true), Ok(8), "the last one is being written");
        assert_eq!(follows(b"", true), Ok(0));
        let text = String::from_utf8(bytes).unwrap();
        assert!(follows(text.replace("\"at\":7", "\"at\":8").as_bytes(), true).is_err());
        assert!(follows(b"no journal\n", true).is_err());
    }
}
