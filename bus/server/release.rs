//! What may go out when: now, when the events are written, when they are synced.
//!
//! A message is handed out when its event is written (it survives `kill -9`); a receipt goes out when the event is
//! synced (it survives a power cut). Effects of one kind leave in the order in which they were caused.

use std::collections::VecDeque;
use std::rc::Rc;

use bytes::Bytes;

use super::connection::Outbox;
use crate::name::Seq;
use crate::refusal::Refusal;
use crate::wire::answer::error_frame;

/// Something for a peer.
pub(super) enum Effect {
    /// A frame.
    Push(Rc<Outbox>, Bytes),
    /// A receipt, with the `ref` of the send that it answers.
    Receipt(Rc<Outbox>, Option<String>, Bytes),
    /// Nothing more will come.
    Close(Rc<Outbox>),
}

/// Effects that wait for the disk.
#[derive(Default)]
pub(super) struct Release {
    written: VecDeque<Effect>,
    synced: VecDeque<(Seq, Effect)>,
    /// Outboxes that have something to flush.
    dirty: Vec<Rc<Outbox>>,
}

impl Release {
    /// Goes out with the next flush.
    pub(super) fn now(&mut self, outbox: &Rc<Outbox>, frame: &[u8]) {
        self.perform(Effect::Push(Rc::clone(outbox), Bytes::copy_from_slice(frame)));
    }

    /// Goes out when what has been appended to the journal so far is written.
    pub(super) fn when_written(&mut self, effect: Effect) {
        self.written.push_back(effect);
    }

    /// Goes out when event `seq` is synced.
    pub(super) fn when_synced(&mut self, seq: Seq, effect: Effect) {
        self.synced.push_back((seq, effect));
    }

    /// Whether something waits for a sync.
    pub(super) fn awaits_sync(&self) -> bool {
        !self.synced.is_empty()
    }

    /// Everything that was appended is written.
    pub(super) fn written(&mut self) {
        while let Some(effect) = self.written.pop_front() {
            self.perform(effect);
        }
    }

    /// Everything up to `seq` is synced.
    pub(super) fn synced(&mut self, seq: Seq) {
        while self.synced.front().is_some_and(|(needed, _)| *needed <= seq) {
            if let Some((_, effect)) = self.synced.pop_front() {
                self.perform(effect);
            }
        }
    }

    /// A sync failed, so that no receipt which waits for one is true: each becomes a refusal.
    pub(super) fn sync_failed(&mut self, refusal: &Refusal) {
        for (_, effect) in std::mem::take(&mut self.synced) {
            self.perform(match effect {
                Effect::Receipt(outbox, reference, _) => {
                    let frame = error_frame(reference.as_deref(), refusal);
                    Effect::Push(outbox, frame)
                }
                other => other,
            });
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Push(outbox, frame) | Effect::Receipt(outbox, _, frame) => {
                if outbox.len() == 0 {
                    self.dirty.push(Rc::clone(&outbox));
                }
                outbox.push(&frame);
            }
            Effect::Close(outbox) => {
                outbox.close();
                self.dirty.push(outbox);
            }
        }
    }

    /// Sends out what may go.
    pub(super) fn flush(&mut self) {
        for outbox in self.dirty.drain(..) {
            outbox.flush();
        }
    }
}
