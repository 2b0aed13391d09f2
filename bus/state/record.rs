//! Messages as the state remembers them, with a ladder for each recipient.

use std::cmp::Reverse;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::mailbox::Order;
use super::steps::Steps;
use crate::event::{Accepted, Routing};
use crate::message::{Message, MessageType, Priority};
use crate::name::{Capability, InstanceId, MessageId, RepoName, Seq};
use crate::refusal::Code;
use crate::time::Millis;

/// A step of the ladder, for one recipient. The order is the ladder's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// This recipient does not get it.
    Refused,
    /// It is kept back until the operator lets it go. Nothing comes before it.
    Held,
    /// No instance of the repo can take it now; it waits.
    Queued,
    /// It was handed to a connected instance, which has not said yet that it has it.
    Routed,
    /// An instance's client has it and said so.
    Delivered,
    /// Its time was up before it was read.
    Expired,
    /// The agent itself has seen it.
    Read,
    /// The recipient answered it.
    Answered,
}

impl Stage {
    /// All of them, in the ladder's order.
    pub const ALL: [Self; 8] = [
        Self::Refused,
        Self::Held,
        Self::Queued,
        Self::Routed,
        Self::Delivered,
        Self::Expired,
        Self::Read,
        Self::Answered,
    ];

    /// The step that a message is on when it has just been accepted.
    pub fn first(routing: &Routing) -> Self {
        match routing {
            Routing { refused: Some(_), .. } => Self::Refused,
            Routing { held: true, .. } => Self::Held,
            Routing { instance: Some(_), .. } => Self::Routed,
            _ => Self::Queued,
        }
    }

    /// Whether the message is still in the recipient's mailbox.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Held | Self::Queued | Self::Routed | Self::Delivered)
    }

    /// The name as it stands in a frame.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Held => "held",
            Self::Queued => "queued",
            Self::Routed => "routed",
            Self::Delivered => "delivered",
            Self::Expired => "expired",
            Self::Read => "read",
            Self::Answered => "answered",
        }
    }
}

/// How far a message is with one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The recipient.
    pub repo: RepoName,
    /// The step that was reached.
    pub stage: Stage,
    /// The step when the message was accepted: what its first receipt said.
    pub first: Stage,
    /// The instance that has it, or read it.
    pub instance: Option<InstanceId>,
    /// Why it was refused.
    pub refused: Option<Code>,
    steps: Steps,
}

impl Delivery {
    /// `repo` and `instance` are the names in `routing`, as handles that others share.
    pub(super) fn new(routing: &Routing, repo: RepoName, instance: Option<InstanceId>, at: Millis) -> Self {
        let stage = Stage::first(routing);
        let refused = routing.refused;
        Self { repo, stage, first: stage, instance, refused, steps: Steps::new(stage, at) }
    }

    /// Goes to `stage`, which may be a step back while the mailbox still has the message. `false` when the ladder
    /// does not lead there: a settled message only ever goes up.
    pub(super) fn reach(&mut self, stage: Stage, at: Millis) -> bool {
        if !self.stage.is_open() && stage <= self.stage || self.stage == Stage::Refused {
            return false;
        }
        self.stage = stage;
        self.steps.reach(stage, at);
        true
    }

    /// The steps that were reached, each with the last time it was, in that order.
    pub fn steps(&self) -> impl Iterator<Item = (Stage, Millis)> {
        self.steps.iter()
    }

    /// When the mailbox had the message no more; `None` while it has it.
    fn settled_at(&self) -> Option<Millis> {
        self.steps().find(|(stage, _)| !stage.is_open()).map(|(_, at)| at)
    }
}

/// The recipients of a message. Nearly every message has one, which takes no list.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliveries(Several);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Several {
    One(Delivery),
    Many(Box<[Delivery]>),
}

impl FromIterator<Delivery> for Deliveries {
    fn from_iter<I: IntoIterator<Item = Delivery>>(deliveries: I) -> Self {
        let mut deliveries = deliveries.into_iter();
        match (deliveries.next(), deliveries.next()) {
            (Some(only), None) => Self(Several::One(only)),
            (first, second) => {
                Self(Several::Many(first.into_iter().chain(second).chain(deliveries).collect()))
            }
        }
    }
}

