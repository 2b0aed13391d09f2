//! The past in the console: a journal of what a swarm went through is played, stepped through and left again. The thread
//! that reads it is the real one; what it is asked and tells is handed to and fro by hand.

use std::fs;
use std::path::PathBuf;

use crossterm::event::{MouseButton, MouseEventKind};
use insta::assert_snapshot;
use proptest::prelude::*;
use ratatui::layout::Size;
use ratatui::style::Modifier;
use tempfile::TempDir;
use veda_bus_core::journal::Chain;
use veda_bus_core::journal::line::encode;
use veda_bus_core::name::{MessageId, Seq};
use veda_bus_core::time::Millis;
use veda_bus_ui::app::pane::Pane;
use veda_bus_ui::app::past::player::Speed;
use veda_bus_ui::app::past::{Past, Recording};
use veda_bus_ui::link::Ask;
use veda_bus_ui::look::Look;
use veda_bus_ui::model::Model;
use veda_bus_ui::model::needs::Need;
use veda_bus_ui::model::threads::Threads;
use veda_bus_ui::past::{Report, Request, Target, Worker};
use veda_bus_ui::update::{Effect, Leaving, Msg};

use crate::console::Console;
use crate::properties::config;
use crate::story::{CHANGE, DONE, PROPOSAL, QUESTION, story};
use crate::swarm::{Swarm, notify, query};

/// A console with a journal to look into.
struct Traveller {
    console: Console,
    folder: TempDir,
    worker: Option<Worker>,
    /// What was asked and not answered yet.
    waits: usize,
    /// What was asked of the past so far.
    asked: Vec<Request>,
}

impl Traveller {
    /// A live console, whose bus keeps a journal.
    fn live(swarm: &Swarm, width: u16, height: u16) -> Self {
        let mut traveller = Self::new(Console::of(swarm, width, height), swarm);
        let journal = traveller.journal();
        traveller.console.app.bus.as_mut().unwrap().journal = Some(journal);
        traveller
    }

    /// The recording of all that a swarm went through.
    fn recording(swarm: &Swarm, width: u16, height: u16, recording: Recording) -> Self {
        let mut traveller = Self::new(Console::new(width, height), swarm);
        let files = vec![traveller.journal()];
        traveller.console.now = swarm.now;
        let past = Past::recording(Recording { files: files.clone(), ..recording });
        traveller.console.app.past = Some(Box::new(past));
        traveller.worker = Some(Worker::start(files).unwrap());
        // What the status line says of it is the same wherever the test runs.
        traveller.console.app.past.as_mut().unwrap().recording.files = vec!["bus.log".into()];
        traveller.until_opened();
        traveller.settle();
        traveller
    }

    fn new(console: Console, swarm: &Swarm) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let traveller = Self { console, folder, worker: None, waits: 0, asked: Vec::new() };
        traveller.write(swarm);
        traveller
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("bus.log")
    }

    fn write(&self, swarm: &Swarm) {
        let (mut lines, mut chain) = (Vec::new(), Chain::GENESIS);
        for recorded in &swarm.events {
            chain = encode(&mut lines, chain, recorded);
        }
        fs::write(self.journal(), lines).unwrap();
    }

    fn report(&mut self) -> Report {
        self.worker.as_mut().unwrap().reports.blocking_recv().unwrap()
    }

    fn until_opened(&mut self) {
        loop {
            let report = self.report();
            let is_opened = matches!(report, Report::Opened(_));
            self.console.take(Msg::Report(report));
            if is_opened {
                return;
            }
        }
    }

    /// Hands on what was asked, and what is told, until there is nothing more to wait for.
    fn settle(&mut self) {
        loop {
            for effect in std::mem::take(&mut self.console.effects) {
                match effect {
                    Effect::OpenPast(files) => {
                        self.worker = Some(Worker::start(files).unwrap());
                        self.until_opened();
                    }
                    Effect::Past(request) => {
                        self.waits += 1;
                        self.asked.push(request.clone());
                        self.worker.as_ref().unwrap().ask(request);
                    }
                    Effect::ClosePast => (self.worker, self.waits) = (None, 0),
                    other => self.console.effects.push(other),
                }
            }
            let is_asked = self.console.effects.iter().any(|one| matches!(one, Effect::Past(_)));
            if self.waits == 0 && !is_asked {
                self.console.draw();
                if !self.console.effects.iter().any(|one| matches!(one, Effect::Past(_))) {
                    return;
                }
                continue;
            }
            let report = self.report();
            if matches!(
                report,
                Report::Moment { .. }
                    | Report::NotThere { .. }
                    | Report::Ahead { .. }
                    | Report::Fetched { .. }
            ) {
                self.waits -= 1;
            }
            self.console.take(Msg::Report(report));
        }
    }

    fn press(&mut self, keys: &str) {
        for one in keys.split(' ') {
            self.console.press(one);
            self.settle();
        }
    }

    fn command(&mut self, line: &str) {
        self.console.command(line);
        self.settle();
    }

    /// So many milliseconds pass on the wall clock.
    fn pass(&mut self, millis: u64) {
        self.console.now = Millis(self.console.now.0 + millis);
        self.console.take(Msg::Tick);
        self.settle();
    }

    fn past(&self) -> &Past {
        self.console.app.shown_past().expect("the past is shown")
    }

    fn position(&self) -> u64 {
        self.past().position.0
    }
}

