//! What is remembered of a conversation between one hook and the next, in a small file for each, beside the journal.
//!
//! None of it is needed to lose nothing: what is unread is the bus's to know. It is what keeps an agent from being told
//! the same thing twice, from being kept going without end, and what brings back what a conversation was shown that
//! ended before it could go on. Whoever uses the file has it locked, so that of two hooks that run at the same time only
//! one shows a message.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use veda_bus_core::name::{MessageId, RepoName, Seq};
use veda_bus_core::os::{self, Process};
use veda_bus_core::time::Millis;

use super::event::END;
use crate::context::Context;

/// The folder of these files, beside the journal.
const FOLDER: &str = "sessions";

/// How long another process may have a file locked before it is done without.
const PATIENCE: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// How long the file of a conversation is kept that nothing is heard of.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// What is remembered of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Memory {
    /// The repo whose agent it is.
    pub(crate) repo: Option<RepoName>,
    /// The program that the agent runs in, as on the command line.
    pub(crate) host: String,
    /// The hook that was heard of last, and when.
    pub(crate) event: String,
    pub(crate) at: Millis,
    /// The process of the host, where it is known.
    pub(crate) process: Option<Process>,
    /// What was shown and is not known to have been seen, with the events that accepted it, where they are known. When
    /// the turn in which it was shown has come to its end, it was seen.
    pub(crate) shown: BTreeMap<MessageId, Option<Seq>>,
    /// What was shown to an agent whose host ended before it is known to have seen it; it is to be shown again.
    pub(crate) again: BTreeMap<MessageId, Option<Seq>>,
    /// What was told that is not to be told again in this conversation: requests that wait for an answer, messages that
    /// are too long to be shown.
    pub(crate) told: BTreeMap<MessageId, Millis>,
    /// How often in a row the agent was kept from stopping.
    pub(crate) kept_going: u32,
    /// The requests for which it was, in this turn.
    pub(crate) pressed: BTreeSet<MessageId>,
    /// Of how many messages it was told last that they wait in the inbox.
    pub(crate) waiting: usize,
    /// When it was woken, in the last minute.
    pub(crate) woken: Vec<Millis>,
    /// Whether the agent has stopped, and waits for its user.
    pub(crate) idle: bool,
    /// What was unread then, for which it was not kept going, and is not woken.
    pub(crate) left: BTreeSet<MessageId>,
}

impl Memory {
    /// Whether its host has said that it is over.
    pub(crate) fn is_over(&self) -> bool {
        self.event == END
    }
}

/// The file of a conversation, locked.
#[derive(Debug)]
pub(crate) struct Session {
    path: PathBuf,
    /// `None` where it can not be used.
    file: Option<File>,
    pub(crate) memory: Memory,
}

/// The folder in which the conversations on this bus are remembered.
pub(crate) fn folder(context: &Context) -> PathBuf {
    context.config.bus.log_path.with_file_name(FOLDER)
}

/// Where a conversation is remembered. It may have any name, so its file has a digest of it.
fn path(folder: &Path, repo: &RepoName, conversation: &str, ending: &str) -> PathBuf {
    let digest = blake3::hash(format!("{repo}\n{conversation}").as_bytes()).to_hex();
    folder.join(format!("{}.{ending}", &digest[..32]))
}

impl Session {
    /// Opens and locks the file of a conversation, and makes it if there is none. `None` when another process has it.
    /// Where there can be none, nothing is remembered: an agent is not to be kept from hearing by it.
    pub(crate) fn open(folder: &Path, repo: &RepoName, conversation: &str) -> Option<Self> {
        let path = path(folder, repo, conversation, "json");
        // What can not be made can not be opened either.
        let _ = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        let opened = Self::at(path.clone(), OpenOptions::new().create(true), PATIENCE);
        let mut session =
            opened.unwrap_or_else(|_| Some(Self { path, file: None, memory: Memory::default() }))?;
        session.memory.repo = Some(repo.clone());
        Some(session)
    }

    /// `None` when another process has the file.
    fn at(path: PathBuf, how: &mut OpenOptions, patience: Duration) -> io::Result<Option<Self>> {
        let file = how.read(true).write(true).mode(0o600).open(&path)?;
        let until = Instant::now() + patience;
        while let Err(error) = file.try_lock() {
            match error {
                TryLockError::WouldBlock if Instant::now() < until => std::thread::sleep(LOOK_AGAIN),
                TryLockError::WouldBlock => return Ok(None),
                TryLockError::Error(error) => return Err(error),
            }
        }
        let text = io::read_to_string(&file).unwrap_or_default();
        let line = text.lines().next().unwrap_or_default();
        let memory = serde_json::from_str(line).unwrap_or_default();
        Ok(Some(Self { path, file: Some(file), memory }))
    }

    /// Whether the memory is there the next time.
    pub(crate) fn is_kept(&self) -> bool {
        self.file.is_some()
    }

    /// Takes over what other conversations of `repo` were shown whose hosts have ended since: nobody knows whether it
    /// was seen. It is written down here before it is forgotten there. A conversation that another process has locked is
    /// alive.
    pub(crate) fn inherit(&mut self, folder: &Path) {
        for path in files(folder, "json").into_iter().filter(|path| *path != self.path) {
            let other = Self::at(path, &mut OpenOptions::new(), Duration::ZERO);
            let Some(mut other) = other.ok().flatten().filter(|other| other.is_orphaned(&self.memory)) else {
                continue;
            };
            let Memory { shown, again, .. } = &mut other.memory;
            self.memory.again.append(shown);
            self.memory.again.append(again);
            self.save();
            other.save();
        }
    }

