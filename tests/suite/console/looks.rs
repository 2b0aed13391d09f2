//! Themes, colours, and terminals that have none of them.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::Console;
use crate::suite::harness::{Bus, eventually, message};

const TRUE: [(&str, &str); 1] = [("COLORTERM", "truecolor")];

/// The sequence that sets the ground of a built-in theme.
fn ground(theme: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("themes/{theme}.toml"));
    let text = fs::read_to_string(file).unwrap();
    let colour = text.lines().find_map(|line| line.strip_prefix("ground = \"#")).unwrap();
    of(&colour[..6])
}

/// The sequence that sets a ground of this colour.
fn of(colour: &str) -> String {
    let part = |place: usize| u8::from_str_radix(&colour[place..place + 2], 16).unwrap();
    format!("48;2;{};{};{}", part(0), part(2), part(4))
}

/// Waits until the screen stands on this ground.
#[track_caller]
fn stands_on(console: &Console, ground: &str) {
    eventually(&format!("the ground is {ground}"), || console.coloured().contains(ground).then_some(()));
}

#[test]
fn the_theme_is_changed_by_a_command_and_kept() {
    let console = Console::with(Bus::start(), 120, 40, &TRUE);
    stands_on(&console, &ground("dark"));
    console.command("theme light");
    stands_on(&console, &ground("light"));
    console.sees("the theme is light");
    assert_eq!(console.quit(), 0);
    super::live(&console);
    stands_on(&console, &ground("light"));
    assert_eq!(console.quit(), 0);
    console.run(&["veda-bus", "--theme", "nord"]);
    stands_on(&console, &ground("nord"));
    assert_eq!(console.quit(), 0);
    console.run(&["veda-bus", "--theme", "nrod"]);
    assert_eq!(console.ended(), 2);
    assert!(console.text().contains("did you mean \"nord\"?"), "{}", console.text());
}

#[test]
fn a_theme_is_on_while_it_is_selected() {
    let console = Console::with(Bus::start(), 120, 40, &TRUE);
    console.keys(&["C"]);
    console.sees("in force");
    console.literal("solarized-light");
    console.keys(&["Down"]);
    stands_on(&console, &ground("solarized-light"));
    console.escape();
    console.sees_not("in force");
    stands_on(&console, &ground("dark"));
    console.keys(&["C"]);
    console.sees("in force");
    console.keys(&["Down", "Enter"]);
    console.sees("the theme is light");
    stands_on(&console, &ground("light"));
}

#[test]
fn a_theme_of_ones_own_is_read_again_when_its_file_changes() {
    let console = Console::with(Bus::start(), 120, 40, &TRUE);
    let folder = console.bus.home().join(".veda/themes");
    fs::create_dir_all(&folder).unwrap();
    let write = |ground: &str| {
        let text = format!("inherits = \"dark\"\n\n[palette]\nground = \"{ground}\"\n");
        fs::write(folder.join("mine.toml"), text).unwrap();
    };
    write("#102030");
    console.command("theme mine");
    stands_on(&console, &of("102030"));
    write("#405060");
    stands_on(&console, &of("405060"));
    // One that is wrong is told of, and the one before stays.
    write("#40506");
    console.sees("mine.toml:4:");
    stands_on(&console, &of("405060"));
    write("#708090");
    stands_on(&console, &of("708090"));
}

#[test]
fn settings_that_are_wrong_are_told_of_by_line() {
    let console = Console::open();
    let settings = console.bus.home().join(".veda/console.toml");
    fs::write(&settings, "bell = true\ntheme = 5\n").unwrap();
    console.sees("console.toml:2:");
    fs::write(&settings, "[keys.anywhere]\nw = \"help\"\n").unwrap();
    console.sees("read again");
    console.keys(&["w"]);
    console.sees("Keys and commands");
}

/// The parameters of every sequence that sets a style.
fn styles(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let sequences = text.split("\x1b[").skip(1);
    let parameters = sequences.filter_map(|sequence| {
        let end = sequence.find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':')?;
        sequence[end..].starts_with('m').then(|| sequence[..end].to_owned())
    });
    parameters.collect()
}

