//! Moving: whatever is selected is in sight, and nothing is passed over.

use veda_bus_core::name::Seq;
use veda_bus_ui::app::drawn::Target;
use veda_bus_ui::app::pane::Pane;

use crate::console::Console;
use crate::story::{LONG, QUESTION, story};
use crate::swarm::{Swarm, answer, query};

const SIZES: [(u16, u16); 6] = [(60, 15), (80, 16), (80, 24), (120, 23), (120, 40), (200, 50)];

/// Forty conversations, all of them to the operator.
fn many() -> Swarm {
    let mut swarm = Swarm::new();
    for number in 0..30 {
        swarm.join(&format!("Repo{number:02}"), &[]);
    }
    swarm.join("operator", &[]);
    for number in 0..40 {
        swarm.send("Repo00", &query(&format!("q{number:02}"), "operator", &format!("Question {number}?")));
    }
    swarm
}

fn is_in_sight(console: &Console) -> bool {
    let app = &console.app;
    let wanted = match app.focus {
        Pane::Conversations => Target::Conversation(app.conversations.selected.clone().unwrap()),
        Pane::Instances => Target::Instance(app.instances.selected),
        Pane::Needs => Target::Need(app.needs.selected),
        Pane::Thread => Target::Message(app.thread.selected.unwrap()),
        Pane::Activity => Target::Event(app.selected_event().unwrap().seq),
        Pane::Composer => return true,
    };
    app.drawn.targets.iter().any(|(_, target)| *target == wanted)
}

/// What is selected, as a number that grows downwards.
fn selected(console: &Console) -> u64 {
    let app = &console.app;
    match app.focus {
        Pane::Conversations => u64::MAX - app.selected_last().unwrap().0,
        Pane::Instances => app.instances.selected as u64,
        Pane::Needs => app.needs.selected as u64,
        Pane::Activity => app.selected_event().unwrap().seq.0,
        Pane::Thread => app.thread.selected.unwrap().0,
        Pane::Composer => 0,
    }
}

#[test]
fn what_is_selected_is_in_sight_at_every_height() {
    let swarm = many();
    for (width, height) in SIZES {
        for pane in [Pane::Conversations, Pane::Instances, Pane::Needs, Pane::Activity] {
            let mut console = Console::of(&swarm, width, height);
            console.app.focus = pane;
            console.draw();
            console.press("g");
            let top = selected(&console);
            for (key, times) in
                [("j", 45), ("k", 45), ("pagedown", 12), ("pageup", 12), ("j", 3), ("G", 1), ("g", 1)]
            {
                for _ in 0..times {
                    console.press(key);
                    assert!(
                        is_in_sight(&console),
                        "{key} in {pane:?} at {width}x{height}\n{}",
                        console.text()
                    );
                }
            }
            assert_eq!(selected(&console), top, "{pane:?} at {width}x{height}");
        }
    }
}

#[test]
fn a_step_goes_to_the_next_and_a_page_passes_nothing_over() {
    let swarm = many();
    for (width, height) in SIZES {
        for pane in [Pane::Conversations, Pane::Instances, Pane::Needs] {
            let mut console = Console::of(&swarm, width, height);
            console.app.focus = pane;
            console.draw();
            console.press("g");
            let mut seen = vec![selected(&console)];
            for _ in 0..50 {
                console.press("j");
                seen.push(selected(&console));
            }
            seen.dedup();
            let count = if pane == Pane::Instances { 31 } else { 40 };
            assert_eq!(seen.len(), count, "{pane:?} at {width}x{height}");
            assert!(seen.is_sorted());
            console.press("g");
            let mut shown = std::collections::HashSet::new();
            for _ in 0..50 {
                let things = console.app.drawn.targets.iter().map(|(_, target)| format!("{target:?}"));
                let kind = match pane {
                    Pane::Conversations => "Conversation(",
                    Pane::Instances => "Instance(",
                    _ => "Need(",
                };
                shown.extend(things.filter(|thing| thing.starts_with(kind)));
                console.press("pagedown");
            }
            assert_eq!(shown.len(), count, "a page too far in {pane:?} at {width}x{height}");
        }
    }
}

#[test]
fn the_selection_stays_when_something_new_comes() {
    let mut swarm = many();
    let mut console = Console::of(&swarm, 80, 24);
    console.press("j j");
    let selected = console.app.conversations.selected.clone();
    swarm.send("Repo01", &query("new", "operator", "New?"));
    console.catch_up(&swarm);
    assert_eq!(console.app.conversations.selected, selected);
    console.press("k");
    assert_ne!(console.app.conversations.selected, selected);
}

/// A console with a message of many lines before it.
fn long(width: u16, height: u16) -> Console {
    let swarm = story();
    let mut console = Console::of(&swarm, width, height);
    assert!(console.app.select_message(swarm.seq_of(LONG)));
    console.app.focus = Pane::Thread;
    console.draw();
    console
}

fn steps_seen(console: &mut Console, key: &str) -> Vec<usize> {
    let mut seen = [false; 61];
    for _ in 0..200 {
        for (number, is_seen) in seen.iter_mut().enumerate() {
            *is_seen |= console.text().contains(&format!("Step {number}:"));
        }
        console.press(key);
    }
    (1..=60).filter(|&number| !seen[number]).collect()
}

