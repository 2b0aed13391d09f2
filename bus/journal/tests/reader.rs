use std::fs;
use std::io::Write;

use super::*;

#[test]
fn a_reader_gives_all_lines_with_their_places() {
    let place = Place::filled(3, 4);
    let mut reader = Reader::open(place.path()).unwrap();
    let segments = place.segments();
    for seq in 0..12_usize {
        let line = reader.next_line().unwrap().unwrap();
        assert_eq!((line.seq, line.path), (Some(Seq(seq as u64 + 1)), segments[seq / 4].as_path()));
        assert_eq!(line.number, Some(seq as u64 % 4 + 1));
        let file = fs::read(line.path).unwrap();
        let offset = usize::try_from(line.offset).unwrap();
        assert_eq!(line.bytes, &file[offset..offset + line.bytes.len()]);
    }
    assert!(reader.next_line().unwrap().is_none());
    assert_eq!(read_all(&place.dir.path().join("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_reader_follows_writes_and_rotations_without_loss_or_doubles() {
    let place = Place::new();
    let (mut journal, ..) = place.open();
    let mut eager = Reader::open(place.path()).unwrap();
    let mut lazy = Reader::open(place.path()).unwrap();
    let mut late = Reader::from_seq(place.path(), Seq(30)).unwrap();
    let (mut seen, mut seen_lazily) = (Vec::new(), Vec::new());
    for round in 0..60_u64 {
        append(&mut journal);
        journal.write().unwrap();
        if round % 4 != 1 {
            seen.extend(numbers(&mut eager));
        }
        if round % 25 == 24 {
            seen_lazily.extend(numbers(&mut lazy));
        }
        if round % 7 < 2 {
            journal.rotate().unwrap();
        }
    }
    seen.extend(numbers(&mut eager));
    seen_lazily.extend(numbers(&mut lazy));
    assert_eq!(seen, (1..=60).collect::<Vec<_>>());
    assert_eq!(seen_lazily, seen);
    assert_eq!(numbers(&mut late), (30..=60).collect::<Vec<_>>());
}

#[test]
fn a_reader_beside_a_busy_writer_sees_every_event_once() {
    let place = Place::new();
    let (mut journal, ..) = place.open();
    let path = place.path().to_owned();
    let follower = std::thread::spawn(move || {
        let mut reader = Reader::open(&path).unwrap();
        let mut seen = Vec::new();
        while seen.last() != Some(&3000) {
            seen.extend(numbers(&mut reader));
        }
        seen
    });
    for seq in 1..=3000 {
        append(&mut journal);
        if seq % 3 == 0 {
            journal.write().unwrap();
        }
        if seq % 100 == 0 {
            journal.rotate().unwrap();
        }
    }
    assert_eq!(follower.join().unwrap(), (1..=3000).collect::<Vec<_>>());
}

#[test]
fn a_line_is_not_given_before_it_is_whole_nor_after_it_was_cut_off() {
    let place = Place::filled(1, 3);
    let whole = fs::read(place.path()).unwrap();
    let mut reader = Reader::open(place.path()).unwrap();
    fs::OpenOptions::new()
        .append(true)
        .open(place.path())
        .unwrap()
        .write_all(b"{\"seq\":4,\"at\":99999")
        .unwrap();
    assert_eq!(numbers(&mut reader), [1, 2, 3]);
    let (mut journal, recovery, _) = place.open();
    assert!(recovery.torn.is_some());
    append(&mut journal);
    journal.write().unwrap();
    assert_eq!(numbers(&mut reader), [4]);
    fs::write(place.path(), &whole[..10]).unwrap();
    assert_eq!(reader.next_line().unwrap_err().kind(), io::ErrorKind::InvalidData);
}

#[test]
fn from_seq_begins_at_any_event() {
    let place = Place::filled(4, 500);
    assert!(fs::metadata(place.path()).unwrap().len() > 100_000, "long enough to be searched");
    for seq in (0..2100).step_by(7).chain([1, 499, 500, 501, 1500, 1501, 1999, 2000, 2001]) {
        let mut reader = Reader::from_seq(place.path(), Seq(seq)).unwrap();
        let first = reader.next_line().unwrap().map(|line| line.seq.unwrap().0);
        assert_eq!(first, Some(seq.max(1)).filter(|&seq| seq <= 2000), "from {seq}");
    }
    let all = numbers(&mut Reader::from_seq(place.path(), Seq(700)).unwrap());
    assert_eq!(all, (700..=2000).collect::<Vec<_>>());
    fs::remove_file(&place.segments()[0]).unwrap();
    assert_eq!(numbers(&mut Reader::from_seq(place.path(), Seq(3)).unwrap())[0], 501);
}

#[test]
fn from_seq_finds_its_way_among_unreadable_and_very_long_lines() {
    let place = Place::new();
    let (mut journal, ..) = place.open();
    for seq in 1..=40 {
        let event = accepted(&"x".repeat(if seq % 5 == 0 { 90_000 } else { 3000 }));
        journal.append(&Recorded { seq: Seq(seq), at: at(Seq(seq)), event });
    }
    journal.write().unwrap();
    let text = fs::read_to_string(place.path()).unwrap().replace("{\"seq\":22,", "{\"sEq\":22,");
    fs::write(place.path(), text).unwrap();
    for seq in (1..=40).filter(|&seq| seq != 22) {
        let mut reader = Reader::from_seq(place.path(), Seq(seq)).unwrap();
        assert_eq!(reader.next_line().unwrap().unwrap().seq, Some(Seq(seq)));
    }
}
