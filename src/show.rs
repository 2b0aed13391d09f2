//! Events and messages as lines for a person.
//!
//! | module | what is in it |
//! |---|---|
//! | [`styled`] | lines with colours, into which only harmless text gets; cutting by columns |
//! | [`memory`] | what was read of messages, so that later events can say which they are about |
//! | [`about`] | which messages an event is about |
//! | [`fate`] | what became of a message, in words |
//! | [`start`] | what a bus that starts says of its journal |
//! | [`whole`] | a message with everything that it says |
//!
//! What a message says stands at the end of its line, after everything that the bus vouches for.

pub(crate) mod about;
mod fate;
pub(crate) mod memory;
mod start;
pub(crate) mod styled;
mod whole;

#[cfg(test)]
pub(crate) mod tests;

use veda_bus_core::event::{
    Accepted, Answered, Checkpoint, Event, Expired, InstanceRef, Left, LeftReason, Moved, Noticed, Receive,
    Recorded, Refused, Registered,
};
use veda_bus_core::message::Priority;
use veda_bus_core::name::{Capability, InstanceId, MessageId, RepoName};
use veda_bus_core::time::Millis;

pub(crate) use fate::{expiry, receipt};
use memory::Memory;
pub(crate) use start::{journal, recovery_faults};
use styled::{Style, Styled, cut};
pub(crate) use whole::message;

/// How many columns of a message's headline are shown where it is accepted.
const HEADLINE: usize = 160;
/// How many where another event mentions it.
const MENTION: usize = 60;
/// How many names or messages are listed before "and … more".
const LISTED: usize = 4;

/// How much of the time of an event is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Hours to milliseconds: for what happens now.
    Time,
    /// The date, too.
    DateTime,
}

impl Clock {
    fn show(self, at: Millis) -> String {
        match (self, at.local()) {
            (Self::Time, Some(time)) => time.format("%H:%M:%S%.3f").to_string(),
            _ => at.to_string(),
        }
    }
}

/// An event as one line: when, its number, its name, and what it is about.
pub(crate) fn event(recorded: &Recorded, memory: &Memory, clock: Clock) -> Styled {
    let mut line = Styled::default();
    let name = recorded.event.name();
    line.push(Style::Dim, &clock.show(recorded.at)).plain(&format!(" {:>6} ", recorded.seq.0));
    line.push(colour(&recorded.event), &format!("{name:<10}")).plain(" ");
    match &recorded.event {
        Event::Started(event) => line.plain(&format!("version {}, process {}", event.version, event.pid)),
        Event::Stopped(event) => line.plain(&format!("process {}", event.pid)),
        Event::Checkpoint(event) => line.plain(&checkpoint(event)),
        Event::Registered(event) => registered(&mut line, event),
        Event::Left(event) => left(&mut line, event),
        Event::Stuck(event) => stuck(&mut line, event, "does not answer; what it had waits again"),
        Event::Resumed(event) => stuck(&mut line, event, "answers again"),
        Event::Accepted(event) => accepted(&mut line, event),
        Event::Routed(event) | Event::Delivered(event) => moved(&mut line, "to", event, memory),
        Event::Read(event) => moved(&mut line, "by", event, memory),
        Event::Answered(event) => answered(&mut line, event, memory),
        Event::Expired(event) => expired(&mut line, event, memory),
        Event::Noticed(event) => noticed(&mut line, event, memory),
        Event::Refused(event) => refused(&mut line, event),
    };
    line
}

fn colour(event: &Event) -> Style {
    match event {
        Event::Started(_) | Event::Stopped(_) | Event::Checkpoint(_) | Event::Noticed(_) => Style::Dim,
        Event::Registered(_) | Event::Left(_) | Event::Resumed(_) => Style::Blue,
        Event::Accepted(_) => Style::Cyan,
        Event::Routed(_) | Event::Delivered(_) => Style::Plain,
        Event::Read(_) | Event::Answered(_) => Style::Green,
        Event::Stuck(_) | Event::Expired(_) => Style::Yellow,
        Event::Refused(_) => Style::Red,
    }
}

fn checkpoint(event: &Checkpoint) -> String {
    format!("{}; a recovery begins at event {}", counted(event.repos.len(), "known repo"), event.since)
}

fn registered<'l>(line: &'l mut Styled, event: &Registered) -> &'l mut Styled {
    repo(line, &event.repo);
    let mut parts = Vec::new();
    if !event.capabilities.is_empty() {
        parts.push(format!("can {}", listed(event.capabilities.iter().map(Capability::as_str))));
    }
    match event.receive {
        Receive::All => {}
        Receive::Replies => parts.push("takes only answers to itself".to_owned()),
        Receive::None => parts.push("only sends".to_owned()),
    }
    parts.extend(event.client.as_ref().map(|client| format!("client {}", cut(client, MENTION))));
    parts.extend(event.pid.map(|pid| format!("process {pid}")));
    parts.push(instance(&event.instance));
    parts.iter().fold(line, |line, part| line.plain(", ").plain(part))
}

