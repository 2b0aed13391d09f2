//! `veda-bus search`: what agents have said is found, whatever is in it, and wherever in the journal.

use std::fs;
use std::io::Write as _;

use serde_json::{Value, json};

use super::harness::{Bus, Machine, Wire, answer, message, notice, query, text, with};

/// A bus whose journal has many files, and a conversation in it.
fn talked() -> (Bus, Wire, Wire) {
    let bus = Bus::with("log_segment_bytes = 8192");
    let (mut lens, mut flagship) = (bus.instance("LensSDK"), bus.instance("Flagship"));
    let question =
        json!({ "question": "Why does \"refresh\" fail in C:\\sdk\\lens?\nIt takes a Straße\tand é/è" });
    flagship.sends(&message("question", "LensSDK", "Query", question));
    lens.receive();
    for index in 0..60 {
        flagship.sends(&notice(&format!("noise-{index}"), "LensSDK"));
        lens.receive();
    }
    lens.sends(&answer("first", "Flagship", "question", "Because of the deadline"));
    flagship.receive();
    flagship.sends(&with(query("second", "LensSDK"), "reply_to", json!("first")));
    lens.receive();
    assert!(bus.journal_files(".0").len() > 1);
    (bus, lens, flagship)
}

fn ids(bus: &Machine, arguments: &[&str]) -> Vec<String> {
    let lines = bus.run(&[&["search", "--json"], arguments].concat()).exits(0).json_lines();
    lines.iter().map(|hit| text(hit, "id").to_owned()).collect()
}

#[test]
fn what_was_said_is_found_whatever_is_in_it() {
    let (bus, _lens, mut flagship) = talked();
    for words in [
        &["\"refresh\""][..],
        &["C:\\sdk\\lens"],
        &["lens?\nIt takes"],
        &["lens? it"],
        &["straße"],
        &["é/è"],
        &["fail", "refresh", "straße"],
        &["-e", r"(?m)\\lens\?$"],
        &["--cel", "text.contains('Straße') && type == \"Query\" && to == 'LensSDK'"],
    ] {
        assert_eq!(ids(&bus, words), ["question"], "{words:?}");
    }
    // A sender may escape whatever it likes.
    flagship.write(
        br#"{"op":"send","message":{"id":"escaped","to":{"repo":"LensSDK"},"type":"Query","payload":{"question":"\u0064\u00e9j\u00e0 vu \/ \ud83d\ude00"}}}
"#,
    );
    flagship.expect("receipt");
    for words in [&["déjà"][..], &["vu / 😀"], &["-e", "d.j.\\svu"]] {
        assert_eq!(ids(&bus, words), ["escaped"], "{words:?}");
    }
    bus.run(&["search", "DÉJÀ"]).exits(1);
}

#[test]
fn a_hit_is_told_with_its_place_and_its_thread() {
    let (bus, ..) = talked();
    let hit = bus.run(&["search", "deadline", "--json", "--context", "1"]).exits(0).json();
    assert_eq!(
        (&hit["id"], &hit["from"], &hit["to"]),
        (&json!("first"), &json!("LensSDK"), &json!("Flagship"))
    );
    assert_eq!(
        (&hit["type"], &hit["event"], &hit["thread"]),
        (&json!("Query"), &json!("accepted"), &json!("question"))
    );
    assert_eq!(hit["matches"], json!([{ "field": "payload.answer", "ranges": [[15, 23]] }]));
    assert_eq!(hit["message"]["payload"]["answer"], "Because of the deadline");
    let context = &hit["context"];
    assert_eq!((&context["messages"], &context["parent"]["message"]["id"]), (&json!(3), &json!("question")));
    assert_eq!(context["before"][0]["message"]["id"], "question");
    assert_eq!(context["after"][0]["message"]["id"], "second");

    let shown = bus.run(&["search", "deadline"]).exits(0).complains("1 message matches");
    assert!(shown.stdout.contains("LensSDK → Flagship  Query  first"), "{shown:?}");
    assert!(shown.stdout.contains("answer: Because of the deadline"), "{shown:?}");
    assert!(
        shown.stdout.contains("answers") && shown.stdout.contains("Why does \"refresh\" fail"),
        "{shown:?}"
    );
    // In the order in which it was said.
    let shown = bus.run(&["search", "deadline", "--context", "1"]).exits(0).stdout;
    let place = |text: &str| shown.find(text).unwrap_or_else(|| panic!("no {text:?} in {shown}"));
    let places = ["  before ", "Query  first", "answer: Because", "  after "].map(place);
    assert!(places.is_sorted(), "{shown}");
    let shown = bus.run(&["search", "--cel", "id == 'first'"]).exits(0).stdout;
    assert!(shown.contains("    Because of the deadline"), "{shown}");
}

