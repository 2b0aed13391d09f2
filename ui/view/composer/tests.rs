#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr as _;
use veda_bus_core::message::{MessageType, Priority, Sender};
use veda_bus_core::name::{Capability, MessageId, RepoName};
use veda_bus_core::refusal::{Code, Refusal};
use veda_bus_core::time::Millis;

use super::{Drawn, Target, area, draw};
use crate::compose::{Checked, Form, Known, Loss, ParentFacts};
use crate::theme::Role;

/// What the tests' bus knows.
struct World {
    repos: BTreeSet<RepoName>,
    capabilities: BTreeSet<Capability>,
    from: Sender,
}

impl World {
    fn new() -> Self {
        Self {
            repos: ["AuthCore", "Flagship", "LensSDK"].map(|repo| RepoName::new(repo).unwrap()).into(),
            capabilities: ["auth", "ui"].map(|one| Capability::new(one).unwrap()).into(),
            from: Sender { repo: RepoName::operator(), path: None, session_id: None, instance_id: None },
        }
    }

    fn known(&self) -> Known<'_> {
        Known {
            repos: &self.repos,
            capabilities: &self.capabilities,
            from: &self.from,
            max_message_size: 1 << 20,
            now: Millis(1_700_000_000_000),
        }
    }

    fn draw(&self, form: &Form, width: u16, height: u16) -> (Buffer, Drawn) {
        Self::draw_checked(form, &form.check(&self.known()), width, height)
    }

    fn draw_checked(form: &Form, checked: &Checked, width: u16, height: u16) -> (Buffer, Drawn) {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        let danger = |role| match role {
            Role::Danger => Style::new().add_modifier(Modifier::BOLD),
            _ => Style::new(),
        };
        let drawn = draw(form, checked, area, &mut buffer, true, &danger);
        (buffer, drawn)
    }

    /// The screen with the cursor as `█`, each row between bars.
    fn screen(&self, form: &Form, width: u16, height: u16) -> String {
        let (mut buffer, drawn) = self.draw(form, width, height);
        if let Some(cursor) = drawn.cursor {
            buffer[cursor].set_symbol("█");
        }
        text_of(&buffer)
    }
}

fn text_of(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut skip = 0;
        out.push('|');
        for x in 0..buffer.area.width {
            if skip == 0 {
                let symbol = buffer[(x, y)].symbol();
                skip = symbol.width().max(1);
                out.push_str(symbol);
            }
            skip -= 1;
        }
        out.push_str("|\n");
    }
    out
}

fn field(form: &Form, name: &str) -> usize {
    form.fields().iter().position(|field| field.name == name).unwrap()
}

fn task() -> Form {
    let mut form = Form::new(MessageType::Task, Some("LensSDK"));
    for (name, text) in [
        ("task_type", "test_suite"),
        ("subtasks", "LensSDK: run the tests of the lens\n  and of the shutter\nGhost: nothing"),
        ("description", "Run all tests.\nThen say what failed,\nwhere,\nand since when."),
    ] {
        let index = field(&form, name);
        form.set_field_text(index, text);
    }
    form
}

fn reply() -> Form {
    Form::reply(ParentFacts {
        id: MessageId::new("3f2a1b2c-0000-4000-8000-000000000000").unwrap(),
        kind: MessageType::RequestChange,
        from: RepoName::new("Flagship").unwrap(),
        priority: Priority::High,
        headline: "Make \u{202e}Lens public\u{1b}[2J".to_owned(),
        thread: MessageId::new("t").unwrap(),
    })
}

#[test]
fn a_new_form_in_several_sizes() {
    let world = World::new();
    let form = Form::new(MessageType::Query, None);
    insta::assert_snapshot!("new_40x8", world.screen(&form, 40, 8));
    insta::assert_snapshot!("new_80x24", world.screen(&form, 80, 24));
}

#[test]
fn a_filled_form_in_several_sizes() {
    let world = World::new();
    let form = task();
    insta::assert_snapshot!("task_40x8", world.screen(&form, 40, 8));
    insta::assert_snapshot!("task_60x15", world.screen(&form, 60, 15));
    insta::assert_snapshot!("task_120x60", world.screen(&form, 120, 60));
}

