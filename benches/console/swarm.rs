//! A swarm of eight repos that has talked a lot: the events of as many conversations as one likes. The same number always
//! gives the same conversation, so that nothing has to be kept of it.

use serde_json::{Value, json};
use uuid::Uuid;
use veda_bus_core::event::{
    Accepted, Answered, Checkpoint, Event, Moved, Receive, Recorded, Registered, Routing,
};
use veda_bus_core::message::Message;
use veda_bus_core::name::{InstanceId, MessageId, RepoName, Seq};
use veda_bus_core::time::Millis;

/// How many messages a conversation has.
pub(crate) const MESSAGES: usize = 4;

const REPOS: [&str; 8] =
    ["Flagship", "LensSDK", "UILib", "AuthService", "Payments", "Search", "Analytics", "Docs"];

/// How many questions to the operator nobody has answered.
pub(crate) const QUESTIONS: u64 = 300;

/// How many events come before those.
const ARRIVALS: u64 = 1 + REPOS.len() as u64;

/// Of each message: that it was accepted, delivered and read, and for all but the last that it was answered.
const EVENTS: u64 = 4 * MESSAGES as u64 - 1;

const TEXTS: [&str; 4] = [
    "SessionManager.refresh takes a deadline now instead of a timeout, because retries added up to more than the caller \
     was willing to wait for; everyone who passes a literal has to change the call. ",
    "The integration tests of the checkout fail since this morning with a 409 from the ledger, and only when two carts \
     of the same customer are closed within a second of each other. ",
    "- rename `LensView` to `LensSurface`\n- keep the old name as an alias until 3.0\n- say so in the changelog, with an \
     example of each of the three constructors\n",
    "I have looked at all call sites: 23 of them can take the new signature as it is, two need a lock around the cache \
     first, and one is dead code that I would rather remove. ",
];

/// The events so far, and the next ones.
pub(crate) struct Swarm {
    next: Seq,
    at: Millis,
    /// Milliseconds from one event to the next.
    step: u64,
    conversations: usize,
}

impl Swarm {
    /// One that begins at `at`.
    pub(crate) fn new(at: Millis, step: u64) -> Self {
        Self { next: Seq(1), at, step, conversations: 0 }
    }

    /// What comes before the first conversation: who is there, and what waits for the operator.
    pub(crate) fn arrive(&mut self, previous: String) -> Vec<Recorded> {
        let checkpoint = Checkpoint {
            since: Seq(1),
            repos: Vec::new(),
            instances: Vec::new(),
            configured: None,
            agent_hosts: Vec::new(),
            previous,
        };
        let mut events = vec![self.record(Event::Checkpoint(checkpoint))];
        for index in 0..REPOS.len() {
            events.push(self.record(Event::Registered(Registered {
                instance: instance(index),
                repo: repo(index),
                session: None,
                path: None,
                capabilities: vec!["auth".parse().unwrap()],
                accept_requests_from: Vec::new(),
                receive: Receive::All,
                client: None,
                pid: None,
                host: None,
            })));
        }
        for number in 0..QUESTIONS {
            let message = Message::parse(&question(number), None).unwrap();
            events.push(self.record(Event::Accepted(Box::new(Accepted {
                held: None,
                by: instance(0),
                thread: message.id.clone(),
                parent: None,
                expires_at: Millis(self.at.0 + 365 * 86_400_000),
                recipients: vec![Routing {
                    repo: RepoName::operator(),
                    instance: None,
                    refused: None,
                    held: false,
                }],
                message,
            }))));
        }
        events
    }

    /// The events of the next conversation.
    pub(crate) fn converse(&mut self) -> Vec<Recorded> {
        let number = self.conversations;
        self.conversations += 1;
        let first = self.next;
        let mut events = Vec::with_capacity(EVENTS as usize);
        for place in 0..MESSAGES {
            let (from, to) = sides(number, place);
            let raw = envelope(number, place);
            let moved = Moved { repo: repo(to), instance: instance(to), ids: vec![id(number, place)] };
            let accepted = Accepted {
                held: None,
                by: instance(from),
                thread: id(number, 0),
                parent: place.checked_sub(1).map(|before| Seq(first.0 + ACCEPTED[before])),
                expires_at: Millis(self.at.0 + 3_600_000),
                recipients: vec![Routing {
                    repo: repo(to),
                    instance: Some(instance(to)),
                    refused: None,
                    held: false,
                }],
                message: Message::parse(&raw, None).unwrap(),
            };
            events.push(self.record(Event::Accepted(Box::new(accepted))));
            if let Some(before) = place.checked_sub(1) {
                let answered =
                    Answered { id: id(number, before), repo: repo(from), answer: id(number, place) };
                events.push(self.record(Event::Answered(answered)));
            }
            events.push(self.record(Event::Delivered(moved.clone())));
            events.push(self.record(Event::Read(moved)));
        }
        events
    }

