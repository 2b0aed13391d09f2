//! Limits, and the guard against talk that goes round in circles.

use serde_json::{Value, json};
use veda_bus_core::config::{Limits, Rules};
use veda_bus_core::event::{Continued, Event, Held, Recorded};
use veda_bus_core::hub::Policy;
use veda_bus_core::name::InstanceId;
use veda_bus_core::refusal::Code;
use veda_bus_core::state::record::Stage;
use veda_bus_core::wire::answer::Receipt;

use crate::bench::{Bench, answer, query, with};
use crate::dialogues::{self, Line};

const NONE: Limits = Limits {
    messages_per_minute: 0,
    thread_messages_per_minute: 0,
    thread_messages: 0,
    thread_depth: 0,
    loop_answers: 0,
};

fn limited(limits: Limits) -> Bench {
    Bench::with(Policy { rules: Rules { limits, ..Rules::default() }, ..Policy::default() })
}

#[test]
fn a_sender_is_told_when_it_may_go_on() {
    let mut bench = limited(Limits { messages_per_minute: 5, ..NONE });
    let asker = bench.sender("Flagship");
    bench.join("LensSDK");
    for index in 0..5 {
        bench.send(&asker, &query(&format!("q{index}"), "LensSDK")).unwrap();
    }
    let refusal = bench.send(&asker, &query("q5", "LensSDK")).unwrap_err();
    assert_eq!(refusal.code, Code::RateLimited);
    let wait = refusal.retry_after.unwrap();
    let hint = refusal.hint.unwrap();
    assert!(hint.contains(&format!("{wait} s")) && hint.contains("bus.limits.messages_per_minute"), "{hint}");
    // A resend is no new message, and others are not concerned.
    assert!(bench.send(&asker, &query("q4", "LensSDK")).unwrap().duplicate);
    let other = bench.sender("UILib");
    bench.send(&other, &query("other", "LensSDK")).unwrap();
    bench.pass(wait - 1);
    assert_eq!(bench.send(&asker, &query("q5", "LensSDK")).unwrap_err().retry_after, Some(1));
    bench.pass(1);
    bench.send(&asker, &query("q5", "LensSDK")).unwrap();
}

#[test]
fn a_runaway_sender_does_not_fill_the_journal() {
    let mut bench = limited(Limits { messages_per_minute: 1, ..NONE });
    let asker = bench.sender("Flagship");
    bench.join("LensSDK");
    bench.send(&asker, &query("q", "LensSDK")).unwrap();
    let refused = |bench: &Bench| bench.names().iter().filter(|&&name| name == "refused").count();
    for _ in 0..3 {
        for index in 0..100 {
            let refusal = bench.send(&asker, &query(&format!("x{index}"), "LensSDK")).unwrap_err();
            assert_eq!(refusal.code, Code::RateLimited);
        }
        bench.pass(10);
    }
    assert_eq!(refused(&bench), 3);
    // What is refused for another reason is taken down each time.
    bench.pass(120);
    for _ in 0..2 {
        bench.send(&asker, &query("n", "Nobody")).unwrap_err();
    }
    assert_eq!(refused(&bench), 5);
}

#[test]
fn the_operator_is_not_limited() {
    let limits = Limits { thread_messages: 2, thread_depth: 1, thread_messages_per_minute: 1, ..NONE };
    let mut bench = limited(Limits { messages_per_minute: 1, loop_answers: 2, ..limits });
    let operator = bench.sender("operator");
    bench.join("LensSDK");
    bench.send(&operator, &query("q0", "LensSDK")).unwrap();
    for index in 1..20 {
        let parent = format!("q{}", index - 1);
        bench.send(&operator, &answer(&format!("q{index}"), "LensSDK", &parent)).unwrap();
    }
}

#[test]
fn a_thread_has_a_rate_of_its_own() {
    let mut bench = limited(Limits { thread_messages_per_minute: 3, ..NONE });
    let (asker, lens) = (bench.join("Flagship"), bench.join("LensSDK"));
    bench.send(&asker, &query("q", "LensSDK")).unwrap();
    let mut refused = None;
    for index in 0..10 {
        let said = bench.send(&lens, &answer(&format!("a{index}"), "Flagship", "q"));
        refused = refused.or(said.err().map(|refusal| (index, refusal)));
    }
    let (index, refusal) = refused.unwrap();
    assert!((3..6).contains(&index), "{index}");
    assert_eq!(refusal.code, Code::RateLimited);
    assert!(refusal.hint.unwrap().contains("bus.limits.thread_messages_per_minute"));
    bench.send(&lens, &query("elsewhere", "Flagship")).unwrap();
    bench.pass(refusal.retry_after.unwrap());
    bench.send(&lens, &answer("b", "Flagship", "q")).unwrap();
}

