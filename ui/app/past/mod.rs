//! The past, while it is shown in place of the present: where in it the console is, and what goes on meanwhile.
//!
//! | module | what is in it |
//! |---|---|
//! | [`player`] | how fast it goes by |
//! | [`columns`] | how much happened when, for the scrubber |
//! | [`marks`] | places with a note, kept beside the journal |
//! | [`scene`] | what of the console belongs to the moment shown; the present, put aside |

pub mod columns;
pub mod marks;
pub mod player;
pub mod scene;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use veda_bus_core::event::Recorded;
use veda_bus_core::history::{Gap, Map};
use veda_bus_core::name::{MessageId, Seq};
use veda_bus_core::time::Millis;

use super::pane::Pane;
use super::{App, tree};
use crate::model::Model;
use crate::past::{Stop, Target};
use crate::view::rounds::Differences;
use crate::view::thread::Bodies;
use columns::{Axis, Column};
use player::{Player, Speed};
use scene::Scene;

/// Where a recording is begun.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recording {
    /// The journal, or its files.
    pub files: Vec<PathBuf>,
    /// Where it begins, as `goto` takes it; a time is of the last day, and relative to the end.
    pub at: Option<String>,
    /// It begins before the first event at or after this.
    pub since: Option<Millis>,
    /// Playing stops here.
    pub until: Option<Millis>,
    /// Only this thread is listed: the id of one of its messages, or its beginning.
    pub thread: Option<String>,
    /// How fast it plays.
    pub speed: Option<Speed>,
}

/// What became of the present.
#[derive(Debug)]
pub enum Live {
    /// There is none: this is a recording.
    None,
    /// It is shown until the journal is open.
    Shown,
    /// It is put aside, and goes on there.
    Aside(Box<Scene>),
}

/// What follows when the place was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Nothing more.
    Stay,
    /// The message that the event is about is selected.
    Select,
    /// The same, in its thread.
    Open,
    /// Its thread is listed alone, and the recording begins there.
    OnlyThread,
}

/// A place that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// A certain one.
    Place(Target, Then),
    /// So many steps from where it is, forwards or backwards.
    Steps {
        /// Over what.
        stop: Stop,
        /// Whether backwards.
        back: bool,
        /// How many.
        count: usize,
    },
}

/// Where somebody goes who comes from the present; the end, where nothing is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum First {
    /// To an event, and the message that it is about.
    Event(Seq),
    /// To a place as `goto` takes it; a time is of today, and relative to now.
    Place(String),
}

/// A place that the worker was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seeking {
    /// The number of the request.
    pub number: u64,
    /// What is sought.
    pub target: Target,
    /// What follows.
    pub then: Then,
    /// How many events were folded, of how many; only when it takes long.
    pub progress: Option<(u64, u64)>,
}

/// The events that come next.
#[derive(Debug, Default)]
pub struct Ahead {
    /// They, in order.
    pub events: VecDeque<Recorded>,
    /// Those after this one are asked for.
    pub asked: Option<Seq>,
    /// Whether nothing came after them when they were asked for.
    pub is_end: bool,
    /// Whether that was so when all of them had happened.
    pub is_over: bool,
}

impl Ahead {
    /// Another place is shown: what comes after it stays, if it is known.
    fn moved(&mut self, from: Seq, to: Seq) {
        let is_within = to >= from && self.events.back().is_some_and(|last| last.seq >= to);
        if is_within {
            self.events.retain(|event| event.seq > to);
        } else if from != to {
            *self = Self::default();
        }
    }
}

/// The columns that were made last, for a width.
type Cached = RefCell<Option<(Axis, Rc<Vec<Column>>)>>;

/// See the [module](self).
#[derive(Debug)]
pub struct Past {
    /// What a recording begins with.
    pub recording: Recording,
    /// Where it begins for one who comes from the present.
    pub first: Option<First>,
    /// What became of the present.
    pub live: Live,
    /// What the journal holds; `None` while it is being opened.
    pub map: Option<Arc<Map>>,
    /// How much of it was opened, in bytes, of how much.
    pub opening: Option<(u64, u64)>,
    /// Up to where seeking is fast, while that is not everything.
    pub indexed: Option<Seq>,
    /// The last event that has happened.
    pub position: Seq,
    /// The moment that is shown.
    pub moment: Millis,
    /// Whether a place was shown that one could stay at.
    pub is_begun: bool,
    /// How fast it goes.
    pub player: Player,
    /// What comes next.
    pub ahead: Ahead,
    /// What is being sought.
    pub seeking: Option<Seeking>,
    /// What is sought when that was found.
    pub next: Option<Wanted>,
    /// The number of the last request.
    pub number: u64,
    /// What was matched last.
    pub matched: Option<String>,
    /// Whether the mouse holds the scrubber.
    pub is_held: bool,
    /// A conversation that was selected and is not there now, and what was selected in its place.
    pub lost: Option<(MessageId, Option<MessageId>)>,
    /// How many messages came in the present since it was left.
    pub news: usize,
    columns: Cached,
}

