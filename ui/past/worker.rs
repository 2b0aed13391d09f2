//! The thread that reads the journal. It goes where it is asked to, and makes snapshots while nobody asks.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvError, Sender, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use veda_bus_core::history::{APART, Folding, Map, Progress, Timeline};
use veda_bus_core::name::Seq;

use super::seek::{self, SeekError};
use super::{Report, Request, Target};
use crate::model::{ACTIVITY, Model};
use crate::words::hit::message_of;

/// How long snapshots are made before somebody may ask something.
const SLICE: Duration = Duration::from_millis(10);

/// How often it is told how far something has come.
const TELL: Duration = Duration::from_millis(50);

/// How many events are read ahead at a time.
const AHEAD: usize = 512;

/// The console's end.
#[derive(Debug)]
pub struct Worker {
    /// What it tells.
    pub reports: UnboundedReceiver<Report>,
    requests: Sender<Request>,
}

impl Worker {
    /// Opens a journal (one path: its active file, with the archived segments beside it) or several segments. It ends when
    /// this end is dropped.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn start(paths: Vec<PathBuf>) -> io::Result<Self> {
        let (tell, reports) = unbounded_channel();
        let (requests, asked) = mpsc::channel();
        let work = move || {
            if let Err(error) = Work::begin(&paths, &tell).and_then(|work| work.run(&asked)) {
                let path = paths.first().map(|path| path.display().to_string()).unwrap_or_default();
                // A console that has been left needs to know nothing.
                let _ = tell.send(Report::Failed(format!("{path} can not be read: {error}")));
            }
        };
        thread::Builder::new().name("past".into()).spawn(work)?;
        Ok(Self { reports, requests })
    }

    /// Asks for something; the answer comes as a [`Report`].
    pub fn ask(&self, request: Request) {
        // One that has ended has said why.
        let _ = self.requests.send(request);
    }
}

/// What is folded of a journal. Its form changes with every version of the console, and with how much is remembered.
fn folding(map: &Map) -> Folding<Model> {
    let messages = map.blocks.iter().map(|block| block.counts.messages + block.counts.holds);
    let empty = Model::of_the_past(messages.map(u64::from).sum());
    let form = format!("console {} 1 {}", env!("CARGO_PKG_VERSION"), empty.history());
    Folding { empty, form, apart: APART }
}

struct Work<'a> {
    timeline: Timeline<Model>,
    tell: &'a UnboundedSender<Report>,
    /// What was asked for and not done yet.
    waiting: VecDeque<Request>,
    /// Whether there is something of which no snapshots are made.
    is_indexing: bool,
    told: Instant,
}

/// Nobody is there any more to be told.
const LEFT: io::ErrorKind = io::ErrorKind::BrokenPipe;

impl<'a> Work<'a> {
    fn begin(paths: &[PathBuf], tell: &'a UnboundedSender<Report>) -> io::Result<Self> {
        let mut told = Instant::now();
        let mut opening = |progress: Progress| {
            if told.elapsed() >= TELL {
                told = Instant::now();
                let _ = tell.send(Report::Opening { done: progress.done, all: progress.all });
            }
        };
        let timeline = Timeline::open(paths, &mut opening, folding)?;
        let (waiting, told) = (VecDeque::new(), Instant::now());
        let work = Self { timeline, tell, waiting, is_indexing: true, told };
        let _ = work.tell.send(Report::Opened(work.timeline.map().clone()));
        Ok(work)
    }

    /// Until nobody asks any more.
    fn run(mut self, asked: &Receiver<Request>) -> io::Result<()> {
        loop {
            match self.listen(asked) {
                Ok(Some(request)) => match self.answer(request, asked) {
                    Err(error) if error.kind() == LEFT => return Ok(()),
                    done => done?,
                },
                Ok(None) => self.index()?,
                Err(RecvError) => return Ok(()),
            }
        }
    }

    /// The next thing to do; `None` is that there is time for snapshots.
    fn listen(&mut self, asked: &Receiver<Request>) -> Result<Option<Request>, RecvError> {
        if self.waiting.is_empty() && !self.is_indexing {
            self.waiting.push_back(asked.recv()?);
        }
        self.hear(asked)?;
        // Of all the moments that were asked for, only the newest counts.
        let is_go = |request: &Request| matches!(request, Request::Go { .. });
        if let Some(newest) = self.waiting.iter().rposition(is_go) {
            let mut place = 0;
            self.waiting.retain(|request| {
                place += 1;
                !is_go(request) || place - 1 == newest
            });
        }
        Ok(self.waiting.pop_front())
    }

