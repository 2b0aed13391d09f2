use std::fs;
use std::io::{Read, Write};

use super::*;
use crate::journal::{LineError, Verified, VerifyError, open_segment, verify};

/// What a journal of three segments of four events is, whatever its files look like.
const WHOLE: Verified = Verified { segments: 3, lines: 12, first: Some(Seq(1)), last: Some(Seq(12)) };

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The name of a compressed segment.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    super::super::segment::beside(path, suffix)
}

/// Puts a compressed file in the place of a segment.
pub(super) fn pack(path: &Path, suffix: &str) -> PathBuf {
    let bytes = fs::read(path).unwrap();
    let packed = with_suffix(path, suffix);
    fs::write(&packed, if suffix == "zst" { zstd(&bytes) } else { gzip(&bytes) }).unwrap();
    fs::remove_file(path).unwrap();
    packed
}

fn contents(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    open_segment(path).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// The numbers of the lines from `seq` on that can be read, and what is wrong with the others.
fn read_with_faults(path: &Path) -> (Vec<u64>, Vec<LineError>) {
    let mut reader = Reader::open(path).unwrap();
    let (mut seqs, mut faults) = (Vec::new(), Vec::new());
    while let Some(line) = reader.next_line().unwrap() {
        match line.decode() {
            Ok((recorded, _)) => seqs.push(recorded.seq.0),
            Err(error) => faults.push(error),
        }
    }
    (seqs, faults)
}

#[test]
fn compressed_segments_are_read_and_recovered_like_others_wherever_they_are() {
    for compressed in [[Some("zst"), None], [None, Some("gz")], [Some("gz"), Some("zst")]] {
        let place = Place::filled(3, 4);
        let (journal, _, before) = place.open();
        drop(journal);
        let packed: Vec<_> = place
            .segments()
            .iter()
            .zip(compressed)
            .filter_map(|(path, suffix)| suffix.map(|suffix| pack(path, suffix)))
            .collect();
        let files = place.files();
        assert_eq!(read_all(place.path()).unwrap(), (1..=12).collect::<Vec<_>>());
        assert_eq!(verify(place.path()).unwrap(), WHOLE);
        for seq in 1..=12 {
            let mut reader = Reader::from_seq(place.path(), Seq(seq)).unwrap();
            assert_eq!(numbers(&mut reader), (seq..=12).collect::<Vec<_>>());
        }
        let (journal, recovery, events) = place.open();
        assert_eq!((seqs(&events), recovery.bad.as_slice()), (seqs(&before), [].as_slice()));
        drop(journal);
        assert_eq!(place.files(), files, "nothing is left beside {packed:?}");
    }
}

#[test]
fn a_recovery_goes_back_into_compressed_segments() {
    let place = Place::filled(3, 4);
    let (mut journal, ..) = place.open();
    journal.rotate().unwrap();
    checkpoint(&mut journal, Some(6));
    journal.write().unwrap();
    drop(journal);
    place.segments()[..3].iter().for_each(|path| drop(pack(path, "zst")));
    let (_, recovery, events) = place.open();
    assert_eq!((seqs(&events), recovery.bad), ((5..=13).collect(), Vec::new()));
    // The newest checkpoint is in a compressed file where a rotation stopped half way.
    fs::remove_file(place.path()).unwrap();
    let (_, _, events) = place.open();
    assert_eq!(seqs(&events), (9..=12).collect::<Vec<_>>());
}

#[test]
fn what_is_unpacked_is_what_was_packed_also_in_several_pieces() {
    let dir = tempfile::tempdir().unwrap();
    let text = b"a line\nand another\n".repeat(40_000);
    let half = text.len() / 2;
    let pieces = |pack: fn(&[u8]) -> Vec<u8>| [pack(&text[..half]), pack(&text[half..])].concat();
    for (name, bytes) in [("any.zst", pieces(zstd)), ("any.gz", pieces(gzip)), ("any", text.clone())] {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        assert!(contents(&path) == text, "{name}");
    }
}

#[test]
fn the_plain_segment_counts_while_it_is_compressed() {
    let place = Place::filled(3, 4);
    let first = &place.segments()[0];
    fs::write(with_suffix(first, "zst"), &zstd(&fs::read(first).unwrap())[..50]).unwrap();
    fs::write(with_suffix(first, "gz"), "").unwrap();
    assert_eq!(verify(place.path()).unwrap(), WHOLE);
}

#[test]
fn a_segment_may_be_compressed_while_a_reader_is_in_it_or_before_it() {
    let place = Place::filled(3, 4);
    let segments = place.segments();
    let mut reader = Reader::open(place.path()).unwrap();
    assert_eq!(reader.next_line().unwrap().unwrap().seq, Some(Seq(1)));
    pack(&segments[0], "gz");
    pack(&segments[1], "zst");
    assert_eq!(numbers(&mut reader), (2..=12).collect::<Vec<_>>());
}

#[test]
fn of_a_cut_file_what_can_be_unpacked_is_read_and_the_rest_is_told() {
    for suffix in ["zst", "gz"] {
        let place = Place::filled(3, 40);
        let packed = pack(&place.segments()[1], suffix);
        let bytes = fs::read(&packed).unwrap();
        for cut in (0..bytes.len()).step_by(bytes.len() / 50).chain([1, 2, bytes.len() - 1]) {
            fs::write(&packed, &bytes[..cut]).unwrap();
            let (seqs, faults) = read_with_faults(place.path());
            let there = seqs.iter().take_while(|&&seq| seq <= 80).count() as u64;
            let all: Vec<_> = (1..=there).chain(81..=120).collect();
            assert_eq!(seqs, all, "cut at {cut}");
            assert!(matches!(faults.as_slice(), [LineError::Damaged(_)]), "cut at {cut}: {faults:?}");
            let Err(VerifyError::BadLine(bad)) = verify(place.path()) else { panic!("cut at {cut}") };
            assert_eq!((&bad.path, bad.line), (&packed, there - 40 + 1), "cut at {cut}");
            assert!(bad.reason.contains("damaged"), "{}", bad.reason);
        }
    }
}

#[test]
fn a_recovery_goes_on_behind_a_damaged_segment() {
    let place = Place::filled(3, 4);
    let (mut journal, ..) = place.open();
    journal.rotate().unwrap();
    checkpoint(&mut journal, Some(1));
    journal.write().unwrap();
    drop(journal);
    let packed = pack(&place.segments()[1], "gz");
    let bytes = fs::read(&packed).unwrap();
    fs::write(&packed, &bytes[..bytes.len() / 2]).unwrap();
    let (_, recovery, events) = place.open();
    let seqs = seqs(&events);
    assert_eq!(
        (seqs[..4].to_vec(), seqs[seqs.len() - 5..].to_vec()),
        ((1..=4).collect(), (9..=13).collect())
    );
    let [bad] = recovery.bad.as_slice() else { panic!("{:?}", recovery.bad) };
    assert_eq!(bad.path, packed);
    assert!(bad.reason.contains("damaged"), "{}", bad.reason);
}

#[test]
fn changed_bytes_never_pass_for_a_whole_segment() {
    for suffix in ["zst", "gz"] {
        let place = Place::filled(3, 4);
        let packed = pack(&place.segments()[0], suffix);
        let bytes = fs::read(&packed).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            fs::write(&packed, &changed).unwrap();
            // Some bytes of a header say nothing that matters; then every line must be as it was.
            match verify(place.path()) {
                Ok(found) => assert_eq!(found, WHOLE, "byte {at}"),
                Err(VerifyError::BadLine(bad)) => {
                    assert!(bad.path == packed || bad.line == 1, "byte {at}: {bad}");
                }
                Err(error) => panic!("byte {at}: {error}"),
            }
        }
    }
}

