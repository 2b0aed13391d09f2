//! The hub decides: command + state + now → events + a reply.
//!
//! It does no I/O, reads no clock and draws no random numbers: a shell (the server, a test) hands in the commands and
//! the time, writes the events to the journal, and sends out what they caused. So every rule of the bus is tested
//! without sockets or sleeping, and the same commands at the same times always give the same journal.
//!
//! | module | what is in it |
//! |---|---|
//! | [`origin`] | which process may act as the operator |
//! | [`registration`] | who may be an instance, and as whom |
//! | [`sending`] | what a message must be to be accepted |
//! | `admission` | for whom |
//! | `acks` | how far messages have come with a client |
//! | `negotiating` | what it means to a negotiation, and what follows from the votes |
//! | `holding` | what is held, and what the operator decides |
//! | `posting` | what the bus itself writes |
//! | [`routing`] | which instance gets which message |
//! | `limits` | how much is too much |

mod acks;
mod admission;
mod holding;
mod limits;
mod negotiating;
pub mod origin;
mod posting;
pub mod registration;
pub mod routing;
pub mod sending;

use std::time::Duration;

use crate::config::Rules;
use crate::event::{
    Checkpoint, Configured, Event, Expired, InstanceRef, Left, LeftReason, Recorded, Started, Stopped,
};
use crate::name::{InstanceId, MessageId, RepoName, Seq};
use crate::os::Process;
use crate::refusal::{Code, Refusal};
use crate::state::record::Stage;
use crate::state::{Keep, State};
use crate::time::Millis;
use crate::wire::answer::{Receipt, Welcome};
use crate::wire::decide::{Decide, Decided};
use crate::wire::request::{Ack, Register};
use origin::{Origin, OriginPolicy};

/// The numbers that the hub decides by; `[bus]` in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The TTL of messages that have none.
    pub default_ttl: Duration,
    /// How many messages a mailbox holds.
    pub mailbox_messages: usize,
    /// How many bytes of messages a mailbox holds.
    pub mailbox_bytes: usize,
    /// What is remembered of finished messages.
    pub keep: Keep,
    /// What waits for the operator, and how much is too much.
    pub rules: Rules,
    /// The longest line that a client may send, in bytes; told in `welcome`.
    pub max_message_size: usize,
    /// What a receipt means; told in `welcome`.
    pub durability: &'static str,
    /// Who may act as the operator.
    pub origin: OriginPolicy,
}

impl Default for Policy {
    fn default() -> Self {
        let keep =
            Keep { retention: Duration::from_secs(3600), messages: 100_000, bodies: 0, owed: Keep::OWED };
        Self {
            default_ttl: Duration::from_secs(3600),
            mailbox_messages: 50_000,
            mailbox_bytes: 64 << 20,
            keep,
            rules: Rules::default(),
            max_message_size: 1 << 20,
            durability: "power",
            origin: OriginPolicy::default(),
        }
    }
}

