//! The composer: a form with its fields, what is wrong with it, and where it is on its way to the bus.
//!
//! From the top: the types to choose from, or what is answered; what concerns the message as a whole; the fields, scrolled
//! so that the one with the focus is seen; a line that says how far it is.

pub(super) mod area;
mod field;
#[cfg(test)]
mod tests;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr as _;
use veda_bus_core::message::MessageType;

use crate::compose::{Checked, Form, Loss, Sending};
use crate::row::Row;
use crate::theme::Role;
use crate::words::kind_role;

/// What a click hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A type of message.
    Kind(MessageType),
    /// A field.
    Field(usize),
    /// A word of a field's choice; empty where none is chosen.
    Choice(usize, String),
    /// A completion, by its number.
    Completion(usize),
}

/// What came of drawing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Where the cursor is to be.
    pub cursor: Option<Position>,
    /// What can be clicked on; of several that overlap, the last.
    pub targets: Vec<(Rect, Target)>,
}

/// Rows that are not placed yet, with what can be clicked on by column, row and width.
#[derive(Default)]
struct Block {
    rows: Vec<Row>,
    targets: Vec<(usize, usize, usize, Target)>,
    cursor: Option<(usize, usize)>,
}

impl Block {
    /// Puts `other` underneath.
    fn stack(&mut self, other: Self) {
        let top = self.rows.len();
        self.rows.extend(other.rows);
        self.targets
            .extend(other.targets.into_iter().map(|(x, y, width, target)| (x, top + y, width, target)));
        self.cursor = self.cursor.or(other.cursor.map(|(x, y)| (x, top + y)));
    }

    /// Moves everything to `column`, with `label` before the first row.
    fn beside(self, label: &Row, column: usize) -> Self {
        let moved = |(y, row): (usize, &Row)| {
            let mut moved = if y == 0 { label.clone() } else { Row::default() };
            moved.pad_to(column).append(row);
            moved
        };
        let targets = self.targets.into_iter().map(|(x, y, width, target)| (x + column, y, width, target));
        Self {
            rows: self.rows.iter().enumerate().map(moved).collect(),
            targets: targets.collect(),
            cursor: self.cursor.map(|(x, y)| (x + column, y)),
        }
    }
}

/// Draws `form` into `area`. `focused` says whether the keys go to it, `look` what a role looks like.
pub fn draw(
    form: &Form,
    checked: &Checked,
    area: Rect,
    buffer: &mut Buffer,
    focused: bool,
    look: &dyn Fn(Role) -> Style,
) -> Drawn {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let mut canvas = Canvas { area, buffer, look, drawn: Drawn::default() };
    if width < 8 || height == 0 {
        return canvas.drawn;
    }
    let mut head = header(form, width);
    head.rows.extend(notes(form, checked, width, height / 4));
    head.rows.truncate(height.saturating_sub(4).max(usize::from(height > 1)));
    let foot = usize::from(height > 2);
    let room = height - head.rows.len() - foot;
    let (body, seen) = fields(form, checked, width, room, focused);
    let top = head.rows.len();
    canvas.place(&head, 0, top, 0);
    canvas.place(&body, top, room, seen);
    if foot > 0 {
        let status = Block { rows: vec![status(form, checked)], ..Block::default() };
        canvas.place(&status, height - 1, 1, 0);
    }
    canvas.drawn
}

/// The fields, and the first row of them that is seen.
fn fields(form: &Form, checked: &Checked, width: usize, room: usize, focused: bool) -> (Block, usize) {
    let mut body = Block::default();
    let mut seen = 0;
    let column = field::column(form, width);
    for index in 0..form.fields().len() {
        let top = body.rows.len();
        let has_focus = focused && index == form.focus();
        body.stack(field::Drawing { form, checked, index, has_focus, width, room, column }.block());
        if index == form.focus() {
            seen = body.rows.len().saturating_sub(room).min(top);
        }
    }
    (body, seen)
}

struct Canvas<'a> {
    area: Rect,
    buffer: &'a mut Buffer,
    look: &'a dyn Fn(Role) -> Style,
    drawn: Drawn,
}

