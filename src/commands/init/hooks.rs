//! Hooks in a file in which others may have theirs, for the same events.

use std::path::Path;

use jsonc_parser::cst::CstInputValue as Input;
use serde_json::Value;

use super::entry::{Form, Handler, Hooks, Kept, object, same};
use super::fault::Fault;
use super::json::{Document, Step};
use crate::agents::command_line::HookLine;

/// The member of the root that has them, and of a group.
const HOOKS: &str = "hooks";

/// Where a hook stands below its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Group(usize, usize),
    Flat(usize),
}

impl Place {
    fn path(self, event: &str) -> Vec<Step<'_>> {
        let mut path = vec![Step::Key(HOOKS), Step::Key(event)];
        match self {
            Self::Group(group, at) => path.extend([Step::At(group), Step::Key(HOOKS), Step::At(at)]),
            Self::Flat(at) => path.push(Step::At(at)),
        }
        path
    }
}

/// Puts our hooks in. Those that are there already are brought up to date where they stand; what there is too much of,
/// goes.
pub(super) fn add(document: &mut Document, hooks: &Hooks) -> Result<(), Fault> {
    for (key, value) in &hooks.root {
        if document.get(&[Step::Key(key)]).is_none() {
            document.set(&[Step::Key(key)], value)?;
        }
    }
    for event in events(document) {
        if !hooks.events.iter().any(|(wanted, _)| *wanted == event) {
            for (place, _) in ours(document, hooks, &event).into_iter().rev() {
                remove(document, &event, place, None)?;
            }
        }
    }
    for (event, handlers) in &hooks.events {
        add_to(document, hooks, event, handlers)?;
    }
    Ok(())
}

fn add_to(document: &mut Document, hooks: &Hooks, event: &str, handlers: &[Handler]) -> Result<(), Fault> {
    let mut there = ours(document, hooks, event);
    let mut missing = Vec::new();
    for handler in handlers {
        match there.iter().position(|(_, line)| handler.command.wakes == line.wakes) {
            Some(at) => {
                let (place, line) = there.remove(at);
                update(document, event, place, line, handler)?;
            }
            None => missing.push(handler.value(hooks.form)),
        }
    }
    for (place, _) in there.into_iter().rev() {
        remove(document, event, place, None)?;
    }
    let path = [Step::Key(HOOKS), Step::Key(event)];
    match hooks.form {
        _ if missing.is_empty() => Ok(()),
        Form::Groups => document.push(&path, &Input::Object(vec![(HOOKS.to_owned(), Input::Array(missing))])),
        Form::Flat => missing.iter().try_for_each(|handler| document.push(&path, handler)),
    }
}

/// Takes our hooks out, and says whether there were any.
pub(super) fn take(document: &mut Document, hooks: &Hooks, kept: &Kept) -> Result<bool, Fault> {
    let mut found = false;
    for event in events(document) {
        for (place, _) in ours(document, hooks, &event).into_iter().rev() {
            remove(document, &event, place, Some(kept))?;
            found = true;
        }
    }
    if found {
        kept.prune(document, &[Step::Key(HOOKS)])?;
    }
    for (key, value) in &hooks.root {
        let path = [Step::Key(key)];
        let is_ours = document.get(&path).is_some_and(|there| same(value, &there));
        if found && is_ours && kept.is_known() && !kept.had(&path) {
            document.remove(&path)?;
        }
    }
    Ok(found)
}

impl Handler {
    fn value(&self, form: Form) -> Input {
        let command = ("command", Input::String(self.command.to_string()));
        // Where a hook can be something else than a command, it says first that it is one.
        let kind = (form == Form::Groups).then(|| ("type", Input::String("command".into())));
        object(kind.iter().chain([&command]).chain(&self.fixed).chain(&self.defaults))
    }
}

/// Brings a hook up to date; the variables that a person has set for it stay.
fn update(
    document: &mut Document,
    event: &str,
    place: Place,
    line: HookLine,
    handler: &Handler,
) -> Result<(), Fault> {
    let path = place.path(event);
    let there = document.get(&path).unwrap_or_default();
    let line = handler.command.in_place_of(line);
    let command = ("command", Input::String(line.to_string()));
    for (key, wanted) in [&command].into_iter().chain(&handler.fixed) {
        if !same(wanted, &there[*key]) {
            document.set(&[&path[..], &[Step::Key(key)]].concat(), wanted)?;
        }
    }
    for (key, value) in handler.defaults.iter().filter(|(key, _)| there.get(key).is_none()) {
        document.set(&[&path[..], &[Step::Key(key)]].concat(), value)?;
    }
    Ok(())
}

/// Takes a hook out, and what is empty without it.
fn remove(document: &mut Document, event: &str, place: Place, kept: Option<&Kept>) -> Result<(), Fault> {
    let path = place.path(event);
    document.remove(&path)?;
    let is_empty = |document: &Document, path: &[Step<'_>]| {
        document.get(path).is_some_and(|there| there.as_array().is_some_and(Vec::is_empty))
    };
    if matches!(place, Place::Group(..)) && is_empty(document, &path[..path.len() - 1]) {
        // A group without hooks is nothing that anybody has written.
        document.remove(&path[..path.len() - 2])?;
    }
    match kept {
        Some(kept) => kept.prune(document, &path[..2]),
        None => Ok(()),
    }
}

/// The events for which anybody has hooks.
fn events(document: &Document) -> Vec<String> {
    match document.get(&[Step::Key(HOOKS)]) {
        Some(Value::Object(events)) => events.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// Our hooks for an event, and their lines.
fn ours(document: &Document, hooks: &Hooks, event: &str) -> Vec<(Place, HookLine)> {
    let Some(Value::Array(elements)) = document.get(&[Step::Key(HOOKS), Step::Key(event)]) else {
        return Vec::new();
    };
    let wanted = hooks.events.iter().flat_map(|(_, handlers)| handlers).next();
    let own = wanted.map(|handler| Path::new(&handler.command.program));
    let line = |hook: &Value| {
        let line = HookLine::read(hook.get("command")?.as_str()?)?;
        line.is_ours(own).then_some(line)
    };
    let mut found = Vec::new();
    for (index, element) in elements.iter().enumerate() {
        match hooks.form {
            Form::Flat => found.extend(line(element).map(|line| (Place::Flat(index), line))),
            Form::Groups => {
                let inner = element.get(HOOKS).and_then(Value::as_array).into_iter().flatten().enumerate();
                found.extend(inner.filter_map(|(at, hook)| Some((Place::Group(index, at), line(hook)?))));
            }
        }
    }
    found
}
