//! Messages that the bus writes: in its own name, or in that of the operator who decided something.

use std::time::Duration;

use super::Policy;
use super::routing::{self, Wanted};
use crate::event::{Accepted, Routing};
use crate::message::{Draft, Message, Recipient, Sender};
use crate::name::{InstanceId, MessageId, RepoName};
use crate::payload::Payload;
use crate::state::State;
use crate::state::negotiation::Negotiation;
use crate::state::record::Record;
use crate::state::registry::Instance;
use crate::time::Millis;

/// A message that the bus writes.
#[derive(Debug)]
pub(super) struct Post<'a> {
    draft: Draft,
    thread: MessageId,
    recipients: Vec<&'a RepoName>,
    /// The operator's instance, where it speaks for the operator.
    operator: Option<&'a Instance>,
}

impl<'a> Post<'a> {
    /// Tells everyone whom a negotiation concerns, in answer to its last wording.
    pub(super) fn to_all(
        negotiation: &'a Negotiation,
        payload: Payload,
        operator: Option<&'a Instance>,
    ) -> Self {
        let speaker = operator.map(|instance| &instance.repo);
        let recipients = negotiation.involved().into_iter().filter(|repo| Some(*repo) != speaker).collect();
        let reply_to = Some(negotiation.round.message.clone());
        let draft = Draft { reply_to, ..Draft::new(Recipient::repo(negotiation.proposer.clone()), payload) };
        Self { draft, thread: (*negotiation.thread).clone(), recipients, operator }
    }

    /// Answers the sender of a message.
    pub(super) fn to_sender(record: &'a Record, payload: Payload, operator: &'a Instance) -> Self {
        let reply_to = Some(record.id.clone());
        let draft = Draft { reply_to, ..Draft::new(Recipient::repo(record.from.clone()), payload) };
        let thread = (*record.thread).clone();
        Self { draft, thread, recipients: vec![&record.from], operator: Some(operator) }
    }

    /// The message as it is accepted. What is to be told is told, however full a mailbox is: there is one of these for
    /// each decision. `None` never comes about, for what the bus writes is valid.
    pub(super) fn accepted(
        self,
        state: &State,
        policy: &Policy,
        id: &MessageId,
        now: Millis,
    ) -> Option<Accepted> {
        let by = self.operator.map_or_else(InstanceId::bus, |instance| instance.id.clone());
        let from = Sender {
            repo: self.operator.map_or_else(RepoName::bus, |instance| instance.repo.clone()),
            path: None,
            session_id: None,
            instance_id: Some(by.clone()),
        };
        let message = Message::parse(&self.draft.to_json(id, &from, now.seconds()), None).ok()?;
        let parent = self.draft.reply_to.as_ref().and_then(|id| state.message(id)).map(|parent| parent.seq);
        let route = |repo: &RepoName| {
            let wanted = Wanted {
                repo,
                by: &by,
                capabilities: &[],
                parent,
                priority: message.priority,
                size: message.raw.len(),
            };
            let instance = routing::choose(state, &wanted);
            Routing { repo: repo.clone(), instance, refused: None, held: false }
        };
        let recipients = self.recipients.into_iter().map(route).collect();
        let ttl: Duration = policy.default_ttl;
        let (thread, expires_at) = (self.thread, now.plus(ttl));
        Some(Accepted { by: by.clone(), thread, parent, expires_at, recipients, held: None, message })
    }
}
