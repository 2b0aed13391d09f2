//! Text that wants to be something else: it is looked at in every pane, and none of it reaches the terminal as it is.
//!
//! Every byte that the console writes is recorded. What is not text in it has to be a sequence that the console itself
//! uses, and what is text has to be harmless.

use serde_json::{Value, json};
use veda_bus_core::text::is_hostile;

use super::{Console, live};
use crate::suite::harness::{Bus, Screen, message, text, with};

/// Moves the cursor, takes and asks for the clipboard, sets the title, hides, turns round, rings and forges lines.
const HOSTILE: &str = "a\u{1b}[2J\u{1b}[3;7r\u{1b}[6n\u{1b}c\u{1b}P+q544e\u{1b}\\\u{1b}]0;owned\u{7}\u{1b}]2;owned\u{1b}\\\
    \u{1b}]52;c;b3duZWQ=\u{7}\u{1b}]52;c;?\u{7}\u{1b}]8;;http://owned\u{7}\u{1b}[?1049l\u{1b}[?2004l\u{9b}31m\u{9d}0;owned\u{9c}\
    \u{202e}drowssap\u{202c}\u{2066}\u{200b}\u{200d}\u{feff}\u{ad}\u{34f}\u{7f}\u{8}\u{e0041}\r\nforged\tline\rover\u{2028}z";

/// How many marks may stand on a letter.
const MARKS: usize = 8;

/// The same, a tower of marks, and a word that never ends.
fn texts() -> [String; 3] {
    let tower = format!("tower e{}", "\u{301}".repeat(5_000));
    let endless = format!("endless {}", "x\u{202e}".repeat(225_000));
    [HOSTILE.to_owned(), tower, endless]
}

/// A message of every type in both forms, with `it` in every part that takes free text.
fn messages(name: &str, it: &str) -> Vec<Value> {
    let voters = json!(["LensSDK"]);
    let payloads = [
        (
            "Query",
            json!({ "question": it, "context": it, "response_format": it, it: { it: [it] } }),
            json!({ "answer": it, "comment": it }),
        ),
        (
            "RequestChange",
            json!({ "summary": it, "reason": it, "suggested_implementation": it, "urgency": it }),
            json!({ "decision": "countered", "counter_proposal": it, "comment": it }),
        ),
        (
            "Notify",
            json!({ "change_type": it, "summary": it, "migration_guide": it, "effective_version": it }),
            json!({ "findings": it, "comment": it }),
        ),
        (
            "Negotiate",
            json!({ "proposal": it, "affected_repos": voters, "benefits": [it, it], "requires_consensus": true }),
            json!({ "vote": "counter", "counter_proposal": it, "comment": it }),
        ),
        (
            "Task",
            json!({ "task_type": it, "description": it, "subtasks": { "LensSDK": it } }),
            json!({ "status": "blocked", "detail": it, "comment": it }),
        ),
    ];
    let both = |(kind, opening, answer): (&str, Value, Value)| {
        let id = format!("{name}{}", kind.to_lowercase());
        let opening = with(message(&id, "operator", kind, opening), "x", json!(it));
        let answer = message(&format!("{id}-answer"), "operator", kind, answer);
        [opening, with(answer, "reply_to", json!(id))]
    };
    payloads.into_iter().flat_map(both).collect()
}

/// One thing in what was written to the terminal.
#[derive(Debug, PartialEq)]
enum Piece {
    Text(String),
    /// `ESC [`, with what follows it.
    Control(String),
    /// `ESC ]`, with what follows it up to its end.
    Command(String),
    /// Any other.
    Other(String),
}

/// What was written, in its parts.
fn pieces(bytes: &[u8]) -> Vec<Piece> {
    let written = std::str::from_utf8(bytes).expect("what is written is UTF-8");
    let mut parts = written.split('\u{1b}');
    let mut pieces = vec![Piece::Text(parts.next().unwrap_or_default().to_owned())];
    for part in parts {
        let (piece, rest) = match part.chars().next() {
            Some('[') => {
                let end = part.char_indices().skip(1).find(|(_, c)| ('@'..='~').contains(c));
                let end = end.map_or(part.len(), |(at, _)| at + 1);
                (Piece::Control(part[1..end].to_owned()), &part[end..])
            }
            Some(']') => {
                let end = part.find('\u{7}').map_or(part.len(), |at| at + 1);
                (Piece::Command(part[1..end].to_owned()), &part[end..])
            }
            _ => (Piece::Other(part.to_owned()), ""),
        };
        pieces.extend([piece, Piece::Text(rest.to_owned())]);
    }
    pieces
}

