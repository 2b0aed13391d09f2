//! Agents agree and the operator has the last word: whole stories by processes that only use the command line.

use serde_json::{Value, json};

use super::harness::{Bus, Process, message, text, with};

/// Runs a command that must succeed, and gives what it prints as JSON.
#[track_caller]
fn told(bus: &Bus, arguments: &[&str]) -> Value {
    bus.run(&[arguments, &["--json"]].concat()).exits(0).json()
}

/// The id of the message that a command sends.
#[track_caller]
fn sent(bus: &Bus, arguments: &[&str]) -> String {
    text(&told(bus, arguments), "id").to_owned()
}

#[track_caller]
fn replies(bus: &Bus, from: &str, id: &str, more: &[&str]) -> String {
    sent(bus, &[&["reply", id, "--from", from], more].concat())
}

#[track_caller]
fn votes(bus: &Bus, from: &str, id: &str, more: &[&str]) -> String {
    sent(bus, &[&["vote", id], more, &["--from", from]].concat())
}

/// The next message that a process of `join` prints, which must be this one.
#[track_caller]
fn gets(agent: &mut Process, id: &str) -> Value {
    let message = agent.json();
    assert_eq!(message["id"], id, "{message}");
    message
}

/// Who owes whom an answer, as `veda-bus obligations` tells it: `LensSDK owes Flagship (accepted)`.
fn owed(bus: &Bus) -> Vec<String> {
    let listed = bus.run(&["obligations", "--json"]).exits(0).json_lines();
    let told = listed.iter().map(|one| {
        let word = if one["waiting"] == true { "waits" } else { one["word"].as_str().unwrap_or("-") };
        format!("{} owes {} ({word})", text(one, "by"), text(one, "to"))
    });
    told.collect()
}

/// Three repos that have joined, and what the first of them has proposed to all of them.
struct Table {
    bus: Bus,
    agents: [Process; 3],
    /// The message with the proposal.
    proposal: String,
}

const REPOS: [&str; 3] = ["Flagship", "LensSDK", "UILib"];

impl Table {
    fn of(configuration: &str, consensus: bool) -> Self {
        let bus = Bus::with(configuration);
        let agents = REPOS.map(|repo| bus.join(repo, &[]));
        let mut table = Self { bus, agents, proposal: String::new() };
        let propose = ["send", "negotiate", "--from", "Flagship", "--to", "*", "--affected-repos"];
        let what =
            ["Flagship,LensSDK,UILib", "--proposal", "Move auth to auth-core", "--benefit", "One copy"];
        let how: &[&str] = if consensus { &["--requires-consensus"] } else { &[] };
        table.proposal = sent(&table.bus, &[&propose[..], &what[..], how].concat());
        for place in [1, 2] {
            let proposal = table.proposal.clone();
            gets(&mut table.agents[place], &proposal);
        }
        table
    }

    /// The repo at `place` votes on the first wording.
    fn vote(&self, place: usize, word: &str) -> String {
        votes(&self.bus, REPOS[place], &self.proposal, &[word])
    }

    /// The negotiation as the command line tells it.
    fn negotiation(&self) -> Value {
        told(&self.bus, &["negotiations"])
    }

    /// Everyone gets a message that tells how it ended, and who says so; what else these say.
    #[track_caller]
    fn all_are_told(&mut self, outcome: &str, by: &str) -> [Value; 3] {
        self.agents.each_mut().map(|agent| {
            // Votes come before it.
            let mut message: Value = serde_json::from_str(&agent.line_with("\"outcome\"")).unwrap();
            assert_eq!(
                (&message["payload"]["outcome"], &message["from"]["repo"]),
                (&json!(outcome), &json!(by))
            );
            message["payload"].take()
        })
    }

    /// The events of its thread that are about the vote, in order, each as its name and what is decisive in it.
    fn story(&self) -> Vec<String> {
        let log = self.bus.run(&["log", "--thread", &self.proposal, "--json"]).exits(0).json_lines();
        log.iter().filter_map(chapter).collect()
    }
}

fn chapter(event: &Value) -> Option<String> {
    let of = |member: &str| event[member].as_str().unwrap_or("?").to_owned();
    Some(match event["event"].as_str()? {
        "proposed" => format!("proposed by {}", of("by")),
        "voted" => format!("{} votes {} in {}", of("repo"), of("vote"), event["round"]),
        "round" => format!("round {} by {}", event["round"], of("by")),
        "tallied" => format!("tallied {} in {}", of("standing"), event["round"]),
        "resolved" => format!("resolved {} by {}", of("outcome"), of("by")),
        _ => return None,
    })
}

