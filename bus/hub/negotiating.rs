//! What a message means to a negotiation, and what follows when votes are in or time is up.

use super::Hub;
use super::posting::Post;
use crate::config::Approval;
use crate::event::{Event, Proposed, Recorded, Resolved, RoundBegun, Tallied, Voted};
use crate::message::Message;
use crate::name::{MessageId, RepoName, Seq};
use crate::payload::{Form, Negotiate, NegotiateAnswer, Outcome, Payload, Text, Vote};
use crate::refusal::{Code, Refusal};
use crate::state::State;
use crate::state::negotiation::{Negotiation, Standing};
use crate::time::Millis;

/// What a message means to a negotiation.
#[derive(Debug)]
pub(super) enum Part<'a> {
    /// Nothing, or a comment.
    Nothing,
    /// It begins one.
    Proposal(&'a Negotiate),
    /// A voter votes.
    Vote(&'a Negotiation, Vote),
    /// A voter or the proposer words the next round.
    Wording(&'a Negotiation),
    /// The proposer takes it back.
    Withdrawal(&'a Negotiation),
}

impl<'a> Part<'a> {
    /// The negotiation that is there already.
    pub(super) fn negotiation(&self) -> Option<&'a Negotiation> {
        match self {
            Self::Nothing | Self::Proposal(_) => None,
            Self::Vote(negotiation, _) | Self::Wording(negotiation) | Self::Withdrawal(negotiation) => {
                Some(negotiation)
            }
        }
    }

    /// Whether it is for the same recipients as another, as far as the negotiation says who they are.
    pub(super) fn reaches_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Proposal(one), Self::Proposal(other)) => voters(one) == voters(other),
            (Self::Nothing | Self::Vote(..), Self::Nothing | Self::Vote(..)) => true,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

/// What `message` means, by what it says and what it answers.
///
/// # Errors
/// When it is meant to count and can not: the refusal says why, and what would.
pub(super) fn part<'a>(state: &'a State, message: &'a Message) -> Result<Part<'a>, Refusal> {
    let answered = || message.reply_to.as_ref().and_then(|id| answered(state, id));
    match &message.payload {
        Payload::Negotiate(Form::Opening(proposal)) => opening(proposal, &message.from.repo, answered()),
        Payload::Negotiate(Form::Answer(answer)) => reply(answer, &message.from.repo, answered()),
        _ => Ok(Part::Nothing),
    }
}

/// The negotiation that an answer to the message `id` belongs to, and the message that worded the round which it
/// answers, over whatever was said in between.
pub(super) fn answered<'a>(state: &'a State, id: &'a MessageId) -> Option<(&'a Negotiation, &'a MessageId)> {
    let (mut at, mut before) = (id, Seq(u64::MAX));
    loop {
        if let Some(negotiation) = state.negotiation_of(at) {
            return Some((negotiation, at));
        }
        // Senders choose ids: what is answered must be older, or there would be no end to it.
        let record = state.message(at).filter(|record| record.seq < before)?;
        before = record.seq;
        at = state.reply_to(record)?;
    }
}

type Answered<'a> = Option<(&'a Negotiation, &'a MessageId)>;

/// A proposal that answers an open negotiation and is for the same voters is its next wording.
fn opening<'a>(
    proposal: &'a Negotiate,
    sender: &RepoName,
    answered: Answered<'a>,
) -> Result<Part<'a>, Refusal> {
    if let Some(place) = proposal.affected_repos.iter().position(RepoName::is_everyone) {
        let at = format!("payload.affected_repos[{place}]");
        return Err(Refusal::payload(at, "the name of a repo", "\"*\"").hint("name every voter"));
    }
    match answered {
        Some((negotiation, round)) if negotiation.is_open() && may_word(negotiation, sender) => {
            if voters(proposal) != negotiation.voters {
                return Ok(Part::Proposal(proposal));
            }
            check_round(negotiation, round)?;
            Ok(Part::Wording(negotiation))
        }
        _ => Ok(Part::Proposal(proposal)),
    }
}

