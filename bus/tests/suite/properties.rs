//! What holds of the hub whatever it is told, in whatever order.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;
use serde_json::json;
use veda_bus_core::event::{Accepted, Event, Receive, Recorded, Routing};
use veda_bus_core::hub::routing::{WINDOW_BYTES, WINDOW_MESSAGES};
use veda_bus_core::hub::{Hub, Policy, Reply};
use veda_bus_core::message::Priority;
use veda_bus_core::name::{InstanceId, MessageId, RepoName, Seq};
use veda_bus_core::refusal::Code;
use veda_bus_core::state::State;
use veda_bus_core::state::negotiation::Standing;
use veda_bus_core::state::obligation::{Balance, Obligation, Turn};
use veda_bus_core::state::record::{Delivery, Record, Stage};
use veda_bus_core::state::registry::{Instance, Repo};
use veda_bus_core::time::Millis;
use veda_bus_core::wire::request::AckStage;

use crate::bench::{Bench, query, with};
use crate::script::{self, Outcome, Runner, Step};

proptest! {
    #![proptest_config(script::config(400))]

    #[test]
    fn whatever_is_told_to_the_hub(policy in script::policies(), steps in script::steps(1..70)) {
        let mut runner = Runner::new(policy.clone());
        let mut watch = Watch::default();
        for step in &steps {
            runner.run(step, &mut |hub, events, reply| watch.command(hub, events, reply));
            check(runner.hub.state());
            check_texts(runner.hub.state(), policy.keep.bodies);
            let late = |deadline| deadline <= runner.now.max(watch.at);
            prop_assert!(!matches!(step, Step::Pass(_)) || !runner.hub.next_deadline().is_some_and(late));
        }
        let mut folded = State::new(policy.keep);
        watch.events.iter().for_each(|recorded| folded.apply(recorded));
        prop_assert!(folded == *runner.hub.state(), "the fold of the events is another state");
        prop_assert!(watch.events == events_of(policy, &steps), "the same commands gave other events");
    }
}

#[test]
fn room_that_expiry_makes_is_used() {
    let mut bench = Bench::new();
    let asker = bench.sender("Flagship");
    bench.join("LensSDK");
    for index in 0..WINDOW_MESSAGES {
        bench.send(&asker, &with(query(&format!("m{index}"), "LensSDK"), "ttl", json!(1))).unwrap();
    }
    bench.send(&asker, &query("last", "LensSDK")).unwrap();
    assert_eq!(bench.stage("last", "LensSDK"), Some(Stage::Queued));
    bench.pass(1);
    assert_eq!(bench.stage("last", "LensSDK"), Some(Stage::Routed));
}

#[test]
fn an_instance_that_left_takes_nothing_more() {
    let mut bench = Bench::new();
    let asker = bench.sender("Flagship");
    let lens = bench.join("LensSDK");
    bench.leave(&lens);
    bench.send(&asker, &query("q", "LensSDK")).unwrap();
    assert_eq!(bench.ack(&lens, "q", AckStage::Delivered).unwrap_err().code, Code::NotRegistered);
    bench.join("LensSDK");
    assert_eq!(bench.stage("q", "LensSDK"), Some(Stage::Routed));
}

fn events_of(policy: Policy, steps: &[Step]) -> Vec<Recorded> {
    let mut runner = Runner::new(policy);
    let mut all = Vec::new();
    for step in steps {
        runner.run(step, &mut |_, events, _| all.extend_from_slice(events));
    }
    all
}

/// Follows every accepted message by the events alone.
#[derive(Default)]
struct Watch {
    events: Vec<Recorded>,
    at: Millis,
    /// The last accepted message of each id.
    ids: HashMap<MessageId, Seq>,
    /// What was accepted, whole.
    accepted: HashMap<Seq, Accepted>,
    /// Whether a message is settled with a recipient.
    settled: BTreeMap<(Seq, RepoName), bool>,
}

