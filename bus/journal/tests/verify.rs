use std::fs;

use super::*;
use crate::journal::{BadLine, Verified, VerifyError, verify};

/// A journal of three segments, as the paths and contents of its files.
fn three() -> (Place, Vec<(PathBuf, Vec<u8>)>) {
    let place = Place::filled(3, 4);
    let files = place.segments().into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    (place, files)
}

fn bad(path: &Path) -> BadLine {
    match verify(path) {
        Err(VerifyError::BadLine(bad)) => bad,
        other => panic!("{other:?}"),
    }
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
}

#[test]
fn a_whole_journal_is_whole_also_when_its_oldest_segments_are_gone() {
    let (place, files) = three();
    let whole = Verified { segments: 3, lines: 12, first: Some(Seq(1)), last: Some(Seq(12)) };
    assert_eq!(verify(place.path()).unwrap(), whole);
    fs::remove_file(&files[0].0).unwrap();
    let rest = Verified { segments: 2, lines: 8, first: Some(Seq(5)), last: Some(Seq(12)) };
    assert_eq!(verify(place.path()).unwrap(), rest);
    fs::write(place.path(), "").unwrap();
    assert_eq!(verify(place.path()).unwrap().lines, 4);
    assert!(matches!(verify(&place.dir.path().join("none")), Err(VerifyError::Io { .. })));
}

#[test]
fn a_flipped_byte_is_found_at_any_place() {
    let (place, files) = three();
    for (path, bytes) in &files {
        let mut line = 1;
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            fs::write(path, &changed).unwrap();
            let found = bad(place.path());
            assert_eq!((&found.path, found.line), (path, line), "byte {at} of {}", path.display());
            line += u64::from(bytes[at] == b'\n');
        }
        fs::write(path, bytes).unwrap();
    }
    verify(place.path()).unwrap();
}

#[test]
fn missing_repeated_and_swapped_lines_are_found() {
    let (place, files) = three();
    for (path, bytes) in &files {
        let lines = lines(bytes);
        let changes = (0..lines.len()).flat_map(|index| {
            let mut missing = lines.clone();
            missing.remove(index);
            let mut repeated = lines.clone();
            repeated.insert(index, lines[index].clone());
            let mut swapped = lines.clone();
            swapped.swap(index, (index + 1) % lines.len());
            // Nothing tells that the newest line of all is gone.
            let newest = path == place.path() && index + 1 == lines.len();
            [Some(missing).filter(|_| !newest), Some(repeated), Some(swapped)]
        });
        for changed in changes.flatten() {
            fs::write(path, changed.concat()).unwrap();
            bad(place.path());
        }
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn a_missing_or_misnamed_segment_is_found() {
    let (place, files) = three();
    fs::remove_file(&files[1].0).unwrap();
    let found = bad(place.path());
    assert_eq!((found.path.as_path(), found.line), (place.path(), 1));
    assert!(found.reason.contains("expected event 5, found event 9"), "{}", found.reason);
    fs::write(files[1].0.with_file_name("coordination.log.000000000006"), &files[1].1).unwrap();
    assert!(bad(place.path()).reason.contains("what its name says"));
}

#[test]
fn an_unfinished_line_and_a_beginning_in_the_middle_are_found() {
    let (place, files) = three();
    let (path, bytes) = &files[2];
    fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
    let found = bad(place.path());
    assert_eq!((found.line, found.reason.as_str()), (4, "it is not ended by a line break"));
    let place = Place::filled(1, 3);
    let bytes = fs::read(place.path()).unwrap();
    fs::write(place.path(), lines(&bytes)[1..].concat()).unwrap();
    assert!(bad(place.path()).reason.contains("neither"));
}
