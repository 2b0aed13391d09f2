//! Mistakes in the operator's rules: told with their place, at a start and while the bus runs, which goes on with the
//! rules that it had.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::harness::{Bus, Machine, Wire, message, text};
use super::machine::Outcome;

/// What is wrong in a file, which line and column it is said to be at, and in which words. The first two lines are the
/// harness's.
const MISTAKES: [(&str, &str, &str); 9] = [
    ("[bus.approval]\nhold = ['type = \"Query\"']", "4:15", "bus.approval.hold: "),
    ("[bus.approval]\nhold = [\n  'from == \"A\"',\n  'frm == \"A\"',\n]", "6:4", "frm"),
    ("[bus.approval]\nhold = ['size(summary)']", "4:9", "bus.approval.hold: "),
    ("[bus.approval]\nnegotiations = \"sometimes\"", "4:16", "expected one of \"always\""),
    ("[bus.approval]\nholds = []", "4:1", "did you mean \"hold\"?"),
    ("[[bus.approval.allow]]\nfrom = \"A\"\nto = \"B\"\ntype = \"Qery\"", "6:8", "Qery"),
    (
        "[[bus.approval.allow]]\nfrom = \"A\"\nto = \"B\"\n[[bus.approval.allow]]\nfrom = \"A\"\nto = \"B\"",
        "6:1",
        "A → B says the same as A → B at ",
    ),
    (
        "[bus.approval]\nhold = ['true']\n[[bus.approval.allow]]\nfrom = \"*\"\nto = \"*\"",
        "5:1",
        "* → * covers every message, so that bus.approval.hold at ",
    ),
    ("[bus.limits]\nthread_messages = 5\nthread_depth = 6", "5:16", "6 is never reached"),
];

fn file(machine: &Machine) -> PathBuf {
    machine.home().join(".veda/bus.toml")
}

/// One rule, by which some messages are held and others are not.
const BEFORE: &str = "[bus.approval]\nhold = ['to == \"UILib\"']";

#[test]
fn a_bus_does_not_start_with_wrong_rules_and_says_where_they_are() {
    for (mistake, place, words) in MISTAKES {
        let machine = Machine::new(mistake);
        let place = format!("veda-bus: {}:{place}: ", file(&machine).display());
        for command in [&["serve"][..], &["config"]] {
            let failed = machine.run(command).exits(2).complains(&place).complains(words);
            assert_eq!(failed.stderr.lines().count(), 1, "{}", failed.stderr);
        }
        assert!(!machine.socket().exists() && !machine.journal().exists(), "{mistake}");
    }
}

/// A bus with rules, to which a test writes others.
struct Ruled {
    bus: Bus,
    watcher: Wire,
    app: Wire,
    sent: u32,
}

impl Ruled {
    fn start() -> Self {
        let bus = Bus::with(BEFORE);
        for repo in ["LensSDK", "UILib"] {
            bus.instance(repo);
        }
        let (mut watcher, app) = (bus.wire(), bus.instance("Flagship"));
        watcher.ask(json!({ "op": "subscribe" }));
        Self { bus, watcher, app, sent: 0 }
    }

    /// What the bus says next about its rules.
    fn told(&mut self) -> Value {
        self.watcher.find("what the bus says of its rules", |frame| frame["event"] == "configured")
    }

    /// The rules are replaced, and the bus says what it makes of them.
    fn write(&mut self, rules: &str) -> Value {
        self.bus.configure(rules);
        self.told()
    }

    /// A command that does not read the file that is wrong.
    fn asks(&self, command: &[&str]) -> Outcome {
        let (socket, empty) = (self.bus.socket(), self.bus.root().join("empty.toml"));
        fs::write(&empty, "").unwrap();
        let elsewhere = ["--socket", socket.to_str().unwrap(), "--config", empty.to_str().unwrap()];
        self.bus.run(&[command, &elsewhere].concat())
    }

    /// What becomes of announcements to two repos, of which the rule names the second.
    fn fates(&mut self) -> [String; 2] {
        ["LensSDK", "UILib"].map(|to| {
            self.sent += 1;
            let notice = json!({ "change_type": "x", "summary": "y" });
            let receipt = self.app.sends(&message(&format!("n{}", self.sent), to, "Notify", notice));
            text(&receipt["recipients"][0], "status").to_owned()
        })
    }
}

#[test]
fn a_running_bus_keeps_its_rules_while_the_new_ones_are_wrong_and_says_so() {
    let mut ruled = Ruled::start();
    let mut watch =
        ruled.bus.spawn(&["watch", "--json", "--filter", "event == \"configured\"", "--from", "1"]);
    let first = watch.json();
    assert_eq!((&first["hold"], first.get("problems")), (&json!(["to == \"UILib\""]), None), "{first}");
    assert_eq!(ruled.fates(), ["queued", "held"]);
    let path = file(&ruled.bus).display().to_string();
    for (mistake, place, words) in MISTAKES {
        let told = ruled.write(mistake);
        let problem = told["problems"][0].as_str().unwrap_or_default().to_owned();
        assert!(problem.starts_with(&format!("{path}:{place}: ")) && problem.contains(words), "{told}");
        // What it tells are the rules in force, which are the old ones.
        assert_eq!((&told["hold"], &told["allow"]), (&json!(["to == \"UILib\""]), &json!([])));
        assert_eq!(ruled.fates(), ["queued", "held"], "{mistake}");
        let shown: Value = serde_json::from_str(&watch.line_with("\"problems\"")).unwrap();
        assert_eq!((&shown["seq"], &shown["problems"]), (&told["seq"], &told["problems"]));
        let listed = ruled.asks(&["rules"]).exits(0).stdout;
        assert!(listed.contains("hold         to == \"UILib\""), "{listed}");
        assert!(listed.contains(&format!("not taken    {problem}")), "{listed}");
        ruled.bus.process().says(&format!("the rules stay as they were: {problem}"));
    }
    // No rule is changed in a file that is wrong.
    let told = ruled.asks(&["rules", "allow", "--from", "Flagship", "--to", "UILib"]).exits(4);
    told.complains("rule_not_changed").complains(&path);

    let mended = ruled.write("[bus.approval]\nhold = ['to == \"LensSDK\"']");
    assert_eq!((&mended["hold"], mended.get("problems")), (&json!(["to == \"LensSDK\""]), None), "{mended}");
    assert_eq!(ruled.fates(), ["held", "queued"]);
    let listed = ruled.bus.run(&["rules"]).exits(0).stdout;
    assert!(!listed.contains("not taken"), "{listed}");
}