impl Watch {
    fn command(&mut self, hub: &Hub, events: &[Recorded], reply: &Outcome) {
        for recorded in events {
            let expected = self.events.last().map_or(Seq(1), |last| last.seq.next());
            assert_eq!(recorded.seq, expected, "numbers have no gap");
            assert!(recorded.at >= self.at, "times do not go back");
            self.at = recorded.at;
            self.event(recorded);
            self.events.push(recorded.clone());
        }
        if let Ok(Reply::Receipt(receipt)) = reply {
            // The thread may be held because of it, which is said first.
            let first = events.iter().find(|recorded| !matches!(recorded.event, Event::Halted(_)));
            let accepted = first.filter(|first| matches!(first.event, Event::Accepted(_)));
            assert_eq!(accepted.is_some(), !receipt.duplicate);
            assert!(accepted.is_none_or(|accepted| accepted.seq == receipt.seq), "a receipt names its event");
        }
        self.check(hub.state());
    }

    fn event(&mut self, recorded: &Recorded) {
        match &recorded.event {
            Event::Accepted(accepted) => {
                self.ids.insert(accepted.message.id.clone(), recorded.seq);
                self.accepted.insert(recorded.seq, (**accepted).clone());
                for routing in &accepted.recipients {
                    let settled = routing.refused.is_some();
                    let before = self.settled.insert((recorded.seq, routing.repo.clone()), settled);
                    assert_eq!(before, None, "a recipient is named once");
                }
            }
            Event::Read(moved) => moved.ids.iter().for_each(|id| self.settle(id, &moved.repo)),
            Event::Answered(answered) => self.settle(&answered.id, &answered.repo),
            Event::Denied(denied) => {
                let held = |routing: &&Routing| routing.held;
                let repos = self.accepted[&self.ids[&denied.id]].recipients.iter().filter(held);
                let repos: Vec<_> = repos.map(|routing| routing.repo.clone()).collect();
                for repo in &repos {
                    self.settle(&denied.id, repo);
                }
            }
            Event::Amended(amended) => {
                let accepted = self.accepted.get_mut(&self.ids[&amended.message.id]);
                accepted.expect("only what was accepted is changed").message = amended.message.clone();
            }
            Event::Expired(expired) => {
                expired.unread_by.iter().for_each(|repo| self.settle(&expired.id, repo));
            }
            _ => {}
        }
    }

    fn settle(&mut self, id: &MessageId, repo: &RepoName) {
        let settled = self.settled.get_mut(&(self.ids[id], repo.clone()));
        *settled.expect("only recipients settle") = true;
    }

    /// Nothing is lost, and nothing settled is open again.
    fn check(&self, state: &State) {
        for ((seq, repo), settled) in &self.settled {
            match state.record(*seq).map(|record| record.delivery(repo)) {
                None => assert!(settled, "{seq} for {repo} is forgotten and open"),
                Some(None) => panic!("{seq} has lost its recipient {repo}"),
                Some(Some(delivery)) => assert_eq!(delivery.stage.is_open(), !settled, "{seq} for {repo}"),
            }
        }
        state.records().for_each(|record| self.check_record(state, record));
    }

    /// What is remembered of a message is what was accepted, although most of it stands elsewhere.
    fn check_record(&self, state: &State, record: &Record) {
        let accepted = &self.accepted[&record.seq];
        assert_eq!(state.reply_to(record), accepted.message.reply_to.as_ref(), "{record:?}");
        assert_eq!((record.parent(), &*record.thread), (accepted.parent, &accepted.thread));
        assert!(state.body(record.seq).is_none_or(|body| *body == accepted.message.raw));
        assert_eq!(record.size(), accepted.message.raw.len());
        let recipients = accepted.recipients.iter().map(|routing| &routing.repo);
        assert!(recipients.eq(record.deliveries.iter().map(|delivery| &delivery.repo)));
        for delivery in &record.deliveries {
            assert_eq!(delivery.steps().last().map(|(stage, _)| stage), Some(delivery.stage));
            assert!(delivery.steps().is_sorted_by_key(|(_, at)| at), "{delivery:?}");
        }
    }
}

fn check(state: &State) {
    state.repos().iter().for_each(|(name, repo)| check_mailbox(state, name, repo));
    state.instances().for_each(|instance| check_hands(state, instance));
    check_threads(state);
    check_deadlines(state);
    check_governance(state);
    check_obligations(state);
}

/// The open deliveries of a repo with their messages.
fn open<'a>(state: &'a State, name: &'a RepoName) -> impl Iterator<Item = (&'a Record, &'a Delivery)> {
    let all = state.records().filter_map(|record| Some((record, record.delivery(name)?)));
    all.filter(|(_, delivery)| delivery.stage.is_open())
}

