use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ratatui::style::{Color, Modifier, Style};
use tempfile::TempDir;

use super::colour::{Colour, contrast};
use super::*;

const DEPTHS: [Depth; 4] = [Depth::True, Depth::Indexed256, Depth::Sixteen, Depth::None];

/// What need not be read first: less contrast will do.
const FAINT: [Role; 4] = [Role::Border, Role::Tree, Role::KeyOff, Role::Placeholder];

/// What other roles' text stands on.
const GROUNDS: [Role; 4] = [Role::Status, Role::Overlay, Role::Selected, Role::SelectedElsewhere];

fn built_in() -> impl Iterator<Item = Theme> {
    Theme::names().map(|name| Theme::builtin(name).unwrap_or_else(|| panic!("{name} does not load")))
}

fn rgb(color: Option<Color>) -> Option<[u8; 3]> {
    match color? {
        Color::Rgb(red, green, blue) => Some([red, green, blue]),
        Color::Indexed(index) => Colour::numbered(index).rgb(),
        _ => None,
    }
}

/// A library with these files of the user's own.
fn library(files: &[(&str, &str)]) -> (TempDir, Library) {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let library = Library { folder: Some(folder.path().to_owned()) };
    (folder, library)
}

/// The error of loading `x`, with the folder of the test cut off.
fn error_of(files: &[(&str, &str)]) -> String {
    let (folder, library) = library(files);
    let error = library.load("x").unwrap_err().to_string();
    error.replace(&format!("{}/", folder.path().display()), "")
}

fn style_of(text: &str, role: Role) -> Style {
    library(&[("x.toml", text)]).1.load("x").unwrap().at(Depth::True).style(role)
}

#[test]
fn every_file_in_the_folder_is_built_in_and_loads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../themes");
    let files = Library { folder: Some(folder) };
    let names: BTreeSet<String> = Theme::names().map(str::to_owned).collect();
    assert!(names.len() >= 10);
    assert_eq!(files.names().into_iter().collect::<BTreeSet<_>>(), names);
    for name in &names {
        files.load(name).unwrap_or_else(|error| panic!("{error}"));
    }
    assert_eq!(Theme::names().next(), Some(DEFAULT));
    assert_eq!(Theme::default().name(), DEFAULT);
}

#[test]
fn borrowed_palettes_say_whose_they_are() {
    for theme in built_in() {
        let own = ["dark", "light", "high-contrast", "high-contrast-light", "sixteen", "monochrome"]
            .contains(&theme.name());
        assert_eq!(theme.license().is_none(), own, "{}", theme.name());
        assert_eq!(theme.source().is_none(), own, "{}", theme.name());
    }
}

#[test]
fn text_stands_out_from_its_ground() {
    let mut seen = 0;
    for theme in built_in() {
        for depth in [Depth::True, Depth::Indexed256] {
            let styles = theme.at(depth);
            let Some(ground) = rgb(styles.ground().bg) else { continue };
            for role in Role::ALL {
                let style = styles.style(*role);
                let Some(fg) = rgb(style.fg) else { continue };
                let least = match (FAINT.contains(role), depth, theme.name().starts_with("high-contrast")) {
                    (_, Depth::True, true) => 7.0,
                    (true, Depth::True, _) => 3.0,
                    (false, Depth::True, _) => 4.5,
                    (true, ..) => 2.5,
                    (false, ..) => 4.0,
                };
                let measured = contrast(fg, rgb(style.bg).unwrap_or(ground));
                assert!(measured >= least, "{} {depth:?} {role:?}: {measured:.2}", theme.name());
                seen += 1;
            }
        }
    }
    assert!(seen > 1000, "only {seen} were measured");
}

#[test]
fn text_can_be_read_on_whatever_lies_behind_a_row() {
    for theme in built_in() {
        let styles = theme.at(Depth::True);
        for behind in GROUNDS {
            let Some(ground) = rgb(styles.style(behind).bg) else { continue };
            for role in Role::ALL.iter().filter(|role| !FAINT.contains(role)) {
                let style = styles.style(*role);
                let (Some(fg), None) = (rgb(style.fg), style.bg) else { continue };
                let measured = contrast(fg, ground);
                let least = if matches!(behind, Role::Status | Role::Overlay) { 4.5 } else { 3.0 };
                assert!(measured >= least, "{} {role:?} on {behind:?}: {measured:.2}", theme.name());
            }
        }
    }
}

