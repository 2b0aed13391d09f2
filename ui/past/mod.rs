//! The past: any moment of a journal, as the console shows it.
//!
//! | module | what is in it |
//! |---|---|
//! | [`worker`] | the thread that reads the journal and goes where it is asked to |
//!
//! The console asks ([`Request`]) and is told ([`Report`]); both are plain data, so that what follows from them is decided
//! without files. A *position* is the number of the last event that has happened; 0 is before all.

pub mod worker;

mod seek;

use std::sync::Arc;

use veda_bus_core::event::Recorded;
use veda_bus_core::history::Map;
use veda_bus_core::name::Seq;
use veda_bus_core::time::Millis;

use crate::model::Model;

pub use worker::Worker;

/// What kind of event a step goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Any.
    Event,
    /// A message was accepted.
    Message,
    /// The operator, or a vote, decided.
    Decision,
    /// A message was accepted that matches: words, or `=` and a CEL expression, as a filter takes them.
    Match(String),
}

/// Where to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// To this event, or the last one before it.
    Event(Seq),
    /// To the last event that was not later.
    Time(Millis),
    /// Before all events.
    Start,
    /// To the last event.
    End,
    /// To the event that accepted the message with this id, or the first whose id begins so.
    Message(String),
    /// To the nearest event of the kind after this one.
    Next {
        /// The position.
        from: Seq,
        /// The kind.
        stop: Stop,
    },
    /// To the nearest event of the kind before this one; before the first event is the start.
    Previous {
        /// The position.
        from: Seq,
        /// The kind.
        stop: Stop,
    },
}

/// What the console asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Answered by a [`Report::Moment`] or a [`Report::NotThere`] with the same number. Only the newest counts: an earlier
    /// one may never be answered.
    Go {
        /// Tells answers apart.
        number: u64,
        /// Where to.
        target: Target,
    },
    /// The events after this one, some hundred of them.
    Ahead {
        /// The position.
        after: Seq,
    },
    /// What messages say: each by the event that accepted it, and the one that brought its text, which is another where
    /// the operator changed it (`Record::written_at`).
    Fetch(Vec<(Seq, Seq)>),
}

/// What the console is told.
#[derive(Debug)]
pub enum Report {
    /// The journal is being opened: so many bytes of so many were looked at.
    Opening {
        /// So many.
        done: u64,
        /// Of so many.
        all: u64,
    },
    /// What it holds; again, when it has grown or more of it is known.
    Opened(Arc<Map>),
    /// Up to this event, going anywhere is quick; beyond, what is there is folded first.
    Indexed {
        /// That event.
        upto: Seq,
    },
    /// It takes a while: so many events of so many.
    Folding {
        /// Of which request.
        number: u64,
        /// So many.
        done: u64,
        /// Of so many.
        all: u64,
    },
    /// Here it is.
    Moment {
        /// Of which request.
        number: u64,
        /// The last event that has happened.
        position: Seq,
        /// When that was; before the first event, the time of that.
        at: Millis,
        /// All that the panes show, texts of messages and all.
        model: Box<Model>,
    },
    /// There is no such moment.
    NotThere {
        /// Of which request.
        number: u64,
        /// Why, in a sentence.
        why: String,
    },
    /// The events after one.
    Ahead {
        /// That one.
        after: Seq,
        /// They, in order.
        events: Vec<Recorded>,
        /// Whether there are no more behind them, as far as is known.
        is_end: bool,
    },
    /// What messages say.
    Fetched {
        /// Which were asked for.
        asked: Vec<Seq>,
        /// Those that were found, as JSON.
        found: Vec<(Seq, String)>,
    },
    /// The journal can not be read, and nothing more will come.
    Failed(String),
}
