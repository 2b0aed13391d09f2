//! The repo of this folder, as the bus knows it.

use veda_bus_core::name::RepoName;
use veda_bus_core::state::view::{ObligationView, RepoView, StateView};
use veda_bus_core::time::Millis;
use veda_bus_ui::words::counted;

use super::finding::Finding;

/// Who is there for it, what waits for it, what it owes.
pub(super) fn check(state: &StateView, name: &RepoName, now: Millis) -> Finding {
    let check = format!("repo {name}");
    let Some(repo) = state.repos.iter().find(|repo| repo.repo == *name) else {
        return Finding::ok(check, "has never been on this bus");
    };
    let owes = || state.obligations.iter().flat_map(|all| &all.newest).filter(|one| one.by == *name);
    let overdue = owes().filter(|one| one.is_overdue(now)).count() as u64;
    let what = told(repo, owes().filter(|one| !one.waiting));
    if overdue == 0 {
        return Finding::ok(check, what);
    }
    let what = format!("{what}, {overdue} of them overdue");
    Finding::warning(check, what, format!("veda-bus obligations --repo {name} --overdue"))
}

fn told<'a>(repo: &RepoView, owes: impl Iterator<Item = &'a ObligationView>) -> String {
    let connected = repo.instances.iter().filter(|one| one.connected).count() as u64;
    let (unread, owes) =
        (counted(repo.unread as u64, "unread message"), counted(owes.count() as u64, "answer"));
    format!("{} connected, {unread}, {owes} owed", counted(connected, "instance"))
}
