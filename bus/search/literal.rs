//! Texts that stand in every match of a pattern, as they stand in JSON.

use regex_syntax::hir::{Hir, HirKind};

/// With more alternatives than these, looking for them is no faster than reading.
const MAX_ALTERNATIVES: usize = 16;

/// The longest part of `text` that JSON writes as it is, but for `\u` escapes. What `also` is true of ends a part, too.
pub(super) fn run(text: &str, also: impl Fn(char) -> bool) -> Option<&str> {
    let parts = text.split(|c: char| has_short_escape(c) || also(c));
    parts.filter(|part| !part.is_empty()).max_by_key(|part| part.len())
}

/// Whether JSON may write a character in other ways than as it is or as a `\u` escape, or never as it is.
fn has_short_escape(c: char) -> bool {
    matches!(c, '"' | '\\' | '/' | '\0'..='\x1f')
}

/// Runs of which every match of an expression has at least one; `None` where there are none, or too many.
pub(super) fn required(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            Some(vec![run(text, |_| false)?.to_owned()])
        }
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repeated) if repeated.min > 0 => required(&repeated.sub),
        HirKind::Concat(parts) => parts.iter().filter_map(required).max_by_key(|runs| shortest(runs)),
        HirKind::Alternation(parts) => {
            let each = parts.iter().map(required).collect::<Option<Vec<_>>>()?;
            let all: Vec<_> = each.into_iter().flatten().collect();
            (all.len() <= MAX_ALTERNATIVES).then_some(all)
        }
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

/// How long the shortest of some runs is: the longer, the rarer what it is found in.
pub(super) fn shortest(runs: &[String]) -> usize {
    runs.iter().map(String::len).min().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_may_write_otherwise_is_in_no_run() {
        assert_eq!(run("C:\\path\\a \"quoted\"", |_| false), Some("quoted"));
        assert_eq!(run("a/bc d", char::is_whitespace), Some("bc"));
        assert_eq!(run("\"\\/\n\u{1}", |_| false), None);
    }

    #[test]
    fn every_match_has_one_of_the_runs() {
        let of = |expression: &str| required(&regex_syntax::parse(expression).unwrap());
        assert_eq!(of(r"\bfoo\d+barbar\s*").unwrap(), ["barbar"]);
        assert_eq!(of("(time|dead)(out|line)").unwrap(), ["time", "dead"]);
        assert_eq!(of("(ab)+c?").unwrap(), ["ab"]);
        assert_eq!(of(r"\w+@\w+").unwrap(), ["@"]);
        assert_eq!(of("a*|b"), None);
        assert_eq!(of(r#""|x"#), None);
    }
}