#[test]
fn a_change_is_requested_bargained_over_and_done() {
    let bus = Bus::start();
    let mut app = bus.join("Flagship", &[]);
    let mut lens = bus.join("LensSDK", &[]);
    let summary = ["--summary", "Expose getActiveSession()", "--urgency", "blocking_development"];
    let to = ["send", "request-change", "--from", "Flagship", "--to", "LensSDK"];
    let request = sent(&bus, &[&to[..], &summary].concat());
    assert_eq!(gets(&mut lens, &request)["payload"]["urgency"], "blocking_development");
    assert_eq!(owed(&bus), ["LensSDK owes Flagship (-)"]);

    let instead = ["--decision", "countered", "--counter-proposal", "A getter on SessionManager"];
    let counter = replies(&bus, "LensSDK", &request, &instead);
    let got = gets(&mut app, &counter);
    assert_eq!(got["payload"]["counter_proposal"], "A getter on SessionManager", "{got}");
    assert_eq!(owed(&bus), ["LensSDK owes Flagship (waits)", "Flagship owes LensSDK (-)"]);

    let agreed = replies(&bus, "Flagship", &counter, &["--decision", "accepted"]);
    assert_eq!(gets(&mut lens, &agreed)["reply_to"], json!(counter));
    assert_eq!(owed(&bus), ["LensSDK owes Flagship (-)"]);

    let promise = ["--decision", "accepted", "--eta-seconds", "90000"];
    let promised = replies(&bus, "LensSDK", &agreed, &promise);
    assert_eq!(gets(&mut app, &promised)["payload"]["eta_seconds"], 90_000);
    assert_eq!(owed(&bus), ["LensSDK owes Flagship (accepted)"]);
    assert!(bus.run(&["obligations"]).exits(0).stdout.contains("in 1d"), "what was promised is what is due");

    let done = replies(&bus, "LensSDK", &request, &["--decision", "done", "--comment", "In 2.1"]);
    assert_eq!(gets(&mut app, &done)["payload"], json!({ "decision": "done", "comment": "In 2.1" }));
    assert_eq!(owed(&bus), [""; 0]);
    let said = bus.run(&["log", "--thread", &request, "--json"]).exits(0).json_lines();
    let said = said.iter().filter(|event| event["event"] == "accepted");
    let ids: Vec<_> = said.map(|event| text(&event["message"], "id").to_owned()).collect();
    assert_eq!(ids, [request, counter, agreed, promised, done]);
}

