//! The rules of the bus, without sockets and with a clock that is moved by hand.

use std::time::Duration;

use crate::bench::{Bench, answer, query, repo, with};
use serde_json::json;
use veda_bus_core::event::{Event, Receive};
use veda_bus_core::hub::routing::WINDOW_MESSAGES;
use veda_bus_core::hub::{Command, Policy};
use veda_bus_core::name::{Capability, InstanceId};
use veda_bus_core::refusal::Code;
use veda_bus_core::state::Keep;
use veda_bus_core::state::record::Stage;
use veda_bus_core::wire::request::{AckStage, Register};

#[test]
fn a_message_climbs_the_whole_ladder() {
    let mut bench = Bench::new();
    let asker = bench.join("Flagship");
    let lens = bench.join("LensSDK");
    let receipt = bench.send(&asker, &query("q", "LensSDK")).unwrap();
    assert_eq!(receipt.recipients[0].status, Stage::Routed);
    bench.ack(&lens, "q", AckStage::Delivered).unwrap();
    assert_eq!(bench.stage("q", "LensSDK"), Some(Stage::Delivered));
    bench.ack(&lens, "q", AckStage::Read).unwrap();
    bench.send(&lens, &answer("a", "Flagship", "q")).unwrap();
    assert_eq!(bench.stage("q", "LensSDK"), Some(Stage::Answered));
    let ladder: Vec<_> = bench.names().split_off(3);
    assert_eq!(ladder, ["accepted", "delivered", "read", "accepted", "answered"]);
    let record = bench.hub.state().message(&"q".parse().unwrap()).unwrap();
    let steps: Vec<_> = record.deliveries[0].steps().map(|(stage, _)| stage).collect();
    assert_eq!(steps, [Stage::Routed, Stage::Delivered, Stage::Read, Stage::Answered]);
}

#[test]
fn an_unknown_repo_is_an_error_with_a_suggestion() {
    let mut bench = Bench::new();
    let asker = bench.join("Flagship");
    bench.join("LensSDK");
    let refusal = bench.send(&asker, &query("q", "LenSDK")).unwrap_err();
    assert_eq!(refusal.code, Code::UnknownRepo);
    assert!(refusal.hint.unwrap().contains("did you mean LensSDK?"));
    assert!(matches!(bench.last_event(), Event::Refused(refused) if refused.code == Code::UnknownRepo));

    let receipt = bench.send_to_anyone(&asker, &query("q", "Later"), true).unwrap();
    assert_eq!(receipt.recipients[0].status, Stage::Queued);
    assert_eq!(bench.send(&asker, &query("q2", "Later")).unwrap_err().code, Code::UnknownRepo);
    bench.join("Later");
    assert_eq!(bench.stage("q", "Later"), Some(Stage::Routed));
}

#[test]
fn what_was_not_read_goes_to_the_next_instance() {
    let mut bench = Bench::new();
    let asker = bench.sender("Flagship");
    let first = bench.join("LensSDK");
    for id in ["delivered", "routed", "read"] {
        bench.send(&asker, &query(id, "LensSDK")).unwrap();
    }
    bench.ack(&first, "delivered", AckStage::Delivered).unwrap();
    bench.ack(&first, "read", AckStage::Read).unwrap();
    bench.leave(&first);
    assert_eq!(bench.stage("delivered", "LensSDK"), Some(Stage::Queued));
    let second = bench.register(Register::new(repo("LensSDK"))).unwrap();
    assert_eq!(second.unread, 2);
    for id in ["delivered", "routed"] {
        assert_eq!(bench.holder(id, "LensSDK"), Some(second.instance_id.to_string()));
    }
    assert_eq!(bench.stage("read", "LensSDK"), Some(Stage::Read));
}

#[test]
fn a_mailbox_is_ordered_by_priority_then_arrival() {
    let mut bench = Bench::new();
    let asker = bench.sender("Flagship");
    let lens = bench.join("LensSDK");
    bench.leave(&lens);
    for (id, priority) in [("a", "low"), ("b", "normal"), ("c", "high"), ("d", "normal"), ("e", "high")] {
        bench.send(&asker, &with(query(id, "LensSDK"), "priority", json!(priority))).unwrap();
    }
    bench.join("LensSDK");
    let Event::Routed(moved) = bench.last_event() else { panic!("{:?}", bench.last_event()) };
    let order: Vec<_> = moved.ids.iter().map(ToString::to_string).collect();
    assert_eq!(order, ["c", "e", "b", "d", "a"]);
}

