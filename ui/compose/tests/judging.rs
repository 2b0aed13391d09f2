use veda_bus_core::refusal::{Code, Refusal};

use super::*;

fn faults(form: &Form, world: &World) -> Vec<(String, String, bool)> {
    let name = |field: Option<usize>| field.map_or(String::new(), |field| form.fields()[field].name.clone());
    let checked = form.check(&world.known());
    checked.faults().iter().map(|fault| (name(fault.field), fault.text.clone(), fault.soft)).collect()
}

#[test]
fn what_is_missing_is_no_error_before_sending_is_tried() {
    let world = World::new();
    let mut form = Form::new(MessageType::Task, None);
    let missing = ["to", "task_type", "description", "subtasks"];
    let all = |soft| missing.map(|name| (name.to_owned(), "required".to_owned(), soft)).to_vec();
    assert_eq!(faults(&form, &world), all(true));
    form.set_focus(5);
    assert!(
        matches!(form.send(&world.known(), || id("m")), Err(NotSent::Faulty(faults)) if faults.len() == 4)
    );
    assert_eq!((faults(&form, &world), form.focus()), (all(false), 0));

    let mut reply = Form::reply(parent(MessageType::Query));
    assert!(matches!(&faults(&reply, &world)[..], [(name, _, true)] if name.is_empty()));
    assert!(reply.send(&world.known(), || id("m")).is_err());
    assert!(matches!(&faults(&reply, &world)[..], [(_, text, false)] if text.contains("answer, comment")));
}

#[test]
fn every_fault_is_shown_at_its_field() {
    let world = World::new();
    let long = "x".repeat(200);
    for (kind, name, text, expected) in [
        (MessageType::Query, "to", "a\u{202e}b", "expected a name, found a string with U+202E in it"),
        (
            MessageType::Query,
            "to",
            "Lenssdk",
            "this bus has never seen a repo \"Lenssdk\"; did you mean LensSDK?",
        ),
        (
            MessageType::Query,
            "capabilities",
            &format!("ui, {long}"),
            "[1]: expected a name, found a string of 200",
        ),
        (MessageType::Query, "ttl", "0", "expected an integer of at least 1, found 0"),
        (MessageType::Query, "ttl", "soon", "expected seconds, or a time span such as"),
        (MessageType::Query, "ttl", "99999999999999999999", "expected seconds, or a time span such as"),
        (MessageType::Query, "question", "a\0b", "NUL can not be sent"),
        (MessageType::Negotiate, "affected_repos", &format!("LensSDK\n{long}"), "[1]: expected a name"),
        (MessageType::Task, "subtasks", "no colon", "expected \"Repo: what it is to do\""),
        (MessageType::Task, "subtasks", "A: x\nA: y", "A stands there twice"),
        (MessageType::Task, "subtasks", "LensSDK:", "LensSDK: expected a string that is not blank"),
        (MessageType::Task, "subtasks", &format!("{long}: x"), "expected names as keys"),
    ] {
        let mut form = complete().into_iter().find(|form| form.kind() == kind).unwrap();
        assert_eq!(faults(&form, &world), []);
        set(&mut form, name, text);
        let found = faults(&form, &world);
        assert!(
            matches!(&found[..], [(at, text, false)] if at == name && text.starts_with(expected)),
            "{name} {text:?}: {found:?}"
        );
    }
}

#[test]
fn several_faults_are_shown_at_once() {
    let mut form = Form::new(MessageType::Negotiate, Some("Ghost"));
    set(&mut form, "ttl", "x");
    set(&mut form, "affected_repos", "\u{200b}");
    let names: Vec<_> = faults(&form, &World::new()).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["to", "proposal", "affected_repos", "requires_consensus", "ttl"]);
}

#[test]
fn a_message_that_is_too_long_or_too_deep_is_not_sent() {
    let mut world = World::new();
    let mut form = Form::reply(parent(MessageType::Query));
    set(&mut form, "answer", &format!("{}{}", "[".repeat(70), "]".repeat(70)));
    assert!(matches!(&faults(&form, &world)[..], [(_, text, _)] if text.contains("64 levels")));
    world.max_message_size = 4096;
    set(&mut form, "answer", &"x".repeat(4096));
    assert!(
        matches!(&faults(&form, &world)[..], [(name, text, _)] if name == "answer" && text.contains("3968 bytes"))
    );
}

#[test]
fn an_unknown_repo_can_be_meant() {
    let world = World::new();
    let mut form = complete().remove(1);
    set(&mut form, "to", "Ghost");
    assert!(form.send(&world.known(), || id("m")).is_err());
    form.allow_unknown(true);
    assert_eq!(form.check(&world.known()).warnings.len(), 1);
    assert!(form.send(&world.known(), || id("m")).unwrap().allow_unknown);
}

#[test]
fn what_looks_wrong_and_is_allowed_is_a_warning() {
    let world = World::new();
    let warning = |form: &Form, name: &str| {
        let checked = form.check(&world.known());
        assert!(checked.json.is_ok());
        assert_eq!(checked.warnings.len(), 1, "{name}");
        assert_eq!(checked.warnings[0].0, Some(index(form, name)));
        checked.warnings[0].1.clone()
    };
    let forms = complete();
    let [_, _, _, mut negotiate, mut task, _, mut answer, ..] = <[Form; 10]>::try_from(forms).unwrap();
    set(&mut negotiate, "affected_repos", "LensSDK\nGhost");
    assert!(warning(&negotiate, "affected_repos").contains("Ghost"));
    set(&mut task, "subtasks", "Ghost: x");
    assert!(warning(&task, "subtasks").contains("Ghost"));
    set(&mut answer, "answer", "{ a: 1 }");
    assert!(warning(&answer, "answer").contains("as text"));
}

#[test]
fn a_refusal_is_shown_at_the_field_that_it_names() {
    let world = World::new();
    for form in complete() {
        for (field, _) in form.fields().iter().enumerate() {
            for part in ["", "[1]", ".LensSDK", "[0].x"] {
                let at = format!("{}{part}", form.fields()[field].at);
                let mut form = form.clone();
                form.send(&world.known(), || id("m")).unwrap();
                form.refused(Refusal::new(Code::InvalidPayload, "no").at(at.clone()));
                assert_eq!(form.focus(), field, "{at}");
                let other = (field + 1) % form.fields().len();
                form.set_focus(other);
                form.set_field_text(other, "");
                assert!(matches!(form.sending(), Sending::Refused(_)), "another field was edited");
                form.set_field_text(field, "");
                assert_eq!(form.sending(), &Sending::Editing);
            }
        }
        for at in ["id", "payload", "byte 17", "type", "payloads.summary", "to.repository"] {
            assert_eq!(form.field_of(&Refusal::new(Code::InvalidMessage, "no").at(at)), None, "{at}");
        }
    }
}

#[test]
fn the_preview_shows_what_is_there() {
    let world = World::new();
    let mut form = complete().remove(1);
    set(&mut form, "ttl", "x");
    insta::assert_snapshot!(form.preview(&world.known()), @r#"
    {
      "from": {
        "repo": "operator"
      },
      "to": {
        "repo": "LensSDK"
      },
      "type": "Query",
      "priority": "normal",
      "payload": {
        "question": "how?"
      },
      "timestamp": 1700000000
    }
    "#);
}
