//! Arbitrary sequences of commands, and a hub with a moving clock that runs them.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use veda_bus_core::config::{Approval, HoldRule, Limits, Rules};
use veda_bus_core::event::{Configured, Receive, Recorded};
use veda_bus_core::hub::origin::Origin;
use veda_bus_core::hub::{Command, Handled, Hub, Policy, Reply};
use veda_bus_core::name::{Capability, InstanceId, MessageId, SessionId};
use veda_bus_core::os::Process;
use veda_bus_core::payload::Text;
use veda_bus_core::refusal::Refusal;
use veda_bus_core::state::Keep;
use veda_bus_core::state::registry::Instance;
use veda_bus_core::time::Millis;
use veda_bus_core::wire::decide::{Decide, Verdict};
use veda_bus_core::wire::request::{Ack, AckStage, Register};

use crate::bench::repo;

const REPOS: [&str; 4] = ["Flagship", "LensSDK", "AuthCore", "operator"];
const TARGETS: [&str; 6] = ["Flagship", "LensSDK", "AuthCore", "operator", "*", "Never"];
const CAPABILITIES: [&str; 2] = ["auth", "ui"];
/// How many ids senders choose from, so that ids are repeated, answered, and answered before they exist.
const IDS: usize = 14;

/// So many cases, or as many as `VEDA_CASES` says; a failing one is printed whole, and kept nowhere.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    let wanted = std::env::var("VEDA_CASES").ok().and_then(|count| count.parse().ok());
    ProptestConfig { cases: wanted.unwrap_or(cases), failure_persistence: None, ..ProptestConfig::default() }
}

/// Who gives a command: the instance with this number among those that the state knows, counted round.
type Who = usize;

/// A command, in the terms of whatever instances and messages there are when it is run.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Register(Joiner),
    /// A connection that is an instance declares something else.
    Redeclare(Who, Joiner),
    Send(Who, Letter),
    /// So many small messages at once, more than an instance may have on its way.
    Flood(Who, Letter, usize),
    Ack(Who, Vec<usize>, AckStage),
    AckNotices(Who, Vec<usize>),
    /// The client takes everything that is on its way to it.
    TakeAll(Who, AckStage),
    Leave(Who),
    Stuck(Who),
    Resume(Who),
    /// Another process takes the journal over, after the first stopped or did not.
    Restart {
        stopped: bool,
    },
    Checkpoint,
    /// The operator, or somebody else, decides on a message.
    Decide(Who, Verdict, usize),
    /// The hub decides by these rules from now on.
    Configure(Rules),
    /// So many milliseconds pass, or the clock is set back.
    Pass(i64),
}

