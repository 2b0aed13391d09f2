//! Writing and sending.

use std::collections::BTreeSet;

use crossterm::event::{KeyCode, KeyEvent};
use veda_bus_core::message::{MessageType, Sender};
use veda_bus_core::name::{Capability, MessageId, RepoName};

use super::{Effect, context, perform};
use crate::action::{Action, Scope};
use crate::app::overlay::{Confirmed, Overlay};
use crate::app::pane::Pane;
use crate::app::{App, Connection};
use crate::compose::{Known, Loss, NotSent, Outcome, ParentFacts, Sending};
use crate::keys::Chord;
use crate::link::{Ask, Sent};
use crate::model::texts::Text;
use crate::view::composer::Target;

/// Begins a message, or goes on with the one of that sort that is being written.
pub(super) fn begin(app: &mut App, kind: MessageType, broadcast: bool) {
    let to = match app.focus {
        Pane::Instances => {
            let repos = app.repos();
            repos.get(app.repo_line(&repos)).map(ToString::to_string)
        }
        _ => None,
    };
    let key =
        if broadcast { app.drafts.open_broadcast(kind) } else { app.drafts.open_new(kind, to.as_deref()) };
    if let Some(form) = app.drafts.get_mut(&key).filter(|_| broadcast) {
        form.set_kind(kind);
    }
    perform::write(app, key);
}

/// Begins an answer to the selected message, or goes on with it.
pub(super) fn reply(app: &mut App) {
    let Some(record) = app.selected_message().and_then(|seq| app.model.state.record(seq)) else { return };
    let headline = match app.model.texts.get(&app.model.state, record.seq) {
        Text::Here(read) => read.headline.clone(),
        Text::Coming | Text::Gone => String::new(),
    };
    let parent = ParentFacts {
        id: record.id.clone(),
        kind: record.kind,
        from: record.from.clone(),
        priority: record.priority,
        headline,
        thread: MessageId::clone(&record.thread),
    };
    let seq = record.seq;
    app.select_message(seq);
    let key = app.drafts.open_reply(parent);
    perform::write(app, key);
}

/// Runs `with` with what the form is judged by.
fn with_known<T>(app: &App, with: impl FnOnce(&Known<'_>) -> T) -> T {
    let known = app.model.state.repos().iter().filter(|(name, repo)| repo.seen && !name.is_operator());
    let repos: BTreeSet<RepoName> = known.clone().map(|(name, _)| name.clone()).collect();
    let capabilities: BTreeSet<Capability> =
        known.flat_map(|(_, repo)| repo.capabilities.iter().flatten().cloned()).collect();
    let from = Sender { repo: RepoName::operator(), path: None, session_id: None, instance_id: None };
    with(&Known {
        repos: &repos,
        capabilities: &capabilities,
        from: &from,
        max_message_size: app.max_message_size,
        now: app.now,
    })
}

/// Judges what is being written.
pub(super) fn check(app: &mut App) {
    app.checked = app.form().map(|form| with_known(app, |known| form.check(known)));
    app.is_unsaved = true;
}

/// The message as it would be sent.
pub(crate) fn preview(app: &App) -> String {
    app.form().map(|form| with_known(app, |known| form.preview(known))).unwrap_or_default()
}

/// A key while something is being written: the composer's own keys first, then text, then the keys that hold anywhere
/// and are no text.
pub(super) fn key(app: &mut App, key: KeyEvent, chord: Chord) -> Vec<Effect> {
    let is_suggesting = app.checked.as_ref().is_some_and(|checked| !checked.completions.is_empty());
    let bound = app.settings.keys.find(&[Scope::Composer], chord).cloned();
    // While something is suggested, Tab takes it and Esc sends it away.
    let is_answer =
        is_suggesting && matches!(key.code, KeyCode::Tab | KeyCode::Esc | KeyCode::Up | KeyCode::Down);
    if let Some(invocation) = bound.filter(|_| !is_answer) {
        return perform::perform(app, &invocation);
    }
    let elsewhere = app.settings.keys.find(context::layers(app), chord).cloned().filter(|_| !chord.is_text());
    // A function key edits nothing; of the others, those that edit text do so first.
    if let (KeyCode::F(_), Some(invocation)) = (key.code, &elsewhere) {
        return perform::perform(app, invocation);
    }
    let completions = app.checked.as_ref().map(|checked| checked.completions.clone()).unwrap_or_default();
    let Some(form) = app.writing.as_ref().and_then(|writing| app.drafts.get_mut(writing)) else {
        return Vec::new();
    };
    // In a field of one line, Enter goes on to the next.
    let is_line = form.fields().get(form.focus()).is_some_and(|field| !field.input.has_lines());
    let outcome = form.key(key, &completions);
    if let Some(invocation) = elsewhere.filter(|_| matches!(outcome, Outcome::Ignored | Outcome::Locked)) {
        return perform::perform(app, &invocation);
    }
    if outcome == Outcome::Ignored && key.code == KeyCode::Enter && is_line {
        form.next_field();
        return came(app, Outcome::Moved);
    }
    came(app, outcome)
}

fn came(app: &mut App, outcome: Outcome) -> Vec<Effect> {
    match outcome {
        Outcome::Edited | Outcome::Moved => check(app),
        Outcome::Locked => app.say("it is on its way; the bus has not answered yet"),
        Outcome::Ignored => {}
    }
    Vec::new()
}

/// Pasted text goes into the field.
pub(super) fn paste(app: &mut App, text: &str) {
    if let Some(form) = app.writing.as_ref().and_then(|writing| app.drafts.get_mut(writing)) {
        let outcome = form.paste(text);
        came(app, outcome);
    }
}

pub(super) fn perform(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::Send => return send(app),
        Action::Close => close(app),
        Action::Discard => {
            let question = "Throw this draft away?".to_owned();
            if app.form().is_some_and(crate::compose::Form::is_empty) {
                discard(app);
            } else {
                app.overlay = Some(Overlay::Confirm { question, then: Confirmed::Discard });
            }
        }
        Action::Preview => app.preview = !app.preview,
        Action::Editor => return editor(app),
        _ => edit(app, action),
    }
    Vec::new()
}

