//! What lies over the panes.

use ratatui::layout::{Position, Rect};

use super::canvas::{Canvas, below, lines};
use super::{decision, detail, help, rules};
use crate::app::drawn::Target;
use crate::app::overlay::{Command, Hits, Listed, Menu, Overlay};
use crate::app::prompt::Prompt;
use crate::row::Row;
use crate::text;
use crate::theme::Role;
use crate::update::search;

/// How many completions are shown.
const COMPLETIONS: usize = 8;

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, footer: Rect) {
    match &canvas.app.overlay {
        None => {}
        Some(Overlay::Help(top)) => {
            let rows = help::rows(canvas.app);
            pages(canvas, centred(area, 100, area.height), "Keys and commands", &rows, *top);
        }
        Some(Overlay::Detail(what, top)) => {
            let at = centred(area, 110, area.height);
            let rows = detail::rows(canvas.app, what, usize::from(at.width.saturating_sub(4)));
            let title = detail::title(canvas.app, what);
            pages(canvas, at, &title, &rows, *top);
            if let Some(at) = detail::changes_at(canvas.app, what) {
                canvas.changes_at(at);
            }
        }
        Some(Overlay::Menu(menu)) => draw_menu(canvas, area, menu),
        Some(Overlay::Found(hits)) => draw_hits(canvas, area, hits),
        Some(Overlay::Command(command)) => draw_command(canvas, footer, command),
        Some(Overlay::Filter(prompt, _)) => {
            line(canvas, footer, "/", prompt, "words, or = and a CEL expression: =type == \"Query\"");
        }
        Some(Overlay::Note { prompt, .. }) => {
            line(canvas, footer, "mark: ", prompt, "a note for this moment; Enter sets the mark");
        }
        Some(Overlay::Decision) => decision::draw(canvas, area),
        Some(Overlay::Rules(selected)) => rules::draw(canvas, area, *selected),
        Some(Overlay::Confirm { question, .. }) => {
            let rows = [Row::of(Role::Strong, question), Row::default(), keys(&[("y", "yes"), ("n", "no")])];
            let width = u16::try_from(question.chars().count() + 6).unwrap_or(u16::MAX);
            let inner = boxed(canvas, centred(area, width.max(30), 5), "");
            for (line, row) in lines(inner).zip(&rows) {
                canvas.row(line, row);
            }
        }
    }
}

pub(super) fn keys(keys: &[(&str, &str)]) -> Row {
    let mut row = Row::default();
    for (key, what) in keys {
        row.push(Role::Key, key).push(Role::KeyText, &format!(" {what}   "));
    }
    row
}

pub(super) fn centred(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) =
        (width.min(area.width.saturating_sub(2)), height.min(area.height.saturating_sub(2)));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}