#[test]
fn a_message_taller_than_the_pane_is_gone_through_line_by_line() {
    for (width, height) in SIZES {
        for (there, back) in [("j", "k"), ("pagedown", "pageup")] {
            let mut console = long(width, height);
            let at = format!("{width}x{height}");
            assert!(console.shows("Step 1:"), "its beginning is shown at {at}\n{}", console.text());
            assert_eq!(steps_seen(&mut console, there), Vec::<usize>::new(), "{there} at {at}");
            assert!(console.shows("Step 60:"), "{there} comes to the end at {at}\n{}", console.text());
            assert_eq!(steps_seen(&mut console, back), Vec::<usize>::new(), "{back} at {at}");
            assert!(
                console.shows("Step 1:"),
                "{back} comes back to the beginning at {at}\n{}",
                console.text()
            );
        }
    }
}

/// A thread of messages of several heights, some of them long.
fn tall_thread() -> Swarm {
    let mut swarm = Swarm::new();
    swarm.join("Flagship", &[]);
    swarm.join("LensSDK", &[]);
    swarm.send("Flagship", &query("root", "LensSDK", "Why?"));
    for number in 0..12 {
        let lines: Vec<_> = (0..number * 4 % 23).map(|line| format!("line {line} of {number}")).collect();
        let parent = if number % 3 == 0 { "root".to_owned() } else { format!("m{}", number - 1) };
        let text = format!("Message {number}:\n\n{}", lines.join("\n\n"));
        swarm.send("LensSDK", &answer(&format!("m{number}"), "Flagship", &parent, &text));
    }
    swarm
}

#[test]
fn a_thread_is_gone_through_from_end_to_end() {
    let swarm = tall_thread();
    for (width, height) in SIZES {
        let mut console = Console::of(&swarm, width, height);
        console.press("enter");
        assert!(console.app.thread.follow);
        for (key, last) in [("k", "root"), ("j", "m11")] {
            let mut seen = std::collections::HashSet::new();
            for _ in 0..300 {
                seen.extend(console.app.thread.selected);
                assert!(is_in_sight(&console), "{key} at {width}x{height}\n{}", console.text());
                console.press(key);
            }
            assert_eq!(seen.len(), 13, "{key} at {width}x{height}");
            // The last message in the order of the tree.
            if key == "k" {
                assert_eq!(console.app.thread.selected, Some(swarm.seq_of(last)));
            }
        }
        console.press("g");
        assert_eq!(console.app.thread.selected, Some(swarm.seq_of("root")));
        console.press("G");
        assert_eq!(console.app.thread.selected, console.app.nodes().last().map(|node| node.seq));
    }
}

#[test]
fn the_end_is_followed_until_the_operator_looks_elsewhere() {
    let mut swarm = tall_thread();
    let mut console = Console::of(&swarm, 80, 24);
    console.press("enter");
    let new = swarm.send("LensSDK", &answer("new", "Flagship", "root", "The newest."));
    console.catch_up(&swarm);
    assert_eq!(console.app.thread.selected, Some(new));
    assert!(console.shows("The newest."));
    console.press("k k");
    assert!(!console.app.thread.follow);
    let selected = console.app.thread.selected;
    let newer = swarm.send("LensSDK", &answer("newer", "Flagship", "root", "Newer still."));
    console.catch_up(&swarm);
    assert_eq!(console.app.thread.selected, selected);
    console.press("t");
    assert_eq!((console.app.thread.selected, console.app.thread.follow), (Some(newer), true));
    assert!(console.shows("Newer still."));
}

#[test]
fn answers_are_folded_away_and_come_back() {
    let swarm = story();
    let mut console = Console::of(&swarm, 120, 40);
    assert!(console.app.select_message(swarm.seq_of(QUESTION)));
    console.app.focus = Pane::Thread;
    let shown = |console: &Console| console.app.nodes().iter().map(|node| node.seq).collect::<Vec<Seq>>();
    let all = shown(&console);
    assert_eq!(all.len(), 4);
    console.press("f");
    assert_eq!(shown(&console), all[..1]);
    assert!(console.shows("3 answers folded away"));
    console.press("f");
    assert_eq!(shown(&console), all);
    console.press("j j F");
    assert_eq!(shown(&console), all[..1]);
    assert_eq!(console.app.thread.selected, Some(all[0]), "what is selected is always there");
    console.press("F");
    assert_eq!(shown(&console), all);
}

#[test]
fn what_is_gone_to_is_unfolded() {
    let swarm = story();
    let mut console = Console::of(&swarm, 120, 40);
    assert!(console.app.select_message(swarm.seq_of(QUESTION)));
    console.app.focus = Pane::Thread;
    console.press("F");
    let inner = swarm.seq_of("9e571043-and");
    assert!(console.app.select_message(inner));
    console.draw();
    assert!(is_in_sight(&console));
}

#[test]
fn to_the_parent_and_back_out() {
    let swarm = story();
    let mut console = Console::of(&swarm, 120, 40);
    assert!(console.app.select_message(swarm.seq_of("9e571043-and")));
    console.app.focus = Pane::Thread;
    console.press("p");
    assert_eq!(console.app.thread.selected, Some(swarm.seq_of("9e571042-yes")));
    console.press("p p");
    assert_eq!(console.app.thread.selected, Some(swarm.seq_of(QUESTION)));
    assert!(console.app.toast.as_ref().is_some_and(|toast| toast.is_error), "it answers nothing");
    console.press("z esc");
    assert!(!console.app.zoomed && console.app.focus == Pane::Thread);
    console.press("esc");
    assert_eq!(console.app.focus, Pane::Conversations);
}
