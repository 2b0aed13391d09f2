//! Writing by hand: a form for one message, what is wrong with it, its way to the bus, and the drafts that outlive a
//! closed pane. Everything here is plain data; `view::composer` draws it.
//!
//! | module | what is in it |
//! |---|---|
//! | `field` | the fields of a form, from the schemas of the bus |
//! | `editor` | the text of a field, edited by keys |
//! | `form` | one message being written: its fields, focus, type, and how it is with the bus |
//! | `keys` | what keys, pasted text and clicks do to it |
//! | `values` | what the texts of the fields say, as JSON |
//! | `check` | judges a form as the bus will |
//! | `complete` | repos, capabilities and known words that could be meant |
//! | `sending` | from the form to the receipt, and what may go wrong on the way |
//! | `drafts` | all forms that are not finished, and their file |

mod check;
mod complete;
mod drafts;
mod editor;
mod field;
mod form;
mod keys;
mod sending;
#[cfg(test)]
mod tests;
mod values;

pub use check::{Checked, Fault, Known};
pub use drafts::{DraftKey, Drafts, DraftsError};
pub(crate) use editor::{Edit, Editor};
pub use field::{Field, Input};
pub use form::{Form, Origin, ParentFacts};
pub use keys::Outcome;
pub use sending::{Loss, NotSent, Outgoing, Sending};
