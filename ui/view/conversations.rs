//! Pane 2: the list of conversations, the one with the newest message first.

use ratatui::layout::Rect;
use veda_bus_core::name::{MessageId, RepoName, Seq};
use veda_bus_core::state::State;
use veda_bus_core::state::record::Record;
use veda_bus_core::state::thread::Thread;

use super::canvas::{Canvas, below, lines};
use super::{kind_role, marks};
use crate::action::Action;
use crate::ago::ago;
use crate::app::drawn::Target;
use crate::app::listing::{Listing, badge};
use crate::app::pane::{Division, Pane};
use crate::model::texts::Text;
use crate::row::Row;
use crate::theme::Role;
use crate::update::availability;

/// How many lines a conversation takes.
pub(crate) const LINES: usize = 2;

/// How many names of those who take part are shown.
const NAMES: usize = 4;

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let app = canvas.app;
    let inner = canvas.pane(Pane::Conversations, area, &title(canvas));
    canvas.drawn.conversations = (usize::from(inner.height) / LINES).max(1);
    if app.is_empty() {
        // Where there is no thread beside it, it is here that a newcomer looks.
        if app.zoomed || Division::of(app.size) == Division::Narrow {
            super::welcome::draw(canvas, inner);
        } else {
            super::welcome::hint(canvas, inner);
        }
        return;
    }
    let listing = app.listing();
    let Some((newest, oldest)) = listing.ends() else {
        let nothing = Row::of(
            Role::Dim,
            if app.conversations.filtered.is_some() { "nothing matches" } else { "nothing was said yet" },
        );
        canvas.row(inner, &nothing);
        return;
    };
    let top = app.conversations.top.unwrap_or(newest);
    let height = canvas.drawn.conversations;
    let mut last_shown = top;
    let mut shown = 0;
    for (place, (last, thread)) in listing.from(top).take(height).enumerate() {
        shown = place + 1;
        let lines = below(inner, place * LINES);
        let lines = Rect { height: lines.height.min(2), ..lines };
        item(canvas, lines, last, thread);
        last_shown = last;
    }
    if shown < height && availability::of(app, Action::Older).is_ok() {
        let key =
            app.settings.keys.keys_of(Action::Older).first().map(ToString::to_string).unwrap_or_default();
        let mut row = Row::of(Role::Key, &key);
        row.push(Role::Dim, " loads what is older from the journal");
        canvas.row(below(inner, shown * LINES), &row);
    }
    if listing.len() > height {
        let part = |seq: Seq| {
            super::share(
                usize::try_from(newest.0 - seq.0.min(newest.0)).unwrap_or(usize::MAX),
                usize::try_from(newest.0 - oldest.0).unwrap_or(usize::MAX).max(1),
            )
        };
        canvas.scrollbar(inner, part(top), part(last_shown).max(part(top) + 0.02));
    }
}

fn title(canvas: &Canvas<'_>) -> Row {
    let app = canvas.app;
    let mut more = Row::default();
    match &app.conversations.filtered {
        Some(filtered) => {
            more.push(Role::Match, &format!("/{}", filtered.source));
            more.push(Role::Dim, &format!(" {} of {}", filtered.len(), app.model.threads.len()));
            if !filtered.is_done() {
                let looked = filtered.looked_at() * 100 / app.model.threads.len().max(1);
                more.push(Role::Info, &format!(", looking: {} %", looked.min(99)));
            }
        }
        None => _ = more.push(Role::Dim, &app.model.threads.len().to_string()),
    }
    if app.model.threads.unread() > 0 {
        more.push(Role::Unread, &format!(" {} unread", app.model.threads.unread()));
    }
    more
}

fn item(canvas: &mut Canvas<'_>, area: Rect, last: Seq, thread_id: &MessageId) {
    let app = canvas.app;
    let state = &app.model.state;
    let Some(thread) = state.thread(thread_id) else { return };
    let Some(record) = thread.messages.first().and_then(|root| state.record(root)) else { return };
    let is_unread = app.model.threads.is_unread(last);
    let mut rows = lines(area);
    let Some(first) = rows.next() else { return };
    let right = right(canvas, last, thread);
    let room = canvas.row_right(first, &right);
    let mut row = Row::of(Role::Unread, if is_unread { canvas.symbols().unread } else { " " });
    row.plain(" ").push(kind_role(record.kind), &format!("{:<6}", badge(record.kind))).plain(" ");
    row.append(&who(canvas, record));
    canvas.fit(room, &row);
    if let Some(second) = rows.next() {
        let role = if is_unread { Role::Strong } else { Role::Text };
        let row = match app.model.texts.get(state, record.seq) {
            Text::Here(read) => {
                Row::of(role, &crate::text::cut(&read.headline, usize::from(second.width.saturating_sub(2))))
            }
            Text::Coming => Row::of(Role::Placeholder, canvas.symbols().ellipsis),
            Text::Gone => Row::of(Role::Dim, "the text is not kept any more"),
        };
        let indent = Rect { x: second.x + 2, width: second.width.saturating_sub(2), ..second };
        canvas.row(indent, &row);
    }
    canvas.target(area, Target::Conversation(thread_id.clone()));
    if app.conversations.selected.as_ref() == Some(thread_id) {
        super::select(canvas, area, Pane::Conversations);
    }
}

/// The ladder of the last message, how many messages there are, and how old the last is.
fn right(canvas: &mut Canvas<'_>, last: Seq, thread: &Thread) -> Row {
    let app = canvas.app;
    let mut row = Row::default();
    if let Some(record) = app.model.state.record(last) {
        row.append(&marks(canvas.symbols(), record)).plain(" ");
    }
    if thread.messages.len() > 1 {
        row.push(Role::Dim, &format!("{} ", thread.messages.len()));
    }
    let (age, next) = ago(thread.last_activity, app.moment());
    canvas.changes_at(next);
    row.push(Role::Time, &format!("{age:>3}"));
    row
}

/// Who wrote to whom: `Flagship → LensSDK, UILib`.
pub(super) fn who(canvas: &Canvas<'_>, record: &Record) -> Row {
    let mut row = Row::default();
    repo(&mut row, &record.from);
    row.push(Role::Dim, &format!(" {} ", canvas.symbols().arrow));
    if record.deliveries.is_empty() {
        row.push(Role::Dim, "nobody");
    }
    for (place, delivery) in record.deliveries.iter().take(NAMES).enumerate() {
        if place > 0 {
            row.push(Role::Dim, ", ");
        }
        repo(&mut row, &delivery.repo);
    }
    if record.deliveries.len() > NAMES {
        row.push(Role::Dim, &format!(" and {} more", record.deliveries.len() - NAMES));
    }
    row
}

pub(super) fn repo(row: &mut Row, name: &RepoName) {
    row.push(if name.is_operator() { Role::Operator } else { Role::Repo }, name.as_str());
}

/// What the list goes through, for those who move in it.
pub(crate) fn position(listing: Listing<'_>, state: &State, selected: Option<&MessageId>) -> Option<Seq> {
    let last = state.thread(selected?)?.messages.last()?;
    listing.from(last).next().filter(|(at, _)| *at == last).map(|(at, _)| at)
}
