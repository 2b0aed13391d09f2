//! Whatever is typed, clicked, said and lost: the console stays whole.

use crossterm::event::{MouseButton, MouseEventKind};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;
use veda_bus_core::event::Recorded;
use veda_bus_core::filter::{Facts, Filter};
use veda_bus_core::message::Message;
use veda_bus_core::name::{MessageId, Seq};
use veda_bus_core::refusal::{Code, Refusal};
use veda_bus_core::state::view::StateView;
use veda_bus_core::text::is_hostile;
use veda_bus_core::wire::answer::Receipt;
use veda_bus_ui::action::Action;
use veda_bus_ui::app::listing::{Filtered, Listing, Look};
use veda_bus_ui::app::overlay::{Confirmed, Overlay};
use veda_bus_ui::compose::DraftKey;
use veda_bus_ui::link::{Ask, News, Sent};
use veda_bus_ui::model::Model;
use veda_bus_ui::update::{Effect, Msg};

use crate::console::{Console, key};
use crate::swarm::{Swarm, message_id, repo};

/// So many cases, or as many as `VEDA_CASES` says; a failing one is printed whole, and kept nowhere.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    let wanted = std::env::var("VEDA_CASES").ok().and_then(|count| count.parse().ok());
    ProptestConfig { cases: wanted.unwrap_or(cases), failure_persistence: None, ..ProptestConfig::default() }
}

const REPOS: [&str; 4] = ["Flagship", "LensSDK", "AuthCore", "operator"];

/// What happens in the swarm.
#[derive(Debug, Clone)]
enum Deed {
    Say { from: usize, to: usize, kind: usize, text: String, parent: Option<usize>, ttl: Option<u64> },
    Read { by: usize, which: usize },
    Leave(usize),
    Join(usize),
    Pass(u64),
}

#[derive(Debug, Clone)]
enum Step {
    Key(&'static str),
    Type(String),
    Click(u16, u16),
    Wheel(bool, u16, u16),
    Paste(String),
    Resize(u16, u16),
    Looked(bool),
    Deeds(Vec<Deed>),
    Lost,
    Back,
    Restart,
    /// What becomes of what was sent last.
    Answer(usize),
    /// Nobody has what was asked for.
    Fetched,
    Theme(&'static str),
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z]{1,12}".prop_map(String::from),
        3 => Just(" ".to_owned()),
        1 => select(vec!["\n", "\r\n", "\t", "- item\n", "```\ncode\n```\n", "**bold**", "日本語", "e\u{301}"])
            .prop_map(String::from),
        1 => select(vec!["\u{1b}[31m", "\u{1b}]52;c;x\u{7}", "\u{202e}", "\u{200b}", "\u{9b}", "\u{feff}"])
            .prop_map(String::from),
        1 => any::<char>().prop_map(String::from),
        1 => (1..400_usize).prop_map(|count| "\u{301}".repeat(count)),
        1 => (1..3_000_usize).prop_map(|count| "x".repeat(count)),
    ];
    vec(piece, 1..8).prop_map(|pieces| pieces.concat())
}

fn deed() -> impl Strategy<Value = Deed> {
    let say = (
        0..4_usize,
        0..5_usize,
        0..10_usize,
        text(),
        prop::option::of(0..20_usize),
        prop::option::of(1..90_u64),
    );
    prop_oneof![
        8 => say.prop_map(|(from, to, kind, text, parent, ttl)| Deed::Say { from, to, kind, text, parent, ttl }),
        3 => (0..4_usize, 0..20_usize).prop_map(|(by, which)| Deed::Read { by, which }),
        1 => (0..4_usize).prop_map(Deed::Leave),
        2 => (0..4_usize).prop_map(Deed::Join),
        2 => (0..200_u64).prop_map(Deed::Pass),
    ]
}

