//! Which instance gets which message.
//!
//! A message for a repo is in the hands of one of its instances at a time. After every command, nothing waits that
//! could be handed out; so a new message is tried alone, and the mailbox is looked through only when room appears.

use crate::event::{Moved, Receive};
use crate::message::Priority;
use crate::name::{Capability, InstanceId, MessageId, RepoName};
use crate::state::State;
use crate::state::record::Record;
use crate::state::registry::Instance;

/// How many messages may be on their way to one instance before its client has said that it has them.
pub const WINDOW_MESSAGES: usize = 256;

/// How many bytes of them; a single message may be larger.
pub const WINDOW_BYTES: usize = 4 << 20;

/// What decides where a message can go.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// The repo whose instance is wanted.
    pub repo: &'a RepoName,
    /// The instance that sent it, which does not get it back.
    pub by: &'a InstanceId,
    /// What the recipient must be able to do.
    pub capabilities: &'a [Capability],
    /// The message that it answers.
    pub reply_to: Option<&'a MessageId>,
    /// How pressing it is: what is `high` does not wait for room.
    pub priority: Priority,
    /// Its size in bytes.
    pub size: usize,
}

/// The instance that a message goes to, if one can take it: the one that wrote what it answers, or another of that
/// conversation, or the one with the fewest unread messages.
pub fn choose(state: &State, wanted: &Wanted<'_>) -> Option<InstanceId> {
    let repo = state.repo(wanted.repo)?;
    let asker = wanted.reply_to.and_then(|id| state.message(id)).map(|parent| &parent.by);
    let session = asker.and_then(|id| state.instance(id)).and_then(|asker| asker.session.as_ref());
    let candidates = repo.connected.iter().filter_map(|id| state.instance(id));
    let able = candidates.filter(|one| can_take(one, wanted, asker));
    let chosen = able.min_by_key(|one| {
        let is_asker = asker == Some(&one.id);
        let of_session = session.is_some() && one.session.as_ref() == session;
        (!is_asker, !of_session, one.hands.len())
    });
    chosen.map(|one| one.id.clone())
}

fn can_take(one: &Instance, wanted: &Wanted<'_>, asker: Option<&InstanceId>) -> bool {
    let receives = match one.receive {
        Receive::All => true,
        Receive::Replies => asker == Some(&one.id),
        Receive::None => false,
    };
    receives
        && !one.stuck
        && one.id != *wanted.by
        && one.is_capable(wanted.capabilities)
        && has_room(one, wanted.priority, wanted.size)
}

fn has_room(one: &Instance, priority: Priority, size: usize) -> bool {
    let slack = if priority == Priority::High { 2 } else { 1 };
    let hands = &one.hands;
    hands.on_the_way == 0
        || (hands.on_the_way < WINDOW_MESSAGES * slack && hands.bytes_on_the_way + size <= WINDOW_BYTES * slack)
}

/// What waits for `repo` and can be handed out now, by instance, in the mailbox's order.
pub fn waiting(state: &State, repo: &RepoName) -> Vec<Moved> {
    let Some(known) = state.repo(repo) else { return Vec::new() };
    if known.mailbox.waiting.is_empty() {
        return Vec::new();
    }
    // What this pass hands out is not in the state yet, so the room is counted here.
    let mut rooms: Vec<Room<'_>> =
        known.connected.iter().filter_map(|id| state.instance(id)).map(Room::of).collect();
    for &(_, seq) in &known.mailbox.waiting {
        if rooms.iter().all(Room::is_closed) {
            break;
        }
        if let Some(record) = state.record(seq) {
            hand_out(state, record, repo, &mut rooms);
        }
    }
    let given = rooms.into_iter().filter(|room| !room.ids.is_empty());
    given
        .map(|room| Moved { repo: repo.clone(), instance: room.instance.id.clone(), ids: room.ids })
        .collect()
}

/// What an instance can still take in one pass.
struct Room<'a> {
    instance: &'a Instance,
    messages: usize,
    bytes: usize,
    ids: Vec<MessageId>,
}

impl<'a> Room<'a> {
    fn of(instance: &'a Instance) -> Self {
        let hands = &instance.hands;
        Self { instance, messages: hands.on_the_way, bytes: hands.bytes_on_the_way, ids: Vec::new() }
    }

    fn is_closed(&self) -> bool {
        self.instance.stuck || self.instance.receive == Receive::None || self.messages >= WINDOW_MESSAGES
    }

    fn fits(&self, size: usize) -> bool {
        self.messages == 0 || (self.messages < WINDOW_MESSAGES && self.bytes + size <= WINDOW_BYTES)
    }
}

fn hand_out(state: &State, record: &Record, repo: &RepoName, rooms: &mut [Room<'_>]) {
    let wanted = Wanted {
        repo,
        by: &record.by,
        capabilities: &record.capabilities,
        reply_to: record.reply_to.as_ref(),
        priority: record.priority,
        size: record.size,
    };
    let asker = wanted.reply_to.and_then(|id| state.message(id)).map(|parent| &parent.by);
    let able = rooms.iter_mut().filter(|room| room.fits(record.size) && can_take(room.instance, &wanted, asker));
    let room = able.min_by_key(|room| (asker != Some(&room.instance.id), room.instance.hands.len() + room.ids.len()));
    if let Some(room) = room {
        room.messages += 1;
        room.bytes += record.size;
        room.ids.push(record.id.clone());
    }
}
