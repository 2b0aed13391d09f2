//! Many senders, offline repos, and a bus that is killed again and again: nothing that was acknowledged is lost, and
//! nothing that was read comes again.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;
use veda_bus_core::event::Event;
use veda_bus_core::hub::Policy;
use veda_bus_core::journal::Reader;
use veda_bus_core::name::Seq;
use veda_bus_core::state::State;
use veda_bus_core::state::view::StateView;

use super::harness::{Bus, Dice, Machine, Process, Wire, eventually, query, text, with};

const SENDERS: usize = 20;
const MESSAGES: usize = 5000;
const ONLINE: [&str; 3] = ["AuthCore", "LensSDK", "UILib"];
const OFFLINE: [&str; 2] = ["Docs", "Flagship"];
const KILLS: u64 = 10;

/// An instance that reads as fast as it can, through every death of the bus, and knows what it has got.
struct Agent {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<HashSet<String>>>,
}

impl Agent {
    fn join(socket: &Path, repo: &'static str) -> Self {
        let (socket, stop) = (socket.to_owned(), Arc::new(AtomicBool::new(false)));
        let asked = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let (mut seen, mut read) = (HashSet::new(), HashSet::new());
            while !asked.load(Ordering::Relaxed) {
                match Wire::try_connect(&socket) {
                    Some(wire) => take_messages(wire, repo, &mut seen, &mut read),
                    None => std::thread::sleep(Duration::from_millis(2)),
                }
            }
            seen
        });
        Self { stop, thread: Some(thread) }
    }

    /// Everything that it has got, in the end; the bus must be gone.
    fn finish(mut self) -> HashSet<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Takes messages and reads them until the bus hangs up. What the bus knows to be `read` must never come again.
fn take_messages(mut wire: Wire, repo: &str, seen: &mut HashSet<String>, read: &mut HashSet<String>) {
    wire.tell(&json!({ "op": "register", "repo": repo, "instance_id": format!("{repo}-agent") }));
    let (mut reference, mut under_way) = (0, HashMap::new());
    while let Some(frames) = wire.batch() {
        let mut ids = Vec::new();
        for frame in frames {
            match text(&frame, "op") {
                "message" => {
                    let id = text(&frame["message"], "id").to_owned();
                    assert!(!read.contains(&id), "{id} was read by {repo}, and comes again");
                    seen.insert(id.clone());
                    ids.push(id);
                }
                "ok" => {
                    let known: Vec<String> = under_way.remove(&frame["ref"].as_u64().unwrap()).unwrap();
                    read.extend(known);
                }
                "welcome" => {}
                _ => panic!("{frame}"),
            }
        }
        if !ids.is_empty() {
            reference += 1;
            wire.tell(&json!({ "op": "ack", "ref": reference, "stage": "read", "ids": ids }));
            under_way.insert(reference, ids);
        }
    }
}

/// The messages of one sender, each repo in turn.
fn write_messages(machine: &Machine, sender: usize) {
    let repos = [&ONLINE[..], &OFFLINE[..]].concat();
    let mut lines = String::new();
    for index in 0..MESSAGES {
        let id = format!("s{sender}-{index}");
        let message = with(
            query(&id, repos[index % repos.len()]),
            "from",
            json!({ "repo": format!("Sender{sender}") }),
        );
        writeln!(lines, "{message}").unwrap();
    }
    std::fs::write(machine.work().join(format!("messages-{sender}")), lines).unwrap();
}

/// Kills the bus at random moments of the work, and starts it again.
fn kill_again_and_again(bus: &mut Bus, senders: &mut [Process]) {
    let total = u64::try_from(SENDERS * MESSAGES).unwrap();
    let mut dice = Dice::seeded(42);
    for kill in 0..KILLS {
        // Somewhere in this tenth of the messages, but for the last part of the last one.
        let moment = (total * kill + dice.below(total * 9 / 10)) / KILLS;
        eventually("the senders get on", || {
            (bus.state()["accepted"].as_u64().unwrap() >= moment).then_some(())
        });
        bus.kill();
        bus.restart();
    }
    assert!(senders.iter_mut().any(Process::is_running), "the last kill came after the work");
}

