//! The fold: what each event changes.

use super::record::{Delivery, Names, Record, Stage};
use super::registry::{Instance, Repo};
use super::{Host, INSTANCES, NOTICES, State};
use crate::event::{
    Accepted, Answered, Checkpoint, Event, Expired, InstanceRef, Left, Moved, Noticed, Receive, Recorded,
    Registered, Routing, Started,
};
use crate::name::{InstanceId, MessageId, RepoName};

impl State {
    /// Takes the next event in.
    pub fn apply(&mut self, recorded: &Recorded) {
        self.last = recorded.seq;
        self.at = recorded.at;
        match &recorded.event {
            Event::Started(started) => self.started(started),
            Event::Stopped(_) => self.stopped(),
            Event::Checkpoint(checkpoint) => self.checkpointed(checkpoint),
            Event::Registered(registered) => self.registered(registered),
            Event::Left(left) => self.left(left),
            Event::Stuck(instance) => self.stuck(instance),
            Event::Resumed(instance) => self.resumed(instance),
            Event::Accepted(accepted) => self.accepted_message(accepted),
            Event::Routed(moved) => self.routed(moved),
            Event::Delivered(moved) => self.delivered(moved),
            Event::Read(moved) => self.read(moved),
            Event::Answered(answered) => self.answered(answered),
            Event::Expired(expired) => self.expired(expired),
            Event::Noticed(noticed) => self.noticed(noticed),
            Event::Refused(refused) => self.flows.refused(refused, self.at),
            Event::Proposed(proposed) => {
                self.proposed(proposed);
                self.votes_wanted(&proposed.negotiation);
            }
            Event::Voted(voted) => {
                self.negotiations.voted(voted, self.at);
                self.vote_given(voted);
            }
            Event::Round(round) => {
                self.next_round(round);
                self.votes_wanted(&round.negotiation);
            }
            Event::Tallied(tallied) => self.negotiations.tallied(tallied),
            Event::Resolved(resolved) => {
                self.negotiations.resolved(resolved, self.at);
                self.votes_not_wanted(&resolved.negotiation);
            }
            Event::Amended(amended) => self.amended(amended),
            Event::Released(released) => self.released(&released.id),
            Event::Denied(denied) => self.denied(&denied.id),
            Event::Expiring(expiring) => {
                if let Some(record) = self.records.by_id(&expiring.id) {
                    self.holds.expiring(record.seq);
                }
            }
            Event::Halted(held) => {
                self.holds.hold_thread(held.thread.clone(), self.last, self.at, held.reason.clone());
            }
            Event::Continued(released) => {
                self.holds.let_thread_go(&released.thread);
                self.flows.continued(&released.thread);
            }
            Event::Configured(configured) => self.configured = Some(configured.clone()),
        }
        self.forget();
    }

    fn started(&mut self, started: &Started) {
        self.disconnect_all();
        self.host =
            Some(Host { pid: started.pid, version: started.version.clone(), since: self.at, running: true });
    }

    fn stopped(&mut self) {
        self.disconnect_all();
        if let Some(host) = &mut self.host {
            host.running = false;
        }
    }

    fn disconnect_all(&mut self) {
        let connected = self.instances.values().filter(|instance| instance.connected);
        let ids: Vec<_> = connected.map(|instance| instance.id.clone()).collect();
        for id in &ids {
            self.disconnect(id);
        }
    }

    fn checkpointed(&mut self, checkpoint: &Checkpoint) {
        self.begin = checkpoint.since;
        if checkpoint.configured.is_some() {
            self.configured.clone_from(&checkpoint.configured);
        }
        for known in &checkpoint.repos {
            let repo = self.repos.entry(known.repo.clone()).or_default();
            if !repo.seen {
                repo.seen = true;
                repo.last_seen = known.last_seen;
                repo.accept_requests_from.clone_from(&known.accept_requests_from);
                repo.capabilities =
                    known.capabilities.iter().map(|set| set.iter().cloned().collect()).collect();
            }
        }
        self.hosts.checkpointed(&checkpoint.agent_hosts);
        for registered in &checkpoint.instances {
            self.connected_before(registered);
        }
    }

    /// An instance that was connected before the first event that is known.
    fn connected_before(&mut self, registered: &Registered) {
        let id = &registered.instance;
        if !self.instances.contains_key(id) {
            self.repos.entry(registered.repo.clone()).or_default().connected.insert(id.clone());
            self.instances.insert(id.clone(), Instance::new(registered, self.at, None));
        }
    }

    fn registered(&mut self, registered: &Registered) {
        let repo = self.repos.entry(registered.repo.clone()).or_default();
        repo.saw(registered, self.at);
        let known = self.instances.remove_entry(&registered.instance);
        let id = known.as_ref().map_or(&registered.instance, |(id, _)| id).clone();
        let hands = known.filter(|(_, known)| known.connected && known.repo == registered.repo);
        let instance = Instance::new(registered, self.at, hands.map(|(_, known)| known.hands));
        if let Some((host, repo)) = instance.agent_host() {
            self.hosts.saw(host, repo);
        }
        self.instances.insert(id, instance);
        self.forget_instances();
    }

