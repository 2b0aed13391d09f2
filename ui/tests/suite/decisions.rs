//! What the operator decides: what is asked before, what the bus is told, and what is shown of its answer.

use insta::assert_snapshot;
use serde_json::{Value, json};
use veda_bus_core::event::{Event, Halted, Recorded};
use veda_bus_core::payload::Outcome;
use veda_bus_core::state::negotiation::Negotiation;
use veda_bus_core::wire::{Decide, Verdict};
use veda_bus_ui::app::drawn::Target;
use veda_bus_ui::app::overlay::Overlay;
use veda_bus_ui::link::{Ask, News, Ruling};
use veda_bus_ui::model::needs::Need;
use veda_bus_ui::update::{Effect, Msg};

use crate::console::Console;
use crate::swarm::{Swarm, message_id, proposal, query, vote, with};

const VOTERS: [&str; 3] = ["Flagship", "LensSDK", "UILib"];
const WORDING: &str = "Move shared auth into a package of its own";

fn swarm() -> Swarm {
    let mut swarm = Swarm::new();
    for name in ["operator", "Flagship", "LensSDK", "UILib"] {
        swarm.join(name, &[]);
    }
    swarm
}

/// A proposal, a counter-proposal, and all for it in the second round.
pub(crate) fn carried() -> Swarm {
    let mut swarm = swarm();
    swarm.send("Flagship", &proposal("p", "*", "Move auth", &VOTERS));
    swarm.send("LensSDK", &vote("v1", "Flagship", "p", "accept"));
    swarm.send("UILib", &counter("c", "p", WORDING));
    swarm.send("Flagship", &vote("v2", "UILib", "c", "accept"));
    swarm.send("LensSDK", &vote("v3", "UILib", "c", "accept"));
    swarm
}

fn counter(id: &str, parent: &str, wording: &str) -> Value {
    let payload = json!({ "vote": "counter", "counter_proposal": wording });
    json!({
        "id": id, "to": { "repo": "*" }, "type": "Negotiate", "reply_to": parent, "payload": payload,
    })
}

/// Two questions that are held.
pub(crate) fn holding() -> Swarm {
    let mut swarm = swarm();
    swarm.hold("type == \"Query\"");
    swarm.send("Flagship", &query("h1", "LensSDK", "Which lens?"));
    swarm.send("LensSDK", &with(query("h2", "UILib", "Which colour?"), "ttl", 120));
    swarm
}

/// A console in pane 3.
fn console(swarm: &Swarm) -> Console {
    let mut console = Console::of(swarm, 120, 40);
    console.press("3");
    console
}

/// What the console asked the bus to decide since it was asked last.
fn orders(console: &mut Console) -> Vec<(u64, Vec<Vec<Decide>>)> {
    let effects = std::mem::take(&mut console.effects);
    let decisions = effects.into_iter().filter_map(|effect| match effect {
        Effect::Ask(Ask::Decide { number, orders }) => Some((number, orders)),
        _ => None,
    });
    decisions.collect()
}

/// The bus takes what the console asks it to decide, and says so; the console hears of nothing else.
fn answer(console: &mut Console, swarm: &mut Swarm) {
    for (number, orders) in orders(console) {
        let rule = |orders: Vec<Decide>| {
            let refused = orders.iter().enumerate().find_map(|(taken, order)| match swarm.decide(order) {
                Err(refusal) => Some(Ruling::Refused { taken, refusal }),
                Ok(_) => None,
            });
            refused.unwrap_or(Ruling::Taken)
        };
        let rulings = orders.into_iter().map(rule).collect();
        console.take(Msg::News(News::Decided(number, rulings)));
    }
    console.draw();
}

/// What the box over the panes says, however its lines are broken.
fn asked(console: &mut Console) -> String {
    console.draw();
    let boxes = &console.app.drawn.targets;
    let (area, _) = boxes.iter().find(|(_, target)| *target == Target::Overlay).expect("something is asked");
    let line = |y| {
        let cells = (area.x + 1..area.right() - 1).map(|x| console.buffer[(x, y)].symbol());
        cells.collect::<String>().trim().to_owned()
    };
    (area.y + 1..area.bottom() - 1).map(line).collect::<Vec<_>>().join(" ")
}

fn toast(console: &Console) -> &str {
    console.app.toast.as_ref().map_or("", |toast| &toast.text)
}

