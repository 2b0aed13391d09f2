//! An event as a row.

use veda_bus_core::event::{
    Accepted, Answered, Checkpoint, Event, Expired, InstanceRef, Left, LeftReason, Moved, Noticed, Receive,
    Refused, Registered,
};
use veda_bus_core::message::{Priority, Recipient, Target};
use veda_bus_core::name::{Capability, RepoName};

use super::mention::{Knows, MENTION, mention, mentions};
use super::{counted, fate, governance, instance, kind_role, listed, repo};
use crate::row::Row;
use crate::text::cut;
use crate::theme::Role;

/// How many columns of a message's headline are shown where it is accepted.
const HEADLINE: usize = 160;

/// An event without its time and number: its name, as wide as the widest, and what it is about.
pub fn event(event: &Event, knows: &dyn Knows) -> Row {
    let mut row = Row::of(role(event), &format!("{:<10}", event.name()));
    row.plain(" ");
    match event {
        Event::Started(event) => row.plain(&format!("version {}, process {}", event.version, event.pid)),
        Event::Stopped(event) => row.plain(&format!("process {}", event.pid)),
        Event::Checkpoint(event) => row.plain(&checkpoint(event)),
        Event::Registered(event) => registered(&mut row, event),
        Event::Left(event) => left(&mut row, event),
        Event::Stuck(event) => stuck(&mut row, event, "does not answer; what it had waits again"),
        Event::Resumed(event) => stuck(&mut row, event, "answers again"),
        Event::Accepted(event) => accepted(&mut row, event),
        Event::Routed(event) | Event::Delivered(event) => moved(&mut row, "to", event, knows),
        Event::Read(event) => moved(&mut row, "by", event, knows),
        Event::Answered(event) => answered(&mut row, event, knows),
        Event::Expired(event) => expired(&mut row, event, knows),
        Event::Noticed(event) => noticed(&mut row, event, knows),
        Event::Refused(event) => refused(&mut row, event),
        governed => governance::event(&mut row, governed, knows),
    };
    row
}

/// What the name of an event is.
fn role(event: &Event) -> Role {
    match event {
        Event::Started(_) | Event::Stopped(_) | Event::Checkpoint(_) | Event::Noticed(_) => Role::Dim,
        Event::Registered(_) | Event::Left(_) | Event::Resumed(_) => Role::Info,
        Event::Accepted(_) => Role::Accent,
        Event::Routed(_) => Role::Routed,
        Event::Delivered(_) => Role::Delivered,
        Event::Read(_) => Role::Read,
        Event::Answered(_) => Role::Answered,
        Event::Expired(_) => Role::Expired,
        Event::Refused(_) | Event::Denied(_) => Role::Refused,
        Event::Proposed(_) | Event::Voted(_) | Event::Round(_) | Event::Tallied(_) => Role::Negotiate,
        Event::Resolved(_) | Event::Amended(_) | Event::Released(_) | Event::Continued(_) => Role::Operator,
        Event::Expiring(_) | Event::Halted(_) => Role::Held,
        Event::Configured(configured) if configured.problems.is_empty() => Role::Info,
        Event::Stuck(_) | Event::Configured(_) => Role::Warn,
    }
}

fn checkpoint(event: &Checkpoint) -> String {
    format!("{}; a recovery begins at event {}", counted(event.repos.len(), "known repo"), event.since)
}

fn registered<'r>(row: &'r mut Row, event: &Registered) -> &'r mut Row {
    repo(row, &event.repo);
    capabilities(row, ", can ", &event.capabilities);
    let mut parts = Vec::new();
    match event.receive {
        Receive::All => {}
        Receive::Replies => parts.push("takes only answers to itself".to_owned()),
        Receive::None => parts.push("only sends".to_owned()),
    }
    parts.extend(event.client.as_ref().map(|client| format!("client {}", cut(client, MENTION))));
    parts.extend(event.pid.map(|pid| format!("process {pid}")));
    parts.push(instance(&event.instance));
    parts.iter().fold(row, |row, part| row.plain(", ").plain(part))
}

fn left<'r>(row: &'r mut Row, event: &Left) -> &'r mut Row {
    let reason = match event.reason {
        LeftReason::Closed => "closed its connection",
        LeftReason::Replaced => "was replaced by another connection",
    };
    repo(row, &event.repo).plain(&format!(", {} {reason}", instance(&event.instance)))
}

fn stuck<'r>(row: &'r mut Row, event: &InstanceRef, what: &str) -> &'r mut Row {
    repo(row, &event.repo).plain(&format!(", {} {what}", instance(&event.instance)))
}

fn accepted<'r>(row: &'r mut Row, event: &Accepted) -> &'r mut Row {
    let message = &event.message;
    let kind = message.kind();
    row.push(Role::Id, &message.id.short()).plain(" ").push(kind_role(kind), kind.as_str()).plain(" ");
    repo(row, &message.from.repo);
    recipient(row, &message.to);
    capabilities(row, " that can ", &message.to.capabilities);
    match message.priority {
        Priority::Normal => {}
        Priority::Low => _ = row.plain(", ").push(Role::Low, "low"),
        Priority::High => _ = row.plain(", ").push(Role::High, "high"),
    }
    if let Some(parent) = &message.reply_to {
        row.plain(&format!(", reply to {}", parent.short()));
    }
    row.push(Role::Dim, &format!(", {}", fate::accepted(event)));
    row.plain(": ").plain(&cut(&message.payload.headline(), HEADLINE))
}

fn moved<'r>(row: &'r mut Row, toward: &str, event: &Moved, knows: &dyn Knows) -> &'r mut Row {
    row.plain(toward).plain(" ");
    repo(row, &event.repo).push(Role::Dim, &format!(", {}", instance(&event.instance))).plain(": ");
    mentions(row, &event.ids, knows)
}

fn answered<'r>(row: &'r mut Row, event: &Answered, knows: &dyn Knows) -> &'r mut Row {
    row.plain("by ");
    repo(row, &event.repo).plain(" with ").push(Role::Id, &event.answer.short()).plain(": ");
    mention(row, &event.id, knows)
}

fn expired<'r>(row: &'r mut Row, event: &Expired, knows: &dyn Knows) -> &'r mut Row {
    let unread = listed(event.unread_by.iter().map(RepoName::as_str));
    row.plain(&format!("never read by {unread}: "));
    mention(row, &event.id, knows)
}

fn noticed<'r>(row: &'r mut Row, event: &Noticed, knows: &dyn Knows) -> &'r mut Row {
    repo(row, &event.repo).plain(" knows what expired: ");
    mentions(row, &event.ids, knows)
}

fn refused<'r>(row: &'r mut Row, event: &Refused) -> &'r mut Row {
    if let Some(id) = &event.id {
        row.push(Role::Id, &id.short()).plain(" ");
    }
    repo(row, &event.repo);
    if let Some(to) = &event.to {
        recipient(row, to);
    }
    row.plain(", ").push(Role::Refused, event.code.as_str());
    row.plain(": ").plain(&cut(&event.reason, HEADLINE))
}

fn recipient<'r>(row: &'r mut Row, to: &Recipient) -> &'r mut Row {
    row.plain(" → ");
    match &to.repo {
        Target::Repo(name) => repo(row, name),
        everyone @ Target::Everyone => row.push(Role::Repo, everyone.as_str()),
    }
}

fn capabilities(row: &mut Row, link: &str, capabilities: &[Capability]) {
    if !capabilities.is_empty() {
        row.plain(link).push(Role::Capability, &listed(capabilities.iter().map(Capability::as_str)));
    }
}
