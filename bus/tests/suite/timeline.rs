//! Any moment of a journal is the fold of its events up to there, however it is come by.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree as _;
use veda_bus_core::event::Recorded;
use veda_bus_core::history::{Fold, Folding, Found, Gap, GapKind, Kind, Timeline};
use veda_bus_core::hub::Policy;
use veda_bus_core::journal;
use veda_bus_core::name::Seq;
use veda_bus_core::state::{Keep, State};
use veda_bus_core::time::Millis;

use crate::ledger::{ENDLESS, Ledger, Place, events};
use crate::script::{self, Runner, Step};

/// What is remembered, so little that much is forgotten.
const KEEP: Keep = Keep { retention: Duration::MAX, messages: 12, bodies: 900, owed: Keep::OWED };

fn folding(apart: u64) -> Folding<State> {
    Folding { empty: State::new(KEEP), form: "state 1".into(), apart }
}

fn open(path: &Path, apart: u64) -> Timeline<State> {
    Timeline::open(&[path.to_owned()], &mut |_| (), |_| folding(apart)).unwrap()
}

fn at(timeline: &mut Timeline<State>, seq: Seq) -> State {
    timeline.go(seq, &mut |_| true).unwrap().expect("nobody stopped it").0
}

fn index(timeline: &mut Timeline<State>) {
    while timeline.index(Duration::from_secs(1)).unwrap() {}
}

fn folded(events: &[Recorded], upto: Seq) -> State {
    let mut state = State::new(KEEP);
    events.iter().take_while(|recorded| recorded.seq <= upto).for_each(|recorded| state.apply(recorded));
    state
}

/// A journal of what came of these steps.
fn written(steps: &[Step], segment_bytes: u64) -> Place {
    let place = Place::new(segment_bytes, 0);
    let mut ledger = Ledger::open(&place, Runner::new(Policy::default()), &mut |_| ());
    for step in steps.iter().filter(|step| !matches!(step, Step::Restart { .. })) {
        ledger = ledger.step(step, &mut |_, _| unreachable!("nothing restarts"));
    }
    drop(ledger);
    place
}

proptest! {
    #![proptest_config(script::config(96))]

    #[test]
    fn wherever_one_goes_it_is_the_fold_from_the_start(
        steps in script::steps(1..50),
        segment_bytes in select(vec![700, 3000, ENDLESS]),
        apart in 1..20_u64,
        indexed in any::<bool>(),
        jumps in prop::collection::vec(any::<Index>(), 1..12),
    ) {
        let place = written(&steps, segment_bytes);
        let all = events(place.path());
        let mut timeline = open(place.path(), apart);
        prop_assert_eq!(timeline.map().gaps.as_slice(), &[]);
        prop_assert_eq!(timeline.map().events, all.len() as u64);
        if indexed {
            index(&mut timeline);
            // Another run begins with the snapshots of this one.
            timeline = open(place.path(), apart);
        }
        let last = all.last().map_or(Seq(0), |recorded| recorded.seq);
        for jump in &jumps {
            let seq = Seq(jump.index(all.len() + 1) as u64);
            let there = at(&mut timeline, seq);
            prop_assert!(there == folded(&all, seq), "at {seq} of {last}");
            // One step back and forth, and it is as if nothing had been.
            let before = Seq(seq.0.saturating_sub(1));
            prop_assert!(at(&mut timeline, before) == folded(&all, before), "before {seq}");
            prop_assert!(at(&mut timeline, seq) == there, "{seq} again");
        }
    }

    #[test]
    fn whatever_is_broken_is_a_gap_and_the_rest_is_there(
        steps in script::steps(10..50),
        segment_bytes in select(vec![700, 3000, ENDLESS]),
        breaks in prop::collection::vec((any::<Index>(), any::<Index>(), any::<u8>()), 1..6),
        jumps in prop::collection::vec(any::<Index>(), 1..6),
    ) {
        let place = written(&steps, segment_bytes);
        let whole = events(place.path());
        // Snapshots of what was there before must not be believed for what is there now.
        let mut timeline = open(place.path(), 7);
        index(&mut timeline);
        drop(timeline);
        let files = journal::files(place.path()).unwrap();
        for (file, byte, value) in &breaks {
            let path = &files[file.index(files.len())];
            let mut bytes = std::fs::read(path).unwrap();
            let place = byte.index(bytes.len());
            bytes[place] = *value;
            std::fs::write(path, bytes).unwrap();
            let later = std::time::SystemTime::now() + Duration::from_secs(5);
            std::fs::File::options().write(true).open(path).unwrap().set_modified(later).unwrap();
        }
        let mut timeline = open(place.path(), 7);
        let mut anew = fresh(&place);
        let last = whole.last().map_or(Seq(0), |recorded| recorded.seq);
        // What is in a finished file is read again; the active one is only looked at behind what is known of it.
        if files.len() > 1 && breaks.iter().any(|(file, ..)| file.index(files.len()) + 1 < files.len()) {
            for jump in &jumps {
                let seq = Seq(jump.index(whole.len() + 1) as u64);
                prop_assert!(at(&mut timeline, seq) == at(&mut anew, seq), "at {seq} of {last}");
            }
        }
        index(&mut anew);
        let map = anew.map();
        let counted: u64 = map.blocks.iter().map(|block| u64::from(block.counts.all())).sum();
        prop_assert_eq!(map.events, counted);
        prop_assert!(map.blocks.windows(2).all(|two| two[0].last < two[1].first && two[0].until <= two[1].from));
        let read = anew.events_after(Seq(0), usize::MAX).unwrap();
        prop_assert!(read.windows(2).all(|two| two[0].seq < two[1].seq));
        let lost = whole.iter().find(|one| !read.contains(one));
        let lost_last = lost.is_some_and(|lost| map.last().is_none_or(|(last, _)| lost.seq > last));
        prop_assert!(lost.is_none() || lost_last || !map.gaps.is_empty(), "{lost:?} is gone without a word");
    }
}

