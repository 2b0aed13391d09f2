//! `veda-bus show`: everything about a message, and the negotiation or the hold that it is a part of.

use std::collections::HashMap;

use serde_json::json;
use veda_bus_core::client::blocking::Connection;
use veda_bus_core::message::Message;
use veda_bus_core::name::{MessageId, RepoName};
use veda_bus_core::payload::{Form, Payload, Text};
use veda_bus_core::state::negotiation::Negotiation;
use veda_bus_core::state::view::{BallotView, HoldView, LadderView, NegotiationView, RoundView};
use veda_bus_core::time::Millis;
use veda_bus_core::wire::answer::HistoryEntry;
use veda_bus_core::wire::{BusFrame, History};
use veda_bus_ui::row::Row;
use veda_bus_ui::theme::Role;
use veda_bus_ui::words::{listed, policy, standing_words};

use super::decide::{PARTS, whole};
use super::hold::reason;
use super::status::age;
use crate::compose::look_up;
use crate::context::{Context, Output, state};
use crate::failure::Failure;
use crate::show::table::cell;
use crate::show::{self, width};

/// How many messages of its thread are looked through for what voters said.
const THREAD: usize = 1000;

pub(crate) fn run(context: &Context, id: &str) -> Result<(), Failure> {
    let mut bus = context.connect()?;
    let state = state(&mut bus, &PARTS)?;
    let id = whole(&mut bus, &state, id)?;
    let entry = look_up(&mut bus, &id.to_string())?;
    let negotiations = state.proposals.into_iter().flat_map(|listed| listed.newest);
    let negotiation = negotiations.into_iter().find(|one| is_of(one, &id));
    let hold = state.holds.into_iter().flat_map(|listed| listed.newest).find(|hold| hold.id == id);
    let mut out = Output::new();
    if context.json {
        out.json(&json!({
            "record": entry.record, "message": entry.message, "negotiation": negotiation, "hold": hold,
        }))?;
        return out.flush();
    }
    let now = Millis::now();
    let message = entry.message.as_ref().and_then(|raw| Message::parse(raw.get(), None).ok());
    if let Some(message) = &message {
        show::message(message).lines().try_for_each(|line| out.line(line))?;
        if let Some(by) = &message.amended_by {
            out.row(&Row::of(Role::Warn, &format!("changed by {by} before it was passed on")))?;
        }
    }
    out.line("")?;
    if let Some(hold) = &hold {
        out.row(&held(hold))?;
    }
    for ladder in &entry.record.ladder {
        out.row(&step(ladder, now))?;
    }
    if let Some(negotiation) = &negotiation {
        out.line("")?;
        let said = said(&mut bus, negotiation)?;
        rounds(negotiation, &said, now).iter().try_for_each(|row| out.row(row))?;
    }
    out.flush()
}

/// Whether the message worded a round of the negotiation, or was a vote in it.
fn is_of(negotiation: &NegotiationView, id: &MessageId) -> bool {
    let is_vote = |ballot: &BallotView| ballot.message == *id;
    negotiation.rounds.iter().any(|round| round.message == *id || round.ballots.iter().any(is_vote))
}

fn held(hold: &HoldView) -> Row {
    let (what, why) = reason(&hold.held);
    let mut row = Row::of(Role::Held, what);
    row.plain(why);
    row
}

/// A recipient, and the steps that the message took there.
fn step(ladder: &LadderView, now: Millis) -> Row {
    let mut row = Row::of(Role::Repo, ladder.repo.as_str());
    row.plain(": ");
    for (place, (stage, at)) in ladder.steps.iter().enumerate() {
        row.plain(if place == 0 { "" } else { " → " }).plain(stage.as_str());
        row.plain(" ").push(Role::Time, &ago(*at, now));
    }
    if let Some(code) = ladder.refused {
        row.plain(" ").push(Role::Refused, code.as_str());
    }
    row
}

/// What was said in the thread of a negotiation, by its messages' ids.
fn said(bus: &mut Connection, negotiation: &NegotiationView) -> Result<HashMap<MessageId, Message>, Failure> {
    let thread = Some(negotiation.thread.to_string());
    let history = History { thread, limit: Some(THREAD), ..History::default() };
    let BusFrame::History(entries) = bus.call("history", &history)? else {
        return Err(Failure::Failed("the bus answered something else than messages".into()));
    };
    let message = |entry: HistoryEntry| Message::parse(entry.message?.get(), None).ok();
    Ok(entries.into_iter().filter_map(message).map(|message| (message.id.clone(), message)).collect())
}

fn rounds(one: &NegotiationView, said: &HashMap<MessageId, Message>, now: Millis) -> Vec<Row> {
    let mut rows = Vec::new();
    let voters = listed(one.voters.iter().map(RepoName::as_str));
    let mut head = Row::of(Role::Title, "negotiation ");
    head.push(Role::Id, &one.id.to_string()).plain(" by ").push(Role::Repo, one.proposer.as_str());
    head.plain(&format!(", {}, among {voters}", policy(one.requires_consensus)));
    rows.push(head);
    if let Some(negotiation) = Negotiation::of(one) {
        let mut standing = Row::of(Role::Strong, &standing_words(&negotiation, now));
        let end = one.resolution.as_ref().and_then(|resolution| said.get(&resolution.message));
        if let Some(comment) = end.and_then(comment) {
            standing.plain(": ").plain(comment);
        }
        rows.push(standing);
    }
    for round in &one.rounds {
        rows.extend(self::round(round, said, now));
    }
    rows
}

fn round(round: &RoundView, said: &HashMap<MessageId, Message>, now: Millis) -> Vec<Row> {
    let mut head = Row::of(Role::Field, &format!("round {}", round.round));
    head.plain(" by ").push(Role::Repo, round.by.as_str()).plain(", ").push(Role::Time, &ago(round.at, now));
    head.plain(", ").push(Role::Id, &round.message.short());
    head.plain(": ")
        .plain(said.get(&round.message).and_then(|message| message.payload.wording()).unwrap_or("-"));
    let names = round.ballots.iter().map(|ballot| width(ballot.repo.as_str())).max().unwrap_or_default();
    let votes = round.ballots.iter().map(|ballot| {
        let mut row = Row::of(Role::Text, "  ");
        row.push(Role::Repo, &cell(ballot.repo.as_str(), names)).plain("  ");
        row.push(Role::Strong, ballot.vote.as_str());
        row.plain(" ").push(Role::Time, &ago(ballot.at, now));
        if let Some(comment) = said.get(&ballot.message).and_then(comment) {
            row.plain(": ").plain(comment);
        }
        row
    });
    std::iter::once(head).chain(votes).collect()
}

fn ago(then: Millis, now: Millis) -> String {
    format!("{} ago", age(now.since(then)))
}

fn comment(message: &Message) -> Option<&str> {
    match &message.payload {
        Payload::Negotiate(Form::Answer(answer)) => answer.comment.as_ref().map(Text::as_str),
        _ => None,
    }
}