#[test]
fn three_agree_in_the_second_round_and_the_operator_approves() {
    let mut table = Table::of("", true);
    assert_eq!(table.negotiation()["proposal"], "Move auth to auth-core");
    assert_eq!(owed(&table.bus), ["LensSDK owes Flagship (-)", "UILib owes Flagship (-)"]);
    votes(&table.bus, "LensSDK", &table.proposal, &["accept", "--comment", "Gladly"]);
    let shown = table.bus.run(&["negotiations", "--open"]).exits(0).stdout;
    let head = format!("{} Move auth to auth-core by Flagship", &table.proposal[..8]);
    assert!(shown.starts_with(&head), "{shown}");
    assert!(shown.contains("2 of 3 accept, waiting for UILib, "), "{shown}");

    let counter = ["counter", "--counter-proposal", "Move only the types to auth-core"];
    let second = votes(&table.bus, "UILib", &table.proposal, &counter);
    assert_eq!(gets(&mut table.agents[1], &second)["payload"]["vote"], "counter");
    // Whoever has not read the new words votes on nothing.
    let early = table.bus.run(&["vote", &table.proposal, "accept", "--from", "LensSDK"]).exits(4);
    early.complains("refused (earlier_round)").complains(&format!("read message {second}"));
    let waiting = table.bus.run(&["approve", &table.proposal]).exits(4);
    waiting.complains("no_consensus").complains("1 accept").complains("2 not yet");
    votes(&table.bus, "LensSDK", &second, &["accept"]);
    votes(&table.bus, "Flagship", &second[..8], &["accept", "--comment", "Types it is"]);
    let negotiation = table.negotiation();
    assert_eq!((&negotiation["standing"], &negotiation["resolution"]), (&json!("consensus"), &Value::Null));
    assert_eq!(negotiation["proposal"], "Move only the types to auth-core");
    assert_eq!(owed(&table.bus), [""; 0], "the voters have done their part");
    let shown = table.bus.run(&["negotiations"]).exits(0).stdout;
    assert!(
        shown.contains(
            "types to auth-core by UILib\n  round 2 of what Flagship proposed: 3 of 3 accept: consensus"
        ),
        "{shown}"
    );

    let approved = told(&table.bus, &["approve", &second[..8], "--comment", "Go ahead"]);
    assert_eq!((&approved["verdict"], &approved["id"]), (&json!("approve"), &json!(second)));
    for payload in table.all_are_told("approved", "operator") {
        assert_eq!(payload["comment"], "Go ahead");
    }
    assert_eq!(
        table.story(),
        [
            "proposed by Flagship",
            "LensSDK votes accept in 1",
            "round 2 by UILib",
            "LensSDK votes accept in 2",
            "Flagship votes accept in 2",
            "tallied consensus in 2",
            "resolved approved by operator",
        ]
    );
    let log = table.bus.run(&["log", "--thread", &second[..8]]).exits(0).stdout;
    let chapters = [
        "by Flagship, needs all of",
        "2 worded by UILib: ",
        "consensus in round 2, 3 accept: ",
        "approved by operator: ",
    ];
    let places = chapters.map(|words| log.find(words).unwrap_or_else(|| panic!("{words:?} is not in {log}")));
    assert!(places.is_sorted(), "{log}");
    assert_eq!(table.bus.run(&["negotiations", "--open"]).exits(0).stdout, "nothing is put to the vote\n");
    let told = table.negotiation();
    assert_eq!(told["resolution"]["message"], approved["message"]);
}

#[test]
fn a_negotiation_is_shown_whole() {
    let table = Table::of("", true);
    table.vote(1, "reject");
    votes(&table.bus, "UILib", &table.proposal, &["abstain", "--comment", "No\u{1b}[2J opinion"]);
    let shown = table.bus.run(&["show", &table.proposal[..8]]).exits(0).stdout;
    for part in [
        "needs everyone's consent",
        "Flagship  accept ",
        "LensSDK   reject ",
        "UILib     abstain ",
        " ago: No\\x1b[2J opinion",
    ] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
    let told = told(&table.bus, &["show", &table.proposal]);
    assert_eq!(told["message"]["payload"]["benefits"], json!(["One copy"]));
    assert_eq!(told["negotiation"], without(table.negotiation(), "proposal"));
    let ladder = told["record"]["ladder"].as_array().unwrap();
    let stages: Vec<_> = ladder.iter().map(|step| (text(step, "repo"), text(step, "stage"))).collect();
    assert_eq!(stages, [("LensSDK", "answered"), ("UILib", "answered")]);
}

fn without(mut object: Value, member: &str) -> Value {
    object.as_object_mut().unwrap().remove(member);
    object
}

#[test]
fn what_comes_after_the_end_is_explained() {
    let mut table = Table::of("", true);
    for place in [1, 2] {
        table.vote(place, "accept");
    }
    table.bus.run(&["approve", &table.proposal, "--comment", "Go ahead"]).exits(0);
    table.all_are_told("approved", "operator");
    let over = |arguments: &[&str]| {
        let refused = table.bus.run(arguments).exits(4).complains("refused (already_resolved)");
        refused.complains("is over: approved by operator, told in message");
    };
    over(&["vote", &table.proposal, "reject", "--from", "LensSDK"]);
    for decision in [&["approve"][..], &["reject"], &["override"], &["amend", "--proposal", "Other words"]] {
        over(&[decision, &[&table.proposal]].concat());
    }
    let shown = table.bus.run(&["show", &table.proposal]).exits(0).stdout;
    assert!(shown.contains("approved by operator ") && shown.contains(": Go ahead\n"), "{shown}");
    // A comment is still passed on.
    replies(&table.bus, "LensSDK", &table.proposal, &["--comment", "Thanks"]);
    assert_eq!(table.story().last().unwrap(), "resolved approved by operator");
}