/// The journal as it stands, without the snapshots of another run.
fn fresh(place: &Place) -> Timeline<State> {
    let shelf = place.path().with_file_name("coordination.log.replay");
    if shelf.exists() {
        std::fs::remove_file(shelf).unwrap();
    }
    open(place.path(), 7)
}

/// A journal of some forty events, in several files.
fn some(segment_bytes: u64) -> (Place, Vec<Recorded>) {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let steps = loop {
        let steps = script::steps(40..50).new_tree(&mut runner).unwrap().current();
        let place = written(&steps, segment_bytes);
        if events(place.path()).len() > 40 {
            break steps;
        }
    };
    let place = written(&steps, segment_bytes);
    let all = events(place.path());
    (place, all)
}

#[test]
fn a_missing_segment_a_bad_line_and_a_torn_end_are_told_with_their_extent() {
    let (place, all) = some(2000);
    let files = journal::files(place.path()).unwrap();
    assert!(files.len() > 3, "{files:?}");
    let lost = events(&files[1]);
    std::fs::remove_file(&files[1]).unwrap();
    let third = std::fs::read_to_string(&files[2]).unwrap();
    let bad = third.lines().nth(1).unwrap();
    std::fs::write(&files[2], third.replace(bad, "not a line")).unwrap();
    let mut active = std::fs::OpenOptions::new().append(true).open(place.path()).unwrap();
    std::io::Write::write_all(&mut active, b"{\"seq\":99").unwrap();
    let timeline = open(place.path(), 10);
    let gaps: Vec<&Gap> = timeline.map().gaps.iter().collect();
    let [missing, unreadable, torn] = gaps[..] else { panic!("{gaps:?}") };
    assert_eq!((&missing.kind, &missing.path), (&GapKind::Missing, &files[2]));
    let of_missing: Vec<_> = lost.iter().map(|one| one.seq).collect();
    assert_eq!(missing.after.next(), of_missing[0]);
    assert_eq!(missing.before, of_missing.last().map(|last| last.next()));
    assert!(matches!(unreadable.kind, GapKind::Bad(_)), "{unreadable}");
    assert_eq!(
        (unreadable.lines, unreadable.bytes, unreadable.offset),
        (1, 11, third.find(bad).unwrap() as u64)
    );
    assert_eq!((&torn.kind, torn.bytes, torn.before), (&GapKind::Torn, 9, None));
    assert_eq!(timeline.map().last().unwrap().0, all.last().unwrap().seq);
}

