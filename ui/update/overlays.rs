//! Keys while something lies over the panes.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use veda_bus_core::message::MessageType;
use veda_bus_core::name::Seq;
use veda_bus_core::time::Millis;

use super::perform::{self, perform};
use super::{Effect, Leaving, availability, compose, decision, past, search};
use crate::action::{Action, Argument, Invocation, Scope};
use crate::app::overlay::{Choice, Command, Detail, Entry, Menu, Overlay, Purpose};
use crate::app::past::marks::Mark;
use crate::app::prompt::Prompt;
use crate::app::{App, pane::Pane};
use crate::view::clock;
use crate::words::counted;

/// How many commands are remembered.
const HISTORY: usize = 200;

pub(super) fn key(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    let is_away = key.code == KeyCode::Esc
        || key.modifiers.contains(KeyModifiers::CONTROL) && matches!(key.code, KeyCode::Char('c' | 'g'));
    if is_away {
        return close(app);
    }
    match app.overlay.take() {
        Some(Overlay::Help(top)) => app.overlay = scrolled(app, key, top).map(Overlay::Help),
        Some(Overlay::Detail(what, _)) if goes_to_thread(app, &what, key) => {}
        Some(Overlay::Detail(what, top)) => {
            app.overlay = scrolled(app, key, top).map(|top| Overlay::Detail(what, top));
        }
        Some(Overlay::Found(found)) => return search::key(app, found, key),
        Some(Overlay::Menu(menu)) => return menu_key(app, menu, key),
        Some(Overlay::Command(command)) => return command_key(app, command, key),
        Some(Overlay::Filter(prompt, before)) => return filter_key(app, prompt, before, key),
        Some(Overlay::Note { prompt, event, at }) => return note_key(app, prompt, event, at, key),
        Some(Overlay::Decision) => {
            app.overlay = Some(Overlay::Decision);
            return decision::key(app, key);
        }
        Some(Overlay::Rules(selected)) => app.overlay = decision::rules_key(app, key, selected),
        Some(Overlay::Confirm { question, then }) => match key.code {
            KeyCode::Char('y' | 'Y') | KeyCode::Enter => return perform::confirmed(app, &then),
            KeyCode::Char('n' | 'N' | 'q') => {}
            _ => app.overlay = Some(Overlay::Confirm { question, then }),
        },
        None => {}
    }
    Vec::new()
}

/// Takes away what lies over the panes, as if it had never been there.
fn close(app: &mut App) -> Vec<Effect> {
    match app.overlay.take() {
        Some(Overlay::Menu(Menu { purpose: Purpose::Theme(before), .. })) => {
            // It was on before, so that it can be put on again.
            let _ = app.look.wear(&before);
        }
        Some(Overlay::Filter(_, before)) => match before {
            Some(before) => perform::filter(app, &before),
            None => perform::unfilter(app),
        },
        _ => {}
    }
    Vec::new()
}

/// The key that goes to the thread does so from everything about a message, too: to the one that the message is in.
fn goes_to_thread(app: &mut App, what: &Detail, key: KeyEvent) -> bool {
    let bound = app.settings.keys.find(&[Scope::Anywhere], key.into());
    let is_bound = bound.is_some_and(|invocation| invocation.action == Action::Thread);
    match what {
        Detail::Message(seq) if is_bound && app.select_message(*seq) => app.focus = Pane::Thread,
        _ => return false,
    }
    true
}

/// The place after a key; `None` closes the box.
fn scrolled(app: &App, key: KeyEvent, top: usize) -> Option<usize> {
    let most = app.drawn.overlay;
    let page = usize::from(app.size.height).saturating_sub(6).max(1);
    let top = top.min(most);
    Some(match key.code {
        KeyCode::Down | KeyCode::Char('j') => (top + 1).min(most),
        KeyCode::Up | KeyCode::Char('k') => top.saturating_sub(1),
        KeyCode::PageDown | KeyCode::Char(' ' | 'f') => (top + page).min(most),
        KeyCode::PageUp | KeyCode::Char('b') => top.saturating_sub(page),
        KeyCode::Home | KeyCode::Char('g') => 0,
        KeyCode::End | KeyCode::Char('G') => most,
        KeyCode::Char('q' | '?' | 'i' | 'h') | KeyCode::Enter | KeyCode::Left | KeyCode::F(1) => return None,
        _ => top,
    })
}

