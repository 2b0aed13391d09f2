//! Which messages an event is about.

use veda_bus_core::event::{Event, Recorded};
use veda_bus_core::name::MessageId;

/// The event, as far as it is about messages that `keep` wants; `None` when it is about none of them, or about no
/// message at all.
pub fn narrowed(mut recorded: Recorded, keep: impl Fn(&MessageId) -> bool) -> Option<Recorded> {
    let some = match &mut recorded.event {
        Event::Accepted(accepted) => keep(&accepted.message.id),
        Event::Proposed(proposed) => keep(&proposed.negotiation),
        Event::Voted(voted) => keep(&voted.message) || keep(&voted.negotiation),
        Event::Round(round) => keep(&round.message) || keep(&round.negotiation),
        Event::Tallied(tallied) => keep(&tallied.negotiation),
        Event::Resolved(resolved) => keep(&resolved.message) || keep(&resolved.negotiation),
        Event::Amended(amended) => keep(&amended.message.id),
        Event::Released(released) => keep(&released.id),
        Event::Denied(denied) => keep(&denied.id) || keep(&denied.answer),
        Event::Expiring(expiring) => keep(&expiring.id),
        Event::Halted(halted) => keep(&halted.thread),
        Event::Continued(continued) => keep(&continued.thread),
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
        | Event::Refused(_)
        | Event::Configured(_) => false,
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
            | Event::Proposed(_)
            | Event::Voted(_)
            | Event::Round(_)
            | Event::Tallied(_)
            | Event::Resolved(_)
            | Event::Amended(_)
            | Event::Released(_)
            | Event::Denied(_)
            | Event::Expiring(_)
            | Event::Halted(_)
            | Event::Continued(_)
    )
}
