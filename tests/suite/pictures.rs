//! What the pictures of the documentation are made with: a capture of a terminal becomes an SVG, and the swarm that
//! stands in them can be sent.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::harness::{Bus, Machine, Process, Screen};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Prints the elements of an SVG, a JSON object a line: tag, text and attributes. One that is no XML fails.
const ELEMENTS: &str = r#"
import json, sys, xml.etree.ElementTree as tree
for element in tree.fromstring(sys.stdin.buffer.read()).iter():
    print(json.dumps({"tag": element.tag.partition("}")[2], "text": element.text or "", **element.attrib}))
"#;

/// Runs Python to its end with `input`, and gives its output.
fn python(arguments: &[&str], input: &str) -> String {
    let mut command = Command::new("python3");
    command.args(arguments);
    let mut python = Process::start(command);
    python.write(input.as_bytes());
    python.close_stdin();
    let status = python.wait();
    assert!(status.success(), "{}", python.stderr());
    python.stdout()
}

fn picture(capture: &str, more: &[&str]) -> String {
    let script = Path::new(ROOT).join("scripts/picture.py");
    let size = ["--columns", "40", "--rows", "3"];
    python(&[&[script.to_str().unwrap()], &size[..], more].concat(), capture)
}

/// The elements of a capture's picture.
struct Drawn(Vec<Value>);

