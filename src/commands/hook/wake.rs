//! `veda-bus hook --wake`: waits while the agent is idle, and ends with exit code 2 when there is news. Claude Code runs it
//! in the background when its agent stops (`asyncRewake`), and wakes the agent with what it said on standard error.
//!
//! There is one for a conversation, from one stop to the next. It sleeps until the bus answers, and looks every ten
//! seconds whether its host still lives, so that it never outlives it for longer.

use std::io::Write as _;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use veda_bus_core::client::ClientError;
use veda_bus_core::client::blocking::Connection;
use veda_bus_core::name::Seq;
use veda_bus_core::time::Millis;
use veda_bus_core::wire::{BusFrame, Inbox, InboxAnswer};

use super::WAKES;
use super::conversation::{Conversation, MESSAGES};
use crate::agents::event::{Event, Moment};
use crate::agents::host::Host;
use crate::agents::session::only_waiter;
use crate::agents::telling;
use crate::context::Context;
use crate::failure::Failure;

/// How often it is looked whether the host still lives, and how soon something is tried again.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// What came of waiting.
enum Came {
    /// The agent is to be woken, and has been told why.
    News,
    /// Nothing that concerns an idle agent.
    Nothing,
    /// It is to be tried again after a while.
    Later,
    /// There is nobody to wait for.
    Gone,
}

/// Somebody who waits.
struct Waiter {
    conversation: Conversation,
    /// Only what later events accepted is news.
    after: Seq,
    /// Whether no instance of the agent was connected when that was looked at last.
    is_alone: bool,
}

pub(super) fn run(context: Context, event: Event) -> Result<ExitCode, Failure> {
    if event.host != Host::Claude || event.moment != Moment::Stop || !is_attended() {
        return Ok(ExitCode::SUCCESS);
    }
    let conversation = Conversation::new(context, event)?;
    let repo = &conversation.identity.repo;
    // Held until the process ends.
    let Some(_only) = only_waiter(&conversation.sessions, repo, &conversation.id) else {
        return Ok(ExitCode::SUCCESS);
    };
    let mut waiter = Waiter { conversation, after: Seq::default(), is_alone: false };
    while waiter.is_heard() {
        match waiter.wait() {
            Ok(Came::News) => return Ok(ExitCode::from(WAKES)),
            Ok(Came::Nothing) => {}
            Ok(Came::Later) | Err(Failure::NoBus { .. }) => thread::sleep(LOOK_AGAIN),
            Ok(Came::Gone) => break,
            Err(failure) => return Err(failure),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether the agent stays when it has nothing to do: one that was given a single task (`claude -p`) would only be kept
/// from ending.
fn is_attended() -> bool {
    let said = |name: &str| std::env::var(name).unwrap_or_default();
    said("CLAUDE_CODE_SESSION_ATTENDED") != "0" && !said("CLAUDE_CODE_ENTRYPOINT").starts_with("sdk")
}

impl Waiter {
    fn is_heard(&self) -> bool {
        self.conversation.is_heard(&std::io::stderr())
    }

    /// Waits until something has come, and wakes the agent with it.
    fn wait(&mut self) -> Result<Came, Failure> {
        let mut bus = self.conversation.context.connect()?;
        let instance = self.conversation.inbox(&mut bus, 0)?.head.instance;
        // It may be on its way back, after the bus was away.
        let was_alone = std::mem::replace(&mut self.is_alone, instance.is_none());
        if self.is_alone {
            return Ok(if was_alone { Came::Gone } else { Came::Later });
        }
        match self.listen(&mut bus)? {
            None => Ok(Came::Gone),
            // The instance has left.
            Some(inbox) if inbox.messages.is_empty() => Ok(Came::Nothing),
            Some(inbox) => self.take(bus, inbox.head.seq),
        }
    }

    /// The inbox as it is when something has come; `None` when nobody is left to hear of it.
    fn listen(&self, bus: &mut Connection) -> Result<Option<InboxAnswer>, Failure> {
        let asked = self.conversation.asked();
        bus.tell("inbox", &Inbox { after: Some(self.after), limit: Some(1), wait: true, ..asked })?;
        while self.is_heard() {
            match bus.next_frame(Some(Instant::now() + LOOK_AGAIN)) {
                Ok(BusFrame::Inbox(inbox)) => return Ok(Some(*inbox)),
                Ok(BusFrame::Error(refusal)) => return Err(refusal.into()),
                Ok(_) | Err(ClientError::TimedOut(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// Wakes the agent with what has come until the event `seq`, if it is idle; one that works hears of it from its other
    /// hooks.
    fn take(&mut self, mut bus: Connection, seq: Seq) -> Result<Came, Failure> {
        let Some(mut session) = self.conversation.open() else { return Ok(Came::Later) };
        if !session.memory.idle {
            self.after = seq;
            return Ok(Came::Nothing);
        }
        let is_recent = |woken: &&Millis| Millis::now().since(**woken) < telling::WAKES_IN;
        if session.memory.woken.iter().filter(is_recent).count() >= telling::WAKES {
            return Ok(Came::Later);
        }
        let inbox = self.conversation.inbox(&mut bus, MESSAGES)?;
        let telling = self.conversation.telling(&mut bus, &inbox, &session.memory, Moment::Idle)?;
        let Some(text) = telling.text else {
            self.after = inbox.head.seq;
            return Ok(Came::Nothing);
        };
        let mut stderr = std::io::stderr();
        writeln!(stderr, "{text}").and_then(|()| stderr.flush())?;
        if !self.is_heard() {
            return Ok(Came::Gone);
        }
        session.memory = telling.memory;
        session.save();
        self.conversation.acknowledge(bus, telling.read);
        Ok(Came::News)
    }
}
