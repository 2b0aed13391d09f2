//! What is held, and what the operator decides.

use super::negotiating::{self, answered, check_open, next_round, resolved};
use super::origin::{self, Origin};
use super::posting::Post;
use super::{Hub, Policy, Reply, limits, sending};
use crate::config::HoldRule;
use crate::event::{Amended, Continued, Denied, Event, Expiring, Held, Recorded, Released};
use crate::filter::Facts;
use crate::message::Message;
use crate::name::{InstanceId, MessageId, RepoName, Seq};
use crate::payload::{Form, NegotiateAnswer, Outcome, Payload, Text};
use crate::refusal::{Code, Refusal};
use crate::state::State;
use crate::state::negotiation::{Negotiation, Standing};
use crate::state::record::Record;
use crate::state::registry::Instance;
use crate::time::Millis;
use crate::wire::decide::{Decide, Decided, Verdict};

/// Why a message is held that goes into `thread`, if it is. The operator is never kept waiting by the operator's rules.
pub(super) fn held_because(
    state: &State,
    policy: &Policy,
    message: &Message,
    thread: &MessageId,
    now: Millis,
) -> Option<Held> {
    if message.from.repo.is_operator() {
        return None;
    }
    // A rule comes first: what it matches is not let go with its thread.
    by_rule(policy, message, thread, now).or_else(|| {
        let halted = state.held_thread(thread).map(|halted| halted.reason.clone());
        let circles = || limits::talks_in_circles(state, &policy.rules.limits, message, thread, now);
        halted.or_else(circles).map(|reason| Held::Thread { reason })
    })
}

fn by_rule(policy: &Policy, message: &Message, thread: &MessageId, now: Millis) -> Option<Held> {
    let rules = &policy.rules;
    let is_allowed =
        rules.allow.iter().any(|rule| rule.covers(&message.from.repo, &message.to.repo, message.kind()));
    if is_allowed || rules.hold.is_empty() {
        return None;
    }
    let facts = Facts::of_message(message, now, now).in_thread(thread);
    rules.hold.iter().find_map(|rule| matched(rule, &facts)).map(|rule| Held::Rule { rule })
}

/// The rule, if it matches. What it can not judge is for the operator to judge.
fn matched(rule: &HoldRule, facts: &Facts<'_>) -> Option<String> {
    match rule.filter.matches(facts) {
        Ok(true) => Some(rule.filter.source().to_owned()),
        Ok(false) => None,
        Err(error) => Some(format!("{}: {error}", rule.filter.source())),
    }
}

/// Held messages that will soon be stale, and are not yet.
pub(super) fn expiring(state: &State, now: Millis) -> Vec<Event> {
    let soon = state.expiring(now).filter(|record| record.expires_at > now);
    let told = soon.map(|record| {
        let (id, from) = (record.id.clone(), record.from.clone());
        Event::Expiring(Expiring { id, from, expires_at: record.expires_at })
    });
    told.collect()
}

/// What the operator decides, while it is carried out.
struct Deciding<'a> {
    operator: InstanceId,
    comment: Option<Text>,
    round: Option<u32>,
    events: &'a mut Vec<Recorded>,
    now: Millis,
    fresh: &'a dyn Fn() -> MessageId,
}

impl Hub {
    /// Whether it is the operator who speaks. Every attempt of anybody else is an event.
    pub(super) fn may_decide(
        &mut self,
        instance: &InstanceId,
        origin: &Origin,
        events: &mut Vec<Recorded>,
        now: Millis,
    ) -> Result<(), Refusal> {
        let known = self.state.instance(instance).filter(|known| known.connected);
        let known = known.ok_or_else(super::not_registered)?;
        let (refusal, attempt) = if known.repo.is_operator() {
            let checked = origin::check(origin, self.state.agent_hosts(), &self.policy.origin);
            let Err(refusal) = checked else { return Ok(()) };
            let attempt = origin::refused(origin, &refusal);
            (refusal, attempt)
        } else {
            let what = format!("this connection is {}, and only the operator decides", known.repo);
            let refusal =
                Refusal::new(Code::OperatorOnly, what).hint("decide in the console or with veda-bus");
            let attempt = Event::Refused(sending::refused(known, None, &refusal));
            (refusal, attempt)
        };
        self.append(events, now, attempt);
        Err(refusal)
    }

