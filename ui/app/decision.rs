//! What the operator decides: what there is to decide on, what can be said of it, and how far that is.
//!
//! Nothing here decides anything. A key opens a [`Decision`], which says what it would do; a second one sends it to the
//! bus, and the bus may refuse it. What was written stays until the bus has taken the decision.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use veda_bus_core::config::AllowRule;
use veda_bus_core::message::Target;
use veda_bus_core::name::{MessageId, Seq};
use veda_bus_core::payload::{Outcome, Payload, Text};
use veda_bus_core::state::State;
use veda_bus_core::state::negotiation::Standing;
use veda_bus_core::state::record::Record;
use veda_bus_core::wire::check;
use veda_bus_core::wire::{Decide, Verdict};

use super::App;
use super::pane::Pane;
use super::prompt::Prompt;
use crate::compose::Editor;
use crate::model::needs::Need;

/// How many answers are gone up from a message to the proposal that it may be about.
const ABOVE: usize = 64;

/// How many decisions that were not taken are kept with what was written for them.
const KEPT: usize = 20;

/// What can be decided on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A proposal, as it was worded last when the operator looked at it.
    Negotiation {
        /// The event that accepted the proposal.
        seq: Seq,
        /// The message with that wording.
        wording: MessageId,
    },
    /// The held message that this event accepted.
    Held(Seq),
    /// The held thread that this message began.
    Thread(MessageId),
    /// A standing rule.
    Rule(AllowRule),
}

/// What the operator wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// A proposal is to hold, a message or a thread to go on.
    Approve,
    /// A proposal is off, a message does not go out.
    Reject,
    /// Another text is put to the vote, or goes out.
    Amend,
    /// A proposal is to hold, or is off, whatever the votes.
    Override,
    /// What is like this message is never to be held.
    Allow,
    /// A standing rule is to be none.
    Revoke,
}

/// Which part of the dialogue the keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The comment.
    Comment,
    /// The new text.
    Text,
}

/// Something that is decided on, and why the bus did not take it when it was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What.
    pub subject: Subject,
    /// Why not, unsafe to print as it is.
    pub problem: Option<String>,
}

/// A decision that is being made.
#[derive(Debug, Clone)]
pub struct Decision {
    /// What the operator wants.
    pub verb: Verb,
    /// On what.
    pub items: Vec<Item>,
    /// What everyone involved is told with it.
    pub comment: Prompt,
    /// How a proposal ends whatever the votes.
    pub outcome: Outcome,
    /// Where the keys go to.
    pub part: Part,
    /// What is wrong with what was written, unsafe to print as it is.
    pub fault: Option<String>,
    /// What is said instead: the wording of the next round, or a payload as JSON.
    pub(crate) text: Option<Editor>,
}

impl Decision {
    pub(crate) fn new(verb: Verb, subjects: Vec<Subject>, text: Option<Editor>) -> Self {
        let part = if text.is_some() { Part::Text } else { Part::Comment };
        Self {
            verb,
            items: subjects.into_iter().map(|subject| Item { subject, problem: None }).collect(),
            comment: Prompt::default(),
            outcome: Outcome::Approved,
            part,
            fault: None,
            text,
        }
    }

    /// The text that is said instead, where one is asked for.
    pub fn text(&self) -> Option<String> {
        self.text.as_ref().map(Editor::text)
    }