    fn hear(&mut self, asked: &Receiver<Request>) -> Result<(), RecvError> {
        loop {
            match asked.try_recv() {
                Ok(request) => self.waiting.push_back(request),
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => return Err(RecvError),
            }
        }
    }

    fn index(&mut self) -> io::Result<()> {
        let gaps = self.timeline.map().gaps.len();
        self.is_indexing = self.timeline.index(SLICE)?;
        if self.timeline.map().gaps.len() != gaps {
            self.report(Report::Opened(self.timeline.map().clone()));
        }
        if !self.is_indexing || self.told.elapsed() >= TELL {
            self.told = Instant::now();
            self.report(Report::Indexed { upto: self.timeline.indexed() });
        }
        Ok(())
    }

    fn report(&self, report: Report) {
        // Who listens no more asks no more either.
        let _ = self.tell.send(report);
    }

    fn answer(&mut self, request: Request, asked: &Receiver<Request>) -> io::Result<()> {
        match request {
            Request::Go { number, target } => self.go(number, &target, asked),
            Request::Ahead { after } => self.ahead(after),
            Request::Fetch(seqs) => self.fetch(seqs),
        }
    }

    fn refresh(&mut self) -> io::Result<()> {
        if self.timeline.refresh()? {
            self.is_indexing = true;
            self.report(Report::Opened(self.timeline.map().clone()));
        }
        Ok(())
    }

    fn go(&mut self, number: u64, target: &Target, asked: &Receiver<Request>) -> io::Result<()> {
        self.refresh()?;
        match seek::position(&self.timeline, target) {
            Ok(seq) => self.go_to(number, seq, asked),
            Err(SeekError::Io(error)) => Err(error),
            Err(SeekError::NotThere(why)) => {
                self.report(Report::NotThere { number, why });
                Ok(())
            }
        }
    }

    fn go_to(&mut self, number: u64, seq: Seq, asked: &Receiver<Request>) -> io::Result<()> {
        let mut told = Instant::now();
        let (tell, waiting) = (self.tell, &mut self.waiting);
        let mut is_left = false;
        let found = self.timeline.go(seq, &mut |progress| {
            if told.elapsed() >= TELL {
                told = Instant::now();
                let _ = tell.send(Report::Folding { number, done: progress.done, all: progress.all });
            }
            // Whoever asked for another moment meanwhile does not want this one.
            loop {
                match asked.try_recv() {
                    Ok(request) => waiting.push_back(request),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => {
                        is_left = true;
                        break;
                    }
                }
            }
            !is_left && !waiting.iter().any(|request| matches!(request, Request::Go { .. }))
        })?;
        if is_left {
            return Err(LEFT.into());
        }
        let Some((mut model, position)) = found else { return Ok(()) };
        model.recall(self.timeline.events_up_to(position, ACTIVITY)?);
        let first = self.timeline.map().first().map_or_else(Default::default, |(_, at)| at);
        let at = if position == Seq(0) { first } else { model.at() };
        self.report(Report::Moment { number, position, at, model: Box::new(model) });
        Ok(())
    }

    fn ahead(&mut self, after: Seq) -> io::Result<()> {
        let mut events = self.timeline.events_after(after, AHEAD)?;
        if events.len() < AHEAD {
            self.refresh()?;
            events = self.timeline.events_after(after, AHEAD)?;
        }
        let is_end = events.len() < AHEAD;
        self.report(Report::Ahead { after, events, is_end });
        Ok(())
    }

    fn fetch(&mut self, asked: Vec<(Seq, Seq)>) -> io::Result<()> {
        let mut found = Vec::new();
        for &(seq, written_at) in &asked {
            let before = Seq(written_at.0.saturating_sub(1));
            let events = self.timeline.events_after(before, 1)?;
            let message = events.first().filter(|recorded| recorded.seq == written_at).and_then(message_of);
            found.extend(message.map(|message| (seq, String::from_utf8_lossy(&message.raw).into_owned())));
        }
        let asked = asked.into_iter().map(|(seq, _)| seq).collect();
        self.report(Report::Fetched { asked, found });
        Ok(())
    }
}
