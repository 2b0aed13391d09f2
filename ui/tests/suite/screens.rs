//! What is on the screen: the whole console and every pane, in the sizes that people have.

use insta::assert_snapshot;
use veda_bus_core::name::Seq;
use veda_bus_core::refusal::{Code, Refusal};
use veda_bus_ui::app::pane::Pane;
use veda_bus_ui::app::{App, Hosting};
use veda_bus_ui::link::{Ask, News, Sent};
use veda_bus_ui::update::{Effect, Msg};

use crate::console::Console;
use crate::story::{ASKED, CHANGE, story};
use crate::swarm::Swarm;

/// The console of the story with the thread of a change open.
fn in_the_thread(width: u16, height: u16) -> Console {
    let swarm = story();
    let mut console = Console::of(&swarm, width, height);
    assert!(console.app.select_message(swarm.seq_of(CHANGE)));
    console.app.focus = Pane::Thread;
    console
}

#[test]
fn the_console() {
    let swarm = story();
    for (width, height) in [(40, 10), (60, 15), (80, 24), (120, 40), (160, 45), (200, 50)] {
        let mut console = Console::of(&swarm, width, height);
        assert_snapshot!(format!("console_{width}x{height}"), console.screen());
    }
}

#[test]
fn every_pane_alone() {
    for pane in Pane::ALL {
        for (width, height) in [(60, 15), (80, 24), (120, 40)] {
            let mut console = in_the_thread(width, height);
            console.app.focus = pane;
            console.app.zoomed = true;
            let name = format!("zoomed_{pane:?}_{width}x{height}").to_lowercase();
            assert_snapshot!(name, console.screen());
        }
    }
}

#[test]
fn a_thread() {
    let swarm = story();
    for (id, name) in [
        ("9e571041-question", "branches"),
        ("4e901a7e-proposal", "votes"),
        ("7a5c0001-task", "task"),
        ("0a9fa401-orphan", "missing_parent"),
        ("10a60001-long", "long"),
    ] {
        let mut console = Console::of(&swarm, 80, 24);
        assert!(console.app.select_message(swarm.seq_of(id)));
        console.app.focus = Pane::Thread;
        assert_snapshot!(format!("thread_{name}_80x24"), console.screen());
    }
}

#[test]
fn a_thread_as_json_and_folded() {
    let mut console = in_the_thread(80, 24);
    console.press("J");
    assert_snapshot!("thread_json_80x24", console.screen());
    console.press("J F");
    assert_snapshot!("thread_folded_80x24", console.screen());
}

#[test]
fn help_to_its_end() {
    for (width, height) in [(60, 15), (120, 40)] {
        let mut console = Console::of(&story(), width, height);
        console.press("?");
        assert_snapshot!(format!("help_{width}x{height}"), console.screen());
    }
    let mut console = Console::of(&story(), 120, 40);
    console.press("? G");
    assert_snapshot!("help_end_120x40", console.screen());
}

#[test]
fn what_is_chosen_from() {
    let cases = [
        ("palette", "ctrl-p", ""),
        ("palette_typed", "ctrl-p", "unread"),
        ("palette_nothing", "ctrl-p", "zzzzz"),
        ("themes", "C", ""),
        ("kinds", "n", ""),
        ("kinds_broadcast", "b", ""),
    ];
    for (name, opening, typed) in cases {
        for (width, height) in [(60, 15), (80, 24)] {
            let mut console = Console::of(&story(), width, height);
            console.press(opening);
            console.types(typed);
            assert_snapshot!(format!("{name}_{width}x{height}"), console.screen());
        }
    }
}

#[test]
fn leaving_a_bus_that_others_need() {
    let mut console = Console::of(&story(), 80, 24);
    console.app.hosting = Hosting::Here;
    console.press("q");
    assert_snapshot!("leave_80x24", console.screen());
}

#[test]
fn a_question_with_yes_and_no() {
    let mut console = Console::of(&story(), 80, 24);
    console.press("M");
    assert_snapshot!("confirm_80x24", console.screen());
}

#[test]
fn the_command_line() {
    for (name, line) in [("empty", ""), ("begun", "re"), ("theme", "theme so"), ("repo", "repo ")] {
        let mut console = Console::of(&story(), 80, 24);
        console.press(":");
        console.types(line);
        assert_snapshot!(format!("command_{name}_80x24"), console.screen());
    }
    let mut console = Console::of(&story(), 80, 24);
    console.command("themee nord");
    assert_snapshot!("command_wrong_80x24", console.screen());
    let mut console = Console::of(&story(), 60, 15);
    console.press(":");
    console.types(&"a command that is much longer than the line ".repeat(3));
    assert_snapshot!("command_long_60x15", console.screen());
}

