//! The past as a row of columns: how much happened in each stretch of time, and the gravest of it.

use veda_bus_core::history::{Counts, Map};
use veda_bus_core::name::Seq;
use veda_bus_core::time::Millis;

/// The gravest thing in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravest {
    /// Nothing that is told of here.
    Nothing,
    /// A message.
    Message,
    /// Something was held.
    Hold,
    /// Something was decided.
    Decision,
    /// Something was refused, or not read in time.
    Refusal,
}

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Column {
    /// What happened in it.
    pub counts: Counts,
    /// Whether a part of it can not be read.
    pub has_gap: bool,
}

impl Column {
    /// The gravest thing in it.
    pub fn gravest(&self) -> Gravest {
        let Counts { messages, holds, decisions, refusals, .. } = self.counts;
        match () {
            () if refusals > 0 => Gravest::Refusal,
            () if decisions > 0 => Gravest::Decision,
            () if holds > 0 => Gravest::Hold,
            () if messages > 0 => Gravest::Message,
            () => Gravest::Nothing,
        }
    }
}

/// The time between two moments, divided into columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis {
    /// The first moment.
    pub from: Millis,
    /// The last one.
    pub until: Millis,
    /// How many columns there are, one at least.
    pub width: usize,
}

impl Axis {
    /// The axis of a journal; `None` where nothing is in it.
    pub fn of(map: &Map, width: usize) -> Option<Self> {
        let ((_, from), (_, until)) = (map.first()?, map.last()?);
        Some(Self { from, until, width: width.max(1) })
    }

    fn span(self) -> u64 {
        self.until.0.saturating_sub(self.from.0).max(1)
    }

    /// The column of a moment.
    pub fn column(self, at: Millis) -> usize {
        let passed = u128::from(at.0.saturating_sub(self.from.0).min(self.span()));
        let column = passed * self.width as u128 / u128::from(self.span());
        usize::try_from(column).unwrap_or(usize::MAX).min(self.width - 1)
    }

    /// The last moment of a column: what happened in it has happened by then.
    pub fn end_of(self, column: usize) -> Millis {
        let end = (column.min(self.width - 1) + 1) as u128 * u128::from(self.span()) / self.width as u128;
        Millis(self.from.0 + u64::try_from(end).unwrap_or(u64::MAX)).min(self.until)
    }
}

/// What happened in each column. The events of a block lie somewhere between its first and its last, so they are spread
/// over the columns between.
pub fn columns(map: &Map, axis: Axis) -> Vec<Column> {
    let mut columns = vec![Column::default(); axis.width];
    for block in &map.blocks {
        let (from, until) = (axis.column(block.from), axis.column(block.until));
        let among = &mut columns[from..=until.max(from)];
        for (place, counts) in spread(block.counts, among.len()).enumerate() {
            among[place].counts.add(&counts);
        }
    }
    for gap in &map.gaps {
        let end = gap.before.and_then(|before| time_of(map, before)).unwrap_or(gap.at);
        let (from, until) = (axis.column(gap.at), axis.column(end));
        columns[from..=until.max(from)].iter_mut().for_each(|column| column.has_gap = true);
    }
    columns
}

/// When about an event was: when the block began that it is in.
fn time_of(map: &Map, seq: Seq) -> Option<Millis> {
    let place = map.blocks.partition_point(|block| block.last < seq);
    map.blocks.get(place).map(|block| block.from)
}

/// Counts in as many parts, which have the same sum.
fn spread(counts: Counts, parts: usize) -> impl Iterator<Item = Counts> {
    let share = move |count: u32, part: usize| {
        let upto = |part: usize| u64::from(count) * part as u64 / parts as u64;
        u32::try_from(upto(part + 1) - upto(part)).unwrap_or(u32::MAX)
    };
    (0..parts).map(move |part| Counts {
        messages: share(counts.messages, part),
        holds: share(counts.holds, part),
        decisions: share(counts.decisions, part),
        refusals: share(counts.refusals, part),
        others: share(counts.others, part),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_is_lost_when_it_is_spread(messages in 0_u32..200, refusals in 0_u32..3, parts in 1_usize..90) {
            let counts = Counts { messages, refusals, ..Counts::default() };
            let mut sum = Counts::default();
            spread(counts, parts).for_each(|part| sum.add(&part));
            prop_assert_eq!(sum, counts);
        }

        #[test]
        fn a_column_ends_within_itself(from in 0_u64..1_000_000, span in 1_000_u64..1_000_000, width in 1_usize..400) {
            let axis = Axis { from: Millis(from), until: Millis(from + span), width };
            for column in 0..width {
                let end = axis.end_of(column);
                prop_assert!(end <= axis.until);
                prop_assert!(axis.column(end) == column || axis.column(end) == column + 1);
            }
            prop_assert_eq!(axis.column(axis.until), width - 1);
            prop_assert_eq!(axis.column(Millis(0)), 0);
        }
    }

    #[test]
    fn a_moment_without_length_has_one_column() {
        let axis = Axis { from: Millis(5), until: Millis(5), width: 10 };
        assert_eq!((axis.column(Millis(5)), axis.end_of(0)), (0, Millis(5)));
    }
}
