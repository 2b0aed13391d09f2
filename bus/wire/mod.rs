//! The wire: newline-delimited JSON over a Unix socket, one frame a line. `docs/protocol.md` has the table.
//!
//! | module | what is in it |
//! |---|---|
//! | [`lines`] | cuts a stream of bytes into lines, and survives those that are too long |
//! | [`check`] | what JSON must be beyond its syntax before anyone is made to read it |
//! | [`request`] | frames from clients |
//! | [`decide`] | what the operator decides |
//! | [`inbox`] | what a repo has not read, asked and answered |
//! | [`answer`] | frames from the bus |

pub mod answer;
pub mod check;
pub mod decide;
pub mod inbox;
pub mod lines;
pub mod request;

pub use answer::{BusFrame, Notice, Receipt, RecipientStatus, Welcome};
pub use decide::{Decide, Decided, Verdict};
pub use inbox::{Inbox, InboxAnswer, InboxHead};
pub use lines::Lines;
pub use request::{Ack, AckStage, History, HostProcess, Op, Part, Register, Request, StateWith};
