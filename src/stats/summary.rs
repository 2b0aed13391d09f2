//! The numbers, as they are printed: by `--json` as they are here.

use std::collections::BTreeMap;

use serde::Serialize;
use veda_bus_core::message::MessageType;
use veda_bus_core::name::RepoName;
use veda_bus_core::state::view::{HeldThreadView, ObligationView};
use veda_bus_core::time::Millis;

use super::answers::Times;
use super::{Counting, count};
use crate::history::select::Wanted;

/// What a journal comes to; `docs/history.md` describes the members.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    /// The moment of which what is open is told.
    pub(crate) at: Millis,
    pub(crate) first: Option<Millis>,
    pub(crate) last: Option<Millis>,
    pub(crate) messages: u64,
    pub(crate) timeline: Stretches,
    pub(crate) types: Vec<KindRow>,
    pub(crate) repos: Vec<RepoRow>,
    pub(crate) pairs: Vec<PairRow>,
    pub(crate) delivery: Delivery,
    pub(crate) obligations: Vec<Owed>,
    pub(crate) negotiations: Negotiations,
    pub(crate) holds: Holds,
    pub(crate) refused: BTreeMap<&'static str, u64>,
}

/// Messages over time.
#[derive(Debug, Serialize)]
pub(crate) struct Stretches {
    pub(crate) seconds_each: u64,
    pub(crate) messages: Vec<u64>,
}

#[derive(Debug, Serialize)]
pub(crate) struct KindRow {
    #[serde(rename = "type")]
    pub(crate) kind: MessageType,
    pub(crate) messages: u64,
    /// How long it took until messages of this type were answered.
    pub(crate) answers: Option<Times>,
}

#[derive(Debug, Serialize)]
pub(crate) struct RepoRow {
    pub(crate) repo: RepoName,
    pub(crate) sent: u64,
    pub(crate) got: u64,
    /// How long it took until the repo answered.
    pub(crate) answers: Option<Times>,
}

#[derive(Debug, Serialize)]
pub(crate) struct PairRow {
    pub(crate) from: RepoName,
    pub(crate) to: RepoName,
    pub(crate) messages: u64,
}

/// What became of messages, each counted once for each recipient.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct Delivery {
    pub(crate) recipients: u64,
    pub(crate) delivered: u64,
    pub(crate) read: u64,
    pub(crate) answered: u64,
    pub(crate) expired: u64,
    pub(crate) refused: u64,
}

/// An answer that is owed.
#[derive(Debug, Serialize)]
pub(crate) struct Owed {
    #[serde(flatten)]
    pub(crate) obligation: ObligationView,
    pub(crate) overdue: bool,
}

/// What came of what was put to the vote.
#[derive(Debug, Serialize)]
pub(crate) struct Negotiations {
    pub(crate) open: u64,
    pub(crate) outcomes: BTreeMap<&'static str, u64>,
    pub(crate) decided_by: BTreeMap<&'static str, u64>,
    /// How many took how many rounds.
    pub(crate) rounds: BTreeMap<u32, u64>,
    /// How long it took until they ended.
    pub(crate) times: Option<Times>,
}

/// What was kept back, and what came of it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Holds {
    pub(crate) by_rule: u64,
    pub(crate) by_thread: u64,
    pub(crate) released: u64,
    pub(crate) refused: u64,
    pub(crate) expired: u64,
    /// How often the operator changed one.
    pub(crate) changed: u64,
    pub(crate) waiting: u64,
    pub(crate) threads_halted: u64,
    pub(crate) threads_continued: u64,
    /// Those that are held.
    pub(crate) threads: Vec<HeldThreadView>,
}

impl Summary {
    pub(super) fn of(mut counting: Counting, now: Millis) -> Self {
        counting.holds.waiting = count(waiting(&counting));
        counting.holds.threads = held_threads(&counting);
        let (obligations, negotiations) = (obligations(&counting, now), negotiations(&counting));
        let Counting { messages, span, timeline, kinds, repos, pairs, delivery, holds, refused, .. } =
            counting;
        let seconds_each = timeline.seconds();
        Self {
            at: now,
            first: span.map(|(first, _)| first),
            last: span.map(|(_, last)| last),
            messages,
            timeline: Stretches { seconds_each, messages: timeline.counts() },
            types: kinds
                .into_iter()
                .map(|(kind, of)| KindRow { kind, messages: of.messages, answers: of.answers.times() })
                .collect(),
            repos: most_first(
                repos.into_iter().map(|(repo, of)| RepoRow {
                    repo,
                    sent: of.sent,
                    got: of.got,
                    answers: of.answers.times(),
                }),
                |row| row.sent.saturating_add(row.got),
            ),
            pairs: most_first(
                pairs.into_iter().map(|((from, to), messages)| PairRow { from, to, messages }),
                |row| row.messages,
            ),
            delivery,
            obligations,
            negotiations,
            holds,
            refused,
        }
    }
}

/// Those with the most first; those that are equal stay as they are, which is by name.
fn most_first<T>(rows: impl Iterator<Item = T>, most: impl Fn(&T) -> u64) -> Vec<T> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|row| std::cmp::Reverse(most(row)));
    rows
}

/// What is owed, the first due first, so that what is overdue comes first.
fn obligations(counting: &Counting, now: Millis) -> Vec<Owed> {
    let Wanted { thread, repo, kind, .. } = &counting.wanted;
    let all = counting.state.obligations().filter(|one| {
        one.is_active()
            && counting.wanted.spans(one.since)
            && thread.as_ref().is_none_or(|thread| *one.thread == *thread)
            && repo.as_ref().is_none_or(|repo| one.by == *repo || one.to == *repo)
            && kind.is_none_or(|kind| one.kind == kind)
    });
    let owed = |one| {
        let obligation = ObligationView::of(one, &counting.state);
        Owed { overdue: obligation.is_overdue(now), obligation }
    };
    let mut all: Vec<_> = all.map(owed).collect();
    all.sort_by_key(|one| (one.obligation.due, one.obligation.seq));
    all
}

fn negotiations(counting: &Counting) -> Negotiations {
    let open = counting.state.negotiations().filter(|one| one.is_open() && counting.is_counted(&one.id));
    let ended = &counting.ended;
    Negotiations {
        open: count(open.count()),
        outcomes: ended.outcomes.clone(),
        decided_by: ended.decided_by.clone(),
        rounds: ended.rounds.clone(),
        times: ended.times.times(),
    }
}

fn waiting(counting: &Counting) -> usize {
    counting.state.holds().filter(|(record, _)| counting.counts(record)).count()
}

fn held_threads(counting: &Counting) -> Vec<HeldThreadView> {
    let all = counting.state.held_threads();
    let wanted = all.filter(|(id, held)| counting.thread_counts(held.at, id));
    wanted.map(|(id, held)| HeldThreadView::of(id, held)).collect()
}
