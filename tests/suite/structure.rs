//! The shape of the repository: who may know whom, and what may stand in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The names of the entries in the tables of a manifest whose names end with `table`.
fn entries(manifest: &str, table: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut found = BTreeSet::new();
    for line in manifest.lines() {
        if let Some(header) = line.trim().strip_prefix('[') {
            let header = header.trim_matches(['[', ']']);
            inside = header == table || header.ends_with(&format!(".{table}"));
            // [dependencies.name]
            found.extend(header.strip_prefix(&format!("{table}.")).map(str::to_owned));
        } else if let Some((name, _)) =
            line.split_once('=').filter(|_| inside && !line.starts_with(['#', ' ']))
        {
            found.insert(name.trim().split('.').next().unwrap().trim_matches('"').to_owned());
        }
    }
    found
}

#[test]
fn the_bus_knows_no_terminal_and_nobody_above_it() {
    let manifest = read("bus/Cargo.toml");
    let all: BTreeSet<_> = ["dependencies", "dev-dependencies", "build-dependencies"]
        .iter()
        .flat_map(|table| entries(&manifest, table))
        .collect();
    assert!(all.contains("serde_json") && all.contains("tokio"), "{all:?}");
    let forbidden = [
        "ratatui",
        "crossterm",
        "tui-textarea",
        "ratatui-textarea",
        "termion",
        "termwiz",
        "clap",
        "anstream",
        "anstyle",
        "veda-bus",
        "veda-bus-ui",
    ];
    let found: Vec<_> = forbidden.iter().filter(|name| all.contains(**name)).collect();
    assert!(found.is_empty(), "veda-bus-core depends on {found:?}");
}

#[test]
fn every_dependency_is_justified() {
    let manifest = read("Cargo.toml");
    let architecture = read("docs/architecture.md");
    let mut names = entries(&manifest, "dependencies");
    names.extend(entries(&read("bus/Cargo.toml"), "dependencies"));
    assert!(names.len() > 15 && names.contains("cel"), "{names:?}");
    names.retain(|name| !name.starts_with("veda-bus"));
    let silent: Vec<_> = names.iter().filter(|name| !architecture.contains(&format!("`{name}`"))).collect();
    assert!(silent.is_empty(), "docs/architecture.md does not say why there is {silent:?}");
}

/// Every file of the repository, but what is built and what git keeps.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && name != "target" && name != ".git" {
            files(&entry.path(), found);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
}

#[test]
fn nothing_names_a_place_on_one_machine() {
    let mut all = Vec::new();
    files(Path::new(ROOT), &mut all);
    assert!(all.len() > 80, "{}", all.len());
    // Written in two parts, so that this file is not found itself.
    let places = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];
    for file in all {
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        let line = text.lines().position(|line| places.iter().any(|place| line.contains(place)));
        let shown = line.map(|line| format!("{}:{}", file.display(), line + 1));
        assert_eq!(shown, None);
    }
}
