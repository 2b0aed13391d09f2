//! What is told by colours and weights, in three themes.

use ratatui::style::Modifier;
use veda_bus_ui::app::pane::Pane;
use veda_bus_ui::theme::Role;

use crate::console::Console;
use crate::story::story;

const THEMES: [&str; 3] = ["dark", "light", "monochrome"];

fn dressed(theme: &str) -> Console {
    let mut console = Console::of(&story(), 120, 40);
    console.app.look.wear(theme).unwrap();
    console.draw();
    console
}

/// Whether a cell looks as a role does.
fn wears(console: &Console, (x, y): (u16, u16), role: Role) -> bool {
    let (cell, style) = (&console.buffer[(x, y)], console.app.look.styles.style(role));
    style.fg.is_none_or(|fg| cell.fg == fg)
        && style.bg.is_none_or(|bg| cell.bg == bg)
        && cell.modifier.contains(style.add_modifier)
}

#[test]
fn the_focused_pane_stands_out() {
    for theme in THEMES {
        let mut console = dressed(theme);
        let corner = |console: &Console, pane| console.app.drawn.places.pane(pane).unwrap().as_position();
        let list = corner(&console, Pane::Conversations).into();
        let thread = corner(&console, Pane::Thread).into();
        assert!(
            wears(&console, list, Role::BorderFocused) && wears(&console, thread, Role::Border),
            "{theme}"
        );
        console.press("enter");
        assert!(
            wears(&console, thread, Role::BorderFocused) && wears(&console, list, Role::Border),
            "{theme}"
        );
        let (one, other) = (console.buffer[thread].style(), console.buffer[list].style());
        assert_ne!(one, other, "{theme}");
    }
}

#[test]
fn the_selected_row_stands_out_and_more_so_with_the_focus() {
    for theme in THEMES {
        let mut console = dressed(theme);
        let place = console.app.drawn.places.pane(Pane::Conversations).unwrap();
        let (selected, other) = ((place.x + 1, place.y + 1), (place.x + 1, place.y + 3));
        let focused = console.buffer[selected].style();
        let style = console.app.look.styles.style(Role::Selected);
        assert!(style.bg.is_none_or(|bg| console.buffer[selected].bg == bg), "{theme}");
        assert!(console.buffer[selected].modifier.contains(style.add_modifier), "{theme}");
        assert_ne!(focused, console.buffer[other].style(), "{theme}");
        console.press("5");
        assert_ne!(focused, console.buffer[selected].style(), "{theme}: without the focus");
        let style = console.app.look.styles.style(Role::SelectedElsewhere);
        assert!(style.bg.is_none_or(|bg| console.buffer[selected].bg == bg), "{theme}");
    }
}

#[test]
fn what_is_unread_is_marked() {
    for theme in THEMES {
        let mut console = dressed(theme);
        let place = console.app.drawn.places.pane(Pane::Conversations).unwrap();
        let mark = (place.x + 1, place.y + 3);
        assert_eq!(console.buffer[mark].symbol(), "*");
        assert!(wears(&console, mark, Role::Unread), "{theme}");
        console.press("M y");
        assert_eq!(console.buffer[mark].symbol(), " ");
    }
}

#[test]
fn the_mode_has_a_look_of_its_own() {
    for theme in THEMES {
        let mut console = dressed(theme);
        let live = console.place("LIVE");
        assert!(wears(&console, live, Role::Live), "{theme}");
        let live = console.buffer[live].style();
        console.press("space");
        let paused = console.place("PAUSED");
        assert!(wears(&console, paused, Role::Paused), "{theme}");
        assert_ne!(console.buffer[paused].style(), live, "{theme}");
    }
}

#[test]
fn types_are_told_apart_by_colour_where_there_is_one() {
    let console = Console::of(&story(), 200, 50);
    let colour = |badge: &str| console.cell(badge).fg;
    let all = [colour("change"), colour("query"), colour("vote"), colour("task"), colour("notify")];
    for (place, one) in all.iter().enumerate() {
        assert!(!all[place + 1..].contains(one), "{all:?}");
    }
}

#[test]
fn without_colours_there_are_none() {
    let look = veda_bus_ui::look::Look::detect(None, &|name| (name == "NO_COLOR").then(|| "1".to_owned()));
    let mut console = Console::of(&story(), 120, 40);
    console.app.look = look;
    console.draw();
    for cell in console.buffer.content() {
        assert_eq!((cell.fg, cell.bg), Default::default());
    }
    assert!(console.buffer.content().iter().any(|cell| cell.modifier.contains(Modifier::BOLD)));
}
