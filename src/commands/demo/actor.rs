//! One instance of the demo: reads what it gets, and answers the operator.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use veda_bus_core::client::{BusClient, ClientError};
use veda_bus_core::message::{Draft, Message};
use veda_bus_core::name::{MessageId, RepoName};
use veda_bus_core::text;
use veda_bus_core::wire::answer::{Incoming, Receipt};

use super::answers::answer;
use super::pace::Pace;
use super::say::Say;
use crate::failure::Failure;

/// How long the bus may take to deliver a message, beside the time that reading takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// An instance, as the script moves it.
pub(super) struct Actor {
    pub(super) repo: RepoName,
    pub(super) client: BusClient,
    /// What it has read.
    read: watch::Receiver<HashSet<MessageId>>,
    say: Say,
}

/// What all instances have in common.
#[derive(Clone)]
pub(super) struct Company {
    pub(super) repos: Arc<[RepoName]>,
    pub(super) pace: Pace,
    pub(super) say: Say,
    /// Where what the operator answers is told of.
    pub(super) answers: mpsc::UnboundedSender<Message>,
    /// Where it is told why one of them can not go on.
    pub(super) failures: mpsc::UnboundedSender<Failure>,
}

impl Actor {
    /// Lets a client that has registered read, from now on.
    pub(super) fn start(repo: RepoName, client: BusClient, company: Company) -> Self {
        let (tell, read) = watch::channel(HashSet::new());
        let say = company.say;
        let reader = Reader { repo: repo.clone(), client: client.clone(), company, read: tell };
        tokio::spawn(reader.run());
        Self { repo, client, read, say }
    }

    /// Says something, and shows it.
    pub(super) async fn send(&self, draft: &Draft) -> Result<Receipt, Failure> {
        Ok(send(&self.client, &self.repo, draft, self.say).await??)
    }

    /// Is done when it has read a message.
    pub(super) async fn has_read(&self, id: &MessageId) -> Result<(), Failure> {
        let mut read = self.read.clone();
        let found = tokio::time::timeout(PATIENCE, read.wait_for(|read| read.contains(id))).await;
        match found {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(ClientError::Gone.into()),
            Err(_) => Err(Failure::TimedOut(format!("{} has not got message {id}", self.repo))),
        }
    }
}

/// The outer result is that of showing it, the inner one that of sending it.
async fn send(
    client: &BusClient,
    from: &RepoName,
    draft: &Draft,
    say: Say,
) -> Result<Result<Receipt, ClientError>, Failure> {
    let sent = client.send(draft).await;
    if let Ok(receipt) = &sent {
        say.message(from, draft, receipt)?;
    }
    Ok(sent)
}

/// The part of an instance that takes messages, one after the other.
struct Reader {
    repo: RepoName,
    client: BusClient,
    company: Company,
    read: watch::Sender<HashSet<MessageId>>,
}

impl Reader {
    async fn run(self) {
        while let Some(incoming) = self.client.receive().await {
            if let Err(failure) = self.take(&incoming).await {
                // Whoever does not hear it has ended the demo already.
                let _ = self.company.failures.send(failure);
                return;
            }
        }
    }

    async fn take(&self, incoming: &Incoming) -> Result<(), Failure> {
        let message = &incoming.message;
        let from = &message.from.repo;
        if !from.is_operator() && !self.company.repos.contains(from) {
            // Meant for a real agent of this name. It stays unread, and waits for that one.
            return Ok(());
        }
        self.company.pace.pause_over(&message.payload.headline()).await;
        self.client.ack_read(&message.id).await?;
        self.read.send_modify(|read| _ = read.insert(message.id.clone()));
        if !from.is_operator() {
            return Ok(());
        }
        if let Some(payload) = answer(&self.repo, &message.payload) {
            return self.answer(&Draft::answer(message, payload)).await;
        }
        // Nobody to tell means that the demo has ended.
        let _ = self.company.answers.send(message.clone());
        Ok(())
    }

    /// Answers; that the bus refuses one does not end the instance.
    async fn answer(&self, draft: &Draft) -> Result<(), Failure> {
        self.company.pace.pause_over(&draft.payload.headline()).await;
        match send(&self.client, &self.repo, draft, self.company.say).await? {
            Err(ClientError::Refused(refusal)) => {
                let what = format!("{}'s answer was refused: {refusal}", self.repo);
                eprintln!("veda-bus: {}", text::line(&what));
                Ok(())
            }
            sent => Ok(sent.map(|_| ())?),
        }
    }
}