    /// What there is to decide on.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.items.iter().map(|item| &item.subject)
    }

    /// Whether a comment can be said with it.
    pub fn takes_comment(&self) -> bool {
        let is_mute = |subject: &Subject| matches!(subject, Subject::Thread(_) | Subject::Rule(_));
        self.verb != Verb::Allow && !self.subjects().all(is_mute)
    }

    /// Whether a held message is refused, whose sender is to be told why.
    pub fn needs_comment(&self, state: &State) -> bool {
        let is_refusal =
            |subject| matches!(subject, &Subject::Held(_)) && possible(state, self.verb, subject).is_ok();
        self.verb == Verb::Reject && self.subjects().any(is_refusal)
    }

    /// Whether something was written that would be missed.
    fn is_written(&self) -> bool {
        let is_touched = self.text.as_ref().is_some_and(|text| text.touched);
        is_touched
            || !self.comment.text().trim().is_empty()
            || self.items.iter().any(|item| item.problem.is_some())
    }

    /// Whether it is about this and nothing but what is in it.
    fn is_for(&self, verb: Verb, subjects: &[Subject]) -> bool {
        self.verb == verb && subjects.iter().all(|wanted| self.subjects().any(|own| own == wanted))
    }

    /// What is wrong with what was written.
    ///
    /// # Errors
    /// That, in words.
    pub(crate) fn judge(&self, state: &State) -> Result<(), String> {
        let Some(text) = self.text() else { return Ok(()) };
        if text.contains('\0') {
            return Err("NUL can not be sent; no program can rely on text with it".to_owned());
        }
        match self.items.first().map(|item| &item.subject) {
            Some(Subject::Held(seq)) => {
                state.record(*seq).map_or(Ok(()), |record| payload(state, record, &text))
            }
            _ if text.trim().is_empty() => Err("a proposal has to say something".to_owned()),
            _ => Ok(()),
        }
    }

    /// What the bus is told about one of its subjects, in this order.
    pub(crate) fn orders(&self, app: &App, subject: &Subject) -> Option<Vec<Decide>> {
        let state = &app.model.state;
        let comment = Text::new(self.comment.text().trim());
        let text = self.text();
        let on =
            |verdict, id: &MessageId| Decide { comment: comment.clone(), ..Decide::on(verdict, id.clone()) };
        Some(match (subject, self.verb) {
            (Subject::Negotiation { wording, .. }, verb) => {
                // What was read is what is decided on.
                let on = |verdict| Decide { round: round_of(state, wording), ..on(verdict, wording) };
                vec![match verb {
                    Verb::Approve => on(Verdict::Approve),
                    Verb::Reject => on(Verdict::Reject),
                    Verb::Amend => Decide { proposal: Text::new(text?), ..on(Verdict::Amend) },
                    Verb::Override => Decide { outcome: Some(self.outcome), ..on(Verdict::Override) },
                    Verb::Allow | Verb::Revoke => return None,
                }]
            }
            (Subject::Held(seq), verb) => {
                let record = state.record(*seq)?;
                match verb {
                    Verb::Approve => vec![on(Verdict::Release, &record.id)],
                    Verb::Reject => vec![on(Verdict::Refuse, &record.id)],
                    Verb::Amend => {
                        let payload: Value = serde_json::from_str(&text?).ok()?;
                        vec![Decide { payload: Some(payload), ..on(Verdict::Release, &record.id) }]
                    }
                    Verb::Allow => {
                        let rule = Decide::rule(Verdict::Allow, app.standing_rule(*seq)?);
                        vec![rule, Decide::on(Verdict::Release, record.id.clone())]
                    }
                    Verb::Override | Verb::Revoke => return None,
                }
            }
            (Subject::Thread(id), Verb::Approve) => vec![on(Verdict::Continue, id)],
            (Subject::Rule(rule), Verb::Revoke) => vec![Decide::rule(Verdict::Revoke, rule.clone())],
            (Subject::Thread(_) | Subject::Rule(_), _) => return None,
        })
    }
}

/// The round that a message worded, from 1.
fn round_of(state: &State, wording: &MessageId) -> Option<u32> {
    let mut rounds = state.negotiation_of(wording)?.rounds().zip(1..);
    rounds.find(|(round, _)| round.message == *wording).map(|(_, number)| number)
}

/// Judges a payload as the bus will.
fn payload(state: &State, record: &Record, json: &str) -> Result<(), String> {
    let json = json.trim();
    check::check(json.as_bytes()).map_err(|refusal| refusal.to_string())?;
    let is_reply = state.reply_to(record).is_some();
    Payload::parse(record.kind, is_reply, json).map(drop).map_err(|refusal| refusal.to_string())
}

