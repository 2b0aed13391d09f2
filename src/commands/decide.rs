//! What the operator decides: `approve`, `reject`, `amend`, `override`, `hold …`, `rules …`.

use serde_json::{Value, json};
use veda_bus_core::client::blocking::Connection;
use veda_bus_core::config::AllowRule;
use veda_bus_core::event::Receive;
use veda_bus_core::name::{MessageId, RepoName};
use veda_bus_core::payload::{Outcome, Text};
use veda_bus_core::state::view::{Listed, StateView};
use veda_bus_core::wire::{BusFrame, Decide, Part, Register, Verdict};

use crate::arguments::{Command, Decision, Edge, HoldCommand, OutcomeName, RulesCommand};
use crate::compose::look_up;
use crate::context::{Context, Output, state};
use crate::failure::Failure;

pub(crate) fn run(context: &Context, decision: Command) -> Result<(), Failure> {
    let mut bus = context.connect()?;
    let decide = match decision {
        Command::Approve(decision) => on(&mut bus, Verdict::Approve, &decision)?,
        Command::Reject(decision) => on(&mut bus, Verdict::Reject, &decision)?,
        Command::Amend { proposal, decision } => Decide {
            proposal: Some(text("--proposal", &proposal)?),
            ..on(&mut bus, Verdict::Amend, &decision)?
        },
        Command::Override { outcome, decision } => {
            let outcome = match outcome {
                OutcomeName::Approved => Outcome::Approved,
                OutcomeName::Rejected => Outcome::Rejected,
            };
            Decide { outcome: Some(outcome), ..on(&mut bus, Verdict::Override, &decision)? }
        }
        Command::Hold { command } => held(&mut bus, command)?,
        Command::Rules { command: Some(RulesCommand::Allow(edge)) } => rule(Verdict::Allow, edge),
        Command::Rules { command: Some(RulesCommand::Revoke(edge)) } => rule(Verdict::Revoke, edge),
        _ => return Ok(()),
    };
    carry_out(context, &mut bus, &decide)
}

fn held(bus: &mut Connection, command: HoldCommand) -> Result<Decide, Failure> {
    let plain = |id| Decision { id, comment: None };
    match command {
        HoldCommand::Release { payload, decision } => {
            let parsed = payload.map(|json| serde_json::from_str::<Value>(&json)).transpose();
            let payload =
                parsed.map_err(|error| Failure::Usage(format!("--payload is not JSON: {error}")))?;
            Ok(Decide { payload, ..on(bus, Verdict::Release, &decision)? })
        }
        HoldCommand::Refuse { id, comment } => {
            on(bus, Verdict::Refuse, &Decision { id, comment: Some(comment) })
        }
        HoldCommand::Continue { id } => on(bus, Verdict::Continue, &plain(id)),
        // It decides nothing, and is not asked for here.
        HoldCommand::List => Err(Failure::Usage("hold list decides nothing".into())),
    }
}

fn on(bus: &mut Connection, verdict: Verdict, decision: &Decision) -> Result<Decide, Failure> {
    let comment = decision.comment.as_ref().map(|comment| text("--comment", comment)).transpose()?;
    let state = state(bus, &PARTS)?;
    Ok(Decide { comment, ..Decide::on(verdict, whole(bus, &state, &decision.id)?) })
}

fn rule(verdict: Verdict, edge: Edge) -> Decide {
    let Edge { from, to, kind } = edge;
    Decide::rule(verdict, AllowRule { from: from.into(), to: to.into(), kind, place: None })
}

fn text(flag: &str, text: &str) -> Result<Text, Failure> {
    Text::new(text).ok_or_else(|| Failure::Usage(format!("{flag} is blank")))
}

/// What can be decided on is in these parts of the state.
pub(super) const PARTS: [Part; 2] = [Part::Negotiations, Part::Holds];

/// The whole id of what begins so and can be decided on; else of a message that does.
pub(super) fn whole(bus: &mut Connection, state: &StateView, prefix: &str) -> Result<MessageId, Failure> {
    let mut found: Vec<_> = decidable(state).filter(|id| id.starts_with(prefix)).collect();
    found.sort();
    found.dedup();
    match found.as_slice() {
        [only] => Ok((*only).clone()),
        [] => Ok(look_up(bus, prefix)?.record.id),
        several => match several.iter().find(|id| id.to_string() == prefix) {
            Some(exact) => Ok((*exact).clone()),
            None => {
                Err(Failure::Usage(format!("{} ids begin with {prefix}; give more of it", several.len())))
            }
        },
    }
}

fn decidable(state: &StateView) -> impl Iterator<Item = &MessageId> {
    fn all<T>(listed: Option<&Listed<T>>) -> impl Iterator<Item = &T> {
        listed.into_iter().flat_map(|listed| &listed.newest)
    }
    let worded = all(state.proposals.as_ref()).flat_map(|one| one.rounds.iter().map(|round| &round.message));
    let held = all(state.holds.as_ref()).map(|one| &one.id);
    worded.chain(held).chain(all(state.held_threads.as_ref()).map(|one| &one.thread))
}

/// Tells the bus, and says what came of it.
fn carry_out(context: &Context, bus: &mut Connection, decide: &Decide) -> Result<(), Failure> {
    let operator = Register {
        receive: Receive::None,
        client: "veda-bus".parse().ok(),
        ..Register::new(RepoName::operator())
    };
    bus.register(&operator)?;
    let BusFrame::Decided(decided) = bus.call("decide", decide)? else {
        return Err(Failure::Failed("the bus answered something else than that it is decided".into()));
    };
    let mut output = Output::new();
    if context.json {
        let (id, verdict) = (&decide.id, decide.verdict);
        output
            .json(&json!({ "verdict": verdict, "id": id, "seq": decided.seq, "message": decided.message }))?;
    } else {
        let about = match (&decide.id, &decide.rule) {
            (Some(id), _) => id.to_string(),
            (None, Some(rule)) => rule.to_string(),
            (None, None) => String::new(),
        };
        let told = decided.message.map(|message| format!("; told in message {message}")).unwrap_or_default();
        output.line(&format!("{}: {about}{told}", done(decide)))?;
    }
    output.flush()
}

fn done(decide: &Decide) -> &'static str {
    match decide.verdict {
        Verdict::Approve => "approved",
        Verdict::Reject => "rejected",
        Verdict::Amend => "put to the vote again",
        Verdict::Override if decide.outcome == Some(Outcome::Rejected) => "rejected, whatever the votes",
        Verdict::Override => "approved, whatever the votes",
        Verdict::Release if decide.payload.is_some() => "released, with changes",
        Verdict::Release => "released",
        Verdict::Refuse => "refused",
        Verdict::Continue => "goes on",
        Verdict::Allow => "never held from now on",
        Verdict::Revoke => "no standing rule any more",
    }
}
