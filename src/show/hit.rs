//! What a search has found, as rows: the message, where in it, and what was said around it.

use veda_bus_core::event::{Event, Recorded};
use veda_bus_core::message::Message;
use veda_bus_core::search::{Hit, Surroundings};
use veda_bus_ui::row::Row;
use veda_bus_ui::theme::Role;
use veda_bus_ui::words::hit::{COLUMNS, lines, message_of};
use veda_bus_ui::words::{counted, kind_role};

use super::memory::Memory;
use super::{Clock, event};

/// How many texts of a hit are shown.
const TEXTS: usize = 4;

/// A hit with everything that is shown of it, in the order in which it was said.
pub(crate) fn hit(hit: &Hit) -> Vec<Row> {
    let around = hit.around.as_ref();
    let before = around.map(|around| around.before.as_slice()).unwrap_or_default();
    let mut rows: Vec<_> = around.and_then(|around| answered(around, before)).into_iter().collect();
    rows.extend(before.iter().map(|recorded| beside("before", recorded)));
    rows.push(head(hit));
    rows.extend(said(hit).iter().map(indented));
    let after = around.map(|around| around.after.as_slice()).unwrap_or_default();
    rows.extend(after.iter().map(|recorded| beside("after", recorded)));
    rows
}

/// The lines in which something was found; where nothing is looked for in texts, what the message is about.
fn said(hit: &Hit) -> Vec<Row> {
    if hit.matches.is_empty() {
        let headline = message_of(&hit.recorded).map(|message| message.payload.headline());
        return headline.into_iter().map(|text| Row::of(Role::Text, &text)).collect();
    }
    hit.matches.iter().take(TEXTS).flat_map(lines).collect()
}

/// When, from whom, for whom, what it is; of an event without a message, what it tells.
fn head(hit: &Hit) -> Row {
    let Some(message) = message_of(&hit.recorded) else {
        return event(&hit.recorded, &Memory::new(), Clock::DateTime);
    };
    let mut row = when_and_who(&hit.recorded, message);
    row.plain("  ").push(Role::Id, &message.id.short());
    if matches!(hit.recorded.event, Event::Amended(_)) {
        row.push(Role::Dim, "  as the operator changed it");
    }
    if let Some(Surroundings { messages, thread, .. }) = &hit.around {
        let count = messages.map(|messages| format!(" of {}", counted(messages, "message")));
        row.push(Role::Dim, &format!("  in thread {}{}", thread.short(), count.unwrap_or_default()));
    }
    row
}

fn when_and_who(recorded: &Recorded, message: &Message) -> Row {
    let mut row = Row::of(Role::Time, &Clock::DateTime.show(recorded.at));
    row.plain("  ").push(Role::Repo, message.from.repo.as_str()).push(Role::Dim, " → ");
    row.push(Role::Repo, message.to.repo.as_str()).plain("  ");
    row.push(kind_role(message.kind()), message.kind().as_str());
    row
}

/// What the message answers, unless it stands among those before it.
fn answered(around: &Surroundings, before: &[Recorded]) -> Option<Row> {
    let parent = around.parent.as_ref()?;
    let is_shown = before.iter().any(|recorded| recorded.seq == parent.seq);
    (!is_shown).then(|| beside("answers", parent))
}

/// Another message of the thread, in one line.
fn beside(what: &str, recorded: &Recorded) -> Row {
    let mut row = Row::of(Role::Dim, &format!("    {what:<8}"));
    if let Some(message) = message_of(recorded) {
        row.append(&when_and_who(recorded, message)).plain("  ");
        row.push(Role::Dim, &message.payload.headline());
    }
    row.cut(COLUMNS)
}

fn indented(line: &Row) -> Row {
    let mut row = Row::of(Role::Dim, "    ");
    row.append(line);
    row.cut(COLUMNS)
}
