//! What events send out: messages to instances, steps and notices to senders.

use std::collections::HashMap;
use std::rc::Rc;

use bytes::Bytes;

use super::super::connection::{ConnectionId, Outbox};
use super::super::release::{Effect, Release};
use super::{Connection, Engine};
use crate::event::{Accepted, Event, Expired, LeftReason, Moved, Receive, Recorded};
use crate::name::{InstanceId, MessageId, RepoName};
use crate::refusal::Code;
use crate::state::record::{Delivery, Stage};
use crate::time::Millis;
use crate::wire::answer::{Notice, frame, message_frame};

impl Engine {
    /// What an event sends out.
    pub(super) fn cause(&mut self, recorded: &Recorded) {
        match &recorded.event {
            Event::Accepted(accepted) => self.hand_out_new(recorded, accepted),
            Event::Routed(moved) => self.hand_out(moved),
            Event::Delivered(moved) => self.steps(moved, Stage::Delivered, recorded.at),
            Event::Read(moved) => self.steps(moved, Stage::Read, recorded.at),
            Event::Answered(answered) => {
                let answer = Some(answered.answer.clone());
                self.step(&answered.id, &answered.repo, Stage::Answered, recorded.at, answer);
            }
            Event::Expired(expired) => self.tell_expired(expired),
            // What was released may be on its way already.
            Event::Released(released) => {
                let waits = |one: &Delivery| matches!(one.stage, Stage::Queued | Stage::Routed);
                self.steps_of_all(&released.id, Stage::Queued, recorded.at, waits);
            }
            Event::Denied(denied) => {
                let is_denied = |one: &Delivery| one.refused == Some(Code::RefusedByOperator);
                self.steps_of_all(&denied.id, Stage::Refused, recorded.at, is_denied);
            }
            Event::Left(left) if left.reason == LeftReason::Closed => {
                self.by_instance.remove(&left.instance);
            }
            _ => {}
        }
    }

    fn hand_out_new(&mut self, recorded: &Recorded, accepted: &Accepted) {
        let mut handed =
            accepted.recipients.iter().filter_map(|routing| routing.instance.as_ref()).peekable();
        if handed.peek().is_none() {
            return;
        }
        let raw = &accepted.message.raw;
        let frame = message_frame(recorded.seq, recorded.at, &accepted.thread, accepted.expires_at, raw);
        for instance in handed {
            push_to(&mut self.connections, &self.by_instance, &mut self.release, instance, &frame);
        }
    }

    fn hand_out(&mut self, moved: &Moved) {
        for id in &moved.ids {
            let Some(record) = self.hub.state().message(id) else { continue };
            let Some(body) = record.body() else { continue };
            let frame = message_frame(record.seq, record.at, &record.thread, record.expires_at, body);
            push_to(&mut self.connections, &self.by_instance, &mut self.release, &moved.instance, &frame);
        }
    }

    fn steps(&mut self, moved: &Moved, stage: Stage, at: Millis) {
        for id in &moved.ids {
            self.step(id, &moved.repo, stage, at, None);
        }
    }

    /// The message took a step with each recipient that did not get it before.
    fn steps_of_all(&mut self, id: &MessageId, stage: Stage, at: Millis, took: impl Fn(&Delivery) -> bool) {
        let deliveries = self.hub.state().message(id).into_iter().flat_map(|record| &record.deliveries);
        let repos: Vec<_> =
            deliveries.filter(|delivery| took(delivery)).map(|delivery| delivery.repo.clone()).collect();
        for repo in repos {
            self.step(id, &repo, stage, at, None);
        }
    }

    /// Tells the sender of a message, if it tracks, that the message took a step.
    fn step(&mut self, id: &MessageId, repo: &RepoName, stage: Stage, at: Millis, answer: Option<MessageId>) {
        let by = self.hub.state().message(id).map(|record| &record.by);
        let connection = by.and_then(|by| self.by_instance.get(by)).and_then(|id| self.connections.get(id));
        if let Some(connection) = connection.filter(|connection| connection.track) {
            let notice = Notice::Step { id: id.clone(), repo: repo.clone(), stage, at, answer };
            let effect = Effect::Push(Rc::clone(&connection.outbox), notice_frame(&notice));
            self.release.when_written(effect);
        }
    }

    /// Tells the instance that sent the message, else another of its repo; else it is told at the next `register`.
    fn tell_expired(&mut self, expired: &Expired) {
        let state = self.hub.state();
        let by = state.message(&expired.id).map(|record| record.by.clone());
        let sender = by.filter(|by| self.by_instance.contains_key(by));
        let repo = state.repo(&expired.from);
        let others = repo.into_iter().flat_map(|repo| repo.connected.iter());
        let receives = |id: &&InstanceId| {
            state.instance(id).is_some_and(|instance| instance.receive == Receive::All && !instance.stuck)
        };
        let told = sender.or_else(|| others.filter(receives).min().cloned());
        let connection =
            told.and_then(|told| self.by_instance.get(&told)).and_then(|id| self.connections.get(id));
        if let Some(connection) = connection {
            let frame = notice_frame(&notice_of(expired));
            self.release.when_written(Effect::Push(Rc::clone(&connection.outbox), frame));
        }
    }

    pub(super) fn tell_notices(&mut self, outbox: &Rc<Outbox>, instance: &InstanceId) {
        for expired in self.hub.pending_notices(instance) {
            let frame = notice_frame(&notice_of(expired));
            self.release.when_written(Effect::Push(Rc::clone(outbox), frame));
        }
    }

    pub(super) fn replaced(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.instance = None;
            connection.silent_since = None;
            self.release.now(&connection.outbox, &notice_frame(&Notice::Replaced));
        }
    }
}

pub(super) fn notice_frame(notice: &Notice) -> Bytes {
    frame("notice", None, notice)
}

fn notice_of(expired: &Expired) -> Notice {
    Notice::Expired { id: expired.id.clone(), unread_by: expired.unread_by.clone() }
}

/// Hands a message to the connection that is `instance`.
fn push_to(
    connections: &mut HashMap<ConnectionId, Connection>,
    by_instance: &HashMap<InstanceId, ConnectionId>,
    release: &mut Release,
    instance: &InstanceId,
    frame: &Bytes,
) {
    let connection = by_instance.get(instance).and_then(|id| connections.get_mut(id));
    if let Some(connection) = connection {
        connection.silent_since.get_or_insert_with(Millis::now);
        release.when_written(Effect::Push(Rc::clone(&connection.outbox), frame.clone()));
    }
}
