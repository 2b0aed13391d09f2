//! Negotiations: votes, rounds, and who has the last word.

use serde_json::json;
use veda_bus_core::config::{Approval, Rules};
use veda_bus_core::event::Event;
use veda_bus_core::hub::Policy;
use veda_bus_core::name::InstanceId;
use veda_bus_core::payload::{Outcome, Text, Vote};
use veda_bus_core::refusal::Code;
use veda_bus_core::state::negotiation::Standing;
use veda_bus_core::state::record::Stage;
use veda_bus_core::wire::decide::{Decide, Verdict};
use veda_bus_core::wire::request::{AckStage, Register};

use crate::bench::{Bench, on, proposal, repo, vote, with};

/// Three repos and the operator.
struct Table {
    bench: Bench,
    flagship: InstanceId,
    lens: InstanceId,
    ui: InstanceId,
    operator: InstanceId,
}

impl Table {
    fn with(negotiations: Approval) -> Self {
        let rules = Rules { negotiations, ..Rules::default() };
        let mut bench = Bench::with(Policy { rules, ..Policy::default() });
        let [flagship, lens, ui, operator] =
            ["Flagship", "LensSDK", "UILib", "operator"].map(|name| bench.join(name));
        Self { bench, flagship, lens, ui, operator }
    }

    fn new() -> Self {
        Self::with(Approval::Always)
    }

    /// Flagship proposes something to all three.
    fn propose(&mut self, id: &str, requires_consensus: bool) {
        let voters = ["UILib", "Flagship", "LensSDK"];
        self.bench.send(&self.flagship, &proposal(id, "LensSDK", &voters, requires_consensus)).unwrap();
    }

    fn lens(&mut self, id: &str, parent: &str, word: &str) {
        self.bench.send(&self.lens, &vote(id, "Flagship", parent, word)).unwrap();
    }

    fn ui(&mut self, id: &str, parent: &str, word: &str) {
        self.bench.send(&self.ui, &vote(id, "Flagship", parent, word)).unwrap();
    }

    fn standing(&self, id: &str) -> Standing {
        self.bench.negotiation(id).standing
    }

    fn outcome(&self, id: &str) -> Option<Outcome> {
        self.bench.negotiation(id).resolution.as_ref().map(|resolution| resolution.outcome)
    }
}

#[test]
fn it_goes_to_every_voter_whatever_its_address_says() {
    let mut table = Table::new();
    table.propose("p", true);
    assert_eq!(table.bench.stage("p", "LensSDK"), Some(Stage::Routed));
    assert_eq!(table.bench.stage("p", "UILib"), Some(Stage::Routed));
    assert_eq!(table.bench.stage("p", "Flagship"), None, "who proposes knows it");
    let negotiation = table.bench.negotiation("p");
    assert_eq!(negotiation.voters, ["Flagship", "LensSDK", "UILib"].map(repo));
    assert_eq!(negotiation.round.ballots[&repo("Flagship")].vote, Vote::Accept);
    assert_eq!(negotiation.waiting_for().collect::<Vec<_>>(), [&repo("LensSDK"), &repo("UILib")]);
}

#[test]
fn a_voter_that_is_unknown_is_an_error_with_its_place() {
    let mut table = Table::new();
    let message = proposal("p", "*", &["LensSDK", "UILab"], true);
    let refusal = table.bench.send(&table.flagship.clone(), &message).unwrap_err();
    assert_eq!((refusal.code, refusal.at.as_deref()), (Code::UnknownRepo, Some("payload.affected_repos[1]")));
    assert!(refusal.hint.unwrap().contains("UILib"));
    let everyone = proposal("p", "*", &["*"], true);
    let refusal = table.bench.send(&table.flagship.clone(), &everyone).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.at.as_deref()),
        (Code::InvalidPayload, Some("payload.affected_repos[0]"))
    );
}

#[test]
fn consensus_waits_for_the_operator_and_the_outcome_reaches_everyone() {
    let mut table = Table::new();
    table.propose("p", true);
    table.lens("l", "p", "accept");
    assert_eq!(table.standing("p"), Standing::Open);
    table.ui("u", "p", "abstain");
    assert_eq!(table.standing("p"), Standing::Consensus);
    assert!(table.bench.negotiation("p").is_awaiting());
    let approve = Decide { comment: Text::new("good"), ..on(Verdict::Approve, "p") };
    let told = table.bench.decide(&table.operator.clone(), approve).unwrap().message.unwrap();
    assert_eq!(table.outcome("p"), Some(Outcome::Approved));
    assert_eq!(table.bench.last_said(), json!({ "outcome": "approved", "comment": "good" }));
    for name in ["Flagship", "LensSDK", "UILib"] {
        assert_eq!(table.bench.stage(&told.to_string(), name), Some(Stage::Routed), "{name}");
    }
    assert!(matches!(table.bench.last_event(), Event::Resolved(resolved) if !resolved.overridden));
}