#[test]
fn a_line_with_a_number_that_is_far_too_high_makes_no_other_unreadable() {
    for wrong in ["9021", "18446744073709551615"] {
        let (place, all) = some(ENDLESS);
        let text = std::fs::read_to_string(place.path()).unwrap();
        let changed = text.replace("\n{\"seq\":21,", &format!("\n{{\"seq\":{wrong},"));
        assert_ne!(text, changed);
        std::fs::write(place.path(), changed).unwrap();
        let mut timeline = open(place.path(), 10);
        let gaps: Vec<_> = timeline.map().gaps.iter().map(|gap| (gap.after.0, gap.lines)).collect();
        assert_eq!(gaps, [(20, 1)]);
        let last = all.last().unwrap().seq;
        assert_eq!(timeline.map().last().unwrap().0, last);
        let others: Vec<_> = all.into_iter().filter(|recorded| recorded.seq != Seq(21)).collect();
        assert!(at(&mut timeline, last) == folded(&others, last));
    }
}

#[test]
fn segments_that_were_named_are_in_order_whatever_is_wrong_with_their_first_line() {
    let (place, all) = some(2000);
    let files = journal::files(place.path()).unwrap();
    let second = std::fs::read_to_string(&files[1]).unwrap();
    std::fs::write(&files[1], second.replacen("{\"seq\":", "{\"sow\":", 1)).unwrap();
    let named: Vec<_> = files.iter().rev().chain([&files[0]]).cloned().collect();
    let timeline = Timeline::open(&named, &mut |_| (), |_| folding(10)).unwrap();
    let [gap] = timeline.map().gaps.as_slice() else { panic!("{:?}", timeline.map().gaps) };
    assert_eq!((gap.lines, &gap.path), (1, &files[1]));
    assert_eq!(timeline.map().events, all.len() as u64 - 1);
}

#[test]
fn what_is_compressed_while_it_is_open_is_no_news() {
    let (place, all) = some(2000);
    let mut timeline = open(place.path(), 10);
    let plain = journal::compressible(place.path(), None).unwrap();
    let second = events(&plain[1]).len() as u64;
    for segment in &plain {
        journal::compress(place.path(), segment).unwrap().unwrap();
    }
    assert!(!timeline.refresh().unwrap());
    let last = all.last().unwrap().seq;
    assert!(at(&mut timeline, last) == folded(&all, last));
    // One of them alone is that segment, and no journal.
    let packed = journal::files(place.path()).unwrap().remove(1);
    let alone = open(&packed, 10);
    assert_eq!((alone.map().events, alone.map().gaps.len()), (second, 0));
}

#[test]
fn a_changed_line_is_told_of_once_it_was_looked_at_and_remembered() {
    let (place, _) = some(ENDLESS);
    let text = std::fs::read_to_string(place.path()).unwrap();
    let line = text.lines().find(|line| line.contains("\"registered\"")).unwrap();
    let seq: u64 = line.split([':', ',']).nth(1).unwrap().parse().unwrap();
    std::fs::write(place.path(), text.replace(line, &line.replace("\"at\":", "\"at\":1"))).unwrap();
    let mut timeline = open(place.path(), 10);
    assert_eq!(timeline.map().gaps.len(), 0);
    index(&mut timeline);
    let told = timeline.map().gaps.clone();
    assert_eq!((&told[0].kind, told[0].before), (&GapKind::Changed, Some(Seq(seq))));
    drop(timeline);
    assert_eq!(open(place.path(), 10).map().gaps, told, "another run knows it without looking");
}

