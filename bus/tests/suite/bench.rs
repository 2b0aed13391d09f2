//! A hub with a clock of its own, driven by hand.

use serde_json::{Value, json};
use veda_bus_core::event::{Event, Receive, Recorded};
use veda_bus_core::hub::origin::Origin;
use veda_bus_core::hub::{Command, Hub, Policy, Reply};
use veda_bus_core::name::{InstanceId, MessageId, RepoName};
use veda_bus_core::refusal::Refusal;
use veda_bus_core::state::negotiation::Negotiation;
use veda_bus_core::state::record::Stage;
use veda_bus_core::time::Millis;
use veda_bus_core::wire::answer::{Receipt, Welcome};
use veda_bus_core::wire::decide::{Decide, Decided, Verdict};
use veda_bus_core::wire::request::{Ack, AckStage, Register};

pub(crate) struct Bench {
    pub(crate) hub: Hub,
    pub(crate) now: Millis,
    pub(crate) events: Vec<Recorded>,
    counter: u64,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(Policy::default())
    }

    pub(crate) fn with(policy: Policy) -> Self {
        let mut bench =
            Self { hub: Hub::new(policy), now: Millis(1_000_000), events: Vec::new(), counter: 0 };
        bench.command(Command::Start { pid: 1, version: "test".into() }).unwrap();
        bench
    }

    /// Runs a command, and keeps its events.
    pub(crate) fn command(&mut self, command: Command<'_>) -> Result<Reply, Refusal> {
        let handled = self.hub.handle(command, self.now);
        self.events.extend(handled.events);
        handled.reply
    }

    /// Lets so many seconds pass, and what they bring happen.
    pub(crate) fn pass(&mut self, seconds: u64) {
        self.now = Millis(self.now.0 + seconds * 1000);
        self.command(Command::Tick { fresh: &MessageId::random }).unwrap();
    }

    fn fresh(&mut self) -> String {
        self.counter += 1;
        format!("fresh-{}", self.counter)
    }

    pub(crate) fn register(&mut self, register: Register) -> Result<Welcome, Refusal> {
        let fresh = InstanceId::new(&self.fresh()).unwrap();
        match self.command(Command::Register {
            register,
            current: None,
            origin: Origin::default(),
            host: None,
            fresh,
        })? {
            Reply::Welcome(welcome) => Ok(welcome),
            other => panic!("{other:?}"),
        }
    }

    /// An instance of `name` called `name`.
    pub(crate) fn join(&mut self, name: &str) -> InstanceId {
        let instance_id = Some(InstanceId::new(name).unwrap());
        self.register(Register { instance_id, ..Register::new(repo(name)) }).unwrap().instance_id
    }

    /// An instance of `name` that only sends.
    pub(crate) fn sender(&mut self, name: &str) -> InstanceId {
        let receive = Receive::None;
        self.register(Register { receive, ..Register::new(repo(name)) }).unwrap().instance_id
    }

    pub(crate) fn send(&mut self, instance: &InstanceId, message: &Value) -> Result<Receipt, Refusal> {
        self.send_to_anyone(instance, message, false)
    }

    pub(crate) fn send_to_anyone(
        &mut self,
        instance: &InstanceId,
        message: &Value,
        allow_unknown: bool,
    ) -> Result<Receipt, Refusal> {
        let fresh = MessageId::new(&self.fresh()).unwrap();
        let message = message.to_string();
        let instance = instance.clone();
        let fresh = || fresh.clone();
        match self.command(Command::Send { instance, message: &message, allow_unknown, fresh: &fresh })? {
            Reply::Receipt(receipt) => Ok(receipt),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn ack(&mut self, instance: &InstanceId, id: &str, stage: AckStage) -> Result<Reply, Refusal> {
        let ack =
            Ack { ids: vec![MessageId::new(id).unwrap()], stage, notices: Vec::new(), ..Ack::default() };
        self.command(Command::Ack { instance: instance.clone(), ack })
    }

    /// The operator decides.
    pub(crate) fn decide(&mut self, instance: &InstanceId, decide: Decide) -> Result<Decided, Refusal> {
        let (instance, decide, origin) = (instance.clone(), Box::new(decide), Origin::default());
        match self.command(Command::Decide { instance, decide, origin, fresh: &MessageId::random })? {
            Reply::Decided(decided) => Ok(decided),
            other => panic!("{other:?}"),
        }
    }

    /// The negotiation that the message `id` began.
    pub(crate) fn negotiation(&self, id: &str) -> &Negotiation {
        self.hub.state().negotiation_of(&MessageId::new(id).unwrap()).unwrap()
    }

    /// The payload of the last message that was accepted.
    pub(crate) fn last_said(&self) -> Value {
        let said = self.events.iter().rev().find_map(|recorded| match &recorded.event {
            Event::Accepted(accepted) => Some(&accepted.message),
            _ => None,
        });
        serde_json::from_str(said.unwrap().payload_json()).unwrap()
    }

    pub(crate) fn leave(&mut self, instance: &InstanceId) {
        self.command(Command::Leave { instance: instance.clone() }).unwrap();
    }

    pub(crate) fn stage(&self, id: &str, name: &str) -> Option<Stage> {
        let record = self.hub.state().message(&MessageId::new(id).unwrap())?;
        record.delivery(&repo(name)).map(|delivery| delivery.stage)
    }

    /// Who holds a message, by the last event that said so.
    pub(crate) fn holder(&self, id: &str, name: &str) -> Option<String> {
        let record = self.hub.state().message(&MessageId::new(id).unwrap())?;
        record.delivery(&repo(name))?.instance.as_ref().map(ToString::to_string)
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.events.iter().map(|recorded| recorded.event.name()).collect()
    }

    pub(crate) fn last_event(&self) -> &Event {
        &self.events.last().unwrap().event
    }
}

pub(crate) fn repo(name: &str) -> RepoName {
    RepoName::new(name).unwrap()
}

/// A query with an id.
pub(crate) fn query(id: &str, to: &str) -> Value {
    json!({ "id": id, "to": { "repo": to }, "type": "Query", "payload": { "question": "Why?" } })
}

/// A proposal with an id.
pub(crate) fn proposal(id: &str, to: &str, voters: &[&str], requires_consensus: bool) -> Value {
    json!({
        "id": id, "to": { "repo": to }, "type": "Negotiate",
        "payload": {
            "proposal": format!("proposal {id}"), "affected_repos": voters,
            "requires_consensus": requires_consensus,
        },
    })
}

/// A vote with an id, in answer to `parent`.
pub(crate) fn vote(id: &str, to: &str, parent: &str, vote: &str) -> Value {
    let payload = if vote == "counter" {
        json!({ "vote": vote, "counter_proposal": format!("counter {id}") })
    } else {
        json!({ "vote": vote })
    };
    json!({ "id": id, "to": { "repo": to }, "type": "Negotiate", "reply_to": parent, "payload": payload })
}

/// A decision on the message `id`.
pub(crate) fn on(verdict: Verdict, id: &str) -> Decide {
    Decide::on(verdict, MessageId::new(id).unwrap())
}

/// An answer to a query.
pub(crate) fn answer(id: &str, to: &str, parent: &str) -> Value {
    json!({
        "id": id, "to": { "repo": to }, "type": "Query", "reply_to": parent,
        "payload": { "answer": "Because." },
    })
}

/// `value` with a member changed; a path like `to.repo`.
pub(crate) fn with(mut value: Value, path: &str, member: Value) -> Value {
    let pointer = format!("/{}", path.replace('.', "/"));
    match value.pointer_mut(&pointer) {
        Some(place) => *place = member,
        None => value[path] = member,
    }
    value
}