fn negotiation<'a>(swarm: &'a Swarm, id: &str) -> &'a Negotiation {
    swarm.hub.state().negotiation_of(&message_id(id)).unwrap()
}

fn outcome(swarm: &Swarm, id: &str) -> Option<Outcome> {
    negotiation(swarm, id).resolution.as_ref().map(|resolution| resolution.outcome)
}

fn body(swarm: &Swarm, id: &str) -> Value {
    let seq = swarm.seq_of(id);
    serde_json::from_slice(swarm.hub.state().body(seq).unwrap()).unwrap()
}

#[test]
fn what_is_decided_is_said_in_words_before_and_told_after() {
    let mut swarm = carried();
    let mut console = console(&swarm);
    assert!(console.shows("3 of 3 accept"));
    console.press("a");
    let text = asked(&mut console);
    for wanted in ["Approve round 2", "by Flagship, worded by UILib (3 of 3 accept", WORDING] {
        assert!(text.contains(wanted), "{wanted:?} is not said: {text}");
    }
    assert!(text.contains("Flagship, LensSDK and UILib are told."), "{text}");
    console.types("Go ahead");
    assert_eq!(orders(&mut console), [], "nothing is decided by what is typed");
    console.press("enter");
    assert!(console.shows("it is being decided"));
    answer(&mut console, &mut swarm);
    assert_eq!(toast(&console), "approved");
    assert_eq!(outcome(&swarm, "p"), Some(Outcome::Approved));
    let told = negotiation(&swarm, "p").resolution.as_ref().unwrap().message.to_string();
    assert_eq!(body(&swarm, &told)["payload"], json!({ "outcome": "approved", "comment": "Go ahead" }));
    console.catch_up(&swarm);
    assert_eq!(console.app.needs_now().len(), 0);
}

#[test]
fn nothing_is_decided_by_a_stray_key() {
    let swarm = carried();
    for verb in ["a", "x", "e", "o"] {
        let mut console = console(&swarm);
        console.press(verb);
        assert_eq!(console.app.overlay, Some(Overlay::Decision), "{verb}");
        console.press("y j a x space esc");
        assert_eq!((console.app.overlay.is_none(), orders(&mut console)), (true, vec![]), "{verb}");
    }
    // What was written is not lost by a key that was meant otherwise.
    let mut console = console(&swarm);
    console.press("a");
    console.types("because");
    console.press("esc a");
    assert!(console.shows("because"));
}

#[test]
fn what_can_not_be_decided_says_why() {
    let mut swarm = swarm();
    swarm.send("Flagship", &proposal("p", "*", "Move auth", &VOTERS));
    let mut console = console(&swarm);
    console.press("a");
    assert_eq!(toast(&console), "approve: votes are missing; o decides without them");
    console.press("A");
    assert_eq!(toast(&console), "allow: only what is held can be let go for good");
    swarm.send("LensSDK", &vote("v1", "Flagship", "p", "accept"));
    swarm.send("UILib", &vote("v2", "Flagship", "p", "reject"));
    console.catch_up(&swarm);
    console.press("a");
    assert_eq!(toast(&console), "approve: the votes do not carry it; o overrides");
    console.press("o down");
    assert!(asked(&mut console).contains("Reject round 1 of a proposal by Flagship, whatever the votes ("));
    console.press("up enter");
    answer(&mut console, &mut swarm);
    assert_eq!((toast(&console), outcome(&swarm, "p")), ("approved", Some(Outcome::Approved)));
    assert!(negotiation(&swarm, "p").resolution.as_ref().unwrap().overridden);
    console.catch_up(&swarm);
    console.press("2 x");
    assert_eq!(toast(&console), "reject: it is decided already");
    console.press("1 a");
    assert_eq!(toast(&console), "approve: nothing is to be decided here");
}

#[test]
fn a_proposal_is_amended_in_the_operators_words() {
    let mut swarm = carried();
    let mut console = console(&swarm);
    console.press("e");
    assert!(asked(&mut console).contains("Flagship, LensSDK, UILib vote anew, in round 3"));
    console.press("ctrl-u ctrl-s");
    assert!(asked(&mut console).contains("a proposal has to say something"));
    assert_eq!(orders(&mut console), []);
    console.types("Move it,\nbut later");
    console.press("ctrl-e");
    let Some(Effect::Editor(field, text)) = console.effects.last().cloned() else { panic!("no editor") };
    assert_eq!(text, "Move it,\nbut later");
    console.take(Msg::Edited(field, Ok(text + " on\n")));
    console.press("tab");
    console.types("Not now");
    console.press("enter");
    answer(&mut console, &mut swarm);
    assert_eq!(toast(&console), "put to the vote anew");
    let round = &negotiation(&swarm, "p").round;
    let payload = body(&swarm, &round.message.to_string())["payload"].clone();
    assert_eq!(payload, json!({ "counter_proposal": "Move it,\nbut later on", "comment": "Not now" }));
}