impl Drawn {
    fn of(capture: &str) -> Self {
        let elements = python(&["-c", ELEMENTS], &picture(capture, &[]));
        Self(elements.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    /// What is written with this text, which is there once.
    #[track_caller]
    fn text(&self, text: &str) -> &Value {
        let found: Vec<_> =
            self.0.iter().filter(|element| element["tag"] == "text" && element["text"] == text).collect();
        assert_eq!(found.len(), 1, "{text:?} in {:#?}", self.0);
        found[0]
    }

    fn colour(&self, text: &str) -> &str {
        self.text(text)["fill"].as_str().unwrap()
    }

    /// Whether a rectangle stands there, in cells and parts of them, in this colour.
    fn has_rectangle(&self, [x, y, width, height]: [&str; 4], colour: &str) -> bool {
        self.0.iter().any(|element| {
            element["tag"] == "rect"
                && element["fill"] == colour
                && [&element["x"], &element["y"], &element["width"], &element["height"]]
                    == [x, y, width, height]
        })
    }
}

#[test]
fn colours_of_every_kind() {
    let drawn = Drawn::of(
        "\x1b[38;2;1;2;3mtrue\x1b[38:2::4:5:6m colons\x1b[38;5;208m cube\x1b[38;5;244m grey\x1b[38;5;1m low\x1b[m\n\
         \x1b[31m red\x1b[91m bright\x1b[39m own\x1b[2m dim\x1b[22m again",
    );
    assert_eq!(drawn.colour("true"), "#010203");
    assert_eq!(drawn.colour("colons"), "#040506");
    assert_eq!(drawn.colour("cube"), "#ff8700");
    assert_eq!(drawn.colour("grey"), "#808080");
    assert_eq!(drawn.colour("low"), drawn.colour("red"));
    assert_ne!(drawn.colour("bright"), drawn.colour("red"));
    assert_eq!(drawn.colour("own"), drawn.colour("again"));
    assert_ne!(drawn.colour("dim"), drawn.colour("own"));
}

#[test]
fn marks_and_grounds() {
    let drawn = Drawn::of(
        "\x1b[1mbold\x1b[22;3m slant\x1b[23;4;38;2;1;1;1mline\x1b[24;9mthrough\x1b[m\n\
         \x1b[7;38;2;9;9;9mab\x1b[m\x1b[48;2;8;8;8m  c\x1b[8mhidden",
    );
    assert_eq!(drawn.text("bold")["font-weight"], "bold");
    assert_eq!(drawn.text("slant")["font-style"], "italic");
    assert!(drawn.text("line")["font-weight"].is_null() && drawn.text("line")["font-style"].is_null());
    // The first cell of "line" is the eleventh; the line is under the letters, and then through them.
    assert!(drawn.has_rectangle(["90", "16", "9", "1"], "#010101"), "{:#?}", drawn.0);
    assert!(drawn.has_rectangle(["126", "9.5", "9", "1"], "#010101"), "{:#?}", drawn.0);
    // The style goes on in the next line; two cells of one ground are one rectangle.
    assert!(drawn.has_rectangle(["0", "19", "18", "19"], "#090909"), "{:#?}", drawn.0);
    assert!(drawn.has_rectangle(["18", "19", "81", "19"], "#080808"), "{:#?}", drawn.0);
    assert!(drawn.0.iter().all(|element| element["text"] != "hidden"));
}

#[test]
fn every_word_stands_at_its_column() {
    let drawn = Drawn::of("one  two 漢字x e\u{301}nd\n─│╭ third");
    let places = ["one", "two", "漢", "字", "x", "e\u{301}", "nd", "third"].map(|text| {
        let text = drawn.text(text);
        ["x", "y", "textLength"].map(|name| text[name].as_str().unwrap().parse::<u32>().unwrap())
    });
    let wanted = [
        [0, 14, 27],
        [45, 14, 27],
        [81, 14, 18],
        [99, 14, 18],
        [117, 14, 9],
        [135, 14, 9],
        [144, 14, 18],
        [36, 33, 45],
    ];
    assert_eq!(places, wanted);
    // Lines are drawn from edge to edge, so that they meet whatever the font is.
    assert!(drawn.0.iter().any(|element| element["d"] == "M4.5 28.5H0M4.5 28.5H9"), "{:#?}", drawn.0);
}

#[test]
fn whatever_is_captured_the_picture_is_sound() {
    let hostile = "<&>\"'\x07\x08\x1b]0;title\x07\x1b]8;;http://x\x1b\\ link\x1b[2J\x1b[38;5mx\x1b[38;2;300;1;1my\x1b[mz\x1b";
    let drawn = Drawn::of(hostile);
    drawn.text("<&>\"'");
    drawn.text("linkxyz");
    assert!(drawn.0.iter().all(|element| !element["text"].as_str().unwrap().contains("title")));
    // What is beyond the size that was asked for is not there.
    let drawn = Drawn::of(&format!("{}over\n\n\nfourth", " ".repeat(40)));
    assert!(drawn.0.iter().all(|element| element["text"] != "over" && element["text"] != "fourth"));
}

#[test]
fn the_same_capture_is_the_same_picture() {
    let light = ["--title", "a <title>", "--terminal", "light"];
    let one = picture("text", &light);
    assert_eq!(one, picture("text", &light));
    assert!(one.contains("a &lt;title&gt;"), "{one}");
    assert_ne!(one, picture("text", &["--title", "a <title>", "--terminal", "dark"]));
    assert!(!one.contains("http") || one.matches("http").count() == 1, "only the name space: {one}");
}

#[test]
fn what_a_terminal_shows_is_drawn() {
    let machine = Machine::new("");
    let screen = Screen::open(&machine, 40, 3);
    // Line drawing by the other character set, as some programs do it, comes out as lines.
    screen.run(&["sh", "-c", "printf '\\033[2J\\033[H\\033[1;38;2;1;2;3mtrue\\033[m\\033[44m   \\033[m\\033(0qx\\033(B'; read line"]);
    screen.sees("true");
    let drawn = Drawn::of(&screen.coloured());
    assert_eq!((drawn.colour("true"), &drawn.text("true")["font-weight"]), ("#010203", &Value::from("bold")));
    assert!(drawn.has_rectangle(["36", "0", "27", "19"], "#62a4ef"), "{:#?}", drawn.0);
    assert!(drawn.0.iter().any(|element| element["d"] == "M67.5 9.5H63M67.5 9.5H72"), "{:#?}", drawn.0);
}

#[test]
fn the_swarm_of_the_pictures_can_be_sent() {
    let bus = Bus::start();
    for repo in ["Flagship", "LensSDK", "AuthCore"] {
        bus.instance(repo);
    }
    let messages = std::fs::read_to_string(Path::new(ROOT).join("scripts/pictures.jsonl")).unwrap();
    // Each by a process of its own, as the script does it: one process is not an agent and then the operator.
    for message in messages.lines() {
        bus.run_with(&["send", "--message", "-"], message.as_bytes()).exits(0);
    }
}
