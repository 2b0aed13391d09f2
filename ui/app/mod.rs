//! Everything that the console shows and remembers about showing it. `update` changes it, `view` draws it.
//!
//! | module | what is in it |
//! |---|---|
//! | [`pane`] | the panes, how the screen is divided, the sizes that the operator chose |
//! | [`listing`] | which conversations are listed: all, or those that match a filter |
//! | [`pick`] | which messages match what is typed |
//! | [`tree`] | a thread as a tree of messages |
//! | [`decision`] | what the operator decides, and how far that is |
//! | [`overlay`] | what lies over the panes: help, palette, command line, questions |
//! | [`prompt`] | a line that is typed |
//! | [`memory`] | what outlives the console: drafts, sizes, what was read |
//! | [`past`] | the past, while it is shown in place of the present |
//! | [`drawn`] | what the last frame was: what can be clicked, what was seen |

pub mod decision;
pub mod drawn;
pub mod listing;
pub mod memory;
pub mod overlay;
pub mod pane;
pub mod past;
pub mod pick;
pub mod prompt;
pub mod tree;

use std::collections::HashSet;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use ratatui::layout::Size;
use veda_bus_core::event::{Event, Recorded};
use veda_bus_core::name::{MessageId, RepoName, Seq};
use veda_bus_core::state::record::Record;
use veda_bus_core::state::view::StateView;
use veda_bus_core::time::Millis;

use crate::compose::{Checked, DraftKey, Drafts, Form};
use crate::look::Look;
use crate::model::Model;
use crate::model::needs::Need;
use crate::settings::Settings;
use crate::view::rounds::Differences;
use crate::view::thread::Bodies;
use decision::Decisions;
use drawn::Drawn;
use listing::{Filtered, Listing};
use overlay::Overlay;
use pane::{Pane, Sizes};
use past::Past;
use past::marks::Marks;
use past::player::Player;
use tree::Node;

/// Whether the bus is in this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hosting {
    /// Another process hosts it.
    Attached,
    /// It is being started here.
    Starting,
    /// It runs here.
    Here,
}

/// How the connection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// No bus has answered yet.
    Connecting,
    /// A bus answers.
    Connected,
    /// It went away, at this time, and is tried again.
    Lost(Millis),
}

/// The list of conversations.
#[derive(Debug, Default)]
pub struct Conversations {
    /// The selected one.
    pub selected: Option<MessageId>,
    /// The last message of the topmost one that is shown; `None` follows the newest.
    pub top: Option<Seq>,
    /// Only these are listed.
    pub filtered: Option<Filtered>,
}

impl Conversations {
    /// Whether the filter has more to look at that is at hand.
    pub(crate) fn is_looking(&self, model: &Model) -> bool {
        let filtered = self.filtered.as_ref();
        filtered.is_some_and(|filtered| !filtered.is_done() && !model.texts.is_fetching())
    }
}

/// The thread beside it.
#[derive(Debug, Clone, Default)]
pub struct ThreadView {
    /// The selected message.
    pub selected: Option<Seq>,
    /// The topmost message that is shown, and how many of its lines are above the pane.
    pub top: Option<(Seq, usize)>,
    /// Whether the end is kept in sight.
    pub follow: bool,
    /// The last message that had been read when it was opened: what came later is marked.
    pub seen: Seq,
    /// Messages whose answers are folded away.
    pub folded: HashSet<Seq>,
}

/// A list of few things: which one is selected.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The selected line.
    pub selected: usize,
    /// The topmost line that is shown.
    pub top: usize,
}

impl Cursor {
    /// Keeps the selection within `count` lines and in sight of `height` lines.
    pub fn clamp(&mut self, count: usize, height: usize) {
        self.selected = self.selected.min(count.saturating_sub(1));
        let lowest_top = (self.selected + 1).saturating_sub(height);
        self.top = self.top.clamp(lowest_top, self.selected.max(lowest_top)).min(count.saturating_sub(1));
    }
}

/// The activity: how far up it is scrolled.
#[derive(Debug, Default)]
pub struct ActivityView {
    /// The selected event; `None` follows the newest.
    pub selected: Option<Seq>,
}

/// What the operator is told for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// What.
    pub text: String,
    /// Whether it is bad news.
    pub is_error: bool,
    /// When it goes.
    pub until: Millis,
}

/// Facts that do not change while the console runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The socket of the bus.
    pub socket: PathBuf,
    /// What a command in another terminal needs to find that socket, with a space in front, or nothing.
    pub socket_flag: String,
}

