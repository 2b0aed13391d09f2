//! Text from agents is hostile until shown: this module makes it harmless for a terminal.
//!
//! The journal and the wire carry text unchanged; only what is shown goes through here.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

/// How many combining marks may follow one character before the rest is cut.
const MAX_MARKS: usize = 4;

/// Whether a character could move the cursor, reorder or hide text, or otherwise deceive a reader:
/// control and format characters, line and paragraph separators, and invisible fillers.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// One line that is safe to print: a tab becomes spaces, a line break `⏎`, any other hostile character its visible
/// escape (`\u{202e}`, `\x1b`), and combining marks beyond a few are cut.
pub fn line(text: &str) -> Cow<'_, str> {
    visible(text, Breaks::Shown)
}

/// Like [`line()`], but line breaks stay line breaks.
pub fn block(text: &str) -> Cow<'_, str> {
    visible(text, Breaks::Kept)
}

/// Text for a reader that is no terminal, such as a language model: hostile characters are taken out, but line breaks and
/// tabs, and combining marks beyond a few are cut.
pub fn plain(text: &str) -> String {
    let mut marks = 0;
    let kept = text.chars().filter(|&c| {
        if is_hostile(c) {
            return matches!(c, '\n' | '\t');
        }
        marks = if c.width() == Some(0) { marks + 1 } else { 0 };
        marks <= MAX_MARKS
    });
    kept.collect()
}

/// JSON that is safe to print and still the same JSON: hostile characters inside strings become `\u` escapes.
pub fn json(json: &str) -> Cow<'_, str> {
    if !json.chars().any(is_hostile) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 64);
    let mut units = [0; 2];
    for c in json.chars() {
        if is_hostile(c) {
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[derive(Clone, Copy, PartialEq)]
enum Breaks {
    Shown,
    Kept,
}

fn visible(text: &str, breaks: Breaks) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut marks = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\r' && chars.peek() == Some(&'\n') {
            continue;
        }
        let zero_width = !is_hostile(c) && c.width() == Some(0);
        marks = if zero_width { marks + 1 } else { 0 };
        if marks <= MAX_MARKS {
            push_visible(&mut out, c, breaks);
        }
    }
    Cow::Owned(out)
}

fn push_visible(out: &mut String, c: char, breaks: Breaks) {
    match c {
        '\n' | '\r' if breaks == Breaks::Kept => out.push('\n'),
        '\n' | '\r' => out.push('⏎'),
        '\t' => out.push_str("    "),
        _ if !is_hostile(c) => out.push(c),
        _ if u32::from(c) < 0x100 => {
            let _ = write!(out, "\\x{:02x}", u32::from(c));
        }
        _ => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_shown_and_plain_text_is_borrowed() {
        assert!(matches!(line("plain"), Cow::Borrowed("plain")));
        assert_eq!(line("a\tb\r\nc\u{1b}[31m\u{202e}\u{200b}é"), "a    b⏎c\\x1b[31m\\u{202e}\\u{200b}é");
        assert_eq!(block("a\r\nb\u{9b}"), "a\nb\\x9b");
    }

    #[test]
    fn plain_text_has_nothing_hidden_in_it() {
        assert_eq!(plain("a\tb\r\nc\u{1b}[31m\u{202e}\u{200b}\u{e0041}é"), "a\tb\nc[31mé");
        assert_eq!(plain(&format!("e{}", "\u{301}".repeat(5000))).chars().count(), 1 + MAX_MARKS);
    }

    #[test]
    fn json_stays_the_same_json() {
        let value = serde_json::json!({ "a": "x\u{202e}\u{e0041}\u{7f}y" });
        let shown = json(&value.to_string()).into_owned();
        assert!(!shown.chars().any(is_hostile));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }

    #[test]
    fn combining_marks_do_not_pile_up() {
        let tower = format!("e{}", "\u{301}".repeat(5000));
        assert_eq!(line(&tower).chars().count(), 1 + MAX_MARKS);
    }
}
