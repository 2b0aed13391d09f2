//! How much of something is done, as a bar that can be read without colours: `[########xxxx........]`.

use crate::row::Row;
use crate::theme::{Role, Symbols};
use crate::words::Votes;

/// The most columns of a bar, without its ends.
const WIDEST: usize = 40;

/// The most columns of one thing in it.
const WIDEST_PART: usize = 6;

/// The votes of a round, at most `width` columns wide.
pub(super) fn votes(symbols: &Symbols, votes: &Votes, width: usize) -> Row {
    let [done, neither, against, waiting] = symbols.bar;
    let parts = [
        (Role::Ok, done, votes.accept),
        (Role::Dim, neither, votes.abstain),
        (Role::Danger, against, votes.reject + votes.counter),
        (Role::Placeholder, waiting, votes.waiting),
    ];
    bar(&parts, width)
}

/// A bar of parts, each with its sign and how many things it stands for, at most `width` columns wide; nothing where
/// there is nothing, or no room.
pub(super) fn bar(parts: &[(Role, &str, usize)], width: usize) -> Row {
    let counts: Vec<_> = parts.iter().map(|(.., count)| *count).collect();
    let columns = shares(&counts, width.saturating_sub(2).min(WIDEST));
    let mut row = Row::default();
    if columns.iter().all(|columns| *columns == 0) {
        return row;
    }
    row.push(Role::Dim, "[");
    for ((role, sign, _), columns) in parts.iter().zip(columns) {
        row.push(*role, &sign.repeat(columns));
    }
    row.push(Role::Dim, "]");
    row
}

/// How many of so many columns each count gets: one thing like another while there is room for all of them, else by
/// their share; but nothing that is there gets none.
fn shares(counts: &[usize], columns: usize) -> Vec<usize> {
    let total: usize = counts.iter().sum();
    let kinds = counts.iter().filter(|count| **count > 0).count();
    if total == 0 || columns < kinds {
        return vec![0; counts.len()];
    }
    if total <= columns {
        let each = (columns / total).min(WIDEST_PART);
        return counts.iter().map(|count| count * each).collect();
    }
    let mut shares: Vec<_> =
        counts.iter().map(|&count| (count * columns / total).max(usize::from(count > 0))).collect();
    // Rounding leaves some over, or has taken too many: the largest part hides that best.
    let taken: usize = shares.iter().sum();
    if let Some(largest) = shares.iter_mut().max() {
        *largest = (*largest + columns).saturating_sub(taken);
    }
    shares
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn votes_can_be_told_apart_without_colours() {
        let some = Votes { accept: 2, reject: 1, counter: 1, abstain: 1, waiting: 1 };
        assert_eq!(votes(&Symbols::ASCII, &some, 40).text(), "[############======xxxxxxxxxxxx......]");
        assert_eq!(votes(&Symbols::UTF8, &some, 14).text(), "[████▒▒✗✗✗✗░░]");
        let many = Votes { accept: 200, waiting: 55, reject: 1, ..Votes::default() };
        assert_eq!(votes(&Symbols::ASCII, &many, 22).text(), "[###############x....]");
        assert!(votes(&Symbols::ASCII, &some, 5).is_empty());
        assert!(votes(&Symbols::ASCII, &Votes::default(), 40).is_empty());
    }

    proptest! {
        #[test]
        fn nothing_that_is_there_is_without_a_column(
            counts in proptest::collection::vec(prop_oneof![Just(0), 1_usize..400], 4), columns in 4_usize..60,
        ) {
            let shares = shares(&counts, columns);
            prop_assert!(shares.iter().sum::<usize>() <= columns);
            for (count, share) in counts.iter().zip(shares) {
                prop_assert_eq!(*count > 0, share > 0);
            }
        }
    }
}
