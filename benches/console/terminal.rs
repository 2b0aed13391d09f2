//! A terminal that the benchmark holds the other end of, with a program in it.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// What a frame ends with; see `ui/screen.rs`.
const END: &[u8] = b"\x1b[?2026l";

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Dropped, it ends its program.
pub(crate) struct Terminal {
    master: File,
    child: Child,
}

impl Terminal {
    /// A terminal of 200×50 cells, with `command` in it.
    pub(crate) fn run(command: &Command) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = Winsize { ws_row: 50, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave = rustix::fs::open(name, flags, Mode::empty()).unwrap();
        // It becomes the leader of a session with this terminal, and then the program itself.
        let mut leader = Command::new("setsid");
        leader.arg("--ctty").arg(command.get_program()).args(command.get_args());
        leader.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        leader.current_dir(command.get_current_dir().unwrap());
        let end = || Stdio::from(slave.try_clone().unwrap());
        let child = leader.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        Self { master: File::from(master), child }
    }

    /// The program's process.
    pub(crate) fn process(&self) -> String {
        self.child.id().to_string()
    }

    /// Types.
    pub(crate) fn press(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    /// What the program writes until `until`; nothing when it writes nothing.
    fn read(&mut self, until: Instant) -> Vec<u8> {
        let left = until.saturating_duration_since(Instant::now());
        let timeout =
            Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: i64::from(left.subsec_nanos()) };
        let mut ready = [PollFd::new(&self.master, PollFlags::IN)];
        if poll(&mut ready, Some(&timeout)).unwrap() == 0 {
            return Vec::new();
        }
        let mut chunk = vec![0; 64 << 10];
        let count = self.master.read(&mut chunk).expect("the program is there");
        chunk.truncate(count);
        chunk
    }

    /// Everything that it writes for so long.
    pub(crate) fn written(&mut self, during: Duration) -> Vec<u8> {
        let until = Instant::now() + during;
        let mut all = Vec::new();
        while Instant::now() < until {
            all.extend(self.read(until));
        }
        all
    }

    /// Waits until it has written nothing for `quiet`; gives what it wrote, and when the last of it came.
    pub(crate) fn rest(&mut self, quiet: Duration) -> (Vec<u8>, Instant) {
        let (mut all, mut last) = (Vec::new(), Instant::now());
        let patience = last + PATIENCE;
        loop {
            let read = self.read(last + quiet);
            if read.is_empty() {
                return (all, last);
            }
            all.extend(read);
            last = Instant::now();
            assert!(last < patience, "it never rests");
        }
    }

    /// Waits for the end of a frame in which `is_it`, given all that was written since this was called.
    pub(crate) fn frame(&mut self, is_it: impl Fn(&[u8]) -> bool) {
        let patience = Instant::now() + PATIENCE;
        let mut all = Vec::new();
        loop {
            let read = self.read(patience);
            assert!(!read.is_empty(), "no such frame comes: {}", String::from_utf8_lossy(&all));
            all.extend(read);
            if let Some(end) = last(&all, END)
                && is_it(&all[..end])
            {
                return;
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It holds nothing that anyone wants back.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the last `needle` begins.
fn last(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).rposition(|window| window == needle)
}

/// Where a frame that ends here has put the cursor, as the terminal was told.
pub(crate) fn cursor(frame: &[u8]) -> Option<&[u8]> {
    let shown = frame.strip_suffix(b"\x1b[?25h")?;
    Some(&shown[last(shown, b"\x1b[")?..])
}
