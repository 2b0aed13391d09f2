//! `veda-bus serve`: the daemon, in the foreground or started in the background.

use serde_json::json;

use crate::arguments::Serve;
use crate::context::{Context, Output};
use crate::failure::Failure;
use crate::hosting::{self, hand_over};
use crate::runtime::{daemon_signal, log_to_stderr, runtime};
use crate::show;

pub(crate) fn run(context: &Context, serve: &Serve) -> Result<(), Failure> {
    if serve.background {
        return start_in_background(context);
    }
    log_to_stderr();
    if serve.detached {
        leave_terminal()?;
    }
    let runtime = runtime()?;
    let (watching, changes) = hosting::watch(&context.config.bus)?;
    // Whoever can connect can also count on a clean end.
    let stop = runtime.block_on(async { daemon_signal(move || watching.now()) })?;
    let server = hosting::bind(&context.config.bus, &context.sources, changes)?;
    for fault in show::recovery_faults(server.recovery()) {
        eprintln!("veda-bus: {fault}");
    }
    let bus = &context.config.bus;
    let journal = show::journal(bus, server.recovery());
    eprintln!("veda-bus: listening on {} (pid {}; {journal})", bus.socket_path.display(), std::process::id());
    Ok(runtime.block_on(server.run(stop))?)
}

/// A session of its own: neither Ctrl-C in the terminal nor its end reaches this process any more.
fn leave_terminal() -> Result<(), Failure> {
    let left = rustix::process::setsid();
    left.map(|_| ()).map_err(|error| Failure::Failed(format!("the terminal can not be left: {error}")))
}

fn start_in_background(context: &Context) -> Result<(), Failure> {
    let pid = hand_over(context)?;
    let mut output = Output::new();
    if context.json {
        output.json(&json!({ "pid": pid, "socket": context.socket() }))?;
    } else {
        let socket = context.socket().display();
        output.line(&format!("listening on {socket} (pid {pid}); veda-bus stop ends it"))?;
    }
    output.flush()
}
