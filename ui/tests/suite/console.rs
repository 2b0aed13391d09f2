//! A console without a terminal: what happens goes in, and what is on the screen comes out.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseEvent, MouseEventKind};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Rect, Size};
use unicode_width::UnicodeWidthStr as _;
use veda_bus_core::event::Recorded;
use veda_bus_core::name::{InstanceId, Seq};
use veda_bus_core::time::Millis;
use veda_bus_core::wire::answer::Welcome;
use veda_bus_ui::app::{App, Hosting, Place};
use veda_bus_ui::link::{News, Piece};
use veda_bus_ui::look::Look;
use veda_bus_ui::settings::Settings;
use veda_bus_ui::update::{Effect, Msg, drew, update};
use veda_bus_ui::view;

use crate::swarm::{BEGIN, Swarm, repo};

pub(crate) struct Console {
    pub(crate) app: App,
    /// All that the console has asked for so far.
    pub(crate) effects: Vec<Effect>,
    pub(crate) now: Millis,
    pub(crate) buffer: Buffer,
}

impl Console {
    /// A console that knows nothing yet, with ASCII signs and every colour.
    pub(crate) fn new(width: u16, height: u16) -> Self {
        let environment = |name: &str| match name {
            "TERM" => Some("xterm-256color".to_owned()),
            "COLORTERM" => Some("truecolor".to_owned()),
            _ => None,
        };
        let look = Look::detect(None, &environment);
        let place = Place { socket: "/tmp/veda.sock".into(), socket_flag: String::new() };
        let size = Size::new(width, height);
        let app = App::new(Settings::default(), look, place, Hosting::Attached, size, BEGIN);
        let buffer = Buffer::empty(Rect::new(0, 0, width, height));
        Self { app, effects: Vec::new(), now: BEGIN, buffer }
    }

    /// A console of an operator who was here before and has read nothing, with all that the swarm went through.
    pub(crate) fn of(swarm: &Swarm, width: u16, height: u16) -> Self {
        let mut console = Self::new(width, height);
        console.app.is_first = false;
        console.connect(swarm);
        console.begin(Seq(1));
        console.events(&swarm.events);
        console.draw();
        console
    }

    pub(crate) fn connect(&mut self, swarm: &Swarm) {
        self.now = self.now.max(swarm.now);
        let view = swarm.view();
        let welcome = Welcome {
            version: "0.1.0".to_owned(),
            pid: 4242,
            instance_id: InstanceId::new("operator").unwrap(),
            repo: repo("operator"),
            resumed: false,
            unread: 0,
            seq: view.seq,
            max_message_size: 1 << 20,
            default_ttl: 3600,
            durability: "power".into(),
        };
        self.take(Msg::News(News::Connected(welcome, Box::new(view))));
    }

    pub(crate) fn begin(&mut self, from: Seq) {
        self.take(Msg::Piece(Piece::Begin(from)));
    }

    pub(crate) fn events(&mut self, events: &[Recorded]) {
        if let Some(last) = events.last() {
            self.now = self.now.max(last.at);
        }
        self.take(Msg::Piece(Piece::Events(events.to_vec())));
    }

    /// What the swarm went through since the console last heard of it.
    pub(crate) fn catch_up(&mut self, swarm: &Swarm) {
        self.now = self.now.max(swarm.now);
        let missing: Vec<_> =
            swarm.events.iter().filter(|event| event.seq > self.app.reached).cloned().collect();
        self.events(&missing);
        self.draw();
    }

    pub(crate) fn take(&mut self, msg: Msg) {
        let effects = update(&mut self.app, msg, self.now);
        self.effects.extend(effects);
    }

    /// Presses keys, written with spaces between them, and draws after each.
    pub(crate) fn press(&mut self, keys: &str) {
        for one in keys.split(' ') {
            self.take(Msg::Key(key(one)));
            self.draw();
        }
    }