#[test]
fn what_somebody_else_decided_meanwhile_is_said_and_nothing_is_sent() {
    let mut swarm = carried();
    let mut console = console(&swarm);
    console.press("x");
    console.types("too late");
    swarm.decide(&Decide::on(Verdict::Approve, message_id("c"))).unwrap();
    console.catch_up(&swarm);
    assert!(asked(&mut console).contains("it is decided already: approved by operator"));
    console.press("enter");
    assert_eq!(orders(&mut console), []);
    assert!(asked(&mut console).contains("nothing was decided: it is decided already"));
}

#[test]
fn another_wording_is_not_decided_by_what_was_asked_of_this_one() {
    let mut swarm = carried();
    let mut console = console(&swarm);
    console.press("o");
    swarm.send("LensSDK", &counter("c2", "c", "Leave it"));
    console.catch_up(&swarm);
    console.press("enter");
    assert_eq!(orders(&mut console), []);
    assert!(asked(&mut console).contains("another wording is put to the vote by now"));
}

#[test]
fn a_refusal_is_shown_where_it_happened_and_what_was_written_comes_back() {
    let mut swarm = carried();
    let mut console = console(&swarm);
    console.press("x");
    console.types("I do not like it");
    // The console does not know yet.
    swarm.decide(&Decide::on(Verdict::Approve, message_id("c"))).unwrap();
    console.press("enter");
    answer(&mut console, &mut swarm);
    assert!(toast(&console).starts_with("somebody else was first: "), "{}", toast(&console));
    assert!(console.shows("not decided: somebody else"));
    console.press("x");
    assert!(asked(&mut console).contains("I do not like it") && console.shows("somebody else was first"));
}

#[test]
fn a_bus_that_is_gone_decides_nothing_or_nobody_knows() {
    let swarm = carried();
    let mut console = console(&swarm);
    console.press("a");
    console.types("yes");
    console.take(Msg::News(News::Lost));
    console.press("enter");
    assert!(asked(&mut console).contains("no bus answers; nothing was decided") && console.shows("yes"));
    assert_eq!(orders(&mut console), []);
    console.take(Msg::News(News::Back));
    console.press("enter");
    let [(number, _)] = orders(&mut console)[..] else { panic!("it was sent") };
    console.press("a");
    assert_eq!(toast(&console), "approve: it is being decided; the bus has not answered yet");
    let why = "the bus went away before it answered".to_owned();
    console.take(Msg::News(News::Decided(number, vec![Ruling::Unanswered(why)])));
    assert!(console.shows("not decided: the bus went away"));
    console.press("a");
    assert!(console.shows("yes"), "what was written is still there");
}

#[test]
fn a_held_message_is_let_go_or_refused_with_a_reason() {
    let mut swarm = holding();
    let mut console = console(&swarm);
    let [Need::Held(_), Need::Held(_)] = console.app.needs_now()[..] else { panic!("two are held") };
    console.press("x");
    assert!(asked(&mut console).contains("Do not let go the Query from LensSDK to UILib. LensSDK is told."));
    console.press("enter");
    assert_eq!(orders(&mut console), []);
    assert!(asked(&mut console).contains("say it in the comment"));
    console.types("not now");
    console.press("enter");
    answer(&mut console, &mut swarm);
    assert_eq!(toast(&console), "refused; the sender is told");
    console.catch_up(&swarm);
    console.press("a enter");
    answer(&mut console, &mut swarm);
    assert_eq!(toast(&console), "let go");
    assert_eq!(swarm.hub.state().holds().count(), 0);
    console.catch_up(&swarm);
    assert_eq!(console.app.needs_now().len(), 0);
}

