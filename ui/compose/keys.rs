//! What keys, pasted text and clicks do to a form.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::editor::{Edit, Editor};
use super::field::Input;
use super::form::Form;
use super::sending::Sending;

/// What a key did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A text changed; the form is to be checked again.
    Edited,
    /// The cursor, the focus, or what is selected among the completions.
    Moved,
    /// The key means nothing here.
    Ignored,
    /// The message is on its way and can not be changed.
    Locked,
}

impl Form {
    /// Replaces the text of a field, which gets the focus; for what an outside editor or a click gives.
    pub fn set_field_text(&mut self, index: usize, text: &str) -> Outcome {
        self.set_focus(index);
        let text = self.shaped(text);
        self.edit(|editor| editor.set(&text))
    }

    /// Puts pasted text in at the cursor. In a field of one line, line breaks become spaces; a choice takes only its
    /// own words.
    pub fn paste(&mut self, text: &str) -> Outcome {
        if let Some(Input::Choice { words, .. }) = self.focused().map(|field| &field.input) {
            let word = words.iter().find(|word| *word == text.trim()).cloned();
            return word.map_or(Outcome::Ignored, |word| self.edit(|editor| editor.set(&word)));
        }
        let text = self.shaped(text);
        self.edit(|editor| editor.insert(&text))
    }

    /// A text as the focused field takes it.
    fn shaped(&self, text: &str) -> String {
        if self.focused().is_some_and(|field| field.input.has_lines()) {
            return text.to_owned();
        }
        let text = text.trim_end_matches(['\r', '\n']).replace("\r\n", "\n");
        text.replace(['\r', '\n'], " ")
    }

    /// Takes back the last change of the focused field.
    pub fn undo(&mut self) -> Outcome {
        self.revise(Editor::undo)
    }

    /// Does again what was taken back.
    pub fn redo(&mut self) -> Outcome {
        self.revise(Editor::redo)
    }

    fn revise(&mut self, step: impl FnOnce(&mut Editor) -> bool) -> Outcome {
        if self.is_locked() {
            return Outcome::Locked;
        }
        if !self.editor_mut().is_some_and(step) {
            return Outcome::Ignored;
        }
        self.edited();
        Outcome::Edited
    }

    /// Changes the focused text, by hand.
    pub(super) fn edit(&mut self, change: impl FnOnce(&mut Editor)) -> Outcome {
        if self.is_locked() {
            return Outcome::Locked;
        }
        if let Some(editor) = self.editor_mut() {
            change(editor);
            editor.touched = true;
        }
        self.edited();
        Outcome::Edited
    }

    /// The focused field changed: what was said against it no longer holds.
    fn edited(&mut self) {
        let settled = match &self.sending {
            Sending::Refused(refusal) => self.field_of(refusal).is_none_or(|field| field == self.focus()),
            Sending::Unsent { .. } => true,
            Sending::Editing | Sending::Sending { .. } => false,
        };
        if settled {
            self.sending = Sending::Editing;
        }
        self.renew_completions();
    }

    /// The next of a choice's words, or of the words that an open field is known to take.
    pub fn next_choice(&mut self) -> Outcome {
        self.step_choice(|at, count| at.map_or(0, |at| (at + 1) % count))
    }

    /// The word before.
    pub fn previous_choice(&mut self) -> Outcome {
        self.step_choice(|at, count| at.unwrap_or_default().checked_sub(1).unwrap_or(count - 1))
    }

    fn step_choice(&mut self, step: impl FnOnce(Option<usize>, usize) -> usize) -> Outcome {
        let words = self.focused().map(|field| field.input.words()).unwrap_or_default();
        if words.is_empty() {
            return Outcome::Ignored;
        }
        let text = self.field_text(self.focus());
        let next = step(words.iter().position(|word| *word == text), words.len());
        let word = words.get(next).copied().unwrap_or_default().to_owned();
        self.edit(|editor| editor.set(&word))
    }

    /// The next word that begins with `c`.
    fn choose(&mut self, c: char) -> Outcome {
        let words = self.focused().map(|field| field.input.words()).unwrap_or_default();
        let text = self.field_text(self.focus());
        let at = words.iter().position(|word| *word == text).map_or(0, |at| at + 1);
        let (before, after) = words.split_at(at);
        let begins = |word: &&&str| word.chars().next().is_some_and(|first| first.eq_ignore_ascii_case(&c));
        match after.iter().chain(before).find(begins).map(|word| (*word).to_owned()) {
            Some(word) => self.edit(|editor| editor.set(&word)),
            None => Outcome::Ignored,
        }
    }

    /// What a key does here. `completions` are those that are shown, as the last check found them: with them on the
    /// screen, Tab takes one, arrows step through them, and Escape sends them away.
    pub fn key(&mut self, key: KeyEvent, completions: &[String]) -> Outcome {
        if self.is_locked() {
            return Outcome::Locked;
        }
        if !completions.is_empty()
            && let Some(outcome) = self.completion_key(key, completions)
        {
            return outcome;
        }
        let Some(field) = self.focused() else { return Outcome::Ignored };
        let (has_lines, is_choice) = (field.input.has_lines(), matches!(field.input, Input::Choice { .. }));
        match key.code {
            KeyCode::Tab => self.next_field(),
            KeyCode::BackTab => self.previous_field(),
            _ if is_choice => return self.choice_key(key),
            code => match self.editor_mut().map(|editor| editor.key(key, has_lines)) {
                Some(Edit::Changed) => {
                    self.edited();
                    return Outcome::Edited;
                }
                Some(Edit::Moved) => self.renew_completions(),
                Some(Edit::Nothing) | None => return self.leave(code),
            },
        }
        Outcome::Moved
    }

    fn choice_key(&mut self, key: KeyEvent) -> Outcome {
        let optional =
            matches!(self.focused().map(|field| &field.input), Some(Input::Choice { optional: true, .. }));
        match key.code {
            KeyCode::Right | KeyCode::Char(' ') => self.next_choice(),
            KeyCode::Left => self.previous_choice(),
            KeyCode::Backspace | KeyCode::Delete if optional => self.edit(|editor| editor.set("")),
            KeyCode::Char(c) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
                self.choose(c)
            }
            code => self.leave(code),
        }
    }

    /// A key that the field has no use for moves on to the next field, but not from one end to the other.
    fn leave(&mut self, code: KeyCode) -> Outcome {
        match code {
            KeyCode::Up if self.focus() > 0 => self.previous_field(),
            KeyCode::Down | KeyCode::Enter if self.focus() + 1 < self.fields().len() => self.next_field(),
            _ => return Outcome::Ignored,
        }
        Outcome::Moved
    }
}
