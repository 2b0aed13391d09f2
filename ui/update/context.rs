//! Which keys hold where, and which of them stand in the footer.

use crate::action::{Action, Scope};
use crate::app::App;
use crate::app::pane::Pane;

/// The scopes whose keys hold now, the innermost first.
pub fn layers(app: &App) -> &'static [Scope] {
    if app.shown_past().is_some() {
        return in_the_past(app.focus);
    }
    match app.focus {
        Pane::Thread => &[Scope::Thread, Scope::Conversations, Scope::Lists, Scope::Anywhere],
        Pane::Conversations => &[Scope::Conversations, Scope::Lists, Scope::Anywhere],
        Pane::Needs => &[Scope::Needs, Scope::Lists, Scope::Anywhere],
        Pane::Composer if app.writing.is_some() => &[Scope::Composer, Scope::Anywhere],
        Pane::Instances | Pane::Activity | Pane::Composer => &[Scope::Lists, Scope::Anywhere],
    }
}

fn in_the_past(focus: Pane) -> &'static [Scope] {
    match focus {
        Pane::Thread => &[Scope::Past, Scope::Thread, Scope::Conversations, Scope::Lists, Scope::Anywhere],
        Pane::Conversations => &[Scope::Past, Scope::Conversations, Scope::Lists, Scope::Anywhere],
        Pane::Needs => &[Scope::Past, Scope::Needs, Scope::Lists, Scope::Anywhere],
        Pane::Instances | Pane::Activity | Pane::Composer => &[Scope::Past, Scope::Lists, Scope::Anywhere],
    }
}

/// The actions of the footer, the most useful first.
pub fn footer(app: &App) -> &'static [Action] {
    use Action as A;
    if let Some(past) = app.shown_past() {
        return footer_of_the_past(past.is_recording());
    }
    match app.focus {
        Pane::Composer if app.writing.is_some() => &[
            A::Send,
            A::NextField,
            A::NextChoice,
            A::NextType,
            A::Editor,
            A::Preview,
            A::Close,
            A::Discard,
            A::AllowUnknown,
        ],
        Pane::Thread | Pane::Conversations if app.subjects().next().is_some() => &[
            A::Approve,
            A::Reject,
            A::Amend,
            A::Override,
            A::Open,
            A::Reply,
            A::Show,
            A::NextUnread,
            A::Zoom,
            A::Back,
            A::Help,
            A::Quit,
            A::Search,
            A::TimeTravel,
        ],
        Pane::Thread => &[
            A::Reply,
            A::Parent,
            A::Fold,
            A::Raw,
            A::Show,
            A::NextUnread,
            A::Copy,
            A::Zoom,
            A::Back,
            A::Help,
            A::Quit,
            A::Search,
            A::TimeTravel,
        ],
        Pane::Conversations => &[
            A::Open,
            A::Reply,
            A::New,
            A::Filter,
            A::NextUnread,
            A::Pause,
            A::Zoom,
            A::CommandLine,
            A::Help,
            A::Quit,
            A::Search,
            A::TimeTravel,
        ],
        Pane::Needs if app.subjects().next().is_some() => &[
            A::Approve,
            A::Reject,
            A::Amend,
            A::Override,
            A::Mark,
            A::Open,
            A::Reply,
            A::Show,
            A::Dismiss,
            A::Allow,
            A::Rules,
            A::Help,
            A::Quit,
        ],
        Pane::Needs => {
            &[A::Open, A::Reply, A::Show, A::Dismiss, A::New, A::Zoom, A::CommandLine, A::Help, A::Quit]
        }
        Pane::Instances => &[
            A::Open,
            A::New,
            A::Broadcast,
            A::Zoom,
            A::CommandLine,
            A::Help,
            A::Quit,
            A::Search,
            A::TimeTravel,
        ],
        Pane::Activity => {
            &[A::Open, A::Reply, A::Show, A::Pause, A::TimeTravel, A::Zoom, A::CommandLine, A::Help, A::Quit]
        }
        Pane::Composer => &[A::New, A::Broadcast, A::Drafts, A::CommandLine, A::Help, A::Quit],
    }
}

fn footer_of_the_past(is_recording: bool) -> &'static [Action] {
    use Action as A;
    const KEYS: &[Action] = &[
        A::TimeTravel,
        A::Play,
        A::NextEvent,
        A::PreviousEvent,
        A::NextMessage,
        A::NextDecision,
        A::Goto,
        A::Faster,
        A::Slower,
        A::Shorten,
        A::MarkMoment,
        A::Marks,
        A::Help,
        A::Quit,
    ];
    if is_recording { &KEYS[1..] } else { KEYS }
}
