//! Conversations: their order, and what was read of them.

use proptest::collection::vec;
use proptest::prelude::*;
use veda_bus_core::name::{MessageId, Seq};
use veda_bus_ui::app::Cursor;
use veda_bus_ui::app::pane::Pane;
use veda_bus_ui::link::Ask;
use veda_bus_ui::model::Model;
use veda_bus_ui::update::{Effect, Msg};

use crate::console::Console;
use crate::properties::config;
use crate::swarm::{Swarm, answer, message_id, notify, query};

fn swarm() -> Swarm {
    let mut swarm = Swarm::new();
    for name in ["operator", "Flagship", "LensSDK"] {
        swarm.join(name, &[]);
    }
    swarm
}

fn three() -> Swarm {
    let mut swarm = swarm();
    for id in ["a", "b", "c"] {
        swarm.send("Flagship", &query(id, "LensSDK", "Why?"));
    }
    swarm
}

fn order(model: &Model) -> Vec<String> {
    model.threads.from(Seq(u64::MAX)).map(|(_, thread)| thread.to_string()).collect()
}

fn fold(swarm: &Swarm) -> Model {
    let mut model = Model::new(1_000);
    for event in &swarm.events {
        model.apply(event.clone());
    }
    model
}

#[test]
fn an_answer_brings_its_conversation_to_the_top() {
    let mut swarm = three();
    assert_eq!(order(&fold(&swarm)), ["c", "b", "a"]);
    swarm.send("LensSDK", &answer("a1", "Flagship", "a", "So."));
    let model = fold(&swarm);
    assert_eq!(order(&model), ["a", "c", "b"]);
    assert_eq!((model.threads.len(), model.threads.unread()), (3, 3));
    assert_eq!(model.threads.unread_in(&model.state, &message_id("a")), 2);
}

#[test]
fn a_conversation_is_read_when_its_last_message_is() {
    let mut swarm = three();
    let last = swarm.send("LensSDK", &answer("a1", "Flagship", "a", "So."));
    let mut model = fold(&swarm);
    let (thread, first) = (message_id("a"), swarm.seq_of("a"));
    assert!(model.threads.saw(&model.state, &thread, first));
    assert!(!model.threads.saw(&model.state, &thread, first), "that is no news");
    assert!(model.threads.is_unread(last));
    assert_eq!(model.threads.unread_in(&model.state, &thread), 1);
    assert!(model.threads.saw(&model.state, &thread, last));
    assert!(!model.threads.is_unread(last));
    assert_eq!(model.threads.unread(), 2);
    model.threads.saw_all(model.state.last());
    assert_eq!((model.threads.unread(), model.threads.seen().threads.len()), (0, 0));
}

#[test]
fn what_the_operator_says_is_no_news_to_the_operator() {
    let mut swarm = swarm();
    swarm.send("operator", &query("mine", "LensSDK", "Why?"));
    assert_eq!(fold(&swarm).threads.unread(), 0);
    swarm.send("LensSDK", &answer("theirs", "operator", "mine", "So."));
    assert_eq!(fold(&swarm).threads.unread(), 1);
    swarm.send("operator", &answer("again", "LensSDK", "theirs", "Really?"));
    assert_eq!(fold(&swarm).threads.unread(), 1, "to write into it is not to have read it");
}

#[test]
fn the_next_unread_one_is_older_and_begins_again_at_the_newest() {
    let mut console = Console::of(&three(), 120, 40);
    let selected = |console: &Console| console.app.conversations.selected.clone().unwrap().to_string();
    assert_eq!(selected(&console), "c");
    for expected in ["b", "a", "c", "b"] {
        console.press("]");
        assert_eq!(selected(&console), expected);
    }
    for expected in ["c", "a", "b"] {
        console.press("[");
        assert_eq!(selected(&console), expected);
    }
    console.press("m ]");
    assert_eq!(selected(&console), "a", "what was marked as read is passed over");
}

#[test]
fn a_message_is_read_when_it_is_shown_to_somebody_who_looks() {
    let mut swarm = swarm();
    swarm.send("Flagship", &notify("n", "operator", "It is gone"));
    let mut console = Console::of(&swarm, 120, 40);
    let told = |console: &Console| {
        let read = Effect::Ask(Ask::Read(vec![message_id("n")]));
        console.effects.iter().filter(|effect| **effect == read).count()
    };
    assert_eq!((told(&console), console.app.model.threads.unread()), (0, 1), "the list has the focus");
    console.take(Msg::Looked(false));
    console.app.focus = Pane::Thread;
    console.draw();
    assert_eq!((told(&console), console.app.model.threads.unread()), (0, 1), "nobody looks");
    console.press("?");
    assert_eq!((told(&console), console.app.model.threads.unread()), (0, 1), "the help lies over it");
    console.press("q");
    assert_eq!((told(&console), console.app.model.threads.unread()), (1, 0));
    console.press("z z");
    assert_eq!(told(&console), 1, "the bus is told once");
}

#[test]
fn who_comes_for_the_first_time_has_nothing_unread() {
    let mut swarm = three();
    let mut console = Console::new(120, 40);
    console.connect(&swarm);
    console.begin(Seq(1));
    console.events(&swarm.events);
    assert!(!console.app.is_first && console.app.model.threads.unread() == 0);
    swarm.send("Flagship", &query("d", "LensSDK", "Why?"));
    console.catch_up(&swarm);
    assert_eq!(console.app.model.threads.unread(), 1);
}