fn check_mailbox(state: &State, name: &RepoName, repo: &Repo) {
    let mailbox = &repo.mailbox;
    assert_eq!(mailbox.unread, open(state, name).count(), "unread of {name}");
    assert_eq!(mailbox.bytes, open(state, name).map(|(record, _)| record.size()).sum::<usize>());
    let held = open(state, name).filter(|(_, delivery)| delivery.stage == Stage::Held);
    assert_eq!(mailbox.held, held.count(), "held for {name}");
    let free = open(state, name).filter(|(_, delivery)| delivery.stage == Stage::Queued);
    let waiting: BTreeSet<_> = free.map(|(record, _)| record.order()).collect();
    assert_eq!(mailbox.waiting, waiting, "waiting for {name}");
    for (record, delivery) in open(state, name) {
        let holder = delivery.instance.as_ref();
        let is_free = matches!(delivery.stage, Stage::Queued | Stage::Held);
        assert_eq!(holder.is_none(), is_free, "{record:?}");
        let known = holder.and_then(|id| state.instance(id));
        assert!(
            holder.is_none() || known.is_some_and(|one| one.connected && one.repo == *name),
            "{record:?}"
        );
        assert!(
            delivery.stage != Stage::Queued || !repo.connected.iter().any(|id| could_take(state, id, record)),
            "{record:?}"
        );
    }
    let connected = state.instances().filter(|one| one.connected && one.repo == *name);
    assert_eq!(repo.connected, connected.map(|one| one.id.clone()).collect());
}

/// Whether a message that waits could be handed to an instance.
fn could_take(state: &State, id: &InstanceId, record: &Record) -> bool {
    let Some(one) = state.instance(id) else { return false };
    let slack = if record.priority == Priority::High { 2 } else { 1 };
    let hands = &one.hands;
    let fits = hands.on_the_way < WINDOW_MESSAGES * slack
        && hands.bytes_on_the_way + record.size() <= WINDOW_BYTES * slack;
    let receives = match one.receive {
        Receive::All => true,
        Receive::Replies => parent(state, record).is_some_and(|parent| parent.by == *id),
        Receive::None => false,
    };
    receives
        && !one.stuck
        && *id != record.by
        && one.is_capable(record.capabilities())
        && (hands.on_the_way == 0 || fits)
}

fn check_hands(state: &State, instance: &Instance) {
    let held = open(state, &instance.repo).filter(|(_, one)| one.instance.as_ref() == Some(&instance.id));
    let (coming, there): (Vec<_>, Vec<_>) = held.partition(|(_, delivery)| delivery.stage == Stage::Routed);
    let hands = &instance.hands;
    assert_eq!(hands.len(), coming.len() + there.len(), "{instance:?}");
    assert_eq!(hands.on_the_way, coming.len(), "{instance:?}");
    assert_eq!(hands.bytes_on_the_way, coming.iter().map(|(record, _)| record.size()).sum::<usize>());
    assert!(instance.connected || hands.is_empty(), "{instance:?}");
    assert!(!instance.stuck || hands.on_the_way == 0, "{instance:?}");
}

/// The message that another answers: only an older one was there to be answered.
fn parent<'a>(state: &'a State, record: &Record) -> Option<&'a Record> {
    let named = state.reply_to(record).and_then(|id| state.message(id));
    named.filter(|parent| parent.seq < record.seq)
}

fn check_threads(state: &State) {
    let mut in_threads = 0;
    for (id, thread) in state.threads() {
        assert!(!thread.messages.is_empty(), "thread {id} has no message");
        in_threads += thread.messages.len();
    }
    assert_eq!(in_threads, state.records().count(), "every message is in one thread");
    for record in state.records() {
        let thread = state.thread(&record.thread).expect("a thread of its own");
        assert!(thread.messages.iter().any(|seq| seq == record.seq));
        // Parents are strictly older, so the chain up from any message ends.
        let up = std::iter::successors(Some(record), |record| parent(state, record));
        up.for_each(|above| assert_eq!(above.thread, record.thread, "one thread from top to bottom"));
        let answers_itself = state.reply_to(record) == Some(&record.id);
        let starts = state.reply_to(record).is_none() || answers_itself;
        assert!(!starts || *record.thread == record.id);
    }
}