/// A live console that shows the past: the middle of what the swarm went through, with a filter and a mark.
pub(crate) fn in_the_middle(swarm: &Swarm) -> Console {
    let mut live = Traveller::live(swarm, 120, 40);
    live.press("T");
    live.command("filter session");
    live.command("goto #20");
    live.press("m");
    live.console.types("the middle");
    live.press("enter , 2");
    live.console
}

/// What is known after the first `count` events.
fn folded(swarm: &Swarm, count: u64) -> Model {
    let mut model = Model::of_the_past(0);
    for recorded in swarm.events.iter().filter(|recorded| recorded.seq.0 <= count) {
        model.apply(recorded.clone());
    }
    model
}

/// All that is known, as far as it can be compared: the state, the conversations, what needs the operator, the latest
/// events.
fn told(model: &Model) -> (serde_json::Value, Threads, Vec<Need>, Vec<Seq>) {
    let state = serde_json::to_value(model.state.checkpoint(String::new())).unwrap();
    let needs = model.needs.list(&model.state, model.at()).to_vec();
    (state, model.threads.clone(), needs, model.activity.iter().map(|event| event.seq).collect())
}

#[test]
fn the_past_is_entered_at_the_present_and_left_again() {
    let swarm = story();
    let mut live = Traveller::live(&swarm, 120, 40);
    let before = told(&live.console.app.model);
    live.press("T");
    assert_eq!(live.position(), swarm.events.len() as u64);
    assert!(live.console.shows(" PAST "), "{}", live.console.text());
    live.press("T");
    assert!(live.console.app.past.is_none() && live.console.shows(" LIVE "));
    assert_eq!(told(&live.console.app.model), before);
}

#[test]
fn a_bus_without_a_journal_has_no_past() {
    let mut console = Console::of(&story(), 120, 40);
    console.app.bus.as_mut().unwrap().journal = None;
    console.press("T");
    assert!(console.shows("the bus keeps no journal"), "{}", console.text());
    assert!(console.app.past.is_none());
}

#[test]
fn everything_is_as_it_was_at_that_moment() {
    let swarm = story();
    let mut recording = Traveller::recording(&swarm, 120, 40, Recording::default());
    assert_eq!(recording.position(), 0);
    for position in [3, 17, 9, 30, 1] {
        recording.command(&format!("goto #{position}"));
        assert_eq!(recording.position(), position);
        let model = &recording.console.app.model;
        assert_eq!(told(model), told(&folded(&swarm, position)));
        assert_eq!(recording.past().moment, model.at());
    }
}

#[test]
fn steps_go_over_events_messages_and_decisions() {
    let swarm = story();
    let accepted: Vec<_> = swarm
        .events
        .iter()
        .filter(|event| event.event.name() == "accepted")
        .map(|event| event.seq.0)
        .collect();
    let mut recording = Traveller::recording(&swarm, 120, 40, Recording::default());
    recording.press(")");
    assert_eq!(recording.position(), accepted[0]);
    let selected = recording.console.app.selected_message();
    assert_eq!(selected, Some(Seq(accepted[0])), "the message is selected");
    recording.press(") )");
    assert_eq!(recording.position(), accepted[2]);
    recording.press("( .");
    assert_eq!(recording.position(), accepted[1] + 1);
    recording.press(", ,");
    assert_eq!(recording.position(), accepted[1] - 1);
    recording.press("0");
    assert_eq!(recording.position(), 0);
    recording.press("$");
    assert_eq!(recording.position(), swarm.events.len() as u64);
    recording.press("}");
    assert!(recording.console.shows("nothing was decided"), "{}", recording.console.text());
}

