//! What an instance does with its messages (specification, "Coordination Handler").
//!
//! Implement [`CoordinationHandler`], one method for each type, and give it to [`run`]: the loop acknowledges,
//! answers with what the methods return, and leaves alone what is too old or filtered out.
//!
//! ```
//! use veda_bus_core::handler::{CoordinationHandler, HandlerSettings, run};
//! use veda_bus_core::payload::{Query, QueryAnswer};
//! use veda_bus_core::wire::answer::Incoming;
//!
//! struct Librarian;
//!
//! impl CoordinationHandler for Librarian {
//!     async fn handle_query(&mut self, _message: &Incoming, query: &Query) -> Option<QueryAnswer> {
//!         let answer = format!("Let me look up: {}", query.question.as_str());
//!         Some(QueryAnswer { answer: Some(answer.into()), ..QueryAnswer::default() })
//!     }
//! }
//!
//! # // A bus of its own, on a thread of its own, in a folder that is removed in the end.
//! # fn start_bus(folder: &std::path::Path) -> std::path::PathBuf {
//! #     let socket = folder.join("bus.sock");
//! #     let settings = veda_bus_core::config::BusSettings {
//! #         socket_path: socket.clone(),
//! #         log_path: folder.join("log"),
//! #         ..Default::default()
//! #     };
//! #     let server = veda_bus_core::server::Server::bind(settings).unwrap();
//! #     std::thread::spawn(move || {
//! #         let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//! #         runtime.block_on(server.run(std::future::pending())).unwrap();
//! #     });
//! #     socket
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use veda_bus_core::message::{Draft, Recipient};
//! # use veda_bus_core::payload::{Form, Payload, Text};
//! # let folder = tempfile::tempdir()?;
//! # let socket = start_bus(folder.path());
//! use veda_bus_core::client::BusClient;
//! use veda_bus_core::wire::Register;
//!
//! let client = BusClient::connect(&socket).await?;
//! client.register(Register::new("Library".parse()?)).await?;
//! tokio::spawn(async move { run(&client, &mut Librarian, &HandlerSettings::default()).await });
//! # let reader = BusClient::connect(&socket).await?;
//! # reader.register(Register::new("Reader".parse()?)).await?;
//! # let question = Text::new("Moby-Dick").ok_or("blank")?;
//! # let query = Payload::Query(Form::Opening(Query { question, context: None, response_format: None }));
//! # let draft = Draft::new(Recipient::repo("Library".parse()?), query);
//! # let (_, answer) = reader.request(&draft, std::time::Duration::from_secs(10)).await?;
//! # assert_eq!(answer.message.payload.headline(), "Let me look up: Moby-Dick");
//! # Ok(())
//! # }
//! ```

use std::future::{Future, ready};
use std::time::Duration;

use crate::client::{BusClient, ClientError};
use crate::filter::{Facts, Filter};
use crate::message::Draft;
use crate::payload::{
    Form, Negotiate, NegotiateAnswer, Notify, NotifyAnswer, Payload, Query, QueryAnswer, RequestChange,
    RequestChangeAnswer, Task, TaskAnswer,
};
use crate::time::Millis;
use crate::wire::answer::Incoming;

/// What an instance says to each type of message. `None` says nothing, now; the message counts as read all the same.
pub trait CoordinationHandler: Send {
    /// Another repo asks for a change.
    fn handle_change_request(
        &mut self,
        message: &Incoming,
        request: &RequestChange,
    ) -> impl Future<Output = Option<RequestChangeAnswer>> + Send {
        let _ = (message, request);
        ready(None)
    }

    /// Another repo asks a question.
    fn handle_query(
        &mut self,
        message: &Incoming,
        query: &Query,
    ) -> impl Future<Output = Option<QueryAnswer>> + Send {
        let _ = (message, query);
        ready(None)
    }

    /// A change is announced.
    fn handle_notification(
        &mut self,
        message: &Incoming,
        notify: &Notify,
    ) -> impl Future<Output = Option<NotifyAnswer>> + Send {
        let _ = (message, notify);
        ready(None)
    }

    /// A proposal is put to the vote.
    fn handle_negotiation(
        &mut self,
        message: &Incoming,
        proposal: &Negotiate,
    ) -> impl Future<Output = Option<NegotiateAnswer>> + Send {
        let _ = (message, proposal);
        ready(None)
    }

