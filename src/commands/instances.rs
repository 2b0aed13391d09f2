//! `veda-bus instances`: who is connected, what they can do, and what waits for them.

use serde::Serialize;
use veda_bus_core::name::{Capability, RepoName};
use veda_bus_core::state::view::{InstanceView, RepoView, StateView};
use veda_bus_core::time::Millis;
use veda_bus_ui::row::Row as Line;
use veda_bus_ui::text::cut;
use veda_bus_ui::theme::Role;
use veda_bus_ui::words::counted;

use super::status::age;
use crate::arguments::Instances;
use crate::context::{Context, Output, state};
use crate::failure::Failure;
use crate::show::table::table;

/// The columns, each with the most that it takes of a line; the last one needs no filling up.
const COLUMNS: [(&str, usize); 8] = [
    ("REPO", 28),
    ("STATE", 12),
    ("WAITING", 8),
    ("UNREAD", 8),
    ("SINCE", 10),
    ("PROCESS", 10),
    ("CLIENT", 20),
    ("CAN", 48),
];

pub(crate) fn run(context: &Context, instances: &Instances) -> Result<(), Failure> {
    let state = state(&mut context.connect()?, &[])?;
    let mut out = Output::new();
    let rows = rows(&state, instances.all);
    if context.json {
        for row in &rows {
            out.json(row)?;
        }
        return out.flush();
    }
    if !rows.is_empty() {
        for line in lines(&rows, Millis::now()) {
            out.row(&line)?;
        }
    }
    for hint in hints(&state, instances.all) {
        out.line(&hint)?;
    }
    out.flush()
}

/// An instance, or a repo without one.
#[derive(Debug, Serialize)]
struct Row<'a> {
    repo: &'a RepoName,
    /// Whether it is the first of its repo.
    #[serde(skip)]
    first: bool,
    state: &'static str,
    /// Messages that wait for an instance of the repo.
    waiting: usize,
    /// Messages that the repo has not read.
    unread: usize,
    #[serde(skip)]
    repo_view: &'a RepoView,
    #[serde(flatten)]
    instance: Option<&'a InstanceView>,
}

/// The instances by the names of their repos, the connected before those that left.
fn rows(state: &StateView, all: bool) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for repo in &state.repos {
        let mut instances: Vec<_> =
            repo.instances.iter().filter(|one| all || one.connected).map(Some).collect();
        instances.sort_by_key(|one| one.map(|one| (!one.connected, one.since)));
        if instances.is_empty() && all {
            instances.push(None);
        }
        rows.extend(instances.into_iter().enumerate().map(|(place, instance)| Row {
            repo: &repo.repo,
            first: place == 0,
            state: state_of(repo, instance),
            waiting: repo.waiting,
            unread: repo.unread,
            repo_view: repo,
            instance,
        }));
    }
    rows
}

fn state_of(repo: &RepoView, instance: Option<&InstanceView>) -> &'static str {
    match instance {
        Some(instance) if !instance.connected => "left",
        Some(instance) if instance.stuck => "stuck",
        Some(_) => "connected",
        None if repo.seen => "left",
        None => "never seen",
    }
}

fn lines(rows: &[Row<'_>], now: Millis) -> Vec<Line> {
    let rows: Vec<_> = rows.iter().map(|row| (row.role(), row.cells(now))).collect();
    table(&COLUMNS, &rows)
}

impl Row<'_> {
    fn role(&self) -> Role {
        match self.state {
            "connected" => Role::Text,
            "stuck" => Role::Warn,
            _ => Role::Dim,
        }
    }

    fn cells(&self, now: Millis) -> [String; COLUMNS.len()] {
        let sign = if self.instance.is_some_and(|one| one.connected && !one.stuck) { '●' } else { '○' };
        // What waits, waits for the repo: it stands once, not once an instance.
        let once = |count: usize| if self.first { count.to_string() } else { String::new() };
        let of = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        let capabilities = self.instance.map_or(&self.repo_view.capabilities, |one| &one.capabilities);
        let capabilities: Vec<_> = capabilities.iter().map(Capability::as_str).collect();
        [
            self.repo.to_string(),
            format!("{sign} {}", self.state),
            once(self.waiting),
            once(self.unread),
            self.since(now),
            of(self.instance.and_then(|one| one.pid).map(|pid| pid.to_string())),
            of(self.instance.and_then(|one| one.client.as_deref()).map(|client| cut(client, 20))),
            capabilities.join(", "),
        ]
    }

    /// For how long it has been connected, or how long ago it was.
    fn since(&self, now: Millis) -> String {
        let ago = |last: Millis| format!("{} ago", age(now.since(last)));
        match self.instance {
            Some(instance) if instance.connected => age(now.since(instance.since)),
            Some(instance) => ago(instance.last_seen),
            None if self.repo_view.seen => ago(self.repo_view.last_seen),
            None => "-".to_owned(),
        }
    }
}

