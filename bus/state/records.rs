//! Remembered messages: in the order in which they were accepted, by their ids, and in the order in which they were
//! finished.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::record::{Record, ReplyTo};
use crate::event::Accepted;
use crate::name::{MessageId, Seq};

/// Where a record is, for as long as it is remembered. Half of a pointer, and there is one in each index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(u32);

/// A message that is forgotten while others that answer it are not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Lost {
    id: MessageId,
    /// How many remembered ones have the id that they answer from here.
    children: u32,
}

/// See the [module](self).
#[derive(Debug, Clone, Default)]
pub(super) struct Records {
    slots: Vec<Option<Record>>,
    free: Vec<Slot>,
    /// The numbers of all, in order, and the slot of each. What is forgotten is nearly always near the front.
    seqs: VecDeque<Seq>,
    places: VecDeque<Slot>,
    /// The last one of each id.
    ids: HashTable<Slot>,
    hasher: RandomState,
    /// What no mailbox has any more, in the order in which that came to be.
    finished: VecDeque<Slot>,
    /// So many of the last finished ones have their text, and so many bytes it is.
    texts: usize,
    text_bytes: usize,
    lost: HashMap<Seq, Lost>,
}

impl Records {
    pub(super) fn len(&self) -> usize {
        self.seqs.len()
    }

    /// The oldest one's number.
    pub(super) fn first(&self) -> Option<Seq> {
        self.seqs.front().copied()
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.places.iter().filter_map(|&slot| self.at(slot))
    }

    pub(super) fn get(&self, seq: Seq) -> Option<&Record> {
        self.at(*self.places.get(self.position(seq)?)?)
    }

    pub(super) fn get_mut(&mut self, seq: Seq) -> Option<&mut Record> {
        self.at_mut(*self.places.get(self.position(seq)?)?)
    }

    fn position(&self, seq: Seq) -> Option<usize> {
        if self.first() == Some(seq) { Some(0) } else { self.seqs.binary_search(&seq).ok() }
    }

    pub(super) fn at(&self, slot: Slot) -> Option<&Record> {
        self.slots.get(slot.0 as usize)?.as_ref()
    }

    pub(super) fn at_mut(&mut self, slot: Slot) -> Option<&mut Record> {
        self.slots.get_mut(slot.0 as usize)?.as_mut()
    }

    /// Where the last message with this id is.
    pub(super) fn find(&self, id: &MessageId) -> Option<Slot> {
        let is_it = |&slot: &Slot| self.at(slot).is_some_and(|record| record.id == *id);
        self.ids.find(self.hasher.hash_one(id), is_it).copied()
    }

    pub(super) fn by_id(&self, id: &MessageId) -> Option<&Record> {
        self.find(id).and_then(|slot| self.at(slot))
    }

    pub(super) fn insert(&mut self, record: Record) -> Slot {
        let seq = record.seq;
        let slot = self.place(record);
        self.index(slot);
        let index = match self.seqs.back() {
            Some(&last) if last >= seq => self.seqs.partition_point(|&known| known < seq),
            _ => self.seqs.len(),
        };
        self.seqs.insert(index, seq);
        self.places.insert(index, slot);
        slot
    }

