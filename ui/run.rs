//! Runs the console: the one place where keys, time, the bus and the terminal meet.

use std::io::{self, Stdout};
use std::path::PathBuf;
use std::pin::Pin;
use std::time::{Duration, Instant};

use crossterm::event::{Event, EventStream};
use ratatui::layout::Size;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use veda_bus_core::time::Millis;

use crate::app::memory::{self, Memory};
use crate::app::past::marks::Marks;
use crate::app::past::{Past, Recording};
use crate::app::{App, Hosting, Place};
use crate::editor;
use crate::link::{Events, Link, Piece};
use crate::look::Look;
use crate::pace::{Dirty, Pace};
use crate::past::{Report, Worker};
use crate::screen::Screen;
use crate::search::{self, Findings, Searching};
use crate::settings::{Folders, Settings};
use crate::term::{self, Modes};
use crate::update::{Effect, Host, Leaving, Msg, drew, feed, past, update};
use crate::view;
use crate::watch::{Watched, Watcher};

/// How long events are taken in before the console looks for keys again.
const TAKE_IN: Duration = Duration::from_millis(4);

/// How long after a change it is written down.
const SAVE: Duration = Duration::from_millis(300);

/// Why a console can not begin, or go on.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The terminal can not be used.
    #[error("the terminal can not be used: {0}")]
    Terminal(#[from] io::Error),
    /// The theme that was asked for can not be had.
    #[error(transparent)]
    Theme(#[from] crate::theme::ThemeError),
}

/// What a console begins with.
#[derive(Debug)]
pub struct Start {
    /// Where the bus is, and how others find it.
    pub place: Place,
    /// Where the operator's own files are; without a home there are none.
    pub folders: Option<Folders>,
    /// The theme that was asked for on the command line.
    pub theme: Option<String>,
    /// What the bus in this process goes through, where it is in this process.
    pub host: Option<mpsc::UnboundedReceiver<Host>>,
    /// What is played in place of a bus.
    pub recording: Option<Recording>,
}

/// Shows the console until the operator leaves it. The terminal is as it was before, whatever way it ends.
///
/// # Errors
/// When the terminal can not be used, or there is no theme of the name that was asked for.
pub fn run(start: Start) -> Result<Leaving, ConsoleError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { Console::begin(start)?.run().await })
}

struct Console {
    app: App,
    screen: Screen<Stdout>,
    modes: Modes,
    input: Option<Pin<Box<EventStream>>>,
    /// The connection to the bus; a recording has none.
    link: Option<Link>,
    /// Who reads the past, while it is wanted.
    past: Option<Worker>,
    /// The search that is under way.
    searching: Option<Searching>,
    tell_findings: mpsc::UnboundedSender<Findings>,
    findings: mpsc::UnboundedReceiver<Findings>,
    host: Option<mpsc::UnboundedReceiver<Host>>,
    folders: Option<Folders>,
    memory: Option<Memory>,
    changed: mpsc::UnboundedReceiver<()>,
    _watcher: Option<Watcher>,
    pace: Pace,
    save_at: Option<Instant>,
    title: String,
    leaving: Option<Leaving>,
    ends: Ends,
}

/// The signals that end a console.
struct Ends {
    terminate: Signal,
    hangup: Signal,
    /// Ctrl-C in an editor that was opened from here is meant for the editor.
    _interrupt: Signal,
}

