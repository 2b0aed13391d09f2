//! `veda-bus hold list`: what waits for the operator.

use serde::Serialize;
use veda_bus_core::event::Held;
use veda_bus_core::message::Message;
use veda_bus_core::name::RepoName;
use veda_bus_core::state::view::{HeldThreadView, HoldView, Listed};
use veda_bus_core::time::Millis;
use veda_bus_core::wire::Part;
use veda_bus_ui::row::Row;
use veda_bus_ui::theme::Role;
use veda_bus_ui::words::listed;

use super::obligations::due;
use super::status::age;
use super::texts::messages;
use crate::context::{Context, Output, state, told};
use crate::failure::Failure;

pub(crate) fn run(context: &Context) -> Result<(), Failure> {
    let mut bus = context.connect()?;
    let state = state(&mut bus, &[Part::Holds])?;
    let Listed { newest, more } = told(state.holds, "what is held")?;
    let threads = told(state.held_threads, "what is held")?.newest;
    let texts = messages(&mut bus, newest.iter().map(|hold| hold.seq).collect())?;
    let (mut out, now) = (Output::new(), Millis::now());
    for hold in &newest {
        if context.json {
            let summary = texts.get(&hold.seq).map(|message| message.payload.headline());
            out.json(&Told { hold, summary })?;
        } else {
            lines(hold, texts.get(&hold.seq), now).iter().try_for_each(|line| out.row(line))?;
        }
    }
    for thread in &threads {
        if context.json { out.json(thread)? } else { out.row(&halted(thread, now))? }
    }
    if !context.json {
        if more > 0 {
            out.line(&format!("older ones that are not shown: {more}"))?;
        } else if newest.is_empty() && threads.is_empty() {
            out.line("nothing is held")?;
        }
    }
    out.flush()
}

/// What is held as a script gets it.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    hold: &'a HoldView,
    /// What it says in a line; `None` where its text is nowhere to be had any more.
    summary: Option<String>,
}

/// What is held in two lines: what it is, and why it waits.
fn lines(hold: &HoldView, message: Option<&Message>, now: Millis) -> [Row; 2] {
    let mut head = Row::of(Role::Id, &hold.id.short());
    head.plain(" ").push(Role::Strong, hold.kind.as_str()).plain(" ");
    head.push(Role::Repo, hold.from.as_str()).plain(" → ");
    head.push(Role::Repo, &listed(hold.to.iter().map(RepoName::as_str))).plain(": ");
    head.plain(&message.map_or_else(|| "-".to_owned(), |message| message.payload.headline()));
    let mut why = Row::of(Role::Text, "  ");
    let (what, reason) = reason(&hold.held);
    why.push(Role::Held, &format!("{what}{reason}"))
        .plain(&format!(", {} ago, stale ", age(now.since(hold.since))));
    why.push(if hold.expiring { Role::Danger } else { Role::Text }, &due(hold.expires_at, now));
    [head, why]
}

/// What it is that holds a message, and which.
pub(super) fn reason(held: &Held) -> (&'static str, &str) {
    match held {
        Held::Rule { rule } => ("held by the rule ", rule),
        Held::Thread { reason } => ("held with its thread: ", reason),
    }
}

fn halted(thread: &HeldThreadView, now: Millis) -> Row {
    let mut row = Row::of(Role::Id, &thread.thread.short());
    row.plain(" ").push(Role::Strong, "thread").plain(" ").push(Role::Held, &thread.reason);
    row.plain(&format!(", {} ago", age(now.since(thread.since))));
    row
}
