//! Tests of whole searches, on journals in folders of their own.

mod escapes;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

/// The line of an event; the digest is not looked at by a search.
fn line(seq: u64, event: &str, members: &str) -> String {
    let chain = "0".repeat(32);
    format!("{{\"seq\":{seq},\"at\":{},\"event\":\"{event}\",{members},\"chain\":\"{chain}\"}}\n", seq * 1000)
}

/// A message of the thread `t`, whose payload is JSON as its sender wrote it.
fn message(seq: u64, payload: &str) -> String {
    in_thread(seq, "t", None, payload)
}

fn in_thread(seq: u64, thread: &str, parent: Option<u64>, payload: &str) -> String {
    let (parent, reply_to) = match parent {
        Some(parent) => (format!("\"parent\":{parent},"), format!("\"reply_to\":\"m{parent}\",")),
        None => Default::default(),
    };
    let envelope = format!(
        "{{\"id\":\"m{seq}\",\"from\":{{\"repo\":\"Flagship\"}},\"to\":{{\"repo\":\"LensSDK\"}},\"type\":\"Query\",\
         {reply_to}\"timestamp\":1,\"payload\":{payload}}}"
    );
    let head = format!("\"by\":\"i\",\"thread\":\"{thread}\",{parent}\"expires_at\":9,\"recipients\":[]");
    line(seq, "accepted", &format!("{head},\"message\":{envelope}"))
}

fn question(seq: u64, text: &str) -> String {
    message(seq, &json!({ "question": text }).to_string())
}

/// Files with these lines, the oldest first.
fn files(each: &[&[String]]) -> (TempDir, Files) {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..each.len()).map(|index| folder.path().join(index.to_string())).collect();
    paths.iter().zip(each).for_each(|(path, lines)| std::fs::write(path, lines.concat()).unwrap());
    (folder, Files::of(&paths).unwrap())
}

fn run(search: &Search, files: &Files) -> Found {
    let control = Control { cancel: &AtomicBool::new(false), progress: &|_, _| () };
    search.run(files, control).unwrap()
}

/// The numbers of what is found, in order.
fn found(line: &str, files: &Files) -> Vec<u64> {
    numbers(&run(&Search::new(Query::parse(line).unwrap()), files))
}

fn numbers(found: &Found) -> Vec<u64> {
    found.hits.iter().map(|hit| hit.recorded.seq.0).collect()
}

