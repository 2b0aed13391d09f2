use insta::assert_snapshot;
use veda_bus_core::state::negotiation::Negotiation;

use super::*;
use crate::app::overlay::{Detail, Overlay};
use crate::app::pane::Pane;
use crate::view::negotiation::rows;

const VOTERS: [&str; 4] = ["AuthCore", "Flagship", "LensSDK", "UILib"];

const LOOKS: [(&str, &[(&str, &str)]); 3] =
    [("utf8", &[]), ("ascii", &[("LANG", "C")]), ("plain", &[("NO_COLOR", "1")])];

fn proposed(tale: &mut Tale, payload: &Value) {
    tale.send("proposal", "Flagship", &["AuthCore", "LensSDK", "UILib"], "Negotiate", payload);
    let members = json!({
        "negotiation": "proposal", "by": "Flagship", "voters": VOTERS,
        "requires_consensus": payload["requires_consensus"], "expires_at": tale.app.now.0 + 600_000,
    });
    tale.event("proposed", &members);
}

fn vote(tale: &mut Tale, id: &str, repo: &str, round: u32, payload: &Value) {
    tale.answer(id, repo, &["Flagship"], "proposal", payload);
    let members = json!({
        "negotiation": "proposal", "round": round, "repo": repo, "vote": payload["vote"], "message": id,
    });
    tale.event("voted", &members);
}

fn round(tale: &mut Tale, id: &str, by: &str, number: u32, text: &str) {
    tale.answer(id, by, &["AuthCore", "Flagship", "UILib"], "proposal", &json!({ "counter_proposal": text }));
    let members = json!({
        "negotiation": "proposal", "round": number, "by": by, "message": id,
        "expires_at": tale.app.now.0 + 600_000,
    });
    tale.event("round", &members);
}

/// A proposal in its second round: one has voted, one has worded it, one has read it, one is not there.
fn tale(variables: &[(&str, &str)]) -> Tale {
    let mut tale = Tale::new(variables);
    for repo in &VOTERS[1..] {
        tale.join(repo);
    }
    let payload = json!({
        "proposal": "Rename Frame to Picture everywhere, by Monday noon.\n\nThe old name stays as an alias:\n\n- in the SDK",
        "affected_repos": VOTERS, "benefits": ["one name for one thing", "no clash with the UI"],
        "requires_consensus": true,
    });
    proposed(&mut tale, &payload);
    tale.pass(60);
    vote(&mut tale, "vote-1", "UILib", 1, &json!({ "vote": "abstain" }));
    vote(&mut tale, "vote-2", "AuthCore", 1, &json!({ "vote": "reject", "comment": "Too early." }));
    tale.pass(60);
    let counter = "Rename Frame to Image everywhere, by Tuesday noon.\n\nThe old name stays as an alias for a year:\n\n- in the SDK";
    round(&mut tale, "counter", "LensSDK", 2, counter);
    tale.pass(30);
    tale.step("read", "Flagship", "counter");
    tale.pass(200);
    let comment = "Fine with us, as long as the alias stays.\nWe have 23 call sites.";
    vote(&mut tale, "vote-3", "UILib", 2, &json!({ "vote": "accept", "comment": comment }));
    tale
}

fn negotiation(tale: &Tale) -> &Negotiation {
    tale.app.model.state.negotiation_of(&"proposal".parse().unwrap()).unwrap()
}

#[test]
fn everything_about_a_proposal() {
    for (name, variables) in LOOKS {
        let tale = tale(variables);
        for width in [40, 60, 80, 120, 200] {
            let rows = rows(&tale.app, negotiation(&tale), width);
            assert_harmless(&rows, width);
            assert_snapshot!(format!("negotiation_{name}_{width}"), pictured(&rows));
        }
    }
}

#[test]
fn what_differs_has_roles_of_its_own_and_marks_where_there_is_no_colour() {
    let pieces = |variables: &[_]| {
        let tale = tale(variables);
        let rows = rows(&tale.app, negotiation(&tale), 80);
        let pieces = rows.iter().flat_map(Row::pieces).cloned();
        pieces.filter(|(role, _)| matches!(role, Role::Inserted | Role::Deleted)).take(2).collect::<Vec<_>>()
    };
    assert_eq!(pieces(&[]), [(Role::Deleted, "Picture".to_owned()), (Role::Inserted, "Image".to_owned())]);
    let marked = [(Role::Deleted, "[-Picture-]".to_owned()), (Role::Inserted, "{+Image+}".to_owned())];
    assert_eq!(pieces(&[("NO_COLOR", "1")]), marked);
    assert_eq!(pieces(&[("LANG", "C")]), marked);
}

