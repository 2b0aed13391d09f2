//! What the operator decides: the dialogue, what it sends, and what the bus says to it.

use crossterm::event::{KeyCode, KeyEvent};
use serde_json::value::RawValue;
use veda_bus_core::config::AllowRule;
use veda_bus_core::name::Seq;
use veda_bus_core::payload::Outcome;
use veda_bus_core::refusal::Code;

use super::Effect;
use super::lists::{self, Step};
use crate::action::{Action, Scope};
use crate::app::decision::{Decision, Part, Subject, Verb};
use crate::app::overlay::Overlay;
use crate::app::pane::Pane;
use crate::app::{App, Connection};
use crate::compose::{Edit, Editor};
use crate::keys::Chord;
use crate::link::{Ask, Ruling};
use crate::model::texts::Text;

/// What an action wants to be decided.
pub(super) fn verb(action: Action) -> Option<Verb> {
    match action {
        Action::Approve => Some(Verb::Approve),
        Action::Reject => Some(Verb::Reject),
        Action::Amend => Some(Verb::Amend),
        Action::Override => Some(Verb::Override),
        Action::Allow => Some(Verb::Allow),
        _ => None,
    }
}

/// Whether something that is marked or selected can be decided so.
pub(super) fn available(app: &App, verb: Verb) -> Result<(), &'static str> {
    if verb == Verb::Amend && app.subjects().nth(1).is_some() {
        return Err("one thing is amended at a time; U unmarks all");
    }
    let mut first = Err("nothing is to be decided here");
    for (place, subject) in app.subjects().enumerate() {
        match app.possible(verb, &subject) {
            Ok(()) => return Ok(()),
            Err(why) if place == 0 => first = Err(why),
            Err(_) => {}
        }
    }
    first
}

/// Whether what is selected can be marked.
pub(super) fn markable(app: &App) -> Result<(), &'static str> {
    match app.selected_need() {
        _ if app.focus != Pane::Needs => Err("go to what needs you first"),
        Some(need) if app.subject_of_need(need).is_some() => Ok(()),
        _ => Err("nothing is to be decided here"),
    }
}

/// Opens the dialogue on what is marked or selected.
pub(super) fn ask(app: &mut App, verb: Verb) {
    let subjects = app.subjects().collect();
    begin(app, verb, subjects);
}

/// Opens the dialogue on what there is to decide of a message.
pub(super) fn ask_about(app: &mut App, verb: Verb, seq: Seq) {
    let Some(subject) = app.subject_of(seq) else {
        return app.complain("nothing is to be decided about that message");
    };
    match app.possible(verb, &subject) {
        Ok(()) => begin(app, verb, vec![subject]),
        Err(why) => app.complain(why),
    }
}

fn begin(app: &mut App, verb: Verb, subjects: Vec<Subject>) {
    let decision = match app.decisions.take_kept(verb, &subjects) {
        Some(kept) => kept,
        None if verb == Verb::Amend => {
            let Some(text) = subjects.first().and_then(|subject| said(app, subject)) else {
                return app.complain("its text is not at hand yet");
            };
            Decision::new(verb, subjects, Some(Editor::new(&text)))
        }
        None => Decision::new(verb, subjects, None),
    };
    app.decisions.open = Some(decision);
    app.overlay = Some(Overlay::Decision);
}

/// What is to be amended: the wording of a proposal, or a payload as JSON.
fn said(app: &App, subject: &Subject) -> Option<String> {
    match subject {
        Subject::Negotiation { seq, .. } => app.wording(app.model.state.negotiation(*seq)?.round.seq),
        Subject::Held(seq) => match app.model.texts.get(&app.model.state, *seq) {
            Text::Here(read) => payload(&read.json),
            Text::Coming | Text::Gone => None,
        },
        Subject::Thread(_) | Subject::Rule(_) => None,
    }
}

/// The payload of an envelope as JSON over several lines.
fn payload(json: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        payload: &'a RawValue,
    }
    let envelope: Envelope<'_> = serde_json::from_str(json).ok()?;
    let value: serde_json::Value = serde_json::from_str(envelope.payload.get()).ok()?;
    serde_json::to_string_pretty(&value).ok()
}

