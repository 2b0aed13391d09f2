//! `veda-bus serve`: the daemon in the foreground.

use veda_bus_core::server::Server;

use crate::context::Context;
use crate::failure::Failure;
use crate::runtime::{log_to_stderr, runtime, stop_signal};
use crate::show;

pub(crate) fn run(context: &Context) -> Result<(), Failure> {
    log_to_stderr();
    let runtime = runtime()?;
    // Whoever can connect can also count on a clean end.
    let stop = runtime.block_on(async { stop_signal() })?;
    let server = Server::bind(context.config.bus.clone())?;
    for fault in show::recovery_faults(server.recovery()) {
        eprintln!("veda-bus: {fault}");
    }
    let bus = &context.config.bus;
    let journal = show::journal(bus, server.recovery());
    eprintln!("veda-bus: listening on {} (pid {}; {journal})", bus.socket_path.display(), std::process::id());
    Ok(runtime.block_on(server.run(stop))?)
}
