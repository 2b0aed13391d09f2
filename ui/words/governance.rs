//! Events that tell of votes, holds and rules.

use veda_bus_core::event::{Configured, Event, Proposed, Resolved, RoundBegun, Tallied, Voted};
use veda_bus_core::name::RepoName;
use veda_bus_core::payload::{Outcome, Vote};
use veda_bus_core::state::negotiation::{Standing, Tally};

use super::mention::{Knows, mention};
use super::{counted, listed, repo};
use crate::row::Row;
use crate::text::cut;
use crate::theme::Role;

/// How many columns of a reason, and of what is wrong with the rules, are shown.
const REASON: usize = 120;
const PROBLEMS: usize = 400;

/// What such an event is about; nothing of another one.
pub(super) fn event<'r>(row: &'r mut Row, event: &Event, knows: &dyn Knows) -> &'r mut Row {
    match event {
        Event::Proposed(event) => proposed(row, event, knows),
        Event::Voted(event) => voted(row, event, knows),
        Event::Round(event) => round(row, event, knows),
        Event::Tallied(event) => tallied(row, event, knows),
        Event::Resolved(event) => resolved(row, event, knows),
        Event::Amended(event) => mention(row.plain("by the operator: "), &event.message.id, knows),
        Event::Released(event) => mention(row.plain("by the operator: "), &event.id, knows),
        Event::Denied(event) => mention(row.plain("by the operator: "), &event.id, knows),
        Event::Expiring(event) => mention(row.plain("still held, and soon stale: "), &event.id, knows),
        Event::Halted(event) => {
            let reason = cut(&event.reason, REASON);
            mention(row.plain("the thread is held, ").plain(&reason).plain(": "), &event.thread, knows)
        }
        Event::Continued(event) => mention(row.plain("the thread goes on: "), &event.thread, knows),
        Event::Configured(event) => row.plain(&configured(event)),
        _ => row,
    }
}

fn proposed<'r>(row: &'r mut Row, event: &Proposed, knows: &dyn Knows) -> &'r mut Row {
    let how = if event.requires_consensus { "all" } else { "a majority" };
    let voters = listed(event.voters.iter().map(RepoName::as_str));
    repo(row.plain("by "), &event.by).plain(&format!(", needs {how} of {voters}: "));
    mention(row, &event.negotiation, knows)
}

fn voted<'r>(row: &'r mut Row, event: &Voted, knows: &dyn Knows) -> &'r mut Row {
    row.push(vote_role(event.vote), event.vote.as_str()).plain(" by ");
    repo(row, &event.repo).plain(&format!(" in round {}: ", event.round));
    mention(row, &event.negotiation, knows)
}

fn round<'r>(row: &'r mut Row, event: &RoundBegun, knows: &dyn Knows) -> &'r mut Row {
    row.plain(&format!("{} worded by ", event.round));
    repo(row, &event.by).plain(": ");
    mention(row, &event.message, knows)
}

fn tallied<'r>(row: &'r mut Row, event: &Tallied, knows: &dyn Knows) -> &'r mut Row {
    row.push(standing_role(event.standing), event.standing.as_str());
    row.plain(&format!(" in round {}, {}: ", event.round, tally(&event.tally)));
    mention(row, &event.negotiation, knows)
}

fn resolved<'r>(row: &'r mut Row, event: &Resolved, knows: &dyn Knows) -> &'r mut Row {
    row.push(outcome_role(event.outcome), event.outcome.as_str()).plain(" by ");
    repo(row, &event.by).plain(if event.overridden { ", whatever the votes: " } else { ": " });
    mention(row, &event.negotiation, knows)
}

fn configured(event: &Configured) -> String {
    if !event.problems.is_empty() {
        return format!("the rules stay as they were: {}", cut(&event.problems.join("; "), PROBLEMS));
    }
    let mut told = format!(
        "the operator decides {} negotiations; {} to hold, {} to let pass",
        match event.negotiations.as_str() {
            "always" => "all",
            "on_conflict" => "disputed",
            "never" => "no",
            other => other,
        },
        counted(event.hold.len(), "rule"),
        counted(event.allow.len(), "rule"),
    );
    if !event.waiting.is_empty() {
        told.push_str("; at the next start: ");
        told.push_str(&event.waiting.join(", "));
    }
    for warning in &event.warnings {
        told.push_str("; ");
        told.push_str(warning);
    }
    cut(&told, PROBLEMS)
}

/// `2 accept, 1 reject, 1 has not voted`
pub fn tally(tally: &Tally) -> String {
    let parts = [
        (tally.accept, "accept"),
        (tally.reject, "reject"),
        (tally.abstain, "abstain"),
        (tally.waiting, if tally.waiting == 1 { "has not voted" } else { "have not voted" }),
    ];
    let told: Vec<_> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    told.join(", ")
}

/// What a vote is.
pub(crate) fn vote_role(vote: Vote) -> Role {
    match vote {
        Vote::Accept => Role::Ok,
        Vote::Reject => Role::Danger,
        Vote::Abstain => Role::Dim,
        Vote::Counter => Role::Warn,
    }
}

/// What the standing of a round is.
pub(crate) fn standing_role(standing: Standing) -> Role {
    match standing {
        Standing::Open => Role::Dim,
        Standing::Consensus => Role::Ok,
        Standing::Rejected => Role::Danger,
        Standing::Split => Role::Warn,
    }
}

/// What the end of a negotiation is.
pub(crate) fn outcome_role(outcome: Outcome) -> Role {
    match outcome {
        Outcome::Approved => Role::Ok,
        Outcome::Rejected => Role::Danger,
        Outcome::Expired | Outcome::Withdrawn => Role::Dim,
    }
}