/// Every key that means something, and the arrows and letters of boxes.
fn keys() -> Vec<&'static str> {
    let defaults = Action::ALL.iter().flat_map(|action| action.default_keys().iter().copied());
    defaults.chain(["enter", "esc", "y", "n", "backspace", "delete", "v", "s"]).collect()
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => select(keys()).prop_map(Step::Key),
        4 => text().prop_map(Step::Type),
        2 => "[a-z-]{1,8}".prop_map(Step::Type),
        5 => (0..250_u16, 0..80_u16).prop_map(|(x, y)| Step::Click(x, y)),
        2 => (any::<bool>(), 0..120_u16, 0..40_u16).prop_map(|(down, x, y)| Step::Wheel(down, x, y)),
        2 => text().prop_map(Step::Paste),
        3 => (10..250_u16, 3..80_u16).prop_map(|(width, height)| Step::Resize(width, height)),
        1 => any::<bool>().prop_map(Step::Looked),
        10 => vec(deed(), 1..8).prop_map(Step::Deeds),
        1 => Just(Step::Lost),
        2 => Just(Step::Back),
        1 => Just(Step::Restart),
        3 => (0..3_usize).prop_map(Step::Answer),
        2 => Just(Step::Fetched),
        1 => select(vec!["dark", "light", "monochrome"]).prop_map(Step::Theme),
    ]
}

fn payload(kind: usize, text: &str) -> (&'static str, Value) {
    let voters = ["LensSDK", "AuthCore"];
    match kind {
        0 => ("RequestChange", json!({ "summary": text, "reason": text, "urgency": "soon" })),
        1 => ("Query", json!({ "question": text, "context": text })),
        2 => ("Notify", json!({ "change_type": "other", "summary": text, "migration_guide": text })),
        3 => ("Negotiate", json!({ "proposal": text, "affected_repos": voters, "requires_consensus": true })),
        4 => ("Task", json!({ "task_type": "t", "description": text, "subtasks": { "LensSDK": text } })),
        5 => ("RequestChange", json!({ "decision": "done", "comment": text })),
        6 => ("Query", json!({ "answer": text })),
        7 => ("Notify", json!({ "acknowledged": true, "findings": text })),
        8 => ("Negotiate", json!({ "vote": "counter", "counter_proposal": text })),
        _ => ("Task", json!({ "status": "blocked", "detail": text })),
    }
}

/// Does what can be done; what the bus refuses is an event too.
fn act(swarm: &mut Swarm, said: &mut usize, deed: &Deed) {
    let is_there = |swarm: &Swarm, name: &str| {
        swarm.hub.state().repo(&repo(name)).is_some_and(|known| !known.connected.is_empty())
    };
    match deed {
        Deed::Say { from, to, kind, text, parent, ttl } => {
            let (from, to) = (REPOS[*from], ["Flagship", "LensSDK", "AuthCore", "operator", "*"][*to]);
            if !is_there(swarm, from) {
                return;
            }
            let (kind, payload) = payload(*kind, text);
            let mut message =
                json!({ "id": format!("m{said}"), "to": { "repo": to }, "type": kind, "payload": payload });
            if let Some(parent) = parent {
                message["reply_to"] = json!(format!("m{parent}"));
            }
            if let Some(ttl) = ttl {
                message["ttl"] = json!(ttl);
            }
            if swarm.try_send(from, &message).is_ok() {
                *said += 1;
            }
        }
        Deed::Read { by, which } => {
            let (by, id) = (REPOS[*by], format!("m{which}"));
            let message = swarm.hub.state().message(&message_id(&id));
            let is_open = message
                .and_then(|message| message.delivery(&repo(by)))
                .is_some_and(|delivery| delivery.stage.is_open());
            if is_there(swarm, by) && is_open {
                swarm.read(by, &[&id]);
            }
        }
        Deed::Leave(who) if is_there(swarm, REPOS[*who]) => swarm.leave(REPOS[*who]),
        Deed::Join(who) if !is_there(swarm, REPOS[*who]) => _ = swarm.join(REPOS[*who], &["ui"]),
        Deed::Leave(_) | Deed::Join(_) => {}
        Deed::Pass(seconds) => swarm.pass(*seconds),
    }
}

