//! What is looked for: patterns that must all be found, and an expression that must hold.

use std::ops::Range;

use regex::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;

use super::literal;
use crate::filter::{Filter, FilterError};

/// How large a compiled pattern may become, in bytes.
const MAX_COMPILED: usize = 4 << 20;

/// Why nothing can be looked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A text that is nothing but white space.
    #[error("a text to look for must not be blank")]
    Blank,
    /// A quotation mark without its counterpart.
    #[error("a quotation mark is not closed")]
    Quote,
    /// Not a regular expression.
    #[error("column {column}: {message}")]
    Regex {
        /// Where, in characters from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// A regular expression that needs too much memory.
    #[error("the expression is too large")]
    TooLarge,
    /// Not a CEL expression for messages.
    #[error(transparent)]
    Cel(#[from] FilterError),
}

/// What is looked for in messages; all of it must be there.
///
/// Whether letters' case counts is decided for each pattern by itself, as `ripgrep --smart-case` does: it does not where
/// the pattern has no upper-case letter. Then letters are the same that Unicode's simple case folding makes the same.
#[derive(Debug, Clone, Default)]
pub struct Query {
    patterns: Vec<Pattern>,
    filter: Option<Filter>,
    all: bool,
}

impl Query {
    /// What a person writes in one line: words with white space between them, and phrases in quotation marks.
    ///
    /// # Errors
    /// [`QueryError::Quote`] where a quotation mark is not closed, [`QueryError::Blank`] where it holds nothing.
    pub fn parse(line: &str) -> Result<Self, QueryError> {
        let mut query = Self::default();
        let mut rest = line.trim_start();
        while !rest.is_empty() {
            let (text, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').ok_or(QueryError::Quote)?,
                None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
            };
            query = query.text(text)?;
            rest = after.trim_start();
        }
        Ok(query)
    }

    /// Also looks for `text`: a word, a part of one, or a phrase. White space in it stands for any white space.
    ///
    /// # Errors
    /// [`QueryError::Blank`] when there is nothing in it.
    pub fn text(mut self, text: &str) -> Result<Self, QueryError> {
        self.patterns.push(Pattern::text(text)?);
        Ok(self)
    }

    /// Also looks for a regular expression, in the syntax of the `regex` crate.
    ///
    /// # Errors
    /// [`QueryError::Regex`] with a column, or [`QueryError::TooLarge`].
    pub fn regex(mut self, expression: &str) -> Result<Self, QueryError> {
        self.patterns.push(Pattern::regex(expression)?);
        Ok(self)
    }

    /// Only messages for which this CEL expression holds.
    ///
    /// # Errors
    /// [`QueryError::Cel`] with its place.
    pub fn cel(mut self, expression: &str) -> Result<Self, QueryError> {
        self.filter = Some(Filter::compile(expression)?);
        Ok(self)
    }

    /// Looks through every event, and everything in it but its number, its time and its digest.
    #[must_use]
    pub fn all_events(mut self) -> Self {
        self.all = true;
        self
    }

    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty() && self.filter.is_none()
    }

    pub(super) fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    pub(super) fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    pub(super) fn has_all(&self) -> bool {
        self.all
    }

    /// All its texts side by side, in their order; `None` where there are not several.
    pub(super) fn side_by_side(&self) -> Option<Regex> {
        let sources: Vec<_> = self.patterns.iter().map(|pattern| pattern.source.as_deref()).collect();
        let sources = sources.into_iter().collect::<Option<Vec<_>>>().filter(|sources| sources.len() > 1)?;
        compiled(&sources.join(r"\W+"), false).ok()
    }
}

/// One thing that must be found.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub(super) regex: Regex,
    /// Texts of which every match has at least one, letters' case as in `ignores_case`; none where none is known.
    pub(super) runs: Vec<String>,
    pub(super) ignores_case: bool,
    /// Of a text: what it has before and after its run.
    pub(super) around: Option<(String, String)>,
    /// The expression with its own case, where it was made from a text.
    source: Option<String>,
}

impl Pattern {
    fn text(text: &str) -> Result<Self, QueryError> {
        let words: Vec<_> = text.split_whitespace().map(regex::escape).collect();
        if words.is_empty() {
            return Err(QueryError::Blank);
        }
        let ignores_case = !text.chars().any(char::is_uppercase);
        let source = words.join(r"\s+");
        let regex = compiled(&source, ignores_case)?;
        let run = literal::run(text, char::is_whitespace);
        let around = run.and_then(|run| text.split_once(run));
        let around = around.map(|(before, after)| (before.to_owned(), after.to_owned()));
        let runs = run.map(str::to_owned).into_iter().collect();
        let source = if ignores_case { format!("(?i:{source})") } else { source };
        Ok(Self { regex, runs, ignores_case, around, source: Some(source) })
    }

