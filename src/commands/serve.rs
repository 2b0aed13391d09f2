//! `veda-bus serve`: the daemon in the foreground.

use veda_bus_core::server::Server;

use crate::context::Context;
use crate::failure::Failure;
use crate::runtime::{log_to_stderr, runtime, stop_signal};

pub(crate) fn run(context: &Context) -> Result<(), Failure> {
    log_to_stderr();
    let server = Server::bind(context.config.bus.clone())?;
    announce(context, &server);
    runtime()?.block_on(async { Ok(server.run(stop_signal()?).await?) })
}

/// One line when it listens, and one for everything that was not as it should be.
fn announce(context: &Context, server: &Server) {
    let recovery = server.recovery();
    for bad in &recovery.bad {
        eprintln!("veda-bus: journal {bad}; the event is lost, the rest was read (veda-bus log verify)");
    }
    if let Some(torn) = &recovery.torn {
        eprintln!(
            "veda-bus: the journal ended in the middle of a line; {} bytes were cut off and kept in {}",
            torn.bytes,
            torn.path.display()
        );
    }
    let bus = &context.config.bus;
    let journal = if bus.enable_logging {
        format!("journal {}, {} events read", bus.log_path.display(), recovery.events)
    } else {
        "no journal: messages do not survive this process".to_owned()
    };
    eprintln!("veda-bus: listening on {} (pid {}; {journal})", bus.socket_path.display(), std::process::id());
}
