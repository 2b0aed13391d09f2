//! `veda-bus doctor`: whether everything that agents need to hear each other is as it should be, and what to do if not.
//!
//! Nothing is changed, and nothing waits for long: what does not answer within seconds is told as that.
//!
//! | module | what is in it |
//! |---|---|
//! | [`finding`] | what a check found, and how it is shown |
//! | [`within`] | what may hang, with an end |
//! | [`configuration`] | files, mistakes in them, the repo of this folder, the environment |
//! | [`bus`], [`socket`], [`journal`] | the daemon, and what it stands on |
//! | [`repo`] | this repo, as the bus knows it |
//! | [`hosts`] | the programs that agents run in: their version, their entries, their hooks |

mod bus;
mod configuration;
mod finding;
mod hosts;
mod journal;
mod repo;
mod socket;
mod within;

use veda_bus_core::time::Millis;
use veda_bus_ui::words::counted;

use crate::agents::identity::Identity;
use crate::agents::session;
use crate::arguments::Global;
use crate::context::{Context, Output};
use crate::failure::Failure;
use configuration::Configured;
use finding::{Finding, Signs, Status};

/// Looks at everything. It fails when it finds a problem.
pub(crate) fn run(global: &Global) -> Result<(), Failure> {
    let Configured { context, mut checks } = configuration::read(global);
    if let Some(context) = context {
        checks.extend(look(&context));
    }
    show(&checks, global.json)?;
    match checks.iter().filter(|check| check.status == Status::Problem).count() {
        0 => Ok(()),
        problems => Err(Failure::Failed(format!("{} found", counted(problems as u64, "problem")))),
    }
}

fn look(context: &Context) -> Vec<Finding> {
    let identity = Identity::of(context);
    let mut checks = configuration::checks(context, &identity);
    let found = bus::look(context);
    checks.push(bus::check(&found, context.config.bus.autostart));
    checks.push(socket::check(context.socket(), found.is_served()));
    checks.extend(journal::checks(&context.config.bus));
    let repo = identity.ok();
    if let (Some(identity), Some(state)) = (&repo, found.state()) {
        checks.push(repo::check(state, &identity.repo, Millis::now()));
    }
    let folder = session::folder(context);
    checks.extend(journal::sessions(&folder));
    let sessions = session::all(&folder);
    checks.extend(hosts::checks(&context.sources, repo.as_ref(), &sessions));
    checks
}

fn show(checks: &[Finding], json: bool) -> Result<(), Failure> {
    let mut out = Output::new();
    if json {
        checks.iter().try_for_each(|check| out.json(check))?;
    } else {
        let signs = Signs::detect();
        finding::rows(checks, &signs).iter().try_for_each(|row| out.row(row))?;
    }
    out.flush()
}
