//! How much is too much: `[bus.limits]`. The operator is exempt.

use std::time::Duration;

use super::sending::thread_of;
use crate::config::Limits;
use crate::message::Message;
use crate::name::{MessageId, RepoName};
use crate::refusal::{Code, Refusal};
use crate::state::State;
use crate::state::flow::Rate;
use crate::state::record::Record;
use crate::time::Millis;

/// The journal takes down at most once in so long that a repo sends too much: a runaway sender is not to fill it.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// Whether the sender of `message`, which answers `parent`, may say one more thing, here and now.
///
/// # Errors
/// `rate_limited` with the time after which it may, or `thread_full`.
pub(super) fn check(
    state: &State,
    limits: &Limits,
    message: &Message,
    parent: Option<&Record>,
    now: Millis,
) -> Result<(), Refusal> {
    let sender = &message.from.repo;
    if sender.is_operator() {
        return Ok(());
    }
    let per_sender = (limits.messages_per_minute, "bus.limits.messages_per_minute");
    check_rate(state.sent_by(sender), per_sender, now, || format!("{sender} sends too much"))?;
    if message.reply_to.is_none() {
        return Ok(());
    }
    let thread = &thread_of(state, message);
    let per_thread = (limits.thread_messages_per_minute, "bus.limits.thread_messages_per_minute");
    check_rate(state.said_in(thread), per_thread, now, || {
        format!("too much is said in the thread {thread}")
    })?;
    let messages = state.thread(thread).map_or(0, |known| known.messages.len());
    if limits.thread_messages > 0 && messages >= limits.thread_messages {
        let what = format!("the thread {thread} has {messages} messages");
        return Err(full(what, "bus.limits.thread_messages", limits.thread_messages));
    }
    // A thread is no deeper than it is long.
    let may_be_deep = limits.thread_depth > 0 && messages >= limits.thread_depth;
    if may_be_deep && is_below(state, parent, limits.thread_depth) {
        let what = format!("this would be answer below answer, {} deep", limits.thread_depth + 1);
        return Err(full(what, "bus.limits.thread_depth", limits.thread_depth));
    }
    Ok(())
}

fn check_rate(
    rate: Rate,
    (limit, setting): (u32, &str),
    now: Millis,
    what: impl FnOnce() -> String,
) -> Result<(), Refusal> {
    if limit == 0 || rate.count(now) < limit {
        return Ok(());
    }
    let millis = rate.room_in(limit, now).as_millis();
    let seconds = u64::try_from(millis.div_ceil(1000)).unwrap_or(u64::MAX).max(1);
    let what = format!("{}: {} messages in the last minute", what(), rate.count(now));
    let hint = format!(
        "send it again in {seconds} s, with the same id; the limit is {limit}, {setting} in bus.toml"
    );
    Err(Refusal { retry_after: Some(seconds), ..Refusal::new(Code::RateLimited, what).hint(hint) })
}

fn full(what: String, setting: &str, limit: usize) -> Refusal {
    Refusal::new(Code::ThreadFull, what).at("reply_to").hint(format!(
        "begin a new thread: leave reply_to out, and say what it goes on with; the limit is {limit}, {setting} in bus.toml"
    ))
}

/// Whether `parent` stands below so many others that there are `depth` with it.
fn is_below(state: &State, parent: Option<&Record>, depth: usize) -> bool {
    let above = |record: &&Record| state.record(record.parent()?);
    std::iter::successors(parent, above).nth(depth - 1).is_some()
}

/// Whether the journal has taken down a moment ago that `sender` is refused for sending too much.
pub(super) fn was_told(state: &State, sender: &RepoName, refusal: &Refusal, now: Millis) -> bool {
    let told = state.limited_at(sender).filter(|_| refusal.code == Code::RateLimited);
    told.is_some_and(|at| now.since(at) < TOLD_EVERY)
}

/// Why `thread` is to be held, if this message makes it so: in words.
pub(super) fn talks_in_circles(
    state: &State,
    limits: &Limits,
    message: &Message,
    thread: &MessageId,
    now: Millis,
) -> Option<String> {
    let run = state.run_with(thread, message, now);
    let (from, to) = (&message.from.repo, &message.to.repo);
    let halted = limits.loop_answers > 0 && run >= limits.loop_answers;
    halted.then(|| format!("{run} short answers to and fro between {from} and {to} without anything new"))
}
