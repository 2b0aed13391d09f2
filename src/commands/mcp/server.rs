//! The MCP server: what it is, and who answers what.

use std::sync::Arc;

use rmcp::handler::server::router::prompt::PromptRouter;
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::model::{
    DiscoverRequestMethod, DiscoverResult, Implementation, InitializeRequestParams, InitializeResult,
    ListResourceTemplatesResult, ListResourcesResult, PaginatedRequestParams, ReadResourceRequestParams,
    ReadResourceResponse, ServerCapabilities, ServerConfig,
};
use rmcp::service::{NotificationContext, RequestContext};
use rmcp::{ErrorData, RoleServer, ServerHandler, prompt_handler, tool_handler};

use super::agent::Agent;
use super::{brief, channel, resources};

/// See the [module](self).
pub(super) struct Server {
    pub(super) agent: Arc<Agent>,
    tool_router: ToolRouter<Self>,
    prompt_router: PromptRouter<Self>,
}

impl Server {
    pub(super) fn new(agent: Arc<Agent>) -> Self {
        Self { agent, tool_router: Self::tool_router(), prompt_router: Self::prompt_router() }
    }

    /// What it is, with what it says to a model that begins now.
    async fn introduction(&self) -> ServerConfig {
        self.get_info().with_instructions(brief::instructions(&self.agent).await)
    }
}

#[tool_handler(router = self.tool_router)]
#[prompt_handler(router = self.prompt_router)]
impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let mut capabilities =
            ServerCapabilities::builder().enable_tools().enable_prompts().enable_resources().build();
        if self.agent.channel {
            capabilities.experimental = Some(channel::capability());
        }
        let implementation = Implementation::new("veda-bus", env!("CARGO_PKG_VERSION"))
            .with_title("veda-bus")
            .with_description("Messages between the agents of several repositories");
        ServerConfig::new(capabilities).with_server_info(implementation)
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        let mut result = self.negotiate_initialize(&request)?;
        result.instructions = self.introduction().await.instructions;
        Ok(result)
    }

    /// A session that begins with it is not registered as a channel by Claude Code, which falls back to `initialize` where
    /// there is no such method.
    async fn discover(&self, _: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        if self.agent.channel {
            return Err(ErrorData::method_not_found::<DiscoverRequestMethod>());
        }
        let versions = self.supported_protocol_versions().into_owned();
        Ok(DiscoverResult::from_server_info(versions, self.introduction().await))
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        // A session has one peer.
        let is_first = self.agent.peer.set(context.peer).is_ok();
        if is_first && self.agent.channel {
            tokio::spawn(Arc::clone(&self.agent).push_unread());
        }
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(ListResourcesResult::with_all_items(resources::list(&self.agent).await))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::with_all_items(resources::templates()))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        resources::read(&self.agent, &request.uri).await.map(Into::into)
    }
}
