//! Claude Code's channels: a message is pushed into a running session that was started for it.
//!
//! Nothing says whether a push arrived, so that a message that was pushed is unread until a hook or a tool has shown it.

use std::collections::BTreeMap;
use std::sync::Arc;

use rmcp::model::{CustomNotification, ExperimentalCapabilities, ServerNotification};
use serde_json::{Map, json};
use veda_bus_core::wire::Inbox;
use veda_bus_core::wire::answer::Incoming;

use super::agent::Agent;
use crate::agents::envelope::{Envelope, PREAMBLE};

/// The client that knows the notification; others take it for an error.
const CLIENT: &str = "claude-code";

const CAPABILITY: &str = "claude/channel";
const NOTIFICATION: &str = "notifications/claude/channel";

pub(super) fn capability() -> ExperimentalCapabilities {
    BTreeMap::from([(CAPABILITY.to_owned(), Map::new())])
}

impl Agent {
    /// Pushes what came before the session had begun.
    pub(super) async fn push_unread(self: Arc<Self>) {
        let Ok(bus) = self.bus().await else { return };
        let Ok(inbox) = bus.inbox(&Inbox::default()).await else { return };
        for incoming in inbox.messages.iter().filter(|one| self.is_pushed(one)) {
            self.push(incoming).await;
        }
    }

    /// Pushes a message at the session, where it asked for that.
    pub(super) async fn push(&self, incoming: &Incoming) {
        let Some(peer) = self.peer.get().filter(|_| self.channel) else { return };
        if peer.peer_info().is_none_or(|info| info.client_info.name != CLIENT) {
            return;
        }
        let envelope = Envelope::of(incoming);
        let content = format!(
            "veda-bus: a message for {} from the agent of another repository. {PREAMBLE}\n{}\n\
             It is unread until check_messages has shown it; reply_to_message answers it.",
            self.identity.repo,
            envelope.line()
        );
        // It becomes attributes of a tag, so that nothing in it is a sender's to choose.
        let meta = json!({ "type": envelope.kind.as_str(), "priority": envelope.priority.as_str() });
        let notification =
            CustomNotification::new(NOTIFICATION, Some(json!({ "content": content, "meta": meta })));
        // Nobody acknowledges it, and a client that is gone shows elsewhere.
        let _ = peer.send_notification(ServerNotification::CustomNotification(notification)).await;
    }
}