/// See the [module](self).
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own; no two of them make a state")]
pub struct App {
    /// What is known of the swarm, at the moment that is shown.
    pub model: Model,
    /// The past, when it is shown or being opened.
    pub past: Option<Box<Past>>,
    /// How the past went when it was left last.
    pub player: Option<Player>,
    /// The marks of the journal whose past was opened.
    pub marks: Marks,
    /// What the operator likes.
    pub settings: Settings,
    /// What roles look like.
    pub look: Look,
    /// Where this is.
    pub place: Place,
    /// Whether the bus is in this process.
    pub hosting: Hosting,
    /// How the connection is.
    pub connection: Connection,
    /// The state of the bus when the connection began.
    pub bus: Option<Box<StateView>>,
    /// While the past is being loaded: the last event that was taken in, and the one up to which it goes.
    pub loading: Option<(Seq, Seq)>,
    /// The first event that was taken in.
    pub folded_from: Option<Seq>,
    /// The last one.
    pub reached: Seq,
    /// Whether no console of this operator has ever been here.
    pub is_first: bool,
    /// How many events are here and wait to be taken in.
    pub lag: usize,
    /// The longest line that the bus takes, in bytes.
    pub max_message_size: usize,
    /// Since when the console does not follow what happens.
    pub paused: Option<Millis>,
    /// Whether the terminal has the focus, as far as it tells.
    pub is_looked_at: bool,
    /// The time on the wall clock; what is told of the swarm is told as of [`App::moment`].
    pub now: Millis,
    /// The terminal's size.
    pub size: Size,
    /// The pane that keys go to.
    pub focus: Pane,
    /// Whether it has the whole screen.
    pub zoomed: bool,
    /// How the screen is divided.
    pub sizes: Sizes,
    /// Pane 1.
    pub instances: Cursor,
    /// The repo that was selected there: it stays selected when the list moves.
    pub chosen_repo: Option<RepoName>,
    /// Pane 2.
    pub conversations: Conversations,
    /// The thread of pane 2.
    pub thread: ThreadView,
    /// Whether messages are shown as JSON.
    pub raw: bool,
    /// Pane 3.
    pub needs: Cursor,
    /// What was selected there: it stays selected when the list moves.
    pub chosen_need: Option<Need>,
    /// The events that called for the operator when pane 3 was last looked at, so that what is new can be told.
    pub known_needs: HashSet<Seq>,
    /// What the operator decides.
    pub decisions: Decisions,
    /// Pane 4: what is being written.
    pub drafts: Drafts,
    /// Which of the drafts is in the composer.
    pub writing: Option<DraftKey>,
    /// What the bus would say of it.
    pub checked: Option<Checked>,
    /// Whether it is shown as JSON.
    pub preview: bool,
    /// The message that was just sent, until it comes back with the events.
    pub awaited: Option<MessageId>,
    /// The messages of which the bus was told that the operator has read them.
    pub told_read: HashSet<Seq>,
    /// The theme that the operator chose here, or in an earlier console.
    pub chosen_theme: Option<String>,
    /// The theme that the command line asked for, until another is chosen.
    pub asked_theme: Option<String>,
    /// Pane 5.
    pub activity: ActivityView,
    /// What lies over the panes.
    pub overlay: Option<Overlay>,
    /// What was typed on the command line before.
    pub history: Vec<String>,
    /// What the operator is told for a while.
    pub toast: Option<Toast>,
    /// What the last frame was.
    pub drawn: Drawn,
    /// Whether something that outlives the console has changed.
    pub is_unsaved: bool,
    pub(crate) trees: tree::Cache,
    pub(crate) bodies: Bodies,
    pub(crate) differences: Differences,
}

