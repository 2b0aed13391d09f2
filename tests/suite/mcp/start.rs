//! How a server begins: which repo it is, and which bus it speaks to.

use serde_json::json;

use super::super::harness::{Bus, Machine, Process, eventually, text};
use super::session::{Background, Session, repository};

#[test]
fn the_repo_is_that_of_its_file_else_that_of_its_folder() {
    let bus = Bus::start();
    let declared =
        bus.repository("declared", "capabilities = [\"auth\"]\naccept_requests_from = [\"UILib\"]");
    std::fs::create_dir_all(declared.join("deep/er")).unwrap();
    let mut file = Session::start(&bus, &declared.join("deep/er"), &[], "test");
    assert!(file.inbox().is_empty());
    let git = repository(&bus, "by-folder");
    std::fs::create_dir_all(git.join("src")).unwrap();
    let mut folder = Session::start(&bus, &git.join("src"), &[], "test");
    assert!(folder.inbox().is_empty());
    let worktree = bus.root().join("a-worktree");
    std::fs::create_dir_all(&worktree).unwrap();
    std::fs::write(worktree.join(".git"), format!("gitdir: {}/.git/worktrees/a\n", git.display())).unwrap();
    let mut linked = Session::start(&bus, &worktree, &[], "test");
    assert!(linked.inbox().is_empty());
    let known = bus.repo("declared");
    assert_eq!(
        (&known["capabilities"], &known["accept_requests_from"]),
        (&json!(["auth"]), &json!(["UILib"]))
    );
    assert_eq!(known["instances"][0]["client"], "veda-bus-mcp");
    assert_eq!(known["instances"][0]["path"], declared.display().to_string());
    assert_eq!(bus.repo("by-folder")["instances"].as_array().unwrap().len(), 2, "the worktree is one of it");
    let reserved = repository(&bus, "operator");
    let refused = bus.run_in(&reserved, &["mcp"]).exits(2);
    refused.complains("does not make a name for a repo").complains("veda-bus init --repo NAME");
}

#[test]
fn the_conversation_is_that_of_its_host() {
    let bus = Bus::start();
    let mut command = bus.command(super::super::machine::BINARY);
    command
        .arg("mcp")
        .current_dir(repository(&bus, "LensSDK"))
        .env("CLAUDE_CODE_SESSION_ID", "a-conversation");
    let process = Process::start(command);
    let instance = eventually("it is there", || {
        let state = bus.state();
        let repos = state["repos"].as_array().unwrap().clone();
        repos.into_iter().find(|repo| repo["repo"] == "LensSDK").map(|repo| repo["instances"][0].clone())
    });
    assert_eq!(instance["session"], "a-conversation");
    let host = bus.run(&["log", "--json"]).exits(0).json_lines();
    let registered = host.iter().find(|line| line["event"] == "registered").unwrap();
    assert_eq!(registered["host"]["pid"], std::process::id(), "what started the server is the agent's host");
    drop(process);
}

#[test]
fn it_starts_a_bus_where_none_answers() {
    let machine = Machine::new("");
    let _stopped = Background(&machine);
    // Two at the same moment, of which one wins.
    let (mut flagship, mut lens) = (Session::of(&machine, "Flagship"), Session::of(&machine, "LensSDK"));
    assert!(flagship.inbox().is_empty() && lens.inbox().is_empty());
    let swarm = flagship.tool("list_repositories", &json!({}));
    assert_eq!(swarm["repositories"][0]["repo"], "LensSDK", "{swarm}");
    drop((flagship, lens));
    machine.run(&["status"]).exits(0);
}

#[test]
fn it_starts_none_where_it_is_told_not_to_and_joins_the_one_that_comes() {
    let machines = [(Machine::new(""), vec!["--no-spawn"]), (Machine::new("autostart = false"), Vec::new())];
    for (machine, arguments) in machines {
        let folder = repository(&machine, "Flagship");
        let mut session = Session::start(&machine, &folder, &arguments, "test");
        let instructions = text(&session.introduction, "instructions").to_owned();
        assert!(instructions.contains("not known: no bus answers"), "{instructions}");
        let refusal = session.refusal("check_messages", &json!({}));
        assert!(refusal.starts_with("Refused (no_bus)") && refusal.contains("veda-bus serve"), "{refusal}");
        assert!(!machine.socket().exists());
        let bus = Bus::on(machine);
        eventually("it has joined", || {
            (session.call("check_messages", &json!({}))["isError"] == false).then_some(())
        });
        drop(bus);
    }
}

#[test]
fn it_speaks_both_lifecycles_and_ends_with_its_input() {
    let bus = Bus::start();
    let folder = repository(&bus, "Flagship");
    let mut session = Session::spoken_to(&bus, &folder, &[]);
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let discovered = session.ask("server/discover", &json!({ "_meta": meta }));
    let told = &discovered["result"];
    assert!(told["supportedVersions"].as_array().unwrap().contains(&json!("2026-07-28")), "{discovered}");
    assert!(text(told, "instructions").starts_with("You manage the Flagship codebase"), "{discovered}");
    let call = json!({ "name": "check_messages", "arguments": {}, "_meta": meta });
    let answer = session.ask("tools/call", &call);
    assert_eq!(answer["result"]["structuredContent"]["messages"], json!([]), "{answer}");
    session.process.close_stdin();
    assert!(session.process.wait().success(), "{}", session.process.stderr());
    for signal in ["INT", "TERM"] {
        let mut session = Session::start(&bus, &folder, &[], "test");
        session.process.signal(signal);
        assert!(session.process.wait().success(), "{signal}: {}", session.process.stderr());
    }
    eventually("nobody of it is connected", || (bus.repo("Flagship")["connected"] == false).then_some(()));
}

#[test]
fn a_request_is_acknowledged_once_and_only_where_that_is_wanted() {
    let bus = Bus::start();
    let silent = bus.repository("Silent", "auto_acknowledge = false");
    let mut flagship = bus.instance("Flagship");
    let mut lens = Session::of(&bus, "LensSDK");
    let mut silent = Session::start(&bus, &silent, &[], "test");
    assert!(lens.inbox().is_empty() && silent.inbox().is_empty());
    flagship.sends(&super::super::harness::query("to-silent", "Silent"));
    flagship.sends(&super::super::harness::query("q", "LensSDK"));
    let acknowledged = flagship.receive();
    assert_eq!(
        (&acknowledged["reply_to"], &acknowledged["payload"]),
        (&json!("q"), &json!({ "acknowledged": true }))
    );
    drop(lens);
    let mut again = Session::of(&bus, "LensSDK");
    assert_eq!(again.inbox()[0]["id"], "q");
    let sent = again.tool("reply_to_message", &json!({ "id": "q", "text": "A trait" }));
    assert_eq!(flagship.receive()["id"], sent["id"], "it was not acknowledged again");
}