    fn is_orphaned(&self, heir: &Memory) -> bool {
        let memory = &self.memory;
        let has_any = !memory.shown.is_empty() || !memory.again.is_empty();
        has_any && memory.repo == heir.repo && memory.process.is_some_and(has_ended)
    }

    /// Writes the memory down, with one `write`, so that a process that is killed leaves this or what was there before;
    /// what is behind the first line is of no account.
    pub(crate) fn save(&self) {
        let line = serde_json::to_string(&self.memory).unwrap_or_default() + "\n";
        let Some(mut file) = self.file.as_ref() else { return };
        // What can not be written is not remembered, and nobody can do anything about it here.
        let written = file.rewind().and_then(|()| file.write_all(line.as_bytes()));
        let _ = written.and_then(|()| file.set_len(line.len() as u64));
    }
}

/// Lets one process at a time wait for news of a conversation. `None` when another one does already.
pub(crate) fn only_waiter(folder: &Path, repo: &RepoName, conversation: &str) -> Option<File> {
    let path = path(folder, repo, conversation, "waiter");
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path).ok()?;
    file.try_lock().ok().map(|()| file)
}

/// The conversations that are remembered.
pub(crate) fn all(folder: &Path) -> Vec<Memory> {
    let texts = files(folder, "json").into_iter().filter_map(|path| std::fs::read_to_string(path).ok());
    texts.filter_map(|text| serde_json::from_str(text.lines().next()?).ok()).collect()
}

/// Forgets conversations that nothing was heard of for long.
pub(crate) fn forget_old(folder: &Path) {
    let long_ago = SystemTime::now() - KEPT;
    for path in files(folder, "json").into_iter().chain(files(folder, "waiter")) {
        let changed = path.metadata().and_then(|metadata| metadata.modified());
        if changed.is_ok_and(|changed| changed < long_ago) {
            // Another hook may have been here first.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|one| one == ending))
        .collect()
}

/// Whether a process has ended; never where the operating system does not tell.
pub(crate) fn has_ended(process: Process) -> bool {
    let own = i32::try_from(std::process::id()).ok().and_then(os::process);
    own.is_some() && os::process(process.pid) != Some(process)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo() -> RepoName {
        "LensSDK".parse().unwrap()
    }

    fn open(folder: &Path, conversation: &str) -> Session {
        Session::open(folder, &repo(), conversation).unwrap()
    }

    #[test]
    fn what_was_written_is_there_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("sessions");
        let mut session = open(&folder, "a/../b");
        session.memory.kept_going = 2;
        session.save();
        drop(session);
        let long = "x".repeat(10_000);
        open(&folder, &long).save();
        assert_eq!(open(&folder, "a/../b").memory.kept_going, 2);
        assert_eq!(all(&folder).len(), 2);
        std::fs::write(path(&folder, &repo(), "a/../b", "json"), "{\"kept_go").unwrap();
        assert_eq!(open(&folder, "a/../b").memory.kept_going, 0, "half of it is nothing");
    }

    #[test]
    fn where_nothing_can_be_written_down_nothing_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("sessions");
        std::fs::write(&folder, "no folder").unwrap();
        let mut session = open(&folder, "s");
        assert!(!session.is_kept());
        session.inherit(&folder);
        session.save();
        assert!(open(&folder, "s").memory.shown.is_empty());
    }

    #[test]
    fn what_another_process_has_is_left_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = open(folder.path(), "s");
        assert!(first.is_kept());
        assert!(Session::open(folder.path(), &repo(), "s").is_none());
    }

    #[test]
    fn one_waits_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = only_waiter(folder.path(), &repo(), "s").unwrap();
        assert!(only_waiter(folder.path(), &repo(), "s").is_none());
        assert!(only_waiter(folder.path(), &repo(), "other").is_some());
        drop(first);
        assert!(only_waiter(folder.path(), &repo(), "s").is_some());
    }

    #[test]
    fn what_a_dead_host_was_shown_is_inherited_once() {
        let folder = tempfile::tempdir().unwrap();
        let own = i32::try_from(std::process::id()).ok().and_then(os::process).unwrap();
        let dead = Process { started: own.started + 1, ..own };
        for (conversation, process) in [("alive", Some(own)), ("dead", Some(dead)), ("unknown", None)] {
            let mut session = open(folder.path(), conversation);
            session.memory.process = process;
            session.memory.shown.insert(conversation.parse().unwrap(), Some(Seq(7)));
            session.save();
        }
        let mut other = Session::open(folder.path(), &"Flagship".parse().unwrap(), "heir").unwrap();
        other.inherit(folder.path());
        assert!(other.memory.again.is_empty());
        let mut heir = open(folder.path(), "heir");
        heir.inherit(folder.path());
        let inherited = BTreeMap::from([("dead".parse().unwrap(), Some(Seq(7)))]);
        assert_eq!(heir.memory.again, inherited);
        drop(heir);
        let mut late = open(folder.path(), "late");
        late.inherit(folder.path());
        assert!(late.memory.again.is_empty());
        assert_eq!(open(folder.path(), "heir").memory.again, inherited, "it is written down");
    }
}
