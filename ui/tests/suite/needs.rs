//! What needs the operator, and who owes whom an answer.

use serde_json::json;
use veda_bus_core::name::Seq;
use veda_bus_core::payload::Vote;
use veda_bus_core::time::Millis;
use veda_bus_ui::model::Model;
use veda_bus_ui::model::needs::{Balance, Need};

use crate::swarm::{Swarm, answer, notify, proposal, query, repo, vote, with};

fn swarm() -> Swarm {
    let mut swarm = Swarm::new();
    for name in ["operator", "Flagship", "LensSDK", "AuthCore"] {
        swarm.join(name, &[]);
    }
    swarm
}

fn fold(swarm: &Swarm) -> Model {
    let mut model = Model::new(1_000);
    for event in &swarm.events {
        model.apply(event.clone());
    }
    model
}

fn needs(swarm: &Swarm) -> Vec<Need> {
    fold(swarm).needs.list(swarm.now).to_vec()
}

#[test]
fn a_message_to_the_operator_is_there_until_it_is_answered() {
    let mut swarm = swarm();
    let asked = swarm.send("Flagship", &query("q", "operator", "May I?"));
    swarm.read("operator", &["q"]);
    assert_eq!(needs(&swarm), [Need::Message(asked)], "to read a question is not to answer it");
    swarm.send("operator", &answer("a", "Flagship", "q", "Yes."));
    assert_eq!(needs(&swarm), []);
}

#[test]
fn what_only_tells_something_is_there_until_it_is_read() {
    let mut swarm = swarm();
    let told = swarm.send("Flagship", &notify("n", "operator", "It is gone"));
    assert_eq!(needs(&swarm), [Need::Message(told)]);
    swarm.read("operator", &["n"]);
    assert_eq!(needs(&swarm), []);
}

#[test]
fn what_is_said_to_everyone_or_only_acknowledges_needs_nobody() {
    let mut swarm = swarm();
    swarm.send("Flagship", &notify("n", "*", "It is gone"));
    swarm.send("operator", &query("m", "Flagship", "Is it back?"));
    let acknowledged = json!({
        "id": "k", "to": { "repo": "operator" }, "type": "Query", "reply_to": "m",
        "payload": { "acknowledged": true },
    });
    swarm.send("Flagship", &acknowledged);
    assert_eq!(needs(&swarm), []);
}

#[test]
fn what_was_dismissed_stays_away_after_a_restart_of_the_fold() {
    let mut swarm = swarm();
    let first = swarm.send("Flagship", &query("q", "operator", "May I?"));
    let second = swarm.send("LensSDK", &query("r", "operator", "And I?"));
    let mut model = fold(&swarm);
    assert_eq!(
        *model.needs.list(swarm.now),
        [Need::Message(second), Need::Message(first)],
        "the newest first"
    );
    model.needs.dismiss(Need::Message(second));
    assert_eq!(*model.needs.list(swarm.now), [Need::Message(first)]);
    model.restart();
    assert_eq!(*model.needs.list(swarm.now), []);
    for event in &swarm.events {
        model.apply(event.clone());
    }
    assert_eq!(*model.needs.list(swarm.now), [Need::Message(first)]);
}

#[test]
fn a_vote_counts_for_the_nearest_proposal_above_it() {
    let mut swarm = swarm();
    let voters = ["Flagship", "LensSDK", "AuthCore"];
    let outer = swarm.send("Flagship", &proposal("p", "*", "Rename it", &voters));
    swarm.send("LensSDK", &vote("v1", "Flagship", "p", "accept"));
    let model = fold(&swarm);
    let negotiation = model.needs.negotiation(outer).unwrap();
    assert_eq!(negotiation.count(Vote::Accept), 2, "the proposer accepts what it proposes");
    assert_eq!(negotiation.waiting().collect::<Vec<_>>(), [&repo("AuthCore")]);

    let inner =
        swarm.send("AuthCore", &with(proposal("p2", "*", "Rename it otherwise", &voters), "reply_to", "p"));
    swarm.send("LensSDK", &vote("v2", "AuthCore", "p2", "reject"));
    // A vote on what somebody said about the proposal is a vote on it, and the last word of each counts.
    swarm.send("Flagship", &vote("v3", "LensSDK", "v2", "abstain"));
    swarm.send("Flagship", &vote("v4", "LensSDK", "v3", "accept"));
    let model = fold(&swarm);
    let counts = |seq: Seq| {
        let negotiation = model.needs.negotiation(seq).unwrap();
        [Vote::Accept, Vote::Reject, Vote::Abstain, Vote::Counter].map(|vote| negotiation.count(vote))
    };
    assert_eq!((counts(outer), counts(inner)), ([2, 0, 0, 0], [2, 1, 0, 0]));
    assert_eq!(*model.needs.list(swarm.now), [Need::Negotiation(inner), Need::Negotiation(outer)]);
}