impl std::ops::Deref for Deliveries {
    type Target = [Delivery];
    fn deref(&self) -> &[Delivery] {
        match &self.0 {
            Several::One(only) => std::slice::from_ref(only),
            Several::Many(all) => all,
        }
    }
}

impl std::ops::DerefMut for Deliveries {
    fn deref_mut(&mut self) -> &mut [Delivery] {
        match &mut self.0 {
            Several::One(only) => std::slice::from_mut(only),
            Several::Many(all) => all,
        }
    }
}

impl<'a> IntoIterator for &'a Deliveries {
    type Item = &'a Delivery;
    type IntoIter = std::slice::Iter<'a, Delivery>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Deliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&**self).finish()
    }
}

/// Where the id of the message stands that another answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ReplyTo {
    /// It answers none.
    Nothing,
    /// It is that of the thread: the thread's first message is answered, or one that was not known.
    Thread,
    /// It is that of the parent, which has counted this one among its children.
    Parent,
    /// It stands in the record itself.
    Own,
}

/// What few records have, or not for long.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Extra {
    /// The capabilities that a recipient must have, while somebody may still be looked for.
    capabilities: Box<[Capability]>,
    /// The envelope as JSON, while it is kept.
    body: Option<Bytes>,
    /// See [`ReplyTo::Own`].
    reply_to: Option<MessageId>,
    /// The parent, where it is too far away to be written as a distance.
    parent: Option<Seq>,
    /// The event with which the operator changed it last.
    amended: Option<Seq>,
}

/// A remembered message. There may be a million, so what can be found elsewhere is not kept here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The event that accepted it.
    pub seq: Seq,
    /// When that was.
    pub at: Millis,
    /// Its id.
    pub id: MessageId,
    /// Who sent it.
    pub from: RepoName,
    /// The instance that sent it.
    pub by: InstanceId,
    /// What kind of thing it says.
    pub kind: MessageType,
    /// How pressing it is.
    pub priority: Priority,
    /// The id of the message that its thread began with.
    pub thread: Arc<MessageId>,
    /// When it is stale.
    pub expires_at: Millis,
    /// Tells its content from another's; see [`content_digest`].
    pub digest: u64,
    /// How far it is with each recipient.
    pub deliveries: Deliveries,
    /// How many events before this one its parent is; 0 where `extra` has it, or there is none.
    parent: u32,
    pub(super) reply_to: ReplyTo,
    /// How many remembered messages have the id that they answer from here.
    pub(super) children: u32,
    size: u32,
    extra: Option<Box<Extra>>,
}

/// The names of a message, as handles that the registry and other messages share.
pub(super) struct Names {
    pub from: RepoName,
    pub by: InstanceId,
    pub thread: Arc<MessageId>,
    pub deliveries: Deliveries,
}

impl Record {
    pub(super) fn new(seq: Seq, at: Millis, accepted: &Accepted, names: Names, reply_to: ReplyTo) -> Self {
        let message = &accepted.message;
        let distance = accepted.parent.and_then(|parent| seq.0.checked_sub(parent.0));
        let parent = distance.and_then(|distance| u32::try_from(distance).ok()).unwrap_or_default();
        let extra = Extra {
            capabilities: message.to.capabilities.as_slice().into(),
            body: Some(message.raw.clone()),
            reply_to: message.reply_to.clone().filter(|_| reply_to == ReplyTo::Own),
            parent: accepted.parent.filter(|_| parent == 0),
            amended: None,
        };
        let Names { from, by, thread, deliveries } = names;
        Self {
            seq,
            at,
            id: message.id.clone(),
            from,
            by,
            kind: message.kind(),
            priority: message.priority,
            thread,
            expires_at: accepted.expires_at,
            digest: content_digest(message),
            deliveries,
            parent,
            reply_to,
            children: 0,
            // A line of a journal is never that long.
            size: u32::try_from(message.raw.len()).unwrap_or(u32::MAX),
            extra: Some(Box::new(extra)),
        }
    }

