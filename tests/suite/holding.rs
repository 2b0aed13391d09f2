//! What waits for the operator, by the command line: why, until when, and what becomes of it.

use std::fs;

use serde_json::{Value, json};

use super::harness::{Bus, Process, Wire, message, query, text, with};

/// Changes in LensSDK wait for the operator.
const RULE: &str = r#"type == "RequestChange" && to == "LensSDK""#;

fn rules() -> String {
    format!("[bus.approval]\nhold = ['{RULE}'] # ask me first")
}

/// A bus on which Flagship and LensSDK are, whose requests to each other are held.
fn desk() -> (Bus, Process, Process) {
    let bus = Bus::with(&rules());
    let (app, lens) = (bus.join("Flagship", &[]), bus.join("LensSDK", &[]));
    (bus, app, lens)
}

const REQUEST: [&str; 8] =
    ["send", "request-change", "--from", "Flagship", "--to", "LensSDK", "--summary", "Expose it"];

/// Sends a request that must be held, and gives its id.
#[track_caller]
fn held(bus: &Bus) -> String {
    let receipt = bus.run(&[&REQUEST[..], &["--json"]].concat()).exits(0).json();
    assert_eq!(receipt["recipients"][0]["status"], "held", "{receipt}");
    text(&receipt, "id").to_owned()
}

/// The ids of what is held.
fn holds(bus: &Bus) -> Vec<String> {
    let listed = bus.run(&["hold", "list", "--json"]).exits(0).json_lines();
    listed.iter().map(|one| text(one, "id").to_owned()).collect()
}

#[test]
fn the_sender_is_told_that_it_is_held_and_why() {
    let (bus, _app, mut lens) = desk();
    let said = bus.run(&REQUEST).exits(0).stdout;
    assert!(said.contains(&format!("held for LensSDK; held by the rule {RULE}")), "{said}");
    let receipt = bus.run(&[&REQUEST[..], &["--json"]].concat()).exits(0).json();
    assert_eq!(receipt["held"], json!({ "by": "rule", "rule": RULE }), "{receipt}");
    // What no rule matches goes on, and the operator is not kept waiting by the operator's rules.
    let query = ["send", "query", "--from", "Flagship", "--to", "LensSDK", "--question", "?", "--json"];
    let told = bus.run(&query).exits(0).json();
    assert_eq!((&told["held"], &told["id"]), (&Value::Null, &lens.json()["id"]));
    let own = ["send", "request-change", "--to", "LensSDK", "--summary", "Mine", "--json"];
    let own = bus.run(&own).exits(0).json();
    assert_eq!(own["id"], lens.json()["id"]);
    let listed = bus.run(&["hold", "list", "--json"]).exits(0).json_lines();
    assert_eq!(listed.iter().map(|one| text(one, "summary")).collect::<Vec<_>>(), ["Expose it"; 2]);
    let shown = bus.run(&["hold", "list"]).exits(0).stdout;
    for part in ["RequestChange Flagship → LensSDK: Expose it", "held by the rule ", "stale in "] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
    let whole = bus.run(&["show", text(&receipt, "id")]).exits(0).stdout;
    assert!(whole.contains(&format!("held by the rule {RULE}")), "{whole}");
}

#[test]
fn released_it_arrives_and_refused_its_sender_is_told_why() {
    let (bus, mut app, mut lens) = desk();
    assert_eq!(bus.run(&["hold", "list"]).exits(0).stdout, "nothing is held\n");
    let (first, second) = (held(&bus), held(&bus));
    let told = bus.run(&["hold", "release", &first[..8], "--json"]).exits(0).json();
    assert_eq!((&told["verdict"], &told["id"]), (&json!("release"), &json!(first)));
    let got = lens.json();
    assert_eq!((&got["id"], got.get("amended_by")), (&json!(first), None), "{got}");
    bus.run(&["hold", "refuse", &second]).exits(2).complains("--comment");
    let refused = bus.run(&["hold", "refuse", &second, "--comment", "Ask me first"]).exits(0).stdout;
    assert!(refused.starts_with(&format!("refused: {second}; told in message ")), "{refused}");
    let answer = app.json();
    assert_eq!((&answer["reply_to"], &answer["from"]["repo"]), (&json!(second), &json!("operator")));
    assert!(text(&answer["payload"], "comment").ends_with(": Ask me first"), "{answer}");
    assert_eq!((holds(&bus), bus.stage(&second, "LensSDK")), (Vec::new(), "refused".to_owned()));
    for id in [&first, &second] {
        bus.run(&["hold", "release", id]).exits(4).complains("not_held");
    }
    assert_eq!(lens.line_now(), None);
}