#[test]
fn a_broadcast_reaches_everyone_known_but_the_sender() {
    let mut bench = Bench::new();
    let asker = bench.join("Flagship");
    bench.join("LensSDK");
    let gone = bench.join("AuthCore");
    bench.leave(&gone);
    let receipt = bench.send(&asker, &query("q", "*")).unwrap();
    let reached: Vec<_> = receipt.recipients.iter().map(|one| (one.repo.to_string(), one.status)).collect();
    let expected = [("AuthCore", Stage::Queued), ("LensSDK", Stage::Routed)];
    assert_eq!(reached, expected.map(|(name, stage)| (name.to_owned(), stage)));
    bench.pass(10);
    bench.join("AuthCore");
    assert_eq!(bench.stage("q", "AuthCore"), Some(Stage::Routed));
}

#[test]
fn capabilities_narrow_to_those_who_declare_all_of_them() {
    let mut bench = Bench::new();
    let asker = bench.sender("Flagship");
    let capable =
        |names: &[&str]| -> Vec<Capability> { names.iter().map(|name| name.parse().unwrap()).collect() };
    let lens = Register::new(repo("LensSDK"));
    let plain = bench.register(Register { capabilities: capable(&["auth"]), ..lens.clone() }).unwrap();
    let both = bench.register(Register { capabilities: capable(&["session", "auth"]), ..lens }).unwrap();
    let asking = |id: &str, to: &str, names: &[&str]| {
        with(query(id, to), "to", json!({ "repo": to, "capabilities": names }))
    };
    bench.send(&asker, &asking("q", "LensSDK", &["auth", "session"])).unwrap();
    assert_eq!(bench.holder("q", "LensSDK"), Some(both.instance_id.to_string()));
    for to in ["LensSDK", "*"] {
        let refusal = bench.send(&asker, &asking("x", to, &["gpu"])).unwrap_err();
        assert_eq!(refusal.code, Code::NoCapableInstance);
    }
    // Known to have been there, so it waits; the instance that lacks one of them does not get it.
    bench.leave(&both.instance_id);
    assert_eq!(bench.stage("q", "LensSDK"), Some(Stage::Queued));
    assert_eq!(bench.hub.state().instance(&plain.instance_id).unwrap().hands.len(), 0);
}

#[test]
fn the_sender_is_told_who_never_read_what_expired() {
    let mut bench = Bench::new();
    let asker = bench.join("Flagship");
    let lens = bench.join("LensSDK");
    bench.join("AuthCore");
    bench.send(&asker, &with(query("q", "*"), "ttl", json!(5))).unwrap();
    bench.ack(&lens, "q", AckStage::Read).unwrap();
    bench.pass(4);
    assert_eq!(bench.stage("q", "AuthCore"), Some(Stage::Routed));
    bench.pass(1);
    let Event::Expired(expired) = bench.last_event() else { panic!("{:?}", bench.last_event()) };
    assert_eq!(expired.unread_by, [repo("AuthCore")]);
    assert_eq!(bench.hub.pending_notices(&asker).count(), 1);
    let ack = serde_json::from_value(json!({ "notices": ["q"] })).unwrap();
    bench.command(Command::Ack { instance: asker.clone(), ack }).unwrap();
    assert_eq!(bench.hub.pending_notices(&asker).count(), 0);
    assert_eq!(bench.hub.next_deadline(), None);
}