impl Menu {
    fn new(purpose: Purpose, title: &str, entries: Vec<Entry>, typed: bool) -> Self {
        Self {
            purpose,
            title: title.to_owned(),
            shown: (0..entries.len()).collect(),
            entries,
            selected: 0,
            typed: typed.then(Prompt::default),
        }
    }

    /// Every action that can be called by its name.
    pub(super) fn palette(app: &App) -> Self {
        let entries = Action::ALL.iter().map(|&action| Entry {
            name: action.name().to_owned(),
            doc: action.doc().to_owned(),
            key: app.settings.keys.keys_of(action).first().map(ToString::to_string).unwrap_or_default(),
            off: availability::of(app, action).err().map(str::to_owned),
            choice: Choice::Call(action.into()),
        });
        Self::new(Purpose::Palette, "Do what?", entries.collect(), true)
    }

    /// Every theme.
    pub(super) fn themes(app: &App) -> Self {
        let entry = |name: String| Entry {
            doc: if name == app.look.theme { "in force".to_owned() } else { String::new() },
            key: String::new(),
            off: None,
            choice: Choice::Theme(name.clone()),
            name,
        };
        let entries: Vec<_> = app.look.library.names().into_iter().map(entry).collect();
        let selected = entries.iter().position(|entry| entry.name == app.look.theme).unwrap_or_default();
        let purpose = Purpose::Theme(app.look.theme.clone());
        Self { selected, ..Self::new(purpose, "Theme", entries, true) }
    }

    /// The five types.
    pub(super) fn kinds(broadcast: bool) -> Self {
        let entries = MessageType::ALL.map(|kind| Entry {
            name: kind.as_str().to_owned(),
            doc: kind_doc(kind).to_owned(),
            key: kind_key(kind).to_string(),
            off: None,
            choice: Choice::Kind(kind),
        });
        let title = if broadcast { "Tell every repo" } else { "Write a new message" };
        Self::new(Purpose::Kind { broadcast }, title, entries.to_vec(), false)
    }

    /// The unfinished messages.
    pub(super) fn drafts(app: &App) -> Self {
        let titles = app.drafts.titles();
        let entries = titles.into_iter().enumerate().map(|(number, (_, title))| Entry {
            name: title,
            doc: String::new(),
            key: String::new(),
            off: None,
            choice: Choice::Draft(number),
        });
        Self::new(Purpose::Drafts, "Unfinished messages", entries.collect(), false)
    }

    /// The marks of the journal whose past is shown.
    pub(super) fn marks(app: &App) -> Self {
        let map = app.shown_past().and_then(|past| past.map.as_ref());
        let ends = map.and_then(|map| Some((map.first()?.0, map.last()?.0)));
        let off = |event: Seq| match ends {
            Some((first, _)) if event.next() < first => {
                Some(format!("its events are gone; the journal begins with event {first}"))
            }
            Some((_, last)) if event > last => Some(format!("the journal ends with event {last}")),
            _ => None,
        };
        let entry = |mark: &Mark| Entry {
            name: mark.name(),
            doc: format!("event {}, {}", mark.event, clock(mark.at, app.moment())),
            key: String::new(),
            off: off(mark.event),
            choice: Choice::Mark(mark.event),
        };
        let entries = app.marks.iter().map(entry).collect();
        Self::new(Purpose::Marks, "Marks (enter goes there, d deletes)", entries, false)
    }

    /// What becomes of a bus that this console hosts.
    pub(super) fn leave(app: &App) -> Self {
        let entry = |name: &str, key: &str, doc: &str, choice| Entry {
            name: name.to_owned(),
            doc: doc.to_owned(),
            key: key.to_owned(),
            off: None,
            choice,
        };
        let connected = counted(app.model.connected(), "instance");
        let verb = if app.model.connected() == 1 { "is" } else { "are" };
        let entries = vec![
            entry("leave it running", "b", "in the background; clients reconnect", Choice::KeepBus),
            entry("stop the bus", "s", "what waits stays in the journal", Choice::StopBus),
            entry("stay", "esc", "", Choice::Stay),
        ];
        Self::new(
            Purpose::Leave,
            &format!("{connected} {verb} connected to the bus in this console"),
            entries,
            false,
        )
    }

