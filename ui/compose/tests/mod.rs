#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod drafts;
mod editing;
mod fields;
mod judging;
mod sending;

use std::collections::BTreeSet;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use veda_bus_core::message::{MessageType, Priority, Sender};
use veda_bus_core::name::{Capability, MessageId, RepoName};
use veda_bus_core::time::Millis;

use super::*;

/// What the tests' bus knows.
struct World {
    repos: BTreeSet<RepoName>,
    capabilities: BTreeSet<Capability>,
    from: Sender,
    max_message_size: usize,
}

impl World {
    fn new() -> Self {
        Self {
            repos: ["AuthCore", "Flagship", "LensSDK"].map(|repo| RepoName::new(repo).unwrap()).into(),
            capabilities: ["auth", "ui"].map(|one| Capability::new(one).unwrap()).into(),
            from: Sender { repo: RepoName::operator(), path: None, session_id: None, instance_id: None },
            max_message_size: 1 << 20,
        }
    }

    fn known(&self) -> Known<'_> {
        Known {
            repos: &self.repos,
            capabilities: &self.capabilities,
            from: &self.from,
            max_message_size: self.max_message_size,
            now: Millis(1_700_000_000_000),
        }
    }

    /// Types keys the way the console does: with the completions of a check before each.
    fn press(&self, form: &mut Form, code: KeyCode) -> Outcome {
        let checked = form.check(&self.known());
        form.key(KeyEvent::new(code, KeyModifiers::NONE), &checked.completions)
    }

    fn types(&self, form: &mut Form, text: &str) {
        for c in text.chars() {
            let code = match c {
                '\n' => KeyCode::Enter,
                '\t' => KeyCode::Tab,
                c => KeyCode::Char(c),
            };
            self.press(form, code);
        }
    }
}

fn id(id: &str) -> MessageId {
    MessageId::new(id).unwrap()
}

fn index(form: &Form, name: &str) -> usize {
    form.fields().iter().position(|field| field.name == name).unwrap_or_else(|| panic!("no field {name}"))
}

fn set(form: &mut Form, name: &str, text: &str) {
    let index = index(form, name);
    form.set_field_text(index, text);
}

fn text(form: &Form, name: &str) -> String {
    form.field_text(index(form, name))
}

fn parent(kind: MessageType) -> ParentFacts {
    ParentFacts {
        id: id("3f2a1b2c-0000-4000-8000-000000000000"),
        kind,
        from: RepoName::new("Flagship").unwrap(),
        priority: Priority::High,
        headline: "How?".to_owned(),
        thread: id("thread"),
    }
}

/// A form of each type and form that lacks nothing.
fn complete() -> Vec<Form> {
    let openings: [&[(&str, &str)]; 5] = [
        &[("summary", "export it")],
        &[("question", "how?")],
        &[("change_type", "deprecation"), ("summary", "gone")],
        &[("proposal", "rename"), ("affected_repos", "LensSDK"), ("requires_consensus", "true")],
        &[("task_type", "benchmark"), ("description", "measure"), ("subtasks", "LensSDK: run")],
    ];
    let answers = [
        ("decision", "done"),
        ("answer", "so"),
        ("acknowledged", "true"),
        ("vote", "accept"),
        ("status", "done"),
    ];
    let filled = |mut form: Form, texts: &[(&str, &str)]| {
        for (name, text) in texts {
            set(&mut form, name, text);
        }
        form
    };
    let openings = MessageType::ALL.into_iter().zip(openings);
    let answers = MessageType::ALL.into_iter().zip(answers);
    openings
        .map(|(kind, texts)| filled(Form::new(kind, Some("LensSDK")), texts))
        .chain(answers.map(|(kind, text)| filled(Form::reply(parent(kind)), &[text])))
        .collect()
}
