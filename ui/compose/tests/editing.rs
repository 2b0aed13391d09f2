use serde_json::{Value, json};
use veda_bus_core::message::Message;

use super::*;

/// The message that a form says, after the bus's validator has taken it.
fn said(form: &Form, world: &World) -> Value {
    let mut form = form.clone();
    let sent = form.send(&world.known(), || id("fresh")).unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(Message::parse(&sent.json, None).unwrap().id, sent.id);
    serde_json::from_str(&sent.json).unwrap()
}

#[test]
fn each_type_is_written_with_keys_alone() {
    let world = World::new();
    let new = |kind| Form::new(kind, None);
    let answer = |kind| Form::reply(parent(kind));
    // Tab takes a completion where something was typed, and goes on otherwise.
    let to = "lens\t\t";
    for (form, keys, expected) in [
        (
            new(MessageType::RequestChange),
            format!("{to}export Lens\tit is\nneeded\t\tsoon"),
            json!({ "summary": "export Lens", "reason": "it is\nneeded", "urgency": "soon" }),
        ),
        (new(MessageType::Query), format!("{to}how?"), json!({ "question": "how?" })),
        (
            new(MessageType::Notify),
            format!("{to}break\t\tall new\t\t2.0"),
            json!({ "change_type": "breaking_change", "summary": "all new", "effective_version": "2.0" }),
        ),
        (
            new(MessageType::Negotiate),
            format!("{to}rename\tLens\t\nauth\t\tfast\n\nsmall\tf"),
            json!({
                "proposal": "rename", "affected_repos": ["LensSDK", "AuthCore"], "benefits": ["fast", "small"],
                "requires_consensus": false,
            }),
        ),
        (
            new(MessageType::Task),
            format!("{to}bench\t\tmeasure\tauth\tthe login\n and out\nFlagship: all"),
            json!({
                "task_type": "benchmark", "description": "measure",
                "subtasks": { "AuthCore": "the login\nand out", "Flagship": "all" },
            }),
        ),
        (
            answer(MessageType::RequestChange),
            "aa\tonly half\t2h\tok".to_owned(),
            json!({ "decision": "accepted", "counter_proposal": "only half", "eta_seconds": 7200, "comment": "ok" }),
        ),
        (
            answer(MessageType::Query),
            "{\"a\": [1]}\tt".to_owned(),
            json!({ "answer": { "a": [1] }, "acknowledged": true }),
        ),
        (
            answer(MessageType::Notify),
            "f\t23 sites".to_owned(),
            json!({ "acknowledged": false, "findings": "23 sites" }),
        ),
        (
            answer(MessageType::Negotiate),
            "c\tother".to_owned(),
            json!({ "vote": "counter", "counter_proposal": "other" }),
        ),
        (
            answer(MessageType::Task),
            "i\thalf".to_owned(),
            json!({ "status": "in_progress", "detail": "half" }),
        ),
    ] {
        let mut form = form;
        if form.parent().is_none() {
            set(&mut form, "ttl", "15m");
            form.set_focus(0);
        }
        world.types(&mut form, &keys);
        let said = said(&form, &world);
        assert_eq!(said["payload"], expected, "{}", form.title());
        assert_eq!(said["type"], form.kind().as_str());
        if let Some(parent) = form.parent() {
            assert_eq!(said["reply_to"], parent.id.to_string());
            assert_eq!((&said["to"], &said["priority"]), (&json!({ "repo": "Flagship" }), &json!("high")));
        } else {
            assert_eq!((&said["to"], &said["ttl"]), (&json!({ "repo": "LensSDK" }), &json!(900)));
        }
    }
}

#[test]
fn a_broadcast_goes_to_everyone() {
    let world = World::new();
    let mut form = Form::broadcast(MessageType::Notify);
    world.types(&mut form, "x\n");
    world.types(&mut form, "gone");
    form.set_focus(index(&form, "capabilities"));
    world.types(&mut form, "au\t,u\t");
    assert_eq!(said(&form, &world)["to"], json!({ "repo": "*", "capabilities": ["auth", "ui"] }));
}

