//! Tells when files change that somebody depends on: settings, themes, rules.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

/// How long nothing more must happen before a change is told: an editor may empty a file before it fills it.
const QUIET: Duration = Duration::from_millis(50);

/// How long a change is kept back at most while more and more happens.
const LONGEST: Duration = Duration::from_secs(1);

/// What is watched.
#[derive(Debug, Clone)]
pub enum Watched {
    /// A file; where it is a link, what that leads to now as well.
    File(PathBuf),
    /// The files in a folder whose names end with `.toml`.
    TomlIn(PathBuf),
}

/// Watches until it is dropped. It never polls.
#[derive(Debug)]
pub struct Watcher {
    /// Its end ends the thread.
    _alive: Arc<Sender<()>>,
}

impl Watcher {
    /// Calls `on_change` after one of the files was written, made, renamed or removed, as soon as that is over; once for
    /// all that happened while the last call ran. It runs on a thread of its own.
    ///
    /// Neither the files nor their folders need exist: their beginnings are noticed, as long as what the folders are in
    /// exists now.
    ///
    /// # Errors
    /// When the operating system will watch nothing, or nothing more.
    pub fn new(
        watched: impl IntoIterator<Item = Watched>,
        on_change: impl FnMut() + Send + 'static,
    ) -> notify::Result<Self> {
        let (sender, changes) = mpsc::channel();
        let alive = Arc::new(sender);
        let places = Places(watched.into_iter().flat_map(Place::all).collect());
        let mut sources = Sources { watcher: places.clone().watcher(Arc::downgrade(&alive))?, places };
        sources.watch()?;
        thread::Builder::new().name("watch".into()).spawn(move || sources.run(&changes, on_change))?;
        Ok(Self { _alive: alive })
    }
}

/// Where to look for what is watched.
#[derive(Debug, Clone)]
enum Place {
    File(PathBuf),
    TomlIn(PathBuf),
}

impl Place {
    fn all(watched: Watched) -> Vec<Self> {
        match watched {
            Watched::File(path) => {
                let target = path.canonicalize().ok();
                [Some(settled(&path)), target].into_iter().flatten().map(Self::File).collect()
            }
            Watched::TomlIn(folder) => vec![Self::TomlIn(settled(&folder))],
        }
    }

    fn folder(&self) -> Option<&Path> {
        match self {
            Self::File(path) => path.parent(),
            Self::TomlIn(folder) => Some(folder),
        }
    }

    fn concerns(&self, path: &Path) -> bool {
        let inside = match self {
            Self::File(file) => path == file,
            Self::TomlIn(folder) => {
                path.parent() == Some(folder) && path.extension().is_some_and(|extension| extension == "toml")
            }
        };
        inside || self.folder() == Some(path)
    }
}

#[derive(Debug, Clone)]
struct Places(Vec<Place>);

impl Places {
    fn watcher(self, changes: Weak<Sender<()>>) -> notify::Result<RecommendedWatcher> {
        notify::recommended_watcher(move |event: notify::Result<Event>| {
            // What could not be told may have been a change.
            let concerns = event.map_or(true, |event| self.concerns(&event));
            if let Some(changes) = changes.upgrade().filter(|_| concerns) {
                // Nobody hears it only when the thread is gone, and then nobody is to.
                let _ = changes.send(());
            }
        })
    }

    fn concerns(&self, event: &Event) -> bool {
        // Reading a file is an event too, and would have it read again for ever.
        let changed = match event.kind {
            EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
            _ => true,
        };
        let ours = |path: &PathBuf| self.0.iter().any(|place| place.concerns(path));
        changed && (event.need_rescan() || event.paths.iter().any(ours))
    }

    /// The folders to watch: those of the files, and those in which these begin.
    fn folders(&self) -> BTreeSet<&Path> {
        let folders = self.0.iter().filter_map(Place::folder);
        folders.flat_map(|folder| [Some(folder), folder.parent()]).flatten().collect()
    }
}

struct Sources {
    watcher: RecommendedWatcher,
    places: Places,
}