/// Something that the hub is to decide.
pub enum Command<'a> {
    /// This process took the journal over.
    Start {
        /// Its process id.
        pid: u32,
        /// Its version.
        version: String,
    },
    /// This process gives the journal up.
    Stop {
        /// Its process id.
        pid: u32,
    },
    /// A segment of the journal begins.
    Checkpoint {
        /// The chain digest of the line before.
        previous: String,
    },
    /// A connection wants to be an instance.
    Register {
        /// As whom.
        register: Register,
        /// The instance that the connection already is.
        current: Option<InstanceId>,
        /// Where the process at its other end comes from; for any repo but `operator`, its number is enough.
        origin: Origin,
        /// The host of the agent, where that is known.
        host: Option<Process>,
        /// An id that no instance has yet.
        fresh: InstanceId,
    },
    /// An instance's connection is gone, or somebody else is that instance now.
    Leave {
        /// The instance.
        instance: InstanceId,
    },
    /// An instance does not answer.
    Stuck {
        /// The instance.
        instance: InstanceId,
    },
    /// An instance answers again.
    Resume {
        /// The instance.
        instance: InstanceId,
    },
    /// An instance sends a message.
    Send {
        /// The instance.
        instance: InstanceId,
        /// The envelope as JSON.
        message: &'a str,
        /// Whether a repo that was never seen may be written to.
        allow_unknown: bool,
        /// Makes an id that no message has yet, for a message that has none.
        fresh: &'a dyn Fn() -> MessageId,
    },
    /// An instance says how far messages have come with it.
    Ack {
        /// The instance.
        instance: InstanceId,
        /// What it says.
        ack: Ack,
    },
    /// The operator decides something; standing rules are not the hub's to write.
    Decide {
        /// The operator's instance.
        instance: InstanceId,
        /// What is decided.
        decide: Box<Decide>,
        /// What is known of the process at the other end.
        origin: Origin,
        /// Makes an id that no message has yet.
        fresh: &'a dyn Fn() -> MessageId,
    },
    /// The rules are others now, or a change of them was not taken.
    Configure {
        /// The rules in force from now on; `None` where they stay.
        rules: Option<Rules>,
        /// What everyone is told.
        configured: Configured,
        /// Makes an id that no message has yet.
        fresh: &'a dyn Fn() -> MessageId,
    },
    /// Time has passed.
    Tick {
        /// Makes an id that no message has yet.
        fresh: &'a dyn Fn() -> MessageId,
    },
}

/// What the hub says to whoever gave a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Done, with nothing to add.
    Done,
    /// The answer to a registration.
    Welcome(Welcome),
    /// The answer to a send.
    Receipt(Receipt),
    /// The answer to a decision.
    Decided(Decided),
}

/// What came of a command.
#[derive(Debug)]
pub struct Handled {
    /// The events, already applied to the hub's state, in order.
    pub events: Vec<Recorded>,
    /// The answer, or why there is none.
    pub reply: Result<Reply, Refusal>,
}

/// What a rule decides: the events, and the reply as it is once they have been applied.
pub(crate) struct Decision {
    events: Vec<Event>,
    reply: Result<Reply, Refusal>,
}

impl Decision {
    fn done(events: Vec<Event>) -> Self {
        Self { events, reply: Ok(Reply::Done) }
    }
}

/// See the [module](self).
#[derive(Debug, Clone)]
pub struct Hub {
    state: State,
    policy: Policy,
}

impl Hub {
    /// A hub with an empty state.
    pub fn new(policy: Policy) -> Self {
        Self { state: State::new(policy.keep), policy }
    }

    /// What the events so far came to.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The numbers it decides by.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Takes in an event of the past, while recovering.
    pub fn recover(&mut self, recorded: &Recorded) {
        self.state.apply(recorded);
    }

    /// The next time at which a [`Command::Tick`] will do something.
    pub fn next_deadline(&self) -> Option<Millis> {
        self.state.next_deadline()
    }

    /// Decides, and applies what was decided. `now` is the time; where it is before the last event (a clock was set
    /// back), the last event's time is taken.
    pub fn handle(&mut self, command: Command<'_>, now: Millis) -> Handled {
        let now = now.max(self.state.at());
        let mut events = Vec::new();
        let reply = match command {
            Command::Register { register, current, origin, host, fresh } => {
                let joining =
                    registration::Joining { register, current: current.as_ref(), origin, host, fresh };
                self.register(&mut events, now, joining)
            }
            Command::Send { instance, message, allow_unknown, fresh } => {
                let sent = sending::Sent { instance: &instance, message, allow_unknown, fresh };
                let decision = sending::decide(&self.state, &self.policy, &sent, now);
                let reply = self.commit(&mut events, now, decision);
                self.draw_conclusions(&mut events, now, fresh);
                reply
            }
            Command::Decide { instance, decide, origin, fresh } => {
                let reply = self
                    .may_decide(&instance, &origin, &mut events, now)
                    .and_then(|()| self.decide(&instance, *decide, &mut events, now, fresh));
                self.draw_conclusions(&mut events, now, fresh);
                reply
            }
            Command::Configure { rules, configured, fresh } => {
                self.configure(rules, configured, &mut events, now, fresh);
                Ok(Reply::Done)
            }
            Command::Tick { fresh } => {
                self.tick(&mut events, now, fresh);
                Ok(Reply::Done)
            }
            Command::Ack { instance, ack } => {
                let decision = self.ack(&instance, &ack);
                self.commit(&mut events, now, decision)
            }
            simple => {
                let decided = self.decide_simple(simple);
                self.commit(&mut events, now, Decision::done(decided))
            }
        };
        self.reroute(&mut events, now);
        Handled { events, reply }
    }