#[test]
fn another_type_loses_no_text() {
    let mut form = Form::new(MessageType::RequestChange, Some("LensSDK"));
    set(&mut form, "summary", "short");
    set(&mut form, "reason", "because");
    assert!(form.set_kind(MessageType::Notify));
    assert_eq!((text(&form, "summary").as_str(), text(&form, "to").as_str()), ("short", "LensSDK"));
    set(&mut form, "migration_guide", "sed");
    assert!(form.set_kind(MessageType::RequestChange));
    assert_eq!((text(&form, "summary").as_str(), text(&form, "reason").as_str()), ("short", "because"));
    assert!(form.set_kind(MessageType::Notify));
    assert_eq!(text(&form, "migration_guide"), "sed");
    let payload = said(
        &{
            set(&mut form, "change_type", "x");
            form
        },
        &World::new(),
    )["payload"]
        .clone();
    assert!(payload.get("reason").is_none(), "{payload}");
    assert!(!Form::reply(parent(MessageType::Query)).set_kind(MessageType::Task));
}

#[test]
fn pasted_line_breaks_fit_the_field() {
    let mut form = Form::new(MessageType::Query, None);
    assert_eq!(form.paste("Lens\r\nSDK\r\n"), Outcome::Edited);
    assert_eq!(text(&form, "to"), "Lens SDK");
    form.set_focus(index(&form, "question"));
    form.paste("a\r\nb\rc\u{1b}[31m\u{202e}\td");
    assert_eq!(text(&form, "question"), "a\nb\nc\u{1b}[31m\u{202e}\td");
    form.set_focus(index(&form, "priority"));
    assert_eq!((form.paste("urgent"), form.paste(" high\n")), (Outcome::Ignored, Outcome::Edited));
    assert_eq!(text(&form, "priority"), "high");
}

#[test]
fn the_cursor_walks_over_characters_without_a_width() {
    let world = World::new();
    let mut form = Form::new(MessageType::Query, Some("LensSDK"));
    form.paste("\u{200b}\u{202e}a\u{200d}");
    for expected in [3, 2, 1, 0, 0] {
        world.press(&mut form, KeyCode::Left);
        assert_eq!(form.cursor(form.focus()), (0, expected));
    }
    for expected in [1, 2, 3, 4, 4] {
        world.press(&mut form, KeyCode::Right);
        assert_eq!(form.cursor(form.focus()), (0, expected));
    }
}

#[test]
fn changes_are_undone_and_done_again() {
    let world = World::new();
    let mut form = Form::new(MessageType::Query, Some("LensSDK"));
    world.types(&mut form, "ab");
    assert_eq!(form.undo(), Outcome::Edited);
    assert_eq!(text(&form, "question"), "a");
    form.redo();
    assert_eq!((text(&form, "question").as_str(), form.redo()), ("ab", Outcome::Ignored));
}

#[test]
fn choices_are_stepped_through_and_typed() {
    let world = World::new();
    let mut form = Form::reply(parent(MessageType::Task));
    let status = index(&form, "status");
    for (code, expected) in [
        (KeyCode::Char('b'), "blocked"),
        (KeyCode::Right, "done"),
        (KeyCode::Char(' '), "failed"),
        (KeyCode::Right, ""),
        (KeyCode::Left, "failed"),
        (KeyCode::Backspace, ""),
        (KeyCode::Char('z'), ""),
    ] {
        world.press(&mut form, code);
        assert_eq!(form.field_text(status), expected, "{code:?}");
    }
    form.set_focus(index(&form, "priority"));
    for (code, expected) in [(KeyCode::Right, "low"), (KeyCode::Left, "high"), (KeyCode::Delete, "high")] {
        world.press(&mut form, code);
        assert_eq!(text(&form, "priority"), expected);
    }
}