    /// Work is handed out.
    fn handle_task_assignment(
        &mut self,
        message: &Incoming,
        task: &Task,
    ) -> impl Future<Output = Option<TaskAnswer>> + Send {
        let _ = (message, task);
        ready(None)
    }

    /// Something that this instance said was answered.
    fn handle_answer(&mut self, message: &Incoming) -> impl Future<Output = ()> + Send {
        let _ = message;
        ready(())
    }
}

/// What the loop decides without the handler; `[coordination]` in `.veda/coordination.toml`.
#[derive(Debug, Clone)]
pub struct HandlerSettings {
    /// Whether an opening is answered with an acknowledgement at once.
    pub auto_acknowledge: bool,
    /// Older messages are not given to the handler. They stay unread, so that their sender learns of it when they
    /// expire.
    pub max_message_age: Duration,
    /// Only messages that match are given to the handler; the others stay unread.
    pub filter: Option<Filter>,
}

impl Default for HandlerSettings {
    fn default() -> Self {
        Self { auto_acknowledge: true, max_message_age: Duration::from_secs(300), filter: None }
    }
}

/// Gives the client's messages to the handler, one after the other, until the bus is gone for good.
///
/// # Errors
/// When an answer can not be sent because the bus is gone. What the bus refuses to pass on is logged.
pub async fn run(
    client: &BusClient,
    handler: &mut impl CoordinationHandler,
    settings: &HandlerSettings,
) -> Result<(), ClientError> {
    while let Some(incoming) = client.receive().await {
        if wanted(&incoming, settings, Millis::now()) {
            handle_incoming(client, handler, settings, &incoming).await?;
        }
    }
    Ok(())
}

/// Whether a message is given to the handler. A filter that can not judge a message lets it through.
pub fn wanted(incoming: &Incoming, settings: &HandlerSettings, now: Millis) -> bool {
    if now.since(incoming.at) > settings.max_message_age {
        return false;
    }
    let Some(filter) = &settings.filter else { return true };
    filter.matches(&Facts::of_message(&incoming.message, now, incoming.at)).unwrap_or(true)
}

async fn handle_incoming(
    client: &BusClient,
    handler: &mut impl CoordinationHandler,
    settings: &HandlerSettings,
    incoming: &Incoming,
) -> Result<(), ClientError> {
    let message = &incoming.message;
    if settings.auto_acknowledge && !message.payload.is_answer() {
        let acknowledgement = Draft::answer(message, Payload::acknowledgement(message.kind()));
        passed_on(client.send(&acknowledgement).await.map(|_| ()))?;
    }
    if let Some(answer) = answer_of(handler, incoming).await {
        passed_on(client.send(&Draft::answer(message, answer)).await.map(|_| ()))?;
    }
    client.ack_read(&message.id).await
}

async fn answer_of(handler: &mut impl CoordinationHandler, incoming: &Incoming) -> Option<Payload> {
    use Form::{Answer, Opening};
    match &incoming.message.payload {
        Payload::RequestChange(Opening(request)) => handler
            .handle_change_request(incoming, request)
            .await
            .map(|answer| Payload::RequestChange(Answer(answer))),
        Payload::Query(Opening(query)) => {
            handler.handle_query(incoming, query).await.map(|answer| Payload::Query(Answer(answer)))
        }
        Payload::Notify(Opening(notify)) => {
            handler.handle_notification(incoming, notify).await.map(|answer| Payload::Notify(Answer(answer)))
        }
        Payload::Negotiate(Opening(proposal)) => handler
            .handle_negotiation(incoming, proposal)
            .await
            .map(|answer| Payload::Negotiate(Answer(answer))),
        Payload::Task(Opening(task)) => {
            handler.handle_task_assignment(incoming, task).await.map(|answer| Payload::Task(Answer(answer)))
        }
        _ => {
            handler.handle_answer(incoming).await;
            None
        }
    }
}

/// A refusal concerns one answer, not the instance.
fn passed_on(sent: Result<(), ClientError>) -> Result<(), ClientError> {
    match sent {
        Err(ClientError::Refused(refusal)) => {
            tracing::warn!("an answer was refused: {refusal}");
            Ok(())
        }
        other => other,
    }
}
