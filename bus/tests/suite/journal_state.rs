//! A journal gives back the state that it was written from, however it was cut into segments and wherever it ends.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use veda_bus_core::event::Expired;
use veda_bus_core::hub::origin::Origin;
use veda_bus_core::hub::{Command, Hub, Policy};
use veda_bus_core::name::{InstanceId, MessageId};
use veda_bus_core::state::State;
use veda_bus_core::state::record::Stage;
use veda_bus_core::state::registry::Repo;
use veda_bus_core::time::Millis;
use veda_bus_core::wire::request::{Ack, AckStage, Register};

use crate::bench::{query, repo};
use crate::ledger::{ENDLESS, Ledger, Place, events, start};
use crate::script::{self, Runner, Step};

proptest! {
    #![proptest_config(script::config(128))]

    #[test]
    fn one_segment_gives_the_very_state_back(policy in script::policies(), steps in script::steps(1..50)) {
        let place = Place::new(ENDLESS, 0);
        let mut ledger = Ledger::open(&place, Runner::new(policy), &mut |_| ());
        for step in &steps {
            ledger = ledger.step(step, &mut |before, after| assert!(before == after, "a restart changed the state"));
        }
        ledger.close(&mut |before, after| assert!(before == after, "a restart changed the state"));
    }

    #[test]
    fn many_segments_give_back_what_matters(
        policy in script::policies(),
        steps in script::steps(1..70),
        segment_bytes in 600..6000_u64,
        keep in 0..3_usize,
    ) {
        let place = Place::new(segment_bytes, keep);
        let mut ledger = Ledger::open(&place, Runner::new(policy), &mut |_| ());
        for step in &steps {
            ledger = ledger.step(step, &mut assert_same_work);
        }
        ledger.close(&mut assert_same_work);
    }

    #[test]
    fn all_segments_folded_give_the_very_state_back(
        policy in script::policies(),
        steps in script::steps(1..50),
        segment_bytes in 600..6000_u64,
    ) {
        let place = Place::new(segment_bytes, 0);
        let mut ledger = Ledger::open(&place, Runner::new(policy.clone()), &mut |_| ());
        for step in steps.iter().filter(|step| !matches!(step, Step::Restart { .. })) {
            ledger = ledger.step(step, &mut |_, _| unreachable!("nothing restarts"));
        }
        let mut folded = State::new(policy.keep);
        for recorded in events(place.path()) {
            folded.apply(&recorded);
        }
        prop_assert!(folded == *ledger.runner.hub.state());
    }

    #[test]
    fn a_cut_loses_no_more_than_what_it_cut(
        policy in script::policies(),
        steps in script::steps(1..40),
        segment_bytes in select(vec![700, 3000, ENDLESS]),
        cut in any::<Index>(),
    ) {
        let place = Place::new(segment_bytes, 0);
        let mut ledger = Ledger::open(&place, Runner::new(policy.clone()), &mut |_| ());
        for step in steps.iter().filter(|step| !matches!(step, Step::Restart { .. })) {
            ledger = ledger.step(step, &mut |_, _| unreachable!("nothing restarts"));
        }
        let now = ledger.runner.now;
        drop(ledger);
        let all = events(place.path());
        let (lost, torn) = place.cut(cut);
        let mut expected = Hub::new(policy.clone());
        for recorded in &all[..all.len() - lost] {
            expected.recover(recorded);
        }

        let (recovered, recovery) = place.recover(policy.clone());
        prop_assert_eq!(recovery.torn.map_or(0, |torn| torn.bytes), torn);
        prop_assert_eq!(recovery.bad, vec![]);
        let (again, recovery) = place.recover(policy);
        prop_assert_eq!(recovery.torn, None);
        prop_assert!(again.state() == recovered.state(), "a second recovery differs");
        if segment_bytes == ENDLESS {
            prop_assert!(recovered.state() == expected.state(), "not what the whole lines say");
        }
        let (mut recovered, mut expected) = (recovered, expected);
        start(&mut recovered, now);
        start(&mut expected, now);
        assert_same_work(expected.state(), recovered.state());
    }
}