#[test]
fn the_focus_moves_by_tab_enter_and_arrows() {
    let world = World::new();
    let mut form = Form::new(MessageType::Query, Some("LensSDK"));
    let question = index(&form, "question");
    assert_eq!(form.focus(), question);
    world.types(&mut form, "a\nb");
    world.press(&mut form, KeyCode::Up);
    assert_eq!((form.focus(), form.cursor(question)), (question, (0, 1)));
    world.press(&mut form, KeyCode::Up);
    assert_eq!(form.focus(), question - 1);
    world.press(&mut form, KeyCode::Enter);
    assert_eq!(form.focus(), question);
    world.press(&mut form, KeyCode::BackTab);
    assert_eq!(form.focus(), question - 1);
    form.set_focus(form.fields().len() - 1);
    assert_eq!(world.press(&mut form, KeyCode::Esc), Outcome::Moved, "the completions are sent away");
    assert_eq!(world.press(&mut form, KeyCode::Esc), Outcome::Ignored);
    assert_eq!(world.press(&mut form, KeyCode::Enter), Outcome::Ignored);
    world.press(&mut form, KeyCode::Tab);
    assert_eq!(form.focus(), 0);
}

#[test]
fn completions_are_stepped_through() {
    let world = World::new();
    let mut form = Form::new(MessageType::Negotiate, None);
    assert_eq!(form.check(&world.known()).completions, ["AuthCore", "Flagship", "LensSDK", "*"]);
    // Where nothing was typed or picked, there is nothing to take, and Tab leads on.
    let completions = form.check(&world.known()).completions;
    assert_eq!(form.accept_completion(&completions), Outcome::Ignored);
    world.press(&mut form, KeyCode::Tab);
    assert_eq!((form.focus(), text(&form, "to").as_str()), (1, ""));
    form.set_focus(0);
    world.press(&mut form, KeyCode::Down);
    world.press(&mut form, KeyCode::Down);
    world.press(&mut form, KeyCode::Enter);
    assert_eq!(text(&form, "to"), "Flagship");
    form.set_focus(index(&form, "affected_repos"));
    world.types(&mut form, "Flagship\n");
    assert_eq!(form.check(&world.known()).completions, ["AuthCore", "LensSDK"]);
    world.press(&mut form, KeyCode::Char('l'));
    form.pick_completion(0);
    form.accept_completion(&form.check(&world.known()).completions);
    assert_eq!(text(&form, "affected_repos"), "Flagship\nLensSDK");
}

#[test]
fn a_text_is_edited_as_in_a_shell() {
    use KeyModifiers as With;
    let mut form = Form::new(MessageType::Query, Some("LensSDK"));
    let question = form.focus();
    form.paste("one two\nthree four");
    for (code, with, expected) in [
        (KeyCode::Char('w'), With::CONTROL, "one two\nthree "),
        (KeyCode::Char('z'), With::CONTROL, "one two\nthree "),
        (KeyCode::Home, With::CONTROL, "one two\nthree "),
        (KeyCode::Char('d'), With::ALT, " two\nthree "),
        (KeyCode::Char('k'), With::CONTROL, "\nthree "),
        (KeyCode::Delete, With::NONE, "three "),
        (KeyCode::Char('f'), With::ALT, "three "),
        (KeyCode::Backspace, With::ALT, ""),
        (KeyCode::Char('X'), With::SHIFT, "X"),
        (KeyCode::Enter, With::ALT, "X\n"),
        (KeyCode::Backspace, With::NONE, "X"),
        (KeyCode::Char('u'), With::CONTROL, ""),
    ] {
        form.key(KeyEvent::new(code, with), &[]);
        assert_eq!(form.field_text(question), expected, "{with:?} {code:?}");
    }
    assert_eq!(form.key(KeyEvent::new(KeyCode::Char('s'), With::CONTROL), &[]), Outcome::Ignored);
    assert_eq!(form.key(KeyCode::F(5).into(), &[]), Outcome::Ignored);
}
