//! What is put in front of a model at once: a page with room for so much, in whole lines.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, json};
use veda_bus_core::message::{Message, MessageType};
use veda_bus_core::name::{MessageId, RepoName, Seq};
use veda_bus_core::state::obligation::Word;
use veda_bus_core::state::view::ObligationView;
use veda_bus_core::text;
use veda_bus_core::time::Millis;
use veda_bus_core::wire::answer::Incoming;
use veda_bus_ui::ago;
use veda_bus_ui::words::counted;

use crate::agents::envelope::{self, Envelope, PREAMBLE, length};

/// How long the lines of a page may be together, so that with what stands around them it has at most 9,000 characters:
/// Claude Code cuts what has 10,000.
const LINES: usize = 7_800;

/// What of a request is told when it is told again, in characters.
const HEADLINE: usize = 200;

/// How many answers that are owed are told one by one.
const REMINDERS: usize = 10;

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Page {
    /// What is shown, and the events that accepted it.
    pub(super) messages: Vec<(MessageId, Seq)>,
    /// What was shown before, to somebody who may not have seen it.
    pub(super) again: Vec<(MessageId, Seq)>,
    /// What is shown without a body.
    pub(super) too_long: Vec<MessageId>,
    /// Requests that are called to mind.
    pub(super) reminded: Vec<MessageId>,
    /// How many messages wait in the inbox because they are not to be shown.
    pub(super) waiting: usize,
    /// Whether that is told.
    pub(super) tells_waiting: bool,
    /// For how many messages there is no room.
    left: usize,
    /// How many answers that are owed are not told one by one.
    reminders_left: usize,
    /// Whether there is news that says more than that something arrived.
    says_something: bool,
    /// What kinds of requests it shows.
    asks: Vec<MessageType>,
    /// What has arrived, without an answer so far, by the repos where.
    arrived: BTreeMap<RepoName, Vec<MessageId>>,
    message_lines: Vec<String>,
    again_lines: Vec<String>,
    reminder_lines: Vec<String>,
    length: usize,
}

impl Page {
    /// Puts a message on it; `is_news` when it came after the agent had stopped, or the agent works.
    pub(super) fn show(&mut self, incoming: &Incoming, is_news: bool) {
        if let Some(parent) = arrived(incoming) {
            self.show_arrived(incoming, parent);
            return;
        }
        let Some((line, is_whole)) = self.line(incoming) else {
            self.left += 1;
            return;
        };
        self.message_lines.push(line);
        self.says_something |= is_news && !incoming.message.payload.is_acknowledgement();
        self.note_kind(&incoming.message);
        let id = incoming.message.id.clone();
        if is_whole { self.messages.push((id, incoming.seq)) } else { self.too_long.push(id) }
    }

    /// Puts on it that a message has arrived: of many that is told in one line.
    fn show_arrived(&mut self, incoming: &Incoming, parent: &MessageId) {
        let takes = self.takes(&envelope::line(&(&incoming.message.from.repo, parent)));
        if !takes {
            self.left += 1;
            return;
        }
        let by = self.arrived.entry(incoming.message.from.repo.clone()).or_default();
        by.push(parent.clone());
        self.messages.push((incoming.message.id.clone(), incoming.seq));
    }

    /// Puts a message on it that was shown before.
    pub(super) fn show_again(&mut self, incoming: &Incoming) {
        let Some((line, _)) = self.line(incoming) else {
            self.left += 1;
            return;
        };
        self.again_lines.push(line);
        self.note_kind(&incoming.message);
        self.again.push((incoming.message.id.clone(), incoming.seq));
    }

    /// Calls a request to mind that waits for an answer.
    pub(super) fn remind(&mut self, owed: &ObligationView, request: Option<&Message>, now: Millis) {
        if self.again.iter().chain(&self.messages).any(|(id, _)| *id == owed.id) {
            return;
        }
        let headline = request.map(|request| text::plain(&request.payload.headline()));
        let line = envelope::line(&Reminder {
            from: &owed.to,
            verified: true,
            id: &owed.id,
            kind: owed.kind,
            since: ago::before(owed.since, now).0,
            due: ago::left(owed.due, now).0,
            said: owed.word.map(Word::as_str),
            body: headline.map(|headline| headline.chars().take(HEADLINE).collect()),
        });
        if self.reminded.len() >= REMINDERS || !self.takes(&line) {
            self.reminders_left += 1;
            return;
        }
        self.reminder_lines.push(line);
        self.reminded.push(owed.id.clone());
        self.asks.push(owed.kind);
    }

    /// The line of a message, and whether it has its body; `None` when there is no room for it.
    fn line(&mut self, incoming: &Incoming) -> Option<(String, bool)> {
        let mut envelope = Envelope::of(incoming);
        if length(&envelope.line()) > LINES {
            envelope = envelope.without_body();
        }
        let line = envelope.line();
        self.takes(&line).then_some((line, envelope.body.is_some()))
    }

