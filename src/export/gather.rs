//! Makes the model from the events of a journal, in one pass.
//!
//! Only the chosen messages are kept, and what happened to them: of a journal of any length, a thread or a span takes as
//! much memory as it has messages. What becomes of a chosen message is followed to the journal's end.

use std::collections::{BTreeMap, HashMap, HashSet};

use veda_bus_core::event::{Accepted, Event, Held, Recorded};
use veda_bus_core::message::Message;
use veda_bus_core::name::{MessageId, Seq};
use veda_bus_core::state::record::Record;
use veda_bus_core::state::view::RecordView;
use veda_bus_core::state::{Keep, State};
use veda_bus_core::time::Millis;
use veda_bus_ui::words::about::{is_about_messages, narrowed};

use super::{Conversation, Exported, Halt, Refusal, Told, tree};
use crate::history::select::Wanted;

/// What is kept of a chosen message beside its record.
struct Heard {
    message: Message,
    sent: Option<Message>,
    held: Option<Held>,
}

/// A model in the making; it takes every event of a journal in order.
pub(crate) struct Gathering {
    wanted: Wanted,
    /// The fold of what is about the chosen messages, and of who is connected.
    state: State,
    heard: BTreeMap<Seq, Heard>,
    ids: HashSet<MessageId>,
    halts: HashMap<MessageId, Vec<Halt>>,
    refusals: Vec<Refusal>,
}

impl Gathering {
    pub(crate) fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            state: State::new(Keep::ALL),
            heard: BTreeMap::new(),
            ids: HashSet::new(),
            halts: HashMap::new(),
            refusals: Vec::new(),
        }
    }

    /// Takes the next event.
    pub(crate) fn take(&mut self, recorded: Recorded) {
        let (seq, at) = (recorded.seq, recorded.at);
        match &recorded.event {
            Event::Accepted(accepted) => {
                if self.wanted.takes(at, accepted) {
                    self.hear(seq, accepted);
                    self.state.apply(&recorded);
                } else {
                    // An id may be used again for another message, which is not meant.
                    self.ids.remove(&accepted.message.id);
                }
            }
            Event::Refused(refused) if self.wanted.takes_refusal(at, refused) => {
                self.refusals.push(Refusal { seq, at, refused: refused.clone() });
            }
            Event::Halted(halted) => self.halt(&halted.thread, at, Some(halted.reason.clone())),
            Event::Continued(continued) => self.halt(&continued.thread, at, None),
            event if is_about_messages(event) => {
                if let Some(recorded) = narrowed(recorded, |id| self.ids.contains(id)) {
                    self.follow(&recorded);
                }
            }
            // Who is connected tells where a message waits.
            Event::Refused(_) => {}
            _ => self.state.apply(&recorded),
        }
    }

    fn hear(&mut self, seq: Seq, accepted: &Accepted) {
        let (message, held) = (accepted.message.clone(), accepted.held.clone());
        self.ids.insert(message.id.clone());
        self.heard.insert(seq, Heard { message, sent: None, held });
    }

    fn halt(&mut self, thread: &MessageId, at: Millis, reason: Option<String>) {
        if self.state.thread(thread).is_some() {
            self.halts.entry(thread.clone()).or_default().push(Halt { at, reason });
        }
    }

    /// Takes what happened to chosen messages.
    fn follow(&mut self, recorded: &Recorded) {
        match &recorded.event {
            Event::Amended(amended) => {
                let record = self.state.message(&amended.message.id);
                let heard = record.and_then(|record| self.heard.get_mut(&record.seq));
                if let Some(heard) = heard {
                    let before = std::mem::replace(&mut heard.message, amended.message.clone());
                    heard.sent.get_or_insert(before);
                }
            }
            // Votes on a wording that was not chosen are no votes on the one before.
            Event::Voted(voted) if !self.is_current(&voted.negotiation, voted.round) => return,
            Event::Tallied(tallied) if !self.is_current(&tallied.negotiation, tallied.round) => return,
            _ => {}
        }
        self.state.apply(recorded);
    }

    fn is_current(&self, negotiation: &MessageId, round: u32) -> bool {
        self.state.negotiation_of(negotiation).is_some_and(|found| found.round_number() == round)
    }

    /// The model, made at `now`.
    pub(crate) fn finish(mut self, now: Millis) -> Exported {
        let mut threads: BTreeMap<Seq, MessageId> = BTreeMap::new();
        for (id, thread) in self.state.threads() {
            threads.extend(thread.messages.iter().next().map(|first| (first, id.clone())));
        }
        let mut negotiations: HashMap<_, Vec<_>> = HashMap::new();
        for negotiation in self.state.negotiations() {
            negotiations.entry((*negotiation.thread).clone()).or_default().push(negotiation.clone());
        }
        let mut conversations = Vec::with_capacity(threads.len());
        for thread in threads.into_values() {
            let messages = self.told(&thread);
            let (negotiations, halts) = (negotiations.remove(&thread), self.halts.remove(&thread));
            let (negotiations, halts) = (negotiations.unwrap_or_default(), halts.unwrap_or_default());
            conversations.push(Conversation { thread, messages, negotiations, halts });
        }
        Exported { made_at: now, conversations, refusals: self.refusals }
    }

    /// The messages of a thread in the order of reading.
    fn told(&mut self, thread: &MessageId) -> Vec<Told> {
        let (state, heard) = (&self.state, &mut self.heard);
        let Some(thread) = state.thread(thread) else { return Vec::new() };
        let parents = |seq: Seq| state.record(seq).and_then(Record::parent);
        let order = tree::order(thread.messages.iter(), parents);
        let told = order.into_iter().filter_map(|place| {
            let record = RecordView::of(state.record(place.seq)?);
            let Heard { message, sent, held } = heard.remove(&place.seq)?;
            Some(Told { record, message, sent, held, parent: place.parent, depth: place.depth })
        });
        told.collect()
    }
}
