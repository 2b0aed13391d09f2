//! Cuts a file that may still grow into lines.

use std::fs::File;
use std::io;
use std::ops::Range;

use super::segment::read_up_to;

const CHUNK: usize = 64 * 1024;

/// No line is longer than this many bytes: the longest message that may be configured has half of it. More without a line
/// break is damage, and no reader holds it in memory.
pub(crate) const LONGEST_LINE: u64 = 128 << 20;

/// Where in a file its next line begins, and what of it has been read ahead.
#[derive(Debug)]
pub(crate) struct Lines {
    /// What has been read; lines before `start` are done with.
    buffer: Vec<u8>,
    start: usize,
    /// There is no line break in the buffer between `start` and here.
    scanned: usize,
    /// The place in the file of `buffer[start]`.
    offset: u64,
}

impl Lines {
    /// From `offset` on, where a line must begin.
    pub(crate) fn at(offset: u64) -> Self {
        Self { buffer: Vec::new(), start: 0, scanned: 0, offset }
    }

    /// Where in the file the next line begins.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next line without its line break, as a range for [`Self::bytes`] that is good until the next call. `None`
    /// at the file's end; when the file has grown, a later call goes on. A last line without a line break is only
    /// given when the file is `complete`. Of a line that is too long for one, the beginning is given.
    pub(crate) fn next(&mut self, file: &File, complete: bool) -> io::Result<Option<Range<usize>>> {
        loop {
            if let Some(found) = memchr::memchr(b'\n', &self.buffer[self.scanned..]) {
                let end = self.scanned + found;
                return Ok(Some(self.take(end, end + 1)));
            }
            self.scanned = self.buffer.len();
            if (self.scanned - self.start) as u64 > LONGEST_LINE {
                return self.too_long(file).map(Some);
            }
            if self.fill(file)? {
                continue;
            }
            if complete && self.start < self.buffer.len() {
                return Ok(Some(self.take(self.buffer.len(), self.buffer.len())));
            }
            // A recovery may cut off the beginning of a line and write another in its place: it is read anew.
            self.buffer.truncate(self.start);
            self.scanned = self.start;
            return Ok(None);
        }
    }

    /// The bytes of a line.
    pub(crate) fn bytes(&self, range: Range<usize>) -> &[u8] {
        &self.buffer[range]
    }

    fn take(&mut self, end: usize, next: usize) -> Range<usize> {
        let line = self.start..end;
        self.offset += (next - self.start) as u64;
        self.start = next;
        self.scanned = next;
        line
    }

    /// Passes over the rest of a line that is too long, and gives what was read of it.
    fn too_long(&mut self, file: &File) -> io::Result<Range<usize>> {
        let line = self.start..self.buffer.len();
        let (mut chunk, mut end) = (vec![0; CHUNK], self.offset + line.len() as u64);
        loop {
            let read = read_up_to(file, &mut chunk, end)?;
            let found = memchr::memchr(b'\n', &chunk[..read]);
            end += found.map_or(read, |at| at + 1) as u64;
            if found.is_some() || read < CHUNK {
                break;
            }
        }
        (self.offset, self.start, self.scanned) = (end, line.end, line.end);
        Ok(line)
    }

    /// Reads on; whether there was anything.
    fn fill(&mut self, file: &File) -> io::Result<bool> {
        self.buffer.drain(..self.start);
        self.scanned -= self.start;
        self.start = 0;
        let had = self.buffer.len();
        // A long line is read in steps that grow with it.
        self.buffer.resize(had + CHUNK.max(had), 0);
        let read = read_up_to(file, &mut self.buffer[had..], self.offset + had as u64);
        self.buffer.truncate(had + *read.as_ref().unwrap_or(&0));
        read.map(|count| count > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn next(lines: &mut Lines, file: &File, complete: bool) -> Option<String> {
        let range = lines.next(file, complete).unwrap()?;
        Some(String::from_utf8(lines.bytes(range).to_vec()).unwrap())
    }

    #[test]
    fn lines_of_any_length_are_given_once_they_are_whole() {
        let mut file = tempfile::tempfile().unwrap();
        let long = "x".repeat(3 * CHUNK + 5);
        write!(file, "a\n\n{long}\nhal").unwrap();
        let mut lines = Lines::at(0);
        for expected in ["a", "", &long] {
            assert_eq!(next(&mut lines, &file, false).as_deref(), Some(expected));
        }
        assert_eq!(next(&mut lines, &file, false), None);
        // What was half written is cut off and replaced.
        let whole = lines.offset();
        file.set_len(whole).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, b"hut\nrest", whole).unwrap();
        assert_eq!(next(&mut lines, &file, false).as_deref(), Some("hut"));
        assert_eq!(next(&mut lines, &file, false), None);
        assert_eq!(next(&mut lines, &file, true).as_deref(), Some("rest"));
        assert_eq!(next(&mut lines, &file, true), None);
        assert_eq!(lines.offset(), whole + 8);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_and_the_next_one_is_where_it_is() {
        let mut file = tempfile::tempfile().unwrap();
        let end = 2 * LONGEST_LINE;
        writeln!(file, "a").unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, b"\nb\n", end).unwrap();
        let mut lines = Lines::at(0);
        assert_eq!(next(&mut lines, &file, false).as_deref(), Some("a"));
        let range = lines.next(&file, false).unwrap().unwrap();
        assert!(range.len() as u64 > LONGEST_LINE && (range.len() as u64) < end);
        assert_eq!(lines.offset(), end + 1);
        assert_eq!(next(&mut lines, &file, false).as_deref(), Some("b"));
        assert_eq!((next(&mut lines, &file, false), lines.offset()), (None, end + 3));
    }
}
