//! Who voted how on a proposal, and who has not: a row for each voter.

use veda_bus_core::name::RepoName;
use veda_bus_core::payload::{Form, NegotiateAnswer, Payload, Text, Vote};
use veda_bus_core::state::negotiation::{Ballot, Negotiation};
use veda_bus_core::state::record::{Delivery, Record, Stage};
use veda_bus_core::time::Millis;

use super::conversations::repo;
use super::negotiation::seq_of;
use super::{clock, mark, text};
use crate::ago::before;
use crate::app::App;
use crate::body::stage_role;
use crate::model::texts::Read;
use crate::row::Row;
use crate::text::{lines, width as columns};
use crate::theme::{Role, Symbols};
use crate::words::governance::vote_role;

/// The most columns that the names take.
const NAMES: usize = 24;

/// The columns of a vote.
const VOTE: usize = 8;

/// The fewest columns for a comment beside a vote; where there are fewer, it stands below, so far to the right.
const COMMENT: usize = 24;
const BELOW: usize = 3;

/// A row for each voter, two where a comment has no room; all at most `width` wide.
pub(super) fn rows(app: &App, negotiation: &Negotiation, width: usize) -> Vec<Row> {
    let widest = negotiation.voters.iter().map(|voter| columns(voter.as_str())).max().unwrap_or_default();
    let names = widest.min(NAMES).min(width / 3);
    let asked = app.model.state.record(negotiation.round.seq);
    let mut rows = Vec::with_capacity(negotiation.voters.len());
    for voter in &negotiation.voters {
        match negotiation.round.ballots.get(voter) {
            Some(ballot) => voted(app, &mut rows, negotiation, (voter, ballot), (names, width)),
            None if negotiation.is_open() => rows.push(waiting(app, asked, voter, names).cut(width)),
            None => {
                let mut row = named((Role::Dim, app.look.symbols.ellipsis), voter, names);
                row.push(Role::Dim, "did not vote");
                rows.push(row.cut(width));
            }
        }
    }
    rows
}

/// When [`rows`] will say something else although nothing happens.
pub(super) fn changes_at(app: &App, negotiation: &Negotiation) -> Option<Millis> {
    let asked = app.model.state.record(negotiation.round.seq).filter(|_| negotiation.is_open())?;
    let reads = negotiation.waiting_for().filter_map(|voter| read_at(asked.delivery(voter)?));
    reads.map(|at| before(at, app.moment()).1).min()
}

fn named(sign: (Role, &str), voter: &RepoName, names: usize) -> Row {
    let mut row = Row::of(Role::Text, " ");
    row.push(sign.0, sign.1).plain(" ");
    let mut name = Row::default();
    repo(&mut name, voter);
    let end = row.width() + names + 2;
    row.append(&name.cut(names)).pad_to(end);
    row
}

fn voted(
    app: &App,
    rows: &mut Vec<Row>,
    negotiation: &Negotiation,
    (voter, ballot): (&RepoName, &Ballot),
    (names, width): (usize, usize),
) {
    let role = vote_role(ballot.vote);
    let mut row = named((role, sign(app.look.symbols, ballot.vote)), voter, names);
    let end = row.width() + VOTE;
    row.push(role, ballot.vote.as_str()).pad_to(end).push(Role::Time, &clock(ballot.at, app.moment()));
    let Some(comment) = comment(app, negotiation, ballot, width) else {
        return rows.push(row.cut(width));
    };
    if row.width() + 2 + COMMENT.min(comment.width()) <= width {
        row.plain("  ").append(&comment);
        return rows.push(row.cut(width));
    }
    let mut below = Row::blank(BELOW);
    below.append(&comment);
    rows.extend([row.cut(width), below.cut(width)]);
}

/// The first line of what was said with a vote.
fn comment(app: &App, negotiation: &Negotiation, ballot: &Ballot, room: usize) -> Option<Row> {
    if ballot.message == negotiation.round.message {
        return Some(Row::of(Role::Dim, "worded it"));
    }
    let read = match text(app, seq_of(app, &ballot.message)?) {
        Ok(read) => read,
        Err(why) => return Some(why),
    };
    let line = lines(said(&read)?).find(|line| !line.trim().is_empty())?;
    Some(Row::of(Role::Text, &crate::text::cut(line.trim(), room)))
}

fn said(read: &Read) -> Option<&str> {
    let Payload::Negotiate(Form::Answer(answer)) = &read.message.as_ref()?.payload else { return None };
    let NegotiateAnswer { comment, counter_proposal, .. } = answer;
    comment.as_ref().or(counter_proposal.as_ref()).map(Text::as_str)
}

/// Of a voter who has not voted, how far the proposal is there.
fn waiting(app: &App, asked: Option<&Record>, voter: &RepoName, names: usize) -> Row {
    let Some(delivery) = asked.and_then(|asked| asked.delivery(voter)) else {
        let mut row = named((Role::Dim, app.look.symbols.ellipsis), voter, names);
        row.push(Role::Dim, "has not voted");
        return row;
    };
    let mut row = named((stage_role(delivery.stage), mark(app.look.symbols, delivery.stage)), voter, names);
    row.push(Role::Dim, &reached(delivery, app.moment()));
    row
}

fn reached(delivery: &Delivery, now: Millis) -> String {
    match delivery.stage {
        Stage::Held => "held: it does not have it yet".to_owned(),
        Stage::Queued => format!("queued: nobody of {} is here", delivery.repo),
        Stage::Routed => "on its way, not read".to_owned(),
        Stage::Delivered => "delivered, not read".to_owned(),
        Stage::Read | Stage::Answered => match (delivery.stage, read_at(delivery)) {
            (Stage::Read, Some(at)) => format!("has read it {}", before(at, now).0),
            _ => "has answered without a vote".to_owned(),
        },
        Stage::Expired => "expired before it was read".to_owned(),
        Stage::Refused => {
            let why = delivery.refused.map(|code| format!(": {code}")).unwrap_or_default();
            format!("does not get it{why}")
        }
    }
}

/// When a voter that says no more read the proposal.
fn read_at(delivery: &Delivery) -> Option<Millis> {
    let read = delivery.steps().find(|(stage, _)| *stage == Stage::Read);
    read.map(|(_, at)| at).filter(|_| delivery.stage == Stage::Read)
}

fn sign(symbols: &Symbols, vote: Vote) -> &'static str {
    match vote {
        Vote::Accept => symbols.check,
        Vote::Reject => symbols.cross,
        Vote::Counter => symbols.arrow,
        Vote::Abstain => symbols.horizontal,
    }
}