fn edit(app: &mut App, action: Action) {
    let Some(form) = app.writing.as_ref().and_then(|writing| app.drafts.get_mut(writing)) else { return };
    match action {
        Action::NextField => form.next_field(),
        Action::PreviousField => form.previous_field(),
        Action::NextChoice => _ = form.next_choice(),
        Action::PreviousChoice => _ = form.previous_choice(),
        Action::AllowUnknown => {
            let allow = !form.allows_unknown();
            form.allow_unknown(allow);
        }
        Action::Undo => _ = form.undo(),
        Action::Redo => _ = form.redo(),
        Action::NextType => {
            let at = MessageType::ALL.iter().position(|kind| *kind == form.kind()).unwrap_or_default();
            form.set_kind(MessageType::ALL[(at + 1) % MessageType::ALL.len()]);
        }
        _ => {}
    }
    check(app);
}

fn editor(app: &App) -> Vec<Effect> {
    let Some(form) = app.form() else { return Vec::new() };
    let field = form.focus();
    vec![Effect::Editor(field, form.field_text(field))]
}

/// The editor was closed.
pub(super) fn edited(app: &mut App, field: usize, text: Result<String, String>) -> Vec<Effect> {
    match text {
        Ok(text) => {
            let Some(form) = app.writing.as_ref().and_then(|writing| app.drafts.get_mut(writing)) else {
                return Vec::new();
            };
            // Editors end the last line with a line break.
            let text = text.strip_suffix('\n').unwrap_or(&text);
            let outcome = form.set_field_text(field, text);
            came(app, outcome)
        }
        Err(why) => {
            app.complain(why);
            Vec::new()
        }
    }
}

fn close(app: &mut App) {
    if let Some(key) = app.writing.take() {
        app.drafts.close(&key);
        if app.drafts.get(&key).is_some() {
            app.say("the draft is kept; :drafts brings it back");
        }
    }
    app.checked = None;
    app.focus = Pane::Thread;
    app.is_unsaved = true;
}

/// Throws away what is being written.
pub(super) fn discard(app: &mut App) {
    if let Some(key) = app.writing.take() {
        app.drafts.discard(&key);
    }
    app.checked = None;
    app.focus = Pane::Thread;
    app.is_unsaved = true;
}

