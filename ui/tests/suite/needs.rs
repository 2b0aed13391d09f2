//! What needs the operator, and who owes whom an answer.

use serde_json::json;
use veda_bus_core::event::Configured;
use veda_bus_core::payload::Text;
use veda_bus_core::time::Millis;
use veda_bus_core::wire::{Decide, Verdict};
use veda_bus_ui::model::Model;
use veda_bus_ui::model::needs::Need;

use crate::swarm::{Swarm, answer, message_id, notify, proposal, query, repo, vote, with};

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
    listed(&fold(swarm), swarm.now)
}

fn listed(model: &Model, now: Millis) -> Vec<Need> {
    model.needs.list(&model.state, now).to_vec()
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
    assert_eq!(listed(&model, swarm.now), [Need::Message(second), Need::Message(first)], "the newest first");
    model.needs.dismiss(Need::Message(second));
    assert_eq!(listed(&model, swarm.now), [Need::Message(first)]);
    model.restart();
    assert_eq!(listed(&model, swarm.now), []);
    for event in &swarm.events {
        model.apply(event.clone());
    }
    assert_eq!(listed(&model, swarm.now), [Need::Message(first)]);
}

#[test]
fn a_vote_needs_the_operator_when_the_votes_are_in() {
    let mut swarm = swarm();
    let voters = ["Flagship", "LensSDK"];
    let first = swarm.send("Flagship", &proposal("p", "*", "Rename it", &voters));
    let second = swarm.send("Flagship", &proposal("p2", "*", "Rename it otherwise", &voters));
    let asked = swarm.send("LensSDK", &query("q", "operator", "May I?"));
    let mut model = fold(&swarm);
    let goes_on = [Need::Message(asked), Need::Negotiation(second), Need::Negotiation(first)];
    assert_eq!(listed(&model, swarm.now), goes_on, "what others vote on comes behind");
    assert_eq!(model.needs.count(&model.state, swarm.now), 1);
    model.needs.dismiss(Need::Negotiation(first));
    assert_eq!(listed(&model, swarm.now), goes_on[..2]);

    let seen = swarm.events.len();
    swarm.send("LensSDK", &vote("v", "Flagship", "p", "accept"));
    swarm.events[seen..].iter().for_each(|event| _ = model.apply(event.clone()));
    let awaits = [Need::Negotiation(first), Need::Message(asked), Need::Negotiation(second)];
    assert_eq!(listed(&model, swarm.now), awaits, "it calls for the operator anew");
    assert_eq!(model.needs.count(&model.state, swarm.now), 2);
    model.needs.dismiss(Need::Negotiation(first));
    assert_eq!(listed(&model, swarm.now), awaits[1..], "until that is dismissed, too");

    swarm.decide(&Decide::on(Verdict::Approve, message_id("p"))).unwrap();
    swarm.decide(&Decide::on(Verdict::Reject, message_id("p2"))).unwrap();
    assert_eq!(needs(&swarm), [Need::Message(asked)], "an outcome ends it");
}

#[test]
fn what_is_held_is_listed_by_the_time_that_it_has_left() {
    let mut swarm = swarm();
    swarm.hold("type == \"Query\"");
    let [late, soon, sooner] = [("l", 3000), ("s", 600), ("t", 500)]
        .map(|(id, ttl)| swarm.send("Flagship", &with(query(id, "LensSDK", "Why?"), "ttl", ttl)));
    assert_eq!(needs(&swarm), [Need::Held(sooner), Need::Held(soon), Need::Held(late)]);
    swarm.pass(550 - 60);
    let mut model = fold(&swarm);
    model.needs.dismiss(Need::Held(soon));
    assert_eq!(listed(&model, swarm.now), [Need::Held(sooner), Need::Held(late)]);
    swarm.pass(50);
    let known = model.state.last();
    let news = swarm.events.iter().filter(|event| event.seq > known);
    news.for_each(|event| _ = model.apply(event.clone()));
    let [Need::Held(first), Need::Held(second), Need::Expired(_)] = listed(&model, swarm.now)[..] else {
        panic!()
    };
    assert_eq!((first, second), (soon, late), "it calls anew before it is stale");
    swarm.decide(&Decide::on(Verdict::Release, message_id("s"))).unwrap();
    let refuse = Decide { comment: Text::new("no"), ..Decide::on(Verdict::Refuse, message_id("l")) };
    swarm.decide(&refuse).unwrap();
    let held = needs(&swarm).into_iter().filter(|need| matches!(need, Need::Held(_))).count();
    assert_eq!(held, 0);
}

#[test]
fn who_acts_as_the_operator_and_what_is_wrong_with_the_rules_is_told() {
    let mut swarm = swarm();
    swarm.send("Flagship", &proposal("p", "*", "Rename it", &["LensSDK"]));
    let outcome = json!({
        "id": "o", "to": { "repo": "*" }, "type": "Negotiate", "reply_to": "p",
        "payload": { "outcome": "approved" },
    });
    swarm.try_send("LensSDK", &outcome).unwrap_err();
    let model = fold(&swarm);
    let [Need::Attempt(event), Need::Negotiation(_)] = listed(&model, swarm.now)[..] else { panic!() };
    assert_eq!(model.needs.attempt(event).unwrap().repo, repo("LensSDK"));

    let configure = |swarm: &mut Swarm, problems: &[&str]| {
        let problems = problems.iter().map(ToString::to_string).collect();
        let configured = Configured { negotiations: "always".into(), problems, ..Configured::default() };
        swarm.configure(configured);
    };
    configure(&mut swarm, &["bus.toml:3:1: nothing of this makes sense"]);
    assert!(matches!(needs(&swarm)[..], [Need::Attempt(_), Need::Rules(_), Need::Negotiation(_)]));
    configure(&mut swarm, &[]);
    assert!(matches!(needs(&swarm)[..], [Need::Attempt(_), Need::Negotiation(_)]));
}

#[test]
fn a_request_is_overdue_when_its_time_is_up_and_not_before() {
    let mut swarm = swarm();
    let asked = swarm.send("Flagship", &with(query("q", "LensSDK", "Why?"), "ttl", 60));
    swarm.read("LensSDK", &["q"]);
    let model = fold(&swarm);
    let deadline = Millis(swarm.now.0 + 60_000);
    assert_eq!(model.state.next_due(swarm.now), Some(deadline));
    assert_eq!(listed(&model, Millis(deadline.0 - 1)), []);
    assert_eq!(listed(&model, deadline), [Need::Overdue(asked)]);
    assert_eq!(model.state.next_due(deadline), None);
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
    let [Need::Expired(event)] = listed(&model, swarm.now)[..] else { panic!() };
    let letter = model.needs.dead_letter(event).unwrap();
    assert_eq!((letter.message, &letter.from), (Some(asked), &repo("Flagship")));
    assert_eq!(letter.unread_by, [repo("LensSDK")]);
}
