//! What is on the terminal's screen: only what differs from it is written, all of a frame at once, and nothing at all when
//! nothing differs.

use std::io::{self, BufWriter, Write};

use crossterm::clipboard::CopyToClipboard;
use crossterm::queue;
use crossterm::style::Print;
use crossterm::terminal::SetTitle;
use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

use crate::settings::Desktop;
use crate::text;

/// How much is written at once.
const BUFFER: usize = 64 << 10;

/// Synchronized output (DEC mode 2026): the terminal shows the frame when it has all of it.
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";

/// The screen of the terminal behind a writer.
#[derive(Debug)]
pub struct Screen<W: Write> {
    backend: CrosstermBackend<BufWriter<W>>,
    shown: Buffer,
    next: Buffer,
    cursor: Option<Position>,
    /// Whether what is on the terminal is not known.
    is_lost: bool,
}

impl<W: Write> Screen<W> {
    /// The screen of this size behind `writer`; what is on it is not known.
    pub fn new(writer: W, size: Size) -> Self {
        let area = Rect::new(0, 0, size.width, size.height);
        Self {
            backend: CrosstermBackend::new(BufWriter::with_capacity(BUFFER, writer)),
            shown: Buffer::empty(area),
            next: Buffer::empty(area),
            cursor: None,
            is_lost: true,
        }
    }

    /// Its size.
    pub fn area(&self) -> Rect {
        self.next.area
    }

    /// It has another size now.
    pub fn resize(&mut self, size: Size) {
        let area = Rect::new(0, 0, size.width, size.height);
        if area != self.next.area {
            self.next.resize(area);
            self.lose();
        }
    }

    /// What is on the terminal is not known any more: the next frame is written as a whole.
    pub fn lose(&mut self) {
        self.is_lost = true;
    }

    /// Draws a frame; `draw` fills an empty buffer and says where the cursor is.
    ///
    /// # Errors
    /// When the terminal can not be written to.
    pub fn draw<T>(&mut self, draw: impl FnOnce(&mut Buffer) -> (T, Option<Position>)) -> io::Result<T> {
        self.next.reset();
        let (drawn, cursor) = draw(&mut self.next);
        if self.is_lost {
            queue!(self.backend, Print(BEGIN))?;
            self.backend.clear()?;
            self.shown = Buffer::empty(self.next.area);
        }
        let changes = self.shown.diff(&self.next);
        if !self.is_lost && changes.is_empty() && cursor == self.cursor {
            return Ok(drawn);
        }
        if !self.is_lost {
            queue!(self.backend, Print(BEGIN))?;
        }
        self.backend.hide_cursor()?;
        self.backend.draw(changes.into_iter())?;
        if let Some(position) = cursor {
            self.backend.set_cursor_position(position)?;
            self.backend.show_cursor()?;
        }
        queue!(self.backend, Print(END))?;
        std::io::Write::flush(&mut self.backend)?;
        self.cursor = cursor;
        self.is_lost = false;
        std::mem::swap(&mut self.shown, &mut self.next);
        Ok(drawn)
    }

    /// Puts a text into the clipboard of the terminal's owner (OSC 52).
    ///
    /// # Errors
    /// When the terminal can not be written to.
    pub fn copy(&mut self, content: &str) -> io::Result<()> {
        queue!(
            self.backend,
            CopyToClipboard::to_clipboard_from(veda_bus_core::text::block(content).as_bytes())
        )?;
        std::io::Write::flush(&mut self.backend)
    }

    /// Gets the operator's attention.
    ///
    /// # Errors
    /// When the terminal can not be written to.
    pub fn notify(&mut self, bell: bool, desktop: Desktop, what: &str) -> io::Result<()> {
        // A semicolon would end a part of the sequence; whatever could end the sequence itself is escaped.
        let what = text::cut(what, 120).replace(';', ",");
        match desktop {
            Desktop::Osc9 => queue!(self.backend, Print(format!("\x1b]9;veda-bus: {what}\x07")))?,
            Desktop::Osc777 => queue!(self.backend, Print(format!("\x1b]777;notify;veda-bus;{what}\x07")))?,
            Desktop::Off => {}
        }
        if bell {
            queue!(self.backend, Print("\x07"))?;
        }
        std::io::Write::flush(&mut self.backend)
    }

    /// Says in the terminal's title what needs the operator.
    ///
    /// # Errors
    /// When the terminal can not be written to.
    pub fn title(&mut self, title: &str) -> io::Result<()> {
        queue!(self.backend, SetTitle(text::line(title)))?;
        std::io::Write::flush(&mut self.backend)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::cell::RefCell;
    use std::rc::Rc;

    use ratatui::style::Style;

    use super::*;

    #[derive(Clone, Default)]
    struct Terminal(Rc<RefCell<Vec<u8>>>);

    impl Write for Terminal {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Terminal {
        fn written(&self) -> String {
            String::from_utf8(self.0.take()).unwrap()
        }
    }

    fn screen() -> (Screen<Terminal>, Terminal) {
        let terminal = Terminal::default();
        (Screen::new(terminal.clone(), Size::new(20, 3)), terminal)
    }

    fn hello(buffer: &mut Buffer) -> ((), Option<Position>) {
        buffer.set_string(0, 0, "hello", Style::new());
        ((), None)
    }

    #[test]
    fn a_frame_that_differs_in_nothing_writes_nothing() {
        let (mut screen, terminal) = screen();
        screen.draw(hello).unwrap();
        let first = terminal.written();
        assert!(first.starts_with(BEGIN) && first.ends_with(END) && first.contains("hello"), "{first:?}");
        screen.draw(hello).unwrap();
        assert_eq!(terminal.written(), "");
        screen.lose();
        screen.draw(hello).unwrap();
        assert!(terminal.written().contains("hello"));
    }

    #[test]
    fn what_is_told_to_the_desktop_can_not_end_its_sequence() {
        let (mut screen, terminal) = screen();
        screen.notify(true, Desktop::Osc777, "a\x07b\x1b\\;c").unwrap();
        assert_eq!(terminal.written(), "\x1b]777;notify;veda-bus;a\\x07b\\x1b\\,c\x07\x07");
        screen.title("x\x07y").unwrap();
        assert_eq!(terminal.written(), "\x1b]0;x\\x07y\x07");
    }
}