fn send(app: &mut App) -> Vec<Effect> {
    let Some(key) = app.writing.clone() else { return Vec::new() };
    let Some(mut form) = app.drafts.get(&key).cloned() else { return Vec::new() };
    let sent = with_known(app, |known| form.send(known, MessageId::random));
    let effects = match sent {
        Ok(outgoing) if app.connection == Connection::Connected => {
            if let Some(earlier) = &outgoing.earlier {
                app.say(format!("sent as another message than {}, which may have arrived", earlier.short()));
            }
            vec![Effect::Ask(Ask::Send {
                id: outgoing.id,
                json: outgoing.json,
                allow_unknown: outgoing.allow_unknown,
            })]
        }
        Ok(_) => {
            form.unsent("no bus answers; the draft is kept", Loss::NeverLeft);
            app.complain("no bus answers; the draft is kept");
            Vec::new()
        }
        Err(NotSent::OnItsWay) => {
            app.say("it is on its way; the bus has not answered yet");
            Vec::new()
        }
        Err(faulty @ NotSent::Faulty(_)) => {
            app.complain(format!("not sent: {faulty}"));
            Vec::new()
        }
    };
    if let Some(kept) = app.drafts.get_mut(&key) {
        *kept = form;
    }
    check(app);
    effects
}

/// The bus said what became of a message.
pub(super) fn sent(app: &mut App, id: &MessageId, sent: Sent) {
    match sent {
        Sent::Accepted(receipt) => {
            let told = crate::words::receipt(&receipt, &[]);
            app.say(told.replacen(&receipt.id.to_string(), &receipt.id.short(), 1));
            accepted(app, id);
        }
        Sent::Refused(refusal) => {
            app.complain(format!("refused ({}): {refusal}", refusal.code));
            if let Some(form) = app.drafts.sent_as(id) {
                form.refused(refusal);
            }
        }
        Sent::Unanswered(why) => {
            app.complain(format!("not answered: {why}"));
            if let Some(form) = app.drafts.sent_as(id) {
                form.unsent(why, Loss::Unanswered);
            }
        }
    }
    check(app);
}

/// The bus has a message: its draft has done its work.
fn accepted(app: &mut App, id: &MessageId) {
    let done = app.drafts.was_accepted(id);
    if done.is_some() && done == app.writing {
        app.writing = None;
        app.checked = None;
        if app.focus == Pane::Composer {
            app.focus = Pane::Thread;
        }
        if let Some(seq) = app.model.state.message(id).map(|record| record.seq) {
            app.select_message(seq);
            app.thread.follow = true;
        } else {
            app.awaited = Some(id.clone());
        }
    }
    app.is_unsaved = true;
}

/// Looks among what came for messages that were sent and never answered for, and for the one that was just sent.
pub(super) fn found(app: &mut App) -> Vec<Effect> {
    if let Some(seq) =
        app.awaited.as_ref().and_then(|id| app.model.state.message(id)).map(|record| record.seq)
    {
        app.awaited = None;
        app.select_message(seq);
        app.thread.follow = true;
    }
    if app.connection == Connection::Connected && app.loading.is_none() {
        for id in app.drafts.unanswered() {
            // Of one that is on its way, the receipt will tell.
            let is_on_its_way =
                app.drafts.sent_as(&id).is_some_and(|form| matches!(form.sending(), Sending::Sending { .. }));
            if !is_on_its_way && app.model.state.message(&id).is_some() {
                app.say(format!("{} had arrived after all", id.short()));
                accepted(app, &id);
            }
        }
    }
    Vec::new()
}

/// A place in the composer was clicked.
pub(super) fn click(app: &mut App, target: &Target) -> Vec<Effect> {
    let completions = app.checked.as_ref().map(|checked| checked.completions.clone()).unwrap_or_default();
    let Some(form) = app.writing.as_ref().and_then(|writing| app.drafts.get_mut(writing)) else {
        return Vec::new();
    };
    app.focus = Pane::Composer;
    let outcome = match target {
        Target::Kind(kind) => {
            form.set_kind(*kind);
            Outcome::Edited
        }
        Target::Field(index) => {
            form.set_focus(*index);
            Outcome::Moved
        }
        Target::Choice(index, word) => form.set_field_text(*index, word),
        Target::Completion(index) => {
            form.pick_completion(*index);
            form.accept_completion(&completions)
        }
    };
    came(app, outcome)
}
