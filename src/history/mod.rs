//! What the commands share that read a journal's files, with a bus or without one.
//!
//! | module | what is in it |
//! |---|---|
//! | [`files`] | which files those are |
//! | [`pace`] | the rhythm in which they happened |
//! | [`printer`] | how they are printed |
//! | [`select`] | which events are wanted |
//! | [`source`] | the journal, or some of its files |
//! | [`whole`] | what is wrong with it |

pub(crate) mod files;
pub(crate) mod pace;
pub(crate) mod printer;
pub(crate) mod select;
pub(crate) mod source;
pub(crate) mod whole;

use std::io;
use std::path::{Path, PathBuf};

use chrono::Local;
use serde_json::json;
use veda_bus_core::event::{Event, Recorded};
use veda_bus_core::journal::{Line, Reader};
use veda_bus_core::name::MessageId;
use veda_bus_core::time::Millis;
use veda_bus_core::wire::BusFrame;
use veda_bus_ui::when::{self, Edge};

use crate::arguments::Choice;
use crate::context::Context;
use crate::failure::Failure;
use files::Files;
use select::{ThreadSearch, Wanted};
use source::Source;
use whole::Whole;

/// The journal of the bus that answers on the socket; without one, the one that the configuration names.
pub(crate) fn path(context: &Context) -> Result<PathBuf, Failure> {
    let answer = context.connect().ok().and_then(|mut bus| bus.call("state", &json!({})).ok());
    let bus = &context.config.bus;
    let journal = match answer {
        Some(BusFrame::State(state)) => state.journal,
        _ => bus.enable_logging.then(|| bus.log_path.clone()),
    };
    if let Some(journal) = journal {
        return Ok(journal);
    }
    Err(Failure::Failed("there is no journal: bus.enable_logging is false (veda-bus config)".into()))
}

/// Opens the journal at `path` from its beginning.
pub(crate) fn open(path: &Path) -> Result<Reader, Failure> {
    Reader::open(path).map_err(|error| unreadable(path, error))
}

/// Why the journal at `path` can not be read.
pub(crate) fn unreadable(path: &Path, error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::NotFound {
        let path = path.display();
        return Failure::Failed(format!("there is no journal at {path}; a bus writes one: veda-bus serve"));
    }
    Failure::File { path: path.to_owned(), error }
}

/// Where a line stands: `FILE:LINE (byte BYTE)`.
pub(crate) fn place(line: &Line<'_>) -> String {
    let number = line.number.map(|number| format!(":{number}")).unwrap_or_default();
    format!("{}{number} (byte {})", line.path.display(), line.offset)
}

/// What the flags ask of these files.
pub(crate) fn wanted(choice: &Choice, files: &Files) -> Result<Wanted, Failure> {
    let (since, until) = files.span(choice)?;
    Ok(Wanted {
        since,
        until,
        thread: choice
            .thread
            .as_deref()
            .map(|prefix| thread(Source::all(files.paths())?, prefix))
            .transpose()?,
        repo: choice.repo.clone(),
        kind: choice.kind,
        text: None,
    })
}

/// The moment that `flag` says.
pub(crate) fn moment(flag: &str, text: &str, edge: Edge) -> Result<Millis, Failure> {
    when::parse(text, &Local::now(), edge).map_err(|why| Failure::Usage(format!("{flag}: {why}")))
}

/// The thread of the message that `prefix` names: everything is looked through for it.
fn thread(sources: Vec<Source>, prefix: &str) -> Result<MessageId, Failure> {
    let mut search = ThreadSearch::new(prefix);
    for mut source in sources {
        while let Some(line) = source.next_line()? {
            // A bad line is told of when the journal is printed.
            if let Ok((Recorded { event: Event::Accepted(accepted), .. }, _)) = line.decode() {
                search.look_at(&accepted);
            }
        }
    }
    search.found()
}

/// Hands every event of a journal, or of some of its files, to `take`; what is wrong with it is told of.
pub(crate) fn each_event(files: &Files, mut take: impl FnMut(Recorded)) -> Result<Whole, Failure> {
    let mut whole = Whole::default();
    for mut source in Source::all(files.paths())? {
        while let Some(line) = source.next_line()? {
            let read = line.decode();
            whole.look(&line, read.as_ref().map(|(recorded, _)| recorded.seq));
            if let Ok((recorded, _)) = read {
                take(recorded);
            }
        }
        source.look_at_end(&mut whole)?;
    }
    Ok(whole)
}
