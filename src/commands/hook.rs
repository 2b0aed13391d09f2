//! `veda-bus hook`: what an agent's host runs at events, so that its agent hears of messages while it works.
//!
//! Whatever goes wrong, the agent is not kept from working: without a bus that answers, a hook says nothing, and a failure
//! is a line on standard error and exit code 1, which hosts pass over. (2 would stop what the agent does.)
//!
//! | module | what is in it |
//! |---|---|
//! | [`conversation`] | for whom the hook runs: the repo, what is remembered, the process of the host; and asking the bus |
//! | [`wake`] | waiting for news while the agent is idle |

mod conversation;
mod wake;

use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use veda_bus_core::client::ClientError;
use veda_bus_core::client::blocking::Connection;

use crate::agents::event::{Event, Moment};
use crate::agents::host::Host;
use crate::agents::session;
use crate::arguments::{Global, Hook};
use crate::context::{Context, Output};
use crate::failure::Failure;
use conversation::{Conversation, MESSAGES};

/// How long the bus may take for an answer, while the agent waits; between two tools, of which there are many, not as
/// long.
const PATIENCE: Duration = Duration::from_secs(2);
const PATIENCE_BETWEEN_TOOLS: Duration = Duration::from_millis(500);

/// The exit code of every failure.
pub(crate) const FAILED: u8 = 1;

/// The exit code with which the host is told to wake its agent.
const WAKES: u8 = 2;

pub(crate) fn run(global: &Global, hook: &Hook) -> ExitCode {
    match answer(global, hook) {
        Ok(code) => code,
        // The bus was told to stop meanwhile, or hangs.
        Err(Failure::NoBus { .. } | Failure::TimedOut(_)) => ExitCode::SUCCESS,
        Err(failure) => failure.report_as(FAILED),
    }
}

fn answer(global: &Global, hook: &Hook) -> Result<ExitCode, Failure> {
    let Some(event) = event(hook)? else { return Ok(ExitCode::SUCCESS) };
    let context = Context::in_folder(global, folder(&event))?;
    if hook.wake {
        return wake::run(context, event);
    }
    if event.moment == Moment::End {
        Conversation::new(context, event)?.end();
        return Ok(ExitCode::SUCCESS);
    }
    let patience = if event.moment == Moment::Tool { PATIENCE_BETWEEN_TOOLS } else { PATIENCE };
    match Connection::open(context.socket()) {
        Ok(bus) => tell(&Conversation::new(context, event)?, bus.with_patience(patience))?,
        Err(ClientError::NoBus { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// The event on standard input.
fn event(hook: &Hook) -> Result<Option<Event>, Failure> {
    let mut input = Vec::new();
    let read = std::io::stdin().read_to_end(&mut input);
    read.map_err(|error| Failure::Failed(format!("standard input can not be read: {error}")))?;
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    Event::parse(&input, hook.host, is_set).map_err(|error| {
        let what = "standard input is no event of a host's hook";
        Failure::Failed(format!("{what} ({error}); veda-bus hook is for hosts to run: veda-bus init"))
    })
}

/// The folder whose repo the agent speaks for: the one that the host was started in, wherever the agent is by now.
fn folder(event: &Event) -> Option<PathBuf> {
    let variable = match event.host {
        Host::Claude => Some("CLAUDE_PROJECT_DIR"),
        Host::Gemini => Some("GEMINI_PROJECT_DIR"),
        _ => None,
    };
    let project = variable.and_then(std::env::var_os).filter(|folder| !folder.is_empty());
    project.map(PathBuf::from).or_else(|| event.folder.clone())
}

/// Says what there is to say, and then tells the bus, and remembers, what the agent has read: a hook that ends before has
/// shown nothing.
fn tell(conversation: &Conversation, mut bus: Connection) -> Result<(), Failure> {
    // Another hook of the conversation is at work, and says it.
    let Some(mut session) = conversation.open() else { return Ok(()) };
    let inbox = conversation.inbox(&mut bus, MESSAGES)?;
    conversation.enter(&mut session, &inbox);
    let moment = conversation.event.moment;
    let telling = conversation.telling(&mut bus, &inbox, &session.memory, moment)?;
    if let Some(text) = &telling.text {
        let mut output = Output::new();
        output.raw_json(&conversation.event.output(text))?;
        output.flush()?;
        if !conversation.is_heard(&std::io::stdout()) {
            session.save();
            return Ok(());
        }
    }
    session.memory = telling.memory;
    session.save();
    conversation.acknowledge(&mut bus, telling.read);
    if moment == Moment::Start {
        session::forget_old(&conversation.sessions);
    }
    Ok(())
}
