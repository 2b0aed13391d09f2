//! `veda-bus` without a command, where its output is no terminal: hosts the bus if none answers on the socket, else
//! attaches to the one that does, and prints what happens.

use std::future::Future;
use std::path::Path;

use serde_json::json;
use veda_bus_core::client::ClientError;
use veda_bus_core::client::blocking::Connection;
use veda_bus_core::config::Origin;
use veda_bus_core::journal::Recovery;
use veda_bus_core::wire::BusFrame;

use super::watch::{View, follow, say};
use crate::arguments::Watch;
use crate::context::Context;
use crate::failure::Failure;
use crate::hosting::Hosted;
use crate::runtime::{log_to_stderr, runtime, stop_signal};
use crate::show;

pub(crate) fn run(context: &Context) -> Result<(), Failure> {
    log_to_stderr();
    let mut view = View::new(context, &Watch::default())?;
    match Connection::open(context.socket()) {
        Ok(bus) => {
            say_attached(context, bus);
            runtime()?.block_on(async { follow(context, &mut view, stop_signal()?).await })
        }
        Err(ClientError::NoBus { .. }) => host(context, &mut view),
        Err(error) => Err(error.into()),
    }
}

fn say_attached(context: &Context, mut bus: Connection) {
    let host = match bus.call("state", &json!({})) {
        Ok(BusFrame::State(state)) => state.host,
        // Attaching tells whether it is a bus; this only says more about it.
        _ => None,
    };
    let process = host.map(|host| format!(" (process {}, version {})", host.pid, host.version));
    let socket = context.socket().display();
    say(&format!("attached to the bus on {socket}{}; Ctrl-C leaves it running", process.unwrap_or_default()));
}

/// Runs the bus beside the view.
fn host(context: &Context, view: &mut View) -> Result<(), Failure> {
    let runtime = runtime()?;
    // From here on, a signal ends the view and then the bus.
    let stop = runtime.block_on(async { stop_signal() })?;
    let bus = Hosted::start(context.config.bus.clone(), context.sources.clone())?;
    let Some(recovery) = runtime.block_on(bus.ready()) else { return bus.stop() };
    welcome(context, &recovery);
    let shown = runtime.block_on(follow(context, view, first_of(stop, bus.ended())));
    let served = bus.stop();
    if served.is_ok() {
        say(farewell(context.config.bus.enable_logging));
    }
    served.and(shown)
}

/// Is done when one of the two is.
async fn first_of(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    tokio::select! {
        () = one => {}
        () = other => {}
    }
}

/// What a newcomer does next, and what was found in the journal.
fn welcome(context: &Context, recovery: &Recovery) {
    let bus = &context.config.bus;
    say(&format!("hosting the bus on {} (process {})", bus.socket_path.display(), std::process::id()));
    say(&show::journal(bus, recovery));
    for fault in show::recovery_faults(recovery) {
        say(&fault);
    }
    let socket = socket_flag(context);
    say("now, in other terminals:");
    say(&format!("  veda-bus join{socket} --repo LensSDK"));
    say(&format!(
        "  veda-bus send query{socket} --to LensSDK --question \"What is the interface?\" --wait 60"
    ));
    say("  veda-bus --help");
    say("Ctrl-C stops the bus");
}

pub(super) fn farewell(has_journal: bool) -> &'static str {
    if has_journal {
        "the bus has stopped; what waits is in the journal, for the next one"
    } else {
        "the bus has stopped"
    }
}

/// What a command in another terminal needs to find a socket that only this process was told of.
pub(super) fn socket_flag(context: &Context) -> String {
    let told = |origin: &Origin| matches!(origin, Origin::Flag | Origin::Environment(_));
    let elsewhere =
        context.config.effective.iter().any(|one| one.key == "bus.socket_path" && told(&one.origin));
    if elsewhere { format!(" --socket {}", quoted(context.socket())) } else { String::new() }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_can_be_pasted_into_a_shell() {
        assert_eq!(quoted(Path::new("/tmp/veda-bus.sock")), "/tmp/veda-bus.sock");
        assert_eq!(quoted(Path::new("/tmp/my bus's")), r"'/tmp/my bus'\''s'");
    }
}