#[test]
fn what_an_instance_had_waits_again_though_it_registered_before_the_rotation() {
    let (asker, lens) = (InstanceId::new("asker").unwrap(), InstanceId::new("lens").unwrap());
    let register = |id: &InstanceId, name| {
        let register = Register { instance_id: Some(id.clone()), ..Register::new(repo(name)) };
        let fresh = InstanceId::new("fresh").unwrap();
        Command::Register { register, current: None, origin: Origin::default(), host: None, fresh }
    };
    let ids: Vec<MessageId> = ["delivered", "routed"].map(|id| MessageId::new(id).unwrap()).to_vec();
    let place = Place::new(ENDLESS, 0);
    let mut ledger = Ledger::open(&place, Runner::new(Policy::default()), &mut |_| ());
    ledger.command(register(&asker, "Flagship"));
    ledger.command(register(&lens, "LensSDK"));
    ledger.rotate();
    for id in &ids {
        let (message, instance) = (query(&id.to_string(), "LensSDK").to_string(), asker.clone());
        let fresh = || unreachable!("it has an id");
        ledger.command(Command::Send { instance, message: &message, allow_unknown: false, fresh: &fresh });
    }
    let ack =
        Ack { ids: vec![ids[0].clone()], stage: AckStage::Delivered, notices: Vec::new(), ..Ack::default() };
    ledger.command(Command::Ack { instance: lens.clone(), ack });
    ledger.journal.write().unwrap();
    let mut ledger = ledger.restart(false, &mut |_, _| ());
    let stage = |ledger: &Ledger<'_>, id| {
        let record = ledger.runner.hub.state().message(id).expect("it is open");
        record.delivery(&repo("LensSDK")).map(|delivery| delivery.stage)
    };
    for id in &ids {
        assert_eq!(stage(&ledger, id), Some(Stage::Queued), "{id}");
    }
    ledger.command(register(&InstanceId::new("another").unwrap(), "LensSDK"));
    for id in &ids {
        assert_eq!(stage(&ledger, id), Some(Stage::Routed), "{id}");
    }
}

/// What a recovery must bring back whatever it did not have to read: the mailboxes, what is remembered of messages,
/// and what a repo last declared.
fn assert_same_work(before: &State, after: &State) {
    assert_eq!((before.last(), before.at()), (after.last(), after.at()));
    for (old, new) in before.records().zip(after.records()) {
        assert_eq!(old, new);
    }
    assert_eq!(before.records().count(), after.records().count());
    for (id, thread) in before.threads() {
        assert_eq!(Some(thread), after.thread(id), "thread {id}");
    }
    assert_eq!(before.next_deadline(), after.next_deadline());
    assert!(before.agent_hosts().eq(after.agent_hosts()), "the hosts of agents");
    assert!(before.obligations().eq(after.obligations()), "obligations");
    assert!(before.tasks().eq(after.tasks()), "tasks");
    assert!(before.negotiations().eq(after.negotiations()), "negotiations");
    assert!(before.holds().eq(after.holds()), "what is held");
    assert!(before.held_threads().eq(after.held_threads()), "held threads");
    assert_eq!(before.configured(), after.configured());
    let names: BTreeSet<_> = before.repos().keys().chain(after.repos().keys()).collect();
    let nobody = Repo::default();
    for name in names {
        let old = before.repo(name).unwrap_or(&nobody);
        let new = after.repo(name).unwrap_or(&nobody);
        assert_eq!(old.mailbox, new.mailbox, "mailbox of {name}");
        assert_eq!(old.seen, new.seen, "{name} was seen");
        assert_eq!(old.last_seen, new.last_seen, "{name} was last seen");
        assert_eq!(fresh_notices(before, old), fresh_notices(after, new), "notices for {name}");
        assert_eq!(old.accept_requests_from, new.accept_requests_from, "{name}");
        assert_eq!(old.capabilities, new.capabilities, "{name}");
    }
}

/// A notice is brought back as long as its message is remembered, and not another one of the same id.
fn fresh_notices<'a>(state: &State, repo: &'a Repo) -> Vec<&'a (Millis, Expired)> {
    let message = |notice: &Expired| state.message(&notice.id).filter(|record| record.is_finished());
    repo.notices
        .iter()
        .filter(|(at, notice)| message(notice).is_some_and(|record| record.at <= *at))
        .collect()
}