    /// Types a text.
    pub(crate) fn types(&mut self, text: &str) {
        for c in text.chars() {
            let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
            self.take(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        }
        self.draw();
    }

    /// Types a command and Enter.
    pub(crate) fn command(&mut self, line: &str) {
        self.press(":");
        self.types(line);
        self.press("enter");
    }

    pub(crate) fn resize(&mut self, width: u16, height: u16) {
        self.take(Msg::Resize(Size::new(width, height)));
        self.draw();
    }

    /// Draws, as often as something is read by that, and tells the console of it.
    pub(crate) fn draw(&mut self) {
        for _ in 0..2 {
            self.buffer = Buffer::empty(Rect::new(0, 0, self.app.size.width, self.app.size.height));
            let drawn = view::draw(&self.app, &mut self.buffer);
            let effects = drew(&mut self.app, drawn);
            self.effects.extend(effects);
        }
    }

    /// The screen as text, without times of day, which depend on the time zone, and without spaces at the ends of lines.
    pub(crate) fn screen(&mut self) -> String {
        self.draw();
        let lines = (0..self.buffer.area.height).map(|y| timeless(&self.line(y)));
        lines.map(|line| line.trim_end().to_owned() + "\n").collect()
    }

    pub(crate) fn line(&self, y: u16) -> String {
        let (mut out, mut skip) = (String::new(), 0);
        for x in 0..self.buffer.area.width {
            if skip == 0 {
                let symbol = self.buffer[(x, y)].symbol();
                skip = symbol.width().max(1);
                out.push_str(symbol);
            }
            skip -= 1;
        }
        out
    }

    /// The first cell of a text that is on the screen.
    pub(crate) fn cell(&self, text: &str) -> &Cell {
        let (x, y) = self.place(text);
        &self.buffer[(x, y)]
    }

    /// Where a text is on the screen.
    pub(crate) fn place(&self, text: &str) -> (u16, u16) {
        let places = (0..self.buffer.area.height).filter_map(|y| {
            let line = self.line(y);
            let at = line.find(text)?;
            Some((u16::try_from(line[..at].width()).unwrap(), y))
        });
        let first = places.into_iter().next();
        first.unwrap_or_else(|| panic!("{text:?} is not on the screen:\n{}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        (0..self.buffer.area.height).map(|y| self.line(y) + "\n").collect()
    }

    pub(crate) fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) {
        self.take(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        self.draw();
    }

    pub(crate) fn shows(&mut self, text: &str) -> bool {
        self.draw();
        self.text().contains(text)
    }
}

/// A key as people write it.
pub(crate) fn key(text: &str) -> KeyEvent {
    let mut modifiers = KeyModifiers::NONE;
    let mut rest = text;
    for (name, held) in
        [("ctrl-", KeyModifiers::CONTROL), ("alt-", KeyModifiers::ALT), ("shift-", KeyModifiers::SHIFT)]
    {
        if let Some(after) = rest.strip_prefix(name).filter(|after| !after.is_empty()) {
            (modifiers, rest) = (modifiers | held, after);
        }
    }
    let code = match rest {
        "space" => KeyCode::Char(' '),
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" if modifiers == KeyModifiers::SHIFT => KeyCode::BackTab,
        "tab" => KeyCode::Tab,
        "backspace" => KeyCode::Backspace,
        "delete" => KeyCode::Delete,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pageup" => KeyCode::PageUp,
        "pagedown" => KeyCode::PageDown,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "f1" => KeyCode::F(1),
        "f2" => KeyCode::F(2),
        other => {
            let mut characters = other.chars();
            match (characters.next(), characters.next()) {
                (Some(only), None) => KeyCode::Char(only),
                _ => panic!("{text:?} is no key"),
            }
        }
    };
    KeyEvent::new(code, modifiers)
}

/// A line with `·` for the digits of dates and of times of day.
fn timeless(line: &str) -> String {
    let mut characters: Vec<char> = line.chars().collect();
    for pattern in ["dddd-dd-dd", "dd:dd:dd"] {
        let pattern: Vec<char> = pattern.chars().collect();
        for at in 0..characters.len().saturating_sub(pattern.len() - 1) {
            let fits =
                |(c, wanted): (&char, &char)| if *wanted == 'd' { c.is_ascii_digit() } else { c == wanted };
            if characters[at..].iter().zip(&pattern).all(fits) {
                for (c, wanted) in characters[at..].iter_mut().zip(&pattern) {
                    *c = if *wanted == 'd' { '·' } else { *c };
                }
            }
        }
    }
    characters.into_iter().collect()
}
