//! Repos, capabilities and known words that could be meant by what stands at the cursor.

use std::collections::BTreeSet;

use crossterm::event::{KeyCode, KeyEvent};
use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};
use veda_bus_core::name::{BROADCAST, Capability, RepoName};

use super::check::Known;
use super::field::Input;
use super::form::Form;
use super::keys::Outcome;

/// How many are offered.
const OFFERED: usize = 20;

/// A part of the cursor's line, in characters.
struct Word {
    start: usize,
    end: usize,
    text: String,
}

impl Form {
    /// What could be meant at the cursor, the likeliest first; nothing where the field has no known words, where one of
    /// them stands there already, and after Escape.
    pub fn completions(&self, known: &Known<'_>) -> Vec<String> {
        let Some(word) = self.word().filter(|_| !self.dismissed) else { return Vec::new() };
        let candidates = self.candidates(known);
        if candidates.iter().any(|one| *one == word.text) {
            return Vec::new();
        }
        if word.text.is_empty() {
            return candidates.into_iter().take(OFFERED).map(str::to_owned).collect();
        }
        let pattern = Pattern::new(&word.text, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
        let found = pattern.match_list(candidates, &mut Matcher::new(Config::DEFAULT));
        found.into_iter().take(OFFERED).map(|(one, _)| one.to_owned()).collect()
    }

    /// The number of the completion that Tab takes: the one that was stepped to, or the first where something was typed.
    pub fn picked_completion(&self) -> Option<usize> {
        let typed = self.word().is_some_and(|word| !word.text.is_empty());
        self.picked.or_else(|| typed.then_some(0))
    }

    /// Puts the picked one of `completions` in.
    pub fn accept_completion(&mut self, completions: &[String]) -> Outcome {
        let picked = self.picked_completion().and_then(|index| completions.get(index));
        let (Some(word), Some(one)) = (self.word(), picked) else { return Outcome::Ignored };
        let colon =
            self.focused().is_some_and(|field| field.input == Input::Subtasks) && !self.line().contains(':');
        let text = if colon { format!("{one}: ") } else { one.clone() };
        self.edit(|editor| editor.replace(word.start, word.end, &text))
    }

    /// Picks a completion by its number, as a click does.
    pub fn pick_completion(&mut self, index: usize) {
        self.picked = Some(index);
    }

    /// The cursor or the text is another: completions are offered anew.
    pub(super) fn renew_completions(&mut self) {
        self.picked = None;
        self.dismissed = false;
    }

    /// What a key does to the completions that are shown; `None` when it is not for them. Without something typed or
    /// picked, Tab leads through the form as ever.
    pub(super) fn completion_key(&mut self, key: KeyEvent, completions: &[String]) -> Option<Outcome> {
        let (at, count) = (self.picked, completions.len());
        let marked = self.picked_completion();
        match key.code {
            KeyCode::Tab if marked.is_some() => return Some(self.accept_completion(completions)),
            KeyCode::Enter if at.is_some() => return Some(self.accept_completion(completions)),
            KeyCode::Down => self.picked = Some(marked.map_or(0, |at| at + 1) % count),
            KeyCode::Up if at.is_some() => self.picked = at.and_then(|at| at.checked_sub(1)),
            KeyCode::Esc => self.dismissed = true,
            _ => return None,
        }
        Some(Outcome::Moved)
    }

    /// The cursor's line.
    fn line(&self) -> &str {
        let (row, _) = self.cursor(self.focus());
        self.lines(self.focus()).get(row).map(String::as_str).unwrap_or_default()
    }

    /// The word that would be completed.
    fn word(&self) -> Option<Word> {
        let (_, column) = self.cursor(self.focus());
        let line = self.line();
        let length = line.chars().count();
        let (start, end) = match self.focused()?.input {
            Input::Repo | Input::Open(_) | Input::Repos => (0, length),
            Input::Capabilities => segment(line, column),
            Input::Subtasks => {
                let name = line.chars().position(|c| c == ':').unwrap_or(length);
                let indented = line.starts_with(char::is_whitespace);
                (!indented && column <= name).then_some((0, name))?
            }
            _ => return None,
        };
        let text = line.chars().skip(start).take(end - start).collect::<String>().trim().to_owned();
        Some(Word { start, end, text })
    }

    fn candidates<'a>(&'a self, known: &Known<'a>) -> Vec<&'a str> {
        let Some(field) = self.focused() else { return Vec::new() };
        let repos = known.repos.iter().map(RepoName::as_str).filter(|repo| *repo != BROADCAST);
        let there = self.entries_elsewhere();
        match &field.input {
            Input::Repo => repos.chain([BROADCAST]).collect(),
            Input::Repos | Input::Subtasks => repos.filter(|repo| !there.contains(repo)).collect(),
            Input::Capabilities => {
                let all = known.capabilities.iter().map(Capability::as_str);
                all.filter(|one| !there.contains(one)).collect()
            }
            Input::Open(words) => words.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// What a list names beside the cursor.
    fn entries_elsewhere(&self) -> BTreeSet<&str> {
        let (row, column) = self.cursor(self.focus());
        let lines = self.lines(self.focus());
        if self.focused().is_some_and(|field| field.input == Input::Capabilities) {
            let line = self.line();
            let here = line.chars().take(column).filter(|&c| c == ',').count();
            let others = line.split(',').enumerate().filter(|(at, _)| *at != here);
            return others.map(|(_, one)| one.trim()).collect();
        }
        let others = lines.iter().enumerate().filter(|(at, _)| *at != row);
        others.map(|(_, line)| line.split(':').next().unwrap_or(line).trim()).collect()
    }
}

/// The part between commas in which `column` stands, without the spaces before it.
fn segment(line: &str, column: usize) -> (usize, usize) {
    let chars: Vec<char> = line.chars().collect();
    let (before, after) = chars.split_at(column.min(chars.len()));
    let start = before.iter().rposition(|&c| c == ',').map_or(0, |comma| comma + 1);
    let end = after.iter().position(|&c| c == ',').map_or(chars.len(), |comma| before.len() + comma);
    let spaces = chars[start..end].iter().take_while(|c| **c == ' ').count();
    (start + spaces, end)
}
