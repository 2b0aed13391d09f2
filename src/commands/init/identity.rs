//! `.veda/coordination.toml`: who the agents of a repository are on the bus.

use std::path::Path;

use toml_edit::{Array, Value};
use veda_bus_core::config::REPO_FILE;
use veda_bus_core::name::{Capability, RepoName};

use super::entry::Entries;
use super::hosts::Target;
use super::{manifests, repository};
use crate::agents::identity::is_reserved;
use crate::arguments::Init;
use crate::commands::asking;
use crate::commands::is_terminal;
use crate::context::Context;
use crate::failure::Failure;

/// What the file is to say, whether there is one or not.
pub(super) fn target(context: &Context, wanted: &Init, folder: &Path) -> Result<Target, Failure> {
    if folder.join(REPO_FILE).exists() {
        agrees(context, wanted, folder)?;
        return Ok(any());
    }
    if let Some(name) = wanted.repo.as_ref().filter(|name| is_reserved(name.as_str())) {
        return Err(Failure::Usage(reserved(name.as_str())));
    }
    let asks = is_terminal() && !wanted.yes && !wanted.dry_run && !context.json;
    let name = match &wanted.repo {
        Some(name) => name.clone(),
        None => ask_name(repository::name(folder), asks)?,
    };
    let capabilities = match &wanted.capabilities[..] {
        [] => ask_capabilities(manifests::guess(folder), asks)?,
        named => named.to_vec(),
    };
    Ok(target_of(text(&name, &capabilities)))
}

/// The file, whatever it says.
pub(super) fn any() -> Target {
    target_of(String::new())
}

fn target_of(text: String) -> Target {
    Target { host: None, file: REPO_FILE, entries: Entries::Whole(text) }
}

/// Whether a file that is there says what the command line does. It was read when the command began, so it is valid.
fn agrees(context: &Context, wanted: &Init, folder: &Path) -> Result<(), Failure> {
    let here = context.config.repo_folder.as_deref().map(std::fs::canonicalize);
    let is_read = here.is_some_and(|here| here.is_ok_and(|here| here == folder));
    let there = &context.config.coordination;
    let name = wanted.repo.as_ref().is_some_and(|name| there.repo_name.as_ref() != Some(name));
    let capabilities = !wanted.capabilities.is_empty() && there.capabilities != wanted.capabilities;
    if is_read && (name || capabilities) {
        let key = if name { "repo_name" } else { "capabilities" };
        let file = folder.join(REPO_FILE);
        return Err(Failure::Usage(format!("{} says something else; change {key} there", file.display())));
    }
    Ok(())
}

fn ask_name(guess: RepoName, asks: bool) -> Result<RepoName, Failure> {
    if !asks {
        return Ok(guess);
    }
    let shown = guess.to_string();
    asking::ask("The name of this repository on the bus", guess, &shown, |answer| {
        let name = RepoName::new(answer).map_err(|error| format!("not {error}"))?;
        if is_reserved(name.as_str()) { Err(reserved(name.as_str())) } else { Ok(name) }
    })
}

fn ask_capabilities(guess: Vec<Capability>, asks: bool) -> Result<Vec<Capability>, Failure> {
    if !asks {
        return Ok(guess);
    }
    let shown = guess.iter().map(Capability::as_str).collect::<Vec<_>>().join(", ");
    asking::ask("What its agents can do, with commas between", guess, &shown, |answer| {
        let names = answer.split(',').map(str::trim).filter(|name| !name.is_empty());
        names.map(|name| Capability::new(name).map_err(|error| format!("not {error}"))).collect()
    })
}

fn reserved(name: &str) -> String {
    format!("no repository can be called {name}: the bus has another use for it")
}

fn text(name: &RepoName, capabilities: &[Capability]) -> String {
    let name = Value::from(name.as_str());
    let capabilities = Value::Array(capabilities.iter().map(Capability::as_str).collect::<Array>());
    format!(
        "# Who the agents that work in this folder are on the bus; veda-bus config shows all settings.\n\
         [coordination]\nrepo_name = {name}\ncapabilities = {capabilities}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_what_it_was_told_whatever_is_in_it() {
        let name = RepoName::new("a \"b\" \\ ü").unwrap();
        let capabilities = ["rust", "it's"].map(|name| Capability::new(name).unwrap());
        let text = text(&name, &capabilities);
        let document: toml_edit::DocumentMut = text.parse().unwrap();
        let said = &document["coordination"];
        assert_eq!(said["repo_name"].as_str(), Some(name.as_str()));
        let said: Vec<_> =
            said["capabilities"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(said, ["rust", "it's"]);
    }
}