impl Ends {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            _interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

impl Console {
    fn begin(start: Start) -> Result<Self, ConsoleError> {
        let environment = |name: &str| std::env::var(name).ok();
        let themes = start.folders.as_ref().map(|folders| folders.themes.clone());
        let mut look = Look::detect(themes, &environment);
        let read = start.folders.as_ref().map(|folders| Settings::load(&folders.settings));
        let (settings, fault) = match read {
            Some(Ok(settings)) => (settings, None),
            Some(Err(error)) => (Settings::default(), Some(error.to_string())),
            None => (Settings::default(), None),
        };
        if let Some(theme) = &start.theme {
            look.wear(theme)?;
        }
        look.set_ascii(settings.ascii);
        let hosting = if start.host.is_some() { Hosting::Starting } else { Hosting::Attached };
        let (columns, rows) = crossterm::terminal::size()?;
        let size = Size::new(columns, rows);
        let fault = fault.or_else(|| settings.warnings.first().cloned());
        let mut app = App::new(settings, look, start.place, hosting, size, Millis::now());
        // A recording has no bus whose drafts could be kept.
        let memory = match start.recording {
            Some(_) => None,
            None => recall(start.folders.as_ref(), &mut app),
        };
        if let (Some(_), Some(folders)) = (&start.recording, &start.folders) {
            app.chosen_theme = memory::chosen_theme(&folders.memory, &app.place.socket);
        }
        app.asked_theme = start.theme;
        if let Some(Err(error)) = app.wanted_theme().map(str::to_owned).map(|theme| app.look.wear(&theme)) {
            app.complain(error.to_string());
        }
        if let Some(fault) = fault {
            app.complain(fault);
        }
        let (tell, changed) = mpsc::unbounded_channel();
        let (tell_findings, findings) = mpsc::unbounded_channel();
        let watcher = start.folders.as_ref().and_then(|folders| watch(folders, tell));
        let ends = Ends::listen()?;
        let link = match start.recording {
            Some(_) => None,
            None => Some(Link::start(app.place.socket.clone())?),
        };
        term::end_on_panic();
        let modes = Modes::take(app.settings.mouse)?;
        let mut pace = Pace::default();
        pace.touch(Dirty::Input);
        let files = start.recording.as_ref().map(|recording| recording.files.clone());
        app.past = start.recording.map(|recording| Box::new(Past::recording(recording)));
        let mut console = Self {
            app,
            screen: Screen::new(io::stdout(), size),
            modes,
            input: Some(Box::pin(EventStream::new())),
            link,
            past: None,
            searching: None,
            tell_findings,
            findings,
            host: start.host,
            folders: start.folders,
            memory,
            changed,
            _watcher: watcher,
            pace,
            save_at: None,
            title: String::new(),
            leaving: None,
            ends,
        };
        if let Some(files) = files {
            console.open_past(files)?;
        }
        Ok(console)
    }

    async fn run(mut self) -> Result<Leaving, ConsoleError> {
        let ended = self.go_on().await;
        // Whatever it ended by, what was written is written down.
        self.save();
        ended.map(|()| self.leaving.take().unwrap_or(Leaving::Quit))
    }

    async fn go_on(&mut self) -> Result<(), ConsoleError> {
        while self.leaving.is_none() {
            let now = Instant::now();
            if self.save_at.is_some_and(|at| at <= now) {
                self.save();
            }
            if self.pace.next(now).is_some_and(|at| at <= now) {
                self.draw()?;
                continue;
            }
            self.wait().await?;
            self.drain().await?;
        }
        Ok(())
    }

    /// Waits until something happens, and takes it in.
    async fn wait(&mut self) -> Result<(), ConsoleError> {
        let now = Instant::now();
        let wake = self.wake_at(now);
        let (news, events) = match &mut self.link {
            Some(link) => (Some(&mut link.news), Some(&mut link.events)),
            None => (None, None),
        };
        let reports = self.past.as_mut().map(|past| &mut past.reports);
        let sleep = tokio::time::sleep_until(wake.unwrap_or(now).into());
        let (msg, dirty) = tokio::select! {
            biased;
            event = next_input(&mut self.input) => {
                // Without a terminal there is no console.
                let Some(Ok(event)) = event else {
                    self.leaving = Some(Leaving::Quit);
                    return Ok(());
                };
                (from_terminal(event), Dirty::Input)
            }
            () = self.ends.next() => {
                self.leaving = Some(Leaving::Quit);
                return Ok(());
            }
            Some(host) = next(self.host.as_mut()) => (Msg::Host(host), Dirty::Stream),
            Some(news) = next(news) => (Msg::News(news), Dirty::Input),
            Some(report) = next(reports) => (Msg::Report(report), Dirty::Input),
            Some(findings) = self.findings.recv() => (Msg::Findings(findings), Dirty::Input),
            Some(piece) = next_piece(events), if self.app.paused.is_none() => (Msg::Piece(piece), Dirty::Stream),
            Some(()) = self.changed.recv() => (self.read_settings(), Dirty::Input),
            () = sleep, if wake.is_some() => (Msg::Tick, Dirty::Stream),
        };
        self.take(msg, dirty)
    }

