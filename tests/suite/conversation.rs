//! Two shells talk: the first thing that the bus is for.

use serde_json::{Value, json};

use super::harness::{Bus, Machine, Process, eventually, text};

/// The first line of `watch` about message `id` whose event has this name.
fn step(watch: &mut Process, id: &str, name: &str) -> String {
    loop {
        let line = watch.line();
        // Time, number, name, and what it is about.
        if line.split_whitespace().nth(2) == Some(name) && line.contains(&id[..8]) {
            return line;
        }
    }
}

#[test]
fn a_question_is_answered_and_watch_shows_the_whole_ladder() {
    let bus = Bus::start();
    let mut watch = bus.spawn(&["watch", "--from", "1"]);
    let mut lens = bus.join("LensSDK", &[]);
    let mut asker = bus.spawn(&[
        "send",
        "query",
        "--from",
        "Flagship",
        "--to",
        "LensSDK",
        "--question",
        "What is the interface?",
        "--wait",
        "60",
    ]);
    let question = lens.json();
    assert_eq!(question["payload"], json!({ "question": "What is the interface?" }));
    assert_eq!(question["from"]["repo"], "Flagship");
    let id = text(&question, "id").to_owned();

    bus.run(&["reply", &id[..6], "--from", "LensSDK", "--text", "A trait with two methods"]).exits(0);
    assert_eq!(asker.wait().code(), Some(0), "{}", asker.stderr());
    assert!(asker.stdout().contains("A trait with two methods"), "{}", asker.stdout());
    assert!(asker.stderr().contains(&id), "the receipt: {}", asker.stderr());

    let accepted = step(&mut watch, &id, "accepted");
    for part in ["Query", "Flagship", "LensSDK", "What is the interface?"] {
        assert!(accepted.contains(part), "{accepted}");
    }
    for name in ["delivered", "read", "answered"] {
        assert!(step(&mut watch, &id, name).contains("LensSDK"));
    }
    bus.reaches(&id, "LensSDK", "answered");
    // The answer was read by being printed.
    let answer = bus.wire().ask(json!({ "op": "history", "thread": id }))["messages"][1]["record"].take();
    assert_eq!(answer["ladder"][0]["stage"], "read", "{answer}");
}

#[test]
fn the_answer_comes_as_json_where_that_is_asked_for() {
    let bus = Bus::start();
    let mut lens = bus.join("LensSDK", &[]);
    let question = ["send", "query", "--to", "LensSDK", "--question", "?", "--wait", "60", "--json"];
    let mut asker = bus.spawn(&question);
    let id = text(&lens.json(), "id").to_owned();
    // An acknowledgement is not what is waited for.
    bus.run(&["reply", &id, "--from", "LensSDK", "--acknowledged"]).exits(0);
    bus.run(&["reply", &id, "--from", "LensSDK", "--answer", "forty-two", "--comment", "I think"]).exits(0);
    let answer = asker.json();
    assert_eq!(answer["payload"], json!({ "answer": "forty-two", "comment": "I think" }));
    assert_eq!((&answer["reply_to"], &answer["to"]["repo"]), (&json!(id), &json!("operator")));
    assert_eq!(asker.wait().code(), Some(0));
}

#[test]
fn every_failure_has_its_exit_code() {
    let machine = Machine::new("");
    let question = ["send", "query", "--to", "LensSDK", "--question", "?"];
    machine.run(&["schema"]).exits(0);
    machine.run(&["log"]).exits(1).complains("no journal");
    machine.run(&["log", "verify"]).exits(1).complains("no journal");
    machine.run(&["send", "query", "--qestion", "?"]).exits(2).complains("--question");
    machine.run(&["send"]).exits(2).complains("say what to send");
    machine.run(&["join"]).exits(2).complains("--repo");
    machine.run(&["no-such-command"]).exits(2);
    machine.run(&["status", "--config", "missing.toml"]).exits(2).complains("missing.toml");
    for command in
        [&question[..], &["join", "--repo", "A"], &["status"], &["instances"], &["watch"], &["reply", "x"]]
    {
        machine.run(command).exits(3).complains("start one with: veda-bus serve");
    }
    let bus = Bus::on(machine);
    let refused = bus.run(&question).exits(4).complains("refused (unknown_repo)");
    assert_eq!(refused.stdout, "");
    let mut lens = bus.join("LensSDK", &[]);
    let waiting = bus.run(&[&question[..], &["--wait", "0.05"]].concat());
    waiting.exits(5).complains("veda-bus log --thread");
    assert_eq!(lens.json()["payload"]["question"], "?");
    bus.run(&["watch", "--filter", "priority >"]).exits(2).complains("--filter");
    bus.configure("socket_pth = \"/x\"");
    bus.run(&["status"]).exits(2).complains("did you mean \"socket_path\"?").complains("bus.toml:3");
}

