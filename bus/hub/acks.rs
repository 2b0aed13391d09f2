//! How far messages have come with a client, by what it says.

use super::{Decision, Hub, Reply, not_registered};
use crate::event::{Event, Moved, Noticed};
use crate::name::{InstanceId, MessageId, RepoName};
use crate::refusal::{Code, Refusal};
use crate::state::record::Stage;
use crate::wire::request::{Ack, AckStage};

impl Hub {
    pub(super) fn ack(&self, instance: &InstanceId, ack: &Ack) -> Decision {
        let Some(known) = self.state.instance(instance).filter(|known| known.connected) else {
            return Decision { events: Vec::new(), reply: Err(not_registered()) };
        };
        let mut unknown = Vec::new();
        let mut ids = Vec::new();
        for id in &ack.ids {
            match self.state.message(id).and_then(|record| record.delivery(&known.repo)) {
                None => unknown.push(id),
                Some(delivery) if moves(delivery.stage, delivery.instance.as_ref(), instance, ack.stage) => {
                    ids.push(id.clone());
                }
                Some(_) => {}
            }
        }
        let mut events = Vec::new();
        if !ids.is_empty() {
            let moved = Moved { repo: known.repo.clone(), instance: instance.clone(), ids };
            events.push(match ack.stage {
                AckStage::Delivered => Event::Delivered(moved),
                AckStage::Read => Event::Read(moved),
            });
        }
        events.extend(self.ack_notices(&known.repo, &ack.notices));
        let reply = match unknown.first() {
            None => Ok(Reply::Done),
            Some(id) => Err(unknown_message(&known.repo, id, unknown.len())),
        };
        Decision { events, reply }
    }

    fn ack_notices(&self, repo: &RepoName, notices: &[MessageId]) -> Option<Event> {
        let pending = &self.state.repo(repo)?.notices;
        let known = pending.iter().filter(|(_, notice)| notices.contains(&notice.id));
        let ids: Vec<_> = known.map(|(_, notice)| notice.id.clone()).collect();
        (!ids.is_empty()).then(|| Event::Noticed(Noticed { repo: repo.clone(), ids }))
    }
}

/// Whether an acknowledgement is news. What is held, nobody can have seen.
fn moves(stage: Stage, holder: Option<&InstanceId>, instance: &InstanceId, said: AckStage) -> bool {
    match said {
        AckStage::Read => stage.is_open() && stage != Stage::Held,
        AckStage::Delivered => {
            matches!(stage, Stage::Queued | Stage::Routed) && holder.is_none_or(|holder| holder == instance)
        }
    }
}

fn unknown_message(repo: &RepoName, id: &MessageId, count: usize) -> Refusal {
    let others = if count > 1 { format!(" (nor {} others)", count - 1) } else { String::new() };
    Refusal::new(Code::UnknownMessage, format!("no message {id} for {repo} is remembered{others}"))
        .at("ids")
        .hint("the other ids of the frame were taken")
}
