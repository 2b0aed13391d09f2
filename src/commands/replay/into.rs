//! `veda-bus replay --into`: messages of a journal, sent anew over another bus, to have the same situation there.
//!
//! Each is sent as the repo that sent it, by an instance of our own that takes nothing of what that repo gets. It waits
//! for the receipt before the next: they come in their order, and an answer knows the new id of what it answers.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use veda_bus_core::client::{BusClient, ClientError, ClientOptions};
use veda_bus_core::event::Receive;
use veda_bus_core::name::{MessageId, RepoName};
use veda_bus_core::refusal::Refusal;
use veda_bus_core::wire::Receipt;
use veda_bus_core::wire::request::Register;
use veda_bus_ui::app::past::player::Speed;
use veda_bus_ui::words;

use super::again::{Again, again, never_again};
use super::chosen::{Choosing, Chosen};
use crate::arguments::Replay;
use crate::commands::say;
use crate::context::{Context, Output};
use crate::failure::{Failure, refused};
use crate::history::files::Files;
use crate::history::pace::Pace;
use crate::history::{each_event, wanted};
use crate::runtime::runtime;

pub(super) fn run(context: &Context, replay: &Replay, socket: &Path) -> Result<(), Failure> {
    let choice = &replay.choice;
    if !replay.all && choice.since.is_none() && choice.until.is_none() && choice.thread.is_none() {
        let what = "--into: say which messages: --thread, --since or --until; --all sends those of the whole journal";
        return Err(Failure::Usage(what.into()));
    }
    let files = Files::of(context, &replay.files)?;
    runtime()?.block_on(async {
        // Nobody reads a long journal for a bus that is not there.
        let bus = connect(socket).await?;
        if !replay.same_bus {
            is_another(&bus, socket, files.paths()).await?;
        }
        let mut choosing = Choosing::new(wanted(choice, &files)?);
        let whole = each_event(&files, |recorded| choosing.take(recorded))?;
        let chosen = choosing.chosen();
        if chosen.is_empty() {
            return Err(Failure::Failed("no message of the journal is in that part of it".into()));
        }
        let pace = Pace::new(replay.speed.unwrap_or(Speed::Max), replay.shorten);
        let mut stage = Stage::new(context, socket);
        stage.register(&chosen).await?;
        stage.play(&chosen, pace).await?;
        stage.ended()?;
        whole.ended()
    })
}

/// A connection. What was sent over one that broke has a receipt or not, which is not guessed.
async fn connect(socket: &Path) -> Result<BusClient, ClientError> {
    BusClient::connect_with(socket, ClientOptions { reconnect: false }).await
}

/// Whether the bus is not the one that wrote the journal: there, everything would have been said twice.
async fn is_another(bus: &BusClient, socket: &Path, files: &[PathBuf]) -> Result<(), Failure> {
    let Some(journal) = bus.state().await?.journal else { return Ok(()) };
    match files.iter().find(|file| is_of(file, &journal)) {
        None => Ok(()),
        Some(file) => Err(Failure::Usage(format!(
            "the bus on {} wrote {} itself, and would have all of it twice; --same-bus sends it nevertheless",
            socket.display(),
            file.display()
        ))),
    }
}

/// Whether a file is this journal, or by its name one of its archived segments.
fn is_of(file: &Path, journal: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (file, journal) = (real(file), real(journal));
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let is_segment = match (name(&file), name(&journal)) {
        (Some(file), Some(journal)) => file.strip_prefix(&journal).is_some_and(|rest| rest.starts_with('.')),
        _ => false,
    };
    file == journal || is_segment && file.parent() == journal.parent()
}

/// The instances, and what they have said.
struct Stage<'a> {
    context: &'a Context,
    socket: &'a Path,
    /// Who speaks for each repo, or why nobody may.
    speakers: HashMap<RepoName, Result<BusClient, Refusal>>,
    /// The new ids by the old ones.
    said: HashMap<MessageId, MessageId>,
    out: Output,
    /// Whether it was said that the bus takes no more for a while.
    told_of_waiting: bool,
    sent: usize,
    refused: usize,
}

