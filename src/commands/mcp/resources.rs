//! Threads and instances as resources, for hosts that show them to their user. To look at one marks nothing as read.

use std::collections::BTreeMap;
use std::sync::Arc;

use rmcp::ErrorData;
use rmcp::model::{ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde_json::{Value, json};
use veda_bus_core::name::{MessageId, RepoName};
use veda_bus_core::state::view::{RepoView, StateView};
use veda_bus_core::time::Millis;
use veda_bus_core::wire::History;
use veda_bus_core::wire::answer::HistoryEntry;

use super::agent::Agent;
use super::answer::{Problem, harmless, within, word};
use super::inputs::GetThread;
use super::outputs::{Repositories, Repository};
use super::threads;

const THREAD: &str = "veda-bus://thread/";
const INSTANCE: &str = "veda-bus://instance/";
const JSON: &str = "application/json";

/// How many threads are listed.
const THREADS: usize = 20;

/// How many messages are looked through for them.
const MESSAGES: usize = 200;

pub(super) fn templates() -> Vec<ResourceTemplate> {
    let template = |uri: &str, name: &str, title: &str, description: &str| {
        let template = ResourceTemplate::new(uri, name).with_title(title);
        template.with_description(description).with_mime_type(JSON)
    };
    vec![
        template(
            &format!("{THREAD}{{id}}"),
            "thread",
            "A thread",
            "The messages of a thread, by the id of any of them",
        ),
        template(
            &format!("{INSTANCE}{{id}}"),
            "instance",
            "An instance",
            "A connected agent: its repository, what it can do",
        ),
    ]
}

/// The latest threads and the connected instances; nothing where no bus answers.
pub(super) async fn list(agent: &Arc<Agent>) -> Vec<Resource> {
    let Ok(bus) = agent.bus().await else { return Vec::new() };
    let repo = Some(agent.identity.repo.clone());
    let newest = within(bus.history(&History { repo, limit: Some(MESSAGES), ..History::default() })).await;
    let mut threads: BTreeMap<MessageId, (u64, String)> = BTreeMap::new();
    let shown = |entry: HistoryEntry| threads::shown_to(entry, &agent.identity.repo);
    for incoming in newest.unwrap_or_default().into_iter().filter_map(shown) {
        let headline = incoming.message.payload.headline();
        let thread = threads.entry(incoming.thread).or_insert_with(|| (0, headline));
        thread.0 = incoming.seq.0;
    }
    let mut threads: Vec<_> = threads.into_iter().collect();
    threads.sort_by_key(|(_, (seq, _))| std::cmp::Reverse(*seq));
    let mut resources: Vec<_> = threads
        .into_iter()
        .take(THREADS)
        .map(|(id, (_, headline))| {
            resource(&format!("{THREAD}{id}"), &format!("thread {}", id.short()), &headline)
        })
        .collect();
    let state = within(bus.state()).await.unwrap_or_default();
    for repo in &state.repos {
        for instance in repo.instances.iter().filter(|instance| instance.connected) {
            let what = repo.capabilities.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            resources.push(resource(&format!("{INSTANCE}{}", instance.instance), repo.repo.as_str(), &what));
        }
    }
    resources
}

fn resource(uri: &str, name: &str, description: &str) -> Resource {
    Resource::new(word(uri), word(name)).with_description(word(description)).with_mime_type(JSON)
}

/// A thread or an instance as JSON.
pub(super) async fn read(agent: &Arc<Agent>, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let found = match (uri.strip_prefix(THREAD), uri.strip_prefix(INSTANCE)) {
        (Some(id), _) => thread(agent, id).await,
        (_, Some(id)) => instance(agent, id).await,
        _ => Err(Problem::new(
            "unknown_resource",
            "there is no such resource",
            "resources/templates/list tells which",
        )),
    };
    let value = found.map_err(|problem| {
        let data = json!({ "uri": word(uri) });
        ErrorData::resource_not_found(word(&problem.to_string()), Some(data))
    })?;
    let contents = ResourceContents::text(harmless(value).to_string(), uri).with_mime_type(JSON);
    Ok(ReadResourceResult::new(vec![contents]))
}

async fn thread(agent: &Arc<Agent>, id: &str) -> Result<Value, Problem> {
    let asked = GetThread { id: id.to_owned(), limit: None, from_character: None };
    let (thread, _) = threads::get(agent, &agent.bus().await?, &asked).await?;
    Ok(json!(thread))
}

async fn instance(agent: &Arc<Agent>, id: &str) -> Result<Value, Problem> {
    let state = within(agent.bus().await?.state()).await?;
    let mut instances = state.repos.iter().flat_map(|repo| repo.instances.iter().map(move |one| (repo, one)));
    let found = instances.find(|(_, one)| one.instance.as_str() == id);
    let (repo, instance) = found.ok_or_else(|| {
        Problem::new("unknown_resource", "there is no such instance", "list_repositories tells who is there")
    })?;
    Ok(json!({ "repo": repo.repo, "instance": instance }))
}

/// The swarm, as `me` sees it.
pub(super) fn repositories(state: &StateView, me: &RepoName, with_offline: bool) -> Repositories {
    let now = Millis::now();
    let others =
        state.repos.iter().filter(|one| one.repo != *me && (one.connected || with_offline && one.seen));
    let owes = |repo: &RepoName| {
        let owed = state.obligations.iter().flat_map(|listed| &listed.newest);
        owed.filter(|one| one.by == *repo && one.to == *me && !one.waiting).count()
    };
    let repositories = others.map(|one| repository(one, owes(&one.repo), now)).collect();
    Repositories { you: me.to_string(), repositories }
}

fn repository(one: &RepoView, owes_you: usize, now: Millis) -> Repository {
    let connected = || one.instances.iter().filter(|instance| instance.connected);
    let since = connected().map(|instance| instance.since).min().unwrap_or(one.last_seen);
    let only = one.accept_requests_from.clone().filter(|names| !names.iter().any(|name| name == "*"));
    Repository {
        repo: one.repo.to_string(),
        connected: one.connected,
        capabilities: one.capabilities.iter().map(ToString::to_string).collect(),
        agents: connected().count(),
        since_seconds: now.since(since).as_secs(),
        unread: one.unread,
        owes_you,
        accepts_requests_from: only,
    }
}
