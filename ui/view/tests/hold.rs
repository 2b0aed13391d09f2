use insta::assert_snapshot;

use super::*;
use crate::app::overlay::{Detail, Overlay};
use crate::app::pane::Pane;
use crate::view::hold::{rows, thread_rows};

const RULE: &str = "type == \"RequestChange\" && priority == high";

fn held(tale: &mut Tale, id: &str, text: &str, why: &Value, thread: &str) -> Seq {
    let payload = json!({ "summary": text, "reason": "The overlay needs it.\n\n- for the ring", "urgency": "blocking" });
    let message = json!({ "type": "RequestChange", "payload": payload });
    let to = [json!({ "repo": "LensSDK", "held": true })];
    tale.send_as(id, "Flagship", &to, &message, &json!({ "thread": thread, "held": why }))
}

fn shown(tale: &Tale, seq: Seq, width: usize) -> Vec<Row> {
    let state = &tale.app.model.state;
    rows(&tale.app, state.record(seq).unwrap(), state.hold(seq).unwrap(), width)
}

#[test]
fn a_held_message_says_why_and_what_and_when_it_dies() {
    let mut tale = Tale::new(&[]);
    tale.join("LensSDK");
    let seq =
        held(&mut tale, "held", "Export the focus distance", &json!({ "by": "rule", "rule": RULE }), "held");
    tale.pass(120);
    for width in [40, 80, 120] {
        let rows = shown(&tale, seq, width);
        assert_harmless(&rows, width);
        assert_snapshot!(format!("hold_{width}"), pictured(&rows));
    }
    tale.app.overlay = Some(Overlay::Detail(Detail::Message(seq), 0));
    assert_snapshot!("detail_held", tale.screen(100, 40));
    tale.app.overlay = None;
    assert!(tale.app.select_message(seq));
    (tale.app.focus, tale.app.zoomed) = (Pane::Thread, true);
    assert_snapshot!("thread_held", tale.screen(80, 24));
}

#[test]
fn it_is_told_before_it_dies_and_after_it_was_changed() {
    let mut tale = Tale::new(&[]);
    let why = json!({ "by": "thread", "reason": "the same two repos, again and again" });
    let seq = held(&mut tale, "held", "Export it", &why, "held");
    tale.pass(3_550);
    let expires_at = tale.app.model.state.record(seq).unwrap().expires_at;
    tale.event("expiring", &json!({ "id": "held", "from": "Flagship", "expires_at": expires_at.0 }));
    let row = &shown(&tale, seq, 120)[0];
    assert_eq!(row.text(), "held with its thread: the same two repos, again and again, dies in 50 s");
    assert_eq!(row.pieces().last(), Some(&(Role::Warn, "dies in 50 s".to_owned())));
    let amended = json!({
        "id": "held", "from": { "repo": "Flagship" }, "to": { "repo": "LensSDK" }, "type": "RequestChange",
        "timestamp": 1, "payload": { "summary": "Export something else" }, "amended_by": "operator",
    });
    shown(&tale, seq, 120);
    tale.event("amended", &json!({ "message": amended }));
    let told = pictured(&shown(&tale, seq, 120));
    assert!(told.contains("\nchanged by the operator\n\nExport something else\n"), "{told}");
    tale.event("released", &json!({ "id": "held" }));
    assert!(tale.app.select_message(seq));
    (tale.app.focus, tale.app.zoomed) = (Pane::Thread, true);
    assert_snapshot!("thread_changed", tale.screen(80, 15));
}

#[test]
fn a_held_thread_says_why_and_how_many_wait() {
    let mut tale = Tale::new(&[]);
    let first = tale.send("first", "Flagship", &["LensSDK"], "Query", &json!({ "question": "Ready?" }));
    let reason = "LensSDK and Flagship say the same again and again";
    tale.event("halted", &json!({ "thread": "first", "reason": reason }));
    let why = json!({ "by": "thread", "reason": reason });
    for id in ["a", "b", "c"] {
        held(&mut tale, id, "Thank you", &why, "first");
    }
    let id = "first".parse().unwrap();
    let thread = tale.app.model.state.held_thread(&id).unwrap();
    let told = |width| pictured(&thread_rows(&tale.app, &id, thread, width));
    assert_eq!(told(120), format!("this thread is held since ··:··:··: {reason}; 3 messages in it wait\n"));
    assert_eq!(told(40).lines().count(), 3);
    assert!(tale.app.select_message(first));
    (tale.app.focus, tale.app.zoomed) = (Pane::Thread, true);
    assert_snapshot!("thread_halted", tale.screen(80, 40));
}

#[test]
fn hostile_reasons_are_shown_and_do_nothing() {
    let mut tale = Tale::new(&[]);
    let seq = held(&mut tale, "held", HOSTILE, &json!({ "by": "rule", "rule": HOSTILE }), "held");
    tale.event("halted", &json!({ "thread": "held", "reason": HOSTILE }));
    let id = "held".parse().unwrap();
    for width in [12, 40, 120] {
        assert_harmless(&shown(&tale, seq, width), width);
        let thread = tale.app.model.state.held_thread(&id).unwrap();
        assert_harmless(&thread_rows(&tale.app, &id, thread, width), width);
    }
}
