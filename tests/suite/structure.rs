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

/// The names of everything that a manifest depends on, for whatever.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let manifest = read(manifest);
    let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
    tables.iter().flat_map(|table| entries(&manifest, table)).collect()
}

/// The packages of the lock file: their names, and the names of what they depend on. A name that is there in several
/// versions is there several times.
fn locked() -> Vec<(String, Vec<String>)> {
    let lock = read("Cargo.lock");
    let quoted = |line: &str| line.split('"').nth(1).unwrap_or_default().to_owned();
    let package = |text: &str| {
        let name = text.lines().find(|line| line.starts_with("name = ")).map(quoted).unwrap();
        let needs = text.lines().filter(|line| line.starts_with(" \""));
        let needs = needs.map(|line| quoted(line).split(' ').next().unwrap().to_owned()).collect();
        (name, needs)
    };
    lock.split("[[package]]").skip(1).map(package).collect()
}

/// The crates that speak with a terminal or read a command line.
const TERMINAL: [&str; 12] = [
    "ratatui",
    "ratatui-core",
    "ratatui-crossterm",
    "ratatui-textarea",
    "tui-textarea",
    "crossterm",
    "termion",
    "termwiz",
    "console",
    "clap",
    "anstream",
    "anstyle",
];

#[test]
fn the_bus_knows_no_terminal_and_nobody_above_it() {
    let all = dependencies("bus/Cargo.toml");
    assert!(all.contains("serde_json") && all.contains("tokio"), "{all:?}");
    let above = ["veda-bus", "veda-bus-ui"];
    let found: Vec<_> = above.iter().chain(&TERMINAL).filter(|name| all.contains(**name)).collect();
    assert!(found.is_empty(), "veda-bus-core depends on {found:?}");
}

#[test]
fn nothing_that_the_bus_needs_knows_a_terminal() {
    let packages = locked();
    let mut tree = BTreeSet::from(["veda-bus-core".to_owned()]);
    loop {
        let needed = packages.iter().filter(|(name, _)| tree.contains(name)).flat_map(|(_, needs)| needs);
        let wider: BTreeSet<_> = tree.iter().chain(needed).cloned().collect();
        if wider == tree {
            break;
        }
        tree = wider;
    }
    assert!(tree.contains("mio") && tree.contains("regex"), "{tree:?}");
    let found: Vec<_> = TERMINAL.iter().filter(|name| tree.contains(**name)).collect();
    assert!(found.is_empty(), "the tree of veda-bus-core has {found:?}");
}

#[test]
fn the_console_knows_the_bus_and_not_the_binary() {
    let all = dependencies("ui/Cargo.toml");
    assert!(all.contains("ratatui") && all.contains("veda-bus-core"), "{all:?}");
    assert!(!all.contains("veda-bus") && !all.contains("clap"), "veda-bus-ui depends on {all:?}");
}

#[test]
fn the_console_speaks_with_the_bus_through_its_client() {
    let mut all = Vec::new();
    files(&Path::new(ROOT).join("ui"), &mut all);
    // Its tests make events with the hub, as a bus does.
    let tests = Path::new(ROOT).join("ui/tests");
    all.retain(|file| {
        file.extension().is_some_and(|extension| extension == "rs") && !file.starts_with(&tests)
    });
    assert!(all.len() > 50, "{}", all.len());
    for file in all {
        let text = fs::read_to_string(&file).unwrap();
        for inside in ["veda_bus_core::server", "veda_bus_core::hub", "UnixStream", "UnixListener"] {
            assert!(!text.contains(inside), "{} knows {inside}", file.display());
        }
    }
}

#[test]
fn the_terminal_has_one_library() {
    let packages = locked();
    for name in ["crossterm", "ratatui", "ratatui-core", "unicode-width"] {
        let versions = packages.iter().filter(|(found, _)| found == name).count();
        assert_eq!(versions, 1, "versions of {name} in Cargo.lock");
    }
}

#[test]
fn every_dependency_is_justified() {
    let architecture = read("docs/architecture.md");
    let manifests = ["Cargo.toml", "bus/Cargo.toml", "ui/Cargo.toml"];
    let names: BTreeSet<_> = manifests.iter().flat_map(|manifest| dependencies(manifest)).collect();
    assert!(names.len() > 30 && names.contains("cel") && names.contains("insta"), "{names:?}");
    let silent: Vec<_> =
        names.iter().filter(|name| !architecture.contains(&format!("| `{name}` |"))).collect();
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
