//! Negotiations that are put to the vote all at once, and the votes on them.

use serde_json::json;
use veda_bus_core::event::{Accepted, Event, Proposed, Recorded, Routing, Voted};
use veda_bus_core::message::Message;
use veda_bus_core::name::{MessageId, RepoName};
use veda_bus_core::payload::Vote;
use veda_bus_core::time::Millis;

use super::swarm::Swarm;

/// How many are open.
pub(crate) const NEGOTIATIONS: usize = 1_000;

/// How many voters each has.
pub(crate) const VOTERS: usize = 20;

/// How long they are open, in milliseconds.
const OPEN: u64 = 86_400_000;

/// The events with which all of them begin.
pub(crate) fn propose(swarm: &mut Swarm) -> Vec<Recorded> {
    (0..NEGOTIATIONS).flat_map(|number| proposed(swarm, number)).collect()
}

fn proposed(swarm: &mut Swarm, number: usize) -> [Recorded; 2] {
    let voters: Vec<_> = (0..VOTERS).map(voter).collect();
    let envelope = json!({
        "id": id(number), "from": { "repo": voters[0] }, "to": { "repo": "*" }, "type": "Negotiate",
        "timestamp": 1_763_000_000,
        "payload": {
            "proposal": format!("#{number}: move what the {VOTERS} repos share into a package of its own"),
            "affected_repos": voters, "benefits": ["less code"], "requires_consensus": true,
        },
    });
    let message = Message::parse(&envelope.to_string(), None).unwrap();
    let expires_at = Millis(swarm.at().0 + OPEN);
    let route = |repo: &RepoName| Routing { repo: repo.clone(), instance: None, refused: None, held: false };
    let accepted = Accepted {
        by: "7d444840-9dc0-11d1-b245-5ffdce74fad0".parse().unwrap(),
        thread: id(number),
        parent: None,
        expires_at,
        recipients: voters[1..].iter().map(route).collect(),
        held: None,
        message,
    };
    let begun = Proposed {
        negotiation: id(number),
        by: voters[0].clone(),
        voters,
        requires_consensus: true,
        expires_at,
    };
    [swarm.record(Event::Accepted(Box::new(accepted))), swarm.record(Event::Proposed(begun))]
}

/// The vote with this number: of each negotiation in turn, a voter after the other.
pub(crate) fn vote(swarm: &mut Swarm, number: usize) -> Recorded {
    swarm.record(Event::Voted(Voted {
        negotiation: id(number % NEGOTIATIONS),
        round: 1,
        repo: voter(1 + number / NEGOTIATIONS % (VOTERS - 1)),
        vote: if number.is_multiple_of(5) { Vote::Reject } else { Vote::Accept },
        message: format!("vote-{number}").parse().unwrap(),
    }))
}

fn id(number: usize) -> MessageId {
    format!("negotiation-{number}").parse().unwrap()
}

/// Sorted, as voters are.
fn voter(number: usize) -> RepoName {
    format!("Repo{number:02}").parse().unwrap()
}