#[test]
fn what_must_be_told_apart_is_at_every_depth() {
    for theme in built_in() {
        for depth in DEPTHS {
            let styles = theme.at(depth);
            let context = format!("{} {depth:?}", theme.name());
            let over = |role| styles.ground().patch(styles.style(role));
            let [text, selected, elsewhere] = [Role::Text, Role::Selected, Role::SelectedElsewhere].map(over);
            assert!(selected != text && elsewhere != text && selected != elsewhere, "{context}");
            for role in [Role::Unread, Role::High, Role::Match, Role::Chosen, Role::Danger, Role::Paused] {
                assert_ne!(over(role), text, "{context} {role:?}");
            }
            assert_ne!(over(Role::Border), over(Role::BorderFocused), "{context}");
            assert_ne!(over(Role::Choice), over(Role::Chosen), "{context}");
            let types = [Role::RequestChange, Role::Query, Role::Notify, Role::Negotiate, Role::Task];
            let different: BTreeSet<String> =
                types.iter().map(|role| format!("{:?}", over(*role).fg)).collect();
            if depth == Depth::True && theme.name() != "monochrome" {
                assert_eq!(different.len(), types.len(), "{context}");
            }
        }
    }
}

#[test]
fn each_depth_has_only_its_own_colours() {
    for theme in built_in() {
        for depth in DEPTHS {
            let styles = theme.at(depth);
            let all = Role::ALL.iter().map(|role| styles.style(*role)).chain([styles.ground()]);
            for color in all.flat_map(|style| [style.fg, style.bg]).flatten() {
                let fits = match depth {
                    Depth::True => true,
                    Depth::Indexed256 => !matches!(color, Color::Rgb(..)),
                    Depth::Sixteen => !matches!(color, Color::Rgb(..) | Color::Indexed(_)),
                    Depth::None => color == Color::Reset,
                };
                assert!(fits, "{} {depth:?}: {color:?}", theme.name());
            }
        }
    }
}

#[test]
fn colours_become_the_nearest_that_there_are() {
    let text = "kind = \"dark\"\n[styles]\ntext = { fg = \"#d0d0d0\", bg = \"#101010\" }\nok = \"#5fd700\"\nwarn = \"#ff0002\"\n\
                info = 3\ncode = 208\ndim = \"#8a8b8a\"\ntask = \"#a3be8c\"";
    let (_folder, library) = library(&[("x.toml", text)]);
    let theme = library.load("x").unwrap();
    let shown = |depth| {
        let roles = [Role::Text, Role::Ok, Role::Warn, Role::Info, Role::Code, Role::Dim, Role::Task];
        roles.map(|role| theme.at(depth).style(role).fg.unwrap())
    };
    let [grey, green, red, orange] = [252, 76, 196, 208].map(Color::Indexed);
    assert_eq!(shown(Depth::Indexed256)[..5], [grey, green, red, Color::Yellow, orange]);
    assert_eq!(theme.at(Depth::Indexed256).ground().bg, Some(Color::Indexed(233)));
    // A pale green stays a green.
    let sixteen = [
        Color::Gray,
        Color::LightGreen,
        Color::LightRed,
        Color::Yellow,
        Color::LightRed,
        Color::Gray,
        Color::LightGreen,
    ];
    assert_eq!(shown(Depth::Sixteen), sixteen);
    assert_eq!(theme.at(Depth::Sixteen).ground().bg, Some(Color::Black));
    // Its colour was all that told it apart from ordinary text.
    assert!(theme.at(Depth::Sixteen).style(Role::Dim).add_modifier.contains(Modifier::DIM));
}

