//! Who owes whom an answer, and how far tasks are.

use std::time::Duration;

use serde_json::{Value, json};
use veda_bus_core::event::{
    Accepted, Amended, Denied, Event, Held, Proposed, Recorded, Released, Resolved, RoundBegun, Routing,
    Voted,
};
use veda_bus_core::hub::Policy;
use veda_bus_core::message::Message;
use veda_bus_core::name::{InstanceId, MessageId};
use veda_bus_core::payload::{Outcome, TaskStatus, Vote};
use veda_bus_core::refusal::Code;
use veda_bus_core::state::obligation::{Balance, Word};
use veda_bus_core::state::task::Progress;
use veda_bus_core::state::view::StateView;
use veda_bus_core::state::{Keep, State};
use veda_bus_core::time::Millis;
use veda_bus_core::wire::request::{AckStage, Part};

use crate::bench::{Bench, answer, query, repo, with};

fn id(name: &str) -> MessageId {
    MessageId::new(name).unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "payloads are written where they are used")]
fn message(id: &str, to: &str, kind: &str, payload: Value) -> Value {
    json!({ "id": id, "to": { "repo": to }, "type": kind, "payload": payload })
}

fn reply(id: &str, to: &str, kind: &str, parent: &str, payload: Value) -> Value {
    with(message(id, to, kind, payload), "reply_to", json!(parent))
}

/// Every obligation as `debtor → creditor: message`, with `(…)` around it where it is the other side's turn.
fn owed(state: &State) -> Vec<String> {
    let all = state.obligations().map(|one| {
        let text = format!("{} → {}: {}", one.by, one.to, one.id);
        if one.is_active() { text } else { format!("({text})") }
    });
    all.collect()
}

struct Scene {
    bench: Bench,
    app: InstanceId,
    lens: InstanceId,
}

impl Scene {
    fn new() -> Self {
        let mut bench = Bench::new();
        let (app, lens) = (bench.join("Flagship"), bench.join("LensSDK"));
        bench.join("AuthCore");
        Self { bench, app, lens }
    }

    fn state(&self) -> &State {
        self.bench.hub.state()
    }

    fn app_says(&mut self, message: &Value) {
        let app = self.app.clone();
        self.bench.send(&app, message).unwrap();
    }

    fn lens_says(&mut self, message: &Value) {
        let lens = self.lens.clone();
        self.bench.send(&lens, message).unwrap();
    }

    fn lens_decides(&mut self, id: &str, parent: &str, payload: Value) {
        self.lens_says(&reply(id, "Flagship", "RequestChange", parent, payload));
    }

    fn app_decides(&mut self, id: &str, parent: &str, payload: Value) {
        self.app_says(&reply(id, "LensSDK", "RequestChange", parent, payload));
    }

    fn due(&self, message: &str) -> Vec<Millis> {
        self.state().obligations().filter(|one| one.id == id(message)).map(|one| one.due).collect()
    }
}

#[test]
fn a_question_is_owed_until_it_is_answered() {
    let mut scene = Scene::new();
    scene.app_says(&query("q", "LensSDK"));
    assert_eq!(owed(scene.state()), ["LensSDK → Flagship: q"]);
    assert_eq!(scene.state().balance(&repo("LensSDK")), Balance { owes: 1, owed: 0 });
    assert_eq!(scene.state().balance(&repo("Flagship")), Balance { owes: 0, owed: 1 });
    scene.lens_says(&reply("k", "Flagship", "Query", "q", json!({ "acknowledged": true })));
    scene.lens_says(&reply("c", "Flagship", "Query", "q", json!({ "comment": "Let me see." })));
    assert_eq!(scene.state().obligations().next().unwrap().word, Some(Word::Acknowledged));
    scene.lens_says(&answer("a", "Flagship", "q"));
    assert_eq!(owed(scene.state()), [""; 0]);
    assert_eq!(scene.state().balance(&repo("LensSDK")), Balance::default());
    assert_eq!(scene.state().next_due(Millis(0)), None);
}

