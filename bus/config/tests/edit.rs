//! Standing rules that are written into a file that a person has written.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use super::super::*;
use super::Machine;
use crate::message::MessageType;
use crate::name::RepoName;

fn rule(from: &str, to: &str, kind: Option<MessageType>) -> AllowRule {
    let end = |name: &str| RepoName::new(name).unwrap().into();
    AllowRule { from: end(from), to: end(to), kind, place: None }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A global file, and what becomes of it.
fn edited(text: &str, edit: impl Fn(&Path)) -> String {
    let machine = Machine::new().global(text);
    let path = machine.path("home/.veda/bus.toml");
    edit(&path);
    machine.load();
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_file_is_made_with_its_folder_for_nobody_else() {
    let machine = Machine::new();
    let path = machine.path("home/.veda/bus.toml");
    assert!(!remove_allow(&path, &rule("A", "B", None)).unwrap());
    add_allow(&path, &rule("A", "B \"x\"", Some(MessageType::Task))).unwrap();
    let text = "[[bus.approval.allow]]\nfrom = \"A\"\nto = 'B \"x\"'\ntype = \"Task\"\n";
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    assert_eq!(machine.load().bus.rules.allow, [rule("A", "B \"x\"", Some(MessageType::Task))]);
}

#[test]
fn what_a_person_wrote_stays_as_it_is() {
    let before = "# The bus of this machine.\n[bus]   # all of it\nlog_keep=3\n\n[bus.approval]\nnegotiations = 'never' # trust\n\n\
                  # Old friends.\n[[bus.approval.allow]]\nto   = \"B\"\nfrom = \"A\"\n\n[coordination]\nmax_message_age = 3 # s\n# end\n";
    let new = "\n[[bus.approval.allow]]\nfrom = \"C\"\nto = \"D\"\n";
    let (head, tail) = before.split_at(before.find("\n[coordination]").unwrap());
    let after = edited(before, |path| add_allow(path, &rule("C", "D", None)).unwrap());
    assert_eq!(after, format!("{head}{new}{tail}"));
    let again = edited(&after, |path| assert!(remove_allow(path, &rule("C", "D", None)).unwrap()));
    assert_eq!(again, before);
}

#[test]
fn rules_are_added_wherever_they_stand() {
    for text in [
        "",
        "bus.log_keep = 3\n",
        "bus.approval.negotiations = 'never'\n",
        "bus = { log_keep = 3 }\n",
        "[bus]\napproval = { negotiations = 'never' }\n",
        "[bus]\napproval.allow = [{ from = 'X', to = 'Y' }] # here\n",
        "[bus]\napproval.allow = [\n  # one\n  { from = 'X', to = 'Y' },\n]\n",
        "[bus.approval]\nallow = []\n",
        "[bus.limits]\nloop_answers = 3\n[coordination]\n",
        "[coordination]\nmax_message_age = 3",
    ] {
        let all = |text: &str| Machine::new().global(text).load().bus.rules.allow;
        let (one, two) = (rule("A", "B", None), rule("*", "C", Some(MessageType::Query)));
        let after = edited(text, |path| {
            add_allow(path, &one).unwrap();
            add_allow(path, &two).unwrap();
        });
        assert_eq!(all(&after), [all(text), vec![one.clone(), two.clone()]].concat(), "{after}");
        let after = edited(&after, |path| {
            assert!(remove_allow(path, &one).unwrap());
            assert!(remove_allow(path, &two).unwrap());
            assert!(!remove_allow(path, &two).unwrap());
        });
        assert_eq!(all(&after), all(text), "{after}");
    }
}

#[test]
fn a_comment_goes_with_its_rule_and_no_other_does() {
    let before = "# The bus.\n\n# Friends.\n[[bus.approval.allow]]\nfrom = \"A\"\nto = \"B\"\n";
    let next = "\n# More.\n[[bus.approval.allow]]\nfrom = \"C\"\nto = \"D\"\n";
    let remove = |path: &Path| assert!(remove_allow(path, &rule("A", "B", None)).unwrap());
    assert_eq!(edited(before, remove), "# The bus.\n\n");
    assert_eq!(edited(&format!("{before}{next}"), remove), format!("# The bus.\n{next}"));
}

#[test]
fn links_and_modes_are_kept() {
    let machine = Machine::new().global("");
    let (path, target) = (machine.path("home/.veda/bus.toml"), machine.path("home/dotfiles/bus.toml"));
    fs::create_dir(target.parent().unwrap()).unwrap();
    fs::rename(&path, &target).unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("../dotfiles/bus.toml", &path).unwrap();
    add_allow(&path, &rule("A", "B", None)).unwrap();
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    assert_eq!((mode(&target), machine.load().bus.rules.allow.len()), (0o640, 1));
    // A link to what is not there yet is one to what is to be made.
    fs::remove_file(&target).unwrap();
    add_allow(&path, &rule("A", "B", None)).unwrap();
    assert_eq!((mode(&target), machine.load().bus.rules.allow.len()), (0o600, 1));
}

#[test]
fn what_can_not_be_written_changes_nothing() {
    let refused = |text: &str, rule: &AllowRule| {
        let machine = Machine::new().global(text);
        let path = machine.path("home/.veda/bus.toml");
        let error = add_allow(&path, rule).unwrap_err().to_string();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        error.replace(&format!("{}:", path.display()), "")
    };
    let query = rule("A", "B", Some(MessageType::Query));
    let (wide, narrow) = (
        "bus.approval.allow = [{ from = 'A', to = '*' }]",
        "bus.approval.allow = [{ from = 'A', to = 'B', type = 'Query' }]",
    );
    assert_eq!(refused(wide, &query), "1:23: A → B, Query is covered by the rule here, A → *");
    assert_eq!(refused(narrow, &query), "1:23: A → B, Query is a rule already");
    assert_eq!(
        refused(narrow, &rule("A", "*", None)),
        "1:23: A → * covers the rule here, A → B, Query; revoke that one first"
    );
    let error = refused("bus.approval.hold = ['true']\n", &rule("*", "*", None));
    assert!(error.contains("* → * covers every message"), "{error}");
    assert!(refused("[bus\n", &query).starts_with("1:5: unclosed table"));
    assert!(refused("[bus]\nlog_kep = 1\n", &query).starts_with("2:1: unknown key \"log_kep\""));
}