#[test]
fn a_filter() {
    let mut console = Console::of(&story(), 120, 40);
    console.press("/");
    console.types("session");
    assert_snapshot!("filter_typed_120x40", console.screen());
    console.press("enter");
    assert_snapshot!("filter_120x40", console.screen());
    let mut console = Console::of(&story(), 80, 24);
    console.press("/");
    console.types("=type == \"Task\"");
    console.press("enter");
    assert_snapshot!("filter_cel_80x24", console.screen());
    console.press("/ ctrl-u");
    console.types("nowhere at all");
    console.press("enter");
    assert_snapshot!("filter_nothing_80x24", console.screen());
}

#[test]
fn everything_about_a_message_and_a_repo() {
    for (width, height) in [(60, 15), (80, 24), (120, 40)] {
        let mut console = in_the_thread(width, height);
        console.press("i");
        assert_snapshot!(format!("detail_message_{width}x{height}"), console.screen());
        let mut console = Console::of(&story(), width, height);
        console.command("repo LensSDK");
        assert_snapshot!(format!("detail_repo_{width}x{height}"), console.screen());
    }
}

#[test]
fn the_composer_of_each_type() {
    for (key, kind) in [("r", "change"), ("q", "query"), ("n", "notify"), ("v", "vote"), ("t", "task")] {
        for (width, height) in [(60, 15), (80, 24), (160, 45)] {
            let mut console = Console::of(&story(), width, height);
            console.press("n");
            console.press(key);
            console.types("Le");
            assert_snapshot!(format!("composer_{kind}_{width}x{height}"), console.screen());
        }
    }
}

#[test]
fn an_answer_its_preview_and_a_refusal() {
    let swarm = story();
    let mut console = Console::of(&swarm, 120, 40);
    assert!(console.app.select_message(swarm.seq_of(ASKED)));
    console.app.focus = Pane::Thread;
    console.press("r");
    console.types("Yes, with the next release.");
    assert_snapshot!("answer_120x40", console.screen());
    console.press("ctrl-s");
    let Some(Effect::Ask(Ask::Send { id, .. })) = console.effects.last().cloned() else { panic!("not sent") };
    assert_snapshot!("answer_sending_120x40", console.screen());
    let refusal =
        Refusal { at: Some("payload.answer".into()), ..Refusal::new(Code::InvalidMessage, "too vague") };
    console.take(Msg::News(News::Sent(id, Sent::Refused(refusal))));
    assert_snapshot!("answer_refused_120x40", console.screen());
}

#[test]
fn the_first_screen() {
    for (width, height) in [(60, 15), (80, 24), (120, 40), (200, 50)] {
        let mut console = Console::new(width, height);
        console.app.hosting = Hosting::Starting;
        assert_snapshot!(format!("welcome_{width}x{height}"), console.screen());
    }
    let mut console = Console::new(120, 40);
    console.app.hosting = Hosting::Here;
    console.connect(&Swarm::new());
    console.begin(Seq(1));
    assert_snapshot!("welcome_connected_120x40", console.screen());
}

type Change = fn(&mut App);

#[test]
fn the_status_line_tells_how_things_are() {
    let mut all = Vec::new();
    let mut note = |name: &str, console: &mut Console| {
        let screen = console.screen();
        all.push(format!("{name}: {}", screen.lines().rev().nth(1).unwrap_or_default()));
    };
    let cases: [(&str, Change); 6] = [
        ("live", |_| {}),
        ("behind", |app| app.lag = 12),
        ("loading", |app| app.loading = Some((Seq(300), Seq(1000)))),
        ("hosting", |app| app.hosting = Hosting::Here),
        ("far away", |app| app.place.socket = "/a/very/long/path".repeat(9).into()),
        ("nobody", |app| app.model.restart()),
    ];
    for (name, change) in cases {
        let mut console = Console::of(&story(), 120, 40);
        change(&mut console.app);
        note(name, &mut console);
    }
    let mut console = Console::of(&story(), 120, 40);
    console.press("space");
    note("paused", &mut console);
    console.take(Msg::News(News::Lost));
    note("lost", &mut console);
    console.take(Msg::News(News::Back));
    note("back", &mut console);
    console.press("space");
    note("live again", &mut console);
    assert_snapshot!("status_120", all.join("\n"));
}

#[test]
fn what_the_operator_is_told() {
    let footer = |console: &mut Console| console.screen().lines().last().unwrap_or_default().to_owned();
    let mut console = Console::of(&story(), 80, 24);
    console.command("theme nord");
    assert_eq!(footer(&mut console), "v the theme is nord");
    console.command("theme nordd");
    assert_eq!(footer(&mut console), "x unknown theme \"nordd\"; did you mean \"nord\"?");
    console.now.0 += 6_001;
    console.take(Msg::Tick);
    assert!(footer(&mut console).starts_with("enter open"), "it goes by itself");
}
