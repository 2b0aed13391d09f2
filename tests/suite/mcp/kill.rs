//! The host ends at any moment: what the agent has not seen is unread, for the next one.

use serde_json::json;

use super::super::harness::{Bus, Machine, Process, eventually, query, text};
use super::super::machine::BINARY;
use super::session::{Background, Session, repository};

#[test]
fn what_a_tool_was_about_to_tell_is_unread_again() {
    let bus = Bus::start();
    let mut flagship = bus.instance("Flagship");
    let folder = repository(&bus, "LensSDK");
    // Nobody reads its answers: they fill the pipe, and the last one stays behind.
    let mut command = bus.command(BINARY);
    command.arg("mcp").current_dir(&folder);
    let mut deaf = Deaf::start(command);
    deaf.initialize();
    eventually("it has joined", || {
        let state = bus.state();
        state["repos"].as_array().unwrap().iter().any(|repo| repo["repo"] == "LensSDK").then_some(())
    });
    flagship.sends(&query("q", "LensSDK"));
    bus.reaches("q", "LensSDK", "delivered");
    for id in 10..40 {
        deaf.say(&json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list" }));
    }
    let looked = json!({ "name": "check_messages", "arguments": {} });
    deaf.say(&json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": looked }));
    // A tool that says something to the bus shows that the one before it has been called.
    let marked = json!({ "name": "send_coordination_message", "arguments": {
        "to_repo": "Flagship", "message_type": "Notify", "payload": { "change_type": "mark", "summary": "called" } } });
    deaf.say(&json!({ "jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": marked }));
    let mark = flagship.find("the mark", |frame| frame["message"]["payload"]["change_type"] == "mark");
    assert_eq!(text(&mark["message"]["from"], "repo"), "LensSDK");
    assert_eq!(bus.stage("q", "LensSDK"), "delivered", "its answer has not left");
    deaf.kill();
    bus.reaches("q", "LensSDK", "queued");
    let mut next = Session::of(&bus, "LensSDK");
    assert_eq!(next.inbox()[0]["id"], "q");
    bus.reaches("q", "LensSDK", "read");
}

#[test]
fn what_arrives_while_a_tool_waits_is_unread_again() {
    let bus = Bus::start();
    let mut flagship = bus.instance("Flagship");
    let mut session = Session::of(&bus, "LensSDK");
    let asked = json!({ "repo": "Flagship", "question": "Why?", "wait_seconds": 60 });
    session.request("tools/call", &json!({ "name": "query_codebase", "arguments": asked }));
    let question = flagship.receive();
    flagship.sends(&query("q", "LensSDK"));
    bus.reaches("q", "LensSDK", "delivered");
    session.process.kill();
    bus.reaches("q", "LensSDK", "queued");
    // The answer to what it had asked waits for it, too.
    flagship.sends(&super::super::harness::answer("a", "LensSDK", text(&question, "id"), "Because"));
    let mut next = Session::of(&bus, "LensSDK");
    let ids: Vec<_> = next.inbox().iter().map(|one| text(one, "id").to_owned()).collect();
    assert_eq!(ids, ["q", "a"]);
}

#[test]
fn a_cancelled_call_reads_nothing() {
    let bus = Bus::start();
    let mut flagship = bus.instance("Flagship");
    let mut session = Session::of(&bus, "LensSDK");
    let asked = json!({ "repo": "Flagship", "question": "Why?", "wait_seconds": 60 });
    let call = session.request("tools/call", &json!({ "name": "query_codebase", "arguments": asked }));
    let question = flagship.receive();
    let cancelled =
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": call } });
    session.say(&cancelled);
    session.ask("ping", &json!({}));
    flagship.sends(&super::super::harness::answer("a", "LensSDK", text(&question, "id"), "Because"));
    bus.reaches("a", "LensSDK", "delivered");
    assert_eq!(session.inbox()[0]["id"], "a");
    eventually("it was read", || (bus.stage("a", "LensSDK") == "read").then_some(()));
}

/// A client that never reads.
struct Deaf {
    child: std::process::Child,
}

impl Deaf {
    fn start(mut command: std::process::Command) -> Self {
        use std::process::Stdio;
        Self { child: command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap() }
    }

    /// It reads as far as here.
    fn initialize(&mut self) {
        let info = json!({ "name": "deaf", "version": "1" });
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info });
        self.say(&json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params }));
        self.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    }

    fn say(&mut self, frame: &serde_json::Value) {
        use std::io::Write as _;
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(format!("{frame}\n").as_bytes()).unwrap();
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Deaf {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Also where the bus is killed meanwhile.
#[test]
fn a_bus_that_comes_back_has_what_was_unread() {
    let mut bus = Bus::on(Machine::new(""));
    let mut session = Session::of(&bus, "LensSDK");
    assert!(session.inbox().is_empty());
    bus.instance("Flagship").sends(&query("q", "LensSDK"));
    bus.kill();
    bus.restart();
    let told = eventually("it is told", || {
        let told = session.call("check_messages", &json!({}));
        told["structuredContent"]["messages"].as_array().filter(|told| !told.is_empty()).cloned()
    });
    assert_eq!(told.len(), 1);
    bus.reaches("q", "LensSDK", "read");
}

#[test]
fn what_a_host_was_told_that_was_killed_is_told_to_the_next_one() {
    let bus = Bus::start();
    let mut flagship = bus.instance("Flagship");
    let folder = repository(&bus, "LensSDK");
    // A host that asks, does not look at the answer, and is killed; its server ends with it.
    let calls = [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "protocolVersion": "2025-11-25",
            "capabilities": {}, "clientInfo": { "name": "host", "version": "1" } } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "check_messages", "arguments": {} } }),
    ];
    let calls: Vec<_> = calls.iter().map(|call| format!("echo '{call}'")).collect();
    let (first, last) = calls.split_at(2);
    let script = format!("({}; read line <&3; {}; sleep 600) | {BINARY} mcp", first.join(";"), last[0]);
    let go = bus.root().join("go");
    let mut host = bus.command("/bin/bash");
    host.current_dir(&folder).args(["-c", &format!("mkfifo {0}; exec 3<>{0}; {script}", go.display())]);
    std::os::unix::process::CommandExt::process_group(&mut host, 0);
    let mut host = Process::start(host);
    eventually("it has joined", || bus.state()["repos"].to_string().contains("LensSDK").then_some(()));
    flagship.sends(&query("q", "LensSDK"));
    bus.reaches("q", "LensSDK", "delivered");
    std::fs::write(&go, "go\n").unwrap();
    bus.reaches("q", "LensSDK", "read");
    assert!(
        std::process::Command::new("kill")
            .args(["-9", "--", &format!("-{}", host.pid())])
            .status()
            .unwrap()
            .success()
    );
    host.wait();
    let mut next = Session::of(&bus, "LensSDK");
    let inbox = next.tool("check_messages", &json!({}));
    let again = super::session::envelopes(&inbox["shown_before"]);
    assert_eq!((&inbox["messages"], &again[0]["id"]), (&json!([]), &json!("q")), "{inbox}");
    let after = next.tool("check_messages", &json!({}));
    assert_eq!(after["shown_before"], json!([]), "it is told once");
}

#[test]
fn tools_say_so_when_the_bus_is_gone_and_it_is_started_again() {
    let mut bus = Bus::start();
    let mut session = Session::of(&bus, "LensSDK");
    assert!(session.inbox().is_empty());
    bus.kill();
    let _stopped = Background(&bus);
    let told = eventually("a bus answers again", || {
        let told = session.call("check_messages", &json!({}));
        (told["isError"] == false).then_some(told)
    });
    assert_eq!(told["structuredContent"]["messages"], json!([]));
    bus.run(&["stop"]).exits(0);
    let asked = json!({ "repo": "LensSDK", "question": "Why?", "wait_seconds": 1 });
    let refusal = session.refusal("query_codebase", &asked);
    assert!(refusal.contains("no_answer"), "{refusal}");
    assert!(!bus.socket().exists(), "one that was told to stop stays stopped");
}
