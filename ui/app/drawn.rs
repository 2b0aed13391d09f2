//! What the last frame was: what can be clicked, how much of what was shown, and when it is out of date.

use ratatui::layout::{Position, Rect};
use veda_bus_core::name::{MessageId, Seq};
use veda_bus_core::time::Millis;

use super::pane::{Pane, Places};
use crate::action::Action;
use crate::view::composer;

/// What a click hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A pane, somewhere.
    Pane(Pane),
    /// A repo in the list, by its line.
    Instance(usize),
    /// A conversation.
    Conversation(MessageId),
    /// A message of the thread.
    Message(Seq),
    /// A line of what needs the operator.
    Need(usize),
    /// An event.
    Event(Seq),
    /// A key of the footer.
    Action(Action),
    /// A place in the composer.
    Spot(composer::Target),
    /// An entry of the menu, by its line.
    Entry(usize),
    /// The scrubber.
    Scrubber,
    /// The box that lies over the panes.
    Overlay,
}

/// See the [module](self).
#[derive(Debug, Default)]
pub struct Drawn {
    /// Where everything was.
    pub places: Places,
    /// What can be clicked, the uppermost last.
    pub targets: Vec<(Rect, Target)>,
    /// Where the cursor is.
    pub cursor: Option<Position>,
    /// When a label is out of date although nothing happens.
    pub next_change: Option<Millis>,
    /// The messages of the thread of which the beginning was to be seen, the topmost first.
    pub messages: Vec<Seq>,
    /// The message at the top of the thread, with the lines above the pane, and whether the end is in sight.
    pub thread: Option<(Seq, usize, bool)>,
    /// How many lines of things the list of conversations had.
    pub conversations: usize,
    /// Where the columns of the scrubber were.
    pub scrubber: Option<Rect>,
    /// How many lines the box over the panes could be scrolled.
    pub overlay: usize,
}

impl Drawn {
    /// What is at a place, the uppermost thing first.
    pub fn at(&self, position: Position) -> impl Iterator<Item = &Target> {
        self.targets.iter().rev().filter(move |(area, _)| area.contains(position)).map(|(_, target)| target)
    }

    /// How many lines a pane has inside its border.
    pub fn height(&self, pane: Pane) -> usize {
        self.places.pane(pane).map_or(1, |area| usize::from(area.height.saturating_sub(2)).max(1))
    }

    /// A label is out of date at `at`.
    pub fn changes_at(&mut self, at: Millis) {
        self.next_change = Some(self.next_change.map_or(at, |next| next.min(at)));
    }
}
