//! A storm of votes, beside a model that is too simple to be wrong.

use std::collections::HashMap;

use fastrand::Rng;
use serde_json::json;
use veda_bus_core::config::{Approval, Rules};
use veda_bus_core::hub::Policy;
use veda_bus_core::name::InstanceId;
use veda_bus_core::payload::Outcome;
use veda_bus_core::refusal::Code;

use crate::bench::{Bench, proposal, with};

const NEGOTIATIONS: usize = 1_000;
const VOTERS: usize = 20;
const WORDS: [&str; 3] = ["accept", "reject", "abstain"];

/// What was said last by each voter, and what that comes to when all have voted.
struct Model {
    votes: Vec<Option<&'static str>>,
    requires_consensus: bool,
    end: Option<Outcome>,
}

impl Model {
    /// Voter 0 proposed it.
    fn new(requires_consensus: bool) -> Self {
        let mut votes = vec![None; VOTERS];
        votes[0] = Some("accept");
        Self { votes, requires_consensus, end: None }
    }

    fn vote(&mut self, voter: usize, word: &'static str) {
        self.votes[voter] = Some(word);
        let Some(all) = self.votes.iter().copied().collect::<Option<Vec<_>>>() else { return };
        let count = |word| all.iter().filter(|vote| **vote == word).count();
        let (accept, reject) = (count("accept"), count("reject"));
        let carried = if self.requires_consensus { reject == 0 } else { accept > reject };
        self.end = Some(if carried { Outcome::Approved } else { Outcome::Rejected });
    }
}

#[test]
fn a_thousand_negotiations_end_as_a_simple_model_says() {
    let mut rng = Rng::with_seed(20_261_122);
    let limits = veda_bus_core::config::Limits {
        messages_per_minute: 0,
        thread_messages_per_minute: 0,
        thread_messages: 0,
        thread_depth: 0,
        loop_answers: 0,
    };
    let rules = Rules { negotiations: Approval::Never, limits, ..Rules::default() };
    let mut bench = Bench::with(Policy { rules, ..Policy::default() });
    let names: Vec<String> = (0..VOTERS).map(|voter| format!("Repo{voter}")).collect();
    let instances: Vec<InstanceId> = names.iter().map(|name| bench.sender(name)).collect();
    let voters: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut models = HashMap::new();
    for index in 0..NEGOTIATIONS {
        let consensus = rng.bool();
        bench.send(&instances[0], &proposal(&format!("p{index}"), "Repo0", &voters, consensus)).unwrap();
        models.insert(index, Model::new(consensus));
    }
    let mut ballots: Vec<_> =
        (0..NEGOTIATIONS).flat_map(|index| (1..VOTERS).map(move |voter| (index, voter))).collect();
    // Some change their minds, and some of those too late.
    let again: Vec<_> = ballots.iter().copied().filter(|_| rng.u8(..) < 64).collect();
    ballots.extend(again);
    rng.shuffle(&mut ballots);
    let mut late = 0;
    for (count, (index, voter)) in ballots.into_iter().enumerate() {
        // Mostly in favour, so that consensus comes about at times.
        let word = if rng.u8(..) < 230 { WORDS[0] } else { WORDS[rng.usize(1..3)] };
        let message = json!({
            "id": format!("v{count}"), "to": { "repo": "Repo0" }, "type": "Negotiate",
            "reply_to": format!("p{index}"), "payload": { "vote": word },
        });
        let model = models.get_mut(&index).unwrap();
        match bench.send(&instances[voter], &message) {
            Ok(_) => {
                assert_eq!(model.end, None, "a vote was counted after the end");
                model.vote(voter, word);
            }
            Err(refusal) => {
                assert_eq!(refusal.code, Code::AlreadyResolved);
                assert!(model.end.is_some(), "{refusal}");
                late += 1;
            }
        }
        // The same message again is the same message.
        if count % 50 == 0 {
            let repeated = bench.send(&instances[voter], &message);
            assert!(repeated.is_err() || repeated.unwrap().duplicate);
        }
    }
    let mut ends = HashMap::new();
    for (index, model) in &models {
        let found = bench.negotiation(&format!("p{index}"));
        let end = found.resolution.as_ref().map(|resolution| resolution.outcome);
        assert_eq!(end, model.end, "{index}: {found:?}");
        *ends.entry(end).or_insert(0) += 1;
    }
    assert!(late > 100 && ends.len() == 2 && ends.values().all(|&count| count > 100), "{late} {ends:?}");
    // What came late is a comment when it says no more.
    let comment = with(proposal("c", "Repo0", &[], true), "reply_to", json!("p0"));
    bench.send(&instances[1], &with(comment, "payload", json!({ "comment": "too late" }))).unwrap();
}
