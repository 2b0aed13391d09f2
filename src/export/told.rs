//! What all formats for people say in the same words.

use veda_bus_core::message::{Message, MessageType, Priority, Target};
use veda_bus_core::name::{Capability, RepoName};
use veda_bus_core::state::negotiation::{Ballot, Negotiation, Round};
use veda_bus_core::state::record::Stage;
use veda_bus_core::state::view::LadderView;
use veda_bus_core::time::Millis;
use veda_bus_ui::body::{self, Look};
use veda_bus_ui::row::Row;
use veda_bus_ui::words::{Votes, counted, held, policy, standing_words};

use super::{Conversation, Exported, Halt, Told};

/// Wider than any line: what is broken is broken where it is shown.
pub(super) const UNBROKEN: usize = 1 << 24;

/// The heading of all of it.
pub(super) fn title(exported: &Exported) -> String {
    let (threads, messages) = (exported.conversations.len(), exported.messages());
    format!("{}, {}", counted(threads, "conversation"), counted(messages, "message"))
}

/// Whom a message is for: a name, or everyone, and what they must be able to do.
pub(super) fn whom(message: &Message) -> String {
    let who = match &message.to.repo {
        Target::Everyone => "everyone",
        Target::Repo(repo) => repo.as_str(),
    };
    let able: Vec<_> = message.to.capabilities.iter().map(Capability::as_str).collect();
    if able.is_empty() { who.to_owned() } else { format!("{who} that can {}", able.join(", ")) }
}

/// What a type is called in a sentence, with what form it has.
pub(super) fn kind(message: &Message) -> String {
    let kind: MessageType = message.kind();
    if message.payload.is_answer() { format!("{kind} answer") } else { kind.to_string() }
}

/// What is remarkable about a message, each a few words: its priority, and what kept it from its recipients.
pub(super) fn marks(told: &Told) -> Vec<&'static str> {
    let at = |stage: Stage| told.record.ladder.iter().any(|ladder| ladder.stage == stage);
    let marks = [
        (told.message.priority == Priority::High, "high priority"),
        (told.message.priority == Priority::Low, "low priority"),
        (at(Stage::Held), "held"),
        (told.held.is_some() && !at(Stage::Held), "was held"),
        (told.sent.is_some(), "changed by the operator"),
        (at(Stage::Refused), "refused"),
        (at(Stage::Expired), "expired"),
    ];
    marks.into_iter().filter(|(is, _)| *is).map(|(_, words)| words).collect()
}

/// Why a message was held, in a sentence.
pub(super) fn hold(told: &Told) -> Option<String> {
    told.held.as_ref().map(held)
}

/// How far a message came with one recipient.
pub(super) fn ladder(ladder: &LadderView) -> Row {
    let mut rows = body::ladder(std::slice::from_ref(ladder), UNBROKEN, &Look::default());
    rows.pop().unwrap_or_default()
}

/// When the thread was held, or went on.
pub(super) fn halt(halt: &Halt) -> String {
    match &halt.reason {
        Some(reason) => format!("{} the thread was held: {reason}", moment(halt.at)),
        None => format!("{} the thread went on", moment(halt.at)),
    }
}

/// What was put to the vote, in rows: how it stands or ended, then each round with its votes.
pub(super) fn negotiation(one: &Negotiation, now: Millis) -> Vec<String> {
    let voters = one.voters.iter().map(RepoName::as_str).collect::<Vec<_>>().join(", ");
    let head = [
        format!("Negotiation {}: {}", one.id.short(), standing_words(one, now)),
        format!("voters: {voters}; {}", policy(one.requires_consensus)),
    ];
    let rounds = one.rounds().zip(1..).map(|(round, number)| round_words(one, round, number));
    head.into_iter().chain(rounds).collect()
}

fn round_words(one: &Negotiation, round: &Round, number: usize) -> String {
    let ballot =
        |(repo, ballot): (&RepoName, &Ballot)| format!("{repo} {} {}", ballot.vote.as_str(), time(ballot.at));
    let ballots: Vec<_> = round.ballots.iter().map(ballot).collect();
    let votes = Votes::of(one, round).words();
    let by = &round.by;
    format!("round {number}, worded by {by} {}: {votes} ({})", moment(round.at), ballots.join(", "))
}

/// The time of a message: of the day with which its conversation began, only the time of day.
pub(super) fn clock(told: &Told, conversation: &Conversation) -> String {
    let day = |at: Millis| at.local().map(|time| time.date_naive());
    let began = conversation.span().map(|(first, _)| first);
    if began.is_some_and(|began| day(began) == day(told.record.at)) {
        time(told.record.at)
    } else {
        moment(told.record.at)
    }
}

/// From when to when: `2026-11-22 14:02:11 to 14:30:00`.
pub(super) fn span((first, last): (Millis, Millis)) -> String {
    let same_day = match (first.local(), last.local()) {
        (Some(first), Some(last)) => first.date_naive() == last.date_naive(),
        _ => false,
    };
    match moment(first) {
        first if first == moment(last) => first,
        first if same_day => format!("{first} to {}", time(last)),
        first => format!("{first} to {}", moment(last)),
    }
}

/// Date and time of day on this machine's clock.
pub(super) fn moment(at: Millis) -> String {
    at.local().map_or_else(|| at.to_string(), |time| time.format("%Y-%m-%d %H:%M:%S").to_string())
}

fn time(at: Millis) -> String {
    at.local().map_or_else(|| at.to_string(), |time| time.format("%H:%M:%S").to_string())
}

/// Which clock the times are of: `UTC+02:00`.
pub(super) fn zone(at: Millis) -> String {
    at.local().map_or_else(|| "UTC".to_owned(), |time| time.format("UTC%:z").to_string())
}

/// The moment for programs: RFC 3339 with milliseconds, in UTC.
pub(super) fn rfc3339(at: Millis) -> String {
    let millis = i64::try_from(at.0).ok();
    let time = millis.and_then(chrono::DateTime::from_timestamp_millis);
    time.map_or_else(|| at.0.to_string(), |time| time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}