    fn choice(&self) -> Option<&Entry> {
        self.entries.get(*self.shown.get(self.selected)?)
    }

    /// Shows what matches, the best first.
    fn find(&mut self) {
        let Some(prompt) = &self.typed else { return };
        self.selected = 0;
        if prompt.text().trim().is_empty() {
            self.shown = (0..self.entries.len()).collect();
            return;
        }
        let pattern = Pattern::parse(prompt.text(), CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let mut score = |text: &str| pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher);
        let typed = prompt.text().trim();
        // What is called so goes before what only has to do with it.
        let rank = |(place, entry): (usize, &Entry)| {
            let rank = score(&entry.name)
                .map(|score| (if entry.name == typed { 2 } else { 1 }, score))
                .or_else(|| score(&entry.doc).map(|score| (0, score)));
            rank.map(|rank| (rank, place))
        };
        let mut found: Vec<_> = self.entries.iter().enumerate().filter_map(rank).collect();
        found.sort_by_key(|&(rank, place)| (std::cmp::Reverse(rank), place));
        self.shown = found.into_iter().map(|(_, place)| place).collect();
    }
}

fn kind_doc(kind: MessageType) -> &'static str {
    match kind {
        MessageType::RequestChange => "ask a repo to change something",
        MessageType::Query => "ask a question",
        MessageType::Notify => "announce a change",
        MessageType::Negotiate => "put a proposal to the vote",
        MessageType::Task => "hand out work, a part to each repo",
    }
}

fn kind_key(kind: MessageType) -> char {
    match kind {
        MessageType::RequestChange => 'r',
        MessageType::Query => 'q',
        MessageType::Notify => 'n',
        MessageType::Negotiate => 'v',
        MessageType::Task => 't',
    }
}

fn menu_key(app: &mut App, mut menu: Menu, key: KeyEvent) -> Vec<Effect> {
    let last = menu.shown.len().saturating_sub(1);
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Enter => return choose(app, menu),
        KeyCode::Down | KeyCode::Tab => {
            menu.selected = if menu.selected == last { 0 } else { menu.selected + 1 }
        }
        KeyCode::Up | KeyCode::BackTab => menu.selected = menu.selected.checked_sub(1).unwrap_or(last),
        KeyCode::Char('n') if ctrl => menu.selected = (menu.selected + 1).min(last),
        KeyCode::Char('p') if ctrl => menu.selected = menu.selected.saturating_sub(1),
        KeyCode::PageDown => menu.selected = (menu.selected + 10).min(last),
        KeyCode::PageUp => menu.selected = menu.selected.saturating_sub(10),
        KeyCode::Delete | KeyCode::Char('d') if menu.purpose == Purpose::Marks => {
            if let Some(Entry { choice: Choice::Mark(event), .. }) = menu.choice() {
                return past::delete_mark(app, *event, menu.selected);
            }
        }
        KeyCode::Char(typed) if menu.typed.is_none() => {
            let of_key = |entry: &&usize| {
                menu.entries.get(**entry).is_some_and(|entry| entry.key == typed.to_string())
            };
            if let Some(place) = menu.shown.iter().position(|entry| of_key(&entry)) {
                menu.selected = place;
                return choose(app, menu);
            }
            match typed {
                'j' => menu.selected = (menu.selected + 1).min(last),
                'k' => menu.selected = menu.selected.saturating_sub(1),
                _ => {}
            }
        }
        _ => {
            let before = menu.typed.clone();
            if let Some(prompt) = &mut menu.typed {
                prompt.key(key);
            }
            if menu.typed != before {
                menu.find();
            }
        }
    }
    preview(app, &menu);
    app.overlay = Some(Overlay::Menu(menu));
    Vec::new()
}

/// A theme is put on as soon as it is selected.
fn preview(app: &mut App, menu: &Menu) {
    if let (Purpose::Theme(_), Some(Entry { choice: Choice::Theme(name), .. })) =
        (&menu.purpose, menu.choice())
        && let Err(error) = app.look.wear(name)
    {
        app.complain(error.to_string());
    }
}