fn reply<'a>(
    answer: &'a NegotiateAnswer,
    sender: &RepoName,
    answered: Answered<'a>,
) -> Result<Part<'a>, Refusal> {
    if let Some(outcome) = answer.outcome {
        return withdrawal(outcome, sender, answered);
    }
    let counters =
        answer.vote == Some(Vote::Counter) || answer.vote.is_none() && answer.counter_proposal.is_some();
    let Some((negotiation, round)) = answered else { return Ok(Part::Nothing) };
    let counts = negotiation.is_voter(sender) || counters && may_word(negotiation, sender);
    if !counts || !counters && answer.vote.is_none() {
        return Ok(Part::Nothing);
    }
    check_open(negotiation)?;
    check_round(negotiation, round)?;
    match answer.vote {
        Some(vote) if vote != Vote::Counter => Ok(Part::Vote(negotiation, vote)),
        _ if answer.counter_proposal.is_none() => {
            let at = "payload.counter_proposal";
            Err(Refusal::payload(at, "a text", "nothing")
                .hint("say what is proposed instead, or vote reject"))
        }
        _ => Ok(Part::Wording(negotiation)),
    }
}

fn withdrawal<'a>(outcome: Outcome, sender: &RepoName, answered: Answered<'a>) -> Result<Part<'a>, Refusal> {
    let refuse =
        |what: &str, hint: &str| Err(Refusal::new(Code::OperatorOnly, what).at("payload.outcome").hint(hint));
    if outcome != Outcome::Withdrawn {
        return refuse(
            "only the operator says how a negotiation ends, and decides it",
            "an agent says \"vote\"; the operator decides in the console, or with veda-bus approve or reject",
        );
    }
    match answered {
        Some((negotiation, _)) if negotiation.proposer == *sender => {
            check_open(negotiation)?;
            Ok(Part::Withdrawal(negotiation))
        }
        Some((negotiation, _)) => {
            refuse(&format!("only {} can take it back", negotiation.proposer), "say \"vote\"")
        }
        None => refuse("there is no negotiation to take back here", "answer the proposal"),
    }
}

fn may_word(negotiation: &Negotiation, repo: &RepoName) -> bool {
    negotiation.is_voter(repo) || negotiation.proposer == *repo
}

/// Whose votes count: each once, sorted.
fn voters(proposal: &Negotiate) -> Vec<RepoName> {
    let mut voters = proposal.affected_repos.clone();
    voters.sort();
    voters.dedup();
    voters
}

/// Whether it is still open; if not, a refusal that says how it ended.
pub(super) fn check_open(negotiation: &Negotiation) -> Result<(), Refusal> {
    let Some(resolution) = &negotiation.resolution else { return Ok(()) };
    let what = format!(
        "negotiation {} is over: {} by {}, told in message {}",
        negotiation.id,
        resolution.outcome.as_str(),
        resolution.by,
        resolution.message
    );
    Err(Refusal::new(Code::AlreadyResolved, what)
        .at("reply_to")
        .hint("a comment is still passed on; something new needs a new proposal"))
}

fn check_round(negotiation: &Negotiation, answered: &MessageId) -> Result<(), Refusal> {
    let current = &negotiation.round;
    if current.message == *answered {
        return Ok(());
    }
    let (round, by) = (negotiation.round_number(), &current.by);
    let what = format!("round {round} is being voted on, in the words of {by}; this answers an earlier one");
    Err(Refusal::new(Code::EarlierRound, what)
        .at("reply_to")
        .hint(format!("read message {} and answer that", current.message)))
}

