//! What is sent, received and timed.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use uuid::Uuid;

use super::Load;
use super::servers::{Kind, Server};

/// The length of an envelope, in bytes.
const MESSAGE_BYTES: usize = 600;

/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was measured: of latencies p50 and p99 in µs, of loads the throughput, and the server's processor time for
/// each message in µs.
pub(super) struct Figures {
    pub(super) value: f64,
    pub(super) p99: f64,
    pub(super) cpu: f64,
}

/// Puts `load` on `server`.
pub(super) fn run(server: &Server, load: Load) -> io::Result<Figures> {
    match load {
        Load::PublishDeliver { messages } => deliver_latency(server, 1, messages),
        Load::FanOutLatency { subscribers, messages } => deliver_latency(server, subscribers, messages),
        Load::Window { window, subscribers, messages } => throughput(server, window, subscribers, messages),
        Load::Receipts { messages } => receipt_latency(server, messages),
    }
}

fn deliver_latency(server: &Server, subscribers: usize, messages: usize) -> io::Result<Figures> {
    let arrivals = subscribe(server, subscribers)?;
    let role = if server.kind == Kind::Relay { b'P' } else { b'A' };
    let mut publisher = Publisher::connect(server, role, subscribers)?;
    let mut times = Histogram::<u64>::new(3).map_err(io::Error::other)?;
    // The first tenth warms up what is cold in all processes.
    for index in 0..messages + messages / 10 {
        let began = Instant::now();
        publisher.send(1)?;
        let mut arrived = 0;
        while arrived < subscribers {
            arrived += arrivals.recv_timeout(PATIENCE).map_err(io::Error::other)?;
        }
        if index >= messages / 10 {
            record(&mut times, began.elapsed())?;
        }
        if server.kind != Kind::Relay {
            publisher.receipts(1)?;
        }
    }
    Ok(micros(&times))
}

fn receipt_latency(server: &Server, messages: usize) -> io::Result<Figures> {
    let role = if server.kind == Kind::RelaySync { b'D' } else { b'A' };
    let mut publisher = Publisher::connect(server, role, 0)?;
    let mut times = Histogram::<u64>::new(3).map_err(io::Error::other)?;
    for index in 0..messages + messages / 10 {
        let began = Instant::now();
        publisher.send(1)?;
        publisher.receipts(1)?;
        if index >= messages / 10 {
            record(&mut times, began.elapsed())?;
        }
    }
    Ok(micros(&times))
}

fn throughput(server: &Server, window: usize, subscribers: usize, messages: usize) -> io::Result<Figures> {
    let arrivals = subscribe(server, subscribers)?;
    let role = if server.kind == Kind::RelaySync { b'D' } else { b'A' };
    let mut publisher = Publisher::connect(server, role, subscribers)?;
    let (began, cpu) = (Instant::now(), server.cpu());
    let (mut sent, mut acknowledged) = (0, 0);
    while acknowledged < messages {
        let room = (window - (sent - acknowledged)).min(messages - sent);
        // Refilled in halves, so that there is something to batch.
        if room > 0 && (room >= window / 2 || sent + room == messages) {
            publisher.send(room)?;
            sent += room;
        }
        acknowledged += publisher.receipts_at_least_one()?;
    }
    let mut arrived = 0;
    while arrived < messages * subscribers {
        arrived += arrivals.recv_timeout(PATIENCE).map_err(io::Error::other)?;
    }
    let value = arrived as f64 / began.elapsed().as_secs_f64();
    let cpu = server.cpu().zip(cpu).map(|(after, before)| after.saturating_sub(before));
    let cpu = cpu.map_or(f64::NAN, |cpu| cpu.as_secs_f64() * 1e6 / messages as f64);
    Ok(Figures { value, p99: f64::NAN, cpu })
}

fn micros(times: &Histogram<u64>) -> Figures {
    let at = |quantile| times.value_at_quantile(quantile) as f64 / 1000.0;
    Figures { value: at(0.5), p99: at(0.99), cpu: f64::NAN }
}

/// One that sends. To the bus it is the repo `pub`; what it sends goes to `sub0`, or to everyone.
struct Publisher {
    stream: UnixStream,
    bus: bool,
    to: String,
    filler: String,
    unread: Vec<u8>,
    /// What the relay has counted so far.
    counted: u64,
}

