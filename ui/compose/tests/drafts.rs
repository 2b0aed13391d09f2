use veda_bus_core::refusal::{Code, Refusal};

use super::*;

fn reread(drafts: &Drafts) -> Drafts {
    let (read, unread) = Drafts::from_json(&drafts.to_json().unwrap()).unwrap();
    assert_eq!(unread, [""; 0]);
    read
}

#[test]
fn drafts_come_back_as_they_were() {
    let mut drafts = Drafts::default();
    let first = drafts.open_new(MessageType::Query, Some("LensSDK"));
    set(drafts.get_mut(&first).unwrap(), "question", "how\n\u{1b}?");
    let second = drafts.open_new(MessageType::Task, None);
    let form = drafts.get_mut(&second).unwrap();
    set(form, "task_type", "x");
    form.set_kind(MessageType::Notify);
    form.allow_unknown(true);
    let reply = drafts.open_reply(parent(MessageType::Notify));
    set(drafts.get_mut(&reply).unwrap(), "comment", "later");
    let broadcast = drafts.open_broadcast(MessageType::Notify);

    assert_eq!(drafts.open_reply(parent(MessageType::Notify)), reply);
    assert_eq!(text(drafts.get(&reply).unwrap(), "comment"), "later");
    assert_eq!(drafts.open_new(MessageType::Notify, None), second, "one of its type");
    let titles: Vec<_> = drafts.titles().into_iter().map(|(_, title)| title).collect();
    assert_eq!(
        titles,
        ["Query to LensSDK: how", "Notify to nobody yet", "reply to Notify 3f2a1b2c of Flagship: later"]
    );

    let mut read = reread(&drafts);
    assert_eq!(read.titles(), drafts.titles());
    assert!(read.get(&broadcast).is_none(), "an empty form is no draft");
    assert_eq!(text(read.get(&first).unwrap(), "question"), "how\n\u{1b}?");
    let form = read.get_mut(&second).unwrap();
    assert!(form.allows_unknown());
    form.set_kind(MessageType::Task);
    assert_eq!(text(form, "task_type"), "x");
}

#[test]
fn an_empty_form_is_not_kept() {
    let mut drafts = Drafts::default();
    let key = drafts.open_new(MessageType::Query, Some("LensSDK"));
    assert_eq!(drafts.titles(), []);
    drafts.close(&key);
    assert!(drafts.get(&key).is_none());
    let key = drafts.open_new(MessageType::Query, Some("LensSDK"));
    set(drafts.get_mut(&key).unwrap(), "question", "x");
    drafts.close(&key);
    assert!(drafts.get(&key).is_some());
    assert!(drafts.discard(&key).is_some());
}

#[test]
fn what_was_on_its_way_at_the_end_may_have_arrived() {
    let world = World::new();
    let mut drafts = Drafts::default();
    let key = drafts.open_new(MessageType::Query, Some("LensSDK"));
    let form = drafts.get_mut(&key).unwrap();
    set(form, "question", "how?");
    form.send(&world.known(), || id("a")).unwrap();

    let mut read = reread(&drafts);
    assert!(matches!(read.get(&key).unwrap().sending(), Sending::Unsent { loss: Loss::Unanswered, .. }));
    assert_eq!(read.unanswered(), [id("a")]);
    assert_eq!(read.clone().was_accepted(&id("b")), None);
    assert_eq!(read.clone().was_accepted(&id("a")), Some(key.clone()));
    let form = read.get_mut(&key).unwrap();
    assert_eq!(form.send(&world.known(), || id("b")).unwrap().id, id("a"));

    drafts.bus_lost("gone");
    let form = drafts.get_mut(&key).unwrap();
    assert!(matches!(form.sending(), Sending::Unsent { loss: Loss::Unanswered, .. }));
    set(form, "question", "what?");
    assert_eq!(drafts.was_accepted(&id("a")), None, "it says something else now");
    let form = drafts.get_mut(&key).unwrap();
    assert!(form.check(&world.known()).warnings[0].1.contains("has arrived"));
    assert_eq!(form.send(&world.known(), || id("b")).unwrap().id, id("b"));
    assert!(drafts.sent_as(&id("b")).is_some());
}

#[test]
fn a_refusal_survives_a_restart() {
    let world = World::new();
    let mut drafts = Drafts::default();
    let key = drafts.open_reply(parent(MessageType::Query));
    let form = drafts.get_mut(&key).unwrap();
    set(form, "comment", "no");
    form.send(&world.known(), || id("a")).unwrap();
    form.refused(Refusal::new(Code::MailboxFull, "full").at("to.repo"));
    assert_eq!(drafts.unanswered(), []);
    assert_eq!(reread(&drafts).get(&key).unwrap().sending(), drafts.get(&key).unwrap().sending());
}

#[test]
fn a_file_of_another_kind_is_not_lost() {
    for broken in ["", "{", "[]", "{\"version\":1}"] {
        assert!(Drafts::from_json(broken).is_err(), "{broken}");
    }
    let mut drafts = Drafts::default();
    let key = drafts.open_new(MessageType::Query, None);
    set(drafts.get_mut(&key).unwrap(), "question", "x");
    let newer = drafts.to_json().unwrap().replace("\"version\": 1", "\"version\": 9, \"mood\": true");
    let (read, unread) = Drafts::from_json(&newer).unwrap();
    assert_eq!((read.titles(), unread.len()), (drafts.titles(), 1));
    let odd = newer.replace("\"Query\"", "\"Poem\"").replace('9', "1");
    let (read, unread) = Drafts::from_json(&odd).unwrap();
    assert_eq!((read.titles().len(), unread.len()), (0, 1));
}
