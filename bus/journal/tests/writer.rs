use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::sync::mpsc;

use super::*;
use crate::journal::line::decode;
use crate::journal::{LockError, verify};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_was_written_is_there_again_and_private() {
    let place = Place::new();
    let (mut journal, recovery, events) = place.open();
    assert_eq!((recovery, events, journal.next_seq()), (Recovery::default(), vec![], Seq(1)));
    assert!(journal.is_durable() && journal.at_segment_start());
    checkpoint(&mut journal, None);
    let second = journal.append(&some(Seq(2)));
    let line = journal.pending()[second].to_vec();
    assert_eq!(decode(std::str::from_utf8(&line).unwrap()).unwrap(), (some(Seq(2)), journal.chain()));
    assert_eq!((fs::read(place.path()).unwrap().len(), journal.written()), (0, Seq(0)));
    journal.write().unwrap();
    journal.sync_now().unwrap();
    assert_eq!((journal.pending().len(), journal.written()), (0, Seq(2)));
    append(&mut journal);
    drop(journal);
    assert_eq!([place.path().parent().unwrap(), place.path()].map(mode), [0o700, 0o600]);
    let (journal, recovery, events) = place.open();
    assert_eq!((seqs(&events), recovery.events), (vec![1, 2], 2));
    assert_eq!(events[1], some(Seq(2)));
    assert_eq!(recovery.last, Some((Seq(2), at(Seq(2)))));
    assert!(!journal.at_segment_start());
}

#[test]
fn only_one_opens_it_and_only_a_plain_file() {
    let place = Place::new();
    let (journal, ..) = place.open();
    match place.try_open().err() {
        Some(JournalError::Lock(LockError::Held { pid, .. })) => assert_eq!(pid, Some(std::process::id())),
        other => panic!("{other:?}"),
    }
    drop(journal);
    let elsewhere = place.dir.path().join("elsewhere");
    fs::rename(place.path(), &elsewhere).unwrap();
    symlink(&elsewhere, place.path()).unwrap();
    assert!(matches!(place.try_open().err(), Some(JournalError::Open(_))));
    fs::remove_file(place.path()).unwrap();
    symlink(&elsewhere, place.path().with_file_name("coordination.log.000000000001")).unwrap();
    assert!(matches!(place.try_open().err(), Some(JournalError::Open(_))));
}

#[test]
fn space_is_set_aside_without_showing_and_given_back() {
    let place = Place::new();
    let (mut journal, ..) = place.open();
    journal.reserve(1).unwrap();
    append(&mut journal);
    journal.reserve(0).unwrap();
    journal.write().unwrap();
    let metadata = fs::metadata(place.path()).unwrap();
    let text = fs::read_to_string(place.path()).unwrap();
    assert_eq!(metadata.len(), text.len() as u64);
    assert!(text.ends_with("\"}\n"));
    let set_aside = metadata.blocks() * 512;
    journal.reserve(5 << 20).unwrap();
    assert!(fs::metadata(place.path()).unwrap().blocks() * 512 >= set_aside);
    assert!(journal.reserve(1 << 62).is_err() || !cfg!(target_os = "linux"), "no disk is that large");
    append(&mut journal);
    journal.write().unwrap();
    let before = fs::metadata(place.path()).unwrap();
    drop(journal);
    let after = fs::metadata(place.path()).unwrap();
    assert_eq!(after.len(), before.len());
    assert!(after.blocks() * 512 <= 64 * 1024, "given back: {} blocks", after.blocks());
    assert_eq!(seqs(&place.open().2), [1, 2]);
}

#[test]
fn segments_are_full_by_size_and_by_age_but_not_with_a_checkpoint_alone() {
    let mut place = Place::new();
    place.options.segment_bytes = 150;
    let (mut journal, ..) = place.open();
    let later = at(Seq(1)).plus(Duration::from_secs(3600));
    assert!(!journal.segment_is_full(later));
    checkpoint(&mut journal, None);
    assert!(!journal.segment_is_full(later));
    append(&mut journal);
    assert!(journal.segment_is_full(at(Seq(2))), "by size");
    journal.rotate().unwrap();
    checkpoint(&mut journal, None);
    journal.write().unwrap();
    drop(journal);
    place.options.segment_bytes = 1 << 20;
    let (mut journal, ..) = place.open();
    assert!(!journal.segment_is_full(later.plus(Duration::from_secs(9))), "one event");
    append(&mut journal);
    assert!(!journal.segment_is_full(later));
    assert!(journal.segment_is_full(at(Seq(3)).plus(Duration::from_secs(3600))), "by age");
}

