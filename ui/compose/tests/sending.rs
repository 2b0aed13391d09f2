use veda_bus_core::refusal::{Code, Refusal};

use super::*;

fn send(form: &mut Form, world: &World, fresh: &str) -> (String, Option<String>) {
    let sent = form.send(&world.known(), || id(fresh)).unwrap();
    (sent.id.to_string(), sent.earlier.map(|id| id.to_string()))
}

fn only(id: &str) -> (String, Option<String>) {
    (id.to_owned(), None)
}

fn refusal(code: Code) -> Refusal {
    Refusal::new(code, "no")
}

#[test]
fn what_is_on_its_way_is_locked() {
    let world = World::new();
    let mut form = complete().remove(1);
    assert_eq!(send(&mut form, &world, "a"), only("a"));
    assert!(matches!(form.sending(), Sending::Sending { since } if *since == world.known().now));
    assert_eq!(form.send(&world.known(), || id("b")), Err(NotSent::OnItsWay));
    assert_eq!(world.press(&mut form, KeyCode::Char('x')), Outcome::Locked);
    assert_eq!(
        (form.paste("x"), form.undo(), form.set_kind(MessageType::Task)),
        (Outcome::Locked, Outcome::Locked, false)
    );
    assert_eq!(text(&form, "question"), "how?");
}

#[test]
fn a_retry_bears_the_same_id() {
    let world = World::new();
    let mut form = complete().remove(1);
    send(&mut form, &world, "a");
    form.unsent("gone", Loss::Unanswered);
    assert_eq!(form.check(&world.known()).warnings, []);
    assert_eq!(send(&mut form, &world, "b"), only("a"));
}

#[test]
fn a_refused_message_keeps_its_id_when_it_is_changed() {
    let world = World::new();
    let mut form = complete().remove(1);
    send(&mut form, &world, "a");
    form.refused(refusal(Code::MailboxFull));
    set(&mut form, "question", "what?");
    assert_eq!(send(&mut form, &world, "b"), only("a"));
}

#[test]
fn a_changed_message_is_another_where_the_first_may_have_arrived() {
    let world = World::new();
    let mut form = complete().remove(1);
    send(&mut form, &world, "a");
    form.unsent("gone", Loss::Unanswered);
    set(&mut form, "question", "what?");
    let checked = form.check(&world.known());
    assert!(
        matches!(&checked.warnings[..], [(None, text)] if text.contains("may have arrived")),
        "{checked:?}"
    );
    assert_eq!(send(&mut form, &world, "b"), ("b".to_owned(), Some("a".to_owned())));
}

#[test]
fn what_never_left_is_not_in_doubt() {
    let world = World::new();
    let mut form = complete().remove(1);
    send(&mut form, &world, "a");
    form.unsent("not connected", Loss::NeverLeft);
    set(&mut form, "question", "what?");
    assert_eq!(send(&mut form, &world, "b"), only("a"));
}

#[test]
fn doubt_stays_until_the_bus_has_looked_for_the_id() {
    let world = World::new();
    let changed_after = |code| {
        let mut form = complete().remove(1);
        send(&mut form, &world, "a");
        form.unsent("gone", Loss::Unanswered);
        send(&mut form, &world, "b");
        form.refused(refusal(code));
        set(&mut form, "question", "what?");
        send(&mut form, &world, "c").0
    };
    assert_eq!(changed_after(Code::NotRegistered), "c");
    assert_eq!(changed_after(Code::JournalUnavailable), "c");
    assert_eq!(changed_after(Code::AccessDenied), "a");

    let mut form = complete().remove(1);
    send(&mut form, &world, "a");
    form.refused(refusal(Code::DuplicateId));
    assert_eq!(send(&mut form, &world, "b"), only("b"));
}
