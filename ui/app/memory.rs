//! What outlives the console: drafts, sizes, earlier commands, what was read and what was put aside.
//!
//! There is one file for each bus, because what was read and drafted belongs to a bus. While a console is open it holds the
//! file; a second console on the same bus remembers nothing, so that neither overwrites the other's drafts.

use std::collections::{BTreeMap, HashSet};
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use veda_bus_core::journal::{LockError, LockFile};
use veda_bus_core::name::Seq;
use veda_bus_core::os;

use super::App;
use super::pane::Sizes;
use crate::compose::Drafts;
use crate::model::threads::Seen;

/// The file. What another version wrote into it beyond this is passed over.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct File {
    sizes: Sizes,
    theme: Option<String>,
    history: Vec<String>,
    seen_upto: Seq,
    seen: BTreeMap<String, Seq>,
    dismissed: Vec<Seq>,
    drafts: Option<Box<RawValue>>,
}

/// The file of one bus, held by this console.
#[derive(Debug)]
pub struct Memory {
    path: PathBuf,
    _lock: LockFile,
}

/// The theme that was chosen in a console on the bus behind `socket`, whoever holds its file.
pub fn chosen_theme(folder: &Path, socket: &Path) -> Option<String> {
    let text = std::fs::read_to_string(folder.join(format!("{}.json", name(socket)))).ok()?;
    serde_json::from_str::<File>(&text).ok()?.theme
}

/// What the files of a bus are called.
fn name(socket: &Path) -> String {
    socket.display().to_string().replace('/', "%")
}

impl Memory {
    /// Takes the file of the bus behind `socket` below `folder`, and what it says into `app`; `None` when another console
    /// holds it. What the operator should know of it comes as a text.
    ///
    /// # Errors
    /// When the folder or the file can not be used.
    pub fn open(folder: &Path, socket: &Path, app: &mut App) -> io::Result<Option<Self>> {
        // The console may be here before the bus makes the same folder for its journal.
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let name = name(socket);
        let path = folder.join(format!("{name}.json"));
        let lock = match LockFile::acquire(&folder.join(format!("{name}.lock"))) {
            Ok(lock) => lock,
            Err(LockError::Held { .. }) => return Ok(None),
            Err(error) => return Err(io::Error::other(error)),
        };
        let memory = Self { path, _lock: lock };
        match std::fs::read_to_string(&memory.path) {
            Ok(text) => memory.recall(&text, app)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(Some(memory))
    }

    fn recall(&self, text: &str, app: &mut App) -> io::Result<()> {
        let file: File = match serde_json::from_str(text) {
            Ok(file) => file,
            Err(error) => return self.put_aside(app, &error.to_string()),
        };
        app.is_first = false;
        app.sizes = file.sizes;
        app.history = file.history;
        app.chosen_theme = file.theme;
        let threads = file.seen.into_iter().filter_map(|(id, seq)| Some((id.parse().ok()?, seq)));
        app.model.threads.remember(Seen { upto: file.seen_upto, threads: threads.collect() });
        app.model.needs.remember(file.dismissed.into_iter().collect::<HashSet<_>>());
        if let Some(drafts) = file.drafts {
            match Drafts::from_json(drafts.get()) {
                Ok((drafts, unread)) => {
                    app.drafts = drafts;
                    if let Some(why) = unread.first() {
                        self.put_aside(app, why)?;
                    }
                }
                Err(error) => self.put_aside(app, &error.to_string())?,
            }
        }
        Ok(())
    }

    /// A file that this version can not read as a whole is kept under another name.
    fn put_aside(&self, app: &mut App, why: &str) -> io::Result<()> {
        let aside = self.path.with_extension("json.unread");
        std::fs::copy(&self.path, &aside)?;
        app.complain(format!("{}: {why}; it is kept as {}", self.path.display(), aside.display()));
        Ok(())
    }

    /// Writes down what is to outlive the console.
    ///
    /// # Errors
    /// When the file can not be written; the one before is left as it was.
    pub fn save(&self, app: &App) -> io::Result<()> {
        let seen = app.model.threads.seen();
        let drafts = app.drafts.to_json().ok().and_then(|json| RawValue::from_string(json).ok());
        let mut dismissed: Vec<_> = app.model.needs.dismissed().iter().copied().collect();
        dismissed.sort_unstable();
        let file = File {
            sizes: app.sizes,
            theme: app.chosen_theme.clone(),
            history: app.history.clone(),
            seen_upto: seen.upto,
            seen: seen.threads.iter().map(|(id, seq)| (id.to_string(), *seq)).collect(),
            dismissed,
            drafts,
        };
        let text = serde_json::to_string(&file)?;
        let new = self.path.with_extension("json.new");
        let mut out =
            os::open_private(&new, OpenOptions::new().read(true).write(true).create(true).truncate(true))?;
        out.write_all(text.as_bytes())?;
        drop(out);
        std::fs::rename(&new, &self.path)
    }
}
