//! The fold of negotiations and holds.

use super::State;
use super::negotiation::{Ballot, Negotiation, Round, Standing};
use super::record::Stage;
use crate::event::{Amended, Proposed, RoundBegun};
use crate::name::{MessageId, RepoName};
use crate::payload::Vote;
use crate::refusal::Code;
use crate::time::Millis;

impl State {
    pub(super) fn proposed(&mut self, event: &Proposed) {
        let Proposed { negotiation: id, by, voters, requires_consensus, expires_at } = event;
        let Some(record) = self.records.by_id(id) else { return };
        let (seq, thread) = (record.seq, record.thread.clone());
        let Some(mut round) = self.round(id, by, *expires_at) else { return };
        accepted_by_its_author(&mut round, voters);
        let proposer = self.repo_handle(by);
        self.negotiations.open(Negotiation {
            seq,
            id: id.clone(),
            thread,
            proposer,
            voters: voters.clone(),
            requires_consensus: *requires_consensus,
            earlier: Vec::new(),
            round,
            standing: Standing::Open,
            resolution: None,
        });
    }

    pub(super) fn next_round(&mut self, begun: &RoundBegun) {
        let Some(mut round) = self.round(&begun.message, &begun.by, begun.expires_at) else { return };
        if let Some(negotiation) = self.negotiations.of(&begun.negotiation) {
            accepted_by_its_author(&mut round, &negotiation.voters);
        }
        self.negotiations.next_round(&begun.negotiation, round);
    }

    fn round(&mut self, message: &MessageId, by: &RepoName, expires_at: Millis) -> Option<Round> {
        let seq = self.records.by_id(message)?.seq;
        let (by, at, message) = (self.repo_handle(by), self.at, message.clone());
        Some(Round { seq, message, by, at, expires_at, ballots: std::collections::BTreeMap::new() })
    }

    pub(super) fn amended(&mut self, amended: &Amended) {
        let Some(slot) = self.records.find(&amended.message.id) else { return };
        let Some(record) = self.records.at_mut(slot) else { return };
        let (seq, before) = (record.seq, record.size());
        record.amend(amended.message.raw.clone(), self.last);
        let size = record.size();
        let open = record.deliveries.iter().filter(|delivery| delivery.stage.is_open());
        for repo in open.map(|delivery| &delivery.repo) {
            if let Some(repo) = self.repos.get_mut(repo) {
                repo.mailbox.bytes = (repo.mailbox.bytes + size).saturating_sub(before);
            }
        }
        self.holds.amended(seq);
    }

    pub(super) fn released(&mut self, id: &MessageId) {
        let at = self.at;
        let Some(record) = self.records.find(id).and_then(|slot| self.records.at_mut(slot)) else { return };
        let (seq, order) = (record.seq, record.order());
        for delivery in record.deliveries.iter_mut().filter(|delivery| delivery.stage == Stage::Held) {
            delivery.reach(Stage::Queued, at);
            if let Some(repo) = self.repos.get_mut(&delivery.repo) {
                repo.mailbox.held -= 1;
                repo.mailbox.waiting.insert(order);
            }
        }
        self.holds.let_go(seq);
        self.said_at_last(seq);
    }

    pub(super) fn denied(&mut self, id: &MessageId) {
        let Some(record) = self.records.find(id).and_then(|slot| self.records.at_mut(slot)) else { return };
        let mut repos = Vec::new();
        for delivery in record.deliveries.iter_mut().filter(|delivery| delivery.stage == Stage::Held) {
            delivery.refused = Some(Code::RefusedByOperator);
            repos.push(delivery.repo.clone());
        }
        for repo in &repos {
            self.settle(id, repo, Stage::Refused, None);
        }
    }
}

/// Who words a round, and has a vote, has accepted it.
fn accepted_by_its_author(round: &mut Round, voters: &[RepoName]) {
    if voters.contains(&round.by) {
        let ballot = Ballot { vote: Vote::Accept, message: round.message.clone(), at: round.at };
        round.ballots.insert(round.by.clone(), ballot);
    }
}