#[test]
fn a_resend_gets_the_first_receipt_and_a_changed_one_is_refused() {
    let mut bench = Bench::new();
    let asker = bench.join("Flagship");
    bench.join("LensSDK");
    let first = bench.send(&asker, &query("q", "LensSDK")).unwrap();
    bench.pass(1);
    let again = bench.send(&asker, &query("q", "LensSDK")).unwrap();
    assert!(again.duplicate);
    assert_eq!(
        (again.seq, again.expires_at, again.recipients),
        (first.seq, first.expires_at, first.recipients)
    );
    let changed = with(query("q", "LensSDK"), "payload.question", json!("How?"));
    assert_eq!(bench.send(&asker, &changed).unwrap_err().code, Code::DuplicateId);
    let other = bench.join("AuthCore");
    assert_eq!(bench.send(&other, &query("q", "LensSDK")).unwrap_err().code, Code::DuplicateId);
}

#[test]
fn a_full_mailbox_is_told_to_the_sender() {
    let mut bench = Bench::with(Policy { mailbox_messages: 2, ..Policy::default() });
    let asker = bench.sender("Flagship");
    let lens = bench.join("LensSDK");
    bench.leave(&lens);
    bench.join("Other");
    for id in ["a", "b"] {
        bench.send(&asker, &query(id, "LensSDK")).unwrap();
    }
    assert_eq!(bench.send(&asker, &query("c", "LensSDK")).unwrap_err().code, Code::MailboxFull);
    // A broadcast still reaches the others, and says who did not get it.
    let receipt = bench.send(&asker, &query("d", "*")).unwrap();
    let refused = &receipt.recipients[0];
    assert_eq!((refused.status, refused.code), (Stage::Refused, Some(Code::MailboxFull)));
    let lens = bench.join("LensSDK");
    bench.ack(&lens, "a", AckStage::Read).unwrap();
    bench.send(&asker, &query("c", "LensSDK")).unwrap();
}

#[test]
fn a_slow_client_is_handed_no_more_than_its_window() {
    let mut bench = Bench::new();
    let asker = bench.sender("Flagship");
    let lens = bench.join("LensSDK");
    for index in 0..WINDOW_MESSAGES + 10 {
        bench.send(&asker, &query(&format!("q{index}"), "LensSDK")).unwrap();
    }
    assert_eq!(bench.hub.state().instance(&lens).unwrap().hands.on_the_way, WINDOW_MESSAGES);
    assert_eq!(bench.stage(&format!("q{WINDOW_MESSAGES}"), "LensSDK"), Some(Stage::Queued));
    // What is urgent does not wait for the slow one to catch up.
    bench.send(&asker, &with(query("urgent", "LensSDK"), "priority", json!("high"))).unwrap();
    assert_eq!(bench.stage("urgent", "LensSDK"), Some(Stage::Routed));
    for id in ["q0", "q1"] {
        bench.ack(&lens, id, AckStage::Delivered).unwrap();
    }
    assert_eq!(bench.stage(&format!("q{WINDOW_MESSAGES}"), "LensSDK"), Some(Stage::Routed));
}

#[test]
fn answers_go_to_the_instance_that_asked() {
    let mut bench = Bench::new();
    let busy = bench.join("Flagship");
    let flagship = Register { receive: Receive::Replies, ..Register::new(repo("Flagship")) };
    let asker = bench.register(flagship).unwrap().instance_id;
    let lens = bench.join("LensSDK");
    bench.send(&asker, &query("q", "LensSDK")).unwrap();
    bench.send(&lens, &answer("a", "Flagship", "q")).unwrap();
    assert_eq!(bench.holder("a", "Flagship"), Some(asker.to_string()));
    // What is no answer to it goes to the one that takes everything.
    bench.send(&lens, &query("other", "Flagship")).unwrap();
    assert_eq!(bench.holder("other", "Flagship"), Some(busy.to_string()));
}

#[test]
fn a_session_that_comes_back_is_the_same_instance() {
    let mut bench = Bench::new();
    let asker = bench.sender("Flagship");
    let lens = Register { session_id: Some("s".parse().unwrap()), ..Register::new(repo("LensSDK")) };
    let first = bench.register(lens.clone()).unwrap();
    assert!(!first.resumed);
    bench.leave(&first.instance_id);
    bench.send(&asker, &query("q", "LensSDK")).unwrap();
    let back = bench.register(lens.clone()).unwrap();
    assert!(back.resumed);
    assert_eq!((back.instance_id.clone(), back.unread), (first.instance_id, 1));
    // While it is here, another process of the session is an instance of its own.
    assert_ne!(bench.register(lens).unwrap().instance_id, back.instance_id);
}

