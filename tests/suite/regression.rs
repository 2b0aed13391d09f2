//! Faults that were once there. Each has a test here that failed before it was mended, named after what went wrong,
//! with a sentence that tells what a user saw.

use serde_json::json;

use super::harness::{Bus, message, query, text, with};

/// `send --message` waited a minute for an answer that could not come, then gave up on all the rest: a line that the bus
/// refuses as a whole (NUL, nesting, length) is answered without its `ref`.
#[test]
fn a_message_that_the_bus_refuses_as_a_line_is_told_and_the_rest_is_sent() {
    let bus = Bus::with("max_message_size = 4096");
    bus.instance("LensSDK");
    let deep = serde_json::from_str(&format!("{}{}", "[".repeat(80), "]".repeat(80))).unwrap();
    let nul = query("nul", "LensSDK").to_string().replace("question nul", "question \\u0000");
    let bad = [
        (nul, "invalid_json"),
        (with(query("deep", "LensSDK"), "x", deep).to_string(), "invalid_json"),
        (
            message("long", "LensSDK", "Query", json!({ "question": "x".repeat(5000) })).to_string(),
            "too_large",
        ),
    ];
    let mut lines: Vec<_> = bad.iter().map(|(line, _)| line.clone()).collect();
    lines.push(query("good", "LensSDK").to_string());
    let input = lines.join("\n");
    let outcome = bus.run_with(&["send", "--message", "-", "--json"], input.as_bytes()).exits(4);
    let told = outcome.json_lines();
    for (index, (_, code)) in bad.iter().enumerate() {
        let line = told.iter().find(|one| one["line"] == index + 1).unwrap_or_else(|| panic!("{told:?}"));
        assert_eq!(line["error"]["code"], *code, "{line}");
    }
    assert!(told.iter().any(|one| one["id"] == "good" && one["error"].is_null()), "{told:?}");
}

/// `send query` with a question longer than the bus takes said "no answer within 10 s" (exit code 5) after ten seconds,
/// for the same reason.
#[test]
fn a_message_that_is_too_long_is_refused_at_once() {
    let bus = Bus::with("max_message_size = 4096");
    bus.instance("LensSDK");
    let question = "x".repeat(5000);
    bus.run(&["send", "query", "--to", "LensSDK", "--question", &question]).exits(4).complains("too_large");
}

/// `send --message -` sent nothing while its standard input stayed open, until 256 lines were there: a program that
/// writes a message and waits for its receipt waited for ever.
#[test]
fn each_line_of_standard_input_is_sent_when_it_comes() {
    let bus = Bus::start();
    bus.instance("LensSDK");
    let mut sender = bus.spawn(&["send", "--message", "-", "--json"]);
    for id in ["one", "two"] {
        sender.write(format!("{}\n", query(id, "LensSDK")).as_bytes());
        assert_eq!(text(&sender.json(), "id"), id);
    }
    sender.close_stdin();
    assert!(sender.wait().success());
}

/// What a command line argument holds was printed as it is in the complaint about it: an agent's text that a script
/// passes on could write backwards in the terminal.
#[test]
fn a_complaint_about_an_argument_is_harmless() {
    let bus = Bus::start();
    let hostile = "a\u{9b}31mb\u{202e}c\u{200b}\rd";
    for arguments in [
        &["send", "query", "--to", "LensSDK", "--from", hostile, "--question", "?"][..],
        &["join", "--repo", hostile],
        &["log", "--type", hostile],
        &[hostile],
    ] {
        let outcome = bus.run(arguments).exits(2);
        let found: Vec<_> =
            outcome.stderr.chars().filter(|&c| c != '\n' && veda_bus_core::text::is_hostile(c)).collect();
        assert!(found.is_empty(), "{arguments:?} lets {found:?} through: {outcome:?}");
    }
}

/// The place of a control character in a string was told one byte too early.
#[test]
fn the_place_of_a_control_character_is_its_own() {
    let bus = Bus::start();
    let mut wire = bus.wire();
    for character in [1_u8, 0x1b, b'\t', 0] {
        let line = [&b"{\"op\":\"ping\",\"ref\":\"a"[..], &[character], b"\"}\n"].concat();
        wire.write(&line);
        let error = wire.next();
        let place = line.iter().position(|&byte| byte == character).unwrap();
        assert_eq!(error["at"], format!("byte {place}"), "{error}");
    }
}

