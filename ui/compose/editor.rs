//! The text of a field, and the keys that edit it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_textarea::{CursorMove, TextArea};

/// How many steps can be undone.
const HISTORY: usize = 200;

/// What a key did to a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit {
    Changed,
    Moved,
    /// The cursor was already at the edge, or the key means nothing here.
    Nothing,
}

/// A text with a cursor and a history.
#[derive(Debug, Clone)]
pub(crate) struct Editor {
    area: TextArea<'static>,
    /// Whether the person at the console has put something in, or taken something out.
    pub(crate) touched: bool,
}

impl Default for Editor {
    fn default() -> Self {
        Self::new("")
    }
}

impl Editor {
    /// A text that nobody has touched yet, with the cursor at its end.
    pub(crate) fn new(text: &str) -> Self {
        let mut area = TextArea::new(normal(text).split('\n').map(str::to_owned).collect());
        area.set_max_histories(HISTORY);
        let mut editor = Self { area, touched: false };
        editor.go_to_end();
        editor
    }

    fn go_to_end(&mut self) {
        self.area.move_cursor(CursorMove::Bottom);
        self.area.move_cursor(CursorMove::End);
    }

    pub(crate) fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    pub(crate) fn lines(&self) -> &[String] {
        self.area.lines()
    }

    /// Line and character of the cursor, from 0.
    pub(crate) fn cursor(&self) -> (usize, usize) {
        let cursor = self.area.cursor();
        (cursor.0, cursor.1)
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.lines().iter().all(|line| line.trim().is_empty())
    }

    /// Replaces the whole text; it can be undone.
    pub(crate) fn set(&mut self, text: &str) {
        if self.text() != normal(text) {
            self.area.select_all();
            self.insert(text);
        }
    }

    /// Puts `text` in at the cursor.
    pub(crate) fn insert(&mut self, text: &str) {
        self.area.insert_str(normal(text));
        self.touched = true;
    }

    /// Replaces the characters from `start` to `end` of the cursor's line.
    pub(crate) fn replace(&mut self, start: usize, end: usize, text: &str) {
        let (row, _) = self.cursor();
        if self.jump(row, start) {
            self.area.start_selection();
            self.jump(row, end);
            self.insert(text);
        }
    }

    pub(crate) fn undo(&mut self) -> bool {
        self.area.undo()
    }

    pub(crate) fn redo(&mut self) -> bool {
        self.area.redo()
    }

    /// Edits by a key: what a terminal's line editor does. A text of one line leaves Enter to the form.
    pub(crate) fn key(&mut self, key: KeyEvent, has_lines: bool) -> Edit {
        let changed = match (key.code, command(key.modifiers)) {
            (KeyCode::Enter, _) if !has_lines => return Edit::Nothing,
            (KeyCode::Char(_) | KeyCode::Backspace | KeyCode::Delete, Command::Plain)
            | (KeyCode::Enter, _) => self.area.input_without_shortcuts(key),
            (KeyCode::Char('w'), Command::Control) | (KeyCode::Backspace, _) => self.area.delete_word(),
            (KeyCode::Char('d'), Command::Word) | (KeyCode::Delete, _) => self.area.delete_next_word(),
            (KeyCode::Char('u'), Command::Control) => self.area.delete_line_by_head(),
            (KeyCode::Char('k'), Command::Control) => self.area.delete_line_by_end(),
            _ => return self.step(key),
        };
        self.touched |= changed;
        if changed { Edit::Changed } else { Edit::Nothing }
    }

    fn step(&mut self, key: KeyEvent) -> Edit {
        let before = self.cursor();
        match (key.code, command(key.modifiers)) {
            (KeyCode::Left, Command::Plain) => self.back(),
            (KeyCode::Right, Command::Plain) => self.forward(),
            (KeyCode::Left, _) | (KeyCode::Char('b'), Command::Word) => {
                self.area.move_cursor(CursorMove::WordBack);
            }
            (KeyCode::Right, _) | (KeyCode::Char('f'), Command::Word) => {
                self.area.move_cursor(CursorMove::WordForward);
            }
            (KeyCode::Up, _) => self.area.move_cursor(CursorMove::Up),
            (KeyCode::Down, _) => self.area.move_cursor(CursorMove::Down),
            (KeyCode::Home, Command::Plain) | (KeyCode::Char('a'), Command::Control) => {
                self.area.move_cursor(CursorMove::Head);
            }
            (KeyCode::End, Command::Plain) | (KeyCode::Char('e'), Command::Control) => {
                self.area.move_cursor(CursorMove::End);
            }
            (KeyCode::Home, _) => {
                self.area.move_cursor(CursorMove::Top);
                self.area.move_cursor(CursorMove::Head);
            }
            (KeyCode::End, _) => self.go_to_end(),
            _ => return Edit::Nothing,
        }
        if self.cursor() == before { Edit::Nothing } else { Edit::Moved }
    }

    // The text area counts columns, so that it steps over characters without a width, or stops at them. A jump goes by
    // characters.
    fn back(&mut self) {
        let (row, column) = self.cursor();
        if column > 0 {
            if !self.jump(row, column - 1) {
                self.area.move_cursor(CursorMove::Back);
            }
        } else if row > 0 {
            self.area.move_cursor(CursorMove::Up);
            self.area.move_cursor(CursorMove::End);
        }
    }

    fn forward(&mut self) {
        let (row, column) = self.cursor();
        let Some(line) = self.lines().get(row) else { return };
        if line.chars().nth(column).is_some() {
            if !self.jump(row, column + 1) {
                self.area.move_cursor(CursorMove::Forward);
            }
        } else if row + 1 < self.lines().len() {
            self.area.move_cursor(CursorMove::Down);
            self.area.move_cursor(CursorMove::Head);
        }
    }

    /// Puts the cursor at a character; false beyond what the text area can jump to.
    fn jump(&mut self, row: usize, column: usize) -> bool {
        let (Ok(row), Ok(column)) = (u16::try_from(row), u16::try_from(column)) else { return false };
        self.area.move_cursor(CursorMove::Jump(row, column));
        true
    }
}

/// What the modifiers of a key ask for.
enum Command {
    Plain,
    Control,
    /// Alt: the same by words.
    Word,
}

fn command(modifiers: KeyModifiers) -> Command {
    if modifiers.contains(KeyModifiers::ALT) {
        Command::Word
    } else if modifiers.contains(KeyModifiers::CONTROL) {
        Command::Control
    } else {
        Command::Plain
    }
}

/// Line breaks as the text area knows them: terminals paste `\r`.
fn normal(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}
