//! `veda-bus negotiations`: what is put to the vote, and how it stands.

use serde::Serialize;
use veda_bus_core::state::negotiation::Negotiation;
use veda_bus_core::state::view::{Listed, NegotiationView};
use veda_bus_core::time::Millis;
use veda_bus_core::wire::Part;
use veda_bus_ui::row::Row;
use veda_bus_ui::theme::Role;
use veda_bus_ui::words::standing_words;

use super::texts::messages;
use crate::arguments::Negotiations;
use crate::context::{Context, Output, state, told};
use crate::failure::Failure;

pub(crate) fn run(context: &Context, wanted: &Negotiations) -> Result<(), Failure> {
    let mut bus = context.connect()?;
    let state = state(&mut bus, &[Part::Negotiations])?;
    let Listed { newest, more } = told(state.proposals, "of negotiations")?;
    let is_wanted = |one: &NegotiationView| !wanted.open || one.resolution.is_none();
    let shown: Vec<_> = newest.into_iter().filter(is_wanted).collect();
    let worded = shown.iter().filter_map(|one| one.rounds.last()).map(|round| round.seq);
    let texts = messages(&mut bus, worded.collect())?;
    let (mut out, now) = (Output::new(), Millis::now());
    for one in &shown {
        let proposal = one.rounds.last().and_then(|round| texts.get(&round.seq)?.payload.wording());
        if context.json {
            out.json(&Told { negotiation: one, proposal })?;
            continue;
        }
        for line in lines(one, proposal.unwrap_or("-"), now) {
            out.row(&line)?;
        }
    }
    if !context.json {
        match (more, shown.is_empty()) {
            (0, true) if wanted.open => out.line("nothing is put to the vote")?,
            (0, true) => out.line("no negotiation")?,
            (0, false) => {}
            (more, _) => out.line(&format!("older ones that are not shown: {more}"))?,
        }
    }
    out.flush()
}

/// A negotiation as a script gets it.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    negotiation: &'a NegotiationView,
    /// The last wording; `None` where its text is nowhere to be had any more.
    proposal: Option<&'a str>,
}

fn lines(one: &NegotiationView, proposal: &str, now: Millis) -> [Row; 2] {
    let mut head = Row::of(Role::Id, &one.id.short());
    let by = one.rounds.last().map_or(&one.proposer, |round| &round.by);
    head.plain(" ").push(Role::Strong, proposal).push(Role::Dim, " by ").push(Role::Repo, by.as_str());
    let mut standing = Row::of(Role::Text, "  ");
    if let [_, .., last] = one.rounds.as_slice() {
        standing.push(Role::Dim, &format!("round {} of what ", last.round));
        standing.push(Role::Repo, one.proposer.as_str()).push(Role::Dim, " proposed: ");
    }
    if let Some(negotiation) = Negotiation::of(one) {
        standing.plain(&standing_words(&negotiation, now));
    }
    // A vote answers the words that are on the table.
    if let ([_, .., last], None) = (one.rounds.as_slice(), &one.resolution) {
        standing.push(Role::Dim, ", vote on ").push(Role::Id, &last.message.short());
    }
    [head, standing]
}

#[cfg(test)]
mod tests {
    use veda_bus_core::state::negotiation::{Standing, Tally};
    use veda_bus_core::state::view::{BallotView, RoundView};

    use super::*;

    #[test]
    fn a_negotiation_is_its_wording_and_how_it_stands() {
        let round = |round, by: &str| RoundView {
            round,
            message: format!("message-{round}").parse().unwrap(),
            seq: veda_bus_core::name::Seq(1),
            by: by.parse().unwrap(),
            at: Millis(0),
            expires_at: Millis(300_000),
            ballots: vec![BallotView {
                repo: by.parse().unwrap(),
                vote: veda_bus_core::payload::Vote::Accept,
                message: "b".parse().unwrap(),
                at: Millis(0),
            }],
        };
        let view = NegotiationView {
            id: "0123456789".parse().unwrap(),
            seq: veda_bus_core::name::Seq(1),
            thread: "0123456789".parse().unwrap(),
            proposer: "Flagship".parse().unwrap(),
            voters: vec!["Flagship".parse().unwrap(), "LensSDK".parse().unwrap()],
            requires_consensus: true,
            standing: Standing::Open,
            rounds: vec![round(1, "Flagship"), round(2, "LensSDK")],
            tally: Tally::default(),
            resolution: None,
        };
        let shown = lines(&view, "Only\u{1b}[2J the types", Millis(60_000)).map(|row| row.text());
        assert_eq!(shown[0], "0123456789 Only\\x1b[2J the types by LensSDK");
        assert_eq!(
            shown[1],
            "  round 2 of what Flagship proposed: 1 of 2 accept, waiting for Flagship, 4 min left, vote on message-2"
        );
    }
}