    /// Its place in a mailbox.
    pub fn order(&self) -> Order {
        (Reverse(self.priority), self.seq)
    }

    /// The event that accepted the message that it answers, where that was remembered: always an earlier one.
    pub fn parent(&self) -> Option<Seq> {
        let far = self.extra.as_ref().and_then(|extra| extra.parent);
        far.or_else(|| (self.parent > 0).then(|| Seq(self.seq.0 - u64::from(self.parent))))
    }

    /// Its size in bytes.
    pub fn size(&self) -> usize {
        self.size as usize
    }

    /// The capabilities that a recipient must have; empty when it is finished.
    pub fn capabilities(&self) -> &[Capability] {
        self.extra.as_ref().map_or(&[], |extra| &extra.capabilities)
    }

    /// The envelope as JSON, while it is kept.
    pub fn body(&self) -> Option<&Bytes> {
        self.extra.as_ref()?.body.as_ref()
    }

    /// The id of the message that it answers, where it stands here; see [`ReplyTo::Own`].
    pub(super) fn own_reply_to(&self) -> Option<&MessageId> {
        self.extra.as_ref()?.reply_to.as_ref()
    }

    /// Nobody is looked for any more who could take it.
    pub(super) fn drop_capabilities(&mut self) {
        if let Some(extra) = &mut self.extra {
            extra.capabilities = Box::default();
        }
        self.shrink();
    }

    /// The event that brought the text: the one that accepted it, unless the operator changed it later.
    pub fn written_at(&self) -> Seq {
        self.extra.as_ref().and_then(|extra| extra.amended).unwrap_or(self.seq)
    }

    /// The operator changed what it says, with event `at`. Its content digest stays that of what was sent, so that a resend is recognised.
    pub(super) fn amend(&mut self, raw: Bytes, at: Seq) {
        self.size = u32::try_from(raw.len()).unwrap_or(u32::MAX);
        let extra = self.extra.get_or_insert_default();
        (extra.body, extra.amended) = (Some(raw), Some(at));
    }

    pub(super) fn drop_body(&mut self) {
        if let Some(extra) = &mut self.extra {
            extra.body = None;
        }
        self.shrink();
    }

    fn shrink(&mut self) {
        if self.extra.as_deref() == Some(&Extra::default()) {
            self.extra = None;
        }
    }

    /// How far it is with `repo`.
    pub fn delivery(&self, repo: &RepoName) -> Option<&Delivery> {
        self.deliveries.iter().find(|delivery| delivery.repo == *repo)
    }

    pub(super) fn delivery_mut(&mut self, repo: &RepoName) -> Option<&mut Delivery> {
        self.deliveries.iter_mut().find(|delivery| delivery.repo == *repo)
    }

    /// Whether no mailbox has it any more.
    pub fn is_finished(&self) -> bool {
        !self.deliveries.iter().any(|delivery| delivery.stage.is_open())
    }

    /// Whether a recipient does not get it before the operator lets it go.
    pub fn is_held(&self) -> bool {
        self.deliveries.iter().any(|delivery| delivery.stage == Stage::Held)
    }

    /// When the last mailbox had it no more; of no meaning while one has it.
    pub(super) fn finished_at(&self) -> Millis {
        self.deliveries.iter().filter_map(Delivery::settled_at).max().unwrap_or(self.at)
    }
}

/// A number that differs when what a message says differs; what the bus may fill in does not count, so that a resend
/// is recognised. It is only compared within one process.
pub fn content_digest(message: &Message) -> u64 {
    let mut hasher = DefaultHasher::new();
    message.from.repo.hash(&mut hasher);
    message.to.hash(&mut hasher);
    message.priority.hash(&mut hasher);
    message.reply_to.hash(&mut hasher);
    message.ttl.hash(&mut hasher);
    message.payload_json().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_of_them_fit() {
        assert_eq!(size_of::<Steps>(), 24);
        assert_eq!(size_of::<Deliveries>(), size_of::<Delivery>());
        assert!(size_of::<Option<Record>>() <= 152, "{}", size_of::<Option<Record>>());
    }
}