#[test]
fn matches_of_the_filter_are_gone_to() {
    let swarm = story();
    let mut recording = Traveller::recording(&swarm, 120, 40, Recording::default());
    recording.press("n");
    assert!(recording.console.shows("there is no filter to match"));
    recording.command("goto /refresh by itself");
    assert_eq!(recording.position(), swarm.seq_of(QUESTION).0);
    recording.command("filter =type == \"Negotiate\"");
    recording.press("n");
    assert_eq!(recording.position(), swarm.seq_of(PROPOSAL).0);
}

#[test]
fn an_id_is_gone_to_in_its_thread() {
    let swarm = story();
    let mut recording = Traveller::recording(&swarm, 120, 40, Recording::default());
    recording.command(&format!("goto {}", &DONE[..8]));
    assert_eq!(recording.position(), swarm.seq_of(DONE).0);
    assert_eq!(recording.console.app.focus, Pane::Thread);
    assert_eq!(recording.console.app.thread.selected, Some(swarm.seq_of(DONE)));
    recording.command("goto /=broken(");
    assert!(recording.console.shows("unexpected end"), "{}", recording.console.text());
    recording.press("esc n");
    assert!(!recording.console.shows("unexpected end"), "what can not be looked for is not looked for again");
    recording.command("goto fffffff");
    assert!(recording.console.shows("no message in the journal is \"fffffff\""));
    recording.command("goto soonish or so");
    assert!(
        recording.console.shows("\"soonish or so\" is no place: write 14:32"),
        "{}",
        recording.console.text()
    );
}

#[test]
fn what_the_journal_does_not_have_is_told() {
    let swarm = story();
    let (first, last) = (&swarm.events[0], swarm.events.last().unwrap());
    let clock = |at: Millis| at.local().unwrap().format("%Y-%m-%d %H:%M:%S").to_string();
    let mut recording = Traveller::recording(&swarm, 120, 40, Recording::default());
    for (place, position, told) in [
        ("#9999", last.seq.0, format!("the journal ends with event {}", last.seq)),
        ("+3d", last.seq.0, format!("the journal ends at {}", clock(last.at))),
        ("-3d", 0, format!("the journal begins at {}", clock(first.at))),
    ] {
        recording.command(&format!("goto {place}"));
        assert_eq!(recording.position(), position, "{place}");
        assert!(recording.console.shows(&told), "{place}: {}", recording.console.text());
    }
    recording.command("goto #3");
    assert!(!recording.console.shows("the journal"), "{}", recording.console.text());
}

#[test]
fn a_recording_that_was_to_begin_nowhere_does_not_begin() {
    for at in ["fffffff", "/nothing of the kind", "/=broken("] {
        let recording = Recording { at: Some(at.to_owned()), ..Recording::default() };
        let recording = Traveller::recording(&story(), 120, 40, recording);
        let left = |effect: &Effect| matches!(effect, Effect::Leave(Leaving::Failed(_)));
        assert!(recording.console.effects.iter().any(left), "{at}");
    }
}

#[test]
fn a_place_of_the_past_is_gone_to_from_the_present() {
    let swarm = story();
    let mut live = Traveller::live(&swarm, 120, 40);
    live.command("goto #20");
    assert_eq!(live.position(), 20);
    live.press("T");
    // The last that matches is the nearest one.
    live.command("goto /session");
    let last = live.position();
    live.press("n");
    assert_eq!(live.position(), last);
    assert!(
        live.console.shows("no message after this moment matches \"session\""),
        "{}",
        live.console.text()
    );
    live.press("T");
    // Nothing has happened since, and yet there is a moment to go to.
    live.console.now = Millis(live.console.now.0 + 60_000);
    live.command("goto -30s");
    assert_eq!(live.past().moment, Millis(live.console.now.0 - 30_000));
    assert!(!live.console.shows("the journal ends"), "{}", live.console.text());
    live.press("T");
    let event = &swarm.events[11];
    let ago = live.console.now.0 - event.at.0;
    live.command(&format!("goto {ago}ms"));
    assert_eq!(live.past().moment, event.at);
    live.press("T");
    live.command("goto nowhere at all");
    assert!(live.console.app.past.is_none(), "one stays in the present");
    assert!(live.console.shows("is no place: write"), "{}", live.console.text());
    live.command("goto fffffff");
    assert!(
        live.console.app.past.is_none() && live.console.shows("no message in the journal is \"fffffff\"")
    );
}