#[test]
fn without_colours_there_are_marks() {
    let styles = Theme::default().at(Depth::None);
    let marks = |role| styles.style(role).add_modifier;
    assert_eq!(marks(Role::Selected), Modifier::REVERSED);
    assert_eq!(marks(Role::SelectedElsewhere), Modifier::UNDERLINED);
    assert!(marks(Role::Unread).contains(Modifier::BOLD));
    assert!(marks(Role::High).contains(Modifier::BOLD));
    assert!(marks(Role::Dim).contains(Modifier::DIM));
    assert_eq!(styles.style(Role::Strong).add_modifier, Modifier::BOLD, "what the theme says stays");
    let mono = Theme::builtin("monochrome").unwrap();
    assert_eq!(mono.at(Depth::True), mono.at(Depth::None));
}

#[test]
fn a_role_that_is_left_out_follows_its_chain() {
    let text = "kind = \"dark\"\n[palette]\nink = \"#111111\"\n[styles]\ntext = { fg = \"#eeeeee\", bg = \"ink\" }\n\
                dim = { fg = \"#999999\", italic = true }\naccent = \"cyan\"";
    let dim = Style::new().fg(Color::Rgb(0x99, 0x99, 0x99)).add_modifier(Modifier::ITALIC);
    assert_eq!(style_of(text, Role::Field), dim);
    assert_eq!(style_of(text, Role::Tree), dim);
    assert_eq!(style_of(text, Role::Routed), dim);
    assert_eq!(style_of(text, Role::Chart), Style::new().fg(Color::Cyan));
    let plain = Style::new().fg(Color::Rgb(0xee, 0xee, 0xee));
    assert_eq!(style_of(text, Role::Text), plain, "ordinary text can stand on anything");
    assert_eq!(style_of(text, Role::Code), plain);
    assert_eq!(style_of(text, Role::Selected), plain.add_modifier(Modifier::REVERSED));
    assert_eq!(
        style_of(text, Role::Overlay),
        plain.bg(Color::Rgb(0x11, 0x11, 0x11)),
        "a box covers what is under it"
    );
}

#[test]
fn a_theme_inherits_styles_with_its_own_palette() {
    let own = "inherits = \"light\"\n[palette]\naccent = \"#123456\"\n[styles]\nquery = { fg = \"accent\", bold = true }";
    let accent = Style::new().fg(Color::Rgb(0x12, 0x34, 0x56));
    assert_eq!(style_of(own, Role::Repo), accent);
    assert_eq!(style_of(own, Role::Query), accent.add_modifier(Modifier::BOLD));
    let (_folder, library) = library(&[("x.toml", own)]);
    let (theme, light) = (library.load("x").unwrap(), Theme::builtin("light").unwrap());
    assert_eq!((theme.title(), theme.kind()), ("x", Kind::Light));
    assert_eq!(theme.at(Depth::True).style(Role::Task), light.at(Depth::True).style(Role::Task));
}