/// The entry at this line was clicked.
pub(super) fn click(app: &mut App, place: usize) -> Vec<Effect> {
    match app.overlay.take() {
        Some(Overlay::Menu(mut menu)) => {
            menu.selected = place;
            choose(app, menu)
        }
        Some(Overlay::Found(mut found)) => {
            found.selected = place;
            search::open(app, &found)
        }
        other => {
            app.overlay = other;
            Vec::new()
        }
    }
}

fn choose(app: &mut App, menu: Menu) -> Vec<Effect> {
    let Some(entry) = menu.choice().cloned() else {
        app.overlay = Some(Overlay::Menu(menu));
        return Vec::new();
    };
    if let Some(why) = entry.off {
        app.complain(format!("{}: {why}", entry.name));
        return Vec::new();
    }
    match entry.choice {
        Choice::Call(invocation) => return call(app, &invocation),
        Choice::Theme(name) => {
            return perform(app, &Invocation { action: Action::Theme, argument: Some(name) });
        }
        Choice::Kind(kind) => compose::begin(app, kind, menu.purpose == Purpose::Kind { broadcast: true }),
        Choice::Draft(number) => {
            if let Some((key, _)) = app.drafts.titles().into_iter().nth(number) {
                perform::write(app, key);
            }
        }
        Choice::Mark(event) => return past::go_to_mark(app, event),
        Choice::StopBus => return vec![Effect::Leave(Leaving::Quit)],
        Choice::KeepBus => return vec![Effect::Leave(Leaving::KeepBus)],
        Choice::Stay => {}
    }
    Vec::new()
}

/// Does an action from the palette or the command line. What needs a text is asked for it there.
fn call(app: &mut App, invocation: &Invocation) -> Vec<Effect> {
    let is_needed = invocation.action.argument() == Argument::Message
        && availability::of(app, invocation.action).is_err();
    if invocation.argument.is_none() && is_needed {
        app.overlay = Some(command_line(app, &format!("{} ", invocation.action)));
        return Vec::new();
    }
    let into_thread = invocation.action.scope() == Scope::Thread && app.focus == Pane::Composer;
    if into_thread {
        app.focus = Pane::Thread;
    }
    perform(app, invocation)
}

/// The command line, with something on it.
pub(super) fn command_line(app: &App, text: &str) -> Overlay {
    let mut command = Command {
        prompt: Prompt::new(text),
        back: 0,
        typed: String::new(),
        completions: Vec::new(),
        taken: None,
        error: None,
    };
    command.completions = completions(text, app);
    Overlay::Command(command)
}

fn command_key(app: &mut App, mut command: Command, key: KeyEvent) -> Vec<Effect> {
    match key.code {
        KeyCode::Enter => return enter(app, command),
        KeyCode::Backspace if command.prompt.text().is_empty() => return Vec::new(),
        KeyCode::Tab | KeyCode::BackTab => complete(&mut command, key.code == KeyCode::BackTab),
        KeyCode::Up | KeyCode::Down => recall(app, &mut command, key.code == KeyCode::Up),
        _ => {
            if command.prompt.key(key) {
                retyped(app, &mut command);
            }
        }
    }
    app.overlay = Some(Overlay::Command(command));
    Vec::new()
}

fn retyped(app: &App, command: &mut Command) {
    command.completions = completions(command.prompt.text(), app);
    command.taken = None;
    command.back = 0;
    command.error = None;
}

/// Something was pasted into what lies over the panes.
pub(super) fn typed(app: &mut App) -> Vec<Effect> {
    match app.overlay.take() {
        Some(Overlay::Command(mut command)) => {
            retyped(app, &mut command);
            app.overlay = Some(Overlay::Command(command));
        }
        Some(Overlay::Menu(mut menu)) => {
            menu.find();
            app.overlay = Some(Overlay::Menu(menu));
        }
        Some(Overlay::Filter(prompt, before)) => {
            live_filter(app, &prompt);
            app.overlay = Some(Overlay::Filter(prompt, before));
        }
        other => app.overlay = other,
    }
    Vec::new()
}

fn enter(app: &mut App, mut command: Command) -> Vec<Effect> {
    let line = command.prompt.text().trim().to_owned();
    if line.is_empty() {
        return Vec::new();
    }
    match line.parse::<Invocation>() {
        Ok(invocation) => {
            app.history.retain(|known| *known != line);
            app.history.push(line);
            if app.history.len() > HISTORY {
                app.history.remove(0);
            }
            app.is_unsaved = true;
            call(app, &invocation)
        }
        Err(error) => {
            command.error = Some(error.to_string());
            app.overlay = Some(Overlay::Command(command));
            Vec::new()
        }
    }
}