    /// Carries out what the operator decides.
    pub(super) fn decide(
        &mut self,
        instance: &InstanceId,
        decide: Decide,
        events: &mut Vec<Recorded>,
        now: Millis,
        fresh: &dyn Fn() -> MessageId,
    ) -> Result<Reply, Refusal> {
        // A standing rule is in the configuration, which is for the server to write.
        let Some(id) = decide.id else {
            return Ok(Reply::Decided(Decided { seq: self.state.last(), message: None }));
        };
        let (operator, comment, round) = (instance.clone(), decide.comment, decide.round);
        let mut deciding = Deciding { operator, comment, round, events, now, fresh };
        let message = match decide.verdict {
            Verdict::Approve => self.end(&mut deciding, &id, Outcome::Approved, false)?,
            Verdict::Reject => self.end(&mut deciding, &id, Outcome::Rejected, false)?,
            Verdict::Override => {
                self.end(&mut deciding, &id, decide.outcome.unwrap_or(Outcome::Approved), true)?
            }
            Verdict::Amend => self.amend(&mut deciding, &id, decide.proposal)?,
            Verdict::Release => self.release(&mut deciding, &id, decide.payload.as_ref())?,
            Verdict::Refuse => self.deny(&mut deciding, &id)?,
            Verdict::Continue => self.carry_on(&mut deciding, &id)?,
            Verdict::Allow | Verdict::Revoke => None,
        };
        Ok(Reply::Decided(Decided { seq: self.state.last(), message }))
    }

    fn operator(&self, deciding: &Deciding<'_>) -> Result<&Instance, Refusal> {
        self.state.instance(&deciding.operator).ok_or_else(super::not_registered)
    }