#[test]
fn what_is_no_compressed_file_and_what_has_no_end_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["any.zst", "any.gz"] {
        let path = dir.path().join(name);
        fs::write(&path, "{\"seq\":1,\"at\":5}\n").unwrap();
        assert!(contents(&path).starts_with(b"{\"damaged\":"));
    }
    let path = dir.path().join("bomb.zst");
    let endless = io::repeat(0).take(1 << 30);
    fs::write(&path, zstd::encode_all(endless, 1).unwrap()).unwrap();
    let unpacked = String::from_utf8(contents(&path)).unwrap();
    assert_eq!(unpacked, "{\"damaged\":\"134217728 bytes without a line break\"}\n");
}

#[test]
fn a_reader_goes_to_and_fro_within_compressed_segments() {
    let place = Place::filled(4, 40);
    place.segments()[..3].iter().for_each(|path| drop(pack(path, "zst")));
    let mut reader = Reader::open(place.path()).unwrap();
    for seq in [5, 7, 2, 40, 41, 80, 42, 161, 119, 120, 121, 160, 1, 130, 81] {
        reader.go_to(Seq(seq)).unwrap();
        let found = reader.next_line().unwrap().map(|line| line.seq.unwrap().0);
        assert_eq!(found, Some(seq).filter(|&seq| seq <= 160));
    }
    assert_eq!(numbers(&mut reader), (82..=160).collect::<Vec<_>>());
}

#[test]
fn nothing_that_can_be_made_again_takes_the_last_room_of_a_disk() {
    let file = tempfile::tempfile().unwrap();
    let free = crate::os::free_space(&file).unwrap();
    let full = crate::journal::check_room(&file, free).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
}