#[test]
fn what_asks_nobody_is_owed_by_nobody() {
    let mut scene = Scene::new();
    let notify = json!({ "change_type": "deprecation", "summary": "login() goes" });
    scene.app_says(&message("n", "LensSDK", "Notify", notify));
    scene.lens_says(&reply("a", "Flagship", "Notify", "n", json!({ "findings": "23 call sites" })));
    assert_eq!(owed(scene.state()), [""; 0]);
}

#[test]
fn everyone_owes_what_is_asked_of_everyone() {
    let mut scene = Scene::new();
    scene.app_says(&query("q", "*"));
    assert_eq!(owed(scene.state()), ["AuthCore → Flagship: q", "LensSDK → Flagship: q"]);
    let seq = scene.state().obligations().next().unwrap().seq;
    scene.lens_says(&answer("a", "Flagship", "q"));
    assert_eq!(owed(scene.state()), ["AuthCore → Flagship: q"]);
    assert_eq!(scene.state().obligations_of(seq).len(), 1);
    let pairs: Vec<_> = scene.state().owed_pairs().collect();
    assert_eq!(pairs, [(&repo("AuthCore"), &repo("Flagship"), 1)]);
}

#[test]
fn an_answer_is_about_the_nearest_request_of_its_type_that_is_owed() {
    let mut scene = Scene::new();
    let request = |id| message(id, "LensSDK", "RequestChange", json!({ "summary": "Expose it" }));
    let comment = || json!({ "comment": "Hm." });
    scene.app_says(&request("r"));
    // A question back, its answer, and under that another request, of which they talk.
    scene.lens_says(&with(query("q", "Flagship"), "reply_to", json!("r")));
    assert_eq!(owed(scene.state()), ["LensSDK → Flagship: r", "Flagship → LensSDK: q"]);
    scene.app_says(&answer("a", "LensSDK", "q"));
    assert_eq!(owed(scene.state()), ["LensSDK → Flagship: r"]);
    scene.app_says(&with(request("s"), "reply_to", json!("a")));
    scene.lens_decides("m", "s", comment());
    scene.app_decides("n", "m", comment());
    assert_eq!(owed(scene.state()), ["LensSDK → Flagship: r", "LensSDK → Flagship: s"]);
    // Not to who asked, and not to the request itself: about something else.
    scene.lens_says(&reply("aside", "AuthCore", "RequestChange", "n", json!({ "decision": "done" })));
    assert_eq!(owed(scene.state()), ["LensSDK → Flagship: r", "LensSDK → Flagship: s"]);
    scene.lens_decides("done", "n", json!({ "decision": "done" }));
    assert_eq!(owed(scene.state()), ["LensSDK → Flagship: r"]);
    scene.lens_decides("all", "done", json!({ "decision": "done" }));
    assert_eq!(owed(scene.state()), [""; 0]);
}

#[test]
fn who_does_not_owe_it_can_not_settle_it() {
    let mut scene = Scene::new();
    scene.app_says(&message("r", "LensSDK", "RequestChange", json!({ "summary": "Expose it" })));
    let auth = scene.bench.join("AuthCore");
    let done = reply("d", "Flagship", "RequestChange", "r", json!({ "decision": "done" }));
    scene.bench.send(&auth, &done).unwrap();
    scene.app_decides("e", "r", json!({ "decision": "done" }));
    assert_eq!(owed(scene.state()), ["LensSDK → Flagship: r"]);
}