#[test]
fn the_past_goes_as_it_went_when_it_was_left() {
    let mut live = Traveller::live(&story(), 120, 40);
    live.press("T 0 > > s space");
    let (speed, shortens) = (live.past().player.speed, live.past().player.shortens);
    live.press("T T");
    let player = &live.past().player;
    assert_eq!((player.speed, player.shortens, player.is_playing), (speed, shortens, false));
    assert_ne!(speed, Speed::USUAL);
}

#[test]
fn time_goes_by_at_the_speed_that_was_chosen() {
    let swarm = story();
    let mut recording = Traveller::recording(&swarm, 120, 40, Recording::default());
    recording.command("speed 30");
    recording.press("space");
    let begin = recording.past().moment;
    for _ in 0..10 {
        recording.pass(100);
    }
    assert_eq!(recording.past().moment, Millis(begin.0 + 30_000));
    let happened = swarm.events.iter().filter(|event| event.at.0 <= begin.0 + 30_000).count();
    assert_eq!(recording.position(), happened as u64);
    assert_eq!(told(&recording.console.app.model), told(&folded(&swarm, happened as u64)));
    recording.press("space");
    recording.pass(10_000);
    assert_eq!(recording.past().moment, Millis(begin.0 + 30_000), "it stands still");
}

#[test]
fn as_fast_as_possible_comes_to_the_end_and_stops() {
    let swarm = story();
    let recording = Recording { speed: Some(Speed::Max), ..Recording::default() };
    let mut recording = Traveller::recording(&swarm, 120, 40, recording);
    recording.press("space");
    for _ in 0..3 {
        recording.pass(33);
    }
    assert_eq!(recording.position(), swarm.events.len() as u64);
    assert!(!recording.past().player.is_playing);
    assert!(recording.console.shows("this is the end of the recording"));
    assert_eq!(told(&recording.console.app.model), told(&folded(&swarm, recording.position())));
}

#[test]
fn what_was_to_be_played_has_its_ends() {
    let swarm = story();
    let at = |seq: u64| swarm.events[usize::try_from(seq).unwrap() - 1].at;
    let chosen = Recording {
        since: Some(at(12)),
        until: Some(at(20)),
        speed: Some(Speed::Max),
        ..Recording::default()
    };
    let mut recording = Traveller::recording(&swarm, 120, 40, chosen);
    let first = swarm.events.iter().find(|event| event.at >= at(12)).unwrap();
    assert_eq!(recording.position(), first.seq.0 - 1);
    recording.press("space");
    recording.pass(33);
    recording.pass(33);
    let last = swarm.events.iter().rfind(|event| event.at <= at(20)).unwrap();
    assert_eq!(recording.position(), last.seq.0);
    assert!(recording.console.shows("this is where it was to stop"));
    recording.press("space");
    recording.pass(33);
    assert!(recording.position() > last.seq.0);

    let behind = Recording {
        at: Some("#20".to_owned()),
        until: Some(at(12)),
        speed: Some(Speed::Max),
        ..Recording::default()
    };
    let mut recording = Traveller::recording(&swarm, 120, 40, behind);
    recording.press("space");
    recording.pass(33);
    assert!(recording.position() > 20, "it began behind where it was to stop");
}

#[test]
fn a_thread_is_listed_alone_from_its_beginning() {
    let swarm = story();
    let recording = Recording { thread: Some(DONE[..8].to_owned()), ..Recording::default() };
    let mut recording = Traveller::recording(&swarm, 120, 40, recording);
    assert_eq!(recording.position(), swarm.seq_of(CHANGE).0);
    recording.press("$");
    let app = &recording.console.app;
    assert_eq!(app.conversations.selected.as_ref().map(ToString::to_string), Some(CHANGE.to_owned()));
    assert_eq!(app.listing().len(), 1);
    let recording = Recording { thread: Some("fffffff".to_owned()), ..Recording::default() };
    let recording = Traveller::recording(&swarm, 120, 40, recording);
    let why = "no message in the journal is \"fffffff\"".to_owned();
    assert!(recording.console.effects.contains(&Effect::Leave(Leaving::Failed(why))));
}

