//! `veda-bus demo`: three scripted instances that work together, so that there is something to see.
//!
//! They are clients like any other: what is shown of them has really been sent, stored, delivered and read.

mod actor;
mod answers;
mod pace;
mod say;
mod script;

use std::collections::HashMap;

use tokio::sync::mpsc;
use veda_bus_core::client::{BusClient, ClientEvent};
use veda_bus_core::message::Message;
use veda_bus_core::name::{MessageId, RepoName};
use veda_bus_ui::words::listed;

use super::live::socket_flag;
use crate::arguments::Demo;
use crate::context::Context;
use crate::failure::Failure;
use crate::runtime::{runtime, stop_signal, tell_of_events};
use actor::{Actor, Company};
use pace::Pace;
use say::Say;
use script::{Role, Script, Step};

pub(crate) fn run(context: &Context, demo: &Demo) -> Result<(), Failure> {
    let script = Script::read()?;
    runtime()?.block_on(async {
        let stop = stop_signal()?;
        let (answers, answered) = mpsc::unbounded_channel();
        let (failures, mut failed) = mpsc::unbounded_channel();
        let repos = script.cast.iter().map(|role| role.repo.clone()).collect();
        let (pace, say) = (Pace(demo.speed), Say { json: context.json });
        let company = Company { repos, pace, say, answers, failures };
        tokio::select! {
            biased;
            () = stop => Ok(()),
            Some(failure) = failed.recv() => Err(failure),
            played = play(context, demo, &script, company, answered) => played,
        }
    })
}

async fn play(
    context: &Context,
    demo: &Demo,
    script: &Script,
    company: Company,
    mut answers: mpsc::UnboundedReceiver<Message>,
) -> Result<(), Failure> {
    let mut stage = Stage::set(context, &script.cast, company).await?;
    for step in &script.play {
        stage.play(step, "").await?;
    }
    stage.settle().await?;
    if demo.once {
        return Ok(());
    }
    stage.say_what_next(context, script);
    while let Some(answer) = answers.recv().await {
        stage.react(script, &answer).await?;
    }
    Ok(())
}

/// The instances, and what they have said.
struct Stage {
    actors: Vec<Actor>,
    pace: Pace,
    /// The messages by the names of their steps.
    said: HashMap<String, MessageId>,
    /// Messages of which it is not known yet that everybody who takes part has read them.
    open: Vec<(MessageId, Vec<RepoName>)>,
}

impl Stage {
    async fn set(context: &Context, cast: &[Role], company: Company) -> Result<Self, Failure> {
        let mut actors: Vec<Actor> = Vec::new();
        for role in cast {
            let client = BusClient::connect(context.socket()).await?;
            if actors.is_empty() {
                nobody_is_there(&client, &company.repos).await?;
                // They all lose the bus together; one of them tells.
                tell_of_events(&client, tell);
            }
            client.register(role.registration()).await?;
            actors.push(Actor::start(role.repo.clone(), client, company.clone()));
        }
        let names = listed(company.repos.iter().map(RepoName::as_str));
        eprintln!("veda-bus: {names} have joined; Ctrl-C makes them leave");
        Ok(Self { actors, pace: company.pace, said: HashMap::new(), open: Vec::new() })
    }

    /// Says one step, once its speaker has read what it answers.
    async fn play(&mut self, step: &Step, answer: &str) -> Result<(), Failure> {
        let speaker = self.actors.iter().find(|actor| actor.repo == step.from);
        let strange = |what: &str| Failure::Failed(format!("the demo's script: step {}: {what}", step.name));
        let speaker = speaker.ok_or_else(|| strange("nobody says it"))?;
        let parent = match &step.answers {
            None => None,
            Some(name) => Some(self.said.get(name).ok_or_else(|| strange("it answers nothing"))?.clone()),
        };
        if let Some(parent) = &parent {
            speaker.has_read(parent).await?;
        }
        let draft = step.draft(parent, answer)?;
        self.pace.pause_over(&draft.payload.headline()).await;
        let receipt = speaker.send(&draft).await?;
        let recipients = receipt.recipients.into_iter().map(|one| one.repo).collect();
        self.open.push((receipt.id.clone(), recipients));
        self.said.insert(step.name.clone(), receipt.id);
        Ok(())
    }

    /// Is done when everybody who takes part has read everything, and the bus knows it.
    async fn settle(&mut self) -> Result<(), Failure> {
        for (id, recipients) in self.open.drain(..) {
            for actor in self.actors.iter().filter(|actor| recipients.contains(&actor.repo)) {
                actor.has_read(&id).await?;
            }
        }
        for actor in &self.actors {
            actor.client.ping().await?;
        }
        Ok(())
    }

    /// What the instances say when the operator has answered one of them; each answer that matters counts once.
    async fn react(&mut self, script: &Script, answer: &Message) -> Result<(), Failure> {
        let Some(parent) = &answer.reply_to else { return Ok(()) };
        let asked = |name: &&String| self.said.get(*name) == Some(parent);
        let Some(name) = script.when_answered.keys().find(asked) else { return Ok(()) };
        let answer_name = format!("{name}/answer");
        if answer.payload.is_acknowledgement() || self.said.contains_key(&answer_name) {
            return Ok(());
        }
        self.said.insert(answer_name, answer.id.clone());
        for step in &script.when_answered[name] {
            self.play(step, &answer.payload.headline()).await?;
        }
        Ok(())
    }

    fn say_what_next(&self, context: &Context, script: &Script) {
        let socket = socket_flag(context);
        eprintln!("veda-bus: the play is over; they stay, and answer what you send them:");
        eprintln!(
            "veda-bus:   veda-bus send query{socket} --to LensSDK --question \"How are you?\" --wait 60"
        );
        for id in script.when_answered.keys().filter_map(|name| self.said.get(name)) {
            eprintln!("veda-bus: one of them waits for an answer of yours:");
            eprintln!("veda-bus:   veda-bus reply {}{socket} --from operator --text \"Yes\"", id.short());
        }
    }
}

/// The demo speaks for nobody who is there.
async fn nobody_is_there(client: &BusClient, repos: &[RepoName]) -> Result<(), Failure> {
    let state = client.state().await?;
    match state.repos.iter().find(|repo| repo.connected && repos.contains(&repo.repo)) {
        None => Ok(()),
        Some(repo) => Err(Failure::Failed(format!(
            "{} is connected already, and the demo does not speak for others; give it a bus of its own (--socket)",
            repo.repo
        ))),
    }
}

fn tell(event: &ClientEvent) {
    match event {
        ClientEvent::Lost => eprintln!("veda-bus: the bus went away, trying again"),
        ClientEvent::Reconnected => eprintln!("veda-bus: the bus is back"),
        _ => {}
    }
}
