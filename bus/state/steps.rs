//! When each step of a ladder was reached, in 24 bytes for nearly every ladder.

use std::fmt;
use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use super::record::Stage;
use crate::time::Millis;

/// Bits of the first step's time: enough for 73 million years.
const AT_BITS: u32 = 61;

/// Bits of what a later step's time is above the first one's: six days.
const LATER_BITS: u32 = 29;

/// What stands in the upper bits for a step that can only be the first one.
const FIRST_ONLY: u64 = 0;

/// How many steps follow the first one in the short form.
const LATER: usize = 4;

/// The steps of a ladder, each with the last time it was reached, in that order.
///
/// There is one way to write a list down: `Far` is taken only for what `Near` can not say.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Steps {
    /// The first step and its time, and of each later one by how many milliseconds it was after the first. The stage
    /// stands in the upper bits; a later one is never [`FIRST_ONLY`], so that 0 is no step.
    Near { first: NonZeroU64, later: [u32; LATER] },
    /// More steps, or ones that lie too far apart.
    Far(Box<[(Stage, Millis)]>),
}

impl Steps {
    /// A ladder that begins with `stage`.
    pub(super) fn new(stage: Stage, at: Millis) -> Self {
        Self::of(&[(stage, at)])
    }

    fn of(list: &[(Stage, Millis)]) -> Self {
        Self::near(list).unwrap_or_else(|| Self::Far(list.into()))
    }

    fn near(list: &[(Stage, Millis)]) -> Option<Self> {
        let (&(stage, at), rest) = list.split_first()?;
        let fits = at.0 >> AT_BITS == 0 && rest.len() <= LATER;
        let first = NonZeroU64::new(number(stage) << AT_BITS | at.0).filter(|_| fits)?;
        let mut later = [0; LATER];
        for (place, &step) in later.iter_mut().zip(rest) {
            *place = packed(step, at)?;
        }
        Some(Self::Near { first, later })
    }

    /// Takes note that `stage` was reached, perhaps again.
    pub(super) fn reach(&mut self, stage: Stage, at: Millis) {
        if self.iter().all(|(known, _)| known != stage) && self.append(stage, at) {
            return;
        }
        let before = self.iter().filter(|&(known, _)| known != stage);
        let list: Vec<_> = before.chain([(stage, at)]).collect();
        *self = Self::of(&list);
    }

    /// Adds a step behind the others where there is room for it.
    fn append(&mut self, stage: Stage, at: Millis) -> bool {
        let Self::Near { first, later } = self else { return false };
        let free = later.iter_mut().find(|step| **step == 0);
        let step = packed((stage, at), first_at(*first));
        free.zip(step).map(|(free, step)| *free = step).is_some()
    }

    /// The steps in the order in which they were reached.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Stage, Millis)> {
        let (near, far) = match self {
            Self::Near { first, later } => (Some((*first, later)), [].as_slice()),
            Self::Far(list) => (None, &**list),
        };
        let near = near.into_iter().flat_map(|(first, later)| {
            let at = first_at(first);
            let begun = (stage_of(first.get() >> AT_BITS), Some(at));
            let steps = later.iter().take_while(|&&step| step != 0).map(move |&step| {
                let above = u64::from(step & ((1 << LATER_BITS) - 1));
                (stage_of(u64::from(step >> LATER_BITS)), Some(Millis(at.0 + above)))
            });
            std::iter::once(begun).chain(steps).filter_map(|(stage, at)| stage.zip(at))
        });
        near.chain(far.iter().copied())
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

fn packed((stage, at): (Stage, Millis), first: Millis) -> Option<u32> {
    let above = u32::try_from(at.0.checked_sub(first.0)?).ok().filter(|above| above >> LATER_BITS == 0)?;
    let number = u32::try_from(number(stage)).ok().filter(|&number| u64::from(number) != FIRST_ONLY)?;
    Some(number << LATER_BITS | above)
}

fn first_at(first: NonZeroU64) -> Millis {
    Millis(first.get() & ((1 << AT_BITS) - 1))
}

fn number(stage: Stage) -> u64 {
    match stage {
        Stage::Held => FIRST_ONLY,
        Stage::Refused => 1,
        Stage::Queued => 2,
        Stage::Routed => 3,
        Stage::Delivered => 4,
        Stage::Expired => 5,
        Stage::Read => 6,
        Stage::Answered => 7,
    }
}

fn stage_of(number: u64) -> Option<Stage> {
    Stage::ALL.into_iter().find(|&stage| self::number(stage) == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Millis = Millis(1_795_334_749_099);

    #[test]
    fn a_ladder_is_told_back_as_it_was_climbed() {
        let far = Millis(START.0 + (1 << LATER_BITS));
        let ladders: [&[(Stage, Millis)]; 9] = [
            &[(Stage::Held, START), (Stage::Queued, far)],
            &[(Stage::Held, Millis(0)), (Stage::Refused, Millis(0))],
            &[(Stage::Queued, START), (Stage::Held, START)],
            &[(Stage::Refused, START)],
            &[(Stage::Routed, START), (Stage::Delivered, START), (Stage::Read, Millis(far.0 - 1))],
            &[(Stage::Routed, START), (Stage::Read, far)],
            &[(Stage::Routed, START), (Stage::Queued, Millis(START.0 - 1))],
            &[(Stage::Routed, Millis(u64::MAX)), (Stage::Read, Millis(u64::MAX))],
            &Stage::ALL.map(|stage| (stage, START)),
        ];
        for ladder in ladders {
            let mut steps = Steps::new(ladder[0].0, ladder[0].1);
            ladder[1..].iter().for_each(|&(stage, at)| steps.reach(stage, at));
            assert_eq!(steps.iter().collect::<Vec<_>>(), ladder);
            assert_eq!(steps, Steps::of(ladder), "there is one way to write it down");
        }
    }

    #[test]
    fn a_step_that_is_reached_again_moves_to_the_end() {
        let at = |millis| Millis(START.0 + millis);
        let mut steps = Steps::new(Stage::Queued, at(0));
        for (stage, millis) in [
            (Stage::Routed, 5),
            (Stage::Delivered, 7),
            (Stage::Queued, 1 << LATER_BITS),
            (Stage::Routed, 1 << LATER_BITS),
            (Stage::Delivered, (1 << LATER_BITS) + 1),
        ] {
            steps.reach(stage, at(millis));
        }
        let late = 1 << LATER_BITS;
        let expected =
            [(Stage::Queued, at(late)), (Stage::Routed, at(late)), (Stage::Delivered, at(late + 1))];
        assert_eq!(steps.iter().collect::<Vec<_>>(), expected);
        assert!(matches!(steps, Steps::Near { .. }), "what is near again takes little room again");
    }
}
