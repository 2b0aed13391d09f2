//! Which instance gets which message.
//!
//! A message for a repo is in the hands of one of its instances at a time. After every command, nothing waits that
//! could be handed out; so a new message is tried alone when nothing waits, and takes its place in the mailbox's order
//! when something does.

use crate::event::{Moved, Receive};
use crate::message::Priority;
use crate::name::{Capability, InstanceId, MessageId, RepoName, Seq};
use crate::state::State;
use crate::state::record::Record;
use crate::state::registry::Instance;

/// How many messages may be on their way to one instance before its client has said that it has them.
pub const WINDOW_MESSAGES: usize = 256;

/// How many bytes of them; a single message may be larger.
pub const WINDOW_BYTES: usize = 4 << 20;

/// What is urgent may use so many times the window: it does not wait for a slow client to catch up.
const HIGH_SLACK: usize = 2;

/// What decides where a message can go.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// The repo whose instance is wanted.
    pub repo: &'a RepoName,
    /// The instance that sent it, which does not get it back.
    pub by: &'a InstanceId,
    /// What the recipient must be able to do.
    pub capabilities: &'a [Capability],
    /// The event that accepted what it answers.
    pub parent: Option<Seq>,
    /// How pressing it is.
    pub priority: Priority,
    /// Its size in bytes.
    pub size: usize,
}

/// The instance that a message goes to, if one can take it: the one that wrote what it answers, or another of that
/// conversation, or the one with the fewest unread messages.
pub fn choose(state: &State, wanted: &Wanted<'_>) -> Option<InstanceId> {
    let nothing_waits = state.repo(wanted.repo).is_some_and(|repo| repo.mailbox.waiting.is_empty());
    let mut rooms = rooms(state, wanted.repo);
    let room = best(state, wanted, &mut rooms)?;
    // With nothing on its way to the instance, nothing waits for room there.
    (nothing_waits || room.messages == 0).then(|| room.instance.id.clone())
}

/// What waits for `repo` and can be handed out now, by instance, in the mailbox's order.
pub fn waiting(state: &State, repo: &RepoName) -> Vec<Moved> {
    let Some(known) = state.repo(repo).filter(|known| !known.mailbox.waiting.is_empty()) else {
        return Vec::new();
    };
    let mut rooms = rooms(state, repo);
    for &(_, seq) in &known.mailbox.waiting {
        if rooms.iter().all(Room::is_closed) {
            break;
        }
        let Some(record) = state.record(seq) else { continue };
        let wanted = Wanted::of(record, repo);
        match best(state, &wanted, &mut rooms) {
            Some(room) => room.take(record),
            // What has no room yet is not overtaken by what comes after it.
            None => rooms.iter_mut().for_each(|room| room.full |= room.suits(state, &wanted)),
        }
    }
    let given = rooms.into_iter().filter(|room| !room.ids.is_empty());
    given
        .map(|room| Moved { repo: repo.clone(), instance: room.instance.id.clone(), ids: room.ids })
        .collect()
}

impl<'a> Wanted<'a> {
    fn of(record: &'a Record, repo: &'a RepoName) -> Self {
        Self {
            repo,
            by: &record.by,
            capabilities: record.capabilities(),
            parent: record.parent(),
            priority: record.priority,
            size: record.size(),
        }
    }
}

/// What an instance can still take. What one pass hands out is not in the state yet, so it is counted here.
struct Room<'a> {
    instance: &'a Instance,
    /// Messages on their way to it.
    messages: usize,
    /// Their size in bytes.
    bytes: usize,
    /// Whether something waits for room here.
    full: bool,
    /// What this pass hands out.
    ids: Vec<MessageId>,
}

fn rooms<'a>(state: &'a State, repo: &RepoName) -> Vec<Room<'a>> {
    let connected = state.repo(repo).into_iter().flat_map(|known| &known.connected);
    let instances = connected.filter_map(|id| state.instance(id));
    instances
        .map(|instance| Room {
            instance,
            messages: instance.hands.on_the_way,
            bytes: instance.hands.bytes_on_the_way,
            full: false,
            ids: Vec::new(),
        })
        .collect()
}

fn best<'a, 'b>(state: &State, wanted: &Wanted<'_>, rooms: &'b mut [Room<'a>]) -> Option<&'b mut Room<'a>> {
    let asker = asker(state, wanted);
    let session = asker.and_then(|id| state.instance(id)).and_then(|asker| asker.session.as_ref());
    let able = rooms.iter_mut().filter(|room| !room.full && room.fits(wanted) && room.suits(state, wanted));
    able.min_by_key(|room| {
        let is_asker = asker == Some(&room.instance.id);
        let of_session = session.is_some() && room.instance.session.as_ref() == session;
        (!is_asker, !of_session, room.instance.hands.len() + room.ids.len())
    })
}

/// The instance that wrote what a message answers.
fn asker<'a>(state: &'a State, wanted: &Wanted<'_>) -> Option<&'a InstanceId> {
    wanted.parent.and_then(|parent| state.record(parent)).map(|parent| &parent.by)
}

impl Room<'_> {
    /// Whether it takes nothing more, whatever it is.
    fn is_closed(&self) -> bool {
        self.full || self.instance.stuck || self.instance.receive == Receive::None
    }

    /// Whether the message is one for this instance, room or not.
    fn suits(&self, state: &State, wanted: &Wanted<'_>) -> bool {
        let instance = self.instance;
        let receives = match instance.receive {
            Receive::All => true,
            Receive::Replies => asker(state, wanted) == Some(&instance.id),
            Receive::None => false,
        };
        receives && !instance.stuck && instance.id != *wanted.by && instance.is_capable(wanted.capabilities)
    }

    fn fits(&self, wanted: &Wanted<'_>) -> bool {
        let slack = if wanted.priority == Priority::High { HIGH_SLACK } else { 1 };
        self.messages == 0
            || (self.messages < WINDOW_MESSAGES * slack && self.bytes + wanted.size <= WINDOW_BYTES * slack)
    }

    fn take(&mut self, record: &Record) {
        self.messages += 1;
        self.bytes += record.size();
        self.ids.push(record.id.clone());
    }
}