#[test]
fn a_question_that_expires_unread_ends_the_wait() {
    let bus = Bus::start();
    bus.instance("LensSDK");
    let arguments = ["send", "query", "--to", "LensSDK", "--question", "?", "--ttl", "1", "--wait", "60"];
    bus.run(&arguments).exits(5).complains("never read by LensSDK");
}

#[test]
fn whoever_speaks_is_the_repo_of_the_folder() {
    let bus = Bus::start();
    let mut lens = bus.join("LensSDK", &[]);
    let flagship =
        bus.repository("Flagship", "capabilities = [\"ui\"]\naccept_requests_from = [\"LensSDK\"]");
    let inner = flagship.join("src");
    std::fs::create_dir(&inner).unwrap();
    let arguments = ["send", "query", "--to", "LensSDK", "--question", "?"];
    bus.run_in(&inner, &arguments).exits(0);
    let from = lens.json()["from"].take();
    assert_eq!(from["repo"], "Flagship");
    assert_eq!(from["path"], flagship.to_str().unwrap());
    bus.run_in(&inner, &[&arguments[..], &["--from", "UILib"]].concat()).exits(0);
    assert_eq!(lens.json()["from"]["repo"], "UILib");
    bus.run(&arguments).exits(0);
    assert_eq!(lens.json()["from"]["repo"], "operator");
}

#[test]
fn join_declares_what_the_file_of_its_repository_says() {
    let bus = Bus::start();
    let folder =
        bus.repository("Flagship", "capabilities = [\"ui\", \"auth\"]\naccept_requests_from = [\"LensSDK\"]");
    let mut command = bus.command(env!("CARGO_BIN_EXE_veda-bus"));
    command.arg("join").current_dir(&folder);
    let mut flagship = Process::start(command);
    flagship.says("joined as Flagship");
    let instances = bus.run(&["instances", "--json"]).exits(0).json_lines();
    let one = instances.iter().find(|one| one["repo"] == "Flagship").unwrap();
    assert_eq!((&one["state"], &one["capabilities"]), (&json!("connected"), &json!(["auth", "ui"])));
    assert_eq!(one["path"], folder.to_str().unwrap());

    let query = |from| ["send", "query", "--from", from, "--to", "Flagship", "--question", "?"];
    bus.run(&query("UILib")).exits(4).complains("access_denied").complains("LensSDK");
    bus.run(&query("LensSDK")).exits(0);
    let asked = flagship.json();
    // The file does not say otherwise, so it acknowledges at once; that is no answer yet.
    let id = text(&asked, "id");
    let thread = eventually("the acknowledgement", || {
        let mut thread = bus.wire().ask(json!({ "op": "history", "thread": id }))["messages"].take();
        (thread.as_array().unwrap().len() == 2).then(|| thread[1]["message"].take())
    });
    assert_eq!(thread["payload"], json!({ "acknowledged": true }));
    bus.reaches(id, "Flagship", "read");
}

#[test]
fn status_and_instances_show_who_is_there_and_what_waits() {
    let bus = Bus::start();
    let _lens = bus.join("LensSDK", &["--capability", "auth", "--session", "s1"]);
    bus.instance("UILib");
    let notify = ["send", "notify", "--to", "UILib", "--change-type", "x", "--summary", "y"];
    bus.run(&notify).exits(0);
    let status = bus.run(&["status", "--json"]).exits(0).json();
    assert_eq!(status["unread"], 1, "{status}");
    assert!(status.to_string().contains(&bus.pid().to_string()), "{status}");
    let shown = bus.run(&["status"]).exits(0).stdout;
    assert!(shown.contains(&bus.pid().to_string()), "{shown}");
    let shown = bus.run(&["instances"]).exits(0).stdout;
    assert!(shown.contains("LensSDK") && shown.contains("auth") && !shown.contains("UILib"), "{shown}");
    let all = bus.run(&["instances", "--all", "--json"]).exits(0).json_lines();
    let ui = all.iter().find(|one| one["repo"] == "UILib").unwrap();
    assert_eq!((&ui["waiting"], &ui["unread"], &ui["state"]), (&json!(1), &json!(1), &json!("left")), "{ui}");
}

