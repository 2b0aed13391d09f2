//! What of the console belongs to the moment that is shown. While that is the past, the present waits in one of these,
//! and goes on there.

use std::mem::swap;

use veda_bus_core::name::RepoName;
use veda_bus_core::time::Millis;

use crate::app::{ActivityView, App, Conversations, Cursor, ThreadView, tree};
use crate::compose::{Checked, DraftKey};
use crate::model::Model;
use crate::model::needs::Need;
use crate::view::rounds::Differences;
use crate::view::thread::Bodies;

/// See the [module](self).
#[derive(Debug)]
pub struct Scene {
    model: Model,
    instances: Cursor,
    chosen_repo: Option<RepoName>,
    conversations: Conversations,
    thread: ThreadView,
    needs: Cursor,
    chosen_need: Option<Need>,
    activity: ActivityView,
    writing: Option<DraftKey>,
    checked: Option<Checked>,
    trees: tree::Cache,
    bodies: Bodies,
    differences: Differences,
}

impl Scene {
    /// A scene of a moment, with nothing selected.
    pub(crate) fn new(model: Model) -> Self {
        Self {
            model,
            instances: Cursor::default(),
            chosen_repo: None,
            conversations: Conversations::default(),
            thread: ThreadView { follow: true, ..ThreadView::default() },
            needs: Cursor::default(),
            chosen_need: None,
            activity: ActivityView::default(),
            writing: None,
            checked: None,
            trees: tree::Cache::default(),
            bodies: Bodies::default(),
            differences: Differences::default(),
        }
    }

    /// Puts this in the place of what is shown, and that here.
    pub(super) fn swap(&mut self, app: &mut App) {
        swap(&mut self.model, &mut app.model);
        swap(&mut self.instances, &mut app.instances);
        swap(&mut self.chosen_repo, &mut app.chosen_repo);
        swap(&mut self.conversations, &mut app.conversations);
        swap(&mut self.thread, &mut app.thread);
        swap(&mut self.needs, &mut app.needs);
        swap(&mut self.chosen_need, &mut app.chosen_need);
        swap(&mut self.activity, &mut app.activity);
        swap(&mut self.writing, &mut app.writing);
        swap(&mut self.checked, &mut app.checked);
        swap(&mut self.trees, &mut app.trees);
        swap(&mut self.bodies, &mut app.bodies);
        swap(&mut self.differences, &mut app.differences);
    }

    /// How many conversations of it are unread.
    pub fn unread(&self) -> usize {
        self.model.threads.unread()
    }

    /// How many things need the operator in it.
    pub fn needs(&self, now: Millis) -> usize {
        self.model.needs.count(&self.model.state, now)
    }

    /// When something in it changes by itself.
    pub fn next_due(&self, now: Millis) -> Option<Millis> {
        self.model.state.next_due(now)
    }

    /// Whether its filter has more to look at.
    pub(crate) fn is_looking(&self) -> bool {
        self.conversations.is_looking(&self.model)
    }
}
