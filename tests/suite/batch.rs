//! `veda-bus send --message`: many messages, each with its receipt, whatever becomes of the bus meanwhile.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::harness::{Bus, answer, eventually, query, text, with};

/// Lines of JSON as one text.
fn lines(messages: &[Value]) -> String {
    messages.iter().fold(String::new(), |mut text, message| {
        writeln!(text, "{message}").unwrap();
        text
    })
}

fn from(message: Value, repo: &str) -> Value {
    with(message, "from", json!({ "repo": repo }))
}

#[test]
fn each_message_is_sent_as_its_own_sender() {
    let bus = Bus::start();
    let mut lens = bus.instance("LensSDK");
    let mut anonymous = query("x", "LensSDK");
    anonymous.as_object_mut().unwrap().remove("id");
    let known = json!({ "repo": "AuthCore", "instance_id": "auth-1", "session_id": "s", "path": "/auth" });
    let messages = [
        from(query("a", "LensSDK"), "Flagship"),
        from(query("b", "LensSDK"), "UILib"),
        with(query("c", "LensSDK"), "from", known.clone()),
        query("d", "LensSDK"),
        from(query("e", "LensSDK"), "Flagship"),
        anonymous,
    ];
    let folder = bus.repository("Docs", "");
    let file = folder.join("messages.jsonl");
    std::fs::write(&file, format!("\n{}\n\n", lines(&messages))).unwrap();
    let receipts =
        bus.run_in(&folder, &["send", "--message", "messages.jsonl", "--json"]).exits(0).json_lines();
    let ids: Vec<_> = receipts.iter().map(|receipt| text(receipt, "id").to_owned()).collect();
    assert_eq!(ids[..5], ["a", "b", "c", "d", "e"]);
    let got: Vec<_> = (0..6).map(|_| lens.receive()).collect();
    let by =
        |id: &str| got.iter().find(|message| message["id"] == id).map(|message| &message["from"]).unwrap();
    assert_eq!(
        ids.iter().map(|id| by(id)["repo"].as_str().unwrap()).collect::<Vec<_>>(),
        ["Flagship", "UILib", "AuthCore", "Docs", "Flagship", "Docs"]
    );
    assert_eq!(by("c"), &known);
    // Sent once more they are the same messages, but for the one without an id.
    std::fs::write(&file, lines(&messages[..5])).unwrap();
    let again = bus.run_in(&folder, &["send", "--message", "messages.jsonl", "--json"]);
    assert!(again.exits(0).json_lines().iter().all(|receipt| receipt["duplicate"] == true));
    let shown = bus.run_with(&["send", "--message", "-"], lines(&messages[..1]).as_bytes()).exits(0).stdout;
    assert!(shown.starts_with("a: ") && shown.contains("LensSDK"), "{shown}");
}

#[test]
fn what_is_refused_is_told_with_its_line_and_the_rest_is_sent() {
    let bus = Bus::start();
    bus.instance("LensSDK");
    bus.instance("Flagship");
    let lens = |id: &str| from(query(id, "LensSDK"), "Flagship");
    let bad = [
        ("hello".to_owned(), "invalid_json"),
        ("[1]".to_owned(), "invalid_message"),
        (from(query("b", "LensSKD"), "Flagship").to_string(), "unknown_repo"),
        (with(lens("c"), "ttl", json!(0)).to_string(), "invalid_message"),
        (with(lens("d"), "payload", json!({})).to_string(), "invalid_payload"),
        (with(query("e", "LensSDK"), "from", json!("Flagship")).to_string(), "invalid_message"),
        (with(query("f", "LensSDK"), "from", json!({ "repo": "*" })).to_string(), "invalid_frame"),
        (lens("").to_string(), "invalid_message"),
    ];
    let mut input = format!("{}\n", from(query("first", "LensSDK"), "Flagship"));
    for (line, _) in &bad {
        writeln!(input, "{line}").unwrap();
    }
    writeln!(input, "\n{}", from(answer("last", "LensSDK", "first", "x"), "Flagship")).unwrap();
    let outcome = bus.run_with(&["send", "--message", "-", "--json"], input.as_bytes()).exits(4);
    let told = outcome.json_lines();
    let refused: Vec<_> =
        told.iter().filter(|line| line["op"].is_null() && !line["error"].is_null()).collect();
    let found: Vec<_> =
        refused.iter().map(|one| (one["line"].as_u64().unwrap(), text(&one["error"], "code"))).collect();
    let mut sorted = found.clone();
    sorted.sort_unstable();
    let expected: Vec<_> = (2..).zip(bad.iter().map(|(_, code)| *code)).collect();
    assert_eq!(sorted, expected);
    let sent: Vec<_> =
        told.iter().filter(|line| line["error"].is_null()).map(|line| text(line, "id")).collect();
    assert_eq!(sent, ["first", "last"]);
    outcome.complains("8 of 10 messages were refused");
    let shown = bus.run_with(&["send", "--message", "-"], b"hello\n").exits(4).stdout;
    assert!(shown.starts_with("line 1: refused (invalid_json)"), "{shown}");
    let allowed = query("g", "AuthCore").to_string();
    bus.run_with(&["send", "--message", "-", "--allow-unknown"], allowed.as_bytes()).exits(0);
    bus.run(&["send", "--message", "missing.jsonl"]).exits(1).complains("missing.jsonl");
}

#[test]
fn a_bus_that_is_killed_in_the_middle_costs_no_receipt() {
    const MESSAGES: usize = 20_000;
    let mut bus = Bus::unlimited("");
    bus.instance("LensSDK");
    let messages: Vec<_> = (0..MESSAGES).map(|index| query(&format!("m-{index}"), "LensSDK")).collect();
    std::fs::write(bus.work().join("many"), lines(&messages)).unwrap();
    let mut sender = bus.spawn(&["send", "--message", "many", "--json"]);
    for part in 1..=2 {
        eventually("some of it is accepted", || {
            let accepted = bus.state()["accepted"].as_u64().unwrap();
            (accepted > part * 3000).then_some(())
        });
        bus.kill();
        assert!(sender.is_running(), "all was sent before the bus was killed: send more");
        bus.restart();
    }
    assert_eq!(sender.wait().code(), Some(0), "{}", sender.stderr());
    assert!(sender.stderr().contains("the bus went away"), "{}", sender.stderr());
    let receipts = sender.stdout();
    let ids: Vec<String> =
        receipts.lines().map(|line| text(&serde_json::from_str(line).unwrap(), "id").to_owned()).collect();
    assert_eq!(ids, messages.iter().map(|message| text(message, "id").to_owned()).collect::<Vec<_>>());
    assert_eq!(bus.state()["accepted"].as_u64().unwrap(), MESSAGES as u64);
    assert_eq!(bus.repo("LensSDK")["unread"].as_u64().unwrap(), MESSAGES as u64);
    bus.run(&["log", "verify"]).exits(0);
    let mut lens = bus.join("LensSDK", &["--count", &MESSAGES.to_string()]);
    assert_eq!(lens.wait().code(), Some(0));
    let printed = lens.stdout();
    let got: BTreeSet<_> = printed
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].take().to_string())
        .collect();
    assert_eq!(got.len(), MESSAGES);
}
