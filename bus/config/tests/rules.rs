//! The operator's rules: what they cover, what is wrong with them, and whom they name.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::super::*;
use super::Machine;
use crate::filter::Filter;
use crate::message::{MessageType, Target};
use crate::name::RepoName;

fn repo(name: &str) -> RepoName {
    RepoName::new(name).unwrap()
}

fn allow(from: &str, to: &str, kind: Option<MessageType>) -> AllowRule {
    AllowRule { from: repo(from).into(), to: repo(to).into(), kind, place: None }
}

const APPROVAL: &str = "
[bus.approval]
negotiations = 'on_conflict'
hold = [
    'from == \"Flagship\"',
    \"type == 'Task' && to != 'LensSDK'\",
]
agent_marks = [\"MARK\"]
check_origin = false

[[bus.approval.allow]]
from = \"Flagship\"
to = '*'
type = \"RequestChange\"

[[bus.approval.allow]]
from = \"UILib\"
to = \"LensSDK\"

[bus.limits]
messages_per_minute = 0
thread_messages = 20
thread_depth = 20
";

#[test]
fn all_that_can_be_said_in_a_file() {
    let machine = Machine::new().global(APPROVAL);
    let bus = machine.load().bus;
    assert_eq!(bus.rules.negotiations, Approval::OnConflict);
    let filters = ["from == \"Flagship\"", "type == 'Task' && to != 'LensSDK'"];
    let hold: Vec<_> = filters.map(|source| HoldRule::new(Filter::compile(source).unwrap())).into();
    assert_eq!(bus.rules.hold, hold);
    let wide = allow("Flagship", "*", Some(MessageType::RequestChange));
    assert_eq!(bus.rules.allow, [wide, allow("UILib", "LensSDK", None)]);
    let place = |place: &Option<Place>| {
        place.as_ref().unwrap().to_string().rsplit("bus.toml:").next().unwrap().to_owned()
    };
    assert_eq!(bus.rules.hold.iter().map(|rule| place(&rule.place)).collect::<Vec<_>>(), ["5:5", "6:5"]);
    assert_eq!(bus.rules.allow.iter().map(|rule| place(&rule.place)).collect::<Vec<_>>(), ["11:1", "16:1"]);
    let limits =
        Limits { messages_per_minute: 0, thread_messages: 20, thread_depth: 20, ..Limits::default() };
    assert_eq!((bus.rules.limits, bus.check_origin, bus.agent_marks), (limits, false, vec!["MARK".into()]));
    assert_eq!(bus.config_path, Some(machine.path("home/.veda/bus.toml")));
}

#[test]
fn rules_are_shown_as_they_would_stand_in_a_file_and_as_json() {
    let machine = Machine::new().global(APPROVAL);
    assert_eq!(
        machine.origin("bus.approval.allow"),
        "[{ from = \"Flagship\", to = \"*\", type = \"RequestChange\" }, { from = \"UILib\", to = \"LensSDK\" }] \
         <- home/.veda/bus.toml:11"
    );
    assert_eq!(machine.origin("bus.approval.negotiations"), "\"on_conflict\" <- home/.veda/bus.toml:3");
    let effective = machine.load().effective;
    let json = |key: &str| effective.iter().find(|one| one.key == key).unwrap().json();
    assert_eq!(
        json("bus.approval.allow"),
        json!([{ "from": "Flagship", "to": "*", "type": "RequestChange" }, { "from": "UILib", "to": "LensSDK" }])
    );
    assert_eq!(json("bus.approval.hold")[1], "type == 'Task' && to != 'LensSDK'");
    assert_eq!(json("bus.limits.messages_per_minute"), 0);
    assert_eq!(json("coordination.repo_name"), json!(null));
}

#[test]
fn what_a_standing_rule_covers() {
    let (query, task) = (MessageType::Query, MessageType::Task);
    let (one, everyone) = (Target::Repo(repo("B")), Target::Everyone);
    let rule = allow("A", "B", Some(query));
    assert!(rule.covers(&repo("A"), &one, query));
    assert!(!rule.covers(&repo("A"), &one, task) && !rule.covers(&repo("B"), &one, query));
    assert!(!rule.covers(&repo("A"), &Target::Repo(repo("C")), query));
    assert!(!rule.covers(&repo("A"), &everyone, query), "a broadcast goes to others too");
    let rule = allow("*", "*", None);
    assert!(rule.covers(&repo("A"), &everyone, task) && rule.covers(&repo("C"), &one, query));
    assert!(allow("A", "*", None).contains(&allow("A", "B", Some(task))));
    assert!(!allow("A", "B", Some(task)).contains(&allow("A", "B", None)));
}

#[test]
fn a_standing_rule_in_a_frame() {
    let rule = allow("A", "*", Some(MessageType::RequestChange));
    let text = json!({ "from": "A", "to": "*", "type": "RequestChange" });
    assert_eq!(json!(rule), text);
    assert_eq!(serde_json::from_value::<AllowRule>(text).unwrap(), rule);
    assert_eq!(json!(allow("A", "B", None)), json!({ "from": "A", "to": "B" }));
    for wrong in [
        json!({ "from": "A" }),
        json!({ "from": "A", "to": " " }),
        json!({ "from": "A", "to": "B", "typ": 1 }),
    ] {
        assert!(serde_json::from_value::<AllowRule>(wrong.clone()).is_err(), "{wrong}");
    }
}

/// What is said about a global file, without the file's name.
fn complaint(text: &str) -> String {
    Machine::new().global(text).error().replace("home/.veda/bus.toml:", "")
}

#[test]
fn mistakes_in_rules() {
    let compare = "a priority can not be compared with a string; compare `priority` with low, normal or high, without \
                   quotes";
    for (text, expected) in [
        ("[bus]\napproval.negotiations = 'sometimes'", "2:25: bus.approval.negotiations: expected one of \"always\", \"on_conflict\", \"never\", found \"sometimes\"".into()),
        ("[bus.approval]\nhold = [\n  'true',\n  \"'é' != from && priorty >= low\"]", "4:19: bus.approval.hold: line 1, column 16: unknown variable `priorty`; did you mean `priority`?".into()),
        ("[bus.approval]\nhold = ['true', \"\"\"\npriority ==\n 'high'\"\"\"]", format!("2:17: bus.approval.hold: line 2, column 2: {compare}")),
        ("[bus.approval]\nhold = ['true', \"\\u0070riority == 'high'\"]", format!("2:17: bus.approval.hold: line 1, column 13: {compare}")),
        ("[bus.approval]\nhold = ['type']", "2:9: bus.approval.hold: the expression must give true or false, and gives a message type".into()),
        ("[bus.approval]\nhold = [1]", "2:9: bus.approval.hold: expected a string, found an integer".into()),
        ("[bus.approval]\nhold = 'true'", "2:8: bus.approval.hold: expected an array of filter expressions, found a string".into()),
        ("[bus.approval]\nagent_marks = ['A', 'B=C']", "2:21: bus.approval.agent_marks: expected the name of an environment variable, found \"B=C\"".into()),
        ("[bus.limits]\nloop_answers = -1", "2:16: bus.limits.loop_answers: expected an integer (messages; 0 is no limit) from 0 to 1000000000, found -1".into()),
        ("[bus.limits]\nloop_answer = 1", "2:1: unknown key \"loop_answer\" in [bus.limits]; did you mean \"loop_answers\"?".into()),
        ("[[bus.approval.allow]]\nfrom = 'A'\nto = 'B'\n[[bus.approval.allow]]\nfrm = 'A'\nto = 'C'", "5:1: unknown key \"frm\" in [bus.approval.allow]; did you mean \"from\"?".into()),
        ("[[bus.approval.allow]]\nfrom = 'A'\n", "1:1: bus.approval.allow: expected a table with from and to, found one without to".into()),
        ("[[bus.approval.allow]]\nfrom = 'A'\nto = ' B'\n", "3:6: bus.approval.allow: expected the name of a repo or \"*\", found a string with white space at an end".into()),
        ("[[bus.approval.allow]]\nfrom = 'A'\nto = 3\n", "3:6: bus.approval.allow: expected a string, found an integer".into()),
        ("bus.approval.allow = [{ from = 'A', to = 'B', type = 'RequestChnge' }]", "1:54: bus.approval.allow: expected one of \"RequestChange\", \"Query\", \"Notify\", \"Negotiate\", \"Task\", found \"RequestChnge\"; did you mean \"RequestChange\"?".into()),
        ("bus.approval.allow = ['A']", "1:23: bus.approval.allow: expected a table with from and to, found a string".into()),
        ("[bus.approval.allow]\nfrom = 'A'\nto = 'B'", "1:1: bus.approval.allow: expected an array of tables with from, to and, if need be, type, found a table".into()),
    ] {
        let found = complaint(text);
        assert_eq!(found, expected as String, "{text}");
    }
    let misplaced = Machine::new().repo("[bus.approval]\nhold = []\n").error();
    assert!(misplaced.contains("2:1: bus.approval.hold may not be set here"), "{misplaced}");
}

#[test]
fn rules_that_contradict_each_other() {
    let one = "[[bus.approval.allow]]\nfrom = 'A'\nto = 'B'\n";
    let query = "[[bus.approval.allow]]\nfrom = 'A'\nto = 'B'\ntype = 'Query'\n";
    let all = "[[bus.approval.allow]]\nfrom = '*'\nto = '*'\n";
    assert_eq!(
        complaint(&format!("{one}{one}")),
        "4:1: bus.approval.allow: A → B says the same as A → B at 1:1"
    );
    let contained = "bus.approval.allow: A → B, Query is contained in A → B at";
    assert_eq!(complaint(&format!("{one}{query}")), format!("4:1: {contained} 1:1"));
    assert_eq!(complaint(&format!("{query}{one}")), format!("1:1: {contained} 5:1"));
    assert_eq!(
        complaint(&format!("bus.approval.hold = ['true']\n{all}")),
        "2:1: bus.approval.allow: * → * covers every message, so that bus.approval.hold at 1:22 holds nothing"
    );
    assert_eq!(Machine::new().global(all).load().bus.rules.allow.len(), 1, "there is nothing to hold");
    assert_eq!(
        complaint("[bus.limits]\nthread_messages = 5\nthread_depth = 6\n"),
        "3:16: bus.limits.thread_depth: 6 is never reached, because bus.limits.thread_messages is 5"
    );
    for fine in [
        "thread_messages = 5",
        "thread_messages = 0\nthread_depth = 6",
        "thread_messages = 5\nthread_depth = 0",
    ] {
        Machine::new().global(&format!("[bus.limits]\n{fine}\n")).load();
    }
    let machine =
        Machine::new().global("bus.limits.thread_messages = 5").env("VEDA_BUS_LIMITS_THREAD_DEPTH", "6");
    assert!(
        machine
            .error()
            .starts_with("environment variable VEDA_BUS_LIMITS_THREAD_DEPTH: bus.limits.thread_depth: 6")
    );
}

#[test]
fn repos_that_nobody_knows_are_warned_of() {
    let machine = Machine::new().global(
        "[bus.approval]
hold = [
  'from == \"Flagshp\" || \"LensSDK\" != to || repo in [\"AuthCore\", \"Nowhere\"]',
  'summary == \"Flagshp\" && from.startsWith(\"Flagshp\") && to == \"*\" && event == \"x\" && from == \"operator\"',
  \"capabilities.exists(to, to == 'Flagshp') || !(\\\"UIlib\\\" == to)\",
]
[[bus.approval.allow]]
from = \"*\"
to = \"Flagshp\"
",
    );
    let known = ["Flagship", "LensSDK", "AuthCore", "UILib"];
    let rules = machine.load().bus.rules;
    let warnings = rules.unknown_repos(|repo| known.contains(&repo), known.into_iter());
    let root = format!("{}/home/.veda/bus.toml:", machine.path("").display()).replace("//", "/");
    let warnings: Vec<_> = warnings.iter().map(|one| one.to_string().replace(&root, "")).collect();
    let unknown = |name: &str| format!("no repo \"{name}\" is known to this bus");
    assert_eq!(
        warnings,
        [
            format!("7:1: bus.approval.allow: {}; did you mean \"Flagship\"?", unknown("Flagshp")),
            format!("3:12: bus.approval.hold: {}; did you mean \"Flagship\"?", unknown("Flagshp")),
            format!("3:65: bus.approval.hold: {}", unknown("Nowhere")),
            // It has escapes in it, so that no column can be told.
            format!("5:3: bus.approval.hold: {}; did you mean \"UILib\"?", unknown("UIlib")),
        ]
    );
    assert_eq!(rules.unknown_repos(|_| true, known.into_iter()), []);
}

#[test]
fn the_rules_of_the_documentation_are_taken() {
    let documented = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/governance.md");
    let text = fs::read_to_string(documented).unwrap();
    let (_, after) = text.split_once("## The operator's rules\n\n```toml\n").unwrap();
    let rules = Machine::new().global(after.split("```").next().unwrap()).load().bus.rules;
    assert_eq!((rules.hold.len(), rules.allow.len(), rules.limits.messages_per_minute), (2, 1, 600));
}