#[test]
fn the_last_vote_counts_and_a_late_one_is_told_why_it_does_not() {
    let mut table = Table::new();
    table.propose("p", true);
    table.lens("l1", "p", "reject");
    table.ui("u", "p", "accept");
    assert_eq!(table.standing("p"), Standing::Split);
    table.lens("l2", "p", "accept");
    assert_eq!(table.standing("p"), Standing::Consensus);
    table.bench.decide(&table.operator.clone(), on(Verdict::Reject, "p")).unwrap();
    let late = table.bench.send(&table.lens.clone(), &vote("l3", "Flagship", "p", "reject")).unwrap_err();
    assert_eq!(late.code, Code::AlreadyResolved);
    assert!(late.message.contains("rejected by operator"), "{late}");
    let comment = with(vote("l4", "Flagship", "p", "x"), "payload", json!({ "comment": "a pity" }));
    table.bench.send(&table.lens.clone(), &comment).unwrap();
    let again = table.bench.decide(&table.operator.clone(), on(Verdict::Approve, "p")).unwrap_err();
    assert_eq!(again.code, Code::AlreadyResolved);
}

#[test]
fn a_counter_proposal_is_the_next_round_and_votes_start_again() {
    let mut table = Table::new();
    table.propose("p", true);
    table.ui("u1", "p", "accept");
    table.lens("l1", "p", "counter");
    let negotiation = table.bench.negotiation("p");
    assert_eq!((negotiation.round_number(), negotiation.standing), (2, Standing::Open));
    assert_eq!(negotiation.round.by, repo("LensSDK"));
    assert_eq!(negotiation.tally().accept, 1, "who words it accepts it");
    assert_eq!(table.bench.stage("l1", "UILib"), Some(Stage::Routed), "every voter gets the new wording");
    // A vote on the words that are not on the table any more counts for nothing, and says so.
    let stale = table.bench.send(&table.ui.clone(), &vote("u2", "Flagship", "p", "accept")).unwrap_err();
    assert_eq!(stale.code, Code::EarlierRound);
    assert!(stale.hint.unwrap().contains("l1"));
    table.ui("u3", "l1", "accept");
    let flagship = table.flagship.clone();
    table.bench.send(&flagship, &vote("f", "LensSDK", "l1", "accept")).unwrap();
    assert_eq!(table.standing("p"), Standing::Consensus);
    assert_eq!(table.bench.negotiation("p").earlier[0].ballots.len(), 2, "what was said before stays");
    let first = Decide { round: Some(1), ..on(Verdict::Approve, "p") };
    let refusal = table.bench.decide(&table.operator.clone(), first).unwrap_err();
    assert_eq!((refusal.code, refusal.at.as_deref()), (Code::EarlierRound, Some("round")));
    // Whatever message of it is named, it is the negotiation.
    table.bench.decide(&table.operator.clone(), on(Verdict::Approve, "u3")).unwrap();
    assert_eq!(table.outcome("p"), Some(Outcome::Approved));
}

#[test]
fn an_opening_that_answers_for_the_same_voters_is_a_round_and_another_is_not() {
    let mut table = Table::new();
    table.propose("p", true);
    let opening = with(proposal("q", "*", &["Flagship", "LensSDK", "UILib"], true), "reply_to", json!("p"));
    table.bench.send(&table.lens.clone(), &opening).unwrap();
    assert_eq!(table.bench.negotiation("q").round_number(), 2);
    let other = with(proposal("r", "*", &["Flagship", "UILib"], true), "reply_to", json!("q"));
    table.bench.send(&table.lens.clone(), &other).unwrap();
    assert_eq!(table.bench.negotiation("r").round_number(), 1);
    assert_eq!(table.bench.negotiation("q").round_number(), 2);
    let blank = with(vote("c", "Flagship", "q", "counter"), "payload", json!({ "vote": "counter" }));
    let refusal = table.bench.send(&table.ui.clone(), &blank).unwrap_err();
    assert_eq!(refusal.at.as_deref(), Some("payload.counter_proposal"));
}

#[test]
fn a_majority_of_the_votes_cast_is_enough_when_time_is_up() {
    let mut table = Table::new();
    table.propose("p", false);
    table.lens("l", "p", "accept");
    assert_eq!(table.standing("p"), Standing::Open, "a vote is missing");
    table.bench.pass(4000);
    assert_eq!(table.standing("p"), Standing::Consensus);
    // It waits for the operator for as long as that takes, and what comes late still counts.
    table.ui("u", "p", "reject");
    assert_eq!(table.standing("p"), Standing::Consensus);
    table.lens("l2", "p", "reject");
    assert_eq!(table.standing("p"), Standing::Rejected);
}