/// What to do where there is nobody to be seen, or more than is shown.
fn hints(state: &StateView, all: bool) -> Vec<String> {
    let mut hints = Vec::new();
    if !state.repos.iter().any(|repo| repo.connected) {
        hints.push("nobody is connected; be an instance with: veda-bus join --repo NAME".to_owned());
    }
    let absent = state.repos.iter().filter(|repo| repo.seen && !repo.connected).count();
    if absent > 0 && !all {
        hints.push(format!("{} without an instance: veda-bus instances --all", counted(absent, "repo")));
    }
    hints
}

#[cfg(test)]
mod tests {
    use veda_bus_core::event::Receive;

    use super::*;

    fn instance(id: &str, connected: bool, stuck: bool) -> InstanceView {
        InstanceView {
            instance: id.parse().unwrap(),
            session: None,
            path: None,
            capabilities: vec!["auth".parse().unwrap()],
            receive: Receive::All,
            client: Some("\u{1b}[31mjoin".into()),
            pid: Some(7),
            connected,
            stuck,
            since: Millis(60_000),
            last_seen: Millis(90_000),
            in_hand: 1,
        }
    }

    fn repo(name: &str, seen: bool, instances: Vec<InstanceView>) -> RepoView {
        RepoView {
            repo: name.parse().unwrap(),
            seen,
            connected: instances.iter().any(|one| one.connected),
            last_seen: Millis(90_000),
            waiting: 2,
            unread: 3,
            held: 0,
            unread_bytes: 300,
            accept_requests_from: None,
            capabilities: Vec::new(),
            instances,
        }
    }

    fn state(repos: Vec<RepoView>) -> StateView {
        StateView { seq: veda_bus_core::name::Seq(1), at: Millis(1), repos, ..StateView::default() }
    }

    #[test]
    fn the_table_is_aligned_and_harmless() {
        let state = state(vec![
            repo("日本", true, vec![instance("b", true, true), instance("a", false, false)]),
            repo("LensSDK", true, vec![instance("c", true, false)]),
            repo("operator", false, Vec::new()),
        ]);
        let lines: Vec<_> =
            super::lines(&rows(&state, true), Millis(120_000)).iter().map(Line::text).collect();
        assert_eq!(
            lines,
            [
                "REPO      STATE         WAITING  UNREAD  SINCE    PROCESS  CLIENT        CAN",
                "日本      ○ stuck       2        3       1m       7        \\x1b[31mjoin  auth",
                "日本      ○ left                         30s ago  7        \\x1b[31mjoin  auth",
                "LensSDK   ● connected   2        3       1m       7        \\x1b[31mjoin  auth",
                "operator  ○ never seen  2        3       -        -        -",
            ]
        );
        assert_eq!(rows(&state, false).len(), 2);
        assert!(hints(&state, false).is_empty());
    }

    #[test]
    fn each_instance_is_an_object_with_its_repo() {
        let state =
            state(vec![repo("LensSDK", true, vec![instance("c", true, false)]), repo("Echo", true, vec![])]);
        let json: Vec<_> = rows(&state, true).iter().map(|row| serde_json::to_value(row).unwrap()).collect();
        assert_eq!(json[0]["repo"], "LensSDK");
        assert_eq!(json[0]["instance"], "c");
        assert_eq!(json[0]["unread"], 3);
        assert_eq!(json[1]["repo"], "Echo");
        assert_eq!(json[1]["state"], "left");
        assert!(json[1].get("instance").is_none());
    }

    #[test]
    fn who_is_missing_is_told() {
        assert_eq!(hints(&state(vec![repo("operator", false, vec![])]), false).len(), 1);
        assert_eq!(hints(&state(vec![repo("Echo", true, vec![])]), false).len(), 2);
        assert_eq!(hints(&state(vec![repo("Echo", true, vec![])]), true).len(), 1);
    }
}
