//! A line that is typed: a command, a filter, a search.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation as _;

/// A line and the place in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prompt {
    text: String,
    /// The byte at which the next character goes in.
    at: usize,
}

impl Prompt {
    /// A line with the cursor at its end.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { at: text.len(), text }
    }

    /// The line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands before the cursor.
    pub fn before(&self) -> &str {
        &self.text[..self.at]
    }

    /// Types text; line breaks become spaces.
    pub fn insert(&mut self, text: &str) {
        let text = text.replace("\r\n", " ").replace(['\r', '\n'], " ");
        self.text.insert_str(self.at, &text);
        self.at += text.len();
    }

    /// Takes a key; `false` when it is none for a line.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let held = key.modifiers.intersection(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match (key.code, held) {
            (KeyCode::Char(c), KeyModifiers::NONE) => self.insert(c.encode_utf8(&mut [0; 4])),
            (KeyCode::Backspace, KeyModifiers::NONE) => self.cut(self.previous()),
            (KeyCode::Char('w'), KeyModifiers::CONTROL) => self.cut(self.word()),
            (KeyCode::Char('u'), KeyModifiers::CONTROL) => self.cut(0),
            (KeyCode::Char('k'), KeyModifiers::CONTROL) => self.text.truncate(self.at),
            (KeyCode::Delete, _) => {
                let end = self.next();
                self.text.replace_range(self.at..end, "");
            }
            (KeyCode::Left, _) => self.at = self.previous(),
            (KeyCode::Right, _) => self.at = self.next(),
            (KeyCode::Home, _) | (KeyCode::Char('a'), KeyModifiers::CONTROL) => self.at = 0,
            (KeyCode::End, _) | (KeyCode::Char('e'), KeyModifiers::CONTROL) => self.at = self.text.len(),
            _ => return false,
        }
        true
    }

    fn cut(&mut self, from: usize) {
        self.text.replace_range(from..self.at, "");
        self.at = from;
    }

    fn previous(&self) -> usize {
        self.before().grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn next(&self) -> usize {
        self.text[self.at..].graphemes(true).next().map_or(self.at, |grapheme| self.at + grapheme.len())
    }

    fn word(&self) -> usize {
        let trimmed = self.before().trim_end();
        trimmed
            .rfind(char::is_whitespace)
            .map_or(0, |at| at + trimmed[at..].chars().next().map_or(1, char::len_utf8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[(KeyCode, KeyModifiers)]) -> Prompt {
        let mut prompt = Prompt::new("héllo wörld");
        for (code, modifiers) in keys {
            assert!(prompt.key(KeyEvent::new(*code, *modifiers)));
        }
        prompt
    }

    #[test]
    fn lines_are_edited_as_in_a_shell() {
        let ctrl = |c| (KeyCode::Char(c), KeyModifiers::CONTROL);
        let plain = |code| (code, KeyModifiers::NONE);
        assert_eq!(typed(&[ctrl('w')]).text(), "héllo ");
        assert_eq!(typed(&[ctrl('u')]).text(), "");
        assert_eq!(typed(&[ctrl('a'), plain(KeyCode::Delete)]).text(), "éllo wörld");
        assert_eq!(typed(&[plain(KeyCode::Left), plain(KeyCode::Backspace)]).text(), "héllo wörd");
        let mut prompt = typed(&[ctrl('a'), plain(KeyCode::Right), plain(KeyCode::Right), ctrl('k')]);
        prompt.insert("a\r\nb\n");
        assert_eq!((prompt.text(), prompt.before()), ("héa b ", "héa b "));
    }
}
