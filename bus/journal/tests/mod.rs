//! Tests of the journal; each keeps its files in a folder of its own that is removed.

mod compress;
mod line;
mod packed;
mod prune;
mod reader;
mod recover;
mod verify;
mod writer;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::{Journal, JournalError, Options, Reader, Recovery};
use crate::event::{Accepted, Checkpoint, Event, Moved, Recorded, Routing, Stopped};
use crate::message::Message;
use crate::name::{InstanceId, MessageId, RepoName, Seq};
use crate::refusal::Code;
use crate::time::Millis;

/// A folder with a journal in it, which may be opened and closed.
struct Place {
    dir: TempDir,
    options: Options,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("veda").join("coordination.log");
        let options =
            Options { path, segment_bytes: 1 << 20, segment_age: Duration::from_secs(3600), keep: 0 };
        Self { dir, options }
    }

    fn path(&self) -> &Path {
        &self.options.path
    }

    fn try_open(&self) -> Result<(Journal, Recovery, Vec<Recorded>), JournalError> {
        let mut events = Vec::new();
        let (journal, recovery) =
            Journal::open(self.options.clone(), |_| (), &mut |event| events.push(event))?;
        Ok((journal, recovery, events))
    }

    fn open(&self) -> (Journal, Recovery, Vec<Recorded>) {
        self.try_open().unwrap()
    }

    /// A journal of `segments` segments of `each` events, the first of each a checkpoint that needs only its own.
    fn filled(segments: u64, each: u64) -> Self {
        let place = Self::new();
        let (mut journal, ..) = place.open();
        for segment in 0..segments {
            if segment > 0 {
                journal.rotate().unwrap();
            }
            checkpoint(&mut journal, None);
            (1..each).for_each(|_| append(&mut journal));
            journal.write().unwrap();
        }
        drop(journal);
        place
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path().parent().unwrap()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The segments, oldest first.
    fn segments(&self) -> Vec<PathBuf> {
        let archives = super::segment::archives(self.path()).unwrap();
        archives.into_iter().map(|archive| archive.path).chain([self.path().to_owned()]).collect()
    }
}

/// Appends a checkpoint that needs events from `since` on, itself when `None`.
fn checkpoint(journal: &mut Journal, since: Option<u64>) {
    let seq = journal.next_seq();
    let since = since.map_or(seq, Seq);
    let event = Event::Checkpoint(Checkpoint {
        configured: None,
        since,
        repos: Vec::new(),
        instances: Vec::new(),
        agent_hosts: Vec::new(),
        previous: journal.chain().to_string(),
    });
    journal.append(&Recorded { seq, at: at(seq), event });
}

/// Appends some event, as long as its number makes it.
fn append(journal: &mut Journal) {
    journal.append(&some(journal.next_seq()));
}

fn at(seq: Seq) -> Millis {
    Millis(1_717_689_033_000 + seq.0)
}

fn some(seq: Seq) -> Recorded {
    let event = match seq.0 % 3 {
        0 => accepted(&format!("What is event {seq}? {}", "ü".repeat(usize::try_from(seq.0 % 97).unwrap()))),
        1 => Event::Read(Moved {
            repo: RepoName::new("LensSDK").unwrap(),
            instance: InstanceId::new("one").unwrap(),
            ids: vec![MessageId::new("uuid-v4").unwrap(), MessageId::random()],
        }),
        _ => Event::Stopped(Stopped { pid: u32::try_from(seq.0).unwrap() }),
    };
    Recorded { seq, at: at(seq), event }
}

fn accepted(question: &str) -> Event {
    let question = serde_json::to_string(question).unwrap();
    let raw = format!(
        r#"{{ "id":"q-1","from":{{"repo":"Flagship","x":[1, 2]}},"to":{{"repo":"LensSDK"}}, "type":"Query",
        "payload":{{"question":{question}}},"timestamp":1717689033, "extra":",\"chain\":\"" }}"#
    );
    let message = Message::parse(&raw.replace('\n', " "), None).unwrap();
    let (repo, instance) = (RepoName::new("LensSDK").unwrap(), Some(InstanceId::new("one").unwrap()));
    Event::Accepted(Box::new(Accepted {
        held: None,
        parent: None,
        by: InstanceId::new("two").unwrap(),
        thread: message.id.clone(),
        expires_at: Millis(1_717_689_933_000),
        recipients: vec![
            Routing { repo, instance, refused: None, held: false },
            Routing {
                repo: RepoName::operator(),
                instance: None,
                refused: Some(Code::MailboxFull),
                held: false,
            },
        ],
        message,
    }))
}

/// The numbers of all lines that a reader gives until its end.
fn numbers(reader: &mut Reader) -> Vec<u64> {
    let mut seqs = Vec::new();
    while let Some(line) = reader.next_line().unwrap() {
        assert_eq!(line.decode().unwrap().0.seq, line.seq.unwrap());
        seqs.push(line.seq.unwrap().0);
    }
    seqs
}

fn seqs(events: &[Recorded]) -> Vec<u64> {
    events.iter().map(|event| event.seq.0).collect()
}

fn read_all(path: &Path) -> io::Result<Vec<u64>> {
    Reader::open(path).map(|mut reader| numbers(&mut reader))
}
