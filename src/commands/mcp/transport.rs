//! Standard input and output, and the moment in which an answer has left.
//!
//! A message was read when the answer that shows it has been written and flushed, and not when a tool made it: a host
//! that ends in between has seen nothing.

use std::future::Future;
use std::io;
use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::JsonRpcMessage;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::{StdioReader, StdioWriter, stdio_pipes};

use super::agent::Agent;

/// See the [module](self).
pub(super) struct Transport {
    inner: AsyncRwTransport<RoleServer, StdioReader, StdioWriter>,
    agent: Arc<Agent>,
}

impl Transport {
    pub(super) fn new(agent: Arc<Agent>) -> Self {
        let (input, output) = stdio_pipes();
        Self { inner: AsyncRwTransport::new(input, output), agent }
    }
}

impl rmcp::transport::Transport<RoleServer> for Transport {
    type Error = io::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let request = match &item {
            JsonRpcMessage::Response(response) => Some(response.id.clone()),
            _ => None,
        };
        let (sent, agent) = (self.inner.send(item), Arc::clone(&self.agent));
        async move {
            sent.await?;
            if let Some(request) = request {
                // What is said to the bus does not keep the next answer waiting.
                tokio::spawn(agent.has_left(request));
            }
            Ok(())
        }
    }

    fn receive(&mut self) -> impl Future<Output = Option<RxJsonRpcMessage<RoleServer>>> + Send {
        self.inner.receive()
    }

    fn close(&mut self) -> impl Future<Output = io::Result<()>> + Send {
        self.inner.close()
    }
}
