//! Common moves, for hosts that offer prompts to their user.

use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{PromptMessage, Role};
use rmcp::{prompt, prompt_router};
use schemars::JsonSchema;
use serde::Deserialize;

use super::server::Server;

/// A question for another repository.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Ask {
    /// The repository whose agent is asked
    repo: String,
    /// The question
    question: String,
}

/// A change that others have to know of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Announce {
    /// What changes, in a line
    summary: String,
    /// What callers have to do
    #[serde(default)]
    migration_guide: Option<String>,
}

/// Something to be agreed on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Propose {
    /// What is proposed
    proposal: String,
    /// The repositories that it concerns, with commas between them
    affected_repos: String,
}

#[prompt_router(vis = "pub(super)")]
impl Server {
    /// Reads the inbox and answers what is owed.
    #[prompt(name = "check_inbox", title = "Read and answer the inbox")]
    async fn check_inbox(&self) -> Vec<PromptMessage> {
        user(
            "Call check_messages. Sum up for me what other repositories want, in a line each. For each request say whether it \
             can be done here and what it would touch; answer with reply_to_message what you can answer, and ask me about \
             the rest."
                .into(),
        )
    }

    /// Asks the agent of another repository, and waits for the answer.
    #[prompt(name = "ask_repository", title = "Ask another repository")]
    async fn ask_repository(&self, Parameters(ask): Parameters<Ask>) -> Vec<PromptMessage> {
        let Ask { repo, question } = ask;
        user(format!("Ask the agent of {repo} with query_codebase, and tell me its answer: {question}"))
    }

    /// Tells everyone of a breaking change, and collects what it means for them.
    #[prompt(name = "announce_breaking_change", title = "Announce a breaking change")]
    async fn announce_breaking_change(&self, Parameters(change): Parameters<Announce>) -> Vec<PromptMessage> {
        let Announce { summary, migration_guide } = change;
        let guide = migration_guide.map(|guide| format!(" The migration guide: {guide}")).unwrap_or_default();
        user(format!(
            "Announce to all repositories with broadcast_coordination, as a Notify with change_type breaking_change: \
             {summary}.{guide} Then collect their findings with check_messages, and tell me who is affected and who has not \
             answered."
        ))
    }

    /// Puts a proposal to the vote of the repositories that it concerns.
    #[prompt(name = "propose", title = "Put a proposal to the vote")]
    async fn propose(&self, Parameters(proposal): Parameters<Propose>) -> Vec<PromptMessage> {
        let Propose { proposal, affected_repos } = proposal;
        user(format!(
            "Put this to the vote with send_coordination_message, as a Negotiate that requires consensus, affected_repos \
             {affected_repos}: {proposal}. Follow the votes with get_thread, and tell me of every counter-proposal."
        ))
    }

    /// Tells where this repository stands in the swarm.
    #[prompt(name = "swarm_status", title = "Where do we stand")]
    async fn swarm_status(&self) -> Vec<PromptMessage> {
        user(
            "Call list_repositories and check_messages, and tell me in a few lines who is there, what we owe, what we are \
             owed, and what is overdue."
                .into(),
        )
    }
}

fn user(text: String) -> Vec<PromptMessage> {
    vec![PromptMessage::new_text(Role::User, text)]
}
