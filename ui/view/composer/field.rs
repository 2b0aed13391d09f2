//! One field of a form: its label, its value, and what is to be said about it.

use unicode_width::UnicodeWidthStr as _;

use super::{Block, Target, area, lines};
use crate::compose::{Checked, Field, Form, Input, Sending};
use crate::row::Row;
use crate::text;
use crate::theme::Role;

/// The columns before a label.
const GUTTER: usize = 2;
/// Where a value stands that is not beside its label.
const INDENT: usize = 4;
/// How many columns a value wants beside its label.
const COMFORT: usize = 40;
/// How many columns a line or a choice needs beside its label.
const LEAST: usize = 16;
/// How many rows a text has, when the keys go to it.
const FOCUSED_ROWS: usize = 3;
/// How many rows it has at most when they do not.
const OTHER_ROWS: usize = 2;
/// How many completions are seen at once.
const COMPLETIONS: usize = 5;

/// The column that all values begin at, where there is room for labels beside them.
pub(super) fn column(form: &Form, width: usize) -> Option<usize> {
    let longest = form.fields().iter().map(|field| field.name.width()).max().unwrap_or_default();
    let column = GUTTER + longest + 3;
    (column + COMFORT <= width).then_some(column)
}

/// A field to be drawn.
pub(super) struct Drawing<'a> {
    pub(super) form: &'a Form,
    pub(super) checked: &'a Checked,
    pub(super) index: usize,
    pub(super) has_focus: bool,
    /// The columns of the composer.
    pub(super) width: usize,
    /// The rows that all fields have together.
    pub(super) room: usize,
    /// The common column of the values.
    pub(super) column: Option<usize>,
}

