use std::fs;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::*;
use crate::journal::verify;

/// A folder with only an active file, of these bytes.
fn place_with(bytes: &[u8]) -> Place {
    let place = Place::new();
    fs::create_dir_all(place.path().parent().unwrap()).unwrap();
    fs::write(place.path(), bytes).unwrap();
    place
}

fn line_starts(bytes: &[u8]) -> Vec<usize> {
    let breaks = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(index, _)| index + 1);
    std::iter::once(0).chain(breaks).collect()
}

#[test]
fn a_journal_cut_at_any_byte_has_the_events_of_its_whole_lines() {
    let bytes = fs::read(Place::filled(1, 7).path()).unwrap();
    let starts = line_starts(&bytes);
    for cut in 0..=bytes.len() {
        let place = place_with(&bytes[..cut]);
        let (mut journal, recovery, events) = place.open();
        let whole = starts.iter().filter(|&&start| start <= cut).count() - 1;
        assert_eq!(seqs(&events), (1..=whole as u64).collect::<Vec<_>>(), "cut at {cut}");
        assert_eq!((recovery.events, recovery.bad), (whole as u64, Vec::new()));
        assert_eq!(recovery.last, events.last().map(|event| (event.seq, event.at)));
        match recovery.torn {
            None => assert_eq!(cut, starts[whole]),
            Some(torn) => {
                assert_eq!(fs::read(&torn.path).unwrap(), bytes[starts[whole]..cut]);
                assert_eq!(torn.bytes, (cut - starts[whole]) as u64);
                assert_eq!(
                    torn.path,
                    place.path().with_file_name(format!("coordination.log.torn-{}", whole + 1))
                );
                assert_eq!(fs::metadata(&torn.path).unwrap().permissions().mode() & 0o777, 0o600);
            }
        }
        assert_eq!(journal.next_seq(), Seq(whole as u64 + 1));
        append(&mut journal);
        journal.write().unwrap();
        assert_eq!(verify(place.path()).unwrap().lines, whole as u64 + 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_garbage_ends_a_journal_is_cut_off_and_kept(garbage in prop_oneof![
        any::<Vec<u8>>(),
        (1_usize..9000).prop_map(|zeros| vec![0; zeros]),
        "(\\{\"seq\":[0-9]{1,3},?.{0,20}\n){0,5}".prop_map(String::into_bytes),
    ]) {
        let good = fs::read(Place::filled(1, 4).path()).unwrap();
        let place = place_with(&[good.clone(), garbage.clone()].concat());
        let (journal, recovery, events) = place.open();
        prop_assert_eq!(seqs(&events), [1, 2, 3, 4]);
        prop_assert!(recovery.bad.is_empty());
        let kept = recovery.torn.map(|torn| fs::read(torn.path).unwrap()).unwrap_or_default();
        prop_assert_eq!(kept, garbage);
        drop(journal);
        prop_assert_eq!(fs::read(place.path()).unwrap(), good);
    }
}

#[test]
fn torn_ends_do_not_overwrite_each_other() {
    let good = fs::read(Place::filled(1, 2).path()).unwrap();
    let place = place_with(&good);
    for (torn, name) in [("one", "torn-3"), ("two", "torn-3-1"), ("three", "torn-3-2")] {
        fs::write(place.path(), [&good, torn.as_bytes()].concat()).unwrap();
        let kept = place.open().1.torn.unwrap().path;
        assert_eq!(kept, super::super::segment::beside(place.path(), name));
        assert_eq!(fs::read_to_string(kept).unwrap(), torn);
    }
}

/// The lines of a journal of eight events, to be changed.
fn eight_lines() -> Vec<Vec<u8>> {
    let bytes = fs::read(Place::filled(1, 8).path()).unwrap();
    bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
}

fn folded(lines: &[Vec<u8>]) -> (Vec<u64>, Vec<u64>) {
    let place = place_with(&lines.concat());
    let (_journal, recovery, events) = place.open();
    assert_eq!(recovery.torn, None);
    (seqs(&events), recovery.bad.iter().map(|bad| bad.line).collect())
}

#[test]
fn a_changed_line_is_passed_over_and_reported() {
    for index in 0..7 {
        for at in [3, 7, 11, 30, 50, 80] {
            let mut lines = eight_lines();
            lines[index][at] ^= 1;
            let (seqs, bad) = folded(&lines);
            let rest: Vec<u64> = (1..=8).filter(|&seq| seq != index as u64 + 1).collect();
            assert_eq!(seqs, rest, "line {index}, byte {at}");
            assert_eq!(bad, [index as u64 + 1]);
        }
        let mut lines = eight_lines();
        let digest = lines[index].len() - 5;
        lines[index][digest] = if lines[index][digest] == b'0' { b'1' } else { b'0' };
        assert_eq!(folded(&lines).1, [index as u64 + 1], "digest of line {index}");
    }
}

#[test]
fn missing_added_and_swapped_lines_are_reported_and_the_others_kept() {
    let mut missing = eight_lines();
    missing.remove(3);
    assert_eq!(folded(&missing), (vec![1, 2, 3, 5, 6, 7, 8], vec![4]));
    let mut repeated = eight_lines();
    repeated.insert(5, repeated[1].clone());
    assert_eq!(folded(&repeated), ((1..=8).collect(), vec![6]));
    let mut garbage = eight_lines();
    garbage.insert(5, b"\0\0garbage\n".to_vec());
    assert_eq!(folded(&garbage), ((1..=8).collect(), vec![6]));
    let mut replaced = eight_lines();
    replaced[5] = b"garbage\n".to_vec();
    assert_eq!(folded(&replaced), (vec![1, 2, 3, 4, 5, 7, 8], vec![6]));
    let mut swapped = eight_lines();
    swapped.swap(3, 4);
    assert_eq!(folded(&swapped), (vec![1, 2, 3, 4, 6, 7, 8], vec![4, 6]));
}

#[test]
fn an_event_of_a_later_version_is_passed_over_and_not_cut_off() {
    let place = Place::filled(1, 3);
    let mut bytes = fs::read(place.path()).unwrap();
    let chain = super::super::line::decode(
        std::str::from_utf8(bytes.split(|&b| b == b'\n').nth(2).unwrap()).unwrap(),
    );
    let body = "{\"seq\":4,\"at\":1717689033009,\"event\":\"danced\",\"with\":\"x\"";
    let previous: Vec<u8> = (0..16)
        .map(|index| {
            u8::from_str_radix(&chain.as_ref().unwrap().1.to_string()[2 * index..2 * index + 2], 16).unwrap()
        })
        .collect();
    let digest = blake3::hash(&[&previous, body.as_bytes()].concat()).to_hex();
    bytes.extend_from_slice(format!("{body},\"chain\":\"{}\"}}\n", &digest.as_str()[..32]).as_bytes());
    fs::write(place.path(), &bytes).unwrap();
    let (journal, recovery, events) = place.open();
    assert_eq!(seqs(&events), [1, 2, 3]);
    assert_eq!(
        (recovery.torn, recovery.bad.len(), recovery.last),
        (None, 1, Some((Seq(4), Millis(1_717_689_033_009))))
    );
    assert_eq!(journal.next_seq(), Seq(5));
    assert_eq!(verify(place.path()).unwrap().lines, 4);
}

#[test]
fn folding_begins_where_the_newest_checkpoint_says() {
    let place = Place::new();
    let (mut journal, ..) = place.open();
    for (segment, since) in [None, None, Some(2), Some(5), Some(9), None].into_iter().enumerate() {
        if segment > 0 {
            journal.rotate().unwrap();
        }
        checkpoint(&mut journal, since);
        append(&mut journal);
        append(&mut journal);
        journal.write().unwrap();
        drop(journal);
        let (again, recovery, events) = place.open();
        let last = segment as u64 * 3 + 3;
        let first = [1, 4, 1, 4, 7, 16][segment];
        assert_eq!(seqs(&events), (first..=last).collect::<Vec<_>>(), "segment {segment}");
        assert_eq!(recovery.last.unwrap().0, Seq(last));
        journal = again;
    }
}

#[test]
fn a_bad_newest_checkpoint_makes_an_older_one_serve() {
    let place = Place::filled(3, 3);
    let mut bytes = fs::read(place.path()).unwrap();
    bytes[20] ^= 1;
    fs::write(place.path(), bytes).unwrap();
    let (_journal, recovery, events) = place.open();
    assert_eq!(seqs(&events), [4, 5, 6, 8, 9]);
    assert_eq!((recovery.bad.len(), recovery.bad[0].line), (1, 1));
}

#[test]
fn a_rotation_that_stopped_half_way_is_finished() {
    for empty_file in [false, true] {
        let place = Place::filled(2, 3);
        let archive = super::super::segment::archive_path(place.path(), Seq(4));
        fs::rename(place.path(), archive).unwrap();
        if empty_file {
            fs::write(place.path(), "").unwrap();
        }
        let (mut journal, recovery, events) = place.open();
        assert_eq!((seqs(&events), recovery.torn, recovery.bad), (vec![4, 5, 6], None, vec![]));
        assert!(journal.at_segment_start());
        checkpoint(&mut journal, None);
        journal.write().unwrap();
        assert_eq!(verify(place.path()).unwrap().last, Some(Seq(7)));
    }
}

#[test]
fn a_file_that_is_no_journal_is_left_alone() {
    let place = place_with(b"root:x:0:0\nand more\n");
    assert!(matches!(place.try_open().err(), Some(JournalError::NotAJournal { .. })));
    assert_eq!(fs::read(place.path()).unwrap(), b"root:x:0:0\nand more\n");
}
