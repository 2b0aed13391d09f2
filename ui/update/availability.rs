//! Why an action can not be done now.

use super::{decision, past};
use crate::action::{Action, Scope};
use crate::app::App;
use crate::app::Hosting;
use crate::app::pane::Pane;
use crate::compose::Sending;

/// Whether an action can be done now; if not, why, in words for the operator.
///
/// # Errors
/// The reason.
pub fn of(app: &App, action: Action) -> Result<(), &'static str> {
    let no = |is_so: bool, why: &'static str| if is_so { Err(why) } else { Ok(()) };
    in_time(app, action)?;
    if let Some(verb) = decision::verb(action) {
        return decision::available(app, verb);
    }
    match action {
        Action::Reply => no(app.selected_message().is_none(), "there is no message to answer here"),
        Action::Copy | Action::CopyId | Action::Show => {
            let is_repo = app.focus == Pane::Instances;
            no(app.selected_message().is_none() && !is_repo, "nothing is selected")
        }
        Action::Parent => no(parent(app).is_none(), "this message answers none that is remembered here"),
        Action::Fold => no(app.thread.selected.is_none(), "no message is selected"),
        Action::FoldAll | Action::Follow | Action::MarkRead => {
            no(app.conversations.selected.is_none(), "no conversation is selected")
        }
        Action::NextUnread | Action::PreviousUnread | Action::MarkAllRead => {
            no(app.model.threads.unread() == 0, "nothing is unread")
        }
        Action::ClearFilter => no(app.conversations.filtered.is_none(), "there is no filter"),
        Action::Drafts => no(app.drafts.titles().is_empty(), "there is no unfinished message"),
        Action::Rules => no(app.model.state.configured().is_none(), "no bus has told its rules yet"),
        Action::Mark => decision::markable(app),
        Action::UnmarkAll => no(app.decisions.marked.is_empty(), "nothing is marked"),
        Action::Dismiss if app.focus != Pane::Needs => Err("go to what needs you first"),
        Action::Dismiss => no(app.needs_now().is_empty(), "nothing needs you"),
        Action::Suspend => no(
            app.hosting != Hosting::Attached,
            "the bus runs in this console and would stop for everyone; q can leave it in the background",
        ),
        Action::Older => older(app),
        _ if action.scope() == Scope::Composer => composer(app, action),
        _ => Ok(()),
    }
}

/// Whether an action means anything at the moment that is shown.
pub(super) fn in_time(app: &App, action: Action) -> Result<(), &'static str> {
    let past = app.shown_past();
    match (action, past) {
        (Action::TimeTravel, _) | (Action::Goto, None) => travel(app),
        (Action::NextMatch | Action::PreviousMatch, Some(_)) if past::wanted_match(app).is_none() => {
            Err("there is no filter to match; / sets one, and :goto /TEXT looks for one")
        }
        (Action::Marks, Some(_)) if app.marks.is_empty() => Err("nothing is marked; m marks a moment"),
        (_, Some(past)) if needs_bus(action) => Err(if past.is_recording() {
            "this is a recording; there is no bus to send to"
        } else {
            "this is the past; T goes back to live"
        }),
        (_, None) if action.scope() == Scope::Past => Err("this is the present; T goes to the past"),
        _ => Ok(()),
    }
}

/// Whether a bus has to hear of it, or what is remembered of one changes.
fn needs_bus(action: Action) -> bool {
    use Action as A;
    let writes = matches!(action, A::New | A::Broadcast | A::Drafts | A::Reply | A::Composer);
    let decides = decision::verb(action).is_some() || matches!(action, A::Mark | A::UnmarkAll);
    let reads = matches!(action, A::Dismiss | A::MarkRead | A::MarkAllRead | A::Older);
    writes || decides || reads || action.scope() == Scope::Composer
}

fn travel(app: &App) -> Result<(), &'static str> {
    match (&app.past, &app.bus) {
        (Some(past), _) if past.is_recording() => {
            Err("this is a recording; there is no live bus to go back to")
        }
        (None, None) => Err("no bus has answered yet"),
        (None, Some(bus)) if bus.journal.is_none() => {
            Err("the bus keeps no journal (bus.enable_logging), so that there is no past to go to")
        }
        (Some(_), _) | (None, Some(_)) => Ok(()),
    }
}

fn older(app: &App) -> Result<(), &'static str> {
    let oldest = app.bus.as_ref().and_then(|bus| bus.oldest);
    match (oldest, app.folded_from) {
        _ if app.loading.is_some() => Err("the past is being loaded"),
        (Some(oldest), Some(from)) if oldest < from => Ok(()),
        (Some(_), Some(_)) => Err("everything that the journal has is here"),
        _ => Err("the bus keeps no journal"),
    }
}

fn composer(app: &App, action: Action) -> Result<(), &'static str> {
    let Some(form) = app.form() else { return Err("nothing is being written; press n for a new message") };
    match action {
        Action::NextType if form.parent().is_some() => Err("an answer has the type of what it answers"),
        Action::Close | Action::Preview => Ok(()),
        _ if matches!(form.sending(), Sending::Sending { .. }) => Err("it is on its way"),
        _ => Ok(()),
    }
}

/// The remembered message that the selected one answers.
pub(super) fn parent(app: &App) -> Option<veda_bus_core::name::Seq> {
    let record = app.model.state.record(app.thread.selected?)?;
    record.parent().filter(|&parent| app.model.state.record(parent).is_some())
}