impl Drawing<'_> {
    /// The field's rows.
    pub(super) fn block(&self) -> Block {
        let Some(field) = self.form.fields().get(self.index) else { return Block::default() };
        let label = self.label(field);
        let (x, beside) = self.place(field, label.width());
        let (said, popup) = (self.said(field, x), self.popup(x));
        let taken = said.len() + popup.rows.len() + usize::from(!beside);
        let mut block = Block::default();
        if !beside {
            block.rows.push(Row::default());
        }
        block.stack(self.value(field, x, self.room.saturating_sub(taken).max(1)));
        let whole = 0..block.rows.len();
        block.stack(popup);
        block.rows.extend(said);
        let mut block = block.beside(&label, x - 1);
        // The field as a whole lies under its parts.
        let whole = whole.map(|y| (0, y, self.width, Target::Field(self.index)));
        block.targets.splice(0..0, whole);
        block
    }

    fn label(&self, field: &Field) -> Row {
        let role = if self.has_focus { Role::Accent } else { Role::Field };
        let mut row = Row::of(role, if self.has_focus { "> " } else { "  " });
        row.push(role, &field.name);
        if field.required {
            row.push(Role::Warn, "*");
        }
        row
    }

    /// Where the value begins, and whether that is beside the label.
    fn place(&self, field: &Field, label: usize) -> (usize, bool) {
        match self.column {
            Some(column) => (column, true),
            None if !field.input.has_lines() && label + 2 + LEAST <= self.width => (label + 2, true),
            None => (INDENT.min(self.width / 4), false),
        }
    }

    /// The columns of a value that begins at `x`: one less than there are, for the mark that says that there is more.
    fn columns(&self, x: usize) -> usize {
        self.width.saturating_sub(x + 1).max(3)
    }

    fn value(&self, field: &Field, x: usize, most: usize) -> Block {
        if let Input::Choice { words, optional } = &field.input {
            return self.choice(words, *optional, x);
        }
        let lines = self.form.lines(self.index);
        let empty = lines.iter().all(String::is_empty);
        let width = self.columns(x);
        let cursor = if self.has_focus { self.form.cursor(self.index) } else { (0, 0) };
        let mut shown = if field.input.has_lines() {
            let least = if self.has_focus { FOCUSED_ROWS.min(most) } else { 1 };
            let most = if self.has_focus { most } else { OTHER_ROWS.min(most) };
            let rows = area::height(lines, width, most).max(least);
            let mut shown = area::wrapped(lines, cursor, width, rows);
            shown.rows.resize(rows, String::new());
            shown
        } else {
            let line = lines.first().map(String::as_str).unwrap_or_default();
            area::scrolled(line, cursor.1, width)
        };
        let placeholder = if empty { placeholder(field) } else { "" };
        if let Some(first) = shown.rows.first_mut().filter(|_| empty) {
            *first = text::cut(placeholder, width);
        }
        let mut block = Block::default();
        let last = shown.rows.len().saturating_sub(1);
        for (y, line) in shown.rows.iter().enumerate() {
            // A line that goes on to the left has its mark there, a text that goes on upwards at its right end.
            let before = shown.above && y == 0;
            let left = before && !field.input.has_lines();
            let more = shown.below && y == last || before && !left;
            block.rows.push(self.value_row(x, line, !placeholder.is_empty() && y == 0, left, more));
        }
        let (column, row) = shown.cursor;
        block.cursor = self.has_focus.then_some((column + 1, row));
        block
    }

    fn value_row(&self, x: usize, line: &str, is_placeholder: bool, left: bool, more: bool) -> Row {
        let ground = if self.has_focus { Role::Input } else { Role::Text };
        let mut row = Row::of(Role::Dim, if left { "…" } else { " " });
        row.push(if is_placeholder { Role::Placeholder } else { ground }, line);
        row.push(ground, &" ".repeat((self.columns(x) + 1).saturating_sub(row.width())));
        row.push(Role::Dim, if more { "…" } else { " " });
        row
    }

    /// A choice: all words, or where they do not fit the one that is chosen.
    fn choice(&self, words: &[String], optional: bool, x: usize) -> Block {
        let chosen = self.form.field_text(self.index);
        let all: Vec<&str> =
            optional.then_some("").into_iter().chain(words.iter().map(String::as_str)).collect();
        let mut block = Block::default();
        let mut row = Row::of(Role::Text, " ");
        let width: usize = all.iter().map(|word| name(word).width() + 2).sum();
        if width <= self.columns(x) {
            for word in all {
                let (text, role) = if *word == *chosen {
                    (format!("[{}]", name(word)), Role::Chosen)
                } else {
                    (format!(" {} ", name(word)), Role::Choice)
                };
                let target = Target::Choice(self.index, word.to_owned());
                block.targets.push((row.width(), 0, text.width(), target));
                row.push(role, &text);
            }
        } else {
            row.push(Role::Chosen, &format!("<{}>", name(&chosen)));
        }
        block.cursor = self.has_focus.then_some((1, 0));
        block.rows.push(row);
        block
    }

    /// The completions, where the keys go to the field.
    fn popup(&self, x: usize) -> Block {
        let mut block = Block::default();
        let all = &self.checked.completions;
        if !self.has_focus || all.is_empty() {
            return block;
        }
        let most = COMPLETIONS.min(self.room / 3).max(1);
        let picked = self.form.picked_completion();
        let first = (picked.unwrap_or_default() + 1).saturating_sub(most);
        let longest = all.iter().skip(first).take(most).map(|one| text::line(one).width()).max();
        let width = longest.unwrap_or_default().min(self.columns(x).saturating_sub(2));
        for (index, one) in all.iter().enumerate().skip(first).take(most) {
            let role = if Some(index) == picked { Role::Selected } else { Role::Overlay };
            let shown = text::cut(one, width);
            let pad = width.saturating_sub(shown.width());
            block.targets.push((0, block.rows.len(), width + 2, Target::Completion(index)));
            block.rows.push(Row::of(role, &format!(" {shown}{} ", " ".repeat(pad))));
        }
        block
    }

    /// What is said about the field: the refusal, faults, warnings, and what belongs into it.
    fn said(&self, field: &Field, x: usize) -> Vec<Row> {
        let mut all: Vec<(Role, String)> = Vec::new();
        if let Sending::Refused(refusal) = self.form.sending()
            && self.form.field_of(refusal) == Some(self.index)
        {
            all.push((Role::Danger, format!("refused: {refusal}")));
        }
        let faults =
            self.checked.faults().iter().filter(|fault| fault.field == Some(self.index) && !fault.soft);
        all.extend(faults.map(|fault| (Role::Danger, fault.text.clone())));
        let warnings = self.checked.warnings.iter().filter(|(index, _)| *index == Some(self.index));
        all.extend(warnings.map(|(_, text)| (Role::Warn, text.clone())));
        if self.has_focus && self.room >= 2 * FOCUSED_ROWS {
            all.push((Role::Dim, field.doc.clone()));
        }
        let row = |role: Role, line: &str| {
            let mut row = Row::of(Role::Text, " ");
            row.push(role, line);
            row
        };
        let most = if self.room < 2 * FOCUSED_ROWS { 1 } else { 2 };
        let rows = all.iter().flat_map(|(role, text)| {
            lines(text, self.width.saturating_sub(x), most).into_iter().map(|line| row(*role, &line))
        });
        rows.take(self.room / 2).collect()
    }
}

/// What stands in an empty field.
fn placeholder(field: &Field) -> &'static str {
    match field.input {
        _ if field.required => "required",
        Input::Seconds if field.at == "ttl" => "as the bus has it; 90, 15m, 2h",
        Input::Seconds => "90, 15m, 2h",
        Input::Capabilities => "any",
        _ => "",
    }
}

/// The word as it is shown; the empty one needs something to be seen and clicked on.
fn name(word: &str) -> &str {
    if word.is_empty() { "-" } else { word }
}