/// Whether a style sets a colour; the terminal's own is none.
fn is_coloured(style: &str) -> bool {
    style.split(';').any(|part| match part.parse::<u8>() {
        Ok(number) => matches!(number, 30..=38 | 40..=48 | 58 | 90..=107),
        Err(_) => !part.is_empty(),
    })
}

/// The styles of a console in such an environment, with something of every kind on the screen.
fn styles_with(environment: &[(&str, &str)]) -> Vec<String> {
    let bus = Bus::start();
    let screen = crate::suite::harness::Screen::with(&bus, 120, 40, environment);
    screen.record();
    super::live(&screen);
    let console = Console { screen, bus };
    let payload = json!({ "summary": "styled", "reason": "a `word`\n\n```\ncode\n```\n- list", "urgency": "blocking_development" });
    console.bus.instance("LensSDK").sends(&message("m", "operator", "RequestChange", payload));
    console.keys(&["2", "Enter"]);
    console.sees("urgency");
    console.keys(&["i"]);
    console.sees("Delivery");
    console.back_from("Delivery");
    console.keys(&["r"]);
    console.sees("reply to");
    console.back_from("reply to");
    console.command("theme dracula");
    console.sees("the theme is dracula");
    assert_eq!(console.quit(), 0);
    styles(&console.recorded())
}

#[test]
fn no_colour_where_none_is_wanted_or_known() {
    for environment in
        [&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")][..], &[("TERM", "dumb")], &[("TERM", "vt100")]]
    {
        let styles = styles_with(environment);
        let coloured: Vec<_> = styles.iter().filter(|style| is_coloured(style)).collect();
        assert!(coloured.is_empty(), "{environment:?}: {coloured:?}");
        // What is selected can still be told.
        assert!(
            styles.iter().any(|style| style.split(';').any(|part| part == "7" || part == "1")),
            "{styles:?}"
        );
    }
}

#[test]
fn no_more_colours_than_the_terminal_has() {
    let begins = |style: &str, with: &str| {
        style.starts_with(&format!("38;{with}")) || style.starts_with(&format!("48;{with}"))
    };
    let sixteen = styles_with(&[("TERM", "xterm")]);
    assert!(sixteen.iter().any(|style| is_coloured(style)), "{sixteen:?}");
    for style in &sixteen {
        let parts: Vec<_> = style.split(';').collect();
        let one_of_more =
            |part: &&[&str]| matches!(part, ["38" | "48", "5", number] if number.parse::<u8>().unwrap() > 15);
        assert!(!parts.windows(3).any(|part| one_of_more(&part)) && !begins(style, "2"), "{style}");
    }
    let indexed = styles_with(&[("TERM", "xterm-256color")]);
    assert!(
        indexed.iter().any(|style| begins(style, "5")) && !indexed.iter().any(|style| begins(style, "2"))
    );
    let every = styles_with(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]);
    assert!(every.iter().any(|style| begins(style, "2")));
}

#[test]
fn only_ascii_where_the_locale_has_nothing_else() {
    let console = Console::with(Bus::start(), 120, 40, &[("LANG", "C")]);
    let ascii = |what: &str| {
        let text = console.text();
        let strange: String = text.chars().filter(|c| !c.is_ascii()).collect();
        assert!(strange.is_empty(), "{what}: {strange:?} in\n{text}");
    };
    ascii("the first screen");
    console.bus.instance("LensSDK");
    let long = "a long line that is cut somewhere because there is no room for all of it in the list of conversations";
    let payload = json!({ "summary": format!("{long}\r\nand\u{202e} on"), "reason": "- a list\n- of two", "urgency": "x" });
    console.bus.instance("Flagship").sends(&message("m1", "operator", "RequestChange", payload));
    console.sees("1 thing needs you");
    console.keys(&["2", "Enter"]);
    console.sees("of two");
    ascii("a thread");
    for (key, wanted) in
        [("i", "Delivery"), ("?", "Keys and commands"), ("n", "Write a new message"), ("C", "in force")]
    {
        console.keys(&[key]);
        console.sees(wanted);
        ascii(wanted);
        console.back_from(wanted);
    }
    console.keys(&["J"]);
    console.sees("\"summary\"");
    ascii("the message as JSON");
    console.keys(&["r"]);
    console.sees("reply to");
    console.literal("typed");
    ascii("the composer");
    console.resize(40, 10);
    console.sees("a little more room");
    ascii("a terminal that is too small");
}
