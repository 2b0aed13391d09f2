#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::action::{Action, Scope};

fn load(text: &str) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("console.toml");
    std::fs::write(&path, text).unwrap();
    let name = path.display().to_string();
    Settings::load(&path).map_err(|error| error.to_string().replace(&name, "console.toml"))
}

#[test]
fn no_file_is_the_defaults() {
    let settings = Settings::load(Path::new("no/such/console.toml")).unwrap();
    assert_eq!(settings, Settings::default());
}

#[test]
fn everything_can_be_set() {
    let text = "theme = \"nord\"\nascii = true\nmouse = false\nbell = false\nnotify = \"osc777\"\nhistory = 50_000\n\
                [keys.thread]\nx = \"fold\"\n\"ctrl-t\" = \"theme light\"\n[keys.anywhere]\nq = \"none\"\n";
    let settings = load(text).unwrap();
    assert_eq!(settings.theme.as_deref(), Some("nord"));
    assert_eq!((settings.ascii, settings.mouse, settings.bell), (Some(true), false, false));
    assert_eq!((settings.desktop, settings.history), (Desktop::Osc777, 50_000));
    let keys = &settings.keys;
    assert_eq!(keys.find(&[Scope::Thread], "x".parse().unwrap()).unwrap().action, Action::Fold);
    let theme = keys.find(&[Scope::Thread], "ctrl-t".parse().unwrap()).unwrap();
    assert_eq!(theme.argument.as_deref(), Some("light"));
    assert_eq!(keys.find(&[Scope::Anywhere], "q".parse().unwrap()), None);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let cases = [
        ("them = \"x\"", "console.toml:1:1: unknown setting \"them\"; did you mean \"theme\"?"),
        ("\nmouse = 1", "console.toml:2:9: mouse: expected true or false"),
        ("history = 5", "console.toml:1:11: expected a number of messages from 1000 to 100000000"),
        (
            "[keys.thraed]\nx = \"fold\"",
            "console.toml:1:7: unknown place for keys \"thraed\"; did you mean \"thread\"?",
        ),
        (
            "[keys.thread]\nx = \"fald\"",
            "console.toml:2:5: no command is called \"fald\"; did you mean fold?",
        ),
        (
            "[keys.thread]\nhyper-x = \"fold\"",
            "console.toml:2:1: \"hyper-x\" is no key; keys are written like x, G, ctrl-x, alt-enter, shift-tab, \
             space, pagedown or f1",
        ),
        (
            "[keys.thread]\n\"ctrl-x\" = \"fold\"\n\"Ctrl-X\" = \"raw\"",
            "console.toml:3:1: \"ctrl-x\" is bound in line 2 already",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(load(text).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn a_binding_that_is_never_reached_is_told() {
    let settings = load("[keys.anywhere]\n\nj = \"zoom\"").unwrap();
    let [warning] = settings.warnings.as_slice() else { unreachable!("{:?}", settings.warnings) };
    assert!(
        warning.ends_with(":3: j in [keys.anywhere] is never reached where [keys.lists] has it for \"down\"")
    );
}
