//! Marks: places of a journal with a note, kept beside it in `<journal>.marks.toml`.
//!
//! Several consoles may have the same journal open. So what is written down is what the file has by then, with what was
//! changed here.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use veda_bus_core::journal::LockFile;
use veda_bus_core::name::Seq;
use veda_bus_core::os::{Access, replace};
use veda_bus_core::time::Millis;

/// A place with a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The last event that had happened there; 0 is before all.
    pub event: Seq,
    /// The moment.
    pub at: Millis,
    /// What the operator said of it; it may be nothing.
    pub note: String,
}

impl Mark {
    /// What it is called: its note, or its event.
    pub fn name(&self) -> String {
        if self.note.is_empty() { format!("event {}", self.event) } else { self.note.clone() }
    }
}

/// The marks of a journal, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// The file that they are kept in; without one they end with the console.
    path: Option<PathBuf>,
    kept: Vec<Mark>,
    /// What was set here, or removed, at which event, and is not written down yet.
    changes: BTreeMap<Seq, Option<Mark>>,
}

/// The file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    mark: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    event: Seq,
    time: String,
    #[serde(default)]
    note: String,
}

/// Why the marks of a journal can not be had.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}; marks of this console end with it", path.display())]
pub struct MarksError {
    path: PathBuf,
    why: String,
}

/// Where the marks of a journal are.
pub fn path(journal: &Path) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(".marks.toml");
    name.into()
}

impl Marks {
    /// The marks of a journal; none where nobody has set one.
    ///
    /// # Errors
    /// When the file can not be read, or is not one of marks: it is left alone then.
    pub fn load(journal: &Path) -> Result<Self, MarksError> {
        let path = path(journal);
        match read(&path) {
            Ok(marks) => Ok(Self { path: Some(path), kept: marks, changes: BTreeMap::new() }),
            Err(why) => Err(MarksError { path, why }),
        }
    }

    /// Writes down what was changed, for nobody but their owner, and takes over what others have written meanwhile.
    ///
    /// # Errors
    /// When the file can not be read or written; what was there is left as it was. The next one tries it again.
    pub fn save(&mut self) -> Result<(), MarksError> {
        let Some(path) = self.path.clone() else { return Ok(()) };
        self.merge_into(&path).map_err(|why| MarksError { path, why })
    }

    fn merge_into(&mut self, path: &Path) -> Result<(), String> {
        let mut lock = path.as_os_str().to_owned();
        lock.push(".lock");
        let _lock = LockFile::wait(Path::new(&lock)).map_err(|error| error.to_string())?;
        let mut merged = Self { kept: read(path)?, ..Self::default() };
        for (&event, change) in &self.changes {
            merged.put(event, change.clone());
        }
        merged.write(path)?;
        self.kept = merged.kept;
        self.changes.clear();
        Ok(())
    }

    fn write(&self, path: &Path) -> Result<(), String> {
        let entry = |mark: &Mark| Entry { event: mark.event, time: told(mark.at), note: mark.note.clone() };
        let file = File { mark: self.kept.iter().map(entry).collect() };
        let text = toml::to_string(&file).map_err(|error| error.to_string())?;
        replace(path, &text, Access::Private).map_err(|error| error.to_string())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Mark> {
        self.kept.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The mark at an event.
    pub fn at(&self, event: Seq) -> Option<&Mark> {
        self.kept.iter().find(|mark| mark.event == event)
    }

    /// The mark that is called so, or the only one whose name begins so, whatever the case.
    pub fn named(&self, name: &str) -> Option<&Mark> {
        if name.is_empty() {
            return None;
        }
        let wanted = name.to_lowercase();
        let named = |mark: &&Mark| mark.name().to_lowercase() == wanted;
        let begins = |mark: &&Mark| mark.name().to_lowercase().starts_with(&wanted);
        let mut beginning = self.kept.iter().filter(begins);
        let only = beginning.next().filter(|_| beginning.next().is_none());
        self.kept.iter().find(named).or(only)
    }

    /// Sets a mark, in place of one at the same event.
    pub fn set(&mut self, mark: Mark) {
        self.change(mark.event, Some(mark));
    }

    /// Takes the mark at an event away.
    pub fn remove(&mut self, event: Seq) {
        self.change(event, None);
    }

    fn change(&mut self, event: Seq, mark: Option<Mark>) {
        self.put(event, mark.clone());
        self.changes.insert(event, mark);
    }

    fn put(&mut self, event: Seq, mark: Option<Mark>) {
        self.kept.retain(|known| known.event != event);
        let place = self.kept.partition_point(|known| known.event < event);
        self.kept.splice(place..place, mark);
    }
}

/// The marks in a file; none where it is not there.
fn read(path: &Path) -> Result<Vec<Mark>, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}

fn parse(text: &str) -> Result<Vec<Mark>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let mut marks = Vec::with_capacity(file.mark.len());
    for Entry { event, time, note } in file.mark {
        let at = DateTime::parse_from_rfc3339(&time).map_err(|error| format!("time {time:?}: {error}"))?;
        let at = Millis(u64::try_from(at.timestamp_millis()).unwrap_or_default());
        marks.push(Mark { event, at, note });
    }
    marks.sort_by_key(|mark| mark.event);
    Ok(marks)
}

