//! What is shown of votes and holds, from events made by hand.

mod hold;
mod negotiation;
mod task;

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use serde_json::{Value, json};
use veda_bus_core::journal::line::decode;
use veda_bus_core::time::Millis;

use super::*;
use crate::app::{Hosting, Place};
use crate::link::Piece;
use crate::look::Look;
use crate::settings::Settings;
use crate::update::{Msg, update};

/// A quarter past some hour: whatever the time zone, a quarter of an hour from here is within one day.
const BEGIN: Millis = Millis(1_700_000_100_000);

/// A console that is told events one after the other.
struct Tale {
    app: App,
    seq: u64,
}

impl Tale {
    /// A console with every sign and all colours, but for what these variables say.
    fn new(variables: &[(&str, &str)]) -> Self {
        let usual = [("LANG", "C.UTF-8"), ("TERM", "xterm-256color"), ("COLORTERM", "truecolor")];
        let look = Look::detect(None, &|name| {
            let mut all = variables.iter().chain(&usual);
            all.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        });
        let place = Place { socket: "/tmp/veda.sock".into(), socket_flag: String::new() };
        let size = Size::new(120, 40);
        let app = App::new(Settings::default(), look, place, Hosting::Attached, size, BEGIN);
        Self { app, seq: 0 }
    }

    /// Something happens now.
    fn event(&mut self, name: &str, members: &Value) -> Seq {
        self.seq += 1;
        let now = self.app.now;
        let (members, at, chain) = (members.to_string(), now.0, "0".repeat(32));
        let members = &members[1..members.len() - 1];
        let line =
            format!(r#"{{"seq":{},"at":{at},"event":"{name}",{members},"chain":"{chain}"}}"#, self.seq);
        let recorded = decode(&line).unwrap().0;
        assert_eq!(recorded.event.name(), name);
        update(&mut self.app, Msg::Piece(Piece::Events(vec![recorded])), now);
        Seq(self.seq)
    }

    fn pass(&mut self, seconds: u64) {
        self.app.now = Millis(self.app.now.0 + seconds * 1000);
    }

    /// A message to these repos, which dies in an hour.
    fn send(&mut self, id: &str, from: &str, to: &[&str], kind: &str, payload: &Value) -> Seq {
        let to: Vec<_> = to.iter().map(|repo| json!({ "repo": repo })).collect();
        self.send_as(id, from, &to, &json!({ "type": kind, "payload": payload }), &json!({ "thread": id }))
    }

    /// A message that answers another one of the thread `thread`.
    fn answer(&mut self, id: &str, from: &str, to: &[&str], thread: &str, payload: &Value) -> Seq {
        let parent = self.app.model.state.message(&thread.parse().unwrap()).unwrap().seq;
        let message = json!({ "type": "Negotiate", "payload": payload, "reply_to": thread });
        let to: Vec<_> = to.iter().map(|repo| json!({ "repo": repo })).collect();
        self.send_as(id, from, &to, &message, &json!({ "thread": thread, "parent": parent }))
    }

    fn send_as(&mut self, id: &str, from: &str, to: &[Value], message: &Value, more: &Value) -> Seq {
        let envelope = json!({
            "id": id, "from": { "repo": from }, "to": { "repo": "*" }, "priority": "normal",
            "timestamp": self.app.now.seconds(),
        });
        let event = json!({ "by": from, "expires_at": self.app.now.0 + 3_600_000, "recipients": to });
        let message = merged(envelope, message);
        let event = merged(merged(event, more), &json!({ "message": message }));
        self.event("accepted", &event)
    }

    fn join(&mut self, repo: &str) {
        let members =
            json!({ "instance": repo, "repo": repo, "accept_requests_from": ["*"], "receive": "all" });
        self.event("registered", &members);
    }

    /// An instance of a repo took a step with a message: `delivered`, `read`.
    fn step(&mut self, name: &str, repo: &str, id: &str) {
        self.event(name, &json!({ "repo": repo, "instance": repo, "ids": [id] }));
    }

    /// The whole screen, at this size.
    fn screen(&self, width: u16, height: u16) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        draw(&self.app, &mut buffer);
        let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..height).map(|y| timeless(line(y).trim_end()) + "\n").collect()
    }
}

fn merged(mut one: Value, other: &Value) -> Value {
    one.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    one
}

/// Rows as text, with `·` for the digits of times of day, which depend on the time zone.
fn pictured(rows: &[Row]) -> String {
    rows.iter().map(|row| timeless(row.text().trim_end()) + "\n").collect()
}

/// A line with `·` for the digits of dates and of times of day.
fn timeless(line: &str) -> String {
    let mut characters: Vec<char> = line.chars().collect();
    for pattern in ["dddd-dd-dd", "dd:dd:dd", "dd:dd"] {
        let pattern: Vec<char> = pattern.chars().collect();
        for at in 0..(characters.len() + 1).saturating_sub(pattern.len()) {
            let place = &mut characters[at..at + pattern.len()];
            if place
                .iter()
                .zip(&pattern)
                .all(|(c, wanted)| if *wanted == 'd' { c.is_ascii_digit() } else { c == wanted })
            {
                place.iter_mut().filter(|c| c.is_ascii_digit()).for_each(|c| *c = '·');
            }
        }
    }
    characters.into_iter().collect()
}

/// Everything that a row may hold of somebody's: nothing of it may reach a terminal.
const HOSTILE: &str = "evil\u{1b}[31m\u{202e}\u{200b}\u{7}\r\nsecond\tline e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}";

fn assert_harmless(rows: &[Row], width: usize) {
    for row in rows {
        let text = row.text();
        assert!(!text.chars().any(veda_bus_core::text::is_hostile), "{text:?}");
        assert!(!text.contains(&"\u{301}".repeat(5)), "{text:?}");
        assert!(row.width() <= width, "{} > {width}: {text:?}", row.width());
    }
}