/// The text of what is open can be handed out, and no more is kept of what is not than was asked for.
fn check_texts(state: &State, budget: usize) {
    let (finished, open): (Vec<_>, Vec<_>) = state.records().partition(|record| record.is_finished());
    assert!(open.iter().all(|record| state.body(record.seq).is_some()));
    let kept = finished.iter().filter(|record| state.body(record.seq).is_some());
    let kept: usize = kept.map(|record| record.size()).sum();
    assert!(kept <= budget, "{kept} bytes of text are kept");
    assert!(budget < usize::MAX || finished.iter().all(|record| state.body(record.seq).is_some()));
}

fn check_deadlines(state: &State) {
    let due: Vec<_> = state.overdue(Millis(u64::MAX)).map(|record| record.seq).collect();
    let mut unfinished: Vec<_> = state.records().filter(|record| !record.is_finished()).collect();
    unfinished.sort_by_key(|record| (record.expires_at, record.seq));
    assert_eq!(due, unfinished.iter().map(|record| record.seq).collect::<Vec<_>>());
    let first = unfinished.first().map(|record| record.expires_at);
    let open = state.negotiations().filter(|one| one.is_open() && one.standing == Standing::Open);
    let unwarned = state.holds().filter(|(_, hold)| !hold.is_expiring);
    let others = open.map(|one| one.round.expires_at).chain(unwarned.map(|(_, hold)| hold.warn_at));
    assert_eq!(state.next_deadline(), first.into_iter().chain(others).min());
}

/// What is held is what waits for the operator, and every open negotiation can still end.
fn check_governance(state: &State) {
    let held: Vec<_> = state.records().filter(|record| record.is_held()).map(|record| record.seq).collect();
    assert!(state.holds().map(|(record, _)| record.seq).eq(held.iter().copied()));
    for one in state.negotiations() {
        assert!(one.round.ballots.keys().all(|voter| one.is_voter(voter)), "{one:?}");
        assert!(one.rounds().all(|round| state.negotiation_of(&round.message) == Some(one)), "{one:?}");
        assert!(
            !one.is_awaiting() || one.count(one.round.at) == Some(one.standing) || one.tally().waiting > 0
        );
    }
}

/// Every way to look at the obligations shows the same ones, and what is forgotten is not looked for by a recovery.
fn check_obligations(state: &State) {
    let all: Vec<_> = state.obligations().collect();
    let active = |one: &&&Obligation| one.is_active();
    let mut pairs = BTreeMap::new();
    for one in all.iter().filter(active) {
        *pairs.entry((&one.by, &one.to)).or_insert(0) += 1;
    }
    assert!(state.owed_pairs().map(|(by, to, count)| ((by, to), count)).eq(pairs));
    for repo in state.repos().keys() {
        let owes = all.iter().filter(|one| one.by == *repo);
        let waits = all.iter().filter(|one| one.to == *repo);
        assert!(state.owed_by(repo).eq(owes.clone().copied()), "owed by {repo}");
        assert!(state.owed_to(repo).eq(waits.clone().copied()), "owed to {repo}");
        let overdue = owes.clone().filter(|one| one.is_overdue(state.at())).count();
        assert_eq!(state.overdue_by(repo, state.at()), overdue);
        let balance = Balance { owes: owes.filter(active).count(), owed: waits.filter(active).count() };
        assert_eq!(state.balance(repo), balance, "{repo}");
    }
    let mut due: Vec<_> = all.iter().filter(active).map(|one| (one.due, one.seq)).collect();
    due.sort();
    assert!(
        state.overdue_obligations(Millis(u64::MAX)).map(|one| (one.due, one.seq)).eq(due.iter().copied())
    );
    let next = due.iter().map(|&(due, _)| due).find(|&due| due > state.at());
    assert_eq!(state.next_due(state.at()), next);
    for one in &all {
        assert!(state.since() <= one.seq && state.obligations_of(one.seq).contains(one));
        check_counter(state, one);
    }
    assert!(state.tasks().all(|task| state.since() <= task.seq));
}

/// A counter-proposal and the request that it counters know of each other.
fn check_counter(state: &State, one: &Obligation) {
    let of = |seq, by: &RepoName| state.obligations_of(seq).iter().find(|other| other.by == *by);
    if let Some(request) = one.counters {
        assert_eq!(of(request, &one.to).map(|request| request.turn), Some(Turn::Counter(one.seq)), "{one:?}");
    }
    if let Turn::Counter(counter) = one.turn {
        assert_eq!(of(counter, &one.to).and_then(|counter| counter.counters), Some(one.seq), "{one:?}");
    }
}
