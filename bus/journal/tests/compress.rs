use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::*;
use crate::journal::{compress, compressible, verify};

fn compress_all(place: &Place) -> Vec<crate::journal::Compressed> {
    let segments = compressible(place.path(), None).unwrap();
    segments.iter().filter_map(|segment| compress(place.path(), segment).unwrap()).collect()
}

#[test]
fn a_packed_journal_is_the_same_journal() {
    let place = Place::filled(4, 40);
    let verified = verify(place.path()).unwrap();
    let first = &place.segments()[0];
    fs::set_permissions(first, fs::Permissions::from_mode(0o640)).unwrap();
    let before = fs::metadata(first).unwrap();
    let packed = compress_all(&place);
    assert_eq!(packed.len(), 3);
    assert_eq!(
        place.segments().iter().take(3).collect::<Vec<_>>(),
        packed.iter().map(|one| &one.path).collect::<Vec<_>>()
    );
    let after = fs::metadata(&packed[0].path).unwrap();
    assert_eq!(
        (after.mode(), after.mtime(), after.mtime_nsec()),
        (before.mode(), before.mtime(), before.mtime_nsec())
    );
    assert_eq!((packed[0].before, packed[0].after), (before.len(), after.len()));
    assert!(after.len() < before.len() / 2);
    assert_eq!(verify(place.path()).unwrap(), verified);
    assert_eq!(place.files().len(), 6, "{:?}", place.files());
    assert!(compress_all(&place).is_empty());
}

#[test]
fn only_what_lies_wholly_before_a_time_is_packed() {
    let place = Place::filled(4, 4);
    let segments = place.segments();
    assert_eq!(compressible(place.path(), Some(at(Seq(4)))).unwrap(), [] as [PathBuf; 0]);
    assert_eq!(compressible(place.path(), Some(at(Seq(9)))).unwrap(), segments[..2]);
    assert_eq!(compressible(place.path(), None).unwrap(), segments[..3]);
    assert!(compressible(&place.dir.path().join("none"), None).is_err());
}

#[test]
fn what_an_interrupted_one_left_is_cleaned_up_and_done_again() {
    let place = Place::filled(3, 4);
    let verified = verify(place.path()).unwrap();
    let segments = place.segments();
    // It was killed while it packed one, and between the new file and the removal of the old one of another.
    fs::write(super::super::segment::beside(&segments[0], "zst.tmp"), "half").unwrap();
    fs::write(super::super::segment::beside(&segments[1], "zst"), "whatever").unwrap();
    assert_eq!(verify(place.path()).unwrap(), verified);
    assert_eq!(compress_all(&place).len(), 2);
    assert_eq!(verify(place.path()).unwrap(), verified);
    assert!(!place.files().iter().any(|name| name.contains("tmp")), "{:?}", place.files());
}

#[test]
fn what_another_journal_has_not_finished_is_left_to_it() {
    let place = Place::filled(2, 4);
    let others = ["coordination.log2.000000000001.zst.tmp", "coordination.log.mine.zst.tmp"];
    for name in others {
        fs::write(place.path().with_file_name(name), "half").unwrap();
    }
    compress_all(&place);
    for name in others {
        assert!(place.files().iter().any(|file| file == name), "{:?}", place.files());
    }
}

#[test]
fn what_is_gone_or_no_file_of_ours_is_not_packed() {
    let place = Place::filled(3, 4);
    let segments = place.segments();
    let elsewhere = place.dir.path().join("elsewhere");
    fs::rename(&segments[0], &elsewhere).unwrap();
    assert_eq!(compress(place.path(), &segments[0]).unwrap(), None);
    std::os::unix::fs::symlink(&elsewhere, &segments[0]).unwrap();
    assert!(compress(place.path(), &segments[0]).unwrap_err().to_string().contains("symbolic link"));
    assert!(segments[0].is_symlink() && elsewhere.is_file());
}

#[test]
fn packing_and_pruning_at_once_bring_nothing_back() {
    for _ in 0..20 {
        let mut place = Place::filled(6, 4);
        place.options.keep = 1;
        let (mut journal, ..) = place.open();
        let segments = compressible(place.path(), None).unwrap();
        let path = place.path().to_owned();
        let packing = std::thread::spawn(move || {
            segments.iter().filter(|segment| compress(&path, segment).unwrap().is_some()).count()
        });
        let mut reader = Reader::open(place.path()).unwrap();
        let seen = numbers(&mut reader);
        assert_eq!(seen.last(), Some(&24));
        while journal.prune(journal.next_seq()).unwrap() == 0 {
            std::thread::yield_now();
        }
        packing.join().unwrap();
        assert_eq!(place.segments().len(), 2, "{:?}", place.files());
        assert_eq!(verify(place.path()).unwrap().first, Some(Seq(17)));
    }
}