#[test]
fn nothing_that_needs_a_bus_is_done_in_the_past() {
    let swarm = story();
    let mut live = Traveller::live(&swarm, 120, 40);
    live.press("T");
    for line in ["new query", "reply", "dismiss", "mark-read", "approve 4e901a7e", "composer", "send"] {
        live.command(line);
        assert!(
            live.console.shows("this is the past; T goes back to live"),
            "{line}: {}",
            live.console.text()
        );
    }
    live.press("6 g");
    assert!(!live.console.effects.iter().any(|effect| matches!(effect, Effect::Ask(_))));
    let mut recording = Traveller::recording(&swarm, 120, 40, Recording::default());
    recording.command("new query");
    assert!(recording.console.shows("this is a recording; there is no bus to send to"));
    recording.press("T");
    assert!(recording.console.shows("this is a recording; there is no live bus"));
}

#[test]
fn what_comes_meanwhile_is_told_and_not_missed() {
    let mut swarm = story();
    let mut live = Traveller::live(&swarm, 120, 40);
    let mut never_left = Console::of(&swarm, 120, 40);
    live.press("T");
    live.command("goto #12");
    let position = live.position();
    swarm.pass(5);
    swarm.send("AuthCore", &query("0e000001-new", "operator", "May I?"));
    swarm.send("AuthCore", &notify("0e000002-new", "*", "I did"));
    live.console.catch_up(&swarm);
    never_left.catch_up(&swarm);
    assert_eq!(live.position(), position);
    assert!(live.console.shows("live: 2 new"), "{}", live.console.text());
    live.press("T");
    assert_eq!(told(&live.console.app.model), told(&never_left.app.model));
    assert_eq!(live.console.app.reached, never_left.app.reached);
}

#[test]
fn what_happens_while_it_plays_is_played_too() {
    let mut swarm = story();
    let mut live = Traveller::live(&swarm, 120, 40);
    live.press("T");
    live.press(", ,");
    let last = swarm.events.len() as u64;
    live.command("speed 100");
    live.press("space");
    live.pass(10);
    // What is at hand is known to be all, and has not happened yet.
    swarm.pass(1);
    swarm.send("AuthCore", &query("0e000001-new", "operator", "May I?"));
    live.write(&swarm);
    let now_last = swarm.events.len() as u64;
    assert!(now_last > last);
    for _ in 0..1_000 {
        if live.past().player.is_playing {
            live.pass(250);
        }
    }
    assert_eq!(live.position(), now_last);
    assert!(live.console.shows(&format!("event {now_last} of {now_last}")), "{}", live.console.text());
    assert!(!live.past().player.is_playing && live.console.shows("this is all that has happened"));
}

#[test]
fn what_is_selected_stays_selected_where_it_is() {
    let swarm = story();
    let mut live = Traveller::live(&swarm, 120, 40);
    let select = |live: &mut Traveller, id: &str| {
        assert!(live.console.app.select_message(swarm.seq_of(id)));
    };
    let selected = |live: &Traveller| live.console.app.conversations.selected.clone().unwrap().to_string();
    select(&mut live, PROPOSAL);
    live.press("T");
    assert_eq!(selected(&live), PROPOSAL);
    // Before it was put to the vote something else is selected, and afterwards it is again.
    live.command(&format!("goto #{}", swarm.seq_of(PROPOSAL).0 - 1));
    assert_ne!(selected(&live), PROPOSAL);
    live.press("$");
    assert_eq!(selected(&live), PROPOSAL);
    select(&mut live, CHANGE);
    live.press("T");
    assert_eq!(selected(&live), CHANGE);
    assert_eq!(live.console.app.thread.selected, Some(swarm.seq_of(CHANGE)));
}

#[test]
fn the_scrubber_is_clicked_dragged_and_wheeled() {
    let swarm = story();
    let mut recording = Traveller::recording(&swarm, 120, 40, Recording::default());
    let bars = recording.console.app.drawn.scrubber.unwrap();
    let mouse = |recording: &mut Traveller, kind, x| {
        recording.console.mouse(kind, x, bars.y);
        recording.settle();
    };
    mouse(&mut recording, MouseEventKind::Down(MouseButton::Left), bars.right() - 1);
    assert_eq!(recording.position(), swarm.events.len() as u64);
    mouse(&mut recording, MouseEventKind::Drag(MouseButton::Left), bars.x + bars.width / 2);
    let middle = recording.position();
    assert!(middle > 0 && middle < swarm.events.len() as u64);
    mouse(&mut recording, MouseEventKind::Up(MouseButton::Left), bars.x);
    mouse(&mut recording, MouseEventKind::Drag(MouseButton::Left), bars.x);
    assert_eq!(recording.position(), middle, "it was let go");
    mouse(&mut recording, MouseEventKind::ScrollDown, bars.x);
    assert_eq!(recording.position(), middle + 1);
    mouse(&mut recording, MouseEventKind::ScrollUp, bars.x);
    assert_eq!(recording.position(), middle);
}