#[test]
fn what_the_state_forgets_is_soon_gone_from_the_list() {
    let mut swarm = swarm();
    let mut model = Model::new(3);
    // It is never finished, and the oldest.
    swarm.send("Flagship", &query("open", "LensSDK", "Why?"));
    for number in 0..40 {
        let (asked, told) = (format!("q{number}"), format!("a{number}"));
        swarm.send("Flagship", &query(&asked, "LensSDK", "Why?"));
        swarm.send("LensSDK", &answer(&told, "Flagship", &asked, "So."));
        swarm.read("Flagship", &[&told]);
    }
    swarm.events.iter().for_each(|event| _ = model.apply(event.clone()));
    let (listed, kept) = (order(&model), model.state.threads().count());
    assert!(listed.len() <= kept + 4, "{listed:?} of {kept}");
    assert!(model.threads.unread() <= kept + 4);
    assert!(listed.contains(&"open".to_owned()));
}

/// Where a cursor is clamped to: the selection is a line, it is in sight, and no line is wasted below the end.
#[test]
fn a_cursor_stays_in_its_list_and_in_sight() {
    for count in 0..12_usize {
        for height in 1..8_usize {
            for selected in 0..15 {
                for top in 0..15 {
                    let mut cursor = Cursor { selected, top };
                    cursor.clamp(count, height);
                    let Cursor { selected: at, top } = cursor.clone();
                    assert_eq!(at, selected.min(count.saturating_sub(1)));
                    assert!(top <= at && at < top + height, "{at} of {count} from {top} in {height}");
                    let once = cursor.clone();
                    cursor.clamp(count, height);
                    assert_eq!(cursor, once);
                }
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// Somebody says something, in answer to one of the messages, or to none.
    Say {
        by_operator: bool,
        parent: Option<usize>,
    },
    /// The operator sees a message.
    See(usize),
    SeeAll,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (prop::bool::weighted(0.3), prop::option::weighted(0.7, 0..30_usize))
            .prop_map(|(by_operator, parent)| Step::Say { by_operator, parent }),
        4 => (0..30_usize).prop_map(Step::See),
        1 => Just(Step::SeeAll),
    ]
}

/// A conversation as somebody would keep it who does not mind the cost.
struct Reference {
    thread: MessageId,
    last: Seq,
    seen: Seq,
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn order_and_unread_marks_are_as_if_each_was_looked_at(steps in vec(step(), 0..60)) {
        let (mut swarm, mut model) = (swarm(), Model::new(1_000));
        let mut known: Vec<Reference> = Vec::new();
        let mut said: Vec<(String, usize)> = Vec::new();
        for event in &swarm.events {
            model.apply(event.clone());
        }
        for step in steps {
            match step {
                Step::Say { by_operator, parent } => {
                    let from = if by_operator { "operator" } else { "Flagship" };
                    let id = format!("m{}", said.len());
                    let parent = parent.filter(|parent| *parent < said.len());
                    let message = match parent {
                        Some(parent) => answer(&id, "LensSDK", &said[parent].0, "So."),
                        None => query(&id, "LensSDK", "Why?"),
                    };
                    let before = swarm.events.len();
                    let seq = swarm.send(from, &message);
                    for event in &swarm.events[before..] {
                        model.apply(event.clone());
                    }
                    if parent.is_none() {
                        known.push(Reference { thread: message_id(&id), last: Seq(0), seen: Seq(0) });
                    }
                    let place = parent.map_or(known.len() - 1, |parent| said[parent].1);
                    let one = &mut known[place];
                    if by_operator && one.last <= one.seen {
                        one.seen = seq;
                    }
                    one.last = seq;
                    said.push((id, place));
                }
                Step::See(which) => {
                    if let Some((id, place)) = said.get(which) {
                        let (one, seq) = (&mut known[*place], swarm.seq_of(id));
                        let is_news = model.threads.saw(&model.state, &one.thread, seq);
                        prop_assert_eq!(is_news, seq > one.seen);
                        one.seen = one.seen.max(seq);
                    }
                }
                Step::SeeAll => {
                    model.threads.saw_all(model.state.last());
                    for one in &mut known {
                        one.seen = model.state.last();
                    }
                }
            }
            for one in &known {
                prop_assert_eq!(model.threads.is_unread(one.last), one.last > one.seen);
            }
            prop_assert_eq!(model.threads.unread(), known.iter().filter(|one| one.last > one.seen).count());
            let mut expected: Vec<_> = known.iter().map(|one| (one.last, &one.thread)).collect();
            expected.sort_by_key(|(last, _)| std::cmp::Reverse(*last));
            prop_assert_eq!(model.threads.from(Seq(u64::MAX)).collect::<Vec<_>>(), expected.clone());
            let middle = expected.get(expected.len() / 2).map_or(Seq(0), |(last, _)| *last);
            expected.retain(|(last, _)| *last > middle);
            expected.reverse();
            prop_assert_eq!(model.threads.after(middle).collect::<Vec<_>>(), expected);
        }
    }
}
