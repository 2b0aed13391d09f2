//! Two instances on a bus, of which one writes to the other, so many messages a second.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::dialer;

/// How often something is written.
const BEAT: Duration = Duration::from_millis(4);

/// An instance that is connected, and says nothing.
pub(crate) fn join(socket: &Path, repo: &str) -> UnixStream {
    // Not by this process, for what the host of an agent starts is no console.
    let mut stream = dialer::agent(socket).unwrap();
    writeln!(stream, "{{\"op\":\"register\",\"repo\":\"{repo}\"}}").unwrap();
    stream
}

/// Messages that go on until this is dropped.
pub(crate) struct Stream {
    writer: UnixStream,
    reader: UnixStream,
    read: Arc<AtomicU64>,
    began: Instant,
}

impl Stream {
    /// `rate` messages a second, each acknowledged as read.
    pub(crate) fn start(socket: &Path, rate: u64) -> Self {
        let (reader, writer) = (join(socket, "UILib"), join(socket, "LensSDK"));
        let read = Arc::new(AtomicU64::new(0));
        let (counted, began) = (Arc::clone(&read), Instant::now());
        let stream = Self { writer, reader, read, began };
        let own = stream.reader.try_clone().unwrap();
        thread::spawn(move || acknowledge(own, &counted));
        let own = stream.writer.try_clone().unwrap();
        thread::spawn(move || write(own, rate));
        // Receipts are of no interest, and may not pile up.
        let mut own = stream.writer.try_clone().unwrap();
        thread::spawn(move || io::copy(&mut own, &mut io::sink()));
        stream
    }

    /// How many messages a second there were.
    pub(crate) fn rate(&self) -> f64 {
        self.read.load(Ordering::Relaxed) as f64 / self.began.elapsed().as_secs_f64()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        for stream in [&self.writer, &self.reader] {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

fn write(mut stream: UnixStream, rate: u64) -> io::Result<()> {
    let began = Instant::now();
    let mut sent = 0;
    loop {
        let due = rate * began.elapsed().as_millis() as u64 / 1000;
        let mut lines = Vec::new();
        for number in sent..due {
            let id = Uuid::new_v4();
            writeln!(
                lines,
                "{{\"op\":\"send\",\"message\":{{\"id\":\"{id}\",\"to\":{{\"repo\":\"UILib\"}},\"type\":\"Notify\",\
                 \"payload\":{{\"change_type\":\"new_feature\",\"summary\":\"number {number}: the cache of \
                 the renderer keeps what is in sight, and gives up the rest after a second\"}}}}}}"
            )?;
        }
        stream.write_all(&lines)?;
        sent = due;
        thread::sleep(BEAT);
    }
}

fn acknowledge(stream: UnixStream, read: &AtomicU64) -> io::Result<()> {
    let mut answers = stream.try_clone()?;
    let mut lines = BufReader::with_capacity(256 << 10, stream);
    let mut ids = Vec::new();
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        // Nothing is answered, so a message has the id of its thread.
        if let Some((_, rest)) = line.split_once("\"thread\":\"") {
            ids.push(format!("\"{}\"", &rest[..36]));
        }
        line.clear();
        if lines.buffer().is_empty() && !ids.is_empty() {
            read.fetch_add(ids.len() as u64, Ordering::Relaxed);
            writeln!(answers, "{{\"op\":\"ack\",\"stage\":\"read\",\"ids\":[{}]}}", ids.join(","))?;
            ids.clear();
        }
    }
    Ok(())
}