impl App {
    /// A console that knows nothing yet.
    pub fn new(
        settings: Settings,
        look: Look,
        place: Place,
        hosting: Hosting,
        size: Size,
        now: Millis,
    ) -> Self {
        Self {
            model: Model::new(settings.history),
            past: None,
            player: None,
            marks: Marks::default(),
            settings,
            look,
            place,
            hosting,
            connection: Connection::Connecting,
            bus: None,
            loading: None,
            folded_from: None,
            reached: Seq(0),
            is_first: true,
            lag: 0,
            max_message_size: usize::MAX,
            paused: None,
            is_looked_at: true,
            now,
            size,
            focus: Pane::Conversations,
            zoomed: false,
            sizes: Sizes::default(),
            instances: Cursor::default(),
            chosen_repo: None,
            conversations: Conversations::default(),
            thread: ThreadView { follow: true, ..ThreadView::default() },
            raw: false,
            needs: Cursor::default(),
            chosen_need: None,
            known_needs: HashSet::new(),
            decisions: Decisions::default(),
            drafts: Drafts::default(),
            writing: None,
            checked: None,
            preview: false,
            awaited: None,
            told_read: HashSet::new(),
            chosen_theme: None,
            asked_theme: None,
            activity: ActivityView::default(),
            overlay: None,
            history: Vec::new(),
            toast: None,
            drawn: Drawn::default(),
            is_unsaved: false,
            trees: tree::Cache::default(),
            bodies: Bodies::default(),
            differences: Differences::default(),
        }
    }

    /// The repos, in the order of pane 1: those with a connected instance first, then by name; the operator, who is
    /// here anyway, last.
    pub fn repos(&self) -> Vec<&RepoName> {
        let mut repos: Vec<_> = self.model.state.repos().iter().collect();
        repos.sort_by_key(|(name, repo)| (name.is_operator(), repo.connected.is_empty(), !repo.seen));
        repos.into_iter().map(|(name, _)| name).collect()
    }

    /// The last message of the selected conversation, by which it is listed.
    pub fn selected_last(&self) -> Option<Seq> {
        let thread = self.model.state.thread(self.conversations.selected.as_ref()?)?;
        thread.messages.last()
    }

    /// Selects the conversation that message `seq` is in, and the message; `false` when it is not remembered.
    pub fn select_message(&mut self, seq: Seq) -> bool {
        let Some(record) = self.model.state.record(seq) else { return false };
        let thread: MessageId = MessageId::clone(&record.thread);
        let mut above = record.parent();
        self.select_thread(&thread);
        // It is not to be folded away.
        while let Some(parent) = above {
            self.thread.folded.remove(&parent);
            above = self.model.state.record(parent).and_then(Record::parent);
        }
        self.thread.selected = Some(seq);
        self.thread.top = None;
        self.thread.follow = false;
        true
    }

    /// Selects a conversation; one that is selected anew is shown from its end.
    pub fn select_thread(&mut self, thread: &MessageId) {
        if self.conversations.selected.as_ref() == Some(thread) {
            return;
        }
        let last = self.model.state.thread(thread).and_then(|thread| thread.messages.last());
        self.conversations.selected = Some(thread.clone());
        let seen = self.model.threads.seen_of(thread);
        self.thread = ThreadView { selected: last, follow: true, seen, ..ThreadView::default() };
    }

    /// Forgets whatever is known of events by their numbers, which mean other events now.
    pub(crate) fn forget_numbers(&mut self) {
        self.model = Model::new(self.settings.history);
        self.conversations.selected = None;
        self.conversations.top = None;
        self.thread = ThreadView { follow: true, ..ThreadView::default() };
        self.activity.selected = None;
        self.told_read.clear();
        self.known_needs.clear();
        self.chosen_need = None;
        self.decisions.forget_numbers();
        self.bodies = Bodies::default();
        self.differences = Differences::default();
        self.trees = tree::Cache::default();
        if matches!(self.overlay, Some(Overlay::Detail(..) | Overlay::Decision)) {
            self.overlay = None;
        }
        self.is_unsaved = true;
    }

    /// Tells the operator something, for a while.
    pub fn say(&mut self, text: impl Into<String>) {
        self.toast(text, false);
    }

    /// Tells the operator that something did not work, for a while.
    pub fn complain(&mut self, text: impl Into<String>) {
        self.toast(text, true);
    }

    fn toast(&mut self, text: impl Into<String>, is_error: bool) {
        /// How long it stays, in milliseconds.
        const STAY: u64 = 6_000;
        self.toast = Some(Toast { text: text.into(), is_error, until: Millis(self.now.0 + STAY) });
    }

    /// The theme that goes before all others: the one asked for, else the one chosen, else the one in the settings.
    pub fn wanted_theme(&self) -> Option<&str> {
        let wanted = self.asked_theme.as_ref().or(self.chosen_theme.as_ref());
        wanted.or(self.settings.theme.as_ref()).map(String::as_str)
    }

    /// Whether the console shows anything but the first screen.
    pub fn is_empty(&self) -> bool {
        self.model.threads.is_empty() && self.model.connected() == 0
    }
}

