//! The styles of all roles, for one terminal.

use ratatui::style::{Color, Modifier, Style};

use super::chain::marks;
use super::colour::Colour;
use super::reduce::Reducer;
use super::{Depth, Kind, Role};

/// What a role looks like, in a theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Look {
    pub(super) fg: Option<Colour>,
    /// Without one, whatever is there stays behind it.
    pub(super) bg: Option<Colour>,
    pub(super) modifiers: Modifier,
}

/// The styles of all roles, for one terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Styles {
    table: [Style; Role::ALL.len()],
    ground: Style,
}

impl Styles {
    /// What that role looks like. [`Role::Text`] has no ground of its own, so that it can stand on anything.
    pub fn style(&self, role: Role) -> Style {
        self.table[role as usize]
    }

    /// What an area is filled with before anything stands on it.
    pub fn ground(&self) -> Style {
        self.ground
    }
}

/// The styles that looks, in the order of [`Role::ALL`], have on a terminal of that depth.
pub(super) fn resolve(looks: &[Look; Role::ALL.len()], kind: Kind, depth: Depth) -> Styles {
    let text = looks[Role::Text as usize];
    let reducer = Reducer::new(depth, kind, text.fg);
    let ground = reducer.ground(text.bg.unwrap_or(Colour::Default));
    let plain = reducer.text(text.fg.unwrap_or(Colour::Default), ground);
    let resolver = Resolver { reducer, depth, text, ground, plain };
    let mut table = [Style::new(); Role::ALL.len()];
    for (style, (role, look)) in table.iter_mut().zip(Role::ALL.iter().zip(looks)) {
        *style = resolver.style(*role, *look);
    }
    let ground = Style::new().fg(shown(plain)).bg(shown(ground));
    Styles { table, ground }
}

struct Resolver {
    reducer: Reducer,
    depth: Depth,
    /// The look of ordinary text.
    text: Look,
    /// Behind ordinary text, reduced.
    ground: Colour,
    /// The colour of ordinary text, reduced.
    plain: Colour,
}

impl Resolver {
    fn style(&self, role: Role, look: Look) -> Style {
        let bg = match (role, look.bg) {
            (Role::Text, _) | (_, None) => None,
            (_, Some(bg)) if self.bears_too_little(look, bg) => Some(self.ground),
            (_, Some(bg)) if Some(bg) == self.text.bg => Some(self.ground),
            (_, Some(bg)) => Some(self.reducer.behind(bg)),
        };
        // A box covers what is under it.
        let bg = bg.or((role == Role::Overlay).then_some(self.ground));
        let mut fg = look.fg.map(|fg| self.reducer.text(fg, bg.unwrap_or(self.ground)));
        let mut modifiers = look.modifiers;
        if self.is_lost(look, fg, bg) {
            modifiers |= marks(role);
        }
        if modifiers.contains(Modifier::REVERSED) {
            // Turned around, the pieces of a row would each have a ground of its own.
            fg = fg.or(Some(self.plain));
        }
        Style { fg: fg.map(shown), bg: bg.map(shown), ..Style::new() }.add_modifier(modifiers)
    }

    /// Whether a colour behind the text of other roles would hide some of it: nothing keeps sixteen colours apart from one
    /// of them, unless the theme chose that one itself.
    fn bears_too_little(&self, look: Look, bg: Colour) -> bool {
        self.depth == Depth::Sixteen && look.fg.is_none() && matches!(bg, Colour::Rgb(_) | Colour::Indexed(_))
    }

    /// Whether nothing is left of the colours that told it apart from ordinary text.
    fn is_lost(&self, look: Look, fg: Option<Colour>, bg: Option<Colour>) -> bool {
        let was = (look.fg.or(self.text.fg), look.bg.or(self.text.bg));
        let is = (fg.unwrap_or(self.plain), bg.unwrap_or(self.ground));
        was != (self.text.fg, self.text.bg) && is == (self.plain, self.ground)
    }
}

/// The sixteen as ratatui calls them.
const SIXTEEN: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

fn shown(colour: Colour) -> Color {
    match colour {
        Colour::Default => Color::Reset,
        Colour::Ansi(index) => SIXTEEN[usize::from(index % 16)],
        Colour::Indexed(index) => Color::Indexed(index),
        Colour::Rgb([red, green, blue]) => Color::Rgb(red, green, blue),
    }
}
