//! Cuts a stream of bytes into lines.

use bytes::{Buf, Bytes, BytesMut};

/// A line longer than the limit. It is skipped to its end; the lines after it are read as ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

/// A buffer that bytes go into and lines come out of.
#[derive(Debug)]
pub struct Lines {
    buffer: BytesMut,
    /// How much of the buffer is known to hold no line break.
    scanned: usize,
    /// The longest line, in bytes without its break.
    max: usize,
    /// Whether the rest of a line that was too long is being skipped.
    skipping: bool,
}

impl Lines {
    /// Lines of at most `max` bytes.
    pub fn new(max: usize) -> Self {
        Self { buffer: BytesMut::new(), scanned: 0, max, skipping: false }
    }

    /// Where the next bytes from the stream go, with room for some.
    pub fn room(&mut self) -> &mut BytesMut {
        self.buffer.reserve(64 * 1024);
        &mut self.buffer
    }

    /// The next whole line, without its break; `None` until more bytes are there. A line that is too long is told of
    /// once, as soon as it is known to be.
    pub fn next_line(&mut self) -> Option<Result<Bytes, TooLong>> {
        loop {
            let Some(end) = memchr::memchr(b'\n', &self.buffer[self.scanned..]) else {
                return self.unended();
            };
            let mut line = self.buffer.split_to(self.scanned + end + 1);
            self.scanned = 0;
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            line.truncate(line.len() - 1);
            if line.last() == Some(&b'\r') {
                line.truncate(line.len() - 1);
            }
            return Some(if line.len() > self.max { Err(TooLong) } else { Ok(line.freeze()) });
        }
    }

    fn unended(&mut self) -> Option<Result<Bytes, TooLong>> {
        self.scanned = self.buffer.len();
        if self.skipping {
            self.buffer.clear();
            self.scanned = 0;
        } else if self.buffer.len() > self.max + 1 {
            self.buffer.clear();
            self.scanned = 0;
            self.skipping = true;
            return Some(Err(TooLong));
        }
        None
    }

    /// What is left when the stream ends in the middle of a line.
    pub fn rest(&mut self) -> Option<Bytes> {
        self.scanned = 0;
        if std::mem::take(&mut self.skipping) || !self.buffer.has_remaining() {
            self.buffer.clear();
            return None;
        }
        Some(self.buffer.split().freeze())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines_of(stream: &[u8], chunk: usize, max: usize) -> Vec<Result<Bytes, TooLong>> {
        let mut lines = Lines::new(max);
        let mut out = Vec::new();
        for part in stream.chunks(chunk.max(1)) {
            lines.room().extend_from_slice(part);
            out.extend(std::iter::from_fn(|| lines.next_line()));
        }
        out.extend(lines.rest().map(Ok));
        out
    }

    #[test]
    fn a_line_that_is_too_long_is_told_of_once_and_skipped() {
        let stream = format!("a\n{}\nb\r\n\nrest", "x".repeat(50));
        for chunk in 1..70 {
            let lines = lines_of(stream.as_bytes(), chunk, 10);
            let expected =
                [Ok("a".into()), Err(TooLong), Ok("b".into()), Ok(Bytes::new()), Ok(Bytes::from("rest"))];
            assert_eq!(lines, expected, "in chunks of {chunk}");
        }
    }

    proptest! {
        #[test]
        fn how_the_stream_is_cut_does_not_matter(
            stream in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
            chunk in 1usize..40,
        ) {
            prop_assert_eq!(lines_of(&stream, chunk, 16), lines_of(&stream, 1000, 16));
        }
    }
}