impl App {
    /// What the list of conversations goes through.
    pub fn listing(&self) -> Listing<'_> {
        match &self.conversations.filtered {
            Some(filtered) => Listing::Matching(filtered),
            None => Listing::All(&self.model),
        }
    }

    /// The messages of the selected conversation, in the order of the tree.
    pub fn nodes(&self) -> Rc<Vec<Node>> {
        match &self.conversations.selected {
            Some(thread) => self.trees.get(&self.model.state, thread, &self.thread.folded),
            None => Rc::default(),
        }
    }

    /// What needs the operator now, and behind it what others still vote on.
    pub fn needs_now(&self) -> Arc<Vec<Need>> {
        self.model.needs.list(&self.model.state, self.moment())
    }

    /// How many things need the operator now.
    pub fn needs_count(&self) -> usize {
        self.model.needs.count(&self.model.state, self.moment())
    }

    /// The message that is selected in the pane that has the focus.
    pub fn selected_message(&self) -> Option<Seq> {
        match self.focus {
            Pane::Thread | Pane::Composer => self.thread.selected,
            Pane::Conversations => self.selected_last(),
            Pane::Needs => match self.selected_need()? {
                Need::Expired(event) => self.model.needs.dead_letter(event)?.message,
                Need::Attempt(event) => {
                    let id = self.model.needs.attempt(event)?.id.as_ref()?;
                    self.model.state.message(id).map(|record| record.seq)
                }
                Need::Halted(event) => {
                    let mut held = self.model.state.held_threads();
                    let (id, _) = held.find(|(_, thread)| thread.seq == event)?;
                    self.model.state.thread(id)?.messages.last()
                }
                Need::Rules(_) => None,
                need => Some(need.seq()),
            },
            Pane::Activity => self.selected_event().and_then(|event| self.message_of(event)),
            Pane::Instances => None,
        }
    }

    /// What is selected in pane 3.
    pub fn selected_need(&self) -> Option<Need> {
        let needs = self.needs_now();
        needs.get(self.need_line(&needs)).copied()
    }

    /// The selected line of pane 3: of what was chosen, or where it was.
    pub(crate) fn need_line(&self, needs: &[Need]) -> usize {
        let chosen = self.chosen_need.and_then(|chosen| needs.iter().position(|need| *need == chosen));
        chosen.unwrap_or(self.needs.selected).min(needs.len().saturating_sub(1))
    }

    /// The selected line of pane 1: of the repo that was chosen, or where it was.
    pub(crate) fn repo_line(&self, repos: &[&RepoName]) -> usize {
        let chosen = self.chosen_repo.as_ref();
        let chosen = chosen.and_then(|chosen| repos.iter().position(|repo| *repo == chosen));
        chosen.unwrap_or(self.instances.selected).min(repos.len().saturating_sub(1))
    }

    /// The selected event; the newest where they are followed.
    pub fn selected_event(&self) -> Option<&Recorded> {
        let events = &self.model.activity;
        match self.activity.selected {
            Some(seq) => events.get(events.partition_point(|event| event.seq < seq)),
            None => events.back(),
        }
    }

    /// The message that an event is about; of several, the first.
    pub fn message_of(&self, event: &Recorded) -> Option<Seq> {
        let id = match &event.event {
            Event::Accepted(_) => return Some(event.seq),
            Event::Routed(moved) | Event::Delivered(moved) | Event::Read(moved) => moved.ids.first()?,
            Event::Answered(answered) => &answered.answer,
            Event::Expired(expired) => &expired.id,
            Event::Noticed(noticed) => noticed.ids.first()?,
            Event::Proposed(proposed) => &proposed.negotiation,
            Event::Voted(voted) => &voted.message,
            Event::Round(round) => &round.message,
            Event::Tallied(tallied) => &tallied.negotiation,
            Event::Resolved(resolved) => &resolved.message,
            Event::Amended(amended) => &amended.message.id,
            Event::Released(released) => &released.id,
            Event::Denied(denied) => &denied.id,
            Event::Expiring(expiring) => &expiring.id,
            Event::Halted(halted) => &halted.thread,
            Event::Continued(continued) => &continued.thread,
            _ => return None,
        };
        self.model.state.message(id).map(|record| record.seq)
    }

    /// The message that is being written in the composer.
    pub fn form(&self) -> Option<&Form> {
        self.drafts.get(self.writing.as_ref()?)
    }
}
