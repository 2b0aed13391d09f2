//! What messages say: at hand, asked for, or gone.

use veda_bus_core::name::Seq;
use veda_bus_ui::link::{Ask, News};
use veda_bus_ui::model::Model;
use veda_bus_ui::model::texts::Text;
use veda_bus_ui::update::{Effect, Msg};

use crate::console::Console;
use crate::swarm::{Swarm, query};

/// A message that is finished and of which this fold has no text: it began after it was accepted.
fn without_a_text() -> (Swarm, Model, Seq) {
    let mut swarm = Swarm::new();
    swarm.join("Flagship", &[]);
    swarm.join("LensSDK", &[]);
    let seq = swarm.send("Flagship", &query("q", "LensSDK", "Why?"));
    let model = Model::new(1_000);
    (swarm, model, seq)
}

#[test]
fn a_text_is_wanted_once_and_comes_or_is_gone() {
    let (_swarm, mut model, seq) = without_a_text();
    let at_hand = |model: &Model| model.texts.at_hand(&model.state, seq);
    assert!(matches!(at_hand(&model), Text::Coming));
    assert_eq!(model.texts.take_wanted(10), [], "to ask whether it is at hand is not to want it");
    assert!(matches!(model.texts.get(&model.state, seq), Text::Coming));
    assert!(matches!(model.texts.get(&model.state, seq), Text::Coming));
    assert_eq!(model.texts.take_wanted(10), [seq]);
    assert!(model.texts.is_fetching());
    assert!(matches!(model.texts.get(&model.state, seq), Text::Coming));
    assert_eq!(model.texts.take_wanted(10), [], "it was asked for");
    assert_eq!(model.texts.ask(vec![seq, Seq(99)]), [Seq(99)]);

    model.texts.fetched(&[seq, Seq(99)], Vec::new());
    assert!(!model.texts.is_fetching());
    assert!(matches!(at_hand(&model), Text::Gone));
    assert!(matches!(model.texts.get(&model.state, seq), Text::Gone));
    assert_eq!(model.texts.take_wanted(10), [], "what nobody has is not asked for again");
    model.texts.fetched(&[seq], vec![(seq, "{ not json".to_owned())]);
    let Text::Here(read) = at_hand(&model) else { panic!() };
    assert!(read.message.is_none() && read.json == "{ not json" && read.headline == "{ not json");
}

#[test]
fn what_was_wanted_last_is_fetched_first() {
    let (_swarm, mut model, _) = without_a_text();
    for seq in 1..=5 {
        model.texts.get(&model.state, Seq(seq));
    }
    assert_eq!(model.texts.take_wanted(2), [Seq(5), Seq(4)]);
    assert_eq!(model.texts.take_wanted(10), [Seq(3), Seq(2), Seq(1)]);
}

#[test]
fn what_was_read_is_kept_within_a_budget() {
    let (_swarm, mut model, _) = without_a_text();
    let long = "x".repeat(1 << 20);
    for seq in 1..=20 {
        model.texts.fetched(&[Seq(seq)], vec![(Seq(seq), long.clone())]);
    }
    let kept = (1..=20).filter(|&seq| matches!(model.texts.at_hand(&model.state, Seq(seq)), Text::Here(_)));
    let kept: Vec<_> = kept.collect();
    assert_eq!(kept, (13..=20).collect::<Vec<_>>(), "8 MiB of the latest");
    assert!(matches!(model.texts.at_hand(&model.state, Seq(1)), Text::Coming), "it can be fetched again");
    let Text::Here(read) = model.texts.at_hand(&model.state, Seq(20)) else { panic!() };
    assert!(read.headline.len() <= 400 && read.json.len() == 1 << 20);
}

#[test]
fn a_message_that_is_looked_at_is_fetched_and_shown() {
    let (mut swarm, ..) = without_a_text();
    swarm.read("LensSDK", &["q"]);
    swarm.send("LensSDK", &crate::swarm::answer("a", "Flagship", "q", "So."));
    // As many finished messages as push the first one's text out of the budget.
    let filler = "y".repeat(900_000);
    for number in 0..20 {
        let id = format!("n{number}");
        swarm.send("Flagship", &crate::swarm::notify(&id, "LensSDK", &filler));
        swarm.read("LensSDK", &[&id]);
    }
    let seq = swarm.seq_of("q");
    let mut console = Console::of(&swarm, 120, 40);
    assert!(console.app.select_message(seq));
    console.effects.clear();
    console.draw();
    let asked = console.effects.iter().find_map(|effect| match effect {
        Effect::Ask(Ask::Fetch(asked)) => Some(asked.clone()),
        _ => None,
    });
    let asked = asked.expect("it is fetched");
    assert!(asked.contains(&seq), "{asked:?}");
    assert!(!console.shows("Why is that?"));
    let envelope = query("q", "LensSDK", "Why is that?").to_string();
    let envelope = envelope.replacen('{', r#"{"from":{"repo":"Flagship"},"timestamp":1700000100,"#, 1);
    console.take(Msg::News(News::Fetched { asked, found: vec![(seq, envelope)] }));
    assert!(console.shows("Why is that?"), "{}", console.text());
}