fn told(at: Millis) -> String {
    let time = i64::try_from(at.0).ok().and_then(DateTime::<Utc>::from_timestamp_millis);
    time.unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mark(event: u64, note: &str) -> Mark {
        Mark { event: Seq(event), at: Millis(1_700_000_000_000 + event), note: note.to_owned() }
    }

    #[test]
    fn marks_are_kept_beside_the_journal_for_their_owner() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("bus.log");
        let mut marks = Marks::load(&journal).unwrap();
        marks.set(mark(9, "the \"end\"\n[[mark]]"));
        marks.set(mark(4, ""));
        marks.set(mark(4, "Again"));
        marks.save().unwrap();
        let path = folder.path().join("bus.log.marks.toml");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let read = Marks::load(&journal).unwrap();
        assert_eq!(read, marks);
        assert_eq!(read.iter().map(|mark| mark.event.0).collect::<Vec<_>>(), [4, 9]);
        assert_eq!(read.named("aga").map(|mark| mark.event), Some(Seq(4)));
    }

    #[test]
    fn two_consoles_keep_each_others_marks() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("bus.log");
        let mut one = Marks::load(&journal).unwrap();
        one.set(mark(2, "old"));
        one.save().unwrap();
        let mut other = Marks::load(&journal).unwrap();
        one.set(mark(1, "mine"));
        one.save().unwrap();
        other.remove(Seq(2));
        other.set(mark(3, "theirs"));
        other.save().unwrap();
        let events = |marks: &Marks| marks.iter().map(|mark| mark.event.0).collect::<Vec<_>>();
        assert_eq!(events(&Marks::load(&journal).unwrap()), [1, 3]);
        assert_eq!(events(&other), [1, 3], "it shows what the other one has set");
        one.save().unwrap();
        assert_eq!(events(&one), [1, 3], "what the other one has removed does not come back");
    }

    #[test]
    fn a_file_that_is_none_of_marks_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("bus.log");
        for text in ["mark = 3", "[[mark]]\nevent = 1\ntime = \"soon\"", "[[mark]]\nevnt = 1"] {
            std::fs::write(path(&journal), text).unwrap();
            let why = Marks::load(&journal).unwrap_err().to_string();
            assert!(why.contains("bus.log.marks.toml: ") && !why.contains('\n'), "{why}");
        }
        let mut unkept = Marks::default();
        unkept.set(mark(1, "mine"));
        unkept.save().unwrap();
        assert_eq!(std::fs::read_to_string(path(&journal)).unwrap(), "[[mark]]\nevnt = 1");
    }

    #[test]
    fn a_name_that_could_be_several_is_none() {
        let mut marks = Marks::default();
        for (event, note) in [(1, "deploy"), (2, "deploy again"), (3, "")] {
            marks.set(mark(event, note));
        }
        assert_eq!(marks.named("Deploy").map(|mark| mark.event), Some(Seq(1)));
        assert_eq!(marks.named("dep"), None);
        assert_eq!(marks.named("event 3").map(|mark| mark.event), Some(Seq(3)));
    }
}