/// The state that the journal at `path` comes to, twice, and how often each message was read by each repo. A message
/// that was read must not move again.
fn fold(path: &Path) -> (State, HashMap<String, usize>) {
    let keep = Policy::default().keep;
    let (mut one, mut other) = (State::new(keep), State::new(keep));
    let mut read = HashMap::new();
    for state in [&mut one, &mut other] {
        read.clear();
        let mut reader = Reader::open(path).unwrap();
        while let Some(line) = reader.next_line().unwrap() {
            let (recorded, _) = line.decode().unwrap();
            match &recorded.event {
                Event::Read(moved) => {
                    moved.ids.iter().for_each(|id| *read.entry(id.to_string()).or_default() += 1);
                }
                Event::Routed(moved) | Event::Delivered(moved) => {
                    let again = moved.ids.iter().find(|id| read.contains_key(&id.to_string()));
                    assert!(again.is_none(), "event {} moves {again:?}, which was read", recorded.seq);
                }
                _ => {}
            }
            state.apply(&recorded);
        }
    }
    assert!(one == other, "two recoveries differ");
    (one, read)
}

#[test]
fn nothing_is_lost_and_nothing_is_read_twice() {
    let mut bus = Bus::unlimited("");
    ONLINE.iter().chain(&OFFLINE).for_each(|repo| drop(bus.instance(repo)));
    (0..SENDERS).for_each(|sender| write_messages(&bus, sender));
    let agents = ONLINE.map(|repo| (repo, Agent::join(&bus.socket(), repo)));
    let send = |sender| bus.spawn(&["send", "--json", "--message", &format!("messages-{sender}")]);
    let mut senders: Vec<_> = (0..SENDERS).map(send).collect();
    kill_again_and_again(&mut bus, &mut senders);

    // Every message got its receipt, once.
    let mut acknowledged = HashSet::new();
    for sender in &mut senders {
        let status = sender.wait();
        assert_eq!(status.code(), Some(0), "{}", sender.stderr());
        let receipts = sender.stdout();
        let id = |line| text(&serde_json::from_str(line).unwrap(), "id").to_owned();
        acknowledged.extend(receipts.lines().map(id));
    }
    assert_eq!(acknowledged.len(), SENDERS * MESSAGES);
    assert_eq!(
        bus.state()["accepted"].as_u64().unwrap(),
        acknowledged.len() as u64,
        "a resend was taken for new"
    );

    // The offline repos come back and read what waits for them.
    let late = OFFLINE.map(|repo| (repo, Agent::join(&bus.socket(), repo)));
    eventually("everything is read", || (bus.state()["unread"] == 0).then_some(()));
    bus.kill();
    let mut seen = HashSet::new();
    for (repo, agent) in agents.into_iter().chain(late) {
        let by_repo = agent.finish();
        assert_eq!(by_repo.len(), SENDERS * MESSAGES / 5, "{repo} did not get all of its messages");
        seen.extend(by_repo);
    }
    assert!(seen == acknowledged, "somebody got what was for another");

    // A bus that starts from this journal is in the state that the journal comes to, and so is the next one.
    for _ in 0..2 {
        bus.run(&["log", "verify"]).exits(0);
        bus.restart();
        let (state, reads) = fold(&bus.journal());
        let (oldest, journal) = (Some(Seq(1)), Some(bus.journal()));
        let expected = StateView { oldest, journal, ..StateView::of(&state) };
        assert_eq!(bus.state(), serde_json::to_value(expected).unwrap());
        assert_eq!(reads.len(), acknowledged.len(), "not everything was read");
        let twice: Vec<_> = reads.iter().filter(|(_, times)| **times != 1).take(5).collect();
        assert!(twice.is_empty(), "read more than once: {twice:?}");
        bus.kill();
    }
}
