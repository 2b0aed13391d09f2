//! A bus with a clock of its own, driven by hand: what a console would be told of it.

use serde_json::{Value, json};
use veda_bus_core::config::{HoldRule, Rules};
use veda_bus_core::event::{Configured, Recorded};
use veda_bus_core::filter::Filter;
use veda_bus_core::hub::origin::Origin;
use veda_bus_core::hub::{Command, Hub, Policy, Reply};
use veda_bus_core::name::{Capability, InstanceId, MessageId, RepoName, Seq};
use veda_bus_core::refusal::Refusal;
use veda_bus_core::state::view::StateView;
use veda_bus_core::time::Millis;
use veda_bus_core::wire::answer::{Receipt, Welcome};
use veda_bus_core::wire::request::{Ack, AckStage, Register};
use veda_bus_core::wire::{Decide, Decided};

/// A quarter past some hour: whatever the time zone, a quarter of an hour from here is within one day.
pub(crate) const BEGIN: Millis = Millis(1_700_000_100_000);

pub(crate) struct Swarm {
    pub(crate) hub: Hub,
    pub(crate) now: Millis,
    pub(crate) events: Vec<Recorded>,
    made_up: usize,
}

impl Swarm {
    pub(crate) fn new() -> Self {
        let mut swarm = Self { hub: Hub::new(Policy::default()), now: BEGIN, events: Vec::new(), made_up: 0 };
        swarm.command(Command::Start { pid: 4242, version: "0.1.0".into() }).unwrap();
        swarm
    }

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

    /// An instance of `repo`, named like it, with these capabilities.
    pub(crate) fn join(&mut self, repo: &str, capabilities: &[&str]) -> Welcome {
        self.join_as(repo, repo, capabilities)
    }

    pub(crate) fn join_as(&mut self, instance: &str, repo: &str, capabilities: &[&str]) -> Welcome {
        let instance = InstanceId::new(instance).unwrap();
        let register = Register {
            instance_id: Some(instance.clone()),
            capabilities: capabilities.iter().map(|one| Capability::new(one).unwrap()).collect(),
            path: Some(format!("/src/{repo}")),
            client: Some("test".parse().unwrap()),
            ..Register::new(self::repo(repo))
        };
        let origin = Origin { pid: Some(77), ..Origin::default() };
        let command = Command::Register { register, current: None, origin, host: None, fresh: instance };
        match self.command(command).unwrap() {
            Reply::Welcome(welcome) => welcome,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn leave(&mut self, instance: &str) {
        self.command(Command::Leave { instance: InstanceId::new(instance).unwrap() }).unwrap();
    }

    /// Sends a message from the instance that is named like `from`; gives the number of the event.
    pub(crate) fn send(&mut self, from: &str, message: &Value) -> Seq {
        self.try_send(from, message).unwrap().seq
    }

    pub(crate) fn try_send(&mut self, from: &str, message: &Value) -> Result<Receipt, Refusal> {
        self.made_up += 1;
        let fresh = MessageId::new(&format!("{:08x}-made-up", self.made_up)).unwrap();
        let (instance, text) = (InstanceId::new(from).unwrap(), message.to_string());
        let fresh = || fresh.clone();
        match self.command(Command::Send { instance, message: &text, allow_unknown: true, fresh: &fresh })? {
            Reply::Receipt(receipt) => Ok(receipt),
            other => panic!("{other:?}"),
        }
    }

    /// The operator's instance decides.
    pub(crate) fn decide(&mut self, decide: &Decide) -> Result<Decided, Refusal> {
        let instance = InstanceId::new("operator").unwrap();
        let (decide, origin) = (Box::new(decide.clone()), Origin::default());
        let command = Command::Decide { instance, decide, origin, fresh: &MessageId::random };
        match self.command(command)? {
            Reply::Decided(decided) => Ok(decided),
            other => panic!("{other:?}"),
        }
    }

    /// From now on, what matches this expression is held.
    pub(crate) fn hold(&mut self, expression: &str) {
        let hold = vec![HoldRule::new(Filter::compile(expression).unwrap())];
        let configured = Configured {
            negotiations: "always".into(),
            hold: vec![expression.to_owned()],
            ..Configured::default()
        };
        let rules = Some(Rules { hold, ..Rules::default() });
        self.command(Command::Configure { rules, configured, fresh: &MessageId::random }).unwrap();
    }

    /// The rules are told, and stay as they are.
    pub(crate) fn configure(&mut self, configured: Configured) {
        self.command(Command::Configure { rules: None, configured, fresh: &MessageId::random }).unwrap();
    }

    /// The instance that is named like its repo has read a message.
    pub(crate) fn read(&mut self, repo: &str, ids: &[&str]) {
        let ids = ids.iter().map(|id| message_id(id)).collect();
        let ack = Ack { ids, stage: AckStage::Read, notices: Vec::new(), ..Ack::default() };
        self.command(Command::Ack { instance: InstanceId::new(repo).unwrap(), ack }).unwrap();
    }

    /// What `state` answers, of a bus with a journal.
    pub(crate) fn view(&self) -> StateView {
        StateView {
            journal: Some("/journal".into()),
            oldest: Some(Seq(1)),
            since: Seq(1),
            ..StateView::of(self.hub.state())
        }
    }

    pub(crate) fn seq_of(&self, id: &str) -> Seq {
        self.hub.state().message(&message_id(id)).unwrap().seq
    }
}

pub(crate) fn repo(name: &str) -> RepoName {
    RepoName::new(name).unwrap()
}

pub(crate) fn message_id(id: &str) -> MessageId {
    MessageId::new(id).unwrap()
}

pub(crate) fn query(id: &str, to: &str, question: &str) -> Value {
    json!({ "id": id, "to": { "repo": to }, "type": "Query", "payload": { "question": question } })
}

pub(crate) fn answer(id: &str, to: &str, parent: &str, answer: &str) -> Value {
    json!({
        "id": id, "to": { "repo": to }, "type": "Query", "reply_to": parent, "payload": { "answer": answer },
    })
}

pub(crate) fn notify(id: &str, to: &str, summary: &str) -> Value {
    let payload = json!({ "change_type": "deprecation", "summary": summary });
    json!({ "id": id, "to": { "repo": to }, "type": "Notify", "payload": payload })
}

pub(crate) fn proposal(id: &str, to: &str, proposal: &str, voters: &[&str]) -> Value {
    let payload = json!({ "proposal": proposal, "affected_repos": voters, "requires_consensus": true });
    json!({ "id": id, "to": { "repo": to }, "type": "Negotiate", "payload": payload })
}

pub(crate) fn vote(id: &str, to: &str, parent: &str, vote: &str) -> Value {
    json!({
        "id": id, "to": { "repo": to }, "type": "Negotiate", "reply_to": parent, "payload": { "vote": vote },
    })
}

/// `value` with a member beside the others.
pub(crate) fn with(mut value: Value, name: &str, member: impl Into<Value>) -> Value {
    value[name] = member.into();
    value
}