#[test]
fn a_refused_reply() {
    let world = World::new();
    let mut form = reply();
    form.set_field_text(field(&form, "eta_seconds"), "2h");
    form.send(&world.known(), || MessageId::new("m").unwrap()).unwrap();
    insta::assert_snapshot!("reply_sending_80x16", world.screen(&form, 80, 16));
    form.refused(
        Refusal::new(Code::MailboxFull, "Flagship has 10 unread messages").at("to.repo").hint("wait"),
    );
    insta::assert_snapshot!("reply_refused_80x16", world.screen(&form, 80, 16));
    form.unsent("the bus is gone", Loss::Unanswered);
    insta::assert_snapshot!("reply_unsent_40x10", world.screen(&form, 40, 10));
}

const HOSTILE: &str = "\u{1b}]52;c;x\u{7}\t\u{202e}\u{200b}\u{feff}e\u{301}\u{301}漢字👩\u{200d}💻\u{9b}31m";

#[test]
fn hostile_text_is_shown_as_it_is() {
    let world = World::new();
    let mut form = Form::new(MessageType::RequestChange, None);
    for field in 0..form.fields().len() {
        form.set_focus(field);
        form.paste(HOSTILE);
        form.paste(&"\u{301}".repeat(5000));
    }
    for (width, height) in [(8, 3), (40, 8), (80, 24), (120, 60)] {
        for focus in 0..form.fields().len() {
            form.set_focus(focus);
            let (buffer, _) = world.draw(&form, width, height);
            let shown: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
            assert_eq!(shown.chars().find(|c| veda_bus_core::text::is_hostile(*c)), None);
            // Two after the e, and four of the 5,000.
            assert!(shown.chars().filter(|c| *c == '\u{301}').count() <= 6 * form.fields().len());
        }
    }
    form.set_focus(field(&form, "reason"));
    insta::assert_snapshot!("hostile_60x15", world.screen(&form, 60, 15));
}

#[test]
fn the_cursor_stands_where_its_character_is_shown() {
    let world = World::new();
    let mut form = Form::new(MessageType::Query, Some("LensSDK"));
    let question = form.focus();
    form.paste("a\u{1b}b漢c");
    let start = {
        let (buffer, _) = world.draw(&form, 80, 24);
        let row = (0..24).find(|y| buffer[(2, *y)].symbol() == "q").unwrap();
        let column = (0..80).find(|x| buffer[(*x, row)].symbol() == "a" && *x > 10).unwrap();
        Position::new(column, row)
    };
    // a, \x1b, b, 漢, c, and behind it.
    for (column, x) in [0, 1, 5, 6, 8, 9].into_iter().enumerate().rev() {
        assert_eq!(form.cursor(question), (0, column));
        let (_, drawn) = world.draw(&form, 80, 24);
        assert_eq!(drawn.cursor, Some(Position::new(start.x + x, start.y)));
        form.key(crossterm::event::KeyCode::Left.into(), &[]);
    }
}

#[test]
fn the_focused_field_is_seen_in_every_size() {
    let world = World::new();
    let forms =
        [task(), reply(), Form::new(MessageType::Negotiate, None), Form::new(MessageType::Notify, Some("x"))];
    for mut form in forms {
        for focus in 0..form.fields().len() {
            form.set_focus(focus);
            let name = form.fields()[focus].name.clone();
            let checked = form.check(&world.known());
            for (width, height) in
                (8..=130).step_by(7).flat_map(|width| (1..=60).map(move |height| (width, height)))
            {
                let (buffer, drawn) = World::draw_checked(&form, &checked, width, height);
                let cursor = drawn.cursor;
                assert!(
                    cursor.is_some_and(|at| buffer.area.contains(at)) || height < 8,
                    "{name} {width}x{height}"
                );
                assert!(drawn.targets.iter().all(|(rect, _)| buffer.area.intersection(*rect) == *rect));
                if width >= 40 && height >= 8 {
                    assert!(text_of(&buffer).contains(&format!("> {name}")), "{name} {width}x{height}");
                }
            }
        }
    }
}