#[test]
fn the_best_come_first_and_of_those_the_newest() {
    let (_folder, files) = files(&[&[
        question(1, "the session manager"),
        question(2, "the sessions"),
        message(3, r#"{"question":"x","context":"a session"}"#),
        question(4, "the session"),
        question(5, "manager of a session"),
        line(6, "delivered", r#""repo":"session","instance":"i","ids":[]"#),
        line(7, "refused", r#""repo":"A","code":"invalid_payload","reason":"no session""#),
    ]]);
    assert_eq!(found("session", &files), [5, 4, 1, 2, 7, 3]);
    assert_eq!(found("session manager", &files), [1, 5], "side by side comes first");
    assert_eq!(found("\"session  manager\"", &files), [1]);
    assert_eq!(found("Session", &files), [0; 0]);
    let mut search = Search { limit: 2, ..Search::new(Query::parse("session").unwrap()) };
    let best = run(&search, &files);
    assert_eq!((numbers(&best), best.total), (vec![5, 4], 6));
    search.order = Order::Time;
    assert_eq!(numbers(&run(&search, &files)), [5, 7], "the newest, in the journal's order");
    let all = run(&Search::new(Query::parse("session").unwrap().all_events()), &files);
    assert_eq!(all.total, 7);
}

#[test]
fn ids_are_found_by_their_beginning_and_repos_by_any_part() {
    let (_folder, files) =
        files(&[&[question(1, "x"), in_thread(2, "m1", Some(1), r#"{"answer":"y"}"#), question(31, "z")]]);
    assert_eq!(found("m1", &files), [1, 2], "the message itself, then what is in its thread");
    assert_eq!(found("m", &files), [0; 0], "one character of an id is too little");
    assert_eq!(found("1", &files), [0; 0]);
    assert_eq!(found("lens", &files).len(), 3);
}

#[test]
fn bounds_hold_together_with_what_is_looked_for() {
    let lines: Vec<_> =
        (1..=2000).map(|seq| question(seq, &format!("word {seq} {}", "x".repeat(300)))).collect();
    let (_folder, files) = files(&[&lines[..900], &lines[900..1000], &lines[1000..]]);
    let within = |bounds: Bounds| {
        run(
            &Search { bounds, limit: 5000, order: Order::Time, ..Search::new(Query::parse("word").unwrap()) },
            &files,
        )
    };
    for (since, until) in
        [(1, 1), (1, 2000), (850, 950), (900, 901), (1500, 1500), (1990, 3000), (3000, 4000)]
    {
        let bounds = Bounds {
            since: Some(Millis(since * 1000)),
            until: Some(Millis(until * 1000)),
            ..Bounds::default()
        };
        let expected: Vec<u64> = (since..=until.min(2000)).collect();
        assert_eq!(numbers(&within(bounds)), expected, "{since} to {until}");
    }
    let count = |bounds: Bounds| within(bounds).total;
    assert_eq!(count(Bounds { repo: Some("LensSDK".parse().unwrap()), ..Bounds::default() }), 2000);
    assert_eq!(count(Bounds { repo: Some("Lens".parse().unwrap()), ..Bounds::default() }), 0);
    assert_eq!(count(Bounds { kind: Some(MessageType::Query), ..Bounds::default() }), 2000);
    assert_eq!(count(Bounds { kind: Some(MessageType::Task), ..Bounds::default() }), 0);
    assert_eq!(count(Bounds { thread: Some("t".parse().unwrap()), ..Bounds::default() }), 2000);
    assert_eq!(count(Bounds { thread: Some("u".parse().unwrap()), ..Bounds::default() }), 0);
}

#[test]
fn what_stands_around_a_hit_is_told() {
    let mut lines: Vec<_> = (1..=9)
        .map(|seq| {
            in_thread(seq, "m1", (seq > 1).then(|| seq - 1), &format!("{{\"answer\":\"number {seq}\"}}"))
        })
        .collect();
    lines[0] = in_thread(1, "m1", None, r#"{"question":"number 1"}"#);
    let changed = json!({ "id": "m8", "from": { "repo": "Flagship" }, "to": { "repo": "LensSDK" }, "type": "Query",
        "timestamp": 1, "reply_to": "m7", "payload": { "answer": "reworded" }, "amended_by": "operator" });
    lines.push(line(10, "amended", &format!("\"message\":{changed}")));
    let (_folder, files) = files(&[&lines[..4], &lines[4..]]);

    let parent = run(&Search::new(Query::parse("\"number 5\"").unwrap()), &files);
    let around = parent.hits[0].around.as_ref().unwrap();
    assert_eq!(
        (around.parent.as_ref().unwrap().seq.0, around.messages),
        (4, None),
        "it is in the file before"
    );

    let thread =
        Search { around: Around::Thread(2), ..Search::new(Query::parse("\"number 5\" m1").unwrap()) };
    let thread = run(&thread, &files);
    let around = thread.hits[0].around.as_ref().unwrap();
    let seqs = |events: &[crate::event::Recorded]| events.iter().map(|one| one.seq.0).collect::<Vec<_>>();
    assert_eq!(
        (seqs(&around.before), seqs(&around.after), around.messages),
        (vec![3, 4], vec![6, 7], Some(9))
    );

    // Only the event that accepted a message tells the thread of its other wording.
    for (thread, total) in [("m1", 1), ("m2", 0)] {
        let bounds = Bounds { thread: Some(thread.parse().unwrap()), ..Bounds::default() };
        let amended = run(&Search { bounds, ..Search::new(Query::parse("reworded").unwrap()) }, &files);
        assert_eq!(amended.total, total);
        if let [hit] = amended.hits.as_slice() {
            assert_eq!(hit.around.as_ref().unwrap().parent.as_ref().unwrap().seq.0, 7);
        }
    }
}

#[test]
fn matches_say_where_they_are() {
    let (_folder, files) =
        files(&[&[message(1, r#"{"question":"\u00dcber \"alles\"","n":["x","ü/über"]}"#)]]);
    let found = run(&Search::new(Query::parse("über").unwrap()), &files);
    let [first, second] = found.hits[0].matches.as_slice() else { panic!("{found:?}") };
    assert_eq!((first.field.as_str(), first.text.as_str()), ("payload.question", "Über \"alles\""));
    assert_eq!((second.field.as_str(), second.ranges[0].clone()), ("payload.n[1]", 3..8));
}

#[test]
fn what_can_not_be_read_is_counted_and_the_rest_is_found() {
    let torn = question(2, "torn word");
    let lines = [
        question(1, "a word"),
        torn[..60].to_owned() + "\n",
        "\0\0\0\n".to_owned(),
        line(4, "accepted", r#""message":{"word":"#),
        line(5, "accepted", r#""message":{"payload":{"x":"word"}}"#),
        question(6, "a word"),
    ];
    let (folder, files) = files(&[&lines, &[]]);
    let found = run(&Search::new(Query::parse("word").unwrap()), &files);
    assert_eq!((numbers(&found), found.total, found.unreadable), (vec![6, 1], 2, 4));
    assert_eq!(found.first_unreadable.unwrap(), (folder.path().join("0"), lines[0].len() as u64));
}

#[test]
fn a_line_that_stays_half_written_is_told_and_one_that_is_finished_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    assert_eq!(Files::of_journal(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
    let half = question(2, "a word");
    std::fs::write(&path, question(1, "a word") + &half[..80]).unwrap();
    let found = run(&Search::new(Query::parse("word").unwrap()), &Files::of_journal(&path).unwrap());
    assert_eq!((found.total, found.unreadable), (1, 1));
    let torn = question(1, "a word").len() as u64;
    assert_eq!(found.first_unreadable, Some((path.clone(), torn)));
    std::fs::write(&path, question(1, "a word") + &half).unwrap();
    let found = run(&Search::new(Query::parse("word").unwrap()), &Files::of_journal(&path).unwrap());
    assert_eq!((found.total, found.unreadable), (2, 0));
}

#[test]
fn events_that_are_missing_between_files_are_told() {
    let of = |numbers: &[u64]| numbers.iter().map(|&seq| question(seq, "a word")).collect::<Vec<_>>();
    for (files_of, missing) in [
        ([of(&[1, 2]), of(&[3, 4]), of(&[5])], 0),
        ([of(&[1, 2]), of(&[6]), of(&[9, 10])], 5),
        // What is missing within a file only reading all of it would show.
        ([of(&[1, 4]), of(&[5, 9]), of(&[10])], 0),
    ] {
        let (_folder, files) = files(&[&files_of[0], &files_of[1], &files_of[2]]);
        let found = run(&Search::new(Query::parse("word").unwrap()), &files);
        assert_eq!((found.missing, found.unreadable), (missing, 0));
    }
}

#[test]
fn nothing_is_lost_that_is_rotated_compressed_or_removed_after_the_files_were_listed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let archive = |first: u64| folder.path().join(format!("log.{first:012}"));
    std::fs::write(archive(1), question(1, "a word")).unwrap();
    std::fs::write(archive(2), question(2, "a word")).unwrap();
    std::fs::write(&path, question(3, "a word")).unwrap();
    let files = Files::of(std::slice::from_ref(&path)).unwrap();
    crate::journal::compress(&path, &archive(1)).unwrap().unwrap();
    std::fs::rename(&path, archive(3)).unwrap();
    std::fs::write(&path, question(4, "a later word")).unwrap();
    let search = Search::new(Query::parse("word").unwrap());
    assert_eq!(numbers(&run(&search, &files)), [3, 2, 1]);
    std::fs::remove_file(archive(2)).unwrap();
    assert_eq!(numbers(&run(&search, &files)), [3, 1], "what was removed is there no more");
    // One that is compressed, alone, is no journal.
    let packed = archive(1).with_extension("000000000001.zst");
    assert_eq!(numbers(&run(&search, &Files::of(&[packed]).unwrap())), [1]);
}

#[test]
fn files_that_were_named_are_searched_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    std::fs::write(&old, question(1, "a word") + &question(2, "a word")).unwrap();
    std::fs::write(&new, question(3, "a word") + &question(4, "a word")).unwrap();
    let since = Bounds { since: Some(Millis(2000)), ..Bounds::default() };
    let search = Search { bounds: since, ..Search::new(Query::parse("word").unwrap()) };
    for paths in [[old.clone(), new.clone()], [new, old]] {
        assert_eq!(numbers(&run(&search, &Files::of(&paths).unwrap())), [4, 3, 2]);
    }
}

#[test]
fn long_lines_are_found_once_wherever_pieces_end() {
    let lines: Vec<_> = (1..=60)
        .map(|seq| question(seq, &format!("{} word", "x".repeat(usize::try_from(seq * seq * 150).unwrap()))))
        .collect();
    let (_folder, files) = files(&[&lines]);
    let done = AtomicU64::new(0);
    let search = Search { around: Around::Nothing, limit: 100, ..Search::new(Query::parse("word").unwrap()) };
    let progress = |so_far: u64, all: u64| {
        assert!(so_far <= all);
        done.fetch_max(so_far, Ordering::Relaxed);
    };
    let found = search.run(&files, Control { cancel: &AtomicBool::new(false), progress: &progress }).unwrap();
    assert_eq!((numbers(&found), found.unreadable), ((1..=60).rev().collect(), 0));
    assert_eq!(done.into_inner(), lines.concat().len() as u64);
    let cancelled = search.run(&files, Control { cancel: &AtomicBool::new(true), progress: &|_, _| () });
    assert!(matches!(cancelled, Err(SearchError::Cancelled)));
}

#[test]
fn an_expression_sees_everything_that_a_message_says() {
    let (_folder, files) = files(&[&[
        message(1, r#"{"question":"a","context":"needle"}"#),
        message(2, r#"{"question":"needle","n":[{"x":"deep"}]}"#),
    ]]);
    let of =
        |expression: &str| numbers(&run(&Search::new(Query::default().cel(expression).unwrap()), &files));
    assert_eq!(of(r#"text.contains("needle")"#), [2, 1]);
    assert_eq!(of(r#"text.contains("deep") && type == "Query" && thread == "t" && id == "m2""#), [2]);
    assert_eq!(of("10 / (seq - 2) == -10"), [1], "what can not be judged is no match");
    let both = Query::parse("needle").unwrap().cel("seq == 1").unwrap();
    assert_eq!(numbers(&run(&Search::new(both), &files)), [1]);
}

#[test]
fn a_value_of_json_is_told_as_it_was_sent() {
    let (_folder, files) = files(&[&[message(1, r#"{"question":"ab\u0063 \/d"}"#)]]);
    let found = run(&Search::new(Query::parse("abc /d").unwrap()), &files);
    let line: Value = serde_json::from_str(&found.hits[0].line).unwrap();
    assert_eq!(line["message"]["payload"]["question"], "abc /d");
}
