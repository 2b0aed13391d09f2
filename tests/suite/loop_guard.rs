//! Two agents that thank each other for ever are held, and nothing beside them is.

use serde_json::{Value, json};

use super::harness::{Bus, Process, message, text, with};

/// What `bus.limits.loop_answers` is without a configuration.
const LIMIT: usize = 16;

/// An agent that answers whatever it gets with thanks: for ever, but three times in the thread `short`. It prints its
/// receipts.
const POLITE: &str = r#"
import json, socket, sys
bus = socket.socket(socket.AF_UNIX)
bus.connect(sys.argv[1])
lines = bus.makefile("rw", encoding="utf-8")
say = lambda **frame: print(json.dumps(frame), file=lines, flush=True)
phrases = ["Thank you so much for the quick update!", "You're welcome! Happy to help.", "Will do! Thanks again!",
           "Thanks again! Let me know if you need anything.", "Thank you! You're welcome anytime."]
said = {}
say(op="register", repo=sys.argv[2])
for frame in map(json.loads, lines):
    if frame["op"] == "message":
        message, thread = frame["message"], frame["thread"]
        said[thread] = said.get(thread, 0) + 1
        say(op="ack", ids=[message["id"]], stage="read")
        if thread != "short" or said[thread] <= 3:
            say(op="send", message={"to": {"repo": message["from"]["repo"]}, "type": "Query", "reply_to": message["id"],
                                    "payload": {"comment": phrases[sum(said.values()) % len(phrases)]}})
    else:
        print(json.dumps(frame), flush=True)
"#;

fn polite(bus: &Bus, repo: &str) -> Process {
    let mut command = bus.command("python3");
    command.args(["-c", POLITE]).arg(bus.socket()).arg(repo);
    let mut agent = Process::start(command);
    assert_eq!(agent.json()["op"], "welcome", "{}", agent.stderr());
    agent
}

/// The messages of a thread that were accepted so far.
fn thread(bus: &Bus, id: &str) -> Vec<Value> {
    let mut answer = bus.wire().ask(json!({ "op": "history", "thread": id }));
    answer["messages"].as_array_mut().unwrap().drain(..).map(|mut one| one["record"].take()).collect()
}

#[test]
fn thanks_for_ever_are_held_and_nothing_else_is() {
    let bus = Bus::start();
    let _agents = ["Flagship", "LensSDK"].map(|repo| polite(&bus, repo));
    let mut lens = bus.wire();
    lens.register_as(json!({ "repo": "LensSDK", "receive": "none" }));
    let mut watcher = bus.wire();
    watcher.ask(json!({ "op": "subscribe" }));
    lens.sends(&message("thanks", "Flagship", "Query", json!({ "question": "Is it merged?" })));
    let halted = watcher.find("the thread is held", |frame| frame["event"] == "halted");
    let reason = text(&halted, "reason").to_owned();
    assert_eq!(halted["thread"], "thanks");
    assert!(reason.starts_with("16 short answers to and fro between"), "{reason}");

    // It took the limit, and a few messages until all phrases had been said.
    let held = watcher.find("the message that was too much", |frame| frame["held"].is_object());
    let accepted = thread(&bus, "thanks").len();
    assert!((LIMIT..LIMIT + 10).contains(&accepted), "{accepted}");
    let id = text(&held["message"], "id");
    let to = text(&held["message"]["to"], "repo").to_owned();
    assert_eq!(bus.stage(id, &to), "held");

    // Whoever says more there is told why it goes nowhere, in a receipt and in words.
    for from in ["Flagship", "LensSDK"] {
        let other = if from == "Flagship" { "LensSDK" } else { "Flagship" };
        let more = message(&format!("more-{from}"), other, "Query", json!({ "comment": "Thanks!" }));
        let more = with(with(more, "reply_to", json!(id)), "from", json!({ "repo": from })).to_string();
        let told = bus.run_with(&["send", "--message", "-", "--json"], more.as_bytes()).exits(0).json();
        assert_eq!(told["held"], json!({ "by": "thread", "reason": reason }), "{told}");
        assert_eq!(told["recipients"][0]["status"], "held");
        let told = bus.run_with(&["send", "--message", "-"], more.as_bytes()).exits(0).stdout;
        assert!(told.contains(&format!("held for {other}")) && told.contains(&reason), "{told}");
    }

    // The same two go on with each other elsewhere, and others were never concerned.
    lens.sends(&message("short", "Flagship", "Query", json!({ "question": "And the other branch?" })));
    super::harness::eventually("they have said all they have to", || {
        let said = thread(&bus, "short");
        let is_read =
            |one: &Value| one["ladder"].as_array().unwrap().iter().all(|step| step["stage"] != "queued");
        (said.len() == 7 && said.iter().all(is_read)).then_some(())
    });
    assert_eq!(thread(&bus, "thanks").len(), accepted + 2, "nothing more is said there");
}

#[test]
fn an_honest_dialogue_is_not_held() {
    let bus = Bus::start();
    let (mut auth, mut ui) = (bus.instance("AuthCore"), bus.instance("UILib"));
    auth.sends(&message("work", "UILib", "Task", json!({
        "task_type": "distributed_refactor", "description": "Await authenticate()", "subtasks": { "UILib": "45 call sites" },
    })));
    assert_eq!(ui.receive()["id"], "work");
    for done in 1..=45 {
        let report =
            json!({ "status": "in_progress", "detail": format!("{done} of 45 call sites are migrated") });
        let (report_id, word_id) = (format!("report-{done}"), format!("word-{done}"));
        let report = with(message(&report_id, "AuthCore", "Task", report), "reply_to", json!("work"));
        assert_eq!(ui.sends(&report)["recipients"][0]["status"], "routed");
        assert_eq!(auth.receive()["id"], report_id.as_str());
        let word = with(
            message(&word_id, "UILib", "Task", json!({ "comment": "Good, go on." })),
            "reply_to",
            json!(report_id),
        );
        assert_eq!(auth.sends(&word)["recipients"][0]["status"], "routed");
        assert_eq!(ui.receive()["id"], word_id.as_str());
    }
}
