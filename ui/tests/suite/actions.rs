//! Every action is there by key, by command and by palette, and the three do the same.

use std::collections::{BTreeMap, BTreeSet};

use crossterm::event::{KeyCode, KeyEvent};
use veda_bus_core::name::Seq;
use veda_bus_ui::action::{Action, Argument, Scope};
use veda_bus_ui::app::overlay::Overlay;
use veda_bus_ui::app::pane::Pane;
use veda_bus_ui::update::{Msg, availability, context};

use crate::console::{Console, key};
use crate::decisions::{carried, holding};
use crate::past;
use crate::story::story;
use crate::swarm::Swarm;

/// What an action could change, and what it asks for.
fn digest(console: &Console) -> String {
    let app = &console.app;
    let sorted = |set: BTreeSet<_>| format!("{set:?}");
    let parts = [
        format!("{:?} {} {:?} {} {:?}", app.focus, app.zoomed, app.sizes, app.raw, app.paused),
        format!("{:?} {:?}", app.overlay, app.toast),
        format!("{:?} {:?}", app.conversations.selected, app.conversations.top),
        format!("{:?}", app.conversations.filtered.as_ref().map(|filtered| &filtered.source)),
        format!("{:?} {:?} {}", app.thread.selected, app.thread.top, app.thread.follow),
        sorted(app.thread.folded.iter().copied().collect()),
        format!("{:?} {:?} {:?}", app.instances, app.needs, app.activity),
        sorted(app.model.needs.dismissed().iter().copied().collect()),
        format!("{:?} {:?}", app.decisions, app.chosen_need),
        format!("{} {:?} {:?}", app.model.threads.unread(), app.settings.mouse, app.look.theme),
        format!("{:?} {} {}", app.writing, app.preview, app.drafts.to_json().unwrap()),
        format!("{:?}", app.form().map(|form| (form.focus(), form.kind(), form.allows_unknown()))),
        format!("{:?}", console.effects),
        format!(
            "{:?}",
            app.shown_past().map(|past| (past.position, &past.player, &past.seeking, &past.next))
        ),
    ];
    parts.join("\n")
}