#[derive(Debug, Clone)]
pub(crate) struct Joiner {
    repo: usize,
    instance: Option<usize>,
    session: Option<usize>,
    capabilities: Vec<usize>,
    receive: Receive,
    accept: Option<Vec<usize>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Letter {
    id: Option<usize>,
    to: usize,
    capabilities: Vec<usize>,
    reply_to: Option<usize>,
    payload: usize,
    priority: &'static str,
    ttl: Option<u64>,
    padding: usize,
    allow_unknown: bool,
}

pub(crate) fn steps(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Step>> {
    vec(step(), length)
}

fn step() -> impl Strategy<Value = Step> {
    let stage = || prop_oneof![Just(AckStage::Delivered), Just(AckStage::Read)];
    let ids = || vec(0..IDS, 0..5);
    let some = 0..12_usize;
    prop_oneof![
        6 => joiner().prop_map(Step::Register),
        1 => (some.clone(), joiner()).prop_map(|(who, joiner)| Step::Redeclare(who, joiner)),
        14 => (some.clone(), letter()).prop_map(|(who, letter)| Step::Send(who, letter)),
        1 => (some.clone(), letter(), 100..400_usize).prop_map(|(who, letter, n)| Step::Flood(who, letter, n)),
        5 => (some.clone(), ids(), stage()).prop_map(|(who, ids, stage)| Step::Ack(who, ids, stage)),
        1 => (some.clone(), ids()).prop_map(|(who, ids)| Step::AckNotices(who, ids)),
        2 => (some.clone(), stage()).prop_map(|(who, stage)| Step::TakeAll(who, stage)),
        3 => some.clone().prop_map(Step::Leave),
        1 => some.clone().prop_map(Step::Stuck),
        1 => some.clone().prop_map(Step::Resume),
        4 => (some, verdict(), 0..IDS).prop_map(|(who, verdict, id)| Step::Decide(who, verdict, id)),
        1 => rules().prop_map(Step::Configure),
        1 => any::<bool>().prop_map(|stopped| Step::Restart { stopped }),
        1 => Just(Step::Checkpoint),
        5 => select(vec![0, 1, 900, 1_500, 6_000, 70_000, 4_000_000, -5_000]).prop_map(Step::Pass),
    ]
}

fn verdict() -> impl Strategy<Value = Verdict> {
    use Verdict::{Amend, Approve, Continue, Override, Refuse, Reject, Release};
    select(vec![Approve, Reject, Amend, Override, Release, Release, Refuse, Continue])
}

fn rules() -> impl Strategy<Value = Rules> {
    let hold = ["type == \"Negotiate\"", "priority == high", "from == \"Flagship\" && ttl > 10"];
    let rule = |source: &str| HoldRule::new(source.parse().unwrap());
    let hold: Vec<_> = hold.into_iter().map(rule).collect();
    let approvals = select(vec![Approval::Always, Approval::OnConflict, Approval::Never]);
    let hold = prop_oneof![3 => Just(Vec::new()), 2 => vec(select(hold), 1..3)];
    let tight = Limits {
        messages_per_minute: 9,
        thread_messages_per_minute: 6,
        thread_messages: 5,
        thread_depth: 3,
        loop_answers: 1,
    };
    let circles = Limits { loop_answers: 1, ..Limits::default() };
    let limits = select(vec![Limits::default(), Limits::default(), circles, tight]);
    (approvals, hold, limits).prop_map(|(negotiations, hold, limits)| Rules {
        negotiations,
        hold,
        limits,
        ..Rules::default()
    })
}

fn joiner() -> impl Strategy<Value = Joiner> {
    let receive = prop_oneof![4 => Just(Receive::All), 1 => Just(Receive::Replies), 1 => Just(Receive::None)];
    let accept = weighted(0.15, vec(0..REPOS.len(), 0..2));
    let fields = (0..REPOS.len(), of(0..3_usize), of(0..2_usize), capabilities(), receive, accept);
    fields.prop_map(|(repo, instance, session, capabilities, receive, accept)| Joiner {
        repo,
        instance,
        session,
        capabilities,
        receive,
        accept,
    })
}

fn capabilities() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![3 => Just(Vec::new()), 2 => vec(0..CAPABILITIES.len(), 1..3)]
}

fn letter() -> impl Strategy<Value = Letter> {
    let ttl = select(vec![None, None, None, Some(1), Some(5), Some(100), Some(u64::MAX), Some(0)]);
    let padding = prop_oneof![40 => Just(0_usize), 1 => Just(1_500_000)];
    let priority = select(vec!["low", "normal", "normal", "high"]);
    let fields = (
        weighted(0.8, 0..IDS),
        0..TARGETS.len(),
        capabilities(),
        of(0..IDS),
        0..PAYLOADS,
        priority,
        ttl,
        padding,
        any::<bool>(),
    );
    fields.prop_map(|(id, to, capabilities, reply_to, payload, priority, ttl, padding, allow_unknown)| {
        Letter { id, to, capabilities, reply_to, payload, priority, ttl, padding, allow_unknown }
    })
}

/// What a hub may be told to decide by: generous, close, or forgetting everything at once.
pub(crate) fn policies() -> impl Strategy<Value = Policy> {
    let keep = |seconds, messages, bodies| Keep {
        retention: Duration::from_secs(seconds),
        messages,
        bodies,
        owed: Keep::OWED,
    };
    let keeps = vec![Keep::ALL, keep(3600, 1000, 0), keep(60, 8, 700), keep(5, 1, usize::MAX), keep(0, 0, 0)];
    let keeps = select(keeps);
    let limits = select(vec![(50_000, 64 << 20), (6, 64 << 20), (500, 1 << 11)]);
    (keeps, limits, rules()).prop_map(|(keep, (mailbox_messages, mailbox_bytes), rules)| Policy {
        rules,
        default_ttl: Duration::from_secs(300),
        mailbox_messages,
        mailbox_bytes,
        keep,
        ..Policy::default()
    })
}

const PAYLOADS: usize = 23;

fn payload(which: usize) -> (&'static str, Value) {
    match which {
        0 => ("RequestChange", json!({ "summary": "s" })),
        1 => ("Query", json!({ "question": "q" })),
        2 => ("Notify", json!({ "change_type": "deprecation", "summary": "s" })),
        3 => (
            "Negotiate",
            json!({ "proposal": "p", "affected_repos": ["LensSDK"], "requires_consensus": true }),
        ),
        4 => {
            let subtasks = json!({ "LensSDK": "s", "AuthCore": "s" });
            ("Task", json!({ "task_type": "t", "description": "d", "subtasks": subtasks }))
        }
        5 => ("Query", json!({ "question": " " })),
        6 => ("RequestChange", json!({ "decision": "acknowledged" })),
        7 => ("RequestChange", json!({ "decision": "done" })),
        8 => ("Query", json!({ "answer": [1] })),
        9 => ("Query", json!({ "acknowledged": true })),
        10 => ("Notify", json!({ "acknowledged": true })),
        11 => ("Negotiate", json!({ "vote": "accept" })),
        13 => {
            let voters = ["Flagship", "LensSDK", "AuthCore"];
            ("Negotiate", json!({ "proposal": "q", "affected_repos": voters, "requires_consensus": false }))
        }
        14 => ("Negotiate", json!({ "vote": "reject" })),
        15 => ("Negotiate", json!({ "vote": "counter", "counter_proposal": "r" })),
        16 => ("Negotiate", json!({ "outcome": "withdrawn" })),
        17 => ("Negotiate", json!({ "vote": "abstain" })),
        18 => ("Task", json!({ "status": "in_progress" })),
        19 => ("Task", json!({ "status": "failed" })),
        20 => ("RequestChange", json!({ "decision": "countered", "counter_proposal": "p" })),
        21 => ("RequestChange", json!({ "decision": "accepted", "eta_seconds": 100 })),
        22 => ("RequestChange", json!({ "decision": "rejected" })),
        _ => ("Task", json!({ "status": "done" })),
    }
}

fn message_id(index: usize) -> MessageId {
    MessageId::new(&format!("m{index}")).unwrap()
}

impl Letter {
    /// Without an id the bus makes one up.
    fn json(&self) -> String {
        let (kind, payload) = payload(self.payload);
        let capabilities: Vec<_> = self.capabilities.iter().map(|&one| CAPABILITIES[one]).collect();
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        put("to", json!({ "repo": TARGETS[self.to], "capabilities": capabilities }));
        put("type", json!(kind));
        put("payload", payload);
        put("priority", json!(self.priority));
        self.id.map(|id| put("id", json!(message_id(id))));
        self.reply_to.map(|id| put("reply_to", json!(message_id(id))));
        self.ttl.map(|ttl| put("ttl", json!(ttl)));
        if self.padding > 0 {
            put("x-padding", json!("x".repeat(self.padding)));
        }
        Value::Object(members).to_string()
    }
}

impl Joiner {
    fn register(&self) -> Register {
        let name = |prefix: &str, index| format!("{prefix}{index}");
        let capability = |&one: &usize| Capability::new(CAPABILITIES[one]).unwrap();
        let repos = |list: &Vec<usize>| list.iter().map(|&one| repo(REPOS[one])).collect();
        Register {
            instance_id: self.instance.map(|index| InstanceId::new(&name("i", index)).unwrap()),
            session_id: self.session.map(|index| SessionId::new(&name("s", index)).unwrap()),
            capabilities: self.capabilities.iter().map(capability).collect(),
            receive: self.receive,
            accept_requests_from: self.accept.as_ref().map(repos),
            ..Register::new(repo(REPOS[self.repo]))
        }
    }
}

/// A hub, the time, and what was made up so far.
pub(crate) struct Runner {
    pub(crate) hub: Hub,
    pub(crate) now: Millis,
    counter: Rc<Cell<u64>>,
}

/// What came of one command.
pub(crate) type Outcome = Result<Reply, Refusal>;

impl Runner {
    pub(crate) fn new(policy: Policy) -> Self {
        Self { hub: Hub::new(policy), now: Millis(1_000_000), counter: Rc::default() }
    }

