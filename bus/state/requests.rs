//! Which messages stand under which requests, so that an answer finds the request that it is about: the nearest one
//! above it that its sender was asked.

use std::collections::HashMap;

use crate::name::Seq;

/// The requests of which something is still remembered, and what was said under them. What happened before the oldest
/// of them makes no difference here, so that a recovery which begins there arrives at the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Requests {
    /// The messages under each request, and under no other one that is nearer.
    open: HashMap<Seq, Vec<Seq>>,
    /// The nearest request above each message; always one of `open`.
    under: HashMap<Seq, Seq>,
}

impl Requests {
    /// Message `seq` answers `parent`.
    pub(super) fn answer(&mut self, seq: Seq, parent: Option<Seq>) {
        if let Some(above) = parent.and_then(|parent| self.nearest(parent)) {
            self.put_under(above, seq);
        }
    }

    fn put_under(&mut self, above: Seq, seq: Seq) {
        self.under.insert(seq, above);
        self.open.entry(above).or_default().push(seq);
    }

    /// Message `seq` is a request.
    pub(super) fn open(&mut self, seq: Seq) {
        self.open.entry(seq).or_default();
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
        let messages = self.open.remove(&seq).unwrap_or_default();
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

    fn above(requests: &Requests, seq: u64) -> Vec<u64> {
        requests.from(Seq(seq)).map(|seq| seq.0).collect()
    }

    #[test]
    fn an_answer_finds_every_request_above_it() {
        let mut requests = Requests::default();
        requests.answer(Seq(1), None);
        requests.open(Seq(1));
        for (seq, parent) in [(2, 1), (3, 2), (4, 3), (5, 4)] {
            requests.answer(Seq(seq), Some(Seq(parent)));
            if seq == 3 {
                requests.open(Seq(seq));
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
        requests.open(Seq(9));
        requests.answer(Seq(10), Some(Seq(4)));
        requests.answer(Seq(11), None);
        assert_eq!((above(&requests, 10), above(&requests, 11)), (vec![], vec![]));
    }
}