    fn left(&mut self, left: &Left) {
        self.disconnect(&left.instance);
    }

    /// What the instance had and had not read waits again.
    fn disconnect(&mut self, id: &InstanceId) {
        self.empty_hands(id);
        let Some(instance) = self.instances.get_mut(id) else { return };
        instance.leave(self.at);
        // While it was connected, it was remembered whatever others did.
        if let Some((host, repo)) = instance.agent_host() {
            self.hosts.saw(host, repo);
        }
        // What was never there to take messages, as a command that sent one, is not worth remembering.
        let is_passing = instance.receive != Receive::All;
        if let Some(repo) = self.repos.get_mut(&instance.repo) {
            repo.connected.remove(id);
            repo.last_seen = self.at;
        }
        if is_passing {
            self.instances.remove(id);
        }
    }

    fn empty_hands(&mut self, id: &InstanceId) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let hands = instance.hands.take();
        let repo_name = instance.repo.clone();
        for seq in hands {
            let Some(record) = self.records.get_mut(seq) else { continue };
            let key = record.order();
            if let Some(delivery) = record.delivery_mut(&repo_name) {
                delivery.reach(Stage::Queued, self.at);
                delivery.instance = None;
                if let Some(repo) = self.repos.get_mut(&repo_name) {
                    repo.mailbox.waiting.insert(key);
                }
            }
        }
    }

    fn stuck(&mut self, instance: &InstanceRef) {
        self.empty_hands(&instance.instance);
        if let Some(instance) = self.instances.get_mut(&instance.instance) {
            instance.stuck = true;
        }
    }

    fn resumed(&mut self, instance: &InstanceRef) {
        if let Some(instance) = self.instances.get_mut(&instance.instance) {
            instance.stuck = false;
            instance.last_seen = self.at;
        }
    }

    fn accepted_message(&mut self, accepted: &Accepted) {
        self.accepted += 1;
        let (seq, at) = (self.last, self.at);
        let reply_to = self.records.answer(seq, accepted);
        let (thread, number) = self.threads.add(&accepted.thread, seq, at);
        self.flows.accepted(accepted, &thread, number, at);
        let names = Names {
            from: self.repo_handle(&accepted.message.from.repo),
            by: self.instance_handle(&accepted.by),
            thread,
            deliveries: accepted.recipients.iter().map(|routing| self.delivery(routing)).collect(),
        };
        let record = Record::new(seq, at, accepted, names, reply_to);
        for delivery in record.deliveries.iter().filter(|delivery| delivery.stage.is_open()) {
            self.put_in_mailbox(&record, delivery);
        }
        let (finished, deadline) = (record.is_finished(), (record.expires_at, seq));
        let slot = self.records.insert(record);
        if finished {
            self.records.finish(slot, self.keep.bodies);
        } else {
            self.deadlines.insert(deadline);
        }
        if let Some(held) = &accepted.held {
            self.holds.hold(seq, held.clone(), at, accepted.expires_at);
        }
        let heard = Some(&accepted.message.payload).filter(|_| accepted.held.is_none());
        self.said(seq, accepted.parent, heard);
    }

    fn delivery(&mut self, routing: &Routing) -> Delivery {
        let repo = self.repo_handle(&routing.repo);
        let instance = routing.instance.as_ref().map(|id| self.instance_handle(id));
        Delivery::new(routing, repo, instance, self.at)
    }

    /// A name as the registry has it, so that a million messages share the few names that there are.
    pub(super) fn repo_handle(&mut self, name: &RepoName) -> RepoName {
        if let Some((known, _)) = self.repos.get_key_value(name) {
            return known.clone();
        }
        // Nobody writes to the bus, so that it has no mailbox.
        if name.is_bus() {
            return name.clone();
        }
        self.repos.insert(name.clone(), Repo::default());
        name.clone()
    }

    fn instance_handle(&mut self, id: &InstanceId) -> InstanceId {
        let registered = self.instances.get_key_value(id).map(|(known, _)| known);
        if let Some(known) = registered.or_else(|| self.strangers.get(id)) {
            return known.clone();
        }
        if self.strangers.len() >= INSTANCES {
            self.strangers.clear();
        }
        self.strangers.insert(id.clone());
        id.clone()
    }

    fn put_in_mailbox(&mut self, record: &Record, delivery: &Delivery) {
        let Some(repo) = self.repos.get_mut(&delivery.repo) else { return };
        repo.mailbox.unread += 1;
        repo.mailbox.bytes += record.size();
        if delivery.stage == Stage::Held {
            repo.mailbox.held += 1;
            return;
        }
        let handed = delivery.instance.as_ref().and_then(|id| self.instances.get_mut(id));
        match handed {
            Some(instance) => instance.hands.give(record.seq, record.size()),
            None => {
                repo.mailbox.waiting.insert(record.order());
            }
        }
    }

    fn routed(&mut self, moved: &Moved) {
        self.hand_over_all(moved, Stage::Routed);
    }

    fn delivered(&mut self, moved: &Moved) {
        self.hand_over_all(moved, Stage::Delivered);
    }

    fn hand_over_all(&mut self, moved: &Moved, stage: Stage) {
        let holder = self.instance_handle(&moved.instance);
        for id in &moved.ids {
            self.hand_over(id, &moved.repo, &holder, stage);
        }
    }

    /// Puts a message into an instance's hands, wherever it was before.
    fn hand_over(&mut self, id: &MessageId, repo: &RepoName, holder: &InstanceId, stage: Stage) {
        let Some(record) = self.records.find(id).and_then(|slot| self.records.at_mut(slot)) else { return };
        let (seq, size, order) = (record.seq, record.size(), record.order());
        let Some(delivery) = record.delivery_mut(repo).filter(|delivery| delivery.stage.is_open()) else {
            return;
        };
        delivery.reach(stage, self.at);
        let before = delivery.instance.replace(holder.clone());
        if let Some(other) = before.filter(|before| before != holder)
            && let Some(other) = self.instances.get_mut(&other)
        {
            other.hands.remove(seq);
        }
        if let Some(repo) = self.repos.get_mut(repo) {
            repo.mailbox.waiting.remove(&order);
        }
        if let Some(instance) = self.instances.get_mut(holder) {
            match stage {
                Stage::Routed => instance.hands.give(seq, size),
                _ => instance.hands.arrived(seq, size),
            }
            instance.last_seen = instance.last_seen.max(self.at);
        }
    }

    fn read(&mut self, moved: &Moved) {
        let reader = self.instance_handle(&moved.instance);
        for id in &moved.ids {
            self.settle(id, &moved.repo, Stage::Read, Some(&reader));
        }
    }

    fn answered(&mut self, answered: &Answered) {
        self.settle(&answered.id, &answered.repo, Stage::Answered, None);
    }

    fn expired(&mut self, expired: &Expired) {
        for repo in &expired.unread_by {
            self.settle(&expired.id, repo, Stage::Expired, None);
        }
        // Nobody is told for the bus.
        if expired.from.is_bus() {
            return;
        }
        let sender = self.repos.entry(expired.from.clone()).or_default();
        sender.notices.push_back((self.at, expired.clone()));
        // A sender that never comes back is not remembered for ever; the journal has it all.
        while sender.notices.len() > NOTICES
            || sender.notices.front().is_some_and(|(at, _)| self.at.since(*at) >= self.keep.retention)
        {
            sender.notices.pop_front();
        }
    }

    fn noticed(&mut self, noticed: &Noticed) {
        if let Some(repo) = self.repos.get_mut(&noticed.repo) {
            repo.notices.retain(|(_, notice)| !noticed.ids.contains(&notice.id));
        }
    }

    /// Takes a message out of a mailbox for good. A later step on the ladder (an answer to what was read) is kept,
    /// an earlier one ignored.
    pub(super) fn settle(&mut self, id: &MessageId, repo: &RepoName, stage: Stage, by: Option<&InstanceId>) {
        let Some(slot) = self.records.find(id) else { return };
        let Some(record) = self.records.at_mut(slot) else { return };
        let (seq, size, order, expires_at) = (record.seq, record.size(), record.order(), record.expires_at);
        let Some(delivery) = record.delivery_mut(repo) else { return };
        let (was_open, was_held) = (delivery.stage.is_open(), delivery.stage == Stage::Held);
        if !delivery.reach(stage, self.at) || !was_open {
            return;
        }
        let holder = delivery.instance.clone();
        if let Some(by) = by {
            delivery.instance = Some(by.clone());
        }
        let (finished, is_held) = (record.is_finished(), record.is_held());
        if let Some(repo) = self.repos.get_mut(repo) {
            repo.mailbox.take_out(order, size);
            repo.mailbox.held -= usize::from(was_held);
        }
        if was_held && !is_held {
            self.holds.let_go(seq);
        }
        if let Some(instance) = holder.and_then(|id| self.instances.get_mut(&id)) {
            instance.hands.remove(seq);
        }
        if finished {
            self.deadlines.remove(&(expires_at, seq));
            self.records.finish(slot, self.keep.bodies);
        }
    }

    /// Drops what is finished and older than the retention, or beyond its number. Times never go back, so what was
    /// finished first is the oldest.
    fn forget(&mut self) {
        while let Some(oldest) = self.records.oldest_finished() {
            let crowded = self.records.finished() > self.keep.messages;
            if !crowded && self.at.since(oldest.finished_at()) < self.keep.retention {
                break;
            }
            if let Some(record) = self.records.forget_oldest() {
                self.threads.forget(&record.thread, record.seq);
                if self.threads.get(&record.thread).is_none() {
                    self.holds.let_thread_go(&record.thread);
                }
            }
        }
        self.negotiations.forget(self.at, &self.keep);
        self.forget_owed();
    }

    /// Of the instances that left, the latest are remembered.
    fn forget_instances(&mut self) {
        if self.instances.len() <= INSTANCES {
            return;
        }
        let gone = self.instances.values().filter(|instance| !instance.connected);
        if let Some(oldest) =
            gone.min_by_key(|instance| instance.last_seen).map(|instance| instance.id.clone())
        {
            self.instances.remove(&oldest);
        }
    }
}
