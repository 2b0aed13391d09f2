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
use veda_bus_core::wire::{BusFrame, Inbox};

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
    /// The last event when it was looked what there is.
    after: Option<Seq>,
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
    let mut waiter = Waiter { conversation, after: None, is_alone: false };
    while waiter.is_heard() {
        match waiter.wait() {
            Ok(Came::News) => return Ok(ExitCode::from(WAKES)),
            Ok(Came::Nothing) => {}
            Ok(Came::Later) | Err(Failure::NoBus { .. } | Failure::TimedOut(_)) => thread::sleep(LOOK_AGAIN),
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

    /// Whether another conversation has taken the place of this one, in a host that goes on.
    fn is_over(&self) -> bool {
        self.conversation.open().is_some_and(|session| session.memory.is_over())
    }

    /// Wakes the agent with what there is, or waits until something has come.
    fn wait(&mut self) -> Result<Came, Failure> {
        let mut bus = self.conversation.context.connect()?;
        let instance = self.conversation.inbox(&mut bus, 0)?.head.instance;
        // It may be on its way back, after the bus was away.
        let was_alone = std::mem::replace(&mut self.is_alone, instance.is_none());
        if self.is_alone {
            return Ok(if was_alone { Came::Gone } else { Came::Later });
        }
        // The bus takes note of what is there before it is looked at, so nothing comes in between unseen.
        let asked = self.conversation.asked();
        bus.tell("inbox", &Inbox { after: self.after, limit: Some(0), wait: true, ..asked })?;
        match self.look(&mut bus)? {
            Came::Nothing => self.listen(&mut bus),
            came => Ok(came),
        }
    }

    /// Sleeps until something has come, or the instance has left.
    fn listen(&self, bus: &mut Connection) -> Result<Came, Failure> {
        while self.is_heard() && !self.is_over() {
            match bus.next_frame(Some(Instant::now() + LOOK_AGAIN)) {
                Ok(BusFrame::Inbox(_)) => return Ok(Came::Nothing),
                Ok(BusFrame::Error(refusal)) => return Err(refusal.into()),
                Ok(_) | Err(ClientError::TimedOut(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Came::Gone)
    }

    /// Wakes the agent with what there is, if it is idle; one that works hears of it from its other hooks.
    fn look(&mut self, bus: &mut Connection) -> Result<Came, Failure> {
        let Some(mut session) = self.conversation.open() else { return Ok(Came::Later) };
        let inbox = self.conversation.inbox(bus, MESSAGES)?;
        self.after = Some(inbox.head.seq);
        if !session.memory.idle {
            return Ok(Came::Nothing);
        }
        let telling = self.conversation.telling(bus, &inbox, &session.memory, Moment::Idle)?;
        let Some(text) = telling.text else { return Ok(Came::Nothing) };
        let is_recent = |woken: &&Millis| Millis::now().since(**woken) < telling::WAKES_IN;
        if session.memory.woken.iter().filter(is_recent).count() >= telling::WAKES {
            return Ok(Came::Later);
        }
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
