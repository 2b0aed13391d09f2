//! What a frame means: messages that were shown have been read, and texts that it lacked are fetched.

use veda_bus_core::name::Seq;
use veda_bus_core::state::record::Stage;

use super::{Effect, feed};
use crate::app::App;
use crate::app::drawn::Drawn;
use crate::app::pane::Pane;
use crate::compose::Form;
use crate::link::Ask;

/// How many messages are fetched at a time.
const FETCH: usize = 100;

/// Takes in what was drawn.
pub fn drew(app: &mut App, drawn: Drawn) -> Vec<Effect> {
    app.drawn = drawn;
    let mut effects = read(app);
    let wanted = app.model.texts.take_wanted(FETCH);
    effects.extend(feed::fetch(app, wanted));
    effects
}

/// A message is read when its beginning is on the screen of somebody who looks, in the thread that has the focus, or in
/// the one that is being answered.
fn read(app: &mut App) -> Vec<Effect> {
    let has_focus = match app.focus {
        Pane::Thread => true,
        Pane::Composer => {
            let parent = app.form().and_then(Form::parent);
            parent.is_some_and(|parent| app.conversations.selected.as_ref() == Some(&parent.thread))
        }
        _ => false,
    };
    let is_now = app.paused.is_none() && app.shown_past().is_none();
    if !has_focus || !app.is_looked_at || app.overlay.is_some() || !is_now {
        return Vec::new();
    }
    let shown = std::mem::take(&mut app.drawn.messages);
    for seq in &shown {
        let Some(thread) = app.model.state.record(*seq).map(|record| record.thread.clone()) else { continue };
        if app.model.threads.saw(&app.model.state, &thread, *seq) {
            app.is_unsaved = true;
        }
    }
    let effects = tell_read(app, &shown);
    app.drawn.messages = shown;
    effects
}

/// Tells the bus which of these messages the operator has read, as far as they are for the operator and it does not know.
pub(super) fn tell_read(app: &mut App, messages: &[Seq]) -> Vec<Effect> {
    let mut ids = Vec::new();
    for &seq in messages {
        let Some(record) = app.model.state.record(seq) else { continue };
        let is_open = app.model.stage_with_operator(record).is_some_and(Stage::is_open);
        if is_open && app.told_read.insert(seq) {
            ids.push(record.id.clone());
        }
    }
    if ids.is_empty() { Vec::new() } else { vec![Effect::Ask(Ask::Read(ids))] }
}