impl<'a> Stage<'a> {
    fn new(context: &'a Context, socket: &'a Path) -> Self {
        let (speakers, said, out) = (HashMap::new(), HashMap::new(), Output::new());
        Self { context, socket, speakers, said, out, told_of_waiting: false, sent: 0, refused: 0 }
    }

    /// Lets everybody be there before the first word.
    async fn register(&mut self, chosen: &[Chosen]) -> Result<(), Failure> {
        for Chosen { message, .. } in chosen.iter().filter(|one| never_again(&one.message).is_none()) {
            let repo = &message.from.repo;
            if self.speakers.contains_key(repo) {
                continue;
            }
            let client = connect(self.socket).await?;
            let register = Register {
                receive: Receive::None,
                client: "veda-bus replay".parse().ok(),
                ..Register::new(repo.clone())
            };
            let speaker = match client.register(register).await {
                Ok(_) => Ok(client),
                Err(ClientError::Refused(refusal)) => Err(refusal),
                Err(error) => return Err(error.into()),
            };
            self.speakers.insert(repo.clone(), speaker);
        }
        Ok(())
    }

    async fn play(&mut self, chosen: &[Chosen], mut pace: Pace) -> Result<(), Failure> {
        for one in chosen {
            if let Some(due) = pace.due(one.at, Instant::now()) {
                tokio::time::sleep_until(due).await;
            }
            self.say(one).await?;
        }
        Ok(())
    }

    /// Says one message again, or says why not.
    async fn say(&mut self, Chosen { message, .. }: &Chosen) -> Result<(), Failure> {
        let (old, new) = (&message.id, MessageId::random());
        let parent = message.reply_to.as_ref().and_then(|parent| self.said.get(parent));
        let (json, stands_alone) = match again(message, &new, parent) {
            Again::Envelope { json, stands_alone } => (json, stands_alone),
            Again::Nothing(why) => {
                say(&format!("{old} is left out: {why}"));
                return Ok(());
            }
        };
        if let Some(parent) = message.reply_to.as_ref().filter(|_| stands_alone) {
            say(&format!("{old} is sent without its reply_to: {parent} was not played"));
        }
        let speaker = match self.speakers.get(&message.from.repo) {
            Some(Ok(client)) => client.clone(),
            Some(Err(refusal)) => return self.print_refusal(old, &refusal.clone()),
            None => return Ok(()),
        };
        match self.send(&speaker, &json).await {
            Ok(receipt) => {
                self.said.insert(old.clone(), receipt.id.clone());
                self.print(old, &receipt)
            }
            Err(ClientError::Refused(refusal)) => self.print_refusal(old, &refusal),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends it; when the bus takes no more for a while, as soon as it says.
    async fn send(&mut self, speaker: &BusClient, json: &str) -> Result<Receipt, ClientError> {
        loop {
            match speaker.send_json(json.to_owned(), true).await {
                Err(ClientError::Refused(Refusal { retry_after: Some(seconds), message, .. })) => {
                    if !std::mem::replace(&mut self.told_of_waiting, true) {
                        say(&format!("{message}; the rest is sent as the bus takes it"));
                    }
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                }
                sent => return sent,
            }
        }
    }

    fn print(&mut self, old: &MessageId, receipt: &Receipt) -> Result<(), Failure> {
        self.sent += 1;
        if self.context.json {
            self.out.json(&json!({ "old": old, "new": receipt.id, "receipt": receipt }))?;
        } else {
            self.out.line(&format!("{old} → {}", words::receipt(receipt, &[])))?;
        }
        self.out.flush()
    }

    fn print_refusal(&mut self, old: &MessageId, refusal: &Refusal) -> Result<(), Failure> {
        self.refused += 1;
        if self.context.json {
            self.out.json(&json!({ "old": old, "error": refusal }))?;
        } else {
            self.out.line(&format!("{old} → {}", refused(refusal)))?;
        }
        self.out.flush()
    }

    fn ended(self) -> Result<(), Failure> {
        let Self { refused, sent, .. } = self;
        if refused == 0 {
            return Ok(());
        }
        Err(Failure::Failed(Failure::SomeRefused { refused, sent: sent + refused }.to_string()))
    }
}
