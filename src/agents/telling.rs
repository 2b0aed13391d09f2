//! What a hook says: decided from what the bus told, what is remembered of the conversation, and the moment. Nothing here
//! does anything; whoever prints the text acknowledges and remembers what goes with it, when it was printed.

mod page;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::Duration;

use veda_bus_core::handler::{HandlerSettings, wanted};
use veda_bus_core::message::{Message, MessageType, Priority};
use veda_bus_core::name::{MessageId, Seq};
use veda_bus_core::state::obligation::Word;
use veda_bus_core::state::view::ObligationView;
use veda_bus_core::time::Millis;
use veda_bus_core::wire::InboxAnswer;
use veda_bus_core::wire::answer::Incoming;

use super::envelope::Envelope;
use super::event::Moment;
use super::session::Memory;
use page::Page;

/// How often in a row an agent is kept from stopping.
pub(crate) const KEPT_GOING: u32 = 3;

/// How often an idle agent is woken in a [`WAKES_IN`], so that two agents can not keep each other awake.
pub(crate) const WAKES: usize = 3;
pub(crate) const WAKES_IN: Duration = Duration::from_secs(60);

/// What a hook has found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'a> {
    pub(crate) moment: Moment,
    /// Whether the turn that ends was begun by something else than a hook.
    pub(crate) fresh: bool,
    pub(crate) inbox: &'a InboxAnswer,
    /// Of what is to be shown again ([`Memory::again`]), what is still to be had.
    pub(crate) again: &'a [Incoming],
    /// The requests of [`to_tell`], as far as they are still to be had.
    pub(crate) requests: &'a HashMap<Seq, Message>,
    pub(crate) settings: &'a HandlerSettings,
    pub(crate) now: Millis,
}

/// What is to be said, and what follows when it was.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Telling {
    /// `None` when there is nothing to say.
    pub(crate) text: Option<String>,
    /// What the agent has read then.
    pub(crate) read: Vec<MessageId>,
    /// What is remembered then.
    pub(crate) memory: Memory,
}

/// The answers that are owed and are to be told now; at a stop, where they are urgent. Those to messages that are unread
/// are not: the messages are, or the settings say that they wait. Only what is urgent does not wait at a stop.
pub(crate) fn to_tell<'a>(
    moment: Moment,
    fresh: bool,
    inbox: &'a InboxAnswer,
    memory: &Memory,
    settings: &HandlerSettings,
    now: Millis,
) -> Vec<&'a ObligationView> {
    let is_shown = |id: &MessageId| {
        let unread = inbox.messages.iter().find(|one| one.message.id == *id);
        unread.is_some_and(|one| moment != Moment::Stop || wanted(one, settings, now))
    };
    let is_told = |one: &ObligationView| {
        let told = memory.told.get(&one.id);
        told.is_some_and(|told| !one.is_overdue(now) || *told >= one.due)
    };
    let is_wanted = |one: &&ObligationView| match moment {
        Moment::Start => true,
        Moment::Prompt => !is_told(one),
        Moment::Stop => {
            let is_pressed = !fresh && memory.pressed.contains(&one.id);
            matches!(one.word, None | Some(Word::Acknowledged)) && !is_pressed
        }
        Moment::Tool | Moment::Idle | Moment::End => false,
    };
    let owed = inbox.head.owes.newest.iter().filter(|one| !one.waiting && !is_shown(&one.id));
    owed.filter(is_wanted).collect()
}

/// Decides what is said.
pub(crate) fn tell(found: &Found<'_>, before: &Memory) -> Telling {
    let mut memory = entered(found, before);
    let page = page(found, before, &memory);
    let says = match found.moment {
        Moment::Stop => page.is_pressing() && memory.kept_going < KEPT_GOING,
        Moment::Tool | Moment::Idle => page.is_pressing(),
        Moment::End => false,
        Moment::Start | Moment::Prompt => !page.is_empty(),
    };
    // Printed before, by a hook that could not tell the bus.
    let mut read: Vec<_> = found.inbox.messages.iter().map(|one| one.message.id.clone()).collect();
    read.retain(|id| before.shown.contains_key(id));
    if found.moment == Moment::Stop && !says {
        memory.idle = true;
        memory.left = found.inbox.messages.iter().map(|one| one.message.id.clone()).collect();
    }
    if !says {
        return Telling { text: None, read, memory };
    }
    remember(found, &page, &mut memory);
    read.extend(page.messages.iter().map(|(id, _)| id.clone()));
    Telling { text: Some(page.text(&found.inbox.head.repo)), read, memory }
}