    fn regex(expression: &str) -> Result<Self, QueryError> {
        let ignores_case = !has_upper_case(expression);
        let regex = compiled(expression, ignores_case)?;
        // What stands in a match in any case, stands there in some case where case does not count.
        let hir = ParserBuilder::new().build().parse(expression);
        let runs = hir.ok().and_then(|hir| literal::required(&hir)).unwrap_or_default();
        Ok(Self { regex, runs, ignores_case, around: None, source: None })
    }

    /// Where it is in a text, as it was written, if its run is at `run` there; `None` does not mean that it is not.
    pub(super) fn at_run(&self, text: &str, run: Range<usize>) -> Option<Range<usize>> {
        let (before, after) = self.around.as_ref()?;
        let found = run.start.checked_sub(before.len())?..run.end.checked_add(after.len())?;
        let is_same = |found: &str, wanted: &str| {
            found == wanted || self.ignores_case && found.eq_ignore_ascii_case(wanted)
        };
        let is_here = is_same(text.get(found.start..run.start)?, before)
            && !run.is_empty()
            && is_same(text.get(run.end..found.end)?, after);
        is_here.then_some(found)
    }
}

fn compiled(expression: &str, ignores_case: bool) -> Result<Regex, QueryError> {
    let built = RegexBuilder::new(expression).case_insensitive(ignores_case).size_limit(MAX_COMPILED).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => QueryError::TooLarge,
        _ => explained(expression),
    })
}

/// What is wrong with an expression, in one line.
fn explained(expression: &str) -> QueryError {
    match ParserBuilder::new().build().parse(expression) {
        Err(regex_syntax::Error::Parse(error)) => {
            QueryError::Regex { column: error.span().start.column, message: error.kind().to_string() }
        }
        Err(regex_syntax::Error::Translate(error)) => {
            QueryError::Regex { column: error.span().start.column, message: error.kind().to_string() }
        }
        _ => QueryError::TooLarge,
    }
}

/// Whether an expression asks for an upper-case letter. Those of its syntax (`\W`, `\pL`, `(?P<Name>`) ask for none.
fn has_upper_case(expression: &str) -> bool {
    let mut chars = expression.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let class = chars.next();
                if matches!(class, Some('p' | 'P' | 'x' | 'u' | 'U')) && chars.next() == Some('{') {
                    chars.by_ref().find(|&c| c == '}');
                }
            }
            '(' if chars.peek() == Some(&'?') => {
                chars.by_ref().find(|c| matches!(c, ':' | '>' | ')'));
            }
            c if c.is_uppercase() => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_words_and_phrases() {
        let sources = |line: &str| {
            let query = Query::parse(line).unwrap();
            query.patterns.iter().map(|pattern| pattern.regex.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(sources(r#" a.b "two  words"c "#), [r"a\.b", r"two\s+words", "c"]);
        assert_eq!(sources(""), [""; 0]);
        assert_eq!(Query::parse("a \"b").unwrap_err(), QueryError::Quote);
        assert_eq!(Query::parse("\" \"").unwrap_err(), QueryError::Blank);
    }

    #[test]
    fn case_counts_where_an_upper_case_letter_is_asked_for() {
        for (expression, counts) in [
            ("session", false),
            ("Session", true),
            (r"\W\S\bsession\pL\p{Lu}\x{4F}", false),
            (r"\\W", true),
            ("(?P<Name>a)(?<Other>b)(?U:c)", false),
            ("straße|Ä", true),
        ] {
            assert_eq!(has_upper_case(expression), counts, "{expression}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_one_line() {
        let error = Query::default().regex("ab(c").unwrap_err();
        assert_eq!(error.to_string(), "column 3: unclosed group");
        let error = Query::default().regex(r"\p{Nope}").unwrap_err();
        assert_eq!(error.to_string(), "column 1: Unicode property not found");
        assert_eq!(Query::default().regex(r"(\w{1000}){1000}").unwrap_err(), QueryError::TooLarge);
        assert!(matches!(Query::default().cel("typ == 1").unwrap_err(), QueryError::Cel(_)));
    }
}
