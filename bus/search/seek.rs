//! The pass that finds: what one thread does with the lines that it gets.

use super::best::{Best, Candidate};
use super::judge::{Judge, Verdict};
use super::prefilter::Prefilter;
use super::scan::{Piece, Worker};
use super::{Order, Search};
use crate::journal::line;
use crate::name::Seq;

/// What one thread has found.
#[derive(Debug)]
pub(super) struct Seeker<'s> {
    prefilter: Prefilter,
    judge: Judge<'s>,
    pub best: Best,
    /// How many lines were found, shown or not.
    pub total: u64,
    /// What is only found if its message is in the right thread, which its line does not tell.
    pub pending: Vec<Candidate>,
    pub unreadable: Unreadable,
}

/// Lines that can not be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub count: u64,
    /// The first of them: its file, and where in it the line begins.
    pub first: Option<(usize, u64)>,
}

impl Unreadable {
    pub(super) fn add(&mut self, file: usize, offset: u64) {
        self.merge(Self { count: 1, first: Some((file, offset)) });
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.into_iter().chain(other.first).min();
    }
}

impl<'s> Seeker<'s> {
    pub(super) fn new(search: &'s Search) -> Self {
        let Search { query, bounds, order, limit, .. } = search;
        Self {
            prefilter: Prefilter::new(query.patterns()),
            judge: Judge::new(query, bounds),
            best: Best::new(*order, *limit),
            total: 0,
            pending: Vec::new(),
            unreadable: Unreadable::default(),
        }
    }

    /// Looks at both ends of every line, whatever else is looked for: what was torn or overwritten shows there.
    fn check_ends(&mut self, piece: Piece<'_>) {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', piece.lines).chain([piece.lines.len()]) {
            let line = &piece.lines[start..end];
            if !line.is_empty() && !line::has_ends(line) {
                self.unreadable.add(piece.file, piece.offset + start as u64);
            }
            start = end + 1;
            if start >= piece.lines.len() {
                break;
            }
        }
    }
}

impl Worker for Seeker<'_> {
    fn take(&mut self, piece: Piece<'_>) {
        self.check_ends(piece);
        for suspect in self.prefilter.candidates(piece.lines) {
            let line = suspect.line;
            if !line::has_ends(line) {
                continue;
            }
            let (file, offset) = (piece.file, piece.offset + suspect.start as u64);
            let seq = line::seq_of(line).unwrap_or(Seq(0));
            match self.judge.judge(suspect) {
                Verdict::No => {}
                Verdict::Unreadable => self.unreadable.add(file, offset),
                Verdict::Found(score) => {
                    self.total += 1;
                    self.best.offer(score, seq, file, offset, line);
                }
                Verdict::IfInThread(score) => {
                    let mut one = Best::new(Order::Score, 1);
                    one.offer(score, seq, file, offset, line);
                    self.pending.extend(one.sorted());
                }
            }
        }
    }

    fn too_long(&mut self, file: usize, offset: u64) {
        self.unreadable.add(file, offset);
    }
}