#[test]
fn only_who_proposed_it_takes_it_back() {
    let mut table = Table::of("", true);
    table.vote(1, "accept");
    let withdraws = |from: &str| {
        let answer = message("w", "LensSDK", "Negotiate", json!({ "outcome": "withdrawn" }));
        let answer = with(answer, "reply_to", json!(table.proposal));
        let line = with(answer, "from", json!({ "repo": from })).to_string();
        table.bus.run_with(&["send", "--message", "-", "--json"], line.as_bytes())
    };
    let refused = withdraws("UILib").exits(4).json();
    assert_eq!(refused["error"]["code"], "operator_only", "{refused}");
    withdraws("Flagship").exits(0);
    for place in [1, 2] {
        assert_eq!(gets(&mut table.agents[place], "w")["payload"]["outcome"], "withdrawn");
    }
    assert_eq!(table.story().last().unwrap(), "resolved withdrawn by Flagship");
    let late = table.bus.run(&["vote", &table.proposal, "accept", "--from", "UILib"]).exits(4);
    late.complains("is over: withdrawn by Flagship");
    assert_eq!(owed(&table.bus), [""; 0]);
}

#[test]
fn the_operator_puts_it_in_other_words_and_rejects_it_in_the_end() {
    let mut table = Table::of("", true);
    table.vote(1, "accept");
    let words = ["amend", &table.proposal, "--proposal", "Move auth in 3.0", "--comment", "Not now"];
    let amended = told(&table.bus, &words);
    let wording = text(&amended, "message").to_owned();
    for place in [1, 2] {
        let got = gets(&mut table.agents[place], &wording);
        assert_eq!(got["payload"], json!({ "counter_proposal": "Move auth in 3.0", "comment": "Not now" }));
    }
    for repo in REPOS {
        votes(&table.bus, repo, &wording, &["accept"]);
    }
    assert_eq!(table.negotiation()["standing"], "consensus");
    // The last word is the operator's, also against all others.
    let rejected = table.bus.run(&["reject", &wording, "--comment", "Later"]).exits(0).stdout;
    assert!(rejected.starts_with(&format!("rejected: {wording}; told in message ")), "{rejected}");
    table.all_are_told("rejected", "operator");
    let story = table.story();
    assert_eq!(story[2], "round 2 by operator");
    assert_eq!(story.last().unwrap(), "resolved rejected by operator");
}

#[test]
fn the_operator_overrides_what_the_votes_come_to() {
    let mut table = Table::of("", true);
    table.vote(1, "reject");
    table.vote(2, "accept");
    let refused = table.bus.run(&["approve", &table.proposal]).exits(4);
    refused.complains("no_consensus").complains("2 accept, 1 reject").complains("override");
    table.bus.run(&["override", &table.proposal, "--comment", "We need it"]).exits(0);
    for payload in table.all_are_told("approved", "operator") {
        assert_eq!(payload["comment"], "We need it");
    }
    assert_eq!(table.negotiation()["resolution"]["overridden"], true);
    let shown = table.bus.run(&["negotiations"]).exits(0).stdout;
    assert!(shown.contains("approved by operator ") && shown.contains(", whatever the votes"), "{shown}");
}

#[test]
fn where_the_voters_agree_the_operator_need_not_be_asked() {
    let policy = |word: &str| format!("[bus.approval]\nnegotiations = \"{word}\"");
    let mut table = Table::of(&policy("on_conflict"), false);
    // Two of three are a majority, but it is counted when all have voted.
    table.vote(1, "accept");
    assert_eq!(table.negotiation()["resolution"], Value::Null);
    table.vote(2, "reject");
    table.all_are_told("approved", "bus");
    assert_eq!(table.negotiation()["resolution"]["by"], "bus");
    let rules = |table: &Table| table.bus.run(&["rules"]).exits(0).stdout;
    assert_eq!(rules(&table), "negotiations on_conflict: those whose voters do not agree wait for you\n");

    let mut table = Table::of(&policy("on_conflict"), true);
    table.vote(1, "accept");
    table.vote(2, "reject");
    let waiting = table.negotiation();
    assert_eq!((&waiting["standing"], &waiting["resolution"]), (&json!("split"), &Value::Null));
    table.bus.run(&["reject", &table.proposal]).exits(0);
    table.all_are_told("rejected", "operator");

    let mut table = Table::of(&policy("never"), true);
    assert_eq!(rules(&table), "negotiations never: the votes decide\n");
    table.vote(1, "accept");
    table.vote(2, "reject");
    table.all_are_told("rejected", "bus");
    assert_eq!(table.story().last().unwrap(), "resolved rejected by bus");
}
