//! Runs: short answers that two repos give each other in turn without saying anything new.
//!
//! Agents that thank each other for ever do not use the same words each time, but the words that they use are soon all
//! there; and whoever works together brings a new name, path, error or plan with nearly every message. So what counts
//! is how many words of a message the two have not said to each other yet. Their words are remembered when a run ends
//! because one of them said something new, and forgotten when one of them says anything else in the thread: an opening,
//! a long text, a vote, work that is done or failed.

use std::borrow::Cow;

use crate::message::{Message, Target};
use crate::name::RepoName;
use crate::payload::{Form, Payload, TaskStatus, Text};

/// How many bytes of text a short answer has at most.
const SHORT: usize = 280;

/// How many bytes its payload has at most: in what this bus does not know there may be something new.
const SHORT_PAYLOAD: usize = 2048;

/// How many different words of two repos are remembered.
const WORDS: usize = 256;

/// How many pairs of one thread are followed.
const PAIRS: usize = 8;

/// The type, and for each field whether it is there, or which of its words.
type Shape = [u8; 5];

/// What counts of a short answer from one repo to another.
pub(super) struct Said<'a> {
    from: &'a RepoName,
    to: &'a RepoName,
    shape: Shape,
    words: Vec<Word>,
}

/// A word as a number; different words may have the same, which is rare enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word(u32);

impl Word {
    /// Any number: a counter brings nothing new.
    const NUMBER: Self = Self(0);
    /// Set in a number that does: one in a report of progress.
    const FIGURE: u32 = 1 << 31;

    /// FNV-1a, which is the same in every process.
    fn new(letters: impl Iterator<Item = char>) -> Self {
        let hash = letters
            .fold(0x811c_9dc5, |hash: u32, letter| (hash ^ u32::from(letter)).wrapping_mul(0x0100_0193));
        Self(hash & !Self::FIGURE)
    }

    fn figure(text: &str) -> Self {
        Self(Self::new(text.chars()).0 | Self::FIGURE)
    }

    fn is_figure(self) -> bool {
        self.0 & Self::FIGURE != 0
    }
}

impl<'a> Said<'a> {
    /// `None` where a message is no short answer from one agent to another, or one that is never idle talk.
    pub(super) fn of(message: &'a Message) -> Option<Self> {
        let (from, Target::Repo(to)) = (&message.from.repo, &message.to.repo) else { return None };
        if from.is_operator() || to.is_operator() || message.payload_json().len() > SHORT_PAYLOAD {
            return None;
        }
        let (shape, texts) = parts(&message.payload)?;
        if texts.iter().flatten().map(|text| text.len()).sum::<usize>() > SHORT {
            return None;
        }
        let mut words = Vec::new();
        let reports = is_report(&message.payload);
        texts.iter().flatten().for_each(|text| split(text, reports, &mut words));
        Some(Self { from, to, shape, words })
    }
}

type Texts<'a> = [Option<Cow<'a, str>>; 2];

/// The shape of an answer, and its texts. `None` for an opening, and for what settles something.
fn parts(payload: &Payload) -> Option<(Shape, Texts<'_>)> {
    let yes_no = |said: Option<bool>| said.map_or(0, |yes| 1 + u8::from(yes));
    Some(match payload {
        Payload::RequestChange(Form::Answer(said)) => {
            let decision = said.decision.map_or(0, |decision| 1 + decision as u8);
            let (counter, eta) = (said.counter_proposal.is_some(), said.eta_seconds.is_some());
            let shape = [0, decision, counter.into(), eta.into(), said.comment.is_some().into()];
            (shape, [text(said.counter_proposal.as_ref()), text(said.comment.as_ref())])
        }
        Payload::Query(Form::Answer(said)) => {
            let answer = said.answer.as_ref().map(|answer| match answer {
                serde_json::Value::String(text) => Cow::Borrowed(text.as_str()),
                other => Cow::Owned(other.to_string()),
            });
            let fields =
                [said.answer.is_some().into(), yes_no(said.acknowledged), said.comment.is_some().into()];
            ([1, fields[0], fields[1], fields[2], 0], [answer, text(said.comment.as_ref())])
        }
        Payload::Notify(Form::Answer(said)) => {
            let fields =
                [yes_no(said.acknowledged), said.findings.is_some().into(), said.comment.is_some().into()];
            (
                [2, fields[0], fields[1], fields[2], 0],
                [text(said.findings.as_ref()), text(said.comment.as_ref())],
            )
        }
        Payload::Negotiate(Form::Answer(said)) if said.vote.is_none() && said.outcome.is_none() => {
            let fields = [
                said.counter_proposal.is_some().into(),
                yes_no(said.acknowledged),
                said.comment.is_some().into(),
            ];
            (
                [3, fields[0], fields[1], fields[2], 0],
                [text(said.counter_proposal.as_ref()), text(said.comment.as_ref())],
            )
        }
        Payload::Task(Form::Answer(said))
            if !matches!(said.status, Some(TaskStatus::Done | TaskStatus::Failed)) =>
        {
            let status = said.status.map_or(0, |status| 1 + status as u8);
            let fields =
                [said.detail.is_some().into(), yes_no(said.acknowledged), said.comment.is_some().into()];
            (
                [4, status, fields[0], fields[1], fields[2]],
                [text(said.detail.as_ref()), text(said.comment.as_ref())],
            )
        }
        _ => return None,
    })
}