/// A console and the swarm that it watches.
struct World {
    swarm: Swarm,
    console: Console,
    said: usize,
}

impl World {
    fn new() -> Self {
        let mut swarm = Swarm::new();
        for name in REPOS {
            swarm.join(name, &["ui"]);
        }
        let console = Console::of(&swarm, 120, 40);
        Self { swarm, console, said: 0 }
    }

    /// Takes the step; gives whether a draft may be gone after it.
    fn run(&mut self, step: &Step) -> bool {
        let console = &mut self.console;
        match step {
            Step::Key(name) => {
                let is_asked =
                    matches!(console.app.overlay, Some(Overlay::Confirm { then: Confirmed::Discard, .. }));
                console.take(Msg::Key(key(name)));
                return is_asked;
            }
            Step::Type(text) => {
                let is_asked =
                    matches!(console.app.overlay, Some(Overlay::Confirm { then: Confirmed::Discard, .. }));
                console.types(text);
                return is_asked;
            }
            Step::Click(x, y) => console.mouse(MouseEventKind::Down(MouseButton::Left), *x, *y),
            Step::Wheel(true, x, y) => console.mouse(MouseEventKind::ScrollDown, *x, *y),
            Step::Wheel(false, x, y) => console.mouse(MouseEventKind::ScrollUp, *x, *y),
            Step::Paste(text) => console.take(Msg::Paste(text.clone())),
            Step::Resize(width, height) => console.resize(*width, *height),
            Step::Looked(is_looked_at) => console.take(Msg::Looked(*is_looked_at)),
            Step::Deeds(deeds) => {
                self.act(deeds);
                self.feed();
            }
            Step::Lost => console.take(Msg::News(News::Lost)),
            Step::Back => {
                console.connect(&self.swarm);
                console.take(Msg::News(News::Back));
            }
            Step::Restart => {
                console.begin(Seq(1));
                self.feed();
            }
            Step::Answer(how) => return self.answer(*how),
            Step::Fetched => {
                let asked = console.effects.iter().rev().find_map(|effect| match effect {
                    Effect::Ask(Ask::Fetch(asked)) => Some(asked.clone()),
                    _ => None,
                });
                if let Some(asked) = asked {
                    console.take(Msg::News(News::Fetched { asked, found: Vec::new() }));
                }
            }
            Step::Theme(name) => console.app.look.wear(name).unwrap(),
        }
        false
    }

    fn act(&mut self, deeds: &[Deed]) {
        for deed in deeds {
            act(&mut self.swarm, &mut self.said, deed);
        }
    }

    /// A console that is paused leaves its events where they are.
    fn feed(&mut self) {
        self.console.now = self.console.now.max(self.swarm.now);
        if self.console.app.paused.is_none() {
            self.console.catch_up(&self.swarm);
        }
    }

    fn answer(&mut self, how: usize) -> bool {
        let sent = self.console.effects.iter().rev().find_map(|effect| match effect {
            Effect::Ask(Ask::Send { id, .. }) => Some(id.clone()),
            _ => None,
        });
        let Some(id) = sent else { return false };
        let news = match how {
            0 => Sent::Accepted(receipt(&id)),
            1 => Sent::Refused(Refusal::new(Code::InvalidMessage, "no").at("payload.question")),
            _ => Sent::Unanswered("nobody said anything".to_owned()),
        };
        self.console.take(Msg::News(News::Sent(id, news)));
        how == 0
    }

    fn drafts(&self) -> Vec<DraftKey> {
        self.console.app.drafts.titles().into_iter().map(|(key, _)| key).collect()
    }
}