/// `send --wait` ended with "the bus went away" when the bus was restarted, and the answer went to nobody.
#[test]
fn a_wait_survives_a_restart_of_the_bus() {
    let mut bus = Bus::start();
    let mut lens = bus.join("LensSDK", &[]);
    let question = ["send", "query", "--to", "LensSDK", "--question", "?", "--wait", "60", "--json"];
    let mut asker = bus.spawn(&question);
    let question = lens.json();
    let id = text(&question, "id");
    bus.run(&["reply", id, "--from", "LensSDK", "--acknowledged"]).exits(0);
    asker.says("acknowledged by LensSDK; waiting for the answer");
    bus.kill();
    asker.says("the bus went away");
    // The answer is there before whoever waits for it is back.
    asker.signal("STOP");
    bus.restart();
    bus.run(&["reply", id, "--from", "LensSDK", "--text", "forty-two"]).exits(0);
    asker.signal("CONT");
    let answer = asker.json();
    assert_eq!(answer["payload"]["answer"], "forty-two");
    assert_eq!(asker.wait().code(), Some(0), "{}", asker.stderr());
    // The bus knew of it before the process ended.
    assert_eq!(bus.stage(text(&answer, "id"), "operator"), "read");
}

/// A sender that first appeared in a batch while the bus was away ended the batch.
#[test]
fn a_batch_waits_for_the_bus_with_a_new_sender() {
    let mut bus = Bus::start();
    bus.instance("LensSDK");
    let mut sender = bus.spawn(&["send", "--message", "-", "--json"]);
    let from =
        |id: &str, repo: &str| format!("{}\n", with(query(id, "LensSDK"), "from", json!({ "repo": repo })));
    sender.write(from("one", "A").as_bytes());
    assert_eq!(text(&sender.json(), "id"), "one");
    bus.kill();
    sender.says("the bus went away");
    sender.write(from("two", "B").as_bytes());
    bus.restart();
    assert_eq!(text(&sender.json(), "id"), "two");
    sender.close_stdin();
    assert_eq!(sender.wait().code(), Some(0), "{}", sender.stderr());
}

/// An answer without `--from` went out as the operator's, who was not asked, and its sender waited on.
#[test]
fn who_was_not_asked_does_not_answer_by_mistake() {
    let bus = Bus::start();
    bus.instance("LensSDK");
    let question = ["send", "query", "--from", "Flagship", "--to", "LensSDK", "--question", "?", "--json"];
    let receipt = bus.run(&question).exits(0).json();
    let slip = bus.run(&["reply", text(&receipt, "id"), "--text", "x"]).exits(2);
    slip.complains("operator was not asked; say who answers: --from LensSDK");
    bus.run(&["reply", text(&receipt, "id"), "--from", "LensSDK", "--text", "x"]).exits(0);
}

/// With `--json`, a refusal was told on stderr only; and the advice was about a frame, not about a flag.
#[test]
fn a_refusal_is_data_where_data_is_asked_for() {
    let bus = Bus::start();
    let question = ["send", "query", "--to", "LensSDK", "--question", "?"];
    let refused =
        bus.run(&[&question[..], &["--json"]].concat()).exits(4).complains("--allow-unknown queues it");
    let error = &refused.json()["error"];
    assert_eq!(error["code"], "unknown_repo");
    assert_eq!(error["at"], "to.repo");
    assert_eq!(bus.run(&question).exits(4).stdout, "");
}

/// `--count 0` was taken for no end, or for nothing at all.
#[test]
fn a_count_is_at_least_one() {
    let bus = Bus::start();
    for arguments in [
        &["watch", "--count", "0"][..],
        &["join", "--repo", "A", "--count", "0"],
        &["bench", "--rounds", "0"],
    ] {
        bus.run(arguments).exits(2);
    }
}

/// `config --json` gave every value as text, so that `jq` had to read it twice.
#[test]
fn settings_are_native_json() {
    let bus = Bus::start();
    let settings = bus.run(&["config", "--json"]).exits(0).json_lines();
    let value = |key: &str| settings.iter().find(|one| one["key"] == key).map(|one| one["value"].clone());
    assert_eq!(value("bus.stuck_after").unwrap_or_default(), 15);
    assert_eq!(value("bus.enable_logging").unwrap_or_default(), true);
    assert_eq!(value("coordination.repo_name"), Some(serde_json::Value::Null));
    assert_eq!(value("coordination.accept_requests_from").unwrap_or_default(), json!(["*"]));
}
