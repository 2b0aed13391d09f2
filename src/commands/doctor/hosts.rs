//! The programs that agents run in: those that are on the path, and those that are set up for this folder.

mod entries;
mod program;

use std::path::{Path, PathBuf};
use std::thread;

use veda_bus_core::config::Sources;
use veda_bus_core::name::RepoName;
use veda_bus_core::time::Millis;

use super::finding::Finding;
use super::within::version;
use crate::agents::host::Host;
use crate::agents::identity::Identity;
use crate::agents::session::Memory;
use crate::commands::status::age;
use entries::{Entry, Found};
use program::Target;

/// What the hooks of the hosts are looked at with.
struct Looking<'a> {
    /// The folder of the repo.
    folder: &'a Path,
    home: Option<&'a Path>,
    repo: Option<&'a RepoName>,
    sessions: &'a [Memory],
    /// This program.
    own: Option<&'a Path>,
    now: Millis,
}

/// What is to be said of every host that is here.
pub(super) fn checks(sources: &Sources, identity: Option<&Identity>, sessions: &[Memory]) -> Vec<Finding> {
    let own = std::env::current_exe().and_then(|own| own.canonicalize()).ok();
    let looking = Looking {
        folder: identity.map_or(&sources.current, |identity| &identity.folder),
        home: sources.home.as_deref(),
        repo: identity.map(|identity| &identity.repo),
        sessions,
        own: own.as_deref(),
        now: Millis::now(),
    };
    // Some programs take a second to tell their version.
    let programs = thread::scope(|scope| {
        let asked = Host::ALL.map(|host| scope.spawn(move || installed(host)));
        asked.map(|asked| asked.join().unwrap_or_default())
    });
    let hosts = Host::ALL.into_iter().zip(programs);
    let checks: Vec<_> = hosts.flat_map(|(host, program)| looking.at(host, program)).collect();
    if !checks.is_empty() {
        return checks;
    }
    let names = Host::ALL.map(|host| host.to_string()).join(", ");
    let what = format!("none of {names} is on the PATH or set up here");
    vec![Finding::ok("agents", what)]
}

/// The program of a host on the path, and its version where it tells it.
fn installed(host: Host) -> Option<(PathBuf, Option<String>)> {
    let names: &[&str] = match host {
        Host::Cursor => &["cursor-agent", "cursor"],
        _ => &[host.word()],
    };
    let path = names.iter().find_map(|name| program::on_path(name))?;
    let version = version(&path);
    Some((path, version))
}

impl Looking<'_> {
    fn at(&self, host: Host, program: Option<(PathBuf, Option<String>)>) -> Vec<Finding> {
        let Found { entries, faults } = entries::of(host, self.folder, self.home, self.own);
        let last = self.last(host);
        if entries.is_empty() && faults.is_empty() && last.is_none() {
            let not_set_up = |program| {
                let what = format!("{}; not set up for this folder", installation(&program));
                Finding::warning(host.word(), what, init(host))
            };
            return program.map(not_set_up).into_iter().collect();
        }
        let mut checks = vec![is_there(host, program)];
        let fault =
            |fault| Finding::problem(host.word(), fault, "mend it; the program can not read it either");
        checks.extend(faults.into_iter().map(fault));
        let (hooks, servers): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.is_hook);
        checks.push(self.entry(host, "mcp", &servers));
        if entries::has_hooks(host) {
            checks.push(self.entry(host, "hooks", &hooks));
            checks.extend(self.fired(host, last, !hooks.is_empty()));
        }
        checks
    }

    /// Whether there are entries of a kind, and whether they start this program.
    fn entry(&self, host: Host, kind: &str, entries: &[Entry]) -> Finding {
        let (check, init) = (format!("{} {kind}", host.word()), init(host));
        let Some(first) = entries.first() else {
            return match self.last(host) {
                Some(_) if host == Host::Claude => {
                    Finding::ok(check, "not in the files of this folder; hooks fire, so the plugin is used")
                }
                _ => Finding::warning(check, "not set up for this folder", init),
            };
        };
        let judged = entries.iter().map(|entry| (entry, program::judge(&entry.program, self.own)));
        let worst = judged.max_by_key(|(_, target)| *target).unwrap_or((first, Target::Own));
        let (Entry { file, program, .. }, target) = worst;
        let shown = file.display();
        match target {
            Target::Own => Finding::ok(check, format!("{shown} starts this program")),
            Target::Other => {
                let what = format!("{shown} starts another program: {program}");
                Finding::warning(check, what, format!("if that is not meant: {init}"))
            }
            Target::Missing => {
                Finding::problem(check, format!("{shown} starts {program}, which is not there"), init)
            }
            Target::NotExecutable => {
                Finding::problem(check, format!("{shown} starts {program}, which can not be executed"), init)
            }
        }
    }

    /// The conversation of this repo of which a hook was heard last.
    fn last(&self, host: Host) -> Option<&Memory> {
        let here = |one: &&Memory| one.host == host.word() && one.repo.as_ref() == self.repo;
        self.sessions.iter().filter(here).max_by_key(|one| one.at)
    }

    /// When a hook of a host fired last in this repo.
    fn fired(&self, host: Host, last: Option<&Memory>, has_hooks: bool) -> Option<Finding> {
        let check = format!("{} hooks firing", host.word());
        if let Some(last) = last {
            let ago = age(self.now.since(last.at));
            return Some(Finding::ok(check, format!("last fired {ago} ago ({})", last.event)));
        }
        has_hooks.then(|| Finding::warning(check, "no hook was ever heard of from this repo", by_hand(host)))
    }
}

fn is_there(host: Host, program: Option<(PathBuf, Option<String>)>) -> Finding {
    if let Some(program) = program {
        return Finding::ok(host.word(), installation(&program));
    }
    let what = format!("{host} is set up here, and not on the PATH");
    Finding::warning(host.word(), what, "install it, or start it where its folder is on the PATH")
}

fn installation((path, version): &(PathBuf, Option<String>)) -> String {
    match version {
        Some(version) => format!("{version}, {}", path.display()),
        None => format!("{}, which did not tell its version in time", path.display()),
    }
}

fn init(host: Host) -> String {
    format!("veda-bus init --agent {}", host.word())
}

/// What only the person can do.
fn by_hand(host: Host) -> &'static str {
    match host {
        Host::Claude => {
            "start claude in this folder, and let it trust the folder and use the server veda-bus"
        }
        Host::Codex => "start codex in this folder, trust the folder, and trust the hooks: /hooks",
        Host::Gemini => "start gemini in this folder, and trust the folder: /permissions",
        Host::Opencode | Host::Cursor => "start it in this folder; hooks fire when the agent ends a turn",
    }
}