impl Sources {
    fn watch(&mut self) -> notify::Result<()> {
        for folder in self.places.folders() {
            match self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                Err(error) if !is_missing(&error) => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn run(mut self, changes: &Receiver<()>, mut on_change: impl FnMut()) {
        while changes.recv().is_ok() {
            let until = Instant::now() + LONGEST;
            while changes.recv_timeout(QUIET).is_ok() && Instant::now() < until {}
            while changes.try_recv().is_ok() {}
            // A folder may be a new one. That it can not be watched is no reason to keep the change back.
            let _ = self.watch();
            on_change();
        }
    }
}

fn is_missing(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

/// The path as events tell it: some systems follow the links in what they are given.
fn settled(path: &Path) -> PathBuf {
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::sync::mpsc::RecvTimeoutError;
    use std::time::Duration;

    use notify::event::{CreateKind, Flag, ModifyKind};
    use tempfile::TempDir;

    use super::*;

    const LONG: Duration = Duration::from_secs(10);

    /// What the console would read below a folder, and whether there is a folder for themes.
    type State = (bool, BTreeMap<PathBuf, String>);

    fn state(folder: &Path) -> State {
        let themes = folder.join("themes");
        let entries = themes.read_dir().ok().into_iter().flatten().map(|entry| entry.unwrap().path());
        let files = entries.chain([folder.join("console.toml")]);
        let read = files.filter_map(|path| fs::read_to_string(&path).ok().map(|text| (path, text))).collect();
        (themes.is_dir(), read)
    }

    /// A watcher that tells what there was when it called.
    fn watch(folder: &Path) -> (Watcher, Receiver<State>) {
        let (sender, states) = mpsc::channel();
        let seen = folder.to_owned();
        let files = [Watched::TomlIn(folder.join("themes")), Watched::File(folder.join("console.toml"))];
        let watcher = Watcher::new(files, move || {
            let _ = sender.send(state(&seen));
        });
        (watcher.unwrap(), states)
    }

    #[test]
    fn changes_are_told_even_of_what_was_not_there() {
        let veda = TempDir::new().unwrap();
        let (_watcher, states) = watch(veda.path());
        let wait = || {
            let now = state(veda.path());
            while states.recv_timeout(LONG).expect("a change") != now {}
        };
        let themes = veda.path().join("themes");
        fs::write(veda.path().join("console.toml"), "theme = \"nord\"").unwrap();
        wait();
        fs::create_dir(&themes).unwrap();
        wait();
        fs::write(themes.join("x.toml"), "kind = \"dark\"").unwrap();
        wait();
        // The way in which many editors write.
        fs::write(themes.join("x.toml~"), "kind = \"light\"").unwrap();
        fs::rename(themes.join("x.toml~"), themes.join("x.toml")).unwrap();
        wait();
        fs::remove_dir_all(&themes).unwrap();
        wait();
        fs::create_dir(&themes).unwrap();
        wait();
        fs::write(themes.join("y.toml"), "kind = \"dark\"").unwrap();
        wait();
    }

    #[test]
    fn the_end_of_the_watcher_ends_its_thread() {
        let veda = TempDir::new().unwrap();
        let (watcher, states) = watch(veda.path());
        drop(watcher);
        assert_eq!(states.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
    }

    #[test]
    fn a_folder_that_comes_and_goes_and_a_link_are_followed() {
        let root = TempDir::new().unwrap();
        let (folder, elsewhere) = (root.path().join("veda"), TempDir::new().unwrap());
        let (_watcher, states) = watch(&folder);
        let wait = || {
            let now = state(&folder);
            while states.recv_timeout(LONG).expect("a change") != now {}
        };
        for theme in ["one", "two"] {
            fs::create_dir(&folder).unwrap();
            wait();
            fs::write(folder.join("console.toml"), theme).unwrap();
            wait();
            fs::remove_dir_all(&folder).unwrap();
            wait();
        }
        fs::create_dir(&folder).unwrap();
        let target = elsewhere.path().join("dotfile");
        fs::write(&target, "one").unwrap();
        std::os::unix::fs::symlink(&target, folder.join("console.toml")).unwrap();
        let (_watcher, states) = watch(&folder);
        fs::write(&target, "two").unwrap();
        let now = state(&folder);
        while states.recv_timeout(LONG).expect("a change behind the link") != now {}
    }

    #[test]
    fn where_no_folder_is_there_is_nothing_to_hear_of() {
        let root = TempDir::new().unwrap();
        let (watcher, states) = watch(&root.path().join("no/veda"));
        drop(watcher);
        assert_eq!(states.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
    }

    #[test]
    fn neither_reading_nor_other_files_are_changes() {
        let watched = Places(vec![Place::TomlIn("/v/themes".into()), Place::File("/v/console.toml".into())]);
        let concerns = |kind, path: &str| watched.concerns(&Event::new(kind).add_path(path.into()));
        let (made, written) = (EventKind::Create(CreateKind::Any), EventKind::Modify(ModifyKind::Any));
        let closed = |mode| EventKind::Access(AccessKind::Close(mode));
        for path in ["/v", "/v/themes", "/v/themes/x.toml", "/v/console.toml"] {
            assert!(concerns(made, path) && concerns(written, path), "{path}");
            assert!(concerns(closed(AccessMode::Write), path), "{path}");
            assert!(!concerns(closed(AccessMode::Read), path), "{path}");
            assert!(!concerns(EventKind::Access(AccessKind::Open(AccessMode::Any)), path), "{path}");
        }
        for path in ["/", "/v/coordination.log", "/v/themes/x.toml~", "/v/themes/below/x.toml", "/v/x.toml"] {
            assert!(!concerns(made, path) && !concerns(written, path), "{path}");
        }
        assert!(watched.concerns(&Event::new(EventKind::Other).set_flag(Flag::Rescan)), "some were lost");
    }
}