#[test]
fn an_eta_puts_off_when_it_is_due_but_never_forward() {
    let mut scene = Scene::new();
    let request = message("r", "LensSDK", "RequestChange", json!({ "summary": "Expose it" }));
    scene.app_says(&with(request, "ttl", json!(60)));
    let asked = scene.bench.now;
    let later = |seconds: u64| Millis(asked.0 + seconds * 1000);
    assert_eq!(scene.due("r"), [later(60)]);
    scene.lens_decides("soon", "r", json!({ "decision": "accepted", "eta_seconds": 5 }));
    assert_eq!(scene.due("r"), [later(60)]);
    scene.lens_decides("late", "r", json!({ "decision": "accepted", "eta_seconds": 300 }));
    assert_eq!(scene.due("r"), [later(300)]);
    let state = scene.state();
    assert_eq!(state.overdue_by(&repo("LensSDK"), later(299)), 0);
    assert_eq!(state.overdue_by(&repo("LensSDK"), later(300)), 1);
    assert_eq!(state.overdue_obligations(later(300)).count(), 1);
    assert_eq!(state.next_due(asked), Some(later(300)));
    assert_eq!(state.next_due(later(300)), None);
}

#[test]
fn a_counter_proposal_passes_the_turn() {
    let mut scene = Scene::new();
    let request = message("r", "LensSDK", "RequestChange", json!({ "summary": "Expose it" }));
    scene.app_says(&with(request, "ttl", json!(60)));
    scene.lens_decides("c", "r", json!({ "decision": "countered", "counter_proposal": "Only the types" }));
    assert_eq!(owed(scene.state()), ["(LensSDK → Flagship: r)", "Flagship → LensSDK: c"]);
    assert_eq!(scene.state().balance(&repo("LensSDK")), Balance { owes: 0, owed: 1 });
    scene.bench.pass(100);
    assert_eq!(scene.state().overdue_by(&repo("LensSDK"), scene.bench.now), 0, "it is not its turn");
    scene.app_decides("b", "c", json!({ "decision": "countered", "counter_proposal": "And the trait" }));
    assert_eq!(owed(scene.state()), ["LensSDK → Flagship: r"]);
    assert_eq!(scene.state().overdue_by(&repo("LensSDK"), scene.bench.now), 0, "it has new time");
    scene.lens_decides("d", "b", json!({ "decision": "countered", "counter_proposal": "Not the trait" }));
    assert_eq!(owed(scene.state()), ["(LensSDK → Flagship: r)", "Flagship → LensSDK: d"]);
    scene.app_decides("e", "d", json!({ "decision": "accepted" }));
    assert_eq!(owed(scene.state()), ["LensSDK → Flagship: r"]);
    scene.lens_decides("f", "e", json!({ "decision": "done" }));
    assert_eq!(owed(scene.state()), [""; 0]);
}

#[test]
fn either_side_ends_a_bargain() {
    let countered = json!({ "decision": "countered", "counter_proposal": "Only the types" });
    for ends_it in [
        |scene: &mut Scene| scene.app_decides("x", "c", json!({ "decision": "rejected" })),
        |scene: &mut Scene| scene.lens_decides("x", "c", json!({ "decision": "rejected" })),
        |scene: &mut Scene| scene.lens_decides("x", "r", json!({ "decision": "done" })),
    ] {
        let mut scene = Scene::new();
        scene.app_says(&message("r", "LensSDK", "RequestChange", json!({ "summary": "Expose it" })));
        scene.lens_decides("c", "r", countered.clone());
        ends_it(&mut scene);
        assert_eq!(owed(scene.state()), [""; 0]);
    }
    // Who countered may take it back, and accept what was asked.
    let mut scene = Scene::new();
    scene.app_says(&message("r", "LensSDK", "RequestChange", json!({ "summary": "Expose it" })));
    scene.lens_decides("c", "r", countered.clone());
    scene.lens_decides("c2", "r", countered);
    assert_eq!(owed(scene.state()), ["(LensSDK → Flagship: r)", "Flagship → LensSDK: c2"]);
    scene.lens_decides("a", "r", json!({ "decision": "accepted" }));
    assert_eq!(owed(scene.state()), ["LensSDK → Flagship: r"]);
}

