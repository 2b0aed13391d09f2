//! What lies over the panes and takes the keys while it does.

use veda_bus_core::message::MessageType;
use veda_bus_core::name::{RepoName, Seq};
use veda_bus_core::time::Millis;

use super::prompt::Prompt;
use crate::action::Invocation;
use crate::row::Row;

/// See the [module](self).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overlay {
    /// Every key and command; how many lines are above the box.
    Help(usize),
    /// Everything about something.
    Detail(Detail, usize),
    /// A list to choose from.
    Menu(Menu),
    /// What a search has found.
    Found(Hits),
    /// A command is typed.
    Command(Command),
    /// A filter is typed; what was there before.
    Filter(Prompt, Option<String>),
    /// A note is typed for a mark at an event.
    Note {
        /// The line.
        prompt: Prompt,
        /// The event.
        event: Seq,
        /// When it was.
        at: Millis,
    },
    /// The decision in [`Decisions::open`](super::decision::Decisions::open) is confirmed, or not.
    Decision,
    /// The rules in force; which of the standing ones is selected.
    Rules(usize),
    /// A question that is answered with yes or no.
    Confirm {
        /// What is asked.
        question: String,
        /// What is done after a yes.
        then: Confirmed,
    },
}

/// What is done after a yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmed {
    /// The draft is thrown away.
    Discard,
    /// Every conversation is marked as read.
    MarkAllRead,
}

/// What everything is shown about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// A message.
    Message(Seq),
    /// A repo.
    Repo(RepoName),
}

/// What a search has found, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hits {
    /// What was looked for.
    pub line: String,
    /// The best of it.
    pub hits: Vec<Listed>,
    /// How many there are in all.
    pub total: u64,
    /// How many lines could not be looked at.
    pub unreadable: u64,
    /// How many events are missing there.
    pub missing: u64,
    /// Which one is selected.
    pub selected: usize,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The event.
    pub seq: Seq,
    /// When, from whom, for whom, what it is.
    pub head: Row,
    /// Where in it something was found.
    pub lines: Vec<Row>,
}

/// What a menu is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Some action, found by its name.
    Palette,
    /// A theme; the one that was in force before.
    Theme(String),
    /// The type of a new message; whether it is for everyone.
    Kind {
        /// Whether it is for everyone.
        broadcast: bool,
    },
    /// A draft.
    Drafts,
    /// What becomes of the bus.
    Leave,
    /// The marks of a journal.
    Marks,
}

/// What choosing an entry means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// It calls an action.
    Call(Invocation),
    /// It is this theme.
    Theme(String),
    /// It is this type of message.
    Kind(MessageType),
    /// It is the draft with this number.
    Draft(usize),
    /// It is the mark at this event.
    Mark(Seq),
    /// The bus ends with the console.
    StopBus,
    /// The bus goes on without the console.
    KeepBus,
    /// Nothing.
    Stay,
}

/// A line of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is typed to find it.
    pub name: String,
    /// What it means.
    pub doc: String,
    /// The key that does the same elsewhere, or chooses it here.
    pub key: String,
    /// Why it can not be chosen now.
    pub off: Option<String>,
    /// What it does.
    pub choice: Choice,
}

/// A list to choose from, by arrows or by typing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Menu {
    /// What it is for.
    pub purpose: Purpose,
    /// What stands above it.
    pub title: String,
    /// All entries.
    pub entries: Vec<Entry>,
    /// Those that match what was typed, the best first.
    pub shown: Vec<usize>,
    /// The selected one of those.
    pub selected: usize,
    /// What was typed; `None` where nothing can be.
    pub typed: Option<Prompt>,
}

/// A command that is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The line.
    pub prompt: Prompt,
    /// Which earlier command is shown; 0 is what was typed.
    pub back: usize,
    /// What was typed before an earlier command was shown.
    pub typed: String,
    /// What the line could become, and which of it was taken.
    pub completions: Vec<String>,
    /// The completion that was taken.
    pub taken: Option<usize>,
    /// What was wrong with it when it was tried.
    pub error: Option<String>,
}