/// Whether something can be decided so; if not, why, in words for the operator.
///
/// # Errors
/// The reason.
pub fn possible(state: &State, verb: Verb, subject: &Subject) -> Result<(), &'static str> {
    match subject {
        Subject::Negotiation { seq, wording } => negotiation(state, verb, *seq, wording),
        Subject::Held(seq) => match verb {
            _ if state.hold(*seq).is_none() => Err("it is not held any more"),
            Verb::Override => Err("no vote is held here; a message is let go, or refused"),
            _ => Ok(()),
        },
        Subject::Thread(id) => match verb {
            _ if state.held_thread(id).is_none() => Err("the thread is not held any more"),
            Verb::Approve => Ok(()),
            _ => Err("a thread that is held can only be let go on"),
        },
        Subject::Rule(rule) => {
            let is_there = state.configured().is_some_and(|rules| rules.allow.contains(rule));
            if is_there { Ok(()) } else { Err("it is no rule any more") }
        }
    }
}

fn negotiation(state: &State, verb: Verb, seq: Seq, wording: &MessageId) -> Result<(), &'static str> {
    let Some(negotiation) = state.negotiation(seq) else { return Err("it is not remembered any more") };
    match (verb, negotiation.standing) {
        _ if !negotiation.is_open() => Err("it is decided already"),
        _ if negotiation.round.message != *wording => Err("another wording is put to the vote by now"),
        (Verb::Approve, Standing::Open) => Err("votes are missing; o decides without them"),
        (Verb::Approve, Standing::Rejected | Standing::Split) => {
            Err("the votes do not carry it; o overrides")
        }
        (Verb::Allow, _) => Err("only what is held can be let go for good"),
        _ => Ok(()),
    }
}

/// Every decision that is being made.
#[derive(Debug, Default)]
pub struct Decisions {
    /// The one in the dialogue, while that is open.
    pub open: Option<Decision>,
    /// What is to be decided together.
    pub marked: BTreeSet<Need>,
    underway: BTreeMap<u64, Decision>,
    /// What was written and not sent, or not taken, the oldest first.
    kept: Vec<Decision>,
    number: u64,
}

impl Decisions {
    /// The decision on these, with what was written when it was tried before.
    pub(crate) fn take_kept(&mut self, verb: Verb, subjects: &[Subject]) -> Option<Decision> {
        self.put_away();
        let place = self.kept.iter().rposition(|kept| kept.is_for(verb, subjects))?;
        let mut kept = self.kept.remove(place);
        kept.items.retain(|item| subjects.contains(&item.subject));
        Some(kept)
    }

    /// Forgets whatever is named by the numbers of events, which mean other events now.
    pub(crate) fn forget_numbers(&mut self) {
        *self = Self { number: self.number, ..Self::default() };
    }

    /// Keeps what was written in the dialogue.
    pub(crate) fn put_away(&mut self) {
        if let Some(open) = self.open.take().filter(Decision::is_written) {
            self.keep(open);
        }
    }

    /// Keeps a decision that was not taken.
    pub(crate) fn keep(&mut self, decision: Decision) {
        self.kept.push(decision);
        if self.kept.len() > KEPT {
            self.kept.remove(0);
        }
    }

    /// The decision is on its way; gives the number that its answer will bear.
    pub(crate) fn send(&mut self, decision: Decision) -> u64 {
        self.number += 1;
        self.underway.insert(self.number, decision);
        self.number
    }

    /// The decision with this number has been answered.
    pub(crate) fn answered(&mut self, number: u64) -> Option<Decision> {
        self.underway.remove(&number)
    }

    /// Whether the bus was asked to decide on this and has not answered.
    pub fn is_underway(&self, subject: &Subject) -> bool {
        self.underway.values().any(|decision| decision.subjects().any(|own| own == subject))
    }