    /// Numbers the decided events and applies them.
    fn commit(
        &mut self,
        events: &mut Vec<Recorded>,
        now: Millis,
        decision: Decision,
    ) -> Result<Reply, Refusal> {
        for event in decision.events {
            self.append(events, now, event);
        }
        decision.reply
    }

    /// Numbers an event and applies it.
    fn append(&mut self, events: &mut Vec<Recorded>, now: Millis, event: Event) {
        let recorded = Recorded { seq: self.state.last().next(), at: now, event };
        self.state.apply(&recorded);
        events.push(recorded);
    }

    /// What follows for negotiations from the events so far.
    fn draw_conclusions(&mut self, events: &mut Vec<Recorded>, now: Millis, fresh: &dyn Fn() -> MessageId) {
        let changed = events.iter().filter_map(|recorded| match &recorded.event {
            Event::Proposed(proposed) => Some(&proposed.negotiation),
            Event::Voted(voted) => Some(&voted.negotiation),
            Event::Round(round) => Some(&round.negotiation),
            _ => None,
        });
        let mut changed: Vec<_> = changed.cloned().collect();
        changed.dedup();
        for negotiation in changed {
            self.conclude(&negotiation, events, now, fresh);
        }
    }

    /// What is due: messages are stale or soon will be, the time for votes is up.
    fn tick(&mut self, events: &mut Vec<Recorded>, now: Millis, fresh: &dyn Fn() -> MessageId) {
        let due: Vec<_> = holding::expiring(&self.state, now).into_iter().chain(self.expire(now)).collect();
        for event in due {
            self.append(events, now, event);
        }
        let undecided: Vec<_> = self.state.undecided(now).map(|one| one.id.clone()).collect();
        for negotiation in undecided {
            self.conclude(&negotiation, events, now, fresh);
        }
    }

    /// Takes other rules. What is for the bus to resolve from now on, it resolves.
    fn configure(
        &mut self,
        rules: Option<Rules>,
        configured: Configured,
        events: &mut Vec<Recorded>,
        now: Millis,
        fresh: &dyn Fn() -> MessageId,
    ) {
        self.append(events, now, Event::Configured(Box::new(configured)));
        let Some(rules) = rules else { return };
        self.policy.rules = rules;
        let awaiting = self.state.negotiations().filter(|one| one.is_awaiting());
        let awaiting: Vec<_> = awaiting.map(|one| one.id.clone()).collect();
        for negotiation in awaiting {
            self.conclude(&negotiation, events, now, fresh);
        }
    }

    fn decide_simple(&self, command: Command<'_>) -> Vec<Event> {
        match command {
            Command::Start { pid, version } => vec![Event::Started(Started { pid, version })],
            Command::Stop { pid } => vec![Event::Stopped(Stopped { pid })],
            Command::Checkpoint { previous } => {
                let checkpoint: Checkpoint = self.state.checkpoint(previous);
                vec![Event::Checkpoint(checkpoint)]
            }
            Command::Leave { instance } => self.leave(&instance, LeftReason::Closed),
            Command::Stuck { instance } => self.stuck_change(&instance, true),
            Command::Resume { instance } => self.stuck_change(&instance, false),
            Command::Register { .. }
            | Command::Send { .. }
            | Command::Ack { .. }
            | Command::Decide { .. }
            | Command::Configure { .. }
            | Command::Tick { .. } => Vec::new(),
        }
    }

