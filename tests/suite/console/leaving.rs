//! What becomes of a bus that the console hosts, when instances are connected to it.

use std::fmt::Write as _;

use super::Host;
use crate::suite::harness::{Machine, Process, eventually, query, text};
use crate::suite::machine::BINARY;

/// Ends the bus of a machine, if there is one, whatever becomes of the test.
struct Ends<'a>(&'a Machine);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        let _ = self.0.command(BINARY).arg("stop").output();
    }
}

const REPOS: [&str; 2] = ["LensSDK", "Flagship"];

fn questions(numbers: std::ops::Range<usize>) -> String {
    numbers.fold(String::new(), |mut lines, number| {
        writeln!(lines, "{}", query(&format!("q{number}"), REPOS[number % 2])).unwrap();
        lines
    })
}

/// The ids of so many messages that a process prints.
fn printed(process: &mut Process, count: usize) -> Vec<String> {
    (0..count).map(|_| text(&process.json(), "id").to_owned()).collect()
}

#[test]
fn one_stays_or_stops_the_bus() {
    let host = Host::open();
    let lens = host.machine.join("LensSDK", &[]);
    host.screen.sees("1 instance ");
    host.screen.keys(&["q"]);
    host.screen.sees("1 instance is connected to the bus in this console");
    host.screen.escape();
    host.screen.sees_not("leave it running");
    host.machine.run(&["status"]).exits(0);
    host.screen.keys(&["q"]);
    host.screen.sees("stop the bus");
    host.screen.keys(&["s"]);
    assert_eq!(host.screen.ended(), 0);
    lens.says("the bus went away");
    host.machine.run(&["status"]).exits(3);
    host.machine.run(&["log", "verify"]).exits(0);
}

#[test]
fn the_bus_goes_on_in_the_background_and_nothing_is_lost() {
    let host = Host::open();
    let ends = Ends(&host.machine);
    let mut instances = REPOS.map(|repo| host.machine.join(repo, &[]));
    let mut sender = host.machine.spawn(&["send", "--message", "-", "--json"]);
    sender.write(questions(0..200).as_bytes());
    let mut receipts = printed(&mut sender, 20);
    host.screen.sees("2 instances");
    host.screen.keys(&["q"]);
    host.screen.sees("leave it running");
    host.screen.keys(&["b"]);
    sender.write(questions(200..400).as_bytes());
    assert_eq!(host.screen.ended(), 0, "{}", host.screen.text());
    assert!(host.screen.text().contains("the bus goes on in the background"), "{}", host.screen.text());
    sender.write(questions(400..600).as_bytes());
    sender.close_stdin();
    receipts.extend(printed(&mut sender, 580));
    assert_eq!(sender.wait().code(), Some(0), "{}", sender.stderr());
    assert_eq!(receipts, (0..600).map(|number| format!("q{number}")).collect::<Vec<_>>());
    for (place, (instance, repo)) in instances.iter_mut().zip(REPOS).enumerate() {
        let mut got = printed(instance, 300);
        got.sort_by_key(|id| id[1..].parse::<usize>().unwrap());
        let wanted = (0..600).filter(|number| number % 2 == place).map(|number| format!("q{number}"));
        assert_eq!(got, wanted.collect::<Vec<_>>());
        // Had anything come twice, it would come before this.
        let last = format!("last-{repo}");
        let line = query(&last, repo).to_string();
        host.machine.run_with(&["send", "--message", "-"], line.as_bytes()).exits(0);
        assert_eq!(printed(instance, 1), [last]);
    }
    // The next console attaches to it, and knows all that was.
    host.screen.run(&["veda-bus"]);
    host.screen.sees("attached");
    host.screen.sees("2 Conversations 602");
    host.screen.keys(&["q"]);
    assert_eq!(host.screen.ended(), 0);
    let pid = host.machine.run(&["status", "--json"]).exits(0).json()["pid"].as_u64().unwrap();
    drop(ends);
    host.machine.run(&["status"]).exits(3);
    eventually("it has ended", || {
        (!crate::suite::screen::is_running(u32::try_from(pid).unwrap())).then_some(())
    });
    host.machine.run(&["log", "verify"]).exits(0);
}