    /// Takes in what else is there: all keys, and events for as long as nobody notices.
    async fn drain(&mut self) -> Result<(), ConsoleError> {
        while self.leaving.is_none() {
            let event = tokio::select! {
                biased;
                event = next_input(&mut self.input) => event,
                () = std::future::ready(()) => break,
            };
            match event {
                Some(Ok(event)) => self.take(from_terminal(event), Dirty::Input)?,
                Some(Err(_)) | None => self.leaving = Some(Leaving::Quit),
            }
        }
        let begun = Instant::now();
        while self.leaving.is_none() && self.app.paused.is_none() && begun.elapsed() < TAKE_IN {
            let Some(piece) = self.link.as_mut().and_then(|link| link.events.try_recv()) else { break };
            self.take(Msg::Piece(piece), Dirty::Stream)?;
        }
        self.app.lag = self.link.as_ref().map_or(0, |link| link.events.waiting());
        Ok(())
    }

    fn take(&mut self, msg: Msg, dirty: Dirty) -> Result<(), ConsoleError> {
        if let Msg::Resize(size) = &msg {
            self.screen.resize(*size);
        }
        let effects = update(&mut self.app, msg, Millis::now());
        self.pace.touch(dirty);
        self.perform(effects)
    }

    fn perform(&mut self, effects: Vec<Effect>) -> Result<(), ConsoleError> {
        for effect in effects {
            match effect {
                Effect::Ask(ask) => {
                    if let Some(link) = &self.link {
                        link.ask(ask);
                    }
                }
                Effect::OpenPast(files) => self.open_past(files)?,
                Effect::Past(request) => {
                    if let Some(past) = &self.past {
                        past.ask(request);
                    }
                }
                Effect::ClosePast => self.past = None,
                Effect::Search(files, line) => self.search(files, line),
                Effect::SaveMarks => {
                    if let Err(error) = self.app.marks.save() {
                        self.app.complain(error.to_string());
                    }
                }
                Effect::Copy(text) => self.screen.copy(&text)?,
                Effect::Notify(what) => {
                    let (bell, desktop) = (self.app.settings.bell, self.app.settings.desktop);
                    self.screen.notify(bell, desktop, &what)?;
                }
                Effect::Leave(leaving) => self.leaving = Some(leaving),
                Effect::Redraw => self.screen.lose(),
                Effect::Mouse(on) => self.modes.mouse(on)?,
                Effect::Reload => {
                    let settings = self.read_settings();
                    self.take(settings, Dirty::Input)?;
                }
                Effect::Suspend => {
                    self.save();
                    self.lend(term::suspend)?.unwrap_or_else(|error| self.app.complain(error.to_string()));
                }
                Effect::Editor(field, text) => {
                    self.save();
                    let edited = self.lend(|| editor::edit(&text))?;
                    self.take(Msg::Edited(field, edited), Dirty::Input)?;
                }
            }
        }
        if self.app.is_unsaved && self.save_at.is_none() {
            self.save_at = Some(Instant::now() + SAVE);
        }
        Ok(())
    }

    /// Begins to read a journal, and the marks beside it.
    fn open_past(&mut self, files: Vec<PathBuf>) -> Result<(), ConsoleError> {
        if let Some(journal) = files.last() {
            let marks = Marks::load(journal).map_err(|error| error.to_string());
            self.take(Msg::Marks(marks), Dirty::Input)?;
        }
        match Worker::start(files) {
            Ok(worker) => self.past = Some(worker),
            Err(error) => self.take(Msg::Report(Report::Failed(error.to_string())), Dirty::Input)?,
        }
        Ok(())
    }

    /// Looks for something, and no more for what was looked for before.
    fn search(&mut self, files: Vec<PathBuf>, line: String) {
        let tell = self.tell_findings.clone();
        match search::query(&line).map(|query| search::start(files, line, query, tell)) {
            Ok(Ok(searching)) => self.searching = Some(searching),
            Ok(Err(error)) => self.app.complain(error.to_string()),
            Err(error) => self.app.complain(error.to_string()),
        }
    }

    /// Gives the terminal away for a while.
    fn lend<T>(&mut self, during: impl FnOnce() -> T) -> Result<T, ConsoleError> {
        // Its thread reads what is typed, which is meant for somebody else now.
        self.input = None;
        let done = self.modes.lend(during)?;
        self.input = Some(Box::pin(EventStream::new()));
        let (columns, rows) = crossterm::terminal::size()?;
        self.screen.lose();
        self.take(Msg::Resize(Size::new(columns, rows)), Dirty::Input)?;
        Ok(done)
    }

