//! What a role looks like that a theme has no look for.

use ratatui::style::Modifier;

use super::Role;
use super::file::Definition;
use super::styles::Look;

/// The look of every role, in the order of [`Role::ALL`].
pub(super) fn looks(definition: &Definition) -> [Look; Role::ALL.len()] {
    let text = definition.look(Role::Text).unwrap_or_default();
    let mut looks = [text; Role::ALL.len()];
    for (look, role) in looks.iter_mut().zip(Role::ALL) {
        let known =
            std::iter::successors(Some(*role), |role| parent(*role)).find_map(|role| definition.look(role));
        *look = known.unwrap_or(Look { bg: None, modifiers: text.modifiers | marks(*role), ..text });
    }
    looks
}

/// The role that another one looks like; `None` for what looks like `text`.
fn parent(role: Role) -> Option<Role> {
    use Role as R;
    match role {
        R::Field | R::Id | R::Time | R::Low | R::Border | R::Queued | R::KeyOff | R::Placeholder => {
            Some(R::Dim)
        }
        R::Tree => Some(R::Border),
        R::Title | R::Accent | R::Warn | R::Operator => Some(R::Strong),
        R::BorderFocused | R::Repo | R::Unread | R::Match | R::Key | R::Negotiate | R::Chart => {
            Some(R::Accent)
        }
        R::Danger | R::High | R::Paused | R::Held | R::Expired | R::RequestChange => Some(R::Warn),
        R::Refused | R::Reconnecting => Some(R::Danger),
        R::Deleted => Some(R::Refused),
        R::Query | R::Delivered | R::Replay => Some(R::Info),
        R::Routed => Some(R::Queued),
        R::Read => Some(R::Delivered),
        R::Answered | R::Live | R::Task | R::Inserted => Some(R::Ok),
        R::Chosen => Some(R::Selected),
        R::Text
        | R::Dim
        | R::Strong
        | R::Selected
        | R::SelectedElsewhere
        | R::Ok
        | R::Info
        | R::Code
        | R::Capability
        | R::Notify
        | R::Status
        | R::KeyText
        | R::Overlay
        | R::Input
        | R::Choice => None,
    }
}

/// What tells a role apart where there is no colour to do it.
pub(super) fn marks(role: Role) -> Modifier {
    use Role as R;
    match role {
        R::Selected | R::Paused | R::Replay | R::Reconnecting => Modifier::REVERSED,
        R::Chosen => Modifier::REVERSED.union(Modifier::BOLD),
        R::SelectedElsewhere | R::Match | R::Inserted => Modifier::UNDERLINED,
        R::Deleted => Modifier::CROSSED_OUT,
        R::Danger | R::High | R::Operator => Modifier::BOLD.union(Modifier::UNDERLINED),
        R::Strong
        | R::Accent
        | R::Title
        | R::BorderFocused
        | R::Warn
        | R::Repo
        | R::Unread
        | R::Live
        | R::Held
        | R::Expired
        | R::Refused
        | R::Key => Modifier::BOLD,
        R::Dim
        | R::Border
        | R::Tree
        | R::Field
        | R::Id
        | R::Time
        | R::Low
        | R::Queued
        | R::KeyOff
        | R::Placeholder
        | R::Choice => Modifier::DIM,
        R::Text
        | R::Ok
        | R::Info
        | R::Code
        | R::Capability
        | R::RequestChange
        | R::Query
        | R::Notify
        | R::Negotiate
        | R::Task
        | R::Routed
        | R::Delivered
        | R::Read
        | R::Answered
        | R::Status
        | R::KeyText
        | R::Overlay
        | R::Input
        | R::Chart => Modifier::empty(),
    }
}