#[test]
fn of_a_drag_only_the_newest_place_waits() {
    let swarm = story();
    let mut recording = Traveller::recording(&swarm, 120, 40, Recording::default());
    let bars = recording.console.app.drawn.scrubber.unwrap();
    recording.asked.clear();
    let down = MouseEventKind::Down(MouseButton::Left);
    recording.console.mouse(down, bars.x, bars.y);
    for x in bars.x..bars.right() {
        recording.console.mouse(MouseEventKind::Drag(MouseButton::Left), x, bars.y);
    }
    recording.settle();
    let gone = recording.asked.iter().filter(|request| matches!(request, Request::Go { .. })).count();
    assert_eq!(gone, 2);
    assert_eq!(recording.position(), swarm.events.len() as u64);
}

#[test]
fn marks_are_set_listed_gone_to_and_deleted() {
    let swarm = story();
    let mut recording = Traveller::recording(&swarm, 120, 40, Recording::default());
    recording.press("'");
    assert!(recording.console.shows("nothing is marked; m marks a moment"));
    recording.command("goto #20");
    recording.press("m");
    recording.console.types("here it went wrong");
    recording.press("enter");
    assert!(recording.console.effects.contains(&Effect::SaveMarks));
    recording.press("0");
    recording.command("goto here it");
    assert_eq!(recording.position(), 20);
    assert!(recording.console.shows("here it went wrong"));
    recording.press("0 '");
    assert!(recording.console.shows("event 20, "), "{}", recording.console.text());
    recording.press("enter");
    assert_eq!(recording.position(), 20);
    recording.press("' d");
    assert!(recording.console.app.marks.is_empty() && recording.console.app.overlay.is_none());
}

#[test]
fn a_late_answer_is_not_shown() {
    let swarm = story();
    let mut recording = Traveller::recording(&swarm, 120, 40, Recording::default());
    let model = Box::new(folded(&swarm, 5));
    let late = Report::Moment { number: 0, position: Seq(5), at: Millis(5), model };
    recording.console.take(Msg::Report(late));
    assert_eq!(recording.position(), 0);
}

#[test]
fn texts_are_fetched_from_the_journal() {
    let swarm = story();
    let mut live = Traveller::live(&swarm, 120, 40);
    live.press("T");
    live.command("goto 9e571041");
    assert!(live.console.shows("Does session() refresh by itself?"), "{}", live.console.text());
    let is_bus = |effect: &Effect| matches!(effect, Effect::Ask(Ask::Fetch(_)));
    assert!(!live.console.effects.iter().any(is_bus));
}

#[test]
fn a_gap_is_told_where_it_is() {
    let swarm = story();
    let mut live = Traveller::live(&swarm, 120, 40);
    let text = fs::read_to_string(live.journal()).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines[14] = "not a line".to_owned();
    lines[15] = "nor this".to_owned();
    fs::write(live.journal(), lines.join("\n") + "\n").unwrap();
    live.press("T");
    live.command("goto #14");
    assert!(live.console.shows("gap: 2 lines ("), "{}", live.console.text());
    live.press(".");
    assert_eq!(live.position(), 17);
}

#[test]
fn a_recording_that_can_not_be_read_ends_with_a_line() {
    let mut console = Console::new(120, 40);
    console.app.past = Some(Box::new(Past::recording(Recording::default())));
    console.take(Msg::Report(Report::Opening { done: 3_000_000, all: 12_000_000 }));
    assert!(console.shows("3.0 MB of 12.0 MB"), "{}", console.text());
    console.take(Msg::Report(Report::Failed("bus.log can not be read: gone".to_owned())));
    let why = "bus.log can not be read: gone".to_owned();
    assert_eq!(console.effects, [Effect::Leave(Leaving::Failed(why))]);
}