    /// The open negotiation to which message `id` belongs; with `round`, if that is its last one.
    fn open_negotiation<'a>(
        &'a self,
        id: &'a MessageId,
        round: Option<u32>,
    ) -> Result<&'a Negotiation, Refusal> {
        let (found, _) = answered(&self.state, id).ok_or_else(|| {
            let what = format!("no negotiation is known to which message {id} belongs");
            Refusal::new(Code::UnknownMessage, what).at("id").hint("veda-bus negotiations lists them")
        })?;
        // Here nobody comments.
        let over = |refusal: Refusal| refusal.at("id").hint("something new needs a new proposal");
        check_open(found).map_err(over)?;
        let last = found.round_number();
        if round.is_none_or(|round| round == last) {
            return Ok(found);
        }
        let what = format!("round {last} has begun, in the words of {}", found.round.by);
        Err(Refusal::new(Code::EarlierRound, what)
            .at("round")
            .hint(format!("read message {} and decide on that", found.round.message)))
    }

    /// Ends a negotiation, and tells everyone involved.
    fn end(
        &mut self,
        deciding: &mut Deciding<'_>,
        id: &MessageId,
        outcome: Outcome,
        overrides: bool,
    ) -> Result<Option<MessageId>, Refusal> {
        let found = self.open_negotiation(id, deciding.round)?;
        let carried = found.standing == Standing::Consensus;
        if outcome == Outcome::Approved && !carried && !overrides {
            return Err(not_carried(found));
        }
        // A decision that is that of the voters overrides nothing.
        let overridden = match outcome {
            Outcome::Approved => !carried,
            _ => overrides && found.standing != Standing::Rejected,
        };
        let (comment, operator) = (deciding.comment.clone(), self.operator(deciding)?);
        let answer = NegotiateAnswer { outcome: Some(outcome), comment, ..NegotiateAnswer::default() };
        let post = Post::to_all(found, Payload::Negotiate(Form::Answer(answer)), Some(operator));
        let told = (deciding.fresh)();
        let ended = resolved(found, outcome, operator.repo.clone(), told.clone(), overridden);
        let posted = post.accepted(&self.state, &self.policy, &told, deciding.now);
        let events = posted.map(|posted| Event::Accepted(Box::new(posted))).into_iter();
        for event in events.chain([Event::Resolved(ended)]).collect::<Vec<_>>() {
            self.append(deciding.events, deciding.now, event);
        }
        Ok(Some(told))
    }

    /// Puts a negotiation to the vote again in the operator's words.
    fn amend(
        &mut self,
        deciding: &mut Deciding<'_>,
        id: &MessageId,
        proposal: Option<Text>,
    ) -> Result<Option<MessageId>, Refusal> {
        let found = self.open_negotiation(id, deciding.round)?;
        let (comment, operator) = (deciding.comment.clone(), self.operator(deciding)?);
        let answer = NegotiateAnswer { counter_proposal: proposal, comment, ..NegotiateAnswer::default() };
        let post = Post::to_all(found, Payload::Negotiate(Form::Answer(answer)), Some(operator));
        let told = (deciding.fresh)();
        let Some(posted) = post.accepted(&self.state, &self.policy, &told, deciding.now) else {
            return Ok(None);
        };
        let round = next_round(found, operator.repo.clone(), &posted.message, posted.expires_at);
        self.append(deciding.events, deciding.now, Event::Accepted(Box::new(posted)));
        self.append(deciding.events, deciding.now, Event::Round(round));
        Ok(Some(told))
    }

    fn held(&self, id: &MessageId) -> Result<&Record, Refusal> {
        let record = self.state.message(id).ok_or_else(|| {
            Refusal::new(Code::UnknownMessage, format!("no message {id} is remembered"))
                .at("id")
                .hint("veda-bus hold list shows what is held")
        })?;
        if record.is_held() {
            return Ok(record);
        }
        let stage = record.deliveries.first().map_or("gone", |delivery| delivery.stage.as_str());
        Err(Refusal::new(Code::NotHeld, format!("message {id} is not held; it is {stage}")).at("id"))
    }

    fn release(
        &mut self,
        deciding: &mut Deciding<'_>,
        id: &MessageId,
        payload: Option<&serde_json::Value>,
    ) -> Result<Option<MessageId>, Refusal> {
        let record = self.held(id)?;
        let amended =
            payload.map(|payload| amended(&self.state, record, &payload.to_string())).transpose()?;
        let text = match (&amended, &deciding.comment) {
            (None, None) => None,
            (None, Some(comment)) => Some(comment.as_str().to_owned()),
            (Some(_), None) => Some("The operator changed this message before passing it on.".to_owned()),
            (Some(_), Some(comment)) => {
                Some(format!("The operator changed this message before passing it on: {}", comment.as_str()))
            }
        };
        // Whoever waits for an answer goes on waiting: this is none.
        let note = text.and_then(Text::new);
        let told = note.and_then(|note| {
            let kind = self.state.message(id)?.kind;
            self.tell_sender(deciding, id, Payload::acknowledgement_with(kind, note))
        });
        let (seq, expires_at) = (self.held(id)?.seq, self.held(id)?.expires_at);
        if let Some(message) = amended {
            self.append(deciding.events, deciding.now, Event::Amended(Amended { message }));
        }
        self.let_go(deciding, seq, expires_at);
        Ok(told)
    }

    /// Lets a held message out, which only now says what it says to others.
    fn let_go(&mut self, deciding: &mut Deciding<'_>, seq: Seq, expires_at: Millis) {
        let Some(record) = self.state.record(seq) else { return };
        let body = record.body().and_then(|raw| std::str::from_utf8(raw).ok());
        let message = body.and_then(|json| Message::parse(json, None).ok());
        let released = Event::Released(Released { id: record.id.clone() });
        self.append(deciding.events, deciding.now, released);
        let Some(message) = message else { return };
        for event in entering(&self.state, &message, expires_at) {
            self.append(deciding.events, deciding.now, event);
        }
    }

    fn deny(&mut self, deciding: &mut Deciding<'_>, id: &MessageId) -> Result<Option<MessageId>, Refusal> {
        self.held(id)?;
        let reason = deciding.comment.as_ref().map_or("", |comment| comment.as_str());
        let text = format!("The operator did not let this message go: {reason}");
        let told = Text::new(text).and_then(|text| {
            let kind = self.state.message(id)?.kind;
            self.tell_sender(deciding, id, Payload::comment(kind, text))
        });
        let answer = told.clone().unwrap_or_else(|| id.clone());
        self.append(deciding.events, deciding.now, Event::Denied(Denied { id: id.clone(), answer }));
        Ok(told)
    }

    /// Answers the sender of a held message in the operator's name.
    fn tell_sender(
        &mut self,
        deciding: &mut Deciding<'_>,
        id: &MessageId,
        payload: Payload,
    ) -> Option<MessageId> {
        let record = self.state.message(id)?;
        let operator = self.state.instance(&deciding.operator)?;
        let post = Post::to_sender(record, payload, operator);
        let told = (deciding.fresh)();
        let posted = post.accepted(&self.state, &self.policy, &told, deciding.now)?;
        self.append(deciding.events, deciding.now, Event::Accepted(Box::new(posted)));
        Some(told)
    }

    /// A thread may go on, and what was held because of it goes out.
    fn carry_on(
        &mut self,
        deciding: &mut Deciding<'_>,
        id: &MessageId,
    ) -> Result<Option<MessageId>, Refusal> {
        let of_message = self.state.message(id).map(|record| (*record.thread).clone());
        let thread = of_message.unwrap_or_else(|| id.clone());
        if self.state.held_thread(&thread).is_none() {
            return Err(Refusal::new(Code::NotHeld, format!("thread {thread} is not held")).at("id"));
        }
        let because_of_it =
            |record: &Record, held: &Held| *record.thread == thread && matches!(held, Held::Thread { .. });
        let waiting = self.state.holds().filter(|(record, hold)| because_of_it(record, &hold.held));
        let waiting: Vec<_> = waiting.map(|(record, _)| (record.seq, record.expires_at)).collect();
        self.append(deciding.events, deciding.now, Event::Continued(Continued { thread }));
        for (seq, expires_at) in waiting {
            self.let_go(deciding, seq, expires_at);
        }
        Ok(None)
    }
}