#[test]
fn only_the_votes_of_voters_count() {
    let mut swarm = swarm();
    let seq = swarm.send("Flagship", &proposal("p", "*", "Rename it", &["LensSDK"]));
    swarm.send("AuthCore", &vote("v", "Flagship", "p", "reject"));
    let model = fold(&swarm);
    let negotiation = model.needs.negotiation(seq).unwrap();
    assert_eq!((negotiation.count(Vote::Accept), negotiation.count(Vote::Reject)), (0, 0));
    assert_eq!(negotiation.waiting().count(), 1);
}

#[test]
fn an_outcome_ends_a_negotiation() {
    let mut swarm = swarm();
    swarm.send("Flagship", &proposal("p", "*", "Rename it", &["LensSDK"]));
    let outcome = json!({
        "id": "o", "to": { "repo": "*" }, "type": "Negotiate", "reply_to": "p",
        "payload": { "outcome": "approved" },
    });
    swarm.send("operator", &outcome);
    assert_eq!(needs(&swarm), []);
}

#[test]
fn a_request_is_overdue_when_its_time_is_up_and_not_before() {
    let mut swarm = swarm();
    let asked = swarm.send("Flagship", &with(query("q", "LensSDK", "Why?"), "ttl", 60));
    swarm.read("LensSDK", &["q"]);
    let model = fold(&swarm);
    let deadline = Millis(swarm.now.0 + 60_000);
    assert_eq!(model.needs.next_deadline(swarm.now), Some(deadline));
    assert_eq!(*model.needs.list(Millis(deadline.0 - 1)), []);
    assert_eq!(*model.needs.list(deadline), [Need::Overdue(asked)]);
    assert_eq!(model.needs.next_deadline(deadline), None);
    assert_eq!(model.needs.owed_by(asked), [repo("LensSDK")]);
    swarm.pass(90);
    swarm.send("LensSDK", &answer("a", "Flagship", "q", "So."));
    assert_eq!(needs(&swarm), [], "late, but answered");
}

#[test]
fn what_was_never_read_is_a_dead_letter_and_not_overdue_as_well() {
    let mut swarm = swarm();
    swarm.leave("LensSDK");
    let asked = swarm.send("Flagship", &with(query("q", "LensSDK", "Why?"), "ttl", 60));
    swarm.pass(90);
    let model = fold(&swarm);
    let [Need::Expired(event)] = model.needs.list(swarm.now)[..] else { panic!() };
    let letter = model.needs.dead_letter(event).unwrap();
    assert_eq!((letter.message, &letter.from), (Some(asked), &repo("Flagship")));
    assert_eq!(letter.unread_by, [repo("LensSDK")]);
}

#[test]
fn who_owes_whom_is_counted_and_settled() {
    let mut swarm = swarm();
    let balance = |swarm: &Swarm, name: &str| {
        let Balance { owes, owed } = fold(swarm).needs.balance_of(&repo(name));
        (owes, owed)
    };
    let asked = swarm.send("Flagship", &query("q", "LensSDK", "Why?"));
    let subtasks = json!({ "LensSDK": "one", "AuthCore": "two" });
    let payload = json!({ "task_type": "t", "description": "d", "subtasks": subtasks });
    swarm.send("Flagship", &json!({ "id": "t", "to": { "repo": "*" }, "type": "Task", "payload": payload }));
    swarm.send("Flagship", &notify("n", "*", "told, not asked"));
    assert_eq!((balance(&swarm, "LensSDK"), balance(&swarm, "Flagship")), ((2, 0), (0, 3)));
    let model = fold(&swarm);
    assert_eq!(model.needs.owed_from(&repo("LensSDK")).next(), Some(asked), "the oldest first");
    swarm.send("LensSDK", &answer("a", "Flagship", "q", "So."));
    swarm.send("LensSDK", &answer("a2", "Flagship", "q", "Or so."));
    assert_eq!((balance(&swarm, "LensSDK"), balance(&swarm, "Flagship")), ((1, 0), (0, 2)));
    assert_eq!(balance(&swarm, "AuthCore"), (1, 0));
}
