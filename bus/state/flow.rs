//! How much is said: by each repo in a minute, in each thread in a minute, and to and fro without anything new.
//!
//! Folded from the events and free of any limit; `hub::limits` compares these numbers with what the operator allows.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::State;
use super::run::{Runs, Said};
use crate::event::{Accepted, Refused};
use crate::message::Message;
use crate::name::{MessageId, RepoName};
use crate::refusal::Code;
use crate::time::Millis;

const MINUTE: u64 = 60_000;

/// What was said in a thread that has been silent for so long counts no more.
const SILENCE: Duration = Duration::from_secs(600);

/// A shorter thread is not followed: most are a question and its answer, and there may be a million.
const FOLLOWED_FROM: usize = 3;

/// How many messages there were in the minute that ends now, nearly: those of this minute of the clock, and of those of
/// the one before it the part that is not a minute ago yet, as if they had come evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rate {
    minute: u64,
    current: u32,
    before: u32,
}

impl Rate {
    /// The same, as it counts from the minute of `now` on.
    fn turned(self, now: Millis) -> Self {
        let minute = now.0 / MINUTE;
        match minute.saturating_sub(self.minute) {
            0 => self,
            1 => Self { minute, current: 0, before: self.current },
            _ => Self { minute, current: 0, before: 0 },
        }
    }

    fn add(&mut self, at: Millis) {
        *self = self.turned(at);
        self.current = self.current.saturating_add(1);
    }

    /// How many there were in the minute before `now`.
    pub fn count(self, now: Millis) -> u32 {
        let Self { current, before, .. } = self.turned(now);
        let share = u64::from(before) * left_of_minute(now) / MINUTE;
        current.saturating_add(u32::try_from(share).unwrap_or(u32::MAX))
    }

    /// How long it is from `now` until there are fewer than `limit`, which is not 0, if none is added.
    pub fn room_in(self, limit: u32, now: Millis) -> Duration {
        if self.count(now) < limit {
            return Duration::ZERO;
        }
        let Self { current, before, .. } = self.turned(now);
        let left = left_of_minute(now);
        // What is left of a minute when so many of the one before it leave room for one more.
        let left_then = |before: u32, room: u32| (u64::from(room) * MINUTE - 1) / u64::from(before.max(1));
        let wait = if current < limit {
            left.saturating_sub(left_then(before, limit - current))
        } else {
            left + MINUTE.saturating_sub(left_then(current, limit))
        };
        Duration::from_millis(wait)
    }
}

fn left_of_minute(now: Millis) -> u64 {
    MINUTE - now.0 % MINUTE
}

/// What one repo sends.
#[derive(Debug, Clone, Copy, Default)]
struct Sender {
    rate: Rate,
    /// When the journal last took down that it sent too much.
    limited: Option<Millis>,
}

/// What is said in one thread.
#[derive(Debug, Clone, Default)]
struct Flow {
    rate: Rate,
    last: Millis,
    runs: Runs,
}

/// See the [module](self).
#[derive(Debug, Clone, Default)]
pub(super) struct Flows {
    senders: HashMap<RepoName, Sender>,
    threads: HashMap<Arc<MessageId>, Flow>,
    /// The threads, each with a time before which it is not silent for long: when that was last looked at, its last word.
    silent: VecDeque<(Millis, Arc<MessageId>)>,
}

impl Flows {
    /// A message was accepted, as the one with this number in its thread.
    pub(super) fn accepted(
        &mut self,
        accepted: &Accepted,
        thread: &Arc<MessageId>,
        number: usize,
        at: Millis,
    ) {
        self.sender(&accepted.message.from.repo).rate.add(at);
        self.forget_silent(at);
        if number < FOLLOWED_FROM {
            return;
        }
        if !self.threads.contains_key(thread) {
            self.silent.push_back((at, Arc::clone(thread)));
        }
        let flow = self.threads.entry(Arc::clone(thread)).or_default();
        flow.rate.add(at);
        flow.last = at;
        flow.runs.take(&accepted.message);
    }

    pub(super) fn refused(&mut self, refused: &Refused, at: Millis) {
        if refused.code == Code::RateLimited {
            self.sender(&refused.repo).limited = Some(at);
        }
    }

    /// The operator lets a thread go on: what was said before counts no more.
    pub(super) fn continued(&mut self, thread: &MessageId) {
        if let Some(flow) = self.threads.get_mut(thread) {
            flow.runs = Runs::default();
        }
    }

    fn sender(&mut self, repo: &RepoName) -> &mut Sender {
        self.senders.entry(repo.clone()).or_default()
    }