#[test]
fn what_the_operator_changes_says_so_and_the_journal_has_both() {
    let (bus, mut app, mut lens) = desk();
    let id = held(&bus);
    let release =
        |payload: &str| bus.run(&["hold", "release", &id, "--payload", payload, "--comment", "Safer"]);
    release("{").exits(2).complains("--payload is not JSON");
    release(r#"{"summary":7}"#).exits(4).complains("payload.summary");
    assert_eq!(holds(&bus), [id.as_str()], "nothing has happened");
    let told = release(r#"{"summary":"Expose a copy"}"#).exits(0).stdout;
    assert!(told.starts_with("released, with changes: "), "{told}");
    let got = lens.json();
    assert_eq!((&got["id"], &got["amended_by"]), (&json!(id), &json!("operator")), "{got}");
    assert_eq!(got["payload"], json!({ "summary": "Expose a copy" }));
    let answer = app.json();
    assert!(text(&answer["payload"], "comment").ends_with("before passing it on: Safer"), "{answer}");
    let log = bus.run(&["log", "--thread", &id, "--json"]).exits(0).json_lines();
    let named = |name: &str| log.iter().find(|event| event["event"] == name).unwrap();
    assert_eq!(named("accepted")["message"]["payload"]["summary"], "Expose it");
    assert_eq!(named("amended")["message"]["payload"]["summary"], "Expose a copy");
    let shown = bus.run(&["log", "--thread", &id]).exits(0).stdout;
    for part in ["Expose it", "amended    by the operator", "Expose a copy", "released   by the operator"] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
    let whole = bus.run(&["show", &id]).exits(0).stdout;
    assert!(whole.contains("changed by operator before it was passed on"), "{whole}");
}

#[test]
fn what_is_held_dies_in_its_time_and_the_operator_is_told_before() {
    let bus = Bus::with(&rules());
    bus.instance("LensSDK");
    let mut app = bus.instance("Flagship");
    let mut operator = bus.wire();
    operator.ask(json!({ "op": "subscribe" }));
    let request = message("r", "LensSDK", "RequestChange", json!({ "summary": "Now" }));
    let receipt = app.sends(&with(request, "ttl", json!(2)));
    assert_eq!(receipt["held"]["by"], "rule");
    let event = |wire: &mut Wire, name: &str| wire.find(name, |frame| frame["event"] == name);
    let expiring = event(&mut operator, "expiring");
    assert_eq!((&expiring["id"], &expiring["from"]), (&json!("r"), &json!("Flagship")));
    assert_eq!(expiring["expires_at"], receipt["expires_at"]);
    let expired = event(&mut operator, "expired");
    assert!(expiring["seq"].as_u64() < expired["seq"].as_u64(), "{expiring} before {expired}");
    assert!(expired["at"].as_u64() >= receipt["expires_at"].as_u64(), "{expired}");
    let notice = app.expect("notice");
    assert_eq!((&notice["kind"], &notice["id"]), (&json!("expired"), &json!("r")));
    assert_eq!(holds(&bus), [""; 0]);
    bus.run(&["hold", "release", "r"]).exits(4).complains("not_held").complains("expired");
}

/// All that is held or put to the vote, and who owes what.
fn undecided(bus: &Bus) -> Vec<Value> {
    let listed = [&["hold", "list"][..], &["negotiations"], &["obligations"], &["rules"]];
    listed.iter().flat_map(|list| bus.run(&[list, &["--json"][..]].concat()).exits(0).json_lines()).collect()
}

#[test]
fn a_bus_that_was_killed_still_knows_what_is_undecided() {
    let mut bus = Bus::with(&rules());
    let mut app = bus.instance("Flagship");
    for repo in ["LensSDK", "UILib"] {
        bus.instance(repo);
    }
    let (plain, changed) = (held(&bus), held(&bus));
    let proposal =
        json!({ "proposal": "One", "affected_repos": ["LensSDK", "UILib"], "requires_consensus": true });
    app.sends(&message("p", "*", "Negotiate", proposal));
    bus.run(&["vote", "p", "accept", "--from", "LensSDK"]).exits(0);
    let counter = ["vote", "p", "counter", "--counter-proposal", "Two", "--from", "UILib", "--json"];
    let wording = bus.run(&counter).exits(0).json();
    let wording = text(&wording, "id");
    let before = undecided(&bus);
    let owed = before.iter().filter(|one| one.get("due").is_some()).count();
    assert_eq!(
        (before.len(), owed),
        (5, 1),
        "two holds, a negotiation, a vote that is owed, the rules: {before:#?}"
    );
    bus.kill();
    bus.restart();
    assert_eq!(undecided(&bus), before);
    // And all of it goes on from there.
    let mut lens = bus.join("LensSDK", &[]);
    bus.run(&["hold", "release", &plain]).exits(0);
    bus.run(&["hold", "release", &changed, "--payload", r#"{"summary":"Less"}"#]).exits(0);
    assert!(!lens.line_with(&plain).contains("amended_by"));
    assert!(lens.line_with(&changed).contains("amended_by"));
    bus.run(&["vote", "p", "accept", "--from", "LensSDK"]).exits(4).complains("earlier_round");
    bus.run(&["vote", wording, "accept", "--from", "LensSDK"]).exits(0);
    bus.run(&["approve", wording]).exits(0);
    assert_eq!(bus.run(&["negotiations", "--json"]).json()["resolution"]["outcome"], "approved");
}

#[test]
fn a_standing_rule_is_written_beside_what_a_person_wrote() {
    let (bus, _app, mut lens) = desk();
    let file = bus.home().join(".veda/bus.toml");
    let before = fs::read_to_string(&file).unwrap();
    let rule = |verb: &'static str| {
        ["rules", verb, "--from", "Flagship", "--to", "LensSDK", "--type", "RequestChange"]
    };
    held(&bus);
    let told = bus.run(&rule("allow")).exits(0).stdout;
    assert_eq!(told, "never held from now on: Flagship → LensSDK, RequestChange\n");
    let written = fs::read_to_string(&file).unwrap();
    assert!(written.starts_with(before.trim_end()), "what was there stays: {written}");
    assert!(written.contains("[[bus.approval.allow]]\nfrom = \"Flagship\""), "{written}");
    let passes = bus.run(&[&REQUEST[..], &["--json"]].concat()).exits(0).json();
    assert_eq!(passes["id"], lens.json()["id"], "it is in force at once");
    let listed = bus.run(&["rules", "--json"]).exits(0).json();
    let edge = json!({ "from": "Flagship", "to": "LensSDK", "type": "RequestChange" });
    assert_eq!((&listed["hold"], &listed["allow"]), (&json!([RULE]), &json!([edge])));
    let shown = bus.run(&["rules"]).exits(0).stdout;
    for line in [
        "negotiations always: all wait for you\n",
        &format!("hold         {RULE}"),
        "allow        Flagship → LensSDK, ",
    ] {
        assert!(shown.contains(line), "{line:?} is not in {shown}");
    }
    let place = format!("{}:6:1", file.display());
    let again = bus.run(&rule("allow")).exits(4).complains("rule_not_changed");
    again.complains(&format!("{place}: Flagship → LensSDK, RequestChange is a rule already"));
    let wider = ["rules", "allow", "--from", "Flagship", "--to", "LensSDK"];
    bus.run(&wider).exits(4).complains("revoke that one first");

    let told = bus.run(&[&rule("revoke")[..], &["--json"]].concat()).exits(0).json();
    assert_eq!(told["verdict"], "revoke");
    assert_eq!(fs::read_to_string(&file).unwrap().trim_end(), before.trim_end());
    held(&bus);
    bus.run(&rule("revoke")).exits(4).complains("has no rule Flagship → LensSDK, RequestChange");
}

#[test]
fn nobody_but_the_operator_decides() {
    let (bus, _app, _lens) = desk();
    let id = held(&bus);
    let mut agent = bus.instance("Flagship");
    let refused = agent.ask(json!({ "op": "decide", "verdict": "release", "id": id }));
    assert_eq!(refused["code"], "operator_only", "{refused}");
    let rule = json!({ "from": "*", "to": "*" });
    let refused = agent.ask(json!({ "op": "decide", "verdict": "allow", "rule": rule }));
    assert_eq!(refused["code"], "operator_only", "{refused}");
    agent.sends(&query("q", "LensSDK"));
    let log = bus.run(&["log", "--json"]).exits(0).json_lines();
    let attempts = log.iter().filter(|event| event["event"] == "refused" && event["repo"] == "Flagship");
    assert_eq!(attempts.count(), 2);
    assert_eq!(holds(&bus), [id]);
}

#[test]
fn without_a_rule_nothing_is_held() {
    let bus = Bus::start();
    let mut lens = bus.join("LensSDK", &[]);
    bus.instance("Flagship");
    let told = bus.run(&[&REQUEST[..], &["--json"]].concat()).exits(0).json();
    assert_eq!(lens.json()["id"], told["id"]);
    assert_eq!(bus.run(&["rules"]).exits(0).stdout, "negotiations always: all wait for you\n");
}
