//! What a repo has not read, for one of its instances, or for whoever asks when none is connected.

use std::cmp::Reverse;

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Listed, ObligationView};
use crate::event::Receive;
use crate::name::{MessageId, RepoName, Seq, SessionId};
use crate::os::Process;
use crate::state::State;
use crate::state::record::Record;
use crate::state::registry::Instance;
use crate::time::Millis;
use crate::wire::inbox::InboxHead;

/// How many bytes of messages an answer has at most; one message may be larger.
const MAX_BYTES: usize = 8 << 20;

/// The connected instance of `repo` for which a process speaks: that of its session, else the one whose agent's host
/// is the nearest in its `lineage`.
pub fn attended<'a>(
    state: &'a State,
    repo: &RepoName,
    session: Option<&SessionId>,
    lineage: impl FnOnce() -> Vec<Process>,
) -> Option<&'a Instance> {
    let connected = || {
        let ids = state.repo(repo).into_iter().flat_map(|known| &known.connected);
        ids.filter_map(|id| state.instance(id)).filter(|instance| instance.receive == Receive::All)
    };
    let of_session =
        session.and_then(|session| connected().find(|one| one.session.as_ref() == Some(session)));
    of_session.or_else(|| {
        let lineage = lineage();
        let place = |host: Process| lineage.iter().position(|process| *process == host);
        let near = connected().filter_map(|one| Some((place(one.host?)?, one)));
        near.min_by_key(|(place, one)| (*place, Reverse(one.since))).map(|(_, one)| one)
    })
}

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Unread<'a> {
    state: &'a State,
    repo: &'a RepoName,
    instance: Option<&'a Instance>,
    /// Only what later events accepted.
    after: Seq,
}

impl<'a> Unread<'a> {
    /// What `repo` has not read of what events after `after` accepted: what nobody has and `instance` can take, and
    /// what it has.
    pub fn of(state: &'a State, repo: &'a RepoName, instance: Option<&'a Instance>, after: Seq) -> Self {
        Self { state, repo, instance, after }
    }

    /// Whether there is anything.
    pub fn is_any(&self) -> bool {
        self.waiting().next().is_some() || self.in_hand().next().is_some()
    }

    /// The messages, by priority, then in the order of arrival.
    fn records(&self) -> Vec<&'a Record> {
        let mut all: Vec<_> = self.waiting().chain(self.in_hand()).collect();
        all.sort_by_key(|record| (Reverse(record.priority), record.seq));
        all
    }

    fn waiting(&self) -> impl Iterator<Item = &'a Record> + use<'a> {
        let (state, instance, after) = (self.state, self.instance, self.after);
        let mailbox = state.repo(self.repo).map(|repo| &repo.mailbox);
        let seqs = mailbox.into_iter().flat_map(move |mailbox| mailbox.later(after));
        let records = seqs.filter_map(|seq| state.record(seq));
        records.filter(move |record| {
            let wanted = record.capabilities();
            instance.map_or(wanted.is_empty(), |instance| instance.is_capable(wanted))
        })
    }

    fn in_hand(&self) -> impl Iterator<Item = &'a Record> + use<'a> {
        let (state, after) = (self.state, self.after);
        let seqs = self.instance.into_iter().flat_map(move |instance| instance.hands.later(after));
        seqs.filter_map(|seq| state.record(seq))
    }

    /// At most `limit` of them, and what is owed.
    pub fn told(&self, limit: usize) -> InboxView {
        let (records, mut bytes) = (self.records(), 0);
        let within = |record: &&&Record| {
            bytes += record.size();
            bytes <= MAX_BYTES || bytes == record.size()
        };
        let messages: Vec<_> =
            records.iter().take(limit).take_while(within).filter_map(|one| told(one)).collect();
        let view = |one| ObligationView::of(one, self.state);
        let (state, repo) = (self.state, self.repo);
        let notices = state.repo(repo).into_iter().flat_map(|known| &known.notices);
        let expired = notices.map(|(_, expired)| expired);
        InboxView {
            head: InboxHead {
                repo: repo.clone(),
                instance: self.instance.map(|instance| instance.id.clone()),
                host: self.instance.and_then(|instance| instance.host),
                seq: state.last(),
                more: records.len().saturating_sub(messages.len()),
                owes: Listed::of(state.owed_by(repo).count(), state.owed_by(repo), view),
                owed: Listed::of(state.owed_to(repo).count(), state.owed_to(repo), view),
                expired: expired.cloned().collect(),
            },
            messages,
        }
    }
}

/// What an `inbox` frame carries.
#[derive(Debug, Serialize)]
pub struct InboxView {
    #[serde(flatten)]
    head: InboxHead,
    messages: Vec<UnreadView>,
}

/// A message as the `message` frame has it.
#[derive(Debug, Serialize)]
struct UnreadView {
    seq: Seq,
    at: Millis,
    thread: MessageId,
    expires_at: Millis,
    message: Box<RawValue>,
}

fn told(record: &Record) -> Option<UnreadView> {
    let body = String::from_utf8(record.body()?.to_vec()).ok()?;
    Some(UnreadView {
        seq: record.seq,
        at: record.at,
        thread: (*record.thread).clone(),
        expires_at: record.expires_at,
        message: RawValue::from_string(body).ok()?,
    })
}
