//! Frames at 200×50 over a long history: what one costs the processor, from what happened to the bytes for the terminal.

use std::io;
use std::path::PathBuf;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;
use rustix::time::{ClockId, clock_gettime};
use veda_bus_core::event::Recorded;
use veda_bus_core::name::Seq;
use veda_bus_core::time::Millis;
use veda_bus_ui::app::{App, Connection, Hosting, Place};
use veda_bus_ui::link::{Ask, News, Piece};
use veda_bus_ui::look::Look;
use veda_bus_ui::screen::Screen;
use veda_bus_ui::settings::Settings;
use veda_bus_ui::update::{Effect, Msg, drew, update};
use veda_bus_ui::view;

use super::process::memory;
use super::swarm::Swarm;
use super::table::Table;
use super::votes;
use crate::Effort;

const SIZE: Size = Size { width: 200, height: 50 };

/// Of the processor, in milliseconds: the median, and 99 of 100.
const BOUNDS: (Option<f64>, Option<f64>) = (Some(1.0), Some(5.0));

/// A console without its terminal and its bus.
struct Console {
    app: App,
    screen: Screen<io::Sink>,
    swarm: Swarm,
    coming: std::vec::IntoIter<Recorded>,
    now: Millis,
    /// What each frame took.
    took: Vec<f64>,
}

pub(crate) fn measure(effort: Effort, table: &mut Table) {
    let before = memory("self");
    let mut console = Console::new(effort.conversations);
    let grown = memory("self") - before;
    table.one("memory of the history, in this process", "MB", grown, None);
    let count = effort.frames;
    console.case(table, count, "frame: nothing changed", |_, _| Msg::Tick);
    console.case(table, count, "frame: an event each frame", |console, _| console.event());
    console.keys(table, count, "frame: down the list", &[KeyCode::Char('j')]);
    console.keys(table, count, "frame: a page down the list", &[KeyCode::PageDown]);
    console.keys(
        table,
        count,
        "frame: to the oldest and to the newest",
        &"Gg".chars().map(KeyCode::Char).collect::<Vec<_>>(),
    );
    console.press(&[KeyCode::Enter]);
    console.keys(
        table,
        count,
        "frame: through a thread",
        &"jjjkkk".chars().map(KeyCode::Char).collect::<Vec<_>>(),
    );
    console.case(table, count, "frame: an event each frame, in a thread", |console, _| console.event());
    console.press(&[KeyCode::Char('?')]);
    console.keys(table, count, "frame: in the help", &"jk".chars().map(KeyCode::Char).collect::<Vec<_>>());
    console.press(&[KeyCode::Esc, KeyCode::Char('n'), KeyCode::Enter]);
    console.keys(
        table,
        count,
        "frame: writing",
        &[KeyCode::Char('x'), KeyCode::Char('y'), KeyCode::Backspace],
    );
    console.press(&[KeyCode::Esc, KeyCode::Char('2')]);
    console.filter(table, "interface");
    console.case(table, count, "frame: an event each frame, filtered", |console, _| console.event());
    console.keys(table, count, "frame: down the filtered list", &[KeyCode::Char('j')]);
    console.votes(table, count);
}

impl Console {
    /// One that has taken in so many conversations as they came.
    fn new(conversations: usize) -> Self {
        let now = Millis::now();
        let look = Look::detect(None, &|name| {
            let value = match name {
                "TERM" => "xterm-256color",
                "COLORTERM" => "truecolor",
                "LANG" => "C.UTF-8",
                _ => return None,
            };
            Some(value.to_owned())
        });
        let place = Place { socket: PathBuf::from("/tmp/veda-bus.sock"), socket_flag: String::new() };
        let app = App::new(Settings::default(), look, place, Hosting::Attached, SIZE, now);
        let step = 10;
        let mut swarm = Swarm::new(Millis(now.0 - conversations as u64 * 15 * step), step);
        let coming = swarm.arrive(String::new()).into_iter();
        let screen = Screen::new(io::sink(), SIZE);
        let mut console = Self { app, screen, swarm, coming, now, took: Vec::new() };
        console.app.connection = Connection::Connected;
        console.update(Msg::Piece(Piece::Begin(Seq(1))));
        for _ in 0..conversations / 20 {
            let mut events: Vec<_> = console.coming.by_ref().collect();
            (0..20).for_each(|_| events.extend(console.swarm.converse()));
            console.update(Msg::Piece(Piece::Events(events)));
        }
        console.frame(Msg::Tick);
        console
    }

