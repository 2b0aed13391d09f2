use std::fs;

use super::packed::pack;
use super::*;
use crate::journal::{Fate, Pruning, verify};

/// The names of archives.
const FIRST: &str = "coordination.log.000000000001";
const LOCK: &str = "coordination.log.archives.lock";

fn of(place: &Place, before: u64) -> Pruning {
    Pruning::of(place.path(), at(Seq(before))).unwrap()
}

fn fates(place: &Place, before: u64) -> Vec<Fate> {
    of(place, before).segments.into_iter().map(|segment| segment.fate).collect()
}

/// A journal of three segments of four events whose newest checkpoint, at event 13, needs events from `since` on.
fn needing(since: u64) -> Place {
    let place = Place::filled(3, 4);
    let (mut journal, ..) = place.open();
    journal.rotate().unwrap();
    checkpoint(&mut journal, Some(since));
    journal.write().unwrap();
    place
}

#[test]
fn a_segment_goes_when_all_of_it_is_before_the_time_and_a_recovery_begins_later() {
    let place = needing(13);
    let (goes, late) = (Fate::Goes, Fate::Late);
    assert_eq!(fates(&place, 1), [late; 3]);
    assert_eq!(fates(&place, 4), [late; 3], "its last event is not before that");
    assert_eq!(fates(&place, 5), [goes, late, late]);
    assert_eq!(fates(&place, 12), [goes, goes, late]);
    assert_eq!(fates(&place, 1000), [goes; 3]);
    for (since, expected) in [
        (12, [goes, goes, Fate::Needed(Seq(12))]),
        (9, [goes, goes, Fate::Needed(Seq(9))]),
        (8, [goes, Fate::Needed(Seq(8)), Fate::Needed(Seq(8))]),
        (1, [Fate::Needed(Seq(1)); 3]),
    ] {
        assert_eq!(fates(&needing(since), 1000), expected, "since {since}");
    }
    let first = &of(&place, 12).segments[0];
    let contents = first.contents.unwrap();
    assert_eq!((contents.events, first.from, contents.until), (4, Some(at(Seq(1))), Some(at(Seq(4)))));
}

#[test]
fn compressed_segments_are_told_the_same() {
    for suffix in ["zst", "gz"] {
        let place = needing(6);
        let plain = of(&place, 1000);
        place.segments()[..3].iter().for_each(|path| drop(pack(path, suffix)));
        for (one, other) in of(&place, 1000).segments.iter().zip(&plain.segments) {
            assert_eq!((one.first, one.contents, one.fate), (other.first, other.contents, other.fate));
        }
        of(&place, 1000).remove(place.path(), false).unwrap();
        assert_eq!(verify(place.path()).unwrap().first, Some(Seq(5)));
    }
}

#[test]
fn what_is_left_is_whole_and_recovers_as_before_whatever_the_time_is() {
    for since in 1..=13 {
        for before in [1, 5, 7, 9, 13, 1000] {
            let place = needing(since);
            let (journal, _, recovered) = place.open();
            drop(journal);
            let pruning = of(&place, before);
            pruning.remove(place.path(), false).unwrap();
            let gone = pruning.going().count() as u64;
            assert_eq!(verify(place.path()).unwrap().first, Some(Seq(gone * 4 + 1)));
            let (_, recovery, again) = place.open();
            assert_eq!((seqs(&again), recovery.bad), (seqs(&recovered), Vec::new()));
        }
    }
}

#[test]
fn what_could_not_be_verified_by_itself_keeps_what_is_before_it() {
    let place = needing(13);
    let second = &place.segments()[1];
    let bytes = fs::read(second).unwrap();
    let from = bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    fs::write(second, &bytes[from..]).unwrap();
    assert_eq!(fates(&place, 7), [Fate::Anchor, Fate::Late, Fate::Late]);
    assert_eq!(fates(&place, 9), [Fate::Goes, Fate::Goes, Fate::Late], "the third one begins well");
}

#[test]
fn a_damaged_end_counts_until_the_next_segment_begins() {
    let place = needing(13);
    let packed = pack(&place.segments()[0], "gz");
    let bytes = fs::read(&packed).unwrap();
    fs::write(&packed, &bytes[..bytes.len() - 20]).unwrap();
    assert_eq!(fates(&place, 5), [Fate::Late; 3], "event 5 is the next that is known");
    let pruning = of(&place, 6);
    assert_eq!(pruning.segments[0].fate, Fate::Goes);
    assert!(!pruning.segments[0].contents.unwrap().ends_well);
}

#[test]
fn nothing_goes_without_a_checkpoint_to_begin_with() {
    let place = Place::new();
    let (mut journal, ..) = place.open();
    for _ in 0..3 {
        append(&mut journal);
        journal.rotate().unwrap();
    }
    assert_eq!(fates(&place, 1000), [Fate::Needed(Seq(1)); 3]);
    assert!(Pruning::of(&place.dir.path().join("none"), at(Seq(1))).is_err());
}