fn text(text: Option<&Text>) -> Option<Cow<'_, str>> {
    text.map(|text| Cow::Borrowed(text.as_str()))
}

/// Whether a message tells how far work has come, so that its numbers are what is new in it.
fn is_report(payload: &Payload) -> bool {
    matches!(payload, Payload::Task(Form::Answer(said)) if said.status == Some(TaskStatus::InProgress))
}

/// Adds the words of `text`: runs of letters in lower case, and numbers, which with `figures` differ from each other.
fn split(text: &str, figures: bool, words: &mut Vec<Word>) {
    for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if word.contains(char::is_numeric) {
            words.push(if figures { Word::figure(word) } else { Word::NUMBER });
        } else if word.contains(|letter| letter >= '\u{e00}') {
            // Scripts that put no space between words: pairs of signs come close to what a word is elsewhere.
            let (first, second) = (word.chars(), word.chars().skip(1));
            words.extend(first.zip(second).map(|(one, next)| Word::new([one, next].into_iter())));
        } else {
            words.push(Word::new(word.chars().flat_map(char::to_lowercase)));
        }
    }
}

/// The runs of one thread, a pair of repos each; the pair that spoke last stands last.
#[derive(Debug, Clone, Default)]
pub(super) struct Runs(Vec<Run>);

impl Runs {
    /// A message of the thread was accepted.
    pub(super) fn take(&mut self, message: &Message) {
        let Some(said) = Said::of(message) else {
            // What else is said ends the runs of whoever says it.
            let from = &message.from.repo;
            return self.0.retain(|run| run.last != *from && run.other != *from);
        };
        let known = self.0.iter().position(|run| run.is_between(&said));
        let mut run = known.map_or_else(|| Run::new(&said), |index| self.0.remove(index));
        run.take(&said);
        if self.0.len() >= PAIRS {
            self.0.remove(0);
        }
        self.0.push(run);
    }

    /// How many answers the run would have with this one.
    pub(super) fn count_with(&self, said: &Said<'_>) -> usize {
        self.0.iter().find(|run| run.is_between(said)).map_or(1, |run| run.count_with(said))
    }
}

#[derive(Debug, Clone)]
struct Run {
    /// Who spoke last, and to whom.
    last: RepoName,
    other: RepoName,
    /// That of the last message, and of the one before it in this run.
    shapes: [Option<Shape>; 2],
    count: usize,
    /// What the two have said, and where the next new word goes when there are as many as are remembered.
    words: Vec<Word>,
    next: usize,
}

impl Run {
    fn new(said: &Said<'_>) -> Self {
        let (last, other) = (said.to.clone(), said.from.clone());
        Self { last, other, shapes: [None; 2], count: 0, words: Vec::new(), next: 0 }
    }

    fn is_between(&self, said: &Said<'_>) -> bool {
        (&self.last, &self.other) == (said.from, said.to) || (&self.last, &self.other) == (said.to, said.from)
    }

    fn count_with(&self, said: &Said<'_>) -> usize {
        let like_before = self.shapes.iter().any(|shape| shape.is_none_or(|shape| shape == said.shape));
        match (like_before && !self.is_news(&said.words), self.last == *said.to) {
            (true, true) => self.count + 1,
            // Who says two things in a turn is still in the same turn.
            (true, false) => self.count,
            (false, _) => 1,
        }
    }

    fn is_news(&self, words: &[Word]) -> bool {
        let mut new: Vec<Word> = Vec::new();
        for word in words.iter().filter(|word| !self.words.contains(word)) {
            if !new.contains(word) {
                new.push(*word);
            }
        }
        new.len() > words.len() / 4 || new.iter().any(|word| word.is_figure())
    }

    fn take(&mut self, said: &Said<'_>) {
        self.count = self.count_with(said);
        self.shapes = [Some(said.shape), self.shapes[0].filter(|_| self.count > 1)];
        if self.last != *said.from {
            std::mem::swap(&mut self.last, &mut self.other);
        }
        for word in &said.words {
            if self.words.contains(word) {
                continue;
            }
            if self.words.len() < WORDS {
                self.words.push(*word);
            } else {
                self.words[self.next] = *word;
                self.next = (self.next + 1) % WORDS;
            }
        }
    }
}
