//! What was written is never lost: not by a refusal, not by a closed pane, not by a kill.

use std::fs;

use serde_json::json;

use super::Console;
use crate::suite::harness::{Bus, eventually, query};
use crate::suite::screen::is_running;

#[test]
fn a_refusal_keeps_the_draft_and_stands_at_the_field_that_it_names() {
    let console = Console::open();
    let mut lens = console.bus.instance("LensSDK");
    console.bus.wire().register_as(json!({ "repo": "AuthCore", "capabilities": ["auth"] }));
    console.sees("AuthCore");
    console.compose("q");
    console.fill(&[("to", "LensSDK"), ("capabilities", "auth"), ("question", "may I?")]);
    console.sees("ready to send");
    console.keys(&["C-s"]);
    console.sees("refused: no_capable_instance");
    console.sees("may I?");
    // The refusal is about the capabilities, so that is where the keys go.
    let at = |text: &str| super::focused(text).as_deref() == Some("capabilities");
    console.eventually("the field has the focus", at);
    console.keys(&["C-u"]);
    console.sees("ready to send");
    console.keys(&["C-s"]);
    assert_eq!(lens.receive()["payload"], json!({ "question": "may I?" }));
    console.sees_not("4 Composer");
}

#[test]
fn an_unknown_repo_can_be_meant() {
    let console = Console::open();
    console.compose("q");
    console.fill(&[("to", "Nobody"), ("question", "are you there?")]);
    console.sees("to be mended: to");
    console.keys(&["C-s"]);
    console.sees("this bus has never seen a repo \"Nobody\"");
    console.keys(&["M-u"]);
    console.sees("ready to send");
    console.keys(&["C-s"]);
    console.sees_not("4 Composer");
    assert_eq!(console.bus.instance("Nobody").receive()["payload"], json!({ "question": "are you there?" }));
}

#[test]
fn a_full_mailbox_keeps_the_draft_until_there_is_room() {
    let console = Console::with(Bus::with("mailbox_messages = 1"), 120, 40, &[]);
    drop(console.bus.instance("LensSDK"));
    console.bus.instance("Flagship").sends(&query("takes-the-room", "LensSDK"));
    console.compose("q");
    console.fill(&[("to", "LensSDK"), ("question", "room for me?")]);
    console.keys(&["C-s"]);
    console.sees("refused: mailbox_full");
    let mut lens = console.bus.instance("LensSDK");
    assert_eq!(lens.receive()["id"], "takes-the-room");
    lens.ack("read", &["takes-the-room"]);
    console.keys(&["C-s"]);
    assert_eq!(lens.receive()["payload"], json!({ "question": "room for me?" }));
    console.sees_not("4 Composer");
}

/// Waits until what the console remembers has `wanted` in it.
fn is_kept(console: &Console, wanted: &str) {
    let folder = console.bus.home().join(".veda/console");
    eventually("it is written down", || {
        let files = fs::read_dir(&folder).ok()?.filter_map(Result::ok);
        let is_there =
            |file: fs::DirEntry| fs::read_to_string(file.path()).is_ok_and(|text| text.contains(wanted));
        files.into_iter().any(is_there).then_some(())
    });
}

#[test]
fn a_draft_survives_a_closed_pane_a_kill_and_a_restart() {
    let console = Console::open();
    let mut lens = console.bus.instance("LensSDK");
    console.sees("● LensSDK");
    console.compose("q");
    console.fill(&[("to", "LensSDK"), ("question", "line one\nzeile zwei: ü"), ("context", "kept")]);
    console.back_from("4 Composer");
    console.keys(&["D"]);
    console.sees("Unfinished messages");
    console.keys(&["Enter"]);
    console.sees("zeile zwei: ü");

    is_kept(&console, "kept");
    // It ends with its terminal, by a signal that nobody can catch.
    let pid = console.pid_of("veda-bus");
    let Console { screen, bus } = console;
    drop(screen);
    eventually("it is killed", || (!is_running(pid)).then_some(()));
    let console = Console::with(bus, 120, 40, &[]);
    console.keys(&["D"]);
    console.sees("Unfinished messages");
    console.keys(&["Enter"]);
    console.sees("line one");
    console.keys(&["C-s"]);
    let payload = json!({ "question": "line one\nzeile zwei: ü", "context": "kept" });
    assert_eq!(lens.receive()["payload"], payload);
    console.sees_not("4 Composer");
    console.keys(&["D"]);
    console.sees("there is no unfinished message");
}

#[test]
fn a_message_that_no_bus_takes_is_kept_and_sent_once_it_is_back() {
    let mut console = Console::open();
    console.bus.instance("LensSDK");
    console.sees("LensSDK");
    console.compose("q");
    console.fill(&[("to", "LensSDK"), ("question", "through the gap")]);
    console.bus.kill();
    console.sees("RECONNECTING");
    console.keys(&["C-s"]);
    console.sees("no bus answers; the draft is kept");
    console.sees("through the gap");
    console.bus.restart();
    console.sees(" LIVE ");
    console.keys(&["C-s"]);
    let mut lens = console.bus.instance("LensSDK");
    assert_eq!(lens.receive()["payload"], json!({ "question": "through the gap" }));
    console.sees_not("4 Composer");
    // Had it been sent twice, the other would be here by now.
    console.bus.instance("Flagship").sends(&query("last", "LensSDK"));
    assert_eq!(lens.receive()["id"], "last");
}
