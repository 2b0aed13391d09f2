//! `veda-bus init`: sets up the agents of a repository for the bus, and takes all of that out again.
//!
//! | module | what is in it |
//! |---|---|
//! | [`repository`] | which folder it is, and its name |
//! | [`manifests`] | what its agents can do, guessed |
//! | [`identity`] | `.veda/coordination.toml` |
//! | [`found`] | which agents there are on this machine |
//! | [`hosts`] | what goes into which file of which agent |
//! | [`entry`], [`hooks`] | what is ours in such a file |
//! | [`json`], [`toml`], [`fault`] | edits that leave everything else as it is |
//! | [`plan`] | what becomes of every file: decided before anything is written |
//! | [`record`] | what the files were before |
//! | [`apply`] | writes it |
//! | [`steps`], [`report`] | what is said of it |

mod apply;
mod entry;
mod fault;
mod found;
mod hooks;
mod hosts;
mod identity;
mod json;
mod manifests;
mod plan;
mod record;
mod report;
mod repository;
mod steps;
mod toml;

use std::path::{Path, PathBuf};

use self::found::Found;
use self::hosts::Target;
use self::plan::Change;
use self::record::Records;
use crate::agents::host::Host;
use crate::arguments::Init;
use crate::context::Context;
use crate::failure::Failure;

pub(crate) fn run(context: &Context, wanted: &Init) -> Result<(), Failure> {
    let Some(home) = context.sources.home.as_deref() else {
        return Err(Failure::Usage("there is no home folder; set HOME".into()));
    };
    let folder = repository::folder(&context.sources.current, home)?;
    let records = Records::new(home);
    if wanted.uninstall {
        uninstall(context, wanted, &folder, &records)
    } else {
        install(context, wanted, &folder, home, &records)
    }
}

fn install(
    context: &Context,
    wanted: &Init,
    folder: &Path,
    home: &Path,
    records: &Records,
) -> Result<(), Failure> {
    let program = program()?;
    let found = Found::look(folder, home, std::env::var_os("PATH").as_deref());
    let hosts: Vec<Host> = match &wanted.agents[..] {
        [] => found.hosts(),
        named => Host::ALL.into_iter().filter(|host| named.contains(host)).collect(),
    };
    let mut targets: Vec<Target> = Vec::new();
    for host in &hosts {
        targets.extend(hosts::targets(*host, folder, &program));
    }
    // Whether the files of others can be edited is known before anybody is asked anything.
    let mut changes = plan::install(&targets, folder, records)?;
    changes.insert(0, plan::install_one(&identity::target(context, wanted, folder)?, folder, records)?);
    if !wanted.dry_run {
        apply::apply(&changes, records)?;
    }
    let mut report = report::Report::new(context.json, wanted.dry_run);
    report.folder(folder)?;
    if wanted.agents.is_empty() {
        report.found(&found)?;
    }
    report.changes(&changes)?;
    if changes.iter().all(Change::is_nothing) {
        report.note("nothing to do: everything is set up")?;
    }
    report.steps(&hosts, folder, &changes)?;
    report.end()
}

fn uninstall(context: &Context, wanted: &Init, folder: &Path, records: &Records) -> Result<(), Failure> {
    let all = wanted.agents.is_empty();
    let program = program()?;
    let hosts = Host::ALL.into_iter().filter(|host| all || wanted.agents.contains(host));
    let targets: Vec<Target> = hosts.flat_map(|host| hosts::all_targets(host, &program)).collect();
    let mut changes = plan::uninstall(&targets, folder, records)?;
    if all {
        changes.extend(plan::uninstall(&[identity::any()], folder, records)?);
    }
    if !wanted.dry_run {
        apply::apply(&changes, records)?;
    }
    let mut report = report::Report::new(context.json, wanted.dry_run);
    report.folder(folder)?;
    report.changes(&changes)?;
    if changes.iter().all(Change::is_nothing) {
        report.note("nothing to take out")?;
    }
    report.end()
}

/// This program, as others are to call it.
fn program() -> Result<String, Failure> {
    let not_known = |why: String| Failure::Failed(format!("the path of this program is not known: {why}"));
    let path = crate::hosting::program().and_then(std::fs::canonicalize);
    let path: PathBuf = path.map_err(|error| not_known(error.to_string()))?;
    path.into_os_string().into_string().map_err(|path| not_known(format!("{} is not UTF-8", path.display())))
}