    /// The same with a hub that knows nothing yet.
    pub(crate) fn taken_over(self) -> Self {
        Self { hub: Hub::new(self.hub.policy().clone()), ..self }
    }

    /// Runs a step. `each` is told what came of every command in it.
    pub(crate) fn run(&mut self, step: &Step, each: &mut dyn FnMut(&Hub, &[Recorded], &Outcome)) {
        match step {
            Step::Register(joiner) => self.register(joiner.register(), None, each),
            Step::Redeclare(who, joiner) => {
                let Some(known) = self.connected(*who) else { return };
                let (current, repo) = (known.id.clone(), known.repo.clone());
                let register = Register { repo, instance_id: None, ..joiner.register() };
                self.register(register, Some(current), each);
            }
            Step::Send(who, letter) => self.send(*who, letter, each),
            Step::Flood(who, letter, count) => {
                let letter = Letter { id: None, padding: 0, ..letter.clone() };
                (0..*count).for_each(|_| self.send(*who, &letter, each));
            }
            Step::Ack(who, ids, stage) => {
                let ids = ids.iter().map(|&id| message_id(id)).collect();
                self.ack(*who, Ack { ids, stage: *stage, notices: Vec::new(), ..Ack::default() }, each);
            }
            Step::AckNotices(who, ids) => {
                let notices = ids.iter().map(|&id| message_id(id)).collect();
                self.ack(
                    *who,
                    Ack { ids: Vec::new(), stage: AckStage::Delivered, notices, ..Ack::default() },
                    each,
                );
            }
            Step::TakeAll(who, stage) => {
                let Some(known) = self.connected(*who) else { return };
                let mine = self.hub.state().records().filter(|record| {
                    let delivery = record.delivery(&known.repo);
                    delivery
                        .is_some_and(|one| one.stage.is_open() && one.instance.as_ref() == Some(&known.id))
                });
                let ids = mine.map(|record| record.id.clone()).collect();
                self.ack(*who, Ack { ids, stage: *stage, notices: Vec::new(), ..Ack::default() }, each);
            }
            Step::Leave(who) => self.of_known(*who, |instance| Command::Leave { instance }, each),
            Step::Stuck(who) => self.of_known(*who, |instance| Command::Stuck { instance }, each),
            Step::Resume(who) => self.of_known(*who, |instance| Command::Resume { instance }, each),
            Step::Restart { stopped } => {
                if *stopped {
                    self.command(Command::Stop { pid: 1 }, each);
                }
                self.command(Command::Start { pid: 2, version: "test".into() }, each);
            }
            Step::Checkpoint => self.command(Command::Checkpoint { previous: "0".repeat(32) }, each),
            Step::Decide(who, verdict, id) => {
                let Some(instance) = self.known(*who).map(|known| known.id.clone()) else { return };
                let text = Text::new("t");
                let mut decide = Box::new(Decide::on(*verdict, message_id(*id)));
                decide.proposal.clone_from(&text);
                decide.comment = text;
                let fresh = ids(&self.counter);
                self.command(
                    Command::Decide { instance, decide, origin: Origin::default(), fresh: &fresh },
                    each,
                );
            }
            Step::Configure(rules) => {
                let (rules, configured) = (Some(rules.clone()), Configured::default());
                let fresh = ids(&self.counter);
                self.command(Command::Configure { rules, configured, fresh: &fresh }, each);
            }
            Step::Pass(millis) => {
                self.now = Millis(self.now.0.saturating_add_signed(*millis));
                let fresh = ids(&self.counter);
                self.command(Command::Tick { fresh: &fresh }, each);
            }
        }
    }

