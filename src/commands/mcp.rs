//! `veda-bus mcp`: the MCP server through which a coding agent takes part, over standard input and output.
//!
//! | module | what is in it |
//! |---|---|
//! | [`agent`] | the agent's instance on the bus: connecting, registering, what arrives |
//! | [`tools`] | what the agent can do, with the types that it gives and gets |
//! | [`replies`] | waiting for an answer |
//! | [`inbox`] | what is new, what is owed |
//! | [`resources`], [`prompts`], [`brief`] | threads and instances to look at, common moves, what the model is told at the start |
//! | [`channel`] | messages pushed at a Claude Code that asked for it |
//! | [`transport`] | knows when an answer has left, for only then was it read |

mod agent;
mod answer;
mod brief;
mod channel;
mod inbox;
mod inputs;
mod outputs;
mod prompts;
mod replies;
mod resources;
mod server;
mod threads;
mod tools;
mod transport;

use std::sync::Arc;

use rmcp::ServiceExt as _;

use crate::agents::identity::Identity;
use crate::arguments::Mcp;
use crate::context::Context;
use crate::failure::Failure;
use crate::runtime::{runtime, stop_signal};
use agent::Agent;
use server::Server;
use transport::Transport;

/// Serves until the host closes our standard input, or tells us to end.
pub(crate) fn run(context: Context, mcp: &Mcp) -> Result<(), Failure> {
    let identity = Identity::of(&context)?;
    let runtime = runtime()?;
    let served = runtime.block_on(async {
        let stop = stop_signal()?;
        let agent = Arc::new(Agent::new(context, identity, mcp));
        tokio::spawn(Arc::clone(&agent).keep_connected());
        tokio::select! {
            served = serve(agent) => served,
            () = stop => Ok(()),
        }
    });
    // A read of standard input can not be called off, and the host may keep it open for as long as it likes.
    runtime.shutdown_background();
    served
}

async fn serve(agent: Arc<Agent>) -> Result<(), Failure> {
    let transport = Transport::new(Arc::clone(&agent));
    let failed = |what: String| Failure::Failed(format!("the MCP session failed: {what}"));
    let service = Server::new(agent).serve(transport).await.map_err(|error| failed(error.to_string()))?;
    service.waiting().await.map(|_| ()).map_err(|error| failed(error.to_string()))
}