#[test]
fn what_nobody_voted_on_expires() {
    for (id, requires_consensus) in [("p", false), ("q", true)] {
        let mut table = Table::new();
        table.propose(id, requires_consensus);
        table.bench.pass(4000);
        assert_eq!(table.outcome(id), Some(Outcome::Expired), "silence carries nothing");
        assert_eq!(table.bench.last_said()["outcome"], "expired");
    }
}

#[test]
fn only_the_proposer_takes_it_back() {
    let mut table = Table::new();
    table.propose("p", true);
    let back = |id| with(vote(id, "LensSDK", "p", "x"), "payload", json!({ "outcome": "withdrawn" }));
    let refusal = table.bench.send(&table.lens.clone(), &back("l")).unwrap_err();
    assert_eq!(refusal.code, Code::OperatorOnly);
    table.bench.send(&table.flagship.clone(), &back("f")).unwrap();
    assert_eq!(table.outcome("p"), Some(Outcome::Withdrawn));
    assert_eq!(table.bench.stage("f", "UILib"), Some(Stage::Routed), "everyone is told");
    for (speaker, outcome) in [(table.lens.clone(), "approved"), (table.operator.clone(), "approved")] {
        let says = with(vote("o", "Flagship", "p", "x"), "payload", json!({ "outcome": outcome }));
        assert_eq!(table.bench.send(&speaker, &says).unwrap_err().code, Code::OperatorOnly);
    }
}

#[test]
fn what_the_votes_do_not_carry_takes_an_override() {
    let mut table = Table::new();
    table.propose("p", true);
    table.lens("l", "p", "reject");
    let refusal = table.bench.decide(&table.operator.clone(), on(Verdict::Approve, "p")).unwrap_err();
    assert_eq!(refusal.code, Code::NoConsensus);
    assert!(refusal.message.contains("1 accept, 1 reject, 0 abstain, 1 not yet"), "{refusal}");
    table.bench.decide(&table.operator.clone(), on(Verdict::Override, "p")).unwrap();
    assert_eq!(table.outcome("p"), Some(Outcome::Approved));
    assert!(table.bench.negotiation("p").resolution.as_ref().unwrap().overridden);
    table.propose("q", true);
    let rejected = Decide { outcome: Some(Outcome::Rejected), ..on(Verdict::Override, "q") };
    table.bench.decide(&table.operator.clone(), rejected).unwrap();
    assert_eq!(table.outcome("q"), Some(Outcome::Rejected));
}

#[test]
fn an_amendment_is_a_round_in_the_operators_words() {
    let mut table = Table::new();
    table.propose("p", true);
    table.lens("l", "p", "reject");
    table.ui("u", "p", "reject");
    assert_eq!(table.standing("p"), Standing::Rejected, "nobody but who worded it wants it");
    let amend = Decide { proposal: Text::new("less of it"), ..on(Verdict::Amend, "p") };
    let told = table.bench.decide(&table.operator.clone(), amend).unwrap().message.unwrap().to_string();
    assert_eq!(table.bench.last_said(), json!({ "counter_proposal": "less of it" }));
    let negotiation = table.bench.negotiation("p");
    assert_eq!((negotiation.round_number(), negotiation.tally().waiting), (2, 3), "the operator has no vote");
    for (instance, id) in [(table.flagship.clone(), "a"), (table.lens.clone(), "b"), (table.ui.clone(), "c")]
    {
        table.bench.send(&instance, &vote(id, "operator", &told, "accept")).unwrap();
    }
    assert_eq!(table.standing("p"), Standing::Consensus);
}

#[test]
fn the_bus_resolves_what_is_not_the_operators() {
    let votes = [("accept", "accept"), ("accept", "reject"), ("reject", "reject")];
    let ends = [
        (Approval::OnConflict, [Some(Outcome::Approved), None, None]),
        (Approval::Never, [Some(Outcome::Approved), Some(Outcome::Rejected), Some(Outcome::Rejected)]),
        (Approval::Always, [None, None, None]),
    ];
    for (approval, expected) in ends {
        for ((lens, ui), outcome) in votes.iter().zip(expected) {
            let mut table = Table::with(approval);
            table.propose("p", true);
            table.lens("l", "p", lens);
            table.ui("u", "p", ui);
            assert_eq!(table.outcome("p"), outcome, "{approval}: {lens}, {ui}");
            if outcome.is_some() {
                assert_eq!(table.bench.negotiation("p").resolution.as_ref().unwrap().by, repo("bus"));
            }
        }
    }
}