#[test]
fn a_line_that_was_changed_before_a_snapshot_is_noticed_in_the_active_file_too() {
    let (place, _) = some(ENDLESS);
    index(&mut open(place.path(), 5));
    assert_ne!(open(place.path(), 5).indexed(), Seq(0), "snapshots are believed");
    let text = std::fs::read_to_string(place.path()).unwrap();
    let line = text.lines().nth(7).unwrap();
    // As long as before, so that nothing but what stands there is different.
    let (name, other) = ("\"chain\":\"", "\"chAin\":\"");
    std::fs::write(place.path(), text.replace(line, &line.replace(name, other))).unwrap();
    assert_eq!(open(place.path(), 5).indexed(), Seq(0), "none of that file is believed");

    // What is written behind them leaves snapshots alone.
    let half: String = text.split_inclusive('\n').take(40).collect();
    std::fs::write(place.path(), &half).unwrap();
    index(&mut open(place.path(), 5));
    let indexed = open(place.path(), 5).indexed();
    assert_ne!(indexed, Seq(0));
    std::fs::write(place.path(), &text).unwrap();
    assert_eq!(open(place.path(), 5).indexed(), indexed);
}

#[test]
fn a_wrong_time_makes_no_other_wrong() {
    for wrong in [1, 10, 30] {
        let (place, all) = some(ENDLESS);
        let text = std::fs::read_to_string(place.path()).unwrap();
        let begins = format!("{{\"seq\":{},", all[wrong].seq);
        let line = text.lines().find(|line| line.starts_with(&begins)).unwrap();
        let later = line.replacen("\"at\":", "\"at\":9999999", 1);
        std::fs::write(place.path(), text.replace(line, &later)).unwrap();
        let timeline = open(place.path(), 5);
        assert_eq!(timeline.map().last().unwrap().1, all.last().unwrap().at, "{wrong}");
        for one in [&all[wrong + 5], all.last().unwrap()] {
            let expected = all.iter().rfind(|other| other.at <= one.at).unwrap().seq;
            assert_eq!(timeline.at_time(one.at).unwrap(), expected, "{wrong}");
        }
    }
}

#[test]
fn snapshots_of_something_else_are_made_anew() {
    let (place, all) = some(2000);
    let shelf = place.path().with_file_name("coordination.log.replay");
    let middle = all[all.len() / 2].seq;
    let expected = folded(&all, middle);
    let mut timeline = open(place.path(), 5);
    index(&mut timeline);
    drop(timeline);
    let good = std::fs::read(&shelf).unwrap();
    let mut rotten = good.clone();
    let third = good.len() / 3;
    rotten[third] ^= 1;
    let cut = good[..good.len() - 5].to_vec();
    for bytes in [b"veda-bus replay 1 other\n".to_vec(), rotten, cut, Vec::new(), good] {
        std::fs::write(&shelf, bytes).unwrap();
        let mut timeline = open(place.path(), 5);
        assert!(at(&mut timeline, middle) == expected);
        index(&mut timeline);
        assert!(at(&mut timeline, middle) == expected);
        assert_eq!(timeline.indexed(), all.last().unwrap().seq);
    }
    let other = Folding { form: "state 2".into(), ..folding(5) };
    let mut timeline = Timeline::open(&[place.path().to_owned()], &mut |_| (), |_| other).unwrap();
    assert_eq!(timeline.indexed(), Seq(0));
    assert!(at(&mut timeline, middle) == expected);
}

#[test]
fn snapshots_are_for_their_owner_and_take_no_file_of_somebody_elses() {
    let (place, all) = some(2000);
    let shelf = place.path().with_file_name("coordination.log.replay");
    let last = all.last().unwrap().seq;
    for (text, is_taken) in [("my precious notes\n", false), ("", true), ("veda-bus replay 0 old\n", true)] {
        std::fs::write(&shelf, text).unwrap();
        std::fs::set_permissions(&shelf, Permissions::from_mode(0o644)).unwrap();
        let mut timeline = open(place.path(), 5);
        index(&mut timeline);
        assert!(at(&mut timeline, last) == folded(&all, last));
        let left = std::fs::read(&shelf).unwrap();
        assert_eq!(left != text.as_bytes(), is_taken, "{text:?}");
        let mode = std::fs::metadata(&shelf).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if is_taken { 0o600 } else { 0o644 }, "{text:?}");
    }
}