#[test]
fn what_is_seen_can_be_clicked_on() {
    let world = World::new();
    let mut form = Form::new(MessageType::Negotiate, None);
    let (buffer, drawn) = world.draw(&form, 80, 24);
    let symbols = |rect: &Rect| -> String { rect.positions().map(|at| buffer[at].symbol()).collect() };
    let shown = |target: &Target| {
        let found = drawn.targets.iter().rfind(|(_, one)| one == target);
        found.map(|(rect, _)| symbols(rect).trim().to_owned()).unwrap_or_default()
    };
    assert_eq!(shown(&Target::Kind(MessageType::Task)), "Task");
    assert_eq!(shown(&Target::Completion(1)), "Flagship");
    assert_eq!(shown(&Target::Choice(field(&form, "priority"), "normal".to_owned())), "[normal]");
    assert_eq!(shown(&Target::Choice(field(&form, "requires_consensus"), "false".to_owned())), "false");
    assert!(shown(&Target::Field(field(&form, "proposal"))).starts_with("proposal*"));
    form.pick_completion(1);
    let (_, without_focus) = {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
        let checked = form.check(&world.known());
        let drawn = draw(&form, &checked, buffer.area, &mut buffer, false, &|_| Style::new());
        (buffer, drawn)
    };
    assert_eq!(without_focus.cursor, None);
    assert!(!without_focus.targets.iter().any(|(_, target)| matches!(target, Target::Completion(_))));
}

#[test]
fn faults_stand_out() {
    let world = World::new();
    let mut form = task();
    form.set_field_text(field(&form, "to"), "Lenssdk");
    let (buffer, _) = world.draw(&form, 80, 24);
    insta::assert_snapshot!("fault_80x24", text_of(&buffer));
    let bold = |y: &u16| (0..80).any(|x| buffer[(x, *y)].modifier.contains(Modifier::BOLD));
    assert_eq!((0..24).filter(bold).collect::<Vec<_>>(), [3, 4, 23]);
}

#[test]
fn a_long_text_shows_the_part_around_the_cursor() {
    let line = |number: usize| format!("line {number}");
    let lines: Vec<String> = (0..1000).map(line).collect();
    let shown = area::wrapped(&lines, (500, 3), 20, 9);
    assert_eq!((shown.rows.len(), shown.cursor, shown.above, shown.below), (9, (3, 5), true, true));
    assert_eq!(shown.rows[5], "line 500");
    let top = area::wrapped(&lines, (2, 0), 20, 9);
    assert_eq!((top.rows[0].as_str(), top.cursor, top.above, top.below), ("line 0", (0, 2), false, true));
    let end = area::wrapped(&lines, (999, 8), 20, 9);
    assert_eq!((end.cursor, end.above, end.below), ((8, 8), true, false));

    let words = ["one two three four".to_owned()];
    assert_eq!(area::wrapped(&words, (0, 0), 10, 5).rows, ["one two ", "three ", "four"]);
    assert_eq!(area::wrapped(&words, (0, 8), 10, 5).cursor, (0, 1));
    assert_eq!(area::height(&words, 10, 5), 3);

    let scrolled = area::scrolled("0123456789abcdef", 12, 8);
    assert_eq!((scrolled.rows[0].as_str(), scrolled.cursor.0), ("6789abcd", 6));
    assert!(scrolled.above && scrolled.below);
}

#[test]
fn a_megabyte_without_a_space_is_laid_out_in_part() {
    let huge = vec!["x".repeat(1 << 20)];
    for at in [0, 1, 1023, 1024, 1025, 500_000, 1 << 20] {
        let shown = area::wrapped(&huge, (0, at), 60, 10);
        let (x, y) = shown.cursor;
        assert!(shown.rows.len() == 10 && y < 10 && x < 60, "{at}: {:?}", shown.cursor);
        assert!(shown.rows.iter().all(|row| row.width() < 60));
        assert_eq!((shown.above, shown.below), (at > 1000, at < 1 << 20), "{at}");
    }
}