impl Canvas<'_> {
    /// Puts the rows of a block from the one numbered `first` at row `top`, at most `room` of them.
    fn place(&mut self, block: &Block, top: usize, room: usize, first: usize) {
        for (y, row) in block.rows.iter().skip(first).take(room).enumerate() {
            self.row(row, top + y);
        }
        let on_screen = |y: usize| y.checked_sub(first).filter(|y| *y < room).map(|y| top + y);
        for (x, y, width, target) in &block.targets {
            if let Some(y) = on_screen(*y) {
                let rect = Rect { width: short(*width), height: 1, ..self.at(*x, y) };
                self.drawn.targets.push((rect.intersection(self.area), target.clone()));
            }
        }
        if let Some((x, y)) = block.cursor.and_then(|(x, y)| Some((x, on_screen(y)?))) {
            let last = usize::from(self.area.width) - 1;
            self.drawn.cursor = Some(self.at(x.min(last), y).as_position());
        }
    }

    fn at(&self, x: usize, y: usize) -> Rect {
        Rect::new(self.area.x + short(x), self.area.y + short(y), 0, 0)
    }

    fn row(&mut self, row: &Row, y: usize) {
        let Position { x: mut column, y } = self.at(0, y).as_position();
        for (role, piece) in row.cut(usize::from(self.area.width)).pieces() {
            let room = usize::from(self.area.right().saturating_sub(column));
            column = self.buffer.set_stringn(column, y, piece, room, (self.look)(*role)).0;
        }
    }
}

fn short(cells: usize) -> u16 {
    u16::try_from(cells).unwrap_or(u16::MAX)
}

/// The types to choose from, or what is answered.
fn header(form: &Form, width: usize) -> Block {
    let mut block = Block::default();
    let mut row = Row::default();
    if let Some(parent) = form.parent() {
        row.push(Role::Dim, "reply to ").push(Role::Id, &parent.id.short()).plain(" ");
        row.push(kind_role(parent.kind), parent.kind.as_str()).push(Role::Dim, " from ");
        row.push(Role::Repo, parent.from.as_str()).push(Role::Dim, ": ").plain(&parent.headline);
        block.rows.push(row);
        return block;
    }
    let names: usize = MessageType::ALL.iter().map(|kind| kind.as_str().len() + 3).sum();
    for kind in MessageType::ALL {
        let chosen = kind == form.kind();
        let name = if chosen || names <= width { kind.as_str() } else { &kind.as_str()[..3] };
        let (text, role) =
            if chosen { (format!("[{name}]"), kind_role(kind)) } else { (format!(" {name} "), Role::Choice) };
        block.targets.push((row.width(), 0, text.width(), Target::Kind(kind)));
        row.push(role, &text);
    }
    block.rows.push(row);
    block
}

/// What concerns the message as a whole, in at most `most` rows.
fn notes(form: &Form, checked: &Checked, width: usize, most: usize) -> Vec<Row> {
    let mut notes = Vec::new();
    match form.sending() {
        Sending::Refused(refusal) if form.field_of(refusal).is_none() => {
            notes.push((Role::Danger, format!("refused: {refusal}")));
        }
        Sending::Unsent { reason, loss } => {
            let fate = match loss {
                Loss::NeverLeft => "not sent",
                Loss::Unanswered => "no answer, it may have arrived",
            };
            notes.push((Role::Warn, format!("{fate}: {reason}; send again, it can not arrive twice")));
        }
        _ => {}
    }
    let whole = checked.faults().iter().filter(|fault| fault.field.is_none() && !fault.soft);
    notes.extend(whole.map(|fault| (Role::Danger, fault.text.clone())));
    let warnings = checked.warnings.iter().filter(|(field, _)| field.is_none());
    notes.extend(warnings.map(|(_, text)| (Role::Warn, text.clone())));
    let rows = notes
        .iter()
        .flat_map(|(role, text)| lines(text, width, 2).into_iter().map(|row| Row::of(*role, &row)));
    rows.take(most).collect()
}

/// A text in at most `most` rows, with `…` for the rest.
fn lines(text: &str, width: usize, most: usize) -> Vec<String> {
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut shown = area::wrapped(&lines, (0, 0), width, most);
    if let Some(last) = shown.rows.last_mut().filter(|_| shown.below) {
        *last = format!("{}…", last.trim_end());
    }
    shown.rows
}

/// How far it is.
fn status(form: &Form, checked: &Checked) -> Row {
    let named = |soft: bool| {
        let of = checked.faults().iter().filter(|fault| fault.soft == soft);
        let name = |index: usize| form.fields().get(index).map_or("", |field| field.name.as_str());
        of.map(|fault| fault.field.map_or("something to say", name)).collect::<Vec<_>>().join(", ")
    };
    let hard = checked.faults().iter().any(|fault| !fault.soft);
    match form.sending() {
        Sending::Sending { .. } => Row::of(Role::Info, "sending…"),
        Sending::Refused(refusal) => Row::of(Role::Refused, &format!("refused: {}", refusal.code)),
        Sending::Unsent { .. } => Row::of(Role::Warn, "not sent"),
        Sending::Editing if checked.json.is_ok() => Row::of(Role::Ok, "ready to send"),
        Sending::Editing if hard => Row::of(Role::Danger, &format!("to be mended: {}", named(false))),
        Sending::Editing => Row::of(Role::Dim, &format!("still required: {}", named(true))),
    }
}