#[test]
fn a_thread_ends_at_its_size_and_its_depth() {
    let mut bench = limited(Limits { thread_messages: 6, thread_depth: 4, ..NONE });
    let (asker, lens) = (bench.join("Flagship"), bench.join("LensSDK"));
    bench.send(&asker, &query("m0", "LensSDK")).unwrap();
    for index in 1..4 {
        bench.send(&lens, &answer(&format!("m{index}"), "Flagship", &format!("m{}", index - 1))).unwrap();
    }
    let deep = bench.send(&lens, &answer("m4", "Flagship", "m3")).unwrap_err();
    assert_eq!((deep.code, deep.at.as_deref(), deep.retry_after), (Code::ThreadFull, Some("reply_to"), None));
    let hint = deep.hint.unwrap();
    assert!(
        hint.contains("the limit is 4, bus.limits.thread_depth") && hint.contains("leave reply_to out"),
        "{hint}"
    );
    for id in ["w0", "w1"] {
        bench.send(&lens, &answer(id, "Flagship", "m0")).unwrap();
    }
    let long = bench.send(&lens, &answer("w2", "Flagship", "m0")).unwrap_err();
    assert_eq!(long.code, Code::ThreadFull);
    assert!(long.hint.unwrap().contains("bus.limits.thread_messages"));
    bench.send(&lens, &query("new", "Flagship")).unwrap();
}