    pub(crate) fn command(
        &mut self,
        command: Command<'_>,
        each: &mut dyn FnMut(&Hub, &[Recorded], &Outcome),
    ) {
        let Handled { events, reply } = self.hub.handle(command, self.now);
        each(&self.hub, &events, &reply);
    }

    fn register(
        &mut self,
        register: Register,
        current: Option<InstanceId>,
        each: &mut dyn FnMut(&Hub, &[Recorded], &Outcome),
    ) {
        let fresh = InstanceId::new(&self.fresh()).unwrap();
        let origin = Origin::default();
        // Some processes are the host of several instances, and some of them come again.
        let host = Process { pid: 1, started: self.counter.get() % 7 };
        self.command(Command::Register { register, current, origin, host: Some(host), fresh }, each);
    }

    fn send(&mut self, who: Who, letter: &Letter, each: &mut dyn FnMut(&Hub, &[Recorded], &Outcome)) {
        let Some(instance) = self.known(who).map(|known| known.id.clone()) else { return };
        let (message, allow_unknown) = (letter.json(), letter.allow_unknown);
        let fresh = ids(&self.counter);
        self.command(Command::Send { instance, message: &message, allow_unknown, fresh: &fresh }, each);
    }

    fn ack(&mut self, who: Who, ack: Ack, each: &mut dyn FnMut(&Hub, &[Recorded], &Outcome)) {
        self.of_known(who, |instance| Command::Ack { instance, ack }, each);
    }

    fn of_known(
        &mut self,
        who: Who,
        command: impl FnOnce(InstanceId) -> Command<'static>,
        each: &mut dyn FnMut(&Hub, &[Recorded], &Outcome),
    ) {
        if let Some(instance) = self.known(who).map(|known| known.id.clone()) {
            self.command(command(instance), each);
        }
    }

    fn known(&self, who: Who) -> Option<&Instance> {
        pick(self.hub.state().instances().collect(), who)
    }

    fn connected(&self, who: Who) -> Option<&Instance> {
        pick(self.hub.state().instances().filter(|known| known.connected).collect(), who)
    }

    fn fresh(&mut self) -> String {
        fresh(&self.counter)
    }
}

fn fresh(counter: &Cell<u64>) -> String {
    counter.set(counter.get() + 1);
    format!("fresh-{}", counter.get())
}

/// Makes message ids, the same ones for the same commands.
fn ids(counter: &Rc<Cell<u64>>) -> impl Fn() -> MessageId + use<> {
    let counter = Rc::clone(counter);
    move || MessageId::new(&fresh(&counter)).unwrap()
}

fn pick<T>(all: Vec<T>, which: usize) -> Option<T> {
    let count = all.len().max(1);
    all.into_iter().nth(which % count)
}