#[test]
fn it_changes_when_nothing_happens() {
    let mut tale = tale(&[]);
    let told = |tale: &Tale| pictured(&rows(&tale.app, negotiation(tale), 80));
    for _ in 0..8 {
        let next = super::super::negotiation::changes_at(&tale.app, negotiation(&tale)).unwrap();
        let before = told(&tale);
        tale.app.now = Millis(next.0 - 1);
        assert_eq!(told(&tale), before);
        tale.app.now = next;
        assert_ne!(told(&tale), before);
    }
}

fn resolved(tale: &mut Tale) {
    let outcome = json!({ "outcome": "approved", "comment": "Go ahead." });
    tale.answer("outcome", "operator", &VOTERS, "proposal", &outcome);
    let members = json!({
        "negotiation": "proposal", "round": 2, "outcome": "approved", "by": "operator", "message": "outcome",
        "overridden": true,
    });
    tale.event("resolved", &members);
}

#[test]
fn in_its_conversation_and_in_a_box() {
    for (name, variables) in LOOKS {
        let mut tale = tale(variables);
        let seq = tale.app.model.state.message(&"proposal".parse().unwrap()).unwrap().seq;
        assert!(tale.app.select_message(seq));
        (tale.app.focus, tale.app.zoomed) = (Pane::Thread, true);
        assert_snapshot!(format!("thread_open_{name}"), tale.screen(80, 40));
        resolved(&mut tale);
        assert_snapshot!(format!("thread_resolved_{name}"), tale.screen(80, 40));
        tale.app.overlay = Some(Overlay::Detail(Detail::Message(seq), 0));
        assert_snapshot!(format!("detail_resolved_{name}"), tale.screen(100, 40));
    }
}

#[test]
fn its_thread_is_a_key_away() {
    let mut tale = tale(&[]);
    let seq = tale.app.model.state.message(&"proposal".parse().unwrap()).unwrap().seq;
    let told = pictured(&rows(&tale.app, negotiation(&tale), 80));
    assert!(told.ends_with("\nthread: 5 messages, 6 goes there\n"), "{told}");
    tale.app.overlay = Some(Overlay::Detail(Detail::Message(seq), 0));
    let key = crossterm::event::KeyEvent::from(crossterm::event::KeyCode::Char('6'));
    let now = tale.app.now;
    update(&mut tale.app, Msg::Key(key), now);
    assert_eq!((tale.app.overlay, tale.app.focus), (None, Pane::Thread));
    assert_eq!(tale.app.thread.selected, Some(seq));
}

#[test]
fn the_height_of_a_message_is_what_is_drawn() {
    let mut tale = tale(&[]);
    resolved(&mut tale);
    let seqs: Vec<_> = tale.app.model.state.records().map(|record| record.seq).collect();
    assert!(tale.app.select_message(seqs[0]));
    tale.app.focus = Pane::Thread;
    let nodes = tale.app.nodes();
    for width in [30, 60, 118] {
        let heights: usize = nodes.iter().map(|node| thread::message_height(&tale.app, *node, width)).sum();
        let top = (seqs[0], 0);
        let below = thread::scrolled(&tale.app, &nodes, top, width, isize::try_from(heights).unwrap());
        let last = nodes.last().unwrap();
        assert_eq!(below, (last.seq, thread::message_height(&tale.app, *last, width) - 1));
    }
}

#[test]
fn votes_that_are_in_wait_for_the_operator() {
    let mut tale = tale(&[]);
    vote(&mut tale, "vote-4", "AuthCore", 2, &json!({ "vote": "accept" }));
    vote(&mut tale, "vote-5", "Flagship", 2, &json!({ "vote": "accept" }));
    let tally = json!({ "accept": 4, "reject": 0, "abstain": 0, "waiting": 0 });
    let members = json!({ "negotiation": "proposal", "round": 2, "standing": "consensus", "tally": tally });
    tale.event("tallied", &members);
    let told = pictured(&super::super::negotiation::standing(&tale.app, negotiation(&tale), 80));
    assert_eq!(told, "[████████████████████████]\n4 of 4 accept: consensus, waiting for you\n");
}

#[test]
fn hostile_texts_are_shown_and_do_nothing() {
    let mut tale = Tale::new(&[]);
    let payload = json!({
        "proposal": HOSTILE, "affected_repos": VOTERS, "benefits": [HOSTILE], "requires_consensus": false,
    });
    proposed(&mut tale, &payload);
    round(
        &mut tale,
        "counter",
        "LensSDK",
        2,
        &format!("{HOSTILE}\u{301}\u{301}\u{301}\u{301}\u{202e} otherwise"),
    );
    vote(&mut tale, "vote", "UILib", 2, &json!({ "vote": "reject", "comment": HOSTILE }));
    for width in [2, 12, 40, 120] {
        assert_harmless(&rows(&tale.app, negotiation(&tale), width), width.max(12));
    }
}
