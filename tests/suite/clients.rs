//! Clients in other languages: what the socket takes is all there is to know.

use std::io::Write as _;

use serde_json::{Value, json};

use super::harness::{Bus, Process, query, text};

/// An instance in a few lines of Python: it answers every question with its length.
const PYTHON: &str = r#"
import json, socket, sys
bus = socket.socket(socket.AF_UNIX)
bus.connect(sys.argv[1])
lines = bus.makefile("rw", encoding="utf-8")
say = lambda **frame: print(json.dumps(frame), file=lines, flush=True)
say(op="register", repo="LensSDK", client="python")
for frame in map(json.loads, lines):
    print(frame["op"], flush=True)
    if frame["op"] == "message":
        message = frame["message"]
        say(op="ack", ids=[message["id"]], stage="read")
        answer = {"answer": len(message["payload"]["question"])}
        say(op="send", message={"to": {"repo": message["from"]["repo"]}, "type": "Query",
                                "reply_to": message["id"], "payload": answer})
"#;

#[test]
fn ten_lines_of_python_are_an_instance() {
    let bus = Bus::start();
    let mut command = bus.command("python3");
    command.args(["-c", PYTHON]).arg(bus.socket());
    let mut python = Process::start(command);
    assert_eq!(python.line(), "welcome", "{}", python.stderr());
    let asked = ["send", "query", "--to", "LensSDK", "--question", "how löng?", "--wait", "60", "--json"];
    let answer = bus.run(&asked).exits(0).json();
    assert_eq!(answer["payload"], json!({ "answer": 9 }));
    assert_eq!([python.line(), python.line()], ["message", "receipt"]);
    bus.reaches(text(&answer, "reply_to"), "LensSDK", "answered");
    let instances = bus.run(&["instances", "--json"]).exits(0).json_lines();
    let lens = instances.iter().find(|one| one["repo"] == "LensSDK").unwrap();
    assert_eq!((&lens["client"], &lens["pid"]), (&json!("python"), &json!(python.pid())));
    // Its end is noticed without a word from it.
    python.kill();
    super::harness::eventually("it has left", || (bus.repo("LensSDK")["connected"] == false).then_some(()));
}

fn socat(bus: &Bus) -> Process {
    let mut command = bus.command("socat");
    command.args(["-t60", "-"]).arg(format!("UNIX-CONNECT:{}", bus.socket().display()));
    Process::start(command)
}

#[test]
fn socat_is_an_instance() {
    let bus = Bus::start();
    let mut flagship = bus.instance("Flagship");
    let mut lens = socat(&bus);
    lens.write(b"{\"op\":\"register\",\"repo\":\"LensSDK\"}\n");
    assert_eq!(lens.json()["op"], "welcome");
    flagship.sends(&query("q", "LensSDK"));
    assert_eq!(lens.json()["message"]["id"], "q");
    lens.write(b"{\"op\":\"ack\",\"ids\":[\"q\"],\"stage\":\"read\"}\n");
    let answer = json!({ "to": { "repo": "Flagship" }, "type": "Query", "reply_to": "q", "payload": { "answer": "a" } });
    lens.write(format!("{}\n", json!({ "op": "send", "ref": 1, "message": answer })).as_bytes());
    assert_eq!(lens.json()["op"], "receipt");
    assert_eq!(flagship.receive()["payload"]["answer"], "a");
}

#[test]
fn who_stops_writing_still_gets_every_answer() {
    let bus = Bus::start();
    bus.instance("LensSDK");
    let mut input = Vec::new();
    writeln!(input, "{}", json!({ "op": "register", "repo": "Flagship" })).unwrap();
    for index in 0..500 {
        let message = query(&format!("q{index}"), "LensSDK");
        writeln!(input, "{}", json!({ "op": "send", "ref": index, "message": message })).unwrap();
    }
    let mut flagship = socat(&bus);
    flagship.write(&input);
    flagship.close_stdin();
    assert!(flagship.wait().success(), "{}", flagship.stderr());
    let answers: Vec<Value> =
        flagship.stdout().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let receipts = answers
        .iter()
        .filter(|answer| answer["op"] == "receipt")
        .map(|answer| answer["ref"].as_u64().unwrap());
    assert_eq!(receipts.collect::<Vec<_>>(), (0..500).collect::<Vec<_>>());
}