fn left<'l>(line: &'l mut Styled, event: &Left) -> &'l mut Styled {
    let reason = match event.reason {
        LeftReason::Closed => "closed its connection",
        LeftReason::Replaced => "was replaced by another connection",
    };
    repo(line, &event.repo).plain(&format!(", {} {reason}", instance(&event.instance)))
}

fn stuck<'l>(line: &'l mut Styled, event: &InstanceRef, what: &str) -> &'l mut Styled {
    repo(line, &event.repo).plain(&format!(", {} {what}", instance(&event.instance)))
}

fn accepted<'l>(line: &'l mut Styled, event: &Accepted) -> &'l mut Styled {
    let message = &event.message;
    line.push(Style::Bold, &message.id.short()).plain(&format!(" {} ", message.kind()));
    repo(line, &message.from.repo).plain(" → ").push(Style::Bold, message.to.repo.as_str());
    if !message.to.capabilities.is_empty() {
        let wanted = listed(message.to.capabilities.iter().map(Capability::as_str));
        line.plain(&format!(" that can {wanted}"));
    }
    match message.priority {
        Priority::Normal => {}
        Priority::Low => _ = line.plain(", low"),
        Priority::High => _ = line.plain(", ").push(Style::Yellow, "high"),
    }
    if let Some(parent) = &message.reply_to {
        line.plain(&format!(", reply to {}", parent.short()));
    }
    line.push(Style::Dim, &format!(", {}", fate::accepted(event)));
    line.plain(": ").plain(&cut(&message.payload.headline(), HEADLINE))
}

fn moved<'l>(line: &'l mut Styled, toward: &str, event: &Moved, memory: &Memory) -> &'l mut Styled {
    line.plain(toward).plain(" ");
    repo(line, &event.repo).push(Style::Dim, &format!(", {}", instance(&event.instance))).plain(": ");
    mentions(line, &event.ids, memory)
}

fn answered<'l>(line: &'l mut Styled, event: &Answered, memory: &Memory) -> &'l mut Styled {
    line.plain("by ");
    repo(line, &event.repo).plain(" with ").push(Style::Bold, &event.answer.short()).plain(": ");
    mention(line, &event.id, memory)
}

fn expired<'l>(line: &'l mut Styled, event: &Expired, memory: &Memory) -> &'l mut Styled {
    let unread = listed(event.unread_by.iter().map(RepoName::as_str));
    line.plain(&format!("never read by {unread}: "));
    mention(line, &event.id, memory)
}

fn noticed<'l>(line: &'l mut Styled, event: &Noticed, memory: &Memory) -> &'l mut Styled {
    repo(line, &event.repo).plain(" knows what expired: ");
    mentions(line, &event.ids, memory)
}

fn refused<'l>(line: &'l mut Styled, event: &Refused) -> &'l mut Styled {
    if let Some(id) = &event.id {
        line.push(Style::Bold, &id.short()).plain(" ");
    }
    repo(line, &event.repo);
    if let Some(to) = &event.to {
        line.plain(" → ").push(Style::Bold, to.repo.as_str());
    }
    line.plain(", ").push(Style::Red, event.code.as_str()).plain(": ").plain(&cut(&event.reason, HEADLINE))
}

fn repo<'l>(line: &'l mut Styled, repo: &RepoName) -> &'l mut Styled {
    line.push(Style::Bold, repo.as_str())
}

fn mentions<'l>(line: &'l mut Styled, ids: &[MessageId], memory: &Memory) -> &'l mut Styled {
    if let [only] = ids {
        return mention(line, only, memory);
    }
    line.plain(&counted(ids.len(), "message"));
    for (place, id) in ids.iter().take(LISTED).enumerate() {
        line.plain(if place == 0 { ": " } else { "; " });
        mention(line, id, memory);
    }
    if ids.len() > LISTED {
        line.plain(&format!("; and {} more", ids.len() - LISTED));
    }
    line
}

/// `3f2a1b2c Query from Flagship: What is …`; of a message that is not known, only the id.
fn mention<'l>(line: &'l mut Styled, id: &MessageId, memory: &Memory) -> &'l mut Styled {
    line.push(Style::Bold, &id.short());
    match memory.get(id) {
        Some(known) => {
            line.plain(&format!(" {} from ", known.kind));
            repo(line, &known.from).plain(": ").plain(&cut(&known.headline, MENTION))
        }
        None => line,
    }
}

fn instance(id: &InstanceId) -> String {
    format!("instance {}", id.as_str().chars().take(8).collect::<String>())
}

/// Names with commas between them, the first few in full.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().collect();
    let shown = names.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    if names.len() > LISTED { format!("{shown} and {} more", names.len() - LISTED) } else { shown }
}

/// `1 line`, `2 lines`.
pub(crate) fn counted(count: impl TryInto<u64>, what: &str) -> String {
    let count: u64 = count.try_into().unwrap_or(u64::MAX);
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