#[test]
fn a_repo_that_nobody_knows_is_doubtful_but_no_mistake() {
    let mut bus = Bus::with("[bus.approval]\nhold = ['to == \"UILb\" && type == \"Query\"']");
    let doubt =
        format!("{}:4:16: bus.approval.hold: no repo \"UILb\" is known to this bus", file(&bus).display());
    bus.process().says(&doubt);
    let doubtful = |bus: &Bus| bus.run(&["rules", "--json"]).exits(0).json()["warnings"].take();
    assert_eq!(doubtful(&bus), json!([doubt]));
    bus.instance("UILib");
    assert_eq!(doubtful(&bus), json!([format!("{doubt}; did you mean \"UILib\"?")]));
    let listed = bus.run(&["rules"]).exits(0).stdout;
    assert!(listed.contains(&format!("doubtful     {doubt}")), "{listed}");
    let mut watcher = bus.wire();
    watcher.ask(json!({ "op": "subscribe" }));
    bus.configure("[[bus.approval.allow]]\nfrom = \"UILib\"\nto = \"Flagshp\"");
    let told = watcher.find("what it says of its rules", |frame| frame["event"] == "configured");
    let doubt =
        format!("{}:3:1: bus.approval.allow: no repo \"Flagshp\" is known to this bus", file(&bus).display());
    assert_eq!(told["warnings"], json!([doubt]));
    // A repo that has come is known from then on.
    bus.instance("Flagshp");
    assert_eq!(doubtful(&bus), Value::Null);
}

#[test]
fn a_signal_has_the_file_read_again() {
    let mut ruled = Ruled::start();
    // Of a change through another name of the same file nobody is told.
    let other = ruled.bus.work().join("other.toml");
    fs::hard_link(file(&ruled.bus), &other).unwrap();
    let before = fs::read_to_string(&other).unwrap();
    fs::write(&other, before.replace("UILib", "LensSDK")).unwrap();
    ruled.bus.process().signal("HUP");
    assert_eq!(ruled.told()["hold"], json!(["to == \"LensSDK\""]));
    assert_eq!(ruled.fates(), ["held", "queued"]);
    fs::write(&other, before.replace("==", "=")).unwrap();
    ruled.bus.process().signal("HUP");
    let told = ruled.told();
    assert!(
        told["problems"][0].as_str().is_some_and(|problem| problem.contains("bus.toml:4:13: ")),
        "{told}"
    );
    assert_eq!(ruled.fates(), ["held", "queued"]);
}

#[test]
fn what_counts_from_the_next_start_is_said_and_limits_count_at_once() {
    let mut ruled = Ruled::start();
    let told = ruled.write("message_retention = 60\n[bus.limits]\nmessages_per_minute = 3");
    assert_eq!((&told["waiting"], &told["hold"]), (&json!(["bus.message_retention"]), &json!([])));
    assert_eq!(ruled.fates(), ["queued", "queued"]);
    let mut other = ruled.bus.instance("UILib");
    let say = |id: &str| message(id, "LensSDK", "Query", json!({ "question": "?" }));
    for id in ["a", "b", "c"] {
        other.sends(&say(id));
    }
    let refused = other.send(&say("d"));
    assert_eq!(refused["code"], "rate_limited", "{refused}");
    assert!(refused["retry_after"].as_u64().is_some_and(|seconds| (1..=60).contains(&seconds)), "{refused}");
    let listed = ruled.bus.run(&["rules"]).exits(0).stdout;
    assert!(listed.contains("next start   bus.message_retention"), "{listed}");
}

#[test]
fn a_file_that_goes_leaves_the_defaults_and_its_coming_back_is_seen() {
    let mut ruled = Ruled::start();
    fs::remove_file(file(&ruled.bus)).unwrap();
    let told = ruled.told();
    assert_eq!((&told["hold"], &told["waiting"]), (&json!([]), &json!(["bus.socket_path"])), "{told}");
    assert_eq!(ruled.fates(), ["queued", "queued"]);
    let told = ruled.write(BEFORE);
    assert_eq!((&told["hold"], told.get("waiting")), (&json!(["to == \"UILib\""]), None), "{told}");
    assert_eq!(ruled.fates(), ["queued", "held"]);
}

#[test]
fn a_mistake_in_the_rules_keeps_nobody_from_the_bus() {
    let mut ruled = Ruled::start();
    let told = ruled.write("[bus.approval]\nhold = ['type ==']");
    let problem = told["problems"][0].as_str().unwrap();
    let listed = ruled.bus.run(&["rules"]).exits(0).stdout;
    assert!(listed.contains(&format!("not taken    {problem}")), "{listed}");
    ruled.bus.run(&["hold", "list"]).exits(0);
    ruled.bus.run(&["config"]).exits(2).complains(problem);
}