/// A box over everything else; gives what is inside.
pub(super) fn boxed(canvas: &mut Canvas<'_>, area: Rect, title: &str) -> Rect {
    canvas.cover(area, Role::Overlay);
    canvas.target(area, Target::Overlay);
    let inner = canvas.frame(area, &Row::of(Role::Title, title), Role::BorderFocused);
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

fn pages(canvas: &mut Canvas<'_>, area: Rect, title: &str, rows: &[Row], top: usize) {
    let inner = boxed(canvas, area, title);
    let height = usize::from(inner.height);
    canvas.drawn.overlay = rows.len().saturating_sub(height);
    let top = top.min(canvas.drawn.overlay);
    for (line, row) in lines(inner).zip(&rows[top..]) {
        canvas.fit(line, row);
    }
    let bar = Rect { width: inner.width + 1, ..inner };
    let part = |n: usize| super::share(n, rows.len());
    canvas.scrollbar(bar, part(top), part(top + height));
}

fn draw_menu(canvas: &mut Canvas<'_>, area: Rect, menu: &Menu) {
    let typed = usize::from(menu.typed.is_some());
    let height = u16::try_from(menu.shown.len().max(1) + 2 + typed * 2).unwrap_or(u16::MAX);
    let at = centred(area, 78, height.min(area.height * 3 / 4).max(5));
    let inner = boxed(canvas, at, &menu.title);
    if let Some(prompt) = &menu.typed {
        input(canvas, Rect { height: 1, ..inner }, prompt, "type to find");
    }
    let list = below(inner, typed * 2);
    if menu.shown.is_empty() {
        canvas.row(list, &Row::of(Role::Dim, "nothing matches"));
    }
    let visible = usize::from(list.height);
    let top = (menu.selected + 1).saturating_sub(visible);
    let shown = menu.shown.iter().enumerate().skip(top);
    for (line, (place, &entry)) in lines(list).zip(shown) {
        let Some(entry) = menu.entries.get(entry) else { continue };
        let role = if entry.off.is_some() { Role::KeyOff } else { Role::Strong };
        let room = canvas.row_right(line, &Row::of(Role::Key, &entry.key));
        let mut row = Row::of(role, &entry.name);
        row.pad_to(24).plain(" ");
        match &entry.off {
            Some(why) => row.push(Role::KeyOff, why),
            None => row.push(Role::Dim, &entry.doc),
        };
        canvas.fit(room, &row);
        canvas.target(line, Target::Entry(place));
        if place == menu.selected {
            canvas.wash(line, Role::Selected);
        }
    }
}

/// What a search has found: of each, who says it to whom, and below that where in it something was found.
fn draw_hits(canvas: &mut Canvas<'_>, area: Rect, hits: &Hits) {
    let rows: usize = hits.hits.iter().map(height).sum();
    let box_height = u16::try_from(rows + 2).unwrap_or(u16::MAX).min(area.height * 3 / 4).max(5);
    let inner = boxed(canvas, centred(area, 110, box_height), &search::title(hits));
    let mut free = lines(inner);
    for (place, hit) in hits.hits.iter().enumerate().skip(first_shown(hits, usize::from(inner.height))) {
        let found = hit.lines.iter().map(|found| {
            let mut row = Row::of(Role::Dim, "  ");
            row.append(found);
            row
        });
        for row in std::iter::once(hit.head.clone()).chain(found) {
            let Some(line) = free.next() else { return };
            canvas.fit(line, &row);
            canvas.target(line, Target::Entry(place));
            if place == hits.selected {
                canvas.wash(line, Role::Selected);
            }
        }
    }
}

fn height(hit: &Listed) -> usize {
    1 + hit.lines.len()
}

/// With which one the list begins, so that the selected one is within so many lines.
fn first_shown(hits: &Hits, visible: usize) -> usize {
    let mut room = visible;
    let upwards = hits.hits.iter().take(hits.selected + 1).rev().take_while(|hit| {
        let fits = height(hit) <= room;
        room = room.saturating_sub(height(hit));
        fits
    });
    (hits.selected + 1).saturating_sub(upwards.count().max(1))
}

fn draw_command(canvas: &mut Canvas<'_>, footer: Rect, command: &Command) {
    let shown = command.completions.len().min(COMPLETIONS);
    let height = u16::try_from(shown).unwrap_or(0) + u16::from(command.error.is_some());
    if height > 0 && footer.y > height + 2 {
        let at = Rect { y: footer.y - height - 2, height: height + 2, width: footer.width.min(70), ..footer };
        let inner = boxed(canvas, at, "");
        let mut rows = Vec::new();
        rows.extend(command.error.as_ref().map(|error| (Row::of(Role::Danger, error), false)));
        let top = command.taken.map_or(0, |taken| (taken + 1).saturating_sub(COMPLETIONS));
        rows.extend(
            command
                .completions
                .iter()
                .enumerate()
                .skip(top)
                .take(shown)
                .map(|(place, text)| (completion(text), command.taken == Some(place))),
        );
        for (line, (row, is_taken)) in lines(inner).zip(&rows) {
            canvas.fit(line, row);
            if *is_taken {
                canvas.wash(line, Role::Selected);
            }
        }
    }
    line(canvas, footer, ":", &command.prompt, "a command; Tab completes, arrows bring back earlier ones");
}

/// A command with what it does.
fn completion(text: &str) -> Row {
    let mut row = Row::of(Role::Strong, text);
    if let Ok(invocation) = text.parse::<crate::action::Invocation>()
        && invocation.argument.is_none()
    {
        row.pad_to(22).push(Role::Dim, &format!(" {}", invocation.action.doc()));
    }
    row
}

/// A line that is typed in place of the keys.
fn line(canvas: &mut Canvas<'_>, area: Rect, sign: &str, prompt: &Prompt, hint: &str) {
    canvas.cover(area, Role::Input);
    canvas.row(area, &Row::of(Role::Key, sign));
    let width = u16::try_from(sign.len()).unwrap_or(u16::MAX);
    let room = Rect { x: area.x + width, width: area.width.saturating_sub(width), ..area };
    input(canvas, room, prompt, hint);
}

pub(super) fn input(canvas: &mut Canvas<'_>, area: Rect, prompt: &Prompt, hint: &str) {
    let before = Row::of(Role::Input, prompt.before());
    let row = if prompt.text().is_empty() {
        Row::of(Role::Placeholder, hint)
    } else {
        Row::of(Role::Input, prompt.text())
    };
    // A line that is longer than the screen is shown from where the cursor is.
    let width = usize::from(area.width.max(2));
    let hidden = (before.width() + 1).saturating_sub(width);
    let shown = if hidden == 0 { row } else { Row::of(Role::Input, &tail(&row.text(), hidden)) };
    canvas.row(area, &shown.cut(width));
    let x =
        area.x + u16::try_from(before.width() - hidden).unwrap_or_default().min(area.width.saturating_sub(1));
    canvas.cursor(Position::new(x, area.y));
}

/// What is left of a line without its first columns.
fn tail(safe: &str, columns: usize) -> String {
    let start = text::cut(safe, columns + 1);
    let kept = start.trim_end_matches('…');
    safe.strip_prefix(kept).unwrap_or(safe).to_owned()
}