    /// Whether there is room for a line, which is taken then. Once there was none there is none for what comes later, so
    /// that nothing overtakes.
    fn takes(&mut self, line: &str) -> bool {
        let length = self.length + length(line) + 1;
        let takes = self.left == 0 && length <= LINES;
        if takes {
            self.length = length;
        }
        takes
    }

    fn note_kind(&mut self, message: &Message) {
        if !message.payload.is_answer() {
            self.asks.push(message.kind());
        }
    }

    /// Whether it says nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.length == 0 && !(self.tells_waiting && self.waiting > 0)
    }

    /// Whether it says something for which an agent is to go on.
    pub(super) fn is_pressing(&self) -> bool {
        self.says_something || !self.again_lines.is_empty() || !self.reminder_lines.is_empty()
    }

    /// It as text, for the agent of `repo`.
    pub(super) fn text(&self, repo: &RepoName) -> String {
        let repo = text::plain(repo.as_str());
        let mut text = String::from("veda-bus: ");
        let new = self.message_lines.len();
        let mut sections = Vec::new();
        if new > 0 {
            let what = counted(new, "new message");
            sections
                .push((format!("{what} for {repo} from agents of other repositories."), &self.message_lines));
        }
        let arrived: Vec<_> = self.arrived.iter().map(|(by, ids)| arrived_line(by, ids)).collect();
        if !arrived.is_empty() {
            let count = self.arrived.values().map(Vec::len).sum::<usize>();
            let what = counted(count, "message");
            sections.push((format!("{what} from {repo} arrived, without an answer so far."), &arrived));
        }
        if !self.again_lines.is_empty() {
            let what = counted(self.again_lines.len(), "message");
            let why = "shown before, to a conversation that ended before its turn was over; nobody knows whether \
                       the agent has seen that.";
            sections.push((format!("{what} for {repo}, {why}"), &self.again_lines));
        }
        if !self.reminder_lines.is_empty() {
            let what = counted(self.reminder_lines.len(), "earlier request");
            let what = format!("{repo} owes an answer to {what}; \"body\" is the beginning of each.");
            sections.push((what, &self.reminder_lines));
        }
        for (place, (head, lines)) in sections.iter().enumerate() {
            text.push_str(head);
            if place == 0 {
                text.push(' ');
                text.push_str(PREAMBLE);
            }
            text.push('\n');
            for line in *lines {
                text.push_str(line);
                text.push('\n');
            }
        }
        text.push_str(&self.notes(sections.is_empty().then_some(&*repo)).join("\n"));
        text.trim_end().to_owned()
    }

    /// What stands below the lines; with the repo's name where there are none.
    fn notes(&self, alone: Option<&str>) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.too_long.is_empty() {
            let what = "The body of a message with body_characters is too long to be shown here";
            notes.push(format!("{what}; check_messages or get_thread gives it whole."));
        }
        if self.left > 0 {
            notes
                .push(format!("{} did not fit here and will be shown later.", counted(self.left, "message")));
        }
        if self.reminders_left > 0 {
            let more = counted(self.reminders_left, "more answer");
            notes.push(format!("{more} owed: check_messages lists them."));
        }
        if self.tells_waiting && self.waiting > 0 {
            notes.push(match alone {
                Some(repo) => {
                    let what = counted(self.waiting, "message");
                    format!("{what} for {repo} in the inbox: check_messages shows what waits there.")
                }
                None => format!("{} more in the inbox: check_messages.", self.waiting),
            });
        }
        notes.extend(self.tools());
        notes
    }

    /// The tools with which what is shown can be answered.
    fn tools(&self) -> Option<String> {
        use MessageType::{Negotiate, Query, RequestChange, Task};
        let has = |kinds: &[MessageType]| self.asks.iter().any(|kind| kinds.contains(kind));
        let tools = [
            (has(&[Query, RequestChange]), "reply_to_message answers a request or a question"),
            (has(&[Negotiate]), "vote_on_negotiation votes on a proposal"),
            (has(&[Task]), "update_task tells how far a task is"),
        ];
        let fit: Vec<_> = tools.into_iter().filter(|(fits, _)| *fits).map(|(_, what)| what).collect();
        (!fit.is_empty()).then(|| format!("Tools: {}.", fit.join("; ")))
    }
}

/// What a message says to have arrived, where it says no more.
fn arrived(incoming: &Incoming) -> Option<&MessageId> {
    let message = &incoming.message;
    let says_no_more =
        || Envelope::whole(incoming).body.is_some_and(|body| body.as_object().map_or(0, Map::len) == 1);
    message.reply_to.as_ref().filter(|_| message.payload.is_acknowledgement() && says_no_more())
}

fn arrived_line(by: &RepoName, ids: &[MessageId]) -> String {
    envelope::line(&json!({ "acknowledged_by": by, "verified": true, "ids": ids }))
}

/// A request that waits for an answer, as it reaches a model.
#[derive(Serialize)]
struct Reminder<'a> {
    from: &'a RepoName,
    verified: bool,
    id: &'a MessageId,
    #[serde(rename = "type")]
    kind: MessageType,
    since: String,
    due: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    said: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}