    /// Why the bus did not take the last decision on this, unsafe to print as it is.
    pub fn problem(&self, subject: &Subject) -> Option<&str> {
        let items = self.kept.iter().rev().flat_map(|kept| &kept.items);
        items.filter(|item| item.subject == *subject).find_map(|item| item.problem.as_deref())
    }
}

impl App {
    /// What keys that decide are about: what is marked, else what is selected.
    pub fn subjects(&self) -> impl Iterator<Item = Subject> {
        let is_marked = self.focus == Pane::Needs && !self.decisions.marked.is_empty();
        let selected = match self.focus {
            _ if is_marked => None,
            Pane::Needs => self.selected_need().and_then(|need| self.subject_of_need(need)),
            _ => self.selected_message().and_then(|seq| self.subject_of(seq)),
        };
        let marked = self.decisions.marked.iter().filter(move |_| is_marked);
        selected.into_iter().chain(marked.filter_map(|need| self.subject_of_need(*need)))
    }

    /// What there is to decide of something that needs the operator.
    pub fn subject_of_need(&self, need: Need) -> Option<Subject> {
        let state = &self.model.state;
        match need {
            Need::Held(seq) => Some(Subject::Held(seq)),
            Need::Halted(seq) => {
                let found = state.held_threads().find(|(_, thread)| thread.seq == seq);
                found.map(|(id, _)| Subject::Thread(id.clone()))
            }
            Need::Negotiation(seq) => {
                let wording = state.negotiation(seq)?.round.message.clone();
                Some(Subject::Negotiation { seq, wording })
            }
            Need::Message(seq) => self.subject_of(seq),
            Need::Attempt(_) | Need::Rules(_) | Need::Overdue(_) | Need::Expired(_) => None,
        }
    }

    /// What there is to decide of a message: whether it goes out, the proposal that it is about, whether its thread goes
    /// on.
    pub fn subject_of(&self, seq: Seq) -> Option<Subject> {
        let state = &self.model.state;
        if state.hold(seq).is_some() {
            return Some(Subject::Held(seq));
        }
        let record = state.record(seq)?;
        let above = std::iter::successors(Some(record), |record| state.record(record.parent()?));
        let voted = above.take(ABOVE).find_map(|record| state.negotiation_of(&record.id));
        let thread =
            state.held_thread(&record.thread).map(|_| Subject::Thread(MessageId::clone(&record.thread)));
        let voted = voted.map(|negotiation| {
            let wording = negotiation.round.message.clone();
            (negotiation.is_open(), Subject::Negotiation { seq: negotiation.seq, wording })
        });
        match voted {
            Some((true, negotiation)) => Some(negotiation),
            Some((false, negotiation)) => thread.or(Some(negotiation)),
            None => thread,
        }
    }

    /// Whether something can be decided so now; if not, why, in words for the operator.
    ///
    /// # Errors
    /// The reason.
    pub fn possible(&self, verb: Verb, subject: &Subject) -> Result<(), &'static str> {
        if self.decisions.is_underway(subject) {
            return Err("it is being decided; the bus has not answered yet");
        }
        possible(&self.model.state, verb, subject)
    }

    /// The rule by which what is like a message would never be held, while its text is at hand.
    pub(crate) fn standing_rule(&self, seq: Seq) -> Option<AllowRule> {
        let read = self.model.texts.headline(&self.model.state, seq)?;
        let message = read.message.as_ref()?;
        let (from, to) = (Target::Repo(message.from.repo.clone()), message.to.repo.clone());
        Some(AllowRule { from, to, kind: Some(message.kind()), place: None })
    }

    /// The wording of a round, while it is at hand; unsafe to print as it is.
    pub(crate) fn wording(&self, seq: Seq) -> Option<String> {
        let read = self.model.texts.headline(&self.model.state, seq)?;
        Some(read.wording().map_or_else(|| read.headline.clone(), str::to_owned))
    }
}
