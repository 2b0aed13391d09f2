//! `veda-bus vote`: a repo's word on a proposal.

use crate::arguments::{Reply, Vote, VoteName};
use crate::commands::reply;
use crate::context::Context;
use crate::failure::Failure;

pub(crate) fn run(context: &Context, vote: Vote) -> Result<(), Failure> {
    let word = match vote.word {
        VoteName::Accept => "accept",
        VoteName::Reject => "reject",
        VoteName::Abstain => "abstain",
        VoteName::Counter => "counter",
    };
    if matches!(vote.word, VoteName::Counter) != vote.counter_proposal.is_some() {
        let what = "counter and --counter-proposal TEXT go together: what is proposed instead";
        return Err(Failure::Usage(what.into()));
    }
    let Vote { id, counter_proposal, comment, manner, .. } = vote;
    let vote = Some(word.to_owned());
    reply::run(context, &Reply { counter_proposal, vote, comment, ..Reply::to(id, manner) })
}
