//! Filters, and a pane that has the screen for itself.

use serde_json::json;

use super::Console;
use crate::suite::harness::{message, query};

/// A console with five conversations.
fn open() -> Console {
    let console = Console::open();
    console.bus.instance("LensSDK");
    let mut flagship = console.bus.instance("Flagship");
    let notice = |id: &str, summary: &str| {
        message(id, "LensSDK", "Notify", json!({ "change_type": "release", "summary": summary }))
    };
    for message in [
        query("q1", "LensSDK"),
        query("q2", "LensSDK"),
        notice("n1", "The token store moves"),
        notice("n2", "Nothing of interest"),
        message(
            "t1",
            "LensSDK",
            "Task",
            json!({ "task_type": "x", "description": "rename the tokens", "subtasks": { "LensSDK": "y" } }),
        ),
    ] {
        flagship.sends(&message);
    }
    console.sees("2 Conversations 5");
    console
}

/// Whether it is in the list of conversations, which is at the left.
fn lists(text: &str, wanted: &str) -> bool {
    text.lines().any(|line| line.split('│').nth(1).is_some_and(|column| column.contains(wanted)))
}

#[test]
fn by_words() {
    let console = open();
    console.keys(&["/"]);
    console.literal("token");
    console.sees("2 of 5");
    console.keys(&["Enter"]);
    let text = console.text();
    assert!(text.contains("The token store") && text.contains("rename the tokens"), "{text}");
    // The one that is new is found too, and the one that does not match is not.
    let mut flagship = console.bus.instance("Flagship");
    flagship.sends(&message(
        "n3",
        "LensSDK",
        "Notify",
        json!({ "change_type": "x", "summary": "token three" }),
    ));
    console.sees("3 of 6");
    console.keys(&["C-u"]);
    console.sees("2 Conversations 6");
}

#[test]
fn by_an_expression() {
    let console = open();
    console.keys(&["/"]);
    console.literal("=type == \"Query\"");
    console.keys(&["Enter"]);
    console.eventually("the notice is not listed", |text| !lists(text, "The token store"));
    let listed = console.text();
    assert!(lists(&listed, "question q1") && lists(&listed, "question q2"), "{listed}");
    console.escape();
    console.eventually("all are listed again", |text| lists(text, "The token store"));
    // One that is none is told of, and what is listed stays.
    console.keys(&["/"]);
    console.literal("=type ==");
    console.keys(&["Enter"]);
    console.sees("2 Conversations 5");
    console.sees("✗");
}

#[test]
fn a_filter_that_is_given_up_while_it_is_typed() {
    let console = open();
    console.keys(&["/"]);
    console.literal("token");
    console.sees("2 of 5");
    console.escape();
    console.sees("2 Conversations 5");
}

#[test]
fn a_pane_alone_and_back() {
    let console = open();
    let panes = ["1 Instances", "2 Conversations", "3 Needs you", "5 Activity"];
    for (key, title) in ["1", "2", "3", "5"].into_iter().zip(panes) {
        console.keys(&[key, "z"]);
        let others = panes.into_iter().filter(|other| *other != title).collect::<Vec<_>>();
        console.eventually(&format!("{title} is alone"), |text| {
            text.contains(title) && !others.iter().any(|other| text.contains(other))
        });
        console.keys(&["z"]);
        console.eventually("all are back", |text| panes.iter().all(|title| text.contains(title)));
    }
}
