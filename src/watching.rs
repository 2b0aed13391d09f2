//! Files that are read again when they change, while a command runs.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use veda_bus_core::text;
use veda_bus_ui::watch::{Watched, Watcher};

use crate::failure::Failure;

/// So much of a file is compared; no configuration is longer.
const MOST: u64 = 1 << 20;

/// Watches a file until it is dropped.
pub(crate) struct Watching {
    tell: Sender<()>,
    _watcher: Option<Watcher>,
}

impl Watching {
    /// Calls `changed` each time that the file at `path` has another content than before, or comes, or goes; and once
    /// now, for nobody watched it between its reading and this. The calls come one after the other, on a thread of
    /// their own.
    ///
    /// Where the operating system watches no files, that is said on stderr, and [`now`](Self::now) remains.
    pub(crate) fn start(path: Option<&Path>, changed: impl Fn() + Send + 'static) -> Result<Self, Failure> {
        let (tell, told) = mpsc::channel();
        let watcher = path.and_then(|path| {
            let watcher = watcher(path, tell.clone());
            let complain = |error| {
                let path = path.display().to_string();
                eprintln!("veda-bus: {}: changes will not be noticed: {error}", text::line(&path));
            };
            watcher.map_err(complain).ok()
        });
        let started = thread::Builder::new().name("changes".into()).spawn(move || run(&told, changed));
        started.map_err(|error| Failure::Failed(format!("no thread for changes: {error}")))?;
        let watching = Self { tell, _watcher: watcher };
        watching.now();
        Ok(watching)
    }

    /// Does as if the file had changed.
    pub(crate) fn now(&self) {
        // The thread listens for as long as this is here.
        let _ = self.tell.send(());
    }
}

fn run(told: &Receiver<()>, changed: impl Fn()) {
    while told.recv().is_ok() {
        while told.try_recv().is_ok() {}
        changed();
    }
}

fn watcher(path: &Path, tell: Sender<()>) -> Result<Watcher, impl std::fmt::Display + use<>> {
    let (path, mut content) = (path.to_owned(), content(path));
    Watcher::new([Watched::File(path.clone())], move || {
        let now = self::content(&path);
        if now != content {
            content = now;
            // Nobody listens only when the watching has ended.
            let _ = tell.send(());
        }
    })
}

/// What is in a file, or why that can not be told.
fn content(path: &Path) -> Result<Vec<u8>, io::ErrorKind> {
    let mut content = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST).read_to_end(&mut content));
    read.map(|_| content).map_err(|error| error.kind())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    /// What was in the file at each call.
    fn watch(path: &Path) -> (Watching, Receiver<Option<String>>) {
        let (sender, seen) = mpsc::channel();
        let file = path.to_owned();
        let watching = Watching::start(Some(path), move || {
            let _ = sender.send(fs::read_to_string(&file).ok());
        });
        (watching.unwrap(), seen)
    }

    #[test]
    fn another_content_is_told_and_the_same_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bus.toml");
        let (watching, seen) = watch(&file);
        let next = || seen.recv_timeout(LONG).expect("a call");
        assert_eq!(next(), None, "once at the beginning");
        fs::write(&file, "one").unwrap();
        assert_eq!(next().as_deref(), Some("one"));
        // Neither the same content nor another file is a change; what follows is.
        fs::write(&file, "one").unwrap();
        fs::write(folder.path().join("other.toml"), "x").unwrap();
        fs::write(folder.path().join("new"), "two").unwrap();
        fs::rename(folder.path().join("new"), &file).unwrap();
        assert_eq!(next().as_deref(), Some("two"));
        fs::remove_file(&file).unwrap();
        assert_eq!(next(), None);
        watching.now();
        assert_eq!(next(), None, "asked for");
        drop(watching);
        assert_eq!(seen.recv_timeout(LONG), Err(mpsc::RecvTimeoutError::Disconnected));
    }

    #[test]
    fn without_a_file_it_is_called_when_asked() {
        let (sender, called) = mpsc::channel();
        let watching = Watching::start(None, move || _ = sender.send(())).unwrap();
        called.recv_timeout(LONG).unwrap();
        watching.now();
        called.recv_timeout(LONG).unwrap();
    }
}
