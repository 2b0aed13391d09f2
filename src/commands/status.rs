//! `veda-bus status`: process, journal, counts, rate.

mod recent;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use veda_bus_core::journal;
use veda_bus_core::state::view::StateView;
use veda_bus_core::time::Millis;
use veda_bus_ui::row::Row;
use veda_bus_ui::theme::Role;
use veda_bus_ui::words::{counted, size};

use crate::context::{Context, Output, state};
use crate::failure::Failure;

pub(crate) fn run(context: &Context) -> Result<(), Failure> {
    let state = state(&mut context.connect()?, &[])?;
    let now = Millis::now();
    let journal = state.journal.as_deref().map(Journal::of);
    let recent = journal.as_ref().and_then(|journal| recent::messages(&journal.path, &state, now));
    let status = Status::new(context.socket(), &state, journal, recent, now);
    let mut out = Output::new();
    if context.json {
        out.json(&status)?;
    } else {
        for (name, value) in status.lines() {
            let mut row = Row::of(Role::Dim, &format!("{name:<9} "));
            out.row(row.plain(&value))?;
        }
    }
    out.flush()
}

/// The bus at a glance, as a script gets it.
#[derive(Debug, Serialize)]
struct Status {
    socket: PathBuf,
    pid: Option<u32>,
    version: Option<String>,
    /// When the bus started, in milliseconds since the Unix epoch.
    since: Option<Millis>,
    uptime_seconds: Option<u64>,
    /// The bus's journal; `None` where it keeps none.
    journal: Option<Journal>,
    /// The last event.
    seq: u64,
    /// Messages accepted, as far as the bus remembers.
    accepted: u64,
    remembered: usize,
    unread: usize,
    /// How many of those are held.
    held: usize,
    /// Negotiations that are not resolved.
    negotiations: usize,
    threads: usize,
    repos: usize,
    repos_connected: usize,
    instances_connected: usize,
    instances_stuck: usize,
    /// Messages accepted in the last minute; `None` where the journal does not tell.
    last_minute: Option<u64>,
    messages_per_second: Option<f64>,
}

/// The files of a journal.
#[derive(Debug, Serialize)]
struct Journal {
    path: PathBuf,
    bytes: u64,
    segments: u64,
}

impl Journal {
    /// Looks at the active file and at the archives beside it.
    fn of(path: &Path) -> Self {
        let files = journal::files(path).unwrap_or_default();
        let sizes = files.iter().filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len());
        Self { path: path.to_owned(), bytes: sizes.sum(), segments: files.len() as u64 }
    }

    fn line(&self) -> String {
        let files = counted(self.segments, "file");
        format!("{}, {} in {files}", self.path.display(), size(self.bytes))
    }
}

impl Status {
    fn new(
        socket: &Path,
        state: &StateView,
        journal: Option<Journal>,
        last_minute: Option<u64>,
        now: Millis,
    ) -> Self {
        let host = state.host.as_ref();
        let instances = || state.repos.iter().flat_map(|repo| &repo.instances).filter(|one| one.connected);
        let rate = |messages: u64| f64::from(u32::try_from(messages).unwrap_or(u32::MAX)) / 60.0;
        Self {
            socket: socket.to_owned(),
            pid: host.map(|host| host.pid),
            version: host.map(|host| host.version.clone()),
            since: host.map(|host| host.since),
            uptime_seconds: host.map(|host| now.since(host.since).as_secs()),
            journal,
            seq: state.seq.0,
            accepted: state.accepted,
            remembered: state.remembered,
            unread: state.unread,
            held: state.held,
            negotiations: state.negotiations,
            threads: state.threads,
            repos: state.repos.len(),
            repos_connected: state.repos.iter().filter(|repo| repo.connected).count(),
            instances_connected: instances().count(),
            instances_stuck: instances().filter(|one| one.stuck).count(),
            last_minute,
            messages_per_second: last_minute.map(rate).map(|rate| (rate * 100.0).round() / 100.0),
        }
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![("socket", self.socket.display().to_string())];
        if let (Some(pid), Some(version)) = (self.pid, &self.version) {
            lines.push(("bus", format!("process {pid}, version {version}")));
        }
        if let (Some(since), Some(uptime)) = (self.since, self.uptime_seconds) {
            lines.push(("since", format!("{since} ({})", age(Duration::from_secs(uptime)))));
        }
        lines.push(("journal", self.journal.as_ref().map_or_else(|| "none".to_owned(), Journal::line)));
        lines.push(("events", self.seq.to_string()));
        let Self { accepted, remembered, unread, threads, .. } = self;
        let threads = counted(*threads as u64, "thread");
        lines.push((
            "messages",
            format!("{accepted} accepted, {remembered} remembered in {threads}, {unread} unread"),
        ));
        if self.held + self.negotiations > 0 {
            let open = counted(self.negotiations as u64, "open negotiation");
            lines.push(("operator", format!("{} held, {open}", counted(self.held as u64, "message"))));
        }
        lines.push(("repos", format!("{} known, {} connected", self.repos, self.repos_connected)));
        let (connected, stuck) = (self.instances_connected, self.instances_stuck);
        lines.push(("instances", format!("{connected} connected, {stuck} of them stuck")));
        if let (Some(messages), Some(rate)) = (self.last_minute, self.messages_per_second) {
            let messages = counted(messages, "message");
            lines.push(("rate", format!("{messages} in the last minute, {rate} a second")));
        }
        lines
    }
}

/// How long something took or is ago, in the largest unit of which it has at least one: `5s`, `3m`, `2h`, `4d`.
pub(crate) fn age(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        assert_eq!([59, 60, 7199, 86_400].map(|s| age(Duration::from_secs(s))), ["59s", "1m", "1h", "1d"]);
    }

    #[test]
    fn all_segments_count() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["log", "log.000000000001", "log.lock", "log.torn-42", "other"] {
            std::fs::write(dir.path().join(name), "12345").unwrap();
        }
        let journal = Journal::of(&dir.path().join("log"));
        assert_eq!((journal.bytes, journal.segments), (10, 2));
    }
}