/// What a message does beside being handed out, as soon as it is: it answers what it answers, and takes its part in a
/// negotiation.
pub(super) fn entering(state: &State, message: &Message, expires_at: Millis) -> Vec<Event> {
    let answered = sending::answers(state, message).map(Event::Answered);
    answered.into_iter().chain(negotiating::events(state, message, expires_at)).collect()
}

/// The same envelope with another payload, and who changed it. It goes to whom it was for, so that it must not mean
/// something else to a negotiation than before.
fn amended(state: &State, record: &Record, payload: &str) -> Result<Message, Refusal> {
    let body = record.body().and_then(|raw| std::str::from_utf8(raw).ok()).unwrap_or_default();
    let message = Message::parse(body, None)?;
    let changed = message.amended(payload)?;
    // What can not count any more is only passed on, whatever it says.
    if let Ok(before) = negotiating::part(state, &message) {
        let after = negotiating::part(state, &changed)?;
        if !after.reaches_as(&before) || parts(&changed) != parts(&message) {
            let what = "this would be for others than the message was: its voters, its subtasks, or what it is to a vote";
            return Err(Refusal::new(Code::InvalidPayload, what)
                .at("payload")
                .hint("refuse it, and say what should be sent instead"));
        }
    }
    Ok(changed)
}

/// The repos that have a part in a task.
fn parts(message: &Message) -> Vec<&RepoName> {
    match &message.payload {
        Payload::Task(Form::Opening(task)) => task.subtasks.keys().collect(),
        _ => Vec::new(),
    }
}

fn not_carried(negotiation: &Negotiation) -> Refusal {
    let tally = negotiation.tally();
    let what = format!(
        "the votes do not carry it: {} accept, {} reject, {} abstain, {} not yet",
        tally.accept, tally.reject, tally.abstain, tally.waiting
    );
    Refusal::new(Code::NoConsensus, what).at("id").hint("to approve it all the same, override it")
}
