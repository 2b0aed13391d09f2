//! `docs/console.md` is true: its table of keys is what the program has, and its examples of settings and themes are
//! taken by the code that reads them.
//!
//! `UPDATE_DOCS=1 cargo test --test suite console_doc` writes the table anew.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use veda_bus_ui::action::{Action, Scope};
use veda_bus_ui::settings::Settings;
use veda_bus_ui::theme::{Library, Symbols, Theme};

/// Between these lines stands what is generated.
const BEGIN: &str = "<!-- keys: tests/suite/console_doc.rs writes what follows -->\n";
const END: &str = "<!-- end of keys -->\n";

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/console.md")
}

fn guide() -> String {
    fs::read_to_string(path()).unwrap()
}

/// The text of the fenced block of a language that begins with `first`.
fn block(language: &str, first: &str) -> String {
    let guide = guide();
    let begin = format!("\n```{language}\n{first}");
    let (_, block) = guide.split_once(&begin).unwrap_or_else(|| panic!("no block begins with {first}"));
    format!("{first}{}\n", block.split_once("\n```").unwrap().0)
}

/// Every action with its keys, a table for each place where they hold.
fn keys() -> String {
    let mut text = String::new();
    for scope in Scope::ALL {
        writeln!(text, "\n### {}\n\n| key | command | what it does |\n|---|---|---|", scope.title()).unwrap();
        for action in Action::ALL.iter().filter(|action| action.scope() == scope) {
            let keys: Vec<_> = action.default_keys().iter().map(|key| format!("`{key}`")).collect();
            let command = format!("{action} {}", action.argument().as_str());
            writeln!(text, "| {} | `:{}` | {} |", keys.join(" "), command.trim_end(), action.doc()).unwrap();
        }
    }
    text + "\n"
}

#[test]
fn the_table_of_keys_is_that_of_the_program() {
    let guide = guide();
    let (before, rest) = guide.split_once(BEGIN).expect("the keys begin");
    let (found, after) = rest.split_once(END).expect("the keys end");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        // At once, for other tests read it meanwhile.
        let new = path().with_extension("new");
        fs::write(&new, format!("{before}{BEGIN}{}{END}{after}", keys())).unwrap();
        fs::rename(&new, path()).unwrap();
        return;
    }
    assert_eq!(found, keys(), "UPDATE_DOCS=1 writes the table anew");
}

#[test]
fn the_signs_of_the_ladder_are_those_of_the_program() {
    let guide = guide();
    let (fine, ascii) = (Symbols::UTF8, Symbols::ASCII);
    for (step, fine, ascii) in [
        ("queued", fine.queued, ascii.queued),
        ("routed", fine.routed, ascii.routed),
        ("delivered", fine.delivered, ascii.delivered),
        ("read", fine.read, ascii.read),
        ("answered", fine.answered, ascii.answered),
        ("expired", fine.expired, ascii.expired),
        ("refused", fine.refused, ascii.refused),
    ] {
        assert!(guide.contains(&format!("\n| {fine} | `{ascii}` | {step} | ")), "{step}");
    }
}

#[test]
fn the_settings_of_the_guide_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("console.toml");
    fs::write(&file, block("toml", "# ~/.veda/console.toml")).unwrap();
    let settings = Settings::load(&file).unwrap();
    assert_eq!(settings.warnings, Vec::<String>::new());
    assert_ne!(settings.keys, Settings::default().keys);
}

#[test]
fn the_theme_of_the_guide_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("dusk.toml"), block("toml", "# ~/.veda/themes/dusk.toml")).unwrap();
    let library = Library { folder: Some(folder.path().to_owned()) };
    assert_eq!(library.load("dusk").unwrap().title(), "Dusk");
}

#[test]
fn every_theme_and_setting_is_told() {
    let guide = guide();
    for theme in Theme::names() {
        assert!(guide.contains(&format!("`{theme}`")), "{theme}");
    }
    // An unknown setting is answered with those that there are.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("console.toml");
    fs::write(&file, "xyzzyxyzzy = 1").unwrap();
    let error = Settings::load(&file).unwrap_err().to_string();
    let (_, names) = error.split_once("there are ").expect(&error);
    assert!(names.split(", ").count() > 5, "{names}");
    for name in names.split(", ") {
        assert!(guide.contains(&format!("| `{name}")), "{name}");
    }
}