    fn leave(&self, instance: &InstanceId, reason: LeftReason) -> Vec<Event> {
        let known = self.state.instance(instance).filter(|known| known.connected);
        let left = known.map(|known| Left { instance: instance.clone(), repo: known.repo.clone(), reason });
        left.into_iter().map(Event::Left).collect()
    }

    fn stuck_change(&self, instance: &InstanceId, stuck: bool) -> Vec<Event> {
        let known = self.state.instance(instance).filter(|known| known.connected && known.stuck != stuck);
        let Some(known) = known else { return Vec::new() };
        let which = InstanceRef { instance: instance.clone(), repo: known.repo.clone() };
        vec![if stuck { Event::Stuck(which) } else { Event::Resumed(which) }]
    }

    fn expire(&self, now: Millis) -> Vec<Event> {
        let overdue = self.state.overdue(now).map(|record| {
            let unread = record.deliveries.iter().filter(|delivery| delivery.stage.is_open());
            Event::Expired(Expired {
                id: record.id.clone(),
                from: record.from.clone(),
                unread_by: unread.map(|delivery| delivery.repo.clone()).collect(),
            })
        });
        overdue.collect()
    }

    /// Hands out what waits and can be handed out after the events so far: a new instance, room in its hands, or
    /// messages that somebody left behind.
    fn reroute(&mut self, events: &mut Vec<Recorded>, now: Millis) {
        let mut repos: Vec<RepoName> = Vec::new();
        for repo in events.iter().flat_map(|recorded| concerned(&self.state, &recorded.event)) {
            if !repos.contains(repo) {
                repos.push(repo.clone());
            }
        }
        for repo in repos {
            let routed = routing::waiting(&self.state, &repo).into_iter().map(Event::Routed).collect();
            // A reply of "done" that nobody asked for.
            let _ = self.commit(events, now, Decision::done(routed));
        }
    }

    /// The expiry notices that an instance which has just registered is to be told.
    pub fn pending_notices(&self, instance: &InstanceId) -> impl Iterator<Item = &Expired> {
        let known = self.state.instance(instance);
        let repo = known.and_then(|known| self.state.repo(&known.repo));
        repo.into_iter().flat_map(|repo| repo.notices.iter().map(|(_, notice)| notice))
    }

    /// The event that the next one will follow.
    pub fn last(&self) -> Seq {
        self.state.last()
    }
}

/// The repos for which an event may let something be handed out.
fn concerned<'a>(state: &'a State, event: &'a Event) -> Vec<&'a RepoName> {
    match event {
        Event::Registered(registered) => vec![&registered.repo],
        Event::Left(left) => vec![&left.repo],
        Event::Stuck(instance) | Event::Resumed(instance) => vec![&instance.repo],
        Event::Delivered(moved) | Event::Read(moved) => vec![&moved.repo],
        Event::Released(released) => waited_for(state, &released.id),
        Event::Answered(answered) => vec![&answered.repo],
        Event::Accepted(accepted) => {
            let queued = accepted.recipients.iter().filter(|routing| Stage::first(routing) == Stage::Queued);
            queued.map(|routing| &routing.repo).collect()
        }
        // What expired in somebody's hands has made room there.
        Event::Expired(expired) => expired.unread_by.iter().collect(),
        _ => Vec::new(),
    }
}

fn waited_for<'a>(state: &'a State, id: &MessageId) -> Vec<&'a RepoName> {
    let deliveries = state.message(id).into_iter().flat_map(|record| &record.deliveries);
    deliveries.map(|delivery| &delivery.repo).collect()
}

pub(crate) fn not_registered() -> Refusal {
    Refusal::new(Code::NotRegistered, "this connection is no instance yet")
        .hint("send {\"op\":\"register\",\"repo\":\"…\"} first")
}