#[test]
fn a_held_message_is_changed_and_judged_before_it_goes() {
    let mut swarm = holding();
    let mut console = console(&swarm);
    console.press("e");
    assert!(console.shows("\"question\": \"Which colour?\""));
    console.types("}");
    assert!(console.shows("payload"), "what is wrong is said while it is written:\n{}", console.text());
    console.press("ctrl-s");
    assert_eq!(orders(&mut console), []);
    console.take(Msg::Edited(0, Ok("{\n  \"question\": \"Which colours?\"\n}\n".to_owned())));
    console.press("ctrl-s");
    answer(&mut console, &mut swarm);
    assert_eq!(toast(&console), "changed and let go");
    assert_eq!(body(&swarm, "h2")["payload"], json!({ "question": "Which colours?" }));
}

#[test]
fn what_is_always_let_go_is_a_rule_first_and_then_let_go() {
    let swarm = holding();
    let mut console = console(&swarm);
    console.press("A");
    assert!(asked(&mut console).contains("never hold LensSDK > UILib, Query again"));
    console.press("enter");
    let [(number, orders)] = &orders(&mut console)[..] else { panic!("it was sent") };
    let [rule, release] = &orders[0][..] else { panic!("{orders:?}") };
    assert_eq!((rule.verdict, release.verdict), (Verdict::Allow, Verdict::Release));
    assert_eq!(rule.rule.as_ref().unwrap().to_string(), "LensSDK → UILib, Query");
    assert_eq!(release.id, Some(message_id("h2")));
    console.take(Msg::News(News::Decided(*number, vec![Ruling::Taken])));
    assert_eq!(toast(&console), "let go, now and from now on");
}

#[test]
fn what_is_marked_is_decided_together_and_what_can_not_be_is_named() {
    let mut swarm = carried();
    swarm.send("Flagship", &proposal("p2", "*", "Rename Frame", &VOTERS));
    swarm.send("LensSDK", &proposal("p3", "*", "Drop iOS 12", &["LensSDK", "UILib"]));
    swarm.send("UILib", &vote("v4", "LensSDK", "p3", "accept"));
    let mut console = console(&swarm);
    console.press("m m m");
    assert!(console.shows("3 marked"));
    console.press("e");
    assert_eq!(toast(&console), "amend: one thing is amended at a time; U unmarks all");
    console.press("a");
    assert!(asked(&mut console).contains("2 decisions at once, 1 left out"));
    assert!(
        asked(&mut console).contains("left out, votes are missing; o decides without them: \"Rename Frame\"")
    );
    console.types("Both");
    console.press("enter");
    answer(&mut console, &mut swarm);
    assert_eq!(toast(&console), "2 things: approved");
    let approved = ["p", "p2", "p3"].map(|id| outcome(&swarm, id).is_some());
    assert_eq!(approved, [true, false, true]);
    console.catch_up(&swarm);
    assert!(!console.shows("marked"));
    console.press("m U");
    assert!(console.app.decisions.marked.is_empty());
}

#[test]
fn a_thread_that_is_held_goes_on() {
    let mut swarm = swarm();
    swarm.send("Flagship", &query("q", "LensSDK", "Thanks?"));
    let last = swarm.events.last().unwrap();
    let halted = Halted { thread: message_id("q"), reason: "they only thank each other".into() };
    let halted = Recorded { seq: last.seq.next(), at: last.at, event: Event::Halted(halted) };
    swarm.hub.recover(&halted);
    swarm.events.push(halted);
    let mut console = console(&swarm);
    assert!(console.shows("they only thank each other"));
    console.press("x");
    assert_eq!(toast(&console), "reject: a thread that is held can only be let go on");
    console.press("enter a");
    assert!(asked(&mut console).contains("Let the thread go on"), "from the thread, too");
    console.press("enter");
    answer(&mut console, &mut swarm);
    assert_eq!(toast(&console), "let go");
    assert_eq!(swarm.hub.state().held_threads().count(), 0);
}

#[test]
fn a_message_that_is_named_is_decided_from_anywhere() {
    let mut swarm = carried();
    let mut console = console(&swarm);
    console.press("1");
    console.command("reject v3");
    assert!(asked(&mut console).contains("Reject round 2"), "a vote is about its proposal");
    console.press("esc");
    console.command("refuse nothing");
    assert_eq!(toast(&console), "no remembered message is \"nothing\"");
    console.command("approve");
    assert!(matches!(console.app.overlay, Some(Overlay::Command(_))), "without a message, it is asked for");
    console.press("esc");
    let asked = swarm.send("Flagship", &query("q", "LensSDK", "Why?"));
    console.catch_up(&swarm);
    console.command("approve q");
    assert_eq!(toast(&console), "nothing is to be decided about that message");
    assert!(swarm.hub.state().hold(asked).is_none());
}