/// Whether the console, or the shell, has a use for `ESC [` and this.
fn is_ours(control: &str) -> bool {
    let (parameters, end) = control.split_at(control.len() - 1);
    match end {
        "m" | "H" => parameters.chars().all(|c| c.is_ascii_digit() || c == ';'),
        "h" | "l" => matches!(
            parameters,
            "?25" | "?1000" | "?1002" | "?1003" | "?1004" | "?1006" | "?1015" | "?1049" | "?2004" | "?2026"
        ),
        "J" => parameters == "2",
        "t" => matches!(parameters, "22;0" | "23;0"),
        _ => false,
    }
}

/// Whether the console has a use for `ESC ]` and this.
fn is_our_command(command: &str) -> bool {
    let title = |title: &str| {
        let number = title.strip_prefix('(').and_then(|rest| rest.strip_suffix(") veda-bus"));
        title == "veda-bus" || number.is_some_and(|number| number.parse::<u32>().is_ok())
    };
    let command = command.strip_suffix('\u{7}').unwrap_or(command);
    command.strip_prefix("0;").is_some_and(title)
}

/// Nothing of `HOSTILE` is in what was written, but as text.
#[track_caller]
fn harmless(bytes: &[u8]) {
    for piece in pieces(bytes) {
        match piece {
            Piece::Text(text) => {
                let hostile: Vec<_> =
                    text.chars().filter(|&c| is_hostile(c) && !"\r\n".contains(c)).collect();
                assert!(hostile.is_empty(), "{hostile:?} is in {text:?}");
                assert!(!text.contains(&"\u{301}".repeat(MARKS)), "{text:?}");
            }
            Piece::Control(control) => assert!(is_ours(&control), "ESC [ {control:?}"),
            Piece::Command(command) => assert!(is_our_command(&command), "ESC ] {command:?}"),
            Piece::Other(other) => assert_eq!(other, "", "ESC and this"),
        }
    }
}

/// A console whose every byte is recorded, and an instance whose path wants to be something else.
fn open() -> (Console, crate::suite::harness::Wire) {
    let bus = Bus::start();
    let screen = Screen::open(&bus, 120, 40);
    screen.record();
    live(&screen);
    let console = Console { screen, bus };
    let mut lens = console.bus.wire();
    lens.register_as(json!({ "repo": "LensSDK", "path": format!("/home/{HOSTILE}") }));
    console.sees("LensSDK");
    (console, lens)
}

/// Looks at a message wherever it can be looked at.
fn look_at(console: &Console, message: &Value) {
    let id = text(message, "id");
    let heading = format!("╭ {} {}", text(message, "type"), &id[..id.len().min(8)]);
    console.command(&format!("show {id}"));
    console.sees(&heading);
    for key in ["NPage", "G", "g"] {
        console.keys(&[key]);
    }
    console.back_from(&heading);
}

/// Looks at every pane, alone and beside the others, and at what stands in the thread as text and as JSON.
fn look_around(console: &Console) {
    for (key, title) in
        [("1", "1 Instances"), ("3", "3 Needs you"), ("5", "5 Activity"), ("2", "2 Conversations")]
    {
        console.keys(&[key, "z"]);
        console.sees(title);
        console.keys(&["g", "G", "z"]);
        console.eventually("all panes are back", |text| {
            text.contains("1 Instances") && text.contains("5 Activity")
        });
    }
    console.keys(&["2", "g", "Enter"]);
    for _ in 0..2 {
        console.keys(&["g", "NPage", "NPage", "G", "J", "g", "NPage", "G", "J", "f", "f", "F", "F"]);
    }
    console.command("repo LensSDK");
    console.sees("Answers that it owes");
    console.back_from("Answers that it owes");
}

