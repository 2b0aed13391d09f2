//! A hub whose events go to a journal, as the server does it, in a folder that goes with it.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use proptest::sample::Index;
use tempfile::TempDir;
use veda_bus_core::event::Recorded;
use veda_bus_core::hub::{Command, Hub, Policy};
use veda_bus_core::journal::{Journal, Options, Reader, Recovery};
use veda_bus_core::state::State;
use veda_bus_core::time::Millis;

use crate::script::{Runner, Step};

/// So large that nothing is ever archived.
pub(crate) const ENDLESS: u64 = u64::MAX;

/// Where a journal is.
pub(crate) struct Place {
    _dir: TempDir,
    pub(crate) options: Options,
}

impl Place {
    pub(crate) fn new(segment_bytes: u64, keep: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("coordination.log");
        let options = Options { path, segment_bytes, segment_age: Duration::MAX, keep };
        Self { _dir: dir, options }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.options.path
    }

    pub(crate) fn recover(&self, policy: Policy) -> (Hub, Recovery) {
        let mut hub = Hub::new(policy);
        let (_, recovery) =
            Journal::open(self.options.clone(), |_| (), &mut |recorded| hub.recover(&recorded)).unwrap();
        (hub, recovery)
    }

    /// Cuts the active file somewhere; gives how many lines are not whole any more, and the bytes of the one that is
    /// left in part.
    pub(crate) fn cut(&self, at: Index) -> (usize, u64) {
        let bytes = std::fs::read(self.path()).unwrap();
        let length = at.index(bytes.len() + 1);
        let file = OpenOptions::new().write(true).open(self.path()).unwrap();
        file.set_len(u64::try_from(length).unwrap()).unwrap();
        let (left, gone) = bytes.split_at(length);
        let torn = left.iter().rev().take_while(|&&byte| byte != b'\n').count();
        (gone.split(|&byte| byte == b'\n').count() - 1, u64::try_from(torn).unwrap())
    }
}

/// Every event of a journal, with all its segments.
pub(crate) fn events(path: &Path) -> Vec<Recorded> {
    let mut reader = Reader::open(path).unwrap();
    let mut all = Vec::new();
    while let Some(line) = reader.next_line().unwrap() {
        all.push(line.decode().unwrap().0);
    }
    all
}

pub(crate) fn append(journal: &mut Journal, events: &[Recorded]) {
    for recorded in events {
        journal.append(recorded);
    }
}

pub(crate) fn start(hub: &mut Hub, now: Millis) {
    hub.handle(Command::Start { pid: 3, version: "test".into() }, now);
}

/// A hub whose events go to a journal, as the server does it.
pub(crate) struct Ledger<'a> {
    pub(crate) place: &'a Place,
    pub(crate) runner: Runner,
    pub(crate) journal: Journal,
}

/// Told of the state before a restart and of that after it.
pub(crate) type Compare<'a> = dyn FnMut(&State, &State) + 'a;

impl<'a> Ledger<'a> {
    /// `look` sees the hub after the recovery, before it says that it has started.
    pub(crate) fn open(place: &'a Place, mut runner: Runner, look: &mut dyn FnMut(&Hub)) -> Self {
        let hub = &mut runner.hub;
        let (journal, _) =
            Journal::open(place.options.clone(), |_| (), &mut |recorded| hub.recover(&recorded)).unwrap();
        look(hub);
        let mut ledger = Self { place, runner, journal };
        if ledger.journal.at_segment_start() {
            ledger.checkpoint();
        }
        ledger.command(Command::Start { pid: 3, version: "test".into() });
        ledger.journal.write().unwrap();
        ledger
    }

    pub(crate) fn step(mut self, step: &Step, compare: &mut Compare<'_>) -> Self {
        match step {
            Step::Restart { stopped } => return self.restart(*stopped, compare),
            // Only a segment begins with a checkpoint.
            Step::Checkpoint => return self,
            _ => {}
        }
        let Self { runner, journal, .. } = &mut self;
        runner.run(step, &mut |_, events, _| append(journal, events));
        self.journal.write().unwrap();
        if self.journal.segment_is_full(self.runner.now) {
            self.rotate();
        }
        self
    }

    pub(crate) fn rotate(&mut self) {
        self.journal.rotate().unwrap();
        self.checkpoint();
        self.journal.write().unwrap();
        self.journal.prune(self.runner.hub.state().since()).unwrap();
    }

    pub(crate) fn checkpoint(&mut self) {
        let previous = self.journal.chain().to_string();
        self.command(Command::Checkpoint { previous });
    }

    pub(crate) fn command(&mut self, command: Command<'_>) {
        let Self { runner, journal, .. } = self;
        runner.command(command, &mut |_, events, _| append(journal, events));
    }

    /// Ends this process, in an orderly way or not, and lets another take over.
    pub(crate) fn restart(mut self, stopped: bool, compare: &mut Compare<'_>) -> Self {
        if stopped {
            self.command(Command::Stop { pid: 3 });
            self.journal.write().unwrap();
        }
        let Self { place, runner, journal } = self;
        drop(journal);
        let (mut before, now) = (runner.hub.clone(), runner.now);
        let whole = place.options.segment_bytes == ENDLESS;
        let next = Self::open(place, runner.taken_over(), &mut |after| {
            if whole {
                compare(before.state(), after.state());
            }
        });
        start(&mut before, now);
        if !whole {
            compare(before.state(), next.runner.hub.state());
        }
        next
    }

    pub(crate) fn close(self, compare: &mut Compare<'_>) {
        self.restart(false, compare);
    }
}
