//! `veda-bus watch`: every event, live. `veda-bus` without a command shows the same where its output is no terminal.

mod choice;

use std::future::Future;
use std::io::Write as _;

use tokio::sync::broadcast::error::RecvError;
use veda_bus_core::client::{BusClient, ClientError, ClientEvent, EventLine};
use veda_bus_core::event::Recorded;
use veda_bus_core::journal::line;
use veda_bus_core::name::Seq;
use veda_bus_core::text;
use veda_bus_core::wire::History;

use crate::arguments::Watch;
use crate::context::{Context, Output};
use crate::failure::Failure;
use crate::runtime::{runtime, stop_signal};
use crate::show::memory::Memory;
use crate::show::{self, Clock};
use choice::Choice;

/// How many messages of the past are looked at, so that the first events say what they are about.
const PAST: usize = 100;

/// What stands before an event's own members in its frame.
const FRAME: &str = "{\"op\":\"event\",";

pub(crate) fn run(context: &Context, watch: &Watch) -> Result<(), Failure> {
    let mut view = View::new(context, watch)?;
    runtime()?.block_on(async {
        let stop = stop_signal()?;
        follow(context, &mut view, stop).await
    })
}

/// Shows events until `stop` is done, or as many as were asked for. A bus that goes away is waited for.
pub(crate) async fn follow(
    context: &Context,
    view: &mut View,
    stop: impl Future<Output = ()>,
) -> Result<(), Failure> {
    tokio::select! {
        shown = show_events(context, view) => shown,
        () = stop => Ok(()),
    }
}

async fn show_events(context: &Context, view: &mut View) -> Result<(), Failure> {
    let client = BusClient::connect(context.socket()).await?;
    let mut changes = client.events();
    view.learn(&client).await?;
    let mut events = client.subscribe(view.from).await?;
    loop {
        tokio::select! {
            biased;
            change = changes.recv() => say_change(&change),
            event = events.recv() => {
                let mut next = Some(event.ok_or(ClientError::Gone)?);
                while let Some(event) = next {
                    view.take(&event)?;
                    next = events.try_recv().ok().filter(|_| !view.is_done());
                }
                view.out.flush()?;
                if view.is_done() {
                    return Ok(());
                }
            }
        }
    }
}

/// A line that is about the view itself, on stderr; that nobody reads it is no reason to end.
pub(crate) fn say(what: &str) {
    let _ = writeln!(std::io::stderr(), "-- {}", text::line(what));
}

fn say_change(change: &Result<ClientEvent, RecvError>) {
    match change {
        Ok(ClientEvent::Lost) => say("the bus went away, trying again"),
        Ok(ClientEvent::Reconnected) => say("the bus is back"),
        // What was missed while much was printed is told no more; the events themselves are never skipped.
        Ok(_) | Err(RecvError::Lagged(_) | RecvError::Closed) => {}
    }
}

/// What is shown, and how.
pub(crate) struct View {
    choice: Choice,
    from: Option<Seq>,
    /// How many events are still to be shown.
    left: Option<u64>,
    json: bool,
    memory: Memory,
    out: Output,
}

impl View {
    pub(crate) fn new(context: &Context, watch: &Watch) -> Result<Self, Failure> {
        Ok(Self {
            choice: Choice::new(watch.filter.as_deref())?,
            // Events are counted from 1; who asks for 0 means the first.
            from: watch.from.map(|seq| Seq(seq.max(1))),
            left: watch.count,
            json: context.json,
            memory: Memory::new(),
            out: Output::new(),
        })
    }

    fn is_done(&self) -> bool {
        self.left == Some(0)
    }

    /// Whether events are passed on without a look at what is in them.
    fn is_blind(&self) -> bool {
        self.json && self.choice.is_everything()
    }

    async fn learn(&mut self, client: &BusClient) -> Result<(), Failure> {
        if !self.is_blind() {
            let past = History { limit: Some(PAST), ..History::default() };
            client.history(&past).await?.iter().for_each(|entry| self.memory.learn_entry(entry));
        }
        Ok(())
    }

    fn take(&mut self, event: &EventLine) -> Result<(), Failure> {
        let line = journal_line(&event.json);
        if self.is_blind() {
            self.shown();
            return self.out.raw_json(&line);
        }
        let recorded = match line::decode(&line) {
            Ok((recorded, _)) => recorded,
            Err(error) => {
                say(&format!("event {} can not be shown: {error}", event.seq));
                return Ok(());
            }
        };
        self.memory.learn_event(&recorded);
        match self.choice.of(recorded, &self.memory) {
            Some(recorded) => self.print(&recorded, &line),
            None => Ok(()),
        }
    }

    fn print(&mut self, recorded: &Recorded, line: &str) -> Result<(), Failure> {
        self.shown();
        if self.json {
            return self.out.raw_json(line);
        }
        self.out.row(&show::event(recorded, &self.memory, Clock::Time))
    }

    fn shown(&mut self) {
        self.left = self.left.map(|left| left.saturating_sub(1));
    }
}

/// An event's frame as the line of the journal that it carries.
fn journal_line(frame: &str) -> String {
    frame.strip_prefix(FRAME).map_or_else(|| frame.to_owned(), |rest| format!("{{{rest}"))
}

#[cfg(test)]
mod tests {
    use veda_bus_core::wire::answer::event_frame;

    use super::*;

    #[test]
    fn a_frame_is_the_line_that_it_carries() {
        let line = r#"{"seq":1,"at":2,"event":"stopped","pid":3,"chain":"00"}"#;
        let frame = event_frame(line.as_bytes());
        assert_eq!(journal_line(std::str::from_utf8(&frame).unwrap().trim_end()), line);
    }
}
