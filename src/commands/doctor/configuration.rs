//! The configuration: what is wrong with it, where it comes from, and which repo this folder is.

use std::collections::BTreeMap;
use std::path::PathBuf;

use veda_bus_core::config::{Effective, Origin, REPO_FILE, Sources, load};
use veda_bus_ui::words::listed;

use super::finding::Finding;
use crate::agents::identity::{Identity, git_root};
use crate::arguments::Global;
use crate::context::Context;
use crate::failure::Failure;

const CHECK: &str = "configuration";

/// The configuration as far as it is right.
pub(super) struct Configured {
    /// `None` where nothing of it is.
    pub(super) context: Option<Context>,
    /// What is wrong with it.
    pub(super) checks: Vec<Finding>,
}

/// Reads the configuration. What is wrong with it is told, and left out of what the other checks go by.
pub(super) fn read(global: &Global) -> Configured {
    let sources = Context::sources(global);
    let (faults, rest) = faults(&sources);
    let left_out = "mend it, for commands refuse to run with it; what follows is without it";
    let checks = faults.into_iter().map(|fault| Finding::problem(CHECK, fault, left_out)).collect();
    let config = rest.and_then(|rest| load(&rest).ok());
    let context = config.map(|config| Context { config, sources, json: global.json });
    Configured { context, checks }
}

/// What is wrong, each mistake once, and the sources without the ones that are at fault.
fn faults(sources: &Sources) -> (Vec<String>, Option<Sources>) {
    let (mut faults, mut rest) = (Vec::new(), None);
    for part in parts(sources) {
        match load(&part) {
            Ok(_) => rest = rest.or(Some(part)),
            Err(error) => faults.push(error.to_string()),
        }
    }
    faults.sort();
    faults.dedup();
    (faults, rest)
}

/// The sources, whole and with less and less of them.
fn parts(sources: &Sources) -> impl Iterator<Item = Sources> {
    let either = [false, true];
    let files = either.into_iter().flat_map(move |global| either.map(|repo| (global, repo)));
    let less = move |without_environment: bool| {
        let environment = if without_environment { BTreeMap::new() } else { sources.environment.clone() };
        files.clone().map(move |(without_global, without_repo)| {
            let environment = environment.clone();
            Sources { environment, without_global, without_repo, ..sources.clone() }
        })
    };
    either.into_iter().flat_map(less)
}

/// Which files were read, who this folder is, what the environment overrules.
pub(super) fn checks(context: &Context, identity: &Result<Identity, Failure>) -> Vec<Finding> {
    let mut checks = vec![Finding::ok(CHECK, read_files(&files(context))), repo(context, identity)];
    checks.extend(environment(&context.config.effective));
    checks
}

fn files(context: &Context) -> Vec<PathBuf> {
    let global = context.config.bus.config_path.clone();
    let repo = context.config.repo_folder.as_ref().map(|folder| folder.join(REPO_FILE));
    global.into_iter().filter(|path| path.is_file()).chain(repo).collect()
}

fn read_files(files: &[PathBuf]) -> String {
    let names: Vec<_> = files.iter().map(|path| path.display().to_string()).collect();
    match &names[..] {
        [] => "no file; the defaults are in force".into(),
        names => format!("{} read", listed(names.iter().map(String::as_str))),
    }
}

fn repo(context: &Context, identity: &Result<Identity, Failure>) -> Finding {
    let check = "repo";
    let identity = match identity {
        Ok(identity) => identity,
        Err(failure) => {
            return Finding::problem(check, failure.to_string(), "or say it in a file: veda-bus init");
        }
    };
    let (repo, folder) = (&identity.repo, identity.folder.display());
    if let Some(Effective { origin: origin @ (Origin::File(..) | Origin::Environment(_)), .. }) =
        named(context)
    {
        return Finding::ok(check, format!("this folder is {repo}, as {origin} says"));
    }
    let like = match git_root(&context.sources.current) {
        Some(_) => format!("after its git repository {folder}"),
        None => format!("after its name, {folder}"),
    };
    Finding::warning(
        check,
        format!("this folder is {repo}, {like}"),
        "give it a name that stays: veda-bus init",
    )
}

fn named(context: &Context) -> Option<&Effective> {
    context.config.effective.iter().find(|one| one.key == "coordination.repo_name")
}

fn environment(effective: &[Effective]) -> Option<Finding> {
    let overruled = effective.iter().filter_map(|one| match &one.origin {
        Origin::Environment(name) => Some(format!("{name}={}", one.value)),
        _ => None,
    });
    let overruled: Vec<_> = overruled.collect();
    if overruled.is_empty() {
        return None;
    }
    let what = format!("in force instead of the files: {}", overruled.join(", "));
    let todo = "a program without these variables may go by other settings; put them into a file if that is not meant";
    Some(Finding::warning("environment", what, todo))
}