#[test]
fn rotation_goes_on_in_a_new_file_and_takes_the_pending_along() {
    let place = Place::new();
    let (mut journal, ..) = place.open();
    journal.rotate().unwrap();
    assert_eq!(place.files(), ["coordination.log", "coordination.log.lock"], "nothing to archive");
    for _ in 0..3 {
        checkpoint(&mut journal, Some(1));
        journal.reserve(100).unwrap();
        append(&mut journal);
        journal.rotate().unwrap();
        assert!(journal.at_segment_start());
    }
    let names = [1, 3, 5].map(|first| format!("coordination.log.{first:012}"));
    assert_eq!(place.files()[1..4], names);
    assert_eq!(mode(place.path()), 0o600);
    let archived = fs::metadata(&place.segments()[0]).unwrap();
    assert!(archived.blocks() * 512 <= 64 * 1024, "given back: {} blocks", archived.blocks());
    drop(journal);
    let (mut journal, _, events) = place.open();
    assert_eq!((seqs(&events), journal.next_seq()), ((1..=6).collect(), Seq(7)));
    checkpoint(&mut journal, None);
    journal.write().unwrap();
    assert_eq!(verify(place.path()).unwrap().lines, 7);
}

#[test]
fn a_rotation_that_fails_changes_nothing() {
    let place = Place::new();
    let (mut journal, ..) = place.open();
    append(&mut journal);
    let taken = place.path().with_file_name("coordination.log.000000000001");
    fs::write(&taken, "").unwrap();
    assert_eq!(journal.rotate().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    fs::remove_file(taken).unwrap();
    append(&mut journal);
    journal.write().unwrap();
    assert_eq!(read_all(place.path()).unwrap(), [1, 2]);
    journal.rotate().unwrap();
    append(&mut journal);
    journal.write().unwrap();
    assert_eq!(verify(place.path()).unwrap().lines, 3);
}

#[test]
fn pruning_keeps_what_was_asked_for_and_what_is_needed() {
    let mut place = Place::filled(6, 3);
    let first = |place: &Place| read_all(place.path()).unwrap()[0];
    assert_eq!(place.open().0.prune(Seq(99)).unwrap(), 0, "all are kept");
    place.options.keep = 2;
    let (mut journal, ..) = place.open();
    let kept = place.path().with_file_name("coordination.log.replay");
    fs::write(&kept, "veda-bus replay 1 console\ntexts of messages").unwrap();
    assert_eq!((journal.prune(Seq(3)).unwrap(), first(&place)), (0, 1), "3 is in the first");
    assert!(kept.exists(), "nothing went");
    assert_eq!((journal.prune(Seq(4)).unwrap(), first(&place)), (1, 4));
    assert!(!kept.exists(), "it has texts of what went");
    assert_eq!((journal.prune(Seq(99)).unwrap(), first(&place)), (2, 10));
    assert_eq!(verify(place.path()).unwrap().first, Some(Seq(10)));
    drop(journal);
    assert_eq!(seqs(&place.open().2), [16, 17, 18]);
}

#[test]
fn syncs_are_told_of_and_requests_coalesce() {
    let place = Place::new();
    let (told, synced) = mpsc::channel();
    let (proceed, gate) = mpsc::channel::<()>();
    let on_synced = move |done: io::Result<Seq>| {
        told.send(done.unwrap().0).unwrap();
        // Until the test lets it go on, the thread is busy.
        let _ = gate.recv();
    };
    let (mut journal, _) = Journal::open(place.options.clone(), on_synced, &mut |_| ()).unwrap();
    for _ in 0..50 {
        append(&mut journal);
        journal.write().unwrap();
        journal.request_sync();
        if journal.next_seq() == Seq(2) {
            assert_eq!(synced.recv().unwrap(), 1);
        }
    }
    append(&mut journal);
    journal.rotate().unwrap();
    journal.request_sync();
    drop(proceed);
    drop(journal);
    assert_eq!(synced.iter().collect::<Vec<_>>(), [51], "one sync for all that came meanwhile");
}

#[test]
fn in_memory_nothing_is_kept_and_everything_succeeds() {
    let (told, synced) = mpsc::channel();
    let mut journal = Journal::memory(move |done| told.send(done.unwrap()).unwrap());
    let range = journal.append(&some(Seq(1)));
    assert_eq!((range.end, journal.next_seq()), (journal.pending().len(), Seq(2)));
    journal.reserve(1 << 62).unwrap();
    journal.write().unwrap();
    journal.request_sync();
    assert_eq!(synced.try_recv(), Ok(Seq(1)));
    journal.rotate().unwrap();
    let pruned = journal.prune(Seq(1)).unwrap();
    journal.sync_now().unwrap();
    assert_eq!((journal.pending().len(), pruned, journal.written()), (0, 0, Seq(1)));
    assert!(
        !journal.is_durable() && !journal.segment_is_full(Millis(u64::MAX)) && !journal.at_segment_start()
    );
}
