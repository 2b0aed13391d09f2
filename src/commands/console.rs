//! `veda-bus` without a command, on a terminal: the console. It hosts the bus if none answers on the socket, and attaches
//! to the one that does.

use std::future::Future;

use tokio::sync::mpsc;
use veda_bus_core::client::ClientError;
use veda_bus_core::client::blocking::Connection;
use veda_bus_ui::app::Place;
use veda_bus_ui::app::past::Recording;
use veda_bus_ui::settings::Folders;
use veda_bus_ui::update::{Host, Leaving};
use veda_bus_ui::{ConsoleError, Start};

use super::live::{farewell, socket_flag};
use super::watch::say;
use crate::context::Context;
use crate::failure::Failure;
use crate::hosting::{Hosted, hand_over};
use crate::runtime::runtime;
use crate::show;

pub(crate) fn run(context: &Context, theme: Option<String>) -> Result<(), Failure> {
    match Connection::open(context.socket()) {
        Ok(_) => attach(context, theme),
        Err(ClientError::NoBus { .. }) => host(context, theme),
        Err(error) => Err(error.into()),
    }
}

fn start(context: &Context, theme: Option<String>) -> Start {
    let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
    Start {
        place: Place { socket: context.socket().to_owned(), socket_flag: socket_flag(context) },
        folders: home.map(|home| Folders::below(&home)),
        theme,
        host: None,
        recording: None,
    }
}

/// Shows a recording until the operator leaves it; no bus takes part.
pub(super) fn replay(context: &Context, theme: Option<String>, recording: Recording) -> Result<(), Failure> {
    match show_console(Start { recording: Some(recording), ..start(context, theme) })? {
        Leaving::Failed(why) => Err(Failure::Failed(why)),
        Leaving::Refused(_) | Leaving::Quit | Leaving::KeepBus => Ok(()),
    }
}

fn attach(context: &Context, theme: Option<String>) -> Result<(), Failure> {
    match show_console(start(context, theme))? {
        Leaving::Failed(why) => Err(Failure::Failed(why)),
        Leaving::Refused(refusal) => Err(refusal.into()),
        Leaving::Quit | Leaving::KeepBus => Ok(()),
    }
}

/// Shows the console while the bus reads its journal, and for as long as the operator likes.
fn host(context: &Context, theme: Option<String>) -> Result<(), Failure> {
    let bus = Hosted::start(context.config.bus.clone(), context.sources.clone())?;
    let (tell, host) = mpsc::unbounded_channel();
    tell_of(&bus, tell)?;
    let left = show_console(Start { host: Some(host), ..start(context, theme) });
    let served = bus.stop();
    match left? {
        // Why the bus ended is better known by the bus.
        Leaving::Failed(why) => served.and(Err(Failure::Failed(why))),
        Leaving::Refused(refusal) => Err(refusal.into()),
        Leaving::KeepBus => {
            served?;
            let pid = hand_over(context)?;
            say(&format!(
                "the bus goes on in the background (process {pid}); veda-bus attaches to it, veda-bus stop ends it"
            ));
            Ok(())
        }
        Leaving::Quit => {
            served?;
            say(farewell(context.config.bus.enable_logging));
            Ok(())
        }
    }
}

/// Tells the console what the bus goes through.
fn tell_of(bus: &Hosted, tell: mpsc::UnboundedSender<Host>) -> Result<(), Failure> {
    let told = told(bus.ready(), bus.ended(), tell);
    let runtime = runtime()?;
    let thread = std::thread::Builder::new().name("host".into()).spawn(move || runtime.block_on(told));
    thread.map(drop).map_err(|error| Failure::Failed(format!("no thread: {error}")))
}

async fn told(
    ready: impl Future<Output = Option<veda_bus_core::journal::Recovery>> + Send,
    ended: impl Future<Output = ()> + Send,
    tell: mpsc::UnboundedSender<Host>,
) {
    if let Some(recovery) = ready.await {
        // A console that has been left needs to know nothing.
        let _ = tell.send(Host::Ready(show::recovery_faults(&recovery)));
    }
    ended.await;
    let _ = tell.send(Host::Ended("the bus ended".into()));
}

fn show_console(start: Start) -> Result<Leaving, Failure> {
    veda_bus_ui::run(start).map_err(|error| match error {
        ConsoleError::Theme(error) => Failure::Usage(error.to_string()),
        error @ ConsoleError::Terminal(_) => Failure::Failed(error.to_string()),
    })
}