fn receipt(id: &MessageId) -> Receipt {
    Receipt {
        id: id.clone(),
        seq: Seq(1),
        thread: id.clone(),
        expires_at: crate::swarm::BEGIN,
        recipients: Vec::new(),
        held: None,
        duplicate: false,
    }
}

/// What must hold of every frame.
fn check(console: &Console) {
    let (app, area) = (&console.app, console.buffer.area);
    for cell in console.buffer.content() {
        let symbol = cell.symbol();
        assert!(!symbol.chars().any(is_hostile), "{symbol:?} is on the screen");
        assert!(symbol.width() <= 2, "{symbol:?} is wider than two cells");
    }
    if let Some(cursor) = app.drawn.cursor {
        assert!(area.contains(cursor), "the cursor is at {cursor} of {area}");
    }
    for (place, target) in &app.drawn.targets {
        assert!(area.union(*place) == area || place.is_empty(), "{target:?} is at {place} of {area}");
    }
    if let Some(thread) = &app.conversations.selected {
        assert!(app.model.state.thread(thread).is_some() || app.model.threads.is_empty());
    }
    if let Some(seq) = app.thread.selected
        && app.conversations.selected.as_ref().is_some_and(|thread| app.model.state.thread(thread).is_some())
    {
        assert!(app.nodes().iter().any(|node| node.seq == seq), "{seq} is selected and not in the thread");
    }
    if let Some(writing) = &app.writing {
        assert!(app.drafts.get(writing).is_some(), "a draft is written that is not there");
    }
}

/// What a fold knows, as text.
fn known(model: &Model, now: veda_bus_core::time::Millis) -> String {
    let threads: Vec<_> = model.threads.from(Seq(u64::MAX)).collect();
    let unread: Vec<_> = threads.iter().filter(|(last, _)| model.threads.is_unread(*last)).collect();
    let balances: Vec<_> = model.state.repos().keys().map(|name| model.state.balance(name)).collect();
    let view = serde_json::to_string(&StateView::of(&model.state)).unwrap();
    let (needs, rate) = (model.needs.list(&model.state, now), model.rate.at(now));
    let events: Vec<_> = model.activity.iter().map(|event| event.seq).collect();
    format!("{threads:?}\n{unread:?}\n{needs:?}\n{balances:?}\n{rate:?}\n{events:?}\n{view}")
}