#[test]
fn an_instance_that_registers_elsewhere_is_replaced() {
    let mut bench = Bench::new();
    let asker = bench.sender("Flagship");
    let lens = bench.join("LensSDK");
    bench.send(&asker, &query("q", "LensSDK")).unwrap();
    bench.ack(&lens, "q", AckStage::Delivered).unwrap();
    bench.join("LensSDK");
    assert_eq!(bench.stage("q", "LensSDK"), Some(Stage::Routed));
    assert_eq!(bench.names().split_off(5), ["left", "registered", "routed"]);
    let stolen = Register { instance_id: Some(lens), ..Register::new(repo("AuthCore")) };
    assert_eq!(bench.register(stolen).unwrap_err().code, Code::IdentityMismatch);
}

#[test]
fn a_stuck_instance_loses_its_messages_until_it_answers_again() {
    let mut bench = Bench::new();
    let asker = bench.sender("Flagship");
    let lens = bench.join("LensSDK");
    bench.send(&asker, &query("q", "LensSDK")).unwrap();
    bench.command(Command::Stuck { instance: lens.clone() }).unwrap();
    assert_eq!(bench.stage("q", "LensSDK"), Some(Stage::Queued));
    assert_eq!(bench.send(&asker, &query("r", "LensSDK")).unwrap().recipients[0].status, Stage::Queued);
    bench.command(Command::Resume { instance: lens.clone() }).unwrap();
    for id in ["q", "r"] {
        assert_eq!(bench.holder(id, "LensSDK"), Some(lens.to_string()));
    }
}

#[test]
fn the_identity_is_checked_on_every_send() {
    let mut bench = Bench::new();
    let register = Register { path: Some("/src/f".into()), ..Register::new(repo("Flagship")) };
    let asker = bench.register(register).unwrap().instance_id;
    bench.join("LensSDK");
    let said = |from| with(query("q", "LensSDK"), "from", from);
    for (from, at) in [
        (json!({ "repo": "LensSDK" }), "from.repo"),
        (json!({ "repo": "Flagship", "instance_id": "other" }), "from.instance_id"),
        (json!({ "repo": "Flagship", "session_id": "other" }), "from.session_id"),
        (json!({ "repo": "Flagship", "path": "/src/other" }), "from.path"),
    ] {
        let refusal = bench.send(&asker, &said(from)).unwrap_err();
        assert_eq!((refusal.code, refusal.at.as_deref()), (Code::IdentityMismatch, Some(at)));
    }
    let full = json!({ "repo": "Flagship", "path": "/src/f", "instance_id": asker });
    bench.send(&asker, &said(full)).unwrap();
    let stranger = InstanceId::random();
    assert_eq!(bench.send(&stranger, &query("q", "LensSDK")).unwrap_err().code, Code::NotRegistered);
}

#[test]
fn access_is_denied_except_in_threads_that_the_repo_opened() {
    let mut bench = Bench::new();
    let closed =
        Register { accept_requests_from: Some(vec![repo("AuthCore")]), ..Register::new(repo("LensSDK")) };
    let lens = bench.register(closed).unwrap().instance_id;
    let asker = bench.join("Flagship");
    let refusal = bench.send(&asker, &query("q", "LensSDK")).unwrap_err();
    assert_eq!(refusal.code, Code::AccessDenied);
    let notify = json!({
        "to": { "repo": "LensSDK" }, "type": "Notify",
        "payload": { "change_type": "deprecation", "summary": "Old things go" },
    });
    bench.send(&asker, &notify).unwrap();
    bench.send(&lens, &query("mine", "Flagship")).unwrap();
    bench.send(&asker, &answer("yours", "LensSDK", "mine")).unwrap();
    // Naming a thread does not make anyone a part of it.
    let stranger = bench.join("UILib");
    let refusal = bench.send(&stranger, &answer("theirs", "LensSDK", "mine")).unwrap_err();
    assert_eq!(refusal.code, Code::AccessDenied);
    let operator = bench.sender("operator");
    bench.send(&operator, &query("o", "LensSDK")).unwrap();
}

