//! Pane 1: who is there.

use ratatui::layout::Rect;
use veda_bus_core::name::{Capability, RepoName};
use veda_bus_core::state::registry::Repo;

use super::canvas::{Canvas, lines};
use crate::ago::ago;
use crate::app::Cursor;
use crate::app::drawn::Target;
use crate::app::pane::Pane;
use crate::row::Row;
use crate::theme::Role;
use crate::words::listed;

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let app = canvas.app;
    let mut more = Row::default();
    let repos = app.repos();
    more.push(Role::Dim, &app.model.connected().to_string());
    let inner = canvas.pane(Pane::Instances, area, &more);
    let mut cursor = Cursor { selected: app.repo_line(&repos), ..app.instances };
    cursor.clamp(repos.len(), usize::from(inner.height));
    let total = repos.len().max(1);
    for (line, (index, name)) in lines(inner).zip(repos.iter().enumerate().skip(cursor.top)) {
        let Some(repo) = app.model.state.repo(name) else { continue };
        let state = state(canvas, name, repo);
        // The name is never cut for what stands beside it.
        let left = usize::from(inner.width).saturating_sub(crate::text::width(name.as_str()) + 4);
        let room = canvas.row_right(line, &state.cut(left));
        canvas.fit(room, &who(canvas, name, repo));
        canvas.target(line, Target::Instance(index));
        if index == cursor.selected {
            super::select(canvas, line, Pane::Instances);
        }
    }
    let part = |n: usize| super::share(n, total);
    canvas.scrollbar(inner, part(cursor.top), part(cursor.top + usize::from(inner.height)));
}

fn who(canvas: &Canvas<'_>, name: &RepoName, repo: &Repo) -> Row {
    let symbols = canvas.symbols();
    let is_stuck =
        repo.connected.iter().any(|id| canvas.app.model.state.instance(id).is_some_and(|one| one.stuck));
    let mut row = match (repo.connected.is_empty(), is_stuck) {
        (_, true) => Row::of(Role::Warn, symbols.alert),
        (true, false) => Row::of(Role::Dim, symbols.queued),
        (false, false) => Row::of(Role::Ok, symbols.unread),
    };
    let role = match (name.is_operator(), repo.connected.is_empty()) {
        (true, _) => Role::Operator,
        (false, true) => Role::Dim,
        (false, false) => Role::Repo,
    };
    row.plain(" ").push(role, name.as_str());
    if repo.connected.len() > 1 {
        row.push(Role::Dim, &format!(" x{}", repo.connected.len()));
    }
    let mut capabilities: Vec<_> = repo.capabilities.iter().flatten().map(Capability::as_str).collect();
    capabilities.sort_unstable();
    capabilities.dedup();
    if !capabilities.is_empty() {
        row.plain(" ").push(Role::Capability, &listed(capabilities));
    }
    row
}

/// What waits, what is owed, and since when it is gone.
fn state(canvas: &mut Canvas<'_>, name: &RepoName, repo: &Repo) -> Row {
    let app = canvas.app;
    let mut parts = Vec::new();
    if repo.mailbox.unread > 0 {
        parts.push((Role::Unread, format!("{} waiting", repo.mailbox.unread)));
    }
    let balance = app.model.state.balance(name);
    if balance.owes > 0 {
        parts.push((Role::Warn, format!("owes {}", balance.owes)));
    }
    if balance.owed > 0 {
        parts.push((Role::Info, format!("owed {}", balance.owed)));
    }
    if !repo.seen && !name.is_operator() {
        parts.push((Role::Dim, "never seen".to_owned()));
    } else if repo.connected.is_empty() && repo.seen {
        let (age, next) = ago(repo.last_seen, app.moment());
        canvas.changes_at(next);
        parts.push((Role::Time, format!("left {age}")));
    }
    let mut row = Row::default();
    for (role, text) in parts {
        if !row.is_empty() {
            row.plain(" ");
        }
        row.push(role, &text);
    }
    row
}