    fn place(&mut self, record: Record) -> Slot {
        if let Some(slot) = self.free.pop() {
            self.slots[slot.0 as usize] = Some(record);
            return slot;
        }
        self.slots.push(Some(record));
        // As many as a slot can name would take 600 GB.
        Slot(u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX))
    }

    fn index(&mut self, slot: Slot) {
        let Self { slots, ids, hasher, .. } = self;
        let id = |slot: &Slot| slots[slot.0 as usize].as_ref().map(|record| &record.id);
        let hash = |slot: &Slot| id(slot).map_or(0, |id| hasher.hash_one(id));
        match ids.entry(hash(&slot), |other| id(other) == id(&slot), hash) {
            Entry::Occupied(mut earlier) => *earlier.get_mut() = slot,
            Entry::Vacant(free) => drop(free.insert(slot)),
        }
    }

    /// How many are finished.
    pub(super) fn finished(&self) -> usize {
        self.finished.len()
    }

    /// The one that has been finished for longest.
    pub(super) fn oldest_finished(&self) -> Option<&Record> {
        self.finished.front().and_then(|&slot| self.at(slot))
    }

    /// No mailbox has this one any more. Of the finished ones' texts, `budget` bytes are kept.
    pub(super) fn finish(&mut self, slot: Slot, budget: usize) {
        let Some(record) = self.at_mut(slot) else { return };
        record.drop_capabilities();
        let bytes = record.size();
        self.finished.push_back(slot);
        self.texts += 1;
        self.text_bytes += bytes;
        while self.text_bytes > budget && self.texts > 0 {
            let oldest = self.finished[self.finished.len() - self.texts];
            self.texts -= 1;
            let Some(record) = self.at_mut(oldest) else { break };
            record.drop_body();
            self.text_bytes -= record.size();
        }
    }

    /// Forgets the one that has been finished for longest.
    pub(super) fn forget_oldest(&mut self) -> Option<Record> {
        let slot = self.finished.pop_front()?;
        let record = self.slots.get_mut(slot.0 as usize)?.take()?;
        if self.texts > self.finished.len() {
            self.texts -= 1;
            self.text_bytes -= record.size();
        }
        self.free.push(slot);
        if let Some(index) = self.position(record.seq) {
            self.seqs.remove(index);
            self.places.remove(index);
        }
        if let Ok(entry) = self.ids.find_entry(self.hasher.hash_one(&record.id), |&other| other == slot) {
            entry.remove();
        }
        self.let_go(&record);
        Some(record)
    }

    /// The id of the message that `record` answers, remembered or not.
    pub(super) fn reply_to<'a>(&'a self, record: &'a Record) -> Option<&'a MessageId> {
        match record.reply_to {
            ReplyTo::Nothing => None,
            ReplyTo::Thread => Some(&record.thread),
            ReplyTo::Own => record.own_reply_to(),
            ReplyTo::Parent => {
                let parent = record.parent()?;
                let known = self.get(parent).map(|parent| &parent.id);
                known.or_else(|| self.lost.get(&parent).map(|lost| &lost.id))
            }
        }
    }

    /// Finds out where the id stands that the message accepted as `seq` answers, and counts it there.
    pub(super) fn answer(&mut self, seq: Seq, accepted: &Accepted) -> ReplyTo {
        let Some(id) = &accepted.message.reply_to else { return ReplyTo::Nothing };
        if *id == accepted.thread {
            return ReplyTo::Thread;
        }
        let Some(parent) = accepted.parent.filter(|&parent| parent < seq) else { return ReplyTo::Own };
        let (known, children) = if let Some(record) = self.get_mut(parent) {
            (&record.id, &mut record.children)
        } else {
            let lost = || Lost { id: id.clone(), children: 0 };
            let lost = self.lost.entry(parent).or_insert_with(lost);
            (&lost.id, &mut lost.children)
        };
        if known != id {
            return ReplyTo::Own;
        }
        *children += 1;
        ReplyTo::Parent
    }

    /// Keeps the id of a forgotten message for those that answer it, and gives up what it had from its own parent.
    fn let_go(&mut self, record: &Record) {
        if record.children > 0 {
            let lost = Lost { id: record.id.clone(), children: record.children };
            self.lost.insert(record.seq, lost);
        }
        let Some(parent) = record.parent().filter(|_| record.reply_to == ReplyTo::Parent) else { return };
        if let Some(known) = self.get_mut(parent) {
            known.children -= 1;
        } else if let Some(lost) = self.lost.get_mut(&parent) {
            lost.children -= 1;
            if lost.children == 0 {
                self.lost.remove(&parent);
            }
        }
    }
}

/// What is written of them: what is not there again when each is put in its place.
#[derive(Serialize, Deserialize)]
struct Written<R> {
    records: Vec<R>,
    finished: Vec<Seq>,
    texts: usize,
    lost: HashMap<Seq, Lost>,
}

impl Serialize for Records {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let finished = self.finished.iter().filter_map(|&slot| self.at(slot)).map(|record| record.seq);
        Written {
            records: self.iter().collect(),
            finished: finished.collect(),
            texts: self.texts,
            lost: self.lost.clone(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Records {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::<Record>::deserialize(deserializer)?;
        let mut records = Self { lost: written.lost, ..Self::default() };
        for record in written.records {
            records.insert(record);
        }
        let place = |seq| records.places.get(records.position(seq)?).copied();
        let finished: Option<VecDeque<_>> = written.finished.into_iter().map(place).collect();
        records.finished = finished.ok_or_else(|| de::Error::custom("a finished message is not there"))?;
        records.texts = written.texts.min(records.finished.len());
        let with_text = records.finished.iter().rev().take(records.texts);
        records.text_bytes = with_text.filter_map(|&slot| records.at(slot)).map(Record::size).sum();
        Ok(records)
    }
}

/// The same messages, whatever their slots.
impl PartialEq for Records {
    fn eq(&self, other: &Self) -> bool {
        fn finished(records: &Records) -> impl Iterator<Item = Seq> {
            records.finished.iter().filter_map(|&slot| records.at(slot)).map(|record| record.seq)
        }
        self.iter().eq(other.iter())
            && finished(self).eq(finished(other))
            && self.texts == other.texts
            && self.lost == other.lost
    }
}

impl Eq for Records {}