/// A console somewhere in its use.
type Context = (&'static str, fn(&Swarm) -> Console);

const CONTEXTS: [Context; 16] = [
    ("the list", |swarm| {
        let mut console = Console::of(swarm, 120, 20);
        console.press("j j j");
        console
    }),
    ("a thread", |swarm| {
        let mut console = Console::of(swarm, 120, 20);
        assert!(console.app.select_message(swarm.seq_of("9e571043-and")));
        console.app.focus = Pane::Thread;
        console.draw();
        console
    }),
    ("the needs", |swarm| {
        let mut console = Console::of(swarm, 120, 40);
        console.press("3 j");
        console
    }),
    ("the activity", |swarm| {
        let mut console = Console::of(swarm, 120, 20);
        console.press("5 k k k k");
        console
    }),
    ("the instances", |swarm| {
        let mut console = Console::of(swarm, 160, 45);
        console.press("1 j");
        console
    }),
    ("a filter, zoomed", |swarm| {
        let mut console = Console::of(swarm, 120, 40);
        console.press("/");
        console.types("session");
        console.press("enter z");
        console
    }),
    ("a draft, put away", |swarm| {
        let mut console = Console::of(swarm, 120, 40);
        console.press("n q");
        console.types("Why?");
        console.press("esc 2");
        console
    }),
    ("a choice in the composer", |swarm| {
        let mut console = composing(swarm);
        to_field(&mut console, "urgency");
        console
    }),
    ("a text in the composer", |swarm| {
        let mut console = composing(swarm);
        to_field(&mut console, "reason");
        console.types("more");
        console.press("alt-z");
        console.types("!");
        console.press("backspace");
        console.press("alt-z");
        console
    }),
    ("a part of the past", |swarm| {
        let mut console = Console::new(120, 40);
        console.connect(swarm);
        console.begin(Seq(20));
        console.events(&swarm.events[19..]);
        console.draw();
        console
    }),
    ("a vote that is in", |_| {
        let mut console = Console::of(&carried(), 120, 40);
        console.press("3");
        console
    }),
    ("the thread of that vote", |_| {
        let mut console = Console::of(&carried(), 120, 40);
        console.press("2 enter");
        console
    }),
    ("what is held", |_| {
        let mut console = Console::of(&holding(), 120, 40);
        console.press("3");
        console
    }),
    ("what is held and marked", |_| {
        let mut console = Console::of(&holding(), 120, 40);
        console.press("3 m m");
        console
    }),
    ("the past", |swarm| {
        let mut console = past::in_the_middle(swarm);
        console.press(">");
        console
    }),
    ("nothing at all", |_| {
        let mut console = Console::new(120, 40);
        console.draw();
        console
    }),
];

fn composing(swarm: &Swarm) -> Console {
    let mut console = Console::of(swarm, 120, 40);
    console.press("n r");
    console.types("A summary");
    console
}

fn to_field(console: &mut Console, name: &str) {
    while console.app.form().is_some_and(|form| form.fields()[form.focus()].name != name) {
        console.press("tab");
    }
}

/// With a key that opens the command line, and one that opens the palette, where plain keys are text.
fn prepared(context: Context, swarm: &Swarm) -> Console {
    let mut console = context.1(swarm);
    for (key, action) in [("f9", Action::CommandLine), ("f10", Action::Palette)] {
        console.app.settings.keys.bind(Scope::Anywhere, key.parse().unwrap(), Some(action.into())).unwrap();
    }
    console.app.toast = None;
    console.effects.clear();
    console
}

fn by_name(console: &mut Console, opening: u8, name: &str) {
    let opening = KeyEvent::from(KeyCode::F(opening));
    console.take(Msg::Key(opening));
    for c in name.chars() {
        console.take(Msg::Key(KeyEvent::from(KeyCode::Char(c))));
    }
    console.take(Msg::Key(key("enter")));
}

#[test]
fn key_command_and_palette_do_the_same() {
    let swarm = story();
    let mut done: BTreeMap<Action, bool> = Action::ALL.iter().map(|action| (*action, false)).collect();
    for context in CONTEXTS {
        for &action in Action::ALL {
            let mut by_key = prepared(context, &swarm);
            let by_hand = action.default_keys()[0].parse().unwrap();
            let holds = by_key.app.settings.keys.find(context::layers(&by_key.app), by_hand);
            if holds.is_none_or(|invocation| invocation.action != action) {
                continue;
            }
            let first = key(action.default_keys()[0]);
            // Where text is typed, plain keys are text, and some are for what is suggested.
            let is_writing = by_key.app.writing.is_some() && by_key.app.focus == Pane::Composer;
            let suggests = by_key.app.checked.as_ref().is_some_and(|checked| !checked.completions.is_empty());
            let is_taken = suggests && matches!(first.code, KeyCode::Tab | KeyCode::Esc);
            if is_writing && (action.scope() != Scope::Composer || is_taken) {
                continue;
            }
            let before = digest(&by_key);
            let why_not = availability::of(&by_key.app, action);
            by_key.take(Msg::Key(first));
            let after = digest(&by_key);
            match why_not {
                Ok(()) => done.entry(action).and_modify(|is_done| *is_done |= before != after).or_default(),
                Err(why) => {
                    let toast = by_key.app.toast.as_ref().expect("the reason is told");
                    assert_eq!(toast.text, format!("{action}: {why}"), "in {}", context.0);
                    continue;
                }
            };
            for (opening, way) in [(9, "command line"), (10, "palette")] {
                let mut other = prepared(context, &swarm);
                by_name(&mut other, opening, action.name());
                assert_eq!(digest(&other), after, "{action} by the {way} in {}", context.0);
            }
        }
    }
    let undone: Vec<_> = done.into_iter().filter(|(_, is_done)| !is_done).map(|(action, _)| action).collect();
    assert_eq!(undone, [], "these did nothing anywhere");
}

#[test]
fn an_action_that_is_off_says_why_by_every_way() {
    let nothing = CONTEXTS[CONTEXTS.len() - 1];
    let swarm = Swarm::new();
    for &action in Action::ALL {
        let mut console = prepared(nothing, &swarm);
        let Err(why) = availability::of(&console.app, action) else { continue };
        // Without a message, its id is asked for.
        if action.argument() != Argument::Message {
            by_name(&mut console, 9, action.name());
            assert_eq!(console.app.toast.as_ref().unwrap().text, format!("{action}: {why}"));
        }
        let mut console = prepared(nothing, &swarm);
        by_name(&mut console, 10, action.name());
        assert_eq!(console.app.toast.as_ref().unwrap().text, format!("{action}: {why}"));
        assert_eq!(console.effects, []);
    }
}

/// All lines of the help.
fn help(console: &mut Console) -> Vec<String> {
    console.press("?");
    let mut lines = Vec::new();
    for top in 0..=console.app.drawn.overlay {
        console.app.overlay = Some(Overlay::Help(top));
        console.draw();
        lines.extend((0..console.buffer.area.height).map(|y| console.line(y)));
    }
    lines
}

#[test]
fn the_help_lists_every_command_and_every_key() {
    let mut console = Console::of(&story(), 160, 24);
    let own = [
        (Scope::Thread, "X", "theme nord"),
        (Scope::Anywhere, "ctrl-y", "filter =type == \"Task\""),
        (Scope::Needs, "x", "dismiss"),
    ];
    for (scope, chord, command) in own {
        let keys = &mut console.app.settings.keys;
        keys.bind(scope, chord.parse().unwrap(), Some(command.parse().unwrap())).unwrap();
    }
    console.app.settings.keys.bind(Scope::Lists, "j".parse().unwrap(), None).unwrap();
    let lines = help(&mut console);
    for action in Action::ALL {
        let line = lines
            .iter()
            .find(|line| line.contains(&format!(" :{} ", action.name())) && line.contains(action.doc()));
        assert!(line.is_some(), "{action} is not in the help");
    }
    for (scope, chord, invocation) in console.app.settings.keys.bindings() {
        let command = match &invocation.argument {
            Some(argument) => format!(":{} {argument}", invocation.action),
            None => format!(":{} ", invocation.action),
        };
        let is_it =
            |line: &String| line.contains(&format!(" {chord} ")) && line.contains(&format!(" {command}"));
        assert!(lines.iter().any(is_it), "{chord} in {scope:?} for {command} is not in the help");
    }
    let down = lines.iter().find(|line| line.contains(":down ")).unwrap();
    assert!(!down.contains(" j "), "a key that was taken away is not in the help: {down}");
}