/// What is remembered already because the agent has come to this moment.
fn entered(found: &Found<'_>, before: &Memory) -> Memory {
    let mut memory = before.clone();
    let begins = match found.moment {
        Moment::Stop => found.fresh,
        moment => moment != Moment::Tool,
    };
    if begins {
        memory.kept_going = 0;
        memory.pressed.clear();
    }
    match found.moment {
        Moment::Start => {
            memory.told.clear();
            memory.waiting = 0;
        }
        // The turn is over, so the model was asked after everything that was shown in it.
        Moment::Stop => memory.shown.clear(),
        _ => {}
    }
    if found.moment != Moment::Idle {
        memory.idle = false;
        memory.left.clear();
    }
    let inbox = found.inbox;
    let owed = |id: &MessageId| inbox.head.owes.newest.iter().any(|one| one.id == *id);
    let unread = |id: &MessageId| inbox.messages.iter().any(|one| one.message.id == *id);
    memory.told.retain(|id, _| owed(id) || unread(id));
    memory.again.retain(|id, _| is_again(found, id).is_some());
    memory
}

/// A message that is to be shown again, where that makes sense: it is not the repo's own, which was looked up, not unread
/// anyway, and not dealt with.
fn is_again<'a>(found: &Found<'a>, id: &MessageId) -> Option<&'a Incoming> {
    let incoming = found.again.iter().find(|one| one.message.id == *id)?;
    let (message, owes) = (&incoming.message, &found.inbox.head.owes);
    let asks = !message.payload.is_answer() && message.kind() != MessageType::Notify;
    let is_owed = owes.more > 0 || owes.newest.iter().any(|one| one.id == *id);
    let is_unread = found.inbox.messages.iter().any(|one| one.message.id == *id);
    let is_own = message.from.repo == found.inbox.head.repo;
    (!is_own && !is_unread && (is_owed || !asks)).then_some(incoming)
}

/// Everything that there is to say, as far as there is room.
fn page(found: &Found<'_>, before: &Memory, memory: &Memory) -> Page {
    let mut page = Page::default();
    let mut again: Vec<_> = memory.again.keys().filter_map(|id| is_again(found, id)).collect();
    again.sort_by_key(|incoming| incoming.seq);
    for incoming in again {
        page.show_again(incoming);
    }
    for incoming in &found.inbox.messages {
        let id = &incoming.message.id;
        let is_told = || memory.told.contains_key(id) && Envelope::of(incoming).body.is_none();
        if !wanted(incoming, found.settings, found.now) {
            page.waiting += 1;
        } else if !before.shown.contains_key(id) && !is_told() {
            page.show(incoming, !memory.left.contains(id));
        }
    }
    page.waiting += found.inbox.head.more;
    page.tells_waiting =
        matches!(found.moment, Moment::Start | Moment::Prompt) && page.waiting != memory.waiting;
    for owed in to_tell(found.moment, found.fresh, found.inbox, memory, found.settings, found.now) {
        let request = found.requests.get(&owed.seq);
        let is_urgent = request.is_some_and(|request| request.priority >= Priority::High);
        if found.moment != Moment::Stop || is_urgent {
            page.remind(owed, request, found.now);
        }
    }
    page
}

/// What is remembered when the page was printed.
fn remember(found: &Found<'_>, page: &Page, memory: &mut Memory) {
    let now = found.now;
    for (id, seq) in page.again.iter().chain(&page.messages) {
        memory.again.remove(id);
        memory.shown.insert(id.clone(), Some(*seq));
        memory.told.insert(id.clone(), now);
    }
    memory.told.extend(page.reminded.iter().chain(&page.too_long).map(|id| (id.clone(), now)));
    if page.tells_waiting {
        memory.waiting = page.waiting;
    }
    match found.moment {
        Moment::Stop => {
            memory.kept_going += 1;
            memory.pressed.extend(page.reminded.iter().cloned());
        }
        Moment::Idle => {
            memory.idle = false;
            memory.woken.retain(|woken| now.since(*woken) < WAKES_IN);
            memory.woken.push(now);
        }
        _ => {}
    }
}
