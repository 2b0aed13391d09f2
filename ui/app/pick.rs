//! Which messages match what is typed: words that resemble what they say, or `=` and a CEL expression.

use nucleo_matcher::pattern::{Atom, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use veda_bus_core::event::{Accepted, Recorded};
use veda_bus_core::filter::{Facts, Filter, FilterError};
use veda_bus_core::message::{Message, MessageType};
use veda_bus_core::name::{MessageId, RepoName};
use veda_bus_core::state::record::Record;
use veda_bus_core::time::Millis;

use crate::model::texts::{Read, headline};

/// How many letters may stand between those of a word that is typed: a typo is forgiven, letters from all over are not.
const BETWEEN: u32 = 2;

enum Test {
    /// Words that resemble what is said.
    Fuzzy(Pattern),
    /// An expression over what is said.
    Cel(Filter),
}

/// See the [module](self).
pub struct Pick {
    test: Test,
    matcher: Matcher,
}

/// A message, as a filter sees it.
struct Seen<'a> {
    id: &'a MessageId,
    kind: MessageType,
    from: &'a RepoName,
    thread: &'a MessageId,
    at: Millis,
    /// `None` when this version can not read it.
    message: Option<&'a Message>,
    headline: &'a str,
}

impl Pick {
    /// Reads what was typed.
    ///
    /// # Errors
    /// When the expression is none.
    pub fn new(source: &str) -> Result<Self, FilterError> {
        let test = match source.strip_prefix('=') {
            Some(expression) => Test::Cel(Filter::compile(expression.trim())?),
            None => Test::Fuzzy(Pattern::parse(source, CaseMatching::Smart, Normalization::Smart)),
        };
        Ok(Self { test, matcher: Matcher::new(Config::DEFAULT) })
    }

    /// Whether a remembered message, which says what `read` does, matches at the moment `now`.
    pub fn takes(&mut self, record: &Record, read: &Read, now: Millis) -> bool {
        let Record { id, kind, from, thread, at, .. } = record;
        let (message, headline) = (read.message.as_ref(), read.headline.as_str());
        let seen = Seen { id, kind: *kind, from, thread, at: *at, message, headline };
        self.judge(&seen, record.deliveries.iter().map(|delivery| &delivery.repo), now)
    }

    /// Whether the message that `recorded` accepted matches, at that moment.
    pub fn takes_accepted(&mut self, recorded: &Recorded, accepted: &Accepted) -> bool {
        let Accepted { message, thread, recipients, .. } = accepted;
        let (headline, at) = (headline(&message.payload), recorded.at);
        let (id, kind, from) = (&message.id, message.kind(), &message.from.repo);
        let seen = Seen { id, kind, from, thread, at, message: Some(message), headline: &headline };
        self.judge(&seen, recipients.iter().map(|routing| &routing.repo), at)
    }

    fn judge<'a>(
        &mut self,
        seen: &Seen<'_>,
        recipients: impl Iterator<Item = &'a RepoName>,
        now: Millis,
    ) -> bool {
        match &self.test {
            Test::Fuzzy(pattern) => {
                let hay = haystack(seen, recipients);
                let mut buffer = Vec::new();
                let hay = Utf32Str::new(&hay, &mut buffer);
                pattern.atoms.iter().all(|atom| resembles(atom, hay, &mut self.matcher))
            }
            Test::Cel(filter) => {
                let Some(message) = seen.message else { return false };
                let facts = Facts::of_message(message, now, seen.at).in_thread(seen.thread);
                // To show a conversation too many is safer than to hide it.
                filter.matches(&facts).unwrap_or(true)
            }
        }
    }
}

/// Whether a word, with what it may have in front, is there.
fn resembles(atom: &Atom, hay: Utf32Str<'_>, matcher: &mut Matcher) -> bool {
    let mut places = Vec::new();
    if atom.indices(hay, matcher, &mut places).is_none() {
        return false;
    }
    let (Some(first), Some(last)) = (places.iter().min(), places.iter().max()) else { return true };
    let length = u32::try_from(places.len()).unwrap_or(u32::MAX);
    last - first < length.saturating_add(BETWEEN)
}

fn haystack<'a>(seen: &Seen<'_>, recipients: impl Iterator<Item = &'a RepoName>) -> String {
    let mut hay = format!("{} {} {}", seen.id.short(), seen.kind, seen.from);
    for repo in recipients {
        hay.push(' ');
        hay.push_str(repo.as_str());
    }
    hay.push(' ');
    hay.push_str(seen.headline);
    hay
}
