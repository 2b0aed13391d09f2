//! The first screen, and a swarm that connects and converses while the operator looks on and takes part.

use serde_json::json;

use super::{Console, Host};
use crate::suite::harness::{answer, message, query, text, with};

#[test]
fn a_newcomer_is_told_what_to_do_next() {
    let host = Host::open();
    let text = host.screen.eventually("the first screen", |text| text.contains("nobody has joined it yet"));
    for wanted in ["veda-bus join --repo", "veda-bus demo", "?     every key and command", "n     write"] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    host.screen.keys(&["?"]);
    host.screen.sees("Keys and commands");
    host.screen.escape();
    host.screen.sees_not("Keys and commands");
    host.machine.run(&["status"]).exits(0);
    host.screen.keys(&["q"]);
    assert_eq!(host.screen.ended(), 0, "nobody is connected, so nothing is asked");
    host.machine.run(&["status"]).exits(3);
}

#[test]
fn a_swarm_converses_and_the_operator_takes_part() {
    let console = Console::open();
    let [mut flagship, mut lens, mut auth] = ["Flagship", "LensSDK", "AuthCore"].map(|repo| {
        let instance = console.bus.instance(repo);
        console.sees(&format!("● {repo}"));
        instance
    });
    console.sees("3 instances");

    flagship.sends(&query("first", "LensSDK"));
    lens.sends(&answer("second", "Flagship", "first", "forty-two"));
    console.sees("answer: forty-two");
    auth.sends(&with(query("urgent", "operator"), "priority", json!("high")));
    console.sees("1 thing needs you");
    assert_ne!(console.bus.stage("urgent", "operator"), "read", "nobody has looked into the thread yet");

    // From what needs the operator into its conversation, and to an answer.
    console.keys(&["3", "Enter"]);
    console.sees("Thread Query AuthCore → operator");
    console.bus.reaches("urgent", "operator", "read");
    console.keys(&["r"]);
    console.sees("reply to");
    console.fill(&[("answer", "It is \"fine\",\nübrigens."), ("comment", "soon")]);
    console.keys(&["C-s"]);
    let reply = auth.receive();
    assert_eq!(reply["payload"], json!({ "answer": "It is \"fine\",\nübrigens.", "comment": "soon" }));
    assert_eq!((&reply["type"], &reply["reply_to"]), (&json!("Query"), &json!("urgent")));
    assert_eq!((&reply["from"]["repo"], &reply["to"]["repo"]), (&json!("operator"), &json!("AuthCore")));
    assert_eq!(reply["priority"], "high", "an answer is as pressing as what it answers");
    console.bus.reaches("urgent", "operator", "answered");
    console.sees_not("4 Composer");
    console.sees("nothing needs you");

    console.keys(&["b"]);
    console.sees("Tell every repo");
    console.keys(&["n"]);
    console.fill(&[("change_type", "deprecation"), ("summary", "v1 ends")]);
    console.keys(&["M-Enter"]);
    let ids = [(&mut flagship, "Flagship"), (&mut lens, "LensSDK"), (&mut auth, "AuthCore")].map(
        |(instance, repo)| {
            let told =
                instance.find("the notice", |frame| frame["message"]["type"] == "Notify")["message"].take();
            assert_eq!(told["payload"], json!({ "change_type": "deprecation", "summary": "v1 ends" }));
            let id = text(&told, "id").to_owned();
            instance.ack("read", &[&id]);
            console.bus.reaches(&id, repo, "read");
            id
        },
    );
    assert!(ids[0] == ids[1] && ids[1] == ids[2], "it is one message");
    console.sees_not("4 Composer");
    assert_eq!(console.quit(), 0);
}

#[test]
fn a_thread_whose_beginning_is_not_known_says_so() {
    let console = Console::open();
    console.bus.instance("LensSDK");
    let mut flagship = console.bus.instance("Flagship");
    let orphan = message("orphan", "LensSDK", "Query", json!({ "answer": "to something long gone" }));
    flagship.sends(&with(orphan, "reply_to", json!("lost-in-time")));
    console.sees("answers lost-in-");
    console.keys(&["2", "i"]);
    console.sees("Query orphan");
    console.back_from("Query orphan");
}