/// Marks what is selected to be decided with others, or not, and goes on to the next.
pub(super) fn mark(app: &mut App) {
    if let Some(need) = app.selected_need() {
        if !app.decisions.marked.remove(&need) {
            app.decisions.marked.insert(need);
        }
        lists::step(app, Step::By(1));
    }
}

/// A key in the dialogue. The composer's keys for sending, for `$EDITOR`, and for going back and forth in what was
/// written hold here, too.
pub(super) fn key(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    let bound = app.settings.keys.find(&[Scope::Composer], Chord::from(key)).map(|bound| bound.action);
    let Some(decision) = &mut app.decisions.open else { return Vec::new() };
    match (bound, decision.part) {
        (Some(Action::Send), _) => return confirm(app),
        (Some(Action::NextField | Action::PreviousField), _) => other_part(decision),
        (Some(Action::Editor), Part::Text) => {
            return decision.text().map(|text| Effect::Editor(0, text)).into_iter().collect();
        }
        (Some(action @ (Action::Undo | Action::Redo)), Part::Text) => {
            if let Some(text) = &mut decision.text {
                let _ = if action == Action::Undo { text.undo() } else { text.redo() };
            }
            rejudge(app);
        }
        (_, Part::Text) => {
            let edit = decision.text.as_mut().map(|text| text.key(key, true));
            if edit == Some(Edit::Changed) {
                rejudge(app);
            }
        }
        (_, Part::Comment) => return comment_key(app, key),
    }
    Vec::new()
}

fn comment_key(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    let Some(decision) = &mut app.decisions.open else { return Vec::new() };
    match key.code {
        KeyCode::Enter => return confirm(app),
        KeyCode::Up | KeyCode::Down if decision.verb == Verb::Override => {
            decision.outcome = match decision.outcome {
                Outcome::Approved => Outcome::Rejected,
                _ => Outcome::Approved,
            };
        }
        _ if decision.takes_comment() && decision.comment.key(key) => decision.fault = None,
        _ => {}
    }
    Vec::new()
}

fn other_part(decision: &mut Decision) {
    decision.part = match decision.part {
        Part::Comment if decision.text.is_some() => Part::Text,
        _ => Part::Comment,
    };
}

/// The text was changed: what is wrong with it is said at once.
fn rejudge(app: &mut App) {
    if let Some(decision) = &mut app.decisions.open {
        decision.fault = decision.judge(&app.model.state).err();
    }
}

/// Something was pasted into the dialogue.
pub(super) fn paste(app: &mut App, text: &str) {
    let Some(decision) = &mut app.decisions.open else { return };
    let takes_comment = decision.takes_comment();
    match (decision.part, &mut decision.text) {
        (Part::Text, Some(editor)) => editor.insert(text),
        (Part::Comment, _) if takes_comment => decision.comment.insert(text),
        _ => {}
    }
    rejudge(app);
}

/// The editor was closed.
pub(super) fn edited(app: &mut App, text: Result<String, String>) {
    match (text, app.decisions.open.as_mut().and_then(|decision| decision.text.as_mut())) {
        // Editors end the last line with a line break.
        (Ok(text), Some(editor)) => editor.set(text.strip_suffix('\n').unwrap_or(&text)),
        (Err(why), _) => app.complain(why),
        (Ok(_), None) => {}
    }
    rejudge(app);
}

/// Sends what was decided, as far as it can be decided now.
fn confirm(app: &mut App) -> Vec<Effect> {
    let Some(mut decision) = app.decisions.open.take() else { return Vec::new() };
    match orders(app, &mut decision) {
        Ok(orders) => {
            app.overlay = None;
            app.decisions.marked.clear();
            let number = app.decisions.send(decision);
            vec![Effect::Ask(Ask::Decide { number, orders })]
        }
        Err(fault) => {
            decision.fault = Some(fault);
            app.decisions.open = Some(decision);
            Vec::new()
        }
    }
}

