//! Everything about a proposal that was put to the vote: what it says, how it stands, who voted how, how it was worded
//! before.

use veda_bus_core::name::{MessageId, Seq};
use veda_bus_core::payload::{Form, Payload};
use veda_bus_core::state::negotiation::{Negotiation, Round};
use veda_bus_core::state::record::Record;
use veda_bus_core::time::Millis;

use super::conversations::repo;
use super::{bar, clock, put, rounds, text, voters, whole};
use crate::action::Action;
use crate::app::App;
use crate::body;
use crate::row::Row;
use crate::theme::Role;
use crate::words::standing::standing_words_role;
use crate::words::{Votes, counted, policy, standing_until, standing_words};

/// How many lines of a proposal or of its benefits are shown here.
const MOST: usize = 200;

/// Its lines, at most `width` wide.
pub(crate) fn rows(app: &App, negotiation: &Negotiation, width: usize) -> Vec<Row> {
    let mut rows = proposal(app, negotiation, width);
    rows.extend(standing(app, negotiation, width));
    rows.push(Row::default());
    rows.push(Row::of(Role::Title, "Votes"));
    rows.extend(voters::rows(app, negotiation, width));
    if !negotiation.earlier.is_empty() {
        rows.push(Row::default());
        rows.push(Row::of(Role::Title, "Rounds"));
        rows.extend(rounds::rows(app, negotiation, width));
    }
    rows.push(Row::default());
    put(&mut rows, &way_to_thread(app, negotiation), width, 2);
    rows
}

/// How it stands: a bar, and in words. Of one that has ended, only how it did.
pub(crate) fn standing(app: &App, negotiation: &Negotiation, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    if negotiation.is_open() {
        let votes = Votes::of(negotiation, &negotiation.round);
        let bar = bar::votes(app.look.symbols, &votes, width);
        rows.extend((!bar.is_empty()).then_some(bar));
    }
    let words = standing_words(negotiation, app.moment());
    put(&mut rows, &Row::of(standing_words_role(negotiation), &words), width, 2);
    rows
}

/// When [`rows`] will say something else although nothing happens.
pub(crate) fn changes_at(app: &App, negotiation: &Negotiation) -> Option<Millis> {
    let standing = standing_until(negotiation, app.moment());
    standing.into_iter().chain(voters::changes_at(app, negotiation)).min()
}

/// The negotiation that a message ended, as the bus tells it.
pub(crate) fn ended_by<'a>(app: &'a App, record: &'a Record) -> Option<&'a Negotiation> {
    /// How far up a conversation the proposal is looked for.
    const STEPS: usize = 16;
    let state = &app.model.state;
    let above = std::iter::successors(Some(record), |record| state.record(record.parent()?));
    let mut proposals = above.take(STEPS).filter_map(|record| state.negotiation_of(state.reply_to(record)?));
    let negotiation = proposals.next()?;
    negotiation.resolution.as_ref().filter(|resolution| resolution.message == record.id)?;
    Some(negotiation)
}

/// The event that accepted a message, while that is remembered.
pub(super) fn seq_of(app: &App, id: &MessageId) -> Option<Seq> {
    app.model.state.message(id).map(|record| record.seq)
}

/// What is put to the vote, what it is good for, who says so, and what carries it.
fn proposal(app: &App, negotiation: &Negotiation, width: usize) -> Vec<Row> {
    let look = body::Look { limit: Some(MOST), ..whole(app) };
    let mut rows = match text(app, negotiation.round.seq) {
        Ok(read) => body::headline(read.wording().unwrap_or(&read.headline), width, &look),
        Err(why) => vec![why],
    };
    rows.push(Row::default());
    put(&mut rows, &authors(app, negotiation), width, 2);
    put(&mut rows, &Row::of(Role::Text, policy(negotiation.requires_consensus)), width, 2);
    if let Ok(read) = text(app, negotiation.seq)
        && let Some(Payload::Negotiate(Form::Opening(opening))) =
            read.message.as_ref().map(|read| &read.payload)
        && let Some(benefits) = opening.benefits.as_ref().filter(|benefits| !benefits.is_empty())
    {
        rows.extend(body::list("benefits", benefits.iter().map(String::as_str), width, &look));
    }
    rows
}

/// `proposed by Flagship 14:02:11, round 2 worded by LensSDK 14:05:00`.
fn authors(app: &App, negotiation: &Negotiation) -> Row {
    let mut row = Row::of(Role::Text, "proposed by ");
    repo(&mut row, &negotiation.proposer);
    let first = negotiation.rounds().next().map_or(negotiation.round.at, |round| round.at);
    row.plain(" ").push(Role::Time, &clock(first, app.moment()));
    if !negotiation.earlier.is_empty() {
        let Round { by, at, .. } = &negotiation.round;
        row.plain(&format!(", round {} worded by ", negotiation.round_number()));
        repo(&mut row, by);
        row.plain(" ").push(Role::Time, &clock(*at, app.moment()));
    }
    row
}

/// How long the conversation is, and the key that leads there.
fn way_to_thread(app: &App, negotiation: &Negotiation) -> Row {
    let messages = app.model.state.thread(&negotiation.thread).map_or(0, |thread| thread.messages.len());
    let mut row = Row::of(Role::Dim, &format!("thread: {}", counted(messages, "message")));
    if let Some(key) = app.settings.keys.keys_of(Action::Thread).first() {
        row.push(Role::Dim, ", ").push(Role::Key, &key.to_string()).push(Role::Dim, " goes there");
    }
    row
}
