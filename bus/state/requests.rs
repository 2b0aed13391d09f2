//! Which messages stand under which requests, so that an answer finds the request that it is about: the nearest one
//! above it that its sender was asked.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::name::{MessageId, Seq};

/// A request, and the messages under it that are under no other one that is nearer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Request {
    id: MessageId,
    messages: Vec<Seq>,
}

/// The requests of which something is still remembered, and what was said under them. What happened before the oldest
/// of them makes no difference here, so that a recovery which begins there arrives at the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Requests {
    /// The requests.
    open: HashMap<Seq, Request>,
    /// The nearest request above each message; always one of `open`.
    under: HashMap<Seq, Seq>,
    /// The requests of `open` by the ids of their messages, which are forgotten sooner, with their threads.
    ids: HashMap<MessageId, (Seq, Arc<MessageId>)>,
}

impl Requests {
    /// Message `seq` answers `parent`.
    pub(super) fn answer(&mut self, seq: Seq, parent: Option<Seq>) {
        if let Some(above) = parent.and_then(|parent| self.nearest(parent)) {
            self.put_under(above, seq);
        }
    }

    fn put_under(&mut self, above: Seq, seq: Seq) {
        if let Some(request) = self.open.get_mut(&above) {
            self.under.insert(seq, above);
            request.messages.push(seq);
        }
    }

    /// Message `seq`, called `id`, is a request.
    pub(super) fn open(&mut self, seq: Seq, id: &MessageId, thread: &Arc<MessageId>) {
        let request = || Request { id: id.clone(), messages: Vec::new() };
        self.open.entry(seq).or_insert_with(request);
        self.ids.insert(id.clone(), (seq, Arc::clone(thread)));
    }

    /// The event that accepted the request called `id`, and its thread.
    pub(super) fn called(&self, id: &MessageId) -> Option<(Seq, &MessageId)> {
        self.ids.get(id).map(|(seq, thread)| (*seq, &**thread))
    }

    /// The message itself where it is a request, else the nearest request above it.
    fn nearest(&self, seq: Seq) -> Option<Seq> {
        if self.open.contains_key(&seq) { Some(seq) } else { self.under.get(&seq).copied() }
    }

    /// The requests from message `seq` on upwards.
    pub(super) fn from(&self, seq: Seq) -> impl Iterator<Item = Seq> {
        std::iter::successors(self.nearest(seq), |above| self.under.get(above).copied())
    }

    /// Nothing is remembered of request `seq` any more: what stood under it stands under the next one above.
    pub(super) fn close(&mut self, seq: Seq) {
        let Some(Request { id, messages }) = self.open.remove(&seq) else { return };
        if self.ids.get(&id).is_some_and(|(named, _)| *named == seq) {
            self.ids.remove(&id);
        }
        let above = self.under.get(&seq).copied();
        for message in messages {
            self.under.remove(&message);
            if let Some(above) = above {
                self.put_under(above, message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(seq: u64) -> MessageId {
        format!("m{seq}").parse().unwrap()
    }

    fn above(requests: &Requests, seq: u64) -> Vec<u64> {
        requests.from(Seq(seq)).map(|seq| seq.0).collect()
    }

    #[test]
    fn an_answer_finds_every_request_above_it() {
        let mut requests = Requests::default();
        requests.answer(Seq(1), None);
        requests.open(Seq(1), &id(1), &Arc::new(id(1)));
        for (seq, parent) in [(2, 1), (3, 2), (4, 3), (5, 4)] {
            requests.answer(Seq(seq), Some(Seq(parent)));
            if seq == 3 {
                requests.open(Seq(seq), &id(seq), &Arc::new(id(seq)));
            }
        }
        assert_eq!(above(&requests, 5), [3, 1]);
        assert_eq!(above(&requests, 2), [1]);
        requests.close(Seq(3));
        assert_eq!(above(&requests, 5), [1]);
        assert_eq!(above(&requests, 3), [1]);
        requests.close(Seq(1));
        assert_eq!(above(&requests, 5), [0; 0]);
        assert_eq!(requests, Requests::default(), "nothing is left behind");
    }

    #[test]
    fn what_answers_a_message_that_is_not_known_stands_under_nothing() {
        let mut requests = Requests::default();
        requests.open(Seq(9), &id(9), &Arc::new(id(9)));
        requests.answer(Seq(10), Some(Seq(4)));
        requests.answer(Seq(11), None);
        assert_eq!((above(&requests, 10), above(&requests, 11)), (vec![], vec![]));
    }
}
