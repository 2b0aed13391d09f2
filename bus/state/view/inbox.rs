//! What a repo has not read, for one of its instances, or for whoever asks when none is connected.

use std::cmp::Reverse;

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Listed, ObligationView};
use crate::event::Receive;
use crate::name::{InstanceId, MessageId, RepoName, Seq, SessionId};
use crate::os::Process;
use crate::state::State;
use crate::state::record::Record;
use crate::state::registry::Instance;
use crate::time::Millis;
use crate::wire::inbox::InboxHead;

/// How many bytes of messages an answer has at most; one message may be larger.
const MAX_BYTES: usize = 8 << 20;

/// The agent of a repo, as far as it can be told: which of the repo's instances are its own. There may be several of
/// one conversation, where its host was told of the bus twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agent {
    /// The one of this instance.
    Instance(InstanceId),
    /// The one in this conversation.
    Session(SessionId),
    /// The one in this host.
    Host(Process),
}

impl Agent {
    /// The agent of `repo` for which a process speaks: that of its session, else the one whose host is the nearest in
    /// its `lineage`.
    pub fn attended(
        state: &State,
        repo: &RepoName,
        session: Option<&SessionId>,
        lineage: impl FnOnce() -> Vec<Process>,
    ) -> Option<Self> {
        let of_session = session.map(|session| Self::Session(session.clone()));
        of_session.filter(|agent| agent.newest(state, repo).is_some()).or_else(|| {
            let hosts: Vec<_> = receiving(state, repo).filter_map(|one| one.host).collect();
            lineage().into_iter().find(|process| hosts.contains(process)).map(Self::Host)
        })
    }

    /// Its connected instances.
    pub fn instances<'a>(&self, state: &'a State, repo: &RepoName) -> Vec<&'a Instance> {
        match self {
            Self::Instance(id) => state.instance(id).into_iter().filter(|one| one.connected).collect(),
            Self::Session(id) => {
                receiving(state, repo).filter(|one| one.session.as_ref() == Some(id)).collect()
            }
            Self::Host(host) => receiving(state, repo).filter(|one| one.host == Some(*host)).collect(),
        }
    }

    /// The one of them that has connected last.
    pub fn newest<'a>(&self, state: &'a State, repo: &RepoName) -> Option<&'a Instance> {
        newest(self.instances(state, repo))
    }
}

/// The connected instances of `repo` that take what it gets.
fn receiving<'a>(state: &'a State, repo: &RepoName) -> impl Iterator<Item = &'a Instance> + use<'a> {
    let ids = state.repo(repo).into_iter().flat_map(|known| &known.connected);
    ids.filter_map(|id| state.instance(id)).filter(|instance| instance.receive == Receive::All)
}

fn newest<'a>(instances: impl IntoIterator<Item = &'a Instance>) -> Option<&'a Instance> {
    instances.into_iter().max_by_key(|one| one.since)
}

/// See the [module](self).
#[derive(Debug, Clone)]
pub struct Unread<'a> {
    state: &'a State,
    repo: &'a RepoName,
    instances: Vec<&'a Instance>,
    /// Only what later events accepted.
    after: Seq,
}

impl<'a> Unread<'a> {
    /// What `repo` has not read of what events after `after` accepted: what nobody has and one of `instances` can take,
    /// and what they have.
    pub fn of(state: &'a State, repo: &'a RepoName, instances: Vec<&'a Instance>, after: Seq) -> Self {
        Self { state, repo, instances, after }
    }

    /// Whether there is anything.
    pub fn is_any(&self) -> bool {
        self.all().next().is_some()
    }

    /// The events that accepted it.
    pub fn seqs(&self) -> impl Iterator<Item = Seq> {
        self.all().map(|record| record.seq)
    }

    /// The messages, by priority, then in the order of arrival.
    fn records(&self) -> Vec<&'a Record> {
        let mut all: Vec<_> = self.all().collect();
        all.sort_by_key(|record| (Reverse(record.priority), record.seq));
        all
    }

    fn all(&self) -> impl Iterator<Item = &'a Record> {
        self.waiting().chain(self.in_hand())
    }

    fn waiting(&self) -> impl Iterator<Item = &'a Record> {
        let (state, after) = (self.state, self.after);
        let mailbox = state.repo(self.repo).map(|repo| &repo.mailbox);
        let seqs = mailbox.into_iter().flat_map(move |mailbox| mailbox.later(after));
        let records = seqs.filter_map(|seq| state.record(seq));
        records.filter(|record| {
            let (wanted, instances) = (record.capabilities(), &self.instances);
            wanted.is_empty() && instances.is_empty() || instances.iter().any(|one| one.is_capable(wanted))
        })
    }

    fn in_hand(&self) -> impl Iterator<Item = &'a Record> {
        let (state, after) = (self.state, self.after);
        let seqs = self.instances.iter().flat_map(move |instance| instance.hands.later(after));
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
        let instance = newest(self.instances.iter().copied());
        InboxView {
            head: InboxHead {
                repo: repo.clone(),
                instance: instance.map(|instance| instance.id.clone()),
                host: instance.and_then(|instance| instance.host),
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