#[test]
fn the_rules_are_shown_and_a_standing_one_is_taken_back() {
    let mut console = Console::of(&ruled(), 120, 40);
    console.command("rules");
    assert_snapshot!("rules_120x40", console.screen());
    console.press("j x");
    assert!(asked(&mut console).contains("Take back the standing rule LensSDK > UILib, Query."));
    console.press("enter");
    let [(_, orders)] = &orders(&mut console)[..] else { panic!("it was sent") };
    let order = &orders[0][0];
    assert_eq!(order.verdict, Verdict::Revoke);
    assert_eq!(order.rule.as_ref().unwrap().to_string(), "LensSDK → UILib, Query");
}

/// A bus with rules of every kind, and something wrong with them.
fn ruled() -> Swarm {
    let mut swarm = swarm();
    let configured = json!({
        "negotiations": "on_conflict",
        "hold": ["type == \"Task\"", "priority == high && from != \"Flagship\""],
        "allow": [{ "from": "Flagship", "to": "*" }, { "from": "LensSDK", "to": "UILib", "type": "Query" }],
        "problems": ["bus.toml:12:9: expected a string, found 7"],
        "warnings": ["bus.toml:4:1: no repo \"Lens\" is known; did you mean LensSDK?"],
    });
    swarm.configure(serde_json::from_value(configured).unwrap());
    swarm
}

#[test]
fn the_dialogue_in_every_size() {
    let split = {
        let mut swarm = carried();
        swarm.send(
            "Flagship",
            &proposal("p2", "*", &"Rename Frame to Picture everywhere. ".repeat(9), &VOTERS),
        );
        swarm.send("UILib", &vote("v4", "Flagship", "p2", "reject"));
        swarm
    };
    let cases: [(&str, Swarm, &str); 6] = [
        ("approve", carried(), "3 a"),
        ("override", split, "3 j o down"),
        ("amend", carried(), "3 e"),
        ("refuse", holding(), "3 x"),
        ("edit", holding(), "3 e"),
        ("several", holding(), "3 m m a"),
    ];
    for (name, swarm, keys) in cases {
        for (width, height) in [(40, 10), (60, 15), (80, 24), (120, 40), (200, 50)] {
            let mut console = Console::of(&swarm, width, height);
            console.press(keys);
            assert_snapshot!(format!("decide_{name}_{width}x{height}"), console.screen());
        }
    }
}

#[test]
fn needs_of_every_kind() {
    let mut swarm = ruled();
    swarm.hold("type == \"Query\"");
    swarm.send("Flagship", &query("h", "LensSDK", "Which lens?"));
    swarm.send("Flagship", &proposal("p", "*", "Move auth", &VOTERS));
    swarm.send("LensSDK", &vote("v", "Flagship", "p", "reject"));
    let forged = json!({
        "id": "o", "to": { "repo": "*" }, "type": "Negotiate", "reply_to": "p",
        "payload": { "outcome": "approved" },
    });
    swarm.try_send("LensSDK", &forged).unwrap_err();
    swarm.configure(ruled().hub.state().configured().unwrap().clone());
    let mut console = Console::of(&swarm, 100, 30);
    console.press("3 m z");
    assert_snapshot!("needs_of_every_kind_100x30", console.screen());
}

#[test]
fn a_list_of_a_thousand_votes_is_made_only_when_it_changes() {
    let mut swarm = swarm();
    let names: Vec<_> = (0..20).map(|number| format!("Repo{number:02}")).collect();
    for name in &names {
        swarm.join(name, &[]);
    }
    let voters: Vec<_> = names.iter().map(String::as_str).collect();
    for number in 0..1000 {
        swarm.send("Flagship", &proposal(&format!("p{number}"), "*", "Rename it", &voters));
    }
    let mut console = console(&swarm);
    let list = console.app.needs_now();
    assert_eq!((list.len(), console.app.needs_count()), (1000, 0));
    swarm.send("Repo00", &vote("v", "Flagship", "p500", "accept"));
    let is_vote = |recorded: &&Recorded| matches!(recorded.event, Event::Voted(_));
    let cast: Vec<_> = swarm.events.iter().filter(is_vote).cloned().collect();
    assert_eq!(cast.len(), 1);
    console.events(&cast);
    assert!(std::sync::Arc::ptr_eq(&list, &console.app.needs_now()), "a vote changes no line's place");
}