#[test]
fn the_users_own_go_before_the_built_in_ones() {
    let red = "inherits = \"dark\"\nname = \"Mine\"\n[styles]\ntext = \"#ff0000\"";
    let (_folder, library) = library(&[
        ("dark.toml", red),
        ("own.toml", "inherits = \"dark\""),
        (".hidden.toml", ""),
        ("notes.txt", ""),
    ]);
    let text = |name: &str| library.load(name).unwrap().at(Depth::True).style(Role::Text).fg;
    assert_eq!(text("dark"), Some(Color::Rgb(255, 0, 0)));
    assert_eq!(library.load("dark").unwrap().title(), "Mine");
    assert_eq!(text("own"), Some(Color::Rgb(255, 0, 0)));
    assert_eq!(
        library.load("nord").unwrap(),
        Theme::builtin("nord").unwrap(),
        "built-in ones inherit built-in ones"
    );
    let names = library.names();
    assert_eq!(names.len(), Theme::names().count() + 1);
    assert_eq!(names.last().map(String::as_str), Some("own"));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let colour =
        "a colour: \"#rrggbb\", a name such as \"red\" or \"bright_black\", 0 to 255, or \"default\"";
    let cases = [
        ("kind = ", "x.toml:1:8: string values must be quoted, expected literal string".to_owned()),
        ("name = \"x\"", "x.toml:1:1: kind: expected \"dark\" or \"light\", found nothing".to_owned()),
        ("kind = \"drak\"", "x.toml:1:8: kind: expected \"dark\" or \"light\", found \"drak\"".to_owned()),
        ("kind = \"dark\"\nstile = 1", "x.toml:2:1: stile: unknown key; did you mean \"styles\"?".to_owned()),
        ("kind = \"dark\"\nname = 1", "x.toml:2:8: name: expected a string, found 1".to_owned()),
        ("kind = \"dark\"\nstyles = 1", "x.toml:2:10: styles: expected a table, found 1".to_owned()),
        (
            "kind = \"dark\"\n[styles]\nquary = \"red\"",
            "x.toml:3:1: styles.quary: unknown role; did you mean \"query\"?".to_owned(),
        ),
        (
            "kind = \"dark\"\n[styles]\nquery = { fg = \"red\", bald = true }",
            "x.toml:3:23: styles.query.bald: unknown part of a style; did you mean \"bold\"?".to_owned(),
        ),
        (
            "kind = \"dark\"\n[styles]\nquery = { bold = 1 }",
            "x.toml:3:18: styles.query.bold: expected true or false, found 1".to_owned(),
        ),
        (
            "kind = \"dark\"\n[palette]\nsea = \"#00f\"",
            format!("x.toml:3:7: palette.sea: expected {colour}, found \"#00f\""),
        ),
        (
            "kind = \"dark\"\n[palette]\nsea = 256",
            format!("x.toml:3:7: palette.sea: expected {colour}, found 256"),
        ),
        (
            "kind = \"dark\"\n[palette]\nocean = 33\n[styles]\nquery = \"ocaen\"",
            "x.toml:5:9: styles.query: unknown colour \"ocaen\"; did you mean \"ocean\"?".to_owned(),
        ),
        (
            "kind = \"dark\"\n[styles]\nquery = { bg = \"\\u001b[31m\" }",
            format!(
                "x.toml:3:16: styles.query.bg: expected a name of the palette or {colour}, found \"\\x1b[31m\""
            ),
        ),
        (
            "inherits = \"drak\"",
            "x.toml:1:12: inherits: unknown theme \"drak\"; did you mean \"dark\"?".to_owned(),
        ),
        ("inherits = \"x\"", "x.toml:1:12: inherits: unknown theme \"x\"".to_owned()),
    ];
    for (text, expected) in cases {
        assert_eq!(error_of(&[("x.toml", text)]), expected, "{text}");
    }
}

#[test]
fn errors_of_what_is_inherited_point_to_its_file() {
    let x = ("x.toml", "inherits = \"y\"");
    assert_eq!(
        error_of(&[x, ("y.toml", "kind = 1")]),
        "y.toml:1:8: kind: expected \"dark\" or \"light\", found 1"
    );
    let y = ("y.toml", "kind = \"dark\"\ninherits = \"x\"");
    assert_eq!(error_of(&[x, y]), "y.toml:2:12: inherits: goes in a circle: x → y → x");
}

#[test]
fn a_theme_that_there_is_not() {
    let unknown = |name: &str| Library::default().load(name).unwrap_err().to_string();
    assert_eq!(unknown("drakula"), "unknown theme \"drakula\"; did you mean \"dracula\"?");
    assert_eq!(
        unknown("solarized"),
        "unknown theme \"solarized\"; did you mean \"solarized-dark\" or \"solarized-light\"?"
    );
    assert_eq!(unknown("gruvbox"), "unknown theme \"gruvbox\"; did you mean \"gruvbox-dark\"?");
    assert_eq!(unknown("\u{1b}]0;"), "unknown theme \"\\x1b]0;\"");
    assert_eq!(Theme::builtin("x"), None);
}

#[test]
fn only_plain_files_of_the_folder_are_read() {
    let (folder, library) = library(&[("x.toml", "kind = \"dark\"")]);
    fs::create_dir(folder.path().join("y.toml")).unwrap();
    fs::create_dir(folder.path().join("below")).unwrap();
    let below = Library { folder: Some(folder.path().join("below")) };
    assert!(matches!(below.load("../x"), Err(ThemeError::Unknown { .. })));
    let error = library.load("y").unwrap_err().to_string();
    assert!(error.ends_with("y.toml: can not be read: not a regular file"), "{error}");
}