#[test]
fn bounds_limits_and_order_are_kept() {
    let (bus, ..) = talked();
    assert_eq!(ids(&bus, &["notice", "--limit", "3"]), ["noise-59", "noise-58", "noise-57"]);
    assert_eq!(ids(&bus, &["notice", "--limit", "2", "--sort", "time"]), ["noise-58", "noise-59"]);
    let limited = bus.run(&["search", "notice", "--limit", "2"]).exits(0);
    limited.complains("60 messages match; the best 2 are shown");
    assert_eq!(
        ids(&bus, &["question", "--thread", "sec", "--type", "query"]),
        ["question", "second", "first"]
    );
    assert_eq!(ids(&bus, &["lens", "--repo", "LensSDK", "--type", "Notify"]).len(), 50);
    bus.run(&["search", "notice", "--repo", "UILib"]).exits(1);
    bus.run(&["search", "deadline", "--until", "1h"]).exits(1);
    assert_eq!(ids(&bus, &["deadline", "--since", "1h"]), ["first"]);
    let all = bus.run(&["search", "registered", "flagship", "--all", "--json"]).exits(0).json_lines();
    assert!(all.iter().any(|hit| hit["line"]["event"] == "registered"), "{all:?}");
}

#[test]
fn what_was_refused_and_reworded_is_found() {
    let bus = Bus::with("[bus.approval]\nhold = [\"type == 'RequestChange'\"]");
    let (_lens, mut flagship) = (bus.instance("LensSDK"), bus.instance("Flagship"));
    flagship.sends(&message("held", "LensSDK", "RequestChange", json!({ "summary": "drop everything" })));
    bus.run(&["hold", "release", "held", "--payload", r#"{"summary":"drop the cache only"}"#]).exits(0);
    let hit = bus.run(&["search", "cache", "only", "--json"]).exits(0).json();
    assert_eq!(
        (&hit["event"], &hit["id"], &hit["thread"]),
        (&json!("amended"), &json!("held"), &json!("held"))
    );
    flagship.send(&message("wrong", "LensSDK", "Query", json!({ "question": 5 })));
    let refused = bus.run(&["search", "expected", "string", "--json"]).exits(0).json();
    assert_eq!((&refused["event"], &refused["line"]["code"]), (&json!("refused"), &json!("invalid_payload")));
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let (bus, ..) = talked();
    for (arguments, complaint) in [
        (&["-e", "a(b"][..], "--regex: column 2: unclosed group"),
        (&["--cel", "typ == 1"], "--cel: line 1, column 1: unknown variable `typ`"),
        (&[" "], "must not be blank"),
        (&[], "say what to look for"),
        (&["x", "--since", "soon"], "--since: expected"),
    ] {
        let outcome = bus.run(&[&["search"], arguments].concat()).exits(2).complains(complaint);
        assert_eq!((outcome.stderr.lines().count(), outcome.stdout.as_str()), (1, ""), "{outcome:?}");
    }
    let nothing = bus.run(&["search", "wombat"]).exits(1).complains("no message matches");
    assert_eq!(nothing.stdout, "");
    bus.run(&["search", "x", "--file", "missing"]).exits(1).complains("missing");
}

#[test]
fn a_damaged_line_hides_no_other() {
    let (mut bus, ..) = talked();
    bus.kill();
    let file = bus.journal_files(".0").remove(0);
    let mut lines: Vec<_> = fs::read_to_string(&file).unwrap().lines().map(str::to_owned).collect();
    let middle = lines.iter().position(|line| line.contains("notice noise-3")).unwrap();
    lines[middle].truncate(50);
    fs::write(&file, lines.join("\n") + "\n").unwrap();
    fs::OpenOptions::new().append(true).open(bus.journal()).unwrap().write_all(b"{\"seq\":9").unwrap();
    let found = bus.run(&["search", "notice", "--json", "--limit", "100"]).exits(0);
    let found = found.complains("2 lines can not be read; the first: ").complains(file.to_str().unwrap());
    assert_eq!(found.json_lines().len(), 59);
    let file = file.to_str().unwrap();
    let of_one = bus.run(&["search", "refresh", "--file", file, "--json"]).exits(0).json_lines();
    assert_eq!(of_one.iter().map(|hit| &hit["id"]).collect::<Vec<&Value>>(), ["question"]);
}

#[test]
fn what_is_shown_is_harmless() {
    let bus = Bus::start();
    let (_lens, mut flagship) = (bus.instance("LensSDK"), bus.instance("Flagship"));
    let hostile = json!({ "question": "needle\u{1b}[2J\u{202e}\nforged", "x\u{1b}[1m": "needle" });
    flagship.sends(&message("q", "LensSDK", "Query", hostile));
    for arguments in
        [&["search", "needle"][..], &["search", "needle", "--json"], &["search", "needle\u{1b}[2J"]]
    {
        let found = bus.run(arguments).exits(0).stdout;
        assert!(found.contains("needle") && !found.contains(['\u{1b}', '\u{202e}']), "{found}");
        assert!(!found.lines().any(|line| line.starts_with("forged")), "{found}");
    }
}
