#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use veda_bus_core::text::is_hostile;

use super::*;

/// Text of everything that is hard to lay out.
pub(crate) fn hard_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z]{1,12}",
        4 => " {1,3}",
        1 => Just("\n".to_owned()), 1 => Just("\r\n".to_owned()), 1 => Just("\r".to_owned()), 1 => Just("\t".to_owned()),
        1 => "[日本語\u{d55c}\u{ad6d}\u{1112}\u{1161}]{1,6}",
        1 => "[\u{301}\u{302}\u{20e3}]{1,9}",
        1 => "[\u{202e}\u{200b}\u{200d}\u{fe0f}\u{1b}\u{7f}\u{9b}\u{2028}]{1,3}",
        1 => "[\u{1f1e6}\u{1f1e8}\u{1f44d}\u{1f3fd}\u{1f468}]{1,5}",
        1 => "[\u{915}\u{94d}\u{93e}\u{937}]{1,9}",
        1 => "[لا\u{3000}\u{a0}]{1,5}",
        1 => any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

/// What can be seen of a text.
fn ink(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[test]
fn a_text_is_broken_at_words() {
    assert_eq!(wrap("the quick brown fox", 10), ["the quick", "brown fox"]);
    assert_eq!(
        wrap("  indented text\r\n\ttab\n\nlast\n", 10),
        ["  indented", "  text", "    tab", "", "last"]
    );
    assert_eq!(wrap("see abcdefghijklmnop, ok", 10), ["see abcdef", "ghijklmnop", ", ok"]);
    assert_eq!(wrap("日本語 日本", 6), ["日本語", "日本"]);
    assert_eq!(wrap("日本", 3), ["日", "本"]);
    assert_eq!(wrap("a   b", 4), ["a", "b"]);
    assert_eq!(wrap("exactly it", 7), ["exactly", "it"]);
    assert_eq!(wrap("", 7), Vec::<String>::new());
    assert_eq!(wrap("          x", 4), ["  x"]);
}

#[test]
fn no_more_is_wrapped_than_is_wanted() {
    let (lines, more) = wrap_limited("a b c d", 2, 2);
    assert_eq!((lines, more), (vec!["a".to_owned(), "b".to_owned()], true));
    assert!(!wrap_limited("a b", 2, 2).1);
    assert!(wrap_limited("a\nb\nc", 2, 2).1);
    assert_eq!(wrap_limited("a", 2, 0), (vec![], true));
}

#[test]
fn a_long_text_costs_what_is_shown_of_it() {
    let word = "x".repeat(1 << 20);
    for text in [word.clone(), word.replace("xx", "é\n"), " ".repeat(1 << 20), "\u{301}".repeat(1 << 19)] {
        let read = enough(&text, 100, 20).len();
        assert!(read <= 20 * 101 * CHARS_IN_COLUMN * 2, "{read} bytes were read");
        let (lines, more) = wrap_limited(&text, 100, 20);
        assert!(lines.len() <= 20 && more);
    }
    assert_eq!(wrap_limited(&word, 100, 20).0.len(), 20);
    // Where this is not linear, it does not end within the patience of any developer.
    assert_eq!(wrap(&word, 80).concat(), word);
    assert_eq!(wrap(&format!("e{}", "\u{301}".repeat(1 << 19)), 80).len(), 1);
    assert!(wrap(&"\u{915}\u{94d}".repeat(1 << 18), 80).len() > 1);
}

#[test]
fn a_text_is_cut_by_columns() {
    assert_eq!(cut("short", 5), "short");
    assert_eq!(cut("longer", 5), "long…");
    assert_eq!(cut("日本語", 5), "日本…");
    assert_eq!(cut("日本語", 6), "日本語");
    assert_eq!(cut("日本語", 1), "…");
    assert_eq!(cut("x", 0), "");
    assert_eq!(
        cut(&"é\u{301}\u{302}\u{303}\u{304}".repeat(10), 10),
        "é\u{301}\u{302}\u{303}\u{304}".repeat(10)
    );
    assert_eq!(cut("\u{1b}\u{1b}", 6), "\\x1b\\…");
    assert_eq!(pad("日", 4), "日  ");
    assert_eq!(pad("日本", 3), "日…");
}

proptest! {
    #[test]
    fn what_is_wrapped_is_harmless_fits_and_is_all_there(text in hard_text(), columns in 2..40_usize) {
        let lines = wrap(&text, columns);
        for line in &lines {
            prop_assert!(!line.chars().any(is_hostile));
            prop_assert!(width(line) <= columns, "{line:?} takes {}", width(line));
            prop_assert!(line.width() <= columns, "{line:?} takes {} as a whole", line.width());
        }
        let all: String = super::lines(&text).map(|raw| ink(&line(raw))).collect();
        prop_assert_eq!(ink(&lines.concat()), all);
    }

    #[test]
    fn what_is_limited_is_the_beginning(text in hard_text(), columns in 2..40_usize, most in 0..6_usize) {
        let (all, (some, more)) = (wrap(&text, columns), wrap_limited(&text, columns, most));
        prop_assert!(ink(&all.concat()).starts_with(&ink(&some.concat())));
        prop_assert!(more || some == all);
        // Of text of which most can be seen, it is exactly that.
        let words: Vec<_> = text.split_whitespace().collect();
        let seen: String = words.join(" ").chars().filter(|c| c.width() != Some(0)).collect();
        let all = wrap(&seen, columns);
        prop_assert_eq!(wrap_limited(&seen, columns, most), (all[..most.min(all.len())].to_vec(), all.len() > most));
    }

    #[test]
    fn a_text_is_measured_by_graphemes(text in hard_text()) {
        let safe = line(&text);
        let one = |grapheme: &str| match grapheme.width() {
            wide @ 0..=2 => wide,
            _ => grapheme.chars().filter_map(unicode_width::UnicodeWidthChar::width).sum(),
        };
        prop_assert_eq!(width(&safe), safe.graphemes(true).map(one).sum::<usize>());
    }

    #[test]
    fn what_is_cut_or_padded_fits(text in hard_text(), columns in 0..40_usize) {
        let cut = cut(&text, columns);
        prop_assert!(width(&cut) <= columns && !cut.chars().any(is_hostile));
        prop_assert_eq!(width(&pad(&text, columns)), columns);
    }
}
