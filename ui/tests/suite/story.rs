//! What a swarm went through, with everything in it that a console has to show.

use serde_json::json;
use veda_bus_core::hub::Command;
use veda_bus_core::name::InstanceId;

use crate::swarm::{Swarm, answer, notify, proposal, query, vote, with};

/// The messages of the story, by what they are; each begins with eight characters of its own.
pub(crate) const CHANGE: &str = "c4a46e01-change";
pub(crate) const DONE: &str = "c4a46e02-done";
pub(crate) const QUESTION: &str = "9e571041-question";
pub(crate) const PROPOSAL: &str = "4e901a7e-proposal";
pub(crate) const TASK: &str = "7a5c0001-task";
pub(crate) const STALE: &str = "57a1e001-stale";
pub(crate) const ASKED: &str = "a5cede01-asked";
pub(crate) const ORPHAN: &str = "0a9fa401-orphan";
pub(crate) const LONG: &str = "10a60001-long";
pub(crate) const NEWS: &str = "4e351001-news";

/// Four repos talk for some minutes; the operator is there, and has read nothing.
pub(crate) fn story() -> Swarm {
    let mut swarm = Swarm::new();
    swarm.join("operator", &[]);
    swarm.join("Flagship", &["ui", "release"]);
    swarm.join("LensSDK", &["camera"]);
    swarm.join("AuthCore", &["auth"]);
    swarm.join("UILib", &[]);
    swarm.pass(20);
    a_change(&mut swarm);
    a_question(&mut swarm);
    a_vote(&mut swarm);
    a_task(&mut swarm);
    what_went_wrong(&mut swarm);
    swarm.send("AuthCore", &notify(NEWS, "*", "login() is gone; use session()"));
    swarm.pass(15);
    for_the_operator(&mut swarm);
    swarm.pass(65);
    swarm
}

fn a_change(swarm: &mut Swarm) {
    let payload = json!({
        "summary": "Export the focus distance",
        "reason": "The overlay needs it:\n\n- for the ring\n- for the *hint*",
        "suggested_implementation": "```rust\npub fn focus_distance(&self) -> f32 {\n    self.focus\n}\n```",
        "urgency": "blocking",
    });
    let change = json!({
        "id": CHANGE, "to": { "repo": "LensSDK" }, "type": "RequestChange", "priority": "high",
        "payload": payload,
    });
    swarm.send("Flagship", &change);
    swarm.pass(5);
    swarm.read("LensSDK", &[CHANGE]);
    swarm.pass(30);
    let done = json!({
        "id": DONE, "to": { "repo": "Flagship" }, "type": "RequestChange", "reply_to": CHANGE,
        "payload": { "decision": "accepted", "eta_seconds": 900, "comment": "Right after the release." },
    });
    swarm.send("LensSDK", &done);
    swarm.read("Flagship", &[DONE]);
}

fn a_question(swarm: &mut Swarm) {
    swarm.pass(10);
    swarm.send("UILib", &query(QUESTION, "AuthCore", "Does session() refresh by itself?"));
    swarm.read("AuthCore", &[QUESTION]);
    swarm.pass(12);
    swarm.send("AuthCore", &answer("9e571042-yes", "UILib", QUESTION, "Yes, a minute before it ends."));
    swarm.send("UILib", &answer("9e571043-and", "AuthCore", "9e571042-yes", "And offline?"));
    swarm.send("AuthCore", &answer("9e571044-too", "UILib", QUESTION, "From 2.1 on, that is."));
}

fn a_vote(swarm: &mut Swarm) {
    swarm.pass(20);
    let voters = ["Flagship", "LensSDK", "UILib"];
    swarm.send("Flagship", &proposal(PROPOSAL, "*", "Rename Frame to Picture everywhere", &voters));
    swarm.read("LensSDK", &[PROPOSAL]);
    swarm.pass(8);
    swarm.send("LensSDK", &vote("4e901a7f-accept", "Flagship", PROPOSAL, "accept"));
}

fn a_task(swarm: &mut Swarm) {
    swarm.pass(10);
    let subtasks = json!({ "LensSDK": "measure the preview", "UILib": "measure the list" });
    let payload = json!({ "task_type": "benchmark", "description": "Frame times", "subtasks": subtasks });
    swarm.send("Flagship", &json!({ "id": TASK, "to": { "repo": "*" }, "type": "Task", "payload": payload }));
    let status = json!({
        "id": "7a5c0002-status", "to": { "repo": "Flagship" }, "type": "Task", "reply_to": TASK,
        "payload": { "status": "in_progress", "detail": "preview: 3 of 5 devices" },
    });
    swarm.pass(14);
    swarm.send("LensSDK", &status);
}

/// A message that nobody read in time, one that was refused, an instance that hangs, an answer to nothing that is known.
fn what_went_wrong(swarm: &mut Swarm) {
    swarm.leave("UILib");
    swarm.send("AuthCore", &with(query(STALE, "UILib", "Which version do you ship?"), "ttl", 30));
    swarm.pass(45);
    let nothing = json!({ "to": { "repo": "LensSDK" }, "type": "Query", "payload": { "question": " " } });
    swarm.try_send("Flagship", &nothing).unwrap_err();
    swarm.command(Command::Stuck { instance: InstanceId::new("LensSDK").unwrap() }).unwrap();
    swarm.pass(3);
    swarm.send("LensSDK", &answer(ORPHAN, "Flagship", "10575e1f-forgotten", "It was the lens cap."));
}

fn for_the_operator(swarm: &mut Swarm) {
    let lines: Vec<_> = (1..=60).map(|n| format!("Step {n}: the thing that is done in step {n}.")).collect();
    swarm.send("Flagship", &query(LONG, "operator", &lines.join("\n\n")));
    swarm.pass(20);
    swarm.send("AuthCore", &with(query(ASKED, "operator", "May I drop iOS 12?"), "priority", "high"));
}