#[test]
fn where_snapshots_can_not_be_kept_beside_the_journal_they_are_kept_elsewhere() {
    let (place, all) = some(ENDLESS);
    let mut first = open(place.path(), 5);
    index(&mut first);
    // It has the file for itself; another one has its own, and both arrive.
    let mut second = open(place.path(), 5);
    index(&mut second);
    for seq in [all[10].seq, all[30].seq] {
        assert!(at(&mut first, seq) == at(&mut second, seq));
    }
}

/// How many events there were; it can not be written down, as on a full disk.
#[derive(Debug, Clone, serde::Deserialize)]
struct Unwritable(usize);

impl serde::Serialize for Unwritable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("no room"))
    }
}

impl Fold for Unwritable {
    fn apply(&mut self, _: Recorded) {
        self.0 += 1;
    }
}

#[test]
fn without_snapshots_everything_is_there_all_the_same() {
    let (place, all) = some(2000);
    let unwritable = Folding { empty: Unwritable(0), form: "unwritable".into(), apart: 5 };
    let mut timeline = Timeline::open(&[place.path().to_owned()], &mut |_| (), |_| unwritable).unwrap();
    while timeline.index(Duration::from_secs(1)).unwrap() {}
    assert_eq!(timeline.indexed(), all.last().unwrap().seq);
    for count in [all.len(), all.len() / 2] {
        let (fold, _) = timeline.go(all[count - 1].seq, &mut |_| true).unwrap().unwrap();
        assert_eq!(fold.0, count);
    }
}

#[test]
fn a_journal_that_is_written_meanwhile_grows() {
    let (place, all) = some(ENDLESS);
    let text = std::fs::read(place.path()).unwrap();
    let half = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(20).unwrap().0 + 1;
    std::fs::write(place.path(), &text[..half + 10]).unwrap();
    let mut timeline = open(place.path(), 5);
    index(&mut timeline);
    assert!(!timeline.refresh().unwrap());
    assert_eq!(timeline.map().last().unwrap().0, all[20].seq);
    assert_eq!(timeline.map().gaps.len(), 1, "half a line is told of while it is half");
    std::fs::write(place.path(), &text).unwrap();
    assert!(timeline.refresh().unwrap());
    assert_eq!(timeline.map().gaps, []);
    let last = all.last().unwrap().seq;
    assert_eq!(timeline.map().last().unwrap().0, last);
    assert!(at(&mut timeline, last) == folded(&all, last));
    index(&mut timeline);
    assert_eq!(timeline.indexed(), last);
}

#[test]
fn events_are_found_by_time_and_by_what_they_tell() {
    let (place, all) = some(2000);
    let timeline = open(place.path(), 5);
    for at in [Millis(0), all[0].at, all[15].at, Millis(all[20].at.0 + 1), Millis(u64::MAX)] {
        let expected = all.iter().take_while(|one| one.at <= at).last().map_or(Seq(0), |one| one.seq);
        assert_eq!(timeline.at_time(at).unwrap(), expected);
    }
    let is_message = |one: &&Recorded| one.event.name() == "accepted";
    for from in [Seq(0), all[7].seq, all[30].seq, Seq(u64::MAX)] {
        let mut test = |found: Found<'_>| matches!(found.kind(), Kind::Message | Kind::Hold);
        let next = all.iter().filter(is_message).find(|one| one.seq > from).map(|one| one.seq);
        assert_eq!(timeline.next_where(from.min(Seq(u64::MAX - 1)), &mut test).unwrap(), next);
        let before = all.iter().filter(is_message).rfind(|one| one.seq < from).map(|one| one.seq);
        assert_eq!(timeline.last_where(from, &mut test).unwrap(), before);
    }
    assert_eq!(timeline.events_after(all[9].seq, 3).unwrap(), all[10..13]);
    assert_eq!(timeline.events_up_to(all[9].seq, 3).unwrap(), all[7..10]);
    assert_eq!(timeline.events_up_to(all[1].seq, 9).unwrap(), all[..2]);
}
