//! What `veda-bus replay` takes.

use std::path::PathBuf;

use clap::Args;
use veda_bus_ui::app::past::player::Speed;

use super::Choice;

pub(super) const EXAMPLES: &str = "Examples:
  veda-bus replay                   the journal of the bus, with its archived segments
  veda-bus replay --at 14:32 --speed 4
  veda-bus replay --thread 3f2a
  veda-bus replay ~/old/coordination.log --since '2026-11-22 09:00' --until 12:00
  veda-bus replay --print --since 2h --speed 60 --shorten
  veda-bus replay --print --thread 3f2a --speed max --json | jq -c .event
  veda-bus replay --into /tmp/other.sock --thread 3f2a --speed 4

With --into, exit code 1 says that a message was refused or the journal is damaged; the rest was sent.";

pub(super) const SINCE: &str = "Only what happened since then, which is where the console begins: 2h, 14:32, \
                                2026-11-22, '2026-11-22 14:32'";
pub(super) const UNTIL: &str = "Only what happened until then; the console stops playing there";
pub(super) const THREAD: &str = "Only this thread, with which the console begins: the id of one of its messages, or the \
                                 beginning of it";

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Replay {
    /// The journal, with the archived segments beside it; or several of its files [default: the journal of the bus]
    pub(crate) files: Vec<PathBuf>,
    /// Begin here: a time (14:32, of the last day), -2h (before the end), an event (#1234), the id of a message,
    /// /TEXT, or the name of a mark
    #[arg(long, value_name = "MOMENT", allow_hyphen_values = true, conflicts_with_all = ["since", "elsewhere"])]
    pub(crate) at: Option<String>,
    #[command(flatten)]
    pub(crate) choice: Choice,
    /// Play so many times as fast as it happened, 0.25 to 1000, or max [default: 1; with --into, max]
    #[arg(long, value_name = "N")]
    pub(crate) speed: Option<Speed>,
    /// Let a silence of more than 2 s last half a second; in the console, a key does
    #[arg(long, requires = "elsewhere")]
    pub(crate) shorten: bool,
    /// Print what happened, as veda-bus log does, in the rhythm in which it happened
    #[arg(long, group = "elsewhere")]
    pub(crate) print: bool,
    /// Send the messages anew over the bus on this socket, as those who sent them, and print their new ids
    #[arg(long, value_name = "SOCKET", group = "elsewhere")]
    pub(crate) into: Option<PathBuf>,
    /// Send all messages of the journal, where nothing says which
    #[arg(long, requires = "into", conflicts_with_all = ["since", "until", "thread"])]
    pub(crate) all: bool,
    /// Send them even over the bus that wrote the journal
    #[arg(long, requires = "into")]
    pub(crate) same_bus: bool,
}