#[test]
fn a_voter_that_leaves_is_still_waited_for() {
    let mut table = Table::new();
    table.propose("p", true);
    let lens = table.lens.clone();
    table.bench.leave(&lens);
    table.ui("u", "p", "accept");
    assert_eq!(table.standing("p"), Standing::Open);
    table.bench.join("LensSDK");
    assert_eq!(
        table.bench.stage("p", "LensSDK"),
        Some(Stage::Routed),
        "it finds the proposal when it is back"
    );
    table.lens("l", "p", "accept");
    assert_eq!(table.standing("p"), Standing::Consensus);
}

#[test]
fn a_stranger_comments_and_does_not_vote() {
    let mut table = Table::new();
    table.propose("p", true);
    let stranger = table.bench.join("AuthCore");
    table.bench.send(&stranger, &vote("a", "Flagship", "p", "reject")).unwrap();
    assert_eq!(table.bench.negotiation("p").tally().reject, 0);
    assert!(!table.bench.names().contains(&"voted"));
}

#[test]
fn an_open_one_outlives_the_memory_of_its_messages() {
    let mut table = Table::new();
    table.propose("p", true);
    for name in ["LensSDK", "UILib"] {
        table.bench.ack(&InstanceId::new(name).unwrap(), "p", AckStage::Read).unwrap();
    }
    table.lens("l", "p", "accept");
    table.ui("u", "p", "accept");
    table.bench.pass(100_000);
    table.propose("other", true);
    assert!(table.bench.hub.state().message(&"p".parse().unwrap()).is_none(), "it is forgotten");
    table.lens("l2", "p", "reject");
    assert_eq!(table.standing("p"), Standing::Split);
    let thread = &table.bench.hub.state().message(&"l2".parse().unwrap()).unwrap().thread;
    assert_eq!(thread.to_string(), "p");
    table.bench.decide(&table.operator.clone(), on(Verdict::Reject, "p")).unwrap();
    assert_eq!(table.outcome("p"), Some(Outcome::Rejected));
}

#[test]
fn an_id_that_names_an_open_negotiation_is_taken_although_its_message_is_forgotten() {
    let mut table = Table::new();
    let long = with(proposal("p", "LensSDK", &["Flagship", "LensSDK"], true), "ttl", json!(10_000));
    table.bench.send(&table.flagship.clone(), &long).unwrap();
    table.bench.ack(&table.lens.clone(), "p", AckStage::Read).unwrap();
    table.bench.pass(5000);
    table.propose("other", true);
    assert!(table.bench.hub.state().message(&"p".parse().unwrap()).is_none(), "it is forgotten");
    let again = table.bench.send(&table.ui.clone(), &proposal("p", "*", &["UILib"], true)).unwrap_err();
    assert_eq!(again.code, Code::DuplicateId);
    table.lens("l", "p", "accept");
    assert_eq!(table.standing("p"), Standing::Consensus);
}

#[test]
fn votes_reach_who_worded_the_round_whomever_it_listens_to() {
    let mut table = Table::new();
    let choosy = Register {
        instance_id: Some(table.lens.clone()),
        accept_requests_from: Some(vec![repo("Flagship")]),
        ..Register::new(repo("LensSDK"))
    };
    table.bench.register(choosy).unwrap();
    table.propose("p", true);
    table.lens("l", "p", "counter");
    table.bench.send(&table.ui.clone(), &vote("u", "LensSDK", "l", "accept")).unwrap();
    assert_eq!(table.bench.negotiation("p").tally().accept, 2);
    let refusal = table.bench.send(&table.ui.clone(), &proposal("q", "*", &["LensSDK"], true)).unwrap_err();
    assert_eq!(refusal.code, Code::AccessDenied);
}

#[test]
fn what_the_operator_has_the_word_on_does_not_run_out() {
    let mut table = Table::new();
    table.propose("p", true);
    table.lens("l", "p", "reject");
    table.bench.pass(4000);
    assert_eq!(table.standing("p"), Standing::Rejected);
    table.lens("l2", "p", "accept");
    assert_eq!((table.standing("p"), table.outcome("p")), (Standing::Split, None));
}

#[test]
fn where_all_abstain_nothing_is_carried() {
    let mut table = Table::with(Approval::Never);
    table.bench.send(&table.flagship.clone(), &proposal("p", "*", &["LensSDK"], true)).unwrap();
    table.lens("l", "p", "abstain");
    assert_eq!(table.outcome("p"), Some(Outcome::Rejected));
}