fn complete(command: &mut Command, backwards: bool) {
    let count = command.completions.len();
    if count == 0 {
        return;
    }
    let next = match (command.taken, backwards) {
        (None, false) => 0,
        (None, true) => count - 1,
        (Some(taken), false) => (taken + 1) % count,
        (Some(taken), true) => (taken + count - 1) % count,
    };
    command.taken = Some(next);
    command.prompt = Prompt::new(command.completions[next].clone());
}

/// Brings an earlier command back, or a later one.
fn recall(app: &App, command: &mut Command, earlier: bool) {
    if command.back == 0 {
        command.prompt.text().clone_into(&mut command.typed);
    }
    let back = if earlier { command.back + 1 } else { command.back.saturating_sub(1) };
    let text = match app.history.len().checked_sub(back) {
        Some(place) if back > 0 => app.history.get(place).cloned(),
        Some(_) => Some(command.typed.clone()),
        None => None,
    };
    if let Some(text) = text {
        command.back = back;
        command.prompt = Prompt::new(text);
        command.completions.clear();
        command.taken = None;
    }
}

/// What a line could become.
fn completions(line: &str, app: &App) -> Vec<String> {
    let Some((name, rest)) = line.split_once(' ') else {
        let names = Action::ALL.iter().map(|action| action.name());
        let (begin, within): (Vec<_>, Vec<_>) =
            names.filter(|name| name.contains(line)).partition(|name| name.starts_with(line));
        return begin.into_iter().chain(within).map(str::to_owned).collect();
    };
    let Ok(Invocation { action, .. }) = name.parse::<Invocation>() else { return Vec::new() };
    let values: Vec<String> = match action.argument() {
        Argument::Theme => app.look.library.names(),
        Argument::Kind => MessageType::ALL.iter().map(|kind| kind.as_str().to_lowercase()).collect(),
        Argument::Repo => app.repos().iter().map(ToString::to_string).collect(),
        Argument::Place => past::places(app),
        Argument::Speed => ["0.25", "0.5", "1", "4", "30", "1000", "max"].map(str::to_owned).to_vec(),
        Argument::None | Argument::Filter | Argument::Message | Argument::Search => Vec::new(),
    };
    let wanted = rest.trim_start().to_lowercase();
    let fitting = values.into_iter().filter(|value| value.to_lowercase().contains(&wanted));
    fitting.map(|value| format!("{name} {value}")).collect()
}

fn note_key(app: &mut App, mut prompt: Prompt, event: Seq, at: Millis, key: KeyEvent) -> Vec<Effect> {
    if key.code == KeyCode::Enter {
        let note = prompt.text().trim().to_owned();
        return past::noted(app, Mark { event, at, note });
    }
    prompt.key(key);
    app.overlay = Some(Overlay::Note { prompt, event, at });
    Vec::new()
}

fn filter_key(app: &mut App, mut prompt: Prompt, before: Option<String>, key: KeyEvent) -> Vec<Effect> {
    match key.code {
        KeyCode::Enter => {
            perform::filter(app, prompt.text());
            app.focus = Pane::Conversations;
            // A new filter has found nothing before it has looked.
            let effects = super::feed::look(app);
            let listing = app.listing();
            let first = listing.ends().and_then(|(newest, _)| listing.from(newest).next());
            if let Some(thread) = first.map(|(_, thread)| thread.clone()) {
                app.select_thread(&thread);
            }
            return effects;
        }
        KeyCode::Backspace if prompt.text().is_empty() => {
            perform::unfilter(app);
            return Vec::new();
        }
        _ => {
            if prompt.key(key) {
                live_filter(app, &prompt);
            }
        }
    }
    app.overlay = Some(Overlay::Filter(prompt, before));
    super::feed::look(app)
}

/// Words are tried while they are typed; an expression only when it is whole.
fn live_filter(app: &mut App, prompt: &Prompt) {
    if !prompt.text().starts_with('=') {
        perform::filter(app, prompt.text());
    }
}