    /// The envelope that event `seq` accepted.
    pub(crate) fn text(seq: Seq) -> Option<String> {
        let index = seq.0.checked_sub(1 + ARRIVALS)?;
        let Some(index) = index.checked_sub(QUESTIONS) else { return Some(question(index)) };
        let place = ACCEPTED.iter().position(|&place| place == index % EVENTS)?;
        Some(envelope((index / EVENTS) as usize, place))
    }

    /// When the next event happens.
    pub(crate) fn at(&self) -> Millis {
        self.at
    }

    pub(crate) fn record(&mut self, event: Event) -> Recorded {
        let recorded = Recorded { seq: self.next, at: self.at, event };
        self.next = self.next.next();
        self.at.0 += self.step;
        recorded
    }
}

/// Where in the events of a conversation its messages are accepted.
const ACCEPTED: [u64; MESSAGES] = [0, 3, 7, 11];

fn repo(index: usize) -> RepoName {
    REPOS[index].parse().unwrap()
}

fn instance(index: usize) -> InstanceId {
    format!("7d444840-9dc0-11d1-b245-5ffdce74fad{index}").parse().unwrap()
}

/// Who writes, and to whom.
fn sides(number: usize, place: usize) -> (usize, usize) {
    let (one, other) = (number % REPOS.len(), (number * 3 + 1 + number / 8) % REPOS.len());
    let other = if one == other { (other + 1) % REPOS.len() } else { other };
    if place.is_multiple_of(2) { (one, other) } else { (other, one) }
}

fn id(number: usize, place: usize) -> MessageId {
    let index = (number * MESSAGES + place) as u128 + 1;
    let mixed = index.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_0C1B_5D1F_D3A9);
    Uuid::from_u128(mixed).to_string().parse().unwrap()
}

fn question(number: u64) -> String {
    let question = json!({
        "id": format!("question-{number}"),
        "from": { "repo": REPOS[0] },
        "to": { "repo": "operator" },
        "type": "Query",
        "timestamp": 1_763_000_000,
        "payload": { "question": format!("#{number}: {}", TEXTS[1]) },
    });
    question.to_string()
}

fn envelope(number: usize, place: usize) -> String {
    let (from, to) = sides(number, place);
    let text = format!("{}{}", TEXTS[(number + place) % 4], TEXTS[(number / 4 + place) % 4]);
    let text = format!("#{number}: {}", &text[..text.len().min(260)]);
    let (kind, payload) = payload(number % 4, place, &text, REPOS[to]);
    let mut envelope = json!({
        "id": id(number, place).to_string(),
        "from": { "repo": REPOS[from] },
        "to": { "repo": REPOS[to] },
        "type": kind,
        "priority": if number.is_multiple_of(16) { "high" } else { "normal" },
        "timestamp": 1_763_000_000,
        "payload": payload,
    });
    if let Some(before) = place.checked_sub(1) {
        envelope["reply_to"] = json!(id(number, before).to_string());
    }
    envelope.to_string()
}

fn payload(kind: usize, place: usize, text: &str, to: &str) -> (&'static str, Value) {
    match (kind, place) {
        (0, 0) => ("Query", json!({ "question": text })),
        (0, _) => ("Query", json!({ "answer": text })),
        (1, 0) => ("RequestChange", json!({ "summary": "a change of the interface", "reason": text })),
        (1, _) => ("RequestChange", json!({ "decision": "accepted", "comment": text })),
        (2, 0) => ("Notify", json!({ "change_type": "breaking_change", "summary": text })),
        (2, _) => ("Notify", json!({ "findings": text })),
        (_, 0) => {
            let subtasks = json!({ to: "all of it" });
            ("Task", json!({ "task_type": "refactor", "description": text, "subtasks": subtasks }))
        }
        _ => ("Task", json!({ "status": "done", "detail": text })),
    }
}
