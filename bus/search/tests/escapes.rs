//! What the prefilter promises: the raw look at a line throws no match away, whatever its sender escaped.

use proptest::prelude::*;

use super::super::judge::Verdict;
use super::super::prefilter::{Prefilter, Suspect};
use super::*;

/// Characters whose escapes, cases and foldings are the hard ones.
const HARD: &[char] = &[
    'a', 'A', 'k', 'K', '\u{212A}', 's', 'S', 'ſ', 'ß', 'é', 'É', 'ı', 'İ', 'σ', 'ς', '"', '\\', '/', '\n',
    '\t', '\u{1}', '\u{7f}', '😀', ' ', 'u', '0', '1', '6', 'b', 'n', '{', ',',
];

/// How one character is written in JSON: in one of the ways that there are for it.
fn escaped(c: char, way: u8) -> String {
    let short = match c {
        '"' => Some("\\\""),
        '\\' => Some("\\\\"),
        '/' => Some("\\/"),
        '\n' => Some("\\n"),
        '\t' => Some("\\t"),
        _ => None,
    };
    let must = c < ' ' || c == '"' || c == '\\';
    match (way % 4, short) {
        (0, _) | (1, None) if !must => c.to_string(),
        (0 | 1, Some(short)) => short.to_owned(),
        (way, _) => {
            let unit =
                |unit: &u16| if way == 2 { format!("\\u{unit:04x}") } else { format!("\\u{unit:04X}") };
            c.encode_utf16(&mut [0; 2]).iter().map(unit).collect()
        }
    }
}

fn written() -> impl Strategy<Value = Vec<(char, u8)>> {
    prop::collection::vec((prop::sample::select(HARD), 0..4_u8), 0..12)
}

/// What is looked for: a part of what is said, perhaps in another case, or anything.
fn needle() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(HARD), 1..4).prop_map(|chars| chars.into_iter().collect())
}

fn verdicts<'l>(query: &Query, lines: impl Iterator<Item = Suspect<'l>>) -> Vec<(usize, u32)> {
    let bounds = Bounds::default();
    let mut judge = Judge::new(query, &bounds);
    let judged = lines.filter_map(|suspect| match judge.judge(suspect) {
        Verdict::No => None,
        Verdict::Found(score) => Some((suspect.start, score)),
        other => panic!("{other:?}: {}", String::from_utf8_lossy(suspect.line)),
    });
    judged.collect()
}

fn check(query: &Query, texts: &[Vec<(char, u8)>]) -> Result<(), TestCaseError> {
    let json = |text: &Vec<(char, u8)>| text.iter().map(|&(c, way)| escaped(c, way)).collect::<String>();
    let lines: Vec<_> =
        (1..).zip(texts).map(|(seq, text)| message(seq, &format!("{{\"x\":\"{}\"}}", json(text)))).collect();
    let lines = lines.concat();
    let mut start = 0;
    let all = lines.split_terminator('\n').map(|line| {
        let suspect = Suspect::unknown(start, line.as_bytes());
        start += line.len() + 1;
        suspect
    });
    let expected = verdicts(query, all);
    let prefilter = Prefilter::new(query.patterns());
    prop_assert_eq!(verdicts(query, prefilter.candidates(lines.as_bytes())), expected);
    Ok(())
}

proptest! {
    /// However a sender escapes what it says, the raw look at a line throws no match away, nor changes its worth.
    #[test]
    fn the_prefilter_misses_nothing(
        texts in prop::collection::vec(written(), 1..6),
        needles in prop::collection::vec(needle(), 1..3),
    ) {
        let query = needles.iter().try_fold(Query::default(), |query, needle| query.text(needle));
        // Nothing but white space is nothing to look for.
        if let Ok(query) = query {
            check(&query, &texts)?;
        }
    }

    /// The same for what really is in one of the texts.
    #[test]
    fn what_was_said_is_found_whatever_was_escaped(
        texts in prop::collection::vec(written(), 1..6),
        from in 0..6_usize,
        length in 1..6_usize,
    ) {
        let part: String = texts[0].iter().skip(from).take(length).map(|&(c, _)| c).collect();
        if let Ok(query) = Query::default().text(&part) {
            check(&query, &texts)?;
            let prefilter = Prefilter::new(query.patterns());
            let said: String = texts[0].iter().map(|&(c, way)| escaped(c, way)).collect();
            let line = message(1, &format!("{{\"x\":\"{said}\"}}"));
            prop_assert_eq!(verdicts(&query, prefilter.candidates(line.as_bytes())).len(), 1);
        }
    }

    /// The same for regular expressions, of which less is known before.
    #[test]
    fn the_prefilter_misses_nothing_of_an_expression(
        texts in prop::collection::vec(written(), 1..6),
        one in needle(),
        other in needle(),
        form in 0..6_usize,
    ) {
        let (one, other) = (regex::escape(&one), regex::escape(&other));
        let expression = [
            format!("{one}.*{other}"),
            format!("(?:{one}|{other})+"),
            format!("{one}?(?P<Name>{other})"),
            format!("(?i:{one}){other}*"),
            format!("[{one}]{other}$"),
            format!(r"\b{one}(?s:.){{0,3}}{other}\W?"),
        ];
        if let Ok(query) = Query::default().regex(&expression[form]) {
            check(&query, &texts)?;
        }
    }
}