#[test]
fn an_acknowledgement_is_no_answer() {
    let mut bench = Bench::new();
    let asker = bench.join("Flagship");
    let lens = bench.join("LensSDK");
    bench.send(&asker, &query("q", "LensSDK")).unwrap();
    let word = with(answer("ack", "Flagship", "q"), "payload", json!({ "acknowledged": true }));
    bench.send(&lens, &word).unwrap();
    assert_eq!(bench.stage("q", "LensSDK"), Some(Stage::Routed));
    bench.send(&lens, &answer("a", "Flagship", "q")).unwrap();
    assert_eq!(bench.stage("q", "LensSDK"), Some(Stage::Answered));
}

#[test]
fn an_answer_has_the_type_of_what_it_answers() {
    let mut bench = Bench::new();
    let asker = bench.join("Flagship");
    let lens = bench.join("LensSDK");
    bench.send(&asker, &query("q", "LensSDK")).unwrap();
    let wrong = json!({
        "to": { "repo": "Flagship" }, "type": "Task", "reply_to": "q", "payload": { "status": "done" },
    });
    let refusal = bench.send(&lens, &wrong).unwrap_err();
    assert_eq!((refusal.code, refusal.hint.as_deref()), (Code::InvalidPayload, Some("send a Query")));
    let outcome = json!({
        "to": { "repo": "Flagship" }, "type": "Negotiate", "reply_to": "x", "payload": { "outcome": "approved" },
    });
    assert_eq!(bench.send(&lens, &outcome).unwrap_err().code, Code::OperatorOnly);
}

#[test]
fn what_is_finished_is_forgotten_after_the_retention() {
    let keep = Keep { retention: Duration::from_secs(60), messages: 2, bodies: 0, owed: Keep::OWED };
    let mut bench = Bench::with(Policy { keep, ..Policy::default() });
    let asker = bench.sender("Flagship");
    let lens = bench.join("LensSDK");
    bench.send(&asker, &query("old", "LensSDK")).unwrap();
    bench.ack(&lens, "old", AckStage::Read).unwrap();
    bench.pass(61);
    bench.send(&asker, &query("open", "LensSDK")).unwrap();
    assert_eq!(bench.stage("old", "LensSDK"), None);
    for id in ["a", "b", "c"] {
        bench.send(&asker, &query(id, "LensSDK")).unwrap();
        bench.ack(&lens, id, AckStage::Read).unwrap();
    }
    assert_eq!(bench.stage("a", "LensSDK"), None, "at most two finished ones");
    assert_eq!(bench.stage("open", "LensSDK"), Some(Stage::Routed), "what is open stays");
    assert_eq!(bench.hub.state().threads().count(), 3);
}

#[test]
fn a_restart_puts_what_was_in_hand_back_into_the_mailbox() {
    let mut bench = Bench::new();
    let asker = bench.sender("Flagship");
    let lens = bench.join("LensSDK");
    bench.send(&asker, &query("q", "LensSDK")).unwrap();
    bench.ack(&lens, "q", AckStage::Delivered).unwrap();
    bench.command(Command::Start { pid: 2, version: "test".into() }).unwrap();
    assert_eq!(bench.stage("q", "LensSDK"), Some(Stage::Queued));
    assert!(bench.hub.state().instances().all(|instance| !instance.connected));
    bench.join("LensSDK");
    assert_eq!(bench.stage("q", "LensSDK"), Some(Stage::Routed));
}

#[test]
fn an_ack_for_what_was_never_sent_is_refused_and_the_rest_taken() {
    let mut bench = Bench::new();
    let asker = bench.sender("Flagship");
    let lens = bench.join("LensSDK");
    bench.send(&asker, &query("q", "LensSDK")).unwrap();
    let ack = serde_json::from_value(json!({ "ids": ["nope", "q"], "stage": "read" })).unwrap();
    let refusal = bench.command(Command::Ack { instance: lens, ack }).unwrap_err();
    assert_eq!(refusal.code, Code::UnknownMessage);
    assert_eq!(bench.stage("q", "LensSDK"), Some(Stage::Read));
}