#[test]
fn a_past_that_can_not_be_read_leads_back_to_live() {
    let mut live = Traveller::live(&story(), 120, 40);
    live.console.press("T");
    live.console.take(Msg::Report(Report::Failed("bus.log can not be read: gone".to_owned())));
    assert!(live.console.app.past.is_none());
    assert!(live.console.shows("can not be read: gone") && live.console.shows(" LIVE "));
}

#[test]
fn the_scrubber_in_every_size() {
    let swarm = story();
    for (width, height) in [(60, 15), (80, 24), (120, 40)] {
        for (name, environment) in [
            ("ascii", &[("TERM", "xterm-256color")][..]),
            ("colours", &[("LANG", "C.UTF-8"), ("COLORTERM", "truecolor")]),
            ("none", &[("LANG", "C.UTF-8"), ("NO_COLOR", "1")]),
        ] {
            let mut recording = Traveller::recording(&swarm, width, height, Recording::default());
            recording.console.app.look = Look::detect(None, &|wanted| {
                environment.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
            });
            recording.command("goto #20");
            recording.press("m");
            recording.console.types("the middle");
            recording.press("enter");
            recording.console.app.toast = None;
            let screen = recording.console.screen();
            let lines: Vec<_> = screen.lines().collect();
            let shown = lines[lines.len() - if height < 20 { 3 } else { 5 }..].join("\n");
            assert_snapshot!(format!("scrubber_{name}_{width}x{height}"), shown);
            let status = recording.console.cell(" REPLAY ");
            assert!(status.modifier.contains(Modifier::REVERSED));
        }
    }
}

#[test]
fn a_smaller_terminal_keeps_the_place() {
    let swarm = story();
    let mut live = Traveller::live(&swarm, 120, 40);
    live.press("T");
    live.command("goto #9");
    for size in [Size::new(40, 10), Size::new(60, 15), Size::new(200, 50)] {
        live.console.resize(size.width, size.height);
        live.settle();
        assert_eq!(live.position(), 9);
    }
}

#[derive(Debug, Clone)]
enum Move {
    Key(&'static str),
    Goto(u64),
    Say(usize),
    Pass(u64),
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => prop::sample::select(vec![".", ",", ")", "(", "0", "$", "space", "s", ">", "<", "6", "j", "z", "3"])
            .prop_map(Move::Key),
        2 => (0..60_u64).prop_map(Move::Goto),
        2 => (0..3_usize).prop_map(Move::Say),
        2 => (1..4_000_u64).prop_map(Move::Pass),
    ]
}

proptest! {
    #![proptest_config(config(24))]

    /// However one goes about in the past, the moment that is shown is the fold up to it, and the present is as if it had
    /// never been left.
    #[test]
    fn the_past_leaves_no_trace(moves in prop::collection::vec(moves(), 1..20)) {
        let mut swarm = story();
        let mut live = Traveller::live(&swarm, 120, 40);
        let mut never_left = Console::of(&swarm, 120, 40);
        live.press("T");
        for (number, one) in moves.iter().enumerate() {
            match one {
                Move::Key(key) => live.press(key),
                Move::Goto(seq) => live.command(&format!("goto #{seq}")),
                Move::Pass(millis) => live.pass(*millis),
                Move::Say(from) => {
                    swarm.pass(1);
                    let from = ["Flagship", "LensSDK", "AuthCore"][*from];
                    swarm.send(from, &notify(&format!("{number:08x}-said"), "*", "more"));
                    live.write(&swarm);
                    let missing = swarm.events.iter().filter(|event| event.seq > live.console.app.reached);
                    live.console.events(&missing.cloned().collect::<Vec<_>>());
                    never_left.catch_up(&swarm);
                }
            }
        }
        let position = live.position();
        prop_assert_eq!(told(&live.console.app.model), told(&folded(&swarm, position)));
        // In the thread, what is shown would be read.
        live.press("2 T");
        prop_assert_eq!(told(&live.console.app.model), told(&never_left.app.model));
    }
}

#[test]
fn the_request_is_for_what_is_meant() {
    let mut live = Traveller::live(&story(), 120, 40);
    live.press("T");
    live.asked.clear();
    live.press("$");
    assert!(matches!(live.asked.first(), Some(Request::Go { target: Target::End, .. })), "{:?}", live.asked);
    let id: MessageId = QUESTION.parse().unwrap();
    assert!(live.console.app.model.state.message(&id).is_some());
}