#[test]
fn a_task_is_owed_by_those_who_have_a_part_in_it() {
    let mut scene = Scene::new();
    let subtasks = json!({ "LensSDK": "Run the tests", "UILib": "Run them, too" });
    let task = json!({ "task_type": "test_suite", "description": "Test 2.0", "subtasks": subtasks });
    scene.app_says(&message("t", "*", "Task", task));
    assert_eq!(owed(scene.state()), ["LensSDK → Flagship: t"]);
    let state = |scene: &Scene| {
        let task = scene.state().tasks().next().unwrap();
        (task.progress(), task.subtasks[0].status(), task.is_open())
    };
    let progress = |done, failed| Progress { done, failed, all: 2 };
    assert_eq!(state(&scene), (progress(0, 0), None, true));
    let says = |scene: &mut Scene, id: &str, parent: &str, status: &str| {
        let report = json!({ "status": status, "detail": "see there" });
        scene.lens_says(&reply(id, "Flagship", "Task", parent, report));
    };
    says(&mut scene, "1", "t", "in_progress");
    assert_eq!(state(&scene), (progress(0, 0), Some(TaskStatus::InProgress), true));
    assert_eq!(scene.state().obligations().next().unwrap().word, Some(Word::InProgress));
    says(&mut scene, "2", "1", "done");
    assert_eq!(state(&scene), (progress(1, 0), Some(TaskStatus::Done), true));
    assert_eq!(owed(scene.state()), [""; 0]);
    let view = StateView::of(scene.state()).with(scene.state(), &[Part::Tasks, Part::Obligations]);
    let tasks = view.tasks.unwrap();
    assert_eq!((tasks.more, tasks.newest[0].done, tasks.newest[0].all), (0, 1, 2));
    assert_eq!(tasks.newest[0].subtasks[0].message, Some(id("2")));
    assert_eq!(view.obligations.unwrap().newest, []);
    // The other one was never seen before; what it says counts when it comes.
    let ui = scene.bench.join("UILib");
    let failed = reply("3", "Flagship", "Task", "t", json!({ "status": "failed" }));
    scene.bench.send(&ui, &failed).unwrap();
    assert_eq!(state(&scene), (progress(1, 1), Some(TaskStatus::Done), false));
    // A part that is taken up again opens the task again.
    says(&mut scene, "4", "2", "in_progress");
    assert_eq!(state(&scene), (progress(0, 1), Some(TaskStatus::InProgress), true));
}

#[test]
fn what_is_late_for_long_is_forgotten() {
    let keep = Keep { retention: Duration::from_secs(60), messages: 1000, bodies: 0, owed: Keep::OWED };
    let mut bench = Bench::with(Policy { keep, ..Policy::default() });
    let app = bench.join("Flagship");
    let lens = bench.join("LensSDK");
    bench.send(&app, &with(query("q", "LensSDK"), "ttl", json!(10))).unwrap();
    let subtasks = json!({ "LensSDK": "Run the tests" });
    let task = json!({ "task_type": "test_suite", "description": "Test 2.0", "subtasks": subtasks });
    bench.send(&app, &with(message("t", "LensSDK", "Task", task), "ttl", json!(10))).unwrap();
    let asked = bench.hub.state().obligations().next().unwrap().seq;
    bench.pass(10);
    bench.leave(&lens);
    assert_eq!(bench.hub.state().overdue_by(&repo("LensSDK"), bench.now), 2);
    assert_eq!(bench.hub.state().since(), asked);
    bench.pass(59);
    bench.join("LensSDK");
    assert_eq!((bench.hub.state().obligations().count(), bench.hub.state().tasks().count()), (2, 1));
    bench.pass(1);
    bench.join("AuthCore");
    assert_eq!((bench.hub.state().obligations().count(), bench.hub.state().tasks().count()), (0, 0));
    assert!(bench.hub.state().since() > asked, "nothing older is needed any more");
}

