//! Holds: what waits for the operator, and what becomes of it.

use serde_json::{Value, json};
use veda_bus_core::config::{AllowRule, HoldRule, Rules};
use veda_bus_core::event::{Event, Held};
use veda_bus_core::hub::Policy;
use veda_bus_core::message::Message;
use veda_bus_core::name::{InstanceId, MessageId};
use veda_bus_core::payload::Text;
use veda_bus_core::refusal::Code;
use veda_bus_core::state::record::Stage;
use veda_bus_core::wire::decide::{Decide, Verdict};
use veda_bus_core::wire::request::AckStage;

use crate::bench::{Bench, answer, on, proposal, query, repo, vote, with};

const RULE: &str = "from == \"Flagship\"";

struct Desk {
    bench: Bench,
    flagship: InstanceId,
    lens: InstanceId,
    operator: InstanceId,
}

fn desk(allow: Vec<AllowRule>) -> Desk {
    let hold = vec![HoldRule::new(RULE.parse().unwrap())];
    let rules = Rules { hold, allow, ..Rules::default() };
    let mut bench = Bench::with(Policy { rules, ..Policy::default() });
    let [flagship, lens, operator] = ["Flagship", "LensSDK", "operator"].map(|name| bench.join(name));
    Desk { bench, flagship, lens, operator }
}

impl Desk {
    fn held(allow: Vec<AllowRule>) -> Self {
        let mut desk = desk(allow);
        desk.bench.send(&desk.flagship.clone(), &query("q", "LensSDK")).unwrap();
        desk
    }

    fn stage(&self) -> Stage {
        self.bench.stage("q", "LensSDK").unwrap()
    }

    fn decide(&mut self, decide: Decide) -> Option<MessageId> {
        self.bench.decide(&self.operator.clone(), decide).unwrap().message
    }

    fn body(&self, id: &str) -> Value {
        let record = self.bench.hub.state().message(&id.parse().unwrap()).unwrap();
        serde_json::from_slice(record.body().unwrap()).unwrap()
    }
}

#[test]
fn what_matches_waits_and_the_receipt_says_so() {
    let mut desk = desk(Vec::new());
    let receipt = desk.bench.send(&desk.flagship.clone(), &query("q", "LensSDK")).unwrap();
    assert_eq!(receipt.recipients[0].status, Stage::Held);
    let hold = desk.bench.hub.state().hold(receipt.seq).unwrap();
    assert_eq!(hold.held, Held::Rule { rule: RULE.into() });
    let mailbox = &desk.bench.hub.state().repo(&repo("LensSDK")).unwrap().mailbox;
    assert_eq!((mailbox.held, mailbox.unread, mailbox.waiting.len()), (1, 1, 0));
    desk.bench.ack(&desk.lens.clone(), "q", AckStage::Read).unwrap();
    assert_eq!(desk.stage(), Stage::Held, "nobody can have seen it");
    desk.bench.send(&desk.lens.clone(), &query("other", "Flagship")).unwrap();
    assert_eq!(desk.bench.stage("other", "Flagship"), Some(Stage::Routed), "what does not match goes on");
}

#[test]
fn released_it_goes_out_and_its_ladder_has_the_step() {
    let mut desk = Desk::held(Vec::new());
    assert_eq!(desk.decide(on(Verdict::Release, "q")), None);
    assert_eq!(desk.stage(), Stage::Routed);
    let record = desk.bench.hub.state().message(&"q".parse().unwrap()).unwrap();
    let steps: Vec<_> = record.deliveries[0].steps().map(|(stage, _)| stage).collect();
    assert_eq!(steps, [Stage::Held, Stage::Queued, Stage::Routed]);
    let again = desk.bench.decide(&desk.operator.clone(), on(Verdict::Release, "q")).unwrap_err();
    assert_eq!(again.code, Code::NotHeld);
    let never = desk.bench.decide(&desk.operator.clone(), on(Verdict::Release, "none")).unwrap_err();
    assert_eq!(never.code, Code::UnknownMessage);
}

