//! What the console knows of the swarm: the fold of the event stream, and what the panes ask of it again and again.
//!
//! | module | what is in it |
//! |---|---|
//! | [`threads`] | conversations by their last message, and which are unread |
//! | [`needs`] | what needs the operator |
//! | [`texts`] | what messages say: kept, or fetched when it is looked at |
//! | [`rate`] | messages a minute |
//!
//! Everything here follows from events alone, so a replay gives the same.

pub mod needs;
pub mod rate;
pub mod texts;
pub mod threads;

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use veda_bus_core::event::{Event, Recorded};
use veda_bus_core::history::Fold;
use veda_bus_core::name::{MessageId, RepoName, Seq};
use veda_bus_core::state::record::{Record, Stage};
use veda_bus_core::state::{Keep, State};
use veda_bus_core::time::Millis;

use needs::Needs;
use rate::Rate;
use texts::Texts;
use threads::{Seen, Threads};

/// How many events the activity shows.
pub(crate) const ACTIVITY: usize = 2_000;

/// How many bytes of messages these events may hold.
const ACTIVITY_BYTES: usize = 8 << 20;

/// How many bytes of the text of finished messages are kept; the rest is fetched when it is looked at.
const BODIES: usize = 8 << 20;

/// How many finished messages, and answers that are owed, are remembered in the past of a journal with many messages: so
/// many are read from a snapshot before a person notices. What came before is there when one goes further back.
const PAST: usize = 2_000;

/// The same where there are at most so many messages in the whole journal.
const SHORT_PAST: usize = 20_000;

/// How many bytes of their text.
const PAST_BODIES: usize = 256 << 10;

/// See the [module](self).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    /// The fold.
    pub state: State,
    /// Conversations.
    pub threads: Threads,
    /// What needs the operator.
    pub needs: Needs,
    /// What messages say.
    #[serde(skip)]
    pub texts: Texts,
    /// Messages a minute.
    pub rate: Rate,
    /// The latest events, the oldest first.
    #[serde(skip)]
    pub activity: VecDeque<Recorded>,
    #[serde(skip)]
    activity_bytes: usize,
    /// How many messages are remembered at most.
    history: usize,
}

/// A message was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// By this event.
    pub seq: Seq,
    /// In this conversation.
    pub thread: MessageId,
    /// The last message that the conversation had before.
    pub before: Option<Seq>,
}

impl Model {
    /// Nothing has happened; at most `history` finished messages will be remembered.
    pub fn new(history: usize) -> Self {
        let keep = Keep { retention: Duration::MAX, messages: history, bodies: BODIES, owed: Keep::OWED };
        Self {
            state: State::new(keep),
            threads: Threads::default(),
            needs: Needs::default(),
            texts: Texts::default(),
            rate: Rate::default(),
            activity: VecDeque::new(),
            activity_bytes: 0,
            history,
        }
    }

    /// Forgets everything but what the operator has read, for a fold that begins anew.
    pub fn restart(&mut self) {
        let threads = std::mem::take(&mut self.threads);
        let needs = std::mem::take(&mut self.needs);
        *self = Self { threads: threads.restarted(), needs: needs.restarted(), ..Self::new(self.history) };
    }

    /// Takes the next event in; tells when a message was accepted.
    pub fn apply(&mut self, recorded: Recorded) -> Option<Said> {
        let accepted = match &recorded.event {
            Event::Accepted(accepted) => Some(accepted),
            _ => None,
        };
        let before = accepted.and_then(|accepted| {
            self.state.thread(&accepted.thread).and_then(|thread| thread.messages.last())
        });
        self.state.apply(&recorded);
        let said = accepted.map(|accepted| {
            self.threads.accepted(&self.state, recorded.seq, accepted, before);
            self.rate.count(recorded.at);
            Said { seq: recorded.seq, thread: accepted.thread.clone(), before }
        });
        self.needs.apply(&self.state, &recorded);
        self.remember(recorded);
        said
    }

    /// The fold of a journal of so many messages, for one who looks at the past: nothing of it is unread.
    pub fn of_the_past(messages: u64) -> Self {
        let is_short = usize::try_from(messages).is_ok_and(|messages| messages <= SHORT_PAST);
        let history = if is_short { SHORT_PAST } else { PAST };
        let keep = Keep { retention: Duration::MAX, messages: history, bodies: PAST_BODIES, owed: history };
        let mut model = Self { state: State::new(keep), ..Self::new(history) };
        model.threads.remember(Seen { upto: Seq(u64::MAX), ..Seen::default() });
        model
    }

    /// How many finished messages are remembered at most.
    pub fn history(&self) -> usize {
        self.history
    }

    /// These were the latest events, the oldest first; a fold that began in the middle has not seen them all.
    pub fn recall(&mut self, events: Vec<Recorded>) {
        self.activity.clear();
        self.activity_bytes = 0;
        for recorded in events {
            self.remember(recorded);
        }
    }

    fn remember(&mut self, recorded: Recorded) {
        self.activity_bytes += weight(&recorded);
        self.activity.push_back(recorded);
        while self.activity.len() > ACTIVITY || self.activity_bytes > ACTIVITY_BYTES {
            let Some(oldest) = self.activity.pop_front() else { break };
            self.activity_bytes -= weight(&oldest);
        }
    }

    /// How far a message is with the operator; `None` when it is not for the operator.
    pub fn stage_with_operator(&self, record: &Record) -> Option<Stage> {
        record.delivery(&RepoName::operator()).map(|delivery| delivery.stage)
    }

    /// The event that accepted the first remembered message of the thread of message `seq`.
    pub fn root_of(&self, seq: Seq) -> Option<Seq> {
        let record = self.state.record(seq)?;
        self.state.thread(&record.thread)?.messages.first()
    }

    /// How many instances are connected, the operator's own left out.
    pub fn connected(&self) -> usize {
        self.state.instances().filter(|one| one.connected && !one.repo.is_operator()).count()
    }

    /// When the last event was.
    pub fn at(&self) -> Millis {
        self.state.at()
    }
}

impl Fold for Model {
    fn apply(&mut self, recorded: Recorded) {
        Self::apply(self, recorded);
    }
}

fn weight(recorded: &Recorded) -> usize {
    match &recorded.event {
        Event::Accepted(accepted) => 512 + 2 * accepted.message.raw.len(),
        _ => 256,
    }
}