impl Publisher {
    fn connect(server: &Server, role: u8, subscribers: usize) -> io::Result<Self> {
        let mut stream = UnixStream::connect(&server.socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let bus = server.kind.is_bus();
        if bus {
            stream.write_all(b"{\"op\":\"register\",\"repo\":\"pub\",\"receive\":\"none\"}\n")?;
            read_line(&mut stream)?;
        } else {
            stream.write_all(&[role])?;
        }
        // Without subscribers the message waits in the operator's mailbox.
        let to = match subscribers {
            0 => "operator",
            1 => "sub0",
            _ => "*",
        };
        let mut publisher =
            Self { stream, bus, to: to.to_owned(), filler: String::new(), unread: Vec::new(), counted: 0 };
        let short = publisher.envelope().len();
        publisher.filler = "x".repeat(MESSAGE_BYTES.saturating_sub(short));
        Ok(publisher)
    }

    fn envelope(&self) -> String {
        format!(
            "{{\"id\":\"{}\",\"from\":{{\"repo\":\"pub\"}},\"to\":{{\"repo\":\"{}\"}},\"type\":\"Notify\",\
             \"priority\":\"normal\",\"payload\":{{\"change_type\":\"new_feature\",\"summary\":\"A measured \
             message\",\"migration_guide\":\"{}\"}},\"timestamp\":1717689033,\"ttl\":300}}",
            Uuid::new_v4(),
            self.to,
            self.filler
        )
    }

    /// Sends so many messages with one write.
    fn send(&mut self, count: usize) -> io::Result<()> {
        let mut out = String::with_capacity(count * (MESSAGE_BYTES + 40));
        for _ in 0..count {
            let envelope = self.envelope();
            if self.bus {
                out.push_str("{\"op\":\"send\",\"message\":");
                out.push_str(&envelope);
                out.push_str("}\n");
            } else {
                out.push_str(&envelope);
                out.push('\n');
            }
        }
        self.stream.write_all(out.as_bytes())
    }

    /// Waits until so many messages have a receipt.
    fn receipts(&mut self, mut count: usize) -> io::Result<()> {
        while count > 0 {
            count = count.saturating_sub(self.receipts_at_least_one()?);
        }
        Ok(())
    }

    /// Waits for receipts, and counts them.
    fn receipts_at_least_one(&mut self) -> io::Result<usize> {
        loop {
            let mut chunk = [0; 16 * 1024];
            let read = self.stream.read(&mut chunk)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.unread.extend_from_slice(&chunk[..read]);
            let Some(end) = memchr::memrchr(b'\n', &self.unread) else { continue };
            let lines: Vec<u8> = self.unread.drain(..=end).collect();
            let counted = if self.bus { count_receipts(&lines)? } else { self.count_relayed(&lines)? };
            if counted > 0 {
                return Ok(counted);
            }
        }
    }

    /// The relay answers with how many it has had in all.
    fn count_relayed(&mut self, lines: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(lines).map_err(io::Error::other)?;
        let last = text.lines().last().and_then(|line| line.parse::<u64>().ok()).unwrap_or(self.counted);
        let new = last - self.counted;
        self.counted = last;
        usize::try_from(new).map_err(io::Error::other)
    }
}

fn count_receipts(lines: &[u8]) -> io::Result<usize> {
    let mut count = 0;
    for line in lines.split(|&byte| byte == b'\n') {
        if line.starts_with(b"{\"op\":\"receipt\"") {
            count += 1;
        } else if line.starts_with(b"{\"op\":\"error\"") {
            return Err(io::Error::other(String::from_utf8_lossy(line).into_owned()));
        }
    }
    Ok(count)
}

/// Starts so many subscribers; what arrives at them is counted into the channel.
fn subscribe(server: &Server, subscribers: usize) -> io::Result<Receiver<usize>> {
    let (count, arrivals) = channel();
    for index in 0..subscribers {
        let mut stream = UnixStream::connect(&server.socket)?;
        let bus = server.kind.is_bus();
        if bus {
            stream.write_all(format!("{{\"op\":\"register\",\"repo\":\"sub{index}\"}}\n").as_bytes())?;
        } else {
            stream.write_all(b"S")?;
        }
        read_line(&mut stream)?;
        let count = count.clone();
        // It ends when the server does.
        thread::spawn(move || receive(stream, bus, &count));
    }
    Ok(arrivals)
}

fn receive(mut stream: UnixStream, bus: bool, arrived: &Sender<usize>) -> io::Result<()> {
    let (mut unread, mut chunk) = (Vec::new(), vec![0; 256 * 1024]);
    loop {
        let read = stream.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        unread.extend_from_slice(&chunk[..read]);
        let Some(end) = memchr::memrchr(b'\n', &unread) else { continue };
        let lines: Vec<u8> = unread.drain(..=end).collect();
        if bus {
            let ids: Vec<_> = lines.split(|&byte| byte == b'\n').filter_map(message_id).collect();
            if !ids.is_empty() && arrived.send(ids.len()).is_ok() {
                let ids = serde_json::to_string(&ids).map_err(io::Error::other)?;
                let ack = format!("{{\"op\":\"ack\",\"stage\":\"read\",\"ids\":{ids}}}\n");
                stream.write_all(ack.as_bytes())?;
            }
        } else {
            let count = memchr::memchr_iter(b'\n', &lines).count();
            if arrived.send(count).is_err() {
                return Ok(());
            }
        }
    }
}

/// The id of the message in a frame. Our own envelopes begin with it, so that nothing has to be parsed.
fn message_id(line: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(line).ok()?;
    let (_, rest) = text.split_once("\"message\":{\"id\":\"")?;
    rest.get(..36)
}

fn read_line(stream: &mut UnixStream) -> io::Result<()> {
    let mut byte = [0];
    while byte != *b"\n" {
        stream.read_exact(&mut byte)?;
    }
    Ok(())
}

fn record(times: &mut Histogram<u64>, took: Duration) -> io::Result<()> {
    let nanos = u64::try_from(took.as_nanos()).map_err(io::Error::other)?;
    times.record(nanos).map_err(io::Error::other)
}
