//! A search through the whole journal, on threads of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{io, thread};

use tokio::sync::mpsc::UnboundedSender;
use veda_bus_core::search::{Around, Control, Files, Found, Query, QueryError, Search, SearchError};

/// What came of a search.
#[derive(Debug)]
pub struct Findings {
    /// What was looked for.
    pub line: String,
    /// What was found, or why nothing could be.
    pub found: Result<Found, String>,
}

/// A search that is under way; it ends when this is dropped.
#[derive(Debug)]
pub struct Searching(Arc<AtomicBool>);

impl Drop for Searching {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Reads what is looked for: words and \"phrases\", `/` and a regular expression, or `=` and a CEL expression.
///
/// # Errors
/// A [`QueryError`] that says what is wrong with it.
pub fn query(line: &str) -> Result<Query, QueryError> {
    match (line.strip_prefix('='), line.strip_prefix('/')) {
        (Some(expression), _) => Query::default().cel(expression.trim()),
        (_, Some(expression)) => Query::default().regex(expression),
        _ => Query::parse(line),
    }
}

/// Looks for `query`, which `line` says, in a journal (one path: its active file, with the archived segments beside it)
/// or in several segments. What came of it is told, unless it was ended before.
///
/// # Errors
/// When there is no thread to be had.
pub fn start(
    paths: Vec<PathBuf>,
    line: String,
    query: Query,
    tell: UnboundedSender<Findings>,
) -> io::Result<Searching> {
    let cancel = Arc::<AtomicBool>::default();
    let searching = Searching(Arc::clone(&cancel));
    let look = move || {
        let found = files(&paths).and_then(|files| {
            let search = Search { around: Around::Nothing, ..Search::new(query) };
            search.run(&files, Control { cancel: &cancel, progress: &|_, _| () })
        });
        if !matches!(found, Err(SearchError::Cancelled)) {
            // A console that has been left needs to know nothing.
            let _ = tell.send(Findings { line, found: found.map_err(|error| error.to_string()) });
        }
    };
    thread::Builder::new().name("search".into()).spawn(look)?;
    Ok(searching)
}

fn files(paths: &[PathBuf]) -> Result<Files, SearchError> {
    let path = || paths.first().cloned().unwrap_or_default();
    Files::of(paths).map_err(|source| SearchError::Io { path: path(), source })
}
