use proptest::prelude::*;

use super::*;

/// What two wordings differ in, with the marks of a terminal without colours.
fn told(old: &str, new: &str) -> String {
    let piece = |&(change, text): &(Change, &str)| match change {
        Change::Same => text.to_owned(),
        Change::Deleted => format!("[-{text}-]"),
        Change::Inserted => format!("{{+{text}+}}"),
        Change::Omitted => "…".to_owned(),
    };
    words(old, new).iter().map(piece).collect()
}

#[test]
fn differences_are_told_word_by_word() {
    let cases = [
        ("Rename Frame everywhere", "Rename Picture everywhere", "Rename [-Frame-]{+Picture+} everywhere"),
        ("Rename Frame", "Rename Frame, then test", "Rename Frame{+, then test+}"),
        ("one two three", "three", "[-one two -]three"),
        ("auth-core in May", "auth-main in June", "auth-[-core-]{+main+} in [-May-]{+June+}"),
        // The space between two changed words is no word that stayed.
        ("by Monday noon, all", "on Tuesday evening, all", "[-by Monday noon-]{+on Tuesday evening+}, all"),
        ("a\nb", "a\nc", "a\n[-b-]{+c+}"),
        ("", "new", "{+new+}"),
        ("old", "", "[-old-]"),
        ("same", "same", ""),
        ("", "", ""),
        ("古い名前", "新しい名前", "[-古-]{+新し+}い名前"),
    ];
    for (old, new, expected) in cases {
        assert_eq!(told(old, new), expected);
    }
}

#[test]
fn what_is_far_from_a_difference_is_left_out() {
    let long = |middle: &str| format!("{}{middle}{}", "before ".repeat(500), " after".repeat(500));
    let words = told(&long("this"), &long("that"));
    assert!(words.starts_with("…before ") && words.ends_with(" after…"), "{words}");
    assert!(words.contains("before [-this-]{+that+} after"), "{words}");
    assert!(words.len() < 400, "{words}");
}

#[test]
fn texts_that_are_too_long_are_compared_from_their_first_difference_on() {
    let text = |word: &str| format!("{}{}", "same ".repeat(100), format!("{word} ").repeat(20_000));
    let (one, two) = (text("one"), text("two"));
    let words = words(&one, &two);
    assert_eq!(words.last(), Some(&(Change::Omitted, "")));
    let told: usize = words.iter().map(|(_, text)| text.len()).sum();
    assert!(told < 20_000, "{told}");
    let far = |end: &str| "x".repeat(LOOKED_AT) + end;
    assert_eq!(super::words(&far("one"), &far("two")), [(Change::Omitted, "")]);
}

proptest! {
    #[test]
    fn nothing_of_short_texts_is_lost(old in "[ab \n,é]{0,12}", new in "[ab \n,é]{0,12}") {
        let side = |without: Change| -> String {
            words(&old, &new).into_iter().filter(|(change, _)| *change != without).map(|(_, text)| text).collect()
        };
        let is_same = old == new;
        prop_assert_eq!(side(Change::Inserted), if is_same { "" } else { &old });
        prop_assert_eq!(side(Change::Deleted), if is_same { "" } else { &new });
    }
}