#[test]
fn nothing_of_it_reaches_the_terminal() {
    let (console, mut lens) = open();
    let mut all = Vec::new();
    for (number, it) in texts().iter().enumerate() {
        for message in messages(["h", "t", "e"][number], it) {
            // What is too long for one line of the protocol is left out in all fields but one.
            let message = if message.to_string().len() < 900_000 { message } else { shortened(&message, it) };
            lens.sends(&message);
            all.push(message);
        }
        console.sees(&format!("2 Conversations {}", (number + 1) * 5));
    }
    for message in &all {
        look_at(&console, message);
    }
    look_around(&console);
    assert_eq!(console.flag("pane_title"), format!("({}) veda-bus", needs(&console)));
    assert_eq!(console.clipboard(), "");
    let shown = console.text();
    assert!(!shown.lines().any(|line| line.contains("password")), "{shown}");
    console.command("show hquery");
    console.sees("\\x1b]0;owned\\x07");
    console.back_from("╭ Query hquery");
    assert_eq!(console.quit(), 0);
    harmless(&console.recorded());
}

/// How many things need the operator, as the status line says.
fn needs(console: &Console) -> usize {
    let text = console.eventually("it is said", |text| text.contains("things need you"));
    let before = text.split(" things need you").next().unwrap();
    before.rsplit(' ').next().unwrap().parse().unwrap()
}

/// The message with the text in the first place where it stands, and short ones elsewhere.
fn shortened(message: &Value, it: &str) -> Value {
    let whole = message.to_string();
    let escaped = serde_json::to_string(it).unwrap();
    let escaped = escaped.trim_matches('"');
    let mut parts = whole.splitn(2, escaped);
    let (before, after) = (parts.next().unwrap(), parts.next().unwrap());
    let short = after.replace(escaped, "endless, too");
    serde_json::from_str(&format!("{before}{escaped}{short}")).unwrap()
}

#[test]
fn not_through_what_is_answered_filtered_or_refused() {
    let (console, mut lens) = open();
    for message in messages("h", HOSTILE) {
        lens.sends(&message);
    }
    console.sees("2 Conversations 5");
    // The vote comes first; behind it is the task.
    console.keys(&["3", "j", "Enter", "r"]);
    console.sees("reply to");
    console.reaches("detail");
    // The text that is answered stands above the form; what is pasted stands in it.
    console.report("\x1b[200~\x1b]0;owned\x07\x1b[2J\x01\x1b[201~");
    console.paste("\u{202e}pasted\u{200b}\u{9b}31m");
    console.sees("pasted");
    console.keys(&["F2"]);
    console.sees("\"reply_to\"");
    console.keys(&["F2"]);
    console.back_from("4 Composer");
    console.keys(&["D"]);
    console.sees("Unfinished messages");
    console.back_from("Unfinished messages");
    for pasted in ["\u{202e}words\u{200b}", "=\u{202e}type == \u{9b}"] {
        console.keys(&["/"]);
        console.paste(pasted);
        console.keys(&["Enter"]);
        console.sees("2 Conversations");
        console.command("clear-filter");
    }
    console.keys(&[":"]);
    console.paste("theme \u{202e}\u{9b}31m");
    console.keys(&["Enter"]);
    console.sees("unknown theme");
    console.keys(&["2"]);
    console.compose("q");
    console.reaches("to");
    console.paste("\u{202e}LensSDK");
    console.sees("u{202e}");
    console.keys(&["C-s"]);
    console.back_from("4 Composer");
    assert_eq!(console.quit(), 0);
    harmless(&console.recorded());
}

#[test]
fn what_is_copied_is_as_harmless_as_what_is_shown() {
    let (console, mut lens) = open();
    lens.sends(&messages("h", HOSTILE)[0]);
    console.keys(&["2", "Enter"]);
    console.sees("Thread Query");
    console.keys(&["y"]);
    let copied = crate::suite::harness::eventually("it is copied", || {
        Some(console.clipboard()).filter(|copied| !copied.is_empty())
    });
    let hostile: Vec<_> = copied.chars().filter(|&c| is_hostile(c) && c != '\n').collect();
    assert!(hostile.is_empty(), "{hostile:?}");
    assert!(copied.contains("\\x1b]52;c;"), "{copied}");
}
