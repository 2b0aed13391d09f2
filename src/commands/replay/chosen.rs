//! The messages that are played anew.

use std::collections::HashMap;

use veda_bus_core::event::{Event, Recorded};
use veda_bus_core::message::Message;
use veda_bus_core::name::MessageId;
use veda_bus_core::time::Millis;

use crate::history::select::Wanted;

/// A message of the journal.
pub(super) struct Chosen {
    /// When it was accepted.
    pub(super) at: Millis,
    /// What it said; where the operator changed it, in the operator's words.
    pub(super) message: Message,
}

/// A choice in the making; it takes every event of a journal in order. Only what is chosen is kept.
pub(super) struct Choosing {
    wanted: Wanted,
    places: HashMap<MessageId, usize>,
    chosen: Vec<Chosen>,
}

impl Choosing {
    pub(super) fn new(wanted: Wanted) -> Self {
        Self { wanted, places: HashMap::new(), chosen: Vec::new() }
    }

    /// Takes the next event. A message may be changed after the span that is asked for.
    pub(super) fn take(&mut self, recorded: Recorded) {
        match recorded.event {
            Event::Accepted(accepted) if self.wanted.takes(recorded.at, &accepted) => {
                let message = accepted.message;
                self.places.insert(message.id.clone(), self.chosen.len());
                self.chosen.push(Chosen { at: recorded.at, message });
            }
            Event::Amended(amended) => {
                let place = self.places.get(&amended.message.id);
                if let Some(chosen) = place.and_then(|&place| self.chosen.get_mut(place)) {
                    chosen.message = amended.message;
                }
            }
            _ => {}
        }
    }

    /// The messages, in the order in which they were accepted.
    pub(super) fn chosen(self) -> Vec<Chosen> {
        self.chosen
    }
}