/// The same events taken in at once, by a console that has read and dismissed the same.
fn fresh(console: &Console, events: &[Recorded]) -> String {
    let mut model = Model::new(1_000_000);
    model.threads.remember(console.app.model.threads.seen().clone());
    model.needs.remember(console.app.model.needs.dismissed().clone());
    for event in events {
        model.apply(event.clone());
    }
    known(&model, console.now)
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn the_console_stays_whole(steps in vec(step(), 1..70)) {
        let mut world = World::new();
        for step in &steps {
            let before = world.drafts();
            let may_be_gone = world.run(step);
            world.console.draw();
            check(&world.console);
            // One that was emptied by hand is there until it is closed.
            let lost = before.iter().any(|draft| world.console.app.drafts.get(draft).is_none());
            prop_assert!(may_be_gone || !lost, "{step:?} lost one of {before:?}");
        }
        if world.console.app.paused.take().is_some() {
            world.feed();
        }
        world.console.begin(Seq(1));
        let events = world.swarm.events.clone();
        world.console.events(&events);
        prop_assert_eq!(known(&world.console.app.model, world.console.now), fresh(&world.console, &events));
    }

    #[test]
    fn a_pause_loses_nothing(deeds in vec(vec(deed(), 1..6), 1..12)) {
        let (mut one, mut other) = (World::new(), World::new());
        for (place, deeds) in deeds.into_iter().enumerate() {
            // The second one is paused every other time.
            other.console.app.paused = (place % 2 == 0).then_some(other.console.now);
            one.run(&Step::Deeds(deeds.clone()));
            other.run(&Step::Deeds(deeds));
        }
        other.console.app.paused = None;
        other.feed();
        let knows = |world: &World| known(&world.console.app.model, world.console.now);
        prop_assert_eq!(knows(&one), knows(&other));
        prop_assert_eq!(one.swarm.events.len(), other.swarm.events.len());
    }

    #[test]
    fn a_filter_finds_what_looking_at_everything_finds(
        deeds in vec(deed(), 1..40),
        begun in 0..40_usize,
        budget in 1..5_usize,
        source in select(vec![
            "=type == \"Query\"", "=from == \"LensSDK\"", "=priority == normal", "=reply_to != \"\"", "=true",
        ]),
    ) {
        let mut world = World::new();
        world.act(&deeds);
        let events = &world.swarm.events;
        let (mut model, begun) = (Model::new(1_000_000), begun.min(events.len()));
        let now = world.swarm.now;
        events[..begun].iter().for_each(|event| _ = model.apply(event.clone()));
        let mut filtered = Filtered::new(source, &model).unwrap();
        for event in &events[begun..] {
            filtered.look(&model, now, budget);
            if let Some(said) = model.apply(event.clone()) {
                filtered.accepted(&model, &said, now);
            }
        }
        while filtered.look(&model, now, budget) == Look::More {}
        prop_assert!(filtered.is_done());
        let found: Vec<_> = Listing::Matching(&filtered).from(Seq(u64::MAX)).collect();

        let filter = Filter::compile(&source[1..]).unwrap();
        let matches = |seq: Seq| {
            let (record, body) = (model.state.record(seq).unwrap(), model.state.body(seq).unwrap());
            let message = Message::parse(std::str::from_utf8(body).unwrap(), None).unwrap();
            filter.matches(&Facts::of_message(&message, now, record.at).in_thread(&record.thread)).unwrap_or(true)
        };
        let all = model.threads.from(Seq(u64::MAX));
        let expected: Vec<_> = all
            .filter(|(_, thread)| model.state.thread(thread).unwrap().messages.iter().any(matches))
            .collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn words_find_the_same_bit_by_bit_and_at_once(
        deeds in vec(deed(), 1..40),
        begun in 0..40_usize,
        source in "[a-z]{1,3}|Flag|query|LensSDK",
    ) {
        let mut world = World::new();
        world.act(&deeds);
        let (mut model, now) = (Model::new(1_000_000), world.swarm.now);
        let begun = begun.min(world.swarm.events.len());
        world.swarm.events[..begun].iter().for_each(|event| _ = model.apply(event.clone()));
        let mut filtered = Filtered::new(&source, &model).unwrap();
        for event in &world.swarm.events[begun..] {
            filtered.look(&model, now, 1);
            if let Some(said) = model.apply(event.clone()) {
                filtered.accepted(&model, &said, now);
            }
        }
        while filtered.look(&model, now, 3) == Look::More {}
        let mut whole = Filtered::new(&source, &model).unwrap();
        prop_assert_eq!(whole.look(&model, now, usize::MAX), Look::Done);
        let all = |filtered| Listing::Matching(filtered).from(Seq(u64::MAX)).collect::<Vec<_>>();
        prop_assert_eq!(all(&filtered), all(&whole));
    }

    #[test]
    fn what_is_done_in_a_swarm_is_listed_by_its_last_word(deeds in vec(deed(), 1..60)) {
        let mut world = World::new();
        world.run(&Step::Deeds(deeds));
        let model = &world.console.app.model;
        let mut expected: Vec<_> = model
            .state
            .threads()
            .map(|(thread, known)| (known.last_activity, known.messages.last().unwrap(), thread))
            .collect();
        expected.sort_by(|one, other| other.cmp(one));
        let listed: Vec<_> = model.threads.from(Seq(u64::MAX)).collect();
        prop_assert_eq!(listed, expected.into_iter().map(|(_, last, thread)| (last, thread)).collect::<Vec<_>>());
    }
}