/// Events made by hand: what a hub would say of votes and holds.
struct Fold {
    state: State,
    at: Millis,
}

impl Fold {
    fn new() -> Self {
        Self { state: State::new(Keep::ALL), at: Millis(1_000_000) }
    }

    fn apply(&mut self, event: Event) {
        self.at = Millis(self.at.0 + 1000);
        self.state.apply(&Recorded { seq: self.state.last().next(), at: self.at, event });
    }

    fn message(value: &Value) -> Message {
        let from = value.get("from").cloned().unwrap_or_else(|| json!({ "repo": "Flagship" }));
        let value = with(with(value.clone(), "timestamp", json!(1)), "from", from);
        Message::parse(&value.to_string(), None).unwrap()
    }

    fn accepts(&mut self, value: &Value, held: bool, refused: Option<Code>) {
        let message = Self::message(value);
        let parent = message.reply_to.as_ref().and_then(|id| self.state.message(id));
        let routing = Routing { repo: repo(message.to.repo.as_str()), instance: None, refused, held };
        self.apply(Event::Accepted(Box::new(Accepted {
            by: InstanceId::new("i").unwrap(),
            thread: parent.map_or_else(|| message.id.clone(), |parent| (*parent.thread).clone()),
            parent: parent.map(|parent| parent.seq),
            expires_at: Millis(9_000_000),
            recipients: vec![routing],
            held: held.then(|| Held::Rule { rule: "true".into() }),
            message,
        })));
    }

    fn owed(&self) -> Vec<String> {
        owed(&self.state)
    }
}

#[test]
fn what_is_held_is_owed_when_it_is_released() {
    let mut fold = Fold::new();
    fold.accepts(&query("q", "LensSDK"), true, None);
    assert_eq!(fold.owed(), [""; 0]);
    fold.apply(Event::Released(Released { id: id("q") }));
    assert_eq!(fold.owed(), ["LensSDK → Flagship: q"]);
    assert_eq!(fold.state.obligations().next().unwrap().since, fold.at);
    // An answer that is held has not been given.
    let answer = with(answer("a", "Flagship", "q"), "from", json!({ "repo": "LensSDK" }));
    fold.accepts(&answer, true, None);
    assert_eq!(fold.owed(), ["LensSDK → Flagship: q"]);
    fold.apply(Event::Released(Released { id: id("a") }));
    assert_eq!(fold.owed(), [""; 0]);
}

#[test]
fn what_is_refused_is_owed_by_nobody() {
    let mut fold = Fold::new();
    fold.accepts(&query("denied", "LensSDK"), true, None);
    fold.apply(Event::Denied(Denied { id: id("denied"), answer: id("no") }));
    fold.accepts(&query("refused", "LensSDK"), false, Some(Code::AccessDenied));
    assert_eq!(fold.owed(), [""; 0]);
}

#[test]
fn what_the_operator_made_of_a_held_message_is_what_counts() {
    let mut fold = Fold::new();
    let task = |subtasks: Value| {
        let payload = json!({ "task_type": "t", "description": "d", "subtasks": subtasks });
        message("t", "LensSDK", "Task", payload)
    };
    fold.accepts(&task(json!({ "LensSDK": "a", "AuthCore": "b" })), true, None);
    assert_eq!(fold.state.tasks().count(), 0);
    fold.apply(Event::Amended(Amended { message: Fold::message(&task(json!({ "LensSDK": "a" }))) }));
    fold.apply(Event::Released(Released { id: id("t") }));
    assert_eq!(fold.owed(), ["LensSDK → Flagship: t"]);
    assert_eq!(fold.state.tasks().next().unwrap().progress().all, 1);
}