    /// The next event.
    fn event(&mut self) -> Msg {
        if self.coming.len() == 0 {
            self.coming = self.swarm.converse().into_iter();
        }
        Msg::Piece(Piece::Events(self.coming.next().into_iter().collect()))
    }

    fn update(&mut self, msg: Msg) -> Vec<Effect> {
        self.now.0 += 10;
        update(&mut self.app, msg, self.now)
    }

    /// What happened, its frame, and the frames that follow from it.
    fn frame(&mut self, msg: Msg) {
        let mut next = Some(msg);
        while let Some(msg) = next.take() {
            let began = processor();
            let mut effects = self.update(msg);
            let drawn = self.screen.draw(|buffer| {
                let drawn = view::draw(&self.app, buffer);
                let cursor = drawn.cursor;
                (drawn, cursor)
            });
            effects.extend(drew(&mut self.app, drawn.unwrap()));
            self.took.push(processor() - began);
            next = answer(effects);
        }
    }

    /// So many frames, as many of which as came of it are counted.
    fn case(
        &mut self,
        table: &mut Table,
        frames: usize,
        name: &str,
        mut next: impl FnMut(&mut Self, usize) -> Msg,
    ) {
        self.took.clear();
        for index in 0..frames {
            let msg = next(self, index);
            self.frame(msg);
        }
        table.many(name, "ms of CPU", std::mem::take(&mut self.took), BOUNDS);
    }

    /// Frames of keys, again and again.
    fn keys(&mut self, table: &mut Table, frames: usize, name: &str, keys: &[KeyCode]) {
        self.case(table, frames, name, |_, index| key(keys[index % keys.len()]));
    }

    /// Frames beside a thousand open negotiations.
    fn votes(&mut self, table: &mut Table, count: usize) {
        self.coming = Vec::new().into_iter();
        let proposed = votes::propose(&mut self.swarm);
        self.frame(Msg::Piece(Piece::Events(proposed)));
        self.press(&[KeyCode::Char('3')]);
        self.keys(table, count, "frame: down 1,000 negotiations", &[KeyCode::Char('j')]);
        let vote = |console: &mut Self, index| {
            Msg::Piece(Piece::Events(vec![votes::vote(&mut console.swarm, index)]))
        };
        self.case(table, count, "frame: a vote on one of them each frame", vote);
        self.press(&[KeyCode::Char('i')]);
        self.case(table, count, "frame: the same, one of them shown whole", vote);
    }

    fn press(&mut self, keys: &[KeyCode]) {
        for &code in keys {
            self.frame(key(code));
        }
    }

    /// Puts a filter in force, and looks through all the history. That is done between frames, and keys wait for no more
    /// than a step of it.
    fn filter(&mut self, table: &mut Table, words: &str) {
        self.press(&[KeyCode::Char('/')]);
        self.press(&words.chars().map(KeyCode::Char).chain([KeyCode::Enter]).collect::<Vec<_>>());
        self.took.clear();
        let mut answered = None;
        while self.app.conversations.filtered.as_ref().is_some_and(|filtered| !filtered.is_done()) {
            let began = processor();
            let effects = self.update(answered.take().unwrap_or(Msg::Tick));
            self.took.push(processor() - began);
            answered = answer(effects);
        }
        let took = std::mem::take(&mut self.took);
        table.many("between frames: a step of looking for matches", "ms of CPU", took, (None, BOUNDS.1));
    }
}

fn key(code: KeyCode) -> Msg {
    Msg::Key(KeyEvent::new(code, KeyModifiers::NONE))
}

/// What the bus says to what the console asks.
fn answer(effects: Vec<Effect>) -> Option<Msg> {
    let asked = effects.into_iter().find_map(|effect| match effect {
        Effect::Ask(Ask::Fetch(seqs)) => Some(seqs),
        _ => None,
    })?;
    let found = asked.iter().filter_map(|&seq| Some((seq, Swarm::text(seq)?))).collect();
    Some(Msg::News(News::Fetched { asked, found }))
}

/// The processor's time that this thread has had, in milliseconds.
fn processor() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}