/// What the bus is told; what can not be decided so is left out of the decision.
fn orders(app: &App, decision: &mut Decision) -> Result<Vec<Vec<veda_bus_core::wire::Decide>>, String> {
    if app.connection != Connection::Connected {
        return Err("no bus answers; nothing was decided".to_owned());
    }
    decision.judge(&app.model.state)?;
    if decision.needs_comment(&app.model.state) && decision.comment.text().trim().is_empty() {
        decision.part = Part::Comment;
        return Err("whoever sent it is told why: say it in the comment".to_owned());
    }
    let mut why_not = "nothing can be decided here";
    let (mut orders, mut items) = (Vec::new(), Vec::new());
    for item in &decision.items {
        match app.possible(decision.verb, &item.subject) {
            Err(why) => why_not = why,
            Ok(()) => match decision.orders(app, &item.subject) {
                Some(order) => {
                    orders.push(order);
                    items.push(item.clone());
                }
                None => why_not = "its text is not at hand yet",
            },
        }
    }
    if orders.is_empty() {
        return Err(format!("nothing was decided: {why_not}"));
    }
    decision.items = items;
    Ok(orders)
}

/// The bus said what became of what was decided.
pub(super) fn decided(app: &mut App, number: u64, rulings: Vec<Ruling>) {
    let Some(mut decision) = app.decisions.answered(number) else { return };
    let (count, done) = (decision.items.len(), done(&decision));
    for (item, ruling) in decision.items.iter_mut().zip(rulings) {
        item.problem = problem(ruling);
    }
    decision.items.retain(|item| item.problem.is_some());
    let Some(first) = decision.items.first().and_then(|item| item.problem.clone()) else {
        return app.say(if count > 1 { format!("{count} things: {done}") } else { done.to_owned() });
    };
    match decision.items.len() {
        1 if count == 1 => app.complain(first),
        failed => app.complain(format!("{failed} of {count} were not decided; the first: {first}")),
    }
    decision.fault = None;
    app.decisions.keep(decision);
}

fn problem(ruling: Ruling) -> Option<String> {
    match ruling {
        Ruling::Taken => None,
        // A rule that was written before it may have let it go.
        Ruling::Refused { taken, refusal } if taken > 0 && refusal.code == Code::NotHeld => None,
        Ruling::Refused { taken, refusal } => Some(match refusal.code {
            _ if taken > 0 => format!("the rule stands, but the message was not let go: {refusal}"),
            Code::AlreadyResolved | Code::NotHeld => format!("somebody else was first: {refusal}"),
            code => format!("refused ({code}): {refusal}"),
        }),
        Ruling::Unanswered(why) => Some(why),
        Ruling::Unsent => Some("not sent: the bus went away before".to_owned()),
    }
}

/// What was done, in a word or two.
fn done(decision: &Decision) -> &'static str {
    let is_vote = matches!(decision.subjects().next(), Some(Subject::Negotiation { .. }) | None);
    match decision.verb {
        Verb::Approve if is_vote => "approved",
        Verb::Approve => "let go",
        Verb::Reject if is_vote => "rejected",
        Verb::Reject => "refused; the sender is told",
        Verb::Amend if is_vote => "put to the vote anew",
        Verb::Amend => "changed and let go",
        Verb::Override => decision.outcome.as_str(),
        Verb::Allow => "let go, now and from now on",
        Verb::Revoke => "the rule is taken back",
    }
}

/// A key while the rules are shown; `None` closes them.
pub(super) fn rules_key(app: &mut App, key: KeyEvent, selected: usize) -> Option<Overlay> {
    let rules: &[AllowRule] = app.model.state.configured().map_or(&[], |rules| &rules.allow);
    let last = rules.len().saturating_sub(1);
    let selected = selected.min(last);
    let rule = rules.get(selected).cloned();
    Some(Overlay::Rules(match key.code {
        KeyCode::Down | KeyCode::Char('j') => (selected + 1).min(last),
        KeyCode::Up | KeyCode::Char('k') => selected.saturating_sub(1),
        KeyCode::Home | KeyCode::Char('g') => 0,
        KeyCode::End | KeyCode::Char('G') => last,
        KeyCode::Char('x') | KeyCode::Delete => {
            match rule {
                Some(_) if app.shown_past().is_some() => {
                    app.complain("these are the rules of the past; nothing can be taken back there");
                }
                Some(rule) => {
                    begin(app, Verb::Revoke, vec![Subject::Rule(rule)]);
                    return Some(Overlay::Decision);
                }
                None => app.complain("there is no standing rule to take back"),
            }
            selected
        }
        KeyCode::Char('q' | 'h') | KeyCode::Enter | KeyCode::Left => return None,
        _ => selected,
    }))
}