#[test]
fn a_vote_is_owed_in_each_round_by_who_has_not_voted() {
    let mut fold = Fold::new();
    let voters = ["AuthCore", "Flagship", "LensSDK"].map(repo).to_vec();
    let proposal = json!({ "proposal": "p", "affected_repos": voters, "requires_consensus": true });
    fold.accepts(&message("p", "LensSDK", "Negotiate", proposal), false, None);
    assert_eq!(fold.owed(), [""; 0]);
    let vote = |fold: &mut Fold, name: &str, round| {
        let (negotiation, message) = (id("p"), id("v"));
        fold.apply(Event::Voted(Voted { negotiation, round, repo: repo(name), vote: Vote::Reject, message }));
    };
    fold.apply(Event::Proposed(Proposed {
        negotiation: id("p"),
        by: repo("Flagship"),
        voters,
        requires_consensus: true,
        expires_at: Millis(5_000_000),
    }));
    assert_eq!(fold.owed(), ["AuthCore → Flagship: p", "LensSDK → Flagship: p"]);
    vote(&mut fold, "AuthCore", 1);
    assert_eq!(fold.owed(), ["LensSDK → Flagship: p"]);
    let counter = json!({ "vote": "counter", "counter_proposal": "q" });
    let counter =
        with(reply("c", "Flagship", "Negotiate", "p", counter), "from", json!({ "repo": "LensSDK" }));
    fold.accepts(&counter, false, None);
    fold.apply(Event::Round(RoundBegun {
        negotiation: id("p"),
        round: 2,
        by: repo("LensSDK"),
        message: id("c"),
        expires_at: Millis(6_000_000),
    }));
    assert_eq!(fold.owed(), ["AuthCore → LensSDK: c", "Flagship → LensSDK: c"]);
    assert!(fold.state.obligations().all(|one| one.due == Millis(6_000_000)));
    vote(&mut fold, "Flagship", 2);
    assert_eq!(fold.owed(), ["AuthCore → LensSDK: c"]);
    let view = StateView::of(&fold.state).with(&fold.state, &[Part::Negotiations, Part::Holds]);
    let rounds = &view.proposals.unwrap().newest[0].rounds;
    assert_eq!(rounds.iter().map(|one| one.ballots.len()).collect::<Vec<_>>(), [2, 2]);
    fold.apply(Event::Resolved(Resolved {
        negotiation: id("p"),
        round: 2,
        outcome: Outcome::Approved,
        by: repo("operator"),
        message: id("o"),
        overridden: true,
    }));
    assert_eq!(fold.owed(), [""; 0]);
}

#[test]
fn an_answer_to_what_is_long_forgotten_settles_it() {
    let mut bench = Bench::new();
    let (app, lens) = (bench.join("Flagship"), bench.join("LensSDK"));
    let later = json!({ "decision": "accepted", "eta_seconds": 14_400 });
    bench.send(&app, &message("r", "LensSDK", "RequestChange", json!({ "summary": "s" }))).unwrap();
    bench.ack(&lens, "r", AckStage::Read).unwrap();
    bench.send(&lens, &reply("a", "Flagship", "RequestChange", "r", later)).unwrap();
    bench.ack(&app, "a", AckStage::Read).unwrap();
    bench.pass(8_000);
    bench
        .send(&app, &message("other", "LensSDK", "Notify", json!({ "change_type": "c", "summary": "s" })))
        .unwrap();
    assert!(bench.hub.state().message(&id("r")).is_none(), "it is forgotten");
    let again = message("r", "LensSDK", "RequestChange", json!({ "summary": "s" }));
    assert_eq!(
        bench.send(&app, &again).unwrap_err().code,
        Code::DuplicateId,
        "and still stands for something"
    );
    assert_eq!(owed(bench.hub.state()), ["LensSDK → Flagship: r"]);
    let done = json!({ "decision": "done" });
    let receipt = bench.send(&lens, &reply("d", "Flagship", "RequestChange", "r", done)).unwrap();
    assert_eq!(receipt.thread, id("r"));
    assert_eq!(owed(bench.hub.state()), [""; 0]);
}
