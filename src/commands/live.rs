//! `veda-bus` without a command: hosts the bus if none answers on the socket, else attaches to the one that does, and
//! shows what happens.

use std::future::Future;
use std::path::Path;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use serde_json::json;
use tokio::sync::oneshot;
use veda_bus_core::client::ClientError;
use veda_bus_core::client::blocking::Connection;
use veda_bus_core::config::{BusSettings, Origin};
use veda_bus_core::journal::Recovery;
use veda_bus_core::server::Server;
use veda_bus_core::wire::BusFrame;

use super::watch::{View, follow, say};
use crate::arguments::Watch;
use crate::context::Context;
use crate::failure::Failure;
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

/// Runs the bus on a thread of its own, so that a terminal that is slow, or stopped, never slows it.
fn host(context: &Context, view: &mut View) -> Result<(), Failure> {
    let runtime = runtime()?;
    // From here on, a signal ends the view and then the bus.
    let stop = runtime.block_on(async { stop_signal() })?;
    let Hosted { stop: tell_bus, ended, thread, recovery } = Hosted::start(context.config.bus.clone())?;
    welcome(context, &recovery);
    let shown = runtime.block_on(follow(context, view, first_of(stop, ended)));
    // A bus that has ended by itself hears it no more; its thread says why.
    let _ = tell_bus.send(());
    let served = joined(thread);
    if served.is_ok() {
        say(farewell(context.config.bus.enable_logging));
    }
    served.and(shown)
}

/// Is done when one of the two is.
async fn first_of(stop: impl Future<Output = ()>, ended: oneshot::Receiver<()>) {
    tokio::select! {
        () = stop => {}
        // Nothing is ever sent: the other end is dropped when the bus ends.
        _ = ended => {}
    }
}

/// A bus that runs on a thread of this process.
struct Hosted {
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<()>,
    thread: JoinHandle<Result<(), Failure>>,
    recovery: Recovery,
}

impl Hosted {
    /// Returns when clients can connect.
    fn start(settings: BusSettings) -> Result<Self, Failure> {
        let (stop, stopped) = oneshot::channel();
        let (alive, ended) = oneshot::channel();
        let (tell_ready, ready) = mpsc::channel();
        let serve = move || {
            let _alive: oneshot::Sender<()> = alive;
            serve(settings, stopped, &tell_ready)
        };
        let thread = thread::Builder::new().name("bus".into()).spawn(serve);
        let thread = thread.map_err(|error| Failure::Failed(format!("no thread for the bus: {error}")))?;
        match ready.recv() {
            Ok(recovery) => Ok(Self { stop, ended, thread, recovery }),
            // It never became ready, so the thread has ended with the reason.
            Err(mpsc::RecvError) => {
                Err(joined(thread).err().unwrap_or_else(|| Failure::Failed("the bus did not start".into())))
            }
        }
    }
}

fn serve(
    settings: BusSettings,
    stopped: oneshot::Receiver<()>,
    ready: &mpsc::Sender<Recovery>,
) -> Result<(), Failure> {
    let runtime = runtime()?;
    let server = Server::bind(settings)?;
    // Whoever started this waits for it.
    let _ = ready.send(server.recovery().clone());
    let stop = async move {
        let _ = stopped.await;
    };
    Ok(runtime.block_on(server.run(stop))?)
}

fn joined(thread: JoinHandle<Result<(), Failure>>) -> Result<(), Failure> {
    thread.join().unwrap_or_else(|_| Err(Failure::Failed("the bus broke down".into())))
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

fn farewell(has_journal: bool) -> &'static str {
    if has_journal {
        "the bus has stopped; what waits is in the journal, for the next one"
    } else {
        "the bus has stopped"
    }
}

/// What a command in another terminal needs to find a socket that only this process was told of.
fn socket_flag(context: &Context) -> String {
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
