//! A reader that never reads costs the others nothing, and the bus no more than a stated amount of memory; when it
//! reads again, it gets everything.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::harness::{Bus, Wire, message, text};

const MESSAGES: usize = 10_000;
/// What each message says, in bytes.
const TEXT: usize = 4096;
/// What the bus may grow by: the mailbox of the one that does not read (10,000 messages of 4 KiB, which it is there to
/// hold), 384 bytes for each of the 30,000 messages that it remembers, and 32 MiB for windows and buffers. A copy for the
/// socket of the one that does not read would be another 40 MiB, one for that of the follower another 120.
const BOUND: usize = MESSAGES * (TEXT + 300) + 3 * MESSAGES * 384 + (32 << 20);

/// The memory of a process, in bytes.
fn memory(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}

fn big(id: &str, to: &str) -> Value {
    message(id, to, "Notify", json!({ "change_type": "x", "summary": "y".repeat(TEXT) }))
}

/// Reads `count` messages and acknowledges each as read; their ids in the order in which they came.
fn read_all(wire: &mut Wire, count: usize) -> Vec<String> {
    let read_one = |_| {
        let id = text(&wire.receive(), "id").to_owned();
        wire.say(&json!({ "op": "ack", "stage": "read", "ids": [id] }));
        id
    };
    (0..count).map(read_one).collect()
}

#[test]
fn a_reader_that_never_reads_slows_nobody_and_loses_nothing() {
    let bus = Bus::unlimited("mailbox_bytes = 134217728\nstuck_after = 3600\ndurability = \"process\"");
    let mut stuck = bus.instance("Stuck");
    // One that follows the events and does not read them either.
    let mut follower = bus.wire();
    assert_eq!(follower.ask(json!({ "op": "subscribe" }))["op"], "ok");
    let before = memory(bus.pid());
    let mut most = 0;
    let readers = ["LensSDK", "UILib"].map(|repo| {
        let mut wire = bus.instance(repo);
        std::thread::spawn(move || read_all(&mut wire, MESSAGES))
    });
    let mut sender = bus.instance("Flagship");
    for index in 0..MESSAGES {
        for to in ["Stuck", "LensSDK", "UILib"] {
            sender.say(&json!({ "op": "send", "message": big(&format!("{to}-{index}"), to) }));
        }
        if index % 100 == 99 {
            for _ in 0..300 {
                sender.expect("receipt");
            }
            most = most.max(memory(bus.pid()));
        }
    }
    // The others have all of theirs, while the stuck one has read nothing.
    for (repo, reader) in ["LensSDK", "UILib"].iter().zip(readers) {
        let expected: Vec<_> = (0..MESSAGES).map(|index| format!("{repo}-{index}")).collect();
        assert_eq!(reader.join().unwrap(), expected);
    }
    assert_eq!(bus.repo("Stuck")["unread"], MESSAGES);
    most = most.max(memory(bus.pid()));
    let grown = most.saturating_sub(before);
    eprintln!("the bus grew by {} MiB of {}", grown >> 20, BOUND >> 20);
    assert!(grown < BOUND, "the bus grew by {} MiB", grown >> 20);

    // It reads again, and gets everything in order.
    let expected: Vec<_> = (0..MESSAGES).map(|index| format!("Stuck-{index}")).collect();
    assert_eq!(read_all(&mut stuck, MESSAGES), expected);
    assert_eq!(stuck.all_now(), [Value::Null; 0]);
    assert_eq!(bus.repo("Stuck")["unread"], 0);
    // So does the follower: every message was accepted once, in its stream as well.
    let mut seen = BTreeSet::new();
    while seen.len() < 3 * MESSAGES {
        let event = follower.expect("event");
        if event["event"] == "accepted" {
            assert!(seen.insert(text(&event["message"], "id").to_owned()), "{event}");
        }
    }
}

#[test]
fn one_that_asks_and_never_reads_does_not_fill_the_memory() {
    let bus = Bus::start();
    // What is asked for is a hundred times as long as the question.
    for repo in 0..20 {
        let capabilities: Vec<_> = (0..10).map(|index| format!("capability-{index}")).collect();
        bus.wire().register_as(json!({ "repo": format!("Repo{repo}"), "capabilities": capabilities }));
    }
    let before = memory(bus.pid());
    let mut wire = bus.wire();
    wire.limit_writing();
    let question = format!("{}\n", json!({ "op": "state" })).repeat(1000);
    let mut most = 0;
    for _ in 0..500 {
        let taken = wire.try_write(question.as_bytes());
        most = most.max(memory(bus.pid()));
        if !taken {
            break;
        }
    }
    let grown = most.saturating_sub(before);
    assert!(grown < 64 << 20, "the bus grew by {} MiB", grown >> 20);
    assert_eq!(bus.wire().ask(json!({ "op": "ping" }))["op"], "pong");
}