#[test]
fn refused_its_sender_is_told_why() {
    let mut desk = Desk::held(Vec::new());
    let told = desk.decide(Decide { comment: Text::new("not now"), ..on(Verdict::Refuse, "q") }).unwrap();
    assert_eq!(desk.stage(), Stage::Refused);
    assert_eq!(desk.bench.stage(&told.to_string(), "Flagship"), Some(Stage::Routed));
    let said = desk.body(&told.to_string());
    assert_eq!((&said["reply_to"], &said["from"]["repo"]), (&json!("q"), &json!("operator")));
    assert_eq!(said["payload"]["comment"], "The operator did not let this message go: not now");
}

#[test]
fn edited_the_recipient_sees_it_and_the_original_stays_in_the_journal() {
    let mut desk = Desk::held(Vec::new());
    let edit = |payload: Value| Decide { payload: Some(payload), ..on(Verdict::Release, "q") };
    let wrong = desk.bench.decide(&desk.operator.clone(), edit(json!({ "question": 7 }))).unwrap_err();
    assert_eq!((wrong.code, wrong.at.as_deref()), (Code::InvalidPayload, Some("payload.question")));
    assert_eq!(desk.stage(), Stage::Held, "nothing has happened");
    desk.decide(edit(json!({ "question": "Why not?" }))).unwrap();
    let passed_on = desk.body("q");
    assert_eq!(passed_on["payload"], json!({ "question": "Why not?" }));
    assert_eq!(passed_on["amended_by"], "operator");
    let said: Vec<_> = desk
        .bench
        .events
        .iter()
        .filter_map(|recorded| match &recorded.event {
            Event::Accepted(accepted) if accepted.message.id.to_string() == "q" => Some(&accepted.message),
            Event::Amended(amended) => Some(&amended.message),
            _ => None,
        })
        .map(|message: &Message| message.payload.headline())
        .collect();
    assert_eq!(said, ["Why?", "Why not?"]);
    // The sender may send it again without it being another message.
    assert!(desk.bench.send(&desk.flagship.clone(), &query("q", "LensSDK")).unwrap().duplicate);
}

#[test]
fn nobody_else_changes_a_message() {
    let mut desk = desk(Vec::new());
    let forged = with(query("f", "LensSDK"), "amended_by", json!("operator"));
    let refusal = desk.bench.send(&desk.lens.clone(), &forged).unwrap_err();
    assert_eq!((refusal.code, refusal.at.as_deref()), (Code::InvalidMessage, Some("amended_by")));
}

#[test]
fn a_standing_rule_lets_it_go() {
    let rule = AllowRule {
        from: repo("Flagship").into(),
        to: repo("LensSDK").into(),
        kind: Some("Query".parse().unwrap()),
        place: None,
    };
    let desk = Desk::held(vec![rule]);
    assert_eq!(desk.stage(), Stage::Routed);
}

#[test]
fn its_time_runs_and_the_operator_is_told_before_it_dies() {
    let mut desk = desk(Vec::new());
    desk.bench.send(&desk.flagship.clone(), &with(query("q", "LensSDK"), "ttl", json!(600))).unwrap();
    desk.bench.pass(539);
    assert!(!desk.bench.names().contains(&"expiring"));
    desk.bench.pass(1);
    assert!(matches!(desk.bench.last_event(), Event::Expiring(_)));
    desk.bench.pass(60);
    assert_eq!(desk.stage(), Stage::Expired);
    assert_eq!(desk.bench.hub.state().holds().count(), 0);
    assert_eq!(desk.bench.names().iter().filter(|name| **name == "expiring").count(), 1);
}

