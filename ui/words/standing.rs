//! What the votes on a proposal come to, in words: `2 of 3 accept, waiting for LensSDK, 4 min left`.

use veda_bus_core::name::RepoName;
use veda_bus_core::payload::{Outcome, Vote};
use veda_bus_core::state::negotiation::{Negotiation, Resolution, Round, Standing};
use veda_bus_core::time::Millis;

use super::governance::{outcome_role, standing_role};
use super::listed;
use crate::ago::left;
use crate::theme::Role;

#[cfg(test)]
mod tests;

/// The votes of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Votes {
    /// For it.
    pub accept: usize,
    /// Against it.
    pub reject: usize,
    /// For something else.
    pub counter: usize,
    /// Neither.
    pub abstain: usize,
    /// Not yet.
    pub waiting: usize,
}

impl Votes {
    /// Those of a round of a negotiation.
    pub fn of(negotiation: &Negotiation, round: &Round) -> Self {
        let count = |vote: Vote| round.ballots.values().filter(|ballot| ballot.vote == vote).count();
        Self {
            accept: count(Vote::Accept),
            reject: count(Vote::Reject),
            counter: count(Vote::Counter),
            abstain: count(Vote::Abstain),
            waiting: negotiation.voters.len().saturating_sub(round.ballots.len()),
        }
    }

    /// How many have a vote.
    pub fn voters(&self) -> usize {
        self.accept + self.reject + self.counter + self.abstain + self.waiting
    }

    /// `2 accept, 1 counter, 1 did not vote`.
    pub fn words(&self) -> String {
        let accept = Some(format!("{} accept", self.accept)).filter(|_| self.accept > 0);
        self.with(accept, true)
    }

    /// The others behind what is said of those who accept.
    fn with(&self, accept: Option<String>, is_over: bool) -> String {
        let waiting = if is_over { self.waiting } else { 0 };
        let others = [
            (self.reject, "reject"),
            (self.counter, "counter"),
            (self.abstain, "abstain"),
            (waiting, "did not vote"),
        ];
        let others = others.into_iter().filter(|(count, _)| *count > 0);
        let parts: Vec<_> =
            accept.into_iter().chain(others.map(|(count, what)| format!("{count} {what}"))).collect();
        parts.join(", ")
    }

    fn is_disputed(&self) -> bool {
        self.reject + self.counter > 0
    }
}

/// How the votes on a proposal stand, whom they wait for and until when; or how it ended.
pub fn standing_words(negotiation: &Negotiation, now: Millis) -> String {
    if let Some(resolution) = &negotiation.resolution {
        return ended(resolution, now);
    }
    let votes = Votes::of(negotiation, &negotiation.round);
    let of_all = || format!("{} of {} accept", votes.accept, votes.voters());
    let Some(standing) = told(negotiation) else {
        let mut words = votes.with(Some(of_all()), false);
        if votes.waiting > 0 {
            let names = listed(negotiation.waiting_for().map(RepoName::as_str));
            words.push_str(", waiting for ");
            words.push_str(&names);
        }
        let deadline = negotiation.round.expires_at;
        let time = if now < deadline { left(deadline, now).0 } else { "time is up".to_owned() };
        return format!("{words}, {time}");
    };
    let so_far = if votes.is_disputed() { votes.words() } else { votes.with(Some(of_all()), true) };
    format!("{so_far}: {standing}, waiting for you")
}

/// When [`standing_words`] will say something else although nothing happens.
pub fn standing_until(negotiation: &Negotiation, now: Millis) -> Option<Millis> {
    let deadline = negotiation.round.expires_at;
    let is_counting = negotiation.is_open() && !negotiation.is_awaiting();
    (is_counting && now < deadline).then(|| left(deadline, now).1)
}

/// What [`standing_words`] are.
pub(crate) fn standing_words_role(negotiation: &Negotiation) -> Role {
    match &negotiation.resolution {
        Some(resolution) => outcome_role(resolution.outcome),
        None if negotiation.is_awaiting() => standing_role(negotiation.standing),
        None => Role::Strong,
    }
}

/// What carries a proposal.
pub fn policy(requires_consensus: bool) -> &'static str {
    if requires_consensus { "needs everyone's consent" } else { "a majority is enough" }
}

/// What the votes come to when they are in.
fn told(negotiation: &Negotiation) -> Option<&'static str> {
    match (negotiation.standing, negotiation.requires_consensus) {
        (Standing::Open, _) => None,
        (Standing::Consensus, true) => Some("consensus"),
        (Standing::Consensus, false) => Some("carried"),
        (Standing::Rejected, _) => Some("not carried"),
        (Standing::Split, _) => Some("split"),
    }
}

/// `approved by operator 14:02, whatever the votes`.
fn ended(resolution: &Resolution, now: Millis) -> String {
    let Resolution { outcome, by, overridden, at, .. } = resolution;
    let by = match outcome {
        Outcome::Expired => String::new(),
        Outcome::Approved | Outcome::Rejected if by.is_bus() => " by the votes".to_owned(),
        Outcome::Approved | Outcome::Rejected | Outcome::Withdrawn => format!(" by {by}"),
    };
    let regardless = if *overridden { ", whatever the votes" } else { "" };
    format!("{}{by} {}{regardless}", outcome.as_str(), minute(*at, now))
}

/// Hours and minutes; of another day, the day too.
fn minute(at: Millis, now: Millis) -> String {
    let (Some(time), Some(today)) = (at.local(), now.local()) else { return at.to_string() };
    let form = if time.date_naive() == today.date_naive() { "%H:%M" } else { "%m-%d %H:%M" };
    time.format(form).to_string()
}