    fn draw(&mut self) -> Result<(), ConsoleError> {
        self.app.now = self.app.now.max(Millis::now());
        let app = &self.app;
        let drawn = self.screen.draw(|buffer| {
            let drawn = view::draw(app, buffer);
            let cursor = drawn.cursor;
            (drawn, cursor)
        })?;
        self.pace.drew(Instant::now());
        let unread = self.app.model.threads.unread();
        let effects = drew(&mut self.app, drawn);
        if self.app.model.threads.unread() != unread {
            self.pace.touch(Dirty::Stream);
        }
        self.retitle()?;
        self.perform(effects)
    }

    /// The terminal's title tells what needs the operator, and whether the past is shown.
    fn retitle(&mut self) -> io::Result<()> {
        let mode = match self.app.shown_past() {
            Some(past) if past.is_recording() => "REPLAY ",
            Some(_) => "PAST ",
            None => "",
        };
        let title = match self.app.pressing() {
            0 => format!("{mode}veda-bus"),
            needs => format!("{mode}({needs}) veda-bus"),
        };
        if title != self.title {
            self.screen.title(&title)?;
            self.title = title;
        }
        Ok(())
    }

    /// When to wake although nothing happens; `None` is never.
    fn wake_at(&self, now: Instant) -> Option<Instant> {
        let clock = Millis::now();
        let after = |at: Millis| now + at.since(clock);
        let changes = self.app.drawn.next_change.into_iter().chain(feed::next_deadline(&self.app)).map(after);
        let drawing = self.pace.next(now);
        let looking = feed::is_looking(&self.app).then_some(now);
        let playing = past::wakes_at(&self.app).map(after);
        changes.chain(drawing).chain(looking).chain(playing).chain(self.save_at).min()
    }

    fn read_settings(&self) -> Msg {
        let read = self.folders.as_ref().map_or_else(
            || Ok(Settings::default()),
            |folders| Settings::load(&folders.settings).map_err(|error| error.to_string()),
        );
        Msg::Settings(Box::new(read))
    }

    fn save(&mut self) {
        self.save_at = None;
        if !std::mem::take(&mut self.app.is_unsaved) {
            return;
        }
        // What is remembered is of the present, whatever is shown.
        if let Some(memory) = &self.memory
            && let Err(error) = self.app.in_live(|app| memory.save(app))
        {
            self.app.complain(format!("the drafts could not be written down: {error}"));
            self.app.is_unsaved = true;
        }
    }
}

async fn next_input(input: &mut Option<Pin<Box<EventStream>>>) -> Option<io::Result<Event>> {
    match input {
        Some(input) => input.next().await,
        None => std::future::pending().await,
    }
}

/// The next thing from where there may be nothing that anything could come from.
async fn next<T>(receiver: Option<&mut mpsc::UnboundedReceiver<T>>) -> Option<T> {
    match receiver {
        Some(receiver) => receiver.recv().await,
        None => std::future::pending().await,
    }
}

async fn next_piece(events: Option<&mut Events>) -> Option<Piece> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}

fn from_terminal(event: Event) -> Msg {
    match event {
        Event::Key(key) => Msg::Key(key),
        Event::Mouse(mouse) => Msg::Mouse(mouse),
        Event::Paste(text) => Msg::Paste(text),
        Event::Resize(columns, rows) => Msg::Resize(Size::new(columns, rows)),
        Event::FocusGained => Msg::Looked(true),
        Event::FocusLost => Msg::Looked(false),
    }
}

/// What an earlier console remembered; that it can not be had is no reason not to begin.
fn recall(folders: Option<&Folders>, app: &mut App) -> Option<Memory> {
    let folder = &folders?.memory;
    let socket: PathBuf = app.place.socket.clone();
    match Memory::open(folder, &socket, app) {
        Ok(Some(memory)) => Some(memory),
        Ok(None) => {
            app.say(
                "another console is open on this bus and keeps the drafts; those of this one end with it",
            );
            None
        }
        Err(error) => {
            app.complain(format!("{}: drafts can not be kept: {error}", folder.display()));
            None
        }
    }
}

fn watch(folders: &Folders, tell: mpsc::UnboundedSender<()>) -> Option<Watcher> {
    let told = move || _ = tell.send(());
    let watched = [Watched::TomlIn(folders.themes.clone()), Watched::File(folders.settings.clone())];
    Watcher::new(watched, told).ok()
}
