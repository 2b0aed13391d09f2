//! What runs a command: a runtime, the signals that end it, the log of the library.

use std::fs::File;
use std::future::Future;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast::error::RecvError;
use veda_bus_core::client::{BusClient, ClientEvent};

use crate::failure::Failure;

/// How long a terminal may take to go away.
const GOING: Duration = Duration::from_millis(200);

/// Warnings of the library go to stderr; `RUST_LOG` says how many.
pub(crate) fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
}

/// A runtime for this thread alone.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|error| Failure::Failed(format!("no runtime: {error}")))
}

/// Is done when the process is told to end.
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    let failed = |error| Failure::Failed(format!("signals can not be caught: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

/// The same for a daemon: a hangup ends it only when its terminal has gone away, and otherwise calls `hangup`.
pub(crate) fn daemon_signal(hangup: impl Fn()) -> Result<impl Future<Output = ()>, Failure> {
    let had_terminal = has_terminal();
    let failed = |error| Failure::Failed(format!("signals can not be caught: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut hangups = signal(SignalKind::hangup()).map_err(failed)?;
    Ok(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => return,
                _ = terminate.recv() => return,
                _ = hangups.recv() => {
                    if had_terminal {
                        // The kernel may say so first, and take the terminal away then.
                        tokio::time::sleep(GOING).await;
                        if !has_terminal() {
                            return;
                        }
                    }
                    hangup();
                }
            }
        }
    })
}

/// Whether this process has a terminal that its signals come from.
fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}

/// Tells of what the client goes through, from now on, for as long as it lives.
pub(crate) fn tell_of_events(client: &BusClient, tell: impl Fn(&ClientEvent) + Send + 'static) {
    let mut events = client.events();
    tokio::spawn(async move {
        loop {
            match events.recv().await {
                Ok(event) => tell(&event),
                // Some were missed while others were told; the next are told again.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    });
}