/// A hub in which `A` has put something of the type `kind` to `B`, in the thread `kind`.
struct Talk {
    bench: Bench,
    people: [(&'static str, InstanceId); 3],
    said: usize,
}

impl Talk {
    fn new(limits: Limits) -> Self {
        let mut bench = limited(limits);
        let people = ["A", "B", "C"].map(|name| (name, bench.join(name)));
        for (kind, payload) in [
            ("Query", json!({ "question": "Why?" })),
            ("RequestChange", json!({ "summary": "Need getActiveSession() - returns current user session" })),
            (
                "Task",
                json!({ "task_type": "t", "description": "d", "subtasks": { "B": "Update 20 components" } }),
            ),
        ] {
            let opening = json!({ "id": kind, "to": { "repo": "B" }, "type": kind, "payload": payload });
            bench.send(&people[0].1, &opening).unwrap();
        }
        Self { bench, people, said: 0 }
    }

    /// `from` says something in a thread; to `A` or `B`, whichever it is not.
    fn say(&mut self, thread: &str, from: &str, payload: &Value) -> Receipt {
        self.said += 1;
        let to = if from == "A" { "B" } else { "A" };
        let kind = thread.split('-').next().unwrap();
        let message = json!({
            "id": format!("{thread}-{}", self.said), "to": { "repo": to }, "type": kind, "reply_to": thread, "payload": payload,
        });
        let sender = self.people.iter().find(|(name, _)| *name == from).unwrap().1.clone();
        self.bench.pass(1);
        self.bench.send(&sender, &message).unwrap()
    }

    /// Plays a dialogue; gives how many messages had been said when the first was held.
    fn play(&mut self, lines: &[Line]) -> Option<(usize, Receipt)> {
        let thread = thread_for(lines);
        lines.iter().enumerate().find_map(|(index, (from, payload))| {
            let receipt = self.say(thread, from, payload);
            receipt.held.is_some().then_some((index + 1, receipt))
        })
    }
}

fn thread_for(lines: &[Line]) -> &'static str {
    let has = |field: &str| lines.iter().any(|(_, payload)| payload.get(field).is_some());
    match () {
        () if has("decision") => "RequestChange",
        () if has("status") => "Task",
        () => "Query",
    }
}

#[test]
fn talk_that_goes_round_in_circles_is_held() {
    let limits = Limits::default();
    for (name, lines, more) in dialogues::endless() {
        let held = Talk::new(limits).play(&lines);
        let (said, receipt) = held.unwrap_or_else(|| panic!("{name} is never held"));
        let least = limits.loop_answers;
        assert!((least..=least + more).contains(&said), "{name} is held after {said}");
        let Some(Held::Thread { reason }) = receipt.held else { panic!("{:?}", receipt.held) };
        assert!(reason.contains("16 short answers to and fro between"), "{reason}");
        assert_eq!(receipt.recipients[0].status, Stage::Held);
    }
}

#[test]
fn talk_that_serves_something_is_not() {
    for (name, lines) in dialogues::honest() {
        let held = Talk::new(Limits::default()).play(&lines).map(|(said, _)| said);
        assert_eq!(held, None, "{name} is held");
    }
}

#[test]
fn a_held_thread_is_held_for_everyone_but_the_operator_until_it_may_go_on() {
    let mut talk = Talk::new(Limits { loop_answers: 4, ..NONE });
    let thanks = json!({ "comment": "Thanks!" });
    let mut last = None;
    // The first answer belongs to a thread that is too short to be looked at.
    for turn in 0..5 {
        assert_eq!(last, None, "not before the fifth");
        let receipt = talk.say("Query", ["B", "A"][turn % 2], &thanks);
        last = receipt.held.map(|_| receipt.seq);
    }
    // The thread is held first, and the receipt names the event that accepted the message.
    let names = talk.bench.names();
    let halted = names.iter().position(|&name| name == "halted").unwrap();
    assert_eq!(names[halted + 1], "accepted");
    assert_eq!(talk.bench.events[halted + 1].seq, last.unwrap());
    // So is what comes after, whatever it is and whoever says it; elsewhere, and for the operator, all is as ever.
    let long = json!({ "answer": "Something entirely different, which is about connection pools." });
    assert!(talk.say("Query", "C", &long).held.is_some());
    assert!(talk.say("RequestChange", "B", &thanks).held.is_none());
    let operator = talk.bench.sender("operator");
    let word = talk.bench.send(&operator, &answer("o", "A", "Query")).unwrap();
    assert_eq!((word.held, word.recipients[0].status), (None, Stage::Routed));
    // A receipt says so again.
    let held = talk.say("Query", "A", &thanks);
    let again = talk.bench.events.iter().find_map(|recorded| match &recorded.event {
        Event::Accepted(accepted) if accepted.message.id == held.id => {
            Some(accepted.message.json().to_owned())
        }
        _ => None,
    });
    let sender = talk.people[0].1.clone();
    let again = talk.bench.send(&sender, &serde_json::from_str(&again.unwrap()).unwrap()).unwrap();
    assert_eq!(again, Receipt { duplicate: true, ..held });
    // When the thread may go on, the count begins anew.
    let seq = talk.bench.hub.state().last().next();
    let event = Event::Continued(Continued { thread: "Query".parse().unwrap() });
    talk.bench.hub.recover(&Recorded { seq, at: talk.bench.now, event });
    let held = [0, 1, 2, 3].map(|turn| talk.say("Query", ["B", "A"][turn % 2], &thanks).held.is_some());
    assert_eq!(held, [false, false, false, true]);
}

#[test]
fn what_breaks_a_run() {
    let thanks = json!({ "comment": "Thanks!" });
    let breaks: [(&str, &str, Value); 5] = [
        ("Query", "B", json!({ "question": "And what of the other thing?" })),
        ("Query", "B", json!({ "comment": "x".repeat(281) })),
        ("Query", "B", json!({ "comment": "Wait: the staging certificate expires tomorrow." })),
        ("Task", "B", json!({ "status": "done" })),
        ("Task", "B", json!({ "status": "failed" })),
    ];
    for (thread, from, payload) in breaks {
        let mut talk = Talk::new(Limits { loop_answers: 5, ..NONE });
        let mut say = |from, payload: &Value| talk.say(thread, from, payload).held.is_some();
        for from in ["C", "B", "A"] {
            assert!(!say(from, &thanks));
        }
        assert!(!say(from, &payload));
        assert!(!["B", "A", "B"].into_iter().any(|from| say(from, &thanks)), "{payload} from {from}");
    }
}

#[test]
fn two_words_in_a_turn_are_a_turn() {
    let thanks = json!({ "comment": "Thanks!" });
    let mut talk = Talk::new(Limits { loop_answers: 5, ..NONE });
    let turns = ["C", "B", "A", "A", "B", "B", "A", "A", "B", "B", "A"];
    let held = turns.iter().position(|from| talk.say("Query", from, &thanks).held.is_some());
    assert!(held.is_some_and(|place| place > 5), "{held:?}");
}

/// Two pairs that thank each other in one thread, a message of each in turn.
#[test]
fn pairs_are_told_apart() {
    let mut talk = Talk::new(Limits { loop_answers: 6, ..NONE });
    let mut number = 0;
    let mut send = |from: usize, to: &str| {
        number += 1;
        let message =
            with(answer(&format!("x{number}"), to, "Query"), "payload", json!({ "comment": "Thanks!" }));
        let sender = talk.people[from].1.clone();
        talk.bench.send(&sender, &message).unwrap().held.is_some()
    };
    let rounds = [(1, "A"), (2, "A"), (0, "B"), (0, "C")];
    let held = rounds.iter().cycle().take(20).position(|&(from, to)| send(from, to));
    assert!((11..15).contains(&held.unwrap()), "{held:?}");
}