impl Past {
    fn new(recording: Recording, live: Live) -> Self {
        let player = Player::new(recording.speed.unwrap_or(Speed::USUAL));
        Self {
            recording,
            first: None,
            live,
            map: None,
            opening: None,
            indexed: None,
            position: Seq(0),
            moment: Millis(0),
            is_begun: false,
            player,
            ahead: Ahead::default(),
            seeking: None,
            next: None,
            number: 0,
            matched: None,
            is_held: false,
            lost: None,
            news: 0,
            columns: RefCell::default(),
        }
    }

    /// A recording.
    pub fn recording(recording: Recording) -> Self {
        Self::new(recording, Live::None)
    }

    /// The past of the bus that is shown, from its journal. It goes as it went when it was left last.
    pub fn travel(journal: PathBuf, player: Option<Player>) -> Self {
        let past = Self::new(Recording { files: vec![journal], ..Recording::default() }, Live::Shown);
        Self { player: player.unwrap_or(past.player), ..past }
    }

    /// Whether there is no present to go back to.
    pub fn is_recording(&self) -> bool {
        matches!(self.live, Live::None)
    }

    /// Whether asking for more events is of no use now. A journal that is written goes on: it is asked again when all that
    /// is at hand has happened.
    pub fn has_all(&self) -> bool {
        let Ahead { events, is_end, is_over, .. } = &self.ahead;
        *is_end && (self.is_recording() || !events.is_empty() || *is_over)
    }

    /// The last event of the journal.
    pub fn end(&self) -> Option<(Seq, Millis)> {
        self.map.as_ref()?.last()
    }

    /// What can not be read right behind the place that is shown.
    pub fn gap(&self) -> Option<&Gap> {
        let position = self.position;
        self.map.as_ref()?.gaps.iter().find(|gap| {
            // A line that was changed is told of where it is.
            gap.after == position || gap.before == Some(position) && gap.after.next() == position
        })
    }

    /// Another place is shown.
    pub(crate) fn moved(&mut self, position: Seq, moment: Millis) {
        self.ahead.moved(self.position, position);
        (self.position, self.moment) = (position, moment);
        self.is_begun = true;
    }

    /// The journal, or more of it.
    pub(crate) fn opened(&mut self, map: Arc<Map>) {
        let has_grown = self.map.as_ref().is_some_and(|known| known.last() != map.last());
        self.ahead.is_end &= !has_grown;
        *self.columns.get_mut() = None;
        self.opening = None;
        self.map = Some(map);
    }

    /// The columns of the scrubber.
    pub fn columns(&self, width: usize) -> Option<(Axis, Rc<Vec<Column>>)> {
        let map = self.map.as_ref()?;
        let axis = Axis::of(map, width)?;
        let mut cached = self.columns.borrow_mut();
        if let Some((known, columns)) = &*cached
            && *known == axis
        {
            return Some((axis, Rc::clone(columns)));
        }
        let columns = Rc::new(columns::columns(map, axis));
        *cached = Some((axis, Rc::clone(&columns)));
        Some((axis, columns))
    }
}

impl App {
    /// The past, when it is what the panes show.
    pub fn shown_past(&self) -> Option<&Past> {
        self.past.as_deref().filter(|past| !matches!(past.live, Live::Shown))
    }

    /// The moment that the panes show.
    pub fn moment(&self) -> Millis {
        self.shown_past().map_or(self.now, |past| past.moment)
    }

    /// How many things need the operator in the present; of a recording, those that did at the moment shown.
    pub fn pressing(&self) -> usize {
        match self.past.as_deref().map(|past| &past.live) {
            Some(Live::Aside(scene)) => scene.needs(self.now),
            _ => self.needs_count(),
        }
    }

    /// Shows what was known at another moment; what is shown of the present is put aside.
    pub(crate) fn put_aside(&mut self, model: Model) {
        let Some(mut past) = self.past.take() else { return };
        match past.live {
            Live::Shown => {
                let mut scene = Box::new(Scene::new(model));
                scene.swap(self);
                past.live = Live::Aside(scene);
                if self.focus == Pane::Composer {
                    self.focus = Pane::Conversations;
                }
            }
            Live::None | Live::Aside(_) => {
                self.model = model;
                // The same message may say something else at another moment.
                self.bodies = Bodies::default();
                self.differences = Differences::default();
                self.trees = tree::Cache::default();
            }
        }
        self.past = Some(past);
    }

    /// Shows the present again; a recording has none.
    pub(crate) fn back_to_live(&mut self) {
        let Some(mut past) = self.past.take() else { return };
        if let Live::Aside(scene) = &mut past.live {
            scene.swap(self);
        }
        past.player.pause();
        self.player = Some(past.player);
    }

    /// Does something to the present, as if it were shown.
    pub fn in_live<T>(&mut self, change: impl FnOnce(&mut Self) -> T) -> T {
        let Some(mut past) = self.past.take() else { return change(self) };
        if let Live::Aside(scene) = &mut past.live {
            scene.swap(self);
        }
        let done = change(self);
        if let Live::Aside(scene) = &mut past.live {
            scene.swap(self);
        }
        self.past = Some(past);
        done
    }
}