#[test]
fn what_is_held_says_nothing_yet() {
    let mut desk = desk(Vec::new());
    // An answer answers, and a proposal is put to the vote, when it goes out.
    desk.bench.send(&desk.lens.clone(), &query("asked", "Flagship")).unwrap();
    desk.bench.send(&desk.flagship.clone(), &answer("a", "LensSDK", "asked")).unwrap();
    assert_ne!(desk.bench.stage("asked", "Flagship"), Some(Stage::Answered));
    desk.decide(on(Verdict::Release, "a"));
    assert_eq!(desk.bench.stage("asked", "Flagship"), Some(Stage::Answered));
    desk.bench
        .send(&desk.flagship.clone(), &proposal("p", "LensSDK", &["Flagship", "LensSDK"], true))
        .unwrap();
    assert_eq!(desk.bench.hub.state().negotiations().count(), 0);
    desk.decide(on(Verdict::Release, "p"));
    desk.bench.send(&desk.lens.clone(), &vote("l", "Flagship", "p", "counter")).unwrap();
    desk.bench.send(&desk.flagship.clone(), &vote("f", "LensSDK", "l", "accept")).unwrap();
    assert_eq!(desk.bench.negotiation("p").tally().accept, 1, "a held vote is none yet");
    // What it was about is over when it goes out: it is only passed on.
    desk.decide(Decide { ..on(Verdict::Override, "p") });
    desk.decide(on(Verdict::Release, "f"));
    assert_eq!(desk.bench.negotiation("p").tally().accept, 1);
    assert_eq!(desk.bench.stage("f", "LensSDK"), Some(Stage::Routed));
}

#[test]
fn only_the_operator_decides_and_every_attempt_is_seen() {
    let mut desk = Desk::held(Vec::new());
    let refusal = desk.bench.decide(&desk.lens.clone(), on(Verdict::Release, "q")).unwrap_err();
    assert_eq!(refusal.code, Code::OperatorOnly);
    assert!(matches!(desk.bench.last_event(), Event::Refused(refused) if refused.code == Code::OperatorOnly));
    assert_eq!(desk.stage(), Stage::Held);
}

#[test]
fn an_edit_changes_what_is_said_and_not_to_whom() {
    let mut desk = desk(Vec::new());
    desk.bench.join("UILib");
    let edit = |id, payload: Value| Decide { payload: Some(payload), ..on(Verdict::Release, id) };
    desk.bench
        .send(&desk.flagship.clone(), &proposal("p", "LensSDK", &["Flagship", "LensSDK"], true))
        .unwrap();
    let wider = proposal("p", "LensSDK", &["Flagship", "LensSDK", "UILib"], true)["payload"].clone();
    let refusal = desk.bench.decide(&desk.operator.clone(), edit("p", wider)).unwrap_err();
    assert_eq!((refusal.code, refusal.at.as_deref()), (Code::InvalidPayload, Some("payload")));
    let reworded = proposal("other", "LensSDK", &["LensSDK", "Flagship"], true)["payload"].clone();
    desk.decide(edit("p", reworded));
    desk.bench.send(&desk.lens.clone(), &vote("l", "Flagship", "p", "counter")).unwrap();
    desk.bench.send(&desk.flagship.clone(), &vote("f", "LensSDK", "l", "accept")).unwrap();
    let counter = vote("f", "LensSDK", "l", "counter")["payload"].clone();
    let refusal = desk.bench.decide(&desk.operator.clone(), edit("f", counter)).unwrap_err();
    assert_eq!(refusal.code, Code::InvalidPayload);
    desk.decide(edit("f", json!({ "vote": "accept", "comment": "with thanks" })));
    assert_eq!(desk.bench.negotiation("p").tally().accept, 2);
}

#[test]
fn what_the_sender_is_told_of_a_release_is_no_answer() {
    let mut desk = Desk::held(Vec::new());
    let told =
        desk.decide(Decide { comment: Text::new("in a minute"), ..on(Verdict::Release, "q") }).unwrap();
    let payload = desk.body(&told.to_string())["payload"].clone();
    assert_eq!(payload, json!({ "acknowledged": true, "comment": "in a minute" }));
}
