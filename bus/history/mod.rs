//! A journal as something to go to and fro in: what it holds from end to end, and the fold of its events at any of them.
//!
//! | module | what is in it |
//! |---|---|
//! | [`map`] | the events by number and time, what kind of thing they tell, and gaps |
//! | `scan` | makes the map: one look at every line, at its two ends only |
//! | `files`, `walk` | the segments, opened together, and the way through their lines |
//! | `ahead` | reading and decoding events on another thread than the one that folds them |
//! | [`timeline`] | the fold at any event, from the nearest snapshot on |
//! | [`lookup`] | looking for events: by number, by time, by what they say |
//! | `shelf`, `content` | snapshots, in a file beside the journal, and whether they are of it as it is now |
//!
//! What is folded is up to the caller ([`Fold`]): the console folds all that its panes show. However a fold was come by,
//! it is the same as one from the first event on.

pub mod lookup;
pub mod map;
pub mod timeline;

mod ahead;
mod content;
mod files;
mod scan;
mod shelf;
mod walk;

pub use lookup::Found;
pub use map::{Block, Counts, Gap, GapKind, Kind, Map};
pub use timeline::{APART, Fold, Folding, Progress, Timeline};