    fn forget_silent(&mut self, now: Millis) {
        while self.silent.front().is_some_and(|&(at, _)| now.since(at) >= SILENCE) {
            let Some((_, thread)) = self.silent.pop_front() else { return };
            match self.threads.get(&thread).map(|flow| flow.last) {
                Some(last) if now.since(last) < SILENCE => self.silent.push_back((last, thread)),
                _ => drop(self.threads.remove(&thread)),
            }
        }
    }
}

/// Always equal: what was said in the last minutes does not outlive the process, so two states that agree in everything
/// else are the same. A recovery that begins later has seen less of it and lets more pass, for as long as that minute.
impl PartialEq for Flows {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Flows {}

impl State {
    /// How much a repo sends.
    pub fn sent_by(&self, repo: &RepoName) -> Rate {
        self.flows.senders.get(repo).map(|sender| sender.rate).unwrap_or_default()
    }

    /// How much is said in a thread, its first messages not counted.
    pub fn said_in(&self, thread: &MessageId) -> Rate {
        self.flows.threads.get(thread).map(|flow| flow.rate).unwrap_or_default()
    }

    /// When the journal last took down that a repo sent too much.
    pub fn limited_at(&self, repo: &RepoName) -> Option<Millis> {
        self.flows.senders.get(repo)?.limited
    }

    /// How many short answers there would be to and fro in `thread`, without anything new, were `message` accepted now;
    /// at least 1 where it is a short answer.
    pub fn run_with(&self, thread: &MessageId, message: &Message, now: Millis) -> usize {
        let flow = self.flows.threads.get(thread).filter(|flow| now.since(flow.last) < SILENCE);
        let Some(said) = Said::of(message) else { return 0 };
        flow.map_or(1, |flow| flow.runs.count_with(&said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn an_answer() -> Accepted {
        let message = r#"{"id":"a","from":{"repo":"A"},"to":{"repo":"B"},"type":"Query","reply_to":"q","timestamp":1,"payload":{"comment":"Thanks!"}}"#;
        Accepted {
            by: "a".parse().unwrap(),
            thread: "q".parse().unwrap(),
            parent: None,
            expires_at: Millis(1),
            recipients: Vec::new(),
            held: None,
            message: Message::parse(message, None).unwrap(),
        }
    }

    fn rate(times: &[u64]) -> Rate {
        let mut rate = Rate::default();
        for &at in times {
            rate.add(Millis(at));
        }
        rate
    }

    #[test]
    fn a_rate_is_small() {
        assert_eq!(size_of::<Rate>(), 16);
    }

    #[test]
    fn what_is_a_minute_ago_counts_no_more() {
        let ten = rate(&[60_000; 10]);
        for (at, count) in
            [(60_000, 10), (119_999, 10), (120_000, 10), (150_000, 5), (179_000, 0), (500_000, 0)]
        {
            assert_eq!(ten.count(Millis(at)), count, "at {at}");
        }
    }

    #[test]
    fn there_is_room_when_it_says_and_not_before() {
        for count in [1, 2, 7, 30, 1000] {
            for limit in [1, 2, 7, 29, 30, 1000] {
                for now in [120_000, 120_001, 133_000, 179_999] {
                    let mut rate = Rate { minute: 1, current: count, before: 0 };
                    rate.add(Millis(now));
                    let (now, wait) = (Millis(now), rate.room_in(limit, Millis(now)));
                    assert!(rate.count(now.plus(wait)) < limit, "{count} of {limit} at {now:?}");
                    let early = wait.checked_sub(Duration::from_millis(1));
                    assert!(
                        early.is_none_or(|early| rate.count(now.plus(early)) >= limit),
                        "{count} of {limit}"
                    );
                    assert!(wait <= Duration::from_secs(120), "{wait:?}");
                }
            }
        }
    }

    #[test]
    fn a_silent_thread_is_forgotten_and_a_lively_one_is_not() {
        let mut flows = Flows::default();
        let names = ["lively", "silent"].map(|name| Arc::new(MessageId::new(name).unwrap()));
        let say = |flows: &mut Flows, thread: &Arc<MessageId>, number, at| {
            flows.accepted(&an_answer(), thread, number, Millis(at));
        };
        for name in &names {
            say(&mut flows, name, 2, 0);
        }
        assert_eq!(flows.threads.len(), 0, "a question and its answer are not followed");
        for name in &names {
            say(&mut flows, name, 3, 0);
        }
        for at in [500_000, 1_000_000, 1_500_000] {
            say(&mut flows, &names[0], 4, at);
        }
        assert!(flows.threads.contains_key(&names[0]));
        assert_eq!((flows.threads.len(), flows.silent.len()), (1, 1));
    }
}