#[test]
fn two_who_prune_do_no_harm_and_nothing_goes_that_is_another_file() {
    let place = needing(13);
    let (one, other) = (of(&place, 9), of(&place, 13));
    one.remove(place.path(), false).unwrap();
    other.remove(place.path(), false).unwrap();
    other.remove(place.path(), false).unwrap();
    assert_eq!(place.files(), ["coordination.log", LOCK, "coordination.log.lock"]);

    let place = needing(13);
    let shown = of(&place, 9);
    pack(&place.segments()[0], "zst");
    assert!(shown.remove(place.path(), false).unwrap_err().to_string().contains("changed meanwhile"));
    assert_eq!(verify(place.path()).unwrap().lines, 13);
}

#[test]
fn what_a_replay_has_kept_of_the_segments_goes_with_them_and_no_file_of_somebody_else() {
    let place = needing(13);
    let kept = place.path().with_file_name("coordination.log.replay");
    let kept_of_one = place.path().with_file_name(format!("{FIRST}.replay"));
    for path in [&kept, &kept_of_one] {
        fs::write(path, "veda-bus replay 1 console\ntexts of messages").unwrap();
    }
    of(&place, 2).remove(place.path(), false).unwrap();
    assert!(kept.exists() && kept_of_one.exists(), "nothing goes");
    of(&place, 9).remove(place.path(), false).unwrap();
    assert!(!kept.exists() && !kept_of_one.exists(), "{:?}", place.files());

    fs::write(&kept, "my notes").unwrap();
    of(&place, 13).remove(place.path(), false).unwrap();
    assert_eq!(fs::read_to_string(&kept).unwrap(), "my notes");
}

#[test]
fn what_a_replay_has_kept_goes_whatever_file_it_was_named_after() {
    let place = needing(13);
    let kept = [&format!("{FIRST}.replay"), "coordination.log.000000000009.zst.replay"];
    let kept = kept.map(|name| place.path().with_file_name(name));
    for path in &kept {
        fs::write(path, "veda-bus replay 1 console\ntexts of messages").unwrap();
    }
    // What was plain when it was replayed is compressed now.
    pack(&place.segments()[0], "zst");
    of(&place, 5).remove(place.path(), false).unwrap();
    assert!(kept.iter().all(|path| !path.exists()), "{:?}", place.files());
}

#[test]
fn a_damaged_beginning_makes_no_hole() {
    for damaged in 0..3 {
        let place = needing(13);
        let path = &place.segments()[damaged];
        let mut text = fs::read(path).unwrap();
        text[0] = b'x';
        fs::write(path, text).unwrap();
        let fates = fates(&place, 1000);
        let going = fates.iter().filter(|fate| **fate == Fate::Goes).count();
        assert!(fates[..going].iter().all(|fate| *fate == Fate::Goes), "{damaged}: {fates:?}");
        assert_eq!(going, 3, "{damaged}: the next one begins with a checkpoint");
        of(&place, 1000).remove(place.path(), false).unwrap();
        assert_eq!(verify(place.path()).unwrap().first, Some(Seq(13)));
    }
}

#[test]
fn torn_ends_go_only_when_asked_for() {
    let place = needing(13);
    let torn = place.path().with_file_name("coordination.log.torn-7");
    fs::write(&torn, "{\"seq\":7").unwrap();
    assert!(of(&place, 5).torn.is_empty(), "it was cut off after that");
    let pruning = Pruning::of(place.path(), Millis::now().plus(Duration::from_secs(60))).unwrap();
    assert_eq!(pruning.torn.iter().map(|one| (&one.path, one.bytes)).collect::<Vec<_>>(), [(&torn, 8)]);
    pruning.remove(place.path(), false).unwrap();
    assert!(torn.exists());
    pruning.remove(place.path(), true).unwrap();
    assert!(!torn.exists());
}

#[test]
fn a_writer_copes_with_archives_that_are_gone_or_compressed() {
    let mut place = Place::filled(4, 4);
    place.options.keep = 3;
    let (mut journal, ..) = place.open();
    assert_eq!(journal.oldest(), Some(Seq(1)));
    fs::remove_file(&place.segments()[0]).unwrap();
    let second = pack(&place.segments()[0], "zst");
    assert_eq!(journal.oldest(), Some(Seq(5)));
    journal.rotate().unwrap();
    checkpoint(&mut journal, None);
    journal.write().unwrap();
    assert_eq!(journal.prune(journal.next_seq()).unwrap(), 0, "there are three");
    journal.rotate().unwrap();
    checkpoint(&mut journal, None);
    journal.write().unwrap();
    // Somebody else is at the archives.
    let lock = crate::journal::LockFile::acquire(&super::super::segment::lock_path(place.path())).unwrap();
    assert_eq!(journal.prune(journal.next_seq()).unwrap(), 0);
    drop(lock);
    assert_eq!(journal.prune(journal.next_seq()).unwrap(), 1);
    assert!(!second.exists());
    assert_eq!(verify(place.path()).unwrap().first, Some(Seq(9)));
    assert!(!place.files().contains(&FIRST.to_owned()));
}