#[test]
fn watch_can_be_filtered_and_counted() {
    let bus = Bus::start();
    bus.instance("LensSDK");
    let filter = "type == \"Query\" && priority == high";
    let mut watch = bus.spawn(&["watch", "--from", "1", "--json", "--count", "1", "--filter", filter]);
    let query = ["send", "query", "--to", "LensSDK", "--question"];
    bus.run(&[&query[..], &["not this"]].concat()).exits(0);
    bus.run(&[&query[..], &["this", "--priority", "high"]].concat()).exits(0);
    let event = watch.json();
    assert_eq!(event["event"], "accepted");
    assert_eq!(event["message"]["payload"]["question"], "this");
    assert_eq!(watch.wait().code(), Some(0));
    assert_eq!(watch.line_now(), None);
}

#[test]
fn log_finds_what_it_is_asked_for_and_follows() {
    let bus = Bus::start();
    bus.instance("LensSDK");
    bus.instance("UILib");
    let query = |to, question| ["send", "query", "--to", to, "--question", question, "--json"];
    let first = bus.run(&query("LensSDK", "alpha")).exits(0).json();
    bus.run(&query("UILib", "beta")).exits(0);
    let id = text(&first, "id");
    bus.run(&["reply", id, "--from", "LensSDK", "--text", "gamma"]).exits(0);
    let accepted = |arguments: &[&str]| -> Vec<Value> {
        let lines = bus.run(&[&["log", "--json"], arguments].concat()).exits(0).json_lines();
        lines
            .into_iter()
            .filter(|line| line["event"] == "accepted")
            .map(|mut line| line["message"].take())
            .collect()
    };
    let questions =
        |found: Vec<Value>| found.iter().map(|one| one["payload"].to_string()).collect::<Vec<_>>();
    let (alpha, beta, gamma) = (r#"{"question":"alpha"}"#, r#"{"question":"beta"}"#, r#"{"answer":"gamma"}"#);
    for (arguments, expected) in [
        (&[][..], vec![alpha, beta, gamma]),
        (&["--thread", &id[..8]], vec![alpha, gamma]),
        (&["--repo", "UILib"], vec![beta]),
        (&["--repo", "LensSDK"], vec![alpha, gamma]),
        (&["--grep", "beta"], vec![beta]),
        (&["--type", "Notify"], vec![]),
        (&["--type", "query", "--grep", "gamma"], vec![gamma]),
        (&["--since", "1h"], vec![alpha, beta, gamma]),
        (&["--until", "2020-01-01"], vec![]),
    ] {
        assert_eq!(questions(accepted(arguments)), expected, "{arguments:?}");
    }
    let mut follow = bus.spawn(&["log", "--follow", "--json", "--grep", "delta"]);
    bus.run(&query("LensSDK", "delta")).exits(0);
    assert_eq!(follow.json()["message"]["payload"]["question"], "delta");
    let verified = bus.run(&["log", "verify", "--json"]).exits(0).json();
    assert_eq!((&verified["whole"], &verified["first"]), (&json!(true), &json!(1)), "{verified}");
}

#[test]
fn two_instances_with_capabilities() {
    let bus = Bus::start();
    let mut plain = bus.join("LensSDK", &[]);
    let mut able = bus.join("LensSDK", &["--capability", "auth", "--capability", "session"]);
    let query =
        |question| ["send", "query", "--to", "LensSDK", "--capability", "auth", "--question", question];
    for question in ["one", "two", "three"] {
        bus.run(&query(question)).exits(0);
        assert_eq!(able.json()["payload"]["question"], question);
    }
    let nobody = ["send", "query", "--to", "LensSDK", "--capability", "fly", "--question", "?"];
    bus.run(&nobody).exits(4).complains("no_capable_instance");
    // Able to do one of two things is not enough.
    let both = [&query("both")[..], &["--capability", "fly"]].concat();
    bus.run(&both).exits(4).complains("no_capable_instance");
    able.kill();
    eventually("only one is left", || {
        let instances = bus.run(&["instances", "--json"]).json_lines();
        (instances.iter().filter(|one| one["repo"] == "LensSDK").count() == 1).then_some(())
    });
    // The one that could is away: it waits for one that can.
    bus.run(&query("later")).exits(0);
    assert_eq!(bus.repo("LensSDK")["waiting"], 1);
    assert_eq!(plain.line_now(), None);
    let mut able = bus.join("LensSDK", &["--capability", "auth"]);
    assert_eq!(able.json()["payload"]["question"], "later");
}
