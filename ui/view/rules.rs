//! The rules in force: who decides negotiations, what is held, and what never is.

use ratatui::layout::Rect;

use super::canvas::{Canvas, below, lines};
use super::overlays::{boxed, centred, keys};
use crate::app::App;
use crate::row::Row;
use crate::text::Break;
use crate::theme::Role;

/// How wide the box is, where there is room.
const WIDTH: u16 = 100;

/// How many rows something that is wrong takes.
const WRONG: usize = 4;

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, selected: usize) {
    let app = canvas.app;
    let room = usize::from(WIDTH.min(area.width.saturating_sub(2)).saturating_sub(4));
    let (rows, chosen) = rows(app, selected, room);
    let wanted = u16::try_from(rows.len() + 4).unwrap_or(u16::MAX);
    let inner = boxed(canvas, centred(area, WIDTH, wanted), "Rules in force");
    let height = usize::from(inner.height).saturating_sub(2);
    let top = chosen.map_or(0, |chosen| (chosen + 1).saturating_sub(height));
    let list = Rect { height: inner.height.saturating_sub(2), ..inner };
    for (line, (place, row)) in lines(list).zip(rows.iter().enumerate().skip(top)) {
        canvas.fit(line, row);
        if Some(place) == chosen {
            canvas.wash(line, Role::Selected);
        }
    }
    let foot = below(inner, usize::from(inner.height).saturating_sub(1));
    canvas.fit(foot, &keys(&[("x", "take the rule back"), ("esc", "close")]));
}

/// All that is in force, and the row of the selected standing rule.
fn rows(app: &App, selected: usize, width: usize) -> (Vec<Row>, Option<usize>) {
    let Some(rules) = app.model.state.configured() else {
        return (vec![Row::of(Role::Dim, "no bus has told its rules yet")], None);
    };
    let mut rows = Vec::new();
    let wrong = rules.problems.iter().map(|text| (Role::Danger, "not taken over: ", text));
    let doubtful = rules.warnings.iter().map(|text| (Role::Warn, "", text));
    let waiting = rules.waiting.iter().map(|text| (Role::Info, "at the next start: ", text));
    for (role, what, text) in wrong.chain(doubtful).chain(waiting) {
        let row = Row::of(role, &format!("{what}{text}"));
        rows.extend(row.wrap(width, &Row::blank(2), Break::Words, WRONG));
    }
    let mut policy = Row::of(Role::Field, "negotiations  ");
    policy.push(Role::Strong, &rules.negotiations).push(
        Role::Dim,
        match rules.negotiations.as_str() {
            "always" => "  you decide all of them",
            "on_conflict" => "  you decide those whose voters do not agree",
            _ => "  the votes decide",
        },
    );
    rows.push(policy);
    rows.push(Row::of(Role::Title, "Held, until you let it go"));
    rows.extend(rules.hold.iter().flat_map(|rule| {
        let mut row = Row::of(Role::Text, "  ");
        row.push(Role::Code, rule);
        row.wrap(width, &Row::blank(4), Break::Words, WRONG)
    }));
    if rules.hold.is_empty() {
        rows.push(Row::of(Role::Dim, "  nothing"));
    }
    rows.push(Row::of(Role::Title, "Never held"));
    let first = rows.len();
    for rule in &rules.allow {
        let mut row = Row::of(Role::Text, "  ");
        row.push(Role::Repo, &rule.to_string());
        if let Some(place) = &rule.place {
            row.push(Role::Dim, &format!("  {place}"));
        }
        rows.push(row);
    }
    if rules.allow.is_empty() {
        rows.push(Row::of(Role::Dim, "  nothing"));
        return (rows, None);
    }
    (rows, Some(first + selected.min(rules.allow.len() - 1)))
}
