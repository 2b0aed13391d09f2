//! What views draw on: cells, and what the frame tells of itself.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use veda_bus_core::time::Millis;

use crate::app::App;
use crate::app::drawn::{Drawn, Target};
use crate::app::pane::Pane;
use crate::row::Row;
use crate::text::Atoms;
use crate::theme::{Role, Symbols};

/// See the [module](self).
pub(crate) struct Canvas<'a> {
    pub(crate) app: &'a App,
    buffer: &'a mut Buffer,
    pub(crate) drawn: Drawn,
}

impl<'a> Canvas<'a> {
    pub(crate) fn new(app: &'a App, buffer: &'a mut Buffer) -> Self {
        Self { app, buffer, drawn: Drawn::default() }
    }

    pub(crate) fn symbols(&self) -> &'static Symbols {
        self.app.look.symbols
    }

    pub(crate) fn style(&self, role: Role) -> Style {
        self.app.look.styles.style(role)
    }

    pub(crate) fn buffer(&mut self) -> &mut Buffer {
        self.buffer
    }

    /// Clears an area to the ground that everything stands on.
    pub(crate) fn ground(&mut self, area: Rect) {
        self.buffer.set_style(area, self.app.look.styles.ground());
    }

    /// Fills an area anew, for what lies over something else.
    pub(crate) fn cover(&mut self, area: Rect, role: Role) {
        let area = area.intersection(self.buffer.area);
        for position in area.positions() {
            self.buffer[position].reset();
        }
        self.ground(area);
        self.buffer.set_style(area, self.style(role));
    }

    /// Gives an area a style, whatever is in it.
    pub(crate) fn wash(&mut self, area: Rect, role: Role) {
        let style = self.style(role);
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }

    /// Turns an area around: its ground is what was written, and the other way round.
    pub(crate) fn reverse(&mut self, area: Rect) {
        let style = Style::new().add_modifier(Modifier::REVERSED);
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }

    /// Writes a row at the beginning of an area's first line, as much of it as fits.
    pub(crate) fn row(&mut self, area: Rect, row: &Row) {
        if area.is_empty() {
            return;
        }
        let mut x = area.x;
        for (role, text) in row.pieces() {
            let style = self.style(*role);
            x = self.write(x, area, text, style);
            if x >= area.right() {
                break;
            }
        }
    }

    /// The same, with `…` for what does not fit.
    pub(crate) fn fit(&mut self, area: Rect, row: &Row) {
        let width = usize::from(area.width);
        if row.width() > width { self.row(area, &row.cut(width)) } else { self.row(area, row) }
    }

    /// Writes a row at the end of an area's first line; gives what is left of the line before it.
    pub(crate) fn row_right(&mut self, area: Rect, row: &Row) -> Rect {
        let width = u16::try_from(row.width()).unwrap_or(u16::MAX).min(area.width);
        let at = Rect { x: area.right() - width, width, ..area };
        self.row(at, row);
        Rect { width: (area.width - width).saturating_sub(u16::from(width > 0)), ..area }
    }

    /// Only what is never torn apart is written, each in its cells; text that came through a [`Row`] has nothing else in
    /// it.
    fn write(&mut self, mut x: u16, area: Rect, text: &str, style: Style) -> u16 {
        for atom in Atoms::of(text) {
            let width = u16::try_from(atom.width()).unwrap_or_default();
            if x + width > area.right() {
                return area.right();
            }
            if width == 0 {
                continue;
            }
            self.buffer[(x, area.y)].set_symbol(atom.of(text)).set_style(style);
            for covered in 1..width {
                self.buffer[(x + covered, area.y)].reset();
                self.buffer[(x + covered, area.y)].set_style(style);
            }
            x += width;
        }
        x
    }

    /// A frame around an area with a title; gives what is inside.
    pub(crate) fn frame(&mut self, area: Rect, title: &Row, role: Role) -> Rect {
        if area.width < 2 || area.height < 2 {
            return Rect::ZERO;
        }
        let (set, style) = (self.symbols().border, self.style(role));
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        for x in area.x + 1..right {
            self.buffer[(x, area.y)].set_symbol(set.horizontal_top).set_style(style);
            self.buffer[(x, bottom)].set_symbol(set.horizontal_bottom).set_style(style);
        }
        for y in area.y + 1..bottom {
            self.buffer[(area.x, y)].set_symbol(set.vertical_left).set_style(style);
            self.buffer[(right, y)].set_symbol(set.vertical_right).set_style(style);
        }
        let corners = [
            (area.x, area.y, set.top_left),
            (right, area.y, set.top_right),
            (area.x, bottom, set.bottom_left),
            (right, bottom, set.bottom_right),
        ];
        for (x, y, symbol) in corners {
            self.buffer[(x, y)].set_symbol(symbol).set_style(style);
        }
        if title.width() > 0 && area.width > 6 {
            let mut padded = Row::of(role, " ");
            padded.append(title).push(role, " ");
            let room = Rect { x: area.x + 1, width: area.width - 2, height: 1, ..area };
            self.fit(room, &padded);
        }
        Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
    }

    /// A pane with its frame; gives what is inside.
    pub(crate) fn pane(&mut self, pane: Pane, area: Rect, more: &Row) -> Rect {
        self.target(area, Target::Pane(pane));
        let has_focus = self.app.focus == pane;
        let role = if has_focus { Role::BorderFocused } else { Role::Border };
        let mut title = Row::of(if has_focus { Role::Title } else { Role::Dim }, pane.title());
        if !more.is_empty() {
            title.plain(" ").append(more);
        }
        self.frame(area, &title, role)
    }

    /// How far a list is scrolled, on the right border of its pane: which part of the whole is to be seen, from 0 to 1.
    pub(crate) fn scrollbar(&mut self, inner: Rect, from: f64, to: f64) {
        if inner.height < 3 || from <= 0.0 && to >= 1.0 {
            return;
        }
        let height = f64::from(inner.height);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "both are clamped to the pane"
        )]
        let at = |part: f64| (part.clamp(0.0, 1.0) * height) as u16;
        let (first, end) = (at(from).min(inner.height - 1), at(to));
        let (thumb, style) = (self.symbols().thumb, self.style(Role::Accent));
        for line in first..end.max(first + 1) {
            self.buffer[(inner.right(), inner.y + line)].set_symbol(thumb).set_style(style);
        }
    }

    /// Where the terminal's locale shows nothing but ASCII, replaces the rest: our own signs by others, what agents wrote
    /// by question marks.
    pub(crate) fn keep_ascii(&mut self) {
        if !self.app.look.is_ascii {
            return;
        }
        for cell in self.buffer.content.iter_mut().filter(|cell| !cell.symbol().is_ascii()) {
            let sign = match cell.symbol() {
                "…" => "~",
                "⏎" => "$",
                "→" => ">",
                "×" => "x",
                "│" | "┃" => "|",
                "•" => "*",
                _ => "?",
            };
            cell.set_symbol(sign);
        }
    }

    /// Something can be clicked.
    pub(crate) fn target(&mut self, area: Rect, target: Target) {
        self.drawn.targets.push((area, target));
    }

    /// A label that tells of the swarm is out of date at `at`. While the past is shown, time goes by otherwise.
    pub(crate) fn changes_at(&mut self, at: Millis) {
        if self.app.shown_past().is_none() {
            self.drawn.changes_at(at);
        }
    }

    /// The cursor stands here.
    pub(crate) fn cursor(&mut self, position: Position) {
        self.drawn.cursor = Some(position);
    }
}

/// The lines of an area, from the top.
pub(crate) fn lines(area: Rect) -> impl Iterator<Item = Rect> {
    (area.y..area.bottom()).map(move |y| Rect { y, height: 1, ..area })
}

/// The part of an area from its line `from` on.
pub(crate) fn below(area: Rect, from: usize) -> Rect {
    let from = u16::try_from(from).unwrap_or(u16::MAX).min(area.height);
    Rect { y: area.y + from, height: area.height - from, ..area }
}