/// The events by which a message takes its part, when it goes out. What can not count any more is only passed on.
pub(super) fn events(state: &State, message: &Message, expires_at: Millis) -> Option<Event> {
    let by = message.from.repo.clone();
    Some(match part(state, message).ok()? {
        Part::Nothing => return None,
        Part::Proposal(proposal) => Event::Proposed(Proposed {
            negotiation: message.id.clone(),
            by,
            voters: voters(proposal),
            requires_consensus: proposal.requires_consensus,
            expires_at,
        }),
        Part::Vote(negotiation, vote) => Event::Voted(Voted {
            negotiation: negotiation.id.clone(),
            round: negotiation.round_number(),
            repo: by,
            vote,
            message: message.id.clone(),
        }),
        Part::Wording(negotiation) => Event::Round(next_round(negotiation, by, message, expires_at)),
        Part::Withdrawal(negotiation) => {
            Event::Resolved(resolved(negotiation, Outcome::Withdrawn, by, message.id.clone(), false))
        }
    })
}

pub(super) fn next_round(
    negotiation: &Negotiation,
    by: RepoName,
    message: &Message,
    expires_at: Millis,
) -> RoundBegun {
    RoundBegun {
        negotiation: negotiation.id.clone(),
        round: negotiation.round_number() + 1,
        by,
        message: message.id.clone(),
        expires_at,
    }
}

pub(super) fn resolved(
    negotiation: &Negotiation,
    outcome: Outcome,
    by: RepoName,
    message: MessageId,
    overridden: bool,
) -> Resolved {
    let (round, negotiation) = (negotiation.round_number(), negotiation.id.clone());
    Resolved { negotiation, round, outcome, by, message, overridden }
}

/// How the bus resolves a negotiation by itself; `None` where the operator has the word.
fn settled(standing: Standing, approval: Approval) -> Option<Outcome> {
    match (standing, approval) {
        (Standing::Consensus, Approval::OnConflict | Approval::Never) => Some(Outcome::Approved),
        (Standing::Rejected | Standing::Split, Approval::Never) => Some(Outcome::Rejected),
        _ => None,
    }
}

impl Hub {
    /// Draws the conclusions: what votes come to, and whether the bus resolves what they are about.
    pub(super) fn conclude(
        &mut self,
        negotiation: &MessageId,
        events: &mut Vec<Recorded>,
        now: Millis,
        fresh: &dyn Fn() -> MessageId,
    ) {
        let Some(found) = self.state.negotiation_of(negotiation).filter(|found| found.is_open()) else {
            return;
        };
        // What the operator has the word on does not run out any more.
        let counted = found.count(now).or((found.standing != Standing::Open).then_some(Standing::Split));
        let Some(standing) = counted else {
            let comment = Text::new("time was up before the votes came to anything");
            return self.resolve(negotiation, Outcome::Expired, comment, events, now, fresh);
        };
        if standing != found.standing {
            let tallied = Tallied {
                negotiation: found.id.clone(),
                round: found.round_number(),
                standing,
                tally: found.tally(),
            };
            self.append(events, now, Event::Tallied(tallied));
        }
        if let Some(outcome) = settled(standing, self.policy.rules.negotiations) {
            self.resolve(negotiation, outcome, None, events, now, fresh);
        }
    }

    /// The bus ends a negotiation, and tells everyone involved.
    fn resolve(
        &mut self,
        negotiation: &MessageId,
        outcome: Outcome,
        comment: Option<Text>,
        events: &mut Vec<Recorded>,
        now: Millis,
        fresh: &dyn Fn() -> MessageId,
    ) {
        let Some(found) = self.state.negotiation_of(negotiation) else { return };
        let answer = NegotiateAnswer { outcome: Some(outcome), comment, ..NegotiateAnswer::default() };
        let post = Post::to_all(found, Payload::Negotiate(Form::Answer(answer)), None);
        let Some(posted) = post.accepted(&self.state, &self.policy, &fresh(), now) else { return };
        let resolved = resolved(found, outcome, RepoName::bus(), posted.message.id.clone(), false);
        self.append(events, now, Event::Accepted(Box::new(posted)));
        self.append(events, now, Event::Resolved(resolved));
    }
}
