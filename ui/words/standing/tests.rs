use std::collections::BTreeMap;
use std::sync::Arc;

use veda_bus_core::name::Seq;
use veda_bus_core::state::negotiation::Ballot;

use super::*;

const BEGIN: Millis = Millis(1_700_000_100_000);
const MINUTE: u64 = 60_000;

/// A proposal to Flagship, `LensSDK` and `UILib` with these votes, whose time is up in five minutes.
fn negotiation(votes: &[(&str, Vote)], standing: Standing, requires_consensus: bool) -> Negotiation {
    let repo = |name: &str| name.parse::<RepoName>().unwrap();
    let ballot = |vote| Ballot { vote, message: "ballot".parse().unwrap(), at: BEGIN };
    let ballots: BTreeMap<_, _> = votes.iter().map(|&(name, vote)| (repo(name), ballot(vote))).collect();
    let round = Round {
        seq: Seq(1),
        message: "one".parse().unwrap(),
        by: repo("Flagship"),
        at: BEGIN,
        expires_at: Millis(BEGIN.0 + 5 * MINUTE),
        ballots,
    };
    Negotiation {
        seq: Seq(1),
        id: "one".parse().unwrap(),
        thread: Arc::new("one".parse().unwrap()),
        proposer: repo("Flagship"),
        voters: ["Flagship", "LensSDK", "UILib"].map(repo).to_vec(),
        requires_consensus,
        earlier: Vec::new(),
        round,
        standing,
        resolution: None,
    }
}

const F: (&str, Vote) = ("Flagship", Vote::Accept);
const L: (&str, Vote) = ("LensSDK", Vote::Accept);
const U: (&str, Vote) = ("UILib", Vote::Accept);

#[test]
fn open_votes_say_whom_they_wait_for_and_until_when() {
    let told = |votes: &[_], after| {
        let open = negotiation(votes, Standing::Open, true);
        standing_words(&open, Millis(BEGIN.0 + after))
    };
    assert_eq!(told(&[F, U], MINUTE), "2 of 3 accept, waiting for LensSDK, 4 min left");
    assert_eq!(told(&[F], 0), "1 of 3 accept, waiting for LensSDK, UILib, 5 min left");
    let against = [F, ("LensSDK", Vote::Reject)];
    assert_eq!(told(&against, 0), "1 of 3 accept, 1 reject, waiting for UILib, 5 min left");
    assert_eq!(told(&[F, U], 5 * MINUTE), "2 of 3 accept, waiting for LensSDK, time is up");
}

#[test]
fn votes_that_are_in_say_what_they_come_to() {
    use Standing::{Consensus, Rejected, Split};
    let told = |votes: &[_], standing, all| standing_words(&negotiation(votes, standing, all), BEGIN);
    let (reject, abstain) = (("LensSDK", Vote::Reject), ("UILib", Vote::Abstain));
    let cases = [
        (told(&[F, L, U], Consensus, true), "3 of 3 accept: consensus, waiting for you"),
        (told(&[F, L, abstain], Consensus, true), "2 of 3 accept, 1 abstain: consensus, waiting for you"),
        (told(&[F, L], Consensus, false), "2 of 3 accept, 1 did not vote: carried, waiting for you"),
        (told(&[F, reject, abstain], Split, true), "1 accept, 1 reject, 1 abstain: split, waiting for you"),
        (
            told(&[reject, abstain], Rejected, true),
            "1 reject, 1 abstain, 1 did not vote: not carried, waiting for you",
        ),
    ];
    for (told, expected) in cases {
        assert_eq!(told, expected);
    }
}

#[test]
fn an_end_says_who_made_it() {
    let clock = |at: Millis, form| at.local().unwrap().format(form).to_string();
    let told = |outcome, by: &str, overridden, now| {
        let (by, message) = (by.parse().unwrap(), "end".parse().unwrap());
        let resolution = Some(Resolution { outcome, by, message, overridden, at: BEGIN });
        standing_words(&Negotiation { resolution, ..negotiation(&[F], Standing::Split, true) }, now)
    };
    let time = clock(BEGIN, "%H:%M");
    let cases = [
        (Outcome::Approved, "operator", true, format!("approved by operator {time}, whatever the votes")),
        (Outcome::Rejected, "operator", false, format!("rejected by operator {time}")),
        (Outcome::Approved, "bus", false, format!("approved by the votes {time}")),
        (Outcome::Withdrawn, "Flagship", false, format!("withdrawn by Flagship {time}")),
        (Outcome::Expired, "bus", false, format!("expired {time}")),
    ];
    for (outcome, by, overridden, expected) in cases {
        assert_eq!(told(outcome, by, overridden, BEGIN), expected);
    }
    let later = Millis(BEGIN.0 + 2 * 24 * 60 * MINUTE);
    let time = clock(BEGIN, "%m-%d %H:%M");
    assert_eq!(told(Outcome::Expired, "bus", false, later), format!("expired {time}"));
}

#[test]
fn words_hold_until_they_are_said_to_change() {
    let open = negotiation(&[F], Standing::Open, true);
    let mut now = BEGIN;
    let mut told = vec![standing_words(&open, now)];
    while let Some(next) = standing_until(&open, now) {
        assert_eq!(standing_words(&open, Millis(next.0 - 1)), *told.last().unwrap());
        told.push(standing_words(&open, next));
        now = next;
    }
    let tail = |words: &String| words.rsplit(", ").next().unwrap().to_owned();
    let tails: Vec<_> = told.iter().map(tail).collect();
    let left = ["5 min left", "4 min left", "3 min left", "2 min left", "1 min left", "<1 min left"];
    assert_eq!(tails[..6], left);
    assert_eq!(tails[6..], ["time is up"]);
    assert_eq!(standing_until(&negotiation(&[F], Standing::Split, true), BEGIN), None);
}
