//! All obligations: by the message that asks, by repo, by pair, and by when they are due.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::obligation::{Balance, Obligation, Turn, Word};
use super::{Keep, OWED};
use crate::name::{RepoName, Seq};
use crate::time::Millis;

/// What one repo owes and is owed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Account {
    /// The messages that it is to answer.
    owes: BTreeSet<Seq>,
    /// Those among them for which it is its turn, by when they are due.
    due: BTreeSet<(Millis, Seq)>,
    /// The messages to which it waits for answers.
    waits: BTreeSet<Seq>,
    /// How many answers it is the others' turn to give.
    owed: usize,
}

/// See the [module](self).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Obligations {
    /// By the event that accepted what asks; each with the same creditor.
    all: BTreeMap<Seq, Vec<Obligation>>,
    count: usize,
    accounts: HashMap<RepoName, Account>,
    /// How many answers the first owes the second, where it is its turn.
    pairs: BTreeMap<(RepoName, RepoName), usize>,
    /// When those are due whose debtor has the turn, and how many of one message.
    due: BTreeMap<(Millis, Seq), usize>,
    /// Messages that nobody owes an answer any more, until they are [taken](Self::take_settled).
    settled: Vec<Seq>,
}

impl Obligations {
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Obligation> {
        self.all.values().flatten()
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The message of the oldest.
    pub(super) fn first(&self) -> Option<Seq> {
        self.all.keys().next().copied()
    }

    /// Those to answer message `seq`.
    pub(super) fn of(&self, seq: Seq) -> &[Obligation] {
        self.all.get(&seq).map_or(&[], Vec::as_slice)
    }

    pub(super) fn get(&self, seq: Seq, by: &RepoName) -> Option<&Obligation> {
        self.of(seq).iter().find(|one| one.by == *by)
    }

    pub(super) fn owed_by(&self, repo: &RepoName) -> impl DoubleEndedIterator<Item = &Obligation> {
        let messages = self.accounts.get(repo).into_iter().flat_map(|account| &account.owes);
        messages.filter_map(move |&seq| self.of(seq).iter().find(|one| one.by.as_str() == repo.as_str()))
    }

    pub(super) fn owed_to(&self, repo: &RepoName) -> impl DoubleEndedIterator<Item = &Obligation> {
        let messages = self.accounts.get(repo).into_iter().flat_map(|account| &account.waits);
        messages.flat_map(|&seq| self.of(seq))
    }

    pub(super) fn balance(&self, repo: &RepoName) -> Balance {
        let account = self.accounts.get(repo);
        account.map_or_else(Balance::default, |one| Balance { owes: one.due.len(), owed: one.owed })
    }

    /// How many `repo` is late with at the moment `now`.
    pub(super) fn overdue_by(&self, repo: &RepoName, now: Millis) -> usize {
        let account = self.accounts.get(repo);
        account.map_or(0, |account| account.due.range(..=(now, Seq(u64::MAX))).count())
    }

    pub(super) fn pairs(&self) -> impl Iterator<Item = (&RepoName, &RepoName, usize)> {
        self.pairs.iter().map(|((by, to), &count)| (by, to, count))
    }

    /// Those that are late at the moment `now`, the first due first.
    pub(super) fn overdue(&self, now: Millis) -> impl Iterator<Item = &Obligation> {
        let due = self.due.range(..=(now, Seq(u64::MAX)));
        due.flat_map(|(&(due, seq), _)| {
            self.of(seq).iter().filter(move |one| one.is_active() && one.due == due)
        })
    }

    /// The first time after `now` at which one becomes overdue.
    pub(super) fn next_due(&self, now: Millis) -> Option<Millis> {
        self.due.range((now, Seq(u64::MAX))..).map(|(&(due, _), _)| due).find(|&due| due > now)
    }

    /// Takes one in, if it is not there yet.
    pub(super) fn open(&mut self, obligation: Obligation) {
        if self.get(obligation.seq, &obligation.by).is_some() {
            return;
        }
        self.count += 1;
        self.account(&obligation.by).owes.insert(obligation.seq);
        self.account(&obligation.to).waits.insert(obligation.seq);
        self.list(&obligation);
        self.all.entry(obligation.seq).or_default().push(obligation);
    }

    /// The debtor has said something that is no answer yet.
    pub(super) fn note(&mut self, seq: Seq, by: &RepoName, word: Word, not_before: Option<Millis>) {
        self.change(seq, by, |one| {
            // That it arrived is no news after anything else.
            if word != Word::Acknowledged || one.word.is_none() {
                one.word = Some(word);
            }
            one.due = one.due.max(not_before.unwrap_or_default());
        });
    }

    /// The debtor of `seq` has made a counter-proposal: `counter` is the answer to it that is owed now.
    pub(super) fn pass(&mut self, seq: Seq, by: &RepoName, counter: Obligation) {
        self.take_back(seq, by, Millis::default());
        self.change(seq, by, |one| one.turn = Turn::Counter(counter.seq));
        self.open(counter);
    }

    /// It is the turn of the debtor of `seq` again, who is not late before `due`.
    pub(super) fn take_back(&mut self, seq: Seq, by: &RepoName, due: Millis) {
        let Some(&Obligation { turn: Turn::Counter(counter), ref to, .. }) = self.get(seq, by) else {
            return;
        };
        let to = to.clone();
        self.remove(counter, &to);
        self.change(seq, by, |one| {
            one.turn = Turn::Debtor;
            one.due = one.due.max(due);
        });
    }

    /// Nothing is owed any more: neither this one nor what hangs on it.
    pub(super) fn settle(&mut self, seq: Seq, by: &RepoName) {
        let Some(gone) = self.remove(seq, by) else { return };
        if let Turn::Counter(counter) = gone.turn {
            self.remove(counter, &gone.to);
        }
        if let Some(request) = gone.counters {
            self.remove(request, &gone.to);
        }
    }

    /// The same for everyone who is to answer message `seq`.
    pub(super) fn settle_all(&mut self, seq: Seq) {
        while let Some(by) = self.of(seq).last().map(|one| one.by.clone()) {
            self.settle(seq, &by);
        }
    }

    /// Forgets those that became due at least `keep.retention` before `now`, and the oldest when there are too many.
    pub(super) fn forget(&mut self, now: Millis, keep: &Keep) {
        let retention = keep.retention.min(OWED);
        while let Some((&(due, seq), _)) = self.due.first_key_value() {
            if due > now || now.since(due) < retention {
                break;
            }
            let late = self.of(seq).iter().find(|one| one.is_active() && one.due == due);
            let Some(by) = late.map(|one| one.by.clone()) else { break };
            self.settle(seq, &by);
        }
        while self.count > keep.owed
            && let Some(oldest) = self.first()
        {
            self.settle_all(oldest);
        }
    }

    /// The messages that nobody owes an answer any more, since this was last asked.
    pub(super) fn take_settled(&mut self) -> Vec<Seq> {
        std::mem::take(&mut self.settled)
    }

    fn account(&mut self, repo: &RepoName) -> &mut Account {
        self.accounts.entry(repo.clone()).or_default()
    }

    fn change(&mut self, seq: Seq, by: &RepoName, change: impl FnOnce(&mut Obligation)) {
        let Some(before) = self.get(seq, by).cloned() else { return };
        let mut after = before.clone();
        change(&mut after);
        self.unlist(&before);
        self.list(&after);
        let place = self.all.get_mut(&seq).and_then(|all| all.iter_mut().find(|one| one.by == *by));
        if let Some(place) = place {
            *place = after;
        }
    }

    fn remove(&mut self, seq: Seq, by: &RepoName) -> Option<Obligation> {
        let all = self.all.get_mut(&seq)?;
        let gone = all.remove(all.iter().position(|one| one.by == *by)?);
        let is_last = all.is_empty();
        self.unlist(&gone);
        self.count -= 1;
        self.account(&gone.by).owes.remove(&seq);
        if is_last {
            self.all.remove(&seq);
            self.account(&gone.to).waits.remove(&seq);
            self.settled.push(seq);
        }
        for repo in [&gone.by, &gone.to] {
            if self.accounts.get(repo) == Some(&Account::default()) {
                self.accounts.remove(repo);
            }
        }
        Some(gone)
    }

    /// Counts one whose debtor has the turn.
    fn list(&mut self, one: &Obligation) {
        if !one.is_active() {
            return;
        }
        *self.due.entry((one.due, one.seq)).or_default() += 1;
        self.account(&one.by).due.insert((one.due, one.seq));
        self.account(&one.to).owed += 1;
        *self.pairs.entry((one.by.clone(), one.to.clone())).or_default() += 1;
    }

    fn unlist(&mut self, one: &Obligation) {
        if !one.is_active() {
            return;
        }
        take_one(&mut self.due, &(one.due, one.seq));
        self.account(&one.by).due.remove(&(one.due, one.seq));
        self.account(&one.to).owed -= 1;
        take_one(&mut self.pairs, &(one.by.clone(), one.to.clone()));
    }
}

fn take_one<K: Ord>(counts: &mut BTreeMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
