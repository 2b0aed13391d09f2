//! The use cases of the specification, played by instances of the public protocol, with a pause at moments that matter.

use std::path::Path;

use serde_json::{Value, json};

use super::harness::{Bus, Wire, answer, message, notice, query, with};

/// The configuration under which they are played: deletions wait for the operator.
pub(crate) const RULES: &str =
    "[bus.approval]\nhold = [\"type == 'RequestChange' && text.contains('Delete')\"]";

/// The recording of them in the repository.
pub(crate) fn recording() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/swarm.log")
}

fn replies(wire: &mut Wire, id: &str, to: &str, parent: &str, kind: &str, payload: Value) {
    wire.sends(&with(message(id, to, kind, payload), "reply_to", json!(parent)));
}

/// Plays them all; `pause` is called with the name of each moment, while nothing happens.
pub(crate) fn play(bus: &Bus, mut pause: impl FnMut(&str)) {
    let [mut app, mut lens, mut ui] = ["Flagship", "LensSDK", "UILib"].map(|repo| bus.instance(repo));
    let request = json!({ "summary": "Expose getActiveSession()", "urgency": "blocking_development" });
    app.sends(&message("session", "LensSDK", "RequestChange", request));
    let counter =
        json!({ "decision": "countered", "counter_proposal": "It returns Result<Session, AuthError>" });
    replies(&mut lens, "session-counter", "Flagship", "session", "RequestChange", counter);
    replies(
        &mut app,
        "session-agreed",
        "LensSDK",
        "session-counter",
        "RequestChange",
        json!({ "decision": "accepted" }),
    );
    app.sends(&query("interface", "LensSDK"));
    lens.sends(&answer("interface-answer", "Flagship", "interface", "Two methods, both async"));
    lens.sends(&notice("async", "*"));

    let affected = json!(["Flagship", "LensSDK", "UILib"]);
    let proposal =
        |text: &str| json!({ "proposal": text, "affected_repos": affected, "requires_consensus": true });
    app.sends(&message("core", "*", "Negotiate", proposal("Move auth into auth-core")));
    pause("opened");
    replies(&mut ui, "core-ui", "Flagship", "core", "Negotiate", json!({ "vote": "accept" }));
    let counter = json!({ "vote": "counter", "counter_proposal": "Only the token store" });
    replies(&mut lens, "core-lens", "Flagship", "core", "Negotiate", counter);
    replies(&mut app, "core-again", "*", "core-lens", "Negotiate", proposal("Move only the token store"));
    replies(&mut lens, "again-lens", "Flagship", "core-again", "Negotiate", json!({ "vote": "accept" }));
    pause("voting");
    replies(&mut ui, "again-ui", "Flagship", "core-again", "Negotiate", json!({ "vote": "accept" }));
    bus.run(&["approve", "core-again", "--comment", "Go ahead"]).exits(0);

    for id in ["delete-cache", "delete-all"] {
        let summary = json!({ "summary": format!("Delete what {id} says") });
        app.sends(&message(id, "LensSDK", "RequestChange", summary));
    }
    pause("held");
    bus.run(&["hold", "release", "delete-cache"]).exits(0);
    bus.run(&["hold", "refuse", "delete-all", "--comment", "Not before the release"]).exits(0);

    // A question that nobody reads in time expires, and the answer to it is overdue.
    app.sends(&with(query("late", "LensSDK"), "ttl", json!(1)));
    app.find("an expiry", |frame| frame["op"] == "notice" && frame["kind"] == "expired");
    assert_eq!(app.send(&message("wrong", "LensSDK", "Query", json!({ "question": 5 })))["op"], "error");
    pause("expired");

    drop(ui);
    app.sends(&query("waits", "UILib"));
    let mut ui = bus.instance("UILib");
    ui.find("the question", |frame| frame["op"] == "message" && frame["message"]["id"] == "waits");
    ui.sends(&answer("waits-answer", "Flagship", "waits", "Here again"));
    let subtasks = json!({ "Flagship": "Update 12 components", "LensSDK": "Add a provider" });
    let task = json!({ "task_type": "distributed_refactor", "description": "Use ErrorBoundary 2.0", "subtasks": subtasks });
    ui.sends(&message("boundary", "*", "Task", task));
    let progress = json!({ "status": "in_progress", "detail": "5 of 12" });
    replies(&mut app, "boundary-app", "UILib", "boundary", "Task", progress);
    replies(&mut lens, "boundary-lens", "UILib", "boundary", "Task", json!({ "status": "done" }));
    pause("end");
}
