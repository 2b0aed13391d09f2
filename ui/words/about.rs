//! Which messages an event is about.

use veda_bus_core::event::{Event, Recorded};
use veda_bus_core::name::MessageId;

/// The event, as far as it is about messages that `keep` wants; `None` when it is about none of them, or about no
/// message at all.
pub fn narrowed(mut recorded: Recorded, keep: impl Fn(&MessageId) -> bool) -> Option<Recorded> {
    let some = match &mut recorded.event {
        Event::Accepted(accepted) => keep(&accepted.message.id),
        Event::Answered(answered) => keep(&answered.id) || keep(&answered.answer),
        Event::Expired(expired) => keep(&expired.id),
        Event::Routed(moved) | Event::Delivered(moved) | Event::Read(moved) => retain(&mut moved.ids, keep),
        Event::Noticed(noticed) => retain(&mut noticed.ids, keep),
        Event::Started(_)
        | Event::Stopped(_)
        | Event::Checkpoint(_)
        | Event::Registered(_)
        | Event::Left(_)
        | Event::Stuck(_)
        | Event::Resumed(_)
        | Event::Refused(_) => false,
    };
    some.then_some(recorded)
}

fn retain(ids: &mut Vec<MessageId>, keep: impl Fn(&MessageId) -> bool) -> bool {
    ids.retain(keep);
    !ids.is_empty()
}

/// Whether an event is about messages that earlier events accepted.
pub fn is_about_messages(event: &Event) -> bool {
    matches!(
        event,
        Event::Routed(_)
            | Event::Delivered(_)
            | Event::Read(_)
            | Event::Answered(_)
            | Event::Expired(_)
            | Event::Noticed(_)
    )
}
